#include "engine/pump.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/log.h"
#include "engine/pump_private.h"

#define STORE_RETRY_FLOOR_MS 1000
#define STORE_RETRY_CEILING_MS 30000
/* When something is due that cannot be claimed (its target is busy elsewhere). */
#define BUSY_TARGET_MS 1000
/* So much later than the wall clock's timer the other one goes off. */
#define RECHECK_MS 50

/* The machine's edges: a poke or the due timer leads to a round, a round to flights. */
static void round_now(void *context);
static void landed(void *context, struct attempt *attempt, struct attempt_result *result);

/* ---- life ---- */

struct pump *pump_new(const struct pump_options *options, struct settings *settings)
{
	struct pump *pump = xcalloc(1, sizeof(*pump));

	pump->options = *options;
	pump->settings = settings_ref(settings);
	pump->poke = loop_timer_new(options->loop, round_now, pump);
	pump->due = loop_timer_new(options->loop, round_now, pump);
	pump->recheck = loop_timer_new(options->loop, round_now, pump);
	pump->wall_ahead_ms = pump_wall_now(pump) - pump_mono_now(pump);
	pump->looked_ms = pump_mono_now(pump);
	pump->unsaved_end = &pump->unsaved;
	lanes_update(
		&pump->lanes, pump_config(pump), pump->options.only_service, pump_mono_now(pump));
	return pump;
}

static void forget_unsaved(struct pump *pump)
{
	while (pump->unsaved != NULL) {
		struct unsaved *unsaved = pump->unsaved;

		pump->unsaved = unsaved->next;
		attempt_result_clear(unsaved->result);
		free(unsaved);
	}
	pump->unsaved_end = &pump->unsaved;
	pump->unsaved_count = 0;
}

void pump_free(struct pump *pump)
{
	if (pump == NULL)
		return;
	if (pump->in_flight != 0)
		abort();
	forget_unsaved(pump);
	lanes_clear(&pump->lanes);
	loop_timer_free(pump->poke);
	loop_timer_free(pump->due);
	loop_timer_free(pump->recheck);
	settings_unref(pump->settings);
	free(pump);
}

void pump_poke(struct pump *pump)
{
	loop_timer_set(pump->poke, 0);
}

void pump_use(struct pump *pump, struct settings *settings, struct pki *pki)
{
	settings_ref(settings);
	settings_unref(pump->settings);
	pump->settings = settings;
	pump->options.pki = pki;
	lanes_update(
		&pump->lanes, pump_config(pump), pump->options.only_service, pump_mono_now(pump));
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

/* ---- after it: tell, start, rest ---- */

static void tell_settled(struct pump *pump)
{
	struct unsaved *unsaved;

	for (unsaved = pump->unsaved; unsaved != NULL; unsaved = unsaved->next) {
		settle_log(unsaved->result, &unsaved->settling, unsaved->applied);
		if (pump->options.observer.settled != NULL && unsaved->applied)
			pump->options.observer.settled(pump->options.observer.context,
				unsaved->result, unsaved->settling.state);
	}
	forget_unsaved(pump);
}

static void take_off(struct pump *pump, struct claimed *claimed)
{
	struct lane *lane = &pump->lanes.list[claimed->lane];
	struct attempt_options options = {
		.loop = pump->options.loop,
		.http = pump->options.http,
		.pki = pump->options.pki,
		.settings = pump->settings,
		.profile = lane_profile(lane, pump_config(pump)),
	};
	size_t i, requests = 0;

	for (i = 0; i < claimed->count; i++)
		/* A look at the edge asks the service for nothing. */
		requests +=
			claimed->jobs[i].state != JOB_VERIFYING || claimed->jobs[i].remote != NULL
				? 1
				: 0;
	lane_started(lane, claimed->count, requests, pump_mono_now(pump));
	for (i = 0; i < claimed->count; i++) {
		struct flight *flight = xcalloc(1, sizeof(*flight));

		flight->pump = pump;
		flight->service = xstrdup(lane->service);
		flight->job_id = claimed->jobs[i].id;
		memcpy(flight->token, claimed->token, LEASE_TOKEN_SIZE);
		flight->lease = claimed->lease;
		options.lease = &flight->lease;
		flight->next = pump->flights;
		if (flight->next != NULL)
			flight->next->previous = flight;
		pump->flights = flight;
		pump->in_flight++;
		flight->attempt = attempt_start(&options, &claimed->jobs[i], claimed->token,
			claimed->key_ids[i], &claimed->sealed[i], landed, flight);
		attempt_guard(flight->attempt, claimed->known[i], claimed->known_counts[i]);
		claimed->known[i] = NULL;
	}
}

static void landed(void *context, struct attempt *attempt, struct attempt_result *result)
{
	struct flight *flight = context;
	struct pump *pump = flight->pump;
	struct unsaved *unsaved = xcalloc(1, sizeof(*unsaved));

	(void)attempt;
	unsaved->result = result;
	*pump->unsaved_end = unsaved;
	pump->unsaved_end = &unsaved->next;
	pump->unsaved_count++;
	lane_landed(lanes_find(&pump->lanes, flight->service), result, pump_mono_now(pump));
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
		pump_poke(pump);
}

/* The results stay with us; they and all that is due wait for the store. */
static void store_failed(struct pump *pump, const struct error *error)
{
	if (pump->store_retry_ms == 0)
		log_error("%s; %zu results wait to be stored, and nothing more is sent until they "
			  "are",
			error->text, pump->unsaved_count);
	pump->store_retry_ms =
		pump->store_retry_ms == 0 ? STORE_RETRY_FLOOR_MS : 2 * pump->store_retry_ms;
	if (pump->store_retry_ms > STORE_RETRY_CEILING_MS)
		pump->store_retry_ms = STORE_RETRY_CEILING_MS;
	loop_timer_set(pump->due, pump->store_retry_ms);
}

static void store_works(struct pump *pump)
{
	if (pump->store_retry_ms != 0)
		log_notice("the store works again");
	pump->store_retry_ms = 0;
}

static void rest(struct pump *pump, bool claimed_something)
{
	int64_t next_ms, now_ms = pump_wall_now(pump);
	struct error error;

	if (!pump_next_instant(pump, &next_ms, &error)) {
		store_failed(pump, &error);
		return;
	}
	if (pump->in_flight == 0 && pump->unsaved_count == 0 && pump->options.observer.idle != NULL)
		pump->options.observer.idle(pump->options.observer.context, next_ms);
	if (pump_first_lease_end(pump) < next_ms)
		next_ms = pump_first_lease_end(pump);
	/* A wall clock that was set back shows when the wait was to be over. */
	if (next_ms > now_ms && next_ms != INT64_MAX)
		loop_timer_set(pump->recheck, next_ms - now_ms + RECHECK_MS);
	if (next_ms == INT64_MAX)
		loop_timer_cancel(pump->due);
	else if (next_ms > now_ms)
		loop_timer_set_wall(pump->due, next_ms);
	else
		loop_timer_set(pump->due, claimed_something ? 0 : BUSY_TARGET_MS);
}

static void round_now(void *context)
{
	struct pump *pump = context;
	struct claimed *claimed;
	size_t i, started = 0;
	int64_t next_ms = INT64_MAX;
	bool mending;
	struct error error;

	loop_timer_cancel(pump->poke);
	loop_timer_cancel(pump->recheck);
	pump_look_at_clocks(pump);
	pump_end_overdue(pump);
	/* Results are worth a transaction in any case; without them, only what is due is. */
	if (!pump_leases_need_mending(pump, &mending, &error) ||
		(pump->unsaved_count == 0 && !pump_next_instant(pump, &next_ms, &error))) {
		store_failed(pump, &error);
		return;
	}
	if (pump->unsaved_count > 0 || mending || next_ms <= pump_wall_now(pump)) {
		claimed = xcalloc(pump->lanes.count, sizeof(*claimed));
		if (!pump_transact(pump, claimed, &error)) {
			free(claimed);
			store_failed(pump, &error);
			return;
		}
		tell_settled(pump);
		for (i = 0; i < pump->lanes.count; i++) {
			take_off(pump, &claimed[i]);
			started += claimed[i].count;
			pump_claimed_clear(&claimed[i]);
		}
		free(claimed);
		/* Of what was to be renewed, what another process has taken. */
		pump_end_overdue(pump);
	}
	pump->stepped = false;
	store_works(pump);
	rest(pump, started > 0);
}
