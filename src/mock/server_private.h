#ifndef MOCK_SERVER_PRIVATE_H
#define MOCK_SERVER_PRIVATE_H

#include <event2/http.h>
#include <sys/queue.h>

#include "mock/answer.h"
#include "mock/listener.h"
#include "mock/route.h"
#include "mock/server.h"

struct exchange;
LIST_HEAD(exchange_list, exchange);

struct service_counts {
	int64_t requests;
	int64_t effects;
	int64_t replays;
	int64_t faults;
};

struct server {
	struct server_parts parts;
	struct server_options options;
	struct listener listener;
	struct service_counts counts[MOCK_PEER_COUNT];
	int64_t rate_second; /* monotonic, and how many WAF installs came within it */
	int64_t rate_used;
	struct exchange_list exchanges;
};

/* Sends ANSWER as it is and clears it. */
void server_send(struct evhttp_request *request, struct answer *answer);

/* The body, whole, as long as REQUEST lives. */
struct slice server_body(struct evhttp_request *request);

/* Plays one install request from its faults to its answer. */
void exchange_start(
	struct server *server, struct evhttp_request *request, const struct route *route);
/* Drops what is still under way. */
void exchange_drop_all(struct server *server);

/* The paths under /control/; ANSWER is filled. */
void control_handle(struct server *server, struct evhttp_request *request, const char *method,
	const char *path, struct answer *answer);

#endif
