#ifndef DAEMON_WATCHED_H
#define DAEMON_WATCHED_H

#include "daemon/runtime.h"
#include "ops/admin.h"

/* What lets others look at the running daemon: its counters, its pulse, its admin socket. */
struct watched {
	struct runtime *runtime;
	struct metrics *metrics;
	struct pulse *pulse;
	struct admin *admin; /* NULL: none */
	bool stopping;
};

/* Before the runtime starts, for its measures (metrics_store). */
void watched_init(struct watched *watched, const struct settings *settings);
/*
 * The runtime runs. An admin socket that cannot be had is logged and done without: what is due is
 * installed all the same.
 */
void watched_start(struct watched *watched, struct runtime *runtime);
/* Before the runtime stops; nothing of it is asked after that. */
void watched_stop(struct watched *watched);

/* After a reload, which succeeded or not. */
void watched_reloaded(struct watched *watched, bool succeeded);

#endif
