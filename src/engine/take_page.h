#ifndef ENGINE_TAKE_PAGE_H
#define ENGINE_TAKE_PAGE_H

#include "engine/intake.h"
#include "source/feed.h"

/*
 * Takes a feed's PAGE through INTAKE, of which nothing may be waiting for a flush. The page's
 * cursor, and what of it is set aside, are written in the transaction of its last records: a cursor
 * is never in the store before what came with it. RESULT is to be cleared.
 */
void take_page(struct intake *intake, const struct clock *clock, const struct feed_page *page,
	struct feed_result *result);

#endif
