/* What goes wrong, and when. */
#include "sim.h"

static void crash(void *context, int64_t number);
static void restart(void *context, int64_t number);
static void disk_trouble(void *context, int64_t number);
static void disk_well(void *context, int64_t number);
static void service_trouble(void *context, int64_t number);
static void checkpoint(void *context, int64_t number);
static void look(void *context, int64_t number);
static void second(void *context, int64_t number);
static void second_ends(void *context, int64_t number);
static void stall(void *context, int64_t number);
static void step_clock(void *context, int64_t number);
static void step_back(void *context, int64_t number);

void fault_again(event_callback *run, int days)
{
	if (world->faults)
		event_add(NULL, dice_between(&world->dice, 1, 2 * DAY_MS * days), run, NULL, 0);
}

bool fault_waits(event_callback *run, int64_t number)
{
	if (number == FAULT_NOW || !dice_permille(&world->dice, 700))
		return false;
	for (size_t i = 0; i < ARMED_MAX; i++) {
		if (world->armed[i] == NULL) {
			world->armed[i] = run;
			return true;
		}
	}
	return false;
}

void faults_at_work(void)
{
	for (size_t i = 0; i < ARMED_MAX; i++) {
		if (world->armed[i] == NULL || !dice_permille(&world->dice, 300))
			continue;
		event_add(NULL,
			dice_permille(&world->dice, 300) ? 0 : dice_skewed(&world->dice, 1, 2000),
			world->armed[i], NULL, FAULT_NOW);
		world->armed[i] = NULL;
	}
}

struct process *one_that_runs(void)
{
	struct process *first = &world->processes[0], *other = &world->processes[1];

	if (other->runs && (!first->runs || dice_permille(&world->dice, 500)))
		return other;
	return first->runs ? first : NULL;
}

/* Between two steps, or at one of the next operations on the disk. */
static void crash(void *context, int64_t number)
{
	struct process *process = one_that_runs();

	(void)context;
	if (number != FAULT_NOW)
		fault_again(crash, 10);
	if (fault_waits(crash, number))
		return;
	if (process == NULL || !world->faults)
		return;
	process->owner.power = dice_permille(&world->dice, 500);
	if (dice_permille(&world->dice, 700)) {
		process->owner.dies_in = dice_skewed(&world->dice, 1, 200);
		return;
	}
	process->owner.dead = true;
	if (process->owner.power)
		disk_cut_power();
}

/* An orderly end and a new start, as for an update. */
static void restart(void *context, int64_t number)
{
	struct process *process = &world->processes[0];

	(void)context;
	if (number == 0) {
		fault_again(restart, 30);
		if (!process->runs || process->draining)
			return;
		process_drain(process);
	} else if (!process->runs || !process->draining) {
		return;
	} else if (process->drained) {
		process_close(process);
		process_start_later(process, 1000);
		return;
	}
	event_add(NULL, 1000, restart, NULL, 1);
}

static void disk_well(void *context, int64_t number)
{
	(void)context;
	(void)number;
	trace("the disk is well again");
	disk_set_trouble(DISK_FINE);
}

static void disk_trouble(void *context, int64_t number)
{
	bool full = dice_permille(&world->dice, 600);

	(void)context;
	(void)number;
	fault_again(disk_trouble, 40);
	if (!world->faults)
		return;
	trace("the disk %s", full ? "is full" : "fails");
	disk_set_trouble(full ? DISK_FULL : DISK_FAILING);
	event_add(
		NULL, dice_skewed(&world->dice, 1000, full ? DAY_MS : HOUR_MS), disk_well, NULL, 0);
}

static void service_trouble(void *context, int64_t number)
{
	struct service_state *state = &world->services[dice_below(&world->dice, SERVICE_COUNT)];

	(void)context;
	(void)number;
	fault_again(service_trouble, 6);
	if (!world->faults)
		return;
	if (dice_permille(&world->dice, 500))
		state->dead_until_ms = mono_now() + dice_skewed(&world->dice, 60000, 2 * DAY_MS);
	else
		state->shaky_until_ms = mono_now() + dice_skewed(&world->dice, 60000, 3 * DAY_MS);
}

static void checkpoint(void *context, int64_t number)
{
	struct process *process = one_that_runs();
	struct error error;
	size_t ignored;

	(void)context;
	(void)number;
	event_add(NULL, dice_between(&world->dice, HOUR_MS, 3 * DAY_MS), checkpoint, NULL, 0);
	if (process == NULL || process_stalled(process))
		return;
	disk_use(&process->owner);
	if (!store_leftovers_remove(process->intake_store, 3, &ignored, &error))
		trace("no leftovers are removed: %s", error.text);
	if (!store_checkpoint(process->intake_store, &error))
		trace("no checkpoint: %s", error.text);
}

/* The daemon looks for files every few seconds, and into the store after it. */
static void look(void *context, int64_t number)
{
	(void)context;
	(void)number;
	event_add(NULL, 6 * HOUR_MS, look, NULL, 0);
	for (size_t i = 0; i < 2; i++) {
		struct process *process = &world->processes[i];

		if (process->runs && !process_stalled(process))
			pump_poke(process->pump);
	}
}

static void second_ends(void *context, int64_t number)
{
	struct process *process = &world->processes[1];

	(void)context;
	if (!process->runs)
		return;
	if (number == 0 && !process->draining)
		process_drain(process);
	if (process->drained) {
		process_close(process);
		return;
	}
	event_add(process, 1000, second_ends, NULL, 1);
}

static void second(void *context, int64_t number)
{
	struct process *process = &world->processes[1];

	(void)context;
	if (number != FAULT_NOW)
		fault_again(second, 12);
	if (fault_waits(second, number))
		return;
	if (!world->faults || process->runs || !process_start(process))
		return;
	event_add(process, dice_skewed(&world->dice, 1000, DAY_MS), second_ends, NULL, 0);
}

static void stall(void *context, int64_t number)
{
	struct process *process = one_that_runs();

	(void)context;
	if (number != FAULT_NOW)
		fault_again(stall, 10);
	if (fault_waits(stall, number))
		return;
	if (process == NULL || !world->faults)
		return;
	process->stalled_until_ms = mono_now() + dice_skewed(&world->dice, 1000, 4 * HOUR_MS);
	totals.stalls++;
	trace("process %d is stopped for a while", process->number);
}

static void note_latest(void)
{
	world->latest_wall_ms = wall_now();
	world->latest_wall_at_ms = mono_now();
}

static void step_back(void *context, int64_t number)
{
	(void)context;
	(void)number;
	note_latest();
	manual_clock_step(&world->clock, true_now() - wall_now());
	trace("the clock is right again");
}

static void step_clock(void *context, int64_t number)
{
	int64_t by_ms = dice_skewed(&world->dice, 1000, 2 * DAY_MS);

	(void)context;
	if (number != FAULT_NOW)
		fault_again(step_clock, 20);
	if (fault_waits(step_clock, number))
		return;
	if (!world->faults || wall_now() != true_now())
		return;
	note_latest();
	manual_clock_step(&world->clock, dice_permille(&world->dice, 500) ? by_ms : -by_ms);
	totals.clock_steps++;
	trace("the clock steps by %lld ms", (long long)(wall_now() - true_now()));
	/* Not within one lease: that nothing but a look into the store could tell. */
	event_add(NULL, dice_between(&world->dice, HOUR_MS / 2, DAY_MS), step_back, NULL, 0);
}

void faults_begin(void)
{
	fault_again(crash, 10);
	fault_again(restart, 30);
	fault_again(disk_trouble, 40);
	fault_again(service_trouble, 6);
	operators_begin();
	sim_keys_begin();
	if (world->plan.second)
		fault_again(second, 12);
	if (world->plan.stalls)
		fault_again(stall, 10);
	if (world->plan.clock_steps)
		fault_again(step_clock, 20);
	checkpoint(NULL, 0);
	look(NULL, 0);
}

void faults_end(void)
{
	disk_set_trouble(DISK_FINE);
	step_back(NULL, 0);
	for (size_t i = 0; i < SERVICE_COUNT; i++)
		world->services[i] =
			(struct service_state){.paused_at_ms = world->services[i].paused_at_ms};
	operators_end();
	for (size_t i = 0; i < 2; i++) {
		world->processes[i].stalled_until_ms = 0;
		world->processes[i].owner.dies_in = 0;
	}
}
