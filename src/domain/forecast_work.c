#include "domain/forecast.h"

#include <stdio.h>

#include "domain/hours.h"

/* ---- how long it takes ---- */

/* How long a service is open from FROM_MS up to END_MS. */
static int64_t open_time(const struct service_rules *rules, const struct calendar *calendar,
	int64_t from_ms, int64_t end_ms)
{
	struct error ignored;
	int64_t open_ms = 0;

	if (!rules->has_hours)
		return end_ms - from_ms;
	while (from_ms < end_ms) {
		int64_t begin_ms, until_ms;

		/* No opening any more in the years that are known is no opening today. */
		if (!hours_next(&rules->hours, calendar, from_ms, &begin_ms, &ignored) ||
			begin_ms >= end_ms)
			break;
		until_ms = hours_until(&rules->hours, calendar, begin_ms);
		if (until_ms > end_ms)
			until_ms = end_ms;
		open_ms += until_ms - begin_ms;
		from_ms = until_ms;
	}
	return open_ms;
}

/* In floating point: a product of the two may be more than 64 bits hold. */
static int64_t time_of(int64_t installs, int64_t rate_milli)
{
	return (int64_t)((double)installs * 1e6 / (double)rate_milli + 0.5);
}

static int64_t room_in(int64_t open_ms, int64_t rate_milli)
{
	return (int64_t)((double)open_ms * (double)rate_milli / 1e6);
}

static void finish_service(struct forecast *forecast, size_t service)
{
	const struct forecast_plan *plan = &forecast->plan;
	const struct service_rules *rules = plan->services[service].rules;
	int64_t rate_milli = plan->services[service].rate_milli;
	int64_t left = 0;
	int day;

	if (rate_milli <= 0)
		return;
	for (day = 0; day < plan->days; day++) {
		struct forecast_cell *cell =
			&forecast->cells[service * (size_t)plan->days + (size_t)day];
		civil_day date = plan->first_day + day;

		cell->work_ms = time_of(cell->installs, rate_milli);
		left += cell->installs;
		if (left > 0) {
			int64_t from_ms =
				civil_instant(date, rules->opening_minute, TOKYO_OFFSET_MIN);
			int64_t room =
				room_in(open_time(rules, plan->calendar, from_ms, from_ms + DAY_MS),
					rate_milli);

			left = left > room ? left - room : 0;
		}
		cell->carried = left;
	}
}

void forecast_finish(struct forecast *forecast)
{
	size_t service;

	for (service = 0; service < forecast->plan.service_count; service++)
		finish_service(forecast, service);
}

/* ---- why ---- */

static bool is_closed(const struct forecast *forecast, civil_day day)
{
	return calendar_day(forecast->plan.calendar, day, NULL) != DAY_BUSINESS;
}

struct closure {
	civil_day first, last;
	int days; /* 0: none */
};

/* The longest run of closed days that has a day from FIRST to LAST. */
static struct closure longest_closure(
	const struct forecast *forecast, civil_day first, civil_day last)
{
	struct closure longest = {0}, run = {0};
	civil_day day;

	/* No run is endless: what is due has a business day behind it, and one before the year
	 * from which on the holidays are known. */
	while (is_closed(forecast, first) && is_closed(forecast, first - 1))
		first--;
	while (is_closed(forecast, last) && is_closed(forecast, last + 1))
		last++;
	for (day = first; day <= last; day++) {
		if (!is_closed(forecast, day)) {
			run.days = 0;
			continue;
		}
		if (run.days == 0)
			run.first = day;
		run.last = day;
		run.days++;
		if (run.days > longest.days)
			longest = run;
	}
	return longest;
}

static void closure_text(
	const struct closure *closure, int business_days, char reason[FORECAST_REASON_MAX])
{
	char first[CIVIL_DATE_MAX], last[CIVIL_DATE_MAX], which[40] = "first business day";

	civil_format_date(first, closure->first);
	civil_format_date(last, closure->last);
	if (business_days > 1)
		snprintf(which, sizeof(which), "business day %d", business_days);
	if (closure->days == 1)
		snprintf(reason, FORECAST_REASON_MAX, "%s after 1 closed day: %s", which, first);
	else
		snprintf(reason, FORECAST_REASON_MAX, "%s after %d closed days: %s to %s", which,
			closure->days, first, last);
}

bool forecast_reason(const struct forecast *forecast, int day, char reason[FORECAST_REASON_MAX])
{
	const struct forecast_plan *plan = &forecast->plan;
	const struct forecast_cell *most = NULL;
	struct closure closure = {0};
	int business_days = 0;
	size_t service;

	reason[0] = '\0';
	for (service = 0; service < plan->service_count; service++) {
		const struct forecast_cell *cell = forecast_cell(forecast, service, day);

		if (cell->installs > 0 && (most == NULL || cell->installs > most->installs)) {
			most = cell;
			business_days = plan->services[service].rules->business_days;
		}
	}
	if (most == NULL)
		return false;
	if (most->has_base)
		closure = longest_closure(forecast, most->first_base, most->last_base);
	if (most->waiting > most->installs / 2)
		snprintf(reason, FORECAST_REASON_MAX, "jobs that wait in the queue already");
	else if (most->late > most->installs / 2)
		snprintf(reason, FORECAST_REASON_MAX, "renewals that were late at the start");
	else if (closure.days > 0)
		closure_text(&closure, business_days, reason);
	else {
		snprintf(reason, FORECAST_REASON_MAX, "no closed day before it");
		return false;
	}
	return true;
}
