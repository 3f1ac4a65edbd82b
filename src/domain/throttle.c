#include "domain/throttle.h"

#include <assert.h>

#include "base/civil.h"
#include "domain/throttle_private.h"

/* The pause after an overload that says nothing of how long; it doubles. */
#define PAUSE_MS INT64_C(1000)
/* Maintenance apart, two overloads within this time with good answers between them are a limit. */
#define LIMIT_SIGN_MS INT64_C(60000)
/* Longer ones could overflow when they are added to an instant. */
#define TIME_MAX (INT64_MAX / 4)

struct throttle_rules throttle_rules_default(int concurrency)
{
	return (struct throttle_rules){
		.concurrency = concurrency,
		.initial_window = concurrency < 4 ? concurrency : 4,
		.failed_cohorts = 3,
		.probe_floor_ms = 5000,
		.probe_ceiling_ms = 300000,
		.pause_cap_ms = DAY_MS,
	};
}

const char *throttle_state_name(enum throttle_state state)
{
	static const char *const names[] = {
		[THROTTLE_FLOWING] = "flowing",
		[THROTTLE_PAUSED] = "paused",
		[THROTTLE_CIRCUIT_OPEN] = "circuit-open",
		[THROTTLE_PROBING] = "probing",
	};

	return names[state];
}

static void check_rules(const struct throttle_rules *rules)
{
	assert(rules->concurrency >= 1);
	assert(rules->initial_window >= 1 && rules->initial_window <= rules->concurrency);
	assert(rules->rate_limit >= 0 && rules->rate_limit <= THROTTLE_RATE_MAX);
	assert(rules->failed_cohorts >= 1);
	assert(rules->probe_floor_ms >= 1 && rules->probe_floor_ms <= rules->probe_ceiling_ms);
	assert(rules->pause_cap_ms >= 0 && rules->pause_cap_ms <= TIME_MAX);
	assert(rules->probe_ceiling_ms <= TIME_MAX);
	(void)rules;
}

/* ---- window and circuit ---- */

static void set_window(struct throttle *throttle, int window)
{
	throttle->window = window;
	throttle->window_goods = 0;
	throttle->most_at_once = 0;
}

/*
 * One wider for each window's worth of good answers: linear in time, where one for each answer
 * would double the load with each round trip. A window that was not filled has proved nothing and
 * stays, else a trickle would open it to its ceiling untried.
 */
static void widen(struct throttle *throttle, const struct throttle_rules *rules)
{
	if (throttle->window >= rules->concurrency ||
		throttle->most_at_once < (size_t)throttle->window)
		return;
	if (++throttle->window_goods >= throttle->window)
		set_window(throttle, throttle->window + 1);
}

static void forget_failures(struct throttle *throttle, const struct throttle_rules *rules)
{
	throttle->cohort_failures = 0;
	throttle->failed_cohorts = 0;
	throttle->probe_wait_ms = rules->probe_floor_ms;
}

/* Any answer shows that the service lives. It begins with one at a time: many jobs have gathered,
 * and whatever has just come up is easily knocked over. */
static void answered(struct throttle *throttle, const struct throttle_rules *rules)
{
	if (throttle->state == THROTTLE_CIRCUIT_OPEN || throttle->state == THROTTLE_PROBING) {
		throttle->state = THROTTLE_FLOWING;
		set_window(throttle, 1);
	}
	forget_failures(throttle, rules);
}

static void open_circuit(
	struct throttle *throttle, const struct throttle_rules *rules, int64_t now_ms)
{
	int64_t probe_ms = now_ms + throttle->probe_wait_ms;

	/* A pause that the service asked for holds for the probe too. */
	if (throttle->state == THROTTLE_PAUSED)
		probe_ms = throttle_greater(probe_ms, throttle->until_ms);
	throttle->state = THROTTLE_CIRCUIT_OPEN;
	throttle->until_ms = probe_ms;
	/* The stretch since the last pause ends here; what comes after is another. */
	throttle->was_paused = false;
	throttle->probe_wait_ms = throttle->probe_wait_ms > rules->probe_ceiling_ms / 2
					  ? rules->probe_ceiling_ms
					  : throttle->probe_wait_ms * 2;
}

/*
 * The window is halved, once a cohort and by its first failure. Halved and not lessened by one:
 * each request to a dead service holds one of the places that all services share for a whole
 * time-out, so that too wide is paid for by the others and too narrow by this one alone. By the
 * first and not the last: a cohort of time-outs takes a time-out to come in. Once: what was under
 * way together fails together, and tells one thing.
 *
 * The circuit opens by complete cohorts and not by the window's having become small, so that a
 * service with a window of one is not given up after a single lost connection.
 */
static void failed(struct throttle *throttle, const struct throttle_rules *rules, int64_t now_ms)
{
	/* Begun before the circuit opened, and counted by its opening. */
	if (throttle->state == THROTTLE_CIRCUIT_OPEN)
		return;
	if (throttle->state == THROTTLE_PROBING) {
		open_circuit(throttle, rules, now_ms);
		return;
	}
	if (throttle->cohort_failures == 0) {
		int window = (int)throttle_lesser(throttle->window, rules->concurrency);

		throttle->cohort_size = window;
		set_window(throttle, (int)throttle_greater(1, window / 2));
	}
	if (++throttle->cohort_failures < throttle->cohort_size)
		return;
	throttle->cohort_failures = 0;
	if (++throttle->failed_cohorts >= rules->failed_cohorts)
		open_circuit(throttle, rules, now_ms);
}

/* ---- pauses ---- */

static int64_t pause_length(
	const struct throttle *throttle, const struct throttle_rules *rules, int64_t retry_after_ms)
{
	int64_t length = PAUSE_MS;
	int i;

	if (retry_after_ms >= 0)
		return throttle_lesser(retry_after_ms, rules->pause_cap_ms);
	for (i = 1; i < throttle->pauses_in_a_row && length < rules->probe_ceiling_ms; i++)
		length *= 2;
	return throttle_lesser(
		length, throttle_lesser(rules->probe_ceiling_ms, rules->pause_cap_ms));
}

static void refused(struct throttle *throttle, const struct throttle_rules *rules,
	enum throttle_outcome outcome, int64_t retry_after_ms, int64_t now_ms)
{
	bool is_limit = outcome == THROTTLE_TOO_MANY ||
			(throttle->was_paused && throttle->pause_goods > 0 &&
				now_ms - throttle->until_ms < LIMIT_SIGN_MS);
	int64_t length;

	if (throttle_state_at(throttle, now_ms) == THROTTLE_PAUSED) {
		/* Under way together with the one that paused us: nothing new but the time. */
		if (retry_after_ms >= 0) {
			length = pause_length(throttle, rules, retry_after_ms);
			throttle->pause_ms = throttle_greater(throttle->pause_ms, length);
			throttle->until_ms = throttle_greater(throttle->until_ms, now_ms + length);
		}
		return;
	}
	/* What teaches no rate is an overload, whatever by: less at once when it is back. */
	if (!is_limit || !throttle_learn(throttle, rules, now_ms))
		set_window(throttle,
			(int)throttle_greater(
				1, throttle_lesser(throttle->window, rules->concurrency) / 2));
	if (throttle->pauses_in_a_row < 62)
		throttle->pauses_in_a_row++;
	length = pause_length(throttle, rules, retry_after_ms);
	throttle->state = THROTTLE_PAUSED;
	throttle->until_ms = now_ms + length;
	throttle->was_paused = true;
	throttle->pause_ms = length;
	throttle->pause_goods = 0;
	throttle->raise_from_ms = throttle->until_ms;
	throttle->raise_goods = 0;
}

/* ---- what the pump asks and tells ---- */

void throttle_init(struct throttle *throttle, const struct throttle_rules *rules, int64_t now_ms)
{
	check_rules(rules);
	*throttle = (struct throttle){
		.state = THROTTLE_FLOWING,
		.window = rules->initial_window,
		.probe_wait_ms = rules->probe_floor_ms,
		.credit = THROTTLE_REQUEST,
		.credit_at_ms = now_ms,
		.raise_from_ms = now_ms,
		.second_ms = now_ms,
	};
}

enum throttle_state throttle_state_at(const struct throttle *throttle, int64_t now_ms)
{
	if (throttle->state == THROTTLE_PAUSED && now_ms >= throttle->until_ms)
		return THROTTLE_FLOWING;
	return throttle->state;
}

/* At once, by state. While the circuit is not closed: the probe, when all else has ended. */
static size_t limit_of(const struct throttle *throttle, const struct throttle_rules *rules)
{
	if (throttle->state == THROTTLE_CIRCUIT_OPEN || throttle->state == THROTTLE_PROBING)
		return 1;
	return (size_t)throttle_lesser(throttle->window, rules->concurrency);
}

/* When the state lets something start. A lost probe may be sent again at once. */
static int64_t gate_of(const struct throttle *throttle)
{
	if (throttle->state == THROTTLE_PAUSED || throttle->state == THROTTLE_CIRCUIT_OPEN)
		return throttle->until_ms;
	return INT64_MIN;
}

size_t throttle_room(const struct throttle *throttle, const struct throttle_rules *rules,
	size_t in_flight, int64_t now_ms)
{
	size_t limit = limit_of(throttle, rules), room;
	int64_t rate = throttle_rate(throttle, rules), credit;

	check_rules(rules);
	if (now_ms < gate_of(throttle) || in_flight >= limit)
		return 0;
	room = limit - in_flight;
	if (rate == 0)
		return room;
	credit = throttle_credit_at(throttle, rate, now_ms) / THROTTLE_REQUEST;
	return credit < (int64_t)room ? (size_t)credit : room;
}

int64_t throttle_next(const struct throttle *throttle, const struct throttle_rules *rules,
	size_t in_flight, int64_t now_ms)
{
	int64_t rate = throttle_rate(throttle, rules), at, credit;

	check_rules(rules);
	if (in_flight >= limit_of(throttle, rules))
		return INT64_MAX;
	at = throttle_greater(now_ms, gate_of(throttle));
	if (rate == 0)
		return at;
	credit = throttle_credit_at(throttle, rate, at);
	return credit >= THROTTLE_REQUEST ? at : at + (THROTTLE_REQUEST - credit + rate - 1) / rate;
}

void throttle_started(struct throttle *throttle, const struct throttle_rules *rules,
	size_t in_flight, size_t count, int64_t now_ms)
{
	assert(count <= throttle_room(throttle, rules, in_flight, now_ms));
	if (count == 0)
		return;
	throttle->state = throttle_state_at(throttle, now_ms);
	if (throttle->state == THROTTLE_CIRCUIT_OPEN)
		throttle->state = THROTTLE_PROBING;
	if (throttle->most_at_once < in_flight + count)
		throttle->most_at_once = in_flight + count;
	if (throttle_rate(throttle, rules) > 0) {
		throttle_credit_settle(throttle, rules, now_ms);
		throttle->credit -= (int64_t)count * THROTTLE_REQUEST;
	}
}

void throttle_result(struct throttle *throttle, const struct throttle_rules *rules,
	enum throttle_outcome outcome, int64_t retry_after_ms, int64_t now_ms)
{
	check_rules(rules);
	switch (outcome) {
	case THROTTLE_GOOD:
		answered(throttle, rules);
		throttle->pauses_in_a_row = 0;
		throttle_count_good(throttle, now_ms);
		widen(throttle, rules);
		if (throttle_state_at(throttle, now_ms) == THROTTLE_PAUSED)
			throttle_learn_late(throttle, rules, now_ms);
		else
			throttle_raise(throttle, rules, now_ms);
		break;
	case THROTTLE_TOO_MANY:
	case THROTTLE_UNAVAILABLE:
		answered(throttle, rules);
		refused(throttle, rules, outcome, retry_after_ms, now_ms);
		break;
	case THROTTLE_DEAD:
		failed(throttle, rules, now_ms);
		break;
	}
}
