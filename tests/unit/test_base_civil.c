#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "base/civil.h"

static void test_days(void **state)
{
	static const struct {
		int year, month, day;
		civil_day number;
		int weekday;
	} cases[] = {
		{1970, 1, 1, 0, 4},
		{1969, 12, 31, -1, 3},
		{1600, 2, 29, -135081, 2},
		{1900, 2, 28, -25509, 3},
		{1900, 3, 1, -25508, 4},
		{2000, 2, 29, 11016, 2},
		{2000, 3, 1, 11017, 3},
		{2024, 2, 29, 19782, 4},
		{2026, 11, 22, 20779, 0},
		{2100, 2, 28, 47540, 0},
		{2100, 3, 1, 47541, 1},
		{1, 1, 1, -719162, 1},
		{9999, 12, 31, 2932896, 5},
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LENGTH(cases); i++) {
		struct civil_date date = civil_to_date(cases[i].number);

		assert_int_equal(civil_from_date(cases[i].year, cases[i].month, cases[i].day),
			cases[i].number);
		assert_int_equal(date.year, cases[i].year);
		assert_int_equal(date.month, cases[i].month);
		assert_int_equal(date.day, cases[i].day);
		assert_int_equal(civil_weekday(cases[i].number), cases[i].weekday);
	}
}

/* Every day of 800 years, counted on by one each, against the arithmetic and the C library's. */
static void test_every_day(void **state)
{
	civil_day number = civil_from_date(1600, 1, 1);
	int weekday = civil_weekday(number);
	int year, month, day;

	(void)state;
	assert_int_equal(weekday, 6);
	for (year = 1600; year < 2400; year++) {
		for (month = 1; month <= 12; month++) {
			for (day = 1; day <= civil_days_in_month(year, month); day++) {
				struct civil_date date = civil_to_date(number);
				struct tm tm = {.tm_year = year - 1900,
					.tm_mon = month - 1,
					.tm_mday = day};

				assert_int_equal(timegm(&tm), number * DAY_S);
				assert_int_equal(tm.tm_wday, weekday);
				assert_int_equal(civil_from_date(year, month, day), number);
				assert_int_equal(civil_weekday(number), weekday);
				assert_true(date.year == year && date.month == month &&
					    date.day == day);
				number++;
				weekday = (weekday + 1) % 7;
			}
		}
	}
}

static void test_date_exists(void **state)
{
	static const struct {
		int year, month, day;
		bool exists;
	} cases[] = {
		{2024, 2, 29, true},
		{2023, 2, 29, false},
		{2000, 2, 29, true},
		{1900, 2, 29, false},
		{2026, 4, 31, false},
		{2026, 12, 31, true},
		{2026, 13, 1, false},
		{2026, 0, 1, false},
		{2026, 1, 0, false},
		{2026, 1, 32, false},
		{2026, -1, -1, false},
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LENGTH(cases); i++)
		assert_int_equal(civil_date_exists(cases[i].year, cases[i].month, cases[i].day),
			cases[i].exists);
}

static void test_weekday_names(void **state)
{
	(void)state;
	assert_string_equal(
		civil_weekday_name(civil_weekday(civil_from_date(2026, 11, 22))), "Sunday");
	assert_string_equal(
		civil_weekday_name(civil_weekday(civil_from_date(2026, 11, 28))), "Saturday");
	assert_string_equal(
		civil_weekday_name(civil_weekday(civil_from_date(1899, 12, 27))), "Wednesday");
}

static void test_instants(void **state)
{
	static const struct {
		const char *text;
		int64_t ms;
	} cases[] = {
		{"1970-01-01T00:00:00Z", 0},
		{"1970-01-01T09:00:00+09:00", 0},
		{"1970-01-01T00:00:00.001Z", 1},
		{"1969-12-31T23:59:59.999Z", -1},
		{"2026-11-20T10:15:00+09:00", INT64_C(1795137300000)},
		{"2026-11-20t01:15:00z", INT64_C(1795137300000)},
		{"2026-11-20T01:15:00-00:00", INT64_C(1795137300000)},
		{"2026-11-19T20:00:00-05:15", INT64_C(1795137300000)},
		{"2026-11-20T10:15:00.5+09:00", INT64_C(1795137300500)},
		{"2026-11-20T10:15:00.0509999999999999999+09:00", INT64_C(1795137300050)},
		{"2016-12-31T23:59:60Z", INT64_C(1483228800000)},
		{"2017-01-01T08:59:60+09:00", INT64_C(1483228800000)},
		{"0001-01-01T00:00:00Z", INT64_C(-62135596800000)},
		{"9999-12-31T23:59:59Z", INT64_C(253402300799000)},
		{"2024-02-29T00:00:00Z", INT64_C(1709164800000)},
	};
	static const char *const bad[] = {
		"",
		"2026-11-20",
		"2026-11-20T10:15:00",
		"2026-11-20T10:15+09:00",
		"2026-11-20 10:15:00+09:00",
		"2026-11-20T10:15:00+0900",
		"2026-11-20T10:15:00+09",
		"2026-11-20T10:15:00+24:00",
		"2026-11-20T10:15:00+09:60",
		"2026-11-20T10:15:00Zx",
		"2026-11-20T10:15:00Z ",
		" 2026-11-20T10:15:00Z",
		"2026-11-20T10:15:00.Z",
		"2026-11-20T10:15:00,5Z",
		"2026-11-20T24:00:00Z",
		"2026-11-20T10:60:00Z",
		"2026-11-20T10:15:61Z",
		"2026-02-29T00:00:00Z",
		"2026-13-01T00:00:00Z",
		"2026-00-01T00:00:00Z",
		"0000-01-01T00:00:00Z",
		"26-11-20T10:15:00Z",
		"+2026-11-20T10:15:00Z",
		"-026-11-20T10:15:00Z",
		"2026-1-20T10:15:00Z",
		"2026-11-20T1:15:00Z",
		"2026-11-20T10:15:00 Z",
		"２０２６-11-20T10:15:00Z",
		"1795137300",
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LENGTH(cases); i++) {
		int64_t ms = 42;

		if (!civil_parse_instant(cases[i].text, &ms))
			fail_msg("%s was not read", cases[i].text);
		assert_int_equal(ms, cases[i].ms);
	}
	for (i = 0; i < ARRAY_LENGTH(bad); i++) {
		int64_t ms = 42;

		if (civil_parse_instant(bad[i], &ms))
			fail_msg("\"%s\" was read", bad[i]);
		assert_int_equal(ms, 42);
	}
}

static void test_dates(void **state)
{
	static const char *const bad[] = {"", "2026-11-2", "2026-11-022", "2026/11/22",
		"2026-11-22T", "2026-11-22 ", "20261122", "2026-02-30", "0000-01-01", "2026-11"};
	civil_day day = 0;
	char text[CIVIL_DATE_MAX];
	size_t i;

	(void)state;
	assert_true(civil_parse_date("2026-11-22", &day));
	assert_int_equal(day, 20779);
	civil_format_date(text, day);
	assert_string_equal(text, "2026-11-22");
	for (i = 0; i < ARRAY_LENGTH(bad); i++)
		assert_false(civil_parse_date(bad[i], &day));
	assert_int_equal(day, 20779);
	civil_format_date(text, civil_from_date(987, 6, 5));
	assert_string_equal(text, "0987-06-05");
}

static void test_format_instant(void **state)
{
	static const struct {
		int64_t ms;
		int offset_min;
		const char *text;
	} cases[] = {
		{0, 0, "1970-01-01T00:00:00Z"},
		{0, TOKYO_OFFSET_MIN, "1970-01-01T09:00:00+09:00"},
		{-1, 0, "1969-12-31T23:59:59Z"},
		{-1000, 0, "1969-12-31T23:59:59Z"},
		{-1001, 0, "1969-12-31T23:59:58Z"},
		{INT64_C(1795137300999), TOKYO_OFFSET_MIN, "2026-11-20T10:15:00+09:00"},
		{INT64_C(1795137300000), -315, "2026-11-19T20:00:00-05:15"},
		{INT64_C(1795186799999), TOKYO_OFFSET_MIN, "2026-11-20T23:59:59+09:00"},
		{INT64_C(1795186800000), TOKYO_OFFSET_MIN, "2026-11-21T00:00:00+09:00"},
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LENGTH(cases); i++) {
		char text[CIVIL_INSTANT_MAX];

		civil_format_instant(text, cases[i].ms, cases[i].offset_min);
		assert_string_equal(text, cases[i].text);
	}
}

static void test_day_of(void **state)
{
	static const struct {
		int64_t ms;
		int offset_min;
		civil_day day;
	} cases[] = {
		{0, 0, 0},
		{-1, 0, -1},
		{DAY_MS - 1, 0, 0},
		{DAY_MS, 0, 1},
		{-DAY_MS, 0, -1},
		{-DAY_MS - 1, 0, -2},
		{15 * INT64_C(3600000) - 1, TOKYO_OFFSET_MIN, 0},
		{15 * INT64_C(3600000), TOKYO_OFFSET_MIN, 1},
		{INT64_C(3600000), -120, -1},
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LENGTH(cases); i++)
		assert_int_equal(civil_day_of(cases[i].ms, cases[i].offset_min), cases[i].day);
	assert_int_equal(civil_instant(20779, 9 * 60, TOKYO_OFFSET_MIN), 20779 * DAY_MS);
	assert_int_equal(civil_instant(-1, 0, 0), -DAY_MS);
	assert_int_equal(civil_instant(0, 0, TOKYO_OFFSET_MIN), INT64_C(-32400000));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_days),
		cmocka_unit_test(test_every_day),
		cmocka_unit_test(test_date_exists),
		cmocka_unit_test(test_weekday_names),
		cmocka_unit_test(test_instants),
		cmocka_unit_test(test_dates),
		cmocka_unit_test(test_format_instant),
		cmocka_unit_test(test_day_of),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
