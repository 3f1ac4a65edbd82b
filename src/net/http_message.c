#include "net/http_message.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <curl/curl.h>

#include "base/alloc.h"
#include "base/text.h"

/* The end of the year 9999, the last that an HTTP-date can write; libcurl reads more of it. */
#define HTTP_DATE_MAX_S INT64_C(253402300799)
/* A hundred years: whoever asks for more means "never", and sums with it must not overflow. */
#define RETRY_AFTER_MAX_S (INT64_C(100) * 366 * 86400)

void http_request_add_header(struct http_request *request, const char *name, const char *value)
{
	struct http_header *header;

	request->headers = xreallocarray(
		request->headers, request->header_count + 1, sizeof(*request->headers));
	header = &request->headers[request->header_count];
	header->name = xstrdup(name);
	header->value = xstrdup(value);
	request->header_count++;
}

struct http_part *http_request_add_part(struct http_request *request, const char *name,
	const char *filename, const char *content_type)
{
	struct http_part *part;

	request->parts =
		xreallocarray(request->parts, request->part_count + 1, sizeof(*request->parts));
	part = &request->parts[request->part_count++];
	memset(part, 0, sizeof(*part));
	part->name = xstrdup(name);
	part->filename = xstrdup_or_null(filename);
	part->content_type = xstrdup_or_null(content_type);
	return part;
}

void http_request_clear(struct http_request *request)
{
	for (size_t i = 0; i < request->header_count; i++) {
		free(request->headers[i].name);
		free_wiped_text(request->headers[i].value);
	}
	free(request->headers);
	for (size_t i = 0; i < request->part_count; i++) {
		free(request->parts[i].name);
		free(request->parts[i].filename);
		free(request->parts[i].content_type);
		buffer_free(&request->parts[i].data);
	}
	free(request->parts);
	buffer_free(&request->body);
	free(request->method);
	/* A URL may carry a token in its query. */
	free_wiped_text(request->url);
	memset(request, 0, sizeof(*request));
}

const char *http_failure_name(enum http_failure failure)
{
	static const char *const names[] = {
		[HTTP_OK] = "ok",
		[HTTP_CONNECT_FAILED] = "connect-failed",
		[HTTP_TLS_FAILED] = "tls-failed",
		[HTTP_TIMED_OUT] = "timed-out",
		[HTTP_BROKEN] = "broken",
		[HTTP_TOO_LARGE] = "too-large",
		[HTTP_CANCELLED] = "cancelled",
		[HTTP_INTERNAL] = "internal",
	};

	return (size_t)failure < ARRAY_LENGTH(names) ? names[failure] : "unknown";
}

void http_answer_clear(struct http_answer *answer)
{
	buffer_free(&answer->body);
	free(answer->retry_after);
	free(answer->etag);
	free(answer->location);
	free(answer->date);
	free(answer->content_type);
	memset(answer, 0, sizeof(*answer));
}

/* An HTTP-date begins with the name of a day; curl_getdate alone would take much more. */
static bool http_date(const char *text, int64_t *seconds)
{
	static const char days[] = "SunMonTueWedThuFriSat";
	time_t parsed;

	for (size_t i = 0; days[i] != '\0'; i += 3) {
		if (strncmp(text, days + i, 3) != 0)
			continue;
		parsed = curl_getdate(text, NULL);
		if (parsed < 0 || (int64_t)parsed > HTTP_DATE_MAX_S)
			return false;
		*seconds = (int64_t)parsed;
		return true;
	}
	return false;
}

int64_t http_retry_after_ms(const char *value, const char *date_header, int64_t now_ms)
{
	size_t digits;
	int64_t seconds;
	int64_t then;

	if (value == NULL)
		return -1;
	digits = strspn(value, "0123456789");
	if (digits > 0 && value[digits] == '\0') {
		/* More digits than fit are a wait beyond the maximum, not garbage. */
		if (!text_to_int64(value, 0, RETRY_AFTER_MAX_S, &seconds))
			seconds = RETRY_AFTER_MAX_S;
		return seconds * 1000;
	}
	if (!http_date(value, &then))
		return -1;
	if (date_header != NULL && http_date(date_header, &seconds))
		now_ms = seconds * 1000;
	if (then > now_ms / 1000 + RETRY_AFTER_MAX_S)
		return RETRY_AFTER_MAX_S * 1000;
	then *= 1000;
	return then > now_ms ? then - now_ms : 0;
}
