#include "ctl/forecast_view.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "domain/certificate.h"

/* ---- rates ---- */

/* A median of this many says enough; they are looked for among so many of the latest attempts. */
#define PUSHES_MAX 501
#define ATTEMPTS_LOOKED_AT 100000

struct pushes {
	int64_t duration_ms[PUSHES_MAX];
	size_t count;
};

struct measuring {
	const struct forecast_view *view;
	struct pushes *pushes; /* one a service */
};

/* The place of service ID; service_count when there is none. */
static size_t find_service(const struct forecast_view *view, const char *id)
{
	size_t i;

	for (i = 0; i < view->service_count; i++) {
		if (strcmp(view->services[i].rules->id, id) == 0)
			break;
	}
	return i;
}

static void take_duration(void *context, const char *service, int64_t duration_ms)
{
	struct measuring *measuring = context;
	size_t at = find_service(measuring->view, service);

	if (at < measuring->view->service_count && measuring->pushes[at].count < PUSHES_MAX)
		measuring->pushes[at].duration_ms[measuring->pushes[at].count++] = duration_ms;
}

static int compare_durations(const void *a, const void *b)
{
	int64_t left = *(const int64_t *)a, right = *(const int64_t *)b;

	return (left > right) - (left < right);
}

static void set_median(struct forecast_rate *rate, struct pushes *pushes)
{
	if (pushes->count == 0)
		return;
	qsort(pushes->duration_ms, pushes->count, sizeof(pushes->duration_ms[0]),
		compare_durations);
	rate->is_measured = true;
	rate->pushes = pushes->count;
	rate->median_ms = pushes->duration_ms[pushes->count / 2];
}

static bool measure(struct forecast_view *view, struct store *store, struct error *error)
{
	struct measuring measuring = {
		.view = view,
		.pushes = xcalloc(view->service_count + 1, sizeof(*measuring.pushes)),
	};
	bool done =
		store_push_durations(store, ATTEMPTS_LOOKED_AT, take_duration, &measuring, error);
	size_t i;

	for (i = 0; done && i < view->service_count; i++)
		set_median(&view->rates[i], &measuring.pushes[i]);
	free(measuring.pushes);
	return done;
}

static int64_t least(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

/* The lower of its limit and what its concurrency makes of a push's duration. */
static void set_rate(struct forecast_view *view, size_t service)
{
	const struct profile *profile =
		config_profile(view->config, view->services[service].rules->id);
	struct forecast_rate *rate = &view->rates[service];
	int64_t *milli = &view->services[service].rate_milli;

	if (profile == NULL)
		return;
	rate->concurrency = (int)least(profile->concurrency, view->config->concurrency);
	rate->limit_milli = profile->rate_milli;
	if (rate->is_measured) {
		rate->source = RATE_MEASURED;
		*milli = INT64_C(1000000) * rate->concurrency /
			 (rate->median_ms > 0 ? rate->median_ms : 1);
		if (*milli == 0)
			*milli = 1;
	}
	if (rate->limit_milli > 0 && (!rate->is_measured || rate->limit_milli < *milli)) {
		rate->source = RATE_LIMIT;
		*milli = rate->limit_milli;
	}
}

static bool unknown_service(
	const struct forecast_view *view, const char *option, const char *id, struct error *error)
{
	struct buffer known = {0};
	size_t i;

	for (i = 0; i < view->service_count; i++)
		buffer_printf(&known, "%s%s", i > 0 ? ", " : "", view->services[i].rules->id);
	error_set(error, ERROR_PERMANENT, "--%s: no service \"%.64s\" is known; known are: %s",
		option, id, buffer_text(&known));
	buffer_free(&known);
	return false;
}

bool forecast_view_rates(struct forecast_view *view, struct store *store, struct error *error)
{
	const struct forecast_options *options = view->options;
	size_t i;

	if (store != NULL && !measure(view, store, error))
		return false;
	for (i = 0; i < view->service_count; i++)
		set_rate(view, i);
	for (i = 0; i < options->rate_count; i++) {
		size_t at = find_service(view, options->rates[i].service);

		if (at == view->service_count)
			return unknown_service(view, "rate", options->rates[i].service, error);
		view->rates[at].source = RATE_OPTION;
		view->services[at].rate_milli = options->rates[i].value;
	}
	return true;
}

/* ---- certificates ---- */

bool forecast_view_estate(struct forecast_view *view, struct error *error)
{
	const struct forecast_options *options = view->options;
	int64_t start_ms = civil_instant(view->forecast.plan.first_day, 0, TOKYO_OFFSET_MIN);
	int64_t upto, done = 0, per_cent = 0;
	size_t i;

	view->lifetime_ms = options->lifetime_ms;
	if (view->lifetime_ms == 0)
		view->lifetime_ms = certificate_days_max(start_ms) * DAY_MS;
	for (i = 0; i < options->share_count; i++) {
		size_t at = find_service(view, options->shares[i].service);

		if (at == view->service_count)
			return unknown_service(view, "service", options->shares[i].service, error);
		per_cent += options->shares[i].value;
		upto = options->certificates * per_cent / 100;
		if (!forecast_add_estate(
			    &view->forecast, at, upto - done, view->lifetime_ms, error))
			return false;
		done = upto;
	}
	return true;
}

struct reading {
	struct forecast_view *view;
	struct error *error;
	bool failed;
};

static void take_job(void *context, const struct store_ahead *ahead)
{
	struct reading *reading = context;
	struct forecast_view *view = reading->view;
	struct forecast_lot lot = {
		.kind = ahead->is_open ? LOT_WAITING : LOT_INSTALLED,
		.service = find_service(view, ahead->service),
		.count = 1,
		.not_before_ms = ahead->not_before_ms,
		.not_after_ms = ahead->not_after_ms,
		.due_ms = ahead->due_ms,
	};

	if (reading->failed)
		return;
	if (lot.service == view->service_count) {
		view->unknown++;
		return;
	}
	if (ahead->is_open)
		view->waiting++;
	else
		view->installed++;
	reading->failed = !forecast_add(&view->forecast, &lot, reading->error);
}

static void take_count(void *context, const char *service, enum job_state state, int64_t count)
{
	struct forecast_view *view = context;

	(void)service;
	if (state == JOB_HELD)
		view->held += count;
}

bool forecast_view_stored(struct forecast_view *view, struct store *store, struct error *error)
{
	struct error own = {0};
	struct reading reading = {.view = view, .error = &own};

	if (!store_forecast_jobs(store, take_job, &reading, error))
		return false;
	if (reading.failed) {
		*error = own;
		return false;
	}
	return store_counts(store, take_count, view, error);
}

/* ---- what is to be seen in it ---- */

void forecast_view_finish(struct forecast_view *view)
{
	size_t service;
	int day;

	forecast_finish(&view->forecast);
	view->busy = xcalloc(view->service_count + 1, sizeof(*view->busy));
	for (service = 0; service < view->service_count; service++) {
		struct forecast_busy *busy = &view->busy[service];
		int64_t most = 0;

		for (day = view->skipped; day < view->forecast.plan.days; day++) {
			int64_t installs = forecast_cell(&view->forecast, service, day)->installs;

			busy->installs += installs;
			if (installs > most) {
				most = installs;
				busy->day = day;
			}
		}
	}
}

bool forecast_view_backlog(
	const struct forecast_view *view, size_t service, int from, struct forecast_backlog *found)
{
	int day, days = view->forecast.plan.days;

	for (day = from; day < days; day++) {
		if (forecast_cell(&view->forecast, service, day)->carried > 0)
			break;
	}
	if (day == days)
		return false;
	*found = (struct forecast_backlog){.service = service, .first = day};
	for (; day < days; day++) {
		int64_t carried = forecast_cell(&view->forecast, service, day)->carried;

		if (carried == 0)
			break;
		if (carried > found->most)
			found->most = carried;
		found->last = day;
	}
	found->goes_on = day == days;
	return true;
}

bool forecast_view_shows(const struct forecast_view *view, int day)
{
	size_t service;

	if (view->options->all)
		return true;
	for (service = 0; service < view->service_count; service++) {
		const struct forecast_cell *cell = forecast_cell(&view->forecast, service, day);

		if (cell->installs > 0 || cell->carried > 0)
			return true;
	}
	return false;
}

int forecast_view_peak(const struct forecast_view *view)
{
	return forecast_peak(&view->forecast, view->skipped);
}
