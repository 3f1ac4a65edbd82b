#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/log.h"
#include "domain/overdue.h"
#include "ops/act_private.h"

/* Retry and cancel: what is done to jobs, one after another, in one transaction. */

/* A job that was looked at, and what came of it. */
struct touched {
	struct store_job job; /* as it was; its id alone where there is none */
	bool found;
	bool done;
	enum job_state state; /* as it now is */
	char text[STORE_DETAIL_MAX];
};

struct job_act {
	struct acting acting;
	const struct act_jobs *jobs;
	/* Changes touched->job, or says in text why not; fills done, state and text. */
	bool (*apply)(struct job_act *act, struct touched *touched, struct error *error);
	unsigned default_states; /* a bit for each */
	struct touched *touched;
	size_t count;
	int64_t next_after; /* 0: that was all */
};

static bool fails(struct touched *touched, const char *text)
{
	touched->done = false;
	snprintf(touched->text, sizeof(touched->text), "%s", text);
	return true;
}

/* ---- which ---- */

static bool has_criterion(const struct store_filter *filter)
{
	return filter->service != NULL || filter->contract != NULL || filter->fqdn != NULL ||
	       filter->state >= 0;
}

static bool passes(const struct job_act *act, const struct store_job *job)
{
	if (act->jobs->filter.state < 0 && (act->default_states & 1U << job->state) == 0)
		return false;
	return !act->jobs->only_overdue || job_overdue(job->state, job->due_ms, job->revoked_ms,
						   act->acting.now_ms) != OVERDUE_NOT;
}

static void add_id(struct job_act *act, int64_t id)
{
	if ((act->count & (act->count + 1)) == 0)
		act->touched =
			xreallocarray(act->touched, 2 * (act->count + 1), sizeof(*act->touched));
	act->touched[act->count++] = (struct touched){.job.id = id};
}

static void found_job(void *context, const struct store_job *job)
{
	struct job_act *act = context;

	if (!passes(act, job) || act->next_after != 0)
		return;
	if (act->count == ACT_JOBS_MAX)
		act->next_after = act->touched[act->count - 1].job.id;
	else
		add_id(act, job->id);
}

static bool collect(struct job_act *act, struct error *error)
{
	struct store_filter filter = act->jobs->filter;
	size_t i;

	for (i = 0; i < act->jobs->count; i++)
		add_id(act, act->jobs->ids[i]);
	if (act->jobs->count > 0)
		return true;
	if (!has_criterion(&filter))
		return error_set(error, ERROR_PERMANENT,
			"which jobs? Name some, or what they have in common");
	filter.limit = 0;
	return store_jobs_list(act->acting.act->store, &filter, found_job, act, error);
}

/* ---- the act ---- */

static bool touch(struct job_act *act, struct touched *touched, struct error *error)
{
	int64_t id = touched->job.id;

	if (!store_job_get(act->acting.act->store, id, &touched->job, &touched->found, error))
		return false;
	if (!touched->found) {
		touched->job.id = id;
		return fails(touched, "there is no such job");
	}
	touched->state = touched->job.state;
	return act->apply(act, touched, error);
}

static bool write_all(void *context, struct error *error)
{
	struct job_act *act = context;
	size_t i;

	if (!collect(act, error))
		return false;
	for (i = 0; i < act->count; i++) {
		if (!touch(act, &act->touched[i], error))
			return false;
	}
	return true;
}

static struct json_object *touched_json(const struct touched *touched)
{
	const struct store_job *job = &touched->job;
	struct json_object *object = json_object_new_object();

	json_object_object_add(object, "job", json_object_new_int64(job->id));
	if (touched->found) {
		act_add_text(object, "contract", job->contract);
		act_add_text(object, "service", job->service);
		act_add_text(object, "service_code", job->service_code);
		act_add_text(object, "fqdn", job->fqdn);
		act_add_text(object, "before", job_state_name(job->state));
		act_add_text(object, "state", job_state_name(touched->state));
	}
	json_object_object_add(object, "done", json_object_new_boolean(touched->done));
	act_add_text(object, "text", touched->text);
	return object;
}

static struct json_object *result_json(const struct job_act *act)
{
	struct json_object *object = acting_object(&act->acting), *jobs = json_object_new_array();
	size_t i, done = 0;

	for (i = 0; i < act->count; i++) {
		done += act->touched[i].done ? 1 : 0;
		json_object_array_add(jobs, touched_json(&act->touched[i]));
	}
	json_object_object_add(object, "done", json_object_new_int64((int64_t)done));
	json_object_object_add(
		object, "not_done", json_object_new_int64((int64_t)(act->count - done)));
	json_object_object_add(object, "next_after",
		act->next_after != 0 ? json_object_new_int64(act->next_after) : NULL);
	json_object_object_add(object, "jobs", jobs);
	return object;
}

static void tell(const struct job_act *act, const struct touched *touched)
{
	const struct store_job *job = &touched->job;
	const struct acting *acting = &act->acting;
	char id[24];
	const struct log_field fields[] = {
		{"JOB_ID", id},
		{"CONTRACT", job->contract},
		{"SERVICE", job->service},
		{"FQDN", job->fqdn},
		{"OUTCOME", job_state_name(touched->state)},
		{"OPERATOR", acting->who},
	};

	if (!touched->done)
		return;
	snprintf(id, sizeof(id), "%" PRId64, job->id);
	log_entry(LOG_LEVEL_NOTICE, fields, ARRAY_LENGTH(fields), "%s: %s %s %s: %s by %s: %s%s%s",
		job->contract, job->service, job->service_code, job->fqdn, acting->name,
		acting->who, touched->text, acting->reason[0] != '\0' ? "; reason: " : "",
		acting->reason);
}

static bool perform(struct job_act *act, struct json_object **result, struct error *error)
{
	bool done = acting_transact(&act->acting, write_all, act, error);
	size_t i;

	if (done)
		*result = result_json(act);
	for (i = 0; i < act->count; i++) {
		if (done && !act->acting.act->dry)
			tell(act, &act->touched[i]);
		if (act->touched[i].found)
			store_job_clear(&act->touched[i].job);
	}
	free(act->touched);
	return done;
}

/* ---- retry ---- */

static bool retry(struct job_act *act, struct touched *touched, struct error *error)
{
	const struct store_job *job = &touched->job;

	if (!job_transition(job->state, JOB_EVENT_OPERATOR_RETRY, &touched->state))
		return fails(touched, "it is neither failed nor retrying");
	touched->done = true;
	snprintf(touched->text, sizeof(touched->text), "goes again");
	return store_job_reschedule(
		act->acting.act->store, job->id, job->base_ms, job->due_ms, NULL, error);
}

bool act_retry(const struct act *act, const struct act_jobs *jobs, struct json_object **result,
	struct error *error)
{
	struct job_act retrying = {
		.jobs = jobs, .apply = retry, .default_states = 1U << JOB_FAILED};

	acting_init(&retrying.acting, act, "retry");
	return perform(&retrying, result, error);
}
