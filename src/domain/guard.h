#ifndef DOMAIN_GUARD_H
#define DOMAIN_GUARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "domain/certificate.h"

/*
 * What a job of a restored copy may do. The store that the copy was taken of went on after it, so a
 * service can have a certificate that the copy knows nothing of; an older certificate never goes
 * over a newer one (DOMAIN.md, 14). So the service is asked before each push, and this judges what
 * it has. Times are milliseconds since 1970 in UTC.
 */

/* A certificate that the store knows: of the job's contract, or once meant for the job's target. */
struct guard_known {
	unsigned char fingerprint[FINGERPRINT_SIZE];
	int64_t issued_ms;     /* when it was issued or registered, the latest instant of several */
	int64_t not_before_ms; /* the certificate's own; 0: not known */
	bool of_contract;      /* of the job's own contract */
};

/* A certificate that the service has. */
struct guard_seen {
	unsigned char fingerprint[FINGERPRINT_SIZE];
	int64_t not_before_ms; /* 0: the fingerprint alone was told */
};

/* In order of weight: of several the heaviest counts. */
enum guard_finding {
	GUARD_NONE, /* the service has no certificate for the name */
	GUARD_SAME,
	GUARD_OLDER, /* than the job's */
	GUARD_UNTOLD,
	GUARD_NEWER,
	GUARD_FINDING_COUNT
};

/* "none", "same", "older", "untold", "newer". */
const char *guard_finding_name(enum guard_finding finding);

/* The job's side: its certificate, and what its store knows. */
struct guard_job {
	unsigned char fingerprint[FINGERPRINT_SIZE];
	int64_t issued_ms;
	const struct guard_known *known; /* the job's own certificate may be among them */
	size_t known_count;
};

/*
 * How what the service has stands to the job's certificate. One of the job's contract is older or
 * newer by its issuance or registration, as a renewal is. One of another contract is older when it
 * was issued before; one that was not, and the job's contract has the service code, is for a person
 * to judge. What the store does not know, or the issuance leaves open, is told by notBefore.
 */
enum guard_finding guard_judge(const struct guard_job *job, const struct guard_seen *seen);
/* The heaviest of COUNT; GUARD_NONE for none. */
enum guard_finding guard_judge_all(
	const struct guard_job *job, const struct guard_seen *seen, size_t count);

/* Whether the store knows the certificate with FINGERPRINT. */
bool guard_knows(const struct guard_job *job, const unsigned char fingerprint[FINGERPRINT_SIZE]);

enum guard_decision {
	GUARD_CONFIRM,	 /* it is there: nothing is to be pushed */
	GUARD_PUSH,	 /* what is there is none, or older */
	GUARD_OVERTAKEN, /* the service has a newer one: the job is superseded */
	GUARD_STOP,	 /* of what is there it cannot be told: left as it is, for a person */
	GUARD_ASK_AGAIN, /* somebody could not be asked */
};

/* COMPLETE: all who were to be asked have answered. One who has a newer one is answer enough. */
enum guard_decision guard_decide(enum guard_finding finding, bool complete);

#endif
