#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/text.h"

static void test_placeholder(void **state)
{
	int64_t ms;

	(void)state;
	assert_true(text_to_duration_ms("1m30s", &ms));
	assert_int_equal(ms, 90000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_placeholder)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
