#include "mock/services.h"

#include <event2/http.h>
#include <event2/keyvalq_struct.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/civil.h"
#include "mock/services_private.h"

struct services *services_new(const struct services_options *options)
{
	struct services *services = xcalloc(1, sizeof(*services));

	services->options = *options;
	services->pool = pool_new();
	services->installed = installed_new(services->pool);
	services->replay = replay_new();
	services->requests = table_new();
	return services;
}

static void request_free(void *context, void *value)
{
	(void)context;
	free(value);
}

void services_free(struct services *services)
{
	if (services == NULL)
		return;
	table_free(services->requests, request_free, NULL);
	replay_free(services->replay);
	installed_free(services->installed);
	pool_free(services->pool);
	free(services);
}

struct installed *services_installed(struct services *services)
{
	return services->installed;
}

static struct json_object *object_with(const char *key, const char *value)
{
	struct json_object *object = json_object_new_object();

	json_object_object_add(object, key, json_object_new_string(value));
	return object;
}

/* Notes a request of idgw, to be asked for by its id. */
static void request_accept(struct services *services, const struct install_request *request,
	const struct install_report *report, struct answer *answer)
{
	struct pending_request *pending = xcalloc(1, sizeof(*pending));
	struct json_object *object;
	char id[32];

	snprintf(id, sizeof(id), "req-%06zu", table_count(services->requests) + 1);
	memcpy(pending->code, request->route->code, sizeof(pending->code));
	memcpy(pending->fqdn, report->fqdn, sizeof(pending->fqdn));
	memcpy(pending->fingerprint, report->fingerprint, sizeof(pending->fingerprint));
	pending->ready_at_ms = request->now_ms + services->options.idgw_delay_ms;
	pending->fails = request->request_fails;
	table_set(services->requests, id, strlen(id), pending);
	object = object_with("id", id);
	json_object_object_add(object, "status", json_object_new_string("pending"));
	answer_json(answer, 202, object);
	snprintf(answer->location, sizeof(answer->location), "/idgw/%s/certificate-requests/%s",
		request->route->code, id);
}

/* The answer in the service's own style. */
static void answer_installed(struct services *services, const struct install_request *request,
	const struct install_report *report, bool first, struct answer *answer)
{
	enum mock_service service = request->route->service;

	if (service == MOCK_CLOUD_HOSTING) {
		answer->status = 204;
		snprintf(answer->etag, sizeof(answer->etag), "\"%s\"", report->fingerprint);
	} else if (service == MOCK_GIO_CA && services->options.async) {
		answer_json(answer, 202, object_with("status", "spreading"));
	} else if (service == MOCK_IDGW && services->options.async) {
		request_accept(services, request, report, answer);
	} else {
		answer_json(answer, service == MOCK_DOCEX && first ? 201 : 200,
			object_with("fingerprint_sha256", report->fingerprint));
	}
}

static int64_t spread_ms(const struct services *services, enum mock_service service)
{
	if (!services->options.async)
		return 0;
	if (service == MOCK_GIO_CA)
		return services->options.gio_spread_ms;
	return service == MOCK_IDGW ? services->options.idgw_delay_ms : 0;
}

static void install_effect(struct services *services, const struct install_request *request,
	struct bundle *bundle, struct answer *answer, struct install_report *report)
{
	const struct route *route = request->route;
	struct installed_spread spread;
	bool first = false;

	if (!request->request_fails) {
		spread.live_at_ms = request->now_ms + spread_ms(services, route->service) +
				    request->edge_old_ms;
		spread.wrong = request->edge_wrong;
		first = installed_put(services->installed, route->service, route->code,
			report->fqdn, bundle, request->now_ms, &spread);
		report->effect = true;
	}
	answer_installed(services, request, report, first, answer);
}

void services_install(struct services *services, const struct install_request *request,
	struct answer *answer, struct install_report *report)
{
	struct bundle bundle = {0};
	struct error error;
	char contents[ROUTE_SEGMENT_MAX + FINGERPRINT_TEXT_MAX + 1];

	memset(report, 0, sizeof(*report));
	if (!services_read_body(services, request, report->fqdn, &bundle, answer))
		return;
	memcpy(report->fingerprint, bundle.fingerprint, sizeof(report->fingerprint));
	snprintf(contents, sizeof(contents), "%s %s", report->fqdn, report->fingerprint);
	switch (replay_find(
		services->replay, request->path, request->idempotency_key, contents, answer)) {
	case REPLAY_SAME:
		break;
	case REPLAY_CONFLICT:
		answer_problem(answer, 422,
			"this Idempotency-Key came before with another certificate or host name");
		break;
	case REPLAY_NEW:
		if (!bundle_check(&bundle, report->fqdn, request->route->service == MOCK_GIO_CA,
			    &error)) {
			answer_problem(answer, 422, "%s", error.text);
			break;
		}
		install_effect(services, request, &bundle, answer, report);
		replay_keep(services->replay, request->path, request->idempotency_key, contents,
			answer);
		break;
	}
	bundle_clear(services->pool, &bundle);
}

void services_peek(struct services *services, const struct install_request *request,
	struct install_report *report)
{
	struct bundle bundle = {0};
	struct answer ignored = {0};

	memset(report, 0, sizeof(*report));
	if (services_read_body(services, request, report->fqdn, &bundle, &ignored))
		memcpy(report->fingerprint, bundle.fingerprint, sizeof(report->fingerprint));
	bundle_clear(services->pool, &bundle);
	answer_clear(&ignored);
}

/* The host name of a query such as "host=www.example.jp"; "" when there is none. */
static void query_host(const char *query, enum mock_service service, char fqdn[ROUTE_SEGMENT_MAX])
{
	struct evkeyvalq parameters;
	const char *host;
	size_t i;

	if (query == NULL || evhttp_parse_query_str(query, &parameters) != 0)
		return;
	host = evhttp_find_header(&parameters, service == MOCK_WEBHG2 ? "host" : "fqdn");
	if (host != NULL && strlen(host) < ROUTE_SEGMENT_MAX) {
		for (i = 0; host[i] != '\0'; i++)
			fqdn[i] = (char)(host[i] >= 'A' && host[i] <= 'Z' ? host[i] - 'A' + 'a'
									  : host[i]);
		fqdn[i] = '\0';
	}
	evhttp_clear_headers(&parameters);
}

static void request_show(
	struct services *services, const struct route *route, int64_t now_ms, struct answer *answer)
{
	const struct pending_request *pending =
		table_get(services->requests, route->id, strlen(route->id));
	struct json_object *object;

	if (pending == NULL || strcmp(pending->code, route->code) != 0) {
		answer_problem(answer, 404, "there is no such request");
		return;
	}
	if (now_ms < pending->ready_at_ms) {
		answer_json(answer, 200, object_with("status", "pending"));
		snprintf(answer->retry_after, sizeof(answer->retry_after), "1");
		return;
	}
	object = object_with("status", pending->fails ? "failed" : "done");
	if (pending->fails)
		json_object_object_add(object, "reason",
			json_object_new_string("the identity gateway did not take it"));
	else
		json_object_object_add(
			object, "fingerprint_sha256", json_object_new_string(pending->fingerprint));
	answer_json(answer, 200, object);
}

static void version_show(
	const struct installed_version *version, const char *fqdn, struct answer *answer)
{
	struct json_object *object = object_with("fingerprint_sha256", version->fingerprint);
	char text[CIVIL_INSTANT_MAX];

	civil_format_instant(text, version->not_after_ms, 0);
	json_object_object_add(object, "not_after", json_object_new_string(text));
	json_object_object_add(object, "fqdn", json_object_new_string(fqdn));
	civil_format_instant(text, version->installed_at_ms, 0);
	json_object_object_add(object, "installed_at", json_object_new_string(text));
	answer_json(answer, 200, object);
}

void services_query(struct services *services, const struct route *route, const char *query,
	int64_t now_ms, struct answer *answer)
{
	const struct installed_version *version;
	char fqdn[ROUTE_SEGMENT_MAX];
	bool live = true;

	if (route->operation == ROUTE_REQUEST) {
		request_show(services, route, now_ms, answer);
		return;
	}
	memcpy(fqdn, route->fqdn, sizeof(fqdn));
	if (fqdn[0] == '\0')
		query_host(query, route->service, fqdn);
	version = installed_find(
		services->installed, route->service, route->code, fqdn, now_ms, &live);
	if (version == NULL)
		answer_problem(answer, 404, "no certificate is installed there");
	else if (route->operation == ROUTE_STATUS)
		answer_json(answer, 200, object_with("status", live ? "done" : "spreading"));
	else
		version_show(version, fqdn, answer);
}
