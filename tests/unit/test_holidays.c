#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "base/buffer.h"
#include "base/file.h"
#include "domain/holidays.h"

#define SAMPLE TEST_DATA "/syukujitsu-sample.csv"

/*
 * Every year in which the law changed or something unusual came together, whole, as the Cabinet
 * Office's list has it (which begins with 1955; the name of 2019-10-14 is the law's).
 */
static const struct {
	int year;
	const char *days;
} years[] = {
	{1948, "9/23 秋分の日; "
	       "11/3 文化の日; 11/23 勤労感謝の日; "},
	{1949, "1/1 元日; 1/15 成人の日; 3/21 春分の日; "
	       "4/29 天皇誕生日; 5/3 憲法記念日; 5/5 こどもの日; "
	       "9/23 秋分の日; "
	       "11/3 文化の日; 11/23 勤労感謝の日; "},
	{1959, "1/1 元日; 1/15 成人の日; 3/21 春分の日; "
	       "4/10 結婚の儀; 4/29 天皇誕生日; 5/3 憲法記念日; 5/5 こどもの日; "
	       "9/24 秋分の日; "
	       "11/3 文化の日; 11/23 勤労感謝の日; "},
	{1965, "1/1 元日; 1/15 成人の日; 3/21 春分の日; "
	       "4/29 天皇誕生日; 5/3 憲法記念日; 5/5 こどもの日; "
	       "9/23 秋分の日; "
	       "11/3 文化の日; 11/23 勤労感謝の日; "},
	{1966, "1/1 元日; 1/15 成人の日; 3/21 春分の日; "
	       "4/29 天皇誕生日; 5/3 憲法記念日; 5/5 こどもの日; "
	       "9/15 敬老の日; 9/23 秋分の日; "
	       "10/10 体育の日; 11/3 文化の日; 11/23 勤労感謝の日; "},
	{1967, "1/1 元日; 1/15 成人の日; 2/11 建国記念の日; 3/21 春分の日; "
	       "4/29 天皇誕生日; 5/3 憲法記念日; 5/5 こどもの日; "
	       "9/15 敬老の日; 9/24 秋分の日; "
	       "10/10 体育の日; 11/3 文化の日; 11/23 勤労感謝の日; "},
	{1972, "1/1 元日; 1/15 成人の日; 2/11 建国記念の日; 3/20 春分の日; "
	       "4/29 天皇誕生日; 5/3 憲法記念日; 5/5 こどもの日; "
	       "9/15 敬老の日; 9/23 秋分の日; "
	       "10/10 体育の日; 11/3 文化の日; 11/23 勤労感謝の日; "},
	{1973, "1/1 元日; 1/15 成人の日; 2/11 建国記念の日; 3/21 春分の日; "
	       "4/29 天皇誕生日; 4/30 休日; 5/3 憲法記念日; 5/5 こどもの日; "
	       "9/15 敬老の日; 9/23 秋分の日; 9/24 休日; "
	       "10/10 体育の日; 11/3 文化の日; 11/23 勤労感謝の日; "},
	{1985, "1/1 元日; 1/15 成人の日; 2/11 建国記念の日; 3/21 春分の日; "
	       "4/29 天皇誕生日; 5/3 憲法記念日; 5/5 こどもの日; 5/6 休日; "
	       "9/15 敬老の日; 9/16 休日; 9/23 秋分の日; "
	       "10/10 体育の日; 11/3 文化の日; 11/4 休日; 11/23 勤労感謝の日; "},
	{1986, "1/1 元日; 1/15 成人の日; 2/11 建国記念の日; 3/21 春分の日; "
	       "4/29 天皇誕生日; 5/3 憲法記念日; 5/5 こどもの日; "
	       "9/15 敬老の日; 9/23 秋分の日; "
	       "10/10 体育の日; 11/3 文化の日; 11/23 勤労感謝の日; 11/24 休日; "},
	{1987, "1/1 元日; 1/15 成人の日; 2/11 建国記念の日; 3/21 春分の日; "
	       "4/29 天皇誕生日; 5/3 憲法記念日; 5/4 休日; 5/5 こどもの日; "
	       "9/15 敬老の日; 9/23 秋分の日; "
	       "10/10 体育の日; 11/3 文化の日; 11/23 勤労感謝の日; "},
	{1988, "1/1 元日; 1/15 成人の日; 2/11 建国記念の日; 3/20 春分の日; 3/21 休日; "
	       "4/29 天皇誕生日; 5/3 憲法記念日; 5/4 休日; 5/5 こどもの日; "
	       "9/15 敬老の日; 9/23 秋分の日; "
	       "10/10 体育の日; 11/3 文化の日; 11/23 勤労感謝の日; "},
	{1989, "1/1 元日; 1/2 休日; 1/15 成人の日; 1/16 休日; 2/11 建国記念の日; 2/24 大喪の礼; "
	       "3/21 春分の日; "
	       "4/29 みどりの日; 5/3 憲法記念日; 5/4 休日; 5/5 こどもの日; "
	       "9/15 敬老の日; 9/23 秋分の日; "
	       "10/10 体育の日; 11/3 文化の日; 11/23 勤労感謝の日; 12/23 天皇誕生日; "},
	{1990, "1/1 元日; 1/15 成人の日; 2/11 建国記念の日; 2/12 休日; 3/21 春分の日; "
	       "4/29 みどりの日; 4/30 休日; 5/3 憲法記念日; 5/4 休日; 5/5 こどもの日; "
	       "9/15 敬老の日; 9/23 秋分の日; 9/24 休日; "
	       "10/10 体育の日; 11/3 文化の日; 11/12 即位礼正殿の儀; 11/23 勤労感謝の日; 12/23 "
	       "天皇誕生日; 12/24 休日; "},
	{1993, "1/1 元日; 1/15 成人の日; 2/11 建国記念の日; 3/20 春分の日; "
	       "4/29 みどりの日; 5/3 憲法記念日; 5/4 休日; 5/5 こどもの日; 6/9 結婚の儀; "
	       "9/15 敬老の日; 9/23 秋分の日; "
	       "10/10 体育の日; 10/11 休日; 11/3 文化の日; 11/23 勤労感謝の日; 12/23 天皇誕生日; "},
	{1995, "1/1 元日; 1/2 休日; 1/15 成人の日; 1/16 休日; 2/11 建国記念の日; 3/21 春分の日; "
	       "4/29 みどりの日; 5/3 憲法記念日; 5/4 休日; 5/5 こどもの日; "
	       "9/15 敬老の日; 9/23 秋分の日; "
	       "10/10 体育の日; 11/3 文化の日; 11/23 勤労感謝の日; 12/23 天皇誕生日; "},
	{1996, "1/1 元日; 1/15 成人の日; 2/11 建国記念の日; 2/12 休日; 3/20 春分の日; "
	       "4/29 みどりの日; 5/3 憲法記念日; 5/4 休日; 5/5 こどもの日; 5/6 休日; "
	       "7/20 海の日; 9/15 敬老の日; 9/16 休日; 9/23 秋分の日; "
	       "10/10 体育の日; 11/3 文化の日; 11/4 休日; 11/23 勤労感謝の日; 12/23 天皇誕生日; "},
	{1998, "1/1 元日; 1/15 成人の日; 2/11 建国記念の日; 3/21 春分の日; "
	       "4/29 みどりの日; 5/3 憲法記念日; 5/4 休日; 5/5 こどもの日; "
	       "7/20 海の日; 9/15 敬老の日; 9/23 秋分の日; "
	       "10/10 体育の日; 11/3 文化の日; 11/23 勤労感謝の日; 12/23 天皇誕生日; "},
	{1999, "1/1 元日; 1/15 成人の日; 2/11 建国記念の日; 3/21 春分の日; 3/22 休日; "
	       "4/29 みどりの日; 5/3 憲法記念日; 5/4 休日; 5/5 こどもの日; "
	       "7/20 海の日; 9/15 敬老の日; 9/23 秋分の日; "
	       "10/10 体育の日; 10/11 休日; 11/3 文化の日; 11/23 勤労感謝の日; 12/23 天皇誕生日; "},
	{2000, "1/1 元日; 1/10 成人の日; 2/11 建国記念の日; 3/20 春分の日; "
	       "4/29 みどりの日; 5/3 憲法記念日; 5/4 休日; 5/5 こどもの日; "
	       "7/20 海の日; 9/15 敬老の日; 9/23 秋分の日; "
	       "10/9 体育の日; 11/3 文化の日; 11/23 勤労感謝の日; 12/23 天皇誕生日; "},
	{2002, "1/1 元日; 1/14 成人の日; 2/11 建国記念の日; 3/21 春分の日; "
	       "4/29 みどりの日; 5/3 憲法記念日; 5/4 休日; 5/5 こどもの日; 5/6 休日; "
	       "7/20 海の日; 9/15 敬老の日; 9/16 休日; 9/23 秋分の日; "
	       "10/14 体育の日; 11/3 文化の日; 11/4 休日; 11/23 勤労感謝の日; 12/23 天皇誕生日; "},
	{2003, "1/1 元日; 1/13 成人の日; 2/11 建国記念の日; 3/21 春分の日; "
	       "4/29 みどりの日; 5/3 憲法記念日; 5/5 こどもの日; "
	       "7/21 海の日; 9/15 敬老の日; 9/23 秋分の日; "
	       "10/13 体育の日; 11/3 文化の日; 11/23 勤労感謝の日; 11/24 休日; 12/23 天皇誕生日; "},
	{2006, "1/1 元日; 1/2 休日; 1/9 成人の日; 2/11 建国記念の日; 3/21 春分の日; "
	       "4/29 みどりの日; 5/3 憲法記念日; 5/4 休日; 5/5 こどもの日; "
	       "7/17 海の日; 9/18 敬老の日; 9/23 秋分の日; "
	       "10/9 体育の日; 11/3 文化の日; 11/23 勤労感謝の日; 12/23 天皇誕生日; "},
	{2007, "1/1 元日; 1/8 成人の日; 2/11 建国記念の日; 2/12 休日; 3/21 春分の日; "
	       "4/29 昭和の日; 4/30 休日; 5/3 憲法記念日; 5/4 みどりの日; 5/5 こどもの日; "
	       "7/16 海の日; 9/17 敬老の日; 9/23 秋分の日; 9/24 休日; "
	       "10/8 体育の日; 11/3 文化の日; 11/23 勤労感謝の日; 12/23 天皇誕生日; 12/24 休日; "},
	{2008, "1/1 元日; 1/14 成人の日; 2/11 建国記念の日; 3/20 春分の日; "
	       "4/29 昭和の日; 5/3 憲法記念日; 5/4 みどりの日; 5/5 こどもの日; 5/6 休日; "
	       "7/21 海の日; 9/15 敬老の日; 9/23 秋分の日; "
	       "10/13 体育の日; 11/3 文化の日; 11/23 勤労感謝の日; 11/24 休日; 12/23 天皇誕生日; "},
	{2009, "1/1 元日; 1/12 成人の日; 2/11 建国記念の日; 3/20 春分の日; "
	       "4/29 昭和の日; 5/3 憲法記念日; 5/4 みどりの日; 5/5 こどもの日; 5/6 休日; "
	       "7/20 海の日; 9/21 敬老の日; 9/22 休日; 9/23 秋分の日; "
	       "10/12 体育の日; 11/3 文化の日; 11/23 勤労感謝の日; 12/23 天皇誕生日; "},
	{2015, "1/1 元日; 1/12 成人の日; 2/11 建国記念の日; 3/21 春分の日; "
	       "4/29 昭和の日; 5/3 憲法記念日; 5/4 みどりの日; 5/5 こどもの日; 5/6 休日; "
	       "7/20 海の日; 9/21 敬老の日; 9/22 休日; 9/23 秋分の日; "
	       "10/12 体育の日; 11/3 文化の日; 11/23 勤労感謝の日; 12/23 天皇誕生日; "},
	{2016, "1/1 元日; 1/11 成人の日; 2/11 建国記念の日; 3/20 春分の日; 3/21 休日; "
	       "4/29 昭和の日; 5/3 憲法記念日; 5/4 みどりの日; 5/5 こどもの日; "
	       "7/18 海の日; 8/11 山の日; 9/19 敬老の日; 9/22 秋分の日; "
	       "10/10 体育の日; 11/3 文化の日; 11/23 勤労感謝の日; 12/23 天皇誕生日; "},
	{2018, "1/1 元日; 1/8 成人の日; 2/11 建国記念の日; 2/12 休日; 3/21 春分の日; "
	       "4/29 昭和の日; 4/30 休日; 5/3 憲法記念日; 5/4 みどりの日; 5/5 こどもの日; "
	       "7/16 海の日; 8/11 山の日; 9/17 敬老の日; 9/23 秋分の日; 9/24 休日; "
	       "10/8 体育の日; 11/3 文化の日; 11/23 勤労感謝の日; 12/23 天皇誕生日; 12/24 休日; "},
	{2019, "1/1 元日; 1/14 成人の日; 2/11 建国記念の日; 3/21 春分の日; "
	       "4/29 昭和の日; 4/30 休日; 5/1 休日（祝日扱い）; 5/2 休日; 5/3 憲法記念日; 5/4 "
	       "みどりの日; 5/5 こどもの日; 5/6 休日; "
	       "7/15 海の日; 8/11 山の日; 8/12 休日; 9/16 敬老の日; 9/23 秋分の日; "
	       "10/14 体育の日; 10/22 休日（祝日扱い）; 11/3 文化の日; 11/4 休日; 11/23 "
	       "勤労感謝の日; "},
	{2020, "1/1 元日; 1/13 成人の日; 2/11 建国記念の日; 2/23 天皇誕生日; 2/24 休日; 3/20 "
	       "春分の日; "
	       "4/29 昭和の日; 5/3 憲法記念日; 5/4 みどりの日; 5/5 こどもの日; 5/6 休日; "
	       "7/23 海の日; 7/24 スポーツの日; 8/10 山の日; 9/21 敬老の日; 9/22 秋分の日; "
	       "11/3 文化の日; 11/23 勤労感謝の日; "},
	{2021, "1/1 元日; 1/11 成人の日; 2/11 建国記念の日; 2/23 天皇誕生日; 3/20 春分の日; "
	       "4/29 昭和の日; 5/3 憲法記念日; 5/4 みどりの日; 5/5 こどもの日; "
	       "7/22 海の日; 7/23 スポーツの日; 8/8 山の日; 8/9 休日; 9/20 敬老の日; 9/23 "
	       "秋分の日; "
	       "11/3 文化の日; 11/23 勤労感謝の日; "},
	{2022, "1/1 元日; 1/10 成人の日; 2/11 建国記念の日; 2/23 天皇誕生日; 3/21 春分の日; "
	       "4/29 昭和の日; 5/3 憲法記念日; 5/4 みどりの日; 5/5 こどもの日; "
	       "7/18 海の日; 8/11 山の日; 9/19 敬老の日; 9/23 秋分の日; "
	       "10/10 スポーツの日; 11/3 文化の日; 11/23 勤労感謝の日; "},
	{2024, "1/1 元日; 1/8 成人の日; 2/11 建国記念の日; 2/12 休日; 2/23 天皇誕生日; 3/20 "
	       "春分の日; "
	       "4/29 昭和の日; 5/3 憲法記念日; 5/4 みどりの日; 5/5 こどもの日; 5/6 休日; "
	       "7/15 海の日; 8/11 山の日; 8/12 休日; 9/16 敬老の日; 9/22 秋分の日; 9/23 休日; "
	       "10/14 スポーツの日; 11/3 文化の日; 11/4 休日; 11/23 勤労感謝の日; "},
	{2026, "1/1 元日; 1/12 成人の日; 2/11 建国記念の日; 2/23 天皇誕生日; 3/20 春分の日; "
	       "4/29 昭和の日; 5/3 憲法記念日; 5/4 みどりの日; 5/5 こどもの日; 5/6 休日; "
	       "7/20 海の日; 8/11 山の日; 9/21 敬老の日; 9/22 休日; 9/23 秋分の日; "
	       "10/12 スポーツの日; 11/3 文化の日; 11/23 勤労感謝の日; "},
	{2032, "1/1 元日; 1/12 成人の日; 2/11 建国記念の日; 2/23 天皇誕生日; 3/20 春分の日; "
	       "4/29 昭和の日; 5/3 憲法記念日; 5/4 みどりの日; 5/5 こどもの日; "
	       "7/19 海の日; 8/11 山の日; 9/20 敬老の日; 9/21 休日; 9/22 秋分の日; "
	       "10/11 スポーツの日; 11/3 文化の日; 11/23 勤労感謝の日; "},
	{2099, "1/1 元日; 1/12 成人の日; 2/11 建国記念の日; 2/23 天皇誕生日; 3/20 春分の日; "
	       "4/29 昭和の日; 5/3 憲法記念日; 5/4 みどりの日; 5/5 こどもの日; 5/6 休日; "
	       "7/20 海の日; 8/11 山の日; 9/21 敬老の日; 9/22 休日; 9/23 秋分の日; "
	       "10/12 スポーツの日; 11/3 文化の日; 11/23 勤労感謝の日; "},
};

static char *year_text(int year)
{
	struct buffer text = {0};
	civil_day day, last = civil_from_date(year, 12, 31);

	for (day = civil_from_date(year, 1, 1); day <= last; day++) {
		const char *name = holiday_by_law(day);
		struct civil_date date = civil_to_date(day);

		if (name != NULL)
			buffer_printf(&text, "%d/%d %s; ", date.month, date.day, name);
	}
	return buffer_steal_text(&text);
}

static void test_whole_years(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LENGTH(years); i++) {
		char *days = year_text(years[i].year);

		if (strcmp(days, years[i].days) != 0)
			print_error("the year %d:\n", years[i].year);
		assert_string_equal(days, years[i].days);
		free(days);
	}
}

/* The days of the month as almanacs table them: by the year modulo 4, from some year on. */
static const struct {
	int remainder, first_year, spring, autumn; /* 0: as in the row before */
} equinoxes[] = {
	{0, 1948, 21, 23},
	{0, 1960, 20, 0},
	{0, 2012, 0, 22},
	{0, 2092, 19, 0},
	{1, 1949, 21, 23},
	{1, 1993, 20, 0},
	{1, 2045, 0, 22},
	{2, 1950, 21, 23},
	{2, 2026, 20, 0},
	{2, 2078, 0, 22},
	{3, 1951, 21, 24},
	{3, 1983, 0, 23},
	{3, 2059, 20, 0},
};

static void test_equinoxes(void **state)
{
	int year;

	(void)state;
	for (year = 1949; year <= HOLIDAYS_LAST_YEAR; year++) {
		int spring = 0, autumn = 0, day;
		size_t i;

		for (i = 0; i < ARRAY_LENGTH(equinoxes); i++) {
			if (equinoxes[i].remainder != year % 4 || equinoxes[i].first_year > year)
				continue;
			spring = equinoxes[i].spring ? equinoxes[i].spring : spring;
			autumn = equinoxes[i].autumn ? equinoxes[i].autumn : autumn;
		}
		for (day = 15; day <= 30; day++) {
			const char *march = holiday_by_law(civil_from_date(year, 3, day));
			const char *september = holiday_by_law(civil_from_date(year, 9, day));

			assert_int_equal(
				march != NULL && strcmp(march, "春分の日") == 0, day == spring);
			assert_int_equal(september != NULL && strcmp(september, "秋分の日") == 0,
				day == autumn);
		}
	}
}

/* Single days with their reason; "" is no holiday. */
static const struct {
	const char *date, *name;
} days[] = {
	{"1947-05-03", ""}, {"1948-04-29", ""}, /* before the Act */
	{"1973-02-12", ""},			/* before the substitute days */
	{"1973-04-30", "休日"},			/* the first of them */
	{"1985-05-04", ""},			/* before the sandwiched days */
	{"1986-05-04", ""},			/* a Sunday is not sandwiched before 2007 */
	{"1987-05-04", "休日"},			/* substitute for Sunday, 3 May */
	{"1988-05-04", "休日"},			/* the first sandwiched day */
	{"1997-05-04", ""},			/* Sunday again */
	{"2003-05-04", ""},			/* Sunday, the last of its kind */
	{"2003-05-05", "こどもの日"},		/* and no substitute for it */
	{"2003-05-06", ""}, {"2007-05-04", "みどりの日"},
	{"2008-05-06", "休日"}, /* substitute for Sunday, 4 May: past the 5th */
	{"2009-05-06", "休日"}, /* for Sunday, 3 May: past two holidays */
	{"2009-09-22", "休日"}, /* sandwiched */
	{"2012-09-22", "秋分の日"},
	{"2012-09-24", ""}, /* a holiday on a Saturday has no substitute */
	{"2015-09-22", "休日"}, {"2019-04-30", "休日"}, {"2019-05-01", "休日（祝日扱い）"},
	{"2019-05-02", "休日"}, {"2019-05-06", "休日"},
	{"2019-12-23", ""}, /* no Emperor's birthday in 2019 */
	{"2019-02-23", ""}, {"2020-02-24", "休日"}, {"2020-05-06", "休日"}, {"2020-07-20", ""},
	{"2020-10-12", ""}, {"2021-08-09", "休日"}, {"2021-08-11", ""}, {"2026-09-22", "休日"},
	{"2099-12-31", ""}, {"2100-01-01", ""}, /* out of range */
};

static void test_days(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LENGTH(days); i++) {
		civil_day day;
		const char *name;

		assert_true(civil_parse_date(days[i].date, &day));
		name = holiday_by_law(day);
		if (strcmp(name != NULL ? name : "", days[i].name) != 0)
			print_error("%s:\n", days[i].date);
		assert_string_equal(name != NULL ? name : "", days[i].name);
	}
}

static bool read_text(struct holidays *holidays, const char *text, struct error *error)
{
	return holidays_read_csv(
		holidays, "holidays.csv", (const unsigned char *)text, strlen(text), error);
}

/* The sample is the official file's form: Shift_JIS, CRLF. In its years the law says the same. */
static void test_official_file(void **state)
{
	struct holidays *holidays = holidays_new();
	struct buffer file = {0};
	struct error error;
	civil_day day, last = civil_from_date(2028, 12, 31);
	int first_year = 0, last_year = 0, found = 0;

	(void)state;
	assert_false(holidays_covered(holidays, &first_year, &last_year));
	assert_true(file_read(SAMPLE, (size_t)1 << 20, &file, &error));
	assert_true(holidays_read_csv(holidays, SAMPLE, file.data, file.length, &error));
	assert_true(holidays_covered(holidays, &first_year, &last_year));
	assert_int_equal(first_year, 2024);
	assert_int_equal(last_year, 2027);
	for (day = civil_from_date(2023, 1, 1); day <= last; day++) {
		const char *name = holidays_name(holidays, day), *law = holiday_by_law(day);

		assert_string_equal(name != NULL ? name : "", law != NULL ? law : "");
		if (name != NULL && day >= civil_from_date(2024, 1, 1) &&
			day <= civil_from_date(2027, 12, 31))
			found++;
	}
	/* As many as the file has lines below its heading. */
	assert_int_equal(found, 75);
	buffer_free(&file);
	holidays_free(holidays);
}

/* Forms of the file that circulate; each holds 2026-01-02 as "テスト" and 2027-03-04 as "休日". */
static const struct {
	const char *text;
	size_t length;
} forms[] = {
#define FORM(text)                                                                                 \
	{                                                                                          \
		text, sizeof(text) - 1                                                             \
	}
	FORM("日付,名称\n2026/1/2,テスト\n2027/3/4,休日\n"),
	FORM("\xef\xbb\xbf"
	     "日付,名称\r\n2026/1/2,テスト\r\n2027/3/4,休日\r\n"),
	FORM("\xef\xbb\xbf"
	     "2026/1/2,テスト\n2027/3/4,休日"),
	FORM("date,name\n2026-01-02,テスト\n2027-03-04,休日\n"),
	FORM("date,name\n2027/03/04,休日\n\n2026/01/02,テスト\n2026/01/02,テスト\n"),
	FORM("date,name\r\n2026/1/2,\x83\x65\x83\x58\x83\x67\r\n2027/3/4,\x8b\x78\x93\xfa\r\n"),
};

static void test_forms(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LENGTH(forms); i++) {
		struct holidays *holidays = holidays_new();
		struct error error = {0};
		civil_day day;
		int found = 0;

		if (!holidays_read_csv(holidays, "form", (const unsigned char *)forms[i].text,
			    forms[i].length, &error))
			fail_msg("form %zu: %s", i, error.text);
		/* The file wins both ways: it adds, and what it lacks is no holiday. */
		for (day = civil_from_date(2026, 1, 1); day <= civil_from_date(2027, 12, 31); day++)
			found += holidays_name(holidays, day) != NULL;
		assert_int_equal(found, 2);
		assert_string_equal(holidays_name(holidays, civil_from_date(2026, 1, 2)), "テスト");
		assert_string_equal(holidays_name(holidays, civil_from_date(2027, 3, 4)), "休日");
		/* Outside its years the law serves. */
		assert_string_equal(holidays_name(holidays, civil_from_date(2025, 1, 1)), "元日");
		assert_string_equal(holidays_name(holidays, civil_from_date(2028, 1, 1)), "元日");
		holidays_free(holidays);
	}
}

static const struct {
	const char *text, *error;
} bad_files[] = {
	{"", "holidays.csv: empty"},
	{"\xef\xbb\xbf", "holidays.csv: empty"},
	{"heading\n", "holidays.csv: holds no holidays"},
	{"<html>\n<body>\n", "line 2: does not begin with a date"},
	{"h\n2026/1/1,元日\n2026/2/30,休日\n", "line 3: there is no day 2026-02-30"},
	{"h\n2026/0/1,元日\n", "line 2: there is no day"},
	{"h\n2026/1-1,元日\n", "line 2: does not begin"},
	{"h\n2026/1/1\n", "line 2: does not begin"},
	{"h\n26/1/1,元日\n", "line 2: does not begin"},
	{"h\n2026/001/1,元日\n", "line 2: does not begin"},
	{"h\n 2026/1/1,元日\n", "line 2: does not begin"},
	{"h\n2026/1/1,\n", "line 2: the holiday's name is missing"},
	{"h\n1947/1/1,元日\n", "line 2: the year 1947 is outside 1948 to 2099"},
	{"h\n2100/1/1,元日\n", "line 2: the year 2100"},
	{"h\n2026/1/1,\x1b[31m\n", "line 2: the holiday's name is longer"},
	{"h\n2026/1/1,元日,元日\n", "line 2: the holiday's name is longer"},
	{"h\n2026/1/1,一二三四五六七八九十一二三四五六七八九十一\n", "line 2: the holiday's name"},
	{"h\n2026/1/1,元日\n2026/1/2,休日\n2026/1/1,休日\n", "line 4: the day stands in line 2"},
	{"h\n2026/1/1,\xff\xff\n", "line 2: neither UTF-8 nor Shift_JIS"},
	{"h\n2026/1/1,a\n2026/1/2,\x8b", "line 3: neither UTF-8 nor Shift_JIS"},
};

static void test_bad_files(void **state)
{
	struct holidays *holidays = holidays_new();
	struct error error;
	size_t i;

	(void)state;
	assert_true(read_text(holidays, "h\n2030/1/2,前\n", &error));
	for (i = 0; i < ARRAY_LENGTH(bad_files); i++) {
		error = (struct error){0};
		assert_false(read_text(holidays, bad_files[i].text, &error));
		assert_int_equal(error.kind, ERROR_PERMANENT);
		if (strncmp(error.text, "holidays.csv", 12) != 0 ||
			strstr(error.text, bad_files[i].error) == NULL)
			fail_msg(
				"case %zu: \"%s\" lacks \"%s\"", i, error.text, bad_files[i].error);
	}
	/* What was read before them still holds. */
	assert_string_equal(holidays_name(holidays, civil_from_date(2030, 1, 2)), "前");
	assert_null(holidays_name(holidays, civil_from_date(2030, 1, 1)));
	holidays_free(holidays);
}

/* A NUL in a name, and a file beyond the bound. */
static void test_hostile_files(void **state)
{
	static const unsigned char nul[] = "h\n2026/1/1,a\0b\n";
	struct holidays *holidays = holidays_new();
	size_t size = ((size_t)1 << 20) + 1;
	unsigned char *large = xmalloc(size);
	struct error error = {0};

	(void)state;
	assert_false(holidays_read_csv(holidays, "nul", nul, sizeof(nul) - 1, &error));
	assert_non_null(strstr(error.text, "nul, line 2"));
	memset(large, '\n', size);
	assert_false(holidays_read_csv(holidays, "large", large, size, &error));
	assert_non_null(strstr(error.text, "large: larger than 1 MiB"));
	free(large);
	holidays_free(holidays);
}

/* A second file takes the first one's place. */
static void test_read_again(void **state)
{
	struct holidays *holidays = holidays_new();
	struct error error;
	int first_year, last_year;

	(void)state;
	assert_true(read_text(holidays, "h\n2030/1/2,前\n", &error));
	assert_true(read_text(holidays, "h\n2031/1/2,後\n2033/5/5,後\n", &error));
	assert_true(holidays_covered(holidays, &first_year, &last_year));
	assert_int_equal(first_year, 2031);
	assert_int_equal(last_year, 2033);
	assert_null(holidays_name(holidays, civil_from_date(2030, 1, 2)));
	assert_string_equal(holidays_name(holidays, civil_from_date(2030, 1, 1)), "元日");
	/* A covered year that no line names has no holidays. */
	assert_null(holidays_name(holidays, civil_from_date(2032, 1, 1)));
	holidays_free(holidays);
	holidays_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_whole_years),
		cmocka_unit_test(test_equinoxes),
		cmocka_unit_test(test_days),
		cmocka_unit_test(test_official_file),
		cmocka_unit_test(test_forms),
		cmocka_unit_test(test_bad_files),
		cmocka_unit_test(test_hostile_files),
		cmocka_unit_test(test_read_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
