#ifndef NET_HTTP_HANDSHAKE_H
#define NET_HTTP_HANDSHAKE_H

#include <stdbool.h>
#include <stddef.h>

#include <curl/curl.h>

/*
 * What a transfer's TLS handshake told and libcurl does not: whether the server asked for a client
 * certificate, and the alert by which it gave up. Under TLS 1.3 that alert comes when our side of
 * the handshake is over already, and libcurl then names whatever failed first. Shared by the
 * transfer and the connection that it opened, of which either may end before the other.
 */
struct http_handshake;

/* The caller has the first reference. */
struct http_handshake *http_handshake_new(void);
void http_handshake_unref(struct http_handshake *handshake);

/* EASY's own connection is listened to, if it opens one. */
void http_handshake_listen(CURL *easy, struct http_handshake *handshake);

/*
 * True when the server ended the connection for our client certificate, or for want of one:
 * TEXT then says so. HAS_CERTIFICATE: one was there to be sent. CUT_AT_ONCE: the connection was
 * gone before the request could be sent, which with a question for a certificate and no alert read
 * looks like that, too: a reset overtakes the alert.
 */
bool http_handshake_refused(const struct http_handshake *handshake, bool has_certificate,
	bool cut_at_once, char *text, size_t size);

#endif
