#include "ctl/forecast_view.h"

#include <stdio.h>

#include "ctl/calendar_request.h"

static void add_number(struct json_object *object, const char *key, int64_t number)
{
	json_object_object_add(object, key, json_object_new_int64(number));
}

static void add_day(
	struct json_object *object, const char *key, const struct forecast_view *view, int day)
{
	char date[CIVIL_DATE_MAX];

	civil_format_date(date, view->forecast.plan.first_day + day);
	json_add_text(object, key, date);
}

/* To the hundredth; null where SERVICE's rate is not known. */
static void add_hours(struct json_object *object, const struct forecast_view *view, size_t service,
	int64_t work_ms)
{
	char text[32];

	if (view->services[service].rate_milli == 0) {
		json_object_object_add(object, "hours", NULL);
		return;
	}
	snprintf(text, sizeof(text), "%.2f", (double)work_ms / 3600000.0);
	json_object_object_add(
		object, "hours", json_object_new_double_s((double)work_ms / 3600000.0, text));
}

static const char *const source_names[] = {
	[RATE_UNKNOWN] = NULL,
	[RATE_OPTION] = "option",
	[RATE_LIMIT] = "limit",
	[RATE_MEASURED] = "measured",
};

static struct json_object *services_json(const struct forecast_view *view)
{
	struct json_object *list = json_object_new_array();
	size_t service;

	for (service = 0; service < view->service_count; service++) {
		const char *source = source_names[view->rates[service].source];
		const struct forecast_busy *busy = &view->busy[service];
		const struct forecast_cell *cell;
		struct json_object *object, *busiest;

		if (busy->installs == 0)
			continue;
		cell = forecast_cell(&view->forecast, service, busy->day);
		object = json_object_new_object();
		busiest = json_object_new_object();
		json_add_text(object, "service", view->services[service].rules->id);
		add_number(object, "installs", busy->installs);
		json_object_object_add(object, "installs_per_hour",
			source == NULL ? NULL
				       : json_object_new_int64(
						 view->services[service].rate_milli * 3600 / 1000));
		json_object_object_add(object, "rate_from",
			source == NULL ? NULL : json_object_new_string(source));
		add_day(busiest, "date", view, busy->day);
		add_number(busiest, "installs", cell->installs);
		add_hours(busiest, view, service, cell->work_ms);
		json_object_object_add(object, "busiest", busiest);
		json_object_array_add(list, object);
	}
	return list;
}

static struct json_object *day_json(const struct forecast_view *view, int day)
{
	struct json_object *object = json_object_new_object(), *of = json_object_new_object();
	civil_day date = view->forecast.plan.first_day + day;
	char why[DAY_WHY_MAX];
	bool is_business = calendar_day(&view->calendar, date, why) == DAY_BUSINESS;
	int64_t closed, installs = forecast_installs(&view->forecast, day, &closed);
	size_t service;

	add_day(object, "date", view, day);
	json_add_text(object, "weekday", civil_weekday_name(civil_weekday(date)));
	json_object_object_add(object, "business", json_object_new_boolean(is_business));
	json_add_text(object, "why", why);
	add_number(object, "installs", installs);
	add_number(object, "issued_on_closed_days", closed);
	for (service = 0; service < view->service_count; service++) {
		const struct forecast_cell *cell = forecast_cell(&view->forecast, service, day);
		struct json_object *one;

		if (cell->installs == 0 && cell->carried == 0)
			continue;
		one = json_object_new_object();
		add_number(one, "installs", cell->installs);
		add_hours(one, view, service, cell->work_ms);
		add_number(one, "left", cell->carried);
		json_object_object_add(of, view->services[service].rules->id, one);
	}
	json_object_object_add(object, "services", of);
	return object;
}

static struct json_object *backlogs_json(const struct forecast_view *view)
{
	struct json_object *list = json_object_new_array(), *object;
	struct forecast_backlog backlog;
	size_t service;
	int from;

	for (service = 0; service < view->service_count; service++) {
		for (from = 0; forecast_view_backlog(view, service, from, &backlog);
			from = backlog.last + 1) {
			if (backlog.last < view->skipped)
				continue;
			object = json_object_new_object();
			json_add_text(object, "service", view->services[service].rules->id);
			add_day(object, "from", view, backlog.first);
			if (backlog.goes_on)
				json_object_object_add(object, "until", NULL);
			else
				add_day(object, "until", view, backlog.last + 1);
			add_number(object, "most", backlog.most);
			json_object_array_add(list, object);
		}
	}
	return list;
}

static struct json_object *peak_json(const struct forecast_view *view)
{
	int peak = forecast_view_peak(view);
	char reason[FORECAST_REASON_MAX];
	struct json_object *object;
	int64_t installs, closed;

	if (peak < 0)
		return NULL;
	object = json_object_new_object();
	installs = forecast_installs(&view->forecast, peak, &closed);
	forecast_reason(&view->forecast, peak, reason);
	add_day(object, "date", view, peak);
	json_add_text(object, "weekday",
		civil_weekday_name(civil_weekday(view->forecast.plan.first_day + peak)));
	add_number(object, "installs", installs);
	add_number(object, "issued_on_closed_days", closed);
	json_add_text(object, "reason", reason);
	return object;
}

void forecast_as_json(const struct forecast_view *view)
{
	struct json_object *whole = json_object_new_object(), *days = json_object_new_array();
	const struct forecast_options *options = view->options;
	char renew_at[32];
	int day;

	for (day = view->skipped; day < view->forecast.plan.days; day++) {
		if (forecast_view_shows(view, day))
			json_object_array_add(days, day_json(view, day));
	}
	snprintf(renew_at, sizeof(renew_at), "%d/%d", options->renew_part, options->renew_whole);
	add_day(whole, "from", view, view->skipped);
	add_day(whole, "until", view, view->forecast.plan.days - 1);
	add_number(whole, "certificates",
		options->certificates > 0 ? options->certificates
					  : view->waiting + view->installed);
	json_add_text(whole, "renew_at", renew_at);
	add_number(whole, "late", view->forecast.late);
	add_number(whole, "expired", view->forecast.expired);
	add_number(whole, "held", view->held);
	add_number(whole, "unknown", view->unknown);
	json_object_object_add(whole, "services", services_json(view));
	json_object_object_add(whole, "days", days);
	json_object_object_add(whole, "backlogs", backlogs_json(view));
	json_object_object_add(whole, "peak", peak_json(view));
	json_print(whole);
	putchar('\n');
}
