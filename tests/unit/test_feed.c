#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "base/file.h"
#include "base/log.h"
#include "source/feed.h"

/* The feed with a loop and a transport that the test turns by hand: nothing here takes time. */
#define URL "https://feed.example.jp/base"
#define INTERVAL_MS INT64_C(60000)
#define FLOOR_MS INT64_C(5000)
#define CEILING_MS INT64_C(3600000)

struct loop_timer {
	loop_callback *callback;
	void *context;
	int64_t delay_ms; /* -1: not set */
};

struct http_transfer {
	http_callback *callback;
	void *context;
};

static struct {
	struct manual_clock clock;
	struct loop_timer timer;
	struct http_transfer *transfer;
	char url[512], authorization[128], etag[128];
	struct http_peer peer;
	int requests;
	struct feed_page page;
	int pages;
	enum feed_rest rest;
	int rests;
	size_t set_aside;
	int errors, warnings, notices;
	char told[1024];
	char token_path[64];
	struct feed *feed;
} world;

/* ---- what the feed stands on ---- */

const struct clock *loop_clock(const struct loop *loop)
{
	(void)loop;
	return &world.clock.clock;
}

struct loop_timer *loop_timer_new(struct loop *loop, loop_callback *callback, void *context)
{
	(void)loop;
	world.timer = (struct loop_timer){callback, context, -1};
	return &world.timer;
}

void loop_timer_set(struct loop_timer *timer, int64_t delay_ms)
{
	timer->delay_ms = delay_ms;
}

void loop_timer_free(struct loop_timer *timer)
{
	timer->delay_ms = -1;
}

static void keep_header(const struct http_request *request, const char *name, char *target)
{
	size_t i;

	target[0] = '\0';
	for (i = 0; i < request->header_count; i++) {
		if (strcmp(request->headers[i].name, name) == 0)
			snprintf(target, sizeof(world.etag), "%s", request->headers[i].value);
	}
}

struct http_transfer *http_start(struct http *http, const struct http_peer *peer,
	const struct http_request *request, http_callback *callback, void *context)
{
	(void)http;
	assert_null(world.transfer);
	assert_string_equal(request->method, "GET");
	snprintf(world.url, sizeof(world.url), "%s", request->url);
	keep_header(request, "Authorization", world.authorization);
	keep_header(request, "If-None-Match", world.etag);
	world.peer = *peer;
	world.requests++;
	world.transfer = xcalloc(1, sizeof(*world.transfer));
	*world.transfer = (struct http_transfer){callback, context};
	return world.transfer;
}

static void deliver(struct http_answer *answer)
{
	struct http_transfer *transfer = world.transfer;

	assert_non_null(transfer);
	world.transfer = NULL;
	transfer->callback(transfer->context, answer);
	http_answer_clear(answer);
	free(transfer);
}

void http_cancel(struct http_transfer *transfer)
{
	struct http_answer answer = {.failure = HTTP_CANCELLED};

	assert_ptr_equal(transfer, world.transfer);
	deliver(&answer);
}

static void keep_log(void *context, enum log_level level, const char *message,
	const struct log_field *fields, size_t field_count)
{
	(void)context;
	(void)fields;
	(void)field_count;
	world.errors += level == LOG_LEVEL_ERROR;
	world.warnings += level == LOG_LEVEL_WARNING;
	world.notices += level == LOG_LEVEL_NOTICE;
	snprintf(world.told, sizeof(world.told), "%s", message);
}

static void take_page(void *context, struct feed_page *page)
{
	(void)context;
	feed_page_clear(&world.page);
	world.page = *page;
	world.pages++;
}

static void note_rest(void *context, enum feed_rest rest, size_t set_aside)
{
	(void)context;
	world.set_aside = set_aside;
	world.rest = rest;
	world.rests++;
}

/* ---- the test's hand ---- */

static struct feed_options options(void)
{
	return (struct feed_options){
		.url = URL,
		.interval_ms = INTERVAL_MS,
		.timeout_ms = 30000,
		.limit = 8,
		.backoff =
			{
				.floor_ms = FLOOR_MS,
				.ceiling_ms = CEILING_MS,
				.retry_after_cap_ms = 86400000,
			},
		.page = take_page,
		.rested = note_rest,
	};
}

static int setup(void **state)
{
	(void)state;
	memset(&world, 0, sizeof(world));
	manual_clock_init(&world.clock, INT64_C(1790000000000));
	log_set_sink(keep_log, NULL);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	feed_free(world.feed);
	feed_page_clear(&world.page);
	if (world.token_path[0] != '\0')
		unlink(world.token_path);
	return 0;
}

static void start(const char *after)
{
	struct feed_options chosen = options();

	chosen.after = after;
	world.feed = feed_new(&chosen);
}

/* Lets the timer fire, which must be due at once. */
static void ask_now(const char *url)
{
	assert_int_equal(world.timer.delay_ms, 0);
	world.timer.delay_ms = -1;
	world.timer.callback(world.timer.context);
	if (url != NULL)
		assert_string_equal(world.url, url);
}

/* Lets a wait of MINIMUM to MAXIMUM pass. */
static void wait_within(int64_t minimum_ms, int64_t maximum_ms)
{
	if (world.timer.delay_ms < minimum_ms || world.timer.delay_ms > maximum_ms)
		fail_msg("a wait of %lld ms", (long long)world.timer.delay_ms);
	world.timer.delay_ms = 0;
}

static void answer_status(int status)
{
	struct http_answer answer = {.status = status};

	deliver(&answer);
}

static void answer_failure(enum http_failure failure, int status)
{
	struct http_answer answer = {.failure = failure, .status = status};

	error_set(&answer.error, ERROR_TEMPORARY, "scripted: %s", http_failure_name(failure));
	deliver(&answer);
}

static void answer_page(const char *etag)
{
	struct http_answer answer = {.status = 200, .etag = xstrdup_or_null(etag)};
	int before = world.pages;

	buffer_append_text(&answer.body, "a page");
	deliver(&answer);
	assert_int_equal(world.pages, before + 1);
	assert_string_equal(buffer_text(&world.page.body), "a page");
	assert_string_equal(world.page.url, URL);
}

static void stored(const char *next, size_t records, size_t fresh)
{
	struct feed_result result = {.id = world.page.id,
		.outcome = FEED_PAGE_STORED,
		.next = xstrdup(next),
		.records = records,
		.fresh = fresh};

	feed_taken(world.feed, &result);
	feed_result_clear(&result);
}

static void not_stored(enum feed_outcome outcome)
{
	struct feed_result result = {.id = world.page.id, .outcome = outcome};

	error_set(&result.error, ERROR_TEMPORARY, "scripted: not stored");
	feed_taken(world.feed, &result);
}

/* One question and its page. */
static void turn(const char *next, size_t records, size_t fresh)
{
	ask_now(NULL);
	answer_page(NULL);
	stored(next, records, fresh);
}

static void expect_rest(enum feed_rest rest, int rests)
{
	assert_int_equal(world.rests, rests);
	assert_int_equal(world.rest, rest);
}

/* ---- the tests ---- */

static void test_pages_follow_at_once_then_the_interval(void **state)
{
	struct feed_result result;

	(void)state;
	start(NULL);
	ask_now(URL "/v1/contracts?limit=8");
	answer_page(NULL);
	stored("c1 /+&日", 8, 8);
	ask_now(URL "/v1/contracts?after=c1%20%2F%2B%26%E6%97%A5&limit=8");
	answer_page(NULL);
	assert_string_equal(world.page.after, "c1 /+&日");
	result = (struct feed_result){.id = world.page.id,
		.outcome = FEED_PAGE_STORED,
		.next = xstrdup("c2"),
		.records = 5,
		.fresh = 3,
		.set_aside = 2};
	feed_taken(world.feed, &result);
	feed_result_clear(&result);
	ask_now(URL "/v1/contracts?after=c2&limit=8");
	answer_page(NULL);
	assert_int_equal(world.rests, 0);
	stored("c2", 0, 0);
	expect_rest(FEED_UP_TO_DATE, 1);
	assert_int_equal(world.set_aside, 2);
	assert_string_equal(world.told, "feed " URL ": 11 records were new, 2 set aside");
	wait_within(INTERVAL_MS, INTERVAL_MS);
	ask_now(URL "/v1/contracts?after=c2&limit=8");
	assert_int_equal(world.errors + world.warnings + world.notices, 0);
}

static void test_goes_on_from_the_stored_cursor(void **state)
{
	(void)state;
	start("c7");
	ask_now(URL "/v1/contracts?after=c7&limit=8");
}

static void test_nothing_is_asked_while_a_page_is_being_taken(void **state)
{
	struct feed_result other = {.outcome = FEED_PAGE_STORED, .next = xstrdup("c9")};

	(void)state;
	start(NULL);
	ask_now(NULL);
	answer_page(NULL);
	assert_int_equal(world.timer.delay_ms, -1);
	/* Of a page from before a reload, say. */
	other.id = world.page.id + 1;
	feed_taken(world.feed, &other);
	feed_result_clear(&other);
	assert_int_equal(world.timer.delay_ms, -1);
	stored("c1", 1, 1);
	ask_now(URL "/v1/contracts?after=c1&limit=8");
	/* The same twice. */
	stored("c0", 1, 1);
	assert_int_equal(world.timer.delay_ms, -1);
}

static void test_etag_of_the_same_question(void **state)
{
	(void)state;
	start("c1");
	ask_now(NULL);
	assert_string_equal(world.etag, "");
	answer_page("\"v1\"");
	stored("c2", 1, 1);
	/* Another question. */
	ask_now(NULL);
	assert_string_equal(world.etag, "");
	answer_page("\"v2\"");
	stored("c2", 0, 0);
	wait_within(INTERVAL_MS, INTERVAL_MS);
	ask_now(NULL);
	assert_string_equal(world.etag, "\"v2\"");
	answer_status(304);
	expect_rest(FEED_UP_TO_DATE, 2);
	wait_within(INTERVAL_MS, INTERVAL_MS);
	ask_now(NULL);
	assert_string_equal(world.etag, "\"v2\"");
	answer_page("\"v3\"");
	not_stored(FEED_PAGE_LATER);
	wait_within(FLOOR_MS, CEILING_MS);
	/* What could not be stored is asked for with the old one: it is "modified" all the same. */
	ask_now(NULL);
	assert_string_equal(world.etag, "\"v2\"");
	answer_page("\"v3\"");
	stored("c3", 1, 1);
	ask_now(NULL);
	assert_string_equal(world.etag, "");
}

static void test_304_that_was_not_asked_for_is_a_fault(void **state)
{
	(void)state;
	start("c1");
	ask_now(NULL);
	answer_status(304);
	expect_rest(FEED_REFUSED, 1);
	assert_int_equal(world.errors, 1);
}

static void test_temporary_faults_back_off(void **state)
{
	static const struct {
		enum http_failure failure;
		int status;
	} cases[] = {
		{HTTP_CONNECT_FAILED, 0},
		{HTTP_TLS_FAILED, 0},
		{HTTP_TIMED_OUT, 0},
		{HTTP_BROKEN, 200},
		{HTTP_OK, 500},
		{HTTP_OK, 503},
		{HTTP_OK, 429},
		{HTTP_OK, 408},
		{HTTP_TOO_LARGE, 502},
	};
	size_t i;
	int round;

	(void)state;
	for (i = 0; i < ARRAY_LENGTH(cases); i++) {
		setup(state);
		start("c1");
		for (round = 1; round <= 3; round++) {
			ask_now(URL "/v1/contracts?after=c1&limit=8");
			if (cases[i].failure == HTTP_OK)
				answer_status(cases[i].status);
			else
				answer_failure(cases[i].failure, cases[i].status);
			expect_rest(FEED_FAILED, round);
			assert_true(feed_is_failing(world.feed));
			assert_int_equal(world.errors, 1);
			wait_within(FLOOR_MS, FLOOR_MS << round);
		}
		turn("c2", 1, 1);
		assert_int_equal(world.notices, 1);
		assert_string_equal(world.told, "feed " URL ": works again");
		assert_false(feed_is_failing(world.feed));
		/* The next fault is told anew, and its wait is short again. */
		ask_now(URL "/v1/contracts?after=c2&limit=8");
		answer_status(500);
		assert_int_equal(world.errors, 2);
		wait_within(FLOOR_MS, 2 * FLOOR_MS);
		feed_free(world.feed);
		world.feed = NULL;
		feed_page_clear(&world.page);
	}
}

static void test_another_fault_is_told(void **state)
{
	(void)state;
	start(NULL);
	ask_now(NULL);
	answer_status(503);
	wait_within(FLOOR_MS, CEILING_MS);
	ask_now(NULL);
	answer_status(401);
	assert_int_equal(world.errors, 2);
	assert_non_null(strstr(world.told, "feed-token"));
}

static void test_retry_after(void **state)
{
	struct http_answer answer = {.status = 503, .retry_after = xstrdup("1000")};

	(void)state;
	start(NULL);
	ask_now(NULL);
	deliver(&answer);
	wait_within(1000000, 1200000);
}

static void test_refusals_are_told_and_asked_slowly(void **state)
{
	static const struct {
		int status;
		const char *told;
	} cases[] = {
		{401, "feed-token"},
		{403, "may not read it"},
		{404, "feed-url"},
		{302, "redirects are not followed"},
		{400, "HTTP 400"},
		{204, "HTTP 204"},
	};
	size_t i;
	int round;

	(void)state;
	for (i = 0; i < ARRAY_LENGTH(cases); i++) {
		setup(state);
		start(NULL);
		for (round = 1; round <= 3; round++) {
			ask_now(NULL);
			answer_status(cases[i].status);
			expect_rest(FEED_REFUSED, round);
			assert_int_equal(world.errors, 1);
			if (strstr(world.told, cases[i].told) == NULL)
				fail_msg("%s", world.told);
			wait_within(INTERVAL_MS, CEILING_MS);
		}
		feed_free(world.feed);
		world.feed = NULL;
	}
}

static void test_pages_that_are_not_taken_are_asked_for_again(void **state)
{
	static const enum feed_outcome outcomes[] = {FEED_PAGE_BROKEN, FEED_PAGE_LATER};
	size_t i;

	(void)state;
	start("c1");
	for (i = 0; i < ARRAY_LENGTH(outcomes); i++) {
		ask_now(URL "/v1/contracts?after=c1&limit=8");
		answer_page(NULL);
		not_stored(outcomes[i]);
		expect_rest(FEED_FAILED, (int)i + 1);
		assert_int_equal(world.errors, i + 1);
		assert_non_null(strstr(world.told, "scripted: not stored; its cursor stays"));
		wait_within(FLOOR_MS, CEILING_MS);
	}
	ask_now(URL "/v1/contracts?after=c1&limit=8");
}

static void test_too_large_asks_for_less(void **state)
{
	static const char *const urls[] = {
		URL "/v1/contracts?limit=8",
		URL "/v1/contracts?limit=4",
		URL "/v1/contracts?limit=2",
	};
	size_t i;

	(void)state;
	start(NULL);
	for (i = 0; i < ARRAY_LENGTH(urls); i++) {
		ask_now(urls[i]);
		answer_failure(HTTP_TOO_LARGE, 200);
		assert_int_equal(world.rests, 0);
	}
	ask_now(URL "/v1/contracts?limit=1");
	answer_page(NULL);
	stored("c1", 1, 1);
	/* For the rest of the round. */
	ask_now(URL "/v1/contracts?after=c1&limit=1");
	answer_page(NULL);
	stored("c1", 0, 0);
	wait_within(INTERVAL_MS, INTERVAL_MS);
	ask_now(URL "/v1/contracts?after=c1&limit=8");
	assert_int_equal(world.errors, 0);
}

static void test_one_record_too_large_is_told(void **state)
{
	int i;

	(void)state;
	start(NULL);
	for (i = 0; i < 4; i++) {
		ask_now(NULL);
		answer_failure(HTTP_TOO_LARGE, 200);
	}
	expect_rest(FEED_FAILED, 1);
	assert_non_null(strstr(world.told, "even a page of one record is too large"));
	wait_within(FLOOR_MS, CEILING_MS);
}

/* The page of the question before comes again, once. */
static void test_a_repeated_page_holds_nothing_up(void **state)
{
	(void)state;
	start(NULL);
	turn("c1", 2, 2);
	turn("c1", 2, 0);
	turn("c2", 2, 2);
	turn("c2", 0, 0);
	expect_rest(FEED_UP_TO_DATE, 1);
	assert_int_equal(world.warnings, 0);
}

static void test_a_cursor_that_does_not_move(void **state)
{
	int round, i;

	(void)state;
	start("c1");
	for (round = 1; round <= 3; round++) {
		for (i = 0; world.rests < round; i++) {
			assert_true(i < 10);
			turn("c1", 2, 0);
		}
		expect_rest(FEED_TURNS, round);
		assert_int_equal(world.warnings, 1);
		wait_within(INTERVAL_MS, INTERVAL_MS);
	}
	turn("c2", 1, 1);
	turn("c2", 0, 0);
	assert_int_equal(world.notices, 1);
}

/* c3 leads back to c1, for ever: each round ends, told once. */
static void test_a_cursor_that_jumps_back(void **state)
{
	static const char *const ring[] = {"c1", "c2", "c3"};
	int round, i;

	(void)state;
	start(NULL);
	turn("c1", 2, 2);
	turn("c2", 2, 2);
	turn("c3", 2, 2);
	for (round = 1; round <= 3; round++) {
		for (i = 0; world.rests < round; i++) {
			assert_true(i < 20);
			turn(ring[i % 3], 2, 0);
		}
		expect_rest(FEED_TURNS, round);
		assert_int_equal(world.warnings, 1);
		wait_within(INTERVAL_MS, INTERVAL_MS);
	}
}

/* It jumps back once, and goes on to the end from there. */
static void test_a_cursor_that_jumps_back_once(void **state)
{
	(void)state;
	start(NULL);
	turn("c1", 2, 2);
	turn("c2", 2, 2);
	turn("c0", 2, 0);
	turn("c1", 2, 0);
	turn("c2", 2, 0);
	turn("c3", 2, 2);
	turn("c3", 0, 0);
	expect_rest(FEED_UP_TO_DATE, 1);
	assert_int_equal(world.warnings, 0);
}

/* Ever new cursors with nothing new behind them. */
static void test_made_up_cursors_have_an_end(void **state)
{
	char cursor[32];
	int i;

	(void)state;
	start(NULL);
	for (i = 0; world.rests == 0; i++) {
		assert_true(i < 2000);
		snprintf(cursor, sizeof(cursor), "c%d", i);
		turn(cursor, 1, 0);
	}
	expect_rest(FEED_TURNS, 1);
	assert_int_equal(world.warnings, 1);
	/* As long as there is something new, there is no bound. */
	for (i = 0; i < 2000; i++) {
		wait_within(0, INTERVAL_MS);
		snprintf(cursor, sizeof(cursor), "d%d", i);
		turn(cursor, 1, 1);
		assert_int_equal(world.rests, 1);
	}
}

static void write_token(const char *text)
{
	struct error error;

	snprintf(world.token_path, sizeof(world.token_path), "/tmp/test_feed.%d", (int)getpid());
	assert_true(file_write_atomic(world.token_path, text, strlen(text), 0600, &error));
}

static void test_token_is_read_for_each_question(void **state)
{
	struct feed_options chosen = options();

	(void)state;
	write_token("one\n");
	chosen.token_file = world.token_path;
	chosen.url = URL "/";
	chosen.ca_file = "ca.pem";
	chosen.client_certificate = "client.pem";
	chosen.client_key = "client.key";
	world.feed = feed_new(&chosen);
	ask_now(URL "/v1/contracts?limit=8");
	assert_string_equal(world.authorization, "Bearer one");
	assert_string_equal(world.peer.ca_file, "ca.pem");
	assert_string_equal(world.peer.client_certificate, "client.pem");
	assert_string_equal(world.peer.client_key, "client.key");
	assert_int_equal(world.peer.total_timeout_ms, 30000);
	answer_status(500);
	wait_within(FLOOR_MS, CEILING_MS);
	write_token("two");
	ask_now(NULL);
	assert_string_equal(world.authorization, "Bearer two");
	answer_status(500);
	wait_within(FLOOR_MS, CEILING_MS);
	write_token("\n");
	ask_now(NULL);
	expect_rest(FEED_REFUSED, 3);
	assert_null(world.transfer);
	assert_non_null(strstr(world.told, "is empty; put the bearer token in its first line"));
	wait_within(INTERVAL_MS, CEILING_MS);
	write_token("three");
	ask_now(NULL);
	assert_string_equal(world.authorization, "Bearer three");
}

static void test_freed_while_it_asks(void **state)
{
	(void)state;
	start(NULL);
	ask_now(NULL);
	feed_free(world.feed);
	world.feed = NULL;
	assert_null(world.transfer);
	assert_int_equal(world.rests, 0);
	assert_int_equal(world.timer.delay_ms, -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			test_pages_follow_at_once_then_the_interval, setup, teardown),
		cmocka_unit_test_setup_teardown(
			test_goes_on_from_the_stored_cursor, setup, teardown),
		cmocka_unit_test_setup_teardown(
			test_nothing_is_asked_while_a_page_is_being_taken, setup, teardown),
		cmocka_unit_test_setup_teardown(test_etag_of_the_same_question, setup, teardown),
		cmocka_unit_test_setup_teardown(
			test_304_that_was_not_asked_for_is_a_fault, setup, teardown),
		cmocka_unit_test_setup_teardown(test_temporary_faults_back_off, setup, teardown),
		cmocka_unit_test_setup_teardown(test_another_fault_is_told, setup, teardown),
		cmocka_unit_test_setup_teardown(test_retry_after, setup, teardown),
		cmocka_unit_test_setup_teardown(
			test_refusals_are_told_and_asked_slowly, setup, teardown),
		cmocka_unit_test_setup_teardown(
			test_pages_that_are_not_taken_are_asked_for_again, setup, teardown),
		cmocka_unit_test_setup_teardown(test_too_large_asks_for_less, setup, teardown),
		cmocka_unit_test_setup_teardown(test_one_record_too_large_is_told, setup, teardown),
		cmocka_unit_test_setup_teardown(
			test_a_repeated_page_holds_nothing_up, setup, teardown),
		cmocka_unit_test_setup_teardown(test_a_cursor_that_does_not_move, setup, teardown),
		cmocka_unit_test_setup_teardown(test_a_cursor_that_jumps_back, setup, teardown),
		cmocka_unit_test_setup_teardown(
			test_a_cursor_that_jumps_back_once, setup, teardown),
		cmocka_unit_test_setup_teardown(test_made_up_cursors_have_an_end, setup, teardown),
		cmocka_unit_test_setup_teardown(
			test_token_is_read_for_each_question, setup, teardown),
		cmocka_unit_test_setup_teardown(test_freed_while_it_asks, setup, teardown),
	};

	return cmocka_run_group_tests_name("feed", tests, NULL, NULL);
}
