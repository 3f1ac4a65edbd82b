#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/log.h"
#include "base/text.h"
#include "domain/hostname.h"
#include "engine/intake_private.h"

/* What one application works on. */
struct work {
	const struct settings *settings;
	struct store *store;
	int64_t now_ms;
	struct prepared *prepared;
	struct applied *applied;
	struct store_certificate certificate;
	bool certificate_known;
	struct store_job *jobs;
	size_t job_count;
};

void applied_clear(struct applied *applied)
{
	size_t i;

	for (i = 0; i < applied->link_count; i++) {
		free(applied->links[i].fqdn);
		verdict_clear(&applied->links[i].verdict);
	}
	free(applied->links);
	*applied = (struct applied){0};
}

static const struct contract *contract_of(const struct work *work)
{
	return &work->prepared->record.contract;
}

static void judge_links(struct work *work)
{
	const struct contract *contract = contract_of(work);
	const struct rulebook *rulebook = &settings_config(work->settings)->rulebook;
	const struct certificate_facts *facts =
		contract->has_certificate ? &work->prepared->facts : NULL;
	struct applied *applied = work->applied;
	size_t i;

	applied->links = xcalloc(contract->link_count, sizeof(*applied->links));
	applied->link_count = contract->link_count;
	for (i = 0; i < contract->link_count; i++) {
		char normal[HOSTNAME_MAX];
		const char *fqdn = contract->links[i].fqdn;

		applied->links[i].fqdn = xstrdup(hostname_normalise(fqdn, normal) ? normal : fqdn);
		linkage_judge(rulebook, contract, i, facts, NULL, work->now_ms,
			&applied->links[i].verdict);
	}
}

static char *trail_text(const struct verdict *verdict)
{
	struct buffer text = {0};
	size_t i;

	for (i = 0; i < verdict->trail_count; i++)
		buffer_printf(&text, "%s\t%s\t%s\n", verdict->trail[i].rule,
			trail_outcome_name(verdict->trail[i].outcome), verdict->trail[i].text);
	return buffer_steal_text(&text);
}

/*
 * The same for each try of a job, whoever makes it, and for no other job: it is what keeps one
 * effect of several deliveries.
 */
static void make_idempotency_key(const struct work *work, struct store_job *job)
{
	struct buffer identity = {0};
	unsigned char digest[32];
	char hex[FINGERPRINT_TEXT_MAX];

	text_hex(hex, work->prepared->facts.fingerprint, FINGERPRINT_SIZE);
	buffer_printf(&identity, "%s\n%s\n%s\n%s\n%s", job->contract, job->service,
		job->service_code, job->fqdn, hex);
	pki_sha256(identity.data, identity.length, digest);
	text_hex(job->idempotency_key, digest, 16);
	buffer_free(&identity);
}

static bool add_job(struct work *work, size_t wanted, struct error *error)
{
	const struct contract *contract = contract_of(work);
	struct judged_link *judged = &work->applied->links[wanted];
	const struct verdict *verdict = &judged->verdict;
	bool accepted = verdict->kind == VERDICT_ACCEPT;
	struct store_job job = {
		.contract = contract->code,
		.service = contract->links[wanted].service,
		.service_code = contract->links[wanted].service_code,
		.fqdn = judged->fqdn,
		.certificate_id = work->certificate.id,
		.state = accepted ? JOB_SCHEDULED : JOB_REFUSED,
		.base_ms = accepted ? verdict->schedule.base_ms : 0,
		.due_ms = accepted ? verdict->schedule.due_ms : 0,
		.next_ms = accepted ? verdict->schedule.due_ms : 0,
		.settled_ms = accepted ? 0 : work->now_ms,
		.issued_ms = contract->certificate_at_ms,
	};
	char *trail = trail_text(verdict);
	int64_t id;
	bool done;

	make_idempotency_key(work, &job);
	if (!accepted)
		reason_set_text(verdict->reasons, job.detail, sizeof(job.detail));
	done = store_job_add(work->store, &job, trail, &id, error);
	free(trail);
	return done;
}

static bool change_job(struct work *work, const struct plan_change *change, struct error *error)
{
	const struct verdict *verdict = &work->applied->links[change->wanted].verdict;
	const struct store_job *job = &work->jobs[change->job];
	enum job_state next = job->state;
	char detail[STORE_DETAIL_MAX] = "", *trail;
	bool done, moved = false;

	switch (change->action) {
	case PLAN_SUPERSEDE:
		moved = job_transition(job->state, JOB_EVENT_SUPERSEDE, &next);
		snprintf(detail, sizeof(detail),
			"a newer certificate of the contract took its place");
		break;
	case PLAN_CANCEL:
		moved = job_transition(job->state, JOB_EVENT_CANCEL, &next);
		snprintf(detail, sizeof(detail), "%s",
			contract_of(work)->state == CONTRACT_ENDED ? "the contract has ended"
								   : "its link is gone");
		break;
	case PLAN_REFUSE_JOB:
		moved = job_transition(job->state, JOB_EVENT_REFUSE, &next);
		reason_set_text(verdict->reasons, detail, sizeof(detail));
		break;
	case PLAN_RESCHEDULE:
		trail = trail_text(verdict);
		done = store_job_reschedule(work->store, job->id, verdict->schedule.base_ms,
			verdict->schedule.due_ms, trail, error);
		free(trail);
		return done;
	case PLAN_SCHEDULE:
	case PLAN_REFUSE:
		abort();
	}
	if (!moved)
		abort();
	return store_job_set_state(work->store, job->id, next, 0, work->now_ms, detail, error);
}

/* Whether the sealed key that the store has is one that a sealing key of the ring opens. */
static bool secret_opens(struct work *work, bool *opens, struct error *error)
{
	const struct keyring *keyring = settings_keyring(work->settings);
	struct material material = {0};
	struct buffer sealed = {0};
	char key_id[SEAL_KEY_ID_MAX];
	bool found, done;

	*opens = false;
	done = store_secret_get(work->store, work->certificate.id, key_id, &sealed, &found, error);
	if (done && found)
		*opens = open_material(keyring, key_id, sealed.data, sealed.length,
			work->prepared->facts.fingerprint, &material, NULL);
	material_clear(&material);
	buffer_free(&sealed);
	return done;
}

/* The key, sealed, if a job is to need it and the store does not have it, or cannot open it. */
static bool keep_secret(struct work *work, struct error *error)
{
	const struct keyring *keyring = settings_keyring(work->settings);
	struct buffer sealed = {0};
	bool done, opens = false;

	if (work->prepared->facts.malformed || work->prepared->facts.key_status != KEY_BELONGS)
		return true;
	if (work->certificate.has_secret && !secret_opens(work, &opens, error))
		return false;
	if (opens)
		return true;
	seal_material(
		keyring, &work->prepared->material, work->prepared->facts.fingerprint, &sealed);
	done = store_secret_put(
		work->store, work->certificate.id, keyring_present_id(keyring), &sealed, error);
	buffer_free(&sealed);
	return done;
}

/* Whether a job of the snapshot's certificate that was there before may need its key. */
static bool waits_for_key(const struct work *work)
{
	size_t i;

	for (i = 0; i < work->job_count; i++) {
		if (job_state_needs_key(work->jobs[i].state) &&
			memcmp(work->jobs[i].fingerprint, work->prepared->facts.fingerprint,
				FINGERPRINT_SIZE) == 0)
			return true;
	}
	return false;
}

static bool keep_certificate(struct work *work, struct error *error)
{
	const struct certificate_facts *facts = &work->prepared->facts;
	struct store_certificate *certificate = &work->certificate;

	if (!contract_of(work)->has_certificate || work->certificate_known)
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

static bool carry_out(
	struct work *work, const struct plan_change *changes, size_t count, struct error *error)
{
	int64_t *ids = xcalloc(count, sizeof(*ids));
	size_t i, id_count = 0;
	bool done = true;
	bool key_needed = contract_of(work)->has_certificate && waits_for_key(work);

	for (i = 0; i < count && done; i++) {
		const struct plan_change *change = &changes[i];

		if (change->action == PLAN_SCHEDULE || change->action == PLAN_REFUSE) {
			done = add_job(work, change->wanted, error);
		} else {
			done = change_job(work, change, error);
			ids[id_count++] = work->jobs[change->job].certificate_id;
		}
		if (change->action == PLAN_SCHEDULE || change->action == PLAN_RESCHEDULE)
			key_needed = true;
		if (change->action != PLAN_SUPERSEDE && change->action != PLAN_CANCEL)
			work->applied->links[change->wanted].changed = true;
	}
	if (done && key_needed)
		done = keep_secret(work, error);
	if (done && id_count > 0)
		done = store_secrets_wipe(work->store, ids, id_count, error);
	free(ids);
	return done;
}

static bool plan_and_write(struct work *work, struct error *error)
{
	const struct contract *contract = contract_of(work);
	struct plan_wanted *wanted = xcalloc(contract->link_count, sizeof(*wanted));
	struct plan_job *jobs = xcalloc(work->job_count, sizeof(*jobs));
	struct plan_change *changes;
	size_t i, change_count;
	bool done;

	for (i = 0; i < contract->link_count; i++)
		wanted[i] = (struct plan_wanted){
			.service = contract->links[i].service,
			.service_code = contract->links[i].service_code,
			.fqdn = work->applied->links[i].fqdn,
			.verdict = &work->applied->links[i].verdict,
		};
	for (i = 0; i < work->job_count; i++) {
		const struct store_job *job = &work->jobs[i];

		jobs[i] = (struct plan_job){
			.id = job->id,
			.state = job->state,
			.due_ms = job->due_ms,
			.service = job->service,
			.service_code = job->service_code,
			.fqdn = job->fqdn,
		};
		memcpy(jobs[i].fingerprint, job->fingerprint, FINGERPRINT_SIZE);
	}
	plan_make(contract->has_certificate ? work->prepared->facts.fingerprint : NULL, wanted,
		contract->link_count, jobs, work->job_count, &changes, &change_count);
	done = carry_out(work, changes, change_count, error);
	free(changes);
	free(jobs);
	free(wanted);
	return done;
}

static bool write_all(struct work *work, struct error *error)
{
	const struct contract *contract = contract_of(work);
	struct buffer snapshot = {0};
	bool done;

	record_canonical(contract, &snapshot);
	done = store_contract_put(work->store, contract->code, contract->revision,
		work->prepared->content_hash, buffer_text(&snapshot), work->now_ms, error);
	buffer_free(&snapshot);
	return done && keep_certificate(work, error) && plan_and_write(work, error);
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
	judge_links(&work);
	done = write_all(&work, error);
	store_jobs_free(work.jobs, work.job_count);
	return done;
}
