#ifndef ENGINE_WORKER_H
#define ENGINE_WORKER_H

#include <stdbool.h>

#include "engine/intake.h"
#include "net/loop.h"
#include "source/feed.h"

/*
 * The intake on a thread of its own, with its own handle of the store: reading, checking and
 * storing a large file never keeps the loop from a due instant.
 */
struct worker;

struct worker_options {
	struct loop *loop;
	struct intake_observer observer; /* called on the worker's thread */
	bool dry_run;			 /* nothing is stored, deleted or moved */
	/* On the loop's thread: something new is stored; poke the pump. */
	void (*stored)(void *context);
	/* On the loop's thread: all that was asked for has been gone through. */
	void (*rested)(void *context, const struct spool_pass *pass);
	void *context;
	/* On the loop's thread, with a context of its own: what became of a page (worker_page). */
	void (*page_taken)(void *page_context, const struct feed_result *result);
	void *page_context;
	struct store_measures *measures; /* of its handle of the store; may be NULL */
};

/* Opens the store of SETTINGS and starts the thread. Errors as store_open and intake_new. */
bool must_check worker_new(const struct worker_options *options, struct settings *settings,
	struct worker **worker, struct error *error);
/* Asks for a stop after the batch in hand, waits for it, and frees. */
void worker_free(struct worker *worker);

/* Asks for a pass over the spool. */
void worker_poke(struct worker *worker);
/* Asks for an import of PATH (spool_import), before the next pass. */
void worker_import(struct worker *worker, const char *path);
/*
 * Asks for PAGE, whose contents are taken over, to be stored: before the next pass, and between two
 * batches of one that is under way, so that neither source waits for the end of the other. One at a
 * time: an earlier one that was not begun is dropped.
 */
void worker_page(struct worker *worker, struct feed_page *page);
/*
 * Asks for it to be stored that the feed at URL was gone through just now, or, where FAULT is not
 * NULL, that it could not be, and why. Nothing in a dry run.
 */
void worker_note_feed(struct worker *worker, const char *url, const char *fault);
/*
 * Asks for the store's log to be emptied (store_checkpoint) when there is nothing to take in: for
 * moments in which the pump is idle, after keys were wiped.
 */
void worker_checkpoint(struct worker *worker);
/* Later records are judged by SETTINGS. Errors as intake_new, and then nothing changes. */
bool must_check worker_use(struct worker *worker, struct settings *settings, struct error *error);

#endif
