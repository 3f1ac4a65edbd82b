#ifndef DAEMON_RUNTIME_H
#define DAEMON_RUNTIME_H

#include "engine/pump.h"
#include "engine/worker.h"

/*
 * What the daemon and a run once have in common: the loop with the pump and the intake's worker on
 * it. One at a time in a process.
 */
struct runtime {
	struct settings *settings;
	struct loop *loop;
	struct store *store;
	struct http *http;
	struct pki *pki; /* the loop's */
	struct pump *pump;
	struct worker *worker;
};

struct runtime_options {
	struct pump_observer pump_observer;
	struct worker_options worker; /* its loop is filled in */
	const char *only_service;
	bool ignore_due;
	int64_t base_since_ms;
};

/*
 * Makes the directories of store and spool where they are missing, opens the store, builds all of
 * it. Takes a reference on SETTINGS. After a failure nothing is left.
 */
bool must_check runtime_start(struct runtime *runtime, struct settings *settings,
	const struct runtime_options *options, struct error *error);
/* Nothing may be in flight. */
void runtime_stop(struct runtime *runtime);

/*
 * Reads the configuration at PATH again and goes on with it. On an error, the old one stays and
 * ERROR says why.
 */
bool must_check runtime_reload(struct runtime *runtime, const char *path, struct error *error);

#endif
