#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdint.h>

/*
 * The one source of time, passed to whoever needs it. Wall time (milliseconds since 1970-01-01 UTC)
 * is for due dates and for what is stored; monotonic time (milliseconds from an arbitrary start) is
 * for time-outs and durations.
 */
struct clock {
	int64_t (*wall_ms)(const struct clock *clock);
	int64_t (*mono_ms)(const struct clock *clock);
};

/* The system's clock; never to be freed. */
const struct clock *clock_system(void);

/* A clock that moves only when it is told to, for tests and simulation. */
struct manual_clock {
	struct clock clock;
	int64_t wall_now_ms;
	int64_t mono_now_ms;
};

void manual_clock_init(struct manual_clock *manual, int64_t wall_ms);
/* Moves both times forward by MS (not negative). */
void manual_clock_advance(struct manual_clock *manual, int64_t ms);
/* Steps wall time alone, as an administrator or NTP would, either way. */
void manual_clock_step(struct manual_clock *manual, int64_t ms);

static inline int64_t clock_wall_ms(const struct clock *clock)
{
	return clock->wall_ms(clock);
}

static inline int64_t clock_mono_ms(const struct clock *clock)
{
	return clock->mono_ms(clock);
}

#endif
