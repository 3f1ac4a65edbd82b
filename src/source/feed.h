#ifndef SOURCE_FEED_H
#define SOURCE_FEED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/error.h"
#include "domain/backoff.h"
#include "net/http.h"

/*
 * A feed as a source (INTERFACES.md, "Sources"): asks for the pages behind its cursor, one at a
 * time, and hands each over; only when its taker says that a page is durably stored, cursor and
 * all, does it ask for what follows. Pages follow at once as long as there is something new, then
 * every interval. It runs on the loop and logs its own faults: each once, and once that it works
 * again.
 */
struct feed;

#define FEED_LIMIT_MAX 1000

/* A page as it came, on its way to the taker, who owns it from then on. */
struct feed_page {
	uint64_t id;
	char *url; /* the feed's, by which its cursor is stored */
	char *after;
	struct buffer body;
};

/* Overwrites and frees what it holds; {0} again. */
void feed_page_clear(struct feed_page *page);

enum feed_outcome {
	FEED_PAGE_STORED, /* with its cursor; or nothing is to be stored, in a dry run */
	FEED_PAGE_BROKEN, /* no page: ERROR says why; nothing of it was taken */
	FEED_PAGE_LATER,  /* the store cannot take it now: ERROR says why */
};

/* What became of a page. */
struct feed_result {
	uint64_t id; /* the page's */
	enum feed_outcome outcome;
	struct error error;
	char *next;	  /* the cursor that the page gave; NULL unless stored */
	size_t records;	  /* that the page had */
	size_t fresh;	  /* of these, revisions that were not known */
	size_t set_aside; /* of these, what is no record or was refused, and was not known to be */
};

void feed_result_clear(struct feed_result *result);

/* How a round of questions ended. */
enum feed_rest {
	FEED_UP_TO_DATE, /* nothing new any more */
	FEED_FAILED,	 /* for now: it is asked again after a while */
	FEED_REFUSED,	 /* in a way that a person has to mend; asked again all the same, slowly */
	FEED_TURNS,	 /* it goes on, but gives nothing new: asked again after the interval */
};

/* Texts are copied. */
struct feed_options {
	struct loop *loop;
	struct http *http;
	const char *url; /* https, without /v1/contracts */
	/* Files; NULL: none, and the system's authorities. They are read for each question. */
	const char *token_file; /* the bearer token in its first line */
	const char *client_certificate;
	const char *client_key;
	const char *ca_file;
	const char *after;   /* the stored cursor; NULL: from the beginning */
	int64_t interval_ms; /* between two rounds */
	int64_t timeout_ms;  /* for one page */
	int limit;	     /* records a page, 1 to FEED_LIMIT_MAX */
	struct backoff_rules backoff;
	/*
	 * On the loop's thread. PAGE's contents are the callee's, who calls feed_taken later or
	 * within the call.
	 */
	void (*page)(void *context, struct feed_page *page);
	/*
	 * On the loop's thread; may be NULL. SET_ASIDE records were, since the last rest. It may
	 * free the feed.
	 */
	void (*rested)(void *context, enum feed_rest rest, size_t set_aside);
	void *context;
};

/* The first question goes out in the loop's next round. */
struct feed *feed_new(const struct feed_options *options);
/* What is on its way is broken off. A page that its taker has is the taker's. FEED may be NULL. */
void feed_free(struct feed *feed);

/* Whether the last answer was a fault, or could not be stored. */
bool feed_is_failing(const struct feed *feed);
/* That fault in a sentence; "" when the last answer was none. */
const char *feed_fault(const struct feed *feed);

/*
 * What came of the page with RESULT's id; of another's (from before a reload, say) it is left
 * alone. RESULT stays the caller's.
 */
void feed_taken(struct feed *feed, const struct feed_result *result);

#endif
