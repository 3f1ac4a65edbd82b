#ifndef TESTS_TLS_SERVER_H
#define TESTS_TLS_SERVER_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buffer.h"

/*
 * A TLS server for tests, on 127.0.0.1 and a port of the kernel's choice: threads with blocking
 * OpenSSL, which answer each request with the next step of a script. It knows no more HTTP than
 * where a request ends, so that it can say what no server should.
 */
struct tls_server;

/* A scratch directory with ca.pem, other-ca.pem, client.pem and client-key.pem, made at once. */
void tls_files_make(void);
void tls_files_remove(void);
/* The path of one of them; valid until the next call but three. */
const char *tls_file(const char *name);

enum tls_identity {
	TLS_GOOD, /* for localhost, *.test and 127.0.0.1, by the CA of ca.pem */
	TLS_EXPIRED,
	TLS_OTHER_NAME,
	TLS_UNTRUSTED, /* by the CA of other-ca.pem */
};

enum tls_ending {
	TLS_KEEP,  /* wait for the next request */
	TLS_CLOSE, /* close_notify and FIN */
	TLS_CUT,   /* FIN alone */
	TLS_RESET, /* RST */
	TLS_HANG,  /* nothing, until the client or the test gives up */
};

struct tls_step {
	const char *answer; /* NULL: none */
	enum tls_ending ending;
};

struct tls_server_options {
	enum tls_identity identity;
	int maximum_version; /* 0: what OpenSSL has; TLS 1.0 and up are spoken */
	bool wants_client_certificate;
	bool refuses_name;	      /* answers an SNI with a fatal unrecognized_name */
	const struct tls_step *plain; /* no TLS at all: this, as soon as a client connects */
	const struct tls_step *steps; /* the last is repeated */
	size_t step_count;
	size_t gather;	    /* no answer before so many requests have come */
	size_t pause_after; /* once so much was read, nothing more until tls_server_go_on; 0: never
			     */
};

struct tls_server *tls_server_start(const struct tls_server_options *options);
void tls_server_stop(struct tls_server *server);
int tls_server_port(const struct tls_server *server);
size_t tls_server_accepted(struct tls_server *server);
/* Connections whose handshake took up an earlier session. */
size_t tls_server_resumed(struct tls_server *server);
/* Whether it has come to its pause; what it has read of requests so far, all in all. */
bool tls_server_pauses(struct tls_server *server);
size_t tls_server_received(struct tls_server *server);
void tls_server_go_on(struct tls_server *server);
/* Connections that have come to their end. */
size_t tls_server_ended(struct tls_server *server);
size_t tls_server_requests(struct tls_server *server);
/* The bytes of the request of that index. */
const struct buffer *tls_server_request(struct tls_server *server, size_t index);
/* The last SNI that a client sent, "" when none did. */
const char *tls_server_name(struct tls_server *server);
/* SHA-256 of the leaf (0) or of its CA (1). */
void tls_server_fingerprint(struct tls_server *server, int index, unsigned char fingerprint[32]);

#endif
