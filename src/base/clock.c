#include "base/clock.h"

#include <assert.h>
#include <time.h>

static int64_t system_ms(clockid_t id)
{
	struct timespec now;
	int status = clock_gettime(id, &now);

	assert(status == 0);
	(void)status;
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int64_t system_wall_ms(const struct clock *clock)
{
	(void)clock;
	return system_ms(CLOCK_REALTIME);
}

static int64_t system_mono_ms(const struct clock *clock)
{
	(void)clock;
	return system_ms(CLOCK_MONOTONIC);
}

const struct clock *clock_system(void)
{
	static const struct clock system_clock = {system_wall_ms, system_mono_ms};

	return &system_clock;
}

static int64_t manual_wall_ms(const struct clock *clock)
{
	return ((const struct manual_clock *)clock)->wall_now_ms;
}

static int64_t manual_mono_ms(const struct clock *clock)
{
	return ((const struct manual_clock *)clock)->mono_now_ms;
}

void manual_clock_init(struct manual_clock *manual, int64_t wall_ms)
{
	manual->clock = (struct clock){manual_wall_ms, manual_mono_ms};
	manual->wall_now_ms = wall_ms;
	manual->mono_now_ms = 0;
}

void manual_clock_advance(struct manual_clock *manual, int64_t ms)
{
	assert(ms >= 0);
	manual->wall_now_ms += ms;
	manual->mono_now_ms += ms;
}

void manual_clock_step(struct manual_clock *manual, int64_t ms)
{
	manual->wall_now_ms += ms;
}
