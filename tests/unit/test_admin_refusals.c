#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "base/events.h"
#include "ops/admin_refusals.h"

static struct {
	size_t count;
	enum log_level level;
	char message[512], operator[128];
} told;

static void sink(void *context, enum log_level level, const char *message,
	const struct log_field *fields, size_t field_count)
{
	size_t i;

	(void)context;
	told.count++;
	told.level = level;
	snprintf(told.message, sizeof(told.message), "%s", message);
	told.operator[0] = '\0';
	for (i = 0; i < field_count; i++) {
		if (strcmp(fields[i].name, "OPERATOR") == 0)
			snprintf(told.operator, sizeof(told.operator), "%s", fields[i].value);
	}
}

static int begin(void **state)
{
	(void)state;
	memset(&told, 0, sizeof(told));
	log_set_sink(sink, NULL);
	return 0;
}

static void ask(struct admin_refusals *refusals, uid_t uid, const char *target, int64_t mono_ms)
{
	struct admin_peer peer = {.uid = uid};

	snprintf(peer.who, sizeof(peer.who), "user%u", (unsigned)uid);
	admin_refusals_tell(refusals, &peer, "POST", target, mono_ms);
}

static void test_what_a_line_says(void **state)
{
	static const struct {
		const char *target, *message;
	} cases[] = {
		{"/jobs/7/retry", "admin socket: user9 (uid 9) may not POST /jobs/7/retry"},
		{"/why?fqdn=www.example.jp", "admin socket: user9 (uid 9) may not POST /why"},
		{"/a\n\033[31mb", "admin socket: user9 (uid 9) may not POST /a ?[31mb"},
	};
	char longest[4096];

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		struct admin_refusals refusals = {0};

		ask(&refusals, 9, cases[i].target, 1000);
		assert_int_equal(told.count, i + 1);
		assert_string_equal(told.message, cases[i].message);
		assert_string_equal(told.operator, "user9");
		assert_int_equal(told.level, LOG_LEVEL_WARNING);
	}
	memset(longest, 'x', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	ask(&(struct admin_refusals){0}, 9, longest, 1000);
	assert_true(strlen(told.message) < 160);
}

static void test_one_line_a_minute(void **state)
{
	struct admin_refusals refusals = {0};
	int64_t now_ms;

	(void)state;
	for (now_ms = 1; now_ms <= ADMIN_REFUSALS_MS; now_ms += 100)
		ask(&refusals, 9, "/status", now_ms);
	assert_int_equal(told.count, 1);
	/* Another's is not kept from the log by it. */
	ask(&refusals, 10, "/status", 500);
	assert_int_equal(told.count, 2);
	assert_null(strstr(told.message, "before"));
	ask(&refusals, 9, "/status", ADMIN_REFUSALS_MS);
	assert_int_equal(told.count, 2);
	ask(&refusals, 9, "/status", ADMIN_REFUSALS_MS + 1);
	assert_int_equal(told.count, 3);
	assert_non_null(strstr(told.message, "; and 600 times before"));
	ask(&refusals, 9, "/status", 2 * ADMIN_REFUSALS_MS + 1);
	assert_int_equal(told.count, 4);
	assert_null(strstr(told.message, "before"));
}

static void test_many_users_write_no_more_than_there_is_room_for(void **state)
{
	struct admin_refusals refusals = {0};
	int64_t now_ms = 1;
	uid_t uid;

	(void)state;
	for (uid = 1; uid <= 1000; uid++)
		ask(&refusals, uid, "/status", now_ms);
	assert_int_equal(told.count, ADMIN_REFUSALS_USERS);
	now_ms += ADMIN_REFUSALS_MS;
	ask(&refusals, 1000, "/status", now_ms);
	assert_int_equal(told.count, ADMIN_REFUSALS_USERS + 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_what_a_line_says, begin),
		cmocka_unit_test_setup(test_one_line_a_minute, begin),
		cmocka_unit_test_setup(test_many_users_write_no_more_than_there_is_room_for, begin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
