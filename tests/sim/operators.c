/* What operators do: by one of the processes, on its store. */
#include <string.h>

#include "base/alloc.h"
#include "ops/act.h"
#include "sim.h"

static void operate(void *context, int64_t number);
static void decide(void *context, int64_t number);
static void retry_later(void *context, int64_t job);
static void resume_all(void *context, int64_t number);
static void look_at_failed(void *context, int64_t number);

/* Rounds at the end in which all that failed is tried again. */
#define ROUNDS 2

static struct act make_act(struct process *process)
{
	disk_use(&process->owner);
	return (struct act){
		.store = process->intake_store,
		.settings = world->settings,
		.clock = &world->clock.clock,
		.who = "operator",
	};
}

/* Whether what was done is durable: of a process that died meanwhile nobody knows. */
static bool is_done(struct process *process, bool done, const char *what, const struct error *error)
{
	if (done && !process->owner.dead) {
		pump_poke(process->pump);
		return true;
	}
	trace("no %s: %s", what, done ? "the process died" : error->text);
	return false;
}

/* ---- pauses ---- */

/* False when the store cannot now. */
static bool pause_or_resume(struct process *process, int service, bool pause)
{
	struct service_state *state = &world->services[service];
	const struct act act = make_act(process);
	struct json_object *result = NULL;
	struct error error = {0};
	bool done;

	/* A commit that fails may be durable all the same. */
	if (!pause)
		state->paused_at_ms = 0;
	done = (pause ? act_pause : act_resume)(&act, service_names[service], &result, &error);
	json_object_put(result);
	if (!is_done(process, done, pause ? "pause" : "resume", &error))
		return false;
	if (pause && state->paused_at_ms == 0)
		state->paused_at_ms = mono_now();
	totals.pauses += pause ? 1 : 0;
	return true;
}

static void operate(void *context, int64_t number)
{
	struct process *process = one_that_runs();
	int service = (int)dice_below(&world->dice, SERVICE_COUNT);
	bool pause = dice_permille(&world->dice, 400);

	(void)context;
	(void)number;
	fault_again(operate, 5);
	if (world->faults && process != NULL && !process_stalled(process))
		(void)pause_or_resume(process, service, pause);
}

/* At the end nothing waits for an operator. */
static void resume_all(void *context, int64_t number)
{
	struct process *process = one_that_runs();
	bool done = process != NULL;

	(void)context;
	(void)number;
	for (int i = 0; i < SERVICE_COUNT && done; i++)
		done = pause_or_resume(process, i, false);
	if (!done)
		event_add(NULL, 1000, resume_all, NULL, 0);
}

/* ---- which job ---- */

#define STATE_BIT(state) (1U << (state))
#define CANCELLABLE                                                                                \
	(STATE_BIT(JOB_HELD) | STATE_BIT(JOB_SCHEDULED) | STATE_BIT(JOB_INSTALLING) |              \
		STATE_BIT(JOB_VERIFYING) | STATE_BIT(JOB_RETRYING) | STATE_BIT(JOB_FAILED))
#define RETRIABLE (STATE_BIT(JOB_FAILED) | STATE_BIT(JOB_RETRYING) | STATE_BIT(JOB_CANCELLED))

/* One of those in STATES, by chance; what is in hand is likelier, since it is what can go wrong. */
struct draw {
	unsigned states;
	uint64_t seen;
	int64_t job; /* 0: none */
};

static void draw_job(void *context, const struct store_job *job)
{
	struct draw *draw = context;
	bool in_hand = job->state == JOB_INSTALLING || job->state == JOB_VERIFYING;

	if ((draw->states & STATE_BIT(job->state)) == 0)
		return;
	draw->seen += in_hand ? 8 : 1;
	if (dice_below(&world->dice, draw->seen) < (in_hand ? 8 : 1))
		draw->job = job->id;
}

static int64_t find_job(struct process *process, unsigned states)
{
	const struct store_filter all = {.state = -1};
	struct draw draw = {.states = states};
	struct error error;

	disk_set_aside(true);
	if (!store_jobs_list(process->store, &all, draw_job, &draw, &error))
		violated("jobs cannot be listed: %s", error.text);
	disk_set_aside(false);
	return draw.job;
}

/* ---- retry, cancel, release ---- */

/* The first of the jobs in an act's RESULT that was done; NULL when it meant nothing for it. */
static struct json_object *done_in(struct json_object *result)
{
	struct json_object *jobs = json_object_object_get(result, "jobs"), *job;

	if (json_object_array_length(jobs) == 0)
		return NULL;
	job = json_object_array_get_idx(jobs, 0);
	return json_object_get_boolean(json_object_object_get(job, "done")) ? job : NULL;
}

static const char *text_of(struct json_object *job, const char *key)
{
	return json_object_get_string(json_object_object_get(job, key));
}

static bool retry(struct process *process, int64_t job)
{
	const struct act act = make_act(process);
	const struct act_jobs jobs = {.ids = &job, .count = 1};
	struct decision *decision = decision_begin(DECISION_RETRY, process, job);
	struct json_object *result = NULL, *touched;
	struct error error = {0};
	bool done = act_retry(&act, &jobs, &result, &error);

	if (!is_done(process, done, "retry", &error)) {
		json_object_put(result);
		return false;
	}
	touched = done_in(result);
	trace("operator: retry of job %lld: %s", (long long)job,
		touched != NULL ? text_of(touched, "text") : "nothing");
	decision_retried(decision, touched != NULL ? text_of(touched, "contract") : NULL,
		touched != NULL && strcmp(text_of(touched, "state"), "cancelled") == 0);
	totals.retries += touched != NULL ? 1 : 0;
	if (decision->with_record && dice_permille(&world->dice, 600))
		estate_send_again(decision->contract);
	json_object_put(result);
	return true;
}

static void retry_later(void *context, int64_t job)
{
	struct process *process = one_that_runs();

	(void)context;
	if (world->faults && process != NULL && !process_stalled(process))
		(void)retry(process, job);
}

static void cancel(struct process *process, int64_t job)
{
	const struct act act = make_act(process);
	const struct act_jobs jobs = {.ids = &job, .count = 1};
	struct decision *decision = decision_begin(DECISION_CANCEL, process, job);
	struct json_object *result = NULL;
	struct error error = {0};
	bool done = act_cancel(&act, &jobs, &result, &error);

	if (is_done(process, done, "cancel", &error) && done_in(result) != NULL) {
		decision->acknowledged = true;
		totals.cancels++;
		trace("operator: cancel of job %lld", (long long)job);
		if (dice_permille(&world->dice, 500))
			event_add(NULL, dice_skewed(&world->dice, 100, 20 * DAY_MS), retry_later,
				NULL, job);
	}
	json_object_put(result);
}

static void release(struct process *process, int64_t job)
{
	const struct act act = make_act(process);
	const struct act_pair pair = {.job = job};
	struct decision *decision = decision_begin(DECISION_RELEASE, process, job);
	struct json_object *result = NULL;
	struct error error = {0};
	bool done = act_release(&act, &pair, &result, &error);

	if (is_done(process, done, "release", &error)) {
		decision_released(decision, process, text_of(result, "service"),
			text_of(result, "service_code"), text_of(result, "to"));
		totals.releases++;
		trace("operator: release of %s %s to %s", text_of(result, "service"),
			text_of(result, "service_code"), text_of(result, "to"));
	}
	json_object_put(result);
}

static void decide(void *context, int64_t number)
{
	struct process *process = one_that_runs();
	uint64_t roll = dice_below(&world->dice, 10);
	int64_t job;

	(void)context;
	if (number != FAULT_NOW)
		fault_again(decide, 5);
	if (fault_waits(decide, number))
		return;
	if (!world->faults || process == NULL || process_stalled(process))
		return;
	job = find_job(process, roll < 4   ? CANCELLABLE
				: roll < 7 ? RETRIABLE
					   : STATE_BIT(JOB_HELD));
	if (job == 0)
		return;
	if (roll < 4)
		cancel(process, job);
	else if (roll < 7)
		(void)retry(process, job);
	else
		release(process, job);
}

/* ---- the end ---- */

struct failed_list {
	int64_t jobs[256];
	size_t count;
};

/* What was called off is left alone, or had brought back after all. */
static void note_failed(void *context, const struct store_job *job)
{
	struct failed_list *failed = context;

	if (failed->count < ARRAY_LENGTH(failed->jobs) &&
		(job->state == JOB_FAILED ||
			(job->state == JOB_CANCELLED && dice_permille(&world->dice, 300))))
		failed->jobs[failed->count++] = job->id;
}

static void look_at_failed(void *context, int64_t number)
{
	const struct store_filter all = {.state = -1};
	struct process *process = &world->processes[0];
	struct failed_list failed = {.count = 0};
	bool done = process->runs;
	struct error error;

	(void)context;
	(void)number;
	if (done && !store_jobs_list(process->store, &all, note_failed, &failed, &error))
		violated("jobs cannot be listed: %s", error.text);
	for (size_t i = 0; i < failed.count && done; i++)
		done = retry(process, failed.jobs[i]);
	if (done)
		world->rounds_left--;
	if (world->rounds_left > 0)
		event_add(NULL, done ? 2 * DAY_MS : 1000, look_at_failed, NULL, 0);
}

void operators_begin(void)
{
	fault_again(operate, 5);
	if (world->plan.acts)
		fault_again(decide, 5);
}

void operators_end(void)
{
	resume_all(NULL, 0);
	if (!world->plan.acts)
		return;
	world->rounds_left = ROUNDS;
	event_add(NULL, HOUR_MS, look_at_failed, NULL, 0);
}

bool operators_quiet(void)
{
	return world->rounds_left == 0;
}
