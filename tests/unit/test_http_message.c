#include "net/http_message.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "base/civil.h"

#define CENTURY_MS (INT64_C(100) * 366 * 86400000)

static void test_request_grows_and_is_cleared(void **state)
{
	static const struct http_request empty;
	struct http_request request = {0};
	struct http_part *part;
	char name[16];

	(void)state;
	request.method = xstrdup("POST");
	request.url = xstrdup("https://host.example/");
	buffer_append_text(&request.body, "body");
	for (int i = 0; i < 20; i++) {
		(void)snprintf(name, sizeof(name), "X-%d", i);
		http_request_add_header(&request, name, name + 2);
	}
	part = http_request_add_part(&request, "host", NULL, NULL);
	buffer_append_text(&part->data, "www.example.jp");
	part = http_request_add_part(&request, "certificate", "leaf.pem", "application/x-pem-file");
	buffer_append_text(&part->data, "PEM");
	assert_int_equal(request.header_count, 20);
	assert_string_equal(request.headers[0].name, "X-0");
	assert_string_equal(request.headers[19].value, "19");
	assert_int_equal(request.part_count, 2);
	assert_string_equal(request.parts[0].name, "host");
	assert_null(request.parts[0].filename);
	assert_null(request.parts[0].content_type);
	assert_string_equal(buffer_text(&request.parts[0].data), "www.example.jp");
	assert_string_equal(request.parts[1].filename, "leaf.pem");
	assert_string_equal(request.parts[1].content_type, "application/x-pem-file");
	http_request_clear(&request);
	assert_memory_equal(&request, &empty, sizeof(request));
}

static void test_answer_is_cleared(void **state)
{
	static const struct http_answer empty;
	struct http_answer answer;

	(void)state;
	memset(&answer, 0, sizeof(answer));
	answer.failure = HTTP_BROKEN;
	answer.status = 500;
	answer.etag = xstrdup("\"1\"");
	answer.retry_after = xstrdup("1");
	answer.location = xstrdup("/");
	answer.date = xstrdup("now");
	answer.content_type = xstrdup("text/plain");
	buffer_append_text(&answer.body, "body");
	http_answer_clear(&answer);
	assert_memory_equal(&answer, &empty, sizeof(answer));
}

static void test_failures_have_names_of_their_own(void **state)
{
	(void)state;
	for (int i = HTTP_OK; i <= HTTP_INTERNAL; i++) {
		assert_non_null(http_failure_name((enum http_failure)i));
		for (int j = HTTP_OK; j < i; j++)
			assert_string_not_equal(http_failure_name((enum http_failure)i),
				http_failure_name((enum http_failure)j));
	}
	assert_string_equal(http_failure_name(HTTP_TLS_FAILED), "tls-failed");
	assert_string_equal(http_failure_name((enum http_failure)(HTTP_INTERNAL + 1)), "unknown");
}

static void test_retry_after(void **state)
{
	/* RFC 9110, 5.6.7: the three forms of one instant. */
#define NOON_FIXDATE "Sun, 06 Nov 1994 08:49:37 GMT"
#define NOON_RFC850 "Sunday, 06-Nov-94 08:49:37 GMT"
#define NOON_ASCTIME "Sun Nov  6 08:49:37 1994"
	static const struct {
		const char *value;
		const char *date;
		const char *now;
		int64_t wait_ms;
	} cases[] = {
		{NULL, NULL, "1994-11-06T08:49:30Z", -1},
		{"", NULL, "1994-11-06T08:49:30Z", -1},
		{"0", NULL, "1994-11-06T08:49:30Z", 0},
		{"120", NULL, "1994-11-06T08:49:30Z", 120000},
		{"120", NOON_FIXDATE, "1994-11-06T08:49:30Z", 120000},
		/* libcurl reads years that no calendar has; in milliseconds they would overflow. */
		{"Sun, 06 Nov 622222222 08:49:37 GMT", NULL, "1994-11-06T08:49:30Z", -1},
		{"Sun, 06 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 622222222 08:49:37 GMT",
			"1994-11-06T08:49:30Z", 7000},
		{"007", NULL, "1994-11-06T08:49:30Z", 7000},
		{"-1", NULL, "1994-11-06T08:49:30Z", -1},
		{"+1", NULL, "1994-11-06T08:49:30Z", -1},
		{"1.5", NULL, "1994-11-06T08:49:30Z", -1},
		{"1 s", NULL, "1994-11-06T08:49:30Z", -1},
		{"soon", NULL, "1994-11-06T08:49:30Z", -1},
		{"3162240000", NULL, "1994-11-06T08:49:30Z", CENTURY_MS},
		{"3162240001", NULL, "1994-11-06T08:49:30Z", CENTURY_MS},
		{"99999999999999999999999", NULL, "1994-11-06T08:49:30Z", CENTURY_MS},
		{NOON_FIXDATE, NULL, "1994-11-06T08:49:30Z", 7000},
		{NOON_RFC850, NULL, "1994-11-06T08:49:30Z", 7000},
		{NOON_ASCTIME, NULL, "1994-11-06T08:49:30Z", 7000},
		{NOON_FIXDATE, NULL, "1994-11-06T08:49:36.250Z", 750},
		{NOON_FIXDATE, NULL, "1994-11-06T08:49:37Z", 0},
		{NOON_FIXDATE, NULL, "2026-11-22T00:00:00Z", 0},
		/* The answer's own clock says what its date means. */
		{NOON_FIXDATE, "Sun, 06 Nov 1994 08:48:37 GMT", "2026-11-22T00:00:00Z", 60000},
		{NOON_FIXDATE, "Sun, 06 Nov 1994 09:48:37 GMT", "1994-11-06T08:49:30Z", 0},
		{NOON_FIXDATE, "garbage", "1994-11-06T08:49:30Z", 7000},
		{"Fri, 31 Dec 9999 23:59:59 GMT", NULL, "1994-11-06T08:49:30Z", CENTURY_MS},
		/* What curl_getdate would take and no HTTP-date is. */
		{"1994-11-06 08:49:37", NULL, "1994-11-06T08:49:30Z", -1},
		{"06 Nov 1994", NULL, "1994-11-06T08:49:30Z", -1},
		{"Sun, never", NULL, "1994-11-06T08:49:30Z", -1},
		{"Thu, 01 Jan 1960 00:00:00 GMT", NULL, "1994-11-06T08:49:30Z", -1},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		int64_t now;
		int64_t wait;

		assert_true(civil_parse_instant(cases[i].now, &now));
		wait = http_retry_after_ms(cases[i].value, cases[i].date, now);
		if (wait != cases[i].wait_ms)
			fail_msg("case %zu (%s): %lld", i, cases[i].value, (long long)wait);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_request_grows_and_is_cleared),
		cmocka_unit_test(test_answer_is_cleared),
		cmocka_unit_test(test_failures_have_names_of_their_own),
		cmocka_unit_test(test_retry_after),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
