#ifndef CTL_CALENDAR_REQUEST_H
#define CTL_CALENDAR_REQUEST_H

#include <json-c/json.h>
#include <stdbool.h>

#include "base/error.h"
#include "config/config.h"
#include "domain/linkage.h"
#include "ops/json_say.h"

/* What the offline verbs, which answer from rules and files alone, have in common. */

enum exit_status {
	STATUS_DONE = 0,
	STATUS_FAULT = 1, /* a disk or pipe did not do its part */
	STATUS_USAGE = 2, /* wrong usage, or a file that cannot be taken */
};

#define CALENDAR_EXIT_HELP                                                                         \
	"Exits with 0: done; 1: something could not be done; 2: wrong usage, or a file\n"          \
	"that cannot be taken; 3, where a store is needed: there is none.\n"

struct calendar_verb {
	const char *name;
	const char *operands; /* as the usage shows them */
	bool takes_service, takes_config;
	bool takes_judging;    /* --now, --trust and --intermediates */
	const char *exit_help; /* NULL: CALENDAR_EXIT_HELP */
	bool takes_migration;  /* --expires, --successor, --record and --successor-record */
};

/* What the command line says, and what was read on its word. */
struct calendar_request {
	const struct calendar_verb *verb;
	const char *service; /* NULL when not given, like the next two */
	const char *config_path;
	const char *holidays_path;
	bool json;
	char **operands;
	int operand_count;

	struct config *config;
	struct holidays *own_holidays; /* the file of --holidays; NULL without */
	struct rulebook rulebook;      /* the configuration's, with that file's holidays */
	bool has_told_end;

	/* Of --now, --trust and --intermediates; NULL when not given. */
	const char *now;
	const char *trust;
	const char *intermediates;

	/* Of --expires, --successor, --record and --successor-record; NULL when not given. */
	const char *expires;
	const char *successor;
	const char *record;
	const char *successor_record;
};

/*
 * Parses the options and reads the files that they name. Returns false when there is nothing more
 * to do: --help was answered, or something is wrong and has been told; *STATUS is then the exit
 * status. calendar_request_end comes after it either way.
 */
bool must_check calendar_request_begin(struct calendar_request *request,
	const struct calendar_verb *verb, int argc, char **argv, int *status);

/* Frees, and sees to it that all output arrived; returns the exit status, STATUS if it did. */
int calendar_request_end(struct calendar_request *request, int status);

/* Writes a sentence to standard error, after all that went to standard output before. */
void calendar_request_tell(const struct calendar_request *request, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* The same, with the usage below it; returns STATUS_USAGE. */
int calendar_request_misused(const struct calendar_request *request, const char *sentence);

/* Says, once, that YEAR lies past the holidays file's last, where it does. */
void calendar_request_note_year(struct calendar_request *request, int year);

/* Reads the official file of holidays; *READ is to be freed with holidays_free. */
bool must_check calendar_request_holidays(
	const char *path, struct holidays **read, struct error *error);

#endif
