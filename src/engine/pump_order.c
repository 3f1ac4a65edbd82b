/* The pump's orders: when one is due, what is in it, and what came of it. */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/events.h"
#include "engine/pump_private.h"

/* So many results make a transaction worth its while, */
#define GATHER_MAX 256
/* as do fewer if no more than this are to be expected by the end of a gathering. */
#define GATHER_MIN 4
/* When something is due that cannot be claimed (its target is busy elsewhere). */
#define BUSY_TARGET_MS 1000

/* ---- when ---- */

/* Whether more results are worth being waited for. */
static bool is_gathering(const struct pump *pump)
{
	size_t expected = 0, i;

	if (pump->gathered || pump->unsaved_count >= GATHER_MAX)
		return false;
	for (i = 0; i < pump->lanes.count; i++) {
		const struct lane *lane = &pump->lanes.list[i];

		expected += lane_pace(lane, lane->in_flight, PUMP_GATHER_MS);
	}
	return expected >= GATHER_MIN;
}

/* Whether a lane has fewer ready than it may soon start, and the store more. */
static bool needs_refill(const struct pump *pump)
{
	int64_t now_ms = pump_wall_now(pump), mono_ms = pump_mono_now(pump);
	size_t i;

	for (i = 0; i < pump->lanes.count; i++) {
		const struct lane *lane = &pump->lanes.list[i];

		if (lane->next_ms > now_ms || lane->busy_until_ms > mono_ms ||
			lane_profile(lane, pump_config(pump)) == NULL)
			continue;
		if (pump->ready[i].count <
			lane_room(lane, pump_config(pump), pump_room(pump), mono_ms) +
				pump_ready_ahead(pump, i) / 3)
			return true;
	}
	return false;
}

bool pump_order_wanted(const struct pump *pump)
{
	if (pump->looking)
		return true;
	if (pump->store_retry_ms != 0)
		return false;
	return pump->returning.count > 0 || (pump->unsaved != NULL && !is_gathering(pump)) ||
	       (!pump->draining && needs_refill(pump));
}

/* ---- making ---- */

/* What spreads the tries of many jobs is to be even, and need not be hard to guess (splitmix64). */
static uint64_t spread(uint64_t *seed)
{
	uint64_t mixed = *seed += UINT64_C(0x9e3779b97f4a7c15);

	mixed = (mixed ^ mixed >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	mixed = (mixed ^ mixed >> 27) * UINT64_C(0x94d049bb133111eb);
	return mixed ^ mixed >> 31;
}

static void add_results(struct pump *pump, struct order *order)
{
	const struct backoff_rules *rules = &pump_config(pump)->backoff;
	struct unsaved *unsaved;
	uint64_t seed;

	pki_random(&seed, sizeof(seed));
	for (unsaved = pump->unsaved; unsaved != NULL; unsaved = unsaved->next)
		settle_compute(
			rules, unsaved->result, order->now_ms, spread(&seed), &unsaved->settling);
	order->results = pump->unsaved;
	pump->unsaved = NULL;
	pump->unsaved_end = &pump->unsaved;
}

static void add_returns(const struct pump *pump, struct order *order)
{
	const struct ready *ready;

	order->returns = xcalloc(pump->returning.count, sizeof(*order->returns));
	for (ready = pump->returning.first; ready != NULL; ready = ready->next) {
		struct store_return *given = &order->returns[order->return_count++];

		given->job_id = ready->claimed.job.id;
		memcpy(given->token, ready->token, LEASE_TOKEN_SIZE);
		given->state = ready->claimed.job.claimed_state;
		given->next_ms = ready->claimed.job.claimed_next_ms;
	}
}

static void add_ready(const struct pump *pump, struct order *order)
{
	const struct ready *ready;
	size_t i;

	order->ready = xcalloc(pump->ready_count, sizeof(*order->ready));
	for (i = 0; i < pump->ready_lanes; i++) {
		for (ready = pump->ready[i].first; ready != NULL; ready = ready->next) {
			struct store_lease *lease = &order->ready[order->ready_count++];

			lease->job_id = ready->claimed.job.id;
			memcpy(lease->token, ready->token, LEASE_TOKEN_SIZE);
		}
	}
}

static void add_lanes(const struct pump *pump, struct order *order)
{
	/* Before the other clock is read: leases are rather too short by this one. */
	int64_t mono_ms = pump_mono_now(pump);
	size_t i;

	order->room = pump_room(pump);
	order->lanes = xcalloc(pump->lanes.count, sizeof(*order->lanes));
	for (i = 0; i < pump->lanes.count && !pump->draining; i++) {
		size_t number = (pump->lanes.first + i) % pump->lanes.count;
		const struct lane *lane = &pump->lanes.list[number];
		struct order_lane *wanted = &order->lanes[order->lane_count];

		if (lane_profile(lane, pump_config(pump)) == NULL)
			continue;
		order->lane_count++;
		wanted->lane = number;
		wanted->mono_ms = mono_ms;
		wanted->opens_ms = lane_opens_ms(lane, pump_config(pump), order->now_ms);
		wanted->claim = pump_make_claim(pump, number, wanted->opens_ms);
		wanted->room = lane_room(lane, pump_config(pump), order->room, mono_ms);
		wanted->ready = pump->ready[number].count;
		wanted->ahead = pump_ready_ahead(pump, number);
		pki_random(wanted->claim.token, sizeof(wanted->claim.token));
	}
}

static void run(struct crew_task *task, void **own)
{
	(void)own;
	order_carry_out((struct order *)task);
}

static void done(struct crew_task *task)
{
	struct pump_order *made = (struct pump_order *)task;

	made->done(made->pump);
}

static struct crew *writer_of(const struct pump *pump)
{
	return pump->own_writer != NULL ? pump->own_writer : pump->options.writer;
}

void pump_order_make(struct pump *pump, void (*then)(struct pump *pump))
{
	struct pump_order *made = xcalloc(1, sizeof(*made));
	struct order *order = &made->order;

	made->pump = pump;
	made->done = then;
	made->steps = pump->steps;
	made->ends_doubt = pump->doubt;
	order->task.run = run;
	order->task.done = done;
	order->store = pump->own_writer != NULL ? pump->options.store : pump->options.writer_store;
	order->now_ms = pump_wall_now(pump);
	order->longest_ms = pump_longest_lease_ms(pump);
	add_results(pump, order);
	add_returns(pump, order);
	add_ready(pump, order);
	add_lanes(pump, order);
	if (pump->stepped)
		order->renewals = pump_leases_make(pump, &order->renewal_count);
	pump->looking = pump->doubt = pump->gathered = false;
	loop_timer_cancel(pump->gather);
	pump->order = made;
	crew_add(writer_of(pump), &order->task);
}

/* ---- what came of it ---- */

/* Before what has landed meanwhile. */
static void take_back(struct pump *pump, struct order *order)
{
	struct unsaved *last = order->results;

	if (last == NULL)
		return;
	while (last->next != NULL)
		last = last->next;
	last->next = pump->unsaved;
	if (pump->unsaved == NULL)
		pump->unsaved_end = &last->next;
	pump->unsaved = order->results;
	order->results = NULL;
}

void pump_forget_unsaved(struct unsaved *unsaved)
{
	while (unsaved != NULL) {
		struct unsaved *next = unsaved->next;

		attempt_result_clear(unsaved->result);
		free(unsaved);
		unsaved = next;
	}
}

static void tell_settled(struct pump *pump, struct order *order)
{
	const struct pump_observer *observer = &pump->options.observer;
	struct unsaved *unsaved;

	for (unsaved = order->results; unsaved != NULL; unsaved = unsaved->next) {
		settle_log(unsaved->result, &unsaved->settling, unsaved->applied);
		if (observer->settled != NULL && unsaved->applied)
			observer->settled(
				observer->context, unsaved->result, unsaved->settling.state);
		pump->unsaved_count--;
	}
	pump_forget_unsaved(order->results);
	order->results = NULL;
}

static void take_lane(struct pump *pump, struct order_lane *ordered)
{
	struct lane *lane = &pump->lanes.list[ordered->lane];

	lane->next_ms = ordered->next_ms;
	lane->busy_until_ms = 0;
	if (ordered->limit > 0 && ordered->count == 0 && ordered->next_ms <= ordered->claim.now_ms)
		lane->busy_until_ms = pump_mono_now(pump) + BUSY_TARGET_MS;
	lane_pause(lane, ordered->paused, ordered->waits_for_opening);
	if (ordered->waits_for_opening && !ordered->paused)
		lane_tell_closed(lane, ordered->opens_ms);
	pump_ready_add(pump, ordered);
}

static void take_in(struct pump *pump, const struct pump_order *made)
{
	const struct order *order = &made->order;
	size_t i;

	if (order->shortened > 0)
		log_event(EVENT_CLOCK_FOLLOWED, NULL, 0,
			"%zu leases are from before the clock was set back: they end in %lld s",
			order->shortened, (long long)order->longest_ms / 1000);
	pump_leases_mended(pump, order->renewals, order->renewal_count);
	if (made->steps == pump->steps)
		pump->stepped = false;
	pump_ready_returned(pump, order->return_count);
	pump_ready_looked_at(pump, order->ready, order->ready_count);
	for (i = 0; i < order->lane_count; i++)
		take_lane(pump, &order->lanes[i]);
}

bool pump_order_end(struct pump *pump, struct error *error)
{
	struct pump_order *made = pump->order;
	bool was_done = made->order.done;

	pump->order = NULL;
	if (was_done) {
		tell_settled(pump, &made->order);
		take_in(pump, made);
	} else {
		*error = made->order.error;
		take_back(pump, &made->order);
		pump->doubt = pump->doubt || made->ends_doubt;
	}
	order_clear(&made->order);
	free(made);
	return was_done;
}

void pump_order_forget(struct pump *pump)
{
	if (pump->order == NULL)
		return;
	crew_withdraw(writer_of(pump), &pump->order->order.task);
	pump_forget_unsaved(pump->order->order.results);
	order_clear(&pump->order->order);
	free(pump->order);
	pump->order = NULL;
}
