#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/log.h"
#include "base/text.h"
#include "domain/hostname.h"
#include "engine/intake_private.h"

void applied_clear(struct applied *applied)
{
	size_t i;

	for (i = 0; i < applied->link_count; i++) {
		free(applied->links[i].fqdn);
		verdict_clear(&applied->links[i].verdict);
	}
	free(applied->links);
	for (i = 0; i < applied->event_count; i++) {
		struct succession_event *event = &applied->events[i];

		free(event->contract);
		free(event->service);
		free(event->service_code);
		free(event->fqdn);
		free(event->by);
		verdict_clear(&event->verdict);
	}
	free(applied->events);
	for (i = 0; i < applied->departure_count; i++) {
		struct departure *departure = &applied->departures[i];

		free(departure->contract);
		free(departure->service);
		free(departure->service_code);
		free(departure->fqdn);
	}
	free(applied->departures);
	*applied = (struct applied){0};
}

void note_departure(
	struct applied *applied, const struct store_job *job, enum job_state to, const char *why)
{
	if (job_state_is_final(job->state))
		return;
	applied->departures = xreallocarray(
		applied->departures, applied->departure_count + 1, sizeof(*applied->departures));
	applied->departures[applied->departure_count++] = (struct departure){
		.job_id = job->id,
		.contract = xstrdup(job->contract),
		.service = xstrdup(job->service),
		.service_code = xstrdup(job->service_code),
		.fqdn = xstrdup(job->fqdn),
		.to = to,
		.why = why,
	};
}

char *normal_fqdn(const char *fqdn)
{
	char normal[HOSTNAME_MAX];

	return xstrdup(hostname_normalise(fqdn, normal) ? normal : fqdn);
}

static void judge_links(struct work *work)
{
	const struct contract *contract = work_contract(work);
	const struct rulebook *rulebook = &settings_config(work->settings)->rulebook;
	const struct certificate_facts *facts =
		contract->has_certificate ? &work->prepared->facts : NULL;
	struct applied *applied = work->applied;
	size_t i;

	applied->links = xcalloc(contract->link_count, sizeof(*applied->links));
	applied->link_count = contract->link_count;
	for (i = 0; i < contract->link_count; i++) {
		const struct tenure tenure = succession_tenure(work, &contract->links[i]);

		applied->links[i].fqdn = normal_fqdn(contract->links[i].fqdn);
		linkage_judge(rulebook, contract, i, facts, &tenure, work->now_ms,
			&applied->links[i].verdict);
	}
}

static bool keep_certificate(struct work *work, struct error *error)
{
	const struct certificate_facts *facts = &work->prepared->facts;
	struct store_certificate *certificate = &work->certificate;

	if (!work_contract(work)->has_certificate || work->certificate_known)
		return true;
	memcpy(certificate->fingerprint, facts->fingerprint, FINGERPRINT_SIZE);
	certificate->not_before_ms = facts->malformed ? 0 : facts->not_before_ms;
	certificate->not_after_ms = facts->malformed ? 0 : facts->not_after_ms;
	snprintf(certificate->key, sizeof(certificate->key), "%s",
		facts->malformed ? "malformed" : facts->key);
	memcpy(certificate->chain, facts->chain_fingerprints, sizeof(certificate->chain));
	certificate->chain_length = facts->chain_length;
	return store_certificate_put(work->store, certificate, &certificate->id, error);
}

bool job_was_tried(const struct store_job *job)
{
	return job->attempts > 0 || job->pushed_ms != 0 || job->state == JOB_INSTALLING ||
	       job->state == JOB_VERIFYING || job->state == JOB_INSTALLED;
}

static bool make_plan_jobs(struct work *work, struct error *error)
{
	size_t i;

	work->plan_jobs = xcalloc(work->job_count, sizeof(*work->plan_jobs));
	for (i = 0; i < work->job_count; i++) {
		const struct store_job *job = &work->jobs[i];
		struct plan_job *plan_job = &work->plan_jobs[i];

		*plan_job = (struct plan_job){
			.id = job->id,
			.state = job->state,
			.issued_ms = job->issued_ms,
			.not_after_ms = job->not_after_ms,
			.base_ms = job->base_ms,
			.due_ms = job->due_ms,
			.tried = job_was_tried(job),
			.service = job->service,
			.service_code = job->service_code,
			.fqdn = job->fqdn,
		};
		memcpy(plan_job->fingerprint, job->fingerprint, FINGERPRINT_SIZE);
		if (job->state == JOB_INSTALLED &&
			memcmp(job->fingerprint, work->plan_certificate.fingerprint,
				FINGERPRINT_SIZE) == 0 &&
			!store_job_pushed_over(work->store, job, &plan_job->pushed_over, error))
			return false;
		if (job->state == JOB_CANCELLED &&
			!store_job_called_off(work->store, job, &plan_job->called_off_ms, error))
			return false;
	}
	return true;
}

static struct plan_wanted *make_wanted(const struct work *work)
{
	const struct contract *contract = work_contract(work);
	struct plan_wanted *wanted = xcalloc(contract->link_count, sizeof(*wanted));
	size_t i;

	for (i = 0; i < contract->link_count; i++) {
		const struct contract_link *link = &contract->links[i];
		const struct tenure tenure = succession_tenure(work, link);

		wanted[i] = (struct plan_wanted){
			.service = link->service,
			.service_code = link->service_code,
			.fqdn = work->applied->links[i].fqdn,
			.verdict = &work->applied->links[i].verdict,
			.added_ms =
				tenure.freed_ms > link->since_ms ? tenure.freed_ms : link->since_ms,
			.taken = tenure.holder != NULL,
			.since_ms = link->since_ms,
		};
	}
	return wanted;
}

static bool plan_and_write(struct work *work, struct error *error)
{
	const struct contract *contract = work_contract(work);
	struct plan_wanted *wanted = make_wanted(work);
	struct plan_change *changes;
	size_t change_count;
	bool done;

	if (contract->has_certificate) {
		memcpy(work->plan_certificate.fingerprint, work->prepared->facts.fingerprint,
			FINGERPRINT_SIZE);
		work->plan_certificate.at_ms = contract->certificate_at_ms;
	}
	done = make_plan_jobs(work, error);
	if (done) {
		plan_make(contract->has_certificate ? &work->plan_certificate : NULL, wanted,
			contract->link_count, work->plan_jobs, work->job_count, &changes,
			&change_count);
		done = carry_out(work, wanted, changes, change_count, error);
		free(changes);
	}
	free(work->plan_jobs);
	free(wanted);
	return done;
}

static bool keep_contract(struct work *work, struct error *error)
{
	const struct contract *contract = work_contract(work);
	struct buffer snapshot = {0};
	bool done;

	record_canonical(contract, &snapshot);
	done = store_contract_put(work->store, contract->code, contract->revision,
		work->prepared->content_hash, buffer_text(&snapshot), work->now_ms, error);
	buffer_free(&snapshot);
	return done;
}

static bool write_all(struct work *work, struct error *error)
{
	if (!keep_contract(work, error) || !keep_certificate(work, error) ||
		!succession_settle(work, error))
		return false;
	judge_links(work);
	return plan_and_write(work, error) && succession_follow(work, error);
}

bool intake_apply(const struct settings *settings, struct store *store, int64_t now_ms,
	struct prepared *prepared, struct applied *applied, struct error *error)
{
	const struct contract *contract = &prepared->record.contract;
	struct work work = {
		.settings = settings,
		.store = store,
		.now_ms = now_ms,
		.prepared = prepared,
		.applied = applied,
	};
	struct store_contract known;
	bool done;

	*applied = (struct applied){0};
	if (!store_contract_get(store, contract->code, &known, error))
		return false;
	if (known.found && known.revision == contract->revision &&
		memcmp(known.content_hash, prepared->content_hash, 32) != 0)
		/* Another process stored it since it was taken; the next pass rejects it. */
		return error_set(error, ERROR_TEMPORARY,
			"contract %s: revision %" PRId64 " came in elsewhere at the same time",
			contract->code, contract->revision);
	if (known.found && known.revision >= contract->revision) {
		applied->stale = true;
		return true;
	}
	if (contract->has_certificate && !store_certificate_find(store, prepared->facts.fingerprint,
						 &work.certificate, &work.certificate_known, error))
		return false;
	if (work.certificate_known && work.certificate.has_secret &&
		prepared->facts.key_status == KEY_ABSENT)
		prepared->facts.key_status = KEY_HELD;
	if (!store_jobs_of_contract(store, contract->code, &work.jobs, &work.job_count, error))
		return false;
	done = write_all(&work, error);
	succession_end(&work);
	store_jobs_free(work.jobs, work.job_count);
	return done;
}
