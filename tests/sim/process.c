/* A process: the engine as the daemon puts it together, on a store of its own handles. */
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "sim.h"

static void start_now(void *context, int64_t number);

static void idle(void *context, int64_t next_ms)
{
	struct process *process = context;

	(void)next_ms;
	if (process->draining)
		process->drained = true;
}

static void settled(void *context, const struct attempt_result *result, enum job_state state)
{
	(void)context;
	if (state == JOB_INSTALLED) {
		totals.installed++;
		check_installed(&result->job);
	} else if (state == JOB_FAILED) {
		totals.failed++;
	}
}

static bool open_stores(struct process *process, struct error *error)
{
	const char *path = settings_config(world->settings)->store;

	disk_mirror(path);
	if (!store_open(path, &process->store, error))
		return false;
	disk_mirror(path);
	if (store_open(path, &process->intake_store, error))
		return true;
	store_close(process->store);
	return false;
}

bool process_start(struct process *process)
{
	struct pump_options options = {
		.observer = {.settled = settled, .idle = idle, .context = process},
	};
	struct error error;

	process->owner = (struct disk_owner){0};
	process->settings = world->settings;
	process->draining = process->drained = false;
	process->stalled_until_ms = 0;
	world->current = process;
	disk_use(&process->owner);
	if (!open_stores(process, &error)) {
		trace("does not start: %s", error.text);
		if (error.kind != ERROR_TEMPORARY)
			violated("the store does not open: %s", error.text);
		totals.store_errors++;
		return false;
	}
	process->loop = loop_new(&world->clock.clock);
	if (!intake_new(process->settings, process->intake_store, &world->clock.clock, NULL, false,
		    &process->intake, &error))
		violated("no intake: %s", error.text);
	options.loop = process->loop;
	options.store = process->store;
	if (!settings_make_pki(process->settings, &process->pki, &error))
		violated("no pki: %s", error.text);
	options.pki = process->pki;
	process->pump = pump_new(&options, process->settings);
	process->runs = true;
	sim_feed_start(process);
	sim_keys_started(process);
	pump_poke(process->pump);
	totals.restarts++;
	trace("process %d starts", process->number);
	check_reopened(process);
	check_keys();
	return true;
}

static void start_now(void *context, int64_t number)
{
	struct process *process = context;

	(void)number;
	if (!process->runs && !process_start(process))
		process_start_later(process, dice_skewed(&world->dice, 1000, 600000));
}

void process_start_later(struct process *process, int64_t in_ms)
{
	event_add(NULL, in_ms, start_now, process, 0);
}

static void take_down(struct process *process)
{
	sim_feed_stop(process);
	pump_free(process->pump);
	intake_free(process->intake);
	pki_free(process->pki);
	checks_forget(process);
	store_close(process->store);
	store_close(process->intake_store);
	events_forget(process);
	loop_free(process->loop);
	process->runs = false;
	sim_keys_ended(process);
	world->current = NULL;
}

void process_stop(struct process *process)
{
	world->current = process;
	disk_use(&process->owner);
	process->stalled_until_ms = 0;
	/* Whatever it does from here on does not happen: a process that is killed is gone at once.
	 */
	process->owner.dead = true;
	pump_abort(process->pump);
	take_down(process);
}

void process_close(struct process *process)
{
	world->current = process;
	disk_use(&process->owner);
	trace("process %d ends", process->number);
	take_down(process);
}

void process_use(struct process *process, struct settings *settings)
{
	struct pki *before = process->pki;
	struct error error;

	if (!settings_make_pki(settings, &process->pki, &error))
		violated("no pki: %s", error.text);
	intake_free(process->intake);
	if (!intake_new(settings, process->intake_store, &world->clock.clock, NULL, false,
		    &process->intake, &error))
		violated("no intake: %s", error.text);
	process->settings = settings;
	/* A page that is on its way comes again. */
	sim_feed_stop(process);
	sim_feed_start(process);
	pump_use(process->pump, settings, process->pki);
	pki_free(before);
}

void process_drain(struct process *process)
{
	process->draining = true;
	sim_feed_stop(process);
	pump_drain(process->pump);
}
