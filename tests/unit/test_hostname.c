#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "domain/hostname.h"

#define LABEL_63 "aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffffggg"

static const struct {
	const char *name;
	const char *normal; /* NULL: no host name */
} forms[] = {
	{"www.example.jp", "www.example.jp"},
	{"WWW.Example.JP", "www.example.jp"},
	{"www.example.jp.", "www.example.jp"},
	{"localhost", "localhost"},
	{"*.example.jp", "*.example.jp"},
	{"*.EXAMPLE.jp.", "*.example.jp"},
	{"3com.example.jp", "3com.example.jp"},
	{"1.2.3.4.example.jp", "1.2.3.4.example.jp"},
	{LABEL_63 ".jp", LABEL_63 ".jp"},
	/* U-labels, in whichever form the input method left them. */
	{"日本語.jp", "xn--wgv71a119e.jp"},
	{"XN--WGV71A119E.jp", "xn--wgv71a119e.jp"},
	{"*.日本語.jp", "*.xn--wgv71a119e.jp"},
	{"日本語。jp", "xn--wgv71a119e.jp"},
	{"日本語.jp。", "xn--wgv71a119e.jp"},
	{"ｗｗｗ．ｅｘａｍｐｌｅ．ｊｐ", "www.example.jp"},
	{"BÜCHER.example", "xn--bcher-kva.example"},
	{"bu\xcc\x88"
	 "cher.example",
		"xn--bcher-kva.example"},
	/* Non-transitional: the sharp s is a letter of its own. */
	{"straße.example", "xn--strae-oqa.example"},
	{"ガス.jp", "xn--mck0a.jp"},
	{"ｶﾞｽ.jp", "xn--mck0a.jp"},
	/* No host names. */
	{"", NULL},
	{".", NULL},
	{"*", NULL},
	{"*.", NULL},
	{"..", NULL},
	{".example.jp", NULL},
	{"www..example.jp", NULL},
	{"www.example.jp..", NULL},
	{"www.*.jp", NULL},
	{"*.*.jp", NULL},
	{"w*.example.jp", NULL},
	{"**.example.jp", NULL},
	{"＊.example.jp", NULL},
	{"-www.example.jp", NULL},
	{"www-.example.jp", NULL},
	{"www.example.jp-", NULL},
	{"a_b.example.jp", NULL},
	{"www example.jp", NULL},
	{" www.example.jp", NULL},
	{"www.example.jp\n", NULL},
	{"www/example.jp", NULL},
	{"www.example.jp:443", NULL},
	{"user@example.jp", NULL},
	{"192.0.2.1", NULL},
	{"192.0.2.0x1", NULL},
	{"*.2.1", NULL},
	{"3221225985", NULL},
	{"2001:db8::1", NULL},
	{"[2001:db8::1]", NULL},
	{LABEL_63 "g.jp", NULL},
	{"\xff\xfe.jp", NULL},
	{"\xe6\x97.jp", NULL},
};

static void test_normal_form(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LENGTH(forms); i++) {
		char normal[HOSTNAME_MAX] = "";
		bool good = hostname_normalise(forms[i].name, normal);

		if (good != (forms[i].normal != NULL))
			fail_msg(
				"\"%s\": taken for %s host name", forms[i].name, good ? "a" : "no");
		if (good)
			assert_string_equal(normal, forms[i].normal);
	}
}

static void test_normal_form_is_stable(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LENGTH(forms); i++) {
		char once[HOSTNAME_MAX], twice[HOSTNAME_MAX];

		if (!hostname_normalise(forms[i].name, once))
			continue;
		assert_true(hostname_normalise(once, twice));
		assert_string_equal(once, twice);
	}
}

/* 253 characters are the most that fit the protocol; and nothing overruns, however long. */
static void test_lengths(void **state)
{
	char name[4096], normal[HOSTNAME_MAX];
	size_t length;

	(void)state;
	for (length = 1; length < 2000; length++) {
		size_t i;

		for (i = 0; i < length; i++)
			name[i] = i % 2 == 1 && i != length - 1 ? '.' : 'a';
		name[length] = '\0';
		assert_int_equal(hostname_normalise(name, normal), length <= 253);
	}
	memset(name, 'a', sizeof(name));
	memcpy(name, "\xe6\x97\xa5.", 4);
	name[sizeof(name) - 1] = '\0';
	assert_false(hostname_normalise(name, normal));
	/* The dot at the end is no part of the 253. */
	memset(name, 'a', 253);
	for (length = 1; length < 253; length += 2)
		name[length] = '.';
	name[253] = '.';
	name[254] = '\0';
	assert_true(hostname_normalise(name, normal));
	assert_int_equal(strlen(normal), 253);
}

static const struct {
	const char *a, *b;
	bool equal;
} pairs[] = {
	{"www.example.jp", "www.example.jp", true},
	{"www.example.jp", "WWW.EXAMPLE.JP.", true},
	{"日本語.jp", "xn--wgv71a119e.jp", true},
	{"日本語.jp", "XN--WGV71A119E.JP.", true},
	{"*.example.jp", "*.Example.jp", true},
	{"www.example.jp", "mail.example.jp", false},
	{"*.example.jp", "www.example.jp", false},
	{"example.jp", "www.example.jp", false},
	/* What is no host name equals nothing, not even itself. */
	{"", "", false},
	{"a b", "a b", false},
	{"192.0.2.1", "192.0.2.1", false},
};

static void test_equal(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LENGTH(pairs); i++) {
		if (hostname_equal(pairs[i].a, pairs[i].b) != pairs[i].equal)
			fail_msg("\"%s\" and \"%s\"", pairs[i].a, pairs[i].b);
		assert_int_equal(hostname_equal(pairs[i].b, pairs[i].a), pairs[i].equal);
	}
}

static const struct {
	const char *pattern, *name;
	bool matches;
} matches[] = {
	{"*.example.jp", "www.example.jp", true},
	{"*.example.jp", "mail.example.jp", true},
	{"*.example.jp", "WWW.EXAMPLE.JP.", true},
	{"*.EXAMPLE.jp.", "www.example.jp", true},
	{"*.日本語.jp", "www.xn--wgv71a119e.jp", true},
	{"*.xn--wgv71a119e.jp", "メール.日本語.jp", true},
	{"*.example.jp", "sub1.sub2.example.jp", false},
	{"*.example.jp", "example.jp", false},
	{"*.example.jp", ".example.jp", false},
	{"*.example.jp", "*.example.jp", false},
	{"*.example.jp", "www.example.com", false},
	{"*.example.jp", "wwwexample.jp", false},
	{"*.example.jp", "www.anexample.jp", false},
	{"*.example.jp", "*.www.example.jp", false},
	{"www.example.jp", "www.example.jp", false},
	{"*", "localhost", false},
	{"*.jp", "example.jp", true},
	{"*.0.2.1", "192.0.2.1", false},
};

static void test_wildcard(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LENGTH(matches); i++) {
		if (hostname_matches_wildcard(matches[i].pattern, matches[i].name) !=
			matches[i].matches)
			fail_msg("\"%s\" and \"%s\"", matches[i].pattern, matches[i].name);
	}
	assert_true(hostname_is_wildcard("*.example.jp"));
	assert_false(hostname_is_wildcard("www.example.jp"));
	assert_false(hostname_is_wildcard("*"));
	assert_false(hostname_is_wildcard("*.a b"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_normal_form),
		cmocka_unit_test(test_normal_form_is_stable),
		cmocka_unit_test(test_lengths),
		cmocka_unit_test(test_equal),
		cmocka_unit_test(test_wildcard),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
