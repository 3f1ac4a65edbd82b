#ifndef NET_HTTP_H
#define NET_HTTP_H

#include <stdint.h>

#include "base/error.h"
#include "net/http_message.h"
#include "net/loop.h"

/*
 * HTTPS on the loop by libcurl's multi interface. Connections are kept while there is work, and
 * closed some seconds after its end; HTTP/2 where the server has it; TLS 1.2 at least; certificates
 * are always verified; redirects are never followed (a 3xx is an answer like any other); https
 * alone; no proxy from the environment; no Expect: 100-continue.
 */
struct http;
struct http_transfer;

/*
 * Until when a request may be sent, by both clocks; whoever made it may move it while the transfer
 * runs. At or after either instant not a byte more goes out: the connection is reset, whatever lies
 * unsent in libcurl, OpenSSL or the kernel is dropped, and the callback runs with HTTP_CANCELLED.
 * This is looked at before all that could write, not by a timer: a transfer that has nothing to
 * write may wait for its answer beyond it, until something happens on any connection.
 */
struct http_fence {
	int64_t wall_ms;
	int64_t mono_ms;
};

/* How one peer is spoken to; strings borrowed for as long as transfers to it may start. */
struct http_peer {
	const char *ca_file;		/* PEM; NULL: the system's */
	const char *client_certificate; /* PEM file; NULL: none */
	const char *client_key;		/* PEM file; NULL: in client_certificate */
	int64_t connect_timeout_ms;	/* 0: 10 s */
	int64_t total_timeout_ms;	/* 0: 60 s */
	/* 0: 20 s without a byte either way; noticed after once to twice as long */
	int64_t stall_timeout_ms;
	size_t answer_max; /* 0: 64 KiB; counted as it arrives, whatever its headers said */
	bool http1_only;
	const struct http_fence *fence; /* NULL: none; borrowed until the callback has run */
};

/*
 * Called once per process before http_new and before any thread is started: wiping allocators,
 * libcurl's global state (which sets OpenSSL up, so after pki_init_process). Takes SSLKEYLOGFILE
 * out of the environment: with the secrets that libcurl would write there, private keys could be
 * read off the wire. A second call does nothing.
 */
void http_init_process(void);

/* Internal error. CONNECTIONS bounds how many are kept open over all peers. */
bool must_check http_new(
	struct loop *loop, size_t connections, struct http **http, struct error *error);
/*
 * Cancels what is in flight (callbacks run with HTTP_CANCELLED; they must start nothing new) and
 * frees. Not from within a callback of HTTP's own.
 */
void http_free(struct http *http);

typedef void http_callback(void *context, struct http_answer *answer);

/*
 * Starts a transfer. REQUEST is borrowed until the callback has run: the body is sent from where it
 * lies. The callback runs once, from the loop, never from within this call; ANSWER is freed after
 * it. Everything that goes wrong is in the answer; its sentences name scheme, host and port, never
 * the path, the query or a header. An answer whose headers exceed 64 KiB is HTTP_BROKEN; a kept
 * header's value of more than 1 KiB counts as not there.
 *
 * libcurl by itself sends a request again, on a new connection, when a kept one turns out to have
 * been closed before a byte of the answer came, or when an HTTP/2 server refuses the stream: a
 * server may see a request twice, so requests must be idempotent.
 */
struct http_transfer *http_start(struct http *http, const struct http_peer *peer,
	const struct http_request *request, http_callback *callback, void *context);

/*
 * Breaks TRANSFER off; its callback runs within this call with HTTP_CANCELLED. Allowed from within
 * any callback; within the transfer's own it does nothing.
 */
void http_cancel(struct http_transfer *transfer);

#endif
