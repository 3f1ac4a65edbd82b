/* What has to hold when all has come to rest. */
#include <string.h>

#include "sim.h"

bool check_quiet(void)
{
	struct process *process = &world->processes[0];

	return process->runs && !world->processes[1].runs && sources_quiet() && operators_quiet() &&
	       world->on_wire == 0 && store_at_rest(process) && process->transfers == 0;
}

/* At the end operators have had everything tried again that failed before. */
static bool may_have_failed(const struct store_job *job, bool holds)
{
	const struct effect *effect = effect_of_key(job->idempotency_key);

	if (world->plan.acts)
		return !holds || strstr(job->detail, "given up, the certificate end") != NULL;
	return strstr(job->detail, "given up") != NULL || was_refused(job->idempotency_key) ||
	       (effect != NULL && effect->failed);
}

/* Why a job that did not end installed is explained all the same; false when it is not. */
static bool explained(struct process *process, const struct estate_contract *contract,
	const struct estate_link *link, const struct store_job *job)
{
	bool holds = store_says_holds(process, job->service, job->service_code, contract->code);

	if (job->state == JOB_FAILED)
		return may_have_failed(job, holds);
	if (job->state == JOB_REFUSED)
		return estate_refuses(contract, link) || strstr(job->detail, "expire") != NULL ||
		       (was_given(link) && strstr(job->detail, "key-mismatch") != NULL);
	if (job->state == JOB_HELD)
		return world->plan.holding && !holds && strstr(job->detail, "ssl") != NULL;
	if (job->state == JOB_CANCELLED)
		return may_be_called_off(link, job);
	return job->state == JOB_SUPERSEDED && (world->plan.holding || world->plan.reinstall) &&
	       job->detail[0] != '\0';
}

static void check_link(struct process *process, const struct estate_contract *contract,
	const struct snapshot *snapshot, const struct estate_link *link,
	const struct store_job *jobs, size_t count)
{
	const struct store_job *job = NULL;
	const struct target *target;

	for (size_t i = 0; i < count; i++) {
		if (same_link(link, &jobs[i]) &&
			certificate_of_fingerprint(jobs[i].fingerprint) == snapshot->certificate)
			job = &jobs[i];
	}
	if (job == NULL) {
		violated("silently missing: %s wants certificate %d on %s %s, and no job is there",
			contract->code, snapshot->certificate, service_names[link->service],
			link->code);
		return;
	}
	if (job->state != JOB_INSTALLED) {
		if (!explained(process, contract, link, job))
			violated("at the end job %lld of %s on %s %s is %s: %s", (long long)job->id,
				contract->code, job->service, job->service_code,
				job_state_name(job->state), job->detail);
		return;
	}
	target = target_of(job->service, job->service_code, job->fqdn);
	/* An operator gave the pair to another contract since. */
	if (!store_says_holds(process, job->service, job->service_code, contract->code))
		return;
	/* A source that names an earlier certificate again by its old date does not get it. */
	if (target->installed >= 0 &&
		target->taken_contract == estate_contract_of(contract->code) &&
		target->taken_at_ms > snapshot->at_ms)
		return;
	if (target->installed != snapshot->certificate)
		violated("job %lld is installed, but %s %s has certificate %d and not %d",
			(long long)job->id, job->service, job->service_code, target->installed,
			snapshot->certificate);
}

static void check_contract(struct process *process, const struct estate_contract *contract)
{
	const struct snapshot *snapshot = estate_latest(contract);
	struct store_job *jobs;
	size_t count;
	struct error error;

	if (!store_jobs_of_contract(process->store, contract->code, &jobs, &count, &error))
		violated("the jobs of %s cannot be read: %s", contract->code, error.text);
	for (size_t i = 0; i < snapshot->link_count; i++) {
		const struct estate_link *link = &snapshot->links[i];

		if (!snapshot->ended && snapshot->certificate >= 0 &&
			link->service < SERVICE_COUNT && link->code[0] != '\0')
			check_link(process, contract, snapshot, link, jobs, count);
	}
	store_jobs_free(jobs, count);
}

void check_end(void)
{
	struct process *process = &world->processes[0];

	if (!check_quiet())
		violated("not at rest long after the last fault: %zu deliveries, %zu requests",
			world->delivery_count, world->on_wire);
	for (size_t i = 0; i < world->contract_count; i++) {
		if (world->contracts[i].revision > 0)
			check_contract(process, &world->contracts[i]);
	}
	check_all_given(process);
	check_keys();
}
