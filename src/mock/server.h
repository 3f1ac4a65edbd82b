#ifndef MOCK_SERVER_H
#define MOCK_SERVER_H

#include <event2/event.h>
#include <openssl/ssl.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/error.h"
#include "mock/faults.h"
#include "mock/feed.h"
#include "mock/ledger.h"
#include "mock/services.h"

/* The API of all services and the control API, on one HTTPS port. */
struct server;

struct server_options {
	const char *address;	      /* "127.0.0.1:8443"; port 0: any free one */
	const char *token;	      /* the bearer token that is wanted */
	bool client_certificate;      /* the two WAF services want one */
	bool feed_client_certificate; /* the feed wants one */
	int64_t waf_rate;	      /* installs a second that they take; 0: any number */
};

/* What the server works on; borrowed. */
struct server_parts {
	struct event_base *base;
	const struct clock *clock;
	struct services *services;
	struct faults *faults;
	struct ledger *ledger;
	struct feed *feed;
};

/* TLS is taken over, even on failure. */
bool must_check server_new(const struct server_parts *parts, const struct server_options *options,
	SSL_CTX *tls, struct server **server, struct error *error);
void server_free(struct server *server);
/* "127.0.0.1:40123"; the server keeps it. */
const char *server_address(const struct server *server);

#endif
