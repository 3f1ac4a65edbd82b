#ifndef SOURCE_SPOOL_PRIVATE_H
#define SOURCE_SPOOL_PRIVATE_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

#include "base/error.h"
#include "record/record.h"
#include "source/spool.h"

/* What the spool's own files share; nobody else includes this. */

enum spool_kind {
	SPOOL_OTHER, /* none of the spool's business */
	SPOOL_JSON,
	SPOOL_NDJSON,
};

/* By the name alone: hidden names and other endings are SPOOL_OTHER. */
enum spool_kind spool_kind_of(const char *name);
/* True for a name that spool_file_claim gave. */
bool spool_name_is_claimed(const char *name);
/*
 * Logs a warning about NAME once in the process's life and not at each pass, however often asked.
 */
void spool_warn_once(const char *directory, const char *name, const char *sentence);

/*
 * Logs an error that may last and may have many files: FORMAT with one and the same CAUSE is logged
 * once, for the first file that meets it, and again only after a pass that did not meet it.
 */
void spool_complain(const char *cause, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/* Around a pass. The end says so when all that the pass before complained of is over. */
void spool_complaints_begin(void);
void spool_complaints_end(const char *directory);

/*
 * Reads a file piece by piece through one buffer, which is wiped at the end: a line that a record
 * fits in comes whole, a longer one in pieces.
 */
struct spool_reader {
	int fd;
	char *data;
	size_t start; /* what is in the buffer and not yet handed out: [start, end) */
	size_t end;
	size_t line;
	bool inside; /* pieces of a long line were handed out, its end not yet */
	bool at_end;
	bool (*stop)(void *context); /* NULL: reads wait for as long as they must */
	void *stop_context;
	uint64_t left; /* so much of the file is read at most */
};

struct spool_piece {
	const char *text; /* without its line break; valid until the next call */
	size_t length;
	size_t line; /* from 1 */
	bool first;
	bool last;
};

enum spool_read { SPOOL_READ_PIECE, SPOOL_READ_END, SPOOL_READ_FAILED };

void spool_reader_init(struct spool_reader *reader);
/* Starts on FD, which is borrowed; of a file that grows, no more than LIMIT bytes are read. */
void spool_reader_start(struct spool_reader *reader, int fd, uint64_t limit);
/* Reads until the buffer is full or the file at its end; false with errno set. */
bool spool_reader_fill(struct spool_reader *reader);
enum spool_read spool_reader_next(struct spool_reader *reader, struct spool_piece *piece);
void spool_reader_free(struct spool_reader *reader);

/* One record's most, in a file of its own with some space around it or as a line. */
#define SPOOL_LINE_MAX ((size_t)RECORD_MAX_BYTES)
#define SPOOL_FILE_MAX (SPOOL_LINE_MAX + 4096)
/* What one .ndjson may have: a sparse file of terabytes must not be read, let alone copied. */
#define SPOOL_LINES_FILE_MAX (INT64_C(4) * 1024 * 1024 * 1024)

/* What was refused of one file, on its way to rejected/. */
struct spool_rejects {
	int directory; /* rejected/; -1 when not yet opened */
	int records;   /* temporary files in it; -1 when nothing was refused yet */
	int reasons;
	char records_name[64];
	char reasons_name[64];
	size_t lines;
	bool failed;
	struct error error; /* why, when failed */
	char first[ERROR_TEXT_MAX];
};

/* One file of the spool while it is worked on. */
struct spool_file {
	int fd;
	dev_t device;
	ino_t inode;
	off_t size; /* as it was when opened, and */
	struct timespec modified;
	char name[NAME_MAX + 1];
	bool rejected; /* a .json that is to be set aside, for */
	char reason[ERROR_TEXT_MAX];
};

/* What was read ahead, oldest first. */
struct spool_ahead {
	struct spool_waiting {
		struct spool_item item;
		char *file; /* the item's, to be freed */
		char *text;
	} waiting[SPOOL_AHEAD];
	size_t first, count;
	size_t bytes;
};

/* The state of one pass. */
struct spool_run {
	const char *directory;
	int fd;	     /* of DIRECTORY; -1 in an import */
	int rejects; /* of rejected/; -1 until something is to go there */
	const struct spool_taker *taker;
	bool (*stop)(void *context);
	struct spool_pass *pass;
	struct spool_reader reader;
	struct spool_ahead ahead;
	size_t handed;	 /* items that the taker judged since its last flush */
	size_t taken;	 /* of these, those that count as taken */
	size_t failures; /* flushes that failed since the last good one */
	bool removed;	 /* DIRECTORY is to be synced at the end */
};

/*
 * The names of DIRECTORY that are the spool's by their ending, in strcmp's order; each and the
 * array to be freed. DESCRIPTOR is the open directory's. Temporary error.
 */
bool spool_list(
	const char *directory, int *descriptor, char ***names, size_t *count, struct error *error);
void spool_list_free(char **names, size_t count);

enum spool_opened { SPOOL_OPENED, SPOOL_LEFT_ALONE };

/*
 * Opens NAME for work: a regular file and no link, not being worked on by another process. The
 * rest is left alone; what a person should know of it is logged once.
 */
enum spool_opened spool_file_open(struct spool_run *run, const char *name, struct spool_file *file);
void spool_file_close(struct spool_file *file);
/* True when somebody wrote to it since it was opened. */
bool spool_file_changed(const struct spool_file *file);

/*
 * Gives FILE a name that no writer uses, so that what is removed or set aside afterwards is the
 * file that was read, even when its writer puts another in its place at this moment. The name is
 * still one of the spool's: after a crash the file comes again. Error when it is not to be had.
 */
bool spool_file_claim(struct spool_run *run, struct spool_file *file, struct error *error);
void spool_file_unclaim(struct spool_run *run, const struct spool_file *file, const char *original);
/* Deletes a claimed file; what fails is logged, and the file is not counted. */
void spool_file_remove(struct spool_run *run, const struct spool_file *file);
/* Its name without the mark of a claim, in NAME_MAX with room for what is added to it. */
void spool_file_plain_name(const char *name, size_t attempt, char target[NAME_MAX + 1]);

/* Opens rejected/, making it when it is not there; its descriptor is the run's. */
bool spool_rejects_directory(struct spool_run *run, struct error *error);
void spool_rejects_init(struct spool_rejects *rejects);
/* A refused line begins: REASON goes to the reasons, the pieces that follow to the records. */
void spool_rejects_line(struct spool_run *run, struct spool_rejects *rejects,
	const struct spool_file *file, size_t line, const char *reason);
void spool_rejects_text(struct spool_rejects *rejects, const char *text, size_t length);
/*
 * Puts both under NAME, or a name like it that is free (written to PLACED), durably. Nothing is
 * left behind on failure.
 */
bool spool_rejects_place(struct spool_rejects *rejects, const char *name, char placed[NAME_MAX + 1],
	struct error *error);
/* Moves the claimed FILE itself there with its reason: the same for a .json. */
bool spool_rejects_move(struct spool_run *run, const struct spool_file *file, const char *name,
	char placed[NAME_MAX + 1], struct error *error);
/* Removes what was not placed and closes. */
void spool_rejects_drop(struct spool_rejects *rejects);

/*
 * What the taker is to know of before it takes it: added behind the last, with copies of ITEM's
 * text and name, and taken from the first on. A taker that foresees nothing has room for one.
 */
bool spool_ahead_has_room(const struct spool_run *run);
void spool_ahead_add(struct spool_run *run, const struct spool_item *item);
const struct spool_item *spool_ahead_first(const struct spool_run *run);
/* Overwrites and frees the first. */
void spool_ahead_remove(struct spool_run *run);
/* The taker is not to have the rest. */
void spool_ahead_forget(struct spool_run *run);

/* Hands the first that was read ahead to the taker, and leaves it there; an empty reason is
 * filled. */
enum spool_taken spool_take(struct spool_run *run, struct error *reason);
/* Flushes when something was handed over; counts what was taken. */
bool spool_flush(struct spool_run *run, struct error *error);

/*
 * Goes through the lines that the run's reader gives, flushing after each batch. REFUSE is told of
 * each refused line (NULL reason: more of the same line); KEPT is set when the taker wants the file
 * later or STOP says so. False with ERROR when reading or flushing fails.
 */
typedef void spool_refuse(void *context, const struct spool_piece *piece, const char *reason);
bool spool_take_lines(struct spool_run *run, const char *path, spool_refuse *refuse, void *context,
	bool *kept, struct error *error);
/*
 * Reads the whole of the file that the reader stands at as one record, ahead. SPOOL_WHOLE_LARGE
 * with REASON when it is to be refused, SPOOL_WHOLE_FAILED with ERROR when it cannot be read.
 */
enum spool_whole { SPOOL_WHOLE_READ, SPOOL_WHOLE_LARGE, SPOOL_WHOLE_FAILED };
enum spool_whole spool_read_whole(
	struct spool_run *run, const char *path, struct error *reason, struct error *error);

#endif
