#include "ops/route_private.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/text.h"
#include "domain/job.h"
#include "ops/act.h"

/* What changes something: the acts, in the name of who asked. */

static bool take_flag(
	const struct routed *routed, const char *key, bool *flag, struct route_answer *answer)
{
	const char *value = routed_value(routed, key);
	struct error error;

	*flag = false;
	if (value == NULL || strcmp(value, "false") == 0)
		return true;
	if (strcmp(value, "true") == 0) {
		*flag = true;
		return true;
	}
	error_set(&error, ERROR_PERMANENT, "%s: is true or false", key);
	route_error(answer, &error);
	return false;
}

/* KEYS are the route's own parameters; each has these besides. */
static bool begin(const struct routed *routed, const char *const *keys, struct act *act,
	struct route_answer *answer)
{
	*act = (struct act){
		.store = routed->context->store,
		.settings = routed->context->settings,
		.clock = routed->context->clock,
		.who = routed->request->who,
		.reason = routed_value(routed, "reason"),
	};
	return routed_knows(routed, keys, answer) && take_flag(routed, "dry", &act->dry, answer);
}

static void end(const struct act *act, bool done, struct json_object *result,
	const struct error *error, struct route_answer *answer)
{
	if (!done) {
		route_error(answer, error);
		return;
	}
	route_object(answer, result);
	answer->changed = !act->dry;
}

/* ---- jobs ---- */

typedef bool act_on_jobs(const struct act *act, const struct act_jobs *jobs,
	struct json_object **result, struct error *error);

static void on_job(const struct routed *routed, act_on_jobs *do_it, struct route_answer *answer)
{
	static const char *const keys[] = {"reason", "dry", NULL};
	struct json_object *result = NULL;
	struct act_jobs jobs = {.count = 1};
	struct act act;
	struct error error;
	int64_t id;
	bool done;

	if (!begin(routed, keys, &act, answer) || !routed_id(routed, &id, answer))
		return;
	jobs.ids = &id;
	jobs.filter.state = -1;
	done = do_it(&act, &jobs, &result, &error);
	end(&act, done, result, &error, answer);
}

void route_post_retry(const struct routed *routed, struct route_answer *answer)
{
	on_job(routed, act_retry, answer);
}

void route_post_cancel(const struct routed *routed, struct route_answer *answer)
{
	on_job(routed, act_cancel, answer);
}

/* Several: by number (id=, again and again), or by filter. */
static bool take_jobs(const struct routed *routed, struct act_jobs *jobs, int64_t *ids,
	struct route_answer *answer)
{
	const char *state = routed_value(routed, "state"), *after = routed_value(routed, "after");
	enum job_state number;
	size_t i;

	*jobs = (struct act_jobs){.ids = ids};
	jobs->filter.service = routed_value(routed, "service");
	jobs->filter.contract = routed_value(routed, "contract");
	jobs->filter.fqdn = routed_value(routed, "fqdn");
	jobs->filter.state = -1;
	for (i = 0; i < routed->parameter_count; i++) {
		if (strcmp(routed->parameters[i].key, "id") != 0)
			continue;
		if (!text_to_int64(routed->parameters[i].value, 1, INT64_MAX, &ids[jobs->count])) {
			route_problem(answer, 400, "id: a job has a number, from 1 on");
			return false;
		}
		jobs->count++;
	}
	if (state != NULL) {
		if (!job_state_from_name(state, &number)) {
			route_problem(answer, 400, "state: is none of a job's states");
			return false;
		}
		jobs->filter.state = (int)number;
	}
	if (after != NULL && !text_to_int64(after, 0, INT64_MAX, &jobs->filter.after_id)) {
		route_problem(answer, 400, "after: is a job's number");
		return false;
	}
	return take_flag(routed, "overdue", &jobs->only_overdue, answer);
}

static void on_jobs(const struct routed *routed, act_on_jobs *do_it, struct route_answer *answer)
{
	static const char *const keys[] = {"id", "service", "contract", "fqdn", "state", "overdue",
		"after", "reason", "dry", NULL};
	int64_t ids[ROUTE_PARAMETERS_MAX];
	struct json_object *result = NULL;
	struct act_jobs jobs;
	struct act act;
	struct error error;
	bool done;

	if (!begin(routed, keys, &act, answer) || !take_jobs(routed, &jobs, ids, answer))
		return;
	done = do_it(&act, &jobs, &result, &error);
	end(&act, done, result, &error, answer);
}

void route_post_retries(const struct routed *routed, struct route_answer *answer)
{
	on_jobs(routed, act_retry, answer);
}

void route_post_cancels(const struct routed *routed, struct route_answer *answer)
{
	on_jobs(routed, act_cancel, answer);
}

/* ---- pairs ---- */

static void release(const struct routed *routed, const struct act *act, const struct act_pair *pair,
	struct route_answer *answer)
{
	struct json_object *result = NULL;
	struct error error;
	bool done = act_release(act, pair, &result, &error);

	(void)routed;
	end(act, done, result, &error, answer);
}

void route_post_release(const struct routed *routed, struct route_answer *answer)
{
	static const char *const keys[] = {"to", "reason", "dry", NULL};
	struct act_pair pair = {.to = routed_value(routed, "to")};
	struct act act;

	if (begin(routed, keys, &act, answer) && routed_id(routed, &pair.job, answer))
		release(routed, &act, &pair, answer);
}

void route_post_release_pair(const struct routed *routed, struct route_answer *answer)
{
	static const char *const keys[] = {"service-code", "to", "reason", "dry", NULL};
	struct act_pair pair = {
		.service = routed->name,
		.service_code = routed_value(routed, "service-code"),
		.to = routed_value(routed, "to"),
	};
	struct act act;

	if (!begin(routed, keys, &act, answer))
		return;
	if (pair.service_code == NULL) {
		route_problem(answer, 400, "which service code? Add service-code=");
		return;
	}
	release(routed, &act, &pair, answer);
}

/* ---- services ---- */

typedef bool act_on_service(const struct act *act, const char *service, struct json_object **result,
	struct error *error);

static void on_service(
	const struct routed *routed, act_on_service *do_it, struct route_answer *answer)
{
	static const char *const keys[] = {"reason", "dry", NULL};
	struct json_object *result = NULL;
	struct act act;
	struct error error;
	bool done;

	if (!begin(routed, keys, &act, answer))
		return;
	done = do_it(&act, routed->name, &result, &error);
	end(&act, done, result, &error, answer);
}

void route_post_pause(const struct routed *routed, struct route_answer *answer)
{
	on_service(routed, act_pause, answer);
}

void route_post_resume(const struct routed *routed, struct route_answer *answer)
{
	on_service(routed, act_resume, answer);
}

/* ---- records ---- */

void route_post_import(const struct routed *routed, struct route_answer *answer)
{
	static const char *const keys[] = {"reason", "dry", NULL};
	struct json_object *result = NULL;
	struct act act;
	struct error error;
	bool done;

	if (!begin(routed, keys, &act, answer))
		return;
	if (routed->request->length == 0) {
		route_problem(answer, 400, "there is no record in the request");
		return;
	}
	done = act_import(&act, routed->request->body, routed->request->length, &result, &error);
	end(&act, done, result, &error, answer);
}
