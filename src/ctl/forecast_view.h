#ifndef CTL_FORECAST_VIEW_H
#define CTL_FORECAST_VIEW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/config.h"
#include "ctl/forecast_options.h"
#include "domain/forecast.h"
#include "store/store.h"

/* Where a service's rate is known from. */
enum rate_source {
	RATE_UNKNOWN,
	RATE_OPTION,   /* --rate */
	RATE_LIMIT,    /* its requests-per-second, no more is ever sent */
	RATE_MEASURED, /* its concurrency, and how long pushes took */
};

struct forecast_rate {
	enum rate_source source;
	bool is_measured; /* the next two are known */
	int64_t median_ms;
	size_t pushes; /* that the median is of */
	int concurrency;
	int64_t limit_milli; /* 0: none */
};

/* One service over all the days shown. */
struct forecast_busy {
	int64_t installs; /* 0: it is not shown */
	int day;	  /* the first with the most of them */
};

/* What is to be shown, with all that was learnt on the way. */
struct forecast_view {
	const struct forecast_options *options;
	struct config *config;
	struct holidays *own_holidays; /* the file of --holidays; NULL without */
	struct calendar calendar;
	struct forecast_service *services; /* in the configuration's order, as the next two */
	struct forecast_rate *rates;
	size_t service_count;
	struct forecast forecast;
	int skipped;		    /* days replayed before the first one shown */
	int64_t lifetime_ms;	    /* of a described estate's certificates */
	struct forecast_busy *busy; /* one a service, by forecast_view_finish */

	/* Of what is stored. */
	int64_t waiting;   /* installs that are open */
	int64_t installed; /* certificates that are installed */
	int64_t held;	   /* jobs that wait for another contract, in no figure */
	int64_t unknown;   /* certificates on services that the configuration lacks, likewise */
};

/* Sets the rates, from --rate, the limits, and what STORE (NULL: none) has measured. */
bool must_check forecast_view_rates(
	struct forecast_view *view, struct store *store, struct error *error);
/* Adds what is described, or all of STORE. The error names what cannot be. */
bool must_check forecast_view_estate(struct forecast_view *view, struct error *error);
bool must_check forecast_view_stored(
	struct forecast_view *view, struct store *store, struct error *error);

/* After the last certificate. */
void forecast_view_finish(struct forecast_view *view);

/* A run of days on which a service cannot do all that fell due. */
struct forecast_backlog {
	size_t service;
	int first, last; /* days on whose evening something was left */
	int64_t most;
	bool goes_on; /* past the last day */
};
/* The first run of SERVICE that begins on day FROM or later; false when there is none. */
bool forecast_view_backlog(
	const struct forecast_view *view, size_t service, int from, struct forecast_backlog *found);

/* Whether DAY is to be shown: something falls due or is left, or all days are. */
bool forecast_view_shows(const struct forecast_view *view, int day);
/* The day with the most of those shown, -1 when nothing falls due. */
int forecast_view_peak(const struct forecast_view *view);

/* Each writes it to standard output. */
void forecast_as_text(const struct forecast_view *view);
void forecast_as_json(const struct forecast_view *view);

#endif
