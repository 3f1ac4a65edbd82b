#ifndef MOCK_LISTENER_H
#define MOCK_LISTENER_H

#include <event2/event.h>
#include <event2/http.h>
#include <openssl/ssl.h>
#include <stdbool.h>

#include "base/error.h"

#define LISTENER_ADDRESS_MAX 64

/* An HTTP/1.1 server over TLS on one port: what the API and the edges have in common. */
struct listener {
	struct evhttp *http;
	SSL_CTX *tls; /* owned */
	char address[LISTENER_ADDRESS_MAX];
};

/* A server context: TLS 1.2 at least, no tickets or stored sessions, ALPN http/1.1. */
SSL_CTX *listener_tls_new(void);

/*
 * Listens on ADDRESS with TLS (taken over, even on failure); HANDLE gets each request. Permanent
 * error that names the address. LISTENER is to be closed with listener_close.
 */
bool must_check listener_open(struct listener *listener, struct event_base *base,
	const char *address, SSL_CTX *tls,
	void (*handle)(struct evhttp_request *request, void *context), void *context,
	struct error *error);
/* LISTENER may be {0}. */
void listener_close(struct listener *listener);

#endif
