#ifndef OPS_METRICS_H
#define OPS_METRICS_H

#include "base/buffer.h"
#include "base/clock.h"
#include "base/measure.h"
#include "engine/attempt.h"
#include "engine/settings.h"
#include "ops/pulse.h"
#include "store/store.h"

/*
 * What is counted while the daemon runs, and how it is told to a monitoring system. Counting is an
 * atomic addition; whoever renders reads what others count meanwhile. Labels are services, sources
 * and fixed words: there are never more of them than the configuration has.
 */
struct metrics;

struct metrics *metrics_new(const struct settings *settings);
void metrics_free(struct metrics *metrics);

/* ---- on the loop's thread ---- */

/* A reload: its services are counted from here on. */
void metrics_use(struct metrics *metrics, const struct settings *settings);
/* A try was stored; its job is now in STATE. */
void metrics_attempt(
	struct metrics *metrics, const struct attempt_result *result, enum job_state state);
void metrics_records(struct metrics *metrics, size_t taken, size_t rejected, size_t set_aside);

/* For the handles of the store. */
struct store_measures *metrics_store(struct metrics *metrics);

/* ---- rendering, on one thread ---- */

/*
 * What costs a look through the store is kept for a while: as long as keeps it to a twentieth of
 * one processor's time. All zero to begin with; metrics_kept_free in the end.
 */
struct metrics_kept {
	struct metrics_pressing {
		char service[PULSE_NAME_MAX];
		struct store_pressing pressing;
	} * pressing;
	size_t pressing_count;
	int64_t secrets;
	int64_t guarded;
	int64_t replacing;
	int64_t until_us; /* by measure_now_us */
};
void metrics_kept_free(struct metrics_kept *kept);

struct metrics_view {
	const struct metrics *metrics;
	struct store *store;
	const struct config *config;
	const struct clock *clock;
	const struct pulse_reading *reading;
	struct metrics_kept *kept;
};

#define METRICS_OPENMETRICS_TYPE "application/openmetrics-text; version=1.0.0; charset=utf-8"
#define METRICS_PLAIN_TYPE "text/plain; version=0.0.4; charset=utf-8"

/*
 * Appends everything to OUT: in OpenMetrics's form, or in the older one of Prometheus (PLAIN),
 * which differs in what a counter's name is. Errors are the store's; what is in OUT is then not to
 * be used.
 */
bool must_check metrics_render(
	const struct metrics_view *view, bool plain, struct buffer *out, struct error *error);

#endif
