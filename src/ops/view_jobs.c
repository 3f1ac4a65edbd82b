#include "ops/view_private.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/civil.h"
#include "base/text.h"

#define OVERDUE_TEXT_MAX 96

static void add_overdue(
	struct json_object *object, const struct view_context *view, const struct store_job *job)
{
	enum overdue why =
		job_overdue(job->state, job->due_ms, job->revoked_ms, clock_wall_ms(view->clock));
	struct json_object *overdue;
	char text[OVERDUE_TEXT_MAX];

	if (why == OVERDUE_NOT) {
		json_object_object_add(object, "overdue", NULL);
		return;
	}
	overdue_text(why, job->due_ms, job->revoked_ms, text, sizeof(text));
	overdue = json_add_object(object, "overdue");
	json_add_text(overdue, "reason", overdue_name(why));
	json_add_text(overdue, "text", text);
}

bool view_holder(const struct view_context *view, const struct store_job *job, char **holder,
	struct error *error)
{
	struct store_tenant *tenants;
	size_t i, count;

	*holder = NULL;
	if (job->state != JOB_HELD)
		return true;
	if (!store_tenants_of_pair(
		    view->store, job->service, job->service_code, &tenants, &count, error))
		return false;
	for (i = 0; i < count && *holder == NULL; i++) {
		if (tenants[i].holds)
			*holder = xstrdup(tenants[i].contract);
	}
	store_tenants_free(tenants, count);
	return true;
}

struct json_object *view_job_json(
	const struct view_context *view, const struct store_job *job, const char *holder)
{
	struct json_object *object = json_object_new_object();
	char fingerprint[FINGERPRINT_TEXT_MAX];

	text_hex(fingerprint, job->fingerprint, FINGERPRINT_SIZE);
	json_add_int(object, "job", job->id);
	json_add_text(object, "contract", job->contract);
	json_add_text(object, "service", job->service);
	json_add_text(object, "service_code", job->service_code);
	json_add_text(object, "fqdn", job->fqdn);
	json_add_text(object, "fingerprint_sha256", fingerprint);
	json_add_text(object, "state", job_state_name(job->state));
	json_add_text_or_null(object, "holder", holder);
	json_add_instant(object, "due", job->due_ms);
	json_add_instant(object, "next", job->next_ms);
	json_add_int(object, "attempts", job->attempts);
	json_add_bool(object, "guarded", job->guarded);
	json_add_text(object, "detail", job->detail);
	json_add_instant(object, "replaced_revoked", job->revoked_ms);
	add_overdue(object, view, job);
	json_add_instant(object, "not_after", job->not_after_ms);
	return object;
}

/* ---- the query ---- */

static bool take_states(struct view_jobs_query *query, const char *value, struct error *error)
{
	char *copy = xstrdup(value), *rest = NULL, *name, clean[40];
	enum job_state state;
	bool good = true;

	for (name = strtok_r(copy, ",", &rest); good && name != NULL;
		name = strtok_r(NULL, ",", &rest)) {
		good = job_state_from_name(name, &state);
		if (good) {
			query->states |= 1U << state;
			continue;
		}
		text_sanitise(clean, sizeof(clean), name, strlen(name));
		error_set(error, ERROR_PERMANENT,
			"state: \"%s\" is none of held, scheduled, installing, verifying, "
			"retrying, installed, failed, refused, superseded, cancelled",
			clean);
	}
	free(copy);
	return good;
}

static bool take_instant(
	const char *key, const char *value, bool of_end, int64_t *instant_ms, struct error *error)
{
	civil_day day;

	if (civil_parse_date(value, &day)) {
		*instant_ms = civil_instant(of_end ? day + 1 : day, 0, TOKYO_OFFSET_MIN);
		return true;
	}
	if (civil_parse_instant(value, instant_ms))
		return true;
	return error_set(error, ERROR_PERMANENT,
		"%s: not a day (2026-11-24), nor an instant (2026-11-24T09:00:00+09:00)", key);
}

const char *view_sort_name(enum view_sort sort)
{
	static const char *const names[] = {
		[VIEW_SORT_ID] = "id",
		[VIEW_SORT_DUE] = "due",
		[VIEW_SORT_STATE] = "state",
		[VIEW_SORT_SERVICE] = "service",
		[VIEW_SORT_FQDN] = "fqdn",
		[VIEW_SORT_NEXT] = "next",
	};

	return names[sort];
}

static bool take_sort(struct view_jobs_query *query, const char *value, struct error *error)
{
	size_t i;

	for (i = 0; i <= VIEW_SORT_NEXT; i++) {
		if (strcmp(value, view_sort_name((enum view_sort)i)) == 0) {
			query->sort = (enum view_sort)i;
			return true;
		}
	}
	return error_set(
		error, ERROR_PERMANENT, "sort: it is one of id, due, state, service, fqdn, next");
}

static bool take_number(const char *key, const char *value, int64_t minimum, int64_t maximum,
	int64_t *number, struct error *error)
{
	return text_to_int64(value, minimum, maximum, number) ||
	       error_set(error, ERROR_PERMANENT, "%s: not a whole number of %lld to %lld", key,
		       (long long)minimum, (long long)maximum);
}

static bool take_overdue(struct view_jobs_query *query, const char *value, struct error *error)
{
	query->overdue = strcmp(value, "false") != 0;
	return !query->overdue || value[0] == '\0' || strcmp(value, "true") == 0 ||
	       error_set(error, ERROR_PERMANENT, "overdue: it is true or false");
}

bool view_jobs_take(
	struct view_jobs_query *query, const char *key, const char *value, struct error *error)
{
	int64_t number = 0;
	char clean[40];

	if (strcmp(key, "state") == 0)
		return take_states(query, value, error);
	if (strcmp(key, "overdue") == 0)
		return take_overdue(query, value, error);
	if (strcmp(key, "sort") == 0)
		return take_sort(query, value, error);
	if (strcmp(key, "due-after") == 0)
		return take_instant(key, value, false, &query->due_after_ms, error);
	if (strcmp(key, "due-before") == 0)
		return take_instant(key, value, true, &query->due_before_ms, error);
	if (strcmp(key, "after") == 0)
		return take_number(key, value, 0, INT64_MAX, &query->after_id, error);
	if (strcmp(key, "limit") == 0) {
		if (!take_number(key, value, 1, VIEW_JOBS_MAX, &number, error))
			return false;
		query->limit = (size_t)number;
	} else if (strcmp(key, "service") == 0) {
		query->service = value;
	} else if (strcmp(key, "contract") == 0) {
		query->contract = value;
	} else if (strcmp(key, "fqdn") == 0) {
		query->fqdn = value;
	} else {
		text_sanitise(clean, sizeof(clean), key, strlen(key));
		return error_set(error, ERROR_PERMANENT, "\"%s\" is nothing to ask jobs by", clean);
	}
	return true;
}

/* ---- the list ---- */

struct listing {
	const struct view_context *view;
	struct json_object *jobs;
	size_t count, limit;
	bool failed;
	struct error error;
};

static void list_job(void *context, const struct store_job *job)
{
	struct listing *listing = context;
	char *holder;

	/* One more than the limit is asked for, which says that there are more. */
	if (listing->count++ >= listing->limit || listing->failed)
		return;
	if (!view_holder(listing->view, job, &holder, &listing->error)) {
		listing->failed = true;
		return;
	}
	json_object_array_add(listing->jobs, view_job_json(listing->view, job, holder));
	free(holder);
}

/* How many jobs there can be at most, by the counters. */
struct counted {
	const struct view_jobs_query *query;
	int64_t count;
};

static void add_count(void *context, const char *service, enum job_state state, int64_t count)
{
	struct counted *counted = context;
	const struct view_jobs_query *query = counted->query;

	if ((query->states & 1U << state) != 0 &&
		(query->service == NULL || strcmp(query->service, service) == 0))
		counted->count += count;
}

/*
 * States alone have no index: the search goes through the jobs, but no further than to the last one
 * that the counters know of.
 */
static bool limit_search(const struct view_context *view, const struct view_jobs_query *query,
	struct store_search *search, struct error *error)
{
	struct counted counted = {.query = query};

	if (query->states == 0 || query->fqdn != NULL || query->contract != NULL ||
		query->after_id != 0)
		return true;
	if (!store_counts(view->store, add_count, &counted, error))
		return false;
	/* A limit of 0 would be none. */
	if (counted.count == 0)
		search->after_id = INT64_MAX;
	else if ((uint64_t)counted.count < search->limit)
		search->limit = (size_t)counted.count;
	return true;
}

bool view_jobs(const struct view_context *view, const struct view_jobs_query *query,
	struct json_object **answer, struct error *error)
{
	static const enum store_sort sorts[] = {
		[VIEW_SORT_ID] = STORE_SORT_ID,
		[VIEW_SORT_DUE] = STORE_SORT_DUE,
		[VIEW_SORT_STATE] = STORE_SORT_STATE,
		[VIEW_SORT_SERVICE] = STORE_SORT_SERVICE,
		[VIEW_SORT_FQDN] = STORE_SORT_FQDN,
		[VIEW_SORT_NEXT] = STORE_SORT_NEXT,
	};
	int64_t now_ms = clock_wall_ms(view->clock);
	struct listing listing = {
		.view = view, .limit = query->limit != 0 ? query->limit : VIEW_JOBS_DEFAULT};
	struct store_search search = {
		.service = query->service,
		.contract = query->contract,
		.fqdn = query->fqdn,
		.states = query->states,
		.due_after_ms = query->due_after_ms,
		.due_before_ms = query->due_before_ms,
		.sort = sorts[query->sort],
		.after_id = query->after_id,
	};

	if (listing.limit > VIEW_JOBS_MAX)
		listing.limit = VIEW_JOBS_MAX;
	search.limit = listing.limit + 1;
	if (query->overdue) {
		search.late_before_ms =
			civil_instant(civil_day_of(now_ms, TOKYO_OFFSET_MIN), 0, TOKYO_OFFSET_MIN);
		search.revoked_until_ms = now_ms + OVERDUE_BEFORE_REVOCATION_MS;
	}
	*answer = json_object_new_object();
	listing.jobs = json_add_array(*answer, "jobs");
	if (limit_search(view, query, &search, error) &&
		store_jobs_search(view->store, &search, list_job, &listing, error) &&
		!listing.failed) {
		json_add_bool(*answer, "more", listing.count > listing.limit);
		return true;
	}
	if (listing.failed)
		*error = listing.error;
	json_object_put(*answer);
	*answer = NULL;
	return false;
}
