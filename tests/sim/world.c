/* Time, events, and the course of a run. */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "sim.h"

struct world *world;
struct totals totals;

/* How long a run may take to come to rest after the last fault. */
#define REST_DAYS 100

int64_t mono_now(void)
{
	return world->clock.mono_now_ms;
}

int64_t true_now(void)
{
	return world->start_ms + world->clock.mono_now_ms;
}

int64_t wall_now(void)
{
	return world->clock.wall_now_ms;
}

/* ---- events ---- */

int64_t event_add(
	struct process *process, int64_t in_ms, event_callback *run, void *context, int64_t number)
{
	if (world->event_count == world->event_capacity) {
		world->event_capacity = world->event_capacity * 2 + 64;
		world->events =
			xreallocarray(world->events, world->event_capacity, sizeof(*world->events));
	}
	world->events[world->event_count++] = (struct event){.id = ++world->next_event,
		.at_ms = mono_now() + (in_ms > 0 ? in_ms : 0),
		.run = run,
		.context = context,
		.number = number,
		.process = process};
	return world->next_event;
}

void event_cancel(int64_t id)
{
	for (size_t i = 0; i < world->event_count; i++) {
		if (world->events[i].id == id) {
			world->events[i] = world->events[--world->event_count];
			return;
		}
	}
}

void events_forget(const struct process *process)
{
	size_t kept = 0;

	for (size_t i = 0; i < world->event_count; i++) {
		if (world->events[i].process != process)
			world->events[kept++] = world->events[i];
	}
	world->event_count = kept;
}

bool process_stalled(const struct process *process)
{
	return process->stalled_until_ms > mono_now();
}

/* An instant at which PROCESS (NULL: nobody) can do something, not before AT_MS and now. */
static int64_t when(const struct process *process, int64_t at_ms)
{
	if (process != NULL && at_ms < process->stalled_until_ms)
		at_ms = process->stalled_until_ms;
	return at_ms > mono_now() ? at_ms : mono_now();
}

/* What comes next; of several at once the dice choose one. */
struct next {
	int64_t at_ms;
	size_t event; /* the number of an event, or */
	struct process *process;
	uint64_t equals;
};

static bool prefer(struct next *next, int64_t at_ms)
{
	if (at_ms > next->at_ms)
		return false;
	if (at_ms < next->at_ms)
		next->equals = 0;
	next->at_ms = at_ms;
	return dice_below(&world->dice, ++next->equals) == 0;
}

static struct next find_next(void)
{
	struct next next = {.at_ms = INT64_MAX};

	for (size_t i = 0; i < world->event_count; i++) {
		const struct event *event = &world->events[i];

		if (event->at_ms > next.at_ms)
			continue;
		if (prefer(&next, when(event->process, event->at_ms))) {
			next.event = i;
			next.process = NULL;
		}
	}
	for (size_t i = 0; i < 2; i++) {
		struct process *process = &world->processes[i];
		int64_t at_ms = process->runs ? loop_next_ms(process->loop) : INT64_MAX;

		if (at_ms != INT64_MAX && prefer(&next, when(process, at_ms)))
			next.process = process;
	}
	return next;
}

static void run_event(size_t number)
{
	struct event event = world->events[number];

	world->events[number] = world->events[--world->event_count];
	world->current = event.process;
	if (event.process != NULL)
		disk_use(&event.process->owner);
	event.run(event.context, event.number);
}

static void bury_the_dead(void)
{
	bool power = false;

	for (size_t i = 0; i < 2; i++)
		power |= world->processes[i].runs && world->processes[i].owner.dead &&
			 world->processes[i].owner.power;
	for (size_t i = 0; i < 2; i++) {
		struct process *process = &world->processes[i];

		if (!process->runs || !(process->owner.dead || power))
			continue;
		trace("process %d is dead%s", process->number, power ? " by a power cut" : "");
		totals.crashes++;
		process->owner.dead = true;
		process_stop(process);
		if (i == 0)
			process_start_later(process, dice_skewed(&world->dice, 100, 6 * HOUR_MS));
	}
}

bool world_step(int64_t until_ms)
{
	struct next next = find_next();

	if (next.at_ms > until_ms) {
		manual_clock_advance(&world->clock, until_ms - mono_now());
		return false;
	}
	manual_clock_advance(&world->clock, next.at_ms - mono_now());
	totals.steps++;
	if (next.process != NULL) {
		world->current = next.process;
		disk_use(&next.process->owner);
		loop_turn(next.process->loop, &world->dice);
	} else {
		run_event(next.event);
	}
	world->current = NULL;
	bury_the_dead();
	check_step();
	return true;
}

/* ---- a run ---- */

static void settle_down(void)
{
	int64_t end_ms = mono_now() + REST_DAYS * DAY_MS;

	trace("all faults are over");
	world->faults = world->changing = false;
	faults_end();
	for (;;) {
		int64_t hour_ms = mono_now() + HOUR_MS;

		while (world_step(hour_ms))
			;
		if (check_quiet())
			break;
		if (mono_now() > end_ms)
			check_end();
	}
	check_end();
}

static void count_years(void)
{
	for (size_t i = 0; i < world->contract_count; i++) {
		if (world->contracts[i].began_ms != 0)
			totals.contract_ms += true_now() - world->contracts[i].began_ms;
	}
}

void simulate(const struct plan_of_run *plan, struct settings *const *settings, size_t count)
{
	world = xcalloc(1, sizeof(*world));
	world->plan = *plan;
	dice_seed(&world->dice, plan->seed);
	/* From 2026 to 2028, at any hour. */
	world->start_ms = INT64_C(1767225600000) + dice_between(&world->dice, 0, 730) * DAY_MS +
			  dice_between(&world->dice, 0, 24) * HOUR_MS;
	manual_clock_init(&world->clock, world->start_ms);
	world->rings = &settings[dice_below(&world->dice, count) * RING_COUNT];
	world->settings = world->rings[0];
	world->faults = world->changing = true;
	disk_reset(&world->dice);
	network_clear();
	trace_clear();
	totals.seeds++;
	for (int i = 0; i < 2; i++)
		world->processes[i].number = i + 1;
	process_start_later(&world->processes[0], 0);
	sim_feed_begin();
	estate_begin();
	faults_begin();
	while (world_step((int64_t)plan->days * DAY_MS))
		;
	count_years();
	settle_down();
	world_clear();
}

void world_clear(void)
{
	for (size_t i = 0; i < 2; i++) {
		if (world->processes[i].runs)
			process_stop(&world->processes[i]);
	}
	for (size_t i = 0; i < world->contract_count; i++)
		free(world->contracts[i].snapshots);
	free(world->events);
	free(world->certificates);
	free(world->deliveries);
	free(world->targets);
	free(world->effects);
	free(world->begun);
	free(world->feed.entries);
	free(world->decisions);
	free(world);
	world = NULL;
}
