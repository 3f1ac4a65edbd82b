#ifndef OPS_ROUTE_H
#define OPS_ROUTE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "engine/settings.h"
#include "ops/admin_rights.h"
#include "ops/metrics.h"
#include "ops/pulse.h"
#include "store/store.h"

/*
 * What the admin socket answers, as a function of a method and a target: the daemon calls it for
 * what comes over HTTP, and certinstallctl for itself where it has the store but no daemon.
 */

struct route_context {
	struct store *store; /* the calling thread's; not within a transaction */
	struct settings *settings;
	const struct clock *clock;
	/* The daemon's; NULL elsewhere, and what is only its own is then not answered. */
	struct pulse *pulse;
	const struct metrics *metrics;
	struct metrics_kept *kept;
};

struct route_request {
	const char *method;
	const char *target; /* path and query, as it came */
	const char *body;   /* LENGTH bytes; for a POST that has one */
	size_t length;
	const char *who; /* a user's name */
	enum admin_right right;
	bool wants_plain; /* metrics in Prometheus's older form */
};

#define ROUTE_TARGET_MAX 4096
#define ROUTE_BODY_MAX 1048576
/* So many jobs at most in one answer of the daemon. */
#define ROUTE_JOBS_MAX 10000
/* An answer is never longer: what would be is an error that says what to ask for instead. */
#define ROUTE_ANSWER_MAX 67108864

struct route_answer {
	int status; /* HTTP's */
	const char *content_type;
	struct buffer body; /* the caller's to free */
	bool changed;	    /* something in the store: the pump is to be poked */
};

/* JSON, a problem (RFC 9457) where it is none of 200; never anything of the request unsanitised. */
void route(const struct route_context *context, const struct route_request *request,
	struct route_answer *answer);

/* Makes ANSWER, {0} or one that was made, a problem with DETAIL as its sentence. */
void route_problem(struct route_answer *answer, int status, const char *detail);

#endif
