/* What has to hold of each effect that a push has on a service. */
#include <string.h>

#include "sim.h"

void check_replay(const struct effect *effect, const struct push *push)
{
	if (effect->push.target != push->target || effect->certificate != push->certificate ||
		effect->push.job != push->job || effect->push.generation != push->generation)
		violated("one Idempotency-Key for two installs: jobs %lld and %lld",
			(long long)effect->push.job, (long long)push->job);
}

/* The link by which SNAPSHOT wants what PUSH pushes; NULL when it does not. */
static const struct estate_link *wants(const struct snapshot *snapshot, const struct push *push)
{
	const struct target *target = &world->targets[push->target];

	if (snapshot->ended || snapshot->certificate != push->certificate)
		return NULL;
	for (size_t i = 0; i < snapshot->link_count; i++) {
		if (snapshot->links[i].service == target->service &&
			strcmp(snapshot->links[i].code, target->code) == 0)
			return &snapshot->links[i];
	}
	return NULL;
}

/*
 * A certificate is installed once on a target, and once more for each time that the contract came
 * back to it there, or another contract was there between.
 */
static void check_times(const struct push *push)
{
	const struct estate_contract *contract = &world->contracts[push->contract];
	const struct target *target = &world->targets[push->target];
	size_t times = 1, allowed = 1 + decisions_about(push);

	for (size_t i = 0; i < world->effect_count; i++) {
		const struct push *before = &world->effects[i].push;

		if (before->target == push->target && before->certificate == push->certificate)
			times++;
		else if (before->contract != push->contract &&
			 world->targets[before->target].service == target->service &&
			 strcmp(world->targets[before->target].code, target->code) == 0)
			allowed++;
	}
	for (size_t i = 1; i < contract->revision; i++) {
		const struct snapshot *before = &contract->snapshots[i - 1];
		const struct snapshot *after = &contract->snapshots[i];

		const struct estate_link *was = wants(before, push), *is = wants(after, push);

		if (is != NULL && (was == NULL || after->at_ms != before->at_ms ||
					  is->since_ms != was->since_ms))
			allowed++;
	}
	if (times > allowed)
		violated("certificate %d takes effect %zu times on %s %s, and %zu were wanted",
			push->certificate, times, service_names[target->service], target->code,
			allowed);
}

void check_effect(const struct push *push)
{
	const struct target *target = &world->targets[push->target];

	if (push->certificate < 0)
		violated("job %lld is sent without a certificate", (long long)push->job);
	if (target->taken >= 0 && target->taken_contract == push->contract &&
		push->issued_ms < target->taken_at_ms)
		violated("downgrade: %s %s goes from certificate %d to the older %d",
			service_names[target->service], target->code, target->taken,
			push->certificate);
	for (size_t i = 0; i < world->effect_count; i++) {
		const struct push *before = &world->effects[i].push;

		if (before->job == push->job && before->generation == push->generation)
			violated("job %lld generation %d takes effect twice", (long long)push->job,
				push->generation);
	}
	check_times(push);
}

void check_installed(const struct store_job *job)
{
	const struct target *target = target_of(job->service, job->service_code, job->fqdn);
	int certificate = certificate_of_fingerprint(job->fingerprint);

	for (size_t i = 0; i < world->effect_count; i++) {
		const struct effect *effect = &world->effects[i];

		if (&world->targets[effect->target] == target &&
			effect->certificate == certificate &&
			(has_edge(target->service) ? effect->served : !effect->pending))
			return;
	}
	violated("job %lld is stored as installed, and %s %s never served it", (long long)job->id,
		job->service, job->service_code);
}
