#include "domain/schedule.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/text.h"
#include "base/words.h"

/* A walk from the base day to the due day; the days are kept where somebody wants to see them. */
struct walk {
	const struct calendar *calendar;
	civil_day day;		   /* the day looked at */
	bool business;		   /* whether it is a business day */
	size_t looked;		   /* days looked at, this one included */
	civil_day last;		   /* the last day of which the holidays are known */
	struct schedule *schedule; /* NULL: the due instant alone is wanted */
	size_t capacity;
};

static bool look_at(struct walk *walk, civil_day day, struct error *error)
{
	char date[CIVIL_DATE_MAX];
	struct schedule_day *entry;

	if (walk->looked == SCHEDULE_DAYS_MAX)
		return error_set(error, ERROR_PERMANENT,
			"no due day within %d days; look at the calendar's closing periods",
			SCHEDULE_DAYS_MAX);
	if (day > walk->last) {
		civil_format_date(date, walk->last);
		return error_set(error, ERROR_PERMANENT,
			"the due day lies after %s, the last day of which the holidays are known",
			date);
	}
	walk->day = day;
	walk->looked++;
	if (walk->schedule == NULL) {
		walk->business = calendar_day(walk->calendar, day, NULL) == DAY_BUSINESS;
		return true;
	}
	if (walk->schedule->day_count == walk->capacity) {
		walk->capacity = walk->capacity ? 2 * walk->capacity : 8;
		walk->schedule->days =
			xreallocarray(walk->schedule->days, walk->capacity, sizeof(*entry));
	}
	entry = &walk->schedule->days[walk->schedule->day_count++];
	*entry = (struct schedule_day){.day = day};
	walk->business = calendar_day(walk->calendar, day, entry->why) == DAY_BUSINESS;
	entry->business = walk->business;
	return true;
}

/*
 * Says of the day just looked at what it is on the way; on a closed day that comes after the reason
 * for which it is closed. FORMAT is translated here.
 */
__attribute__((format(printf, 2, 3))) static void say(struct walk *walk, const char *format, ...)
{
	struct schedule_day *entry;
	char text[2 * DAY_WHY_MAX];
	int length = 0;
	va_list arguments;

	if (walk->schedule == NULL)
		return;
	entry = &walk->schedule->days[walk->schedule->day_count - 1];
	if (!entry->business)
		length = snprintf(text, sizeof(text), "%s; ", entry->why);
	va_start(arguments, format);
	vsnprintf(text + length, sizeof(text) - (size_t)length, _(format), arguments);
	va_end(arguments);
	text_sanitise(entry->why, sizeof(entry->why), text, strlen(text));
}

/* The base day, and the next in its place where the instant is not before the cut-off. */
static bool walk_base(struct walk *walk, const struct schedule_rules *rules, int64_t base_ms,
	const char *word, struct error *error)
{
	civil_day day = civil_day_of(base_ms, TOKYO_OFFSET_MIN);
	bool is_late = base_ms >= civil_instant(day, rules->cutoff_minute, TOKYO_OFFSET_MIN);

	if (!look_at(walk, day, error))
		return false;
	if (is_late) {
		say(walk,
			"the day of %s, not before the cut-off at %02d:%02d, so the next day "
			"counts",
			word, rules->cutoff_minute / 60, rules->cutoff_minute % 60);
		if (!look_at(walk, day + 1, error))
			return false;
	}
	if (rules->business_days > 0 && is_late)
		say(walk, "counts as the day of %s; counting begins after it", word);
	else if (rules->business_days > 0)
		say(walk, "the day of %s; counting begins after it", word);
	else if (walk->business && is_late)
		say(walk, "counts as the day of %s, itself the due day", word);
	else if (walk->business)
		say(walk, "the day of %s, itself the due day", word);
	else if (is_late)
		say(walk, "counts as the day of %s", word);
	else
		say(walk, "the day of %s", word);
	return true;
}

/* Goes forward until COUNT business days have passed, or, for 0, to a business day. */
static bool walk_on(struct walk *walk, int count, struct error *error)
{
	int passed = 0;

	if (count == 0) {
		if (walk->business)
			return true;
		while (!walk->business)
			if (!look_at(walk, walk->day + 1, error))
				return false;
		say(walk, "the first business day after it");
		return true;
	}
	while (passed < count) {
		if (!look_at(walk, walk->day + 1, error))
			return false;
		if (walk->business) {
			passed++;
			say(walk, "business day %d of %d", passed, count);
		}
	}
	return true;
}

/* The whole way. WORD may be NULL where no days are kept. */
static bool walk_all(struct walk *walk, const struct schedule_rules *rules, int64_t base_ms,
	const char *word, int64_t *due_ms, struct error *error)
{
	civil_day first = civil_from_date(HOLIDAYS_FIRST_YEAR, 1, 1);

	assert(rules->business_days >= 0 && rules->business_days <= 60);
	assert(rules->opening_minute >= 0 && rules->opening_minute < 1440);
	assert(rules->cutoff_minute >= 0 && rules->cutoff_minute <= 1440);
	walk->last = civil_from_date(HOLIDAYS_LAST_YEAR, 12, 31);
	if (base_ms < civil_instant(first, 0, TOKYO_OFFSET_MIN) ||
		base_ms >= civil_instant(walk->last + 1, 0, TOKYO_OFFSET_MIN))
		return error_set(error, ERROR_PERMANENT,
			"outside the years %d to %d (Japanese time), of which the holidays are "
			"known",
			HOLIDAYS_FIRST_YEAR, HOLIDAYS_LAST_YEAR);
	if (!walk_base(walk, rules, base_ms, word, error) ||
		!walk_on(walk, rules->business_days, error))
		return false;
	*due_ms = civil_instant(walk->day, rules->opening_minute, TOKYO_OFFSET_MIN);
	if (*due_ms < base_ms)
		*due_ms = base_ms;
	return true;
}

bool schedule_make(const struct calendar *calendar, const struct schedule_rules *rules,
	int64_t base_ms, const char *base_word, struct schedule *schedule, struct error *error)
{
	struct schedule made = {.base_ms = base_ms};
	struct walk walk = {.calendar = calendar, .schedule = &made};

	if (!walk_all(&walk, rules, base_ms, base_word, &made.due_ms, error)) {
		schedule_clear(&made);
		return false;
	}
	*schedule = made;
	return true;
}

bool schedule_due(const struct calendar *calendar, const struct schedule_rules *rules,
	int64_t base_ms, int64_t *due_ms, struct error *error)
{
	struct walk walk = {.calendar = calendar};

	return walk_all(&walk, rules, base_ms, "", due_ms, error);
}

void schedule_clear(struct schedule *schedule)
{
	free(schedule->days);
	*schedule = (struct schedule){0};
}
