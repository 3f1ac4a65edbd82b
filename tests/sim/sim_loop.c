/* net/loop.h on the manual clock: nothing is waited for, the run decides which timer fires. */
#include <assert.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "net/loop.h"
#include "sim.h"

struct loop_timer {
	struct loop *loop;
	loop_callback *callback;
	void *context;
	bool is_set, follows_wall;
	int64_t at_ms; /* monotonic, or wall */
	struct loop_timer *next, *previous;
};

struct loop {
	const struct clock *clock;
	struct loop_timer *timers;
};

struct loop *loop_new(const struct clock *clock)
{
	struct loop *loop = xcalloc(1, sizeof(*loop));

	loop->clock = clock;
	return loop;
}

void loop_free(struct loop *loop)
{
	if (loop == NULL)
		return;
	assert(loop->timers == NULL);
	free(loop);
}

const struct clock *loop_clock(const struct loop *loop)
{
	return loop->clock;
}

struct loop_timer *loop_timer_new(struct loop *loop, loop_callback *callback, void *context)
{
	struct loop_timer *timer = xcalloc(1, sizeof(*timer));

	timer->loop = loop;
	timer->callback = callback;
	timer->context = context;
	timer->next = loop->timers;
	if (timer->next != NULL)
		timer->next->previous = timer;
	loop->timers = timer;
	return timer;
}

void loop_timer_set(struct loop_timer *timer, int64_t delay_ms)
{
	timer->is_set = true;
	timer->follows_wall = false;
	timer->at_ms = clock_mono_ms(timer->loop->clock) + (delay_ms > 0 ? delay_ms : 0);
}

void loop_timer_set_wall(struct loop_timer *timer, int64_t wall_ms)
{
	timer->is_set = true;
	timer->follows_wall = true;
	timer->at_ms = wall_ms;
}

void loop_timer_cancel(struct loop_timer *timer)
{
	timer->is_set = false;
}

bool loop_timer_is_set(const struct loop_timer *timer)
{
	return timer->is_set;
}

void loop_timer_free(struct loop_timer *timer)
{
	if (timer == NULL)
		return;
	if (timer->previous != NULL)
		timer->previous->next = timer->next;
	else
		timer->loop->timers = timer->next;
	if (timer->next != NULL)
		timer->next->previous = timer->previous;
	free(timer);
}

static int64_t fires_ms(const struct loop_timer *timer)
{
	const struct clock *clock = timer->loop->clock;
	int64_t left;

	if (!timer->is_set)
		return INT64_MAX;
	if (!timer->follows_wall)
		return timer->at_ms;
	left = timer->at_ms - clock_wall_ms(clock);
	return clock_mono_ms(clock) + (left > 0 ? left : 0);
}

int64_t loop_next_ms(const struct loop *loop)
{
	int64_t next = INT64_MAX;

	for (const struct loop_timer *timer = loop->timers; timer != NULL; timer = timer->next) {
		int64_t at = fires_ms(timer);

		if (at < next)
			next = at;
	}
	return next;
}

void loop_turn(struct loop *loop, struct dice *dice)
{
	int64_t now = clock_mono_ms(loop->clock);
	struct loop_timer *chosen = NULL;
	uint64_t due = 0;

	for (struct loop_timer *timer = loop->timers; timer != NULL; timer = timer->next) {
		if (fires_ms(timer) <= now && dice_below(dice, ++due) == 0)
			chosen = timer;
	}
	if (chosen == NULL)
		return;
	chosen->is_set = false;
	chosen->callback(chosen->context);
}
