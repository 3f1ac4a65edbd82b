#include "domain/backoff.h"

#include <assert.h>

#include "base/civil.h"

struct backoff_rules backoff_rules_default(void)
{
	return (struct backoff_rules){
		.floor_ms = 5000,
		.ceiling_ms = 3600000,
		.retry_after_cap_ms = DAY_MS,
		.give_up_after_ms = 7 * DAY_MS,
	};
}

/* A number in [0, BOUND] from 64 random bits: the high half of the product, without a modulo's
 * bias. */
static int64_t scale(uint64_t random, int64_t bound)
{
	return (int64_t)((unsigned __int128)random * ((uint64_t)bound + 1) >> 64);
}

int64_t backoff_delay_ms(
	const struct backoff_rules *rules, int attempt, int64_t retry_after_ms, uint64_t random)
{
	int64_t bound = rules->floor_ms, delay;
	int i;

	assert(attempt >= 1);
	for (i = 0; i < attempt && bound < rules->ceiling_ms; i++)
		bound = bound > INT64_MAX / 2 ? rules->ceiling_ms : bound * 2;
	if (bound > rules->ceiling_ms)
		bound = rules->ceiling_ms;
	if (bound < rules->floor_ms)
		bound = rules->floor_ms;
	delay = rules->floor_ms + scale(random, bound - rules->floor_ms);
	if (retry_after_ms >= 0) {
		int64_t wanted = retry_after_ms < rules->retry_after_cap_ms
					 ? retry_after_ms
					 : rules->retry_after_cap_ms;

		/* All that were told the same second must not come back in the same one. */
		wanted += scale(random, wanted / 10);
		if (delay < wanted)
			delay = wanted;
	}
	return delay;
}

enum give_up backoff_give_up(
	const struct backoff_rules *rules, int64_t first_ms, int64_t next_ms, int64_t not_after_ms)
{
	if (next_ms > not_after_ms)
		return GIVE_UP_VALIDITY;
	if (first_ms > 0 && next_ms - first_ms > rules->give_up_after_ms)
		return GIVE_UP_AGE;
	return GIVE_UP_NOT;
}
