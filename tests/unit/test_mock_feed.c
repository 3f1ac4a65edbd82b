#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "mock/feed.h"

static int begin(void **state)
{
	struct feed *feed = feed_new();

	assert_int_equal(feed_put(feed, "{\"a\":1}", 7), 1);
	assert_int_equal(feed_put(feed, "17", 2), 2);
	assert_int_equal(feed_put(feed, "[3]", 3), 3);
	*state = feed;
	return 0;
}

static int end(void **state)
{
	feed_free(*state);
	return 0;
}

static void expect(struct feed *feed, const char *query, const struct fault_rule *rule, int status,
	const char *body)
{
	static const struct fault_rule none = {.kind = FAULT_NONE};
	struct answer answer = {0};

	feed_answer(feed, query, NULL, rule != NULL ? rule : &none, &answer);
	assert_int_equal(answer.status, status);
	if (body != NULL)
		assert_string_equal(buffer_text(&answer.body), body);
	answer_clear(&answer);
}

static void test_pages(void **state)
{
	static const struct {
		const char *query;
		int status;
		const char *body;
	} cases[] = {
		{NULL, 200, "{\"contracts\":[{\"a\":1},17,[3]],\"next\":\"s3\"}"},
		{"limit=2", 200, "{\"contracts\":[{\"a\":1},17],\"next\":\"s2\"}"},
		{"after=&limit=1", 200, "{\"contracts\":[{\"a\":1}],\"next\":\"s1\"}"},
		{"after=s2&limit=2", 200, "{\"contracts\":[[3]],\"next\":\"s3\"}"},
		{"after=s3", 200, "{\"contracts\":[],\"next\":\"s3\"}"},
		{"after=s9", 200, "{\"contracts\":[],\"next\":\"s3\"}"},
		{"after=3", 400, NULL},
		{"after=s-1", 400, NULL},
		{"limit=0", 400, NULL},
		{"limit=1001", 400, NULL},
	};
	size_t i;

	for (i = 0; i < ARRAY_LENGTH(cases); i++)
		expect(*state, cases[i].query, NULL, cases[i].status, cases[i].body);
}

static void test_no_json_is_not_taken(void **state)
{
	assert_int_equal(feed_put(*state, "", 0), 0);
	assert_int_equal(feed_put(*state, "{\"a\":", 5), 0);
	assert_int_equal(feed_put(*state, "nonsense", 8), 0);
	assert_int_equal(feed_put(*state, "null", 4), 4);
}

static void test_faults(void **state)
{
	static const struct {
		enum fault_kind kind;
		const char *body;
	} cases[] = {
		/* What came before was the first page. */
		{FAULT_PAGE_REPEAT, "{\"contracts\":[{\"a\":1}],\"next\":\"s1\"}"},
		{FAULT_PAGE_REORDER, "{\"contracts\":[[3],17],\"next\":\"s3\"}"},
		{FAULT_PAGE_CUT, "{\"contracts\":[17,"},
		{FAULT_PAGE_JUMP_BACK, "{\"contracts\":[17,[3]],\"next\":\"s0\"}"},
		{FAULT_PAGE_OVERSIZE, "   {\"contracts\":[17,[3]],\"next\":\"s3\"}"},
	};
	size_t i;

	for (i = 0; i < ARRAY_LENGTH(cases); i++) {
		const struct fault_rule rule = {.kind = cases[i].kind, .effect = true, .size = 3};

		expect(*state, "limit=1", NULL, 200, NULL);
		expect(*state, "after=s1&limit=5", &rule, 200, cases[i].body);
	}
}

static void test_etag_and_ledger(void **state)
{
	static const struct fault_rule none = {.kind = FAULT_NONE};
	static const struct fault_rule fails = {.kind = FAULT_STATUS, .status = 503};
	struct answer first = {0}, same = {0};
	struct buffer ledger = {0};

	feed_answer(*state, "after=s3", NULL, &none, &first);
	feed_answer(*state, "after=s3", first.etag, &none, &same);
	assert_int_equal(same.status, 304);
	assert_int_equal(same.body.length, 0);
	answer_clear(&same);
	assert_int_equal(feed_put(*state, "4", 1), 4);
	feed_answer(*state, "after=s3", first.etag, &none, &same);
	assert_int_equal(same.status, 200);
	answer_clear(&same);
	feed_answer(*state, "after=s3&limit=7", NULL, &fails, &same);
	answer_clear(&same);
	answer_clear(&first);
	feed_ledger(*state, &ledger);
	assert_string_equal(buffer_text(&ledger),
		"{\"n\":1,\"after\":3,\"limit\":100,\"last\":3,\"status\":200,\"fault\":null}\n"
		"{\"n\":2,\"after\":3,\"limit\":100,\"last\":3,\"status\":304,\"fault\":null}\n"
		"{\"n\":3,\"after\":3,\"limit\":100,\"last\":4,\"status\":200,\"fault\":null}\n"
		"{\"n\":4,\"after\":3,\"limit\":7,\"last\":3,\"status\":503,\"fault\":\"status\"}"
		"\n");
	buffer_free(&ledger);
}

static void test_rules_of_the_feed(void **state)
{
	static const char script[] = "[{\"fault\":\"garbage\",\"request\":\"query\"},"
				     "{\"service\":\"feed\",\"from\":2,\"fault\":\"page-cut\"}]";
	static const char misplaced[] = "[{\"service\":\"waf\",\"fault\":\"page-cut\"}]";
	struct faults *faults = faults_new();
	struct error error;

	(void)state;
	assert_true(faults_load(faults, script, strlen(script), &error));
	/* The rule for all services is none for the feed. */
	assert_null(faults_next_query(faults, MOCK_FEED));
	assert_int_equal(faults_next_query(faults, MOCK_FEED)->kind, FAULT_PAGE_CUT);
	assert_int_equal(faults_next_query(faults, MOCK_WAF)->kind, FAULT_GARBAGE);
	assert_false(faults_load(faults, misplaced, strlen(misplaced), &error));
	assert_non_null(strstr(error.text, "'page-cut' is the feed's alone"));
	faults_free(faults);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_pages, begin, end),
		cmocka_unit_test_setup_teardown(test_no_json_is_not_taken, begin, end),
		cmocka_unit_test_setup_teardown(test_faults, begin, end),
		cmocka_unit_test_setup_teardown(test_etag_and_ledger, begin, end),
		cmocka_unit_test(test_rules_of_the_feed),
	};

	return cmocka_run_group_tests_name("mock_feed", tests, NULL, NULL);
}
