#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sqlite3.h>

#include "base/alloc.h"
#include "engine_fixture.h"
#include "pki_fixture.h"
#include "store_faults.h"

#define HOUR_MS INT64_C(3600000)
/* Records are issued on Monday at 10:00 and due on Tuesday at 09:00. */
#define DUE_MS (FIXTURE_START_MS + 23 * HOUR_MS)

static int begin(void **state)
{
	*state = engine_fixture_new("retry-floor = \"10s\" retry-ceiling = \"10s\"");
	return 0;
}

static int end(void **state)
{
	engine_fixture_free(*state);
	return 0;
}

static void take(struct engine_fixture *fixture, const char *contract, int certificate)
{
	const struct fixture_record record = {
		.contract = contract, .revision = certificate, .certificate = certificate};

	assert_int_equal(engine_fixture_take(fixture, &record, NULL), SPOOL_TAKEN);
}

static void advance_to(struct engine_fixture *fixture, int64_t wall_ms)
{
	manual_clock_advance(&fixture->clock, wall_ms - fixture->clock.wall_now_ms);
}

static void assert_state(struct engine_fixture *fixture, const char *contract, enum job_state state)
{
	struct store_job job = engine_fixture_job(fixture, contract, 0);

	assert_string_equal(job_state_name(job.state), job_state_name(state));
	store_job_clear(&job);
}

static void assert_attempts(
	struct engine_fixture *fixture, const char *contract, const char *expected)
{
	struct store_job job = engine_fixture_job(fixture, contract, 0);
	char *attempts = engine_fixture_attempts(fixture, job.id);

	assert_string_equal(attempts, expected);
	free(attempts);
	store_job_clear(&job);
}

static int64_t next_of(struct engine_fixture *fixture, const char *contract)
{
	struct store_job job = engine_fixture_job(fixture, contract, 0);
	int64_t next_ms = job.next_ms;

	store_job_clear(&job);
	return next_ms;
}

static void test_not_before_due(void **state)
{
	struct engine_fixture *fixture = *state;

	take(fixture, "c1", 1);
	engine_fixture_pump(fixture);
	assert_int_equal(fixture->sent_count, 0);
	assert_int_equal(fixture->idle_next_ms, DUE_MS);
	advance_to(fixture, DUE_MS - 1);
	engine_fixture_pump(fixture);
	assert_int_equal(fixture->sent_count, 0);
	advance_to(fixture, DUE_MS);
	engine_fixture_pump(fixture);
	assert_int_equal(fixture->sent_count, 1);
	assert_string_equal(fixture->sent[0].url, "https://webhg2.test/webhg2/whg1/certificates");
	assert_state(fixture, "c1", JOB_INSTALLED);
	assert_attempts(fixture, "c1", "push:done:200 verify:served:0");
	assert_int_equal(fixture->idle_next_ms, INT64_MAX);
}

static void test_key_is_wiped_when_installed(void **state)
{
	struct engine_fixture *fixture = *state;
	struct store_job job;

	take(fixture, "c1", 1);
	job = engine_fixture_job(fixture, "c1", 0);
	assert_true(engine_fixture_holds_key(fixture, &job));
	advance_to(fixture, DUE_MS);
	engine_fixture_pump(fixture);
	assert_false(engine_fixture_holds_key(fixture, &job));
	/* It went where it belongs, once. */
	assert_non_null(strstr(fixture->sent[0].body, "-----BEGIN PRIVATE KEY-----"));
	store_job_clear(&job);
}

static void test_temporary_then_success(void **state)
{
	static const struct scripted_answer answers[] = {{HTTP_OK, 503, NULL, false, NULL, NULL},
		{HTTP_CONNECT_FAILED, 0, NULL, false, NULL, NULL},
		{HTTP_OK, 200, NULL, false, NULL, NULL}};
	struct engine_fixture *fixture = *state;

	engine_fixture_script(fixture, answers, ARRAY_LENGTH(answers));
	take(fixture, "c1", 1);
	advance_to(fixture, DUE_MS);
	engine_fixture_pump(fixture);
	assert_state(fixture, "c1", JOB_RETRYING);
	assert_int_equal(next_of(fixture, "c1"), DUE_MS + 10000);
	/* Not a moment sooner. */
	advance_to(fixture, DUE_MS + 9999);
	engine_fixture_pump(fixture);
	assert_int_equal(fixture->sent_count, 1);
	advance_to(fixture, DUE_MS + 10000);
	engine_fixture_pump(fixture);
	assert_state(fixture, "c1", JOB_RETRYING);
	advance_to(fixture, DUE_MS + 20000);
	engine_fixture_pump(fixture);
	assert_state(fixture, "c1", JOB_INSTALLED);
	assert_attempts(
		fixture, "c1", "push:temporary:503 push:temporary:0 push:done:200 verify:served:0");
	assert_string_equal(fixture->sent[0].idempotency_key, fixture->sent[2].idempotency_key);
}

static void test_retry_after(void **state)
{
	static const struct scripted_answer answers[] = {
		{HTTP_OK, 429, "120", false, NULL, NULL}, {HTTP_OK, 200, NULL, false, NULL, NULL}};
	struct engine_fixture *fixture = *state;

	engine_fixture_script(fixture, answers, ARRAY_LENGTH(answers));
	take(fixture, "c1", 1);
	advance_to(fixture, DUE_MS);
	engine_fixture_pump(fixture);
	assert_in_range(next_of(fixture, "c1"), DUE_MS + 120000, DUE_MS + 132000);
}

static void test_kinds(void **state)
{
	static const struct {
		enum http_failure failure;
		int status;
		enum job_state want;
	} cases[] = {
		{HTTP_OK, 200, JOB_INSTALLED},
		{HTTP_OK, 301, JOB_FAILED},
		{HTTP_OK, 400, JOB_FAILED},
		{HTTP_OK, 401, JOB_FAILED},
		{HTTP_OK, 404, JOB_FAILED},
		{HTTP_OK, 408, JOB_RETRYING},
		{HTTP_OK, 409, JOB_FAILED},
		{HTTP_OK, 422, JOB_FAILED},
		{HTTP_OK, 425, JOB_RETRYING},
		{HTTP_OK, 429, JOB_RETRYING},
		{HTTP_OK, 500, JOB_RETRYING},
		{HTTP_OK, 502, JOB_RETRYING},
		{HTTP_OK, 503, JOB_RETRYING},
		{HTTP_CONNECT_FAILED, 0, JOB_RETRYING},
		{HTTP_TLS_FAILED, 0, JOB_RETRYING},
		{HTTP_TIMED_OUT, 0, JOB_RETRYING},
		{HTTP_BROKEN, 0, JOB_RETRYING},
	};
	size_t i;

	/* Each with a service of which nothing is known yet. */
	(void)state;
	for (i = 0; i < ARRAY_LENGTH(cases); i++) {
		struct engine_fixture *fixture = engine_fixture_new(NULL);
		const struct scripted_answer answer = {
			cases[i].failure, cases[i].status, NULL, false, NULL, NULL};

		engine_fixture_script(fixture, &answer, 1);
		take(fixture, "c1", 1);
		advance_to(fixture, DUE_MS);
		engine_fixture_pump(fixture);
		assert_state(fixture, "c1", cases[i].want);
		engine_fixture_free(fixture);
	}
}

static void test_old_certificate_is_given_time(void **state)
{
	struct engine_fixture *fixture = *state;
	const struct profile *profile =
		config_profile(settings_config(fixture->settings), "webhg2");
	int64_t end_of_grace = DUE_MS + profile->verify_grace_ms;

	fixture->edge = EDGE_SERVES_OLD;
	take(fixture, "c1", 1);
	advance_to(fixture, DUE_MS);
	engine_fixture_pump(fixture);
	assert_state(fixture, "c1", JOB_VERIFYING);
	assert_int_equal(next_of(fixture, "c1"), DUE_MS + profile->verify_interval_ms);
	advance_to(fixture, DUE_MS + profile->verify_interval_ms);
	engine_fixture_pump(fixture);
	assert_state(fixture, "c1", JOB_VERIFYING);
	/* Looked at twice, pushed once. */
	assert_attempts(fixture, "c1", "push:done:200 verify:old:0 verify:old:0");
	assert_int_equal(fixture->sent_count, 1);
	advance_to(fixture, end_of_grace);
	engine_fixture_pump(fixture);
	assert_state(fixture, "c1", JOB_RETRYING);
	/* Pushed again, and now it is served. */
	fixture->edge = EDGE_SERVES_LAST;
	advance_to(fixture, end_of_grace + 10000);
	engine_fixture_pump(fixture);
	assert_state(fixture, "c1", JOB_INSTALLED);
	assert_int_equal(fixture->sent_count, 2);
}

static void test_findings_are_told_apart(void **state)
{
	static const struct {
		enum scripted_edge edge;
		const char *attempts;
	} cases[] = {
		{EDGE_SERVES_OTHER, "push:done:200 verify:other:0"},
		{EDGE_SERVES_NONE, "push:done:200 verify:none:0"},
		{EDGE_UNREACHABLE, "push:done:200 verify:unreachable:0"},
		{EDGE_SERVES_OLD, "push:done:200 verify:old:0"},
	};
	struct engine_fixture *fixture = *state;
	size_t i;

	for (i = 0; i < ARRAY_LENGTH(cases); i++) {
		char *contract = xasprintf("c%zu", i);
		char *links = xasprintf("{\"service\":\"webhg2\",\"service_code\":\"whg%zu\","
					"\"fqdn\":\"www.example.jp\"}",
			i + 1);
		const struct fixture_record record = {.contract = contract,
			.revision = 1,
			.certificate = (int)i + 1,
			.links = links};

		fixture->edge = cases[i].edge;
		engine_fixture_take(fixture, &record, NULL);
		free(links);
		advance_to(fixture, DUE_MS);
		engine_fixture_pump(fixture);
		assert_state(fixture, contract, JOB_VERIFYING);
		assert_attempts(fixture, contract, cases[i].attempts);
		free(contract);
	}
}

static void test_no_edge_is_said_so(void **state)
{
	const struct fixture_record record = {.contract = "c1",
		.revision = 1,
		.certificate = 1,
		.links = "{\"service\":\"cloud-hosting\",\"service_code\":\"ch1\","
			 "\"fqdn\":\"www.example.jp\"}"};
	static const struct scripted_answer answer = {HTTP_OK, 204, NULL, false, NULL, NULL};
	struct engine_fixture *fixture = *state;
	struct store_job job;

	engine_fixture_script(fixture, &answer, 1);
	engine_fixture_take(fixture, &record, NULL);
	advance_to(fixture, DUE_MS);
	engine_fixture_pump(fixture);
	assert_attempts(fixture, "c1", "push:done:204 verify:skipped:0");
	assert_int_equal(fixture->probes, 0);
	job = engine_fixture_job(fixture, "c1", 0);
	assert_int_equal(job.state, JOB_INSTALLED);
	assert_string_equal(
		job.detail, "not verified: service cloud-hosting has no edge to look at");
	store_job_clear(&job);
}

static void test_order_and_bound(void **state)
{
	struct engine_fixture *fixture = *state;
	int i;

	/* A reload, so that what it does to the bound shows. */
	pump_use(fixture->pump, fixture->settings, fixture->pki);
	/* Ten jobs, due in the reverse order of their taking; the service takes four at once. */
	for (i = 0; i < 10; i++) {
		char *contract = xasprintf("c%d", i);
		char *links = xasprintf("{\"service\":\"webhg2\",\"service_code\":\"w%d\","
					"\"fqdn\":\"www.example.jp\"}",
			i);
		const struct fixture_record record = {.contract = contract,
			.revision = 1,
			.certificate = i + 1,
			.at_ms = FIXTURE_START_MS - 7 * DAY_MS * i,
			.links = links};

		engine_fixture_take(fixture, &record, NULL);
		free(links);
		free(contract);
	}
	advance_to(fixture, DUE_MS);
	engine_fixture_pump(fixture);
	assert_int_equal(fixture->sent_count, 10);
	assert_int_equal(fixture->most_in_flight, 4);
	assert_string_equal(fixture->sent[0].url, "https://webhg2.test/webhg2/w9/certificates");
	assert_string_equal(fixture->sent[9].url, "https://webhg2.test/webhg2/w0/certificates");
}

static void take_many(struct engine_fixture *fixture, int count)
{
	int i;

	for (i = 0; i < count; i++) {
		char *contract = xasprintf("m%d", i);
		char *links = xasprintf("{\"service\":\"webhg2\",\"service_code\":\"w%d\","
					"\"fqdn\":\"www.example.jp\"}",
			i);
		const struct fixture_record record = {
			.contract = contract, .revision = 1, .certificate = 1, .links = links};

		engine_fixture_take(fixture, &record, NULL);
		free(links);
		free(contract);
	}
}

static void test_dead_service_is_left_alone(void **state)
{
	static const struct scripted_answer dead = {
		HTTP_CONNECT_FAILED, 0, NULL, false, NULL, NULL};
	static const struct scripted_answer alive = {HTTP_OK, 204, NULL, false, NULL, NULL};
	const struct fixture_record other = {.contract = "c1",
		.revision = 1,
		.certificate = 1,
		.links = "{\"service\":\"cloud-hosting\",\"service_code\":\"ch1\","
			 "\"fqdn\":\"www.example.jp\"}"};
	struct engine_fixture *fixture = *state;
	size_t tried;

	engine_fixture_script(fixture, &dead, 1);
	take_many(fixture, 40);
	advance_to(fixture, DUE_MS);
	engine_fixture_pump(fixture);
	/* Three cohorts, and not each of the forty. */
	tried = fixture->sent_count;
	assert_in_range(tried, 3, 12);
	/* The next thing to do is one probe. */
	assert_true(fixture->idle_next_ms > DUE_MS);
	advance_to(fixture, fixture->idle_next_ms);
	engine_fixture_pump(fixture);
	assert_int_equal(fixture->sent_count, tried + 1);
	/* No other service waits for it. */
	engine_fixture_script(fixture, &alive, 1);
	engine_fixture_take(fixture, &other, NULL);
	engine_fixture_pump(fixture);
	assert_state(fixture, "c1", JOB_INSTALLED);
	assert_int_equal(fixture->sent_count, 1);
	/* It lives again: the probe finds out, and the rest follow. */
	engine_fixture_script(fixture, NULL, 0);
	advance_to(fixture, DUE_MS + HOUR_MS);
	engine_fixture_pump(fixture);
	assert_int_equal(fixture->sent_count, 40);
	assert_state(fixture, "m39", JOB_INSTALLED);
}

static void test_pause_is_kept_to(void **state)
{
	static const struct scripted_answer answers[] = {
		{HTTP_OK, 429, "120", false, NULL, NULL}, {HTTP_OK, 200, NULL, false, NULL, NULL}};
	struct engine_fixture *fixture = *state;
	size_t at_once;

	engine_fixture_script(fixture, answers, ARRAY_LENGTH(answers));
	take_many(fixture, 12);
	advance_to(fixture, DUE_MS);
	engine_fixture_pump(fixture);
	/* What was in flight beside the one that was told to wait, and no more. */
	at_once = fixture->sent_count;
	assert_in_range(at_once, 1, 4);
	assert_true(fixture->idle_next_ms >= DUE_MS + 120000);
	advance_to(fixture, DUE_MS + 119999);
	engine_fixture_pump(fixture);
	assert_int_equal(fixture->sent_count, at_once);
}

static void test_expired_is_not_sent(void **state)
{
	struct engine_fixture *fixture = *state;
	struct store_job job;

	take(fixture, "c1", 1);
	advance_to(fixture, FIXTURE_START_MS + 92 * DAY_MS);
	engine_fixture_pump(fixture);
	assert_int_equal(fixture->sent_count, 0);
	job = engine_fixture_job(fixture, "c1", 0);
	assert_int_equal(job.state, JOB_FAILED);
	assert_string_equal(job.detail, "given up, the certificate ended before it could be sent");
	store_job_clear(&job);
}

static void test_gives_up_with_age(void **state)
{
	static const struct scripted_answer answer = {HTTP_OK, 500, NULL, false, NULL, NULL};
	struct engine_fixture *fixture = *state;
	int64_t age = settings_config(fixture->settings)->backoff.give_up_after_ms;

	engine_fixture_script(fixture, &answer, 1);
	take(fixture, "c1", 1);
	advance_to(fixture, DUE_MS);
	engine_fixture_pump(fixture);
	advance_to(fixture, DUE_MS + age - 10000);
	engine_fixture_pump(fixture);
	assert_state(fixture, "c1", JOB_RETRYING);
	advance_to(fixture, DUE_MS + age);
	engine_fixture_pump(fixture);
	assert_state(fixture, "c1", JOB_FAILED);
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

/*
 * Turns the loop a little while something hangs in flight: so many passes, not so long a time,
 * which a slow disk would use up with a single commit.
 */
static void turn(struct engine_fixture *fixture)
{
	struct turning turning = {.loop = fixture->loop, .passes = 20};
	struct error error;

	turning.timer = loop_timer_new(fixture->loop, turn_loop, &turning);
	pump_poke(fixture->pump);
	loop_timer_set(turning.timer, 1);
	assert_true(loop_run(fixture->loop, &error));
	loop_timer_free(turning.timer);
}

static void test_killed_process_goes_again_with_the_same_key(void **state)
{
	static const struct scripted_answer hang = {HTTP_OK, 200, NULL, true, NULL, NULL};
	static const struct scripted_answer answer = {HTTP_OK, 200, NULL, false, NULL, NULL};
	struct engine_fixture *fixture = *state;
	int64_t lease = settings_config(fixture->settings)->lease_ms;
	struct store_job job;
	struct store *dead;
	struct error error;
	char *key;

	engine_fixture_script(fixture, &hang, 1);
	take(fixture, "c1", 1);
	advance_to(fixture, DUE_MS);
	turn(fixture);
	assert_int_equal(fixture->sent_count, 1);
	assert_state(fixture, "c1", JOB_INSTALLING);
	key = xstrdup(fixture->sent[0].idempotency_key);
	/* The process is gone: what it would store now never reaches the store. */
	dead = fixture->store;
	assert_true(store_open(settings_config(fixture->settings)->store, &fixture->store, &error));
	store_close(fixture->store);
	fixture->store = dead;
	advance_to(fixture, DUE_MS + lease - 1);
	job = engine_fixture_job(fixture, "c1", 0);
	assert_int_equal(job.next_ms, DUE_MS + lease);
	store_job_clear(&job);
	engine_fixture_script(fixture, &answer, 1);
	engine_fixture_restart(fixture);
	engine_fixture_pump(fixture);
	assert_int_equal(fixture->sent_count, 0);
	advance_to(fixture, DUE_MS + lease);
	engine_fixture_pump(fixture);
	assert_int_equal(fixture->sent_count, 1);
	assert_string_equal(fixture->sent[0].idempotency_key, key);
	assert_state(fixture, "c1", JOB_INSTALLED);
	free(key);
}

static void test_late_answer_changes_nothing(void **state)
{
	static const struct scripted_answer hang = {HTTP_OK, 200, NULL, true, NULL, NULL};
	static const struct scripted_answer answer = {HTTP_OK, 200, NULL, false, NULL, NULL};
	struct engine_fixture *fixture = *state;

	engine_fixture_script(fixture, &hang, 1);
	take(fixture, "c1", 1);
	advance_to(fixture, DUE_MS);
	turn(fixture);
	/* While the push hangs, a newer certificate overtakes it. */
	take(fixture, "c1", 2);
	assert_state(fixture, "c1", JOB_SUPERSEDED);
	engine_fixture_script(fixture, &answer, 1);
	pump_abort(fixture->pump);
	turn(fixture);
	assert_state(fixture, "c1", JOB_SUPERSEDED);
	/* What was tried is told all the same. */
	assert_attempts(fixture, "c1", "push:interrupted:0");
}

static void test_newer_waits_for_the_older_in_flight(void **state)
{
	static const struct scripted_answer hang = {HTTP_OK, 200, NULL, true, NULL, NULL};
	struct engine_fixture *fixture = *state;
	int64_t lease = settings_config(fixture->settings)->lease_ms;

	engine_fixture_script(fixture, &hang, 1);
	take(fixture, "c1", 1);
	advance_to(fixture, DUE_MS);
	turn(fixture);
	take(fixture, "c1", 2);
	/* Both are for the same target: the newer must not overtake the older on the wire. */
	turn(fixture);
	assert_int_equal(fixture->sent_count, 1);
	advance_to(fixture, DUE_MS + lease);
	turn(fixture);
	assert_int_equal(fixture->sent_count, 2);
}

static void test_drain_leaves_the_rest(void **state)
{
	struct engine_fixture *fixture = *state;

	take(fixture, "c1", 1);
	advance_to(fixture, DUE_MS);
	pump_drain(fixture->pump);
	engine_fixture_pump(fixture);
	assert_int_equal(fixture->sent_count, 0);
	assert_state(fixture, "c1", JOB_SCHEDULED);
}

static void test_unreadable_token_is_ours(void **state)
{
	struct engine_fixture *fixture = *state;
	char *token = xasprintf("%s/token", fixture->folder);
	struct store_job job;

	assert_int_equal(remove(token), 0);
	free(token);
	take(fixture, "c1", 1);
	advance_to(fixture, DUE_MS);
	engine_fixture_pump(fixture);
	assert_int_equal(fixture->sent_count, 0);
	job = engine_fixture_job(fixture, "c1", 0);
	assert_int_equal(job.state, JOB_RETRYING);
	assert_non_null(strstr(job.detail, "service webhg2: token: "));
	assert_int_equal(job.attempts, 1);
	store_job_clear(&job);
	assert_attempts(fixture, "c1", "push:internal:0");
	/* It ages like any other: nobody mends it for as long as a job is tried. */
	advance_to(fixture, DUE_MS + settings_config(fixture->settings)->backoff.give_up_after_ms);
	engine_fixture_pump(fixture);
	assert_state(fixture, "c1", JOB_FAILED);
}

static int begin_faulty(void **state)
{
	store_faults_install();
	return begin(state);
}

static int end_faulty(void **state)
{
	int status = end(state);

	store_faults_remove();
	return status;
}

/* Wherever in claiming and settling the disk fills up, each job is sent once and stored once. */
static void test_store_that_fails_doubles_nothing(void **state)
{
	struct engine_fixture *fixture = *state;
	bool hit = true;
	int allowed;

	advance_to(fixture, DUE_MS);
	for (allowed = 0; hit; allowed++) {
		char *contract = xasprintf("c%d", allowed);
		char *links = xasprintf("{\"service\":\"webhg2\",\"service_code\":\"w%d\","
					"\"fqdn\":\"www.example.jp\"}",
			allowed);
		const struct fixture_record record = {
			.contract = contract, .revision = 1, .certificate = 1, .links = links};

		assert_int_equal(engine_fixture_take(fixture, &record, NULL), SPOOL_TAKEN);
		engine_fixture_script(fixture, NULL, 0);
		store_faults_after(allowed, allowed % 2 ? SQLITE_FULL : SQLITE_IOERR_WRITE);
		turn(fixture);
		hit = store_faults_hit();
		if (hit)
			assert_int_equal(
				fixture->sent_count, pump_unsaved(fixture->pump) > 0 ? 1 : 0);
		store_faults_after(-1, SQLITE_OK);
		engine_fixture_pump(fixture);
		assert_int_equal(fixture->sent_count, 1);
		assert_int_equal(pump_unsaved(fixture->pump), 0);
		assert_state(fixture, contract, JOB_INSTALLED);
		assert_attempts(fixture, contract, "push:done:200 verify:served:0");
		free(links);
		free(contract);
	}
	assert_true(allowed > 2);
}

static void test_abort_while_the_store_fails(void **state)
{
	static const struct scripted_answer hang = {HTTP_OK, 200, NULL, true, NULL, NULL};
	struct engine_fixture *fixture = *state;

	engine_fixture_script(fixture, &hang, 1);
	take(fixture, "c1", 1);
	advance_to(fixture, DUE_MS);
	turn(fixture);
	store_faults_after(0, SQLITE_FULL);
	pump_abort(fixture->pump);
	turn(fixture);
	assert_int_equal(pump_in_flight(fixture->pump), 0);
	assert_int_equal(pump_unsaved(fixture->pump), 1);
	assert_state(fixture, "c1", JOB_INSTALLING);
	store_faults_after(-1, SQLITE_OK);
	engine_fixture_pump(fixture);
	assert_state(fixture, "c1", JOB_RETRYING);
	/* Broken off by us: it goes again at once, and nothing is begun any more here. */
	assert_int_equal(next_of(fixture, "c1"), DUE_MS);
	assert_int_equal(fixture->sent_count, 1);
}

static void test_untried(void **state)
{
	static const struct scripted_answer answer = {HTTP_OK, 503, NULL, false, NULL, NULL};
	struct engine_fixture *fixture = *state;
	struct error error;
	bool untried;

	engine_fixture_script(fixture, &answer, 1);
	take(fixture, "c1", 1);
	assert_true(pump_untried(fixture->pump, &untried, &error));
	assert_false(untried);
	advance_to(fixture, DUE_MS);
	assert_true(pump_untried(fixture->pump, &untried, &error));
	assert_true(untried);
	engine_fixture_pump(fixture);
	assert_true(pump_untried(fixture->pump, &untried, &error));
	assert_false(untried);
}

static bool is_untried(struct engine_fixture *fixture)
{
	struct error error;
	bool untried;

	assert_true(pump_untried(fixture->pump, &untried, &error));
	return untried;
}

/*
 * A run that has --wait 0s ends when nothing is untried, which it may ask before the first round:
 * what an earlier run left to be tried again has its try by then, and this run's own retries do not
 * keep it up, wherever the wall clock goes.
 */
static void test_untried_is_what_an_earlier_pump_left(void **state)
{
	static const struct scripted_answer answers[] = {
		{HTTP_OK, 503, NULL, false, NULL, NULL}, {HTTP_OK, 503, NULL, false, NULL, NULL}};
	struct engine_fixture *fixture = *state;
	struct error error;
	size_t cut;

	engine_fixture_script(fixture, answers, ARRAY_LENGTH(answers));
	take(fixture, "c1", 1);
	advance_to(fixture, DUE_MS);
	engine_fixture_pump(fixture);
	assert_state(fixture, "c1", JOB_RETRYING);
	advance_to(fixture, next_of(fixture, "c1"));
	assert_false(is_untried(fixture));
	engine_fixture_restart(fixture);
	assert_true(is_untried(fixture));
	engine_fixture_pump(fixture);
	assert_int_equal(fixture->sent_count, 2);
	assert_false(is_untried(fixture));
	/* Its wait, cut to what is usual, ends earlier by the wall clock than this pump began. */
	manual_clock_step(&fixture->clock, -HOUR_MS);
	assert_true(store_waits_shorten(
		fixture->store, "webhg2", fixture->clock.wall_now_ms, HOUR_MS, &cut, &error));
	assert_int_equal(cut, 1);
	assert_true(next_of(fixture, "c1") < DUE_MS);
	advance_to(fixture, next_of(fixture, "c1"));
	assert_false(is_untried(fixture));
}

/* A run waits for what is untried: it would wait for ever for a disk that nobody frees. */
static void test_nothing_is_untried_while_nothing_can_be_written(void **state)
{
	struct engine_fixture *fixture = *state;
	struct error error;
	bool untried;

	take(fixture, "c1", 1);
	advance_to(fixture, DUE_MS);
	assert_true(pump_untried(fixture->pump, &untried, &error));
	assert_true(untried);
	store_faults_after(0, SQLITE_FULL);
	pump_poke(fixture->pump);
	turn(fixture);
	assert_true(pump_untried(fixture->pump, &untried, &error));
	assert_false(untried);
	store_faults_after(-1, SQLITE_OK);
	engine_fixture_pump(fixture);
	assert_state(fixture, "c1", JOB_INSTALLED);
}

#define LINK(service, code)                                                                        \
	"{\"service\":\"" service "\",\"service_code\":\"" code "\",\"fqdn\":\"www.example.jp\"}"

static void test_what_the_options_let_through(void **state)
{
	const struct fixture_record older = {
		.contract = "c1", .revision = 1, .certificate = 1, .links = LINK("webhg2", "w1")};
	const struct fixture_record newer = {.contract = "c2",
		.revision = 1,
		.certificate = 2,
		.at_ms = FIXTURE_START_MS + HOUR_MS,
		.links = LINK("webhg2", "w2") "," LINK("docex", "d2")};
	struct engine_fixture *fixture = *state;

	engine_fixture_take(fixture, &older, NULL);
	engine_fixture_take(fixture, &newer, NULL);
	engine_fixture_pump(fixture);
	assert_int_equal(fixture->sent_count, 0);
	engine_fixture_use_pump(fixture, (struct pump_options){.ignore_due = true,
						 .base_since_ms = FIXTURE_START_MS + 1,
						 .only_service = "docex"});
	engine_fixture_pump(fixture);
	assert_int_equal(fixture->sent_count, 1);
	assert_non_null(strstr(fixture->sent[0].url, "docex.test/docex/d2/"));
	engine_fixture_use_pump(fixture,
		(struct pump_options){.ignore_due = true, .base_since_ms = FIXTURE_START_MS + 1});
	engine_fixture_pump(fixture);
	assert_int_equal(fixture->sent_count, 2);
	assert_non_null(strstr(fixture->sent[1].url, "webhg2.test/webhg2/w2/"));
	engine_fixture_use_pump(fixture, (struct pump_options){.ignore_due = true});
	engine_fixture_pump(fixture);
	assert_int_equal(fixture->sent_count, 3);
}

static void test_no_endpoint_waits(void **state)
{
	const struct fixture_record record = {
		.contract = "c1", .revision = 1, .certificate = 1, .links = LINK("waf", "waf1")};
	struct engine_fixture *fixture = *state;
	struct error error;
	bool untried;

	engine_fixture_use_pump(fixture, (struct pump_options){.ignore_due = true});
	engine_fixture_take(fixture, &record, NULL);
	engine_fixture_pump(fixture);
	assert_int_equal(fixture->idle_next_ms, INT64_MAX);
	assert_state(fixture, "c1", JOB_SCHEDULED);
	assert_true(pump_untried(fixture->pump, &untried, &error));
	assert_false(untried);
}

/* One install at a time over all services. */
static int begin_single(void **state)
{
	*state = engine_fixture_new("concurrency = 1");
	return 0;
}

static void test_services_take_turns(void **state)
{
	static const struct fixture_record record = {.contract = "c1",
		.revision = 1,
		.certificate = 1,
		.links = LINK("webhg2", "w1") "," LINK("webhg2", "w2") "," LINK(
			"webhg2", "w3") "," LINK("docex", "d1") "," LINK("docex",
			"d2") "," LINK("docex", "d3")};
	struct engine_fixture *fixture = *state;
	size_t i, docex = 0;

	engine_fixture_take(fixture, &record, NULL);
	advance_to(fixture, DUE_MS);
	engine_fixture_pump(fixture);
	assert_int_equal(fixture->sent_count, 6);
	assert_int_equal(fixture->most_in_flight, 1);
	for (i = 0; i < 3; i++)
		docex += strstr(fixture->sent[i].url, "docex.test") != NULL;
	assert_in_range(docex, 1, 2);
}

/* Two services with room for four and more, three over all. */
static int begin_three(void **state)
{
	*state = engine_fixture_new("concurrency = 3");
	return 0;
}

static void test_bound_over_all_services(void **state)
{
	static const struct fixture_record record = {.contract = "c1",
		.revision = 1,
		.certificate = 1,
		.links = LINK("webhg2", "w1") "," LINK("webhg2", "w2") "," LINK(
			"docex", "d1") "," LINK("docex", "d2") "," LINK("docex", "d3")};
	static const struct scripted_answer hang = {HTTP_OK, 200, NULL, true, NULL, NULL};
	struct engine_fixture *fixture = *state;

	engine_fixture_script(fixture, &hang, 1);
	engine_fixture_take(fixture, &record, NULL);
	advance_to(fixture, DUE_MS);
	turn(fixture);
	turn(fixture);
	assert_int_equal(fixture->most_in_flight, 3);
	assert_int_equal(pump_in_flight(fixture->pump), 3);
}

/* Broken off while the edge is looked at: not pushed again, and looked at again. */
static void test_abort_while_verifying(void **state)
{
	struct engine_fixture *fixture = *state;
	int64_t interval =
		config_profile(settings_config(fixture->settings), "webhg2")->verify_interval_ms;

	fixture->edge = EDGE_SERVES_OLD;
	take(fixture, "c1", 1);
	advance_to(fixture, DUE_MS);
	engine_fixture_pump(fixture);
	assert_state(fixture, "c1", JOB_VERIFYING);
	fixture->edge = EDGE_HANGS;
	advance_to(fixture, DUE_MS + 2 * DAY_MS);
	turn(fixture);
	assert_int_equal(pump_in_flight(fixture->pump), 1);
	pump_abort(fixture->pump);
	engine_fixture_pump(fixture);
	assert_state(fixture, "c1", JOB_VERIFYING);
	assert_int_equal(next_of(fixture, "c1"), DUE_MS + 2 * DAY_MS + interval);
	assert_attempts(fixture, "c1", "push:done:200 verify:old:0 verify:interrupted:0");
}

static void test_wildcard_is_asked_for_by_a_name_that_it_covers(void **state)
{
	const struct fixture_record record = {.contract = "c1",
		.revision = 1,
		.certificate = 1,
		.wildcard = true,
		.item = "dv-ssl-wildcard",
		.links = "{\"service\":\"webhg2\",\"service_code\":\"w1\","
			 "\"fqdn\":\"*.example.jp\"}"};
	struct engine_fixture *fixture = *state;

	engine_fixture_take(fixture, &record, NULL);
	advance_to(fixture, DUE_MS);
	engine_fixture_pump(fixture);
	assert_state(fixture, "c1", JOB_INSTALLED);
	assert_string_equal(fixture->asked_for, "certinstalld-probe.example.jp");
}

/* Nobody pokes the pump: its own timer has to wake it at the due instant. */
static void test_wakes_at_the_due_instant(void **state)
{
	struct engine_fixture *fixture = *state;
	struct loop_timer *guard = loop_timer_new(fixture->loop, turn_loop, fixture->loop);
	struct error error;

	take(fixture, "c1", 1);
	advance_to(fixture, DUE_MS - 20);
	engine_fixture_pump(fixture);
	assert_int_equal(fixture->sent_count, 0);
	advance_to(fixture, DUE_MS);
	loop_timer_set(guard, 10000);
	assert_true(loop_run(fixture->loop, &error));
	loop_timer_free(guard);
	assert_state(fixture, "c1", JOB_INSTALLED);
}

/* Calls EVENT once something is in flight, before the loop gets to it. */
struct at_start {
	struct engine_fixture *fixture;
	struct loop_timer *timer;
	void (*event)(struct engine_fixture *fixture);
};

static void wait_for_start(void *context)
{
	const struct at_start *start = context;

	if (pump_in_flight(start->fixture->pump) > 0)
		start->event(start->fixture);
	else
		loop_timer_set(start->timer, 0);
}

/* Pokes the pump and turns the loop until it is idle, with EVENT between. */
static void pump_with(struct engine_fixture *fixture, void (*event)(struct engine_fixture *fixture))
{
	struct at_start start = {.fixture = fixture, .event = event};

	start.timer = loop_timer_new(fixture->loop, wait_for_start, &start);
	loop_timer_set(start.timer, 0);
	engine_fixture_pump(fixture);
	loop_timer_free(start.timer);
}

static void abort_now(struct engine_fixture *fixture)
{
	pump_abort(fixture->pump);
}

static void test_abort_between_claim_and_look(void **state)
{
	struct engine_fixture *fixture = *state;

	fixture->edge = EDGE_SERVES_OLD;
	take(fixture, "c1", 1);
	advance_to(fixture, DUE_MS);
	engine_fixture_pump(fixture);
	advance_to(fixture, next_of(fixture, "c1"));
	pump_with(fixture, abort_now);
	assert_state(fixture, "c1", JOB_VERIFYING);
	assert_attempts(fixture, "c1", "push:done:200 verify:old:0 verify:interrupted:0");
}

static void reload(struct engine_fixture *fixture)
{
	struct pki *old = fixture->pki;
	struct error error;

	assert_true(settings_make_pki(fixture->settings, &fixture->pki, &error));
	pump_use(fixture->pump, fixture->settings, fixture->pki);
	pki_free(old);
}

/* What was claimed goes on with what it began with; under a sanitiser, a use after free shows. */
static void test_reload_between_claim_and_start(void **state)
{
	const struct fixture_record record = {.contract = "c1",
		.revision = 1,
		.certificate = 1,
		.links = "{\"service\":\"docex\",\"service_code\":\"d1\","
			 "\"fqdn\":\"www.example.jp\"}"};
	struct engine_fixture *fixture = *state;

	engine_fixture_take(fixture, &record, NULL);
	advance_to(fixture, DUE_MS);
	pump_with(fixture, reload);
	assert_int_equal(fixture->sent_count, 1);
	assert_state(fixture, "c1", JOB_INSTALLED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_not_before_due, begin, end),
		cmocka_unit_test_setup_teardown(test_key_is_wiped_when_installed, begin, end),
		cmocka_unit_test_setup_teardown(test_temporary_then_success, begin, end),
		cmocka_unit_test_setup_teardown(test_retry_after, begin, end),
		cmocka_unit_test(test_kinds),
		cmocka_unit_test_setup_teardown(test_old_certificate_is_given_time, begin, end),
		cmocka_unit_test_setup_teardown(test_findings_are_told_apart, begin, end),
		cmocka_unit_test_setup_teardown(test_no_edge_is_said_so, begin, end),
		cmocka_unit_test_setup_teardown(test_order_and_bound, begin, end),
		cmocka_unit_test_setup_teardown(test_dead_service_is_left_alone, begin, end),
		cmocka_unit_test_setup_teardown(test_pause_is_kept_to, begin, end),
		cmocka_unit_test_setup_teardown(test_expired_is_not_sent, begin, end),
		cmocka_unit_test_setup_teardown(test_gives_up_with_age, begin, end),
		cmocka_unit_test_setup_teardown(
			test_killed_process_goes_again_with_the_same_key, begin, end),
		cmocka_unit_test_setup_teardown(test_late_answer_changes_nothing, begin, end),
		cmocka_unit_test_setup_teardown(
			test_newer_waits_for_the_older_in_flight, begin, end),
		cmocka_unit_test_setup_teardown(test_drain_leaves_the_rest, begin, end),
		cmocka_unit_test_setup_teardown(test_unreadable_token_is_ours, begin, end),
		cmocka_unit_test_setup_teardown(
			test_store_that_fails_doubles_nothing, begin_faulty, end_faulty),
		cmocka_unit_test_setup_teardown(
			test_abort_while_the_store_fails, begin_faulty, end_faulty),
		cmocka_unit_test_setup_teardown(test_untried, begin, end),
		cmocka_unit_test_setup_teardown(
			test_untried_is_what_an_earlier_pump_left, begin, end),
		cmocka_unit_test_setup_teardown(
			test_nothing_is_untried_while_nothing_can_be_written, begin_faulty,
			end_faulty),
		cmocka_unit_test_setup_teardown(
			test_wildcard_is_asked_for_by_a_name_that_it_covers, begin, end),
		cmocka_unit_test_setup_teardown(test_wakes_at_the_due_instant, begin, end),
		cmocka_unit_test_setup_teardown(test_abort_between_claim_and_look, begin, end),
		cmocka_unit_test_setup_teardown(test_what_the_options_let_through, begin, end),
		cmocka_unit_test_setup_teardown(test_no_endpoint_waits, begin, end),
		cmocka_unit_test_setup_teardown(test_services_take_turns, begin_single, end),
		cmocka_unit_test_setup_teardown(test_bound_over_all_services, begin_three, end),
		cmocka_unit_test_setup_teardown(test_abort_while_verifying, begin, end),
		cmocka_unit_test_setup_teardown(test_reload_between_claim_and_start, begin, end),
	};
	int status = cmocka_run_group_tests_name("pump", tests, NULL, NULL);

	fixture_free();
	return status;
}
