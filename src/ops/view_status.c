#include "ops/view_private.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/civil.h"

/* How far back a refusal is recent, and how far ahead the next open day is looked for. */
#define LATELY_MS (7 * DAY_MS)
#define OPEN_DAYS_AHEAD 30

struct service_status {
	char *service;
	int64_t counts[JOB_STATE_COUNT];
	struct store_tally tally;
	struct json_object *pause; /* NULL: none; likewise the next */
	struct json_object *progress;
};

struct status {
	const struct view_context *view;
	int64_t now_ms;
	civil_day days[3]; /* today, tomorrow, and the next open day */
	size_t day_count;
	int64_t from_ms[4];
	struct service_status *services;
	size_t service_count;
	struct json_object *sources;
};

static struct service_status *service_of(struct status *status, const char *service)
{
	struct service_status *added;
	size_t i;

	for (i = 0; i < status->service_count; i++) {
		if (strcmp(status->services[i].service, service) == 0)
			return &status->services[i];
	}
	status->services = xreallocarray(
		status->services, status->service_count + 1, sizeof(*status->services));
	added = &status->services[status->service_count++];
	*added = (struct service_status){.service = xstrdup(service)};
	return added;
}

static void clear(struct status *status)
{
	size_t i;

	for (i = 0; i < status->service_count; i++) {
		free(status->services[i].service);
		json_object_put(status->services[i].pause);
		json_object_put(status->services[i].progress);
	}
	free(status->services);
	json_object_put(status->sources);
}

/* ---- what is read ---- */

static void take_count(void *context, const char *service, enum job_state state, int64_t count)
{
	service_of(context, service)->counts[state] = count;
}

static void take_pause(void *context, const struct store_pause *pause)
{
	struct service_status *service = service_of(context, pause->service);

	json_object_put(service->pause);
	service->pause = json_object_new_object();
	json_add_instant(service->pause, "since", pause->since_ms);
	json_add_text(service->pause, "who", pause->who);
	json_add_text_or_null(
		service->pause, "reason", pause->reason[0] != '\0' ? pause->reason : NULL);
}

static void add_progress(struct json_object *object, const struct store_progress *progress)
{
	json_add_instant(object, "last_success", progress->succeeded_ms);
	json_add_instant(object, "last_failure", progress->failed_ms);
	json_add_text_or_null(
		object, "failure", progress->failed_ms != 0 ? progress->failure : NULL);
}

/* A source that is not configured any more is silent for good reason. */
static bool is_source(const struct config *config, const char *name)
{
	return (config->spool != NULL && strcmp(config->spool, name) == 0) ||
	       (config->feed_url != NULL && strcmp(config->feed_url, name) == 0);
}

static void take_progress(void *context, const struct store_progress *progress)
{
	struct status *status = context;
	struct json_object *object;
	struct service_status *service;

	if (progress->kind == STORE_PROGRESS_SERVICE) {
		service = service_of(status, progress->name);
		json_object_put(service->progress);
		service->progress = json_object_new_object();
		add_progress(service->progress, progress);
	} else if (is_source(status->view->config, progress->name)) {
		object = json_object_new_object();
		json_add_text(object, "name", progress->name);
		add_progress(object, progress);
		json_object_array_add(status->sources, object);
	}
}

static bool has_source(const struct status *status, const char *name)
{
	size_t i;

	for (i = 0; i < json_object_array_length(status->sources); i++) {
		const char *known =
			json_said_text(json_object_array_get_idx(status->sources, i), "name");

		if (known != NULL && strcmp(known, name) == 0)
			return true;
	}
	return false;
}

/* One that never did anything is shown as well: that is what is to be seen. */
static void add_silent_source(struct status *status, const char *name)
{
	const struct store_progress none = {.failure = ""};
	struct json_object *object;

	if (name == NULL || has_source(status, name))
		return;
	object = json_object_new_object();
	json_add_text(object, "name", name);
	add_progress(object, &none);
	json_object_array_add(status->sources, object);
}

static bool tally_all(struct status *status, struct error *error)
{
	size_t i;

	for (i = 0; i < status->service_count; i++) {
		struct service_status *service = &status->services[i];

		memcpy(service->tally.from_ms, status->from_ms, sizeof(status->from_ms));
		if (!store_tally_waiting(
			    status->view->store, service->service, &service->tally, error))
			return false;
	}
	return true;
}

static bool read_all(struct status *status, struct error *error)
{
	const struct config *config = status->view->config;
	struct store *store = status->view->store;
	size_t i;

	for (i = 0; i < config->profile_count; i++)
		(void)service_of(status, config->profiles[i].rules.id);
	status->sources = json_object_new_array();
	if (!store_counts(store, take_count, status, error) ||
		!store_pauses(store, take_pause, status, error) ||
		!store_progress_list(store, take_progress, status, error))
		return false;
	add_silent_source(status, config->spool);
	add_silent_source(status, config->feed_url);
	return tally_all(status, error);
}

/* ---- days ---- */

static bool is_open(const struct status *status, civil_day day)
{
	return calendar_day(&status->view->config->rulebook.calendar, day, NULL) == DAY_BUSINESS;
}

static void choose_days(struct status *status)
{
	civil_day today = civil_day_of(status->now_ms, TOKYO_OFFSET_MIN), last = today + 1;
	int ahead;

	status->days[0] = today;
	status->days[1] = today + 1;
	status->day_count = 2;
	for (ahead = 2; !is_open(status, last) && ahead < OPEN_DAYS_AHEAD; ahead++)
		last = today + ahead;
	if (last != today + 1) {
		status->days[2] = last;
		status->day_count = 3;
	}
	status->from_ms[0] = civil_instant(today, 0, TOKYO_OFFSET_MIN);
	status->from_ms[1] = civil_instant(today + 1, 0, TOKYO_OFFSET_MIN);
	status->from_ms[2] = civil_instant(today + 2, 0, TOKYO_OFFSET_MIN);
	/* Nothing falls due on the closed days between, but what is late. */
	status->from_ms[3] = civil_instant(last + 1, 0, TOKYO_OFFSET_MIN);
}

/* ---- what is said ---- */

static void add_count(struct json_object *object, const char *key, int64_t count, bool more)
{
	struct json_object *said = json_add_object(object, key);

	json_add_int(said, "count", count);
	json_add_bool(said, "more", more);
}

static void add_days(const struct status *status, struct json_object *answer)
{
	struct json_object *days = json_add_array(answer, "days");
	size_t day, i;

	for (day = 0; day < status->day_count; day++) {
		struct json_object *object = json_object_new_object();
		char date[CIVIL_DATE_MAX], why[DAY_WHY_MAX];
		int64_t count = 0;
		bool more = false;
		enum day_kind kind = calendar_day(
			&status->view->config->rulebook.calendar, status->days[day], why);

		for (i = 0; i < status->service_count; i++) {
			count += status->services[i].tally.due[day];
			more = more || status->services[i].tally.more;
		}
		civil_format_date(date, status->days[day]);
		json_add_text(object, "date", date);
		json_add_text(
			object, "weekday", civil_weekday_name(civil_weekday(status->days[day])));
		json_add_bool(object, "business", kind == DAY_BUSINESS);
		json_add_text(object, "why", why);
		add_count(object, "due", count, more);
		json_object_array_add(days, object);
	}
}

static void add_states(struct json_object *object, const int64_t counts[JOB_STATE_COUNT])
{
	int state;

	for (state = 0; state < JOB_STATE_COUNT; state++)
		json_add_int(object, job_state_name((enum job_state)state), counts[state]);
}

static struct json_object *live_json(const struct view_live *live, const char *service)
{
	size_t i;

	for (i = 0; live != NULL && i < live->service_count; i++) {
		const struct view_live_service *known = &live->services[i];
		struct json_object *object;

		if (strcmp(known->service, service) != 0)
			continue;
		object = json_object_new_object();
		json_add_text(object, "state", known->state);
		json_add_instant(object, "until", known->until_ms);
		json_add_int(object, "window", known->window);
		json_add_int(object, "in_flight", known->in_flight);
		json_add_int(object, "rate_milli", known->rate_milli);
		return object;
	}
	return NULL;
}

/* null while it is open, or when it never is. */
static void add_opening(
	const struct status *status, struct json_object *object, const struct profile *profile)
{
	int64_t opens_ms = status->now_ms;
	bool open = profile == NULL || !profile->rules.has_hours;

	if (!open && !hours_next(&profile->rules.hours, &status->view->config->rulebook.calendar,
			     status->now_ms, &opens_ms, NULL))
		opens_ms = 0;
	json_add_bool(object, "open", open || opens_ms == status->now_ms);
	json_add_instant(object, "opens", open || opens_ms == status->now_ms ? 0 : opens_ms);
}

static struct json_object *service_json(
	const struct status *status, const struct service_status *service)
{
	static const struct store_progress none = {.failure = ""};
	const struct profile *profile = config_profile(status->view->config, service->service);
	struct json_object *object = json_object_new_object();

	json_add_text(object, "service", service->service);
	json_add_bool(object, "configured", profile != NULL);
	json_add_bool(object, "has_endpoint", profile != NULL && profile->endpoint != NULL);
	add_opening(status, object, profile);
	add_states(object, service->counts);
	add_count(object, "due_today", service->tally.due[0], service->tally.more);
	add_count(object, "overdue", service->tally.late, service->tally.more);
	json_object_object_add(object, "pause", json_object_get(service->pause));
	json_object_object_add(object, "live", live_json(status->view->live, service->service));
	if (service->progress == NULL) {
		add_progress(object, &none);
		return object;
	}
	json_object_object_foreach(service->progress, key, value)
	{
		json_object_object_add(object, key, json_object_get(value));
	}
	return object;
}

static void add_services(const struct status *status, struct json_object *answer)
{
	int64_t counts[JOB_STATE_COUNT] = {0}, late = 0;
	struct json_object *services = json_object_new_array();
	bool more = false;
	size_t i;
	int state;

	for (i = 0; i < status->service_count; i++) {
		const struct service_status *service = &status->services[i];

		for (state = 0; state < JOB_STATE_COUNT; state++)
			counts[state] += service->counts[state];
		late += service->tally.late;
		more = more || service->tally.more;
		json_object_array_add(services, service_json(status, service));
	}
	add_count(answer, "overdue", late, more);
	add_states(json_add_object(answer, "states"), counts);
	json_object_object_add(answer, "services", services);
}

/* What ended lately is looked for as well: it is worse, and must not go out of sight by that. */
static bool add_expiring(
	const struct status *status, struct json_object *answer, struct error *error)
{
	struct store *store = status->view->store;
	int64_t soon_ms = status->now_ms + 7 * DAY_MS, later_ms = status->now_ms + 30 * DAY_MS;
	int64_t soon, later;
	bool more_soon, more_later;

	if (!store_tally_expiring(
		    store, status->now_ms - LATELY_MS, soon_ms, &soon, &more_soon, error) ||
		!store_tally_expiring(store, soon_ms, later_ms, &later, &more_later, error))
		return false;
	add_count(answer, "expiring_7_days", soon, more_soon);
	add_count(answer, "expiring_30_days", soon + later, more_soon || more_later);
	return true;
}

static bool add_figures(
	const struct status *status, struct json_object *answer, struct error *error)
{
	struct store *store = status->view->store;
	int64_t revocation, refused, set_aside;
	bool more;

	if (!store_tally_replacing(store, status->now_ms + OVERDUE_BEFORE_REVOCATION_MS,
		    &revocation, &more, error) ||
		!store_tally_refused(store, status->now_ms - LATELY_MS, &refused, error) ||
		!store_tally_set_aside(store, &set_aside, error))
		return false;
	add_count(answer, "revocation", revocation, more);
	if (!add_expiring(status, answer, error))
		return false;
	json_add_int(answer, "refused_lately", refused);
	json_add_int(answer, "set_aside", set_aside);
	return true;
}

bool view_status(const struct view_context *view, struct json_object **answer, struct error *error)
{
	struct status status = {.view = view, .now_ms = clock_wall_ms(view->clock)};
	struct json_object *object = json_object_new_object();
	bool done;

	choose_days(&status);
	done = read_all(&status, error);
	if (done) {
		json_add_instant(object, "now", status.now_ms);
		json_add_bool(object, "live", view->live != NULL);
		json_add_instant(
			object, "started", view->live != NULL ? view->live->started_ms : 0);
		add_days(&status, object);
		done = add_figures(&status, object, error);
	}
	if (done) {
		add_services(&status, object);
		json_object_object_add(object, "sources", json_object_get(status.sources));
	} else {
		json_object_put(object);
		object = NULL;
	}
	clear(&status);
	*answer = object;
	return done;
}
