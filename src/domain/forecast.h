#ifndef DOMAIN_FORECAST_H
#define DOMAIN_FORECAST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/civil.h"
#include "base/error.h"
#include "domain/calendar.h"
#include "domain/catalogue.h"

/*
 * How many installs fall due on which day: certificates are renewed at a fraction of their life,
 * each renewal is due by the rules of its service (DOMAIN.md, rules 10 to 13), and lives as long as
 * the one before it or, where that is less, as a public certificate may by then
 * (certificate_days_max). Pure; what is given is borrowed and has to outlive the forecast.
 */
struct forecast_service {
	const struct service_rules *rules;
	int64_t rate_milli; /* thousandths of an install a second; 0: not known */
};

struct forecast_plan {
	const struct calendar *calendar;
	const struct forecast_service *services;
	size_t service_count;
	int cutoff_minute;     /* rule 11; 1440: never */
	civil_day first_day;   /* the replay begins with its midnight */
	int days;	       /* 1 to FORECAST_DAYS_MAX */
	int renew_part;	       /* renewed when part / whole of the life is over; */
	int renew_whole;       /* 1 <= part <= whole <= 1000 */
	bool is_weekdays_only; /* a renewal of a Saturday or Sunday is made on Monday */
};

#define FORECAST_DAYS_MAX 3660

enum forecast_lot_kind {
	LOT_ISSUED,    /* just issued: its install is due by the rules, if not before the start */
	LOT_WAITING,   /* its install is due at due_ms; at the start, if that is over */
	LOT_INSTALLED, /* its renewal is the next that happens */
};

/* COUNT certificates of one life on one service. */
struct forecast_lot {
	enum forecast_lot_kind kind;
	size_t service; /* its place in the plan */
	int64_t count;
	int64_t not_before_ms;
	int64_t not_after_ms; /* the last millisecond that belongs to it */
	int64_t due_ms;	      /* LOT_WAITING */
};

/* One service on one day. */
struct forecast_cell {
	int64_t installs; /* that fall due */
	int64_t waiting;  /* of them, those that wait in the queue already */
	int64_t late;	  /* of them, renewals whose time was over at the start */
	int64_t closed;	  /* of them, those issued on a closed day */
	/* From when to when those were issued that are neither waiting nor late. */
	bool has_base;
	civil_day first_base, last_base;
	int64_t work_ms; /* how long the day's installs take; 0 without a rate */
	int64_t carried; /* left undone when the next day's work comes due; 0 without a rate */
};

struct forecast_day_cache;

/* The fields may be read; cells are those of forecast_cell. */
struct forecast {
	struct forecast_plan plan;
	struct forecast_cell *cells;
	int64_t late;	 /* renewals that should have been made before the start, made on it */
	int64_t expired; /* certificates that ended before the start: no part of this */
	struct forecast_day_cache *cache;
	civil_day cache_first;
	int cache_days;
};

/* Nothing yet; to be cleared with forecast_clear. */
void forecast_init(struct forecast *forecast, const struct forecast_plan *plan);
void forecast_clear(struct forecast *forecast);

/*
 * Replays LOT's life to the end of the plan. A certificate is renewed once a day at most, however
 * short its life. Permanent error when a day lies outside the years of which the holidays are
 * known.
 */
bool must_check forecast_add(
	struct forecast *forecast, const struct forecast_lot *lot, struct error *error);

/*
 * COUNT certificates that live LIFETIME_MS, all past their first install or on the way to it, so
 * spread that as many come up for renewal in each hour (of Monday to Friday with is_weekdays_only)
 * until each was renewed once.
 */
bool must_check forecast_add_estate(struct forecast *forecast, size_t service, int64_t count,
	int64_t lifetime_ms, struct error *error);

/*
 * After the last lot: how long each day's work takes within the service's hours, and what is left
 * of it. The day's work may begin at the service's opening hour and is to be done before the next
 * day's.
 */
void forecast_finish(struct forecast *forecast);

/* DAY counts from 0, the plan's first day. */
const struct forecast_cell *forecast_cell(const struct forecast *forecast, size_t service, int day);
/* All services' installs of the day, and of them those issued on closed days (may be NULL). */
int64_t forecast_installs(const struct forecast *forecast, int day, int64_t *closed);
/* The day from FROM on with the most installs, the first of equals; -1 when there are none. */
int forecast_peak(const struct forecast *forecast, int from);

#define FORECAST_REASON_MAX 160

/*
 * Why DAY has the installs that it has, by the service with the most of them: "first business day
 * after 9 closed days: 2030-12-28 to 2031-01-05", "business day 4 after 3 closed days: …", "jobs
 * that wait in the queue already", "renewals that were late at the start". False when there is no
 * more to say than "no closed day before it", or nothing falls due ("").
 */
bool forecast_reason(const struct forecast *forecast, int day, char reason[FORECAST_REASON_MAX]);

#endif
