/*
 * The leases of what is in flight. They end by the wall clock, which all processes share and an
 * administrator can step; how long one has really been running, the monotonic clock tells.
 */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/log.h"
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
	log_notice("the clock was set %s by %lld s%s", step_ms > 0 ? "ahead" : "back",
		(long long)(step_ms > 0 ? step_ms : -step_ms) / 1000,
		pump->in_flight > 0 ? "; the leases of what is in flight follow it" : "");
	pump->stepped = true;
}

static bool is_over(const struct pump *pump, const struct flight *flight)
{
	return flight->lost || flight->lease.mono_ms <= pump_mono_now(pump) ||
	       (!pump->stepped && flight->lease.wall_ms <= pump_wall_now(pump));
}

void pump_end_overdue(struct pump *pump)
{
	struct flight *flight = pump->flights;

	/* Each that ends takes itself out of the list. */
	while (flight != NULL) {
		if (is_over(pump, flight)) {
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

/* No lease in the store can have longer to run than this. */
static int64_t longest_ms(const struct pump *pump)
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

bool pump_leases_need_mending(struct pump *pump, bool *needed, struct error *error)
{
	int64_t last_ms;

	if (!store_lease_last(pump->options.store, &last_ms, error))
		return false;
	pump->too_long = last_ms > pump_wall_now(pump) + longest_ms(pump) + STEP_MS;
	*needed = pump->too_long || (pump->stepped && pump->in_flight > 0);
	return true;
}

static struct store_lease *make_renewals(const struct pump *pump)
{
	struct store_lease *leases = xcalloc(pump->in_flight, sizeof(*leases));
	int64_t wall_ms = pump_wall_now(pump), mono_ms = pump_mono_now(pump);
	const struct flight *flight;
	size_t i = 0;

	for (flight = pump->flights; flight != NULL; flight = flight->next, i++) {
		leases[i].job_id = flight->job_id;
		memcpy(leases[i].token, flight->token, LEASE_TOKEN_SIZE);
		leases[i].until_ms = wall_ms + flight->lease.mono_ms - mono_ms;
	}
	return leases;
}

static bool shorten(struct pump *pump, struct error *error)
{
	int64_t most_ms = longest_ms(pump);
	size_t count;

	if (!store_leases_shorten(
		    pump->options.store, pump_wall_now(pump) + most_ms, &count, error))
		return false;
	if (count > 0)
		log_notice("%zu leases are from before the clock was set back: they end in %lld s",
			count, (long long)most_ms / 1000);
	return true;
}

bool pump_leases_mend(struct pump *pump, struct store_lease **renewed, struct error *error)
{
	*renewed = NULL;
	if (pump->stepped && pump->in_flight > 0) {
		*renewed = make_renewals(pump);
		if (!store_leases_renew(pump->options.store, *renewed, pump->in_flight, error))
			return false;
	}
	return !pump->too_long || shorten(pump, error);
}

void pump_leases_mended(struct pump *pump, const struct store_lease *renewed)
{
	struct flight *flight;
	size_t i = 0;

	pump->stepped = false;
	if (renewed == NULL)
		return;
	for (flight = pump->flights; flight != NULL; flight = flight->next, i++) {
		flight->lease.wall_ms = renewed[i].until_ms;
		flight->lost = !renewed[i].held;
	}
}
