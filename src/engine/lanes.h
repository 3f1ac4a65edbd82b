#ifndef ENGINE_LANES_H
#define ENGINE_LANES_H

#include <stddef.h>
#include <stdint.h>

#include "config/config.h"
#include "domain/throttle.h"
#include "engine/attempt.h"

/* What each linked service has in flight, and how much it may have at present. */
struct lane {
	char *service;
	size_t in_flight;
	struct throttle throttle;
	struct throttle_rules rules;
	int64_t told_closed_ms; /* the opening that was last told to be waited for */
	/* By the store's last answer: when there is something to do; INT64_MAX for never. */
	int64_t next_ms;
	/* By the monotonic clock: until then what is due and cannot be claimed is not asked for. */
	int64_t busy_until_ms;
	bool paused; /* by an operator, as the store's last answer said */
	bool told_paused;
	bool stalled;	  /* what stood ready waited for too long, and nothing has ended since */
	int64_t takes_us; /* a try, smoothed; 0: none has ended yet */
};

struct lanes {
	struct lane *list;
	size_t count;
	size_t first; /* whose turn it is to claim first, when all together have too little room */
};

/*
 * Adds a lane for each service of CONFIG that has none (only ONLY_SERVICE, unless NULL), and takes
 * over the limits of CONFIG in all. MONO_MS is the monotonic clock's, here and below.
 */
void lanes_update(struct lanes *lanes, const struct config *config, const char *only_service,
	int64_t mono_ms);
void lanes_clear(struct lanes *lanes);

/* NULL when there is none. */
struct lane *lanes_find(struct lanes *lanes, const char *service);

/* The profile to send with; NULL when it is gone from CONFIG or has no address: then jobs wait. */
const struct profile *lane_profile(const struct lane *lane, const struct config *config);

/* How many more LANE may start, of GLOBAL_ROOM that all may. */
size_t lane_room(
	const struct lane *lane, const struct config *config, size_t global_room, int64_t mono_ms);

/*
 * How long until LANE has room, if nothing of it ends before: 0 when it has, -1 when time alone
 * makes none.
 */
int64_t lane_wait_ms(const struct lane *lane, const struct config *config, int64_t mono_ms);

/*
 * When LANE takes installs next by its opening hours, from WALL_MS on: WALL_MS itself when it is
 * open. What it took before is looked at whatever the hour.
 */
int64_t lane_opens_ms(const struct lane *lane, const struct config *config, int64_t wall_ms);
/* Says, once for each closing, that something due waits for OPENS_MS. */
void lane_tell_closed(struct lane *lane, int64_t opens_ms);

/*
 * The store said whether an operator paused LANE, and whether something is due there. Says, once a
 * pause, that it waits, and once that it goes on.
 */
void lane_pause(struct lane *lane, bool paused, bool waits);

/* False for a service without an address, out of its hours, in a pause, or taken for dead. */
bool lane_takes_requests(
	const struct lane *lane, const struct config *config, int64_t mono_ms, int64_t wall_ms);

/* COUNT attempts start, REQUESTS of them with a request to the service. */
void lane_started(struct lane *lane, size_t count, size_t requests, int64_t mono_ms);

/*
 * An attempt that began at STARTED_MS ended: what its answer tells of the service is learnt, and a
 * change of state logged.
 */
void lane_landed(struct lane *lane, const struct attempt_result *result, int64_t started_ms,
	int64_t mono_ms);

/*
 * How many of COUNT tries under way at any time end within SPAN_MS, at the pace of late; 0 before
 * the first has ended.
 */
size_t lane_pace(const struct lane *lane, size_t count, int64_t span_ms);

#endif
