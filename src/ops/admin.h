#ifndef OPS_ADMIN_H
#define OPS_ADMIN_H

#include "base/clock.h"
#include "base/error.h"
#include "engine/settings.h"
#include "ops/metrics.h"
#include "ops/pulse.h"
#include "store/store.h"

/*
 * The admin socket: HTTP/1.1 on a unix socket, on a thread of its own with an event base and a
 * handle of the store of its own, so that neither the loop nor a slow client ever waits for the
 * other. Who connects is told by the kernel (ops/admin_rights.h); what is answered stands in
 * ops/route.h. It is bounded in connections, in what a request may be, and in how long a client may
 * take to send one and to read its answer.
 */
struct admin;

#define ADMIN_CONNECTIONS_MAX 32
/* So many of them at most are those of peers that may not change anything, may not even read. */
#define ADMIN_READERS_MAX 24
#define ADMIN_STRANGERS_MAX 8
#define ADMIN_HEADERS_MAX 8192

struct admin_options {
	struct pulse *pulse;	       /* borrowed, as are those below */
	const struct metrics *metrics; /* for /metrics */
	const struct store *store;     /* opened again */
	const struct clock *clock;
	int64_t request_ms; /* for a request, from its connection or the answer before; 0: 10 s */
	int64_t answer_ms;  /* for reading an answer; 0: 30 s */
};

/*
 * Listens on the socket that systemd handed over, or on the one that CONFIG names, and starts the
 * thread. *ADMIN is NULL where it is turned off. Errors as admin_socket_make and store_open_again
 * have them.
 */
bool must_check admin_new(const struct admin_options *options, const struct config *config,
	struct admin **admin, struct error *error);
/* Breaks off what is under way, waits for the thread, frees. ADMIN may be NULL. */
void admin_free(struct admin *admin);

#endif
