#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "domain/schedule.h"

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

static int64_t instant(const char *text)
{
	int64_t ms;

	if (!civil_parse_instant(text, &ms))
		fail_msg("\"%s\" is no instant", text);
	return ms;
}

#define NEVER 1440
#define AT_9 540

/* Rules 10 to 13: what the due instant is, and the words for each day up to it. */
static const struct {
	const char *base;
	struct schedule_rules rules;
	const char *due;
	const char *days;
} cases[] = {
	/* The seeds: about one business day after issuance; Friday before a long weekend. */
	{"2026-11-20T10:15:00+09:00", {1, AT_9, NEVER}, "2026-11-24T09:00:00+09:00",
		"2026-11-20 the day of issuance; counting begins after it\n"
		"2026-11-21 Saturday\n"
		"2026-11-22 Sunday\n"
		"2026-11-23 Monday, a national holiday (勤労感謝の日)\n"
		"2026-11-24* business day 1 of 1\n"},
	/* The hour makes no difference: midnight and the last second of a day. */
	{"2026-11-18T00:00:00+09:00", {1, AT_9, NEVER}, "2026-11-19T09:00:00+09:00",
		"2026-11-18 the day of issuance; counting begins after it\n"
		"2026-11-19* business day 1 of 1\n"},
	{"2026-11-18T23:59:59.999+09:00", {1, AT_9, NEVER}, "2026-11-19T09:00:00+09:00",
		"2026-11-18 the day of issuance; counting begins after it\n"
		"2026-11-19* business day 1 of 1\n"},
	/* Days are Tokyo's: 15:00Z is the next day there. */
	{"2026-11-17T14:59:59Z", {1, AT_9, NEVER}, "2026-11-18T09:00:00+09:00",
		"2026-11-17 the day of issuance; counting begins after it\n"
		"2026-11-18* business day 1 of 1\n"},
	{"2026-11-17T15:00:00Z", {1, AT_9, NEVER}, "2026-11-19T09:00:00+09:00",
		"2026-11-18 the day of issuance; counting begins after it\n"
		"2026-11-19* business day 1 of 1\n"},
	/* On a closed day: +1 is the first business day after it. */
	{"2026-11-21T10:00:00+09:00", {1, AT_9, NEVER}, "2026-11-24T09:00:00+09:00",
		"2026-11-21 Saturday; the day of issuance; counting begins after it\n"
		"2026-11-22 Sunday\n"
		"2026-11-23 Monday, a national holiday (勤労感謝の日)\n"
		"2026-11-24* business day 1 of 1\n"},
	/* Several days, over New Year. */
	{"2026-12-25T10:00:00+09:00", {4, 600, NEVER}, "2027-01-06T10:00:00+09:00",
		"2026-12-25 the day of issuance; counting begins after it\n"
		"2026-12-26 Saturday\n"
		"2026-12-27 Sunday\n"
		"2026-12-28* business day 1 of 4\n"
		"2026-12-29 Tuesday, a company closing day\n"
		"2026-12-30 Wednesday, a company closing day\n"
		"2026-12-31 Thursday, a company closing day\n"
		"2027-01-01 Friday, a national holiday (元日) and a company closing day\n"
		"2027-01-02 Saturday and a company closing day\n"
		"2027-01-03 Sunday and a company closing day\n"
		"2027-01-04* business day 2 of 4\n"
		"2027-01-05* business day 3 of 4\n"
		"2027-01-06* business day 4 of 4\n"},
	/* Cut-off at 17:00: before it, at it. */
	{"2026-11-18T16:59:59.999+09:00", {1, AT_9, 1020}, "2026-11-19T09:00:00+09:00",
		"2026-11-18 the day of issuance; counting begins after it\n"
		"2026-11-19* business day 1 of 1\n"},
	{"2026-11-19T17:00:00+09:00", {1, AT_9, 1020}, "2026-11-24T09:00:00+09:00",
		"2026-11-19 the day of issuance, not before the cut-off at 17:00, so the next day "
		"counts\n"
		"2026-11-20 counts as the day of issuance; counting begins after it\n"
		"2026-11-21 Saturday\n"
		"2026-11-22 Sunday\n"
		"2026-11-23 Monday, a national holiday (勤労感謝の日)\n"
		"2026-11-24* business day 1 of 1\n"},
	/* No business days: the day itself when it is one, never before the instant. */
	{"2026-11-18T08:00:00+09:00", {0, AT_9, NEVER}, "2026-11-18T09:00:00+09:00",
		"2026-11-18* the day of issuance, itself the due day\n"},
	{"2026-11-18T11:00:00+09:00", {0, AT_9, NEVER}, "2026-11-18T11:00:00+09:00",
		"2026-11-18* the day of issuance, itself the due day\n"},
	{"2026-11-22T11:00:00+09:00", {0, AT_9, NEVER}, "2026-11-24T09:00:00+09:00",
		"2026-11-22 Sunday; the day of issuance\n"
		"2026-11-23 Monday, a national holiday (勤労感謝の日)\n"
		"2026-11-24* the first business day after it\n"},
	{"2026-11-18T17:00:00+09:00", {0, AT_9, 1020}, "2026-11-19T09:00:00+09:00",
		"2026-11-18 the day of issuance, not before the cut-off at 17:00, so the next day "
		"counts\n"
		"2026-11-19* counts as the day of issuance, itself the due day\n"},
	/* The first instant and the last that can be due. */
	{"1948-01-01T00:00:00+09:00", {1, AT_9, NEVER}, "1948-01-05T09:00:00+09:00",
		"1948-01-01 Thursday, a company closing day; the day of issuance; counting begins "
		"after it\n"
		"1948-01-02 Friday, a company closing day\n"
		"1948-01-03 Saturday and a company closing day\n"
		"1948-01-04 Sunday\n"
		"1948-01-05* business day 1 of 1\n"},
	{"2099-12-25T23:59:59+09:00", {1, AT_9, NEVER}, "2099-12-28T09:00:00+09:00",
		"2099-12-25 the day of issuance; counting begins after it\n"
		"2099-12-26 Saturday\n"
		"2099-12-27 Sunday\n"
		"2099-12-28* business day 1 of 1\n"},
};

/* The days as text, a '*' on the ones that are counted: all business days but the base day. */
static void days_text(const struct schedule *schedule, size_t base_days, char *text, size_t size)
{
	size_t i, length = 0;

	text[0] = '\0';
	for (i = 0; i < schedule->day_count; i++) {
		const struct schedule_day *day = &schedule->days[i];
		char date[CIVIL_DATE_MAX];
		bool counted = day->business && i >= base_days;

		civil_format_date(date, day->day);
		length += (size_t)snprintf(text + length, size - length, "%s%s %s\n", date,
			counted ? "*" : "", day->why);
		assert_true(length < size);
		assert_int_equal(day->business, calendar_day(&calendar, day->day, NULL) == 0);
	}
}

static void test_cases(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LENGTH(cases); i++) {
		const struct schedule_rules *rules = &cases[i].rules;
		int64_t base_ms = instant(cases[i].base), due_ms = 0;
		bool is_late = strstr(cases[i].days, "cut-off") != NULL;
		struct schedule schedule;
		struct error error;
		char due[CIVIL_INSTANT_MAX], text[4096];

		assert_true(
			schedule_make(&calendar, rules, base_ms, "issuance", &schedule, &error));
		civil_format_instant(due, schedule.due_ms, TOKYO_OFFSET_MIN);
		assert_string_equal(due, cases[i].due);
		assert_int_equal(schedule.base_ms, base_ms);
		days_text(&schedule, (rules->business_days > 0) + (size_t)is_late, text,
			sizeof(text));
		assert_string_equal(text, cases[i].days);
		assert_true(schedule_due(&calendar, rules, base_ms, &due_ms, &error));
		assert_int_equal(due_ms, schedule.due_ms);
		schedule_clear(&schedule);
		assert_null(schedule.days);
	}
}

static const struct {
	const char *base;
	const char *closing; /* NULL: the default ones */
	const char *error;
} failures[] = {
	{"1947-12-31T23:59:59+09:00", NULL, "outside the years 1948 to 2099"},
	{"2100-01-01T00:00:00+09:00", NULL, "outside the years 1948 to 2099"},
	{"2099-12-28T12:00:00+09:00", NULL, "after 2099-12-31"},
	{"2026-01-01T12:00:00+09:00", "01-01..12-31", "no due day within 400 days"},
	/* The next open day is 2024-12-31. */
	{"2022-01-01T12:00:00+09:00", "01-01..12-30", "no due day within 400 days"},
};

static void test_failures(void **state)
{
	static const int64_t extremes[] = {INT64_MIN, INT64_MAX};
	const struct schedule_rules rules = {1, AT_9, NEVER};
	struct schedule schedule = {.due_ms = 7};
	struct error error;
	int64_t due_ms = 7;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LENGTH(failures); i++) {
		struct calendar own = calendar;
		int64_t base_ms = instant(failures[i].base);

		if (failures[i].closing != NULL)
			assert_true(closing_period_parse(failures[i].closing, &own.closings[0]));
		error = (struct error){0};
		assert_false(schedule_make(&own, &rules, base_ms, "issuance", &schedule, &error));
		assert_int_equal(error.kind, ERROR_PERMANENT);
		assert_non_null(strstr(error.text, failures[i].error));
		error = (struct error){0};
		assert_false(schedule_due(&own, &rules, base_ms, &due_ms, &error));
		assert_non_null(strstr(error.text, failures[i].error));
	}
	for (i = 0; i < ARRAY_LENGTH(extremes); i++)
		assert_false(schedule_due(&calendar, &rules, extremes[i], &due_ms, &error));
	assert_int_equal(due_ms, 7);
	assert_int_equal(schedule.due_ms, 7);
}

/*
 * Another way to the same instants. The closed days of the year from April 2026 and of the days
 * after it, typed from a printed calendar, by month.
 */
static const struct {
	int year, month, length;
	int closed[16]; /* ends with 0 */
} months[] = {
	{2026, 4, 30, {4, 5, 11, 12, 18, 19, 25, 26, 29}},
	{2026, 5, 31, {2, 3, 4, 5, 6, 9, 10, 16, 17, 23, 24, 30, 31}},
	{2026, 6, 30, {6, 7, 13, 14, 20, 21, 27, 28}},
	{2026, 7, 31, {4, 5, 11, 12, 18, 19, 20, 25, 26}},
	{2026, 8, 31, {1, 2, 8, 9, 11, 15, 16, 22, 23, 29, 30}},
	{2026, 9, 30, {5, 6, 12, 13, 19, 20, 21, 22, 23, 26, 27}},
	{2026, 10, 31, {3, 4, 10, 11, 12, 17, 18, 24, 25, 31}},
	{2026, 11, 30, {1, 3, 7, 8, 14, 15, 21, 22, 23, 28, 29}},
	{2026, 12, 31, {5, 6, 12, 13, 19, 20, 26, 27, 29, 30, 31}},
	{2027, 1, 31, {1, 2, 3, 9, 10, 11, 16, 17, 23, 24, 30, 31}},
	{2027, 2, 28, {6, 7, 11, 13, 14, 20, 21, 23, 27, 28}},
	{2027, 3, 31, {6, 7, 13, 14, 20, 21, 22, 27, 28}},
	{2027, 4, 12, {3, 4, 10, 11}},
};

struct typed_day {
	bool closed;
	time_t midnight; /* by the C library, in Japanese time */
};

static size_t type_days(struct typed_day *days, size_t size)
{
	size_t count = 0, i, k;
	int day;

	for (i = 0; i < ARRAY_LENGTH(months); i++) {
		for (day = 1; day <= months[i].length; day++) {
			struct tm date = {.tm_year = months[i].year - 1900,
				.tm_mon = months[i].month - 1,
				.tm_mday = day};

			assert_true(count < size);
			days[count].midnight = timegm(&date) - (time_t)9 * 3600;
			days[count].closed = false;
			for (k = 0; months[i].closed[k] != 0; k++)
				if (months[i].closed[k] == day)
					days[count].closed = true;
			count++;
		}
	}
	return count;
}

static void check_year(const struct typed_day *days, size_t count, int business_days)
{
	const struct schedule_rules rules = {business_days, AT_9, NEVER};
	size_t i;
	int hour;

	for (i = 0; i < 365; i++) {
		size_t at = i;
		int left = business_days;

		while (left > 0) {
			at++;
			assert_true(at < count);
			if (!days[at].closed)
				left--;
		}
		for (hour = 0; hour < 24; hour++) {
			int64_t base_ms = ((int64_t)days[i].midnight + (int64_t)hour * 3600) * 1000;
			int64_t due_ms = 0;
			struct error error;

			assert_true(schedule_due(&calendar, &rules, base_ms, &due_ms, &error));
			assert_int_equal(
				due_ms, ((int64_t)days[at].midnight + INT64_C(32400)) * 1000);
		}
	}
}

static void test_every_hour_of_a_year(void **state)
{
	struct typed_day days[400];
	size_t count = type_days(days, ARRAY_LENGTH(days));

	(void)state;
	assert_int_equal(days[365].midnight - days[0].midnight, (time_t)365 * 86400);
	check_year(days, count, 1);
	check_year(days, count, 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cases),
		cmocka_unit_test(test_failures),
		cmocka_unit_test(test_every_hour_of_a_year),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
