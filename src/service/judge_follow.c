#include <stdio.h>
#include <string.h>

#include <json-c/json_object.h>

#include "service/judge_private.h"
#include "service/redact.h"

#define STATE_TEXT_MAX 80

static bool is_among(char *const *texts, size_t count, const char *text, size_t length)
{
	size_t i;

	for (i = 0; i < count; i++) {
		if (strlen(texts[i]) == length && memcmp(texts[i], text, length) == 0)
			return true;
	}
	return false;
}

static void say_state(const struct http_answer *answer, const char *state, const char *reason,
	struct judgement *judgement)
{
	snprintf(judgement->text, sizeof(judgement->text), "HTTP %d, %s%s%s", answer->status, state,
		*reason != '\0' ? ": " : "", reason);
}

/* An answer that tells the state by its member. */
static void judge_state(const struct profile *profile, const struct http_answer *answer,
	const char *token, struct judgement *judgement)
{
	const struct profile_follow *follow = &profile->follow;
	struct json_object *object = judge_json(answer);
	char state[STATE_TEXT_MAX], reason[REASON_TEXT_MAX] = "";
	size_t length = 0, reason_length = 0;
	const char *text = judge_member(object, follow->member, &length), *why;

	if (text == NULL) {
		judgement->kind = JUDGED_TEMPORARY;
		snprintf(judgement->text, sizeof(judgement->text),
			"HTTP %d, and the answer tells no state at \"%.60s\"", answer->status,
			follow->member);
		json_object_put(object);
		return;
	}
	redact(state, sizeof(state), text, length, token);
	judgement->kind = JUDGED_PENDING;
	if (is_among(follow->done, follow->done_count, text, length)) {
		judgement->kind = JUDGED_DONE;
	} else if (is_among(follow->failed, follow->failed_count, text, length)) {
		judgement->kind = JUDGED_PERMANENT;
		why = follow->reason_member != NULL
			      ? judge_member(object, follow->reason_member, &reason_length)
			      : NULL;
		if (why != NULL)
			redact(reason, sizeof(reason), why, reason_length, token);
	} else if (follow->pending_count > 0 &&
		   !is_among(follow->pending, follow->pending_count, text, length)) {
		judgement->kind = JUDGED_TEMPORARY;
		snprintf(reason, sizeof(reason), "a state that %s does not name",
			profile->path != NULL ? profile->path : profile->rules.id);
	}
	say_state(answer, state, reason, judgement);
	json_object_put(object);
}

void service_judge_follow(const struct profile *profile, const struct http_answer *answer,
	const char *token, int64_t now_ms, struct judgement *judgement)
{
	int64_t wait_ms = http_retry_after_ms(answer->retry_after, answer->date, now_ms);
	bool came = judge_has_answer(answer);
	bool good = came && answer->status >= 200 && answer->status < 300;

	judge_begin(answer, token, judge_default(answer), judgement);
	if (good && profile->follow.member != NULL) {
		judge_state(profile, answer, token, judgement);
	} else if (came) {
		if (good)
			judgement->kind = answer->status == 202 ? JUDGED_PENDING : JUDGED_DONE;
		else if (answer->status == 404 || answer->status == 410)
			judgement->kind = JUDGED_TEMPORARY;
		else if (judgement->kind == JUDGED_PERMANENT)
			/* A wrong token or path says nothing of the install, which goes on. */
			judgement->kind = JUDGED_INTERNAL;
		judgement->remote_gone = answer->status == 404 || answer->status == 410;
		judge_status_text(profile, answer, token, judgement);
	}
	if (judgement->kind == JUDGED_TEMPORARY)
		judgement->retry_after_ms = wait_ms;
	if (judgement->kind == JUDGED_TEMPORARY || judgement->kind == JUDGED_PENDING)
		judgement->look_again_ms = judge_pace(profile, wait_ms);
	else if (judgement->kind == JUDGED_INTERNAL)
		judgement->look_again_ms = profile->follow.interval_ceiling_ms;
}
