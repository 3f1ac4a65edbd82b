#ifndef DOMAIN_THROTTLE_PRIVATE_H
#define DOMAIN_THROTTLE_PRIVATE_H

#include <stdbool.h>
#include <stdint.h>

#include "domain/throttle.h"

/* The rate's part of the throttle: a bucket of credit, and what is learnt of the service's own. */

/* One request in credit: rate, in thousandths a second, times milliseconds. */
#define THROTTLE_REQUEST INT64_C(1000000)

static inline int64_t throttle_lesser(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

static inline int64_t throttle_greater(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

/* The credit as of NOW_MS at RATE, which is not 0. */
int64_t throttle_credit_at(const struct throttle *throttle, int64_t rate, int64_t now_ms);

/* Brings the credit up to NOW_MS; to be done before the rate or the credit changes. */
void throttle_credit_settle(
	struct throttle *throttle, const struct throttle_rules *rules, int64_t now_ms);

void throttle_count_good(struct throttle *throttle, int64_t now_ms);

/* What the first refusal after a stretch of flowing teaches, before its pause is noted; false when
 * that is nothing. */
bool throttle_learn(struct throttle *throttle, const struct throttle_rules *rules, int64_t now_ms);

/* A good answer that comes during the pause was sent before it, and belongs to the lesson. */
void throttle_learn_late(
	struct throttle *throttle, const struct throttle_rules *rules, int64_t now_ms);

/* After a good answer: tries the learnt rate a little higher when it is time. */
void throttle_raise(struct throttle *throttle, const struct throttle_rules *rules, int64_t now_ms);

#endif
