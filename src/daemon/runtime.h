#ifndef DAEMON_RUNTIME_H
#define DAEMON_RUNTIME_H

#include "engine/pump.h"
#include "engine/worker.h"
#include "source/feed.h"

/*
 * What the daemon and a run once have in common: the loop with the pump and the intake's worker on
 * it. One at a time in a process.
 */
struct runtime {
	struct settings *settings;
	struct loop *loop;
	struct store *store;
	struct store *writer_store; /* the writer's thread has it */
	struct crew *writer;
	struct crew *makers; /* of PKCS#12 */
	struct http *http;
	struct pki *pki; /* the loop's */
	struct pump *pump;
	struct worker *worker;
	struct feed *feed; /* NULL: none is configured, or it was stopped */
	struct runtime_feed {
		void (*rested)(void *context, enum feed_rest rest, size_t set_aside);
		void *context;
		void (*taken)(void *context, const struct feed_result *result); /* of a page */
	} feed_observer;
};

struct runtime_options {
	struct pump_observer pump_observer;
	struct worker_options worker; /* its loop, and what it does with pages, is filled in */
	struct runtime_feed feed;     /* each may be NULL */
	const char *only_service;
	bool ignore_due;
	int64_t base_since_ms;
	struct store_measures *measures; /* of all handles of the store; may be NULL */
};

/*
 * Makes the directories of store and spool where they are missing, opens the store, builds all of
 * it. Takes a reference on SETTINGS. After a failure nothing is left.
 */
bool must_check runtime_start(struct runtime *runtime, struct settings *settings,
	const struct runtime_options *options, struct error *error);
/* Asks the feed no more; a page that the worker has is stored all the same. */
void runtime_stop_feed(struct runtime *runtime);
/* Nothing may be in flight. */
void runtime_stop(struct runtime *runtime);

/*
 * Reads the configuration at PATH again and goes on with it. On an error, the old one stays and
 * ERROR says why.
 */
bool must_check runtime_reload(struct runtime *runtime, const char *path, struct error *error);

/*
 * What the configuration says of its feed, from the cursor that STORE has, appended to AFTER, which
 * OPTIONS borrow. Their loop, transport and callbacks are left to be filled. Errors are the
 * store's.
 */
bool must_check runtime_feed_options(const struct config *config, struct store *store,
	struct buffer *after, struct feed_options *options, struct error *error);

#endif
