#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/civil.h"
#include "engine/pump_private.h"

#define NOW_MS INT64_C(1794790800000)

static const struct backoff_rules rules = {
	.floor_ms = 1000,
	.ceiling_ms = 60000,
	.retry_after_cap_ms = 600000,
	.give_up_after_ms = DAY_MS,
};

static const struct {
	const char *name;
	enum job_state state;
	enum job_event event;
	bool interrupted;
	int attempts;
	int64_t first_ms;
	int64_t not_after_ms;
	int64_t retry_after_ms;
	int64_t look_again_ms;
	/* wanted */
	enum job_state want;
	int64_t want_next_ms;
	bool want_settled;
	const char *want_detail; /* what the detail begins with */
} cases[] = {
	{"confirmed", JOB_INSTALLING, JOB_EVENT_CONFIRMED, false, 1, 1, INT64_MAX, -1, 0,
		JOB_INSTALLED, 0, true, "the detail"},
	{"taken, the edge is looked at again", JOB_INSTALLING, JOB_EVENT_PUSHED, false, 1, 1,
		INT64_MAX, -1, 3000, JOB_VERIFYING, NOW_MS + 3000, false, "the detail"},
	{"still the old one", JOB_VERIFYING, JOB_EVENT_PUSHED, false, 1, 1, INT64_MAX, -1, 3000,
		JOB_VERIFYING, NOW_MS + 3000, false, "the detail"},
	{"failed for now", JOB_INSTALLING, JOB_EVENT_TEMPORARY, false, 1, NOW_MS, INT64_MAX, -1, 0,
		JOB_RETRYING, NOW_MS + 1000, false, "the detail"},
	{"failed for now, with Retry-After", JOB_INSTALLING, JOB_EVENT_TEMPORARY, false, 1, NOW_MS,
		INT64_MAX, 30000, 0, JOB_RETRYING, NOW_MS + 30000, false, "the detail"},
	{"failed for now, before the first push", JOB_INSTALLING, JOB_EVENT_TEMPORARY, false, 0, 0,
		INT64_MAX, -1, 0, JOB_RETRYING, NOW_MS + 1000, false, "the detail"},
	{"broken off by us", JOB_INSTALLING, JOB_EVENT_TEMPORARY, true, 1, NOW_MS, INT64_MAX, -1, 0,
		JOB_RETRYING, NOW_MS, false, "the detail"},
	{"grace over", JOB_VERIFYING, JOB_EVENT_TEMPORARY, false, 1, NOW_MS, INT64_MAX, -1, 0,
		JOB_RETRYING, NOW_MS + 1000, false, "the detail"},
	{"will not succeed", JOB_INSTALLING, JOB_EVENT_PERMANENT, false, 1, NOW_MS, INT64_MAX, -1,
		0, JOB_FAILED, 0, true, "the detail"},
	{"too old", JOB_INSTALLING, JOB_EVENT_TEMPORARY, false, 9, NOW_MS - DAY_MS, INT64_MAX, -1,
		0, JOB_FAILED, 0, true, "given up, tried for too long: the detail"},
	{"no validity left", JOB_INSTALLING, JOB_EVENT_TEMPORARY, false, 1, NOW_MS, NOW_MS + 500,
		-1, 0, JOB_FAILED, 0, true,
		"given up, the certificate ends before the next try: the detail"},
	{"over before it was sent", JOB_INSTALLING, JOB_EVENT_GIVE_UP, false, 0, 0, 5, -1, 0,
		JOB_FAILED, 0, true, "the detail"},
};

static void test_compute(void **unused)
{
	size_t i;

	(void)unused;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct attempt_result result = {
			.job =
				{
					.state = cases[i].state,
					.attempts = cases[i].attempts,
					.first_attempt_ms = cases[i].first_ms,
					.not_after_ms = cases[i].not_after_ms,
				},
			.event = cases[i].event,
			.interrupted = cases[i].interrupted,
			.retry_after_ms = cases[i].retry_after_ms,
			.look_again_ms = cases[i].look_again_ms,
			.detail = "the detail",
		};
		struct settling settling;

		settle_compute(&rules, &result, NOW_MS, 0, &settling);
		if (settling.state != cases[i].want || settling.next_ms != cases[i].want_next_ms ||
			(settling.settled_ms == NOW_MS) != cases[i].want_settled ||
			strcmp(settling.detail, cases[i].want_detail) != 0)
			fail_msg("%s: %s, next %lld, settled %lld, \"%s\"", cases[i].name,
				job_state_name(settling.state), (long long)settling.next_ms,
				(long long)settling.settled_ms, settling.detail);
	}
}

static void test_waits_grow_with_the_tries(void **unused)
{
	struct attempt_result result = {.job = {.state = JOB_INSTALLING, .not_after_ms = INT64_MAX},
		.event = JOB_EVENT_TEMPORARY,
		.retry_after_ms = -1};
	struct settling settling;

	(void)unused;
	result.job.attempts = 3;
	settle_compute(&rules, &result, NOW_MS, UINT64_MAX, &settling);
	assert_int_equal(settling.next_ms, NOW_MS + 8000);
	result.job.attempts = 0;
	settle_compute(&rules, &result, NOW_MS, UINT64_MAX, &settling);
	assert_int_equal(settling.next_ms, NOW_MS + 2000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_compute), cmocka_unit_test(test_waits_grow_with_the_tries)};

	return cmocka_run_group_tests_name("settle", tests, NULL, NULL);
}
