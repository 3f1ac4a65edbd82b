#include "service/judge_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <json-c/json_object.h>
#include <json-c/json_pointer.h>
#include <json-c/json_tokener.h>

#include "base/alloc.h"
#include "service/profile_private.h"
#include "service/redact.h"
#include "service/remote.h"

/* A problem document (RFC 9457) is small and flat; anything else is only shown. */
#define PROBLEM_MAX ((size_t)64 * 1024)
#define PROBLEM_DEPTH 8

/* An answer of which a member is wanted. */
#define JSON_MAX ((size_t)1024 * 1024)
#define JSON_DEPTH 32

/* Matching may take time that grows with what it looks at. */
#define MATCHED_MAX ((size_t)64 * 1024)

bool judge_has_answer(const struct http_answer *answer)
{
	return answer->failure == HTTP_OK || answer->failure == HTTP_TOO_LARGE;
}

enum judgement_kind judge_default(const struct http_answer *answer)
{
	int status = answer->status;

	if (answer->failure == HTTP_INTERNAL)
		return JUDGED_INTERNAL;
	if (!judge_has_answer(answer) || status == 408 || status == 425 || status == 429)
		return JUDGED_TEMPORARY;
	/* Nothing below 200 is a final answer, and nothing from 600 on is HTTP. */
	if (status < 200 || status >= 500)
		return JUDGED_TEMPORARY;
	return JUDGED_PERMANENT;
}

/* The member's text, NULL when it is none. Borrowed. */
static const char *text_member(struct json_object *object, const char *name)
{
	struct json_object *member = NULL;

	if (!json_object_object_get_ex(object, name, &member) ||
		!json_object_is_type(member, json_type_string) ||
		json_object_get_string_len(member) == 0)
		return NULL;
	return json_object_get_string(member);
}

/* Title and detail of a problem document; "" when the body is none. */
static void problem_text(
	const struct http_answer *answer, const char *token, char text[REASON_TEXT_MAX])
{
	struct json_tokener *tokener;
	struct json_object *object;
	const char *title, *detail;
	char *joined = NULL;

	text[0] = '\0';
	if (answer->body.length == 0 || answer->body.length > PROBLEM_MAX)
		return;
	tokener = json_tokener_new_ex(PROBLEM_DEPTH);
	if (tokener == NULL)
		return;
	object = json_tokener_parse_ex(
		tokener, (const char *)answer->body.data, (int)answer->body.length);
	if (json_tokener_get_error(tokener) == json_tokener_success &&
		json_object_is_type(object, json_type_object)) {
		title = text_member(object, "title");
		detail = text_member(object, "detail");
		if (title != NULL && detail != NULL)
			joined = xasprintf("%s: %s", title, detail);
		else if (title != NULL || detail != NULL)
			joined = xstrdup(title != NULL ? title : detail);
	}
	if (joined != NULL)
		redact(text, REASON_TEXT_MAX, joined, strlen(joined), token);
	free_wiped_text(joined);
	json_object_put(object);
	json_tokener_free(tokener);
}

static void failure_text(
	const struct http_answer *answer, const char *token, struct judgement *judgement)
{
	const char *text = answer->error.text[0] != '\0' ? answer->error.text
							 : http_failure_name(answer->failure);

	redact(judgement->text, sizeof(judgement->text), text, strlen(text), token);
}

void judge_status_text(const struct profile *profile, const struct http_answer *answer,
	const char *token, struct judgement *judgement)
{
	char reason[REASON_TEXT_MAX];
	int status = answer->status;

	if (judgement->kind == JUDGED_DONE || judgement->kind == JUDGED_ACCEPTED ||
		judgement->kind == JUDGED_PENDING) {
		snprintf(judgement->text, sizeof(judgement->text), "HTTP %d", status);
		return;
	}
	if (status >= 300 && status < 400) {
		snprintf(judgement->text, sizeof(judgement->text),
			"HTTP %d: redirects are never followed; mend the endpoint or the path of "
			"%s",
			status, profile->path != NULL ? profile->path : profile->rules.id);
		return;
	}
	if (status >= 200 && status < 300) {
		snprintf(judgement->text, sizeof(judgement->text),
			"HTTP %d, which is not among the statuses of success of %s", status,
			profile->path != NULL ? profile->path : profile->rules.id);
		return;
	}
	problem_text(answer, token, reason);
	snprintf(judgement->text, sizeof(judgement->text), "HTTP %d%s%s", status,
		reason[0] != '\0' ? ": " : "", reason);
}

void judge_begin(const struct http_answer *answer, const char *token, enum judgement_kind kind,
	struct judgement *judgement)
{
	*judgement = (struct judgement){.kind = kind, .retry_after_ms = -1, .look_again_ms = -1};
	if (!judge_has_answer(answer))
		failure_text(answer, token, judgement);
	if (answer->body.length > 0)
		redact(judgement->excerpt, sizeof(judgement->excerpt),
			(const char *)answer->body.data, answer->body.length, token);
}

int64_t judge_pace(const struct profile *profile, int64_t retry_after_ms)
{
	const struct profile_follow *follow = &profile->follow;
	int64_t pace = retry_after_ms >= 0 ? retry_after_ms : follow->interval_ms;

	if (pace < follow->interval_floor_ms)
		pace = follow->interval_floor_ms;
	return pace < follow->interval_ceiling_ms ? pace : follow->interval_ceiling_ms;
}

struct json_object *judge_json(const struct http_answer *answer)
{
	struct json_tokener *tokener;
	struct json_object *object;

	if (answer->body.length == 0 || answer->body.length > JSON_MAX)
		return NULL;
	tokener = json_tokener_new_ex(JSON_DEPTH);
	if (tokener == NULL)
		return NULL;
	/* With the NUL that stands behind: a number or a bare word is over only with it. */
	object = json_tokener_parse_ex(
		tokener, (const char *)answer->body.data, (int)answer->body.length + 1);
	if (json_tokener_get_error(tokener) != json_tokener_success) {
		json_object_put(object);
		object = NULL;
	}
	json_tokener_free(tokener);
	return object;
}

const char *judge_member(struct json_object *object, const char *pointer, size_t *length)
{
	struct json_object *member = NULL;
	const char *text;

	if (object == NULL || json_pointer_get(object, pointer, &member) != 0 || member == NULL ||
		json_object_is_type(member, json_type_object) ||
		json_object_is_type(member, json_type_array))
		return NULL;
	text = json_object_get_string(member);
	*length = json_object_is_type(member, json_type_string)
			  ? (size_t)json_object_get_string_len(member)
			  : strlen(text);
	return text;
}

/* True when some part of LENGTH bytes at TEXT, of which the first are looked at, matches. */
static bool matches(const struct profile_answer_rule *rule, const char *text, size_t length)
{
	struct buffer copy = {0};
	bool found;
	size_t i;

	buffer_append(&copy, text, length < MATCHED_MAX ? length : MATCHED_MAX);
	for (i = 0; i < copy.length; i++) {
		if (copy.data[i] == '\0')
			copy.data[i] = ' ';
	}
	found = regexec(&rule->regex, buffer_text(&copy), 0, NULL, 0) == 0;
	buffer_free(&copy);
	return found;
}

/* The first rule that ANSWER fits, NULL when none does. WORDS: what it looked at, redacted. */
static const struct profile_answer_rule *find_rule(const struct profile *profile,
	const struct http_answer *answer, const char *token, char words[REASON_TEXT_MAX])
{
	const struct profile_answer_rule *found = NULL;
	struct json_object *object = NULL;
	bool parsed = false;
	size_t i;

	for (i = 0; i < profile->answer_count && found == NULL; i++) {
		const struct profile_answer_rule *rule = &profile->answers[i];
		const char *text = (const char *)answer->body.data;
		size_t length = answer->body.length;

		if (rule->status_count > 0 &&
			!profile_has_status(rule->statuses, rule->status_count, answer->status))
			continue;
		if (rule->member != NULL) {
			if (!parsed)
				object = judge_json(answer);
			parsed = true;
			text = judge_member(object, rule->member, &length);
		}
		if (rule->matches != NULL &&
			(text == NULL ? rule->member != NULL || !matches(rule, "", 0)
				      : !matches(rule, text, length)))
			continue;
		found = rule;
		if (text != NULL)
			redact(words, REASON_TEXT_MAX, text, length, token);
	}
	json_object_put(object);
	return found;
}

static void rule_text(const struct http_answer *answer, const struct profile_answer_rule *rule,
	const char *words, const char *token, struct judgement *judgement)
{
	char problem[REASON_TEXT_MAX];

	if (rule->member == NULL) {
		problem_text(answer, token, problem);
		if (problem[0] != '\0')
			words = problem;
	}
	snprintf(judgement->text, sizeof(judgement->text), "HTTP %d (%.60s)%s%s", answer->status,
		rule->name, words[0] != '\0' ? ": " : "", words);
}

/* Where the install that was accepted is to be asked for. */
static void follow_location(const struct profile *profile, size_t step,
	const struct http_answer *answer, struct judgement *judgement)
{
	const char *location = answer->location,
		   *file = profile->path != NULL ? profile->path : profile->rules.id;
	char *base = NULL, ignored[JUDGEMENT_REMOTE_MAX];
	bool fits = true;

	if (profile->follow.path != NULL)
		return;
	if (location == NULL) {
		judgement->kind = JUDGED_PERMANENT;
		snprintf(judgement->text, sizeof(judgement->text),
			"HTTP %d without a Location to ask at; write a path into the follow "
			"section "
			"of %s",
			answer->status, file);
		return;
	}
	if (remote_is_relative(location)) {
		/* What it is relative to has the install's own names in it; see build.c. */
		base = xasprintf("%s/x", profile->endpoint);
		fits = remote_resolve(
			       profile->endpoint, base, location, ignored, sizeof(ignored)) &&
		       snprintf(judgement->remote, sizeof(judgement->remote), "%zu %s", step,
			       location) < (int)sizeof(judgement->remote);
		free(base);
	} else {
		fits = remote_resolve(profile->endpoint, NULL, location, judgement->remote,
			sizeof(judgement->remote));
	}
	if (fits)
		return;
	judgement->kind = JUDGED_PERMANENT;
	judgement->remote[0] = '\0';
	snprintf(judgement->text, sizeof(judgement->text),
		"HTTP %d with a Location that is not at the service's endpoint; neither token nor "
		"certificate goes elsewhere: mend the endpoint of %s, or the service",
		answer->status, file);
}

static void judge_status(const struct profile *profile, size_t step,
	const struct http_answer *answer, const char *token, struct judgement *judgement)
{
	/* A profile without a request has answers to nothing; its top-level keys say as much. */
	const struct profile_step *made =
		step < profile->step_count ? &profile->steps[step] : &profile->request;
	int status = answer->status;

	if (profile_has_status(made->success, made->success_count, status))
		judgement->kind = JUDGED_DONE;
	else if (profile_has_status(made->accepted, made->accepted_count, status))
		judgement->kind = JUDGED_ACCEPTED;
	else if (profile_has_status(made->on, made->on_count, status))
		judgement->kind = JUDGED_NEXT_STEP;
	judge_status_text(profile, answer, token, judgement);
	if (judgement->kind == JUDGED_NEXT_STEP)
		judgement->next_step = made->then_index;
	else if (judgement->kind == JUDGED_ACCEPTED)
		follow_location(profile, step, answer, judgement);
}

void service_judge_step(const struct profile *profile, size_t step,
	const struct http_answer *answer, const char *token, int64_t now_ms,
	struct judgement *judgement)
{
	const struct profile_answer_rule *rule;
	char words[REASON_TEXT_MAX] = "";
	int64_t wait_ms = http_retry_after_ms(answer->retry_after, answer->date, now_ms);

	judge_begin(answer, token, judge_default(answer), judgement);
	if (judge_has_answer(answer)) {
		rule = find_rule(profile, answer, token, words);
		if (rule != NULL) {
			judgement->kind = rule->means;
			rule_text(answer, rule, words, token, judgement);
		} else {
			judge_status(profile, step, answer, token, judgement);
		}
	}
	if (judgement->kind == JUDGED_TEMPORARY)
		judgement->retry_after_ms = wait_ms;
	else if (judgement->kind == JUDGED_ACCEPTED)
		judgement->look_again_ms = judge_pace(profile, wait_ms);
}
