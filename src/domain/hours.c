#include "domain/hours.h"

#include <stdio.h>
#include <string.h>

#include "base/civil.h"
#include "base/words.h"

#define MINUTES_A_DAY 1440

bool hours_make(int from_minute, int until_minute, bool business_days_only, struct hours *hours,
	struct error *error)
{
	bool has_from = from_minute != -1, has_until = until_minute != -1;

	if (has_from != has_until)
		return error_set(error, ERROR_PERMANENT,
			"%s is given without %s; give both, or neither for round the clock",
			has_from ? "install-from" : "install-until",
			has_from ? "install-until" : "install-from");
	if (!has_from) {
		*hours = (struct hours){.always = !business_days_only,
			.until_minute = MINUTES_A_DAY,
			.business_days_only = business_days_only};
		return true;
	}
	if (from_minute < 0 || from_minute >= MINUTES_A_DAY || until_minute < 0 ||
		until_minute > MINUTES_A_DAY)
		return error_set(error, ERROR_PERMANENT,
			"install-from must lie within 00:00 and 23:59, install-until within 00:00 "
			"and 24:00");
	if (from_minute == until_minute)
		return error_set(error, ERROR_PERMANENT,
			"install-from and install-until are both %02d:%02d, which is never open; "
			"leave both out for round the clock",
			from_minute / 60, from_minute % 60);
	/* Midnight as an end is the end of the day that began. */
	if (until_minute == 0)
		until_minute = MINUTES_A_DAY;
	*hours = (struct hours){
		.always = from_minute == 0 && until_minute == MINUTES_A_DAY && !business_days_only,
		.from_minute = from_minute,
		.until_minute = until_minute,
		.business_days_only = business_days_only,
	};
	return true;
}

/* Reads "HH:MM" up to LAST minutes after midnight; -1 for no text. */
static bool read_minute(
	const char *key, const char *text, int last, int *minute, struct error *error)
{
	size_t i;

	*minute = -1;
	if (text == NULL)
		return true;
	if (strlen(text) != 5 || text[2] != ':')
		goto wrong;
	for (i = 0; i < 5; i++)
		if (i != 2 && (text[i] < '0' || text[i] > '9'))
			goto wrong;
	*minute =
		((text[0] - '0') * 10 + text[1] - '0') * 60 + (text[3] - '0') * 10 + text[4] - '0';
	if (text[3] <= '5' && *minute <= last)
		return true;
wrong:
	return error_set(error, ERROR_PERMANENT, "%s \"%.32s\" is no time from 00:00 to %02d:%02d",
		key, text, last / 60, last % 60);
}

bool hours_parse(const char *from, const char *until, bool business_days_only, struct hours *hours,
	struct error *error)
{
	int from_minute, until_minute;

	return read_minute("install-from", from, MINUTES_A_DAY - 1, &from_minute, error) &&
	       read_minute("install-until", until, MINUTES_A_DAY, &until_minute, error) &&
	       hours_make(from_minute, until_minute, business_days_only, hours, error);
}

static int64_t known_end_ms(void)
{
	civil_day end = civil_from_date(HOLIDAYS_LAST_YEAR + 1, 1, 1);

	return civil_instant(end, 0, TOKYO_OFFSET_MIN);
}

static bool is_known(int64_t instant_ms)
{
	civil_day first = civil_from_date(HOLIDAYS_FIRST_YEAR, 1, 1);

	return instant_ms >= civil_instant(first, 0, TOKYO_OFFSET_MIN) &&
	       instant_ms < known_end_ms();
}

static int64_t begin_of(const struct hours *hours, civil_day day)
{
	return civil_instant(day, hours->from_minute, TOKYO_OFFSET_MIN);
}

/* The end of the window that begins on DAY; no later than what is known. */
static int64_t end_of(const struct hours *hours, civil_day day)
{
	civil_day last = hours->until_minute < hours->from_minute ? day + 1 : day;
	int64_t end_ms = civil_instant(last, hours->until_minute, TOKYO_OFFSET_MIN);

	return end_ms < known_end_ms() ? end_ms : known_end_ms();
}

/* Whether a window begins on DAY. */
static bool is_day(const struct hours *hours, const struct calendar *calendar, civil_day day)
{
	return !hours->business_days_only || calendar_day(calendar, day, NULL) == DAY_BUSINESS;
}

/* The end of the window in which INSTANT_MS lies, in *END_MS; false when it lies in none. */
static bool find_window(const struct hours *hours, const struct calendar *calendar,
	int64_t instant_ms, int64_t *end_ms)
{
	civil_day day, today;

	if (!is_known(instant_ms))
		return false;
	today = civil_day_of(instant_ms, TOKYO_OFFSET_MIN);
	/* Yesterday's may still be open. */
	for (day = today - 1; day <= today; day++) {
		*end_ms = end_of(hours, day);
		if (begin_of(hours, day) <= instant_ms && instant_ms < *end_ms &&
			is_day(hours, calendar, day))
			return true;
	}
	return false;
}

bool hours_open(const struct hours *hours, const struct calendar *calendar, int64_t instant_ms)
{
	int64_t end_ms;

	return hours->always || find_window(hours, calendar, instant_ms, &end_ms);
}

bool hours_next(const struct hours *hours, const struct calendar *calendar, int64_t instant_ms,
	int64_t *open_ms, struct error *error)
{
	char text[HOURS_TEXT_MAX], at[CIVIL_INSTANT_MAX];
	civil_day day;

	if (hours_open(hours, calendar, instant_ms)) {
		*open_ms = instant_ms;
		return true;
	}
	hours_text(hours, text);
	if (!is_known(instant_ms))
		return error_set(error, ERROR_PERMANENT,
			"outside the years %d to %d (Japanese time), of which the holidays are "
			"known, so that nothing can be said of opening hours (%s)",
			HOLIDAYS_FIRST_YEAR, HOLIDAYS_LAST_YEAR, text);
	for (day = civil_day_of(instant_ms, TOKYO_OFFSET_MIN); is_known(begin_of(hours, day));
		day++) {
		if (begin_of(hours, day) < instant_ms || !is_day(hours, calendar, day))
			continue;
		*open_ms = begin_of(hours, day);
		return true;
	}
	civil_format_instant(at, instant_ms, TOKYO_OFFSET_MIN);
	return error_set(error, ERROR_PERMANENT,
		"hours from install-from to install-until (%s) never open from %s to the end of "
		"%d; look at the calendar's closing periods",
		text, at, HOLIDAYS_LAST_YEAR);
}

int64_t hours_until(const struct hours *hours, const struct calendar *calendar, int64_t instant_ms)
{
	int64_t end_ms;

	if (hours->always)
		return INT64_MAX;
	/* Whole days one after the other are one opening. */
	while (find_window(hours, calendar, instant_ms, &end_ms))
		instant_ms = end_ms;
	return instant_ms;
}

bool hours_check(const struct hours *hours, const struct calendar *calendar, int64_t due_ms,
	int64_t not_after_ms, int64_t *start_ms, struct error *error)
{
	char text[HOURS_TEXT_MAX], open[CIVIL_INSTANT_MAX], end[CIVIL_INSTANT_MAX];
	int64_t open_ms = 0;

	if (!hours_next(hours, calendar, due_ms, &open_ms, error))
		return false;
	if (open_ms <= not_after_ms) {
		*start_ms = open_ms;
		return true;
	}
	hours_text(hours, text);
	civil_format_instant(open, open_ms, TOKYO_OFFSET_MIN);
	civil_format_instant(end, not_after_ms, TOKYO_OFFSET_MIN);
	return error_set(error, ERROR_PERMANENT,
		"the service's hours (%s) next open at %s, and the certificate ends before that, "
		"at %s",
		text, open, end);
}

void hours_text(const struct hours *hours, char text[HOURS_TEXT_MAX])
{
	bool over_midnight = hours->until_minute < hours->from_minute;

	if (hours->always)
		snprintf(text, HOURS_TEXT_MAX, "%s", _("at all hours"));
	else if (hours->from_minute == 0 && hours->until_minute == MINUTES_A_DAY)
		snprintf(text, HOURS_TEXT_MAX, "%s", _("on business days only"));
	else
		snprintf(text, HOURS_TEXT_MAX,
			hours->business_days_only
				? over_midnight ? _("%02d:%02d to %02d:%02d of the day after, on "
						    "business days only")
						: _("%02d:%02d to %02d:%02d, on business days only")
			: over_midnight ? _("%02d:%02d to %02d:%02d of the day after")
					: _("%02d:%02d to %02d:%02d"),
			hours->from_minute / 60 % 100, hours->from_minute % 60,
			hours->until_minute / 60 % 100, hours->until_minute % 60);
}
