#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "base/buffer.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "base/text.h"

static void test_buffer(void **state)
{
	struct buffer buffer = {0};
	char *text;
	size_t i;

	(void)state;
	assert_string_equal(buffer_text(&buffer), "");
	buffer_append(&buffer, NULL, 0);
	assert_string_equal(buffer_text(&buffer), "");
	for (i = 0; i < 10000; i++) {
		char digit = (char)('0' + i % 10);

		buffer_append_char(&buffer, digit);
		assert_int_equal(buffer.length, i + 1);
		assert_true(buffer.capacity > buffer.length);
		assert_int_equal(buffer.data[i], digit);
		assert_int_equal(buffer.data[i + 1], '\0');
	}
	for (i = 0; i < 10000; i++)
		assert_int_equal(buffer.data[i], '0' + i % 10);
	buffer_clear(&buffer);
	assert_int_equal(buffer.length, 0);
	buffer_append(&buffer, "a\0b", 3);
	assert_memory_equal(buffer.data, "a\0b", 4);
	buffer_clear(&buffer);
	buffer_printf(&buffer, "%d-%s", 17, "x");
	buffer_printf(&buffer, "%s", "");
	buffer_printf(&buffer, "%0*d", 300, 7);
	assert_int_equal(buffer.length, 304);
	assert_memory_equal(buffer.data, "17-x000", 7);
	assert_int_equal(buffer.data[303], '7');
	assert_int_equal(buffer.data[304], '\0');
	/* Text that just fits into what was reserved, and text that just does not. */
	for (i = 0; i < 100; i++) {
		struct buffer tight = {0};

		buffer_append(&tight, "0123456789", 10);
		buffer_printf(&tight, "%.*s", (int)i, buffer_text(&buffer));
		assert_int_equal(tight.length, 10 + i);
		assert_memory_equal(tight.data, "0123456789", 10);
		assert_memory_equal(tight.data + 10, buffer.data, i);
		assert_int_equal(tight.data[10 + i], '\0');
		buffer_free(&tight);
	}
	text = buffer_steal_text(&buffer);
	assert_int_equal(strlen(text), 304);
	assert_null(buffer.data);
	assert_int_equal(buffer.capacity, 0);
	free(text);
	text = buffer_steal_text(&buffer);
	assert_string_equal(text, "");
	free(text);
}

static void test_buffer_reserve(void **state)
{
	struct buffer buffer = {0};
	unsigned char *data;

	(void)state;
	buffer_reserve(&buffer, 1000);
	assert_string_equal(buffer_text(&buffer), "");
	data = buffer.data;
	buffer_append_text(&buffer, "0123456789");
	for (int i = 0; i < 99; i++)
		buffer_append(&buffer, "0123456789", 10);
	assert_ptr_equal(buffer.data, data);
	assert_int_equal(buffer.length, 1000);
	buffer_free(&buffer);
	assert_null(buffer.data);
	assert_int_equal(buffer.length, 0);
}

static void test_copies(void **state)
{
	char *text;

	(void)state;
	assert_null(xstrdup_or_null(NULL));
	text = xstrndup("abcdef", 3);
	assert_string_equal(text, "abc");
	free(text);
	text = xstrndup("ab", 30);
	assert_string_equal(text, "ab");
	free(text);
	text = xasprintf("%s-%d", "a", 5);
	assert_string_equal(text, "a-5");
	free(text);
}

static void test_error_set(void **state)
{
	struct error error = {0};
	char long_text[2000];
	size_t i;

	(void)state;
	assert_false(error_set(&error, ERROR_TEMPORARY, "%s: %d", "file\x1b[2J\n", 5));
	assert_int_equal(error.kind, ERROR_TEMPORARY);
	assert_string_equal(error.text, "file?[2J : 5");
	assert_false(error_set(NULL, ERROR_PERMANENT, "nobody listens"));
	assert_false(error_context(NULL, "nobody listens"));

	memset(long_text, 'x', sizeof(long_text) - 1);
	long_text[sizeof(long_text) - 1] = '\0';
	error_set(&error, ERROR_PERMANENT, "%s", long_text);
	assert_int_equal(strlen(error.text), ERROR_TEXT_MAX - 1);

	/* Three bytes a character: the cut falls between two, and leaves no half behind. */
	for (i = 0; i + 3 < sizeof(long_text); i += 3)
		memcpy(long_text + i, "日", 3);
	long_text[i] = '\0';
	for (i = 0; i < 4; i++) {
		error_set(&error, ERROR_PERMANENT, "%.*s%s", (int)i, "aaaa", long_text);
		assert_true(strlen(error.text) > ERROR_TEXT_MAX - 4);
		assert_null(strchr(error.text, '?'));
		assert_true(text_is_clean(error.text, strlen(error.text)));
	}
}

static void test_error_context(void **state)
{
	struct error error = {0};
	char long_text[2 * ERROR_TEXT_MAX];

	(void)state;
	error_set(&error, ERROR_INTERNAL, "no key");
	assert_false(error_context(&error, "line %d", 7));
	assert_false(error_context(&error, "%s", "a\tfile"));
	assert_string_equal(error.text, "a file: line 7: no key");
	assert_int_equal(error.kind, ERROR_INTERNAL);
	/* A sentence that is quoted in its own successor. */
	error_set(&error, ERROR_PERMANENT, "again: %s", error.text);
	assert_string_equal(error.text, "again: a file: line 7: no key");
	memset(long_text, 'y', sizeof(long_text) - 1);
	long_text[sizeof(long_text) - 1] = '\0';
	error_context(&error, "%s", long_text);
	assert_int_equal(strlen(error.text), ERROR_TEXT_MAX - 1);
	assert_int_equal(error.text[0], 'y');
	assert_string_equal(error_kind_name(ERROR_PERMANENT), "permanent");
	assert_string_equal(error_kind_name(ERROR_TEMPORARY), "temporary");
	assert_string_equal(error_kind_name(ERROR_INTERNAL), "internal");
}

struct heard {
	unsigned int count;
	enum log_level level;
	char message[4096];
	char fields[4096];
	size_t field_count;
};

static void listen(void *context, enum log_level level, const char *message,
	const struct log_field *fields, size_t field_count)
{
	struct heard *heard = context;
	size_t i;

	heard->count++;
	heard->level = level;
	heard->field_count = field_count;
	snprintf(heard->message, sizeof(heard->message), "%s", message);
	heard->fields[0] = '\0';
	for (i = 0; i < field_count; i++)
		snprintf(heard->fields + strlen(heard->fields),
			sizeof(heard->fields) - strlen(heard->fields), "%s=%s;", fields[i].name,
			fields[i].value);
}

static void test_log_levels(void **state)
{
	static const enum log_level levels[] = {LOG_LEVEL_ERROR, LOG_LEVEL_WARNING,
		LOG_LEVEL_NOTICE, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG};
	struct heard heard = {0};
	size_t i, j;

	(void)state;
	log_set_sink(listen, &heard);
	log_debug("the start is info");
	assert_int_equal(heard.count, 0);
	log_info("n%d", 1);
	assert_int_equal(heard.count, 1);
	assert_string_equal(heard.message, "n1");
	for (i = 0; i < ARRAY_LENGTH(levels); i++) {
		log_set_level(levels[i]);
		for (j = 0; j < ARRAY_LENGTH(levels); j++) {
			heard.count = 0;
			log_entry(levels[j], NULL, 0, "x");
			assert_int_equal(heard.count, j <= i ? 1 : 0);
			if (j <= i)
				assert_int_equal(heard.level, levels[j]);
		}
	}
	log_set_level(LOG_LEVEL_INFO);
	log_set_sink(NULL, NULL);
}

static void test_log_cleans(void **state)
{
	const struct log_field fields[] = {
		{"CONTRACT", "ssl1\nPRIORITY=0"}, {"SERVICE", NULL}, {"FQDN", "\x1b]0;x"}};
	struct log_field many[40];
	struct heard heard = {0};
	char long_text[5000];
	size_t i;

	(void)state;
	log_set_sink(listen, &heard);
	log_entry(LOG_LEVEL_NOTICE, fields, ARRAY_LENGTH(fields), "a\x9b%s\n", "\xe2\x80\xae");
	assert_string_equal(heard.message, "a?? ");
	assert_string_equal(heard.fields, "CONTRACT=ssl1 PRIORITY=0;FQDN=?]0;x;");
	for (i = 0; i < ARRAY_LENGTH(many); i++)
		many[i] = (struct log_field){"F", "v"};
	log_entry(LOG_LEVEL_NOTICE, many, ARRAY_LENGTH(many), "many");
	assert_int_equal(heard.field_count, 16);
	memset(long_text, 'x', sizeof(long_text) - 1);
	long_text[sizeof(long_text) - 1] = '\0';
	log_notice("%s", long_text);
	assert_int_equal(strlen(heard.message), 2047);
	log_set_sink(NULL, NULL);
}

static void test_manual_clock(void **state)
{
	struct manual_clock manual;

	(void)state;
	manual_clock_init(&manual, 5000);
	assert_int_equal(clock_wall_ms(&manual.clock), 5000);
	assert_int_equal(clock_mono_ms(&manual.clock), 0);
	manual_clock_advance(&manual, 250);
	assert_int_equal(clock_wall_ms(&manual.clock), 5250);
	assert_int_equal(clock_mono_ms(&manual.clock), 250);
	manual_clock_step(&manual, -5000);
	assert_int_equal(clock_wall_ms(&manual.clock), 250);
	assert_int_equal(clock_mono_ms(&manual.clock), 250);
}

static void test_system_clock(void **state)
{
	const struct clock *clock = clock_system();
	int64_t before = clock_mono_ms(clock);

	(void)state;
	assert_true(clock_mono_ms(clock) >= before);
	/* Any time since this was written, in milliseconds. */
	assert_true(clock_wall_ms(clock) > INT64_C(1700000000000));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_buffer),
		cmocka_unit_test(test_buffer_reserve),
		cmocka_unit_test(test_copies),
		cmocka_unit_test(test_error_set),
		cmocka_unit_test(test_error_context),
		cmocka_unit_test(test_log_levels),
		cmocka_unit_test(test_log_cleans),
		cmocka_unit_test(test_manual_clock),
		cmocka_unit_test(test_system_clock),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
