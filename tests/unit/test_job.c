#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "domain/job.h"

/* What each state makes of each event, written down again by hand: '.' means nothing happens. */
static const char *const expected[JOB_STATE_COUNT] = {
	/* hold release claim pushed confirmed temporary permanent give-up supersede cancel refuse
	   reschedule operator-retry take-away */
	[JOB_HELD] = ".s.....FUCR...",
	[JOB_SCHEDULED] = "h.i....FUCRs.h",
	[JOB_INSTALLING] = "..ivIrFFUCR..h",
	[JOB_VERIFYING] = "..vvIrFFUCR..h",
	[JOB_RETRYING] = "h.i....FUCR.sh",
	[JOB_INSTALLED] = "h.........Rs..",
	[JOB_FAILED] = "h.......UCRss.",
	[JOB_REFUSED] = "h.......UC.s..",
	[JOB_SUPERSEDED] = "h.........Rs..",
	[JOB_CANCELLED] = "h.......U.Rss.",
};

static const char letters[JOB_STATE_COUNT] = {
	[JOB_HELD] = 'h',
	[JOB_SCHEDULED] = 's',
	[JOB_INSTALLING] = 'i',
	[JOB_VERIFYING] = 'v',
	[JOB_RETRYING] = 'r',
	[JOB_INSTALLED] = 'I',
	[JOB_FAILED] = 'F',
	[JOB_REFUSED] = 'R',
	[JOB_SUPERSEDED] = 'U',
	[JOB_CANCELLED] = 'C',
};

static void test_transitions(void **unused)
{
	int state, event;

	(void)unused;
	for (state = 0; state < JOB_STATE_COUNT; state++) {
		for (event = 0; event < JOB_EVENT_COUNT; event++) {
			char want = expected[state][event];
			enum job_state next = JOB_STATE_COUNT;
			bool moved =
				job_transition((enum job_state)state, (enum job_event)event, &next);

			assert_int_equal(moved, want != '.');
			assert_int_equal(next == (enum job_state)state ? '.' : letters[next],
				want == letters[state] ? '.' : want);
		}
	}
}

static void test_names(void **unused)
{
	int state;

	(void)unused;
	for (state = 0; state < JOB_STATE_COUNT; state++) {
		enum job_state back = JOB_STATE_COUNT;

		assert_true(job_state_from_name(job_state_name((enum job_state)state), &back));
		assert_int_equal(back, state);
	}
	assert_false(job_state_from_name("done", &(enum job_state){0}));
	assert_string_equal(job_state_name(JOB_SUPERSEDED), "superseded");
}

static void test_properties(void **unused)
{
	/* final, needs the key */
	static const bool want[JOB_STATE_COUNT][2] = {
		[JOB_HELD] = {false, true},
		[JOB_SCHEDULED] = {false, true},
		[JOB_INSTALLING] = {false, true},
		[JOB_VERIFYING] = {false, true},
		[JOB_RETRYING] = {false, true},
		[JOB_INSTALLED] = {true, false},
		[JOB_FAILED] = {true, true},
		[JOB_REFUSED] = {true, false},
		[JOB_SUPERSEDED] = {true, false},
		[JOB_CANCELLED] = {true, false},
	};
	int state;

	(void)unused;
	for (state = 0; state < JOB_STATE_COUNT; state++) {
		assert_int_equal(job_state_is_final((enum job_state)state), want[state][0]);
		assert_int_equal(job_state_needs_key((enum job_state)state), want[state][1]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_transitions),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_properties),
	};

	return cmocka_run_group_tests_name("job", tests, NULL, NULL);
}
