#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "record/record_page.h"

#define GOOD(code, revision)                                                                       \
	"{\"contract\":\"" code "\",\"revision\":" revision                                        \
	",\"state\":\"active\",\"since\":\"2025-11-25T09:00:00+09:00\",\"item\":\"dv-ssl\","       \
	"\"common_name\":\"www.example.jp\",\"certificate\":null,\"links\":[]}"

static struct record_page *page_of(const char *text)
{
	struct record_page *page;
	struct error error;

	if (!record_page_parse(text, strlen(text), &page, &error))
		fail_msg("%s", error.text);
	return page;
}

/* LENGTH times CHARACTER; to be freed. */
static char *run_of(char character, size_t length)
{
	char *text = xmalloc(length + 1);

	memset(text, character, length);
	text[length] = '\0';
	return text;
}

static void test_elements_fail_by_themselves(void **state)
{
	static const struct {
		const char *element;
		const char *contract;
		int64_t revision;
		const char *why; /* NULL: a good one */
	} cases[] = {
		{GOOD("c1", "1"), "c1", 1, NULL},
		{"17", "", -1, "no JSON object"},
		{"null", "", -1, "no JSON object"},
		{"[[[]]]", "", -1, "no JSON object"},
		{"{}", "", -1, "contract is missing"},
		{"{\"contract\":\"c2\",\"revision\":3}", "c2", 3, "state is missing"},
		{"{\"contract\":\"c/2\",\"revision\":\"3\"}", "", -1, "contract: has other"},
		{"{\"contract\":\"c3\",\"revision\":-4}", "c3", -1, "revision: not within"},
		/* Latin-1, and deeper than a record may be. */
		{"{\"contract\":\"c\xe9\",\"revision\":1}", "", 1, "contract: has control"},
		{"{\"contract\":\"c4\",\"revision\":1,\"x\":"
		 "[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]}",
			"c4", 1, "nested more than 16 deep"},
		{GOOD("c5", "2"), "c5", 2, NULL},
	};
	struct buffer text = {0};
	struct record_page *page;
	size_t i;

	(void)state;
	buffer_append_text(&text, "{\"contracts\":[");
	for (i = 0; i < ARRAY_LENGTH(cases); i++)
		buffer_printf(&text, "%s%s", i > 0 ? "," : "", cases[i].element);
	buffer_append_text(&text, "],\"next\":\"c 日本/+\",\"more\":true}");
	page = page_of(buffer_text(&text));
	assert_string_equal(record_page_next(page), "c 日本/+");
	assert_int_equal(record_page_count(page), ARRAY_LENGTH(cases));
	for (i = 0; i < ARRAY_LENGTH(cases); i++) {
		struct record record;
		struct record_identity identity;
		struct error error = {0};

		assert_int_equal(record_page_read(page, i, &record, &identity, &error),
			cases[i].why == NULL);
		assert_string_equal(identity.contract, cases[i].contract);
		assert_int_equal(identity.revision, cases[i].revision);
		if (cases[i].why == NULL) {
			assert_string_equal(record.contract.code, cases[i].contract);
		} else {
			assert_int_equal(error.kind, ERROR_PERMANENT);
			if (strstr(error.text, cases[i].why) == NULL)
				fail_msg("case %zu: %s", i, error.text);
		}
		record_clear(&record);
	}
	record_page_free(page);
	buffer_free(&text);
}

static void test_an_element_too_large(void **state)
{
	char *filling = run_of('x', RECORD_MAX_BYTES);
	char *text = xasprintf("{\"contracts\":[{\"contract\":\"c1\",\"revision\":1,\"x\":\"%s\"},"
			       "" GOOD("c2", "1") "],\"next\":\"\"}",
		filling);
	struct record_page *page = page_of(text);
	struct record record;
	struct record_identity identity;
	struct error error;

	(void)state;
	assert_false(record_page_read(page, 0, &record, &identity, &error));
	assert_non_null(strstr(error.text, "bytes long; 262144 at most"));
	assert_string_equal(identity.contract, "c1");
	assert_true(record_page_read(page, 1, &record, &identity, &error));
	record_clear(&record);
	record_page_free(page);
	free(text);
	free(filling);
}

/* The bounds of an element are those of a record by itself. */
static void test_as_deep_as_a_record(void **state)
{
	struct record record;
	struct record_identity identity;
	struct error error;
	int depth, deepest = 0;

	(void)state;
	for (depth = 1; depth < 30; depth++) {
		char *open = run_of('[', (size_t)depth), *shut = run_of(']', (size_t)depth);
		char *element = xasprintf("{\"x\":%s%s,%s", open, shut, &GOOD("c1", "1")[1]);
		char *text = xasprintf("{\"contracts\":[%s],\"next\":\"\"}", element);
		struct record_page *page = page_of(text);
		bool alone = record_parse(element, strlen(element), &record, &error);

		if (alone)
			deepest = depth;
		record_clear(&record);
		assert_int_equal(record_page_read(page, 0, &record, &identity, &error), alone);
		record_clear(&record);
		record_page_free(page);
		free(text);
		free(element);
		free(shut);
		free(open);
	}
	assert_in_range(deepest, 10, 20);
}

static void digest_of(const char *element, unsigned char digest[32])
{
	char *text = xasprintf("{\"contracts\":[%s],\"next\":\"1\"}", element);
	struct record_page *page = page_of(text);
	struct record record;
	struct record_identity identity;
	struct error error;

	if (record_page_read(page, 0, &record, &identity, &error))
		record_clear(&record);
	memcpy(digest, identity.digest, 32);
	record_page_free(page);
	free(text);
}

static void test_digest_tells_contents_apart(void **state)
{
	static const struct {
		const char *left, *right;
		bool same;
	} cases[] = {
		{"{\"a\":1}", " { \"a\" : 1 } ", true},
		{"{\"a\":\"\\u0041\"}", "{\"a\":\"A\"}", true},
		{"{\"a\":1}", "{\"a\":2}", false},
		{"{\"a\":1}", "{\"a\":\"1\"}", false},
		{"{\"a\":1.5}", "{\"a\":2.5}", false},
		{"{\"a\":null}", "{\"a\":\"null\"}", false},
		{"[\"ab\",\"c\"]", "[\"a\",\"bc\"]", false},
		{"[[1],2]", "[[1,2]]", false},
		{"{\"a\":true}", "{\"a\":false}", false},
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LENGTH(cases); i++) {
		unsigned char left[32], right[32];

		digest_of(cases[i].left, left);
		digest_of(cases[i].right, right);
		if ((memcmp(left, right, 32) == 0) != cases[i].same)
			fail_msg("%s and %s", cases[i].left, cases[i].right);
	}
}

static void test_no_page(void **state)
{
	static const char *const texts[] = {
		"",
		"<html>",
		"[]",
		"{\"contracts\":[]}",
		"{\"next\":\"1\"}",
		"{\"contracts\":{},\"next\":\"1\"}",
		"{\"contracts\":[],\"next\":1}",
		"{\"contracts\":[],\"next\":\"a\\u0000b\"}",
		"{\"contracts\":[],\"next\":\"a\\nb\"}",
		"{\"contracts\":[" GOOD("c1", "1") "],\"next\":\"1\"",
		"{\"contracts\":[" GOOD("c1", "1"),
		"{\"contracts\":[],\"next\":\"1\"} x",
	};
	struct record_page *page;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LENGTH(texts); i++) {
		struct error error = {0};

		if (record_page_parse(texts[i], strlen(texts[i]), &page, &error))
			fail_msg("a page: %s", texts[i]);
		assert_int_equal(error.kind, ERROR_TEMPORARY);
		assert_true(error.text[0] != '\0');
	}
}

/* BEFORE, LENGTH times CHARACTER, and AFTER are no page. */
static void expect_out_of_bounds(
	const char *before, char character, size_t length, const char *after, const char *why)
{
	char *filling = run_of(character, length);
	char *text = xasprintf("%s%s%s", before, filling, after);
	struct record_page *page;
	struct error error = {0};

	if (record_page_parse(text, strlen(text), &page, &error))
		fail_msg("a page of %zu bytes", strlen(text));
	assert_int_equal(error.kind, ERROR_TEMPORARY);
	if (strstr(error.text, why) == NULL)
		fail_msg("%s", error.text);
	free(text);
	free(filling);
}

static void test_bounds_of_a_page(void **state)
{
	struct buffer many = {0};
	struct record_page *page;
	struct error error;
	size_t i;

	(void)state;
	expect_out_of_bounds("{\"contracts\":[", ' ', RECORD_PAGE_MAX_BYTES, "],\"next\":\"\"}",
		"bytes long; 4194304 at most");
	expect_out_of_bounds("{\"contracts\":[],\"next\":\"", 'x', RECORD_CURSOR_MAX + 1, "\"}",
		"next: 1025 bytes long");
	expect_out_of_bounds("{\"contracts\":[", '[', 200, "],\"next\":\"\"}", "nested more than");
	buffer_append_text(&many, "{\"contracts\":[0");
	for (i = 0; i < RECORD_PAGE_MAX_RECORDS; i++)
		buffer_append_text(&many, ",0");
	buffer_append_text(&many, "],\"next\":\"\"}");
	assert_false(record_page_parse(buffer_text(&many), many.length, &page, &error));
	assert_non_null(strstr(error.text, "contracts: 4097 of them"));
	buffer_free(&many);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_elements_fail_by_themselves),
		cmocka_unit_test(test_an_element_too_large),
		cmocka_unit_test(test_as_deep_as_a_record),
		cmocka_unit_test(test_digest_tells_contents_apart),
		cmocka_unit_test(test_no_page),
		cmocka_unit_test(test_bounds_of_a_page),
	};

	return cmocka_run_group_tests_name("record_page", tests, NULL, NULL);
}
