#include "http_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "fake_names.h"

const struct tls_step fixture_ok_steps[] = {
	{"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", TLS_KEEP}};
const struct tls_server_options fixture_ok_options = {.steps = fixture_ok_steps, .step_count = 1};

/* Takes what the answer holds over, so that a test can look at it afterwards. */
void fixture_arrived(void *context, struct http_answer *answer)
{
	struct http_fixture *fixture = context;

	http_answer_clear(&fixture->answer);
	fixture->answer = *answer;
	memset(answer, 0, sizeof(*answer));
	/* Of no effect any more, and of no harm. */
	if (fixture->transfer != NULL)
		http_cancel(fixture->transfer);
	if (++fixture->calls == fixture->wanted)
		loop_stop(fixture->loop);
}

void fixture_open(struct http_fixture *fixture)
{
	struct error error;

	memset(fixture, 0, sizeof(*fixture));
	fixture->wanted = 1;
	fixture->loop = loop_new(clock_system());
	assert_true(http_new(fixture->loop, 16, &fixture->http, &error));
	fixture->peer.ca_file = tls_file("ca.pem");
	fixture->peer.answer_max = CAP;
}

void fixture_close(struct http_fixture *fixture)
{
	http_free(fixture->http);
	http_answer_clear(&fixture->answer);
	loop_free(fixture->loop);
}

void fixture_run(struct http_fixture *fixture)
{
	struct error error;

	assert_true(loop_run(fixture->loop, &error));
}

void fixture_fetch(struct http_fixture *fixture, const struct http_request *request)
{
	fixture->calls = 0;
	fixture->transfer =
		http_start(fixture->http, &fixture->peer, request, fixture_arrived, fixture);
	assert_int_equal(fixture->calls, 0);
	fixture_run(fixture);
	assert_int_equal(fixture->calls, 1);
	fixture->transfer = NULL;
}

void fixture_request(struct http_request *request, const char *method, const char *host, int port)
{
	memset(request, 0, sizeof(*request));
	request->method = xstrdup(method);
	request->url = xasprintf("https://%s:%d/path/" SECRET "?token=" SECRET, host, port);
	http_request_add_header(request, "Authorization", "Bearer " SECRET);
}

void fixture_expect(const struct http_fixture *fixture, size_t number, enum http_failure failure)
{
	const struct http_answer *answer = &fixture->answer;

	if (answer->failure != failure)
		fail_msg("case %zu: %s, status %d: %s", number, http_failure_name(answer->failure),
			answer->status, answer->error.text);
	if (failure != HTTP_OK)
		assert_null(strstr(answer->error.text, SECRET));
}

int fixture_set_up(void **state)
{
	(void)state;
	assert_int_equal(setenv("SSLKEYLOGFILE", "/nowhere/keys", 1), 0);
	http_init_process();
	http_init_process();
	/* libcurl looks for it at each connection. */
	assert_null(getenv("SSLKEYLOGFILE"));
	tls_files_make();
	/* A test that hangs must fail. */
	(void)alarm(600);
	return 0;
}

int fixture_tear_down(void **state)
{
	(void)state;
	fake_names_release();
	fake_names_hold();
	tls_files_remove();
	return 0;
}
