#ifndef DOMAIN_SCHEDULE_H
#define DOMAIN_SCHEDULE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/civil.h"
#include "base/error.h"
#include "domain/calendar.h"

/* One day that was looked at on the way from the base day to the due day. */
struct schedule_day {
	civil_day day;
	bool business;
	char why[DAY_WHY_MAX]; /* "the day of issuance; counting begins after it", "Saturday", … */
};

#define SCHEDULE_DAYS_MAX 400

/* When an install is due, and each day that was counted or passed over. */
struct schedule {
	int64_t base_ms;
	int64_t due_ms;
	struct schedule_day *days; /* from the base day to the due day, both included */
	size_t day_count;
};

struct schedule_rules {
	int business_days;  /* 0 to 60; rule "installed" of the service */
	int opening_minute; /* minutes after midnight, Asia/Tokyo; 540 is 09:00 (rule 13) */
	int cutoff_minute;  /* an instant at or after it counts as the next day; 1440: never (11) */
};

/*
 * Rules 10 to 13 of DOMAIN.md: from BASE_MS forward by the service's business days, to the opening
 * hour of the due day. With 0 business days the first business day from the base day on, and never
 * before BASE_MS itself. BASE_WORD says what the base instant is ("issuance", "registration", "the
 * link being added"). Permanent error when a day falls outside the years of which the holidays are
 * known, or more than SCHEDULE_DAYS_MAX days are passed. To be cleared with schedule_clear.
 */
bool must_check schedule_make(const struct calendar *calendar, const struct schedule_rules *rules,
	int64_t base_ms, const char *base_word, struct schedule *schedule, struct error *error);

/* The due instant alone, without the days; the same rules and errors. */
bool must_check schedule_due(const struct calendar *calendar, const struct schedule_rules *rules,
	int64_t base_ms, int64_t *due_ms, struct error *error);

/* Frees the days; SCHEDULE is {0} again. */
void schedule_clear(struct schedule *schedule);

#endif
