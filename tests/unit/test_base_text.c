#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "base/text.h"

#define BYTES(literal) literal, sizeof(literal) - 1

static void test_sanitise(void **state)
{
	static const struct {
		const char *source;
		size_t length;
		const char *wanted;
	} cases[] = {
		{BYTES(""), ""},
		{BYTES("plain ASCII ~"), "plain ASCII ~"},
		{BYTES("日本語 éß 𝄞"), "日本語 éß 𝄞"},
		{BYTES("a\nb\tc\rd"), "a b c d"},
		{BYTES("\x1b[31mred\x1b[0m"), "?[31mred?[0m"},
		{BYTES("nul\0inside"), "nul?inside"},
		{BYTES("\x7f"), "?"},
		{BYTES("\xc2\x80\xc2\x9b\xc2\x9f\xc2\xa0"), "???\xc2\xa0"},
		{BYTES("\xe2\x80\xa8\xe2\x80\xa9"), "??"},
		{BYTES("\xe2\x80\xaa\xe2\x80\xae"
		       "txt.exe"),
			"??txt.exe"},
		{BYTES("\xe2\x81\xa6\xe2\x81\xa9"), "??"},
		{BYTES("\xe2\x80\x8e\xe2\x80\x8f\xd8\x9c\xef\xbb\xbf"), "????"},
		{BYTES("\xe2\x80\x90"), "\xe2\x80\x90"},
		{BYTES("\x80\xbf"), "??"},
		{BYTES("\xc0\xaf"), "??"},
		{BYTES("\xc1\xbf"), "??"},
		{BYTES("\xe0\x80\xaf"), "???"},
		{BYTES("\xe0\x9f\xbf"), "???"},
		{BYTES("\xf0\x80\x80\xaf"), "????"},
		{BYTES("\xf0\x8f\xbf\xbf"), "????"},
		{BYTES("\xed\xa0\x80"), "???"},
		{BYTES("\xed\xbf\xbf"), "???"},
		{BYTES("\xed\x9f\xbf"), "\xed\x9f\xbf"},
		{BYTES("\xf4\x8f\xbf\xbf"), "\xf4\x8f\xbf\xbf"},
		{BYTES("\xf4\x90\x80\x80"), "????"},
		{BYTES("\xf5\x80\x80\x80"), "????"},
		{BYTES("\xfe\xff"), "??"},
		{BYTES("\xe6\x97"), "??"},
		{BYTES("\xe6\x97"
		       "A"),
			"??A"},
		{BYTES("\xf0\x9d\x84"), "???"},
		{BYTES("\xe6\xe6\x97\xa5"), "?\xe6\x97\xa5"},
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LENGTH(cases); i++) {
		/* A copy without a byte behind it, for the sanitizer to see reads past the end. */
		char *source = xmemdup(cases[i].source, cases[i].length);
		char target[64];

		text_sanitise(target, sizeof(target), source, cases[i].length);
		if (strcmp(target, cases[i].wanted) != 0)
			fail_msg("case %zu: \"%s\" and not \"%s\"", i, target, cases[i].wanted);
		assert_true(text_is_clean(target, strlen(target)));
		assert_int_equal(text_is_clean(source, cases[i].length),
			strlen(target) == cases[i].length &&
				memcmp(target, source, cases[i].length) == 0);
		free_wiped(source, cases[i].length);
	}
}

static void test_sanitise_cuts(void **state)
{
	static const struct {
		const char *source;
		size_t size;
		const char *wanted;
	} cases[] = {
		{"abc", 4, "abc"},
		{"abc", 3, "ab"},
		{"abc", 1, ""},
		{"日本", 7, "日本"},
		{"日本", 6, "日"},
		{"日本", 4, "日"},
		{"日本", 3, ""},
		{"a𝄞b", 5, "a"},
		{"a𝄞b", 6, "a𝄞"},
		/* Nothing after the first that does not fit, or the sentence would lie. */
		{"a日b", 3, "a"},
	};
	char untouched = 'x';
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LENGTH(cases); i++) {
		char *target = xmalloc(cases[i].size);

		text_sanitise(target, cases[i].size, cases[i].source, strlen(cases[i].source));
		assert_string_equal(target, cases[i].wanted);
		free_wiped(target, cases[i].size);
	}
	text_sanitise(&untouched, 0, "abc", 3);
	assert_int_equal(untouched, 'x');
}

static void test_copy(void **state)
{
	static const struct {
		const char *source;
		size_t size;
		const char *wanted;
	} cases[] = {
		{"abc", 8, "abc"},
		{"abc", 4, "abc"},
		{"abc", 3, "ab"},
		{"abc", 1, ""},
		{"", 4, ""},
		{"abc", 0, "#######"},
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char target[8] = "#######";

		text_copy(target, cases[i].size, cases[i].source);
		assert_string_equal(target, cases[i].wanted);
	}
}

static void test_unreserved_length(void **state)
{
	char text[3] = "?x";
	int byte;

	(void)state;
	for (byte = 0; byte < 256; byte++) {
		bool wanted = byte != 0 && strchr("abcdefghijklmnopqrstuvwxyz"
						  "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
						  "0123456789-._~",
						   byte) != NULL;

		text[0] = (char)byte;
		assert_int_equal(text_unreserved_length(text), wanted ? 2 : 0);
	}
}

static void test_is_clean(void **state)
{
	(void)state;
	assert_true(text_is_clean("", 0));
	assert_true(text_is_clean(BYTES("日本 A")));
	assert_false(text_is_clean(BYTES("a\tb")));
	assert_false(text_is_clean(BYTES("a\nb")));
	assert_false(text_is_clean("日", 2));
}

static void test_hex(void **state)
{
	static const char *const bad[] = {"", "00", "0001ff8", "0001ff800", "0001ff8g", "0001 f80"};
	const unsigned char data[4] = {0x00, 0x01, 0xff, 0x80};
	unsigned char back[4];
	char text[9];
	size_t i;

	(void)state;
	text_hex(text, data, sizeof(data));
	assert_string_equal(text, "0001ff80");
	assert_true(text_unhex("0001Ff80", back, sizeof(back)));
	assert_memory_equal(back, data, sizeof(data));
	for (i = 0; i < ARRAY_LENGTH(bad); i++)
		assert_false(text_unhex(bad[i], back, sizeof(back)));
	assert_true(text_unhex("", back, 0));
}

static void test_int64(void **state)
{
	static const struct {
		const char *text;
		int64_t minimum, maximum;
		bool read;
		int64_t value;
	} cases[] = {
		{"0", 0, 10, true, 0},
		{"10", 0, 10, true, 10},
		{"11", 0, 10, false, 0},
		{"-1", 0, 10, false, 0},
		{"-1", -1, 10, true, -1},
		{"-2", -1, 10, false, 0},
		{"007", 0, 10, true, 7},
		{"9223372036854775807", 0, INT64_MAX, true, INT64_MAX},
		{"9223372036854775808", 0, INT64_MAX, false, 0},
		{"-9223372036854775808", INT64_MIN, 0, true, INT64_MIN},
		{"-9223372036854775809", INT64_MIN, 0, false, 0},
		{"", 0, 10, false, 0},
		{"-", -10, 10, false, 0},
		{"--1", -10, 10, false, 0},
		{"- 1", -10, 10, false, 0},
		{"-+1", -10, 10, false, 0},
		{"+1", 0, 10, false, 0},
		{" 1", 0, 10, false, 0},
		{"1 ", 0, 10, false, 0},
		{"1.0", 0, 10, false, 0},
		{"0x1", 0, 10, false, 0},
		{"1e1", 0, 10, false, 0},
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LENGTH(cases); i++) {
		int64_t value = 0;
		bool read =
			text_to_int64(cases[i].text, cases[i].minimum, cases[i].maximum, &value);

		if (read != cases[i].read || value != cases[i].value)
			fail_msg("\"%s\": %d, %lld", cases[i].text, read, (long long)value);
	}
}

static void test_duration(void **state)
{
	static const struct {
		const char *text;
		int64_t ms;
	} cases[] = {
		{"0", 0},
		{"90", 90000},
		{"90s", 90000},
		{"15m", 900000},
		{"36h", 129600000},
		{"2d", 172800000},
		{"250ms", 250},
		{"1h30m", 5400000},
		{"1m30s", 90000},
		{"1d2h3m4s5ms", 93784005},
		{"36525d", INT64_C(36525) * 86400000},
	};
	static const char *const bad[] = {"", "s", "1h30", "1x", "1 h", " 1h", "1h ", "-1s", "+1s",
		"1.5h", "1H", "1min", "36525d1ms", "36526d", "9223372036854775807",
		"9223372036854775808s", "99999999999999999999d", "1msx", "0x10s"};
	static const struct {
		int64_t ms;
		const char *text;
	} written[] = {
		{0, "0s"},
		{-5, "0s"},
		{250, "250ms"},
		{1000, "1s"},
		{90000, "1m30s"},
		{172800000, "2d"},
		{93784005, "1d2h3m4s5ms"},
	};
	char text[48], small[4];
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LENGTH(cases); i++) {
		int64_t ms = -1;

		if (!text_to_duration_ms(cases[i].text, &ms) || ms != cases[i].ms)
			fail_msg("%s: %lld", cases[i].text, (long long)ms);
	}
	for (i = 0; i < ARRAY_LENGTH(bad); i++) {
		int64_t ms = 42;

		if (text_to_duration_ms(bad[i], &ms) || ms != 42)
			fail_msg("\"%s\" was read", bad[i]);
	}
	for (i = 0; i < ARRAY_LENGTH(written); i++) {
		text_from_duration_ms(text, sizeof(text), written[i].ms);
		assert_string_equal(text, written[i].text);
	}
	text_from_duration_ms(small, sizeof(small), 93784005);
	assert_string_equal(small, "1d2");
}

static void test_size(void **state)
{
	static const struct {
		const char *text;
		uint64_t size;
	} cases[] = {
		{"0", 0},
		{"65536", 65536},
		{"64k", 65536},
		{"64K", 65536},
		{"8M", 8388608},
		{"1G", 1073741824},
		{"18446744073709551615", UINT64_MAX},
		{"17179869183G", UINT64_C(17179869183) << 30},
	};
	static const char *const bad[] = {"", "k", "-1", "+1", " 1", "1 ", "1kk", "1kB", "1T",
		"1.5M", "18446744073709551616", "17179869184G", "0x10"};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LENGTH(cases); i++) {
		uint64_t size = 1;

		assert_true(text_to_size(cases[i].text, &size));
		assert_true(size == cases[i].size);
	}
	for (i = 0; i < ARRAY_LENGTH(bad); i++) {
		uint64_t size;

		if (text_to_size(bad[i], &size))
			fail_msg("\"%s\" was read", bad[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sanitise),
		cmocka_unit_test(test_sanitise_cuts),
		cmocka_unit_test(test_copy),
		cmocka_unit_test(test_unreserved_length),
		cmocka_unit_test(test_is_clean),
		cmocka_unit_test(test_hex),
		cmocka_unit_test(test_int64),
		cmocka_unit_test(test_duration),
		cmocka_unit_test(test_size),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
