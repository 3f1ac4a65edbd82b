#include "engine/pump.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/events.h"
#include "engine/pump_private.h"

#define STORE_RETRY_FLOOR_MS 1000
#define STORE_RETRY_CEILING_MS 30000
/* When something is due by what the store said, and was not claimed. */
#define DUE_AGAIN_MS 1000
/* So much later than the wall clock's timer the other one goes off. */
#define RECHECK_MS 50

/* The machine's edges: a poke, a timer or a landing leads to a round, a round to an order, an order
 * to flights. */
static void round_now(void *context);
static void due_now(void *context);
static void look_now(void *context);
static void gathered(void *context);
static void carried_out(struct pump *pump);
static void landed(void *context, struct attempt *attempt, struct attempt_result *result);

/* ---- life ---- */

struct pump *pump_new(const struct pump_options *options, struct settings *settings)
{
	struct pump *pump = xcalloc(1, sizeof(*pump));

	pump->options = *options;
	pump->settings = settings_ref(settings);
	if (options->writer == NULL)
		pump->own_writer = crew_new(options->loop, NULL);
	pump->wake = loop_timer_new(options->loop, round_now, pump);
	pump->due = loop_timer_new(options->loop, due_now, pump);
	pump->recheck = loop_timer_new(options->loop, look_now, pump);
	pump->gather = loop_timer_new(options->loop, gathered, pump);
	pump->wall_ahead_ms = pump_wall_now(pump) - pump_mono_now(pump);
	pump->began_ms = pump->looked_ms = pump_mono_now(pump);
	pump->unsaved_end = &pump->unsaved;
	lanes_update(
		&pump->lanes, pump_config(pump), pump->options.only_service, pump_mono_now(pump));
	pump_ready_fit(pump);
	return pump;
}

void pump_free(struct pump *pump)
{
	if (pump == NULL)
		return;
	if (pump->in_flight != 0)
		abort();
	pump_order_forget(pump);
	pump_forget_unsaved(pump->unsaved);
	pump_ready_forget(pump);
	lanes_clear(&pump->lanes);
	loop_timer_free(pump->wake);
	loop_timer_free(pump->due);
	loop_timer_free(pump->recheck);
	loop_timer_free(pump->gather);
	crew_free(pump->own_writer);
	settings_unref(pump->settings);
	free(pump);
}

void pump_poke(struct pump *pump)
{
	pump->looking = true;
	pump->doubt = pump->ready_count > 0 || pump->order != NULL;
	loop_timer_set(pump->wake, 0);
}

void pump_use(struct pump *pump, struct settings *settings, struct pki *pki)
{
	settings_ref(settings);
	settings_unref(pump->settings);
	pump->settings = settings;
	pump->options.pki = pki;
	lanes_update(
		&pump->lanes, pump_config(pump), pump->options.only_service, pump_mono_now(pump));
	pump_ready_fit(pump);
	/* It was chosen by what the old ones said. */
	pump_ready_give_up(pump);
	pump_poke(pump);
}

void pump_drain(struct pump *pump)
{
	pump->draining = true;
	pump_poke(pump);
}

void pump_abort(struct pump *pump)
{
	pump->draining = true;
	while (pump->flights != NULL)
		attempt_cancel(pump->flights->attempt);
	pump_poke(pump);
}

size_t pump_in_flight(const struct pump *pump)
{
	return pump->in_flight;
}

size_t pump_unsaved(const struct pump *pump)
{
	return pump->unsaved_count;
}

/* ---- flights ---- */

void pump_take_off(struct pump *pump, size_t number, struct ready *ready)
{
	struct lane *lane = &pump->lanes.list[number];
	struct claimed *claimed = &ready->claimed;
	struct flight *flight = xcalloc(1, sizeof(*flight));
	const struct attempt_options options = {
		.loop = pump->options.loop,
		.http = pump->options.http,
		.pki = pump->options.pki,
		.makers = pump->options.makers,
		.settings = pump->settings,
		.profile = lane_profile(lane, pump_config(pump)),
		.lease = &flight->lease,
	};
	/* A look at the edge asks the service for nothing. */
	bool asks = claimed->job.state != JOB_VERIFYING || claimed->job.remote != NULL;

	flight->pump = pump;
	flight->service = xstrdup(lane->service);
	flight->job_id = claimed->job.id;
	memcpy(flight->token, ready->token, LEASE_TOKEN_SIZE);
	flight->lease = ready->lease;
	flight->started_ms = pump_mono_now(pump);
	flight->next = pump->flights;
	if (flight->next != NULL)
		flight->next->previous = flight;
	pump->flights = flight;
	pump->in_flight++;
	lane_started(lane, 1, asks ? 1 : 0, flight->started_ms);
	flight->attempt = attempt_start(&options, &claimed->job, ready->token, claimed->key_id,
		&claimed->sealed, landed, flight);
	attempt_guard(flight->attempt, claimed->known, claimed->known_count);
	claimed->known = NULL;
	claimed_clear(claimed);
	free(ready);
}

static void landed(void *context, struct attempt *attempt, struct attempt_result *result)
{
	struct flight *flight = context;
	struct pump *pump = flight->pump;
	struct unsaved *unsaved = xcalloc(1, sizeof(*unsaved));

	(void)attempt;
	unsaved->result = result;
	if (pump->unsaved == NULL)
		loop_timer_set(pump->gather, PUMP_GATHER_MS);
	*pump->unsaved_end = unsaved;
	pump->unsaved_end = &unsaved->next;
	pump->unsaved_count++;
	lane_landed(lanes_find(&pump->lanes, flight->service), result, flight->started_ms,
		pump_mono_now(pump));
	pump->in_flight--;
	if (flight->previous != NULL)
		flight->previous->next = flight->next;
	else
		pump->flights = flight->next;
	if (flight->next != NULL)
		flight->next->previous = flight->previous;
	free(flight->service);
	free(flight);
	if (pump->store_retry_ms == 0)
		loop_timer_set(pump->wake, 0);
}

/* ---- rounds ---- */

/* The results stay with us; they and all that is due wait for the store. */
static void store_failed(struct pump *pump, const struct error *error)
{
	char waiting[64] = "";

	if (pump->unsaved_count > 0)
		snprintf(waiting, sizeof(waiting), "; results that wait to be stored: %zu",
			pump->unsaved_count);
	if (pump->store_retry_ms == 0)
		log_event(EVENT_STORE_FAILED, NULL, 0,
			"%s; nothing more is sent until it can be written%s", error->text, waiting);
	pump->store_retry_ms =
		pump->store_retry_ms == 0 ? STORE_RETRY_FLOOR_MS : 2 * pump->store_retry_ms;
	if (pump->store_retry_ms > STORE_RETRY_CEILING_MS)
		pump->store_retry_ms = STORE_RETRY_CEILING_MS;
	pump->resting_until_ms = 0;
	loop_timer_set(pump->due, pump->store_retry_ms);
}

static void store_works(struct pump *pump)
{
	if (pump->store_retry_ms != 0)
		log_event(EVENT_STORE_WORKS, NULL, 0, "the store works again");
	pump->store_retry_ms = 0;
}

/* Sets the timers for UNTIL_MS, by the wall clock; INT64_MAX for never. */
static void rest_until(struct pump *pump, int64_t until_ms)
{
	int64_t now_ms = pump_wall_now(pump);

	if (until_ms <= now_ms) {
		loop_timer_set(pump->due, DUE_AGAIN_MS);
		pump->resting_until_ms = 0;
		return;
	}
	if (until_ms == pump->resting_until_ms && loop_timer_is_set(pump->due))
		return;
	pump->resting_until_ms = until_ms;
	if (until_ms == INT64_MAX) {
		loop_timer_cancel(pump->due);
		loop_timer_cancel(pump->recheck);
		return;
	}
	loop_timer_set_wall(pump->due, until_ms);
	/* A wall clock that was set back shows when the wait was to be over. */
	loop_timer_set(pump->recheck, until_ms - now_ms + RECHECK_MS);
}

static void rest(struct pump *pump)
{
	int64_t next_ms = pump_next_instant(pump), age_left_ms = pump_ready_age_left_ms(pump);

	if (pump_first_lease_end(pump) < next_ms)
		next_ms = pump_first_lease_end(pump);
	if (age_left_ms != INT64_MAX && pump_wall_now(pump) + age_left_ms < next_ms)
		next_ms = pump_wall_now(pump) + age_left_ms;
	rest_until(pump, next_ms);
}

/* What a round does, whatever it came from; false when nothing is left to be ordered. */
static bool go_on(struct pump *pump)
{
	pump_end_overdue(pump);
	pump_ready_start(pump);
	if (pump->order != NULL)
		return true;
	if (!pump_order_wanted(pump))
		return false;
	pump_order_make(pump, carried_out);
	return true;
}

static void round_now(void *context)
{
	struct pump *pump = context;

	loop_timer_cancel(pump->wake);
	pump_look_at_clocks(pump);
	if (!go_on(pump) && pump->store_retry_ms == 0)
		rest(pump);
}

/* What comes due by what the store said last, a lane asks for by itself. */
static void due_now(void *context)
{
	struct pump *pump = context;

	if (pump->resting_until_ms == 0)
		pump->looking = true;
	round_now(pump);
}

static void look_now(void *context)
{
	struct pump *pump = context;

	pump->looking = true;
	round_now(pump);
}

static void gathered(void *context)
{
	struct pump *pump = context;

	pump->gathered = true;
	round_now(pump);
}

static void carried_out(struct pump *pump)
{
	struct error error;

	if (!pump_order_end(pump, &error)) {
		store_failed(pump, &error);
		return;
	}
	store_works(pump);
	pump_look_at_clocks(pump);
	if (go_on(pump))
		return;
	if (pump->in_flight == 0 && pump->unsaved_count == 0 && pump->ready_count == 0 &&
		pump->options.observer.idle != NULL)
		pump->options.observer.idle(
			pump->options.observer.context, pump_next_instant(pump));
	rest(pump);
}
