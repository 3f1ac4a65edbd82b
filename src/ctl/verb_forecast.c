#include "ctl/verb_forecast.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "ctl/calendar_request.h"
#include "ctl/forecast_options.h"
#include "ctl/forecast_view.h"
#include "ctl/store_request.h"

static int fault(const struct error *error)
{
	forecast_tell("%s", error->text);
	return error->kind == ERROR_PERMANENT ? STATUS_USAGE : STATUS_FAULT;
}

/*
 * The days to be replayed: those to be shown, and for what is stored, which is known as of today,
 * the days from today up to them.
 */
static bool set_days(struct forecast_view *view, struct forecast_plan *plan)
{
	const struct forecast_options *options = view->options;
	civil_day today = civil_day_of(clock_wall_ms(clock_system()), TOKYO_OFFSET_MIN);
	civil_day from = options->has_from ? options->from : today;
	civil_day known = civil_from_date(HOLIDAYS_LAST_YEAR, 12, 31);

	if (from <= civil_from_date(HOLIDAYS_FIRST_YEAR, 12, 31) ||
		from + options->days - 1 > known) {
		forecast_tell("the days lie outside the years %d to %d, of which the holidays are "
			      "known",
			HOLIDAYS_FIRST_YEAR + 1, HOLIDAYS_LAST_YEAR);
		return false;
	}
	if (options->certificates == 0 && from > today)
		view->skipped = from - today;
	if (view->skipped + options->days > FORECAST_DAYS_MAX) {
		forecast_tell("that is more than %d days from today on", FORECAST_DAYS_MAX);
		return false;
	}
	plan->first_day = from - view->skipped;
	plan->days = view->skipped + options->days;
	return true;
}

/* Gets all ready but the certificates. */
static int prepare(struct forecast_view *view)
{
	const struct forecast_options *options = view->options;
	const struct rulebook *rulebook = &view->config->rulebook;
	struct forecast_plan plan = {
		.calendar = &view->calendar,
		.cutoff_minute = rulebook->policy.cutoff_minute,
		.renew_part = options->renew_part,
		.renew_whole = options->renew_whole,
		.is_weekdays_only = options->weekdays_only,
	};
	struct error error;
	size_t i;

	if (!set_days(view, &plan))
		return STATUS_USAGE;
	view->calendar = rulebook->calendar;
	if (options->holidays_path != NULL) {
		if (!calendar_request_holidays(options->holidays_path, &view->own_holidays, &error))
			return fault(&error);
		view->calendar.holidays = view->own_holidays;
	}
	view->service_count = rulebook->service_count;
	view->services = xcalloc(view->service_count + 1, sizeof(*view->services));
	view->rates = xcalloc(view->service_count + 1, sizeof(*view->rates));
	for (i = 0; i < view->service_count; i++)
		view->services[i].rules = &rulebook->services[i];
	plan.services = view->services;
	plan.service_count = view->service_count;
	forecast_init(&view->forecast, &plan);
	return STATUS_DONE;
}

static void view_clear(struct forecast_view *view)
{
	forecast_clear(&view->forecast);
	free(view->services);
	free(view->rates);
	free(view->busy);
	holidays_free(view->own_holidays);
}

/* STORE is NULL for an estate that is described. */
static int show(const struct forecast_options *options, struct config *config, struct store *store)
{
	struct forecast_view view = {.options = options, .config = config};
	int status = prepare(&view);
	struct error error;

	if (status == STATUS_DONE) {
		if (!forecast_view_rates(&view, store, &error) ||
			!(store != NULL ? forecast_view_stored(&view, store, &error)
					: forecast_view_estate(&view, &error))) {
			status = fault(&error);
		} else {
			forecast_view_finish(&view);
			if (options->json)
				forecast_as_json(&view);
			else
				forecast_as_text(&view);
		}
	}
	view_clear(&view);
	return status;
}

static int show_estate(const struct forecast_options *options)
{
	struct config *config;
	struct error error;
	int status;

	if (options->config_path == NULL)
		config = config_defaults();
	else if (!config_read(options->config_path, &config, &error))
		return fault(&error);
	status = show(options, config, NULL);
	config_free(config);
	return status;
}

static int show_stored(const struct forecast_options *options)
{
	static const struct store_verb verb = {.name = "forecast", .operands = "", .help = ""};
	struct store_request request = {.verb = &verb, .config_path = options->config_path};
	int status = STATUS_USAGE;

	if (request.config_path == NULL)
		request.config_path = SYSCONFDIR "/certinstalld/certinstalld.conf";
	if (store_request_open(&request, &status))
		status = show(options, request.config, request.store);
	return store_request_end(&request, status);
}

int verb_forecast(int argc, char **argv)
{
	struct forecast_options options;
	int status;

	if (forecast_options_parse(&options, argc, argv, &status))
		status = options.certificates > 0 ? show_estate(&options) : show_stored(&options);
	forecast_options_clear(&options);
	if (fflush(stdout) == 0 && !ferror(stdout))
		return status;
	forecast_tell("standard output: %s", strerror(errno));
	return status == STATUS_DONE ? STATUS_FAULT : status;
}
