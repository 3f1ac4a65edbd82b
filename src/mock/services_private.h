#ifndef MOCK_SERVICES_PRIVATE_H
#define MOCK_SERVICES_PRIVATE_H

#include "mock/replay.h"
#include "mock/services.h"
#include "mock/table.h"

struct services {
	struct services_options options;
	struct pool *pool;
	struct installed *installed;
	struct replay *replay;
	struct table *requests; /* of idgw, by id */
};

/* An asynchronous install of idgw. */
struct pending_request {
	char code[2 * ROUTE_SEGMENT_MAX];
	char fqdn[ROUTE_SEGMENT_MAX];
	char fingerprint[FINGERPRINT_TEXT_MAX];
	int64_t ready_at_ms;
	bool fails;
};

/*
 * Reads the body in the form that the service wants. FQDN: the host name that it is for, in lower
 * case. False: ANSWER is the problem.
 */
bool services_read_body(struct services *services, const struct install_request *request,
	char fqdn[ROUTE_SEGMENT_MAX], struct bundle *bundle, struct answer *answer);

#endif
