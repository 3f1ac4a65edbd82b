#ifndef SOURCE_SPOOL_H
#define SOURCE_SPOOL_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "net/loop.h"

/*
 * The spool directory as a source (INTERFACES.md, "Sources"), and the files and directories of
 * --import. The spool reads files and hands over records' bytes; it deletes a file only after its
 * taker says that all of it is durably stored.
 */

/* One record's text as it stands in a file; borrowed during the call. */
struct spool_item {
	const char *file; /* the path, for messages */
	size_t line;	  /* from 1 in .ndjson; 0 in .json */
	const char *text;
	size_t length;
};

enum spool_taken {
	SPOOL_TAKEN,	/* stored, or known already */
	SPOOL_REJECTED, /* REASON says why: set it aside, with the reason */
	SPOOL_LATER,	/* the store cannot now: leave the file where it is */
};

/*
 * Who takes records. take is called for each item of a file in order, reason holds a sentence on
 * SPOOL_REJECTED; flush after a batch (at most SPOOL_BATCH items, or a file's end): true when all
 * that was taken since the last flush is durable. On false the file stays, whole.
 *
 * A taker that can begin with an item before its turn has foresee, too: it is called in the order
 * in which take will be, at most SPOOL_AHEAD items ahead of it, and the item's text stays at its
 * place until it is taken, or until forget, which ends the turn of all that were foreseen and not
 * taken.
 */
#define SPOOL_BATCH 256
#define SPOOL_AHEAD 256
struct spool_taker {
	enum spool_taken (*take)(
		void *context, const struct spool_item *item, struct error *reason);
	bool (*flush)(void *context, struct error *error);
	void (*foresee)(void *context, const struct spool_item *item); /* NULL, as is forget */
	void (*forget)(void *context);
	void *context;
};

/* What one pass did. */
struct spool_pass {
	size_t files;
	size_t taken;
	size_t rejected;
	bool later; /* something was left for later, by the taker's word or since it could not be
		       moved */
};

/*
 * One pass over DIRECTORY: every finished *.json and *.ndjson, in order of name; hidden files and
 * others are left alone. A file that cannot be read as a record, or a line of one, goes to
 * DIRECTORY/rejected (created 0700) with a .reason beside it; for .ndjson the bad lines alone. A
 * fault with one file is logged and does not stop the others; one that is written to while it is
 * read stays for the next pass, and one of more than 4 GiB is set aside unread. STOP (may be NULL)
 * is asked between batches, with the taker's context. A file that another process works on at this
 * moment is left to it. Files of one record share a flush. Temporary error when the directory
 * itself cannot be read.
 */
bool must_check spool_pass(const char *directory, const struct spool_taker *taker,
	bool (*stop)(void *context), struct spool_pass *pass, struct error *error);

/*
 * --import: PATH is a file of either kind, a directory of such, or "-" (standard input, one record
 * or one a line). Nothing is deleted or moved; rejections are logged. Permanent error when PATH
 * cannot be read.
 */
bool must_check spool_import(const char *path, const struct spool_taker *taker,
	struct spool_pass *pass, struct error *error);
/*
 * The same, but STOP is asked between batches and while a pipe has nothing to read, with the
 * taker's context; once it is true the rest is left (temporary error where a read was waited for).
 */
bool must_check spool_import_until(const char *path, const struct spool_taker *taker,
	bool (*stop)(void *context), struct spool_pass *pass, struct error *error);

/*
 * Watches DIRECTORY: CALLBACK runs after a finished file came in (inotify, gathered for some
 * milliseconds) and every POLL_MS whatever the kernel tells. Never fails: without inotify the timer
 * serves alone, and the log says so once.
 */
struct spool_watch;
struct spool_watch *spool_watch_new(struct loop *loop, const char *directory, int64_t poll_ms,
	loop_callback *callback, void *context);
void spool_watch_free(struct spool_watch *watch);

#endif
