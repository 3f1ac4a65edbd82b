#include "ops/route_private.h"

#include <event2/http.h>
#include <event2/keyvalq_struct.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "base/alloc.h"
#include "base/text.h"

#define HEALTH_WAIT_MS 2000
#define METRICS_WAIT_MS 500

static route_handler get_health, get_metrics;

static const struct {
	const char *method;
	const char *path; /* * stands for one segment */
	enum admin_right right;
	route_handler *handle;
} routes[] = {
	{"GET", "/healthz", ADMIN_RIGHT_READ, get_health},
	{"GET", "/metrics", ADMIN_RIGHT_READ, get_metrics},
	{"GET", "/status", ADMIN_RIGHT_READ, route_get_status},
	{"GET", "/jobs", ADMIN_RIGHT_READ, route_get_jobs},
	{"GET", "/jobs/*", ADMIN_RIGHT_READ, route_get_job},
	{"GET", "/why", ADMIN_RIGHT_READ, route_get_why},
	{"POST", "/jobs/retry", ADMIN_RIGHT_CHANGE, route_post_retries},
	{"POST", "/jobs/cancel", ADMIN_RIGHT_CHANGE, route_post_cancels},
	{"POST", "/jobs/*/retry", ADMIN_RIGHT_CHANGE, route_post_retry},
	{"POST", "/jobs/*/cancel", ADMIN_RIGHT_CHANGE, route_post_cancel},
	{"POST", "/jobs/*/release", ADMIN_RIGHT_CHANGE, route_post_release},
	{"POST", "/services/*/release", ADMIN_RIGHT_CHANGE, route_post_release_pair},
	{"POST", "/services/*/pause", ADMIN_RIGHT_CHANGE, route_post_pause},
	{"POST", "/services/*/resume", ADMIN_RIGHT_CHANGE, route_post_resume},
	{"POST", "/import", ADMIN_RIGHT_CHANGE, route_post_import},
};

/* ---- answers ---- */

static const char *title_of(int status)
{
	switch (status) {
	case 400:
		return "Bad Request";
	case 403:
		return "Forbidden";
	case 404:
		return "Not Found";
	case 405:
		return "Method Not Allowed";
	case 409:
		return "Conflict";
	case 413:
		return "Content Too Large";
	case 414:
		return "URI Too Long";
	case 503:
		return "Service Unavailable";
	default:
		return "Internal Server Error";
	}
}

static void put_json(struct route_answer *answer, struct json_object *object)
{
	const char *text = json_object_to_json_string_ext(
		object, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE);

	buffer_clear(&answer->body);
	buffer_append_text(&answer->body, text);
	buffer_append_char(&answer->body, '\n');
	json_object_put(object);
}

void route_problem(struct route_answer *answer, int status, const char *detail)
{
	struct json_object *object = json_object_new_object();
	char clean[ERROR_TEXT_MAX];

	text_sanitise(clean, sizeof(clean), detail, strlen(detail));
	json_object_object_add(object, "type", json_object_new_string("about:blank"));
	json_object_object_add(object, "title", json_object_new_string(title_of(status)));
	json_object_object_add(object, "status", json_object_new_int(status));
	json_object_object_add(object, "detail", json_object_new_string(clean));
	answer->status = status;
	answer->content_type = "application/problem+json";
	put_json(answer, object);
}

void route_object(struct route_answer *answer, struct json_object *object)
{
	answer->status = 200;
	answer->content_type = "application/json";
	put_json(answer, object);
	if (answer->body.length > ROUTE_ANSWER_MAX)
		route_problem(answer, 413, "the answer is too long; ask for less of it (limit=)");
}

void route_error(struct route_answer *answer, const struct error *error)
{
	route_problem(answer, error->kind == ERROR_PERMANENT ? 400 : 503, error->text);
}

/* ---- what was asked ---- */

const char *routed_value(const struct routed *routed, const char *key)
{
	const char *value = NULL;
	size_t i;

	for (i = 0; i < routed->parameter_count; i++) {
		if (strcmp(routed->parameters[i].key, key) == 0)
			value = routed->parameters[i].value;
	}
	return value;
}

bool routed_knows(const struct routed *routed, const char *const *keys, struct route_answer *answer)
{
	struct error error;
	size_t i, j;

	for (i = 0; i < routed->parameter_count; i++) {
		for (j = 0; keys[j] != NULL; j++) {
			if (strcmp(keys[j], routed->parameters[i].key) == 0)
				break;
		}
		if (keys[j] != NULL)
			continue;
		error_set(&error, ERROR_PERMANENT, "there is no parameter \"%.64s\" here",
			routed->parameters[i].key);
		route_error(answer, &error);
		return false;
	}
	return true;
}

bool routed_id(const struct routed *routed, int64_t *id, struct route_answer *answer)
{
	if (text_to_int64(routed->name, 1, INT64_MAX, id))
		return true;
	route_problem(answer, 404, "a job has a number, from 1 on; see /jobs");
	return false;
}

/* ---- the daemon's own ---- */

static void ignore_count(void *context, const char *service, enum job_state state, int64_t count)
{
	(void)context;
	(void)service;
	(void)state;
	(void)count;
}

static void no_daemon(struct route_answer *answer)
{
	route_problem(answer, 503, "only a running daemon can tell this");
}

static void get_health(const struct routed *routed, struct route_answer *answer)
{
	const struct route_context *context = routed->context;
	struct json_object *object;
	struct pulse_reading *reading;
	struct error error;
	bool answered;
	int64_t silent_us;

	if (context->pulse == NULL) {
		no_daemon(answer);
		return;
	}
	reading = xcalloc(1, sizeof(*reading));
	pulse_ask(context->pulse, HEALTH_WAIT_MS, reading);
	answered = reading->answered;
	silent_us = reading->silent_us;
	free(reading);
	if (!answered) {
		error_set(&error, ERROR_TEMPORARY, "the loop has not turned for %lld s",
			(long long)(silent_us / 1000000));
		route_error(answer, &error);
		return;
	}
	if (!store_counts(context->store, ignore_count, NULL, &error)) {
		route_problem(answer, 503, error.text);
		return;
	}
	object = json_object_new_object();
	json_object_object_add(object, "status", json_object_new_string("ok"));
	route_object(answer, object);
}

static void get_metrics(const struct routed *routed, struct route_answer *answer)
{
	const struct route_context *context = routed->context;
	bool plain = routed->request->wants_plain;
	struct pulse_reading *reading;
	struct error error;
	bool done;

	if (context->pulse == NULL || context->metrics == NULL) {
		no_daemon(answer);
		return;
	}
	reading = xcalloc(1, sizeof(*reading));
	pulse_ask(context->pulse, METRICS_WAIT_MS, reading);
	done = metrics_render(
		&(const struct metrics_view){
			.metrics = context->metrics,
			.store = context->store,
			.config = settings_config(context->settings),
			.clock = context->clock,
			.reading = reading,
			.kept = context->kept,
		},
		plain, &answer->body, &error);
	free(reading);
	if (!done) {
		route_error(answer, &error);
		return;
	}
	answer->status = 200;
	answer->content_type = plain ? METRICS_PLAIN_TYPE : METRICS_OPENMETRICS_TYPE;
}

/* ---- the way there ---- */

/* Whether PATH is ROUTE's; *NAME is then what stands for its *, to be freed, or NULL. */
static bool matches(const char *route_path, const char *path, char **name)
{
	const char *star = strchr(route_path, '*'), *end;
	size_t before, length;

	*name = NULL;
	if (star == NULL)
		return strcmp(route_path, path) == 0;
	before = (size_t)(star - route_path);
	if (strncmp(route_path, path, before) != 0)
		return false;
	end = strchr(path + before, '/');
	length = end != NULL ? (size_t)(end - path) - before : strlen(path + before);
	if (length == 0 || strcmp(path + before + length, star + 1) != 0)
		return false;
	*name = evhttp_uridecode(path + before, 0, NULL);
	if (*name != NULL)
		(*name)[strcspn(*name, "/")] = '\0';
	return *name != NULL;
}

/* False when the query is none, or has what no parameter here can be. */
static bool take_query(struct routed *routed, const struct evkeyvalq *query)
{
	const struct evkeyval *pair;

	for (pair = query->tqh_first; pair != NULL; pair = pair->next.tqe_next) {
		if (routed->parameter_count == ROUTE_PARAMETERS_MAX ||
			!text_is_clean(pair->key, strlen(pair->key)) ||
			!text_is_clean(pair->value, strlen(pair->value)))
			return false;
		routed->parameters[routed->parameter_count].key = pair->key;
		routed->parameters[routed->parameter_count++].value = pair->value;
	}
	return true;
}

static void refuse_right(struct route_answer *answer, const struct route_request *request,
	const struct route_context *context, enum admin_right right)
{
	const struct config *config = settings_config(context->settings);
	const char *group =
		right == ADMIN_RIGHT_CHANGE ? config->admin_change_group : config->admin_group;
	struct error error;

	error_set(&error, ERROR_PERMANENT,
		"%.64s may not %s here: that is for root, the daemon's "
		"user%s%.64s",
		request->who, right == ADMIN_RIGHT_CHANGE ? "change anything" : "read",
		group[0] != '\0' ? " and members of the group " : " alone", group);
	route_problem(answer, 403, error.text);
}

/* PATH's route for the request's method; all it needs is borrowed for the call. */
static void dispatch(struct routed *routed, const char *path, struct route_answer *answer)
{
	const struct route_request *request = routed->request;
	bool path_known = false;
	size_t i;

	for (i = 0; i < ARRAY_LENGTH(routes); i++) {
		char *name;

		if (!matches(routes[i].path, path, &name))
			continue;
		path_known = true;
		if (strcmp(routes[i].method, request->method) == 0) {
			routed->name = name != NULL ? name : "";
			if (request->right < routes[i].right)
				refuse_right(answer, request, routed->context, routes[i].right);
			else
				routes[i].handle(routed, answer);
			free(name);
			return;
		}
		free(name);
	}
	/* Who may not read learns nothing of what there is. */
	if (request->right < ADMIN_RIGHT_READ)
		refuse_right(answer, request, routed->context, ADMIN_RIGHT_READ);
	else if (path_known)
		route_problem(answer, 405, "this is not asked for in that way");
	else
		route_problem(answer, 404, "there is nothing of that name");
}

void route(const struct route_context *context, const struct route_request *request,
	struct route_answer *answer)
{
	struct routed routed = {.context = context, .request = request, .name = ""};
	struct evhttp_uri *uri = NULL;
	struct evkeyvalq query;
	const char *path, *query_text;

	*answer = (struct route_answer){0};
	TAILQ_INIT(&query);
	if (strlen(request->target) > ROUTE_TARGET_MAX) {
		route_problem(answer, 414, "that is too long");
		return;
	}
	uri = evhttp_uri_parse(request->target);
	path = uri != NULL ? evhttp_uri_get_path(uri) : NULL;
	query_text = uri != NULL ? evhttp_uri_get_query(uri) : NULL;
	if (path == NULL || evhttp_uri_get_host(uri) != NULL ||
		(query_text != NULL && query_text[0] != '\0' &&
			evhttp_parse_query_str(query_text, &query) != 0) ||
		!take_query(&routed, &query))
		route_problem(answer, 400, "the path or its query cannot be read");
	else
		dispatch(&routed, path, answer);
	evhttp_clear_headers(&query);
	if (uri != NULL)
		evhttp_uri_free(uri);
}
