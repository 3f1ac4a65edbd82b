#ifndef SERVICE_OPTIONS_H
#define SERVICE_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/error.h"

/*
 * Configuration files as tables: one row an option, with its name, type, default and bounds, drives
 * the reading (by libconfuse), the defaults and the documentation. Shared by the service profiles
 * and the main configuration. libconfuse's lexer is one per process: one thread reads at a time.
 */
enum option_type {
	OPTION_TEXT,	 /* char *; with choices: one of them */
	OPTION_PATH,	 /* char *, resolved against the file's directory; "" is NULL */
	OPTION_SECRET,	 /* likewise, or "credential:NAME" in $CREDENTIALS_DIRECTORY */
	OPTION_FLAG,	 /* bool: true, yes, on; false, no, off */
	OPTION_NUMBER,	 /* int */
	OPTION_DURATION, /* int64_t, milliseconds */
	OPTION_SIZE,	 /* uint64_t, bytes */
	OPTION_MINUTE,	 /* int, minutes after midnight from "HH:MM"; "none" is 1440 if allowed */
	OPTION_CHOICE,	 /* an enum: the index in choices */
	OPTION_RATE,	 /* int64_t, thousandths: "2.5" is 2500 */
};

#define OPTION_WHY_MAX 256

/*
 * Says in WHY (behind the quoted value) what is wrong with VALUE and what to write: "is no https
 * URL; write https://host:port".
 */
typedef bool option_check(const char *value, char why[OPTION_WHY_MAX]);

/*
 * Puts one value (paths resolved) into the target by other means than its offset. For a list it is
 * called with NULL first, which empties it.
 */
typedef void option_store(void *target, const char *value);

struct option {
	const char *name;
	enum option_type type;
	bool list;	      /* { "a", "b" }; needs store */
	bool confidential;    /* a wrong value is not quoted in the error */
	bool multiline;	      /* a text that may hold line breaks and tabs */
	size_t offset;	      /* of the field in the target, unless store is set */
	const char *fallback; /* the default as one would write it; NULL: the field stays */
	int64_t minimum;      /* of numbers; 1 for a text or path: it may not be empty */
	int64_t maximum;
	const char *const *choices; /* ended by NULL */
	option_check *check;
	option_store *store;
	const char *about; /* a sentence for the documentation */
};

/* A kind of section of a file: `site ID { … }`, or `follow { … }`, which stands once. */
struct option_section {
	const char *name; /* one name is one table, wherever such sections may stand */
	bool untitled;
	const struct option *options;
	size_t option_count;
	const struct option_section *sections; /* that may stand in it; NULL: none */
	size_t section_count;
	/*
	 * The target for the section of this title (NULL when untitled); TARGET is that of what it
	 * stands in. NULL refuses it and says WHY.
	 */
	void *(*open)(void *target, const char *title, char why[OPTION_WHY_MAX]);
};

struct option_line;

struct option_file {
	const char *path; /* borrowed */
	const struct option *options;
	size_t option_count;
	const struct option_section *sections; /* NULL: the file has none */
	size_t section_count;

	/* Filled by options_open. */
	void *parsed;
	char *directory;
	struct option_line *lines;
	size_t line_count;
};

/* A larger configuration file is refused before it is parsed. */
#define OPTIONS_FILE_MAX ((size_t)256 * 1024)

/*
 * Puts every default of the table into TARGET, whose fields are empty; paths against DIRECTORY. The
 * defaults are the program's own: a wrong one aborts.
 */
void options_defaults(
	const struct option *options, size_t count, const char *directory, void *target);

/*
 * Parses FILE and checks each value against its row. Permanent error naming file, line and key and
 * what to write instead. To be closed with options_close, whether it succeeded or not.
 */
bool must_check options_open(struct option_file *file, struct error *error);
/* Puts the values that stand in the file's body into TARGET, over what is there. */
bool must_check options_apply(const struct option_file *file, void *target, struct error *error);
/*
 * Likewise for its sections, each into what its open() returns: kind by kind in the table's order,
 * each kind in the file's.
 */
bool must_check options_sections(const struct option_file *file, void *target, struct error *error);
void options_close(struct option_file *file);

/*
 * A PLACE is NULL for the file's body, else the section as it is written, with what it stands in
 * before it: "site waf", "follow", "step replace: part key". True when NAME stands there; the name
 * "" is the section itself.
 */
bool options_given(const struct option_file *file, const char *place, const char *name);

/* The line where NAME stands there; 0 when it does not. */
int options_line(const struct option_file *file, const char *place, const char *name);

/*
 * Sets a permanent error "FILE:LINE: PLACE: KEY: …" with the line where NAME stands, or without a
 * line when it does not; returns false.
 */
bool options_error(const struct option_file *file, const char *place, const char *name,
	struct error *error, const char *format, ...) __attribute__((format(printf, 5, 6)));

/* Appends the documentation of a table: name, type, default, bounds, and what it is for. */
void options_describe(const struct option *options, size_t count, struct buffer *out);

/* Levenshtein's distance of two names; SIZE_MAX when one is longer than 63 characters. */
size_t option_distance(const char *a, const char *b);

/*
 * Turns TEXT into a value by OPTION's row and puts it into TARGET (NULL: only checks). False and
 * WHY when the text does not fit.
 */
bool must_check option_set(const struct option *option, const char *text, const char *directory,
	void *target, char why[OPTION_WHY_MAX]);

#endif
