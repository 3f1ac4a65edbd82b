/* net/probe.h: what the simulated services' edges serve. */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "engine/attempt_private.h"
#include "net/probe.h"
#include "sim.h"

struct probe {
	struct process *process;
	probe_callback *callback;
	void *context;
	size_t target;
	int64_t event;
};

static void end_probe(struct probe *probe, struct probe_result *result)
{
	probe->process->transfers--;
	probe->callback(probe->context, result);
	free(probe);
}

static void found(void *context, int64_t number)
{
	struct probe *probe = context;
	int edge = world->targets[probe->target].edge;
	struct probe_result result = {.outcome = PROBE_SERVED, .chain_length = 2};

	(void)number;
	if (world->faults && dice_permille(&world->dice, 30)) {
		result.outcome = PROBE_UNREACHABLE;
		error_set(&result.error, ERROR_TEMPORARY, "simulated: unreachable");
	} else if (edge < 0) {
		result.outcome = PROBE_NONE;
		error_set(&result.error, ERROR_TEMPORARY, "simulated: no certificate");
	} else {
		certificate_fingerprint(edge, result.chain[0]);
		memset(result.chain[1], 0xca, FINGERPRINT_SIZE);
		result.covers_name = true;
	}
	trace("probe: certificate %d", result.outcome == PROBE_SERVED ? edge : -1);
	end_probe(probe, &result);
}

/* A name alone does not tell which service code's edge is looked at: the attempt does. */
static size_t looked_at;

struct look *__real_look_start(struct loop *loop, const struct profile *profile,
	const struct look_wanted *wanted, look_callback *callback, void *context);
struct look *__wrap_look_start(struct loop *loop, const struct profile *profile,
	const struct look_wanted *wanted, look_callback *callback, void *context);

struct look *__wrap_look_start(struct loop *loop, const struct profile *profile,
	const struct look_wanted *wanted, look_callback *callback, void *context)
{
	const struct store_job *job = &((struct attempt *)context)->result->job;

	looked_at =
		(size_t)(target_of(job->service, job->service_code, job->fqdn) - world->targets);
	return __real_look_start(loop, profile, wanted, callback, context);
}

struct probe *probe_start(struct loop *loop, const char *address, const char *sni,
	int64_t timeout_ms, probe_callback *callback, void *context)
{
	struct probe *probe = xcalloc(1, sizeof(*probe));

	(void)loop;
	(void)address;
	(void)sni;
	(void)timeout_ms;
	probe->process = world->current;
	probe->callback = callback;
	probe->context = context;
	probe->target = looked_at;
	probe->process->transfers++;
	probe->event =
		event_add(world->current, dice_skewed(&world->dice, 1, 500), found, probe, 0);
	return probe;
}

void probe_cancel(struct probe *probe)
{
	struct probe_result result = {.outcome = PROBE_CANCELLED};

	event_cancel(probe->event);
	end_probe(probe, &result);
}
