#include "service/profile.h"

#include <stdio.h>
#include <string.h>

#include <json-c/json_object.h>
#include <json-c/json_tokener.h>

#include "base/alloc.h"
#include "service/redact.h"

/* A problem document (RFC 9457) is small and flat; anything else is only shown. */
#define PROBLEM_MAX ((size_t)64 * 1024)
#define PROBLEM_DEPTH 8

#define REASON_TEXT_MAX 240

static bool is_success(const struct profile *profile, int status)
{
	size_t i;

	for (i = 0; i < profile->success_count; i++) {
		if (profile->success[i] == status)
			return true;
	}
	return false;
}

static enum judgement_kind kind_of_status(const struct profile *profile, int status)
{
	if (is_success(profile, status))
		return JUDGED_DONE;
	if (status == 408 || status == 425 || status == 429)
		return JUDGED_TEMPORARY;
	/* Nothing below 200 is a final answer, and nothing from 600 on is HTTP. */
	if (status < 200 || status >= 500)
		return JUDGED_TEMPORARY;
	return JUDGED_PERMANENT;
}

static enum judgement_kind kind_of(const struct profile *profile, const struct http_answer *answer)
{
	switch (answer->failure) {
	case HTTP_OK:
	case HTTP_TOO_LARGE:
		return kind_of_status(profile, answer->status);
	case HTTP_INTERNAL:
		return JUDGED_INTERNAL;
	case HTTP_CONNECT_FAILED:
	case HTTP_TLS_FAILED:
	case HTTP_TIMED_OUT:
	case HTTP_BROKEN:
	case HTTP_CANCELLED:
		return JUDGED_TEMPORARY;
	}
	return JUDGED_INTERNAL;
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

static void status_text(const struct profile *profile, const struct http_answer *answer,
	const char *token, struct judgement *judgement)
{
	char reason[REASON_TEXT_MAX];
	int status = answer->status;

	if (judgement->kind == JUDGED_DONE) {
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

void service_judge(const struct profile *profile, const struct http_answer *answer,
	const char *token, int64_t now_ms, struct judgement *judgement)
{
	*judgement = (struct judgement){.kind = kind_of(profile, answer), .retry_after_ms = -1};
	if (answer->failure == HTTP_OK || answer->failure == HTTP_TOO_LARGE)
		status_text(profile, answer, token, judgement);
	else
		failure_text(answer, token, judgement);
	if (answer->body.length > 0)
		redact(judgement->excerpt, sizeof(judgement->excerpt),
			(const char *)answer->body.data, answer->body.length, token);
	if (judgement->kind == JUDGED_TEMPORARY)
		judgement->retry_after_ms =
			http_retry_after_ms(answer->retry_after, answer->date, now_ms);
}
