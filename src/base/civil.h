#ifndef BASE_CIVIL_H
#define BASE_CIVIL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Days and instants of the proleptic Gregorian calendar. A day is a number of days since
 * 1970-01-01; an instant is milliseconds since then in UTC. Japan keeps UTC+9 the year round, so a
 * fixed offset serves for Asia/Tokyo (its summer time ended in 1951, before anything judged here).
 */
typedef int32_t civil_day;

#define TOKYO_OFFSET_MIN 540
#define DAY_MS INT64_C(86400000)
#define DAY_S INT64_C(86400)

struct civil_date {
	int year;
	int month; /* 1 to 12 */
	int day;   /* 1 to 31 */
};

civil_day civil_from_date(int year, int month, int day);
struct civil_date civil_to_date(civil_day day);
/* True when YEAR-MONTH-DAY exists. */
bool civil_date_exists(int year, int month, int day);
int civil_days_in_month(int year, int month);
/* 0 is Sunday, 6 Saturday. */
int civil_weekday(civil_day day);
/* "Sunday" to "Saturday", "Sun" to "Sat", in the language of the reader (base/words.h). */
const char *civil_weekday_name(int weekday);
const char *civil_weekday_short(int weekday);

/* The day that INSTANT falls on, at OFFSET_MIN minutes east of UTC. */
civil_day civil_day_of(int64_t instant_ms, int offset_min);
/* The instant of MINUTE minutes after midnight of DAY, at OFFSET_MIN. */
int64_t civil_instant(civil_day day, int minute, int offset_min);

/*
 * Reads "YYYY-MM-DD" or an RFC 3339 date-time ("2026-11-20T10:15:00+09:00", "…Z", fractions of a
 * second allowed, cut to milliseconds; a leap second counts as the next second). Exactly that and
 * nothing after it; false otherwise.
 */
bool civil_parse_date(const char *text, civil_day *day);
bool civil_parse_instant(const char *text, int64_t *instant_ms);

#define CIVIL_INSTANT_MAX 32
#define CIVIL_DATE_MAX 16

/* Writes an RFC 3339 date-time with whole seconds, "+09:00" for TOKYO_OFFSET_MIN, "Z" for 0. */
void civil_format_instant(char target[CIVIL_INSTANT_MAX], int64_t instant_ms, int offset_min);
/* Writes "YYYY-MM-DD". */
void civil_format_date(char target[CIVIL_DATE_MAX], civil_day day);

#endif
