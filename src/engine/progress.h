#ifndef ENGINE_PROGRESS_H
#define ENGINE_PROGRESS_H

#include "engine/writer.h"

/*
 * Stores, within the running transaction, that services took or served installs, or failed to, as
 * RESULTS (a list) tell: one row a service, however many results it has. What was broken off, or
 * failed for a fault of ours, says nothing of the service.
 */
bool must_check progress_store(
	struct store *store, const struct unsaved *results, int64_t now_ms, struct error *error);

/*
 * Stores that the source NAME was gone through just now, or could not be, for FAULT. Where that
 * fails so does what matters more, which is told: nothing is told here.
 */
void progress_source(
	struct store *store, const struct clock *clock, const char *name, const char *fault);

/* What was stored last of a source that is gone through all the time. All zero at first. */
struct progress_told {
	bool told, good;
	int64_t mono_ms;
};
#define PROGRESS_INTERVAL_MS 60000
/* The same, once in PROGRESS_INTERVAL_MS, and at once when it is good, or bad, again. */
void progress_spool(struct progress_told *told, struct store *store, const struct clock *clock,
	const char *name, const char *fault);

#endif
