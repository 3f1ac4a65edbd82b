#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/text.h"
#include "engine/attempt_private.h"

/* The machine's edges. */
static void told(void *context, struct http_answer *answer);
static void looked(void *context, const struct look_result *found);

/* ---- what is pending at the service ---- */

static void forget_remote(struct attempt *attempt)
{
	free(attempt->result->job.remote);
	attempt->result->job.remote = NULL;
}

void attempt_ask(struct attempt *attempt)
{
	const struct profile *profile = attempt->options.profile;
	const char *remote = attempt->result->job.remote;
	struct install install;
	struct error error;

	attempt->phase = ATTEMPT_ASKING;
	if (strcmp(remote, REMOTE_BY_PATH) == 0)
		remote = "";
	if (!profile->follow.used) {
		/* The profile has changed meanwhile; whatever was pending shows at the edge. */
		forget_remote(attempt);
		attempt_look(attempt);
		return;
	}
	if (!attempt_read_token(attempt, &error)) {
		attempt_fail_internal(attempt, ATTEMPT_FOLLOW, &error);
		return;
	}
	install = attempt_install(attempt);
	if (!service_build_follow(profile, &install, remote, &attempt->request, &error)) {
		attempt_fail_internal(attempt, ATTEMPT_FOLLOW, &error);
		return;
	}
	attempt_send(attempt, told);
}

/* Not over yet: asked again later, unless it has taken too long. */
static void ask_again(struct attempt *attempt, const struct http_answer *answer,
	struct judgement *judgement, const char *outcome)
{
	const struct profile *profile = attempt->options.profile;
	struct attempt_result *result = attempt->result;
	char timeout[48], text[ATTEMPT_TEXT_MAX];

	attempt_note_answer(attempt, ATTEMPT_FOLLOW, outcome, answer, judgement);
	result->look_again_ms = judgement->look_again_ms >= 0 ? judgement->look_again_ms
							      : profile->follow.interval_ms;
	if (result->interrupted ||
		attempt_now(attempt) < result->job.pushed_ms + profile->follow.timeout_ms) {
		attempt_finish(attempt, JOB_EVENT_PUSHED);
		return;
	}
	text_from_duration_ms(timeout, sizeof(timeout), profile->follow.timeout_ms);
	snprintf(text, sizeof(text), "still pending at the service after %s: %s", timeout,
		judgement->text);
	snprintf(result->detail, sizeof(result->detail), "%s", text);
	forget_remote(attempt);
	attempt_finish(attempt, JOB_EVENT_TEMPORARY);
}

static void told(void *context, struct http_answer *answer)
{
	struct attempt *attempt = context;
	struct judgement judgement;

	attempt->transfer = NULL;
	if (answer->failure == HTTP_CANCELLED)
		attempt->result->interrupted = true;
	service_judge_follow(
		attempt->options.profile, answer, attempt->token, attempt_now(attempt), &judgement);
	attempt_drop_secrets(attempt);
	switch (judgement.kind) {
	case JUDGED_DONE:
		attempt_note_answer(attempt, ATTEMPT_FOLLOW, "done", answer, &judgement);
		forget_remote(attempt);
		/* The edge is given its time from now on. */
		attempt->result->pushed = true;
		attempt->result->pushed_at_ms = attempt_now(attempt);
		attempt_look(attempt);
		return;
	case JUDGED_PERMANENT:
		attempt_note_answer(attempt, ATTEMPT_FOLLOW, "permanent", answer, &judgement);
		forget_remote(attempt);
		attempt_finish(attempt, JOB_EVENT_PERMANENT);
		return;
	case JUDGED_TEMPORARY:
		if (judgement.remote_gone) {
			attempt_note_answer(
				attempt, ATTEMPT_FOLLOW, "temporary", answer, &judgement);
			forget_remote(attempt);
			attempt_finish(attempt, JOB_EVENT_TEMPORARY);
			return;
		}
		ask_again(attempt, answer, &judgement,
			answer->failure == HTTP_CANCELLED ? "interrupted" : "temporary");
		return;
	case JUDGED_INTERNAL:
		attempt->result->internal = answer->failure != HTTP_CANCELLED;
		ask_again(attempt, answer, &judgement, "internal");
		return;
	case JUDGED_PENDING:
	case JUDGED_ACCEPTED:
	case JUDGED_NEXT_STEP:
		ask_again(attempt, answer, &judgement, "pending");
		return;
	}
}

/* ---- the look at the edges ---- */

void attempt_start_look(struct attempt *attempt, look_callback *callback)
{
	const struct store_job *job = &attempt->result->job;
	struct look_wanted wanted = {
		.fqdn = job->fqdn,
		.chain = job->chain,
		.chain_length = job->chain_length,
	};

	memcpy(wanted.fingerprint, job->fingerprint, FINGERPRINT_SIZE);
	attempt->look = look_start(
		attempt->options.loop, attempt->options.profile, &wanted, callback, attempt);
}

void attempt_look(struct attempt *attempt)
{
	const struct profile *profile = attempt->options.profile;
	char text[ATTEMPT_TEXT_MAX];

	attempt->phase = ATTEMPT_LOOKING;
	if (profile->edge_count > 0) {
		attempt_start_look(attempt, looked);
		return;
	}
	snprintf(text, sizeof(text), "not verified: service %s has no edge to look at",
		profile->rules.id);
	attempt_note(attempt, ATTEMPT_VERIFY, "skipped", 0, text);
	attempt_finish(attempt, JOB_EVENT_CONFIRMED);
}

static void looked(void *context, const struct look_result *found)
{
	struct attempt *attempt = context;
	const struct profile *profile = attempt->options.profile;
	struct attempt_result *result = attempt->result;
	int64_t pushed_ms = result->pushed ? result->pushed_at_ms : result->job.pushed_ms;

	attempt->look = NULL;
	attempt_note(attempt, ATTEMPT_VERIFY, look_finding_name(found->finding), found->duration_ms,
		found->text);
	if (found->finding == LOOK_SERVED) {
		attempt_finish(attempt, JOB_EVENT_CONFIRMED);
	} else if (result->interrupted ||
		   attempt_now(attempt) < pushed_ms + profile->verify_grace_ms) {
		result->look_again_ms = profile->verify_interval_ms;
		attempt_finish(attempt, JOB_EVENT_PUSHED);
	} else {
		attempt_finish(attempt, JOB_EVENT_TEMPORARY);
	}
}
