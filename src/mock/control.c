#include <json-c/json.h>
#include <string.h>

#include "mock/server_private.h"

/* What one answer carries at most; a test with a longer ledger reads its file. */
#define LEDGER_ANSWER_MAX ((size_t)256 * 1024 * 1024)

static void faults_put(struct server *server, struct evhttp_request *request, struct answer *answer)
{
	struct slice body = server_body(request);
	struct error error;

	if (faults_load(server->parts.faults, body.data, body.length, &error))
		answer->status = 204;
	else
		answer_problem(answer, 400, "%s", error.text);
}

static void feed_record_put(
	struct server *server, struct evhttp_request *request, struct answer *answer)
{
	struct slice body = server_body(request);
	int64_t sequence = feed_put(server->parts.feed, body.data, body.length);
	struct json_object *object;

	if (sequence == 0) {
		answer_problem(answer, 400, "not JSON");
		return;
	}
	object = json_object_new_object();
	json_object_object_add(object, "sequence", json_object_new_int64(sequence));
	answer_json(answer, 200, object);
}

static void ledger_get(struct server *server, struct answer *answer)
{
	struct error error;

	if (!ledger_read(server->parts.ledger, LEDGER_ANSWER_MAX, &answer->body, &error)) {
		answer_problem(answer, 500, "%s", error.text);
		return;
	}
	answer->status = 200;
	answer->content_type = "application/x-ndjson";
}

static void stats_get(struct server *server, struct answer *answer)
{
	struct json_object *object = json_object_new_object();
	struct json_object *services = json_object_new_object();
	size_t i;

	for (i = 0; i < MOCK_SERVICE_COUNT; i++) {
		const struct service_counts *counts = &server->counts[i];
		struct json_object *one = json_object_new_object();

		json_object_object_add(one, "requests", json_object_new_int64(counts->requests));
		json_object_object_add(one, "effects", json_object_new_int64(counts->effects));
		json_object_object_add(one, "replays", json_object_new_int64(counts->replays));
		json_object_object_add(one, "faults", json_object_new_int64(counts->faults));
		json_object_object_add(services, mock_service_name((enum mock_service)i), one);
	}
	json_object_object_add(object, "installed",
		json_object_new_int64(
			(int64_t)installed_count(services_installed(server->parts.services))));
	json_object_object_add(object, "services", services);
	answer_json(answer, 200, object);
}

void control_handle(struct server *server, struct evhttp_request *request, const char *method,
	const char *path, struct answer *answer)
{
	bool get = strcmp(method, "GET") == 0;

	if (get && strcmp(path, "/control/ledger") == 0) {
		ledger_get(server, answer);
	} else if (get && strcmp(path, "/control/stats") == 0) {
		stats_get(server, answer);
	} else if (strcmp(path, "/control/faults") == 0 && strcmp(method, "PUT") == 0) {
		faults_put(server, request, answer);
	} else if (strcmp(path, "/control/faults") == 0 && strcmp(method, "DELETE") == 0) {
		faults_clear(server->parts.faults);
		answer->status = 204;
	} else if (get && strcmp(path, "/control/feed") == 0) {
		answer->status = 200;
		answer->content_type = "application/x-ndjson";
		feed_ledger(server->parts.feed, &answer->body);
	} else if (strcmp(path, "/control/feed") == 0 && strcmp(method, "PUT") == 0) {
		feed_record_put(server, request, answer);
	} else {
		answer_problem(answer, 404, "the control API has faults, feed, ledger and stats");
	}
}
