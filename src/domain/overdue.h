#ifndef DOMAIN_OVERDUE_H
#define DOMAIN_OVERDUE_H

#include <stddef.h>
#include <stdint.h>

#include "base/civil.h"
#include "domain/job.h"

/* Why a job is overdue; the graver reason where both apply. */
enum overdue {
	OVERDUE_NOT,
	OVERDUE_REVOCATION, /* the certificate that it replaces is revoked within a week, or is */
	OVERDUE_LATE,	    /* its due day is over */
};

/* An install that is open so long before the replaced certificate's revocation is overdue. */
#define OVERDUE_BEFORE_REVOCATION_MS (7 * DAY_MS)

/*
 * Whether a job in STATE is overdue at NOW_MS (DOMAIN.md rule 14): it is held, scheduled,
 * installing, verifying or retrying, and REVOKED_MS, from when on the certificate that it replaces
 * is revoked, is no more than a week away, or the day of DUE_MS in Asia/Tokyo is over. A failed one
 * is never late, which its state says, but the revocation comes all the same. 0 stands for an
 * instant that there is not. Pure.
 */
enum overdue job_overdue(enum job_state state, int64_t due_ms, int64_t revoked_ms, int64_t now_ms);

/* "revocation", "late"; NULL for OVERDUE_NOT. */
const char *overdue_name(enum overdue overdue);

/* The reason for a person: "due since 2026-11-24". "" for OVERDUE_NOT. TARGET of SIZE bytes. */
void overdue_text(
	enum overdue overdue, int64_t due_ms, int64_t revoked_ms, char *target, size_t size);

#endif
