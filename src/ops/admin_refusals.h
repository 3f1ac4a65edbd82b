#ifndef OPS_ADMIN_REFUSALS_H
#define OPS_ADMIN_REFUSALS_H

#include <stddef.h>
#include <stdint.h>

#include "ops/admin_rights.h"

/*
 * Tells the log whom the admin socket refused what: one line a user and minute, however often it is
 * asked, and for ADMIN_REFUSALS_USERS users a minute; the line says how many were not told before
 * it.
 */
#define ADMIN_REFUSALS_USERS 16
#define ADMIN_REFUSALS_MS 60000

/* Zeroed: none yet. Not for several threads at once. */
struct admin_refusals {
	struct admin_refusal {
		uid_t uid;
		int64_t until_ms; /* by the monotonic clock: no further line before; 0: unused */
		size_t untold;
	} users[ADMIN_REFUSALS_USERS];
};

/* PEER was refused METHOD on TARGET, of which the query is left out; MONO_MS is now. */
void admin_refusals_tell(struct admin_refusals *refusals, const struct admin_peer *peer,
	const char *method, const char *target, int64_t mono_ms);

#endif
