#include "domain/holidays.h"

#include "base/alloc.h"

/* How a rule's day of the month is found. */
enum rule_kind {
	RULE_FIXED,	     /* the number is the day */
	RULE_MONDAY,	     /* the number counts Mondays: "Happy Monday" */
	RULE_SPRING_EQUINOX, /* the number means nothing */
	RULE_AUTUMN_EQUINOX,
};

struct rule {
	int first_year, last_year;
	int month;
	enum rule_kind kind;
	int number;
	const char *name;
};

#define LAST HOLIDAYS_LAST_YEAR

/*
 * The national holidays (国民の祝日) of article 2 of the Act and its amendments, by month. The Act
 * came into force on 1948-07-20, so what lies before that in the year begins with 1949. One-off
 * days have the names that the Cabinet Office's list gives them.
 */
static const struct rule rules[] = {
	{1949, LAST, 1, RULE_FIXED, 1, "元日"},
	{1949, 1999, 1, RULE_FIXED, 15, "成人の日"},
	{2000, LAST, 1, RULE_MONDAY, 2, "成人の日"},
	{1967, LAST, 2, RULE_FIXED, 11, "建国記念の日"},
	{2020, LAST, 2, RULE_FIXED, 23, "天皇誕生日"},
	{1989, 1989, 2, RULE_FIXED, 24, "大喪の礼"},
	{1949, LAST, 3, RULE_SPRING_EQUINOX, 0, "春分の日"},
	{1959, 1959, 4, RULE_FIXED, 10, "結婚の儀"},
	{1949, 1988, 4, RULE_FIXED, 29, "天皇誕生日"},
	{1989, 2006, 4, RULE_FIXED, 29, "みどりの日"},
	{2007, LAST, 4, RULE_FIXED, 29, "昭和の日"},
	{2019, 2019, 5, RULE_FIXED, 1, "休日（祝日扱い）"},
	{1949, LAST, 5, RULE_FIXED, 3, "憲法記念日"},
	{2007, LAST, 5, RULE_FIXED, 4, "みどりの日"},
	{1949, LAST, 5, RULE_FIXED, 5, "こどもの日"},
	{1993, 1993, 6, RULE_FIXED, 9, "結婚の儀"},
	{1996, 2002, 7, RULE_FIXED, 20, "海の日"},
	{2003, 2019, 7, RULE_MONDAY, 3, "海の日"},
	{2020, 2020, 7, RULE_FIXED, 23, "海の日"},
	{2021, 2021, 7, RULE_FIXED, 22, "海の日"},
	{2022, LAST, 7, RULE_MONDAY, 3, "海の日"},
	{2020, 2020, 7, RULE_FIXED, 24, "スポーツの日"},
	{2021, 2021, 7, RULE_FIXED, 23, "スポーツの日"},
	{2016, 2019, 8, RULE_FIXED, 11, "山の日"},
	{2020, 2020, 8, RULE_FIXED, 10, "山の日"},
	{2021, 2021, 8, RULE_FIXED, 8, "山の日"},
	{2022, LAST, 8, RULE_FIXED, 11, "山の日"},
	{1966, 2002, 9, RULE_FIXED, 15, "敬老の日"},
	{2003, LAST, 9, RULE_MONDAY, 3, "敬老の日"},
	{1948, LAST, 9, RULE_AUTUMN_EQUINOX, 0, "秋分の日"},
	{1966, 1999, 10, RULE_FIXED, 10, "体育の日"},
	{2000, 2019, 10, RULE_MONDAY, 2, "体育の日"},
	{2022, LAST, 10, RULE_MONDAY, 2, "スポーツの日"},
	{2019, 2019, 10, RULE_FIXED, 22, "休日（祝日扱い）"},
	{1948, LAST, 11, RULE_FIXED, 3, "文化の日"},
	{1990, 1990, 11, RULE_FIXED, 12, "即位礼正殿の儀"},
	{1948, LAST, 11, RULE_FIXED, 23, "勤労感謝の日"},
	{1989, 2018, 12, RULE_FIXED, 23, "天皇誕生日"},
};

/*
 * The usual approximation of the day of an equinox: a constant of the period, and how far the
 * tropical year runs ahead of the calendar's, here in millionths of a day. The division has to
 * truncate toward zero, as C's does: before 1980 its left side is negative, and with floor the day
 * would be off by one in most years.
 */
static int equinox(int year, int before_1980, int from_1980)
{
	bool early = year < 1980;
	int moved = (early ? before_1980 : from_1980) + 242194 * (year - 1980);

	return moved / 1000000 - (year - (early ? 1983 : 1980)) / 4;
}

static bool rule_names(const struct rule *rule, const struct civil_date *date, civil_day day)
{
	switch (rule->kind) {
	case RULE_FIXED:
		return date->day == rule->number;
	case RULE_MONDAY:
		return (date->day - 1) / 7 == rule->number - 1 && civil_weekday(day) == 1;
	case RULE_SPRING_EQUINOX:
		return date->day == equinox(date->year, 20835700, 20843100);
	case RULE_AUTUMN_EQUINOX:
		return date->day == equinox(date->year, 23258800, 23248800);
	}
	return false;
}

/* The name of the national holiday itself, without substitute and sandwiched days. */
static const char *national_holiday(civil_day day)
{
	struct civil_date date = civil_to_date(day);
	size_t i;

	/* The rules stand in order of their month. */
	for (i = 0; i < ARRAY_LENGTH(rules) && rules[i].month <= date.month; i++) {
		const struct rule *rule = &rules[i];

		if (rule->month == date.month && rule->first_year <= date.year &&
			date.year <= rule->last_year && rule_names(rule, &date, day))
			return rule->name;
	}
	return NULL;
}

/*
 * Article 3, paragraph 2 (振替休日): a holiday on a Sunday makes the next day one; since 2007 the
 * next day that is not a national holiday. DAY is no national holiday and the day before it is.
 */
static bool is_substitute(civil_day day)
{
	civil_day since_2007 = civil_from_date(2007, 1, 1);
	civil_day before = day - 1;

	if (day < civil_from_date(1973, 4, 12))
		return false;
	if (day < since_2007)
		return civil_weekday(before) == 0;
	while (before >= since_2007 && national_holiday(before) != NULL) {
		if (civil_weekday(before) == 0)
			return true;
		before--;
	}
	return false;
}

/*
 * Article 3, paragraph 3 (国民の休日): a day between two national holidays. Until 2006 a Sunday was
 * none; a substitute day was none either, but has the same name. DAY is no national holiday and the
 * day before it is.
 */
static bool is_sandwiched(civil_day day)
{
	if (day < civil_from_date(1985, 12, 27))
		return false;
	if (day < civil_from_date(2007, 1, 1) && civil_weekday(day) == 0)
		return false;
	return national_holiday(day + 1) != NULL;
}

const char *holiday_by_law(civil_day day)
{
	const char *name;

	if (day < civil_from_date(HOLIDAYS_FIRST_YEAR, 1, 1) ||
		day > civil_from_date(HOLIDAYS_LAST_YEAR, 12, 31))
		return NULL;
	name = national_holiday(day);
	if (name != NULL)
		return name;
	if (national_holiday(day - 1) == NULL)
		return NULL;
	return is_substitute(day) || is_sandwiched(day) ? "休日" : NULL;
}
