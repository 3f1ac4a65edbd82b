/* The sealing key is changed while jobs are under way, as doc/runbook.md has it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "engine/reseal.h"
#include "sim.h"

static void change_key(void *context, int64_t number);
static void reload(void *context, int64_t number);
static void reseal(void *context, int64_t number);

/* Settings of even number have one key; those of odd number a new one, and that as the older. */
static bool has_older(int ring)
{
	return ring % 2 == 1;
}

static const char *present_id(int ring)
{
	return keyring_present_id(settings_keyring(world->rings[ring]));
}

static const char *older_id(void)
{
	int before = (world->ring + RING_COUNT - 1) % RING_COUNT;

	return present_id(has_older(world->ring) ? before : world->ring);
}

static void use_ring(int ring)
{
	world->ring = ring % RING_COUNT;
	world->settings = world->rings[world->ring];
	trace("the configuration has sealing key %s%s", present_id(world->ring),
		has_older(world->ring) ? " and the one before" : " alone");
}

/* Whether somebody runs who began before the last change of the configuration, and knows no better.
 */
static bool others_run(void)
{
	for (size_t i = 0; i < 2; i++) {
		if (world->processes[i].runs && world->processes[i].settings != world->settings)
			return true;
	}
	return false;
}

static void reload_all(void)
{
	for (size_t i = 0; i < 2; i++) {
		struct process *process = &world->processes[i];

		/* A run by hand goes on with what it read. */
		if (process->runs && !process->draining &&
			(i == 0 || dice_permille(&world->dice, 300)))
			event_add(
				process, dice_skewed(&world->dice, 1, HOUR_MS), reload, process, 0);
	}
}

/* A new key, with the older one beside it; when all is sealed anew, that one goes. */
static void change_key(void *context, int64_t number)
{
	(void)context;
	if (number != FAULT_NOW)
		fault_again(change_key, 12);
	if (fault_waits(change_key, number) || !world->faults)
		return;
	if (has_older(world->ring) && !world->resealed) {
		reload_all();
		return;
	}
	if (has_older(world->ring) && others_run())
		return;
	use_ring(world->ring + 1);
	world->resealed = false;
	totals.key_changes += has_older(world->ring) ? 1 : 0;
	check_keys();
	reload_all();
}

static void reload(void *context, int64_t number)
{
	struct process *process = context;

	(void)number;
	if (!process->runs || process->draining)
		return;
	trace("process %d reads its configuration", process->number);
	process_use(process, world->settings);
	sim_keys_started(process);
}

void sim_keys_started(struct process *process)
{
	if (world->plan.reseal)
		event_add(process, dice_skewed(&world->dice, 1, 60000), reseal, process, 0);
}

void sim_keys_ended(const struct process *process)
{
	/* What it sealed last may be under a key that is the older one by now. */
	if (process->settings != world->settings)
		world->resealed = false;
}

static void reseal(void *context, int64_t number)
{
	struct process *process = context;
	size_t resealed, locked;
	struct error error;

	(void)number;
	if (!reseal_all(process->intake_store, process->settings, &resealed, &locked, &error)) {
		trace("not sealed anew: %s", error.text);
		return;
	}
	if (process->owner.dead)
		return;
	trace("%zu keys are sealed anew, %zu are locked", resealed, locked);
	totals.resealed += resealed;
	if (process->settings != world->settings)
		return;
	if (locked > 0)
		violated("%zu keys cannot be opened by the configured sealing keys", locked);
	world->resealed = !others_run();
	check_sealed_anew(process, present_id(world->ring));
	check_keys();
}

void sim_keys_begin(void)
{
	if (world->plan.reseal)
		fault_again(change_key, 12);
}

/* ---- what has to hold ---- */

void check_key_ids(struct process *process)
{
	if (keys_not_under(process, present_id(world->ring), older_id()) > 0)
		violated("a key is sealed under none of the configured sealing keys");
}

void check_sealed_anew(struct process *process, const char *key_id)
{
	disk_set_aside(true);
	if (keys_not_under(process, key_id, key_id) > 0)
		violated("all keys were sealed anew, and one is not under %s", key_id);
	disk_set_aside(false);
}

/* Whether it opens, and is the key that certificate NUMBER came with. */
static void check_key(struct process *process, int64_t id, int number)
{
	unsigned char fingerprint[FINGERPRINT_SIZE];
	struct material material = {0};
	struct buffer sealed = {0};
	char key_id[SEAL_KEY_ID_MAX], wanted[32];
	struct error error;
	bool found;

	if (!store_secret_get(process->store, id, key_id, &sealed, &found, &error) || !found)
		violated("a key cannot be read: %s", found ? "" : error.text);
	certificate_fingerprint(number, fingerprint);
	if (!open_material(settings_keyring(world->settings), key_id, sealed.data, sealed.length,
		    fingerprint, &material, &error))
		violated("the key of certificate %d does not open: %s", number, error.text);
	snprintf(wanted, sizeof(wanted), "SIMKEY%06d", number);
	if (strcmp(buffer_text(&material.key_pem), wanted) != 0 ||
		certificate_in_text(buffer_text(&material.leaf_pem)) != number)
		violated("the key of certificate %d is another's", number);
	material_clear(&material);
	buffer_free(&sealed);
}

void check_keys(void)
{
	struct process *process = one_that_runs();
	int64_t ids[KEYS_MAX];
	int numbers[KEYS_MAX];
	size_t count;

	if (process == NULL || process->owner.dead)
		return;
	disk_set_aside(true);
	count = list_keys(process, ids, numbers);
	for (size_t i = 0; i < count; i++)
		check_key(process, ids[i], numbers[i]);
	disk_set_aside(false);
}
