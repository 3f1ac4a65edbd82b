#include "ops/admin_private.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <event2/buffer.h>

#include "base/alloc.h"
#include "base/log.h"
#include "ops/route.h"

#define FORBIDDEN 403

/*
 * A connection's life: it is taken, or turned away, before a byte of it is read; the request has
 * its time, and so has the reading of its answer, after which the connection ends. Whatever a
 * client does, its time ends.
 */
static struct bufferevent *connection_taken(struct event_base *base, void *context);
static void look_at_newcomers(evutil_socket_t fd, short events, void *context);
static void time_is_over(evutil_socket_t fd, short events, void *context);
static void answer_request(struct evhttp_request *request, void *context);

/* libevent gives nothing only when memory has run out; base/alloc.h aborts then as well. */
static void *not_null(void *data)
{
	if (data == NULL)
		abort();
	return data;
}

void admin_http_begin(struct admin *admin)
{
	size_t i;

	for (i = 0; i < ADMIN_CONNECTIONS_MAX; i++) {
		struct admin_connection *connection = &admin->connections[i];

		connection->admin = admin;
		connection->fd = -1;
		connection->limit = not_null(evtimer_new(admin->base, time_is_over, connection));
	}
	admin->taken = not_null(event_new(admin->base, -1, 0, look_at_newcomers, admin));
	evhttp_set_max_headers_size(admin->http, ADMIN_HEADERS_MAX);
	evhttp_set_max_body_size(admin->http, ROUTE_BODY_MAX);
	/* Those that the router does not have are told so by it. */
	evhttp_set_allowed_methods(admin->http, EVHTTP_REQ_GET | EVHTTP_REQ_POST | EVHTTP_REQ_HEAD |
							EVHTTP_REQ_PUT | EVHTTP_REQ_DELETE |
							EVHTTP_REQ_PATCH | EVHTTP_REQ_OPTIONS);
	/* A second net under the limits of ours. */
	evhttp_set_timeout(admin->http,
		(int)((admin->options.request_ms + admin->options.answer_ms) / 1000 + 1));
	evhttp_set_bevcb(admin->http, connection_taken, admin);
	evhttp_set_gencb(admin->http, answer_request, admin);
}

void admin_http_end(struct admin *admin)
{
	size_t i;

	for (i = 0; i < admin->newcomer_count; i++)
		(void)bufferevent_decref(admin->newcomers[i].buffers);
	free(admin->newcomers);
	for (i = 0; i < ADMIN_CONNECTIONS_MAX; i++) {
		if (admin->connections[i].limit != NULL)
			event_free(admin->connections[i].limit);
	}
	if (admin->taken != NULL)
		event_free(admin->taken);
}

/* ---- connections ---- */

/* Its socket comes to be known when this has returned, and is looked at before it is read from. */
static struct bufferevent *connection_taken(struct event_base *base, void *context)
{
	struct admin *admin = context;
	struct bufferevent *newcomer = not_null(bufferevent_socket_new(base, -1, 0));

	/* As many as the kernel held ready; those that are too many are turned away in a moment. */
	admin->newcomers = xreallocarray(
		admin->newcomers, admin->newcomer_count + 1, sizeof(*admin->newcomers));
	bufferevent_incref(newcomer);
	admin->newcomers[admin->newcomer_count++].buffers = newcomer;
	event_active(admin->taken, EV_TIMEOUT, 0);
	return newcomer;
}

/* Whether FD is a socket, and which. */
static bool socket_of(int fd, ino_t *inode)
{
	struct stat status;

	if (fd < 0 || fstat(fd, &status) != 0 || !S_ISSOCK(status.st_mode))
		return false;
	*inode = status.st_ino;
	return true;
}

static bool is_open(const struct admin_connection *connection)
{
	ino_t inode;

	return connection->fd >= 0 && socket_of(connection->fd, &inode) &&
	       inode == connection->inode;
}

static void set_limit(struct admin_connection *connection, int64_t limit_ms)
{
	const struct timeval limit = {.tv_sec = (time_t)(limit_ms / 1000),
		.tv_usec = (suseconds_t)(limit_ms % 1000 * 1000)};

	if (event_add(connection->limit, &limit) != 0)
		abort(); /* for want of memory alone */
}

static void forget(struct admin_connection *connection)
{
	connection->fd = -1;
	(void)event_del(connection->limit);
}

/* Forgets those that are closed; how many are left, and a free place, or NULL. */
static size_t count_open(struct admin *admin, struct admin_connection **place)
{
	size_t i, count = 0;

	*place = NULL;
	for (i = 0; i < ADMIN_CONNECTIONS_MAX; i++) {
		struct admin_connection *connection = &admin->connections[i];

		if (is_open(connection)) {
			count++;
			continue;
		}
		forget(connection);
		*place = connection;
	}
	return count;
}

static struct admin_connection *find(struct admin *admin, int fd)
{
	size_t i;

	for (i = 0; i < ADMIN_CONNECTIONS_MAX; i++) {
		if (admin->connections[i].fd == fd && is_open(&admin->connections[i]))
			return &admin->connections[i];
	}
	return NULL;
}

/* The server sees the end of it, and closes it. */
static void cut(int fd)
{
	(void)shutdown(fd, SHUT_RDWR);
}

static void turn_away(int fd)
{
	static const char answer[] = "HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\n"
				     "Retry-After: 1\r\nContent-Length: 0\r\n\r\n";

	/* The buffer of a new connection takes it, or the client does without. */
	(void)!send(fd, answer, sizeof(answer) - 1, MSG_DONTWAIT | MSG_NOSIGNAL);
	cut(fd);
}

/* NULL, and it is turned away, when there are too many. */
static struct admin_connection *add(struct admin *admin, int fd)
{
	/* Whoever may do less leaves room for whoever may do more. */
	static const size_t most[] = {
		[ADMIN_RIGHT_NONE] = ADMIN_STRANGERS_MAX,
		[ADMIN_RIGHT_READ] = ADMIN_READERS_MAX,
		[ADMIN_RIGHT_CHANGE] = ADMIN_CONNECTIONS_MAX,
	};
	struct settings *settings = pulse_settings(admin->options.pulse);
	const struct config *config = settings_config(settings);
	const struct admin_rules rules = {
		.own = geteuid(),
		.read_group = config->admin_group,
		.change_group = config->admin_change_group,
	};
	struct admin_connection *connection;
	struct admin_peer peer;
	ino_t inode;
	size_t count = count_open(admin, &connection);

	admin_peer_look(fd, &rules, &peer);
	settings_unref(settings);
	if (connection == NULL || count >= most[peer.right] || !socket_of(fd, &inode)) {
		turn_away(fd);
		return NULL;
	}
	connection->fd = fd;
	connection->inode = inode;
	connection->peer = peer;
	set_limit(connection, admin->options.request_ms);
	return connection;
}

static void look_at_newcomers(evutil_socket_t fd, short events, void *context)
{
	struct admin *admin = context;
	size_t i;

	(void)fd;
	(void)events;
	for (i = 0; i < admin->newcomer_count; i++) {
		int newcomer = bufferevent_getfd(admin->newcomers[i].buffers);

		if (newcomer >= 0)
			(void)add(admin, newcomer);
		(void)bufferevent_decref(admin->newcomers[i].buffers);
	}
	admin->newcomer_count = 0;
}

static void time_is_over(evutil_socket_t fd, short events, void *context)
{
	struct admin_connection *connection = context;

	(void)fd;
	(void)events;
	if (is_open(connection)) {
		log_debug("admin socket: %s took too long", connection->peer.who);
		cut(connection->fd);
	}
	forget(connection);
}

/* ---- requests ---- */

static const char *method_name(enum evhttp_cmd_type type)
{
	switch ((unsigned)type) {
	case EVHTTP_REQ_GET:
		return "GET";
	case EVHTTP_REQ_POST:
		return "POST";
	default:
		return "";
	}
}

static const char *header(struct evhttp_request *request, const char *name)
{
	const char *value = evhttp_find_header(evhttp_request_get_input_headers(request), name);

	return value != NULL ? value : "";
}

/* Prometheus names both forms and likes this one better; who names none gets it, too. */
static bool wants_plain(const char *accept)
{
	return strstr(accept, "application/openmetrics-text") == NULL &&
	       strstr(accept, "text/plain") != NULL;
}

static void send_answer(struct evhttp_request *request, const struct route_answer *answer)
{
	struct evkeyvalq *headers = evhttp_request_get_output_headers(request);
	struct evbuffer *body = evhttp_request_get_output_buffer(request);

	if (evhttp_add_header(headers, "Content-Type", answer->content_type) != 0 ||
		evhttp_add_header(headers, "Cache-Control", "no-store") != 0 ||
		evhttp_add_header(headers, "Connection", "close") != 0 ||
		evbuffer_add(body, buffer_text(&answer->body), answer->body.length) != 0)
		abort(); /* for want of memory alone */
	evhttp_send_reply(request, answer->status, NULL, NULL);
}

static void ask_router(struct admin *admin, const struct admin_connection *connection,
	struct evhttp_request *request, struct route_answer *answer)
{
	struct evbuffer *input = evhttp_request_get_input_buffer(request);
	size_t length = evbuffer_get_length(input);
	unsigned char *body = length > 0 ? evbuffer_pullup(input, -1) : NULL;
	struct settings *settings = pulse_settings(admin->options.pulse);
	const struct route_context context = {
		.store = admin->store,
		.settings = settings,
		.clock = admin->options.clock,
		.pulse = admin->options.pulse,
		.metrics = admin->options.metrics,
		.kept = &admin->kept,
	};
	const struct route_request asked = {
		.method = method_name(evhttp_request_get_command(request)),
		.target = evhttp_request_get_uri(request),
		.body = body != NULL ? (const char *)body : "",
		.length = body != NULL ? length : 0,
		.who = connection->peer.who,
		.right = connection->peer.right,
		.wants_plain = wants_plain(header(request, "Accept")),
	};
	bool japanese = strncasecmp(header(request, "Accept-Language"), "ja", 2) == 0 &&
			admin->japanese != (locale_t)0;
	locale_t before = (locale_t)0;

	if (japanese)
		before = uselocale(admin->japanese);
	route(&context, &asked, answer);
	if (japanese)
		(void)uselocale(before);
	/* A record has a key in it. */
	if (body != NULL)
		explicit_bzero(body, length);
	settings_unref(settings);
}

static void answer_request(struct evhttp_request *request, void *context)
{
	struct admin *admin = context;
	int fd = bufferevent_getfd(
		evhttp_connection_get_bufferevent(evhttp_request_get_connection(request)));
	struct admin_connection *connection = find(admin, fd);
	struct route_answer answer = {0};

	if (connection == NULL)
		connection = add(admin, fd);
	if (connection == NULL) {
		/* It was turned away, and what it sent was on its way already. */
		evhttp_send_error(request, 503, NULL);
		return;
	}
	ask_router(admin, connection, request, &answer);
	if (answer.status == FORBIDDEN)
		admin_refusals_tell(&admin->refusals, &connection->peer,
			method_name(evhttp_request_get_command(request)),
			evhttp_request_get_uri(request), clock_mono_ms(admin->options.clock));
	set_limit(connection, admin->options.answer_ms);
	send_answer(request, &answer);
	buffer_free(&answer.body);
	if (answer.changed)
		pulse_poke(admin->options.pulse);
}
