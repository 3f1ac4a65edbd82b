#ifndef CTL_STORE_REQUEST_H
#define CTL_STORE_REQUEST_H

#include <stdbool.h>
#include <stdint.h>

#include "config/config.h"
#include "ctl/answers.h"
#include "ops/view.h"
#include "store/store.h"

/* What the verbs that work on the store have in common. */

enum store_status {
	STORE_DONE = 0,
	STORE_FAULT = 1, /* something could not be done: the store, no such job */
	STORE_USAGE = 2, /* or a configuration that cannot be read */
	STORE_NONE = 3,	 /* there is no store */
};

#define STORE_TAKES_FILTER 1U  /* --state, --service, --contract, --fqdn, --overdue */
#define STORE_TAKES_DISCARD 2U /* --discard */
#define STORE_TAKES_ACT 4U     /* --reason, --dry-run, --yes */
#define STORE_TAKES_TO 8U      /* --to */
#define STORE_TAKES_QUERY 16U  /* the parameters of view_jobs_take, as options */

#define STORE_EXIT_HELP                                                                            \
	"Exits with 0: done; 1: something could not be done; 2: wrong usage or\n"                  \
	"configuration; 3: there is no store.\n"

struct store_verb {
	const char *name;
	const char *operands; /* as the usage shows them */
	const char *help;     /* further options, a line each; "" when none */
	unsigned takes;	      /* STORE_TAKES_… */
};

struct store_request {
	const struct store_verb *verb;
	const char *config_path;
	bool json;
	struct store_filter filter;
	struct view_jobs_query query;
	const char *discard; /* NULL: not given */
	bool only_overdue;
	const char *reason; /* NULL: not given, as is the next */
	const char *to;
	bool dry_run;
	bool yes;
	struct error *kept; /* not NULL: gets what store_request_fault would print */
	char **operands;
	int operand_count;
	struct answers answers; /* found: neither config nor store are there */
	struct config *config;
	struct store *store;
};

/*
 * Parses the options, becomes the service's user when started by root (so that no file is left that
 * the daemon cannot write), and opens the store. False when there is nothing more to do; *STATUS is
 * then the exit status. store_request_end comes after it either way.
 */
bool must_check store_request_begin(struct store_request *request, const struct store_verb *verb,
	int argc, char **argv, int *status);
/*
 * The same, but the store stays closed: for a verb that puts one in place.
 */
bool must_check store_request_begin_without(struct store_request *request,
	const struct store_verb *verb, int argc, char **argv, int *status);
/* What begin does first: only parses. */
bool must_check store_request_parse(struct store_request *request, const struct store_verb *verb,
	int argc, char **argv, int *status);
/* What begin does after parsing, for a verb with options of its own as well: REQUEST has its verb's
 * name and config_path. */
bool must_check store_request_open(struct store_request *request, int *status);
/*
 * After parsing: finds the running daemon (answers), or does what open does where none answers us;
 * where that is not to be had either, both reasons are told.
 */
bool must_check store_request_reach(struct store_request *request, int *status);
/* Parses and reaches. */
bool must_check store_request_begin_asking(struct store_request *request,
	const struct store_verb *verb, int argc, char **argv, int *status);
int store_request_end(struct store_request *request, int status);

/* Says what is wrong on standard error, or keeps it (kept); returns STORE_FAULT. */
int store_request_fault(const struct store_request *request, const char *sentence);

/* A job's number, or a set-aside record's; false, and said so, when TEXT is none. */
bool store_request_id(const struct store_request *request, const char *text, int64_t *id);

#endif
