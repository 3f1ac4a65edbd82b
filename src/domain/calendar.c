#include "domain/calendar.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "base/words.h"

struct calendar calendar_default(const struct holidays *holidays)
{
	return (struct calendar){
		.holidays = holidays,
		.closings = {{.from_month = 12, .from_day = 29, .to_month = 1, .to_day = 3}},
		.closing_count = 1,
	};
}

static bool is_in_closing(const struct calendar *calendar, civil_day day)
{
	struct civil_date date = civil_to_date(day);
	int at = date.month * 100 + date.day;
	size_t i;

	for (i = 0; i < calendar->closing_count; i++) {
		const struct closing_period *period = &calendar->closings[i];
		int from = period->from_month * 100 + period->from_day;
		int to = period->to_month * 100 + period->to_day;

		/* One that ends before it begins runs over New Year. */
		if (from <= to ? from <= at && at <= to : from <= at || at <= to)
			return true;
	}
	return false;
}

/* WHY for a day that is closed for at least one of the three reasons. */
static void closed_why(
	char why[DAY_WHY_MAX], int weekday, const char *holiday, bool is_weekend, bool is_closing)
{
	const char *name = civil_weekday_name(weekday);
	char text[2 * DAY_WHY_MAX];

	if (holiday != NULL && is_weekend)
		snprintf(text, sizeof(text),
			is_closing ? _("a national holiday (%s), a %s and a company closing day")
				   : _("a national holiday (%s) and a %s"),
			holiday, name);
	else if (holiday != NULL)
		snprintf(text, sizeof(text),
			is_closing ? _("%s, a national holiday (%s) and a company closing day")
				   : _("%s, a national holiday (%s)"),
			name, holiday);
	else if (is_weekend)
		snprintf(text, sizeof(text), is_closing ? _("%s and a company closing day") : "%s",
			name);
	else
		snprintf(text, sizeof(text), _("%s, a company closing day"), name);
	text_sanitise(why, DAY_WHY_MAX, text, strlen(text));
}

enum day_kind calendar_day(const struct calendar *calendar, civil_day day, char why[DAY_WHY_MAX])
{
	int weekday = civil_weekday(day);
	bool is_weekend = weekday == 0 || weekday == 6;
	bool is_closing = is_in_closing(calendar, day);
	const char *holiday;

	assert(calendar->holidays != NULL);
	holiday = holidays_name(calendar->holidays, day);
	if (holiday == NULL && !is_weekend && !is_closing) {
		if (why != NULL)
			snprintf(why, DAY_WHY_MAX, _("%s, a business day"),
				civil_weekday_name(weekday));
		return DAY_BUSINESS;
	}
	if (why != NULL)
		closed_why(why, weekday, holiday, is_weekend, is_closing);
	if (holiday != NULL)
		return DAY_HOLIDAY;
	return is_weekend ? DAY_WEEKEND : DAY_COMPANY_CLOSED;
}

/* Reads "MM-DD"; the 29th of February exists in some years. */
static bool month_and_day_at(const char **at, int *month, int *day)
{
	const char *text = *at;
	size_t i;

	for (i = 0; i < 5; i++)
		if (i == 2 ? text[i] != '-' : text[i] < '0' || text[i] > '9')
			return false;
	*month = (text[0] - '0') * 10 + (text[1] - '0');
	*day = (text[3] - '0') * 10 + (text[4] - '0');
	*at += 5;
	return civil_date_exists(2000, *month, *day);
}

bool closing_period_parse(const char *text, struct closing_period *period)
{
	struct closing_period read;

	if (!month_and_day_at(&text, &read.from_month, &read.from_day) ||
		strncmp(text, "..", 2) != 0)
		return false;
	text += 2;
	if (!month_and_day_at(&text, &read.to_month, &read.to_day) || *text != '\0')
		return false;
	*period = read;
	return true;
}
