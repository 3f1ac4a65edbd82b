#include "net/probe.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <openssl/ssl.h>

#include "base/alloc.h"
#include "fake_names.h"
#include "tls_server.h"

/* Long enough for any machine: what it bounds ends by itself. */
#define PATIENCE_MS 20000
/* A time-out that is meant to be reached; OpenSSL and the loop know no other clock than the real.
 */
#define SHORT_MS 40

static const struct tls_step hang_step = {NULL, TLS_HANG};
static const struct tls_step cut_step = {NULL, TLS_CUT};
static const struct tls_step reset_step = {NULL, TLS_RESET};
static const struct tls_step garbage_step = {"HTTP/1.1 400 Bad Request\r\n\r\n", TLS_HANG};

struct look {
	struct loop *loop;
	struct probe *probe;
	struct probe_result result;
	int calls;
};

static void looked(void *context, const struct probe_result *result)
{
	struct look *look = context;

	look->result = *result;
	look->calls++;
	/* Of no effect any more, and of no harm. */
	probe_cancel(look->probe);
	loop_stop(look->loop);
}

static void look_at(
	struct look *look, const char *host, int port, const char *sni, int64_t timeout_ms)
{
	char *address = xasprintf("%s:%d", host, port);
	struct error error;

	memset(look, 0, sizeof(*look));
	look->loop = loop_new(clock_system());
	look->probe = probe_start(look->loop, address, sni, timeout_ms, looked, look);
	assert_int_equal(look->calls, 0);
	assert_true(loop_run(look->loop, &error));
	assert_int_equal(look->calls, 1);
	loop_free(look->loop);
	free(address);
}

static void expect(
	const struct look *look, size_t number, enum probe_outcome outcome, const char *sentence)
{
	if (look->result.outcome != outcome)
		fail_msg("case %zu: outcome %d (%s)", number, (int)look->result.outcome,
			look->result.error.text);
	if (sentence != NULL && strstr(look->result.error.text, sentence) == NULL)
		fail_msg("case %zu: %s", number, look->result.error.text);
	assert_int_equal(look->result.chain_length > 0, outcome == PROBE_SERVED);
}

static void test_what_is_served_is_seen(void **state)
{
	static const struct {
		const char *host;
		struct tls_server_options options;
		bool expired;
	} cases[] = {
		{"127.0.0.1", {.identity = TLS_GOOD}, false},
		{"localhost", {.identity = TLS_GOOD}, false},
		{"two.test", {.identity = TLS_GOOD}, false},
		{"127.0.0.1", {.identity = TLS_GOOD, .maximum_version = TLS1_2_VERSION}, false},
		{"127.0.0.1", {.identity = TLS_EXPIRED}, true},
		{"127.0.0.1", {.identity = TLS_OTHER_NAME}, false},
		{"127.0.0.1", {.identity = TLS_UNTRUSTED}, false},
		/* These two break off: under TLS 1.2 within the handshake, under 1.3 after it. */
		{"127.0.0.1",
			{.identity = TLS_GOOD,
				.maximum_version = TLS1_2_VERSION,
				.wants_client_certificate = true},
			false},
		{"127.0.0.1", {.identity = TLS_GOOD, .wants_client_certificate = true}, false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		struct tls_server *server = tls_server_start(&cases[i].options);
		unsigned char expected[PROBE_FINGERPRINT_SIZE];
		struct look look;
		int64_t left;

		look_at(&look, cases[i].host, tls_server_port(server), "sni.test", PATIENCE_MS);
		expect(&look, i, PROBE_SERVED, NULL);
		assert_int_equal(look.result.chain_length, 2);
		for (int each = 0; each < 2; each++) {
			tls_server_fingerprint(server, each, expected);
			assert_memory_equal(look.result.chain[each], expected, sizeof(expected));
		}
		assert_string_equal(tls_server_name(server), "sni.test");
		/* The server's certificates end 90 days after it began, or a day before. */
		left = look.result.not_after_ms - clock_wall_ms(clock_system());
		left += (cases[i].expired ? 1 : -90) * INT64_C(86400000);
		assert_true(left <= 1000 && left > -3600000);
		/* And began 30 days before it did. */
		left = clock_wall_ms(clock_system()) - look.result.not_before_ms;
		left -= 30 * INT64_C(86400000);
		assert_true(left >= 0 && left < 3600000);
		assert_true(look.result.duration_ms >= 0);
		tls_server_stop(server);
	}
}

static void test_each_look_is_a_whole_handshake(void **state)
{
	static const int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(versions); i++) {
		struct tls_server_options options = {.maximum_version = versions[i]};
		struct tls_server *server = tls_server_start(&options);
		struct look look;

		for (int each = 0; each < 3; each++) {
			look_at(&look, "127.0.0.1", tls_server_port(server), "sni.test",
				PATIENCE_MS);
			expect(&look, i, PROBE_SERVED, NULL);
			assert_int_equal(look.result.chain_length, 2);
		}
		assert_int_equal(tls_server_accepted(server), 3);
		assert_int_equal(tls_server_resumed(server), 0);
		tls_server_stop(server);
	}
}

static void test_what_is_not_served_is_told_apart(void **state)
{
	static const struct {
		const char *host;
		struct tls_server_options options;
		int64_t timeout_ms;
		enum probe_outcome outcome;
		const char *sentence;
	} cases[] = {
		{"127.0.0.1", {.refuses_name = true}, PATIENCE_MS, PROBE_NONE, "unrecognized name"},
		{"127.0.0.1", {.maximum_version = TLS1_1_VERSION}, PATIENCE_MS, PROBE_NONE,
			"version"},
		{"127.0.0.1", {.plain = &garbage_step}, PATIENCE_MS, PROBE_NONE, "version"},
		{"127.0.0.1", {.plain = &cut_step}, PATIENCE_MS, PROBE_UNREACHABLE, "127.0.0.1:"},
		{"127.0.0.1", {.plain = &reset_step}, PATIENCE_MS, PROBE_UNREACHABLE,
			"(SNI sni.test)"},
		{"127.0.0.1", {.plain = &hang_step}, SHORT_MS, PROBE_UNREACHABLE, "handshake"},
		{"missing.test", {.identity = TLS_GOOD}, PATIENCE_MS, PROBE_UNREACHABLE,
			"missing.test"},
		{"slow.test", {.identity = TLS_GOOD}, SHORT_MS, PROBE_UNREACHABLE,
			"not resolved in time"},
		{"127.0.0.2", {.identity = TLS_GOOD}, PATIENCE_MS, PROBE_UNREACHABLE, "refused"},
		{"one.test", {.refuses_name = true}, PATIENCE_MS, PROBE_NONE, "one.test"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		struct tls_server *server = tls_server_start(&cases[i].options);
		struct look look;

		look_at(&look, cases[i].host, tls_server_port(server), "sni.test",
			cases[i].timeout_ms);
		expect(&look, i, cases[i].outcome, cases[i].sentence);
		assert_int_equal(look.result.error.kind, ERROR_TEMPORARY);
		tls_server_stop(server);
	}
}

static void test_addresses(void **state)
{
	static const char *const bad[] = {"", ":", "host", "host:", ":443", "host:0", "host:65536",
		"host:https", "::1:443", "[]:443", "[::1:443", "::1]:443", "host:-1", "host:443 "};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(bad); i++) {
		struct look look;
		struct error error;

		memset(&look, 0, sizeof(look));
		look.loop = loop_new(clock_system());
		look.probe = probe_start(look.loop, bad[i], "sni.test", PATIENCE_MS, looked, &look);
		assert_int_equal(look.calls, 0);
		assert_true(loop_run(look.loop, &error));
		expect(&look, i, PROBE_UNREACHABLE, NULL);
		loop_free(look.loop);
	}
}

static void test_an_address_in_brackets_is_one_of_version_six(void **state)
{
	struct look look;

	(void)state;
	/* Whether the machine has such a network or not: nobody listens on port 1. */
	look_at(&look, "[::1]", 1, "sni.test", PATIENCE_MS);
	expect(&look, 0, PROBE_UNREACHABLE, "[::1]:1");
	assert_null(strstr(look.result.error.text, "host:port"));
	assert_null(strstr(look.result.error.text, "Name or service"));
}

static void test_cancelling(void **state)
{
	static const char *const hosts[] = {"127.0.0.1", "slow.test", "one.test", "nonsense"};
	struct tls_server_options options = {.plain = &hang_step};
	struct tls_server *server = tls_server_start(&options);

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(hosts); i++) {
		char *address = i < 3 ? xasprintf("%s:%d", hosts[i], tls_server_port(server))
				      : xstrdup(hosts[i]);
		struct look look;

		memset(&look, 0, sizeof(look));
		look.loop = loop_new(clock_system());
		look.probe =
			probe_start(look.loop, address, "sni.test", PATIENCE_MS, looked, &look);
		probe_cancel(look.probe);
		assert_int_equal(look.calls, 1);
		expect(&look, i, PROBE_CANCELLED, "cancelled");
		loop_free(look.loop);
		free(address);
	}
	tls_server_stop(server);
}

static void stop_waiting(void *context)
{
	struct look *look = context;

	probe_cancel(look->probe);
}

static void test_cancelling_in_the_handshake(void **state)
{
	struct tls_server_options options = {.plain = &hang_step};
	struct tls_server *server = tls_server_start(&options);
	char *address = xasprintf("127.0.0.1:%d", tls_server_port(server));
	struct loop_timer *timer;
	struct look look;
	struct error error;

	(void)state;
	memset(&look, 0, sizeof(look));
	look.loop = loop_new(clock_system());
	timer = loop_timer_new(look.loop, stop_waiting, &look);
	loop_timer_set(timer, SHORT_MS);
	look.probe = probe_start(look.loop, address, "sni.test", PATIENCE_MS, looked, &look);
	assert_true(loop_run(look.loop, &error));
	expect(&look, 0, PROBE_CANCELLED, NULL);
	loop_timer_free(timer);
	loop_free(look.loop);
	free(address);
	tls_server_stop(server);
}

/* More at once than there are threads to look names up. */
#define CROWD 20

struct crowd {
	struct loop *loop;
	int served;
	int ended;
};

static void crowd_looked(void *context, const struct probe_result *result)
{
	struct crowd *crowd = context;

	crowd->served += result->outcome == PROBE_SERVED;
	if (++crowd->ended == CROWD)
		loop_stop(crowd->loop);
}

static void let_go(void *context)
{
	(void)context;
	fake_names_release();
}

static void test_many_names_wait_in_line(void **state)
{
	struct tls_server_options options = {.identity = TLS_GOOD};
	struct tls_server *server = tls_server_start(&options);
	char *slow = xasprintf("slow.test:%d", tls_server_port(server));
	char *numeric = xasprintf("127.0.0.1:%d", tls_server_port(server));
	struct crowd crowd = {0};
	struct probe *given_up;
	struct loop_timer *timer;
	struct error error;

	(void)state;
	crowd.loop = loop_new(clock_system());
	timer = loop_timer_new(crowd.loop, let_go, NULL);
	for (int i = 0; i < CROWD - 2; i++)
		(void)probe_start(crowd.loop, slow, "sni.test", PATIENCE_MS, crowd_looked, &crowd);
	given_up = probe_start(crowd.loop, slow, "sni.test", PATIENCE_MS, crowd_looked, &crowd);
	(void)probe_start(crowd.loop, numeric, "sni.test", PATIENCE_MS, crowd_looked, &crowd);
	probe_cancel(given_up);
	loop_timer_set(timer, 5);
	assert_true(loop_run(crowd.loop, &error));
	assert_int_equal(crowd.served, CROWD - 1);
	loop_timer_free(timer);
	loop_free(crowd.loop);
	free(slow);
	free(numeric);
	tls_server_stop(server);
}

static int set_up(void **state)
{
	(void)state;
	tls_files_make();
	/* A test that hangs must fail. */
	(void)alarm(120);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	fake_names_release();
	fake_names_hold();
	tls_files_remove();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_is_served_is_seen),
		cmocka_unit_test(test_each_look_is_a_whole_handshake),
		cmocka_unit_test(test_what_is_not_served_is_told_apart),
		cmocka_unit_test(test_addresses),
		cmocka_unit_test(test_an_address_in_brackets_is_one_of_version_six),
		cmocka_unit_test(test_cancelling),
		cmocka_unit_test(test_cancelling_in_the_handshake),
		cmocka_unit_test(test_many_names_wait_in_line),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
