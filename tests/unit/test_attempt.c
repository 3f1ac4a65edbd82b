#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "base/civil.h"
#include "base/text.h"
#include "engine/recheck.h"
#include "engine_fixture.h"
#include "pki_fixture.h"

/* The ways of services: steps, installs that go on at the service, reading back, edges, hours. */

#define HOUR_MS INT64_C(3600000)
#define DUE_MS (FIXTURE_START_MS + 23 * HOUR_MS)
/* idgw: the fourth business day. */
#define IDGW_DUE_MS (DUE_MS + 3 * DAY_MS)

#define RETRIES "retry-floor = \"10s\" retry-ceiling = \"10s\""

static int end(void **state)
{
	engine_fixture_free(*state);
	return 0;
}

static void advance_to(struct engine_fixture *fixture, int64_t wall_ms)
{
	manual_clock_advance(&fixture->clock, wall_ms - fixture->clock.wall_now_ms);
}

static void take(struct engine_fixture *fixture, const char *service, int certificate)
{
	char *links = xasprintf("{\"service\":\"%s\",\"service_code\":\"code1\","
				"\"fqdn\":\"www.example.jp\"}",
		service);
	const struct fixture_record record = {.contract = "c1",
		.revision = certificate,
		.certificate = certificate,
		.links = links};

	assert_int_equal(engine_fixture_take(fixture, &record, NULL), SPOOL_TAKEN);
	free(links);
}

/* The state, what the detail holds, and the history of the newest job. */
static void expect(struct engine_fixture *fixture, enum job_state state, const char *detail,
	const char *attempts)
{
	struct store_job job =
		engine_fixture_job(fixture, "c1", engine_fixture_job_count(fixture, "c1") - 1);
	char *text = engine_fixture_attempts(fixture, job.id);

	assert_string_equal(job_state_name(job.state), job_state_name(state));
	if (detail != NULL && strstr(job.detail, detail) == NULL)
		fail_msg("the detail is \"%s\", without \"%s\"", job.detail, detail);
	if (attempts != NULL)
		assert_string_equal(text, attempts);
	free(text);
	store_job_clear(&job);
}

static int64_t next_of(struct engine_fixture *fixture)
{
	struct store_job job = engine_fixture_job(fixture, "c1", 0);
	int64_t next_ms = job.next_ms;

	store_job_clear(&job);
	return next_ms;
}

/* ---- installs that go on at the service ---- */

#define ACCEPTED                                                                                   \
	{                                                                                          \
		.status = 202, .location = "/idgw/code1/certificate-requests/7",                   \
		.body = "{\"status\":\"pending\"}"                                                 \
	}

static int begin_shipped(void **state)
{
	*state = engine_fixture_new(RETRIES);
	return 0;
}

static void test_followed_across_a_restart(void **state)
{
	static const struct scripted_answer answers[] = {ACCEPTED,
		{.status = 200, .retry_after = "7", .body = "{\"status\":\"pending\"}"},
		{.status = 200, .body = "{\"status\":\"done\"}"}};
	struct engine_fixture *fixture = *state;

	engine_fixture_script(fixture, answers, ARRAY_LENGTH(answers));
	take(fixture, "idgw", 1);
	advance_to(fixture, IDGW_DUE_MS);
	engine_fixture_pump(fixture);
	expect(fixture, JOB_VERIFYING, NULL, "push:accepted:202");
	assert_int_equal(fixture->probes, 0);
	engine_fixture_restart(fixture);
	advance_to(fixture, next_of(fixture));
	engine_fixture_pump(fixture);
	/* Asked for, and not sent again; at the pace that the answer gave. */
	assert_string_equal(fixture->sent[1].method, "GET");
	assert_string_equal(
		fixture->sent[1].url, "https://idgw.test/idgw/code1/certificate-requests/7");
	assert_string_equal(fixture->sent[1].body, "");
	assert_int_equal(next_of(fixture), fixture->clock.wall_now_ms + 7000);
	advance_to(fixture, next_of(fixture));
	engine_fixture_pump(fixture);
	assert_int_equal(fixture->sent_count, 3);
	expect(fixture, JOB_INSTALLED, "served by edge:443",
		"push:accepted:202 follow:pending:200 follow:done:200 verify:served:0");
}

static void test_failed_at_the_service(void **state)
{
	static const struct scripted_answer answers[] = {ACCEPTED,
		{.status = 200,
			.body = "{\"status\":\"failed\",\"reason\":\"no\\u001b[31m room\"}"}};
	struct engine_fixture *fixture = *state;

	engine_fixture_script(fixture, answers, ARRAY_LENGTH(answers));
	take(fixture, "idgw", 1);
	advance_to(fixture, IDGW_DUE_MS);
	engine_fixture_pump(fixture);
	advance_to(fixture, next_of(fixture));
	engine_fixture_pump(fixture);
	expect(fixture, JOB_FAILED, "no?[31m room", "push:accepted:202 follow:permanent:200");
}

static void test_gone_at_the_service_is_sent_again(void **state)
{
	static const struct scripted_answer answers[] = {ACCEPTED, {.status = 404}, ACCEPTED,
		{.status = 200, .body = "{\"status\":\"done\"}"}};
	struct engine_fixture *fixture = *state;
	int i;

	engine_fixture_script(fixture, answers, ARRAY_LENGTH(answers));
	take(fixture, "idgw", 1);
	advance_to(fixture, IDGW_DUE_MS);
	for (i = 0; i < 4; i++) {
		engine_fixture_pump(fixture);
		if (i < 3)
			advance_to(fixture, next_of(fixture));
	}
	expect(fixture, JOB_INSTALLED, NULL,
		"push:accepted:202 follow:temporary:404 push:accepted:202 follow:done:200 "
		"verify:served:0");
	assert_string_equal(fixture->sent[0].idempotency_key, fixture->sent[2].idempotency_key);
}

static void test_pending_for_too_long(void **state)
{
	static const struct scripted_answer answers[] = {
		ACCEPTED, {.status = 200, .body = "{\"status\":\"pending\"}"}};
	struct engine_fixture *fixture = *state;
	int64_t timeout =
		config_profile(settings_config(fixture->settings), "idgw")->follow.timeout_ms;

	engine_fixture_script(fixture, answers, ARRAY_LENGTH(answers));
	take(fixture, "idgw", 1);
	advance_to(fixture, IDGW_DUE_MS);
	engine_fixture_pump(fixture);
	advance_to(fixture, IDGW_DUE_MS + timeout - 1);
	engine_fixture_pump(fixture);
	expect(fixture, JOB_VERIFYING, NULL, NULL);
	advance_to(fixture, IDGW_DUE_MS + timeout + 60000);
	engine_fixture_pump(fixture);
	expect(fixture, JOB_RETRYING, "still pending at the service after", NULL);
}

static void test_silence_while_pending_is_no_failure(void **state)
{
	static const struct scripted_answer answers[] = {ACCEPTED, {.failure = HTTP_TIMED_OUT},
		{.status = 500}, {.status = 200, .body = "{\"status\":\"done\"}"}};
	struct engine_fixture *fixture = *state;
	int i;

	engine_fixture_script(fixture, answers, ARRAY_LENGTH(answers));
	take(fixture, "idgw", 1);
	advance_to(fixture, IDGW_DUE_MS);
	for (i = 0; i < 4; i++) {
		engine_fixture_pump(fixture);
		if (i < 3)
			advance_to(fixture, next_of(fixture));
	}
	expect(fixture, JOB_INSTALLED, NULL,
		"push:accepted:202 follow:temporary:0 follow:temporary:500 follow:done:200 "
		"verify:served:0");
}

static void test_never_led_elsewhere(void **state)
{
	static const struct scripted_answer answer = {
		.status = 202, .location = "https://elsewhere.test/requests/7"};
	struct engine_fixture *fixture = *state;

	engine_fixture_script(fixture, &answer, 1);
	take(fixture, "idgw", 1);
	advance_to(fixture, IDGW_DUE_MS);
	engine_fixture_pump(fixture);
	expect(fixture, JOB_FAILED, NULL, "push:permanent:202");
	assert_int_equal(fixture->sent_count, 1);
}

/* ---- servers that nobody foresaw ---- */

#define FOREIGN                                                                                    \
	"name = \"Foreign\"\nbusiness-days = 1\nbring-in = \"optional\"\n"                         \
	"body = \"template\"\ntemplate-type = \"application/json\"\n"                              \
	"template = '{\"@id\": \"{fqdn}\", \"pem\": \"{leaf}{chain}\", \"key\": \"{key}\"}'\n"

static int begin_steps(void **state)
{
	*state = engine_fixture_new_foreign(RETRIES,
		FOREIGN "step replace { method = \"PATCH\" path = \"/id/{fqdn}\" success = {200} "
			"on = {404} then = \"append\" }\n"
			"step append { method = \"POST\" path = \"/list\" success = {200} }\n"
			"answer refused { status = {500} member = \"/error\" "
			"matches = \"does not match\" means = \"permanent\" }\n");
	return 0;
}

static void test_second_step(void **state)
{
	static const struct scripted_answer answers[] = {{.status = 404}, {.status = 200}};
	struct engine_fixture *fixture = *state;

	engine_fixture_script(fixture, answers, ARRAY_LENGTH(answers));
	take(fixture, "foreign", 1);
	advance_to(fixture, DUE_MS);
	engine_fixture_pump(fixture);
	expect(fixture, JOB_INSTALLED, NULL, "push:next-step:404 push:done:200 verify:skipped:0");
	assert_string_equal(fixture->sent[0].method, "PATCH");
	assert_string_equal(fixture->sent[0].url, "https://foreign.test/id/www.example.jp");
	assert_string_equal(fixture->sent[1].method, "POST");
	assert_string_equal(fixture->sent[1].url, "https://foreign.test/list");
	assert_non_null(strstr(fixture->sent[1].body, "-----BEGIN PRIVATE KEY-----\\n"));
	assert_string_equal(fixture->sent[0].body, fixture->sent[1].body);
}

static void test_each_try_begins_at_the_first_step(void **state)
{
	static const struct scripted_answer answers[] = {
		{.status = 404}, {.failure = HTTP_BROKEN}, {.status = 200}};
	struct engine_fixture *fixture = *state;

	engine_fixture_script(fixture, answers, ARRAY_LENGTH(answers));
	take(fixture, "foreign", 1);
	advance_to(fixture, DUE_MS);
	engine_fixture_pump(fixture);
	expect(fixture, JOB_RETRYING, NULL, "push:next-step:404 push:temporary:0");
	advance_to(fixture, next_of(fixture));
	engine_fixture_pump(fixture);
	assert_string_equal(fixture->sent[2].method, "PATCH");
	expect(fixture, JOB_INSTALLED, NULL, NULL);
}

static void test_a_500_that_means_never(void **state)
{
	static const struct scripted_answer answer = {
		.status = 500, .body = "{\"error\":\"private key does not match public key\"}"};
	struct engine_fixture *fixture = *state;

	engine_fixture_script(fixture, &answer, 1);
	take(fixture, "foreign", 1);
	advance_to(fixture, DUE_MS);
	engine_fixture_pump(fixture);
	expect(fixture, JOB_FAILED, NULL, "push:permanent:500");
}

/* ---- reading back ---- */

#define ZEROS "0000000000000000000000000000000000000000000000000000000000000000"

static int begin_read_back(void **state)
{
	*state = engine_fixture_new_foreign(RETRIES,
		FOREIGN "method = \"PUT\"\npath = \"/certificates/{fqdn}\"\nsuccess = {200}\n"
			"read-back { path = \"/certificates/{fqdn}\" member = \"/sha256\" "
			"as = \"sha256\" absent = {404} }\n");
	return 0;
}

static void test_installed_already(void **state)
{
	struct engine_fixture *fixture = *state;
	char hex[FINGERPRINT_TEXT_MAX], *body;
	struct scripted_answer answer = {.status = 200};
	struct store_job job;

	take(fixture, "foreign", 1);
	job = engine_fixture_job(fixture, "c1", 0);
	text_hex(hex, job.fingerprint, FINGERPRINT_SIZE);
	store_job_clear(&job);
	body = xasprintf("{\"sha256\":\"%s\"}", hex);
	answer.body = body;
	engine_fixture_script(fixture, &answer, 1);
	advance_to(fixture, DUE_MS);
	engine_fixture_pump(fixture);
	assert_int_equal(fixture->sent_count, 1);
	assert_string_equal(fixture->sent[0].method, "GET");
	expect(fixture, JOB_INSTALLED, NULL, "read-back:same:0 verify:skipped:0");
	free(body);
}

static void test_not_installed_yet(void **state)
{
	static const struct {
		struct scripted_answer answer;
		const char *attempts;
	} cases[] = {
		{{.status = 404}, "read-back:none:404 push:done:200 verify:skipped:0"},
		{{.status = 200, .body = "{\"sha256\":\"" ZEROS "\"}"},
			"read-back:other:200 push:done:200 verify:skipped:0"},
		{{.status = 200, .body = "{}"},
			"read-back:unknown:200 push:done:200 verify:skipped:0"},
		{{.status = 500}, "read-back:unknown:500 push:done:200 verify:skipped:0"},
	};
	struct engine_fixture *fixture = *state;
	size_t i;

	for (i = 0; i < ARRAY_LENGTH(cases); i++) {
		const struct scripted_answer answers[] = {cases[i].answer, {.status = 200}};

		engine_fixture_script(fixture, answers, 2);
		take(fixture, "foreign", (int)i + 1);
		advance_to(fixture, DUE_MS + (int64_t)i);
		engine_fixture_pump(fixture);
		expect(fixture, JOB_INSTALLED, NULL, cases[i].attempts);
	}
}

/* ---- edges ---- */

static int begin_edges(void **state)
{
	*state = engine_fixture_new_foreign(RETRIES,
		FOREIGN "method = \"PUT\"\npath = \"/c\"\nsuccess = {200}\n"
			"edges = {\"good1:443\", \"bad:443\", \"good2:443\"}\nedges-needed = 2\n"
			"verify-grace = \"1m\"\n");
	return 0;
}

static void test_enough_edges(void **state)
{
	struct engine_fixture *fixture = *state;

	fixture->edge = EDGE_BY_ADDRESS;
	take(fixture, "foreign", 1);
	advance_to(fixture, DUE_MS);
	engine_fixture_pump(fixture);
	assert_int_equal(fixture->probes, 3);
	expect(fixture, JOB_INSTALLED, "served by good1:443; served by good2:443",
		"push:done:200 verify:served:0");
}

static int begin_own_dns(void **state)
{
	*state = engine_fixture_new_foreign(RETRIES,
		FOREIGN "method = \"PUT\"\npath = \"/c\"\nsuccess = {200}\n"
			"edges = {\"{fqdn}:8443\"}\n");
	return 0;
}

static void test_edge_by_the_names_own_dns(void **state)
{
	struct engine_fixture *fixture = *state;

	take(fixture, "foreign", 1);
	advance_to(fixture, DUE_MS);
	engine_fixture_pump(fixture);
	expect(fixture, JOB_INSTALLED, "served by www.example.jp:8443",
		"push:done:200 verify:served:0");
}

static int begin_all_edges(void **state)
{
	*state = engine_fixture_new_foreign(RETRIES,
		FOREIGN "method = \"PUT\"\npath = \"/c\"\nsuccess = {200}\n"
			"edges = {\"good1:443\", \"bad:443\"}\n");
	return 0;
}

static void test_all_edges_must_serve(void **state)
{
	struct engine_fixture *fixture = *state;

	fixture->edge = EDGE_BY_ADDRESS;
	take(fixture, "foreign", 1);
	advance_to(fixture, DUE_MS);
	engine_fixture_pump(fixture);
	expect(fixture, JOB_VERIFYING, "bad:443 still serves another certificate of this name",
		"push:done:200 verify:old:0");
}

static void test_wrong_chain(void **state)
{
	struct engine_fixture *fixture = *state;

	fixture->edge = EDGE_SERVES_NO_CHAIN;
	take(fixture, "foreign", 1);
	advance_to(fixture, DUE_MS);
	engine_fixture_pump(fixture);
	expect(fixture, JOB_VERIFYING, "without the intermediates that go with it",
		"push:done:200 verify:wrong-chain:0");
}

/* ---- opening hours ---- */

static int begin_hours(void **state)
{
	*state = engine_fixture_new_foreign(RETRIES,
		FOREIGN "method = \"PUT\"\npath = \"/c\"\nsuccess = {200}\nedge = \"edge:443\"\n"
			"verify-grace = \"20h\"\n"
			"install-from = \"22:00\"\ninstall-until = \"23:00\"\n");
	return 0;
}

static void test_waits_for_the_hours(void **state)
{
	struct engine_fixture *fixture = *state;
	int64_t opens_ms = DUE_MS + 13 * HOUR_MS;

	fixture->edge = EDGE_SERVES_OLD;
	take(fixture, "foreign", 1);
	advance_to(fixture, DUE_MS);
	engine_fixture_pump(fixture);
	/* No attempt is used up, and the next thing to do is the opening. */
	assert_int_equal(fixture->sent_count, 0);
	expect(fixture, JOB_SCHEDULED, NULL, "");
	assert_int_equal(fixture->idle_next_ms, opens_ms);
	advance_to(fixture, opens_ms - 1);
	engine_fixture_pump(fixture);
	assert_int_equal(fixture->sent_count, 0);
	advance_to(fixture, opens_ms);
	engine_fixture_pump(fixture);
	assert_int_equal(fixture->sent_count, 1);
	expect(fixture, JOB_VERIFYING, NULL, "push:done:200 verify:old:0");
	/* What the service took is looked at whatever the hour. */
	fixture->edge = EDGE_SERVES_LAST;
	advance_to(fixture, opens_ms + 5 * HOUR_MS);
	engine_fixture_pump(fixture);
	expect(fixture, JOB_INSTALLED, NULL, "push:done:200 verify:old:0 verify:served:0");
}

/* ---- the rolling check ---- */

static int begin_recheck(void **state)
{
	*state = engine_fixture_new_foreign(RETRIES " recheck-interval = \"10ms\"",
		FOREIGN "method = \"PUT\"\npath = \"/c\"\nsuccess = {200}\nedge = \"edge:443\"\n");
	return 0;
}

static void stop_loop(void *context)
{
	loop_stop(context);
}

/* The loop turns until PROBES more looks were taken, on its own short timer. */
static void turn(struct engine_fixture *fixture, size_t probes)
{
	struct loop_timer *timer = loop_timer_new(fixture->loop, stop_loop, fixture->loop);
	size_t wanted = fixture->probes + probes;
	struct error error;

	while (fixture->probes < wanted) {
		loop_timer_set(timer, 5);
		assert_true(loop_run(fixture->loop, &error));
	}
	loop_timer_set(timer, 1);
	assert_true(loop_run(fixture->loop, &error));
	loop_timer_free(timer);
}

static void test_rolling_check(void **state)
{
	static const char good[] = "push:done:200 verify:served:0";
	struct engine_fixture *fixture = *state;
	struct recheck *recheck;
	char *wanted, *longer;
	size_t probes;

	take(fixture, "foreign", 1);
	advance_to(fixture, DUE_MS);
	engine_fixture_pump(fixture);
	expect(fixture, JOB_INSTALLED, NULL, good);
	recheck = recheck_new(fixture->loop, fixture->store, fixture->settings);
	/* All is well: nothing is written. */
	turn(fixture, 2);
	expect(fixture, JOB_INSTALLED, NULL, good);
	fixture->edge = EDGE_SERVES_OLD;
	probes = fixture->probes;
	turn(fixture, 1);
	recheck_free(recheck);
	/* Each look's finding is kept; on a busy machine there were more than one. */
	wanted = xstrdup(good);
	for (; probes < fixture->probes; probes++) {
		longer = xasprintf("%s verify:old:0", wanted);
		free(wanted);
		wanted = longer;
	}
	expect(fixture, JOB_INSTALLED, NULL, wanted);
	free(wanted);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_followed_across_a_restart, begin_shipped, end),
		cmocka_unit_test_setup_teardown(test_failed_at_the_service, begin_shipped, end),
		cmocka_unit_test_setup_teardown(
			test_gone_at_the_service_is_sent_again, begin_shipped, end),
		cmocka_unit_test_setup_teardown(test_pending_for_too_long, begin_shipped, end),
		cmocka_unit_test_setup_teardown(
			test_silence_while_pending_is_no_failure, begin_shipped, end),
		cmocka_unit_test_setup_teardown(test_never_led_elsewhere, begin_shipped, end),
		cmocka_unit_test_setup_teardown(test_second_step, begin_steps, end),
		cmocka_unit_test_setup_teardown(
			test_each_try_begins_at_the_first_step, begin_steps, end),
		cmocka_unit_test_setup_teardown(test_a_500_that_means_never, begin_steps, end),
		cmocka_unit_test_setup_teardown(test_installed_already, begin_read_back, end),
		cmocka_unit_test_setup_teardown(test_not_installed_yet, begin_read_back, end),
		cmocka_unit_test_setup_teardown(test_enough_edges, begin_edges, end),
		cmocka_unit_test_setup_teardown(test_edge_by_the_names_own_dns, begin_own_dns, end),
		cmocka_unit_test_setup_teardown(test_all_edges_must_serve, begin_all_edges, end),
		cmocka_unit_test_setup_teardown(test_wrong_chain, begin_all_edges, end),
		cmocka_unit_test_setup_teardown(test_waits_for_the_hours, begin_hours, end),
		cmocka_unit_test_setup_teardown(test_rolling_check, begin_recheck, end),
	};
	int status = cmocka_run_group_tests_name("attempt", tests, NULL, NULL);

	fixture_free();
	return status;
}
