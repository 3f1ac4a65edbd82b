#ifndef ENGINE_RECHECK_H
#define ENGINE_RECHECK_H

#include "engine/settings.h"
#include "net/loop.h"
#include "store/store.h"

/*
 * The slow rolling check: one installed certificate after another is looked at, one each
 * recheck-interval, and round again. What is not served any more, since the service went back to an
 * older one, say, is logged as a warning and kept in the job's history; nothing is sent.
 */
struct recheck;

/* STORE is borrowed, SETTINGS referenced. Rests while the interval is 0. */
struct recheck *recheck_new(struct loop *loop, struct store *store, struct settings *settings);
void recheck_use(struct recheck *recheck, struct settings *settings);
void recheck_free(struct recheck *recheck);

#endif
