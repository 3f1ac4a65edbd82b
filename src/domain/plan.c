#include "domain/plan.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

struct changes {
	struct plan_change *list;
	size_t count;
	size_t capacity;
};

static void add(struct changes *changes, enum plan_action action, size_t job, size_t wanted)
{
	if (changes->count == changes->capacity) {
		changes->capacity = changes->capacity ? 2 * changes->capacity : 8;
		changes->list =
			xreallocarray(changes->list, changes->capacity, sizeof(*changes->list));
	}
	changes->list[changes->count++] = (struct plan_change){action, job, wanted};
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

/* A job of the snapshot's own certificate, against the present judgement of its link. */
static void compare_judgement(struct changes *changes, const struct plan_job *job, size_t job_index,
	const struct plan_wanted *wanted, size_t wanted_index)
{
	const struct verdict *verdict = wanted->verdict;

	if (verdict->kind == VERDICT_REFUSE) {
		if (allows(job->state, JOB_EVENT_REFUSE))
			add(changes, PLAN_REFUSE_JOB, job_index, wanted_index);
		return;
	}
	if (verdict->kind != VERDICT_ACCEPT || !allows(job->state, JOB_EVENT_RESCHEDULE))
		return;
	if (job->state != JOB_SCHEDULED || job->due_ms != verdict->schedule.due_ms)
		add(changes, PLAN_RESCHEDULE, job_index, wanted_index);
}

static void compare_job(struct changes *changes, const unsigned char *fingerprint,
	const struct plan_wanted *wanted, size_t wanted_count, const struct plan_job *job,
	size_t job_index, bool *covered)
{
	bool own =
		fingerprint != NULL && memcmp(fingerprint, job->fingerprint, FINGERPRINT_SIZE) == 0;
	size_t i;

	for (i = 0; i < wanted_count; i++) {
		if (is_link(&wanted[i]) && same_target(job, &wanted[i]))
			break;
	}
	if (i == wanted_count) {
		if (allows(job->state, JOB_EVENT_CANCEL))
			add(changes, PLAN_CANCEL, job_index, 0);
		return;
	}
	if (own) {
		covered[i] = true;
		compare_judgement(changes, job, job_index, &wanted[i], i);
	} else if (allows(job->state, JOB_EVENT_SUPERSEDE)) {
		add(changes, PLAN_SUPERSEDE, job_index, i);
	}
}

void plan_make(const unsigned char *fingerprint, const struct plan_wanted *wanted,
	size_t wanted_count, const struct plan_job *jobs, size_t job_count,
	struct plan_change **changes, size_t *change_count)
{
	struct changes list = {0};
	bool *covered = xcalloc(wanted_count, sizeof(*covered));
	size_t i;

	for (i = 0; i < job_count; i++)
		compare_job(&list, fingerprint, wanted, wanted_count, &jobs[i], i, covered);
	for (i = 0; i < wanted_count; i++) {
		if (covered[i] || fingerprint == NULL)
			continue;
		if (wanted[i].verdict->kind == VERDICT_ACCEPT)
			add(&list, PLAN_SCHEDULE, 0, i);
		else if (wanted[i].verdict->kind == VERDICT_REFUSE)
			add(&list, PLAN_REFUSE, 0, i);
	}
	free(covered);
	*changes = list.list;
	*change_count = list.count;
}
