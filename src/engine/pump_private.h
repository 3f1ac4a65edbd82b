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
	int64_t store_retry_ms; /* 0: the store works */
};

/* A started claim: what one lane's jobs need to take off. */
struct claimed {
	size_t lane;
	unsigned char token[LEASE_TOKEN_SIZE];
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

/*
 * One transaction for all that is to be written: settles what is unsaved and claims what is due
 * into CLAIMED, which has a place a lane. After an error nothing is claimed.
 */
bool must_check pump_transact(struct pump *pump, struct claimed *claimed, struct error *error);

/*
 * The earliest instant at which a lane has room and something to do, INT64_MAX for none. Errors are
 * the store's.
 */
bool must_check pump_next_instant(struct pump *pump, int64_t *next_ms, struct error *error);

#endif
