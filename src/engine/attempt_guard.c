/*
 * Before a push by a job of a restored copy the service is asked what it has, whatever the profile
 * says of read-backs: a request, then the edges where it told a certificate of which nothing is
 * known; or the edges alone.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/text.h"
#include "engine/attempt_private.h"

/* The machine's edges. */
static void told(void *context, struct http_answer *answer);
static void looked(void *context, const struct look_result *found);

/* ---- sentences ---- */

static void name_seen(
	const struct guard_job *job, const struct guard_seen *seen, size_t count, char *hex)
{
	size_t i, heaviest = 0;

	for (i = 1; i < count; i++) {
		if (guard_judge(job, &seen[i]) > guard_judge(job, &seen[heaviest]))
			heaviest = i;
	}
	text_hex(hex, seen[heaviest].fingerprint, FINGERPRINT_SIZE);
}

static void describe(const struct attempt *attempt, enum guard_finding finding,
	const struct guard_seen *seen, size_t count, char text[JUDGEMENT_TEXT_MAX])
{
	char hex[FINGERPRINT_TEXT_MAX] = "";

	if (count > 0)
		name_seen(&attempt->guard, seen, count, hex);
	switch (finding) {
	case GUARD_NEWER:
		snprintf(text, JUDGEMENT_TEXT_MAX,
			"the service has a newer certificate (%s), which is not overwritten after "
			"a "
			"restore",
			hex);
		return;
	case GUARD_UNTOLD:
		snprintf(text, JUDGEMENT_TEXT_MAX,
			"the service has a certificate (%s) of which it cannot be told whether it "
			"is older, and which is not overwritten after a restore; if the contract "
			"has a newer one, send its present record, else certinstallctl retry "
			"%" PRId64 " installs this one over it",
			hex, attempt->result->job.id);
		return;
	case GUARD_OLDER:
		snprintf(text, JUDGEMENT_TEXT_MAX,
			"asked what is installed, after a restore: an older certificate (%s)", hex);
		return;
	case GUARD_SAME:
		snprintf(text, JUDGEMENT_TEXT_MAX,
			"asked what is installed, after a restore: this certificate, but not all "
			"that goes with it");
		return;
	case GUARD_NONE:
	case GUARD_FINDING_COUNT:
		snprintf(
			text, JUDGEMENT_TEXT_MAX, "asked what is installed, after a restore: none");
		return;
	}
}

/* ---- what comes of it ---- */

static void act(struct attempt *attempt, enum guard_decision decision)
{
	switch (decision) {
	case GUARD_CONFIRM: /* the leaf alone: one that is whole does not come here */
	case GUARD_PUSH:
		attempt_push_steps(attempt);
		return;
	case GUARD_OVERTAKEN:
		attempt_finish(attempt, JOB_EVENT_SUPERSEDE);
		return;
	case GUARD_STOP:
		attempt_finish(attempt, JOB_EVENT_PERMANENT);
		return;
	case GUARD_ASK_AGAIN:
		attempt_finish(attempt, JOB_EVENT_TEMPORARY);
		return;
	}
}

static void stop_unasked(struct attempt *attempt)
{
	char text[ATTEMPT_TEXT_MAX];

	snprintf(text, sizeof(text),
		"service %s has neither a read-back nor an edge to ask what it has, and nothing is "
		"sent blindly after a restore; if the contract has a newer certificate, send its "
		"present record, else certinstallctl retry %" PRId64
		" installs this one whatever is there",
		attempt->options.profile->rules.id, attempt->result->job.id);
	attempt_note(attempt, ATTEMPT_READ_BACK, guard_finding_name(GUARD_UNTOLD), 0, text);
	act(attempt, GUARD_STOP);
}

void attempt_guard_push(struct attempt *attempt)
{
	const struct profile *profile = attempt->options.profile;
	struct install install = attempt_install(attempt);
	struct error error;

	memcpy(attempt->guard.fingerprint, attempt->result->job.fingerprint, FINGERPRINT_SIZE);
	attempt->guard.issued_ms = attempt->result->job.issued_ms;
	if (profile->read_back.kind != READ_BACK_REQUEST) {
		if (profile->edge_count == 0) {
			stop_unasked(attempt);
			return;
		}
		attempt->phase = ATTEMPT_LOOKING_AHEAD;
		attempt_start_look(attempt, looked);
		return;
	}
	if (!service_build_read_back(profile, &install, &attempt->request, &error)) {
		attempt_push_failed(attempt, &error);
		return;
	}
	attempt->phase = ATTEMPT_READING_BACK;
	attempt_send(attempt, told);
}

/* ---- asked by a request ---- */

/* What was told is unknown here: the edges may show when it begins to be valid. */
static void look_closer(struct attempt *attempt, const struct guard_seen *seen,
	const struct http_answer *answer, struct judgement *judgement)
{
	char hex[FINGERPRINT_TEXT_MAX];

	text_hex(hex, seen->fingerprint, FINGERPRINT_SIZE);
	snprintf(judgement->text, sizeof(judgement->text),
		"asked what is installed, after a restore: a certificate that is not known here "
		"(%s); looking at the edges",
		hex);
	attempt_note_answer(attempt, ATTEMPT_READ_BACK, "other", answer, judgement);
	attempt->guard_told = *seen;
	attempt->guard_was_told = true;
	attempt->phase = ATTEMPT_LOOKING_AHEAD;
	attempt_start_look(attempt, looked);
}

static void judge_answer(
	struct attempt *attempt, enum read_back_finding found, const struct http_answer *answer)
{
	struct judgement judgement = {.retry_after_ms = -1};
	struct guard_seen seen = {0};
	enum guard_finding finding = GUARD_NONE;
	size_t count = found == READ_BACK_OTHER ? 1 : 0;

	if (found == READ_BACK_UNKNOWN ||
		(count > 0 && !service_read_back_leaf(attempt->options.profile, answer,
				      seen.fingerprint, &seen.not_before_ms))) {
		snprintf(judgement.text, sizeof(judgement.text),
			"asked what is installed, after a restore: %s",
			answer->failure != HTTP_OK ? answer->error.text : "no answer that tells");
		attempt_note_answer(attempt, ATTEMPT_READ_BACK, "unknown", answer, &judgement);
		act(attempt, GUARD_ASK_AGAIN);
		return;
	}
	if (count > 0)
		finding = guard_judge(&attempt->guard, &seen);
	if (finding == GUARD_UNTOLD && !guard_knows(&attempt->guard, seen.fingerprint) &&
		attempt->options.profile->edge_count > 0) {
		look_closer(attempt, &seen, answer, &judgement);
		return;
	}
	describe(attempt, finding, &seen, count, judgement.text);
	attempt_note_answer(
		attempt, ATTEMPT_READ_BACK, guard_finding_name(finding), answer, &judgement);
	act(attempt, guard_decide(finding, true));
}

static void told(void *context, struct http_answer *answer)
{
	struct attempt *attempt = context;
	enum read_back_finding found;

	attempt->transfer = NULL;
	http_request_clear(&attempt->request);
	if (answer->failure == HTTP_CANCELLED) {
		attempt_note(attempt, ATTEMPT_READ_BACK, "interrupted", answer->duration_ms,
			"broken off while asking what is installed");
		attempt_finish(attempt, JOB_EVENT_TEMPORARY);
		return;
	}
	found = service_judge_read_back(attempt->options.profile, answer,
		attempt->result->job.fingerprint, &attempt->material);
	if (found == READ_BACK_SAME)
		attempt_installed_already(attempt, answer->duration_ms);
	else
		judge_answer(attempt, found, answer);
}

/* ---- asked of the edges ---- */

/* Which of the leaves count: after a request, those that it told. */
static size_t choose_leaves(const struct attempt *attempt, const struct look_result *found,
	struct guard_seen seen[PROFILE_EDGES_MAX])
{
	size_t count = 0, i;

	for (i = 0; i < found->leaf_count; i++) {
		const struct look_leaf *leaf = &found->leaves[i];

		if (attempt->guard_was_told &&
			memcmp(leaf->fingerprint, attempt->guard_told.fingerprint,
				FINGERPRINT_SIZE) != 0)
			continue;
		memcpy(seen[count].fingerprint, leaf->fingerprint, FINGERPRINT_SIZE);
		seen[count++].not_before_ms = leaf->not_before_ms;
	}
	return count;
}

static void looked(void *context, const struct look_result *found)
{
	struct attempt *attempt = context;
	struct guard_seen seen[PROFILE_EDGES_MAX];
	char text[ATTEMPT_TEXT_MAX];
	enum guard_finding finding;
	enum guard_decision decision;
	bool complete;
	size_t count;

	attempt->look = NULL;
	if (found->finding == LOOK_INTERRUPTED) {
		attempt_note(
			attempt, ATTEMPT_READ_BACK, "interrupted", found->duration_ms, found->text);
		attempt_finish(attempt, JOB_EVENT_TEMPORARY);
		return;
	}
	count = choose_leaves(attempt, found, seen);
	finding = guard_judge_all(&attempt->guard, seen, count);
	/* One that was told, and that no edge serves yet, is on its way there. */
	complete = attempt->guard_was_told ? count > 0 : found->unreachable == 0;
	decision = guard_decide(finding, complete);
	if (!attempt->guard_was_told && found->finding == LOOK_SERVED &&
		decision != GUARD_OVERTAKEN) {
		attempt_installed_already(attempt, found->duration_ms);
		return;
	}
	if (decision == GUARD_ASK_AGAIN)
		snprintf(text, sizeof(text), "asked what is installed, after a restore: %.400s",
			found->unreachable > 0
				? found->text
				: "what the service has is not served yet, so it cannot be told");
	else
		describe(attempt, finding, seen, count, text);
	attempt_note(attempt, ATTEMPT_READ_BACK,
		decision == GUARD_ASK_AGAIN ? "unknown" : guard_finding_name(finding),
		found->duration_ms, text);
	act(attempt, decision);
}
