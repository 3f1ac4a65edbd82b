#ifndef CTL_ASK_ACTS_H
#define CTL_ASK_ACTS_H

#include "ctl/answers.h"
#include "ops/act.h"

/*
 * The acts, done by the running daemon: results and errors are those of ops/act.h. Of ACT only
 * reason and dry are told; who asks the daemon knows from the kernel.
 */

/* So many jobs by number at once. */
#define ASK_JOBS_MAX 50

/* VERB: "retry" or "cancel". */
bool must_check ask_jobs(const struct answers *answers, const char *verb, const struct act *act,
	const struct act_jobs *jobs, struct json_object **result, struct error *error);
bool must_check ask_release(const struct answers *answers, const struct act *act,
	const struct act_pair *pair, struct json_object **result, struct error *error);
/* VERB: "pause" or "resume". */
bool must_check ask_service(const struct answers *answers, const char *verb, const struct act *act,
	const char *service, struct json_object **result, struct error *error);
bool must_check ask_import(const struct answers *answers, const struct act *act, const char *text,
	size_t length, struct json_object **result, struct error *error);

#endif
