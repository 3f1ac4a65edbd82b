/* What is true of every plan, whatever happened before: contracts that change at random. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "domain/plan.h"

#define TARGETS 2
#define CERTIFICATES 4
#define JOBS_MAX ((size_t)TARGETS * CERTIFICATES)
#define LIVES 3000
#define STEPS 30

static const char *const codes[TARGETS] = {"w1", "w2"};

struct model {
	uint64_t random;
	struct plan_certificate certificate;
	bool has_certificate;
	struct verdict verdicts[TARGETS];
	struct plan_wanted wanted[TARGETS];
	size_t wanted_count;
	struct plan_job jobs[JOBS_MAX];
	size_t job_count;
};

static unsigned int pick(struct model *model, unsigned int bound)
{
	model->random = model->random * UINT64_C(6364136223846793005) + 1442695040888963407;
	return (unsigned int)(model->random >> 33) % bound;
}

/* The contract's next snapshot: any certificate, any instants, any links, any verdicts. */
static void change_contract(struct model *model)
{
	unsigned char letter = (unsigned char)('A' + pick(model, CERTIFICATES));
	size_t i;

	model->has_certificate = pick(model, 8) != 0;
	model->certificate =
		(struct plan_certificate){.fingerprint = {letter}, .at_ms = 1 + pick(model, 9)};
	model->wanted_count = 0;
	for (i = 0; i < TARGETS; i++) {
		static const enum verdict_kind kinds[] = {
			VERDICT_ACCEPT, VERDICT_ACCEPT, VERDICT_HOLD, VERDICT_REFUSE, VERDICT_NONE};
		struct verdict *verdict = &model->verdicts[i];
		int64_t added_ms = 1 + pick(model, 9);

		if (pick(model, 4) == 0)
			continue;
		*verdict = (struct verdict){.kind = kinds[pick(model, 5)]};
		if (!model->has_certificate)
			verdict->kind = VERDICT_NONE;
		verdict->base_ms =
			added_ms > model->certificate.at_ms ? added_ms : model->certificate.at_ms;
		verdict->schedule.due_ms = verdict->base_ms + 10;
		model->wanted[model->wanted_count++] = (struct plan_wanted){
			.service = "webhg2",
			.service_code = codes[i],
			.fqdn = "www.example.jp",
			.verdict = verdict,
			.added_ms = added_ms,
			.since_ms = added_ms,
			.taken = verdict->kind == VERDICT_HOLD ||
				 (verdict->kind == VERDICT_REFUSE && pick(model, 2) == 0),
		};
	}
}

/* What the pump, the services and other contracts do. */
static void let_time_pass(struct model *model)
{
	size_t i;

	for (i = 0; i < model->job_count; i++) {
		struct plan_job *job = &model->jobs[i];
		static const enum job_state after[] = {
			JOB_INSTALLING, JOB_VERIFYING, JOB_RETRYING, JOB_INSTALLED, JOB_FAILED};
		bool in_hand = job->state >= JOB_SCHEDULED && job->state <= JOB_RETRYING;

		if (in_hand && pick(model, 2) == 0) {
			job->state = after[pick(model, 5)];
			job->tried = true;
		} else if (job->state == JOB_INSTALLED && pick(model, 8) == 0) {
			job->pushed_over = true;
		}
	}
}

/* What operators do. */
static void let_operators_act(struct model *model)
{
	size_t i;

	for (i = 0; i < model->job_count; i++) {
		struct plan_job *job = &model->jobs[i];
		enum job_state next;

		if (pick(model, 8) != 0)
			continue;
		if (!job_state_is_final(job->state) &&
			job_transition(job->state, JOB_EVENT_CANCEL, &next)) {
			job->tried = job->tried || job->state == JOB_INSTALLING;
			job->state = next;
			job->called_off_ms = 1 + pick(model, 9);
		} else if (job->state == JOB_CANCELLED) {
			/* A retry: from here on it is like any other. */
			job->called_off_ms = 0;
		}
	}
}

static void make_plan(const struct model *model, struct plan_change **changes, size_t *count)
{
	plan_make(model->has_certificate ? &model->certificate : NULL, model->wanted,
		model->wanted_count, model->jobs, model->job_count, changes, count);
}

static void move(struct plan_job *job, enum job_event event)
{
	enum job_state next;

	assert_true(job_transition(job->state, event, &next));
	job->state = next;
	job->called_off_ms = 0;
}

static void judge_job(
	const struct model *model, struct plan_job *job, const struct plan_wanted *wanted)
{
	job->issued_ms = model->certificate.at_ms;
	job->base_ms = wanted->verdict->base_ms;
	job->due_ms = job->state == JOB_SCHEDULED ? wanted->verdict->schedule.due_ms : 0;
	job->pushed_over = false;
}

static void carry_out_new(struct model *model, const struct plan_change *change)
{
	const struct plan_wanted *wanted = &model->wanted[change->wanted];
	struct plan_job *job = &model->jobs[model->job_count];

	assert_true(model->job_count < JOBS_MAX);
	model->job_count++;
	*job = (struct plan_job){.service = wanted->service,
		.service_code = wanted->service_code,
		.fqdn = wanted->fqdn};
	memcpy(job->fingerprint, model->certificate.fingerprint, FINGERPRINT_SIZE);
	job->state = change->action == PLAN_SCHEDULE ? JOB_SCHEDULED
		     : change->action == PLAN_HOLD   ? JOB_HELD
		     : change->action == PLAN_REFUSE ? JOB_REFUSED
						     : JOB_SUPERSEDED;
	judge_job(model, job, wanted);
}

static void carry_out(struct model *model, const struct plan_change *change)
{
	struct plan_job *job = &model->jobs[change->job];

	switch (change->action) {
	case PLAN_SUPERSEDE:
	case PLAN_OVERTAKEN:
		move(job, JOB_EVENT_SUPERSEDE);
		return;
	case PLAN_CANCEL:
		move(job, JOB_EVENT_CANCEL);
		return;
	case PLAN_REFUSE_JOB:
		move(job, JOB_EVENT_REFUSE);
		break;
	case PLAN_HOLD_JOB:
		if (job->state != JOB_HELD)
			move(job, JOB_EVENT_HOLD);
		break;
	case PLAN_RESCHEDULE:
		move(job, job->state == JOB_HELD ? JOB_EVENT_RELEASE : JOB_EVENT_RESCHEDULE);
		break;
	case PLAN_SCHEDULE:
	case PLAN_HOLD:
	case PLAN_REFUSE:
	case PLAN_PASS_OVER:
		carry_out_new(model, change);
		return;
	}
	judge_job(model, job, &model->wanted[change->wanted]);
}

/* The job of the present certificate for WANTED; there is one. */
static const struct plan_job *own_job(const struct model *model, const struct plan_wanted *wanted)
{
	const struct plan_job *found = NULL;
	size_t i;

	for (i = 0; i < model->job_count; i++) {
		const struct plan_job *job = &model->jobs[i];

		if (job->fingerprint[0] == model->certificate.fingerprint[0] &&
			strcmp(job->service_code, wanted->service_code) == 0) {
			assert_null(found);
			found = job;
		}
	}
	assert_non_null(found);
	return found;
}

static bool newer_was_there(const struct model *model, const struct plan_wanted *wanted)
{
	size_t i;

	for (i = 0; i < model->job_count; i++) {
		const struct plan_job *job = &model->jobs[i];

		if (job->tried && job->issued_ms > model->certificate.at_ms &&
			job->fingerprint[0] != model->certificate.fingerprint[0] &&
			strcmp(job->service_code, wanted->service_code) == 0)
			return true;
	}
	return false;
}

#define STATE_BIT(state) (1u << (state))
#define IN_FLIGHT (STATE_BIT(JOB_INSTALLING) | STATE_BIT(JOB_VERIFYING))
#define UNDER_WAY (IN_FLIGHT | STATE_BIT(JOB_SCHEDULED) | STATE_BIT(JOB_RETRYING))

static void check_wanted(const struct model *model, const struct plan_wanted *wanted)
{
	const struct plan_job *job = own_job(model, wanted);
	unsigned int allowed = IN_FLIGHT | STATE_BIT(JOB_INSTALLED) | STATE_BIT(JOB_FAILED);

	if (job == NULL)
		return;
	if (job->called_off_ms >= wanted->since_ms && job->state == JOB_CANCELLED)
		return;
	if (wanted->verdict->kind == VERDICT_REFUSE)
		allowed = STATE_BIT(JOB_REFUSED) | (wanted->taken ? 0 : STATE_BIT(JOB_INSTALLED)) |
			  STATE_BIT(JOB_SUPERSEDED);
	else if (newer_was_there(model, wanted))
		allowed = STATE_BIT(JOB_SUPERSEDED) | STATE_BIT(JOB_INSTALLED);
	else if (wanted->verdict->kind == VERDICT_HOLD)
		allowed = (allowed | STATE_BIT(JOB_HELD)) & ~STATE_BIT(JOB_INSTALLED);
	else
		allowed |= UNDER_WAY;
	if ((STATE_BIT(job->state) & allowed) == 0)
		fail_msg("%s, where the link is %s", job_state_name(job->state),
			verdict_kind_name(wanted->verdict->kind));
}

/* Of a contract's other certificates none is on its way to a target, but a newer one. */
static void check_others(const struct model *model)
{
	size_t i;

	for (i = 0; i < model->job_count; i++) {
		const struct plan_job *job = &model->jobs[i];
		bool own = model->has_certificate &&
			   job->fingerprint[0] == model->certificate.fingerprint[0];

		if (!own && !job_state_is_final(job->state))
			assert_true(job->tried && job->issued_ms > model->certificate.at_ms);
	}
}

static void check(const struct model *model)
{
	struct plan_change *changes;
	size_t i, count;

	make_plan(model, &changes, &count);
	free(changes);
	if (count != 0)
		fail_msg("the same snapshot again makes %zu changes", count);
	for (i = 0; i < model->wanted_count; i++) {
		if (model->wanted[i].verdict->kind != VERDICT_NONE)
			check_wanted(model, &model->wanted[i]);
	}
	check_others(model);
}

/* What an operator cancelled is touched by no plan but where its link is younger than that. */
static void check_called_off(
	const struct model *model, const struct plan_change *changes, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++) {
		const struct plan_job *job = &model->jobs[changes[i].job];

		if (changes[i].action != PLAN_RESCHEDULE && changes[i].action != PLAN_HOLD_JOB &&
			changes[i].action != PLAN_REFUSE_JOB)
			continue;
		if (job->called_off_ms != 0)
			assert_true(model->wanted[changes[i].wanted].since_ms > job->called_off_ms);
	}
}

static void test_any_life(void **unused)
{
	uint64_t life;
	int step;

	(void)unused;
	for (life = 0; life < LIVES; life++) {
		struct model model = {.random = life};

		for (step = 0; step < STEPS; step++) {
			struct plan_change *changes;
			size_t i, count;

			change_contract(&model);
			make_plan(&model, &changes, &count);
			check_called_off(&model, changes, count);
			for (i = 0; i < count; i++)
				carry_out(&model, &changes[i]);
			free(changes);
			check(&model);
			let_time_pass(&model);
			let_operators_act(&model);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_any_life)};

	return cmocka_run_group_tests_name("plan properties", tests, NULL, NULL);
}
