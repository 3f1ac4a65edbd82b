#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/civil.h"
#include "domain/backoff.h"

static const struct backoff_rules rules = {
	.floor_ms = 1000,
	.ceiling_ms = 60000,
	.retry_after_cap_ms = 600000,
	.give_up_after_ms = 7 * DAY_MS,
};

static void test_delay(void **unused)
{
	static const struct {
		int attempt;
		int64_t retry_after_ms;
		uint64_t random;
		int64_t want_ms;
	} cases[] = {
		/* The least and the most of the jitter's range, doubling with each attempt. */
		{1, -1, 0, 1000},
		{1, -1, UINT64_MAX, 2000},
		{2, -1, UINT64_MAX, 4000},
		{3, -1, UINT64_MAX, 8000},
		{3, -1, 0, 1000},
		{3, -1, UINT64_C(1) << 63, 4500},
		/* The ceiling, however many attempts. */
		{6, -1, UINT64_MAX, 60000},
		{7, -1, UINT64_MAX, 60000},
		{1000000, -1, UINT64_MAX, 60000},
		/* Retry-After is the least, with up to a tenth more, and capped. */
		{1, 30000, 0, 30000},
		{1, 30000, UINT64_MAX, 33000},
		{1, 900000, 0, 600000},
		{1, INT64_MAX, 0, 600000},
		{1, 0, 0, 1000},
		{6, 500, UINT64_MAX, 60000},
	};
	size_t i;

	(void)unused;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(backoff_delay_ms(&rules, cases[i].attempt, cases[i].retry_after_ms,
					 cases[i].random),
			cases[i].want_ms);
}

static void test_floor_above_the_ceiling(void **unused)
{
	const struct backoff_rules odd = {.floor_ms = 1000, .ceiling_ms = 500};

	(void)unused;
	assert_int_equal(backoff_delay_ms(&odd, 3, -1, UINT64_MAX), 1000);
}

static void test_delay_stays_in_bounds(void **unused)
{
	uint64_t random = 88172645463325252u;
	int i;

	(void)unused;
	for (i = 1; i < 20000; i++) {
		int64_t delay;

		random ^= random << 13;
		random ^= random >> 7;
		random ^= random << 17;
		delay = backoff_delay_ms(&rules, i % 40 + 1, -1, random);
		assert_in_range(delay, rules.floor_ms, rules.ceiling_ms);
	}
}

static void test_give_up(void **unused)
{
	static const struct {
		int64_t first_ms, next_ms, not_after_ms;
		enum give_up want;
	} cases[] = {
		{1000, 2000, 3000, GIVE_UP_NOT},
		{1000, 3000, 3000, GIVE_UP_NOT},
		{1000, 3001, 3000, GIVE_UP_VALIDITY},
		{1000, 1000 + 7 * DAY_MS, 30 * DAY_MS, GIVE_UP_NOT},
		{1000, 1001 + 7 * DAY_MS, 30 * DAY_MS, GIVE_UP_AGE},
		/* Never attempted: it has no age. */
		{0, 9 * DAY_MS, 30 * DAY_MS, GIVE_UP_NOT},
		/* The certificate's end is the better reason of the two. */
		{1000, 31 * DAY_MS, 30 * DAY_MS, GIVE_UP_VALIDITY},
	};
	size_t i;

	(void)unused;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(backoff_give_up(&rules, cases[i].first_ms, cases[i].next_ms,
					 cases[i].not_after_ms),
			cases[i].want);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_delay),
		cmocka_unit_test(test_floor_above_the_ceiling),
		cmocka_unit_test(test_delay_stays_in_bounds),
		cmocka_unit_test(test_give_up),
	};

	return cmocka_run_group_tests_name("backoff", tests, NULL, NULL);
}
