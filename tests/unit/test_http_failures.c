#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/ssl.h>

#include "base/alloc.h"
#include "http_fixture.h"

/*
 * Time-outs that are meant to be reached. libcurl knows no other clock than the real one, so these
 * cases wait for as long; all other bounds are far beyond what a case takes.
 */
#define SHORT_MS 40
/* The same where the server is to have answered in part before; more where that is not enough. */
#define LONGER_MS 100
static const struct tls_step hang_step = {NULL, TLS_HANG};
static const struct tls_step cut_step = {NULL, TLS_CUT};
static const struct tls_step reset_step = {NULL, TLS_RESET};

static void test_connection_and_tls_failures(void **state)
{
	static const struct {
		const char *host;
		struct tls_server_options options;
		enum http_failure failure;
		const char *sentence;
	} cases[] = {
		{"127.0.0.2", {.identity = TLS_GOOD}, HTTP_CONNECT_FAILED, "https://127.0.0.2:"},
		{"missing.test", {.identity = TLS_GOOD}, HTTP_CONNECT_FAILED, "missing.test"},
		{"127.0.0.1", {.plain = &cut_step}, HTTP_CONNECT_FAILED, "https://127.0.0.1:"},
		{"127.0.0.1", {.plain = &reset_step}, HTTP_CONNECT_FAILED, "https://127.0.0.1:"},
		{"127.0.0.1", {.identity = TLS_EXPIRED}, HTTP_TLS_FAILED, "expired"},
		{"127.0.0.1", {.identity = TLS_OTHER_NAME}, HTTP_TLS_FAILED, "127.0.0.1"},
		{"localhost", {.identity = TLS_OTHER_NAME}, HTTP_TLS_FAILED, "localhost"},
		{"127.0.0.1", {.identity = TLS_UNTRUSTED}, HTTP_TLS_FAILED, "certificate"},
		{"127.0.0.1", {.maximum_version = TLS1_1_VERSION}, HTTP_TLS_FAILED, "version"},
		{"127.0.0.1", {.maximum_version = TLS1_VERSION}, HTTP_TLS_FAILED, "version"},
		{"one.test", {.refuses_name = true}, HTTP_TLS_FAILED, "unrecognized name"},
		{"127.0.0.1", {.maximum_version = TLS1_2_VERSION, .wants_client_certificate = true},
			HTTP_TLS_FAILED, "wants a client certificate"},
		{"127.0.0.1", {.wants_client_certificate = true}, HTTP_TLS_FAILED,
			"wants a client certificate"},
		{"127.0.0.1", {.plain = &fixture_ok_steps[0]}, HTTP_TLS_FAILED, "version"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		struct tls_server_options options = cases[i].options;
		struct tls_server *server;
		struct http_request request;
		struct http_fixture fixture;

		options.steps = fixture_ok_steps;
		options.step_count = 1;
		server = tls_server_start(&options);
		fixture_open(&fixture);
		fixture_request(&request, "GET", cases[i].host, tls_server_port(server));
		fixture_fetch(&fixture, &request);
		fixture_expect(&fixture, i, cases[i].failure);
		assert_int_equal(fixture.answer.status, 0);
		assert_int_equal(fixture.answer.error.kind, ERROR_TEMPORARY);
		if (strcasestr(fixture.answer.error.text, cases[i].sentence) == NULL)
			fail_msg("case %zu: %s", i, fixture.answer.error.text);
		assert_int_equal(tls_server_requests(server), 0);
		http_request_clear(&request);
		fixture_close(&fixture);
		tls_server_stop(server);
	}
}

static void test_client_certificates(void **state)
{
	static const struct {
		const char *certificate;
		const char *key;
		int version;
		enum http_failure failure;
	} cases[] = {
		{"client.pem", "client-key.pem", TLS1_2_VERSION, HTTP_OK},
		{"client.pem", "client-key.pem", TLS1_3_VERSION, HTTP_OK},
		{"client-both.pem", NULL, TLS1_3_VERSION, HTTP_OK},
		{"client.pem", "absent.pem", TLS1_3_VERSION, HTTP_TLS_FAILED},
		{"client.pem", NULL, TLS1_3_VERSION, HTTP_TLS_FAILED},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		struct tls_server_options options = fixture_ok_options;
		struct tls_server *server;
		struct http_request request;
		struct http_fixture fixture;

		options.wants_client_certificate = true;
		options.maximum_version = cases[i].version;
		server = tls_server_start(&options);
		fixture_open(&fixture);
		fixture.peer.client_certificate = tls_file(cases[i].certificate);
		if (cases[i].key != NULL)
			fixture.peer.client_key = tls_file(cases[i].key);
		fixture_request(&request, "GET", "127.0.0.1", tls_server_port(server));
		fixture_fetch(&fixture, &request);
		fixture_expect(&fixture, i, cases[i].failure);
		if (cases[i].failure != HTTP_OK)
			assert_int_equal(fixture.answer.error.kind, ERROR_INTERNAL);
		http_request_clear(&request);
		fixture_close(&fixture);
		tls_server_stop(server);
	}
}

#define TEN "0123456789"
#define FIFTY TEN TEN TEN TEN TEN
#define HUNDRED FIFTY FIFTY
#define KILO HUNDRED HUNDRED HUNDRED HUNDRED HUNDRED HUNDRED HUNDRED HUNDRED HUNDRED HUNDRED

static void test_hostile_answers(void **state)
{
	static const struct {
		const char *answer;
		enum tls_ending ending;
		enum http_failure failure;
		int status;
		const char *body;
	} cases[] = {
		{NULL, TLS_CLOSE, HTTP_BROKEN, 0, ""},
		{NULL, TLS_CUT, HTTP_BROKEN, 0, ""},
		{NULL, TLS_RESET, HTTP_BROKEN, 0, ""},
		{"garbage\r\n\r\n", TLS_CLOSE, HTTP_BROKEN, 0, ""},
		{"HTTP/9.9 200 OK\r\n\r\n", TLS_CLOSE, HTTP_BROKEN, 0, ""},
		{"HTTP/1.1 200 OK\r\nContent-Len", TLS_CUT, HTTP_BROKEN, 200, ""},
		{"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\nok", TLS_CLOSE, HTTP_BROKEN, 200, ""},
		{"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\npart", TLS_CLOSE, HTTP_BROKEN, 200,
			"part"},
		{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\npart\r\n", TLS_CLOSE,
			HTTP_BROKEN, 200, "part"},
		{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", TLS_CLOSE,
			HTTP_BROKEN, 200, ""},
		/* Just the cap, and beyond it in each way that a length can be told. */
		{"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n" HUNDRED, TLS_KEEP, HTTP_OK, 200,
			HUNDRED},
		{"HTTP/1.1 201 OK\r\nContent-Length: 101\r\n\r\n" HUNDRED "x", TLS_KEEP,
			HTTP_TOO_LARGE, 201, HUNDRED},
		{"HTTP/1.1 500 OK\r\nTransfer-Encoding: chunked\r\n\r\n32\r\n" FIFTY "\r\n"
		 "33\r\n" FIFTY "x\r\n",
			TLS_HANG, HTTP_TOO_LARGE, 500, HUNDRED},
		{"HTTP/1.0 200 OK\r\n\r\n" HUNDRED "x", TLS_CLOSE, HTTP_TOO_LARGE, 200, HUNDRED},
		/* Not asked for, and so not unpacked. */
		{"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\n\x1f\x8bzz",
			TLS_KEEP, HTTP_OK, 200, "\x1f\x8bzz"},
		/* A length without an answer of that length. */
		{"HTTP/1.1 204 No Content\r\nContent-Length: 99\r\n\r\n", TLS_KEEP, HTTP_OK, 204,
			""},
		{"HTTP/1.1 200 OK\r\nETag: " KILO "01234567890123456789012345\r\n"
		 "Content-Length: 0\r\n\r\n",
			TLS_KEEP, HTTP_OK, 200, ""},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		struct tls_step steps[] = {{cases[i].answer, cases[i].ending}};
		struct tls_server_options options = {.steps = steps, .step_count = 1};
		struct tls_server *server = tls_server_start(&options);
		struct http_request request;
		struct http_fixture fixture;

		fixture_open(&fixture);
		fixture_request(&request, "POST", "127.0.0.1", tls_server_port(server));
		buffer_append_text(&request.body, SECRET);
		fixture_fetch(&fixture, &request);
		fixture_expect(&fixture, i, cases[i].failure);
		if (fixture.answer.status != cases[i].status ||
			strcmp(buffer_text(&fixture.answer.body), cases[i].body) != 0)
			fail_msg("case %zu: %d %s", i, fixture.answer.status,
				buffer_text(&fixture.answer.body));
		assert_null(fixture.answer.etag);
		assert_int_equal(tls_server_requests(server), 1);
		http_request_clear(&request);
		fixture_close(&fixture);
		tls_server_stop(server);
	}
}

/* COUNT lines of "X-n: <LENGTH bytes>", then the end of the headers. */
static char *long_headers(int count, int length)
{
	struct buffer text = {0};

	buffer_append_text(&text, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n");
	for (int i = 0; i < count; i++) {
		buffer_printf(&text, "X-%d: ", i);
		for (int each = 0; each < length; each++)
			buffer_append_char(&text, 'x');
		buffer_append_text(&text, "\r\n");
	}
	buffer_append_text(&text, "\r\n");
	return buffer_steal_text(&text);
}

static void test_headers_without_end(void **state)
{
	static const struct {
		int count;
		int length;
		enum http_failure failure;
	} cases[] = {
		{60, 1000, HTTP_OK},
		{70, 1000, HTTP_BROKEN},
		{10000, 1, HTTP_BROKEN},
		/* libcurl's own limit of a line, which it reports as want of memory. */
		{1, 200000, HTTP_BROKEN},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		char *answer = long_headers(cases[i].count, cases[i].length);
		struct tls_step steps[] = {{answer, TLS_KEEP}};
		struct tls_server_options options = {.steps = steps, .step_count = 1};
		struct tls_server *server = tls_server_start(&options);
		struct http_request request;
		struct http_fixture fixture;

		fixture_open(&fixture);
		fixture_request(&request, "GET", "127.0.0.1", tls_server_port(server));
		fixture_fetch(&fixture, &request);
		fixture_expect(&fixture, i, cases[i].failure);
		http_request_clear(&request);
		fixture_close(&fixture);
		tls_server_stop(server);
		free(answer);
	}
}

struct time_out {
	const char *host;
	struct tls_server_options options;
	int64_t connect_ms;
	int64_t total_ms;
	int64_t stall_ms;
	int status;
	const char *sentence;
};

/* With time-outs so many times as long. False when the answer's status is not the one wanted. */
static bool times_out(size_t number, const struct time_out *wanted, int64_t times)
{
	struct tls_server *server = tls_server_start(&wanted->options);
	struct http_request request;
	struct http_fixture fixture;
	int status;

	fixture_open(&fixture);
	fixture_request(&request, "GET", wanted->host, tls_server_port(server));
	if (wanted->options.steps != NULL) {
		fixture_fetch(&fixture, &request);
		fixture_expect(&fixture, number, HTTP_OK);
	}
	fixture.peer.connect_timeout_ms = wanted->connect_ms * times;
	fixture.peer.total_timeout_ms = wanted->total_ms * times;
	fixture.peer.stall_timeout_ms = wanted->stall_ms * times;
	fixture_fetch(&fixture, &request);
	fixture_expect(&fixture, number, HTTP_TIMED_OUT);
	if (strstr(fixture.answer.error.text, wanted->sentence) == NULL)
		fail_msg("case %zu: %s", number, fixture.answer.error.text);
	status = fixture.answer.status;
	http_request_clear(&request);
	fixture_close(&fixture);
	tls_server_stop(server);
	return status == wanted->status;
}

static void test_time_outs(void **state)
{
	/* The first answer gets the handshake out of the way. */
	static const struct tls_step begun[] = {
		{"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", TLS_KEEP},
		{"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\npart", TLS_HANG}};
	static const struct tls_step silent[] = {
		{"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", TLS_KEEP}, {NULL, TLS_HANG}};
	static const struct time_out cases[] = {
		{"127.0.0.1", {.plain = &hang_step}, SHORT_MS, 0, 0, 0, "while connecting"},
		{"slow.test", {.identity = TLS_GOOD}, SHORT_MS, 0, 0, 0, "while connecting"},
		{"127.0.0.1", {.plain = &hang_step}, 0, 0, SHORT_MS, 0, "while connecting"},
		{"127.0.0.1", {.steps = silent, .step_count = 2}, 0, LONGER_MS, 0, 0,
			"no whole answer in time"},
		{"127.0.0.1", {.steps = begun, .step_count = 2}, 0, LONGER_MS, 0, 200,
			"no whole answer in time"},
		{"127.0.0.1", {.steps = silent, .step_count = 2}, 0, 0, SHORT_MS, 0, "stalled"},
		{"127.0.0.1", {.steps = begun, .step_count = 2}, 0, 0, LONGER_MS, 200, "stalled"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		int64_t times = 1;

		while (!times_out(i, &cases[i], times)) {
			/* A busy server needs longer for the part that it is to answer. */
			assert_true(cases[i].status != 0 && times < 256);
			times *= 4;
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_connection_and_tls_failures),
		cmocka_unit_test(test_client_certificates),
		cmocka_unit_test(test_hostile_answers),
		cmocka_unit_test(test_headers_without_end),
		cmocka_unit_test(test_time_outs),
	};

	return cmocka_run_group_tests(tests, fixture_set_up, fixture_tear_down);
}
