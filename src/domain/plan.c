#include "domain/plan.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/civil.h"

/* Rule 14: the certificate that a reissue replaces is revoked from this day on. */
#define REVOKED_AFTER_DAYS 30

/* What is compared, and what came of it so far. */
struct comparison {
	const struct plan_certificate *certificate; /* NULL: none */
	const struct plan_wanted *wanted;
	size_t wanted_count;
	const struct plan_job *jobs;
	size_t job_count;
	struct plan_change *changes;
	size_t change_count;
	size_t capacity;
};

static void add(struct comparison *comparison, enum plan_action action, size_t job, size_t wanted)
{
	if (comparison->change_count == comparison->capacity) {
		comparison->capacity = comparison->capacity ? 2 * comparison->capacity : 8;
		comparison->changes = xreallocarray(
			comparison->changes, comparison->capacity, sizeof(*comparison->changes));
	}
	comparison->changes[comparison->change_count++] = (struct plan_change){action, job, wanted};
}

static bool allows(enum job_state state, enum job_event event)
{
	enum job_state next;

	return job_transition(state, event, &next);
}

/* Whether the link is still one to install on: accepted, or refused but there. */
static bool is_link(const struct plan_wanted *wanted)
{
	return wanted->verdict->kind != VERDICT_NONE;
}

static bool same_target(const struct plan_job *job, const struct plan_wanted *wanted)
{
	return strcmp(job->service, wanted->service) == 0 &&
	       strcmp(job->service_code, wanted->service_code) == 0 &&
	       strcmp(job->fqdn, wanted->fqdn) == 0;
}

static bool same_certificate(const struct plan_certificate *certificate, const struct plan_job *job)
{
	return certificate != NULL &&
	       memcmp(certificate->fingerprint, job->fingerprint, FINGERPRINT_SIZE) == 0;
}

/* Whether the service may have, on WANTED's target, one that was issued after ISSUED_MS. */
static bool newer_was_there(
	const struct comparison *comparison, const struct plan_wanted *wanted, int64_t issued_ms)
{
	size_t i;

	for (i = 0; i < comparison->job_count; i++) {
		const struct plan_job *job = &comparison->jobs[i];

		if (job->tried && job->issued_ms > issued_ms && same_target(job, wanted) &&
			!same_certificate(comparison->certificate, job))
			return true;
	}
	return false;
}

/* Whether what was installed has to be installed once more to be served. */
static bool is_wanted_again(const struct comparison *comparison, const struct plan_job *job,
	const struct plan_wanted *wanted)
{
	return wanted->taken || job->pushed_over || wanted->added_ms > job->base_ms ||
	       newer_was_there(comparison, wanted, job->issued_ms);
}

static bool accepts(const struct comparison *comparison, const struct plan_job *job,
	const struct plan_wanted *wanted)
{
	if (job->state == JOB_HELD)
		return true;
	if (job->state == JOB_SCHEDULED)
		return job->due_ms != wanted->verdict->schedule.due_ms;
	if (job->state == JOB_INSTALLED)
		return is_wanted_again(comparison, job, wanted);
	/* A failed one is an operator's business, unless its link is another by now. */
	if (job->state == JOB_FAILED)
		return wanted->added_ms > job->base_ms;
	return allows(job->state, JOB_EVENT_RESCHEDULE);
}

static bool holds(const struct plan_job *job, const struct plan_wanted *wanted)
{
	if (job->state == JOB_HELD)
		return job->base_ms != wanted->verdict->base_ms;
	if (job->state == JOB_FAILED)
		return wanted->added_ms > job->base_ms;
	return allows(job->state, JOB_EVENT_HOLD);
}

static bool refuses(const struct comparison *comparison, const struct plan_job *job,
	const struct plan_wanted *wanted)
{
	return allows(job->state, JOB_EVENT_REFUSE) &&
	       (job->state != JOB_INSTALLED || is_wanted_again(comparison, job, wanted));
}

/* An operator knew of the link that there was, and not of one that was added since. */
static bool is_called_off(const struct plan_job *job, const struct plan_wanted *wanted)
{
	return job->state == JOB_CANCELLED && job->called_off_ms != 0 &&
	       wanted->since_ms <= job->called_off_ms;
}

/* A job of the snapshot's own certificate, against the present judgement of its link. */
static void compare_own(struct comparison *comparison, size_t job_index, size_t wanted_index)
{
	const struct plan_job *job = &comparison->jobs[job_index];
	const struct plan_wanted *wanted = &comparison->wanted[wanted_index];

	if (is_called_off(job, wanted))
		return;
	if (wanted->verdict->kind == VERDICT_REFUSE) {
		if (refuses(comparison, job, wanted))
			add(comparison, PLAN_REFUSE_JOB, job_index, wanted_index);
	} else if (newer_was_there(comparison, wanted, comparison->certificate->at_ms)) {
		if (allows(job->state, JOB_EVENT_SUPERSEDE))
			add(comparison, PLAN_OVERTAKEN, job_index, wanted_index);
	} else if (wanted->verdict->kind == VERDICT_HOLD) {
		if (holds(job, wanted))
			add(comparison, PLAN_HOLD_JOB, job_index, wanted_index);
	} else if (accepts(comparison, job, wanted)) {
		add(comparison, PLAN_RESCHEDULE, job_index, wanted_index);
	}
}

/* A job of a certificate that the contract had before, or that is newer than its present one. */
static void compare_other(struct comparison *comparison, size_t job_index, size_t wanted_index)
{
	const struct plan_job *job = &comparison->jobs[job_index];

	if (comparison->certificate != NULL && job->tried &&
		job->issued_ms > comparison->certificate->at_ms)
		return;
	if (job->state != JOB_CANCELLED && allows(job->state, JOB_EVENT_SUPERSEDE))
		add(comparison, PLAN_SUPERSEDE, job_index, wanted_index);
}

static void compare_job(struct comparison *comparison, size_t job_index, bool *covered)
{
	const struct plan_job *job = &comparison->jobs[job_index];
	size_t i;

	for (i = 0; i < comparison->wanted_count; i++) {
		if (is_link(&comparison->wanted[i]) && same_target(job, &comparison->wanted[i]))
			break;
	}
	if (i == comparison->wanted_count) {
		if (allows(job->state, JOB_EVENT_CANCEL))
			add(comparison, PLAN_CANCEL, job_index, 0);
	} else if (same_certificate(comparison->certificate, job)) {
		covered[i] = true;
		compare_own(comparison, job_index, i);
	} else {
		compare_other(comparison, job_index, i);
	}
}

static void add_new(struct comparison *comparison, size_t index)
{
	const struct plan_wanted *wanted = &comparison->wanted[index];

	switch (wanted->verdict->kind) {
	case VERDICT_NONE:
		return;
	case VERDICT_REFUSE:
		add(comparison, PLAN_REFUSE, 0, index);
		return;
	case VERDICT_HOLD:
	case VERDICT_ACCEPT:
		break;
	}
	if (newer_was_there(comparison, wanted, comparison->certificate->at_ms))
		add(comparison, PLAN_PASS_OVER, 0, index);
	else
		add(comparison, wanted->verdict->kind == VERDICT_HOLD ? PLAN_HOLD : PLAN_SCHEDULE,
			0, index);
}

void plan_make(const struct plan_certificate *certificate, const struct plan_wanted *wanted,
	size_t wanted_count, const struct plan_job *jobs, size_t job_count,
	struct plan_change **changes, size_t *change_count)
{
	struct comparison comparison = {
		.certificate = certificate,
		.wanted = wanted,
		.wanted_count = wanted_count,
		.jobs = jobs,
		.job_count = job_count,
	};
	bool *covered = xcalloc(wanted_count, sizeof(*covered));
	size_t i;

	for (i = 0; i < job_count; i++)
		compare_job(&comparison, i, covered);
	for (i = 0; i < wanted_count && certificate != NULL; i++) {
		if (!covered[i])
			add_new(&comparison, i);
	}
	free(covered);
	*changes = comparison.changes;
	*change_count = comparison.change_count;
}

int64_t plan_revoked_ms(const struct plan_certificate *certificate,
	const struct plan_wanted *wanted, const struct plan_job *jobs, size_t job_count)
{
	int64_t revoked_ms = certificate->at_ms + REVOKED_AFTER_DAYS * DAY_MS;
	size_t i;

	for (i = 0; i < job_count; i++) {
		const struct plan_job *job = &jobs[i];

		if (job->state != JOB_REFUSED && job->issued_ms < certificate->at_ms &&
			job->not_after_ms > revoked_ms && same_target(job, wanted) &&
			!same_certificate(certificate, job))
			return revoked_ms;
	}
	return 0;
}
