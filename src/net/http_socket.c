/*
 * libcurl's sockets on the loop. It says that a connection need not be watched after each answer,
 * and that it must be after each request; a kernel's call each. What is idle stays watched instead.
 */
#include "net/http_private.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/alloc.h"

int http_socket_local_port(int fd)
{
	union {
		struct sockaddr any;
		struct sockaddr_in v4;
		struct sockaddr_in6 v6;
	} address;
	socklen_t size = sizeof(address);

	memset(&address, 0, sizeof(address));
	if (getsockname(fd, &address.any, &size) != 0)
		return 0;
	return ntohs(
		address.any.sa_family == AF_INET6 ? address.v6.sin6_port : address.v4.sin_port);
}

static struct http_socket *find(const struct http *http, int fd)
{
	return (size_t)fd < http->socket_room ? http->sockets[fd] : NULL;
}

static void forget(struct http_socket *socket)
{
	socket->http->sockets[socket->fd] = NULL;
	loop_watch_free(socket->watch);
	free(socket);
}

void http_sockets_forget(struct http *http)
{
	for (size_t fd = 0; fd < http->socket_room; fd++) {
		if (http->sockets[fd] != NULL)
			forget(http->sockets[fd]);
	}
	free(http->sockets);
}

static void watch(struct http_socket *socket, int events)
{
	if (socket->events == events)
		return;
	socket->events = events;
	loop_watch_change(socket->watch, events);
}

static void ready(void *context, int fd, int events)
{
	struct http_socket *socket = context;

	/* The peer closes it, say: libcurl sees that before it uses it again. */
	if (socket->wanted)
		http_act(socket->http, fd, events);
	else
		watch(socket, 0);
}

static struct http_socket *add(struct http *http, int fd)
{
	struct http_socket *socket = xcalloc(1, sizeof(*socket));
	size_t room = (size_t)fd + 1;

	if (room > http->socket_room) {
		http->sockets = xreallocarray(http->sockets, room, sizeof(struct http_socket *));
		while (http->socket_room < room)
			http->sockets[http->socket_room++] = NULL;
	}
	socket->http = http;
	socket->fd = fd;
	socket->watch = loop_watch_new(http->loop, fd, 0, ready, socket);
	http->sockets[fd] = socket;
	return socket;
}

/*
 * Whether FD is the connection on which the request of EASY goes out. Of others it is not told when
 * they are closed: a resolver's, or one of several on which a connection was tried.
 */
static bool is_connection(CURL *easy, int fd)
{
	const struct http_transfer *transfer = NULL;

	(void)curl_easy_getinfo(easy, CURLINFO_PRIVATE, &transfer);
	return transfer != NULL && transfer->on_connection && transfer->local_port > 0 &&
	       http_socket_local_port(fd) == transfer->local_port;
}

int http_socket_wanted(CURL *easy, curl_socket_t fd, int what, void *context, void *socket_context)
{
	struct http *http = context;
	struct http_socket *socket = find(http, fd);
	int events = 0;

	(void)socket_context;
	if (what == CURL_POLL_REMOVE) {
		if (socket == NULL)
			return 0;
		socket->wanted = false;
		socket->kept = socket->kept || is_connection(easy, fd);
		if (!socket->kept)
			forget(socket);
		return 0;
	}
	if (what == CURL_POLL_IN || what == CURL_POLL_INOUT)
		events |= LOOP_READ;
	if (what == CURL_POLL_OUT || what == CURL_POLL_INOUT)
		events |= LOOP_WRITE;
	if (socket == NULL)
		socket = add(http, fd);
	socket->wanted = true;
	watch(socket, events);
	return 0;
}

int http_socket_close(void *context, curl_socket_t fd)
{
	struct http_socket *socket = find(context, fd);

	if (socket != NULL)
		forget(socket);
	return close(fd);
}
