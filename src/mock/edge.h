#ifndef MOCK_EDGE_H
#define MOCK_EDGE_H

#include <event2/event.h>
#include <event2/http.h>
#include <openssl/ssl.h>
#include <stdbool.h>

#include "base/clock.h"
#include "base/error.h"
#include "mock/services.h"

/*
 * The edge of one service: a TLS port that serves what was installed there, chosen by SNI when a
 * client shakes hands. A name for which nothing is installed gets the alert unrecognized_name.
 */
struct edge;

struct edge_options {
	enum mock_service service;
	const char *address; /* "127.0.0.1:8443"; port 0: any free one */
	SSL_CTX *decoy;	     /* its certificate is "another's" */
};

bool must_check edge_new(struct event_base *base, const struct clock *clock,
	struct services *services, const struct edge_options *options, struct edge **edge,
	struct error *error);
void edge_free(struct edge *edge);
/* "127.0.0.1:40123"; the edge keeps it. */
const char *edge_address(const struct edge *edge);

#endif
