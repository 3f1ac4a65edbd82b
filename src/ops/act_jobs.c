#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "domain/overdue.h"
#include "engine/intervene.h"
#include "ops/act_private.h"

/* Retry and cancel: what is done to jobs, one after another, in one transaction. */

struct job_act {
	struct acting acting;
	const struct act_jobs *jobs;
	/* Changes touched->job, or says in text why not; fills done, state and text. */
	bool (*apply)(struct job_act *act, struct touched *touched, struct error *error);
	unsigned default_states; /* a bit for each */
	struct touched_list touched;
	int64_t next_after; /* 0: that was all */
};

#define STATE_BIT(state) (1U << (state))
#define OPEN_STATES                                                                                \
	(STATE_BIT(JOB_HELD) | STATE_BIT(JOB_SCHEDULED) | STATE_BIT(JOB_INSTALLING) |              \
		STATE_BIT(JOB_VERIFYING) | STATE_BIT(JOB_RETRYING))

static bool fails(struct touched *touched, const char *text)
{
	touched->done = false;
	snprintf(touched->text, sizeof(touched->text), "%s", text);
	return true;
}

static void is_done(struct touched *touched, enum job_state state, const char *text)
{
	touched->done = true;
	touched->state = state;
	snprintf(touched->text, sizeof(touched->text), "%s", text);
}

/* ---- which ---- */

static bool has_criterion(const struct act_jobs *jobs)
{
	const struct store_filter *filter = &jobs->filter;

	return jobs->only_overdue || filter->service != NULL || filter->contract != NULL ||
	       filter->fqdn != NULL || filter->state >= 0;
}

static bool passes(const struct job_act *act, const struct store_job *job)
{
	if (act->jobs->filter.state < 0 && (act->default_states & STATE_BIT(job->state)) == 0)
		return false;
	return !act->jobs->only_overdue || job_overdue(job->state, job->due_ms, job->revoked_ms,
						   act->acting.now_ms) != OVERDUE_NOT;
}

static void found_job(void *context, const struct store_job *job)
{
	struct job_act *act = context;

	if (!passes(act, job) || act->next_after != 0)
		return;
	if (act->touched.count == ACT_JOBS_MAX)
		act->next_after = act->touched.list[ACT_JOBS_MAX - 1].job.id;
	else
		touched_add(&act->touched, job->id);
}

static bool collect(struct job_act *act, struct error *error)
{
	struct store_filter filter = act->jobs->filter;
	size_t i;

	for (i = 0; i < act->jobs->count; i++)
		touched_add(&act->touched, act->jobs->ids[i]);
	if (act->jobs->count > 0)
		return true;
	if (!has_criterion(act->jobs))
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
	touched->due_ms = touched->job.due_ms;
	return act->apply(act, touched, error) &&
	       (!touched->done || acting_note(&act->acting, id, error));
}

static bool write_all(void *context, struct error *error)
{
	struct job_act *act = context;
	size_t i;

	if (!collect(act, error))
		return false;
	for (i = 0; i < act->touched.count; i++) {
		if (!touch(act, &act->touched.list[i], error))
			return false;
	}
	return true;
}

static bool perform(struct job_act *act, struct json_object **result, struct error *error)
{
	bool done = acting_transact(&act->acting, write_all, act, error);

	if (done) {
		*result = acting_object(&act->acting);
		touched_add_json(&act->touched, *result);
		json_object_object_add(*result, "next_after",
			act->next_after != 0 ? json_object_new_int64(act->next_after) : NULL);
	}
	if (done && !act->acting.act->dry)
		touched_tell(&act->touched, &act->acting);
	touched_clear(&act->touched);
	return done;
}

/* ---- retry ---- */

/* Who has the job's pair, where that is another contract: what fails there is not ours to push. */
static bool is_anothers(
	struct job_act *act, struct touched *touched, bool *anothers, struct error *error)
{
	const struct store_job *job = &touched->job;
	struct store_tenant *tenants;
	size_t i, count;

	*anothers = false;
	if (!store_tenants_of_pair(act->acting.act->store, job->service, job->service_code,
		    &tenants, &count, error))
		return false;
	for (i = 0; i < count; i++) {
		if (!tenants[i].holds || strcmp(tenants[i].contract, job->contract) == 0)
			continue;
		*anothers = true;
		snprintf(touched->text, sizeof(touched->text),
			"contract %s has its service code now", tenants[i].contract);
	}
	store_tenants_free(tenants, count);
	return true;
}

static bool go_again(struct job_act *act, struct touched *touched, struct error *error)
{
	const struct store_job *job = &touched->job;
	bool anothers;

	if (!is_anothers(act, touched, &anothers, error))
		return false;
	if (anothers)
		return true;
	is_done(touched, JOB_SCHEDULED, "goes again");
	return store_job_reschedule(
		act->acting.act->store, job->id, job->base_ms, job->due_ms, NULL, error);
}

static bool read_again(struct job_act *act, struct touched *touched, struct error *error)
{
	struct store_job job;
	bool found;

	if (!store_job_get(act->acting.act->store, touched->job.id, &job, &found, error))
		return false;
	if (found) {
		touched->state = job.state;
		touched->due_ms = job.due_ms;
		store_job_clear(&job);
	}
	return true;
}

static bool bring_back(struct job_act *act, struct touched *touched, struct error *error)
{
	const struct act *asked = act->acting.act;
	enum intervene_back back;

	if (!intervene_bring_back(
		    asked->settings, asked->store, act->acting.now_ms, &touched->job, &back, error))
		return false;
	switch (back) {
	case BACK_NO_LINK:
		return fails(touched, "its contract does not name the target any more");
	case BACK_OVERTAKEN:
		return fails(touched, "a newer certificate of the contract was installed there, or "
				      "may have been");
	case BACK_WITH_RECORD:
		is_done(touched, JOB_CANCELLED,
			"comes back with the next record of its contract: its key was wiped, or "
			"its certificate is not the contract's");
		return true;
	case BACK_IN_QUEUE:
		break;
	}
	if (!read_again(act, touched, error))
		return false;
	is_done(touched, touched->state,
		touched->state == JOB_SCHEDULED ? "is in the queue again"
		: touched->state == JOB_HELD	? "waits for another contract again"
						: "is refused as it stands now");
	return true;
}

static bool retry(struct job_act *act, struct touched *touched, struct error *error)
{
	enum job_state next;

	if (!job_transition(touched->job.state, JOB_EVENT_OPERATOR_RETRY, &next))
		return fails(touched, "it is neither failed, nor retrying, nor cancelled");
	if (touched->job.state == JOB_CANCELLED)
		return bring_back(act, touched, error);
	return go_again(act, touched, error);
}

bool act_retry(const struct act *act, const struct act_jobs *jobs, struct json_object **result,
	struct error *error)
{
	struct job_act retrying = {
		.jobs = jobs, .apply = retry, .default_states = STATE_BIT(JOB_FAILED)};

	acting_init(&retrying.acting, act, "retry");
	return perform(&retrying, result, error);
}

/* ---- cancel ---- */

static bool cancel(struct job_act *act, struct touched *touched, struct error *error)
{
	const struct store_job *job = &touched->job;
	struct store *store = act->acting.act->store;
	char said[STORE_DETAIL_MAX], detail[STORE_DETAIL_MAX];

	if ((STATE_BIT(job->state) & (OPEN_STATES | STATE_BIT(JOB_FAILED))) == 0)
		return fails(touched, "it is neither open nor failed");
	acting_say(&act->acting, said);
	snprintf(detail, sizeof(detail), "cancelled %.480s", said);
	is_done(touched, JOB_CANCELLED,
		job->state == JOB_INSTALLING || job->state == JOB_VERIFYING
			? "cancelled; the service may have it already"
			: "cancelled");
	return store_job_set_state(
		       store, job->id, JOB_CANCELLED, 0, act->acting.now_ms, detail, error) &&
	       store_secrets_wipe(store, &job->certificate_id, 1, error);
}

bool act_cancel(const struct act *act, const struct act_jobs *jobs, struct json_object **result,
	struct error *error)
{
	struct job_act cancelling = {.jobs = jobs, .apply = cancel, .default_states = OPEN_STATES};

	acting_init(&cancelling.acting, act, STORE_ACT_CANCEL);
	return perform(&cancelling, result, error);
}
