/* net/http_socket: what is watched, and how often that changes. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "http_fixture.h"

/* How long a test waits for what comes at once. */
#define PATIENCE_MS 10000

/* The linker puts these in place of the loop's (--wrap). */
static struct http_fixture fixture;
static int made, changed, freed, silenced;

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
		loop_stop(fixture.loop);
	}
}

void __wrap_loop_watch_free(struct loop_watch *watch)
{
	freed++;
	__real_loop_watch_free(watch);
}

static void begin(void)
{
	fixture_open(&fixture);
	made = changed = freed = silenced = 0;
}

/* All connections are closed, and nothing is watched any more. */
static void end(struct tls_server *server)
{
	fixture_close(&fixture);
	assert_int_equal(made, freed);
	tls_server_stop(server);
}

static void test_a_kept_connection_stays_watched(void **state)
{
	static const char *const hosts[] = {"127.0.0.1", "localhost"};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LENGTH(hosts); i++) {
		struct tls_server *server = tls_server_start(&fixture_ok_options);
		struct http_request request;
		int changed_at_first = 0, made_at_first = 0;

		begin();
		fixture_request(&request, "GET", hosts[i], tls_server_port(server));
		for (int j = 0; j < 20; j++) {
			fixture_fetch(&fixture, &request);
			fixture_expect(&fixture, i, HTTP_OK);
			/* The connection; what a name was looked up with is gone. */
			assert_int_equal(made - freed, 1);
			if (j == 0) {
				made_at_first = made;
				changed_at_first = changed;
			}
		}
		assert_int_equal(tls_server_accepted(server), 1);
		assert_int_equal(made, made_at_first);
		assert_int_equal(changed, changed_at_first);
		http_request_clear(&request);
		end(server);
	}
}

static void too_late(void *context)
{
	loop_stop(context);
}

static void test_one_that_the_peer_closes_is_silent_and_replaced(void **state)
{
	static const struct tls_step steps[] = {
		{"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", TLS_CLOSE}};
	struct tls_server_options options = {.steps = steps, .step_count = 1};
	struct tls_server *server = tls_server_start(&options);
	struct http_request request;
	struct loop_timer *timer;

	(void)state;
	begin();
	timer = loop_timer_new(fixture.loop, too_late, fixture.loop);
	loop_timer_set(timer, PATIENCE_MS);
	fixture_request(&request, "GET", "127.0.0.1", tls_server_port(server));
	for (int i = 1; i <= 3; i++) {
		fixture_fetch(&fixture, &request);
		fixture_expect(&fixture, (size_t)i, HTTP_OK);
		/* It was closed while the answer was taken, or is while it is idle. */
		if (silenced < i && made == freed + 1)
			fixture_run(&fixture);
		assert_true(loop_timer_is_set(timer));
		assert_true(silenced <= i);
	}
	assert_true(silenced > 0);
	assert_int_equal(tls_server_accepted(server), 3);
	loop_timer_free(timer);
	http_request_clear(&request);
	end(server);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_kept_connection_stays_watched),
		cmocka_unit_test(test_one_that_the_peer_closes_is_silent_and_replaced),
	};

	return cmocka_run_group_tests(tests, fixture_set_up, fixture_tear_down);
}
