#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/events.h"
#include "base/text.h"
#include "domain/succession.h"
#include "engine/intervene.h"
#include "ops/act_private.h"

/* An operator's word that a contract has let a service code go. */

struct releasing {
	struct acting acting;
	const struct act_pair *asked;
	char *service;
	char *service_code;
	struct store_tenant *tenants;
	size_t count;
	char *from;
	char *to;
	struct touched_list touched;
};

/* ---- which pair, and to whom ---- */

static bool find_job_pair(struct releasing *releasing, struct error *error)
{
	int64_t id = releasing->asked->job;
	struct store_job job;
	bool found, held;

	if (!store_job_get(releasing->acting.act->store, id, &job, &found, error))
		return false;
	if (!found)
		return error_set(error, ERROR_PERMANENT, "there is no job %" PRId64, id);
	held = job.state == JOB_HELD;
	if (held) {
		releasing->service = xstrdup(job.service);
		releasing->service_code = xstrdup(job.service_code);
		releasing->to = xstrdup(job.contract);
	}
	error_set(error, ERROR_PERMANENT, "job %" PRId64 " is %s, and waits for no other contract",
		id, job_state_name(job.state));
	store_job_clear(&job);
	return held;
}

static bool find_pair(struct releasing *releasing, struct error *error)
{
	const struct act_pair *asked = releasing->asked;

	if (asked->job != 0 && !find_job_pair(releasing, error))
		return false;
	if (asked->job == 0) {
		if (asked->service == NULL || asked->service_code == NULL)
			return error_set(error, ERROR_PERMANENT,
				"which service code? Name a held job, or a service and its code");
		releasing->service = xstrdup(asked->service);
		releasing->service_code = xstrdup(asked->service_code);
	}
	if (asked->to != NULL) {
		free(releasing->to);
		releasing->to = xstrdup(asked->to);
	}
	return store_tenants_of_pair(releasing->acting.act->store, releasing->service,
		releasing->service_code, &releasing->tenants, &releasing->count, error);
}

static char *next_tenant(const struct releasing *releasing)
{
	struct tenant *tenants = xcalloc(releasing->count + 1, sizeof(*tenants));
	char *next = NULL;
	size_t i;

	for (i = 0; i < releasing->count; i++)
		tenants[i] = (struct tenant){
			.contract = releasing->tenants[i].contract,
			.since_ms = releasing->tenants[i].since_ms,
			.holds = releasing->tenants[i].holds,
		};
	i = succession_next(tenants, releasing->count);
	if (i < releasing->count)
		next = xstrdup(tenants[i].contract);
	free(tenants);
	return next;
}

static bool names_pair(const struct releasing *releasing, const char *contract)
{
	size_t i;

	for (i = 0; i < releasing->count; i++) {
		if (strcmp(releasing->tenants[i].contract, contract) == 0)
			return true;
	}
	return false;
}

static bool find_contracts(struct releasing *releasing, struct error *error)
{
	size_t i;

	for (i = 0; i < releasing->count; i++) {
		if (releasing->tenants[i].holds)
			releasing->from = xstrdup(releasing->tenants[i].contract);
	}
	if (releasing->from == NULL)
		return error_set(error, ERROR_PERMANENT, "no contract has service code %s of %s",
			releasing->service_code, releasing->service);
	if (releasing->to == NULL)
		releasing->to = next_tenant(releasing);
	if (releasing->to == NULL)
		return error_set(error, ERROR_PERMANENT,
			"no contract waits for service code %s of %s, which contract %s has",
			releasing->service_code, releasing->service, releasing->from);
	if (!names_pair(releasing, releasing->to))
		return error_set(error, ERROR_PERMANENT,
			"contract %s does not name service code %s of %s", releasing->to,
			releasing->service_code, releasing->service);
	if (strcmp(releasing->to, releasing->from) == 0)
		return error_set(error, ERROR_PERMANENT,
			"contract %s has service code %s of %s already", releasing->to,
			releasing->service_code, releasing->service);
	return true;
}

/* ---- what it means for the jobs ---- */

static bool note_jobs_of(struct releasing *releasing, const char *contract, struct error *error)
{
	struct store_job *jobs;
	size_t i, count;

	if (!store_jobs_of_contract(releasing->acting.act->store, contract, &jobs, &count, error))
		return false;
	for (i = 0; i < count; i++) {
		struct touched *touched;

		if (job_state_is_final(jobs[i].state) ||
			strcmp(jobs[i].service, releasing->service) != 0 ||
			strcmp(jobs[i].service_code, releasing->service_code) != 0)
			continue;
		touched = touched_add(&releasing->touched, jobs[i].id);
		touched->job = jobs[i];
		touched->found = true;
		jobs[i] = (struct store_job){0};
	}
	store_jobs_free(jobs, count);
	return true;
}

static void describe(const struct releasing *releasing, struct touched *touched)
{
	bool gets = strcmp(touched->job.contract, releasing->to) == 0;
	const char *other = gets ? releasing->from : releasing->to, *how = "waits for";

	touched->done = true;
	if (touched->state == JOB_CANCELLED) {
		snprintf(touched->text, sizeof(touched->text), "cancelled: its link is gone");
		return;
	}
	if (gets)
		how = touched->state == JOB_REFUSED ? "refused, though released by" : "released by";
	snprintf(touched->text, sizeof(touched->text), "%s contract %s", how, other);
}

static bool look_again(struct releasing *releasing, struct touched *touched, struct error *error)
{
	struct store_job job;
	bool found;

	if (!store_job_get(releasing->acting.act->store, touched->job.id, &job, &found, error))
		return false;
	if (!found)
		return true;
	touched->state = job.state;
	touched->due_ms = job.due_ms;
	store_job_clear(&job);
	describe(releasing, touched);
	return acting_note(&releasing->acting, touched->job.id, error);
}

static bool give(struct releasing *releasing, struct error *error)
{
	const struct act *act = releasing->acting.act;
	size_t i;

	for (i = 0; i < releasing->count; i++) {
		if (!note_jobs_of(releasing, releasing->tenants[i].contract, error))
			return false;
	}
	if (!intervene_give(act->settings, act->store, releasing->acting.now_ms, releasing->service,
		    releasing->service_code, releasing->from, releasing->to, error))
		return false;
	for (i = 0; i < releasing->touched.count; i++) {
		if (!look_again(releasing, &releasing->touched.list[i], error))
			return false;
	}
	return true;
}

static bool write_all(void *context, struct error *error)
{
	struct releasing *releasing = context;

	return find_pair(releasing, error) && find_contracts(releasing, error) &&
	       give(releasing, error);
}

/* A pair may go over without a job that waits there. */
static void tell(const struct releasing *releasing)
{
	const struct log_field fields[] = {
		{"CONTRACT", releasing->to},
		{"SERVICE", releasing->service},
		{"OPERATOR", releasing->acting.who},
	};
	char said[STORE_DETAIL_MAX];

	acting_say(&releasing->acting, said);
	log_event(EVENT_CODE_RELEASED, fields, ARRAY_LENGTH(fields),
		"service code %s of %s goes from contract %s to %s: release %s",
		releasing->service_code, releasing->service, releasing->from, releasing->to, said);
	touched_tell(&releasing->touched, &releasing->acting);
}

bool act_release(const struct act *act, const struct act_pair *pair, struct json_object **result,
	struct error *error)
{
	struct releasing releasing = {.asked = pair};
	bool done;

	acting_init(&releasing.acting, act, "release");
	done = acting_transact(&releasing.acting, write_all, &releasing, error);
	if (done) {
		*result = acting_object(&releasing.acting);
		act_add_text(*result, "service", releasing.service);
		act_add_text(*result, "service_code", releasing.service_code);
		act_add_text(*result, "from", releasing.from);
		act_add_text(*result, "to", releasing.to);
		touched_add_json(&releasing.touched, *result);
		json_object_object_add(*result, "next_after", NULL);
	}
	if (done && !act->dry)
		tell(&releasing);
	touched_clear(&releasing.touched);
	store_tenants_free(releasing.tenants, releasing.count);
	free(releasing.service);
	free(releasing.service_code);
	free(releasing.from);
	free(releasing.to);
	return done;
}
