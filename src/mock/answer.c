#include "mock/answer.h"

#include <json-c/json.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

void answer_clear(struct answer *answer)
{
	buffer_free(&answer->body);
	memset(answer, 0, sizeof(*answer));
}

void answer_json(struct answer *answer, int status, struct json_object *object)
{
	answer->status = status;
	answer->content_type = "application/json";
	buffer_clear(&answer->body);
	buffer_append_text(
		&answer->body, json_object_to_json_string_ext(object,
				       JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE));
	json_object_put(object);
}

/* The registered phrases of the statuses that are used here; others by their class. */
static const char *status_title(int status)
{
	static const struct {
		int status;
		const char *title;
	} titles[] = {
		{400, "Bad Request"},
		{401, "Unauthorized"},
		{403, "Forbidden"},
		{404, "Not Found"},
		{405, "Method Not Allowed"},
		{408, "Request Timeout"},
		{409, "Conflict"},
		{413, "Content Too Large"},
		{415, "Unsupported Media Type"},
		{422, "Unprocessable Content"},
		{425, "Too Early"},
		{429, "Too Many Requests"},
		{500, "Internal Server Error"},
		{502, "Bad Gateway"},
		{503, "Service Unavailable"},
		{504, "Gateway Timeout"},
	};
	size_t i;

	for (i = 0; i < ARRAY_LENGTH(titles); i++)
		if (titles[i].status == status)
			return titles[i].title;
	return status < 500 ? "Client Error" : "Server Error";
}

void answer_problem(struct answer *answer, int status, const char *format, ...)
{
	struct json_object *object = json_object_new_object();
	va_list arguments;
	char *detail;

	va_start(arguments, format);
	detail = xvasprintf(format, arguments);
	va_end(arguments);
	json_object_object_add(object, "type", json_object_new_string("about:blank"));
	json_object_object_add(object, "title", json_object_new_string(status_title(status)));
	json_object_object_add(object, "status", json_object_new_int(status));
	json_object_object_add(object, "detail", json_object_new_string(detail));
	free(detail);
	answer_json(answer, status, object);
	answer->content_type = "application/problem+json";
}
