#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "domain/calendar.h"

static const struct {
	const char *date;
	enum day_kind kind;
	const char *why;
} days[] = {
	{"2026-11-18", DAY_BUSINESS, "Wednesday, a business day"},
	{"2026-11-20", DAY_BUSINESS, "Friday, a business day"},
	{"2026-11-21", DAY_WEEKEND, "Saturday"},
	{"2026-11-22", DAY_WEEKEND, "Sunday"},
	{"2026-11-23", DAY_HOLIDAY, "Monday, a national holiday (勤労感謝の日)"},
	{"2026-09-22", DAY_HOLIDAY, "Tuesday, a national holiday (休日)"},
	{"2026-05-03", DAY_HOLIDAY, "a national holiday (憲法記念日) and a Sunday"},
	{"2026-12-28", DAY_BUSINESS, "Monday, a business day"},
	{"2026-12-29", DAY_COMPANY_CLOSED, "Tuesday, a company closing day"},
	{"2026-12-31", DAY_COMPANY_CLOSED, "Thursday, a company closing day"},
	{"2027-01-01", DAY_HOLIDAY, "Friday, a national holiday (元日) and a company closing day"},
	{"2027-01-02", DAY_WEEKEND, "Saturday and a company closing day"},
	{"2027-01-04", DAY_BUSINESS, "Monday, a business day"},
	{"2028-01-01", DAY_HOLIDAY,
		"a national holiday (元日), a Saturday and a company closing day"},
	{"2028-01-03", DAY_COMPANY_CLOSED, "Monday, a company closing day"},
	{"2028-01-04", DAY_BUSINESS, "Tuesday, a business day"},
};

static void test_days(void **state)
{
	struct holidays *holidays = holidays_new();
	struct calendar calendar = calendar_default(holidays);
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LENGTH(days); i++) {
		char why[DAY_WHY_MAX];
		civil_day day;

		assert_true(civil_parse_date(days[i].date, &day));
		assert_int_equal(calendar_day(&calendar, day, why), days[i].kind);
		assert_string_equal(why, days[i].why);
		assert_int_equal(calendar_day(&calendar, day, NULL), days[i].kind);
	}
	holidays_free(holidays);
}

/* The holidays are those of the calendar's own file, and every closing period counts. */
static void test_own_holidays_and_closings(void **state)
{
	static const char csv[] = "date,name\n2026/6/10,創立記念日\n";
	struct holidays *holidays = holidays_new();
	struct calendar calendar = calendar_default(holidays);
	char why[DAY_WHY_MAX];
	struct error error;

	(void)state;
	assert_true(holidays_read_csv(
		holidays, "own", (const unsigned char *)csv, sizeof(csv) - 1, &error));
	assert_true(closing_period_parse("08-12..08-14", &calendar.closings[0]));
	assert_true(closing_period_parse("06-11..06-11", &calendar.closings[1]));
	calendar.closing_count = 2;
	assert_int_equal(calendar_day(&calendar, civil_from_date(2026, 6, 10), why), DAY_HOLIDAY);
	assert_string_equal(why, "Wednesday, a national holiday (創立記念日)");
	assert_int_equal(
		calendar_day(&calendar, civil_from_date(2026, 6, 11), NULL), DAY_COMPANY_CLOSED);
	assert_int_equal(calendar_day(&calendar, civil_from_date(2026, 6, 12), NULL), DAY_BUSINESS);
	assert_int_equal(calendar_day(&calendar, civil_from_date(2026, 8, 11), NULL), DAY_BUSINESS);
	assert_int_equal(
		calendar_day(&calendar, civil_from_date(2026, 8, 12), NULL), DAY_COMPANY_CLOSED);
	assert_int_equal(
		calendar_day(&calendar, civil_from_date(2026, 8, 14), NULL), DAY_COMPANY_CLOSED);
	assert_int_equal(
		calendar_day(&calendar, civil_from_date(2026, 12, 29), NULL), DAY_BUSINESS);
	holidays_free(holidays);
}

static void test_closing_period_parse(void **state)
{
	static const char *const bad[] = {"", "12-29", "12-29..", "12-29..1-3", "12-29...01-03",
		"12-29..01-03 ", " 12-29..01-03", "13-01..01-03", "12-32..01-03", "02-30..03-01",
		"12-29..01-00", "12/29..01/03", "12-29-01-03", "1a-29..01-03"};
	struct closing_period period = {1, 2, 3, 4};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LENGTH(bad); i++)
		if (closing_period_parse(bad[i], &period))
			fail_msg("\"%s\" was taken", bad[i]);
	assert_int_equal(period.from_month, 1);
	assert_int_equal(period.to_day, 4);
	assert_true(closing_period_parse("02-29..01-03", &period));
	assert_int_equal(period.from_month, 2);
	assert_int_equal(period.from_day, 29);
	assert_int_equal(period.to_month, 1);
	assert_int_equal(period.to_day, 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_days),
		cmocka_unit_test(test_own_holidays_and_closings),
		cmocka_unit_test(test_closing_period_parse),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
