#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "domain/guard.h"

/* Certificates are told apart by their first byte. The job's own is 'o', issued at 100. */
static const struct guard_known known[] = {
	{{'o'}, 100, 90, true},
	{{'a'}, 50, 95, true},	 /* issued before, though valid from later on */
	{{'b'}, 150, 85, true},	 /* issued after */
	{{'c'}, 100, 91, true},	 /* at the same instant, valid later */
	{{'d'}, 100, 89, true},	 /* valid earlier */
	{{'e'}, 100, 90, true},	 /* not to be told apart */
	{{'f'}, 50, 95, false},	 /* another contract's */
	{{'g'}, 150, 85, false}, /* another contract's, issued after */
	{{'h'}, 100, 85, false},
};

static struct guard_job job(bool own_known)
{
	struct guard_job made = {.fingerprint = {'o'}, .issued_ms = 100};

	made.known = own_known ? known : known + 1;
	made.known_count = ARRAY_LENGTH(known) - (own_known ? 0 : 1);
	return made;
}

static void test_one(void **unused)
{
	static const struct {
		char seen;
		int64_t not_before_ms;
		bool own_known;
		enum guard_finding want;
	} cases[] = {
		{'o', 0, true, GUARD_SAME},
		{'o', 500, true, GUARD_SAME},
		{'a', 0, true, GUARD_OLDER},
		{'a', 95, true, GUARD_OLDER},
		{'b', 0, true, GUARD_NEWER},
		{'c', 0, true, GUARD_NEWER},
		{'d', 0, true, GUARD_OLDER},
		{'e', 0, true, GUARD_UNTOLD},
		{'f', 0, true, GUARD_OLDER},
		{'g', 0, true, GUARD_UNTOLD},
		{'h', 0, true, GUARD_UNTOLD},
		/* Not known here: by notBefore. */
		{'x', 0, true, GUARD_UNTOLD},
		{'x', 90, true, GUARD_UNTOLD},
		{'x', 89, true, GUARD_OLDER},
		{'x', 91, true, GUARD_NEWER},
		{'x', 91, false, GUARD_UNTOLD},
		{'c', 0, false, GUARD_UNTOLD},
		{'b', 0, false, GUARD_NEWER},
	};
	size_t i;

	(void)unused;
	for (i = 0; i < ARRAY_LENGTH(cases); i++) {
		const struct guard_job asking = job(cases[i].own_known);
		const struct guard_seen seen = {
			{(unsigned char)cases[i].seen}, cases[i].not_before_ms};
		enum guard_finding finding = guard_judge(&asking, &seen);

		if (finding != cases[i].want)
			fail_msg("case %zu: %s, wanted %s", i, guard_finding_name(finding),
				guard_finding_name(cases[i].want));
		assert_int_equal(guard_knows(&asking, seen.fingerprint),
			cases[i].seen != 'x' && (cases[i].seen != 'o' || cases[i].own_known));
	}
}

static void test_several(void **unused)
{
	static const struct {
		const char *seen;
		enum guard_finding want;
	} cases[] = {
		{"", GUARD_NONE},
		{"o", GUARD_SAME},
		{"oa", GUARD_OLDER},
		{"ao", GUARD_OLDER},
		{"oax", GUARD_UNTOLD},
		{"xbo", GUARD_NEWER},
		{"oabx", GUARD_NEWER},
	};
	const struct guard_job asking = job(true);
	size_t i, j;

	(void)unused;
	for (i = 0; i < ARRAY_LENGTH(cases); i++) {
		struct guard_seen seen[4] = {0};

		for (j = 0; cases[i].seen[j] != '\0'; j++)
			seen[j].fingerprint[0] = (unsigned char)cases[i].seen[j];
		assert_int_equal(guard_judge_all(&asking, seen, j), cases[i].want);
	}
}

static void test_decisions(void **unused)
{
	static const struct {
		enum guard_finding finding;
		enum guard_decision complete, incomplete;
	} cases[] = {
		{GUARD_NONE, GUARD_PUSH, GUARD_ASK_AGAIN},
		{GUARD_SAME, GUARD_CONFIRM, GUARD_ASK_AGAIN},
		{GUARD_OLDER, GUARD_PUSH, GUARD_ASK_AGAIN},
		{GUARD_UNTOLD, GUARD_STOP, GUARD_ASK_AGAIN},
		{GUARD_NEWER, GUARD_OVERTAKEN, GUARD_OVERTAKEN},
	};
	size_t i;

	(void)unused;
	assert_int_equal(ARRAY_LENGTH(cases), GUARD_FINDING_COUNT);
	for (i = 0; i < ARRAY_LENGTH(cases); i++) {
		assert_int_equal(guard_decide(cases[i].finding, true), cases[i].complete);
		assert_int_equal(guard_decide(cases[i].finding, false), cases[i].incomplete);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one),
		cmocka_unit_test(test_several),
		cmocka_unit_test(test_decisions),
	};

	return cmocka_run_group_tests_name("guard", tests, NULL, NULL);
}
