#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "domain/forecast.h"

#define HOUR INT64_C(3600000)

static struct holidays *holidays;
static struct calendar calendar;

static int set_up(void **state)
{
	(void)state;
	holidays = holidays_new();
	calendar = calendar_default(holidays);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	holidays_free(holidays);
	return 0;
}

static civil_day day_of(const char *text)
{
	civil_day day;

	if (!civil_parse_date(text, &day))
		fail_msg("\"%s\" is no date", text);
	return day;
}

static int64_t instant(const char *text)
{
	int64_t ms;

	if (!civil_parse_instant(text, &ms))
		fail_msg("\"%s\" is no instant", text);
	return ms;
}

/* One service of each length; the third has hours. */
static char id_one[] = "one", id_four[] = "four", id_none[] = "none";
static struct service_rules rules[] = {
	{.id = id_one, .business_days = 1, .opening_minute = 540},
	{.id = id_four, .business_days = 4, .opening_minute = 540},
	{.id = id_none, .business_days = 0, .opening_minute = 600},
};
#define SERVICES 3
static struct forecast_service services[SERVICES];

static struct forecast_plan plan_of(const char *first, int days)
{
	size_t i;

	for (i = 0; i < SERVICES; i++)
		services[i] = (struct forecast_service){.rules = &rules[i]};
	return (struct forecast_plan){
		.calendar = &calendar,
		.services = services,
		.service_count = SERVICES,
		.cutoff_minute = 1440,
		.first_day = day_of(first),
		.days = days,
		.renew_part = 2,
		.renew_whole = 3,
	};
}

static void add(struct forecast *forecast, const struct forecast_lot *lot)
{
	struct error error;

	if (!forecast_add(forecast, lot, &error))
		fail_msg("%s", error.text);
}

static void add_estate(struct forecast *forecast, size_t service, int64_t count, int64_t lifetime)
{
	struct error error;

	if (!forecast_add_estate(forecast, service, count, lifetime, &error))
		fail_msg("%s", error.text);
}

/* The days with installs of SERVICE and how many: "2026-11-24 3, …". */
static char *listed(const struct forecast *forecast, size_t service)
{
	struct buffer {
		char text[4096];
		size_t length;
	} all = {{0}, 0};
	int day;

	for (day = 0; day < forecast->plan.days; day++) {
		const struct forecast_cell *cell = forecast_cell(forecast, service, day);
		char date[CIVIL_DATE_MAX];

		if (cell->installs == 0)
			continue;
		civil_format_date(date, forecast->plan.first_day + day);
		all.length += (size_t)snprintf(all.text + all.length, sizeof(all.text) - all.length,
			"%s%s %d", all.length > 0 ? ", " : "", date, (int)cell->installs);
		assert_true(all.length < sizeof(all.text));
	}
	return xstrdup(all.text);
}

/* ---- lots, one by one ---- */

/* From 2026-11-01 on; what they lead to within so many days. */
static const struct {
	const char *name;
	enum forecast_lot_kind kind;
	size_t service;
	const char *first;
	int days;
	const char *begins;
	int life; /* days */
	const char *due;
	const char *wanted;
} lots[] = {
	{"just issued: due on the next business day, then renewed", LOT_ISSUED, 0, "2026-11-19", 40,
		"2026-11-20T10:15:00+09:00", 30, NULL, "2026-11-24 3, 2026-12-11 3"},
	{"issued so long ago that its install is over", LOT_ISSUED, 0, "2026-11-25", 20,
		"2026-11-20T10:15:00+09:00", 30, NULL, "2026-12-11 3"},
	{"issued before the start, due after it", LOT_ISSUED, 0, "2026-11-23", 10,
		"2026-11-20T10:15:00+09:00", 30, NULL, "2026-11-24 3"},
	{"four business days", LOT_ISSUED, 1, "2026-11-19", 40, "2026-11-20T10:15:00+09:00", 30,
		NULL, "2026-11-27 3, 2026-12-16 3"},
	{"on the day itself", LOT_ISSUED, 2, "2026-11-19", 40, "2026-11-20T10:15:00+09:00", 30,
		NULL, "2026-11-20 3, 2026-12-10 3"},
	{"waiting: due when it says", LOT_WAITING, 0, "2026-11-19", 40, "2026-11-20T10:15:00+09:00",
		30, "2026-11-26T09:00:00+09:00", "2026-11-26 3, 2026-12-11 3"},
	{"waiting, and late: due at the start", LOT_WAITING, 0, "2026-11-28", 10,
		"2026-11-20T10:15:00+09:00", 30, "2026-11-26T09:00:00+09:00", "2026-11-28 3"},
	{"waiting, due after the end", LOT_WAITING, 0, "2026-11-19", 7, "2026-11-18T10:15:00+09:00",
		30, "2026-11-26T09:00:00+09:00", ""},
	{"installed: its renewals alone", LOT_INSTALLED, 0, "2026-11-19", 50,
		"2026-11-18T10:15:00+09:00", 30, NULL, "2026-12-09 3, 2027-01-04 3"},
	{"its renewal late: made at the start", LOT_INSTALLED, 0, "2026-11-21", 20,
		"2026-10-28T10:15:00+09:00", 30, NULL, "2026-11-24 3"},
	{"ended before the start", LOT_INSTALLED, 0, "2026-11-28", 30, "2026-10-28T10:15:00+09:00",
		30, NULL, ""},
	/* Issued on Monday 2027-03-08 for 200 days, renewed on 2027-07-19 (a holiday) for 100. */
	{"a life that is shortened from 2027-03-15 on", LOT_INSTALLED, 0, "2027-03-08", 300,
		"2027-03-08T09:00:00+09:00", 200, NULL, "2027-07-20 3, 2027-09-27 3, 2027-12-01 3"},
	{"one issued just before the boundary keeps its life", LOT_INSTALLED, 0, "2026-10-20", 290,
		"2026-11-01T08:00:00+09:00", 200, NULL, "2027-03-15 3, 2027-07-27 3"},
	{"one issued just after it does not", LOT_INSTALLED, 0, "2026-10-20", 290,
		"2026-11-02T09:00:00+09:00", 200, NULL, "2027-03-16 3, 2027-05-24 3, 2027-07-28 3"},
	/* Renewed on 2029-03-29 09:00 for 47 days, and then every 31 days and 8 hours. */
	{"47 days from 2029-03-15 on", LOT_INSTALLED, 0, "2029-01-21", 170,
		"2029-01-21T17:00:00+09:00", 100, NULL,
		"2029-03-30 3, 2029-05-01 3, 2029-06-01 3, 2029-07-02 3"},
	{"a shorter life stays as it is", LOT_INSTALLED, 0, "2029-02-21", 60,
		"2029-02-21T09:00:00+09:00", 30, NULL, "2029-03-14 3, 2029-04-03 3"},
	{"a very short life is renewed once a day", LOT_INSTALLED, 2, "2026-11-16", 5,
		"2026-11-15T09:00:00+09:00", 1, NULL,
		"2026-11-16 3, 2026-11-17 3, 2026-11-18 3, 2026-11-19 3, 2026-11-20 3"},
};

static void test_lots(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LENGTH(lots); i++) {
		struct forecast_plan plan = plan_of(lots[i].first, lots[i].days);
		struct forecast_lot lot = {
			.kind = lots[i].kind,
			.service = lots[i].service,
			.count = 3,
			.not_before_ms = instant(lots[i].begins),
		};
		struct forecast forecast;
		char *found;

		lot.not_after_ms = lot.not_before_ms + lots[i].life * DAY_MS - 1;
		if (lots[i].due != NULL)
			lot.due_ms = instant(lots[i].due);
		forecast_init(&forecast, &plan);
		add(&forecast, &lot);
		found = listed(&forecast, lots[i].service);
		if (strcmp(found, lots[i].wanted) != 0)
			fail_msg("%s: wanted \"%s\", found \"%s\"", lots[i].name, lots[i].wanted,
				found);
		free(found);
		forecast_clear(&forecast);
	}
}

static void test_late_and_expired_are_told(void **state)
{
	struct forecast_plan plan = plan_of("2026-11-21", 20);
	struct forecast_lot lot = {.kind = LOT_INSTALLED, .count = 7};
	struct forecast forecast;

	(void)state;
	forecast_init(&forecast, &plan);
	lot.not_before_ms = instant("2026-10-28T10:15:00+09:00");
	lot.not_after_ms = lot.not_before_ms + 30 * DAY_MS - 1;
	add(&forecast, &lot);
	assert_int_equal(forecast.late, 7);
	assert_int_equal(forecast.expired, 0);
	assert_int_equal(forecast_cell(&forecast, 0, 3)->late, 7);
	/* The last millisecond belongs to it. */
	lot.not_after_ms = instant("2026-11-21T00:00:00+09:00");
	add(&forecast, &lot);
	assert_int_equal(forecast.expired, 0);
	lot.not_after_ms--;
	add(&forecast, &lot);
	assert_int_equal(forecast.expired, 7);
	assert_int_equal(forecast.late, 14);
	forecast_clear(&forecast);
}

static void test_beyond_what_is_known(void **state)
{
	struct forecast_plan plan = plan_of("2099-12-01", 31);
	struct forecast_lot lot = {.kind = LOT_INSTALLED, .count = 1};
	struct forecast forecast;
	struct error error;

	(void)state;
	lot.not_before_ms = instant("2099-12-01T09:00:00+09:00");
	lot.not_after_ms = lot.not_before_ms + 45 * DAY_MS - 1;
	forecast_init(&forecast, &plan);
	assert_false(forecast_add(&forecast, &lot, &error));
	assert_int_equal(error.kind, ERROR_PERMANENT);
	assert_non_null(strstr(error.text, "2099-12-31"));
	forecast_clear(&forecast);
}

/* ---- against certificates that are followed one by one, hour by hour ---- */

static uint64_t seed;

static int64_t random_below(int64_t limit)
{
	seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (int64_t)((seed >> 33) % (uint64_t)limit);
}

static bool is_business(civil_day day)
{
	return calendar_day(&calendar, day, NULL) == DAY_BUSINESS;
}

/* Rules 10 to 12, as one counts on a calendar. */
static civil_day counted(civil_day day, int business_days)
{
	if (business_days == 0) {
		while (!is_business(day))
			day++;
		return day;
	}
	while (business_days > 0)
		business_days -= is_business(++day) ? 1 : 0;
	return day;
}

static int64_t most_days(int64_t at)
{
	return at >= instant("2029-03-15T00:00:00Z")   ? 47
	       : at >= instant("2027-03-15T00:00:00Z") ? 100
	       : at >= instant("2026-03-15T00:00:00Z") ? 200
						       : 398;
}

struct naive {
	const struct forecast_plan *plan;
	int64_t *installs; /* as the cells */
	int64_t total;
};

static void naive_count(struct naive *naive, size_t service, civil_day due, int64_t count)
{
	int64_t at = (int64_t)due - naive->plan->first_day;

	if (at < 0 || at >= naive->plan->days)
		return;
	naive->installs[service * (size_t)naive->plan->days + (size_t)at] += count;
	naive->total += count;
}

static void naive_follow(struct naive *naive, const struct forecast_lot *lot)
{
	const struct forecast_plan *plan = naive->plan;
	int64_t start = civil_instant(plan->first_day, 0, TOKYO_OFFSET_MIN);
	int64_t begins = lot->not_before_ms, life = lot->not_after_ms + 1 - begins, now;
	int64_t next = begins + life / plan->renew_whole * plan->renew_part;
	int business_days = rules[lot->service].business_days;

	if (lot->kind == LOT_ISSUED)
		naive_count(naive, lot->service,
			counted(civil_day_of(begins, TOKYO_OFFSET_MIN), business_days), lot->count);
	if (lot->kind == LOT_WAITING) {
		civil_day due = civil_day_of(lot->due_ms, TOKYO_OFFSET_MIN);

		naive_count(naive, lot->service, due < plan->first_day ? plan->first_day : due,
			lot->count);
	}
	if (lot->not_after_ms < start)
		return;
	for (now = start; now < start + plan->days * DAY_MS; now += HOUR) {
		civil_day today = civil_day_of(now, TOKYO_OFFSET_MIN);
		int weekday = civil_weekday(today);

		if (now < next)
			continue;
		/* One that falls on a weekend is made on Monday, at the same hour. */
		if (plan->is_weekdays_only && (weekday == 0 || weekday == 6)) {
			next = now + DAY_MS;
			continue;
		}
		naive_count(naive, lot->service, counted(today, business_days), lot->count);
		if (life > most_days(now) * DAY_MS)
			life = most_days(now) * DAY_MS;
		next = now + life / plan->renew_whole * plan->renew_part;
	}
}

static struct forecast_lot random_lot(int64_t start)
{
	static const int lives[] = {12, 30, 47, 90, 100, 199, 200, 397, 398};
	struct forecast_lot lot = {
		.kind = (enum forecast_lot_kind)random_below(3),
		.service = (size_t)random_below(SERVICES),
		.count = 1 + random_below(4),
	};
	int64_t life = lives[random_below(ARRAY_LENGTH(lives))] * DAY_MS;

	lot.not_before_ms = start - random_below(life / HOUR + 240) * HOUR;
	lot.not_after_ms = lot.not_before_ms + life - 1;
	lot.due_ms = start + (random_below(480) - 120) * HOUR;
	return lot;
}

static void compare(const struct forecast *forecast, const struct naive *naive, int estate)
{
	int64_t total = 0;
	size_t service;
	int day;

	for (service = 0; service < SERVICES; service++) {
		for (day = 0; day < forecast->plan.days; day++) {
			int64_t wanted = naive->installs[service * (size_t)forecast->plan.days +
							 (size_t)day];
			const struct forecast_cell *cell = forecast_cell(forecast, service, day);

			total += cell->installs;
			if (cell->installs != wanted)
				fail_msg("estate %d, service %zu, day %d: wanted %d, found %d",
					estate, service, day, (int)wanted, (int)cell->installs);
		}
	}
	/* A comparison of nothing with nothing would say nothing. */
	assert_true(total > 100);
	assert_int_equal(total, naive->total);
}

static void test_random_estates(void **state)
{
	static const struct {
		const char *first;
		int days, part, whole;
		bool weekdays;
	} estates[] = {
		{"2026-11-22", 400, 2, 3, false},
		{"2026-11-22", 400, 2, 3, true},
		{"2027-01-30", 800, 3, 4, false},
		{"2028-12-25", 400, 1, 2, true},
		{"2030-12-01", 120, 1, 1, false},
		{"2026-03-01", 1100, 2, 3, false},
	};
	int i, lot_number;

	(void)state;
	for (i = 0; i < (int)ARRAY_LENGTH(estates); i++) {
		struct forecast_plan plan = plan_of(estates[i].first, estates[i].days);
		struct naive naive = {.plan = &plan};
		struct forecast forecast;

		seed = 4711 + (uint64_t)i;
		plan.renew_part = estates[i].part;
		plan.renew_whole = estates[i].whole;
		plan.is_weekdays_only = estates[i].weekdays;
		naive.installs = xcalloc(SERVICES * (size_t)plan.days, sizeof(*naive.installs));
		forecast_init(&forecast, &plan);
		for (lot_number = 0; lot_number < 60; lot_number++) {
			struct forecast_lot lot =
				random_lot(civil_instant(plan.first_day, 0, TOKYO_OFFSET_MIN));

			add(&forecast, &lot);
			naive_follow(&naive, &lot);
		}
		compare(&forecast, &naive, i);
		forecast_clear(&forecast);
		free(naive.installs);
	}
}

/* ---- described estates ---- */

/* Over one whole round of renewals each certificate is renewed once, whatever the remainders. */
static void test_estate_is_whole(void **state)
{
	static const int64_t counts[] = {0, 1, 751, 752, 753, 1000, 999983};
	size_t i;
	int weekdays;

	(void)state;
	for (weekdays = 0; weekdays < 2; weekdays++) {
		for (i = 0; i < ARRAY_LENGTH(counts); i++) {
			/* 45 days, renewed after 30, from a Tuesday to a Wednesday. */
			struct forecast_plan plan = plan_of("2029-05-15", 30);
			struct forecast forecast;
			int64_t total = 0;
			int day;

			plan.is_weekdays_only = weekdays == 1;
			forecast_init(&forecast, &plan);
			add_estate(&forecast, 2, counts[i], 45 * DAY_MS);
			for (day = 0; day < 30; day++)
				total += forecast_installs(&forecast, day, NULL);
			/* Each is due on the day itself, or on the Monday after. */
			assert_int_equal(total, counts[i]);
			assert_int_equal(forecast.late, 0);
			forecast_clear(&forecast);
		}
	}
}

/* The sentence of the load to be ready for: the New Year closure of nine days, 47 days, two thirds.
 */
static void test_new_year(void **state)
{
	struct forecast_plan plan = plan_of("2030-12-01", 60);
	char reason[FORECAST_REASON_MAX];
	struct forecast forecast;
	int64_t installs, closed;
	int peak;

	(void)state;
	forecast_init(&forecast, &plan);
	add_estate(&forecast, 0, 1000000, 47 * DAY_MS);
	peak = forecast_peak(&forecast, 0);
	assert_int_equal(plan.first_day + peak, day_of("2031-01-06"));
	installs = forecast_installs(&forecast, peak, &closed);
	/* 1,000,000 / (47 * 2 / 3) = 31,914.9 a day; nine days, and the open day before them. */
	assert_in_range(closed, 287234 - 9, 287234 + 9);
	assert_in_range(installs, 319149 - 10, 319149 + 10);
	forecast_reason(&forecast, peak, reason);
	assert_string_equal(
		reason, "first business day after 9 closed days: 2030-12-28 to 2031-01-05");
	forecast_clear(&forecast);
}

/* ---- reasons ---- */

static void test_reasons(void **state)
{
	static const struct {
		size_t service;
		const char *day, *wanted;
	} cases[] = {
		{0, "2027-05-06",
			"first business day after 5 closed days: 2027-05-01 to 2027-05-05"},
		{0, "2027-05-07", "no closed day before it"},
		{0, "2027-04-30", "first business day after 1 closed day: 2027-04-29"},
		{0, "2027-05-10",
			"first business day after 2 closed days: 2027-05-08 to 2027-05-09"},
		{0, "2027-05-03", ""},
		{1, "2027-05-11", "business day 4 after 5 closed days: 2027-05-01 to 2027-05-05"},
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LENGTH(cases); i++) {
		struct forecast_plan plan = plan_of("2027-04-20", 40);
		char reason[FORECAST_REASON_MAX];
		struct forecast forecast;

		forecast_init(&forecast, &plan);
		add_estate(&forecast, cases[i].service, 100000, 47 * DAY_MS);
		forecast_reason(&forecast, day_of(cases[i].day) - plan.first_day, reason);
		assert_string_equal(reason, cases[i].wanted);
		forecast_clear(&forecast);
	}
}

/* The closure is told whole, though but one of its days brought something. */
static void test_reason_of_one_day(void **state)
{
	struct forecast_plan plan = plan_of("2027-04-20", 40);
	struct forecast_lot lot = {.kind = LOT_ISSUED, .count = 1};
	char reason[FORECAST_REASON_MAX];
	struct forecast forecast;

	(void)state;
	forecast_init(&forecast, &plan);
	lot.not_before_ms = instant("2027-05-03T12:00:00+09:00");
	lot.not_after_ms = lot.not_before_ms + 100 * DAY_MS - 1;
	add(&forecast, &lot);
	forecast_reason(&forecast, day_of("2027-05-06") - plan.first_day, reason);
	assert_string_equal(
		reason, "first business day after 5 closed days: 2027-05-01 to 2027-05-05");
	forecast_clear(&forecast);
}

static void test_cutoff(void **state)
{
	struct forecast_plan plan = plan_of("2026-11-16", 10);
	struct forecast_lot lot = {.kind = LOT_ISSUED, .count = 1};
	struct forecast forecast;
	char *found;

	(void)state;
	plan.cutoff_minute = 15 * 60;
	forecast_init(&forecast, &plan);
	lot.not_before_ms = instant("2026-11-17T14:59:59+09:00");
	lot.not_after_ms = lot.not_before_ms + 100 * DAY_MS - 1;
	add(&forecast, &lot);
	lot.not_before_ms = instant("2026-11-17T15:00:00+09:00");
	lot.count = 10;
	add(&forecast, &lot);
	found = listed(&forecast, 0);
	assert_string_equal(found, "2026-11-18 1, 2026-11-19 10");
	free(found);
	forecast_clear(&forecast);
}

static void test_reasons_of_the_start(void **state)
{
	struct forecast_plan plan = plan_of("2026-11-21", 20);
	struct forecast_lot lot = {.kind = LOT_INSTALLED, .count = 7};
	char reason[FORECAST_REASON_MAX];
	struct forecast forecast;

	(void)state;
	forecast_init(&forecast, &plan);
	assert_int_equal(forecast_peak(&forecast, 0), -1);
	lot.not_before_ms = instant("2026-10-28T10:15:00+09:00");
	lot.not_after_ms = lot.not_before_ms + 30 * DAY_MS - 1;
	add(&forecast, &lot);
	forecast_reason(&forecast, 3, reason);
	assert_string_equal(reason, "renewals that were late at the start");
	lot.kind = LOT_WAITING;
	lot.due_ms = instant("2026-11-20T09:00:00+09:00");
	add(&forecast, &lot);
	forecast_reason(&forecast, 0, reason);
	assert_string_equal(reason, "jobs that wait in the queue already");
	/* Of equals the first; what lies before is not looked at. */
	assert_int_equal(forecast_peak(&forecast, 0), 3);
	assert_int_equal(forecast_peak(&forecast, 4), -1);
	forecast_clear(&forecast);
}

/* ---- hours and what is left ---- */

static void test_work(void **state)
{
	static const struct {
		const char *name;
		const char *from, *until;
		int64_t rate_milli;
		int64_t installs; /* on Monday 2026-11-16; nothing after it */
		int64_t work_ms;
		int64_t carried[4];
	} cases[] = {
		{"no rate known", NULL, NULL, 0, 1000000, 0, {0}},
		{"fits into a day", NULL, NULL, 1000, 86400, 86400000, {0}},
		{"one too many", NULL, NULL, 1000, 86401, 86401000, {1, 0}},
		{"three days of it", NULL, NULL, 500, 120000, 240000000, {76800, 33600, 0}},
		{"within its hours", "09:00", "17:30", 1000, 30600, 30600000, {0}},
		{"more than its hours", "09:00", "17:30", 1000, 61201, 61201000, {30601, 1, 0}},
		{"by night", "22:00", "06:00", 1000, 28801, 28801000, {1, 0}},
		/* From 09:00 to noon, and from six in the morning after to nine. */
		{"a window around the opening", "06:00", "12:00", 1000, 21601, 21601000, {1, 0}},
	};
	size_t i, day;

	(void)state;
	for (i = 0; i < ARRAY_LENGTH(cases); i++) {
		struct forecast_plan plan = plan_of("2026-11-16", 4);
		struct service_rules own = rules[0];
		struct forecast_service service = {&own, cases[i].rate_milli};
		struct forecast_lot lot = {.kind = LOT_WAITING, .count = cases[i].installs};
		struct forecast forecast;
		struct error error;

		assert_true(hours_parse(cases[i].from, cases[i].until, false, &own.hours, &error));
		own.has_hours = !own.hours.always;
		plan.services = &service;
		plan.service_count = 1;
		forecast_init(&forecast, &plan);
		lot.not_before_ms = instant("2026-11-16T09:00:00+09:00");
		lot.not_after_ms = lot.not_before_ms + 47 * DAY_MS - 1;
		lot.due_ms = lot.not_before_ms;
		add(&forecast, &lot);
		forecast_finish(&forecast);
		assert_int_equal(forecast_cell(&forecast, 0, 0)->work_ms, cases[i].work_ms);
		for (day = 0; day < 4; day++) {
			int64_t carried = forecast_cell(&forecast, 0, (int)day)->carried;

			if (carried != cases[i].carried[day])
				fail_msg("%s, day %zu: wanted %d, found %d", cases[i].name, day,
					(int)cases[i].carried[day], (int)carried);
		}
		forecast_clear(&forecast);
	}
}

/* Business hours alone: nothing is worked off over a weekend. */
static void test_work_waits_for_business_days(void **state)
{
	struct forecast_plan plan = plan_of("2026-11-20", 6);
	struct service_rules own = rules[0];
	struct forecast_service service = {&own, 1000};
	struct forecast_lot lot = {.kind = LOT_WAITING, .count = 40000};
	/* Friday, the weekend, a holiday, Tuesday. */
	static const int64_t carried[] = {9400, 9400, 9400, 9400, 0, 0};
	struct forecast forecast;
	struct error error;
	int day;

	(void)state;
	assert_true(hours_parse("09:00", "17:30", true, &own.hours, &error));
	own.has_hours = true;
	plan.services = &service;
	plan.service_count = 1;
	forecast_init(&forecast, &plan);
	lot.not_before_ms = instant("2026-11-20T09:00:00+09:00");
	lot.not_after_ms = lot.not_before_ms + 47 * DAY_MS - 1;
	lot.due_ms = lot.not_before_ms;
	add(&forecast, &lot);
	forecast_finish(&forecast);
	for (day = 0; day < 6; day++)
		assert_int_equal(forecast_cell(&forecast, 0, day)->carried, carried[day]);
	forecast_clear(&forecast);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lots),
		cmocka_unit_test(test_late_and_expired_are_told),
		cmocka_unit_test(test_beyond_what_is_known),
		cmocka_unit_test(test_random_estates),
		cmocka_unit_test(test_estate_is_whole),
		cmocka_unit_test(test_new_year),
		cmocka_unit_test(test_reasons),
		cmocka_unit_test(test_reason_of_one_day),
		cmocka_unit_test(test_reasons_of_the_start),
		cmocka_unit_test(test_cutoff),
		cmocka_unit_test(test_work),
		cmocka_unit_test(test_work_waits_for_business_days),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
