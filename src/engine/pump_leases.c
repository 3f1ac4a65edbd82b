/*
 * The leases of what is in flight. They end by the wall clock, which all processes share and an
 * administrator can step; how long one has really been running, the monotonic clock tells.
 */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/events.h"
#include "engine/pump_private.h"

/* What the two clocks may part by between two rounds without the wall clock having been stepped. */
#define STEP_MS 1000

void pump_look_at_clocks(struct pump *pump)
{
	int64_t mono_ms = pump_mono_now(pump);
	int64_t ahead_ms = pump_wall_now(pump) - mono_ms;
	int64_t step_ms = ahead_ms - pump->wall_ahead_ms;
	/* A clock that is slewed goes wrong by half a thousandth at most. */
	int64_t most_ms = STEP_MS + (mono_ms - pump->looked_ms) / 1000;

	pump->wall_ahead_ms = ahead_ms;
	pump->looked_ms = mono_ms;
	if (step_ms >= -most_ms && step_ms <= most_ms)
		return;
	log_event(EVENT_CLOCK_STEPPED, NULL, 0, "the clock was set %s by %lld s%s",
		step_ms > 0 ? "ahead" : "back",
		(long long)(step_ms > 0 ? step_ms : -step_ms) / 1000,
		pump->in_flight > 0 ? "; the leases of what is in flight follow it" : "");
	pump->stepped = true;
	pump->steps++;
	pump->looking = true;
}

static bool is_over(const struct pump *pump, const struct http_fence *lease, bool lost,
	const struct http_fence *now)
{
	return lost || lease->mono_ms <= now->mono_ms ||
	       (!pump->stepped && lease->wall_ms <= now->wall_ms);
}

bool pump_ready_is_over(
	const struct pump *pump, const struct ready *ready, const struct http_fence *now)
{
	return is_over(pump, &ready->lease, ready->lost, now);
}

void pump_end_overdue(struct pump *pump)
{
	const struct http_fence now = {pump_wall_now(pump), pump_mono_now(pump)};
	struct flight *flight = pump->flights;

	/* Each that ends takes itself out of the list. */
	while (flight != NULL) {
		if (is_over(pump, &flight->lease, flight->lost, &now)) {
			attempt_cancel(flight->attempt);
			flight = pump->flights;
		} else {
			flight = flight->next;
		}
	}
}

int64_t pump_first_lease_end(const struct pump *pump)
{
	const struct flight *flight;
	int64_t end_ms = INT64_MAX;

	for (flight = pump->flights; flight != NULL; flight = flight->next) {
		if (flight->lease.wall_ms < end_ms)
			end_ms = flight->lease.wall_ms;
	}
	return end_ms;
}

int64_t pump_longest_lease_ms(const struct pump *pump)
{
	int64_t longest = pump_config(pump)->lease_ms, mono_ms = pump_mono_now(pump);
	const struct flight *flight;

	/* One from before a reload may be longer than the configuration says now. */
	for (flight = pump->flights; flight != NULL; flight = flight->next) {
		if (flight->lease.mono_ms - mono_ms > longest)
			longest = flight->lease.mono_ms - mono_ms;
	}
	return longest;
}

/* ---- renewing ---- */

/* Calls EACH for the lease of all that is held here. */
typedef void each_lease(void *context, int64_t job_id, const unsigned char *token,
	struct http_fence *lease, bool *lost);

static void for_each(const struct pump *pump, each_lease *each, void *context)
{
	struct flight *flight;
	struct ready *ready;
	size_t i;

	for (flight = pump->flights; flight != NULL; flight = flight->next)
		each(context, flight->job_id, flight->token, &flight->lease, &flight->lost);
	for (i = 0; i < pump->ready_lanes; i++) {
		for (ready = pump->ready[i].first; ready != NULL; ready = ready->next)
			each(context, ready->claimed.job.id, ready->token, &ready->lease,
				&ready->lost);
	}
}

struct making {
	struct store_lease *leases;
	size_t count;
	int64_t ahead_ms; /* of wall time */
};

static void make(void *context, int64_t job_id, const unsigned char *token,
	struct http_fence *lease, bool *lost)
{
	struct making *making = context;
	struct store_lease *made = &making->leases[making->count++];

	(void)lost;
	made->job_id = job_id;
	memcpy(made->token, token, LEASE_TOKEN_SIZE);
	made->until_ms = lease->mono_ms + making->ahead_ms;
}

struct store_lease *pump_leases_make(const struct pump *pump, size_t *count)
{
	struct making making = {
		.leases = xcalloc(pump->in_flight + pump->ready_count, sizeof(*making.leases)),
		.ahead_ms = pump_wall_now(pump) - pump_mono_now(pump),
	};

	for_each(pump, make, &making);
	*count = making.count;
	return making.leases;
}

struct mended {
	const struct store_lease *renewed;
	size_t count;
};

/* What was started or has landed since is found, or not looked for. */
static void mend(void *context, int64_t job_id, const unsigned char *token,
	struct http_fence *lease, bool *lost)
{
	const struct mended *mended = context;
	size_t i;

	for (i = 0; i < mended->count; i++) {
		const struct store_lease *renewed = &mended->renewed[i];

		if (renewed->job_id != job_id ||
			memcmp(renewed->token, token, LEASE_TOKEN_SIZE) != 0)
			continue;
		lease->wall_ms = renewed->until_ms;
		*lost = !renewed->held;
		return;
	}
}

void pump_leases_mended(struct pump *pump, const struct store_lease *renewed, size_t count)
{
	struct mended mended = {renewed, count};

	for_each(pump, mend, &mended);
}
