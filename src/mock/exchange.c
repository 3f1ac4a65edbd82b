#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/bufferevent_ssl.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/alloc.h"
#include "base/file.h"
#include "mock/server_private.h"

/*
 * One request to a service under way. It reads from top to bottom: start, (wait), perform, (wait),
 * deliver. Each wait is a timer, since a connection may not be freed while its request is handled,
 * and each looks first whether the client is still there.
 */
struct exchange {
	LIST_ENTRY(exchange) entry;
	struct server *server;
	struct evhttp_request *request;
	struct event *timer;
	struct route route;
	struct fault_rule rule; /* kind FAULT_NONE: no fault */
	struct answer answer;
	int64_t sent;
	bool written; /* all of a stream that was handed over, and libevent said so */
};

#define STALL_LOOK_MS 500
#define STREAM_LOOK_MS 1
#define STREAM_AHEAD_MAX ((size_t)1024 * 1024)
#define DRIP_MS_DEFAULT 1000
#define ANSWER_FILE_MAX ((size_t)64 * 1024 * 1024)

static void on_perform(evutil_socket_t fd, short what, void *context);
static void on_deliver(evutil_socket_t fd, short what, void *context);
static void on_stall(evutil_socket_t fd, short what, void *context);
static void on_stream(evutil_socket_t fd, short what, void *context);

static void exchange_free(struct exchange *exchange)
{
	LIST_REMOVE(exchange, entry);
	if (exchange->timer != NULL)
		event_free(exchange->timer);
	answer_clear(&exchange->answer);
	free(exchange);
}

/* True when the client has gone; the exchange is over then. */
static bool exchange_deserted(struct exchange *exchange)
{
	if (evhttp_request_get_connection(exchange->request) != NULL)
		return false;
	evhttp_request_free(exchange->request);
	exchange_free(exchange);
	return true;
}

static void exchange_wait(struct exchange *exchange, int64_t ms, event_callback_fn then)
{
	struct timeval time = {
		.tv_sec = (time_t)(ms / 1000), .tv_usec = (suseconds_t)(ms % 1000 * 1000)};

	if (exchange->timer != NULL)
		event_free(exchange->timer);
	exchange->timer = evtimer_new(exchange->server->parts.base, then, exchange);
	evtimer_add(exchange->timer, &time);
}

/* Ends the connection; with RESET the peer gets an RST in place of an orderly end. */
static void exchange_hang_up(struct exchange *exchange, bool reset)
{
	struct evhttp_connection *connection = evhttp_request_get_connection(exchange->request);
	struct sockaddr nowhere = {.sa_family = AF_UNSPEC};
	evutil_socket_t fd = bufferevent_getfd(evhttp_connection_get_bufferevent(connection));

	/* Dissolving a TCP association sends the reset at once, before any close_notify. */
	if (reset)
		(void)connect(fd, &nowhere, sizeof(nowhere));
	evhttp_connection_free(connection);
	exchange_free(exchange);
}

/* Sends bytes past the HTTP server; little enough for the socket's buffer. */
static void exchange_send_raw(struct exchange *exchange, const void *data, size_t length)
{
	struct evhttp_connection *connection = evhttp_request_get_connection(exchange->request);
	SSL *ssl = bufferevent_openssl_get_ssl(evhttp_connection_get_bufferevent(connection));

	if (ssl != NULL && length > 0)
		(void)SSL_write(ssl, data, (int)length);
}

static void exchange_send_half(struct exchange *exchange)
{
	const struct answer *answer = &exchange->answer;
	struct buffer raw = {0};

	buffer_printf(&raw, "HTTP/1.1 %d OK\r\n", answer->status);
	if (answer->body.length == 0) {
		exchange_send_raw(exchange, raw.data, raw.length / 2);
	} else {
		buffer_printf(&raw, "Content-Type: %s\r\nContent-Length: %zu\r\n\r\n",
			answer->content_type, answer->body.length);
		buffer_append(&raw, answer->body.data, answer->body.length / 2);
		exchange_send_raw(exchange, raw.data, raw.length);
	}
	buffer_free(&raw);
}

/* Whatever it holds: what a test wants to see read. */
static void exchange_answer_file(struct exchange *exchange)
{
	const struct fault_rule *rule = &exchange->rule;
	struct answer *answer = &exchange->answer;
	struct error error;

	answer_clear(answer);
	if (!file_read(rule->path, ANSWER_FILE_MAX, &answer->body, &error)) {
		answer_problem(answer, 500, "%s", error.text);
		return;
	}
	answer->status = 200;
	answer->content_type = "application/json";
	snprintf(answer->encoding, sizeof(answer->encoding), "%s", rule->encoding);
}

/* What faults do to the answer. */
static void exchange_bend(struct exchange *exchange)
{
	const struct fault_rule *rule = &exchange->rule;
	struct answer *answer = &exchange->answer;

	if (rule->kind == FAULT_STATUS) {
		answer_clear(answer);
		answer->status = rule->status;
		if (rule->status >= 400)
			answer_problem(answer, rule->status, "as the fault script has it");
		snprintf(answer->retry_after, sizeof(answer->retry_after), "%s", rule->retry_after);
	} else if (rule->kind == FAULT_REDIRECT) {
		answer_clear(answer);
		answer->status = 307;
		snprintf(answer->location, sizeof(answer->location), "%s", rule->location);
	} else if (rule->kind == FAULT_FILE) {
		exchange_answer_file(exchange);
	}
}

static void exchange_record(struct exchange *exchange, const struct install_report *report)
{
	struct server *server = exchange->server;
	struct service_counts *counts = &server->counts[exchange->route.service];
	struct ledger_entry entry = {
		.service = mock_service_name(exchange->route.service),
		.code = exchange->route.code,
		.fqdn = report->fqdn,
		.idempotency_key = evhttp_find_header(
			evhttp_request_get_input_headers(exchange->request), "Idempotency-Key"),
		.fingerprint = report->fingerprint,
		.effect = report->effect,
		.replayed = exchange->answer.replayed,
		.status = exchange->answer.status,
	};

	if (exchange->rule.kind != FAULT_NONE)
		entry.fault = fault_name(exchange->rule.kind);
	counts->effects += report->effect;
	counts->replays += exchange->answer.replayed;
	ledger_append(server->parts.ledger, clock_wall_ms(server->parts.clock), &entry);
}

static void exchange_query(struct exchange *exchange)
{
	const struct server_parts *parts = &exchange->server->parts;
	const struct evhttp_uri *uri = evhttp_request_get_evhttp_uri(exchange->request);

	if (exchange->route.operation == ROUTE_FEED)
		feed_answer(parts->feed, evhttp_uri_get_query(uri),
			evhttp_find_header(evhttp_request_get_input_headers(exchange->request),
				"If-None-Match"),
			&exchange->rule, &exchange->answer);
	else
		services_query(parts->services, &exchange->route, evhttp_uri_get_query(uri),
			clock_wall_ms(parts->clock), &exchange->answer);
	exchange_bend(exchange);
}

/* The effect, unless the fault keeps it away, and its line in the ledger. */
static void exchange_perform(struct exchange *exchange)
{
	const struct fault_rule *rule = &exchange->rule;
	struct evkeyvalq *headers = evhttp_request_get_input_headers(exchange->request);
	struct install_request install = {
		.route = &exchange->route,
		.path = evhttp_uri_get_path(evhttp_request_get_evhttp_uri(exchange->request)),
		.content_type = evhttp_find_header(headers, "Content-Type"),
		.idempotency_key = evhttp_find_header(headers, "Idempotency-Key"),
		.body = server_body(exchange->request),
		.now_ms = clock_wall_ms(exchange->server->parts.clock),
		.edge_old_ms = rule->kind == FAULT_EDGE_OLD ? rule->delay_ms : 0,
		.edge_wrong = rule->kind == FAULT_EDGE_WRONG,
		.request_fails = rule->kind == FAULT_REQUEST_FAILS,
	};
	struct install_report report;

	if (exchange->route.operation != ROUTE_INSTALL) {
		exchange_query(exchange);
		return;
	}
	if (rule->kind == FAULT_NONE || rule->effect || install.request_fails)
		services_install(
			exchange->server->parts.services, &install, &exchange->answer, &report);
	else
		services_peek(exchange->server->parts.services, &install, &report);
	exchange_bend(exchange);
	exchange_record(exchange, &report);
}

static void exchange_deliver(struct exchange *exchange)
{
	static const char garbage[] = "\x16\x03\x01\xff\xfe nonsense \x80\x81\r\n\r\n\x1b[2J";
	struct evhttp_request *request = exchange->request;
	enum fault_kind kind = exchange->rule.kind;

	if (exchange_deserted(exchange))
		return;
	if (kind == FAULT_RESET_BEFORE || kind == FAULT_RESET_AFTER) {
		exchange_hang_up(exchange, true);
	} else if (kind == FAULT_REFUSE) {
		exchange_hang_up(exchange, false);
	} else if (kind == FAULT_CUT) {
		exchange_send_half(exchange);
		exchange_hang_up(exchange, false);
	} else if (kind == FAULT_GARBAGE) {
		exchange_send_raw(exchange, garbage, sizeof(garbage) - 1);
		exchange_hang_up(exchange, false);
	} else if (kind == FAULT_STALL) {
		exchange_wait(exchange, STALL_LOOK_MS, on_stall);
	} else if (kind == FAULT_BIG || kind == FAULT_DRIP) {
		evhttp_add_header(evhttp_request_get_output_headers(request), "Content-Type",
			"application/json");
		evhttp_send_reply_start(request, 200, NULL);
		exchange_wait(exchange, 0, on_stream);
	} else {
		server_send(request, &exchange->answer);
		exchange_free(exchange);
	}
}

/* True when this second's share of WAF installs is used up. */
static bool rate_exceeded(struct server *server, enum mock_service service)
{
	int64_t second = clock_mono_ms(server->parts.clock) / 1000;

	if (server->options.waf_rate == 0 || (service != MOCK_WAF && service != MOCK_WAF_GROUP))
		return false;
	if (second != server->rate_second) {
		server->rate_second = second;
		server->rate_used = 0;
	}
	return ++server->rate_used > server->options.waf_rate;
}

/* Turns the install away without a look at its body. */
static void exchange_limit(struct exchange *exchange)
{
	struct install_report report = {0};

	memcpy(report.fqdn, exchange->route.fqdn, sizeof(report.fqdn));
	answer_problem(&exchange->answer, 429, "too many installs in one second");
	snprintf(exchange->answer.retry_after, sizeof(exchange->answer.retry_after), "1");
	exchange_record(exchange, &report);
	exchange_deliver(exchange);
}

void exchange_start(
	struct server *server, struct evhttp_request *request, const struct route *route)
{
	struct exchange *exchange = xcalloc(1, sizeof(*exchange));
	bool installs = route->operation == ROUTE_INSTALL;
	const struct fault_rule *rule =
		installs ? faults_next(server->parts.faults, route->service)
			 : faults_next_query(server->parts.faults, route->service);

	LIST_INSERT_HEAD(&server->exchanges, exchange, entry);
	exchange->server = server;
	exchange->request = request;
	exchange->route = *route;
	server->counts[route->service].requests += installs;
	if (installs && rate_exceeded(server, route->service)) {
		exchange_limit(exchange);
		return;
	}
	if (rule != NULL) {
		exchange->rule = *rule;
		server->counts[route->service].faults++;
	}
	switch (exchange->rule.kind) {
	case FAULT_NONE:
	case FAULT_EDGE_OLD:
	case FAULT_EDGE_WRONG:
	case FAULT_REQUEST_FAILS:
	case FAULT_PAGE_REPEAT:
	case FAULT_PAGE_REORDER:
	case FAULT_PAGE_CUT:
	case FAULT_PAGE_JUMP_BACK:
	case FAULT_PAGE_OVERSIZE:
		exchange_perform(exchange);
		exchange_deliver(exchange);
		break;
	case FAULT_DELAY_BEFORE:
		exchange_wait(exchange, exchange->rule.delay_ms, on_perform);
		break;
	case FAULT_DRIP:
		exchange_perform(exchange);
		exchange_wait(exchange, 0, on_deliver);
		break;
	case FAULT_STATUS:
	case FAULT_FILE:
	case FAULT_DELAY:
	case FAULT_RESET_BEFORE:
	case FAULT_RESET_AFTER:
	case FAULT_CUT:
	case FAULT_GARBAGE:
	case FAULT_REFUSE:
	case FAULT_STALL:
	case FAULT_REDIRECT:
	case FAULT_BIG:
		exchange_perform(exchange);
		exchange_wait(exchange, exchange->rule.delay_ms, on_deliver);
		break;
	}
}

void exchange_drop_all(struct server *server)
{
	struct exchange *exchange, *next;

	for (exchange = LIST_FIRST(&server->exchanges); exchange != NULL; exchange = next) {
		next = LIST_NEXT(exchange, entry);
		if (!exchange_deserted(exchange))
			exchange_free(exchange);
	}
}

static void on_perform(evutil_socket_t fd, short what, void *context)
{
	struct exchange *exchange = context;

	(void)fd;
	(void)what;
	exchange_perform(exchange);
	exchange_deliver(exchange);
}

static void on_deliver(evutil_socket_t fd, short what, void *context)
{
	(void)fd;
	(void)what;
	exchange_deliver(context);
}

static void on_stall(evutil_socket_t fd, short what, void *context)
{
	struct exchange *exchange = context;

	(void)fd;
	(void)what;
	if (!exchange_deserted(exchange))
		exchange_wait(exchange, STALL_LOOK_MS, on_stall);
}

/*
 * What libevent tells of an emptied buffer comes a turn late, and what was added meanwhile would be
 * taken for written: a stream's end, with which the HTTP server stops writing, would never go out.
 * Here nothing of the kind is outstanding any more where the buffer is empty.
 */
static void on_written(struct evhttp_connection *connection, void *context)
{
	struct exchange *exchange = context;
	struct bufferevent *events = evhttp_connection_get_bufferevent(connection);

	exchange->written = evbuffer_get_length(bufferevent_get_output(events)) == 0;
}

static void exchange_stream_more(struct exchange *exchange, size_t most)
{
	struct evbuffer *chunk = evbuffer_new();
	char block[64 * 1024];
	size_t length, added = 0;

	memset(block, ' ', sizeof(block));
	while (exchange->sent < exchange->rule.size && added < most) {
		length = most - added < sizeof(block) ? most - added : sizeof(block);
		if ((int64_t)length > exchange->rule.size - exchange->sent)
			length = (size_t)(exchange->rule.size - exchange->sent);
		evbuffer_add(chunk, block, length);
		added += length;
		exchange->sent += (int64_t)length;
	}
	exchange->written = false;
	evhttp_send_reply_chunk_with_cb(exchange->request, chunk, on_written, exchange);
	evbuffer_free(chunk);
}

/* Adds to a streamed answer when its client has taken what there was; the end goes alone. */
static void on_stream(evutil_socket_t fd, short what, void *context)
{
	struct exchange *exchange = context;
	const struct fault_rule *rule = &exchange->rule;
	bool drip = rule->kind == FAULT_DRIP;
	int64_t pause_ms = drip ? DRIP_MS_DEFAULT : STREAM_LOOK_MS;

	(void)fd;
	(void)what;
	if (exchange_deserted(exchange))
		return;
	if (drip && rule->delay_ms > 0)
		pause_ms = rule->delay_ms;
	if (exchange->sent == 0 || (exchange->written && exchange->sent < rule->size)) {
		exchange_stream_more(exchange, drip ? 1 : STREAM_AHEAD_MAX);
	} else if (exchange->written) {
		evhttp_send_reply_end(exchange->request);
		exchange_free(exchange);
		return;
	}
	exchange_wait(exchange, pause_ms, on_stream);
}
