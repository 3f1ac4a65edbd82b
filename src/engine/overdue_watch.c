#include "engine/overdue_watch.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/events.h"
#include "base/text.h"
#include "domain/overdue.h"

/* Job numbers; sorted where they are looked into. */
struct ids {
	int64_t *list;
	size_t count;
	size_t capacity;
};

struct overdue_watch {
	struct loop *loop;
	struct store *store;
	struct loop_timer *timer;
	struct store_replacing page; /* where the present look has come to */
	struct ids told;	     /* what the last look found */
	struct ids found;	     /* what the present one has found so far */
	bool store_told;	     /* that the store cannot be read now */
};

static void look(void *context);

struct overdue_watch *overdue_watch_new(struct loop *loop, struct store *store)
{
	struct overdue_watch *watch = xcalloc(1, sizeof(*watch));

	watch->loop = loop;
	watch->store = store;
	watch->page.limit = OVERDUE_WATCH_PAGE;
	watch->timer = loop_timer_new(loop, look, watch);
	loop_timer_set(watch->timer, 0);
	return watch;
}

void overdue_watch_free(struct overdue_watch *watch)
{
	if (watch == NULL)
		return;
	loop_timer_free(watch->timer);
	free(watch->told.list);
	free(watch->found.list);
	free(watch);
}

static void add_id(struct ids *ids, int64_t id)
{
	if (ids->count == ids->capacity) {
		ids->capacity = ids->capacity ? 2 * ids->capacity : 64;
		ids->list = xreallocarray(ids->list, ids->capacity, sizeof(*ids->list));
	}
	ids->list[ids->count++] = id;
}

static int compare_ids(const void *a, const void *b)
{
	const int64_t *left = a, *right = b;

	return (*left > *right) - (*left < *right);
}

static bool has_id(const struct ids *ids, int64_t id)
{
	return ids->count > 0 &&
	       bsearch(&id, ids->list, ids->count, sizeof(id), compare_ids) != NULL;
}

/* ---- one job ---- */

static void warn(const struct store_job *job)
{
	char id[24], fingerprint[FINGERPRINT_TEXT_MAX], why[96];
	const struct log_field fields[] = {{"JOB_ID", id}, {"CONTRACT", job->contract},
		{"SERVICE", job->service}, {"FQDN", job->fqdn}, {"FINGERPRINT", fingerprint}};

	snprintf(id, sizeof(id), "%lld", (long long)job->id);
	text_hex(fingerprint, job->fingerprint, FINGERPRINT_SIZE);
	overdue_text(OVERDUE_REVOCATION, job->due_ms, job->revoked_ms, why, sizeof(why));
	log_event(EVENT_JOB_OVERDUE, fields, ARRAY_LENGTH(fields),
		"%s: %s %s %s: overdue: %s, and the new one is %s%s%s", job->contract, job->service,
		job->service_code, job->fqdn, why, job_state_name(job->state),
		job->detail[0] != '\0' ? ": " : "", job->detail);
}

static void judge(struct overdue_watch *watch, const struct store_job *job, int64_t now_ms)
{
	if (job_overdue(job->state, job->due_ms, job->revoked_ms, now_ms) != OVERDUE_REVOCATION)
		return;
	if (!has_id(&watch->told, job->id))
		warn(job);
	add_id(&watch->found, job->id);
}

/* ---- one look ---- */

/* What is overdue no more is forgotten, so that it would be told of again. */
static void end_look(struct overdue_watch *watch)
{
	struct ids free_list = watch->told;

	watch->told = watch->found;
	if (watch->told.count > 0)
		qsort(watch->told.list, watch->told.count, sizeof(*watch->told.list), compare_ids);
	free_list.count = 0;
	watch->found = free_list;
	watch->page.after_revoked_ms = 0;
	watch->page.after_id = 0;
	loop_timer_set(watch->timer, OVERDUE_WATCH_INTERVAL_MS);
}

static void look(void *context)
{
	overdue_watch_look(context);
}

void overdue_watch_look(struct overdue_watch *watch)
{
	int64_t now_ms = clock_wall_ms(loop_clock(watch->loop));
	struct store_job *jobs;
	struct error error;
	size_t i, count;

	watch->page.revoked_until_ms = now_ms + OVERDUE_BEFORE_REVOCATION_MS;
	if (!store_jobs_replacing(watch->store, &watch->page, &jobs, &count, &error)) {
		if (!watch->store_told)
			log_event(EVENT_STORE_PASSED_OVER, NULL, 0,
				"overdue installs are not looked for: %s", error.text);
		watch->store_told = true;
		loop_timer_set(watch->timer, OVERDUE_WATCH_INTERVAL_MS);
		return;
	}
	watch->store_told = false;
	for (i = 0; i < count; i++)
		judge(watch, &jobs[i], now_ms);
	if (count < watch->page.limit) {
		end_look(watch);
	} else {
		watch->page.after_revoked_ms = jobs[count - 1].revoked_ms;
		watch->page.after_id = jobs[count - 1].id;
		loop_timer_set(watch->timer, OVERDUE_WATCH_PAGE_MS);
	}
	store_jobs_free(jobs, count);
}
