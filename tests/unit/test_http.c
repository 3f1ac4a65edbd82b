#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "http_fixture.h"

static bool has_line(const struct buffer *request, const char *line)
{
	return strcasestr(buffer_text(request), line) != NULL;
}

static void test_an_answer_is_taken_whole(void **state)
{
	static const struct tls_step steps[] = {
		{"HTTP/1.1 100 Continue\r\nETag: interim\r\nLocation: interim\r\n\r\n"
		 "HTTP/1.1 202 Accepted\r\nContent-Length: 5\r\nETag: \"abc\"\r\n"
		 "retry-after:  120 \r\nDATE: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
		 "Location: /else\x1b[2J\r\nContent-Type: text/plain\r\nContent-Type: second\r\n"
		 "Set-Cookie: unwanted\r\n\r\nhello",
			TLS_KEEP},
	};
	struct tls_server_options options = {.steps = steps, .step_count = 1};
	struct tls_server *server = tls_server_start(&options);
	struct http_request request;
	struct http_fixture fixture;

	(void)state;
	fixture_open(&fixture);
	fixture_request(&request, "GET", "127.0.0.1", tls_server_port(server));
	fixture_fetch(&fixture, &request);
	fixture_expect(&fixture, 0, HTTP_OK);
	assert_int_equal(fixture.answer.status, 202);
	assert_int_equal(fixture.answer.http_major, 1);
	assert_string_equal(buffer_text(&fixture.answer.body), "hello");
	assert_string_equal(fixture.answer.etag, "\"abc\"");
	assert_string_equal(fixture.answer.retry_after, "120");
	assert_string_equal(fixture.answer.date, "Sun, 06 Nov 1994 08:49:37 GMT");
	assert_string_equal(fixture.answer.location, "/else?[2J");
	assert_string_equal(fixture.answer.content_type, "text/plain");
	assert_true(fixture.answer.duration_ms >= 0);
	http_request_clear(&request);
	fixture_close(&fixture);
	tls_server_stop(server);
}

static void test_what_is_sent(void **state)
{
	static const struct {
		const char *method;
		const char *body;
		const char *content_type;
		const char *length; /* the header's line; NULL: none */
	} cases[] = {
		{"GET", NULL, NULL, NULL},
		{"DELETE", NULL, NULL, NULL},
		{"POST", "{\"a\":1}", "application/json", "\r\nContent-Length: 7\r\n"},
		{"PUT", "PEM", "application/x-pem-file", "\r\nContent-Length: 3\r\n"},
		{"PUT", "x", NULL, "\r\nContent-Length: 1\r\n"},
		{"PUT", NULL, NULL, "\r\nContent-Length: 0\r\n"},
		{"POST", NULL, NULL, "\r\nContent-Length: 0\r\n"},
		{"PATCH", "p", NULL, "\r\nContent-Length: 1\r\n"},
		{"DELETE", "d", NULL, "\r\nContent-Length: 1\r\n"},
	};
	struct tls_server *server = tls_server_start(&fixture_ok_options);
	struct http_fixture fixture;

	(void)state;
	fixture_open(&fixture);
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		struct http_request request;
		const struct buffer *sent;
		char line[64];
		const char *body;

		fixture_request(&request, cases[i].method, "127.0.0.1", tls_server_port(server));
		http_request_add_header(&request, "X-Empty", "");
		if (i % 2 == 1)
			http_request_add_header(&request, "User-Agent", "of-its-own/1");
		if (cases[i].content_type != NULL)
			http_request_add_header(&request, "Content-Type", cases[i].content_type);
		if (cases[i].body != NULL)
			buffer_append_text(&request.body, cases[i].body);
		fixture_fetch(&fixture, &request);
		fixture_expect(&fixture, i, HTTP_OK);
		sent = tls_server_request(server, i);
		(void)snprintf(line, sizeof(line), "%s /path/" SECRET "?token=" SECRET " HTTP/1.1",
			cases[i].method);
		assert_int_equal(strncmp(buffer_text(sent), line, strlen(line)), 0);
		assert_true(has_line(sent, "\r\nAuthorization: Bearer " SECRET "\r\n"));
		assert_true(has_line(sent, "\r\nX-Empty:\r\n"));
		assert_true(has_line(sent, i % 2 == 1 ? "\r\nUser-Agent: of-its-own/1\r\n"
						      : "\r\nUser-Agent: certinstalld\r\n"));
		assert_null(strstr(strstr(buffer_text(sent), "User-Agent:") + 1, "User-Agent:"));
		assert_false(has_line(sent, "\r\nExpect:"));
		assert_false(has_line(sent, "\r\nAccept-Encoding:"));
		assert_int_equal(
			has_line(sent, "\r\nContent-Type:"), cases[i].content_type != NULL);
		assert_int_equal(has_line(sent, "\r\nContent-Length:"), cases[i].length != NULL);
		assert_true(cases[i].length == NULL || has_line(sent, cases[i].length));
		body = strstr(buffer_text(sent), "\r\n\r\n") + 4;
		assert_string_equal(body, cases[i].body != NULL ? cases[i].body : "");
		http_request_clear(&request);
	}
	fixture_close(&fixture);
	tls_server_stop(server);
}

static void test_a_large_body_goes_out_at_once(void **state)
{
	static const char *const methods[] = {"POST", "PUT"};
	struct tls_server *server = tls_server_start(&fixture_ok_options);
	struct http_fixture fixture;

	(void)state;
	fixture_open(&fixture);
	for (size_t i = 0; i < ARRAY_LENGTH(methods); i++) {
		struct http_request request;
		const struct buffer *sent;

		fixture_request(&request, methods[i], "127.0.0.1", tls_server_port(server));
		for (int each = 0; each < 1300000; each++)
			buffer_append_char(&request.body, (char)('a' + each % 26));
		fixture_fetch(&fixture, &request);
		fixture_expect(&fixture, i, HTTP_OK);
		sent = tls_server_request(server, i);
		assert_false(has_line(sent, "\r\nExpect:"));
		assert_true(sent->length > request.body.length);
		assert_memory_equal(sent->data + sent->length - request.body.length,
			request.body.data, request.body.length);
		http_request_clear(&request);
	}
	fixture_close(&fixture);
	tls_server_stop(server);
}

static void test_multipart(void **state)
{
	struct tls_server *server = tls_server_start(&fixture_ok_options);
	struct http_request request;
	struct http_part *part;
	const struct buffer *sent;
	struct http_fixture fixture;

	(void)state;
	fixture_open(&fixture);
	fixture_request(&request, "POST", "127.0.0.1", tls_server_port(server));
	part = http_request_add_part(&request, "host", NULL, NULL);
	buffer_append_text(&part->data, "www.example.jp");
	(void)http_request_add_part(&request, "empty", NULL, NULL);
	part = http_request_add_part(
		&request, "private_key", "key\"\r\n.pem", "application/x-pem-file");
	for (int each = 0; each < 100000; each++)
		buffer_append(&part->data, each % 2 ? "k" : "\0", 1);
	fixture_fetch(&fixture, &request);
	fixture_expect(&fixture, 0, HTTP_OK);
	sent = tls_server_request(server, 0);
	assert_int_equal(strncmp(buffer_text(sent), "POST ", 5), 0);
	assert_true(has_line(sent, "\r\nContent-Type: multipart/form-data; boundary="));
	assert_false(has_line(sent, "\r\nTransfer-Encoding:"));
	assert_false(has_line(sent, "\r\nExpect:"));
	assert_true(has_line(sent,
		"\r\nContent-Disposition: form-data; name=\"host\"\r\n\r\nwww.example.jp\r\n--"));
	assert_true(
		has_line(sent, "\r\nContent-Disposition: form-data; name=\"empty\"\r\n\r\n\r\n--"));
	assert_true(has_line(sent,
		"\r\nContent-Disposition: form-data; name=\"private_key\"; "
		"filename=\"key%22%0D%0A.pem\"\r\nContent-Type: application/x-pem-file\r\n\r\n"));
	assert_non_null(memmem(sent->data, sent->length, part->data.data, part->data.length));
	http_request_clear(&request);
	/* Another method with parts keeps its name. */
	fixture_request(&request, "PUT", "127.0.0.1", tls_server_port(server));
	part = http_request_add_part(&request, "a", NULL, NULL);
	buffer_append_text(&part->data, "b");
	fixture_fetch(&fixture, &request);
	assert_int_equal(strncmp(buffer_text(tls_server_request(server, 1)), "PUT ", 4), 0);
	http_request_clear(&request);
	fixture_close(&fixture);
	tls_server_stop(server);
}

static void test_connections_are_kept(void **state)
{
	struct tls_server *server = tls_server_start(&fixture_ok_options);
	struct http_request request;
	struct http_fixture fixture;

	(void)state;
	fixture_open(&fixture);
	fixture_request(&request, "PUT", "127.0.0.1", tls_server_port(server));
	buffer_append_text(&request.body, "body");
	for (int i = 0; i < 20; i++) {
		fixture_fetch(&fixture, &request);
		fixture_expect(&fixture, (size_t)i, HTTP_OK);
	}
	assert_int_equal(tls_server_requests(server), 20);
	assert_int_equal(tls_server_accepted(server), 1);
	http_request_clear(&request);
	fixture_close(&fixture);
	tls_server_stop(server);
}

static void test_none_waits_for_another_and_all_connections_are_kept(void **state)
{
	struct tls_server_options options = fixture_ok_options;
	struct tls_server *server;
	struct http_request request;
	struct http_fixture fixture;

	(void)state;
	options.gather = 10;
	server = tls_server_start(&options);
	fixture_open(&fixture);
	fixture_request(&request, "PUT", "127.0.0.1", tls_server_port(server));
	buffer_append_text(&request.body, "body");
	for (int round = 0; round < 3; round++) {
		fixture.calls = 0;
		fixture.wanted = 10;
		for (int i = 0; i < 10; i++)
			(void)http_start(
				fixture.http, &fixture.peer, &request, fixture_arrived, &fixture);
		fixture_run(&fixture);
		fixture_expect(&fixture, 0, HTTP_OK);
	}
	assert_int_equal(tls_server_requests(server), 30);
	assert_int_equal(tls_server_accepted(server), 10);
	http_request_clear(&request);
	fixture_close(&fixture);
	tls_server_stop(server);
}

static void test_a_kept_connection_that_died_is_replaced(void **state)
{
	static const struct tls_step steps[] = {
		{"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", TLS_CLOSE}};
	struct tls_server_options options = {.steps = steps, .step_count = 1};
	struct tls_server *server = tls_server_start(&options);
	struct http_request request;
	struct http_part *part;
	struct http_fixture fixture;

	(void)state;
	fixture_open(&fixture);
	fixture_request(&request, "POST", "127.0.0.1", tls_server_port(server));
	part = http_request_add_part(&request, "a", NULL, NULL);
	buffer_append_text(&part->data, "whole");
	for (int i = 0; i < 5; i++) {
		fixture_fetch(&fixture, &request);
		fixture_expect(&fixture, (size_t)i, HTTP_OK);
		assert_true(has_line(tls_server_request(server, (size_t)i), "\r\n\r\nwhole\r\n--"));
	}
	assert_int_equal(tls_server_accepted(server), 5);
	http_request_clear(&request);
	fixture_close(&fixture);
	tls_server_stop(server);
}

/*
 * libcurl sends a request again when a kept connection ends without a byte of its answer: the
 * header of http.h tells callers so, and the body must then be whole again.
 */
static void test_a_request_is_sent_again_whole(void **state)
{
	static const struct tls_step steps[] = {
		{"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", TLS_KEEP},
		{NULL, TLS_CLOSE},
		{"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", TLS_KEEP},
	};
	struct tls_server_options options = {.steps = steps, .step_count = 3};
	struct tls_server *server = tls_server_start(&options);
	struct http_request request;
	struct http_part *part;
	struct http_fixture fixture;

	(void)state;
	fixture_open(&fixture);
	fixture_request(&request, "POST", "127.0.0.1", tls_server_port(server));
	part = http_request_add_part(&request, "a", NULL, NULL);
	buffer_append_text(&part->data, "whole");
	for (size_t i = 0; i < 2; i++) {
		fixture_fetch(&fixture, &request);
		fixture_expect(&fixture, i, HTTP_OK);
	}
	assert_int_equal(tls_server_requests(server), 3);
	assert_int_equal(tls_server_accepted(server), 2);
	for (size_t i = 0; i < 3; i++)
		assert_true(has_line(tls_server_request(server, i), "\r\n\r\nwhole\r\n--"));
	http_request_clear(&request);
	fixture_close(&fixture);
	tls_server_stop(server);
}

static void test_redirects_are_not_followed(void **state)
{
	struct tls_server *target = tls_server_start(&fixture_ok_options);
	char *location = xasprintf("https://127.0.0.1:%d/", tls_server_port(target));
	char *answer = xasprintf("HTTP/1.1 307 Temporary Redirect\r\nLocation: %s\r\n"
				 "Content-Length: 0\r\n\r\n",
		location);
	struct tls_step steps[] = {{answer, TLS_KEEP}};
	struct tls_server_options options = {.steps = steps, .step_count = 1};
	struct tls_server *server = tls_server_start(&options);
	struct http_request request;
	struct http_fixture fixture;

	(void)state;
	fixture_open(&fixture);
	fixture_request(&request, "PUT", "127.0.0.1", tls_server_port(server));
	buffer_append_text(&request.body, "body");
	fixture_fetch(&fixture, &request);
	fixture_expect(&fixture, 0, HTTP_OK);
	assert_int_equal(fixture.answer.status, 307);
	assert_string_equal(fixture.answer.location, location);
	assert_int_equal(tls_server_accepted(target), 0);
	http_request_clear(&request);
	fixture_close(&fixture);
	tls_server_stop(server);
	tls_server_stop(target);
	free(answer);
	free(location);
}

static void test_requests_that_cannot_be_sent(void **state)
{
	static const struct {
		const char *method;
		const char *url; /* NULL: the server's */
		const char *name;
		const char *value;
		const char *content_type;
		const char *sentence;
	} cases[] = {
		{"GET", "http://127.0.0.1/" SECRET, NULL, NULL, NULL, "https://"},
		{"GET", "file:///etc/" SECRET, NULL, NULL, NULL, "https://"},
		{"GET", "https://user:" SECRET "@127.0.0.1/", NULL, NULL, NULL, "user name"},
		{"GET", "https://", NULL, NULL, NULL, "URL"},
		{"GET", "https://127.0.0.1:99999/" SECRET, NULL, NULL, NULL, "URL"},
		{"GET", SECRET, NULL, NULL, NULL, "URL"},
		{"GET", "https://127.0.0.1/" SECRET "\r\nX: y", NULL, NULL, NULL, "URL"},
		{"GE T", NULL, NULL, NULL, NULL, "method"},
		{"", NULL, NULL, NULL, NULL, "method"},
		{"GET\r\n", NULL, NULL, NULL, NULL, "method"},
		{"GET", NULL, "X-A", SECRET "\r\nX-B: c", NULL, "header"},
		{"GET", NULL, "X-A", SECRET "\n", NULL, "header"},
		{"GET", NULL, "X A", SECRET, NULL, "header"},
		{"GET", NULL, "", SECRET, NULL, "header"},
		{"POST", NULL, "content-length", "1", NULL, "Content-Length"},
		{"POST", NULL, "Transfer-Encoding", "chunked", NULL, "Transfer-Encoding"},
		{"POST", NULL, NULL, NULL, "text/plain\r\nX: " SECRET, "content type"},
	};
	struct tls_server *server = tls_server_start(&fixture_ok_options);
	struct http_fixture fixture;

	(void)state;
	fixture_open(&fixture);
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		struct http_request request;

		fixture_request(&request, cases[i].method, "127.0.0.1", tls_server_port(server));
		if (cases[i].url != NULL) {
			free(request.url);
			request.url = xstrdup(cases[i].url);
		}
		if (cases[i].name != NULL)
			http_request_add_header(&request, cases[i].name, cases[i].value);
		if (cases[i].content_type != NULL)
			(void)http_request_add_part(&request, "a", NULL, cases[i].content_type);
		fixture_fetch(&fixture, &request);
		fixture_expect(&fixture, i, HTTP_INTERNAL);
		assert_int_equal(fixture.answer.error.kind, ERROR_PERMANENT);
		if (strstr(fixture.answer.error.text, cases[i].sentence) == NULL)
			fail_msg("case %zu: %s", i, fixture.answer.error.text);
		http_request_clear(&request);
	}
	assert_int_equal(tls_server_accepted(server), 0);
	fixture_close(&fixture);
	tls_server_stop(server);
}

/* What was in order of one URL is remembered for those that begin like it. */
static void test_an_origin_that_is_known(void **state)
{
	static const struct {
		const char *path;
		const char *sent; /* NULL: refused */
	} cases[] = {
		{"/first?a=b", "/first?a=b"},
		{"/second", "/second"},
		{"/sink/A-z_0.9~/www.example.jp", "/sink/A-z_0.9~/www.example.jp"},
		{"/with?query", "/with?query"},
		{"/", "/"},
		{"//a/", "//a/"},
		{"/a%2Fb%C3%a9", "/a%2Fb%C3%a9"},
		{"/a:b@c", "/a:b@c"},
		{"/a/../b", "/b"},
		{"/a/./b", "/a/b"},
		{"/.a/b.", "/.a/b."},
		{"/with a space", NULL},
		{"/with\x7f", NULL},
		{"/with\r\nX: y", NULL},
		{"/with\ttab", NULL},
		{"", "/"},
		{"/after/none", "/after/none"},
		{"?a", "/?a"},
		{"0/", NULL},
		{"@127.0.0.1/", NULL},
		{"/third#fragment", "/third"},
		{"/fourth", "/fourth"},
	};
	struct tls_server *server = tls_server_start(&fixture_ok_options);
	struct http_fixture fixture;
	char origin[64], line[100];
	size_t sent = 0;

	(void)state;
	fixture_open(&fixture);
	snprintf(origin, sizeof(origin), "https://127.0.0.1:%d", tls_server_port(server));
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		struct http_request request;

		fixture_request(&request, "GET", "127.0.0.1", tls_server_port(server));
		free(request.url);
		request.url = xasprintf("%s%s", origin, cases[i].path);
		fixture_fetch(&fixture, &request);
		fixture_expect(&fixture, i, cases[i].sent != NULL ? HTTP_OK : HTTP_INTERNAL);
		if (cases[i].sent == NULL) {
			assert_int_equal(fixture.answer.error.kind, ERROR_PERMANENT);
		} else {
			snprintf(line, sizeof(line), "GET %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n",
				cases[i].sent, tls_server_port(server));
			assert_int_equal(strncmp(buffer_text(tls_server_request(server, sent++)),
						 line, strlen(line)),
				0);
		}
		http_request_clear(&request);
	}
	fixture_close(&fixture);
	tls_server_stop(server);
}

static void test_the_environment_has_no_say(void **state)
{
	static const char *const names[] = {"https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"};
	struct tls_server *server = tls_server_start(&fixture_ok_options);
	struct http_request request;
	struct http_fixture fixture;

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(names); i++)
		assert_int_equal(setenv(names[i], "http://127.0.0.2:1", 1), 0);
	fixture_open(&fixture);
	fixture_request(&request, "GET", "127.0.0.1", tls_server_port(server));
	fixture_fetch(&fixture, &request);
	fixture_expect(&fixture, 0, HTTP_OK);
	for (size_t i = 0; i < ARRAY_LENGTH(names); i++)
		assert_int_equal(unsetenv(names[i]), 0);
	http_request_clear(&request);
	fixture_close(&fixture);
	tls_server_stop(server);
}

static void cancelled(void *context, struct http_answer *answer)
{
	int *calls = context;

	assert_int_equal(answer->failure, HTTP_CANCELLED);
	assert_null(strstr(answer->error.text, SECRET));
	(*calls)++;
}

static void test_cancelling(void **state)
{
	static const struct tls_step silent[] = {{NULL, TLS_HANG}};
	struct tls_server_options options = {.steps = silent, .step_count = 1};
	struct tls_server *server = tls_server_start(&options);
	struct tls_server *other = tls_server_start(&fixture_ok_options);
	struct http_request request;
	struct http_request bad;
	struct http_request good;
	struct http_fixture fixture;
	struct http_transfer *transfer;
	int calls = 0;

	(void)state;
	fixture_open(&fixture);
	fixture_request(&request, "GET", "127.0.0.1", tls_server_port(server));
	fixture_request(&bad, "G E T", "127.0.0.1", tls_server_port(server));
	fixture_request(&good, "GET", "127.0.0.1", tls_server_port(other));
	/* Before anything happened, and one that had failed already. */
	transfer = http_start(fixture.http, &fixture.peer, &request, cancelled, &calls);
	http_cancel(transfer);
	assert_int_equal(calls, 1);
	transfer = http_start(fixture.http, &fixture.peer, &bad, cancelled, &calls);
	http_cancel(transfer);
	assert_int_equal(calls, 2);
	/* In flight, by the end of all. */
	(void)http_start(fixture.http, &fixture.peer, &request, cancelled, &calls);
	(void)http_start(fixture.http, &fixture.peer, &bad, cancelled, &calls);
	http_free(fixture.http);
	assert_int_equal(calls, 4);
	loop_free(fixture.loop);
	/* While its answer is awaited, among others that go on. */
	fixture_open(&fixture);
	transfer = http_start(fixture.http, &fixture.peer, &request, cancelled, &calls);
	for (int i = 0; i < 1000 && tls_server_requests(server) == 0; i++) {
		fixture_fetch(&fixture, &good);
		fixture_expect(&fixture, (size_t)i, HTTP_OK);
	}
	assert_int_equal(tls_server_requests(server), 1);
	assert_int_equal(calls, 4);
	http_cancel(transfer);
	assert_int_equal(calls, 5);
	fixture_fetch(&fixture, &good);
	http_request_clear(&request);
	http_request_clear(&bad);
	http_request_clear(&good);
	fixture_close(&fixture);
	tls_server_stop(server);
	tls_server_stop(other);
}

struct pair {
	struct http_fixture *fixture;
	struct http_transfer *victim;
	const struct http_request *next;
	int calls;
};

/* Cancels another transfer and starts a third one, all from within a callback. */
static void busy(void *context, struct http_answer *answer)
{
	struct pair *pair = context;

	assert_int_equal(answer->failure, HTTP_OK);
	pair->calls++;
	http_cancel(pair->victim);
	(void)http_start(pair->fixture->http, &pair->fixture->peer, pair->next, fixture_arrived,
		pair->fixture);
	assert_int_equal(pair->fixture->calls, 0);
}

static void test_callbacks_may_start_and_cancel(void **state)
{
	static const struct tls_step silent[] = {{NULL, TLS_HANG}};
	struct tls_server_options options = {.steps = silent, .step_count = 1};
	struct tls_server *server = tls_server_start(&options);
	struct tls_server *other = tls_server_start(&fixture_ok_options);
	struct http_request request;
	struct http_request good;
	struct http_fixture fixture;
	struct pair pair = {0};
	int cancels = 0;

	(void)state;
	fixture_open(&fixture);
	fixture_request(&request, "GET", "127.0.0.1", tls_server_port(server));
	fixture_request(&good, "GET", "127.0.0.1", tls_server_port(other));
	pair.fixture = &fixture;
	pair.next = &good;
	pair.victim = http_start(fixture.http, &fixture.peer, &request, cancelled, &cancels);
	(void)http_start(fixture.http, &fixture.peer, &good, busy, &pair);
	fixture_run(&fixture);
	fixture_expect(&fixture, 0, HTTP_OK);
	assert_int_equal(pair.calls, 1);
	assert_int_equal(cancels, 1);
	assert_int_equal(tls_server_requests(other), 2);
	http_request_clear(&request);
	http_request_clear(&good);
	fixture_close(&fixture);
	tls_server_stop(server);
	tls_server_stop(other);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_an_answer_is_taken_whole),
		cmocka_unit_test(test_what_is_sent),
		cmocka_unit_test(test_a_large_body_goes_out_at_once),
		cmocka_unit_test(test_multipart),
		cmocka_unit_test(test_connections_are_kept),
		cmocka_unit_test(test_none_waits_for_another_and_all_connections_are_kept),
		cmocka_unit_test(test_a_kept_connection_that_died_is_replaced),
		cmocka_unit_test(test_a_request_is_sent_again_whole),
		cmocka_unit_test(test_redirects_are_not_followed),
		cmocka_unit_test(test_requests_that_cannot_be_sent),
		cmocka_unit_test(test_an_origin_that_is_known),
		cmocka_unit_test(test_the_environment_has_no_say),
		cmocka_unit_test(test_cancelling),
		cmocka_unit_test(test_callbacks_may_start_and_cancel),
	};

	return cmocka_run_group_tests(tests, fixture_set_up, fixture_tear_down);
}
