#include "ctl/answers.h"

#include <errno.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "config/config.h"
#include "net/http.h"
#include "net/local_request.h"
#include "ops/route.h"

/* An act on thousands of jobs, or a store that others keep busy, may take its time. */
#define TIMEOUT_MS 120000
#define FIND_TIMEOUT_MS 5000

/* ---- finding it ---- */

static void read_place(struct answers *answers, const char *config_path)
{
	struct config *config;

	if (access(config_path, R_OK) != 0 && errno == EACCES) {
		/* Who may watch the daemon need not be let at its configuration. */
		answers->socket_path = xstrdup(RUNSTATEDIR "/certinstalld/admin.sock");
		answers->group = xstrdup("certinstalld");
	} else if (config_read(config_path, &config, &answers->why)) {
		answers->socket_path = config_admin_socket(config);
		answers->group = xstrdup(config->admin_group);
		config_free(config);
	}
}

/* The detail of the problem in TEXT; KIND by the status. */
static void tell_problem(long status, const char *text, struct error *error)
{
	struct json_object *problem = json_tokener_parse(text), *detail = NULL;
	enum error_kind kind = status >= 500 ? ERROR_TEMPORARY : ERROR_PERMANENT;

	if (json_object_object_get_ex(problem, "detail", &detail))
		error_set(error, kind, "%s", json_object_get_string(detail));
	else
		error_set(error, kind, "the daemon answered with status %ld", status);
	json_object_put(problem);
}

static void tell_denied(struct answers *answers)
{
	bool has_group = answers->group[0] != '\0';

	error_set(&answers->why, ERROR_PERMANENT, "%s may be used by root, the daemon's user%s%s",
		answers->socket_path, has_group ? " and members of the group " : " alone",
		answers->group);
}

void answers_find(struct answers *answers, const char *config_path)
{
	struct local_request request = {.method = "GET",
		.target = "/healthz",
		.timeout_ms = FIND_TIMEOUT_MS,
		.answer_max = ERROR_TEXT_MAX + 256};
	struct local_answer answer;

	*answers = (struct answers){0};
	http_init_process();
	read_place(answers, config_path);
	if (answers->socket_path == NULL)
		return;
	request.socket_path = answers->socket_path;
	switch (local_request(&request, &answer, &answers->why)) {
	case LOCAL_ANSWERED:
		/* One that is not well is asked all the same: it says so. */
		answers->found = answer.status != 403;
		if (!answers->found)
			tell_problem(answer.status, buffer_text(&answer.body), &answers->why);
		break;
	case LOCAL_DENIED:
		tell_denied(answers);
		break;
	case LOCAL_ABSENT:
	case LOCAL_FAILED:
		break;
	}
	buffer_free(&answer.body);
}

void answers_clear(struct answers *answers)
{
	free(answers->socket_path);
	free(answers->group);
	*answers = (struct answers){0};
}

/* ---- asking it ---- */

/* What the messages of this process are in, as far as the daemon may have it. */
static const char *language(void)
{
	const char *locale = setlocale(LC_MESSAGES, NULL), *wanted = getenv("LANGUAGE");

	if (locale == NULL || strcmp(locale, "C") == 0 || strcmp(locale, "POSIX") == 0)
		return NULL;
	if (wanted == NULL || wanted[0] == '\0')
		wanted = locale;
	return strncmp(wanted, "ja", 2) == 0 ? "ja" : NULL;
}

static bool take(long status, const char *text, struct json_object **answer, struct error *error)
{
	if (status == 404)
		return true;
	if (status != 200) {
		tell_problem(status, text, error);
		return false;
	}
	*answer = json_tokener_parse(text);
	if (json_object_is_type(*answer, json_type_object))
		return true;
	json_object_put(*answer);
	*answer = NULL;
	return error_set(error, ERROR_TEMPORARY, "the daemon's answer is no JSON object");
}

bool answers_ask(const struct answers *answers, const char *method, const char *target,
	const char *body, size_t length, struct json_object **answer, struct error *error)
{
	const struct local_request request = {
		.socket_path = answers->socket_path,
		.method = method,
		.target = target,
		.body = body,
		.length = length,
		.language = language(),
		.timeout_ms = TIMEOUT_MS,
		.answer_max = ROUTE_ANSWER_MAX + 1,
	};
	struct local_answer got;
	bool done = false;

	*answer = NULL;
	if (local_request(&request, &got, error) == LOCAL_ANSWERED)
		done = take(got.status, buffer_text(&got.body), answer, error);
	else if (strcmp(method, "GET") != 0)
		/* It may have been done: to do it by another way now could be to do it twice. */
		(void)error_context(error, "whether it was done is not known");
	buffer_free(&got.body);
	return done;
}

void answers_add(struct buffer *target, const char *key, const char *value)
{
	if (value == NULL)
		return;
	buffer_append_char(target, strchr(buffer_text(target), '?') != NULL ? '&' : '?');
	buffer_append_text(target, key);
	buffer_append_char(target, '=');
	local_escape(target, value);
}
