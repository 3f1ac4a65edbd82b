#include "domain/checklist.h"

/* Days before the expiry between which the end can be applied for online. */
#define WINDOW_FIRST_DAYS 30
#define WINDOW_LAST_DAYS 26

civil_day checklist_month_before(civil_day day)
{
	struct civil_date date = civil_to_date(day);
	int last;

	if (--date.month == 0) {
		date.month = 12;
		date.year--;
	}
	last = civil_days_in_month(date.year, date.month);
	return civil_from_date(date.year, date.month, date.day < last ? date.day : last);
}

/* Up to LAST_DAY (2026-01-31) the old rule holds, from the day after it the new one. */
static enum ending ending_of(const struct checklist_days *days, civil_day last_day)
{
	bool renews = days->has_expiry && days->window_first < last_day;

	if (days->today > last_day)
		return renews ? ENDING_UNCLEAR : ENDING_BY_ITSELF;
	if (!days->has_expiry)
		return ENDING_NO_DAYS;
	if (!renews)
		return ENDING_APPLY_OR_WAIT;
	return days->today <= days->apply_by ? ENDING_APPLY_BEFORE : ENDING_RENEWED;
}

struct checklist_days checklist_days_of(bool has_expiry, civil_day expiry, int64_t now_ms)
{
	struct checklist_days days = {
		.has_expiry = has_expiry,
		.today = civil_day_of(now_ms, TOKYO_OFFSET_MIN),
	};

	const civil_day last_day = civil_from_date(2026, 1, 31);

	if (has_expiry) {
		days.expiry = expiry;
		days.recommended = checklist_month_before(expiry);
		days.window_first = expiry - WINDOW_FIRST_DAYS;
		days.window_last = expiry - WINDOW_LAST_DAYS;
		days.apply_by = days.window_first - 1;
	}
	days.ending = ending_of(&days, last_day);
	days.has_window =
		has_expiry && days.ending != ENDING_BY_ITSELF && days.window_first <= last_day;
	days.has_apply_by = days.ending == ENDING_APPLY_BEFORE || days.ending == ENDING_RENEWED;
	return days;
}
