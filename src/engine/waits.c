#include "engine/waits.h"

#include "base/events.h"

/* What a clock goes back by when it is slewed is no step. */
#define STEP_MS 1000

/* No wait is longer than the longest that a service may ask for and its jitter, or our own. */
static int64_t longest_ms(const struct config *config)
{
	const struct backoff_rules *rules = &config->backoff;
	int64_t longest = rules->ceiling_ms;
	size_t i;

	if (longest < rules->retry_after_cap_ms + rules->retry_after_cap_ms / 10)
		longest = rules->retry_after_cap_ms + rules->retry_after_cap_ms / 10;
	for (i = 0; i < config->profile_count; i++) {
		if (longest < config->profiles[i].verify_interval_ms)
			longest = config->profiles[i].verify_interval_ms;
	}
	return longest;
}

void waits_look(struct waits *waits, const struct clock *clock, struct store *store,
	const struct settings *settings)
{
	int64_t now_ms = clock_wall_ms(clock), ahead_ms = now_ms - clock_mono_ms(clock);
	const struct config *config = settings_config(settings);
	struct error error;
	size_t count, all = 0, i;

	if (waits->looked && ahead_ms >= waits->ahead_ms - STEP_MS) {
		waits->ahead_ms = ahead_ms;
		return;
	}
	waits->looked = false;
	for (i = 0; i < config->profile_count; i++) {
		if (!store_waits_shorten(store, config->profiles[i].rules.id, now_ms,
			    longest_ms(config), &count, &error))
			return;
		all += count;
	}
	if (all > 0)
		log_event(EVENT_CLOCK_FOLLOWED, NULL, 0,
			"the clock was set back: %zu jobs that waited for what it showed before "
			"are tried as soon as was meant",
			all);
	waits->looked = true;
	waits->ahead_ms = ahead_ms;
}
