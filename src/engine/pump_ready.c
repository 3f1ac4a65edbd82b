/*
 * What is claimed and not started: it stands ready for the next place in flight, so that no place
 * waits for the store, and goes back as it was when it may not start after all.
 */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "engine/pump_private.h"

/* So many in all lanes, about; those that are at work share them evenly. */
#define READY_MAX 1024
#define READY_LANE_MAX 512
/* What a lane is about to start in this time may be claimed. */
#define AHEAD_MS 200
/* A service that hangs, say, has no use for it: others may, or another process. */
#define AGE_MAX_MS 2000

/* ---- lists ---- */

static void put(struct ready_list *list, struct ready *ready)
{
	ready->next = NULL;
	if (list->last != NULL)
		list->last->next = ready;
	else
		list->first = ready;
	list->last = ready;
	list->count++;
}

static struct ready *take_first(struct ready_list *list)
{
	struct ready *ready = list->first;

	list->first = ready->next;
	if (list->first == NULL)
		list->last = NULL;
	list->count--;
	return ready;
}

static void forget_first(struct ready_list *list)
{
	struct ready *ready = take_first(list);

	claimed_clear(&ready->claimed);
	free(ready);
}

void pump_ready_fit(struct pump *pump)
{
	if (pump->ready_lanes == pump->lanes.count)
		return;
	pump->ready = xreallocarray(pump->ready, pump->lanes.count, sizeof(*pump->ready));
	while (pump->ready_lanes < pump->lanes.count)
		pump->ready[pump->ready_lanes++] = (struct ready_list){0};
}

void pump_ready_forget(struct pump *pump)
{
	size_t i;

	for (i = 0; i < pump->ready_lanes; i++) {
		while (pump->ready[i].first != NULL)
			forget_first(&pump->ready[i]);
	}
	while (pump->returning.first != NULL)
		forget_first(&pump->returning);
	free(pump->ready);
}

void pump_ready_returned(struct pump *pump, size_t count)
{
	while (count-- > 0)
		forget_first(&pump->returning);
}

void pump_ready_add(struct pump *pump, struct order_lane *claimed)
{
	const struct store_claim *claim = &claimed->claim;
	size_t i;

	for (i = 0; i < claimed->count; i++) {
		struct ready *ready = xcalloc(1, sizeof(*ready));

		ready->claimed = claimed->claimed[i];
		memcpy(ready->token, claim->token, LEASE_TOKEN_SIZE);
		ready->lease.wall_ms = claim->lease_until_ms;
		ready->lease.mono_ms = claimed->mono_ms + (claim->lease_until_ms - claim->now_ms);
		ready->since_ms = claimed->mono_ms;
		ready->out_of_hours = claim->only_verifying;
		put(&pump->ready[claimed->lane], ready);
		pump->ready_count++;
	}
	claimed->count = 0;
}

/* ---- how many ---- */

size_t pump_ready_ahead(const struct pump *pump, size_t number)
{
	const struct lane *lane = &pump->lanes.list[number];
	size_t window = (size_t)lane->throttle.window, share = READY_MAX, active = 0, ahead, i;
	int64_t rate = throttle_rate(&lane->throttle, &lane->rules);

	if (lane->stalled ||
		throttle_state_at(&lane->throttle, pump_mono_now(pump)) != THROTTLE_FLOWING)
		return 0;
	for (i = 0; i < pump->lanes.count; i++)
		active += pump->lanes.list[i].in_flight > 0 || pump->ready[i].count > 0 ? 1 : 0;
	if (active > 1)
		share /= active;
	if (share > READY_LANE_MAX)
		share = READY_LANE_MAX;
	if (window > (size_t)pump_config(pump)->concurrency)
		window = (size_t)pump_config(pump)->concurrency;
	ahead = lane_pace(lane, window, AHEAD_MS);
	/* The rate is in thousandths a second. */
	if (rate > 0 && (int64_t)ahead > rate * AHEAD_MS / 1000000)
		ahead = (size_t)(rate * AHEAD_MS / 1000000);
	return ahead < share ? ahead : share;
}

int64_t pump_ready_age_left_ms(const struct pump *pump)
{
	int64_t oldest_ms = INT64_MAX, left_ms;
	size_t i;

	for (i = 0; i < pump->ready_lanes; i++) {
		if (pump->ready[i].first != NULL && pump->ready[i].first->since_ms < oldest_ms)
			oldest_ms = pump->ready[i].first->since_ms;
	}
	if (oldest_ms == INT64_MAX)
		return INT64_MAX;
	left_ms = oldest_ms + AGE_MAX_MS - pump_mono_now(pump);
	return left_ms > 0 ? left_ms : 0;
}

/* ---- returning ---- */

typedef bool may_stay(const struct pump *pump, const struct ready *ready, const void *context);

/* Moves what may not stay to what is to be returned; the others keep their order. */
static void sift(struct pump *pump, struct ready_list *list, may_stay *stays, const void *context)
{
	struct ready **at = &list->first, *last = NULL, *ready;

	while ((ready = *at) != NULL) {
		if (stays(pump, ready, context)) {
			last = ready;
			at = &ready->next;
			continue;
		}
		*at = ready->next;
		list->count--;
		put(&pump->returning, ready);
		pump->ready_count--;
	}
	list->last = last;
}

static bool none_stays(const struct pump *pump, const struct ready *ready, const void *context)
{
	(void)pump;
	(void)ready;
	(void)context;
	return false;
}

void pump_ready_give_up(struct pump *pump)
{
	size_t i;

	for (i = 0; i < pump->ready_lanes; i++)
		sift(pump, &pump->ready[i], none_stays, NULL);
}

struct looked {
	const struct store_lease *leases;
	size_t count;
};

static bool is_held(const struct pump *pump, const struct ready *ready, const void *context)
{
	const struct looked *looked = context;
	size_t i;

	(void)pump;
	for (i = 0; i < looked->count; i++) {
		const struct store_lease *lease = &looked->leases[i];

		if (lease->job_id == ready->claimed.job.id &&
			memcmp(lease->token, ready->token, LEASE_TOKEN_SIZE) == 0)
			return lease->held;
	}
	return true;
}

void pump_ready_looked_at(struct pump *pump, const struct store_lease *leases, size_t count)
{
	struct looked looked = {leases, count};
	size_t i, held = 0;

	for (i = 0; i < count; i++)
		held += leases[i].held ? 1 : 0;
	for (i = 0; i < pump->ready_lanes && held < count; i++)
		sift(pump, &pump->ready[i], is_held, &looked);
}

struct hours_now {
	bool closed;
	bool paused; /* by an operator */
	struct http_fence now;
};

static bool is_too_old(const struct ready *ready, const struct http_fence *now)
{
	return now->mono_ms - ready->since_ms >= AGE_MAX_MS;
}

static bool may_start(const struct pump *pump, const struct ready *ready, const void *context)
{
	const struct hours_now *hours = context;

	if (pump_ready_is_over(pump, ready, &hours->now) || is_too_old(ready, &hours->now))
		return false;
	/* A clock that was set back since. */
	if (!pump->options.ignore_due && ready->claimed.job.claimed_next_ms > hours->now.wall_ms)
		return false;
	if (hours->paused)
		return ready->claimed.job.state == JOB_VERIFYING;
	return !hours->closed || ready->out_of_hours || ready->claimed.job.state == JOB_VERIFYING;
}

/* ---- starting ---- */

static size_t start_lane(struct pump *pump, size_t number)
{
	struct lane *lane = &pump->lanes.list[number];
	struct ready_list *list = &pump->ready[number];
	struct hours_now hours = {
		.paused = lane->paused, .now = {pump_wall_now(pump), pump_mono_now(pump)}};
	size_t started = 0;

	/* The first is the oldest. */
	lane->stalled = lane->stalled || is_too_old(list->first, &hours.now);
	hours.closed =
		lane_opens_ms(lane, pump_config(pump), hours.now.wall_ms) > hours.now.wall_ms;
	sift(pump, list, may_start, &hours);
	while (list->first != NULL &&
		lane_room(lane, pump_config(pump), pump_room(pump), pump_mono_now(pump)) > 0) {
		struct ready *ready = take_first(list);

		pump->ready_count--;
		pump_take_off(pump, number, ready);
		started++;
	}
	/* It is paused, or taken for dead, or without an address. */
	if (list->first != NULL && (lane_profile(lane, pump_config(pump)) == NULL ||
					   throttle_state_at(&lane->throttle,
						   pump_mono_now(pump)) != THROTTLE_FLOWING))
		sift(pump, list, none_stays, NULL);
	return started;
}

void pump_ready_start(struct pump *pump)
{
	size_t first = pump->lanes.first, i;

	if (pump->draining)
		pump_ready_give_up(pump);
	/* Nothing is sent while nothing can be stored, nor on a lease or a job in doubt. */
	if (pump->ready_count == 0 || pump->store_retry_ms != 0 || pump->stepped || pump->doubt ||
		(pump->order != NULL && pump->order->ends_doubt))
		return;
	for (i = 0; i < pump->lanes.count; i++) {
		size_t lane = (first + i) % pump->lanes.count;

		if (pump->ready[lane].first != NULL && start_lane(pump, lane) > 0)
			pump->lanes.first = (lane + 1) % pump->lanes.count;
	}
}
