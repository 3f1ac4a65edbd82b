/* net/http_socket: what is watched, and how often that changes. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "fake_names.h"
#include "http_fixture.h"

/* How long a test waits for what comes at once. */
#define PATIENCE_MS 5000

/* The linker puts these in place of the loop's (--wrap). */
static struct http_fixture fixture;
static int made, changed, freed, silenced;
static bool stops_when_silenced;

struct loop_watch *__real_loop_watch_new(
	struct loop *loop, int fd, int events, loop_watch_callback *callback, void *context);
struct loop_watch *__wrap_loop_watch_new(
	struct loop *loop, int fd, int events, loop_watch_callback *callback, void *context);
void __real_loop_watch_change(struct loop_watch *watch, int events);
void __wrap_loop_watch_change(struct loop_watch *watch, int events);
void __real_loop_watch_free(struct loop_watch *watch);
void __wrap_loop_watch_free(struct loop_watch *watch);

struct loop_watch *__wrap_loop_watch_new(
	struct loop *loop, int fd, int events, loop_watch_callback *callback, void *context)
{
	made++;
	return __real_loop_watch_new(loop, fd, events, callback, context);
}

void __wrap_loop_watch_change(struct loop_watch *watch, int events)
{
	changed++;
	__real_loop_watch_change(watch, events);
	if (events == 0) {
		silenced++;
		if (stops_when_silenced)
			loop_stop(fixture.loop);
	}
}

void __wrap_loop_watch_free(struct loop_watch *watch)
{
	freed++;
	__real_loop_watch_free(watch);
}

static struct loop_timer *patience;

static void too_late(void *context)
{
	(void)context;
	fail_msg("nothing comes");
}

static void begin(void)
{
	fixture_open(&fixture);
	patience = loop_timer_new(fixture.loop, too_late, NULL);
	loop_timer_set(patience, PATIENCE_MS);
	made = changed = freed = silenced = 0;
}

/* All connections are closed, and nothing is watched any more. */
static void end(struct tls_server *server)
{
	loop_timer_free(patience);
	fixture_close(&fixture);
	assert_int_equal(made, freed);
	tls_server_stop(server);
}

static void test_a_kept_connection_stays_watched(void **state)
{
	struct tls_server *server = tls_server_start(&fixture_ok_options);
	struct http_request request;
	int changed_at_first = 0;

	(void)state;
	begin();
	fixture_request(&request, "GET", "127.0.0.1", tls_server_port(server));
	for (size_t i = 0; i < 20; i++) {
		fixture_fetch(&fixture, &request);
		fixture_expect(&fixture, i, HTTP_OK);
		assert_int_equal(made, 1);
		assert_int_equal(freed, 0);
		if (i == 0)
			changed_at_first = changed;
	}
	assert_int_equal(tls_server_accepted(server), 1);
	assert_int_equal(changed, changed_at_first);
	http_request_clear(&request);
	end(server);
}

static void answer_name(void *context)
{
	(void)context;
	fake_names_release();
}

/* What libcurl closes without a word: a name's look-up, connections in vain. */
static void test_other_sockets_are_forgotten(void **state)
{
	/* The certificate is for neither; the second has an address at which nobody listens. */
	static const char *const hosts[] = {"slow.test", "two.test"};
	struct tls_server *server = tls_server_start(&fixture_ok_options);
	struct loop_timer *timer;

	(void)state;
	begin();
	/* The look-up is watched before it is answered. */
	fake_names_hold();
	timer = loop_timer_new(fixture.loop, answer_name, NULL);
	loop_timer_set(timer, 20);
	for (size_t i = 0; i < ARRAY_LENGTH(hosts); i++) {
		struct http_request request;

		fixture_request(&request, "GET", hosts[i], tls_server_port(server));
		fixture_fetch(&fixture, &request);
		fixture_expect(&fixture, i, HTTP_TLS_FAILED);
		assert_true(made > 1);
		assert_int_equal(made, freed);
		http_request_clear(&request);
	}
	loop_timer_free(timer);
	end(server);
}

static void test_one_that_the_peer_closes_is_silent_and_replaced(void **state)
{
	static const struct tls_step steps[] = {
		{"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", TLS_CLOSE}};
	struct tls_server_options options = {.steps = steps, .step_count = 1};
	struct tls_server *server = tls_server_start(&options);
	struct http_request request;

	(void)state;
	begin();
	fixture_request(&request, "GET", "127.0.0.1", tls_server_port(server));
	for (int i = 1; i <= 3; i++) {
		fixture_fetch(&fixture, &request);
		fixture_expect(&fixture, (size_t)i, HTTP_OK);
		/* It was closed while the answer was taken, or is while it is idle. */
		stops_when_silenced = true;
		if (silenced < i && made == freed + 1)
			fixture_run(&fixture);
		stops_when_silenced = false;
		assert_true(silenced <= i);
	}
	assert_true(silenced > 0);
	assert_int_equal(tls_server_accepted(server), 3);
	http_request_clear(&request);
	end(server);
}

/* libcurl closes what has died when it looks for a connection; nothing of it stays behind. */
static void test_of_several_that_died_none_stays(void **state)
{
	static const struct tls_step steps[] = {
		{"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", TLS_CLOSE}};
	struct tls_server_options options = {.steps = steps, .step_count = 1, .gather = 4};
	struct tls_server *server = tls_server_start(&options);
	struct http_request request;

	(void)state;
	begin();
	fixture_request(&request, "GET", "127.0.0.1", tls_server_port(server));
	fixture.wanted = 4;
	for (int i = 0; i < 4; i++)
		(void)http_start(fixture.http, &fixture.peer, &request, fixture_arrived, &fixture);
	fixture_run(&fixture);
	assert_int_equal(fixture.calls, 4);
	fixture.wanted = 1;
	fixture_fetch(&fixture, &request);
	fixture_expect(&fixture, 0, HTTP_OK);
	assert_int_equal(tls_server_accepted(server), 5);
	assert_in_range(made - freed, 0, 1);
	http_request_clear(&request);
	end(server);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_kept_connection_stays_watched),
		cmocka_unit_test(test_other_sockets_are_forgotten),
		cmocka_unit_test(test_one_that_the_peer_closes_is_silent_and_replaced),
		cmocka_unit_test(test_of_several_that_died_none_stays),
	};

	return cmocka_run_group_tests(tests, fixture_set_up, fixture_tear_down);
}
