#ifndef ENGINE_PUMP_PRIVATE_H
#define ENGINE_PUMP_PRIVATE_H

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

#endif
