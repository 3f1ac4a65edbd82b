/* When there is something to do, and for whom. */
#include "engine/pump_private.h"

int64_t pump_wall_now(const struct pump *pump)
{
	return clock_wall_ms(loop_clock(pump->options.loop));
}

int64_t pump_mono_now(const struct pump *pump)
{
	return clock_mono_ms(loop_clock(pump->options.loop));
}

const struct config *pump_config(const struct pump *pump)
{
	return settings_config(pump->settings);
}

size_t pump_room(const struct pump *pump)
{
	size_t concurrency = (size_t)pump_config(pump)->concurrency;

	return concurrency > pump->in_flight ? concurrency - pump->in_flight : 0;
}

struct store_claim pump_make_claim(const struct pump *pump, size_t lane, int64_t opens_ms)
{
	int64_t now_ms = pump_wall_now(pump);

	return (struct store_claim){
		.service = pump->lanes.list[lane].service,
		.now_ms = now_ms,
		.lease_until_ms = now_ms + pump_config(pump)->lease_ms,
		.ignore_due = pump->options.ignore_due,
		.base_since_ms = pump->options.base_since_ms,
		.only_verifying = opens_ms > now_ms,
		/* What would be over by the opening is given up, and not left to wait for it. */
		.or_ends_before_ms = opens_ms == INT64_MAX ? 0 : opens_ms,
	};
}

int64_t pump_next_instant(const struct pump *pump)
{
	int64_t now_ms = pump_wall_now(pump), mono_ms = pump_mono_now(pump), next_ms = INT64_MAX;
	size_t i;

	if (pump->draining || pump_room(pump) == 0)
		return INT64_MAX;
	for (i = 0; i < pump->lanes.count; i++) {
		const struct lane *lane = &pump->lanes.list[i];
		int64_t wait_ms = lane_wait_ms(lane, pump_config(pump), mono_ms);
		int64_t lane_next = pump->ready[i].count > 0 ? now_ms : lane->next_ms;

		if (wait_ms < 0)
			continue;
		if (lane->busy_until_ms > mono_ms && wait_ms < lane->busy_until_ms - mono_ms)
			wait_ms = lane->busy_until_ms - mono_ms;
		if (lane_next < now_ms + wait_ms)
			lane_next = now_ms + wait_ms;
		if (lane_next < next_ms)
			next_ms = lane_next;
	}
	return next_ms;
}

bool pump_untried(const struct pump *pump, bool *untried, struct error *error)
{
	size_t i;

	*untried = false;
	/* Nothing is tried while nothing can be written, and that may last. */
	if (pump->store_retry_ms != 0)
		return true;
	/* What is claimed, or about to be, is not in the store's answer. */
	if (pump->ready_count > 0 || pump->order != NULL) {
		*untried = true;
		return true;
	}
	for (i = 0; i < pump->lanes.count && !*untried; i++) {
		struct store_claim claim = pump_make_claim(pump, i, 0);

		/* What this pump tried itself is due again later than that, however the wall clock
		 * is set meanwhile. */
		claim.waiting_since_ms = claim.now_ms - (pump_mono_now(pump) - pump->began_ms);
		if (!lane_takes_requests(&pump->lanes.list[i], pump_config(pump),
			    pump_mono_now(pump), pump_wall_now(pump)))
			continue;
		if (!store_untried(pump->options.store, &claim, untried, error))
			return false;
	}
	return true;
}
