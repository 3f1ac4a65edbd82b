#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "base/civil.h"
#include "domain/hours.h"

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

	assert_true(civil_parse_instant(text, &ms));
	return ms;
}

static const struct {
	const char *from, *until;
	bool business;
	const char *text; /* NULL: refused, with both of these words */
	const char *word, *other;
} texts[] = {
	{"09:00", "17:30", false, "09:00 to 17:30", NULL, NULL},
	{"09:00", "17:30", true, "09:00 to 17:30, on business days only", NULL, NULL},
	{"22:00", "06:00", true, "22:00 to 06:00 of the day after, on business days only", NULL,
		NULL},
	{"22:00", "24:00", false, "22:00 to 24:00", NULL, NULL},
	{"22:00", "00:00", false, "22:00 to 24:00", NULL, NULL},
	{"23:59", "00:01", false, "23:59 to 00:01 of the day after", NULL, NULL},
	{"00:00", "24:00", false, "at all hours", NULL, NULL},
	{"00:00", "24:00", true, "on business days only", NULL, NULL},
	{NULL, NULL, false, "at all hours", NULL, NULL},
	{NULL, NULL, true, "on business days only", NULL, NULL},
	{"09:00", NULL, false, NULL, "install-from is given without", "install-until"},
	{NULL, "09:00", false, NULL, "install-until is given without", "install-from"},
	{"09:00", "09:00", false, NULL, "install-from and install-until are both 09:00",
		"leave both out"},
	{"00:00", "00:00", true, NULL, "install-from and install-until are both 00:00",
		"leave both out"},
	{"24:00", "06:00", false, NULL, "install-from \"24:00\"", "to 23:59"},
	{"09:00", "24:01", false, NULL, "install-until \"24:01\"", "to 24:00"},
	{"09:60", "12:00", false, NULL, "install-from \"09:60\"", "no time"},
	{"9:00", "12:00", false, NULL, "install-from \"9:00\"", "no time"},
	{"09:00", "12:000", false, NULL, "install-until \"12:000\"", "no time"},
	{"09-00", "12:00", false, NULL, "install-from \"09-00\"", "no time"},
	{"0a:00", "12:00", false, NULL, "install-from \"0a:00\"", "no time"},
	{"", "12:00", false, NULL, "install-from \"\"", "no time"},
};

static void test_parse(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LENGTH(texts); i++) {
		struct hours hours;
		struct error error = {0};
		char text[HOURS_TEXT_MAX];
		bool made = hours_parse(
			texts[i].from, texts[i].until, texts[i].business, &hours, &error);

		assert_int_equal(made, texts[i].text != NULL);
		if (made) {
			hours_text(&hours, text);
			assert_string_equal(text, texts[i].text);
			continue;
		}
		assert_int_equal(error.kind, ERROR_PERMANENT);
		assert_non_null(strstr(error.text, texts[i].word));
		assert_non_null(strstr(error.text, texts[i].other));
	}
}

static void test_make(void **state)
{
	static const int wrong[][2] = {{-2, 60}, {1440, 60}, {60, 1441}, {60, -2}, {540, 540}};
	struct hours hours;
	struct error error;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LENGTH(wrong); i++) {
		error = (struct error){0};
		assert_false(hours_make(wrong[i][0], wrong[i][1], false, &hours, &error));
		assert_non_null(strstr(error.text, "install-from"));
		assert_non_null(strstr(error.text, "install-until"));
	}
	assert_true(hours_make(540, 1050, true, &hours, &error));
	assert_int_equal(hours.from_minute, 540);
	assert_int_equal(hours.until_minute, 1050);
	assert_true(hours.business_days_only);
	assert_false(hours.always);
}

static struct hours parsed(const char *from, const char *until, bool business)
{
	struct hours hours;
	struct error error;

	assert_true(hours_parse(from, until, business, &hours, &error));
	return hours;
}

/* NEXT and UNTIL as the clock in Tokyo shows them; "" for the instant itself, NULL for never. */
static const struct {
	const char *from, *until;
	bool business;
	const char *at;
	const char *next, *closes;
} cases[] = {
	/* From is inclusive, until exclusive. */
	{"09:00", "17:30", false, "2026-11-18T08:59:59.999+09:00", "2026-11-18T09:00:00+09:00", ""},
	{"09:00", "17:30", false, "2026-11-18T09:00:00+09:00", "", "2026-11-18T17:30:00+09:00"},
	{"09:00", "17:30", false, "2026-11-18T17:29:59.999+09:00", "", "2026-11-18T17:30:00+09:00"},
	{"09:00", "17:30", false, "2026-11-18T17:30:00+09:00", "2026-11-19T09:00:00+09:00", ""},
	/* A weekend and the Monday after it, a holiday, matter on business days only. */
	{"09:00", "17:30", false, "2026-11-21T10:00:00+09:00", "", "2026-11-21T17:30:00+09:00"},
	{"09:00", "17:30", true, "2026-11-20T17:30:00+09:00", "2026-11-24T09:00:00+09:00", ""},
	{"09:00", "17:30", true, "2026-11-21T10:00:00+09:00", "2026-11-24T09:00:00+09:00", ""},
	/* New Year's closing, to the first business day of the year. */
	{"09:00", "17:30", true, "2026-12-28T18:00:00+09:00", "2027-01-04T09:00:00+09:00", ""},
	{"22:00", "06:00", true, "2026-12-29T05:59:00+09:00", "", "2026-12-29T06:00:00+09:00"},
	{"22:00", "06:00", true, "2026-12-29T06:00:00+09:00", "2027-01-04T22:00:00+09:00", ""},
	{"22:00", "06:00", true, "2027-01-04T03:00:00+09:00", "2027-01-04T22:00:00+09:00", ""},
	/* Past midnight, the day counts on which it began. */
	{"22:00", "06:00", true, "2026-11-20T22:00:00+09:00", "", "2026-11-21T06:00:00+09:00"},
	{"22:00", "06:00", true, "2026-11-21T03:00:00+09:00", "", "2026-11-21T06:00:00+09:00"},
	{"22:00", "06:00", true, "2026-11-24T03:00:00+09:00", "2026-11-24T22:00:00+09:00", ""},
	{"22:00", "06:00", false, "2026-11-24T03:00:00+09:00", "", "2026-11-24T06:00:00+09:00"},
	{"22:00", "06:00", false, "2026-11-24T00:00:00+09:00", "", "2026-11-24T06:00:00+09:00"},
	{"22:00", "24:00", false, "2026-11-24T00:00:00+09:00", "2026-11-24T22:00:00+09:00", ""},
	/* Whole business days are one opening. */
	{NULL, NULL, true, "2026-11-16T00:00:00+09:00", "", "2026-11-21T00:00:00+09:00"},
	{NULL, NULL, true, "2026-11-21T00:00:00+09:00", "2026-11-24T00:00:00+09:00", ""},
	/* The days are Tokyo's, whatever the instant is written in. */
	{"09:00", "17:30", true, "2026-11-17T23:59:59Z", "2026-11-18T09:00:00+09:00", ""},
	{"09:00", "17:30", true, "2026-11-18T00:00:00Z", "", "2026-11-18T17:30:00+09:00"},
	/* The first years and the last. */
	{"09:00", "17:30", true, "1948-01-01T00:00:00+09:00", "1948-01-05T09:00:00+09:00", ""},
	{"22:00", "06:00", false, "2099-12-31T23:00:00+09:00", "", "2100-01-01T00:00:00+09:00"},
	{"09:00", "17:30", false, "2099-12-31T17:30:00+09:00", NULL, ""},
	{"09:00", "17:30", true, "2099-12-29T00:00:00+09:00", NULL, ""},
	{"09:00", "17:30", false, "2100-01-01T10:00:00+09:00", NULL, ""},
	{"09:00", "17:30", false, "1947-12-31T10:00:00+09:00", NULL, ""},
};

static void test_cases(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LENGTH(cases); i++) {
		struct hours hours = parsed(cases[i].from, cases[i].until, cases[i].business);
		int64_t at_ms = instant(cases[i].at), open_ms = 7;
		const char *next = cases[i].next, *closes = cases[i].closes;
		struct error error;
		bool found = hours_next(&hours, &calendar, at_ms, &open_ms, &error);

		assert_int_equal(found, next != NULL);
		if (next == NULL) {
			assert_int_equal(error.kind, ERROR_PERMANENT);
			assert_int_equal(open_ms, 7);
		} else {
			assert_int_equal(open_ms, next[0] == '\0' ? at_ms : instant(next));
		}
		assert_int_equal(
			hours_open(&hours, &calendar, at_ms), next != NULL && next[0] == '\0');
		assert_int_equal(hours_until(&hours, &calendar, at_ms),
			closes[0] == '\0' ? at_ms : instant(closes));
	}
}

static void test_always(void **state)
{
	static const int64_t instants[] = {INT64_MIN, 0, 1, INT64_MAX};
	const struct hours always = parsed(NULL, NULL, false);
	const struct hours daily = parsed("09:00", "10:00", true);
	struct error error;
	int64_t open_ms;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LENGTH(instants); i++) {
		assert_true(hours_open(&always, &calendar, instants[i]));
		assert_true(hours_next(&always, &calendar, instants[i], &open_ms, &error));
		assert_int_equal(open_ms, instants[i]);
		assert_int_equal(hours_until(&always, &calendar, instants[i]), INT64_MAX);
	}
	assert_false(hours_next(&daily, &calendar, INT64_MIN, &open_ms, &error));
	assert_false(hours_next(&daily, &calendar, INT64_MAX, &open_ms, &error));
	assert_non_null(strstr(error.text, "1948 to 2099"));
}

/* A calendar without business days; and one with a day now and then, which is found. */
static void test_never_opens(void **state)
{
	const struct hours hours = parsed("09:00", "17:30", true);
	struct calendar own = calendar;
	struct error error = {0};
	int64_t open_ms;

	(void)state;
	own.closing_count = 2;
	assert_true(closing_period_parse("01-01..12-31", &own.closings[0]));
	assert_true(closing_period_parse("01-01..12-31", &own.closings[1]));
	assert_false(
		hours_next(&hours, &own, instant("2026-11-18T10:00:00+09:00"), &open_ms, &error));
	assert_int_equal(error.kind, ERROR_PERMANENT);
	assert_non_null(strstr(error.text, "install-from to install-until (09:00 to 17:30"));
	assert_non_null(strstr(error.text, "never open"));
	assert_true(closing_period_parse("01-01..02-28", &own.closings[0]));
	assert_true(closing_period_parse("03-01..12-31", &own.closings[1]));
	assert_true(
		hours_next(&hours, &own, instant("2026-11-18T10:00:00+09:00"), &open_ms, &error));
	assert_int_equal(open_ms, instant("2028-02-29T09:00:00+09:00"));
}

static void test_check(void **state)
{
	static const struct {
		const char *due, *not_after;
		const char *start; /* NULL: refused */
	} checks[] = {
		{"2026-11-20T09:00:00+09:00", "2027-11-20T09:00:00+09:00",
			"2026-11-20T22:00:00+09:00"},
		{"2026-11-20T23:00:00+09:00", "2027-11-20T09:00:00+09:00",
			"2026-11-20T23:00:00+09:00"},
		{"2026-11-21T09:00:00+09:00", "2026-11-24T22:00:00+09:00",
			"2026-11-24T22:00:00+09:00"},
		{"2026-11-21T09:00:00+09:00", "2026-11-24T21:59:59.999+09:00", NULL},
	};
	const struct hours hours = parsed("22:00", "06:00", true);
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LENGTH(checks); i++) {
		struct error error = {0};
		int64_t start_ms = 7;
		bool checked = hours_check(&hours, &calendar, instant(checks[i].due),
			instant(checks[i].not_after), &start_ms, &error);

		assert_int_equal(checked, checks[i].start != NULL);
		if (checked) {
			assert_int_equal(start_ms, instant(checks[i].start));
			continue;
		}
		assert_int_equal(start_ms, 7);
		assert_int_equal(error.kind, ERROR_PERMANENT);
		assert_non_null(strstr(error.text, "22:00 to 06:00 of the day after"));
		assert_non_null(strstr(error.text, "2026-11-24T22:00:00+09:00"));
		assert_non_null(strstr(error.text, "2026-11-24T21:59:59+09:00"));
	}
	{
		struct error error;
		int64_t start_ms;

		assert_false(
			hours_check(&hours, &calendar, INT64_MAX, INT64_MAX, &start_ms, &error));
	}
}

/*
 * Another way to the same: every minute of 2027 painted on a strip, by the C library's weekdays and
 * a list of closed days typed from a printed calendar, then read off backwards.
 */
static const int closed_days[] = {101, 102, 103, 111, 211, 223, 322, 429, 503, 504, 505, 719, 811,
	920, 923, 1011, 1103, 1123, 1229, 1230, 1231};

#define DAY_MINUTES 1440
#define STRIP_DAYS (365 + 10)
#define STRIP (STRIP_DAYS * DAY_MINUTES)

static time_t midnight_2027(void)
{
	struct tm date = {.tm_year = 127, .tm_mday = 1};

	return timegm(&date);
}

static bool is_closed(int day)
{
	time_t noon = midnight_2027() + (time_t)day * 86400 + 43200;
	struct tm date;
	size_t i;

	gmtime_r(&noon, &date);
	if (date.tm_wday == 0 || date.tm_wday == 6)
		return true;
	/* After the year's end: up to the 3rd, and the second Monday. */
	for (i = 0; i < ARRAY_LENGTH(closed_days); i++)
		if (closed_days[i] == (date.tm_mon + 1) * 100 + date.tm_mday && date.tm_year == 127)
			return true;
	return date.tm_year == 126
		       ? date.tm_mday >= 29
		       : date.tm_year == 128 && (date.tm_mday <= 3 || date.tm_mday == 10);
}

static void paint(bool strip[STRIP], int from, int length, bool business)
{
	int day, minute;

	for (minute = 0; minute < STRIP; minute++)
		strip[minute] = false;
	for (day = -1; day < STRIP_DAYS; day++) {
		if (business && is_closed(day))
			continue;
		for (minute = day * DAY_MINUTES + from; minute < day * DAY_MINUTES + from + length;
			minute++)
			if (minute >= 0 && minute < STRIP)
				strip[minute] = true;
	}
}

/* The next minute from each on that is OPEN or not; STRIP where there is none. */
static void read_off(const bool strip[STRIP], bool open, int next[STRIP])
{
	int minute, last = STRIP;

	for (minute = STRIP - 1; minute >= 0; minute--) {
		if (strip[minute] == open)
			last = minute;
		next[minute] = last;
	}
}

static void test_every_minute_of_a_year(void **state)
{
	static const struct {
		const char *from, *until;
		int from_minute, length;
	} windows[] = {
		{"09:00", "17:30", 540, 510},
		{"22:00", "06:00", 1320, 480},
		{"00:00", "24:00", 0, 1440},
		{"23:59", "23:58", 1439, 1439},
	};
	static bool strip[STRIP];
	static int opens[STRIP], closes[STRIP];
	const int64_t base_ms = ((int64_t)midnight_2027() - INT64_C(9) * 3600) * 1000;
	size_t i;
	int minute;

	(void)state;
	for (i = 0; i < ARRAY_LENGTH(windows) * 2; i++) {
		bool business = i % 2 == 0;
		struct hours hours = parsed(windows[i / 2].from, windows[i / 2].until, business);

		if (hours.always)
			continue;
		paint(strip, windows[i / 2].from_minute, windows[i / 2].length, business);
		read_off(strip, true, opens);
		read_off(strip, false, closes);
		for (minute = 0; minute < 365 * DAY_MINUTES; minute++) {
			int64_t at_ms = base_ms + (int64_t)minute * 60000, open_ms;
			/* Within the minute and not only at its beginning. */
			int64_t within_ms = at_ms + 59999;
			struct error error;

			assert_int_equal(hours_open(&hours, &calendar, at_ms), strip[minute]);
			assert_int_equal(hours_open(&hours, &calendar, within_ms), strip[minute]);
			assert_true(hours_next(&hours, &calendar, within_ms, &open_ms, &error));
			assert_int_equal(
				open_ms, strip[minute] ? within_ms
						       : base_ms + (int64_t)opens[minute] * 60000);
			assert_int_equal(hours_until(&hours, &calendar, at_ms),
				base_ms + (int64_t)closes[minute] * 60000);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse),
		cmocka_unit_test(test_make),
		cmocka_unit_test(test_cases),
		cmocka_unit_test(test_always),
		cmocka_unit_test(test_never_opens),
		cmocka_unit_test(test_check),
		cmocka_unit_test(test_every_minute_of_a_year),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
