#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/text.h"
#include "engine/intake_private.h"

char *trail_text(const struct verdict *verdict)
{
	struct buffer text = {0};
	size_t i;

	for (i = 0; i < verdict->trail_count; i++)
		buffer_printf(&text, "%s\t%s\t%s\n", verdict->trail[i].rule,
			trail_outcome_name(verdict->trail[i].outcome), verdict->trail[i].text);
	return buffer_steal_text(&text);
}

/* Whether the line at TEXT is of a rule that is judged anew when a pair goes over. */
static bool is_renewed(const char *text)
{
	static const char *const rules[] = {"8 dates", "10", "11", "12", "13", "15"};
	size_t i;

	for (i = 0; i < ARRAY_LENGTH(rules); i++) {
		size_t length = strlen(rules[i]);

		if (strncmp(text, rules[i], length) == 0 && text[length] == '\t')
			return true;
	}
	return false;
}

char *trail_renewed(const char *old, const struct verdict *verdict)
{
	struct buffer text = {0};
	char *judged = trail_text(verdict);

	while (*old != '\0') {
		size_t length = strcspn(old, "\n");

		length += old[length] == '\n' ? 1 : 0;
		if (!is_renewed(old))
			buffer_append(&text, old, length);
		old += length;
	}
	buffer_append_text(&text, judged);
	free(judged);
	return buffer_steal_text(&text);
}

void held_detail(const char *holder, char detail[STORE_DETAIL_MAX])
{
	snprintf(detail, STORE_DETAIL_MAX,
		"waits until contract %s lets the service code go; then it is scheduled by itself",
		holder);
}

void make_idempotency_key(const struct store_job *job,
	const unsigned char fingerprint[FINGERPRINT_SIZE], char key[IDEMPOTENCY_KEY_MAX])
{
	struct buffer identity = {0};
	unsigned char digest[32];
	char hex[FINGERPRINT_TEXT_MAX];

	text_hex(hex, fingerprint, FINGERPRINT_SIZE);
	buffer_printf(&identity, "%s\n%s\n%s\n%s\n%s", job->contract, job->service,
		job->service_code, job->fqdn, hex);
	if (job->generation > 0)
		buffer_printf(&identity, "\n%d", job->generation);
	pki_sha256(identity.data, identity.length, digest);
	text_hex(key, digest, 16);
	buffer_free(&identity);
}

/* What the provider has revoked after a reissue; a certificate brought in is not the provider's. */
static int64_t revoked_ms(const struct work *work, const struct plan_wanted *wanted)
{
	if (item_is_bring_in(item_from_id(work_contract(work)->item)))
		return 0;
	return plan_revoked_ms(&work->plan_certificate, wanted, work->plan_jobs, work->job_count);
}

const char link_gone_detail[] = "its link is gone";
static const char overtaken_detail[] =
	"the contract's newer certificate was installed here, or may have been: an older one never "
	"goes over it";

static void describe_new(struct work *work, const struct plan_change *change,
	const struct plan_wanted *wanted, struct store_job *job)
{
	const struct verdict *verdict = wanted->verdict;

	job->base_ms = verdict->base_ms;
	switch (change->action) {
	case PLAN_SCHEDULE:
		job->state = JOB_SCHEDULED;
		job->due_ms = verdict->schedule.due_ms;
		job->next_ms = job->due_ms;
		break;
	case PLAN_HOLD:
		job->state = JOB_HELD;
		held_detail(verdict->holder, job->detail);
		break;
	case PLAN_REFUSE:
		job->state = JOB_REFUSED;
		job->base_ms = 0;
		reason_set_text(verdict->reasons, job->detail, sizeof(job->detail));
		break;
	case PLAN_PASS_OVER:
		job->state = JOB_SUPERSEDED;
		snprintf(job->detail, sizeof(job->detail), "%s", overtaken_detail);
		break;
	case PLAN_SUPERSEDE:
	case PLAN_OVERTAKEN:
	case PLAN_CANCEL:
	case PLAN_REFUSE_JOB:
	case PLAN_HOLD_JOB:
	case PLAN_RESCHEDULE:
		abort();
	}
	if (job_state_is_final(job->state))
		job->settled_ms = work->now_ms;
}

static bool add_job(struct work *work, const struct plan_change *change,
	const struct plan_wanted *wanted, struct error *error)
{
	const struct contract *contract = work_contract(work);
	struct store_job job = {
		.contract = contract->code,
		.service = contract->links[change->wanted].service,
		.service_code = contract->links[change->wanted].service_code,
		.fqdn = work->applied->links[change->wanted].fqdn,
		.certificate_id = work->certificate.id,
		.issued_ms = contract->certificate_at_ms,
		.revoked_ms = revoked_ms(work, wanted),
	};
	char *trail = trail_text(wanted->verdict);
	bool done;

	make_idempotency_key(&job, work->prepared->facts.fingerprint, job.idempotency_key);
	describe_new(work, change, wanted, &job);
	done = store_job_add(
		work->store, &job, trail, &work->applied->links[change->wanted].job_id, error);
	free(trail);
	return done;
}

/*
 * Into the queue, behind another contract, or refused. What the service may have had before is
 * another install when it is to be installed once more, whereas what waits in the queue is the
 * same.
 */
static bool judge_job(struct work *work, const struct plan_change *change,
	const struct plan_wanted *wanted, struct error *error)
{
	const struct verdict *verdict = wanted->verdict;
	struct store_job job = work->jobs[change->job];
	bool waits = job.state == JOB_SCHEDULED || job.state == JOB_HELD;
	bool again = !waits && work->plan_jobs[change->job].tried;
	char key[IDEMPOTENCY_KEY_MAX], detail[STORE_DETAIL_MAX] = "", *trail;
	struct store_judgement judgement = {
		.state = JOB_SCHEDULED,
		.base_ms = verdict->base_ms,
		.issued_ms = work_contract(work)->certificate_at_ms,
		.revoked_ms = revoked_ms(work, wanted),
		.detail = detail,
	};
	bool done;

	if (change->action == PLAN_RESCHEDULE) {
		judgement.due_ms = verdict->schedule.due_ms;
	} else if (change->action == PLAN_HOLD_JOB) {
		judgement.state = JOB_HELD;
		held_detail(verdict->holder, detail);
	} else {
		judgement.state = JOB_REFUSED;
		judgement.settled_ms = work->now_ms;
		reason_set_text(verdict->reasons, detail, sizeof(detail));
		again = false;
	}
	job.generation += again ? 1 : 0;
	judgement.generation = job.generation;
	if (again) {
		make_idempotency_key(&job, job.fingerprint, key);
		judgement.idempotency_key = key;
	}
	note_departure(work->applied, &work->jobs[change->job], judgement.state, NULL);
	trail = trail_text(verdict);
	done = store_job_judge(work->store, job.id, &judgement, trail, error);
	free(trail);
	return done;
}

/* Out of the queue. */
static bool end_job(struct work *work, const struct plan_change *change, struct error *error)
{
	const struct store_job *job = &work->jobs[change->job];
	const char *detail = overtaken_detail;
	enum job_event event = JOB_EVENT_SUPERSEDE;
	enum job_state next;

	if (change->action == PLAN_SUPERSEDE) {
		detail = "a newer certificate of the contract took its place";
	} else if (change->action == PLAN_CANCEL) {
		event = JOB_EVENT_CANCEL;
		detail = work_contract(work)->state == CONTRACT_ENDED ? "the contract has ended"
								      : link_gone_detail;
	}
	if (!job_transition(job->state, event, &next))
		abort();
	/* That one was overtaken is told of its link. */
	note_departure(work->applied, job, next, change->action == PLAN_OVERTAKEN ? NULL : detail);
	return store_job_set_state(work->store, job->id, next, 0, work->now_ms, detail, error);
}

static bool change_job(struct work *work, const struct plan_change *change,
	const struct plan_wanted *wanted, struct error *error)
{
	switch (change->action) {
	case PLAN_HOLD_JOB:
	case PLAN_RESCHEDULE:
	case PLAN_REFUSE_JOB:
		return judge_job(work, change, wanted, error);
	case PLAN_SUPERSEDE:
	case PLAN_OVERTAKEN:
	case PLAN_CANCEL:
		return end_job(work, change, error);
	case PLAN_SCHEDULE:
	case PLAN_HOLD:
	case PLAN_REFUSE:
	case PLAN_PASS_OVER:
		break;
	}
	return add_job(work, change, wanted, error);
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

	/* Only judged, and never to be kept. */
	if (keyring == NULL)
		return true;
	if (work->prepared->facts.malformed || work->prepared->facts.key_status != KEY_BELONGS)
		return true;
	if (work->certificate.has_secret && !secret_opens(work, &opens, error))
		return false;
	if (opens)
		return true;
	seal_material(
		keyring, &work->prepared->material, work->prepared->facts.fingerprint, &sealed);
	done = store_secret_put_parts(work->store, work->certificate.id,
		keyring_present_id(keyring), &sealed, seal_open_length(sealed.data, sealed.length),
		error);
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

static bool is_new(enum plan_action action)
{
	return action == PLAN_SCHEDULE || action == PLAN_HOLD || action == PLAN_REFUSE ||
	       action == PLAN_PASS_OVER;
}

static bool needs_key(enum plan_action action)
{
	return action == PLAN_SCHEDULE || action == PLAN_HOLD || action == PLAN_RESCHEDULE ||
	       action == PLAN_HOLD_JOB;
}

static void mark(struct work *work, const struct plan_change *change)
{
	if (change->action == PLAN_SUPERSEDE || change->action == PLAN_CANCEL)
		return;
	if (!is_new(change->action))
		work->applied->links[change->wanted].job_id = work->jobs[change->job].id;
	work->applied->links[change->wanted].changed = true;
	work->applied->links[change->wanted].anew = change->action == PLAN_RESCHEDULE;
	work->applied->links[change->wanted].overtaken =
		change->action == PLAN_OVERTAKEN || change->action == PLAN_PASS_OVER;
}

bool carry_out(struct work *work, const struct plan_wanted *wanted,
	const struct plan_change *changes, size_t count, struct error *error)
{
	int64_t *ids = xcalloc(count, sizeof(*ids));
	size_t i, id_count = 0;
	bool done = true;
	bool key_needed = work_contract(work)->has_certificate && waits_for_key(work);

	for (i = 0; i < count && done; i++) {
		const struct plan_change *change = &changes[i];

		/* A cancelled job's link is none of the wanted, and its change does not look. */
		done = change_job(work, change,
			change->action == PLAN_CANCEL ? NULL : &wanted[change->wanted], error);
		if (!is_new(change->action))
			ids[id_count++] = work->jobs[change->job].certificate_id;
		key_needed = key_needed || needs_key(change->action);
		mark(work, change);
	}
	if (done && key_needed)
		done = keep_secret(work, error);
	if (done && id_count > 0)
		done = store_secrets_wipe(work->store, ids, id_count, error);
	free(ids);
	return done;
}
