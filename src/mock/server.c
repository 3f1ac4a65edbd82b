#include "mock/server.h"

#include <event2/buffer.h>
#include <event2/bufferevent_ssl.h>
#include <event2/keyvalq_struct.h>
#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "mock/server_private.h"

void server_send(struct evhttp_request *request, struct answer *answer)
{
	struct evkeyvalq *headers = evhttp_request_get_output_headers(request);
	struct evbuffer *body = evbuffer_new();

	if (answer->content_type != NULL && answer->body.length > 0)
		evhttp_add_header(headers, "Content-Type", answer->content_type);
	if (answer->location[0] != '\0')
		evhttp_add_header(headers, "Location", answer->location);
	if (answer->encoding[0] != '\0')
		evhttp_add_header(headers, "Content-Encoding", answer->encoding);
	if (answer->etag[0] != '\0')
		evhttp_add_header(headers, "ETag", answer->etag);
	if (answer->retry_after[0] != '\0')
		evhttp_add_header(headers, "Retry-After", answer->retry_after);
	if (answer->replayed)
		evhttp_add_header(headers, "Idempotent-Replayed", "true");
	if (answer->status == 401)
		evhttp_add_header(headers, "WWW-Authenticate", "Bearer");
	if (answer->body.length > 0)
		evbuffer_add(body, answer->body.data, answer->body.length);
	evhttp_send_reply(request, answer->status, NULL, body);
	evbuffer_free(body);
	answer_clear(answer);
}

struct slice server_body(struct evhttp_request *request)
{
	struct evbuffer *input = evhttp_request_get_input_buffer(request);
	struct slice body = {"", evbuffer_get_length(input)};

	if (body.length > 0)
		body.data = (const char *)evbuffer_pullup(input, -1);
	return body;
}

static const char *method_name(enum evhttp_cmd_type method)
{
	switch ((unsigned)method) {
	case EVHTTP_REQ_GET:
		return "GET";
	case EVHTTP_REQ_PUT:
		return "PUT";
	case EVHTTP_REQ_POST:
		return "POST";
	case EVHTTP_REQ_DELETE:
		return "DELETE";
	default:
		return "";
	}
}

static bool authorised(const struct server *server, struct evhttp_request *request)
{
	const char *value =
		evhttp_find_header(evhttp_request_get_input_headers(request), "Authorization");
	size_t length = strlen(server->options.token);

	return value != NULL && strncmp(value, "Bearer ", 7) == 0 && strlen(value + 7) == length &&
	       CRYPTO_memcmp(value + 7, server->options.token, length) == 0;
}

static bool has_client_certificate(struct evhttp_request *request)
{
	struct evhttp_connection *connection = evhttp_request_get_connection(request);
	SSL *ssl;

	if (connection == NULL)
		return false;
	ssl = bufferevent_openssl_get_ssl(evhttp_connection_get_bufferevent(connection));
	return ssl != NULL && SSL_get0_peer_certificate(ssl) != NULL;
}

static bool is_waf(const struct route *route)
{
	return route->operation != ROUTE_NONE &&
	       (route->service == MOCK_WAF || route->service == MOCK_WAF_GROUP);
}

static bool wants_client_certificate(const struct server *server, const struct route *route)
{
	if (route->operation == ROUTE_FEED)
		return server->options.feed_client_certificate;
	return server->options.client_certificate && is_waf(route);
}

static void on_request(struct evhttp_request *request, void *context)
{
	struct server *server = context;
	const struct evhttp_uri *uri = evhttp_request_get_evhttp_uri(request);
	const char *path = uri == NULL ? NULL : evhttp_uri_get_path(uri);
	const char *method = method_name(evhttp_request_get_command(request));
	struct answer answer = {0};
	struct route route;

	if (path == NULL)
		path = "";
	route_parse(method, path, &route);
	if (!authorised(server, request)) {
		answer_problem(&answer, 401, "a bearer token is wanted");
	} else if (strncmp(path, "/control/", 9) == 0) {
		control_handle(server, request, method, path, &answer);
	} else if (wants_client_certificate(server, &route) && !has_client_certificate(request)) {
		answer_problem(&answer, 403, "a client certificate is wanted");
	} else if (route.operation == ROUTE_NONE) {
		answer_problem(&answer, 404, "there is nothing at this path");
	} else if (route.operation == ROUTE_METHOD) {
		answer_problem(&answer, 405, "this path takes another method");
	} else {
		exchange_start(server, request, &route);
		return;
	}
	server_send(request, &answer);
}

bool server_new(const struct server_parts *parts, const struct server_options *options,
	SSL_CTX *tls, struct server **server, struct error *error)
{
	struct server *made = xcalloc(1, sizeof(*made));

	made->parts = *parts;
	made->options = *options;
	LIST_INIT(&made->exchanges);
	if (!listener_open(
		    &made->listener, parts->base, options->address, tls, on_request, made, error)) {
		free(made);
		return false;
	}
	*server = made;
	return true;
}

void server_free(struct server *server)
{
	if (server == NULL)
		return;
	exchange_drop_all(server);
	listener_close(&server->listener);
	free(server);
}

const char *server_address(const struct server *server)
{
	return server->listener.address;
}
