#ifndef DOMAIN_BACKOFF_H
#define DOMAIN_BACKOFF_H

#include <stdbool.h>
#include <stdint.h>

struct backoff_rules {
	int64_t floor_ms;	    /* no retry sooner; default 5 s */
	int64_t ceiling_ms;	    /* the exponential's bound; default 1 h */
	int64_t retry_after_cap_ms; /* a Retry-After beyond it counts as this; default 24 h */
	int64_t give_up_after_ms; /* age, from the first attempt, at which a job fails; default 7 d
				   */
};

struct backoff_rules backoff_rules_default(void);

/*
 * How long to wait after failed attempt number ATTEMPT (from 1): full jitter between the floor and
 * min(ceiling, floor * 2^attempt), by RANDOM (all 64 bits uniformly distributed); at least
 * RETRY_AFTER_MS when that is not negative, within its cap (a little jitter is added to it, never
 * taken away).
 */
int64_t backoff_delay_ms(
	const struct backoff_rules *rules, int attempt, int64_t retry_after_ms, uint64_t random);

enum give_up {
	GIVE_UP_NOT,
	GIVE_UP_AGE,	  /* tried for longer than give_up_after */
	GIVE_UP_VALIDITY, /* the certificate is over before the next try */
};

/* Whether a job whose first attempt was at FIRST_MS goes on at NEXT_MS. */
enum give_up backoff_give_up(
	const struct backoff_rules *rules, int64_t first_ms, int64_t next_ms, int64_t not_after_ms);

#endif
