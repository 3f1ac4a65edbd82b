#ifndef MOCK_SERVICES_H
#define MOCK_SERVICES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mock/answer.h"
#include "mock/bundle.h"
#include "mock/installed.h"
#include "mock/route.h"

/* The mocked services themselves: no network, no clock; requests go in as values. */
struct services;

struct services_options {
	bool async;	       /* gio-ca and idgw answer 202 and take their time */
	int64_t gio_spread_ms; /* how long an install spreads to the edges */
	int64_t idgw_delay_ms; /* how long a request is pending */
};

struct services *services_new(const struct services_options *options);
void services_free(struct services *services);

struct install_request {
	const struct route *route;
	const char *path;	     /* without query */
	const char *content_type;    /* NULL: none came along */
	const char *idempotency_key; /* likewise */
	struct slice body;
	int64_t now_ms;
	/* What faults change. */
	int64_t edge_old_ms; /* the edge is so much later */
	bool edge_wrong;     /* the edge serves another's certificate */
	bool request_fails;  /* idgw: the request ends as failed, without effect */
};

/* What became of it, for the ledger. */
struct install_report {
	char fqdn[ROUTE_SEGMENT_MAX];
	char fingerprint[FINGERPRINT_TEXT_MAX]; /* "" when the body could not be read */
	bool effect;
};

/* Installs and fills ANSWER ({0} before), which is to be cleared. */
void services_install(struct services *services, const struct install_request *request,
	struct answer *answer, struct install_report *report);

/*
 * Reads a body as far as the host name and fingerprint, for the ledger, without effect: for
 * requests that a fault keeps from their effect.
 */
void services_peek(struct services *services, const struct install_request *request,
	struct install_report *report);

/* The other operations: which certificate is installed now, and how far it is. QUERY may be NULL.
 */
void services_query(struct services *services, const struct route *route, const char *query,
	int64_t now_ms, struct answer *answer);

/* For the edges. */
struct installed *services_installed(struct services *services);

#endif
