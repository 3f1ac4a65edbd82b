/* Keeping what is over from being sent: a transfer whose fence was passed writes nothing more. */
#include "net/http_private.h"

#include <sys/socket.h>

bool http_fence_over(const struct http_fence *fence, int64_t wall_ms, int64_t mono_ms)
{
	return fence != NULL && (wall_ms >= fence->wall_ms || mono_ms >= fence->mono_ms);
}

bool http_fence_passed(const struct http_transfer *transfer)
{
	const struct clock *clock = loop_clock(transfer->http->loop);

	return http_fence_over(transfer->fence, clock_wall_ms(clock), clock_mono_ms(clock));
}

/*
 * Closing is not enough: OpenSSL would first flush a record that was begun, and the kernel what is
 * in its queue. This resets the connection, empties the queue, and leaves a descriptor on which
 * every write fails.
 */
static void disconnect(int fd)
{
	const struct sockaddr nowhere = {.sa_family = AF_UNSPEC};

	if (connect(fd, &nowhere, sizeof(nowhere)) != 0)
		(void)shutdown(fd, SHUT_RDWR);
}

void http_fence_cut(struct http_transfer *transfer)
{
	const struct http *http = transfer->http;

	/* Nothing of the request has gone out, nor lies in a buffer. */
	if (!transfer->on_connection)
		return;
	for (size_t i = 0; i < http->socket_room; i++) {
		const struct http_socket *socket = http->sockets[i];

		if (socket == NULL || !socket->wanted)
			continue;
		/* Rather one too many than none, should libcurl not tell which it is. */
		if (transfer->local_port <= 0 ||
			http_socket_local_port(socket->fd) == transfer->local_port)
			disconnect(socket->fd);
	}
}

int http_fence_before_request(
	void *context, char *peer_address, char *local_address, int peer_port, int port)
{
	struct http_transfer *transfer = context;

	(void)peer_address;
	(void)local_address;
	(void)peer_port;
	if (http_fence_passed(transfer))
		return CURL_PREREQFUNC_ABORT;
	transfer->on_connection = true;
	transfer->local_port = port;
	return CURL_PREREQFUNC_OK;
}
