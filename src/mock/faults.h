#ifndef MOCK_FAULTS_H
#define MOCK_FAULTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "mock/service.h"

/*
 * The fault script: a list of rules, JSON, of which the first that fits a request is
 * played.
 *
 *   [{"service": "webhg2", "from": 1, "to": 2, "fault": "status", "status": 503,
 *     "retry_after": "2"}]
 *
 * or {"seed": 7, "rules": [...]}. `service`: an id, "*" (the default) for all of them, or "feed".
 * `request`: "install" (the default) or "query", which is any other request of a service: it has no
 * effect and no line in the ledger, and the faults that change what an edge serves do nothing to
 * it. `from`, `to`: which requests of a service, counted from 1, installs and queries apart; `to`
 * left out or null: for ever. `probability`: 0 to 1, drawn from seed, service and number alone, so
 * that a run can be repeated. `effect`: whether the certificate is installed in spite of the fault;
 * each fault has its default.
 */
enum fault_kind {
	FAULT_NONE,
	FAULT_STATUS,	     /* an answer of `status`, `retry_after`; no effect */
	FAULT_DELAY,	     /* the effect at once, the answer after `delay_ms` */
	FAULT_DELAY_BEFORE,  /* effect and answer after `delay_ms` */
	FAULT_RESET_BEFORE,  /* a TCP reset in place of effect and answer */
	FAULT_RESET_AFTER,   /* the effect, then a TCP reset in place of the answer */
	FAULT_CUT,	     /* the effect, then half an answer and the end of the connection */
	FAULT_GARBAGE,	     /* bytes that are no HTTP; no effect */
	FAULT_REFUSE,	     /* the connection ends without an answer; no effect */
	FAULT_STALL,	     /* no answer ever; no effect */
	FAULT_REDIRECT,	     /* 307 to `location`; no effect */
	FAULT_BIG,	     /* the effect, then an answer of `size` bytes */
	FAULT_DRIP,	     /* the effect, then a byte each `delay_ms` */
	FAULT_EDGE_OLD,	     /* the edge serves the older certificate for `delay_ms` more */
	FAULT_EDGE_WRONG,    /* the edge serves another's certificate */
	FAULT_REQUEST_FAILS, /* idgw with asynchronous answers: the request ends as failed */
	/* Of the feed alone, whose requests count as queries whatever `request` says. */
	FAULT_PAGE_REPEAT,    /* the page before comes again */
	FAULT_PAGE_REORDER,   /* its records in reverse */
	FAULT_PAGE_CUT,	      /* half of its bytes, as if that were all */
	FAULT_PAGE_JUMP_BACK, /* its cursor leads back to the beginning */
	FAULT_PAGE_OVERSIZE,  /* `size` spaces before it, 8 MiB at most */
	FAULT_FILE, /* the effect, then 200 with the file `path` and, as its Content-Encoding,
		       `encoding` */
};

#define FAULT_TEXT_MAX 256
#define FAULT_RULES_MAX 256
#define FAULT_SCRIPT_MAX ((size_t)1024 * 1024)
#define FAULT_DELAY_MAX_MS INT64_C(86400000)

struct fault_rule {
	bool of_queries;
	bool any_service;
	enum mock_service service;
	int64_t from;
	int64_t to; /* INT64_MAX: for ever */
	enum fault_kind kind;
	bool effect;
	int status;
	int64_t delay_ms;
	int64_t size;
	double probability;
	char retry_after[FAULT_TEXT_MAX];
	char location[FAULT_TEXT_MAX];
	char path[FAULT_TEXT_MAX];
	char encoding[FAULT_TEXT_MAX];
};

struct faults;

struct faults *faults_new(void);
void faults_free(struct faults *faults);

/*
 * Puts the rules in JSON (LENGTH bytes) in place of those there are, and counts requests from 1
 * again. Permanent error that names the rule and the key; the old rules stay then.
 */
bool must_check faults_load(
	struct faults *faults, const char *json, size_t length, struct error *error);
/* No faults from here on; counts from 1 again. */
void faults_clear(struct faults *faults);

/* Counts one more install request of SERVICE; its rule, or NULL. It stays until the next load. */
const struct fault_rule *faults_next(struct faults *faults, enum mock_service service);
/* The same for one more query. */
const struct fault_rule *faults_next_query(struct faults *faults, enum mock_service service);

/* "status", "reset-after", … */
const char *fault_name(enum fault_kind kind);

#endif
