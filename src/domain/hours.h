#ifndef DOMAIN_HOURS_H
#define DOMAIN_HOURS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "domain/calendar.h"

/*
 * The hours within which a service lets installs be made (its keys install-from, install-until and
 * install-business-days), in Asia/Tokyo, which has no summer time. From is inclusive, until
 * exclusive. A window may run past midnight; where it is held on business days only, the day on
 * which it begins counts: one from 22:00 to 06:00 is open on a Saturday at 03:00, and not on a
 * Monday at 03:00. A value; a job that waits for its service to open uses up no attempt.
 */
struct hours {
	bool always;	  /* open round the clock; the rest is then without meaning */
	int from_minute;  /* minutes after midnight, 0 to 1439 */
	int until_minute; /* 1 to 1440; less than from_minute: of the day after */
	bool business_days_only;
};

/*
 * Makes HOURS of install-from and install-until as minutes after midnight (until may be 1440), both
 * -1 where they are not given: round the clock then, on BUSINESS_DAYS_ONLY if that is true.
 * Permanent error that names both keys when one is given without the other, when the two are equal,
 * or when one is no time of day.
 */
bool must_check hours_make(int from_minute, int until_minute, bool business_days_only,
	struct hours *hours, struct error *error);

/* The same of texts, "HH:MM" (until also "24:00"), NULL where not given. */
bool must_check hours_parse(const char *from, const char *until, bool business_days_only,
	struct hours *hours, struct error *error);

/*
 * Whether HOURS are open at INSTANT_MS. Outside the years of which the holidays are known, 1948 to
 * 2099, only what is always open is.
 */
bool hours_open(const struct hours *hours, const struct calendar *calendar, int64_t instant_ms);

/*
 * The first instant from INSTANT_MS on at which HOURS are open; INSTANT_MS itself when they are.
 * Permanent error when there is none up to 2099, which is also how hours that can never open show
 * when a configuration is read.
 */
bool must_check hours_next(const struct hours *hours, const struct calendar *calendar,
	int64_t instant_ms, int64_t *open_ms, struct error *error);

/*
 * The first instant from INSTANT_MS on at which HOURS are closed: INSTANT_MS itself when they are.
 * INT64_MAX for what is always open.
 */
int64_t hours_until(const struct hours *hours, const struct calendar *calendar, int64_t instant_ms);

/*
 * The earliest start of an install that is due at DUE_MS with a certificate that is valid up to
 * NOT_AFTER_MS (inclusive): the next opening. Permanent error that names the hours and the
 * certificate's end when it is over before that.
 */
bool must_check hours_check(const struct hours *hours, const struct calendar *calendar,
	int64_t due_ms, int64_t not_after_ms, int64_t *start_ms, struct error *error);

#define HOURS_TEXT_MAX 64

/* "at all hours", "09:00 to 17:30", "22:00 to 06:00 of the day after, on business days only". */
void hours_text(const struct hours *hours, char text[HOURS_TEXT_MAX]);

#endif
