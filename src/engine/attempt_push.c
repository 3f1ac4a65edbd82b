#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "engine/attempt_private.h"

/* The machine's edges, in the order in which time runs them. */
static void looked_ahead(void *context, const struct look_result *found);
static void read_back(void *context, struct http_answer *answer);
static void push_step(struct attempt *attempt, size_t step);
static void answered(void *context, struct http_answer *answer);

static bool prepare(struct attempt *attempt, bool *later, struct error *error)
{
	const struct store_job *job = &attempt->result->job;
	bool done;

	if (attempt->sealed.length == 0)
		return error_set(error, ERROR_INTERNAL,
			"the key of this certificate is not held any more; send the record again "
			"with it and a higher revision");
	done = attempt_read_token(attempt, error) &&
	       open_material(settings_keyring(attempt->options.settings), attempt->key_id,
		       attempt->sealed.data, attempt->sealed.length, job->fingerprint,
		       &attempt->material, error);
	buffer_free(&attempt->sealed);
	return done && attempt_make_pkcs12(attempt, later, error);
}

void attempt_push_failed(struct attempt *attempt, const struct error *error)
{
	if (error->kind != ERROR_PERMANENT) {
		attempt_fail_internal(attempt, ATTEMPT_PUSH, error);
		return;
	}
	attempt_note(attempt, ATTEMPT_PUSH, "permanent", 0, error->text);
	attempt_finish(attempt, JOB_EVENT_PERMANENT);
}

/* Whether the certificate ended, or will have by the time at which it may be sent. */
static bool is_over(const struct attempt *attempt, struct error *error)
{
	const struct service_rules *rules = &attempt->options.profile->rules;
	const struct config *config = settings_config(attempt->options.settings);
	int64_t now_ms = attempt_now(attempt), not_after_ms = attempt->result->job.not_after_ms;
	int64_t opens_ms;

	if (not_after_ms < now_ms) {
		error_set(error, ERROR_PERMANENT,
			"given up, the certificate ended before it could be sent");
		return true;
	}
	if (!rules->has_hours ||
		!hours_next(&rules->hours, &config->rulebook.calendar, now_ms, &opens_ms, error) ||
		hours_check(&rules->hours, &config->rulebook.calendar, now_ms, not_after_ms,
			&opens_ms, error))
		return false;
	error_context(error, "given up");
	return true;
}

void attempt_push(struct attempt *attempt)
{
	struct store_job *job = &attempt->result->job;
	struct error error;
	bool later = false;

	if (is_over(attempt, &error)) {
		attempt_note(attempt, ATTEMPT_PUSH, "permanent", 0, error.text);
		attempt_finish(attempt, JOB_EVENT_GIVE_UP);
		return;
	}
	/* A try that fails before it is sent counts: its waits must grow, and it must age. */
	job->attempts++;
	if (job->first_attempt_ms == 0)
		job->first_attempt_ms = attempt_now(attempt);
	if (!prepare(attempt, &later, &error))
		attempt_push_failed(attempt, &error);
	else if (!later)
		attempt_push_prepared(attempt);
}

void attempt_push_prepared(struct attempt *attempt)
{
	const struct profile *profile = attempt->options.profile;
	struct install install;
	struct error error;

	if (attempt->result->job.guarded) {
		attempt_guard_push(attempt);
		return;
	}
	if (!profile->read_back.before_push || profile->read_back.kind == READ_BACK_NONE ||
		(profile->read_back.kind == READ_BACK_EDGE && profile->edge_count == 0)) {
		push_step(attempt, 0);
		return;
	}
	if (profile->read_back.kind == READ_BACK_EDGE) {
		attempt->phase = ATTEMPT_LOOKING_AHEAD;
		attempt_start_look(attempt, looked_ahead);
		return;
	}
	install = attempt_install(attempt);
	if (!service_build_read_back(profile, &install, &attempt->request, &error)) {
		attempt_push_failed(attempt, &error);
		return;
	}
	attempt->phase = ATTEMPT_READING_BACK;
	attempt_send(attempt, read_back);
}

void attempt_installed_already(struct attempt *attempt, int64_t duration_ms)
{
	attempt_note(attempt, ATTEMPT_READ_BACK, "same", duration_ms,
		"the service has this certificate already");
	attempt->result->pushed = true;
	attempt->result->pushed_at_ms = attempt_now(attempt);
	attempt_drop_secrets(attempt);
	attempt_look(attempt);
}

static void looked_ahead(void *context, const struct look_result *found)
{
	struct attempt *attempt = context;

	attempt->look = NULL;
	if (found->finding == LOOK_INTERRUPTED) {
		attempt_note(
			attempt, ATTEMPT_READ_BACK, "interrupted", found->duration_ms, found->text);
		attempt_finish(attempt, JOB_EVENT_TEMPORARY);
	} else if (found->finding == LOOK_SERVED) {
		attempt_installed_already(attempt, found->duration_ms);
	} else {
		attempt_note(attempt, ATTEMPT_READ_BACK, look_finding_name(found->finding),
			found->duration_ms, found->text);
		push_step(attempt, 0);
	}
}

static void read_back(void *context, struct http_answer *answer)
{
	static const char *const outcomes[] = {
		[READ_BACK_SAME] = "same",
		[READ_BACK_OTHER] = "other",
		[READ_BACK_ABSENT] = "none",
		[READ_BACK_UNKNOWN] = "unknown",
	};
	struct attempt *attempt = context;
	/* Whatever the answer holds is not shown: it may be a key. */
	struct judgement judgement = {.retry_after_ms = -1};
	enum read_back_finding finding;

	attempt->transfer = NULL;
	http_request_clear(&attempt->request);
	finding = service_judge_read_back(attempt->options.profile, answer,
		attempt->result->job.fingerprint, &attempt->material);
	if (answer->failure == HTTP_CANCELLED) {
		attempt->result->interrupted = true;
		attempt_note(attempt, ATTEMPT_READ_BACK, "interrupted", answer->duration_ms,
			"broken off while asking what is installed");
		attempt_finish(attempt, JOB_EVENT_TEMPORARY);
		return;
	}
	if (finding == READ_BACK_SAME) {
		attempt_installed_already(attempt, answer->duration_ms);
		return;
	}
	snprintf(judgement.text, sizeof(judgement.text), "asked what is installed: %s",
		outcomes[finding]);
	attempt_note_answer(attempt, ATTEMPT_READ_BACK, outcomes[finding], answer, &judgement);
	push_step(attempt, 0);
}

void attempt_push_steps(struct attempt *attempt)
{
	push_step(attempt, 0);
}

static void push_step(struct attempt *attempt, size_t step)
{
	struct install install = attempt_install(attempt);
	struct error error;

	/* The process was stopped, say, while the question or the step before it was answered. */
	if (!attempt_has_lease(attempt)) {
		attempt->result->interrupted = true;
		attempt_note(attempt, ATTEMPT_PUSH, "interrupted", 0,
			"not sent, since the lease is over");
		attempt_finish(attempt, JOB_EVENT_TEMPORARY);
		return;
	}
	attempt->phase = ATTEMPT_PUSHING;
	attempt->step = step;
	if (!service_build_step(
		    attempt->options.profile, step, &install, &attempt->request, &error)) {
		attempt_push_failed(attempt, &error);
		return;
	}
	attempt_send(attempt, answered);
}

/* The service took it, and goes on with it by itself: it is asked for until it is over. */
static void taken(struct attempt *attempt, const struct http_answer *answer,
	const struct judgement *judgement)
{
	struct attempt_result *result = attempt->result;
	struct judgement told = *judgement;

	snprintf(told.text, sizeof(told.text), "taken, and pending at the service (%s)",
		judgement->text);
	attempt_note_answer(attempt, ATTEMPT_PUSH, "accepted", answer, &told);
	result->pushed = true;
	result->pushed_at_ms = attempt_now(attempt);
	free(result->job.remote);
	result->job.remote =
		xstrdup(judgement->remote[0] != '\0' ? judgement->remote : REMOTE_BY_PATH);
	result->look_again_ms = judgement->look_again_ms;
	attempt_finish(attempt, JOB_EVENT_PUSHED);
}

static void done(struct attempt *attempt, const struct http_answer *answer,
	const struct judgement *judgement)
{
	attempt_note_answer(attempt, ATTEMPT_PUSH, "done", answer, judgement);
	attempt->result->pushed = true;
	attempt->result->pushed_at_ms = attempt_now(attempt);
	attempt_drop_secrets(attempt);
	attempt_look(attempt);
}

static void answered(void *context, struct http_answer *answer)
{
	struct attempt *attempt = context;
	const struct profile *profile = attempt->options.profile;
	struct judgement judgement;

	attempt->transfer = NULL;
	service_judge_step(
		profile, attempt->step, answer, attempt->token, attempt_now(attempt), &judgement);
	http_request_clear(&attempt->request);
	if (answer->failure == HTTP_CANCELLED) {
		attempt->result->interrupted = true;
		attempt_note_answer(attempt, ATTEMPT_PUSH, "interrupted", answer, &judgement);
		attempt_finish(attempt, JOB_EVENT_TEMPORARY);
		return;
	}
	switch (judgement.kind) {
	case JUDGED_DONE:
		done(attempt, answer, &judgement);
		return;
	case JUDGED_ACCEPTED:
		if (profile->follow.used)
			taken(attempt, answer, &judgement);
		else
			done(attempt, answer, &judgement);
		return;
	case JUDGED_NEXT_STEP:
		attempt_note_answer(attempt, ATTEMPT_PUSH, "next-step", answer, &judgement);
		push_step(attempt, judgement.next_step);
		return;
	case JUDGED_PENDING:
	case JUDGED_TEMPORARY:
		attempt_note_answer(attempt, ATTEMPT_PUSH, "temporary", answer, &judgement);
		attempt_finish(attempt, JOB_EVENT_TEMPORARY);
		return;
	case JUDGED_PERMANENT:
		attempt_note_answer(attempt, ATTEMPT_PUSH, "permanent", answer, &judgement);
		attempt_finish(attempt, JOB_EVENT_PERMANENT);
		return;
	case JUDGED_INTERNAL:
		attempt_note_answer(attempt, ATTEMPT_PUSH, "internal", answer, &judgement);
		attempt->result->internal = true;
		attempt_finish(attempt, JOB_EVENT_TEMPORARY);
		return;
	}
}
