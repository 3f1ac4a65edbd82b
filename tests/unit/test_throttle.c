#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "base/civil.h"
#include "domain/throttle.h"

#define START_MS INT64_C(5000000)

static const struct throttle_rules plain = {
	.concurrency = 8,
	.initial_window = 4,
	.failed_cohorts = 3,
	.probe_floor_ms = 5000,
	.probe_ceiling_ms = 60000,
	.pause_cap_ms = DAY_MS,
};

static void give(
	struct throttle *throttle, enum throttle_outcome outcome, size_t count, int64_t now_ms)
{
	while (count-- > 0)
		throttle_result(throttle, &plain, outcome, -1, now_ms);
}

/* Wider by one for a window's worth of good answers, when it was filled; never past the ceiling. */
static void test_window_widens(void **state)
{
	static const struct {
		size_t at_once, goods;
		int window;
	} cases[] = {
		{4, 3, 4},
		{4, 4, 5},
		{3, 100, 4},
		/* The wider one is not filled yet. */
		{4, 100, 5},
	};
	struct throttle throttle;
	size_t i;
	int window;

	(void)state;
	for (i = 0; i < ARRAY_LENGTH(cases); i++) {
		throttle_init(&throttle, &plain, START_MS);
		assert_int_equal(throttle_room(&throttle, &plain, 0, START_MS), 4);
		throttle_started(&throttle, &plain, 0, cases[i].at_once, START_MS);
		give(&throttle, THROTTLE_GOOD, cases[i].goods, START_MS);
		assert_int_equal(throttle.window, cases[i].window);
	}
	throttle_init(&throttle, &plain, START_MS);
	for (window = 4; window < 12; window++) {
		size_t room = throttle_room(&throttle, &plain, 0, START_MS);

		assert_int_equal(room, window < 8 ? window : 8);
		throttle_started(&throttle, &plain, 0, room, START_MS);
		give(&throttle, THROTTLE_GOOD, room, START_MS);
	}
}

/* What each of a row of failures leaves of the window: halved by the first of each cohort. */
static void test_window_narrows_and_circuit_opens(void **state)
{
	static const struct {
		int window;
		size_t room;
		enum throttle_state state;
	} after[] = {
		{2, 2, THROTTLE_FLOWING}, /* a cohort of four */
		{2, 2, THROTTLE_FLOWING}, {2, 2, THROTTLE_FLOWING}, {2, 2, THROTTLE_FLOWING},
		{1, 1, THROTTLE_FLOWING},				 /* one of two */
		{1, 1, THROTTLE_FLOWING}, {1, 0, THROTTLE_CIRCUIT_OPEN}, /* one of one */
		{1, 0, THROTTLE_CIRCUIT_OPEN}, /* late ones prolong nothing */
	};
	struct throttle throttle;
	size_t i;

	(void)state;
	throttle_init(&throttle, &plain, START_MS);
	for (i = 0; i < ARRAY_LENGTH(after); i++) {
		give(&throttle, THROTTLE_DEAD, 1, START_MS);
		assert_int_equal(throttle.window, after[i].window);
		assert_int_equal(throttle_room(&throttle, &plain, 0, START_MS), after[i].room);
		assert_int_equal(throttle_state_at(&throttle, START_MS), after[i].state);
	}
	assert_int_equal(throttle_next(&throttle, &plain, 0, START_MS), START_MS + 5000);
	/* One answer in between, of whatever kind, and the row begins anew. */
	for (i = 0; i < 3; i++) {
		throttle_init(&throttle, &plain, START_MS);
		give(&throttle, THROTTLE_DEAD, 6, START_MS);
		throttle_result(&throttle, &plain, (enum throttle_outcome)i, 0, START_MS);
		give(&throttle, THROTTLE_DEAD, 2, START_MS);
		assert_int_equal(throttle_state_at(&throttle, START_MS), THROTTLE_FLOWING);
		give(&throttle, THROTTLE_DEAD, 1, START_MS);
		assert_int_equal(throttle_state_at(&throttle, START_MS), THROTTLE_CIRCUIT_OPEN);
	}
}

static void test_probes(void **state)
{
	static const int64_t waits[] = {5000, 10000, 20000, 40000, 60000, 60000};
	struct throttle throttle;
	int64_t now_ms = START_MS;
	size_t i;

	(void)state;
	throttle_init(&throttle, &plain, now_ms);
	give(&throttle, THROTTLE_DEAD, 7, now_ms);
	for (i = 0; i < ARRAY_LENGTH(waits); i++) {
		int64_t at_ms = now_ms + waits[i];

		assert_int_equal(throttle_state_at(&throttle, now_ms), THROTTLE_CIRCUIT_OPEN);
		assert_int_equal(throttle_next(&throttle, &plain, 0, now_ms), at_ms);
		assert_int_equal(throttle_room(&throttle, &plain, 0, at_ms - 1), 0);
		assert_int_equal(throttle_room(&throttle, &plain, 0, at_ms), 1);
		/* Not beside one that is still under way from before. */
		assert_int_equal(throttle_room(&throttle, &plain, 1, at_ms), 0);
		assert_int_equal(throttle_next(&throttle, &plain, 1, at_ms), INT64_MAX);
		throttle_started(&throttle, &plain, 0, 1, at_ms);
		assert_int_equal(throttle_state_at(&throttle, at_ms), THROTTLE_PROBING);
		assert_int_equal(throttle_room(&throttle, &plain, 1, at_ms), 0);
		/* One whose end told nothing may be sent again. */
		assert_int_equal(throttle_room(&throttle, &plain, 0, at_ms), 1);
		now_ms = at_ms + 30000;
		give(&throttle, THROTTLE_DEAD, 1, now_ms);
	}
	now_ms += 60000;
	throttle_started(&throttle, &plain, 0, 1, now_ms);
	give(&throttle, THROTTLE_GOOD, 1, now_ms);
	assert_int_equal(throttle_state_at(&throttle, now_ms), THROTTLE_FLOWING);
	assert_int_equal(throttle_room(&throttle, &plain, 0, now_ms), 1);
	throttle_started(&throttle, &plain, 0, 1, now_ms);
	give(&throttle, THROTTLE_GOOD, 1, now_ms);
	assert_int_equal(throttle_room(&throttle, &plain, 0, now_ms), 2);
	/* And the next time it waits as at first. */
	give(&throttle, THROTTLE_DEAD, 5, now_ms);
	assert_int_equal(throttle_next(&throttle, &plain, 0, now_ms), now_ms + 5000);
	/* A late answer closes it too; an overload told by a probe pauses. */
	throttle_result(&throttle, &plain, THROTTLE_UNAVAILABLE, 90000, now_ms);
	assert_int_equal(throttle_state_at(&throttle, now_ms), THROTTLE_PAUSED);
	assert_int_equal(throttle_next(&throttle, &plain, 0, now_ms), now_ms + 90000);
	assert_int_equal(throttle_room(&throttle, &plain, 0, now_ms + 90000), 1);
	/* The pause that was asked for holds for a probe. */
	give(&throttle, THROTTLE_DEAD, 3, now_ms + 1000);
	assert_int_equal(throttle_state_at(&throttle, now_ms + 1000), THROTTLE_CIRCUIT_OPEN);
	assert_int_equal(throttle_next(&throttle, &plain, 0, now_ms + 1000), now_ms + 90000);
}

static void test_pauses(void **state)
{
	static const struct {
		enum throttle_outcome outcome;
		int64_t retry_after_ms;
		int64_t pause_ms;
	} cases[] = {
		{THROTTLE_TOO_MANY, 2000, 2000},
		{THROTTLE_UNAVAILABLE, 3600000, 3600000},
		{THROTTLE_UNAVAILABLE, 2 * DAY_MS, DAY_MS},
		{THROTTLE_UNAVAILABLE, INT64_MAX, DAY_MS},
		{THROTTLE_TOO_MANY, 0, 0},
		{THROTTLE_TOO_MANY, -1, 1000},
		{THROTTLE_UNAVAILABLE, -1, 1000},
	};
	struct throttle throttle;
	int64_t now_ms = START_MS, pause_ms;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LENGTH(cases); i++) {
		throttle_init(&throttle, &plain, START_MS);
		throttle_result(
			&throttle, &plain, cases[i].outcome, cases[i].retry_after_ms, START_MS);
		assert_int_equal(throttle_next(&throttle, &plain, 0, START_MS),
			START_MS + cases[i].pause_ms);
		if (cases[i].pause_ms > 0)
			assert_int_equal(throttle_room(&throttle, &plain, 0,
						 START_MS + cases[i].pause_ms - 1),
				0);
	}
	/* Without a word of how long: doubled up to the probe's ceiling, until something goes well.
	 */
	throttle_init(&throttle, &plain, now_ms);
	for (pause_ms = 1000; pause_ms <= 128000; pause_ms *= 2) {
		throttle_result(&throttle, &plain, THROTTLE_UNAVAILABLE, -1, now_ms);
		assert_int_equal(throttle.until_ms - now_ms, pause_ms < 60000 ? pause_ms : 60000);
		now_ms = throttle.until_ms;
	}
	give(&throttle, THROTTLE_GOOD, 1, now_ms);
	throttle_result(&throttle, &plain, THROTTLE_UNAVAILABLE, -1, now_ms);
	assert_int_equal(throttle.until_ms - now_ms, 1000);
	/* What was under way together counts once; the longest wait wins. */
	throttle_result(&throttle, &plain, THROTTLE_UNAVAILABLE, -1, now_ms + 10);
	assert_int_equal(throttle.until_ms, now_ms + 1000);
	throttle_result(&throttle, &plain, THROTTLE_UNAVAILABLE, 4000, now_ms + 20);
	throttle_result(&throttle, &plain, THROTTLE_UNAVAILABLE, 100, now_ms + 30);
	assert_int_equal(throttle.until_ms, now_ms + 4020);
	assert_string_equal(
		throttle_state_name(throttle_state_at(&throttle, now_ms + 4019)), "paused");
	assert_string_equal(
		throttle_state_name(throttle_state_at(&throttle, now_ms + 4020)), "flowing");
}

/* Maintenance (503) teaches no rate; a limit told by 503 does, since it comes again. */
static void test_what_teaches(void **state)
{
	static const struct {
		enum throttle_outcome outcome;
		size_t goods;
		int64_t later_ms; /* a second time, this long after the pause; 0: once only */
		int64_t rate;
		int window;
	} cases[] = {
		{THROTTLE_TOO_MANY, 10, 0, 9000, 4},
		{THROTTLE_UNAVAILABLE, 10, 0, 0, 2},
		{THROTTLE_UNAVAILABLE, 10, 1000, 9000, 2},
		{THROTTLE_UNAVAILABLE, 10, 60000, 0, 1},
		{THROTTLE_TOO_MANY, 0, 0, 0, 2},
		{THROTTLE_UNAVAILABLE, 0, 1000, 0, 1},
		/* A tenth less the second time, a fifth when it comes at once. */
		{THROTTLE_TOO_MANY, 10, 60000, 8100, 4},
		{THROTTLE_TOO_MANY, 10, 100, 7200, 4},
	};
	struct throttle throttle;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LENGTH(cases); i++) {
		int64_t now_ms = START_MS;

		throttle_init(&throttle, &plain, now_ms);
		give(&throttle, THROTTLE_GOOD, cases[i].goods, now_ms);
		throttle_result(&throttle, &plain, cases[i].outcome, 1000, now_ms);
		if (cases[i].later_ms > 0) {
			now_ms += 1000 + cases[i].later_ms;
			give(&throttle, THROTTLE_GOOD, cases[i].goods < 9 ? cases[i].goods : 9,
				now_ms);
			/* Ten would raise it. */
			if (throttle.learnt_rate == 0)
				give(&throttle, THROTTLE_GOOD, cases[i].goods > 9, now_ms);
			throttle_result(&throttle, &plain, cases[i].outcome, 1000, now_ms);
		}
		assert_int_equal(throttle_rate(&throttle, &plain), cases[i].rate);
		assert_int_equal(throttle.window, cases[i].window);
	}
}

/* Long pauses: a limit that counts over a long time, one that punishes, and what lands late. */
static void test_long_pauses(void **state)
{
	struct throttle throttle, taught;
	const int64_t open_ms = START_MS + 30000;

	(void)state;
	throttle_init(&taught, &plain, START_MS);
	give(&taught, THROTTLE_GOOD, 10, START_MS);
	throttle_result(&taught, &plain, THROTTLE_TOO_MANY, 30000, START_MS);
	assert_int_equal(throttle_rate(&taught, &plain), 9000);
	/* Nine in the second after the pause, and again: nine in 30 s, less a tenth. */
	throttle = taught;
	give(&throttle, THROTTLE_GOOD, 9, open_ms);
	throttle_result(&throttle, &plain, THROTTLE_TOO_MANY, 30000, open_ms + 1000);
	assert_int_equal(throttle_rate(&throttle, &plain), 270);
	/* The rate was raised in between: that was too much, the limit is none of half-minutes. */
	throttle = taught;
	give(&throttle, THROTTLE_GOOD, 10, open_ms + 1100);
	assert_int_equal(throttle_rate(&throttle, &plain), 9900);
	throttle_result(&throttle, &plain, THROTTLE_TOO_MANY, 30000, open_ms + 1200);
	assert_int_equal(throttle_rate(&throttle, &plain), 8910);
	/* What lands during the pause belongs to the lesson, and not to what comes after. */
	throttle = taught;
	give(&throttle, THROTTLE_GOOD, 20, START_MS + 10);
	assert_int_equal(throttle_rate(&throttle, &plain), 27000);
	throttle_result(&throttle, &plain, THROTTLE_TOO_MANY, 30000, open_ms + 100);
	assert_int_equal(throttle_rate(&throttle, &plain), 27000);
}

/* A measured rate rises by a tenth for ten good answers, a refused one by a twentieth in 30 s; what
 * was not used rises not at all, and the profile's own limit stays above. */
static void test_rises(void **state)
{
	static const struct {
		bool refused_again;
		int64_t after_ms;
		size_t goods;
		int64_t rate;
	} cases[] = {
		{false, 1100, 9, 9000},
		{false, 1100, 10, 9900},
		{false, 900, 10, 9000},
		{false, 60000, 10, 9000},
		{true, 29999, 250, 7200},
		{true, 30000, 250, 7560},
		{true, 30000, 90, 7200},
		{true, 86400000, 1000, 7200},
	};
	struct throttle_rules limited = plain;
	struct throttle throttle;
	size_t i, k;

	(void)state;
	for (i = 0; i < ARRAY_LENGTH(cases); i++) {
		int64_t now_ms = START_MS, span = cases[i].after_ms;

		throttle_init(&throttle, &plain, now_ms);
		give(&throttle, THROTTLE_GOOD, 10, now_ms);
		throttle_result(&throttle, &plain, THROTTLE_TOO_MANY, 1000, now_ms);
		now_ms += 1000;
		if (cases[i].refused_again) {
			give(&throttle, THROTTLE_GOOD, 1, now_ms);
			throttle_result(&throttle, &plain, THROTTLE_TOO_MANY, 1000, now_ms);
			now_ms += 1000;
		}
		for (k = 1; k < cases[i].goods; k++)
			give(&throttle, THROTTLE_GOOD, 1, now_ms);
		give(&throttle, THROTTLE_GOOD, 1, now_ms + span);
		assert_int_equal(throttle_rate(&throttle, &plain), cases[i].rate);
		limited.rate_limit = 3000;
		assert_int_equal(throttle_rate(&throttle, &limited), 3000);
		limited.rate_limit = 20000;
		assert_int_equal(throttle_rate(&throttle, &limited), cases[i].rate);
	}
}

/* How many start in a minute of a service that answers at once, by the configured rate. */
static void test_configured_rate(void **state)
{
	static const struct {
		int64_t rate_limit;
		size_t least, most;
	} cases[] = {
		{200, 12, 12}, /* one in five seconds */
		{1, 1, 1},
		{1000, 60, 60},
		{2500, 149, 151},
		{100000, 5999, 6006},
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LENGTH(cases); i++) {
		struct throttle_rules rules = plain;
		struct throttle throttle;
		int64_t now_ms = START_MS;
		size_t started = 0;

		rules.rate_limit = cases[i].rate_limit;
		throttle_init(&throttle, &rules, now_ms);
		while (now_ms < START_MS + 60000) {
			size_t room = throttle_room(&throttle, &rules, 0, now_ms);

			throttle_started(&throttle, &rules, 0, room, now_ms);
			started += room;
			now_ms = throttle_next(&throttle, &rules, 0, now_ms);
		}
		assert_in_range(started, cases[i].least, cases[i].most);
		/* A night's rest is not saved up. */
		assert_in_range(throttle_room(&throttle, &rules, 0, now_ms + DAY_MS), 1, 6);
	}
}

/* ---- against simulated services ---- */

enum limiter {
	BY_SECOND,  /* counts in whole seconds */
	BY_SLIDING, /* in any second */
	BY_BUCKET,  /* a bucket of one second's worth */
	BY_MINUTE,  /* counts in whole minutes */
	BY_NOTHING, /* dead: never answers */
};

struct service {
	enum limiter limiter;
	int64_t limit;
	int64_t span; /* the second or minute that is counted */
	int64_t used;
	int64_t credit, credit_at_ms;
	int64_t passed[8192];
	size_t passed_count;
};

static bool takes(struct service *service, int64_t now_ms, int64_t *retry_after_ms)
{
	int64_t length = service->limiter == BY_MINUTE ? 60000 : 1000;
	size_t limit = (size_t)service->limit;

	*retry_after_ms = 1000;
	switch (service->limiter) {
	case BY_SECOND:
	case BY_MINUTE:
		if (now_ms / length != service->span)
			service->used = 0;
		service->span = now_ms / length;
		*retry_after_ms = (length - now_ms % length + 999) / 1000 * 1000;
		return service->used++ < service->limit;
	case BY_SLIDING:
		if (service->passed_count >= limit &&
			service->passed[service->passed_count - limit] > now_ms - 1000)
			return false;
		assert_true(service->passed_count < ARRAY_LENGTH(service->passed));
		service->passed[service->passed_count++] = now_ms;
		return true;
	case BY_BUCKET:
		service->credit += (now_ms - service->credit_at_ms) * service->limit;
		service->credit_at_ms = now_ms;
		if (service->credit > 1000 * service->limit)
			service->credit = 1000 * service->limit;
		if (service->credit < 1000)
			return false;
		service->credit -= 1000;
		return true;
	case BY_NOTHING:
		break;
	}
	return false;
}

struct request {
	int64_t land_ms;
	enum throttle_outcome outcome;
	int64_t retry_after_ms;
};

struct run {
	struct throttle_rules rules;
	struct throttle throttle;
	struct service service;
	int64_t latency_ms, jitter_ms;
	struct request requests[64];
	size_t in_flight;
	uint64_t random;
	size_t good, bad, dead;
	int64_t held_ms; /* places held, times time */
};

static uint64_t draw(struct run *run)
{
	run->random ^= run->random << 13;
	run->random ^= run->random >> 7;
	run->random ^= run->random << 17;
	return run->random;
}

static bool land(struct run *run, int64_t now_ms)
{
	bool landed = false;
	size_t i = 0;

	while (i < run->in_flight) {
		struct request request = run->requests[i];

		if (request.land_ms > now_ms) {
			i++;
			continue;
		}
		run->requests[i] = run->requests[--run->in_flight];
		landed = true;
		run->good += request.outcome == THROTTLE_GOOD;
		run->bad += request.outcome == THROTTLE_TOO_MANY;
		run->dead += request.outcome == THROTTLE_DEAD;
		throttle_result(&run->throttle, &run->rules, request.outcome,
			request.retry_after_ms, now_ms);
	}
	return landed;
}

static void launch(struct run *run, int64_t now_ms)
{
	size_t room = throttle_room(&run->throttle, &run->rules, run->in_flight, now_ms);

	throttle_started(&run->throttle, &run->rules, run->in_flight, room, now_ms);
	for (; room > 0; room--) {
		struct request *request = &run->requests[run->in_flight++];
		uint64_t jitter = draw(run) % ((uint64_t)run->jitter_ms + 1);

		*request = (struct request){.retry_after_ms = -1, .outcome = THROTTLE_GOOD};
		request->land_ms = now_ms + run->latency_ms + (int64_t)jitter;
		if (!takes(&run->service, now_ms, &request->retry_after_ms))
			request->outcome = run->service.limiter == BY_NOTHING ? THROTTLE_DEAD
									      : THROTTLE_TOO_MANY;
	}
}

/* With always more to do, as an engine does it: on landings, and at the instant it was told. */
static void simulate(struct run *run, int64_t from_ms, int64_t to_ms)
{
	int64_t now_ms, next_ms = from_ms;

	for (now_ms = from_ms; now_ms < to_ms; now_ms++) {
		if (land(run, now_ms) || now_ms >= next_ms) {
			launch(run, now_ms);
			next_ms =
				throttle_next(&run->throttle, &run->rules, run->in_flight, now_ms);
			assert_true(next_ms > now_ms);
		}
		run->held_ms += (int64_t)run->in_flight;
	}
}

static void run_init(struct run *run, enum limiter limiter, int64_t limit)
{
	*run = (struct run){
		.rules = plain,
		.service = {.limiter = limiter,
			.limit = limit,
			.credit = 1000 * limit,
			.credit_at_ms = START_MS,
			.span = -1},
		.latency_ms = 20,
		.jitter_ms = 40,
		.random = 88172645463325252u,
	};
	throttle_init(&run->throttle, &run->rules, START_MS);
}

/* Limits that nobody configured: under a tenth refused, four fifths and more of what is taken. */
static void test_learns_limits(void **state)
{
	static const enum limiter limiters[] = {BY_SECOND, BY_SLIDING, BY_BUCKET};
	static const int64_t limits[] = {2, 3, 5, 8, 10, 20, 35, 50, 70, 100};
	static const int concurrencies[] = {1, 2, 4, 8, 16};
	struct run run;
	size_t l, n, c, seed;

	(void)state;
	for (l = 0; l < ARRAY_LENGTH(limiters); l++) {
		for (n = 0; n < ARRAY_LENGTH(limits); n++) {
			for (c = 0; c < ARRAY_LENGTH(concurrencies) * 3; c++) {
				int concurrency = concurrencies[c / 3];

				/* Only what the window can reach is to be reached: 40 ms each. */
				if (concurrency * INT64_C(20) < limits[n])
					continue;
				seed = c % 3;
				run_init(&run, limiters[l], limits[n]);
				run.rules.concurrency = concurrency;
				run.rules.initial_window = concurrency < 4 ? concurrency : 4;
				run.random += seed;
				throttle_init(
					&run.throttle, &run.rules, START_MS + 333 * (int64_t)seed);
				simulate(&run, START_MS + 333 * (int64_t)seed, START_MS + 60000);
				if (run.bad * 10 >= run.good + run.bad ||
					run.good * 10 < (size_t)limits[n] * 60 * 8)
					fail_msg("limiter %zu, %d/s, concurrency %d, seed %zu: %zu "
						 "taken, %zu refused",
						l, (int)limits[n], concurrency, seed, run.good,
						run.bad);
			}
		}
	}
}

/* Ten a minute: learnt from how long it was told to wait, over twenty minutes. */
static void test_learns_slow_limits(void **state)
{
	static const int64_t limits[] = {10, 20, 50};
	struct run run;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LENGTH(limits); i++) {
		run_init(&run, BY_MINUTE, limits[i]);
		simulate(&run, START_MS, START_MS + 1200000);
		assert_true(run.bad * 10 < run.good + run.bad);
		assert_true(run.good * 10 >= (size_t)limits[i] * 160);
	}
}

/* A dead service with time-outs of 30 s: what it holds of the places that all services share. */
static void test_dead_service_holds_little(void **state)
{
	struct run run;
	int64_t now_ms = START_MS + 1800000;

	(void)state;
	run_init(&run, BY_NOTHING, 0);
	run.latency_ms = 30000;
	run.jitter_ms = 0;
	simulate(&run, START_MS, now_ms);
	/* Seven to open, and a probe (30 s) after 5, 10, 20, 40 and then each 60 s. */
	assert_in_range(run.dead, 22, 32);
	assert_true(run.held_ms < 1800000 / 2);
	/* It comes back: all of the window is open again within a minute and a half. */
	run.service.limiter = BY_BUCKET;
	run.service.limit = 1000000;
	run.service.credit_at_ms = now_ms;
	run.latency_ms = 20;
	simulate(&run, now_ms, now_ms + 92000);
	assert_int_equal(run.throttle.window, 8);
	assert_int_equal(throttle_state_at(&run.throttle, now_ms + 92000), THROTTLE_FLOWING);
}

/* ---- whatever happens ---- */

static void check_promises(const struct run *run, int64_t now_ms)
{
	size_t room = throttle_room(&run->throttle, &run->rules, run->in_flight, now_ms);
	int64_t next_ms = throttle_next(&run->throttle, &run->rules, run->in_flight, now_ms);

	assert_true(run->in_flight + room <= (size_t)run->rules.concurrency || room == 0);
	assert_in_range(run->throttle.window, 1, run->rules.concurrency);
	assert_true((room > 0) == (next_ms == now_ms));
	assert_true(next_ms >= now_ms);
	if (next_ms == INT64_MAX) {
		assert_true(run->in_flight > 0);
		assert_int_equal(throttle_room(&run->throttle, &run->rules, run->in_flight,
					 now_ms + 400 * DAY_MS),
			0);
	} else if (next_ms > now_ms) {
		assert_int_equal(
			throttle_room(&run->throttle, &run->rules, run->in_flight, next_ms - 1), 0);
		assert_true(
			throttle_room(&run->throttle, &run->rules, run->in_flight, next_ms) > 0);
	}
}

static void test_promises_hold(void **state)
{
	static const int64_t waits[] = {-1, 0, 1000, 1500, 30000, INT64_MAX};
	static const int64_t rates[] = {0, 1, 200, 7000, THROTTLE_RATE_MAX};
	struct run run;
	int64_t now_ms = START_MS;
	size_t i, k;

	(void)state;
	run_init(&run, BY_NOTHING, 0);
	for (i = 0; i < 200000; i++) {
		uint64_t random = draw(&run);

		if (i % 1000 == 0) {
			run.rules.rate_limit = rates[random % ARRAY_LENGTH(rates)];
			throttle_init(&run.throttle, &run.rules, now_ms);
			run.in_flight = 0;
		}
		check_promises(&run, now_ms);
		now_ms +=
			random % 7 == 0 ? (int64_t)(random >> 40 & 0xffff) : (int64_t)(random & 31);
		random = draw(&run);
		if (random % 2 == 0 && run.in_flight > 0) {
			enum throttle_outcome outcome = random >> 8 & 3;

			/* Spells of each kind, else no circuit would ever open. */
			if (i / 100 % 3 != 0)
				outcome = i / 100 % 2 == 0 ? THROTTLE_DEAD : THROTTLE_GOOD;
			run.in_flight--;
			throttle_result(&run.throttle, &run.rules, outcome,
				waits[(random >> 16) % ARRAY_LENGTH(waits)], now_ms);
		} else {
			k = throttle_room(&run.throttle, &run.rules, run.in_flight, now_ms);
			throttle_started(&run.throttle, &run.rules, run.in_flight, k, now_ms);
			run.in_flight += k;
		}
	}
}

static void test_defaults(void **state)
{
	static const int concurrencies[] = {1, 3, 4, 64};
	struct throttle throttle;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LENGTH(concurrencies); i++) {
		struct throttle_rules rules = throttle_rules_default(concurrencies[i]);

		throttle_init(&throttle, &rules, START_MS);
		assert_int_equal(throttle_room(&throttle, &rules, 0, START_MS),
			concurrencies[i] < 4 ? concurrencies[i] : 4);
		assert_int_equal(throttle_rate(&throttle, &rules), 0);
	}
	assert_string_equal(throttle_state_name(THROTTLE_CIRCUIT_OPEN), "circuit-open");
	assert_string_equal(throttle_state_name(THROTTLE_PROBING), "probing");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_window_widens),
		cmocka_unit_test(test_window_narrows_and_circuit_opens),
		cmocka_unit_test(test_probes),
		cmocka_unit_test(test_pauses),
		cmocka_unit_test(test_what_teaches),
		cmocka_unit_test(test_long_pauses),
		cmocka_unit_test(test_rises),
		cmocka_unit_test(test_configured_rate),
		cmocka_unit_test(test_learns_limits),
		cmocka_unit_test(test_learns_slow_limits),
		cmocka_unit_test(test_dead_service_holds_little),
		cmocka_unit_test(test_promises_hold),
		cmocka_unit_test(test_defaults),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
