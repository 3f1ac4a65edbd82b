#ifndef DOMAIN_THROTTLE_H
#define DOMAIN_THROTTLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * How much one linked service may be asked for at present: a window of requests at once, requests a
 * second, pauses that the service asked for, and a circuit that opens when it is dead. A value, one
 * a service, so that no service's trouble is another's. Waiting here is not failing: it uses up no
 * attempt.
 *
 * All instants are milliseconds of the monotonic clock, so that a step of the wall clock neither
 * ends nor prolongs anything. None of this is durable: a restart begins anew and learns again.
 */

/* Milli-requests a second: 1000 is one a second, 200 one in five seconds. */
#define THROTTLE_RATE_MAX INT64_C(1000000000)

struct throttle_rules {
	int concurrency;	  /* the window's ceiling, from the profile; at least 1 */
	int initial_window;	  /* at the start; 1 to concurrency */
	int64_t rate_limit;	  /* milli-requests a second, up to THROTTLE_RATE_MAX; 0: none */
	int failed_cohorts;	  /* that open the circuit; at least 1 */
	int64_t probe_floor_ms;	  /* the wait before the first probe; at least 1 */
	int64_t probe_ceiling_ms; /* it doubles up to this */
	int64_t pause_cap_ms;	  /* a Retry-After beyond it counts as this */
};

/*
 * The rules where a profile says nothing but its concurrency: a window of 4 at first (or
 * CONCURRENCY, if less), no rate limit, 3 cohorts, probes after 5 s to 5 min, pauses up to 24 h.
 */
struct throttle_rules throttle_rules_default(int concurrency);

enum throttle_state {
	THROTTLE_FLOWING,      /* requests start as window and rate have room */
	THROTTLE_PAUSED,       /* the service told to wait */
	THROTTLE_CIRCUIT_OPEN, /* it is taken for dead; nothing starts before the next probe */
	THROTTLE_PROBING,      /* one request is under way to see whether it lives again */
};

/* "flowing", "paused", "circuit-open", "probing". */
const char *throttle_state_name(enum throttle_state state);

/* The fields may be read for a status display; throttle_state_at has the state as of now. */
struct throttle {
	enum throttle_state state;
	int64_t until_ms; /* PAUSED: the pause's end; CIRCUIT_OPEN: the next probe's time */

	int window;	     /* requests at once; never under 1, whatever the state */
	int window_goods;    /* good answers towards one more */
	size_t most_at_once; /* in flight since the window last changed */

	int cohort_size;     /* the window when the present cohort of failures began */
	int cohort_failures; /* of it so far */
	int failed_cohorts;  /* complete ones since the last answer */
	int64_t probe_wait_ms;

	int64_t learnt_rate; /* milli-requests a second; 0: nothing learnt */
	int64_t credit;	     /* millionths of a request that may start, as of credit_at_ms */
	int64_t credit_at_ms;
	int64_t lesson_span_ms; /* what the last lesson was measured over; 0: not measured */
	bool is_fresh;		/* the learnt rate was measured, and not refused since */
	bool is_raised;		/* nor is it as low as the last lesson left it */
	int64_t raise_from_ms;	/* when the present span of quiet began */
	int64_t raise_goods;	/* good answers in it */

	int64_t second_ms; /* when the second of second_goods began */
	int64_t second_goods, previous_goods;

	bool was_paused;
	int64_t pause_ms;    /* how long the last pause was */
	int64_t pause_goods; /* good answers since its end */
	int pauses_in_a_row; /* without a good answer between them */
};

/* A service of which nothing is known yet. */
void throttle_init(struct throttle *throttle, const struct throttle_rules *rules, int64_t now_ms);

/* The state as of NOW_MS: a pause that is over is none. */
enum throttle_state throttle_state_at(const struct throttle *throttle, int64_t now_ms);

/* The rate kept to, the lower of the configured and the learnt one; 0: none. */
int64_t throttle_rate(const struct throttle *throttle, const struct throttle_rules *rules);

/* How many requests may start at NOW_MS while IN_FLIGHT are under way. */
size_t throttle_room(const struct throttle *throttle, const struct throttle_rules *rules,
	size_t in_flight, int64_t now_ms);

/*
 * The earliest instant, not before NOW_MS, at which there is room if nothing happens until then:
 * NOW_MS itself exactly when throttle_room is not 0. INT64_MAX when time alone makes none, but the
 * end of one of the IN_FLIGHT requests; so a timer set to it never spins.
 */
int64_t throttle_next(const struct throttle *throttle, const struct throttle_rules *rules,
	size_t in_flight, int64_t now_ms);

/* COUNT requests, no more than there was room for, start beside the IN_FLIGHT ones. */
void throttle_started(struct throttle *throttle, const struct throttle_rules *rules,
	size_t in_flight, size_t count, int64_t now_ms);

enum throttle_outcome {
	THROTTLE_GOOD,	      /* any answer but the two below, also one that refuses the install */
	THROTTLE_TOO_MANY,    /* 429: pauses, and teaches the rate */
	THROTTLE_UNAVAILABLE, /* 503: pauses; teaches the rate only when it comes again within a
				 minute of answers that were good, since maintenance says 503 too */
	THROTTLE_DEAD,	      /* no answer: connecting or TLS failed, reset, time-out */
};

/*
 * A request ended with OUTCOME. RETRY_AFTER_MS: as the answer told it, negative for not at all. A
 * request whose end says nothing of the service (cancelled, failed before it was sent) is not
 * told; IN_FLIGHT without it is enough, also when it was the probe.
 */
void throttle_result(struct throttle *throttle, const struct throttle_rules *rules,
	enum throttle_outcome outcome, int64_t retry_after_ms, int64_t now_ms);

#endif
