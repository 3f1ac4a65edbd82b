#ifndef ENGINE_OVERDUE_WATCH_H
#define ENGINE_OVERDUE_WATCH_H

#include "net/loop.h"
#include "store/store.h"

/*
 * Warns of installs that are overdue because the certificate that they replace is about to be
 * revoked (DOMAIN.md rule 14): once a job, while it is that, with its reason. Looks at once and
 * then hourly, a page at a time, by an index that holds such jobs alone.
 */
struct overdue_watch;

#define OVERDUE_WATCH_INTERVAL_MS INT64_C(3600000)
/* Between the pages of one look, so that other work goes on. */
#define OVERDUE_WATCH_PAGE_MS 100
#define OVERDUE_WATCH_PAGE 200

/* LOOP and STORE are borrowed. The first look comes from the loop, not from within this call. */
struct overdue_watch *overdue_watch_new(struct loop *loop, struct store *store);
/* One page of a look, now; the next page, or the next look, comes of itself as after any other. */
void overdue_watch_look(struct overdue_watch *watch);
void overdue_watch_free(struct overdue_watch *watch);

#endif
