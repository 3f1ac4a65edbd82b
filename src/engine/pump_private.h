#ifndef ENGINE_PUMP_PRIVATE_H
#define ENGINE_PUMP_PRIVATE_H

#include "engine/lanes.h"
#include "engine/pump.h"

/* What a result makes of its job: pure but for the random number. */
struct settling {
	enum job_state state;
	int64_t next_ms;
	int64_t settled_ms;
	char detail[STORE_DETAIL_MAX];
};

void settle_compute(const struct backoff_rules *rules, const struct attempt_result *result,
	int64_t now_ms, uint64_t random, struct settling *settling);

/* Stores RESULT within the running transaction. *APPLIED is false for a late answer. */
bool must_check settle_store(struct store *store, const struct attempt_result *result,
	const struct settling *settling, bool *applied, struct error *error);

/* The one line of the log for a result that is stored. */
void settle_log(const struct attempt_result *result, const struct settling *settling, bool applied);

/* ---- the pump itself: pump.c, with its rounds' transaction and its clock apart ---- */

struct flight {
	struct pump *pump;
	struct attempt *attempt;
	struct flight *next, *previous;
	char *service;
	int64_t job_id;
	unsigned char token[LEASE_TOKEN_SIZE];
	struct http_fence lease; /* the attempt and its request look at it, too */
	bool lost;		 /* another process has the job by now */
};

struct unsaved {
	struct attempt_result *result;
	struct settling settling;
	bool applied;
	struct unsaved *next;
};

struct pump {
	struct pump_options options;
	struct settings *settings;
	struct loop_timer *poke; /* a round as soon as possible */
	struct loop_timer *due;	 /* a round at the next due instant */
	struct lanes lanes;
	struct flight *flights;
	size_t in_flight;
	struct unsaved *unsaved, **unsaved_end;
	size_t unsaved_count;
	bool draining;
	int64_t store_retry_ms;	    /* 0: the store works */
	struct loop_timer *recheck; /* a round when the next due instant was to be reached */
	int64_t wall_ahead_ms;	    /* of monotonic time, in the last round */
	int64_t looked_ms;	    /* by the monotonic clock: when that was */
	bool stepped;		    /* the wall clock, and leases were not renewed since */
	bool too_long;		    /* some lease in the store: the clock was set back */
};

/* A started claim: what one lane's jobs need to take off. */
struct claimed {
	size_t lane;
	unsigned char token[LEASE_TOKEN_SIZE];
	struct http_fence lease;
	struct store_job *jobs;
	size_t count;
	char (*key_ids)[SEAL_KEY_ID_MAX];
	struct buffer *sealed;
	struct guard_known **known; /* of guarded jobs */
	size_t *known_counts;
};

int64_t pump_wall_now(const struct pump *pump);
int64_t pump_mono_now(const struct pump *pump);
const struct config *pump_config(const struct pump *pump);

/* What LANE would claim now, up to LIMIT jobs; the token is left to be filled. */
struct store_claim pump_make_claim(const struct pump *pump, size_t lane, size_t limit);
void pump_claimed_clear(struct claimed *claimed);

/* ---- pump_leases.c ---- */

/* Whether the wall clock was stepped since the last round. */
void pump_look_at_clocks(struct pump *pump);
/* Breaks off what has no lease any more, since the process was stopped, say. */
void pump_end_overdue(struct pump *pump);
/* When, by the wall clock, the first lease of what is in flight ends; INT64_MAX for none. */
int64_t pump_first_lease_end(const struct pump *pump);
/* Whether leases are to be renewed or shortened. Errors are the store's. */
bool must_check pump_leases_need_mending(struct pump *pump, bool *needed, struct error *error);
/*
 * Within a transaction: gives what is in flight its lease by the clock as it is now, and nobody a
 * longer one than there is. *RENEWED, to be freed in any case, is for pump_leases_mended, once that
 * is committed.
 */
bool must_check pump_leases_mend(
	struct pump *pump, struct store_lease **renewed, struct error *error);
void pump_leases_mended(struct pump *pump, const struct store_lease *renewed);

/*
 * One transaction for all that is to be written: settles what is unsaved, mends leases and claims
 * what is due into CLAIMED, which has a place a lane. After an error nothing is claimed.
 */
bool must_check pump_transact(struct pump *pump, struct claimed *claimed, struct error *error);

/*
 * The earliest instant at which a lane has room and something to do, INT64_MAX for none. Errors are
 * the store's.
 */
bool must_check pump_next_instant(struct pump *pump, int64_t *next_ms, struct error *error);

#endif
