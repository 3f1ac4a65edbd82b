#ifndef SERVICE_JUDGE_PRIVATE_H
#define SERVICE_JUDGE_PRIVATE_H

#include <json-c/json_types.h>

#include "service/profile.h"

#define REASON_TEXT_MAX 240

/* True when an answer came, so that its status says something. */
bool judge_has_answer(const struct http_answer *answer);

/* What a failure to get an answer, or a status that no list names, means by itself. */
enum judgement_kind judge_default(const struct http_answer *answer);

/* Text and excerpt of an answer that came, when nothing better is known of it. */
void judge_status_text(const struct profile *profile, const struct http_answer *answer,
	const char *token, struct judgement *judgement);

/* Starts JUDGEMENT: of KIND, with the failure's text where there was no answer, and the excerpt. */
void judge_begin(const struct http_answer *answer, const char *token, enum judgement_kind kind,
	struct judgement *judgement);

/* The answer's body as JSON, NULL when it is none or too large; freed with json_object_put. */
struct json_object *judge_json(const struct http_answer *answer);

/*
 * The text of the member that POINTER names: a string's, or a number's or flag's as JSON writes it.
 * NULL when there is none. Borrowed from OBJECT; LENGTH is that of the text.
 */
const char *judge_member(struct json_object *object, const char *pointer, size_t *length);

/* Retry-After, or else the interval, within the bounds of PROFILE's follow. */
int64_t judge_pace(const struct profile *profile, int64_t retry_after_ms);

#endif
