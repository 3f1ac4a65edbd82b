/* What the linked services have, and how they take an install. */
#include "sim.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

struct target *target_of(const char *service, const char *code, const char *fqdn)
{
	int number = service_number(service);
	struct target *target;

	for (size_t i = 0; i < world->target_count; i++) {
		target = &world->targets[i];
		if (target->service == number && strcmp(target->code, code) == 0 &&
			strcmp(target->fqdn, fqdn) == 0)
			return target;
	}
	world->targets =
		xreallocarray(world->targets, world->target_count + 1, sizeof(*world->targets));
	target = &world->targets[world->target_count++];
	*target = (struct target){.service = number, .installed = -1, .edge = -1, .taken = -1};
	snprintf(target->code, sizeof(target->code), "%s", code);
	snprintf(target->fqdn, sizeof(target->fqdn), "%s", fqdn);
	return target;
}

struct effect *effect_of_key(const char *key)
{
	for (size_t i = world->effect_count; i > 0; i--) {
		if (strcmp(world->effects[i - 1].key, key) == 0)
			return &world->effects[i - 1];
	}
	return NULL;
}

struct effect *effect_of_remote(int64_t remote)
{
	for (size_t i = world->effect_count; i > 0; i--) {
		if (world->effects[i - 1].remote == remote)
			return &world->effects[i - 1];
	}
	return NULL;
}

bool has_edge(int service)
{
	return service != SERVICE_CLOUD_HOSTING;
}

static void reach_edge(void *context, int64_t number)
{
	struct target *target = &world->targets[number];

	(void)context;
	target->edge = target->installed;
	for (size_t i = 0; i < world->effect_count; i++) {
		struct effect *effect = &world->effects[i];

		if (effect->target == (size_t)number && effect->certificate == target->edge)
			effect->served = true;
	}
	trace("edge of %s %s serves certificate %d", service_names[target->service], target->code,
		target->edge);
}

static void install(size_t number, int certificate)
{
	struct target *target = &world->targets[number];
	int64_t late_ms = world->faults && dice_permille(&world->dice, 15)
				  ? dice_skewed(&world->dice, 1000, 40 * INT64_C(60000))
				  : dice_skewed(&world->dice, 1, 5000);

	target->installed = certificate;
	trace("%s %s %s has certificate %d", service_names[target->service], target->code,
		target->fqdn, certificate);
	if (has_edge(target->service))
		event_add(NULL, late_ms, reach_edge, NULL, (int64_t)number);
}

/* A pending install is over; one that a later one replaced meanwhile has no effect. */
static void finish(void *context, int64_t remote)
{
	struct effect *effect = effect_of_remote(remote);
	struct target *target;

	(void)context;
	if (effect == NULL)
		abort();
	target = &world->targets[effect->target];
	effect->pending = false;
	if (target->remote != remote) {
		effect->failed = true;
		return;
	}
	target->remote = 0;
	if (target->service == SERVICE_IDGW && world->faults &&
		dice_permille(&world->dice, world->plan.acts ? 150 : 30)) {
		effect->failed = true;
		trace("%s %s: pending install %lld fails", service_names[target->service],
			target->code, (long long)remote);
		return;
	}
	install(effect->target, effect->certificate);
}

static void begin_pending(struct effect *effect)
{
	int64_t takes_ms = world->faults && dice_permille(&world->dice, 15)
				   ? dice_skewed(&world->dice, 60000, 5 * HOUR_MS)
				   : dice_skewed(&world->dice, 500, 120000);

	effect->pending = true;
	effect->remote = ++world->next_remote;
	world->targets[effect->target].remote = effect->remote;
	event_add(NULL, takes_ms, finish, NULL, effect->remote);
}

struct effect *service_take(const struct push *push)
{
	struct effect *effect = effect_of_key(push->key);
	struct target *target = &world->targets[push->target];

	if (effect != NULL) {
		check_replay(effect, push);
		totals.replays++;
		trace("%s has seen this key already: nothing done anew",
			service_names[target->service]);
		return effect;
	}
	check_effect(push);
	totals.effects++;
	world->effects =
		xreallocarray(world->effects, world->effect_count + 1, sizeof(*world->effects));
	effect = &world->effects[world->effect_count++];
	*effect = (struct effect){
		.push = *push, .target = push->target, .certificate = push->certificate};
	snprintf(effect->key, sizeof(effect->key), "%s", push->key);
	target->taken = push->certificate;
	target->taken_at_ms = push->issued_ms;
	target->taken_contract = push->contract;
	if (target->service == SERVICE_GIO_CA || target->service == SERVICE_IDGW)
		begin_pending(effect);
	else
		install(push->target, push->certificate);
	return effect;
}
