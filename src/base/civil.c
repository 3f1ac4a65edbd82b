#include "base/civil.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/words.h"

/* Howard Hinnant's "days from civil": eras of 400 years that begin on 1 March. */
civil_day civil_from_date(int year, int month, int day)
{
	int y = month <= 2 ? year - 1 : year;
	int era = (y >= 0 ? y : y - 399) / 400;
	int year_of_era = y - era * 400;
	int day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
	int day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;

	return era * 146097 + day_of_era - 719468;
}

struct civil_date civil_to_date(civil_day day)
{
	int z = day + 719468;
	int era = (z >= 0 ? z : z - 146096) / 146097;
	int day_of_era = z - era * 146097;
	int year_of_era =
		(day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
	int day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
	int month_from_march = (5 * day_of_year + 2) / 153;
	int month = month_from_march < 10 ? month_from_march + 3 : month_from_march - 9;

	return (struct civil_date){
		.year = year_of_era + era * 400 + (month <= 2 ? 1 : 0),
		.month = month,
		.day = day_of_year - (153 * month_from_march + 2) / 5 + 1,
	};
}

static bool is_leap(int year)
{
	return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

int civil_days_in_month(int year, int month)
{
	static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

	return month == 2 && is_leap(year) ? 29 : days[month - 1];
}

bool civil_date_exists(int year, int month, int day)
{
	return month >= 1 && month <= 12 && day >= 1 && day <= civil_days_in_month(year, month);
}

int civil_weekday(civil_day day)
{
	/* 1970-01-01 was a Thursday. */
	int weekday = (day + 4) % 7;

	return weekday < 0 ? weekday + 7 : weekday;
}

const char *civil_weekday_name(int weekday)
{
	static const char *const names[] = {N_("Sunday"), N_("Monday"), N_("Tuesday"),
		N_("Wednesday"), N_("Thursday"), N_("Friday"), N_("Saturday")};

	return _(names[weekday]);
}

const char *civil_weekday_short(int weekday)
{
	static const char *const names[] = {
		N_("Sun"), N_("Mon"), N_("Tue"), N_("Wed"), N_("Thu"), N_("Fri"), N_("Sat")};

	return _(names[weekday]);
}

civil_day civil_day_of(int64_t instant_ms, int offset_min)
{
	int64_t local = instant_ms + (int64_t)offset_min * 60000;
	int64_t day = local / DAY_MS;

	if (local % DAY_MS < 0)
		day--;
	return (civil_day)day;
}

int64_t civil_instant(civil_day day, int minute, int offset_min)
{
	return day * DAY_MS + ((int64_t)minute - offset_min) * 60000;
}

/* Reads exactly COUNT digits. */
static bool digits(const char **at, int count, int *value)
{
	int i, number = 0;

	for (i = 0; i < count; i++) {
		if ((*at)[i] < '0' || (*at)[i] > '9')
			return false;
		number = number * 10 + ((*at)[i] - '0');
	}
	*at += count;
	*value = number;
	return true;
}

static bool take(const char **at, char wanted)
{
	if (**at != wanted)
		return false;
	(*at)++;
	return true;
}

static bool date_at(const char **at, civil_day *day)
{
	int year, month, day_of_month;

	if (!digits(at, 4, &year) || !take(at, '-') || !digits(at, 2, &month) || !take(at, '-') ||
		!digits(at, 2, &day_of_month) || year == 0 ||
		!civil_date_exists(year, month, day_of_month))
		return false;
	*day = civil_from_date(year, month, day_of_month);
	return true;
}

bool civil_parse_date(const char *text, civil_day *day)
{
	return date_at(&text, day) && *text == '\0';
}

/* Reads "Z", "+HH:MM" or "-HH:MM" to minutes east of UTC. */
static bool offset_at(const char **at, int *offset_min)
{
	int sign, hours, minutes;

	if (take(at, 'Z') || take(at, 'z')) {
		*offset_min = 0;
		return true;
	}
	if (**at != '+' && **at != '-')
		return false;
	sign = **at == '+' ? 1 : -1;
	(*at)++;
	if (!digits(at, 2, &hours) || !take(at, ':') || !digits(at, 2, &minutes) || hours > 23 ||
		minutes > 59)
		return false;
	*offset_min = sign * (hours * 60 + minutes);
	return true;
}

bool civil_parse_instant(const char *text, int64_t *instant_ms)
{
	const char *at = text;
	civil_day day;
	int hour, minute, second, offset_min, ms = 0;

	if (!date_at(&at, &day) || (*at != 'T' && *at != 't'))
		return false;
	at++;
	if (!digits(&at, 2, &hour) || !take(&at, ':') || !digits(&at, 2, &minute) ||
		!take(&at, ':') || !digits(&at, 2, &second) || hour > 23 || minute > 59 ||
		second > 60)
		return false;
	if (take(&at, '.')) {
		int weight = 100;

		if (*at < '0' || *at > '9')
			return false;
		for (; *at >= '0' && *at <= '9'; at++, weight /= 10)
			ms += (*at - '0') * weight;
	}
	if (!offset_at(&at, &offset_min) || *at != '\0')
		return false;
	*instant_ms =
		civil_instant(day, hour * 60 + minute, offset_min) + second * INT64_C(1000) + ms;
	return true;
}

/* NUMBER in WIDTH digits, of which those that do not fit are left out; returns what is behind. */
static char *put_digits(char *at, int number, int width)
{
	unsigned left = (unsigned)abs(number);
	int i;

	for (i = width - 1; i >= 0; i--, left /= 10)
		at[i] = (char)('0' + left % 10);
	return at + width;
}

static char *put_date(char *at, civil_day day)
{
	struct civil_date date = civil_to_date(day);

	at = put_digits(at, date.year, 4);
	*at++ = '-';
	at = put_digits(at, date.month, 2);
	*at++ = '-';
	return put_digits(at, date.day, 2);
}

static char *put_time(char *at, int hours, int minutes)
{
	at = put_digits(at, hours, 2);
	*at++ = ':';
	return put_digits(at, minutes, 2);
}

void civil_format_date(char target[CIVIL_DATE_MAX], civil_day day)
{
	*put_date(target, day) = '\0';
}

/* A line of the log each, so without printf. */
void civil_format_instant(char target[CIVIL_INSTANT_MAX], int64_t instant_ms, int offset_min)
{
	civil_day day = civil_day_of(instant_ms, offset_min);
	int seconds = (int)((instant_ms - civil_instant(day, 0, offset_min)) / 1000);
	char *at = put_date(target, day), zone = '+';

	if (offset_min <= 0)
		zone = offset_min < 0 ? '-' : 'Z';
	*at++ = 'T';
	at = put_time(at, seconds / 3600, seconds / 60 % 60);
	*at++ = ':';
	at = put_digits(at, seconds % 60, 2);
	*at++ = zone;
	if (offset_min != 0)
		at = put_time(at, abs(offset_min) / 60, abs(offset_min) % 60);
	*at = '\0';
}
