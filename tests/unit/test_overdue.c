#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "domain/overdue.h"

static int64_t at(const char *text)
{
	int64_t instant_ms = 0;

	if (text != NULL && !civil_parse_instant(text, &instant_ms))
		fail_msg("%s is no instant", text);
	return instant_ms;
}

static const struct {
	const char *name;
	enum job_state state;
	const char *due, *revoked, *now; /* NULL: none */
	const char *wanted;
} cases[] = {
	{"before its due day", JOB_SCHEDULED, "2026-11-24T09:00:00+09:00", NULL,
		"2026-11-23T12:00:00+09:00", ""},
	{"its due day's last moment", JOB_RETRYING, "2026-11-24T09:00:00+09:00", NULL,
		"2026-11-24T23:59:59.999+09:00", ""},
	{"midnight in Tokyo after it", JOB_RETRYING, "2026-11-24T09:00:00+09:00", NULL,
		"2026-11-25T00:00:00+09:00", "late: due since 2026-11-24"},
	{"the due day is Tokyo's", JOB_SCHEDULED, "2026-11-23T15:30:00Z", NULL,
		"2026-11-24T14:59:59Z", ""},
	{"no due instant", JOB_HELD, NULL, NULL, "2026-11-25T00:00:00+09:00", ""},
	{"a week and a millisecond before the revocation", JOB_SCHEDULED,
		"2027-01-05T09:00:00+09:00", "2026-12-20T10:00:00+09:00",
		"2026-12-13T09:59:59.999+09:00", ""},
	{"a week before it", JOB_SCHEDULED, "2027-01-05T09:00:00+09:00",
		"2026-12-20T10:00:00+09:00", "2026-12-13T10:00:00+09:00",
		"revocation: the certificate that it replaces is revoked from 2026-12-20 on"},
	{"revoked long ago", JOB_HELD, NULL, "2026-12-20T10:00:00+09:00",
		"2027-12-13T10:00:00+09:00",
		"revocation: the certificate that it replaces is revoked from 2026-12-20 on"},
	{"the graver one of both", JOB_VERIFYING, "2026-11-24T09:00:00+09:00",
		"2026-12-20T10:00:00+09:00", "2026-12-14T00:00:00+09:00",
		"revocation: the certificate that it replaces is revoked from 2026-12-20 on"},
	{"late while the revocation is far", JOB_INSTALLING, "2026-11-24T09:00:00+09:00",
		"2026-12-20T10:00:00+09:00", "2026-11-25T09:00:00+09:00",
		"late: due since 2026-11-24"},
};

static void test_cases(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		int64_t due = at(cases[i].due), revoked = at(cases[i].revoked);
		enum overdue found = job_overdue(cases[i].state, due, revoked, at(cases[i].now));
		char text[96], whole[160] = "";

		overdue_text(found, due, revoked, text, sizeof(text));
		if (found != OVERDUE_NOT)
			(void)snprintf(whole, sizeof(whole), "%s: %s", overdue_name(found), text);
		else
			assert_null(overdue_name(found));
		if (strcmp(whole, cases[i].wanted) != 0)
			fail_msg("%s: wanted \"%s\", found \"%s\"", cases[i].name, cases[i].wanted,
				whole);
	}
}

/* What is done or has no need of it is overdue no more; the revocation comes for a failed one, too.
 */
static void test_states(void **state)
{
	const int64_t long_ago = at("2026-01-05T09:00:00+09:00");
	const int64_t now = at("2026-11-05T09:00:00+09:00");

	(void)state;
	for (int i = 0; i < JOB_STATE_COUNT; i++) {
		bool open = i <= JOB_RETRYING;

		assert_int_equal(job_overdue((enum job_state)i, long_ago, 0, now),
			open ? OVERDUE_LATE : OVERDUE_NOT);
		assert_int_equal(job_overdue((enum job_state)i, long_ago, long_ago, now),
			open || i == JOB_FAILED ? OVERDUE_REVOCATION : OVERDUE_NOT);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cases),
		cmocka_unit_test(test_states),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
