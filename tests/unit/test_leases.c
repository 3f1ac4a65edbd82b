/* Two processes on one store, a process that was stopped, and a wall clock that is stepped. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "engine_fixture.h"
#include "pki_fixture.h"

#define HOUR_MS INT64_C(3600000)
/* Records are issued on Monday at 10:00 and due on Tuesday at 09:00. */
#define DUE_MS (FIXTURE_START_MS + 23 * HOUR_MS)
#define LEASE_MS (5 * MINUTE_MS)
#define MINUTE_MS INT64_C(60000)

static const struct scripted_answer hang = {.status = 200, .hang = true};
static const struct scripted_answer good = {.status = 200};

static int begin(void **state)
{
	*state = engine_fixture_new("retry-floor = \"10s\" retry-ceiling = \"10s\"");
	return 0;
}

#define FOREIGN                                                                                    \
	"name = \"Foreign\"\nbusiness-days = 1\nbring-in = \"optional\"\nbody = \"pem-bundle\"\n"

/* By its own id, else, where there is none, by the list. */
static int begin_steps(void **state)
{
	*state = engine_fixture_new_foreign("retry-floor = \"10s\" retry-ceiling = \"10s\"",
		FOREIGN "step by-id { method = \"PATCH\" path = \"/id/{fqdn}\" success = {200} "
			"on = {404} then = \"new\" }\n"
			"step new { method = \"POST\" path = \"/list\" success = {200} }\n");
	return 0;
}

static int begin_read_back(void **state)
{
	*state = engine_fixture_new_foreign("retry-floor = \"10s\" retry-ceiling = \"10s\"",
		FOREIGN "method = \"PUT\"\n"
			"path = \"/certificates/{fqdn}\"\nsuccess = {200}\n"
			"read-back { path = \"/certificates/{fqdn}\" member = \"/sha256\" "
			"as = \"sha256\" absent = {404} }\n");
	return 0;
}

static int end(void **state)
{
	engine_fixture_free(*state);
	return 0;
}

static void take(struct engine_fixture *fixture, const char *service, int certificate)
{
	char *links = xasprintf("{\"service\":\"%s\",\"service_code\":\"whg1\","
				"\"fqdn\":\"www.example.jp\"}",
		service);
	const struct fixture_record record = {.contract = "c1",
		.revision = certificate,
		.certificate = certificate,
		.links = links};

	assert_int_equal(engine_fixture_take(fixture, &record, NULL), SPOOL_TAKEN);
	free(links);
}

struct turning {
	struct loop *loop;
	struct loop_timer *timer;
	int passes;
};

static void turn_loop(void *context)
{
	struct turning *turning = context;

	if (--turning->passes == 0)
		loop_stop(turning->loop);
	else
		loop_timer_set(turning->timer, 1);
}

/* Turns the loop a little, with PUMP poked. */
static void turn(struct engine_fixture *fixture, struct pump *pump)
{
	struct turning turning = {.loop = fixture->loop, .passes = 20};
	struct error error;

	turning.timer = loop_timer_new(fixture->loop, turn_loop, &turning);
	pump_poke(pump);
	while (turning.passes > 0) {
		loop_timer_set(turning.timer, 1);
		assert_true(loop_run(fixture->loop, &error));
	}
	loop_timer_free(turning.timer);
}

/* Another process: its own handle of the store, and its own pump. */
struct twin {
	struct store *store;
	struct pump *pump;
};

static void twin_open(struct engine_fixture *fixture, struct twin *twin)
{
	struct pump_options options = {.loop = fixture->loop, .pki = fixture->pki};
	struct error error;

	assert_true(store_open(settings_config(fixture->settings)->store, &twin->store, &error));
	options.store = twin->store;
	twin->pump = pump_new(&options, fixture->settings);
}

static void twin_close(struct twin *twin)
{
	pump_free(twin->pump);
	store_close(twin->store);
}

static void expect(struct engine_fixture *fixture, size_t number, enum job_state state,
	int64_t next_ms, const char *attempts)
{
	struct store_job job = engine_fixture_job(fixture, "c1", number);
	char *text = engine_fixture_attempts(fixture, job.id);

	assert_string_equal(job_state_name(job.state), job_state_name(state));
	assert_int_equal(job.next_ms, next_ms);
	assert_string_equal(text, attempts);
	free(text);
	store_job_clear(&job);
}

/* A push that hangs, begun when it was due. */
static void begin_hanging(struct engine_fixture *fixture, const char *service)
{
	engine_fixture_script(fixture, &hang, 1);
	take(fixture, service, 1);
	manual_clock_advance(&fixture->clock, DUE_MS - FIXTURE_START_MS);
	turn(fixture, fixture->pump);
	assert_int_equal(fixture->sent_count, 1);
	expect(fixture, 0, JOB_INSTALLING, DUE_MS + LEASE_MS, "");
}

static void test_clock_set_ahead(void **state)
{
	struct engine_fixture *fixture = *state;
	struct twin twin;

	begin_hanging(fixture, "webhg2");
	twin_open(fixture, &twin);
	manual_clock_advance(&fixture->clock, MINUTE_MS);
	manual_clock_step(&fixture->clock, 24 * HOUR_MS);
	turn(fixture, fixture->pump);
	/* It is neither taken again nor given up: it has what was left of its lease. */
	assert_int_equal(fixture->sent_count, 1);
	assert_int_equal(fixture->in_flight, 1);
	expect(fixture, 0, JOB_INSTALLING, DUE_MS + 24 * HOUR_MS + LEASE_MS, "");
	turn(fixture, twin.pump);
	assert_int_equal(fixture->sent_count, 1);
	/* What came of it counts. */
	pump_abort(fixture->pump);
	turn(fixture, fixture->pump);
	expect(fixture, 0, JOB_RETRYING, DUE_MS + 24 * HOUR_MS + MINUTE_MS, "push:interrupted:0");
	twin_close(&twin);
}

/* The other process was quicker than the renewal. */
static void test_clock_set_ahead_and_lost(void **state)
{
	struct engine_fixture *fixture = *state;
	struct twin twin;

	begin_hanging(fixture, "webhg2");
	twin_open(fixture, &twin);
	manual_clock_step(&fixture->clock, 24 * HOUR_MS);
	engine_fixture_script(fixture, &good, 1);
	turn(fixture, twin.pump);
	assert_int_equal(fixture->sent_count, 1);
	expect(fixture, 0, JOB_INSTALLED, 0, "push:done:200 verify:served:0");
	assert_int_equal(fixture->in_flight, 1);
	turn(fixture, fixture->pump);
	assert_int_equal(fixture->in_flight, 0);
	assert_int_equal(fixture->sent_count, 1);
	expect(fixture, 0, JOB_INSTALLED, 0, "push:done:200 verify:served:0 push:interrupted:0");
	twin_close(&twin);
}

static void test_clock_set_back(void **state)
{
	struct engine_fixture *fixture = *state;
	struct twin twin;

	begin_hanging(fixture, "webhg2");
	twin_open(fixture, &twin);
	manual_clock_advance(&fixture->clock, MINUTE_MS);
	manual_clock_step(&fixture->clock, -24 * HOUR_MS);
	turn(fixture, fixture->pump);
	expect(fixture, 0, JOB_INSTALLING, DUE_MS - 24 * HOUR_MS + LEASE_MS, "");
	turn(fixture, twin.pump);
	assert_int_equal(fixture->sent_count, 1);
	twin_close(&twin);
}

/* Nobody is there to renew it: it is over one lease after somebody has seen it. */
static void test_clock_set_back_after_a_death(void **state)
{
	struct engine_fixture *fixture = *state;
	struct twin twin;

	begin_hanging(fixture, "webhg2");
	twin_open(fixture, &twin);
	manual_clock_step(&fixture->clock, -HOUR_MS);
	engine_fixture_script(fixture, &good, 1);
	turn(fixture, twin.pump);
	assert_int_equal(fixture->sent_count, 0);
	expect(fixture, 0, JOB_INSTALLING, DUE_MS - HOUR_MS + LEASE_MS, "");
	/* Seen again, it does not begin anew. */
	manual_clock_advance(&fixture->clock, LEASE_MS - 1);
	turn(fixture, twin.pump);
	assert_int_equal(fixture->sent_count, 0);
	manual_clock_advance(&fixture->clock, 1);
	turn(fixture, twin.pump);
	expect(fixture, 0, JOB_INSTALLED, 0, "push:done:200 verify:served:0");
	twin_close(&twin);
}

/* Nothing was stepped, and nobody has taken the job meanwhile. */
static void test_stopped(void **state)
{
	struct engine_fixture *fixture = *state;

	begin_hanging(fixture, "webhg2");
	manual_clock_advance(&fixture->clock, LEASE_MS - 1);
	turn(fixture, fixture->pump);
	assert_int_equal(fixture->in_flight, 1);
	manual_clock_advance(&fixture->clock, 1);
	engine_fixture_script(fixture, &good, 1);
	turn(fixture, fixture->pump);
	assert_int_equal(fixture->sent_count, 1);
	/* Never two at once. */
	assert_int_equal(fixture->most_in_flight, 1);
	expect(fixture, 0, JOB_INSTALLED, 0, "push:interrupted:0 push:done:200 verify:served:0");
}

/* By the wall clock its lease is still running; by the other one no request of it is. */
static void test_stopped_and_set_back(void **state)
{
	struct engine_fixture *fixture = *state;

	begin_hanging(fixture, "webhg2");
	manual_clock_advance(&fixture->clock, LEASE_MS);
	manual_clock_step(&fixture->clock, -LEASE_MS);
	engine_fixture_script(fixture, &good, 1);
	turn(fixture, fixture->pump);
	expect(fixture, 0, JOB_INSTALLED, 0, "push:interrupted:0 push:done:200 verify:served:0");
}

/* Too little for a step: others go by the wall clock, and so do we. */
static void test_stopped_by_the_wall_clock(void **state)
{
	struct engine_fixture *fixture = *state;

	begin_hanging(fixture, "webhg2");
	manual_clock_advance(&fixture->clock, LEASE_MS - 500);
	manual_clock_step(&fixture->clock, 500);
	engine_fixture_script(fixture, &good, 1);
	turn(fixture, fixture->pump);
	assert_int_equal(fixture->most_in_flight, 1);
	expect(fixture, 0, JOB_INSTALLED, 0, "push:interrupted:0 push:done:200 verify:served:0");
}

/* Another took it, and a newer certificate came and went out as well. */
static void test_stopped_and_taken_over(void **state)
{
	struct engine_fixture *fixture = *state;
	struct twin twin;

	begin_hanging(fixture, "webhg2");
	twin_open(fixture, &twin);
	manual_clock_advance(&fixture->clock, LEASE_MS);
	engine_fixture_script(fixture, &good, 1);
	turn(fixture, twin.pump);
	take(fixture, "webhg2", 2);
	turn(fixture, twin.pump);
	assert_int_equal(fixture->sent_count, 2);
	turn(fixture, fixture->pump);
	assert_int_equal(fixture->in_flight, 0);
	assert_int_equal(fixture->sent_count, 2);
	expect(fixture, 1, JOB_INSTALLED, 0, "push:done:200 verify:served:0");
	twin_close(&twin);
}

static void test_no_second_step_without_a_lease(void **state)
{
	static const struct scripted_answer answers[] = {
		{.status = 404}, {.status = 404}, {.status = 200}};
	struct engine_fixture *fixture = *state;

	engine_fixture_script(fixture, answers, ARRAY_LENGTH(answers));
	take(fixture, "foreign", 1);
	manual_clock_advance(&fixture->clock, DUE_MS - FIXTURE_START_MS);
	fixture->answer_takes_ms = LEASE_MS;
	engine_fixture_pump(fixture);
	assert_int_equal(fixture->sent_count, 3);
	assert_string_equal(fixture->sent[0].method, "PATCH");
	assert_string_equal(fixture->sent[1].method, "PATCH");
	assert_string_equal(fixture->sent[2].method, "POST");
	expect(fixture, 0, JOB_INSTALLED, 0,
		"push:next-step:404 push:interrupted:0 push:next-step:404 push:done:200 "
		"verify:skipped:0");
}

/* The last request has no longer than the lease. */
static void test_requests_end_with_the_lease(void **state)
{
	static const struct scripted_answer answers[] = {{.status = 404}, {.status = 200}};
	struct engine_fixture *fixture = *state;
	const struct profile *profile =
		config_profile(settings_config(fixture->settings), "foreign");

	engine_fixture_script(fixture, answers, ARRAY_LENGTH(answers));
	take(fixture, "foreign", 1);
	manual_clock_advance(&fixture->clock, DUE_MS - FIXTURE_START_MS);
	assert_true(profile->total_timeout_ms > 7);
	fixture->answer_takes_ms = LEASE_MS - 7;
	engine_fixture_pump(fixture);
	assert_int_equal(fixture->sent_count, 2);
	assert_int_equal(fixture->total_timeout_ms, 7);
	engine_fixture_script(fixture, &answers[1], 1);
	take(fixture, "foreign", 2);
	engine_fixture_pump(fixture);
	assert_int_equal(fixture->total_timeout_ms, profile->total_timeout_ms);
}

static void test_no_push_after_a_question_without_a_lease(void **state)
{
	static const struct scripted_answer answers[] = {
		{.status = 404}, {.status = 404}, {.status = 200}};
	struct engine_fixture *fixture = *state;

	engine_fixture_script(fixture, answers, ARRAY_LENGTH(answers));
	take(fixture, "foreign", 1);
	manual_clock_advance(&fixture->clock, DUE_MS - FIXTURE_START_MS);
	fixture->answer_takes_ms = LEASE_MS;
	engine_fixture_pump(fixture);
	assert_int_equal(fixture->sent_count, 3);
	assert_string_equal(fixture->sent[1].method, "GET");
	assert_string_equal(fixture->sent[2].method, "PUT");
	expect(fixture, 0, JOB_INSTALLED, 0,
		"read-back:none:404 push:interrupted:0 read-back:none:404 push:done:200 "
		"verify:skipped:0");
}

#define TEST(name, setup) cmocka_unit_test_setup_teardown(name, setup, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_clock_set_ahead, begin),
		TEST(test_clock_set_ahead_and_lost, begin),
		TEST(test_clock_set_back, begin),
		TEST(test_clock_set_back_after_a_death, begin),
		TEST(test_stopped, begin),
		TEST(test_stopped_and_set_back, begin),
		TEST(test_stopped_by_the_wall_clock, begin),
		TEST(test_stopped_and_taken_over, begin),
		TEST(test_no_second_step_without_a_lease, begin_steps),
		TEST(test_requests_end_with_the_lease, begin_steps),
		TEST(test_no_push_after_a_question_without_a_lease, begin_read_back),
	};

	int status = cmocka_run_group_tests_name("leases", tests, NULL, NULL);

	fixture_free();
	return status;
}
