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

/* Out of hours the lane's next instant is its opening, or before it what is to be looked at. */
static bool wait_for_opening(struct pump *pump, struct lane *lane, struct store_claim *claim,
	int64_t *next_ms, struct error *error)
{
	int64_t opens_ms = lane_opens_ms(lane, pump_config(pump), claim->now_ms), open_next_ms;

	claim->only_verifying = false;
	if (!store_next(pump->options.store, claim, &open_next_ms, error))
		return false;
	if (open_next_ms <= claim->now_ms)
		lane_tell_closed(lane, opens_ms);
	if (open_next_ms < opens_ms)
		open_next_ms = opens_ms;
	if (open_next_ms < *next_ms)
		*next_ms = open_next_ms;
	return true;
}

bool pump_next_instant(struct pump *pump, int64_t *next_ms, struct error *error)
{
	size_t room = (size_t)pump_config(pump)->concurrency, i;
	int64_t now_ms = pump_wall_now(pump);

	*next_ms = INT64_MAX;
	if (pump->draining || pump->in_flight >= room)
		return true;
	for (i = 0; i < pump->lanes.count; i++) {
		struct store_claim claim = pump_make_claim(pump, i, 0);
		int64_t lane_next, wait_ms;

		wait_ms =
			lane_wait_ms(&pump->lanes.list[i], pump_config(pump), pump_mono_now(pump));
		if (wait_ms < 0)
			continue;
		if (!store_next(pump->options.store, &claim, &lane_next, error))
			return false;
		if (claim.only_verifying &&
			!wait_for_opening(pump, &pump->lanes.list[i], &claim, &lane_next, error))
			return false;
		if (lane_next < now_ms + wait_ms)
			lane_next = now_ms + wait_ms;
		if (lane_next < *next_ms)
			*next_ms = lane_next;
	}
	return true;
}

bool pump_untried(const struct pump *pump, bool *untried, struct error *error)
{
	size_t i;

	*untried = false;
	/* Nothing is tried while nothing can be written, and that may last. */
	if (pump->store_retry_ms != 0)
		return true;
	for (i = 0; i < pump->lanes.count && !*untried; i++) {
		struct store_claim claim = pump_make_claim(pump, i, 0);

		if (!lane_takes_requests(&pump->lanes.list[i], pump_config(pump),
			    pump_mono_now(pump), pump_wall_now(pump)))
			continue;
		if (!store_untried(pump->options.store, &claim, untried, error))
			return false;
	}
	return true;
}
