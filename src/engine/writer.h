#ifndef ENGINE_WRITER_H
#define ENGINE_WRITER_H

#include "engine/attempt.h"
#include "engine/crew.h"

/*
 * What the pump wants of the store, gathered into one order and carried out by whoever has the
 * store's handle, in one transaction or, where nothing is to be written, none. The pump makes the
 * order and takes in what came of it; nothing here knows of lanes, throttles or hours.
 */

/* What a result makes of its job: pure but for the random number. */
struct settling {
	enum job_state state;
	int64_t next_ms;
	int64_t settled_ms;
	char detail[STORE_DETAIL_MAX];
};

void settle_compute(const struct backoff_rules *rules, const struct attempt_result *result,
	int64_t now_ms, uint64_t random, struct settling *settling);

/* The one line of the log for a result that is stored. */
void settle_log(const struct attempt_result *result, const struct settling *settling, bool applied);

struct unsaved {
	struct attempt_result *result;
	struct settling settling;
	bool applied;
	struct unsaved *next;
};

/* Stores RESULTS within the running transaction; applied is false for a late answer. */
bool must_check settle_store(struct store *store, struct unsaved *results, struct error *error);

/* A claimed job, with what its try needs. */
struct claimed {
	struct store_job job;
	char key_id[SEAL_KEY_ID_MAX];
	struct buffer sealed;
	struct guard_known *known; /* of a guarded job */
	size_t known_count;
};

void claimed_clear(struct claimed *claimed);

/* What is wanted for one service. */
struct order_lane {
	size_t lane;		  /* the pump's number of it */
	struct store_claim claim; /* the limit is worked out; the service's name is borrowed */
	int64_t mono_ms;	  /* when the claim was made, for its lease */
	int64_t opens_ms;	  /* claim.now_ms, or when the service opens */
	size_t room;		  /* so many may start at once, */
	size_t ready;		  /* beside so many that are claimed already, */
	size_t ahead;		  /* and so many more may wait for it */
	/* what came of it */
	size_t limit;
	struct claimed *claimed;
	size_t count;
	int64_t next_ms; /* when there is something to do, opening considered; INT64_MAX: never */
	bool waits_for_opening;
	bool paused; /* by an operator: only what the service took is claimed */
};

struct order {
	struct crew_task task;
	struct store *store;
	int64_t now_ms;
	int64_t longest_ms; /* no lease can have longer to run; what has is cut down */
	struct unsaved *results;
	struct store_return *returns;
	size_t return_count;
	struct store_lease *renewals;
	size_t renewal_count;
	struct store_lease *ready; /* to be looked at: are they ours still? */
	size_t ready_count;
	struct order_lane *lanes; /* whose turn it is first, first */
	size_t lane_count;
	size_t room; /* so many may start at once in all lanes together */
	/* what came of it */
	bool done;
	struct error error;
	bool wrote;
	size_t shortened; /* leases */
};

/*
 * Carries ORDER out. Where it is not done, nothing of it is, and error says why: nothing is claimed
 * or looked at, and whether a result was applied is not told.
 */
void order_carry_out(struct order *order);
/* Frees what came of ORDER and its lists, but results. */
void order_clear(struct order *order);

#endif
