#include "source/feed_private.h"

#include <stdlib.h>
#include <string.h>

#include <curl/curl.h>

#include "base/alloc.h"
#include "base/file.h"

#define TOKEN_FILE_MAX 4096

static bool add_token(struct http_request *request, const char *path, struct error *error)
{
	struct buffer text = {0}, value = {0};
	size_t length;

	if (!file_read(path, TOKEN_FILE_MAX, &text, error)) {
		buffer_free(&text);
		return error_context(error, "its token");
	}
	length = strcspn(buffer_text(&text), "\r\n");
	if (length > 0) {
		buffer_append_text(&value, "Bearer ");
		buffer_append(&value, text.data, length);
		http_request_add_header(request, "Authorization", buffer_text(&value));
	}
	buffer_free(&value);
	buffer_free(&text);
	return length > 0 || error_set(error, ERROR_PERMANENT,
				     "its token: %s is empty; put the bearer token in its first "
				     "line",
				     path);
}

bool feed_build(
	const struct feed_question *question, struct http_request *request, struct error *error)
{
	size_t length = strlen(question->url);
	char *after = curl_easy_escape(NULL, question->after, (int)strlen(question->after));

	if (after == NULL)
		abort();
	while (length > 0 && question->url[length - 1] == '/')
		length--;
	*request = (struct http_request){.method = xstrdup("GET")};
	request->url = xasprintf("%.*s/v1/contracts?%s%s%slimit=%d", (int)length, question->url,
		after[0] != '\0' ? "after=" : "", after, after[0] != '\0' ? "&" : "",
		question->limit);
	curl_free(after);
	http_request_add_header(request, "Accept", "application/json");
	if (question->etag != NULL)
		http_request_add_header(request, "If-None-Match", question->etag);
	return question->token_file == NULL || add_token(request, question->token_file, error);
}

/* A status that is none of those which a feed gives when all is well. */
static enum feed_verdict judge_status(int status, struct error *error)
{
	if (status >= 500 || status == 408 || status == 425 || status == 429) {
		error_set(error, ERROR_TEMPORARY, "answers HTTP %d", status);
		return FEED_ANSWER_TEMPORARY;
	}
	if (status == 401)
		error_set(error, ERROR_PERMANENT,
			"answers HTTP 401: it does not take the token; put the right one in the "
			"file that feed-token names");
	else if (status == 403)
		error_set(error, ERROR_PERMANENT,
			"answers HTTP 403: token or client certificate may not read it; have the "
			"feed's operator allow them");
	else if (status == 404)
		error_set(error, ERROR_PERMANENT,
			"answers HTTP 404: there is no feed; correct feed-url");
	else if (status / 100 == 3)
		error_set(error, ERROR_PERMANENT,
			"answers HTTP %d: it has moved, and redirects are not followed; correct "
			"feed-url",
			status);
	else
		error_set(error, ERROR_PERMANENT, "answers HTTP %d, which no feed should", status);
	return FEED_ANSWER_REFUSED;
}

enum feed_verdict feed_judge(const struct http_answer *answer, bool had_etag, struct error *error)
{
	/* What is too large with another status is no page anyhow. */
	if (answer->failure == HTTP_TOO_LARGE && answer->status == 200) {
		*error = answer->error;
		return FEED_ANSWER_TOO_LARGE;
	}
	if (answer->failure != HTTP_OK && answer->failure != HTTP_TOO_LARGE) {
		*error = answer->error;
		return FEED_ANSWER_TEMPORARY;
	}
	if (answer->status == 200)
		return FEED_ANSWER_PAGE;
	if (answer->status == 304 && had_etag)
		return FEED_ANSWER_SAME;
	return judge_status(answer->status, error);
}

bool feed_trail_add(struct feed_trail *trail, const char *cursor)
{
	size_t i;

	if (++trail->total > FEED_TRAIL_MAX)
		return false;
	for (i = 0; i < trail->count; i++) {
		if (strcmp(trail->asked[i].cursor, cursor) == 0)
			return ++trail->asked[i].times <= FEED_TRAIL_TIMES;
	}
	trail->asked = xreallocarray(trail->asked, trail->count + 1, sizeof(*trail->asked));
	trail->asked[trail->count].cursor = xstrdup(cursor);
	trail->asked[trail->count++].times = 1;
	return true;
}

void feed_trail_clear(struct feed_trail *trail)
{
	size_t i;

	for (i = 0; i < trail->count; i++)
		free(trail->asked[i].cursor);
	free(trail->asked);
	*trail = (struct feed_trail){0};
}
