#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "engine/intake_private.h"

/* What a pair's going over to another contract means for the jobs of those that name it. */

/* Another contract's job on a pair that went over. */
struct follow {
	struct work *work;
	const struct work_pair *pair;
	const struct contract *contract; /* as its last record left it */
	const struct store_job *job;
	size_t link;
	int64_t freed_ms; /* for the one that has it */
	struct verdict verdict;
};

bool find_link(const struct contract *contract, const struct store_job *job, size_t *link)
{
	size_t i;

	for (i = 0; i < contract->link_count; i++) {
		char *fqdn = normal_fqdn(contract->links[i].fqdn);
		bool same = strcmp(contract->links[i].service, job->service) == 0 &&
			    strcmp(contract->links[i].service_code, job->service_code) == 0 &&
			    strcmp(fqdn, job->fqdn) == 0;

		free(fqdn);
		if (same) {
			*link = i;
			return true;
		}
	}
	return false;
}

static void judge_again(struct follow *follow, const struct store_certificate *certificate)
{
	const struct work *work = follow->work;
	const struct rulebook *rulebook = &settings_config(work->settings)->rulebook;
	struct tenure tenure = {0};

	if (strcmp(follow->pair->holder, follow->contract->code) != 0) {
		tenure.holder = follow->pair->holder;
		linkage_wait(rulebook, follow->contract, follow->link, &tenure, &follow->verdict);
		return;
	}
	tenure.freed_ms = follow->freed_ms;
	linkage_release(rulebook, follow->contract, follow->link, certificate->not_before_ms,
		follow->job->not_after_ms, certificate->has_secret, &tenure, work->now_ms,
		&follow->verdict);
}

/* What the service may have had is another install when it comes again. */
static void begin_anew(const struct store_job *job, struct store_judgement *judgement,
	char key[IDEMPOTENCY_KEY_MAX])
{
	struct store_job next = *job;

	if (job->state == JOB_HELD || job->state == JOB_SCHEDULED || !job_was_tried(job))
		return;
	judgement->generation = ++next.generation;
	make_idempotency_key(&next, job->fingerprint, key);
	judgement->idempotency_key = key;
}

static bool write_verdict(struct follow *follow, struct error *error)
{
	const struct verdict *verdict = &follow->verdict;
	const struct store_job *job = follow->job;
	struct store *store = follow->work->store;
	char detail[STORE_DETAIL_MAX] = "", key[IDEMPOTENCY_KEY_MAX], *trail;
	struct store_judgement judgement = {
		.state = JOB_SCHEDULED,
		.base_ms = verdict->base_ms,
		.issued_ms = job->issued_ms,
		.revoked_ms = job->revoked_ms,
		.generation = job->generation,
		.detail = detail,
	};
	struct buffer old = {0};
	bool done = store_job_trail(store, job->id, &old, error);

	if (verdict->kind == VERDICT_ACCEPT) {
		judgement.due_ms = verdict->schedule.due_ms;
	} else if (verdict->kind == VERDICT_HOLD) {
		judgement.state = JOB_HELD;
		held_detail(verdict->holder, detail);
	} else {
		judgement.state = JOB_REFUSED;
		judgement.settled_ms = follow->work->now_ms;
		reason_set_text(verdict->reasons, detail, sizeof(detail));
	}
	if (judgement.state != JOB_REFUSED)
		begin_anew(job, &judgement, key);
	note_departure(follow->work->applied, job, judgement.state, NULL);
	trail = trail_renewed(buffer_text(&old), verdict);
	done = done && store_job_judge(store, job->id, &judgement, trail, error) &&
	       (judgement.state != JOB_REFUSED ||
		       store_secrets_wipe(store, &job->certificate_id, 1, error));
	free(trail);
	buffer_free(&old);
	return done;
}

/* To be told when it is durable. The verdict goes along. */
static void note_event(struct follow *follow)
{
	struct applied *applied = follow->work->applied;
	const struct store_job *job = follow->job;

	applied->events =
		xreallocarray(applied->events, applied->event_count + 1, sizeof(*applied->events));
	applied->events[applied->event_count++] = (struct succession_event){
		.job_id = job->id,
		.contract = xstrdup(job->contract),
		.service = xstrdup(job->service),
		.service_code = xstrdup(job->service_code),
		.fqdn = xstrdup(job->fqdn),
		.by = xstrdup(follow->verdict.kind == VERDICT_HOLD ? follow->pair->holder
								   : follow->pair->before),
		.verdict = follow->verdict,
	};
	follow->verdict = (struct verdict){0};
}

static bool judge_and_write(struct follow *follow, struct error *error)
{
	struct store_certificate certificate;
	bool found;

	if (!store_certificate_find(
		    follow->work->store, follow->job->fingerprint, &certificate, &found, error))
		return false;
	judge_again(follow, &certificate);
	return write_verdict(follow, error);
}

static bool follow_job(struct follow *follow, struct error *error)
{
	const struct store_job *job = follow->job;
	bool done;

	if (!find_link(follow->contract, job, &follow->link)) {
		note_departure(follow->work->applied, job, JOB_CANCELLED, link_gone_detail);
		return store_job_set_state(follow->work->store, job->id, JOB_CANCELLED, 0,
			follow->work->now_ms, link_gone_detail, error);
	}
	done = judge_and_write(follow, error);
	if (done)
		note_event(follow);
	verdict_clear(&follow->verdict);
	return done;
}

bool succession_judge(struct work *work, const struct work_pair *pair,
	const struct contract *contract, size_t link, const struct store_job *job, int64_t freed_ms,
	struct error *error)
{
	struct follow follow = {.work = work,
		.pair = pair,
		.contract = contract,
		.job = job,
		.link = link,
		.freed_ms = freed_ms};
	bool done = judge_and_write(&follow, error);

	verdict_clear(&follow.verdict);
	return done;
}

static bool is_taken_away(const struct follow *follow, const struct store_job *job)
{
	enum job_state next;

	return follow->pair->given && job_transition(job->state, JOB_EVENT_TAKE_AWAY, &next);
}

/*
 * Whether JOB is what its contract has installed, and another's went over it: an operator had given
 * the pair away. It comes back without a record of its contract's.
 */
static bool was_replaced(const struct follow *follow, const struct store_job *job, bool *replaced,
	struct error *error)
{
	const struct contract *contract = follow->contract;
	size_t link;

	*replaced = false;
	if (job->state != JOB_INSTALLED || !contract->has_certificate ||
		contract->certificate_at_ms != job->issued_ms || !find_link(contract, job, &link))
		return true;
	return store_job_pushed_over(follow->work->store, job, replaced, error);
}

/* Of a contract that got the pair, what waited for it, or has to be installed once more; of
 * another, what stands behind it now. */
static bool is_concerned(const struct follow *follow, const struct store_job *job, bool *concerned,
	struct error *error)
{
	bool holds = strcmp(job->contract, follow->pair->holder) == 0;

	*concerned = job->state == JOB_HELD ||
		     (!holds && (job->state == JOB_SCHEDULED || is_taken_away(follow, job)));
	if (strcmp(job->service, follow->pair->service) != 0 ||
		strcmp(job->service_code, follow->pair->service_code) != 0)
		*concerned = false;
	else if (holds && !*concerned)
		return was_replaced(follow, job, concerned, error);
	return true;
}

static bool follow_jobs(struct follow *follow, const char *code, struct error *error)
{
	struct store_job *jobs;
	size_t i, count;
	bool done = true;

	if (!store_jobs_of_contract(follow->work->store, code, &jobs, &count, error))
		return false;
	for (i = 0; i < count && done; i++) {
		bool concerned;

		follow->job = &jobs[i];
		done = is_concerned(follow, &jobs[i], &concerned, error) &&
		       (!concerned || follow_job(follow, error));
	}
	store_jobs_free(jobs, count);
	return done;
}

static bool follow_contract(
	struct work *work, const struct work_pair *pair, const char *code, struct error *error)
{
	struct contract contract = {0};
	struct follow follow = {
		.work = work, .pair = pair, .contract = &contract, .freed_ms = work->now_ms};
	struct buffer snapshot = {0};
	bool found, done;

	done = store_contract_snapshot(work->store, code, &snapshot, &found, error);
	if (done && found)
		done = record_from_canonical(buffer_text(&snapshot), &contract, error) &&
		       follow_jobs(&follow, code, error);
	contract_clear(&contract);
	buffer_free(&snapshot);
	return done;
}

bool succession_follow_pair(struct work *work, const struct work_pair *pair, struct error *error)
{
	const char *own = work->prepared != NULL ? work_contract(work)->code : NULL;
	struct store_tenant *tenants;
	size_t i, count;
	bool done = true;

	if (!store_tenants_of_pair(
		    work->store, pair->service, pair->service_code, &tenants, &count, error))
		return false;
	for (i = 0; i < count && done; i++) {
		if (own == NULL || strcmp(tenants[i].contract, own) != 0)
			done = follow_contract(work, pair, tenants[i].contract, error);
	}
	store_tenants_free(tenants, count);
	return done;
}

bool succession_follow(struct work *work, struct error *error)
{
	size_t i;

	for (i = 0; i < work->pair_count; i++) {
		const struct work_pair *pair = &work->pairs[i];

		if (pair->before == NULL || pair->holder == NULL ||
			strcmp(pair->before, pair->holder) == 0)
			continue;
		if (!succession_follow_pair(work, pair, error))
			return false;
	}
	return true;
}
