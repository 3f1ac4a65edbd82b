#include "daemon/left.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/civil.h"
#include "base/clock.h"

/* The services that jobs are of; the configuration may not have them any more. */
struct services {
	struct service_held {
		char *service;
		int64_t held; /* jobs that wait for another contract */
	} * list;
	size_t count;
};

static void add_service(void *context, const char *service, enum job_state state, int64_t count)
{
	struct services *services = context;
	size_t i;

	for (i = 0; i < services->count; i++) {
		if (strcmp(services->list[i].service, service) == 0)
			break;
	}
	if (i == services->count) {
		services->list =
			xreallocarray(services->list, services->count + 1, sizeof(*services->list));
		services->list[services->count++] =
			(struct service_held){.service = xstrdup(service)};
	}
	if (state == JOB_HELD)
		services->list[i].held = count;
}

static bool count_service(struct store *store, const struct options *options, struct tally *tally,
	const struct service_held *counted, struct error *error)
{
	const struct store_claim claim = {
		.service = counted->service,
		/* What is tried again or looked at again later is due all the same. */
		.now_ms = clock_wall_ms(clock_system()),
		.ignore_due = options->ignore_due,
		.base_since_ms = options->issued_since_ms,
	};
	int64_t due, all;

	if (options->service != NULL && strcmp(options->service, counted->service) != 0)
		return true;
	if (!store_left_count(store, &claim, &due, &all, error))
		return false;
	tally_add(tally, counted->service, "left", due);
	tally_add(tally, counted->service, "held", counted->held);
	tally_add(tally, counted->service, "not yet due", all - due);
	return true;
}

bool left_count(struct store *store, const struct options *options, struct tally *tally,
	struct error *error)
{
	struct services services = {0};
	bool done = store_counts(store, add_service, &services, error);
	size_t i;

	for (i = 0; i < services.count; i++) {
		done = done && count_service(store, options, tally, &services.list[i], error);
		free(services.list[i].service);
	}
	free(services.list);
	return done;
}

struct pauses {
	const struct options *options;
	FILE *stream;
};

static void print_pause(void *context, const struct store_pause *pause)
{
	const struct pauses *pauses = context;
	char since[CIVIL_INSTANT_MAX];

	if (pauses->options->service != NULL &&
		strcmp(pauses->options->service, pause->service) != 0)
		return;
	civil_format_instant(since, pause->since_ms, TOKYO_OFFSET_MIN);
	fprintf(pauses->stream, "%s: paused by %s since %s%s%s\n", pause->service, pause->who,
		since, pause->reason[0] != '\0' ? ": " : "", pause->reason);
}

bool left_pauses(
	struct store *store, const struct options *options, FILE *stream, struct error *error)
{
	struct pauses pauses = {options, stream};

	return store_pauses(store, print_pause, &pauses, error);
}
