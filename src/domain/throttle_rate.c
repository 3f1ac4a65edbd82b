#include "domain/throttle_private.h"

#include "base/civil.h"

#define SECOND_MS INT64_C(1000)
/* Credit that gathers beyond one request, so that a timer's lateness costs no throughput. */
#define SLACK_MS 50
#define RAISE_MS INT64_C(30000)
#define FRESH_GOODS 10
#define LEARNT_FLOOR INT64_C(1)

int64_t throttle_rate(const struct throttle *throttle, const struct throttle_rules *rules)
{
	if (throttle->learnt_rate == 0)
		return rules->rate_limit;
	if (rules->rate_limit == 0)
		return throttle->learnt_rate;
	return throttle_lesser(throttle->learnt_rate, rules->rate_limit);
}

/*
 * One request and the slack. No more: a limit is mostly counted a second, and what is spent in one
 * burst at its end counts together with the next second's.
 */
static int64_t credit_ceiling(int64_t rate)
{
	return THROTTLE_REQUEST + SLACK_MS * rate;
}

int64_t throttle_credit_at(const struct throttle *throttle, int64_t rate, int64_t now_ms)
{
	int64_t elapsed = throttle_greater(now_ms, throttle->credit_at_ms) - throttle->credit_at_ms;

	/* More than a day fills any bucket, and does not overflow. */
	elapsed = throttle_lesser(elapsed, DAY_MS);
	return throttle_lesser(throttle->credit + elapsed * rate, credit_ceiling(rate));
}

void throttle_credit_settle(
	struct throttle *throttle, const struct throttle_rules *rules, int64_t now_ms)
{
	throttle->credit = throttle_credit_at(throttle, throttle_rate(throttle, rules), now_ms);
	throttle->credit_at_ms = throttle_greater(now_ms, throttle->credit_at_ms);
}

void throttle_count_good(struct throttle *throttle, int64_t now_ms)
{
	int64_t elapsed = now_ms - throttle->second_ms;

	if (elapsed >= SECOND_MS) {
		throttle->previous_goods = elapsed < 2 * SECOND_MS ? throttle->second_goods : 0;
		throttle->second_goods = 0;
		throttle->second_ms = now_ms - elapsed % SECOND_MS;
	}
	throttle->second_goods++;
	if (throttle_state_at(throttle, now_ms) != THROTTLE_PAUSED) {
		throttle->raise_goods++;
		throttle->pause_goods++;
	}
}

/*
 * Good answers in the second that ends at NOW_MS, in thousandths: the present second's, and of the
 * one before it the share that still lies within.
 */
static int64_t goods_of_last_second(const struct throttle *throttle, int64_t now_ms)
{
	int64_t elapsed = now_ms - throttle->second_ms;

	if (elapsed < SECOND_MS)
		return throttle->second_goods * 1000 +
		       throttle->previous_goods * (SECOND_MS - elapsed);
	if (elapsed < 2 * SECOND_MS)
		return throttle->second_goods * (2 * SECOND_MS - elapsed);
	return 0;
}

/* GOODS, in thousandths, within SPAN_MS, as a rate to keep to. A tenth is left off, since a limit
 * that is only just reached is passed by the first jitter. */
static int64_t rate_seen(int64_t goods, int64_t span_ms)
{
	return throttle_lesser(goods * SECOND_MS / span_ms * 9 / 10, THROTTLE_RATE_MAX);
}

/*
 * Learns from the first refusal after a stretch of flowing. At first: what went well in the last
 * second is what the service takes a second. Later: a tenth less than what it refused, or a fifth
 * where it did so within half a second, since then the lesson was far off (a burst that it takes
 * once, not each second).
 *
 * A service that told to pause for longer than a second and refuses again sooner than the pause was
 * long counts over a longer time (ten a minute, say); what it takes is what went well over pause
 * and stretch together. Retry-After is whole seconds rounded up, so that it may have meant up to
 * one less. That does not go for a rate that was raised meanwhile, else a service that punishes
 * with long pauses would be mistaken for a slow one.
 *
 * When nothing went well since the pause, the pause was too short, which says nothing of the rate.
 * False when nothing was learnt.
 */
bool throttle_learn(struct throttle *throttle, const struct throttle_rules *rules, int64_t now_ms)
{
	int64_t stretch = now_ms - throttle->until_ms, span = SECOND_MS, goods, cut;
	bool is_slow = throttle->was_paused && throttle->pause_ms > SECOND_MS &&
		       stretch < throttle->pause_ms && !throttle->is_raised;
	bool is_first = throttle->learnt_rate == 0;

	throttle->lesson_span_ms = 0;
	if (throttle->was_paused && throttle->pause_goods == 0 && !is_first)
		return false;
	throttle_credit_settle(throttle, rules, now_ms);
	goods = goods_of_last_second(throttle, now_ms);
	if (is_slow) {
		goods = throttle->pause_goods * 1000;
		span = throttle_greater(span, throttle->pause_ms + stretch - SECOND_MS);
	}
	cut = throttle->learnt_rate * (throttle->was_paused && stretch < SECOND_MS / 2 ? 8 : 9) /
	      10;
	if (is_first)
		throttle->learnt_rate = rate_seen(goods, span);
	else if (is_slow)
		throttle->learnt_rate = throttle_greater(
			LEARNT_FLOOR, throttle_lesser(cut, rate_seen(goods, span)));
	else
		throttle->learnt_rate = throttle_greater(LEARNT_FLOOR, cut);
	throttle->is_fresh = is_first || is_slow;
	throttle->lesson_span_ms = throttle->is_fresh ? span : 0;
	throttle->is_raised = false;
	return throttle->learnt_rate != 0;
}

void throttle_learn_late(
	struct throttle *throttle, const struct throttle_rules *rules, int64_t now_ms)
{
	if (throttle->lesson_span_ms == 0)
		return;
	throttle_credit_settle(throttle, rules, now_ms);
	throttle->learnt_rate =
		throttle_lesser(throttle->learnt_rate + rate_seen(1000, throttle->lesson_span_ms),
			THROTTLE_RATE_MAX);
}

static void raise_by(struct throttle *throttle, const struct throttle_rules *rules, int64_t divisor,
	int64_t now_ms)
{
	throttle_credit_settle(throttle, rules, now_ms);
	throttle->learnt_rate = throttle_lesser(
		throttle->learnt_rate + throttle_greater(1, throttle->learnt_rate / divisor),
		THROTTLE_RATE_MAX);
	throttle->is_raised = true;
}

/*
 * A limit may be raised, or have been another's load, so the learnt rate is tried a little higher:
 * a twentieth after each half-minute without refusal. Steps this small meet the limit again with
 * one refusal in some hundreds of requests.
 *
 * What was measured is often much too low, for a service that takes no bursts passes few of the
 * first requests; until refused it rises by a tenth for each ten good answers (and second), which
 * comes to any rate in a minute or so.
 *
 * Only a rate of which at least half was used has proved itself; idle time raises nothing.
 */
void throttle_raise(struct throttle *throttle, const struct throttle_rules *rules, int64_t now_ms)
{
	int64_t elapsed = throttle_lesser(now_ms - throttle->raise_from_ms, DAY_MS);
	bool is_time = throttle->is_fresh
			       ? elapsed >= SECOND_MS && throttle->raise_goods >= FRESH_GOODS
			       : elapsed >= RAISE_MS;

	if (throttle->learnt_rate == 0 || !is_time)
		return;
	if (throttle->raise_goods * THROTTLE_REQUEST >= throttle->learnt_rate * elapsed / 2)
		raise_by(throttle, rules, throttle->is_fresh ? 10 : 20, now_ms);
	throttle->raise_from_ms = now_ms;
	throttle->raise_goods = 0;
}
