#include "engine/pump_private.h"

void pump_services(const struct pump *pump, pump_service_each *each, void *context)
{
	int64_t mono_ms = pump_mono_now(pump), wall_ms = pump_wall_now(pump);
	size_t i;

	for (i = 0; i < pump->lanes.count; i++) {
		const struct lane *lane = &pump->lanes.list[i];
		struct pump_service service = {
			.service = lane->service,
			.state = throttle_state_at(&lane->throttle, mono_ms),
			.window = lane->throttle.window,
			.in_flight = lane->in_flight,
			.rate_milli = throttle_rate(&lane->throttle, &lane->rules),
		};

		/* A service that is gone from the configuration keeps its lane, and nothing runs.
		 */
		if (config_profile(pump_config(pump), lane->service) == NULL)
			continue;
		if (service.state == THROTTLE_PAUSED || service.state == THROTTLE_CIRCUIT_OPEN)
			service.until_ms = wall_ms + lane->throttle.until_ms - mono_ms;
		each(context, &service);
	}
}
