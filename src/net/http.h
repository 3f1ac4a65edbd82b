#ifndef NET_HTTP_H
#define NET_HTTP_H

#include <stdint.h>

#include "base/error.h"
#include "net/http_message.h"
#include "net/loop.h"

/*
 * HTTPS on the loop by libcurl's multi interface. Connections are kept; HTTP/2 where the server has
 * it; TLS 1.2 at least; certificates are always verified; redirects are never followed (a 3xx is an
 * answer like any other); https alone; no proxy from the environment; no Expect: 100-continue.
 */
struct http;
struct http_transfer;

/* How one peer is spoken to; strings borrowed for as long as transfers to it may start. */
struct http_peer {
	const char *ca_file;		/* PEM; NULL: the system's */
	const char *client_certificate; /* PEM file; NULL: none */
	const char *client_key;		/* PEM file; NULL: in client_certificate */
	int64_t connect_timeout_ms;	/* 0: 10 s */
	int64_t total_timeout_ms;	/* 0: 60 s */
	int64_t stall_timeout_ms;	/* 0: 20 s without a byte either way */
	size_t answer_max; /* 0: 64 KiB; counted after decoding, in the write callback */
	bool http1_only;
};

/* Called once per process before http_new: wiping allocators, libcurl's global state. */
void http_init_process(void);

/* Internal error. CONNECTIONS bounds how many are kept open over all peers. */
bool must_check http_new(
	struct loop *loop, size_t connections, struct http **http, struct error *error);
/* Cancels what is in flight (callbacks run with HTTP_CANCELLED) and frees. */
void http_free(struct http *http);

typedef void http_callback(void *context, struct http_answer *answer);

/*
 * Starts a transfer. REQUEST is borrowed until the callback has run: the body is sent from where it
 * lies. The callback runs once, from the loop, never from within this call; ANSWER is freed after
 * it. Everything that goes wrong is in the answer.
 */
struct http_transfer *http_start(struct http *http, const struct http_peer *peer,
	const struct http_request *request, http_callback *callback, void *context);

/* Breaks TRANSFER off; its callback runs within this call with HTTP_CANCELLED. */
void http_cancel(struct http_transfer *transfer);

#endif
