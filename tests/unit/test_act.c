/* What operators change: acts on a real store, with the real intake and pump on a manual clock. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/file.h"
#include "base/log.h"
#include "engine_fixture.h"
#include "ops/act.h"
#include "pki_fixture.h"

#define HOUR INT64_C(3600000)
#define DAY (24 * HOUR)
#define START FIXTURE_START_MS
/* Records are issued on Monday at 10:00 and due on Tuesday at 09:00. */
#define DUE (START + 23 * HOUR)

#define WWW(since)                                                                                 \
	"{\"service\":\"webhg2\",\"service_code\":\"whg1\",\"fqdn\":\"www.example.jp\",\"since\":" \
	"\"" since "\"}"
#define OLD WWW("2026-01-05T10:00:00+09:00")
#define YOUNG WWW("2026-02-05T10:00:00+09:00")
#define YOUNGEST WWW("2026-03-05T10:00:00+09:00")
#define ANEW WWW("2026-11-18T10:00:00+09:00")
#define OTHER "{\"service\":\"other\",\"service_code\":\"\",\"fqdn\":\"www.example.jp\"}"

static const struct scripted_answer done = {HTTP_OK, 200, NULL, false, NULL, NULL};
static const struct scripted_answer hang = {HTTP_OK, 200, NULL, true, NULL, NULL};
static const struct scripted_answer no = {HTTP_OK, 400, NULL, false, NULL, NULL};

static char told[8192];

static void keep_told(void *context, enum log_level level, const char *message,
	const struct log_field *fields, size_t field_count)
{
	size_t used = strlen(told), i;

	(void)context;
	(void)level;
	snprintf(told + used, sizeof(told) - used, "%s", message);
	for (i = 0; i < field_count; i++) {
		used = strlen(told);
		/* Which event it is, the table and its own test tell. */
		if (strcmp(fields[i].name, "MESSAGE_ID") == 0)
			continue;
		snprintf(told + used, sizeof(told) - used, " %s=%s", fields[i].name,
			fields[i].value);
	}
	used = strlen(told);
	snprintf(told + used, sizeof(told) - used, "\n");
}

static int begin(void **state)
{
	*state = engine_fixture_new("retry-floor = \"10s\" retry-ceiling = \"10s\"");
	told[0] = '\0';
	log_set_sink(keep_told, NULL);
	return 0;
}

static int end(void **state)
{
	engine_fixture_free(*state);
	return 0;
}

static void take(struct engine_fixture *fixture, const char *contract, int revision,
	int certificate, const char *links)
{
	const struct fixture_record record = {.contract = contract,
		.revision = revision,
		.certificate = certificate,
		.links = links};

	assert_int_equal(engine_fixture_take(fixture, &record, NULL), SPOOL_TAKEN);
}

static void go_to(struct engine_fixture *fixture, int64_t wall_ms)
{
	manual_clock_advance(&fixture->clock, wall_ms - fixture->clock.wall_now_ms);
}

static void pump_at(struct engine_fixture *fixture, int64_t wall_ms)
{
	go_to(fixture, wall_ms);
	engine_fixture_pump(fixture);
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

/* Turns the loop a little while something hangs in flight. */
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

static struct act by_alice(struct engine_fixture *fixture)
{
	return (struct act){
		.store = fixture->store,
		.settings = fixture->settings,
		.clock = &fixture->clock.clock,
		.who = "alice",
		.reason = "a test",
	};
}

static void assert_state(
	struct engine_fixture *fixture, const char *contract, size_t number, enum job_state state)
{
	struct store_job job = engine_fixture_job(fixture, contract, number);

	if (job.state != state)
		fail_msg("%s: %s, not %s", contract, job_state_name(job.state),
			job_state_name(state));
	store_job_clear(&job);
}

static int64_t due_of(struct engine_fixture *fixture, const char *contract)
{
	struct store_job job = engine_fixture_job(fixture, contract, 0);
	int64_t due_ms = job.due_ms;

	assert_int_equal(job.next_ms, due_ms);
	store_job_clear(&job);
	return due_ms;
}

static bool holds_key(struct engine_fixture *fixture, const char *contract)
{
	struct store_job job = engine_fixture_job(fixture, contract, 0);
	bool holds = engine_fixture_holds_key(fixture, &job);

	store_job_clear(&job);
	return holds;
}

static void assert_history(struct engine_fixture *fixture, const char *contract, const char *want)
{
	struct store_job job = engine_fixture_job(fixture, contract, 0);
	char *attempts = engine_fixture_attempts(fixture, job.id);

	assert_string_equal(attempts, want);
	free(attempts);
	store_job_clear(&job);
}

/* ---- results ---- */

static const char *text_of(struct json_object *object, const char *key)
{
	struct json_object *value;

	assert_true(json_object_object_get_ex(object, key, &value));
	return value != NULL ? json_object_get_string(value) : NULL;
}

static int64_t number_of(struct json_object *object, const char *key)
{
	struct json_object *value;

	assert_true(json_object_object_get_ex(object, key, &value));
	return json_object_get_int64(value);
}

static struct json_object *job_of(struct json_object *result, size_t number)
{
	struct json_object *jobs;

	assert_true(json_object_object_get_ex(result, "jobs", &jobs));
	assert_true(json_object_array_length(jobs) > number);
	return json_object_array_get_idx(jobs, number);
}

typedef bool job_act(const struct act *act, const struct act_jobs *jobs,
	struct json_object **result, struct error *error);

static struct json_object *perform(
	struct engine_fixture *fixture, job_act *performed, const struct act_jobs *jobs, bool dry)
{
	struct act act = by_alice(fixture);
	struct json_object *result;
	struct error error;

	act.dry = dry;
	if (!performed(&act, jobs, &result, &error))
		fail_msg("%s", error.text);
	return result;
}

/* On the first job of CONTRACT: whether it was done, or would be. */
static bool act_on(
	struct engine_fixture *fixture, job_act *performed, const char *contract, bool dry)
{
	struct store_job job = engine_fixture_job(fixture, contract, 0);
	struct act_jobs jobs = {.ids = &job.id, .count = 1, .filter.state = -1};
	struct json_object *result = perform(fixture, performed, &jobs, dry);
	bool was_done = number_of(result, "done") == 1;

	assert_int_equal(number_of(result, "done") + number_of(result, "not_done"), 1);
	assert_int_equal(number_of(job_of(result, 0), "job"), job.id);
	json_object_put(result);
	store_job_clear(&job);
	return was_done;
}

/* ---- retry ---- */

static void fail_one(struct engine_fixture *fixture)
{
	engine_fixture_script(fixture, &no, 1);
	take(fixture, "c1", 1, 1, OLD);
	pump_at(fixture, DUE);
	assert_state(fixture, "c1", 0, JOB_FAILED);
}

static void test_retry(void **state)
{
	struct engine_fixture *fixture = *state;

	fail_one(fixture);
	told[0] = '\0';
	assert_true(act_on(fixture, act_retry, "c1", true));
	assert_state(fixture, "c1", 0, JOB_FAILED);
	assert_string_equal(told, "");
	assert_true(act_on(fixture, act_retry, "c1", false));
	assert_state(fixture, "c1", 0, JOB_SCHEDULED);
	assert_string_equal(told,
		"c1: webhg2 whg1 www.example.jp: goes again: retry by alice: a test JOB_ID=1 "
		"CONTRACT=c1 SERVICE=webhg2 FQDN=www.example.jp OUTCOME=scheduled "
		"OPERATOR=alice\n");
	assert_false(act_on(fixture, act_retry, "c1", false));
	engine_fixture_script(fixture, &done, 1);
	engine_fixture_pump(fixture);
	assert_state(fixture, "c1", 0, JOB_INSTALLED);
	assert_history(
		fixture, "c1", "push:permanent:400 act:retry:0 push:done:200 verify:served:0");
	assert_false(act_on(fixture, act_retry, "c1", false));
}

/* Who asked is anybody, with any words. */
static void test_words_are_cleaned(void **state)
{
	struct engine_fixture *fixture = *state;
	struct act act = by_alice(fixture);
	struct act_jobs jobs = {.filter = {.service = "webhg2", .state = -1}};
	struct json_object *result;
	struct error error;
	char reason[1000];

	fail_one(fixture);
	memset(reason, 'r', sizeof(reason) - 1);
	reason[sizeof(reason) - 1] = '\0';
	reason[3] = '\033';
	act.who = "eve\nroot: all is well";
	act.reason = reason;
	told[0] = '\0';
	assert_true(act_retry(&act, &jobs, &result, &error));
	assert_string_equal(text_of(result, "by"), "eve root: all is well");
	assert_int_equal(strlen(text_of(result, "reason")), ACT_REASON_MAX);
	assert_null(strchr(told, '\033'));
	assert_ptr_equal(strchr(told, '\n'), told + strlen(told) - 1);
	json_object_put(result);
}

static void test_retry_by_filter(void **state)
{
	struct engine_fixture *fixture = *state;
	struct act act = by_alice(fixture);
	struct act_jobs jobs = {.filter = {.service = "webhg2", .state = -1}},
			none = {.filter = {.state = -1}};
	const int64_t missing[] = {4711};
	struct json_object *result;
	struct error error;

	engine_fixture_script(fixture, &no, 1);
	take(fixture, "c1", 1, 1, OLD);
	take(fixture, "c2", 1, 2,
		"{\"service\":\"webhg2\",\"service_code\":\"whg2\",\"fqdn\":\"www.example.jp\"}");
	take(fixture, "c3", 1, 3,
		"{\"service\":\"docex\",\"service_code\":\"d1\",\"fqdn\":\"www.example.jp\"}");
	pump_at(fixture, DUE);
	assert_state(fixture, "c3", 0, JOB_FAILED);
	result = perform(fixture, act_retry, &jobs, false);
	assert_int_equal(number_of(result, "done"), 2);
	assert_string_equal(text_of(job_of(result, 1), "contract"), "c2");
	assert_string_equal(text_of(job_of(result, 1), "before"), "failed");
	assert_string_equal(text_of(job_of(result, 1), "state"), "scheduled");
	json_object_put(result);
	assert_state(fixture, "c1", 0, JOB_SCHEDULED);
	assert_state(fixture, "c2", 0, JOB_SCHEDULED);
	assert_state(fixture, "c3", 0, JOB_FAILED);
	/* What is not failed is not looked for. */
	result = perform(fixture, act_retry, &jobs, false);
	assert_int_equal(number_of(result, "done") + number_of(result, "not_done"), 0);
	json_object_put(result);
	assert_false(act_retry(&act, &none, &result, &error));
	assert_int_equal(error.kind, ERROR_PERMANENT);
	none = (struct act_jobs){.ids = missing, .count = 1};
	result = perform(fixture, act_retry, &none, false);
	assert_int_equal(number_of(result, "not_done"), 1);
	assert_string_equal(text_of(job_of(result, 0), "text"), "there is no such job");
	json_object_put(result);
}

/* ---- cancel ---- */

static void test_cancel(void **state)
{
	struct engine_fixture *fixture = *state;
	struct store_job job;

	take(fixture, "c1", 1, 1, OLD);
	told[0] = '\0';
	assert_true(act_on(fixture, act_cancel, "c1", true));
	assert_state(fixture, "c1", 0, JOB_SCHEDULED);
	assert_true(holds_key(fixture, "c1"));
	assert_true(act_on(fixture, act_cancel, "c1", false));
	assert_state(fixture, "c1", 0, JOB_CANCELLED);
	assert_false(holds_key(fixture, "c1"));
	assert_non_null(strstr(told, "cancelled: cancel by alice: a test"));
	assert_non_null(strstr(told, "OUTCOME=cancelled OPERATOR=alice"));
	job = engine_fixture_job(fixture, "c1", 0);
	assert_string_equal(job.detail, "cancelled by alice: a test");
	assert_int_equal(job.settled_ms, START);
	store_job_clear(&job);
	assert_history(fixture, "c1", "act:cancel:0");
	assert_false(act_on(fixture, act_cancel, "c1", false));
	pump_at(fixture, DUE);
	assert_int_equal(fixture->sent_count, 0);
}

/* The plan is level-triggered: each record says again that the install is wanted. */
static void test_cancelled_stays_so(void **state)
{
	struct engine_fixture *fixture = *state;

	take(fixture, "c1", 1, 1, OLD);
	assert_true(act_on(fixture, act_cancel, "c1", false));
	take(fixture, "c1", 1, 1, OLD);
	assert_state(fixture, "c1", 0, JOB_CANCELLED);
	take(fixture, "c1", 2, 1, OLD);
	assert_state(fixture, "c1", 0, JOB_CANCELLED);
	assert_false(holds_key(fixture, "c1"));
	engine_fixture_restart(fixture);
	take(fixture, "c1", 3, 1, YOUNG);
	assert_state(fixture, "c1", 0, JOB_CANCELLED);
	pump_at(fixture, DUE);
	assert_int_equal(fixture->sent_count, 0);
	/* Without its link, and with it again as it was. */
	take(fixture, "c1", 4, 1, OTHER);
	take(fixture, "c1", 5, 1, OLD);
	assert_state(fixture, "c1", 0, JOB_CANCELLED);
	assert_int_equal(engine_fixture_job_count(fixture, "c1"), 1);
}

static void test_what_brings_it_back(void **state)
{
	struct engine_fixture *fixture = *state;

	take(fixture, "c1", 1, 1, OLD);
	assert_true(act_on(fixture, act_cancel, "c1", false));
	/* A newer certificate is another install. */
	take(fixture, "c1", 2, 2, OLD);
	assert_state(fixture, "c1", 0, JOB_CANCELLED);
	assert_state(fixture, "c1", 1, JOB_SCHEDULED);
	/* A link that was added since. */
	take(fixture, "c2", 1, 3, WWW("2026-11-01T10:00:00+09:00"));
	assert_true(act_on(fixture, act_cancel, "c2", false));
	take(fixture, "c1", 3, 2, OTHER);
	go_to(fixture, START + 3 * DAY);
	take(fixture, "c2", 2, 3, ANEW);
	assert_state(fixture, "c2", 0, JOB_SCHEDULED);
	assert_true(holds_key(fixture, "c2"));
}

static void test_retry_of_a_cancelled_one(void **state)
{
	struct engine_fixture *fixture = *state;

	take(fixture, "c1", 1, 1, OLD);
	assert_true(act_on(fixture, act_cancel, "c1", false));
	/* Its key is gone: the next record has it. */
	assert_true(act_on(fixture, act_retry, "c1", false));
	assert_state(fixture, "c1", 0, JOB_CANCELLED);
	take(fixture, "c1", 2, 1, OLD);
	assert_state(fixture, "c1", 0, JOB_SCHEDULED);
	assert_true(holds_key(fixture, "c1"));
	assert_history(fixture, "c1", "act:cancel:0 act:retry:0");
	/* Cancelled again, it stays so again. */
	manual_clock_advance(&fixture->clock, 1000);
	assert_true(act_on(fixture, act_cancel, "c1", false));
	take(fixture, "c1", 3, 1, OLD);
	assert_state(fixture, "c1", 0, JOB_CANCELLED);
	/* Its link is gone. */
	take(fixture, "c1", 4, 1, OTHER);
	assert_false(act_on(fixture, act_retry, "c1", false));
}

#define TWO OLD ",{\"service\":\"docex\",\"service_code\":\"d1\",\"fqdn\":\"www.example.jp\"}"

/* Another job needs the same key, so it is there still. */
static void test_retry_where_the_key_is_held(void **state)
{
	struct engine_fixture *fixture = *state;

	take(fixture, "c1", 1, 1, TWO);
	assert_true(act_on(fixture, act_cancel, "c1", false));
	assert_true(holds_key(fixture, "c1"));
	assert_true(act_on(fixture, act_retry, "c1", true));
	assert_state(fixture, "c1", 0, JOB_CANCELLED);
	assert_true(act_on(fixture, act_retry, "c1", false));
	assert_state(fixture, "c1", 0, JOB_SCHEDULED);
	assert_int_equal(due_of(fixture, "c1"), DUE);
	pump_at(fixture, DUE);
	assert_int_equal(fixture->sent_count, 2);
	assert_state(fixture, "c1", 0, JOB_INSTALLED);
}

static void test_cancel_in_flight(void **state)
{
	struct engine_fixture *fixture = *state;
	struct store_job job;

	engine_fixture_script(fixture, &hang, 1);
	take(fixture, "c1", 1, 1, TWO);
	go_to(fixture, DUE);
	turn(fixture);
	assert_int_equal(fixture->sent_count, 2);
	assert_true(act_on(fixture, act_cancel, "c1", false));
	job = engine_fixture_job(fixture, "c1", 0);
	assert_int_equal(job.attempts, 1);
	store_job_clear(&job);
	engine_fixture_script(fixture, &done, 1);
	pump_abort(fixture->pump);
	turn(fixture);
	assert_state(fixture, "c1", 0, JOB_CANCELLED);
	assert_history(fixture, "c1", "act:cancel:0 push:interrupted:0");
	/* The service may have had it: once more is another install. */
	assert_true(act_on(fixture, act_retry, "c1", false));
	job = engine_fixture_job(fixture, "c1", 0);
	assert_int_equal(job.state, JOB_SCHEDULED);
	assert_int_equal(job.generation, 1);
	store_job_clear(&job);
}

static void test_cancel_by_filter(void **state)
{
	struct engine_fixture *fixture = *state;
	struct act_jobs jobs = {.filter = {.contract = "c1", .state = -1}};
	struct json_object *result;

	take(fixture, "c1", 1, 1, TWO);
	take(fixture, "c2", 1, 2, YOUNG);
	result = perform(fixture, act_cancel, &jobs, false);
	assert_int_equal(number_of(result, "done"), 2);
	json_object_put(result);
	assert_state(fixture, "c1", 1, JOB_CANCELLED);
	assert_state(fixture, "c2", 0, JOB_HELD);
	result = perform(fixture, act_cancel, &jobs, false);
	assert_int_equal(number_of(result, "done") + number_of(result, "not_done"), 0);
	json_object_put(result);
}

/* ---- release ---- */

static struct json_object *release(
	struct engine_fixture *fixture, struct act_pair pair, struct error *error)
{
	struct act act = by_alice(fixture);
	struct json_object *result = NULL;

	if (!act_release(&act, &pair, &result, error))
		return NULL;
	return result;
}

#define PAIR .service = "webhg2", .service_code = "whg1"

/* c1 has the pair and was installed there, c2 and c3 wait. */
static void let_two_wait(struct engine_fixture *fixture)
{
	take(fixture, "c1", 1, 1, OLD);
	take(fixture, "c2", 1, 2, YOUNG);
	take(fixture, "c3", 1, 3, YOUNGEST);
	pump_at(fixture, DUE);
	assert_state(fixture, "c1", 0, JOB_INSTALLED);
	assert_state(fixture, "c2", 0, JOB_HELD);
	assert_state(fixture, "c3", 0, JOB_HELD);
	told[0] = '\0';
}

static void test_release(void **state)
{
	struct engine_fixture *fixture = *state;
	struct json_object *result;
	struct error error;

	let_two_wait(fixture);
	go_to(fixture, START + 2 * DAY);
	result = release(fixture, (struct act_pair){PAIR}, &error);
	assert_non_null(result);
	assert_string_equal(text_of(result, "from"), "c1");
	assert_string_equal(text_of(result, "to"), "c2");
	assert_int_equal(number_of(result, "done"), 2);
	json_object_put(result);
	assert_non_null(strstr(told, "service code whg1 of webhg2 goes from contract c1 to c2: "
				     "release by alice: a test"));
	assert_non_null(strstr(told, "released by contract c1: release by alice: a test JOB_ID="));
	/* From Wednesday on the next business day is Thursday. */
	assert_state(fixture, "c2", 0, JOB_SCHEDULED);
	assert_int_equal(due_of(fixture, "c2"), START + 3 * DAY - HOUR);
	assert_state(fixture, "c3", 0, JOB_HELD);
	assert_history(fixture, "c2", "act:release:0");
	pump_at(fixture, START + 3 * DAY);
	assert_state(fixture, "c2", 0, JOB_INSTALLED);
	assert_state(fixture, "c3", 0, JOB_HELD);
}

/* Its link is older, and nothing has begun where it went: by itself it would take it back. */
static void test_released_is_kept(void **state)
{
	struct engine_fixture *fixture = *state;
	struct error error;

	let_two_wait(fixture);
	json_object_put(release(fixture, (struct act_pair){PAIR}, &error));
	assert_state(fixture, "c2", 0, JOB_SCHEDULED);
	take(fixture, "c1", 2, 4, OLD);
	assert_state(fixture, "c1", 1, JOB_HELD);
	assert_state(fixture, "c2", 0, JOB_SCHEDULED);
	take(fixture, "c2", 2, 2, YOUNG);
	assert_state(fixture, "c2", 0, JOB_SCHEDULED);
	assert_int_equal(due_of(fixture, "c2"), START + 2 * DAY - HOUR);
	engine_fixture_restart(fixture);
	take(fixture, "c1", 3, 4, OLD);
	assert_state(fixture, "c1", 1, JOB_HELD);
	pump_at(fixture, START + 2 * DAY);
	assert_state(fixture, "c2", 0, JOB_INSTALLED);
	/* It lets go by its record, and the oldest link has it again. */
	take(fixture, "c2", 3, 2, OTHER);
	assert_state(fixture, "c1", 1, JOB_SCHEDULED);
	assert_state(fixture, "c3", 0, JOB_HELD);
}

static void test_release_of_a_job(void **state)
{
	struct engine_fixture *fixture = *state;
	struct json_object *result;
	struct store_job job;
	struct error error;

	let_two_wait(fixture);
	job = engine_fixture_job(fixture, "c3", 0);
	result = release(fixture, (struct act_pair){.job = job.id}, &error);
	assert_non_null(result);
	assert_string_equal(text_of(result, "to"), "c3");
	json_object_put(result);
	store_job_clear(&job);
	assert_state(fixture, "c3", 0, JOB_SCHEDULED);
	assert_state(fixture, "c2", 0, JOB_HELD);
	/* Back to the first: what was given once is no right. */
	result = release(fixture, (struct act_pair){PAIR, .to = "c1"}, &error);
	assert_non_null(result);
	json_object_put(result);
	assert_state(fixture, "c3", 0, JOB_HELD);
	take(fixture, "c3", 2, 3, YOUNGEST);
	assert_state(fixture, "c3", 0, JOB_HELD);
}

static void test_release_dry(void **state)
{
	struct engine_fixture *fixture = *state;
	struct act act = by_alice(fixture);
	const struct act_pair pair = {PAIR};
	struct json_object *result;
	struct error error;

	let_two_wait(fixture);
	act.dry = true;
	assert_true(act_release(&act, &pair, &result, &error));
	assert_string_equal(text_of(job_of(result, 0), "contract"), "c2");
	assert_string_equal(text_of(job_of(result, 0), "state"), "scheduled");
	json_object_put(result);
	assert_string_equal(told, "");
	assert_state(fixture, "c2", 0, JOB_HELD);
	assert_history(fixture, "c2", "");
}

/* What the former holder has under way waits from then on, and its late answer changes nothing. */
static void test_release_in_flight(void **state)
{
	struct engine_fixture *fixture = *state;
	struct store_job job;
	struct error error;
	char *key;

	engine_fixture_script(fixture, &hang, 1);
	take(fixture, "c1", 1, 1, OLD);
	take(fixture, "c2", 1, 2, YOUNG);
	go_to(fixture, DUE);
	turn(fixture);
	assert_state(fixture, "c1", 0, JOB_INSTALLING);
	job = engine_fixture_job(fixture, "c1", 0);
	key = xstrdup(job.idempotency_key);
	store_job_clear(&job);
	json_object_put(release(fixture, (struct act_pair){PAIR}, &error));
	engine_fixture_script(fixture, &done, 1);
	pump_abort(fixture->pump);
	turn(fixture);
	job = engine_fixture_job(fixture, "c1", 0);
	assert_int_equal(job.state, JOB_HELD);
	assert_int_equal(job.next_ms, 0);
	/* It is another install when it comes again: this one may have reached the service. */
	assert_int_equal(job.generation, 1);
	assert_string_not_equal(job.idempotency_key, key);
	assert_true(engine_fixture_holds_key(fixture, &job));
	store_job_clear(&job);
	free(key);
	assert_history(fixture, "c1", "act:release:0 push:interrupted:0");
	assert_state(fixture, "c2", 0, JOB_SCHEDULED);
}

static void test_release_is_refused(void **state)
{
	static const struct {
		struct act_pair pair;
		const char *says;
	} cases[] = {
		{{0}, "which service code?"},
		{{.job = 4711}, "there is no job 4711"},
		{{.job = 1}, "job 1 is installed, and waits for no other contract"},
		{{.service = "webhg2", .service_code = "x"},
			"no contract has service code x of webhg2"},
		{{PAIR, .to = "c9"}, "contract c9 does not name service code whg1 of webhg2"},
		{{PAIR, .to = "c1"}, "contract c1 has service code whg1 of webhg2 already"},
		{{.service = "docex", .service_code = "d1"},
			"no contract waits for service code d1 of docex, which contract c4 has"},
	};
	struct engine_fixture *fixture = *state;
	struct error error;
	size_t i;

	let_two_wait(fixture);
	take(fixture, "c4", 1, 4,
		"{\"service\":\"docex\",\"service_code\":\"d1\",\"fqdn\":\"www.example.jp\"}");
	for (i = 0; i < ARRAY_LENGTH(cases); i++) {
		assert_null(release(fixture, cases[i].pair, &error));
		assert_int_equal(error.kind, ERROR_PERMANENT);
		if (strstr(error.text, cases[i].says) == NULL)
			fail_msg("\"%s\" is not in \"%s\"", cases[i].says, error.text);
	}
	assert_state(fixture, "c2", 0, JOB_HELD);
}

/* What was installed before the pair was given away has to be so once more when it comes back. */
static void test_released_comes_back(void **state)
{
	struct engine_fixture *fixture = *state;
	struct store_job job;
	struct error error;

	let_two_wait(fixture);
	json_object_put(release(fixture, (struct act_pair){PAIR}, &error));
	/* Nothing went over it. */
	take(fixture, "c2", 2, 2, OTHER);
	assert_state(fixture, "c1", 0, JOB_INSTALLED);
	take(fixture, "c2", 3, 2, ANEW);
	json_object_put(release(fixture, (struct act_pair){PAIR, .to = "c2"}, &error));
	pump_at(fixture, START + 3 * DAY);
	assert_state(fixture, "c2", 0, JOB_INSTALLED);
	take(fixture, "c2", 4, 2, OTHER);
	job = engine_fixture_job(fixture, "c1", 0);
	assert_int_equal(job.state, JOB_REFUSED);
	assert_string_equal(job.detail, "key-mismatch");
	store_job_clear(&job);
	/* A record brings the key; it is another install. */
	take(fixture, "c1", 2, 1, OLD);
	job = engine_fixture_job(fixture, "c1", 0);
	assert_int_equal(job.state, JOB_SCHEDULED);
	assert_int_equal(job.generation, 1);
	store_job_clear(&job);
	pump_at(fixture, START + 7 * DAY);
	assert_state(fixture, "c1", 0, JOB_INSTALLED);
}

/* What failed before the pair was given away is not to go over the other's by a retry. */
static void test_no_retry_on_anothers_code(void **state)
{
	struct engine_fixture *fixture = *state;
	struct error error;

	fail_one(fixture);
	take(fixture, "c2", 1, 2, YOUNG);
	json_object_put(release(fixture, (struct act_pair){PAIR}, &error));
	assert_false(act_on(fixture, act_retry, "c1", false));
	assert_state(fixture, "c1", 0, JOB_FAILED);
	assert_true(act_on(fixture, act_cancel, "c1", false));
	assert_true(act_on(fixture, act_cancel, "c2", false));
}

/* ---- pause ---- */

typedef bool service_act(const struct act *act, const char *service, struct json_object **result,
	struct error *error);

static bool act_on_service(
	struct engine_fixture *fixture, service_act *performed, const char *service, bool dry)
{
	struct act act = by_alice(fixture);
	struct json_object *result;
	struct error error;
	bool was_done;

	act.dry = dry;
	if (!performed(&act, service, &result, &error))
		fail_msg("%s", error.text);
	was_done = number_of(result, "done") == 1;
	json_object_put(result);
	return was_done;
}

static void test_pause(void **state)
{
	struct engine_fixture *fixture = *state;
	struct error error;
	bool untried;

	take(fixture, "c1", 1, 1, TWO);
	assert_true(act_on_service(fixture, act_pause, "webhg2", true));
	assert_true(act_on_service(fixture, act_pause, "webhg2", false));
	assert_false(act_on_service(fixture, act_pause, "webhg2", false));
	told[0] = '\0';
	pump_at(fixture, DUE);
	/* The other service goes on. */
	assert_int_equal(fixture->sent_count, 1);
	assert_state(fixture, "c1", 0, JOB_SCHEDULED);
	assert_state(fixture, "c1", 1, JOB_INSTALLED);
	assert_non_null(strstr(told, "service webhg2 is paused by an operator"));
	assert_int_equal(fixture->idle_next_ms, INT64_MAX);
	assert_true(pump_untried(fixture->pump, &untried, &error));
	assert_false(untried);
	/* Told once. */
	told[0] = '\0';
	pump_at(fixture, DUE + HOUR);
	assert_string_equal(told, "");
	engine_fixture_restart(fixture);
	pump_at(fixture, DUE + 2 * HOUR);
	assert_int_equal(fixture->sent_count, 1);
	assert_history(fixture, "c1", "");
	told[0] = '\0';
	assert_true(act_on_service(fixture, act_resume, "webhg2", true));
	assert_string_equal(told, "");
	assert_true(act_on_service(fixture, act_resume, "webhg2", false));
	assert_non_null(strstr(told, "service webhg2: was paused by alice at "
				     "2026-11-16T10:00:00+09:00: a test: resume by alice: a test "
				     "SERVICE=webhg2 OUTCOME=resumed OPERATOR=alice"));
	assert_false(act_on_service(fixture, act_resume, "webhg2", false));
	engine_fixture_pump(fixture);
	assert_int_equal(fixture->sent_count, 2);
	assert_state(fixture, "c1", 0, JOB_INSTALLED);
	assert_history(fixture, "c1", "push:done:200 verify:served:0");
}

/* What the service took before is looked at; in flight ends as it would. */
static void test_pause_looks_on(void **state)
{
	struct engine_fixture *fixture = *state;
	const struct profile *profile =
		config_profile(settings_config(fixture->settings), "webhg2");

	fixture->edge = EDGE_SERVES_OLD;
	take(fixture, "c1", 1, 1, OLD);
	pump_at(fixture, DUE);
	assert_state(fixture, "c1", 0, JOB_VERIFYING);
	assert_true(act_on_service(fixture, act_pause, "webhg2", false));
	pump_at(fixture, DUE + profile->verify_interval_ms);
	assert_history(fixture, "c1", "push:done:200 verify:old:0 verify:old:0");
	fixture->edge = EDGE_SERVES_LAST;
	pump_at(fixture, DUE + 2 * profile->verify_interval_ms);
	assert_state(fixture, "c1", 0, JOB_INSTALLED);
	assert_int_equal(fixture->sent_count, 1);
}

/* What failed for now is not tried again, and uses up no attempt. */
static void test_pause_while_retrying(void **state)
{
	static const struct scripted_answer busy = {HTTP_OK, 503, NULL, false, NULL, NULL};
	struct engine_fixture *fixture = *state;
	struct store_job job;

	engine_fixture_script(fixture, &busy, 1);
	take(fixture, "c1", 1, 1, OLD);
	pump_at(fixture, DUE);
	assert_state(fixture, "c1", 0, JOB_RETRYING);
	assert_true(act_on_service(fixture, act_pause, "webhg2", false));
	engine_fixture_script(fixture, &done, 1);
	pump_at(fixture, DUE + HOUR);
	job = engine_fixture_job(fixture, "c1", 0);
	assert_int_equal(job.state, JOB_RETRYING);
	assert_int_equal(job.attempts, 1);
	store_job_clear(&job);
	assert_true(act_on_service(fixture, act_resume, "webhg2", false));
	engine_fixture_pump(fixture);
	assert_state(fixture, "c1", 0, JOB_INSTALLED);
}

static void test_pause_of_no_service(void **state)
{
	struct engine_fixture *fixture = *state;
	struct act act = by_alice(fixture);
	const struct store_pause gone = {"gone", START, "bob", ""};
	struct json_object *result;
	struct error error;
	bool added;

	assert_false(act_pause(&act, "webgh2", &result, &error));
	assert_int_equal(error.kind, ERROR_PERMANENT);
	assert_non_null(strstr(error.text, "there is no service \"webgh2\"; there are "));
	assert_non_null(strstr(error.text, "webhg2"));
	assert_false(act_resume(&act, "webgh2", &result, &error));
	assert_non_null(strstr(error.text, "there is no service"));
	/* Of before a service was taken out of the configuration. */
	assert_true(store_pause_add(fixture->store, &gone, &added, &error));
	assert_true(act_on_service(fixture, act_resume, "gone", false));
}

/* ---- import ---- */

static struct json_object *import(
	struct engine_fixture *fixture, const char *text, bool dry, struct error *error)
{
	struct act act = by_alice(fixture);
	struct json_object *result = NULL;

	act.dry = dry;
	if (!act_import(&act, text, strlen(text), &result, error))
		return NULL;
	return result;
}

static char *record_text(const char *contract, int revision, int certificate, const char *links)
{
	const struct fixture_record record = {.contract = contract,
		.revision = revision,
		.certificate = certificate,
		.links = links};

	return fixture_record_text(&record);
}

/* How many files the spool has; the last one's name. */
static size_t spool_files(struct engine_fixture *fixture, char name[NAME_MAX + 1])
{
	DIR *directory = opendir(settings_config(fixture->settings)->spool);
	const struct dirent *entry;
	size_t count = 0;

	assert_non_null(directory);
	while ((entry = readdir(directory)) != NULL) {
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		snprintf(name, NAME_MAX + 1, "%s", entry->d_name);
		count++;
	}
	closedir(directory);
	return count;
}

static void make_spool(struct engine_fixture *fixture)
{
	(void)mkdir(settings_config(fixture->settings)->spool, 0700);
}

static void remove_spool(struct engine_fixture *fixture)
{
	const char *spool = settings_config(fixture->settings)->spool;
	char name[NAME_MAX + 1];

	while (spool_files(fixture, name) > 0) {
		char *path = xasprintf("%s/%s", spool, name);

		assert_int_equal(unlink(path), 0);
		free(path);
	}
	assert_int_equal(rmdir(spool), 0);
}

static struct json_object *member(struct json_object *object, const char *key, size_t index)
{
	struct json_object *array;

	assert_true(json_object_object_get_ex(object, key, &array));
	assert_true(json_object_array_length(array) > index);
	return json_object_array_get_idx(array, index);
}

static void test_import(void **state)
{
	struct engine_fixture *fixture = *state;
	char *text = record_text("c1", 1, 1, OLD), name[NAME_MAX + 1], *path;
	struct json_object *result, *record;
	struct buffer content = {0};
	struct stat status;
	struct error error;

	make_spool(fixture);
	result = import(fixture, text, true, &error);
	assert_non_null(result);
	assert_null(text_of(result, "file"));
	assert_int_equal(number_of(result, "accepted"), 1);
	record = member(result, "records", 0);
	assert_string_equal(text_of(record, "contract"), "c1");
	assert_int_equal(number_of(record, "known"), 0);
	assert_string_equal(text_of(member(record, "links", 0), "verdict"), "accept");
	assert_string_equal(
		text_of(member(record, "links", 0), "due"), "2026-11-17T09:00:00+09:00");
	json_object_put(result);
	assert_int_equal(spool_files(fixture, name), 0);
	result = import(fixture, text, false, &error);
	assert_non_null(result);
	assert_int_equal(spool_files(fixture, name), 1);
	assert_string_equal(text_of(result, "file"), name);
	assert_non_null(strstr(name, ".json"));
	path = xasprintf("%s/%s", settings_config(fixture->settings)->spool, name);
	assert_int_equal(stat(path, &status), 0);
	assert_int_equal(status.st_mode & 07777, 0600);
	assert_true(file_read(path, 1 << 20, &content, &error));
	assert_string_equal(buffer_text(&content), text);
	assert_non_null(strstr(told, "1 records were handed over as import-"));
	/* Nothing of it is in the store yet: that is for who takes it in. */
	assert_int_equal(engine_fixture_job_count(fixture, "c1"), 0);
	json_object_put(result);
	take(fixture, "c1", 1, 1, OLD);
	result = import(fixture, text, true, &error);
	assert_int_equal(number_of(member(result, "records", 0), "known"), 1);
	json_object_put(result);
	buffer_free(&content);
	remove_spool(fixture);
	free(path);
	free(text);
}

static void test_import_of_several(void **state)
{
	struct engine_fixture *fixture = *state;
	char *one = record_text("c1", 2, 1, OTHER), *two = record_text("c2", 1, 2, YOUNG),
	     *three = record_text("c3", 1, 3, YOUNGEST), *both, name[NAME_MAX + 1];
	struct json_object *result;
	struct error error;

	make_spool(fixture);
	take(fixture, "c1", 1, 1, OLD);
	both = xasprintf("%s\n\n%s\n", two, three);
	result = import(fixture, both, true, &error);
	assert_int_equal(number_of(result, "held"), 2);
	assert_string_equal(
		text_of(member(member(result, "records", 1), "links", 0), "holder"), "c1");
	json_object_put(result);
	free(both);
	/* Judged in their order, each as those before it left the queue. */
	both = xasprintf("%s\n%s\n", one, two);
	result = import(fixture, both, false, &error);
	assert_non_null(result);
	assert_int_equal(number_of(result, "accepted"), 1);
	assert_int_equal(number_of(result, "held"), 0);
	assert_int_equal(spool_files(fixture, name), 1);
	assert_non_null(strstr(name, ".ndjson"));
	json_object_put(result);
	free(both);
	/* What it would mean for others. */
	take(fixture, "c2", 1, 2, YOUNG);
	result = import(fixture, one, true, &error);
	assert_string_equal(text_of(member(result, "others", 0), "contract"), "c2");
	assert_string_equal(text_of(member(result, "others", 0), "verdict"), "accept");
	json_object_put(result);
	remove_spool(fixture);
	free(one);
	free(two);
	free(three);
}

/* One bad record: none is handed over. */
static void test_import_is_refused(void **state)
{
	struct engine_fixture *fixture = *state;
	char *good = record_text("c1", 1, 1, OLD), *other = record_text("c1", 1, 2, OLD), *bad,
	     name[NAME_MAX + 1];
	struct error error;

	make_spool(fixture);
	bad = xasprintf("%s\n{\"contract\":\"c2\"}\n", good);
	assert_null(import(fixture, bad, false, &error));
	assert_int_equal(error.kind, ERROR_PERMANENT);
	assert_non_null(strstr(error.text, "line 2: "));
	assert_null(import(fixture, " \n ", false, &error));
	assert_non_null(strstr(error.text, "no record"));
	assert_null(import(fixture, "{", false, &error));
	take(fixture, "c1", 1, 1, OLD);
	assert_null(import(fixture, other, false, &error));
	assert_non_null(strstr(error.text, "revision-conflict"));
	assert_int_equal(spool_files(fixture, name), 0);
	remove_spool(fixture);
	/* No spool: nothing is said to be handed over. */
	assert_null(import(fixture, good, false, &error));
	assert_int_equal(error.kind, ERROR_TEMPORARY);
	free(bad);
	free(good);
	free(other);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_retry),
		TEST(test_words_are_cleaned),
		TEST(test_retry_by_filter),
		TEST(test_cancel),
		TEST(test_cancelled_stays_so),
		TEST(test_what_brings_it_back),
		TEST(test_retry_of_a_cancelled_one),
		TEST(test_retry_where_the_key_is_held),
		TEST(test_cancel_in_flight),
		TEST(test_cancel_by_filter),
		TEST(test_release),
		TEST(test_released_is_kept),
		TEST(test_release_of_a_job),
		TEST(test_release_dry),
		TEST(test_release_in_flight),
		TEST(test_released_comes_back),
		TEST(test_release_is_refused),
		TEST(test_no_retry_on_anothers_code),
		TEST(test_pause),
		TEST(test_pause_looks_on),
		TEST(test_pause_while_retrying),
		TEST(test_pause_of_no_service),
		TEST(test_import),
		TEST(test_import_of_several),
		TEST(test_import_is_refused),
	};

	int status = cmocka_run_group_tests_name("acts", tests, NULL, NULL);

	fixture_free();
	return status;
}
