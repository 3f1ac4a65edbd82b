#include "domain/forecast.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "domain/certificate.h"
#include "domain/schedule.h"

#define HOUR_MS INT64_C(3600000)

/*
 * Where a day of issuance leads to, worked out when it is first asked for: the calendar is walked
 * once a day and service, not once a certificate.
 */
struct forecast_day_cache {
	bool is_known[2]; /* before the cut-off, and not before it */
	civil_day due[2];
	bool is_closed; /* the day of issuance itself, once one of the two is known */
};

/* So far before the first day an issuance can still lead into it, for all that is usual; what is
 * older is worked out each time. */
#define CACHE_BEFORE 120

void forecast_init(struct forecast *forecast, const struct forecast_plan *plan)
{
	assert(plan->days >= 1 && plan->days <= FORECAST_DAYS_MAX);
	assert(plan->renew_part >= 1 && plan->renew_part <= plan->renew_whole &&
		plan->renew_whole <= 1000);
	*forecast = (struct forecast){
		.plan = *plan,
		.cache_first = plan->first_day - CACHE_BEFORE,
		.cache_days = CACHE_BEFORE + plan->days,
	};
	forecast->cells =
		xcalloc(plan->service_count * (size_t)plan->days + 1, sizeof(*forecast->cells));
	forecast->cache = xcalloc(
		plan->service_count * (size_t)forecast->cache_days + 1, sizeof(*forecast->cache));
}

void forecast_clear(struct forecast *forecast)
{
	free(forecast->cells);
	free(forecast->cache);
	*forecast = (struct forecast){0};
}

static struct forecast_cell *cell_at(const struct forecast *forecast, size_t service, int day)
{
	assert(service < forecast->plan.service_count && day >= 0 && day < forecast->plan.days);
	return &forecast->cells[service * (size_t)forecast->plan.days + (size_t)day];
}

const struct forecast_cell *forecast_cell(const struct forecast *forecast, size_t service, int day)
{
	return cell_at(forecast, service, day);
}

/* The day on which what is issued at BASE_MS is due, and whether that day itself is closed. */
static bool due_day(struct forecast *forecast, size_t service, int64_t base_ms, civil_day *due,
	bool *is_closed, struct error *error)
{
	const struct forecast_plan *plan = &forecast->plan;
	const struct service_rules *service_rules = plan->services[service].rules;
	const struct schedule_rules rules = {.business_days = service_rules->business_days,
		.opening_minute = service_rules->opening_minute,
		.cutoff_minute = plan->cutoff_minute};
	civil_day day = civil_day_of(base_ms, TOKYO_OFFSET_MIN);
	int late = base_ms >= civil_instant(day, plan->cutoff_minute, TOKYO_OFFSET_MIN);
	int64_t at = (int64_t)day - forecast->cache_first;
	struct forecast_day_cache *entry = NULL;
	int64_t due_ms;

	if (at >= 0 && at < forecast->cache_days)
		entry = &forecast->cache[service * (size_t)forecast->cache_days + (size_t)at];
	if (entry != NULL && entry->is_known[late]) {
		*due = entry->due[late];
		*is_closed = entry->is_closed;
		return true;
	}
	if (!schedule_due(plan->calendar, &rules, base_ms, &due_ms, error))
		return false;
	*due = civil_day_of(due_ms, TOKYO_OFFSET_MIN);
	*is_closed = calendar_day(plan->calendar, day, NULL) != DAY_BUSINESS;
	if (entry != NULL) {
		entry->is_closed = *is_closed;
		entry->due[late] = *due;
		entry->is_known[late] = true;
	}
	return true;
}

/* COUNT installs of what is issued at BASE_MS. LATE: only because it was late at the start. */
static bool count_issued(struct forecast *forecast, const struct forecast_lot *lot, int64_t base_ms,
	bool is_late, struct error *error)
{
	civil_day base = civil_day_of(base_ms, TOKYO_OFFSET_MIN);
	struct forecast_cell *cell;
	bool is_closed;
	civil_day due;

	if (!due_day(forecast, lot->service, base_ms, &due, &is_closed, error))
		return false;
	if (due < forecast->plan.first_day || due >= forecast->plan.first_day + forecast->plan.days)
		return true;
	cell = cell_at(forecast, lot->service, due - forecast->plan.first_day);
	cell->installs += lot->count;
	if (is_late) {
		cell->late += lot->count;
		return true;
	}
	if (is_closed)
		cell->closed += lot->count;
	if (!cell->has_base || base < cell->first_base)
		cell->first_base = base;
	if (!cell->has_base || base > cell->last_base)
		cell->last_base = base;
	cell->has_base = true;
	return true;
}

static void count_waiting(struct forecast *forecast, const struct forecast_lot *lot)
{
	const struct forecast_plan *plan = &forecast->plan;
	civil_day due = civil_day_of(lot->due_ms, TOKYO_OFFSET_MIN);
	struct forecast_cell *cell;

	if (due < plan->first_day)
		due = plan->first_day;
	if (due >= plan->first_day + plan->days)
		return;
	cell = cell_at(forecast, lot->service, due - plan->first_day);
	cell->installs += lot->count;
	cell->waiting += lot->count;
}

/* After how much of LIFE_MS a certificate is renewed. */
static int64_t renewed_after(const struct forecast_plan *plan, int64_t life_ms)
{
	int64_t after_ms = life_ms / plan->renew_whole * plan->renew_part +
			   life_ms % plan->renew_whole * plan->renew_part / plan->renew_whole;

	return after_ms < DAY_MS ? DAY_MS : after_ms;
}

static bool is_weekend(int64_t instant_ms)
{
	int weekday = civil_weekday(civil_day_of(instant_ms, TOKYO_OFFSET_MIN));

	return weekday == 0 || weekday == 6;
}

static int64_t least(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

bool forecast_add(struct forecast *forecast, const struct forecast_lot *lot, struct error *error)
{
	const struct forecast_plan *plan = &forecast->plan;
	int64_t start_ms = civil_instant(plan->first_day, 0, TOKYO_OFFSET_MIN);
	int64_t end_ms = civil_instant(plan->first_day + plan->days, 0, TOKYO_OFFSET_MIN);
	int64_t issued_ms = lot->not_before_ms, life_ms = lot->not_after_ms + 1 - issued_ms;
	int64_t renewal_ms;

	if (lot->kind == LOT_ISSUED && !count_issued(forecast, lot, issued_ms, false, error))
		return false;
	if (lot->kind == LOT_WAITING)
		count_waiting(forecast, lot);
	if (life_ms <= 0 || lot->not_after_ms < start_ms) {
		forecast->expired += lot->count;
		return true;
	}
	while ((renewal_ms = issued_ms + renewed_after(plan, life_ms)) < end_ms) {
		bool is_late = renewal_ms < start_ms;

		if (is_late) {
			forecast->late += lot->count;
			renewal_ms = start_ms;
		}
		while (plan->is_weekdays_only && is_weekend(renewal_ms))
			renewal_ms += DAY_MS;
		if (!count_issued(forecast, lot, renewal_ms, is_late, error))
			return false;
		issued_ms = renewal_ms;
		life_ms = least(life_ms, certificate_days_max(issued_ms) * DAY_MS);
	}
	return true;
}

bool forecast_add_estate(struct forecast *forecast, size_t service, int64_t count,
	int64_t lifetime_ms, struct error *error)
{
	const struct forecast_plan *plan = &forecast->plan;
	int64_t start_ms = civil_instant(plan->first_day, 0, TOKYO_OFFSET_MIN);
	int64_t after_ms = renewed_after(plan, lifetime_ms);
	int64_t hours = after_ms / HOUR_MS;
	int64_t weekdays = 0, slots, slot = 0, done = 0, hour;

	/* The hours in which those that live now were issued, the last one just before the start;
	 * all of them where a short life leaves nothing but a weekend. */
	for (hour = -hours; hour < 0; hour++)
		weekdays += !is_weekend(start_ms + hour * HOUR_MS);
	slots = plan->is_weekdays_only && weekdays > 0 ? weekdays : hours;
	for (hour = -hours; hour < 0; hour++) {
		int64_t issued_ms = start_ms + hour * HOUR_MS, upto;
		struct forecast_lot lot = {.kind = LOT_ISSUED,
			.service = service,
			.not_before_ms = issued_ms,
			.not_after_ms = issued_ms + lifetime_ms - 1};

		if (slots < hours && is_weekend(issued_ms))
			continue;
		slot++;
		upto = count / slots * slot + count % slots * slot / slots;
		lot.count = upto - done;
		done = upto;
		if (lot.count > 0 && !forecast_add(forecast, &lot, error))
			return false;
	}
	return true;
}

int64_t forecast_installs(const struct forecast *forecast, int day, int64_t *closed)
{
	int64_t installs = 0, on_closed = 0;
	size_t service;

	for (service = 0; service < forecast->plan.service_count; service++) {
		const struct forecast_cell *cell = cell_at(forecast, service, day);

		installs += cell->installs;
		on_closed += cell->closed;
	}
	if (closed != NULL)
		*closed = on_closed;
	return installs;
}

int forecast_peak(const struct forecast *forecast, int from)
{
	int64_t most = 0;
	int day, peak = -1;

	for (day = from; day < forecast->plan.days; day++) {
		int64_t installs = forecast_installs(forecast, day, NULL);

		if (installs > most) {
			most = installs;
			peak = day;
		}
	}
	return peak;
}
