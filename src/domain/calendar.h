#ifndef DOMAIN_CALENDAR_H
#define DOMAIN_CALENDAR_H

#include <stdbool.h>
#include <stddef.h>

#include "base/civil.h"
#include "domain/holidays.h"

/* A yearly closing period, both ends included; it may run over New Year. */
struct closing_period {
	int from_month, from_day;
	int to_month, to_day;
};

/*
 * Which days are business days (DOMAIN.md, "Words", and rule 12): a value; the holidays are
 * borrowed.
 */
#define CALENDAR_CLOSINGS_MAX 16
struct calendar {
	const struct holidays *holidays;
	struct closing_period closings[CALENDAR_CLOSINGS_MAX];
	size_t closing_count;
};

/* HOLIDAYS and the company's default closing days, 29 December to 3 January (rule 12). */
struct calendar calendar_default(const struct holidays *holidays);

enum day_kind {
	DAY_BUSINESS,
	DAY_WEEKEND,
	DAY_HOLIDAY,
	DAY_COMPANY_CLOSED,
};

#define DAY_WHY_MAX 192

/*
 * What DAY is. WHY (may be NULL) gets the words for it: "Wednesday, a business day",
 * "Saturday", "Monday, a national holiday (勤労感謝の日)", "Tuesday, a company closing day". A day
 * that is closed for more than one reason names the holiday first, then the weekend, then the
 * company: "a national holiday (元日), a Sunday and a company closing day"; its kind is the first
 * of these.
 */
enum day_kind calendar_day(const struct calendar *calendar, civil_day day, char why[DAY_WHY_MAX]);

/* Reads "12-29..01-03"; false when it is no such period. */
bool closing_period_parse(const char *text, struct closing_period *period);

#endif
