#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sqlite3.h>

#include "base/alloc.h"
#include "base/civil.h"
#include "base/file.h"
#include "base/text.h"
#include "engine_fixture.h"
#include "pki_fixture.h"

/* A job of a restored copy: the service is asked before a push. */

#define HOUR_MS INT64_C(3600000)
#define DUE_MS (FIXTURE_START_MS + 23 * HOUR_MS)
/* Of the fixture's certificates. */
#define NOT_BEFORE_MS (FIXTURE_START_MS - 100 * FIXTURE_DAY_MS)
#define ZEROS "0000000000000000000000000000000000000000000000000000000000000000"

#define FOREIGN                                                                                    \
	"name = \"Foreign\"\nbusiness-days = 1\nbring-in = \"optional\"\n"                         \
	"body = \"template\"\ntemplate-type = \"application/json\"\n"                              \
	"template = '{\"pem\": \"{leaf}{chain}\", \"key\": \"{key}\"}'\n"                          \
	"method = \"PUT\"\npath = \"/c/{fqdn}\"\nsuccess = {200}\n"
#define READ_BACK                                                                                  \
	"read-back { path = \"/c/{fqdn}\" member = \"/sha256\" as = \"sha256\" "                   \
	"absent = {404} }\nread-back-before-push = false\n"
#define READ_BACK_PEM "read-back { path = \"/c/{fqdn}\" as = \"pem-chain\" absent = {404} }\n"
#define EDGES "edges = {\"good:443\", \"bad:443\"}\nverify-grace = \"1h\"\n"

static struct engine_fixture *begin(const char *profile)
{
	return engine_fixture_new_foreign("retry-floor = \"10s\" retry-ceiling = \"10s\"", profile);
}

static void sql(struct engine_fixture *fixture, const char *text)
{
	char *path = path_resolve(fixture->folder, "store.db");
	sqlite3 *db = NULL;

	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, text, NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
	free(path);
}

static void take(struct engine_fixture *fixture, int certificate)
{
	const struct fixture_record record = {.contract = "c1",
		.revision = certificate,
		.certificate = certificate,
		.at_ms = FIXTURE_START_MS + 1000L * certificate,
		.links = "{\"service\":\"foreign\",\"service_code\":\"code1\","
			 "\"fqdn\":\"www.example.jp\"}"};

	assert_int_equal(engine_fixture_take(fixture, &record, NULL), SPOOL_TAKEN);
}

/* Certificates 1 and 2, of which NUMBER's job is open, as a restored copy has it, and due. */
static void restore_open(struct engine_fixture *fixture, int number)
{
	take(fixture, 1);
	sql(fixture, "CREATE TABLE kept AS SELECT * FROM secrets");
	take(fixture, 2);
	if (number == 1)
		sql(fixture,
			"UPDATE jobs SET state = 2, next_ms = due_ms, settled_ms = 0, detail = ''"
			" WHERE id = 1; UPDATE jobs SET state = 9 WHERE id = 2;"
			"INSERT INTO secrets SELECT * FROM kept");
	sql(fixture, "UPDATE jobs SET guarded = 1 WHERE state = 2");
	manual_clock_advance(&fixture->clock, DUE_MS - fixture->clock.wall_now_ms);
}

static void hex_of(struct engine_fixture *fixture, int number, char hex[FINGERPRINT_TEXT_MAX])
{
	struct store_job job = engine_fixture_job(fixture, "c1", (size_t)number - 1);

	text_hex(hex, job.fingerprint, FINGERPRINT_SIZE);
	store_job_clear(&job);
}

static void expect(struct engine_fixture *fixture, const char *name, int number,
	enum job_state state, const char *detail, const char *attempts)
{
	struct store_job job = engine_fixture_job(fixture, "c1", (size_t)number - 1);
	char *text = engine_fixture_attempts(fixture, job.id);

	if (job.state != state || strstr(job.detail, detail) == NULL || strcmp(text, attempts) != 0)
		fail_msg("%s: %s \"%s\" %s", name, job_state_name(job.state), job.detail, text);
	if (state == JOB_SUPERSEDED)
		assert_false(engine_fixture_holds_key(fixture, &job));
	free(text);
	store_job_clear(&job);
}

/* ---- asked by a request, of a service without an edge ---- */

static void test_by_request(void **state)
{
	static const struct {
		const char *name;
		int job; /* whose job is open */
		int has; /* what the service tells; 0: BODY */
		struct scripted_answer answer;
		enum job_state want;
		const char *detail, *attempts;
	} cases[] = {
		{"an older one", 2, 1, {.status = 200}, JOB_INSTALLED, "not verified",
			"read-back:older:200 push:done:200 verify:skipped:0"},
		{"none", 2, 0, {.status = 404}, JOB_INSTALLED, "not verified",
			"read-back:none:404 push:done:200 verify:skipped:0"},
		{"the same", 2, 2, {.status = 200}, JOB_INSTALLED, "not verified",
			"read-back:same:0 verify:skipped:0"},
		{"a newer one", 1, 2, {.status = 200}, JOB_SUPERSEDED,
			"the service has a newer certificate (", "read-back:newer:200"},
		{"one that is not known", 2, 0,
			{.status = 200, .body = "{\"sha256\":\"" ZEROS "\"}"}, JOB_FAILED,
			"(" ZEROS ") of which it cannot be told whether it is older",
			"read-back:untold:200"},
		{"nothing that tells", 2, 0, {.status = 200, .body = "{}"}, JOB_RETRYING,
			"no answer that tells", "read-back:unknown:200"},
		{"an error", 2, 0, {.status = 500}, JOB_RETRYING, "after a restore",
			"read-back:unknown:500"},
		{"no answer", 2, 0, {.failure = HTTP_TIMED_OUT}, JOB_RETRYING,
			"scripted:", "read-back:unknown:0"},
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LENGTH(cases); i++) {
		struct engine_fixture *fixture = begin(FOREIGN READ_BACK);
		struct scripted_answer answers[] = {cases[i].answer, {.status = 200}};
		char hex[FINGERPRINT_TEXT_MAX], *body = NULL;

		restore_open(fixture, cases[i].job);
		if (cases[i].has != 0) {
			hex_of(fixture, cases[i].has, hex);
			body = xasprintf("{\"sha256\":\"%s\"}", hex);
			answers[0].body = body;
		}
		engine_fixture_script(fixture, answers, 2);
		engine_fixture_pump(fixture);
		assert_int_equal(
			fixture->sent_count, strstr(cases[i].attempts, "push") != NULL ? 2 : 1);
		expect(fixture, cases[i].name, cases[i].job, cases[i].want, cases[i].detail,
			cases[i].attempts);
		free(body);
		engine_fixture_free(fixture);
	}
}

/* The operator's word goes over it, and a try that could not ask asks again. */
static void test_after_it(void **state)
{
	static const struct scripted_answer answers[] = {{.status = 500},
		{.status = 200, .body = "{\"sha256\":\"" ZEROS "\"}"}, {.status = 200}};
	struct engine_fixture *fixture = begin(FOREIGN READ_BACK);
	struct store_job job;
	struct error error;

	(void)state;
	restore_open(fixture, 2);
	engine_fixture_script(fixture, answers, ARRAY_LENGTH(answers));
	engine_fixture_pump(fixture);
	manual_clock_advance(&fixture->clock, 20000);
	engine_fixture_pump(fixture);
	expect(fixture, "asked again", 2, JOB_FAILED, "certinstallctl retry 2 installs",
		"read-back:unknown:500 read-back:untold:200");
	job = engine_fixture_job(fixture, "c1", 1);
	assert_true(engine_fixture_holds_key(fixture, &job));
	assert_true(store_job_reschedule(
		fixture->store, job.id, job.base_ms, job.due_ms, NULL, &error));
	engine_fixture_pump(fixture);
	assert_string_equal(fixture->sent[2].method, "PUT");
	assert_string_not_equal(fixture->sent[2].idempotency_key, job.idempotency_key);
	expect(fixture, "pushed", 2, JOB_INSTALLED, "",
		"read-back:unknown:500 read-back:untold:200 push:done:200 verify:skipped:0");
	store_job_clear(&job);
	engine_fixture_free(fixture);
}

/* ---- the edges alone ---- */

static void test_by_edges(void **state)
{
	static const struct {
		const char *name;
		enum scripted_edge edge;
		int64_t not_before_ms;
		bool serves_own;
		enum job_state want;
		const char *detail, *attempts;
	} cases[] = {
		{"a newer one", EDGE_SERVES_OLD, NOT_BEFORE_MS + 1000, false, JOB_SUPERSEDED,
			"a newer certificate (" ZEROS ")", "read-back:newer:0"},
		{"an older one", EDGE_SERVES_OLD, NOT_BEFORE_MS - 1000, false, JOB_VERIFYING, "",
			"read-back:older:0 push:done:200 verify:old:0"},
		{"of the same instant", EDGE_SERVES_OLD, NOT_BEFORE_MS, false, JOB_FAILED,
			"cannot be told", "read-back:untold:0"},
		{"without an instant", EDGE_SERVES_OLD, 0, false, JOB_FAILED, "cannot be told",
			"read-back:untold:0"},
		{"the same", EDGE_SERVES_LAST, NOT_BEFORE_MS, true, JOB_INSTALLED, "served by",
			"read-back:same:0 verify:served:0"},
		{"the same, without its chain", EDGE_SERVES_NO_CHAIN, NOT_BEFORE_MS, true,
			JOB_VERIFYING, "", "read-back:same:0 push:done:200 verify:wrong-chain:0"},
		{"one of two is newer", EDGE_BY_ADDRESS, NOT_BEFORE_MS + 1000, true, JOB_SUPERSEDED,
			"newer", "read-back:newer:0"},
		{"none", EDGE_SERVES_NONE, 0, false, JOB_VERIFYING, "",
			"read-back:none:0 push:done:200 verify:none:0"},
		{"of another name", EDGE_SERVES_OTHER, NOT_BEFORE_MS + 1000, false, JOB_VERIFYING,
			"", "read-back:none:0 push:done:200 verify:other:0"},
		{"unreachable", EDGE_UNREACHABLE, 0, false, JOB_RETRYING, "could not be looked at",
			"read-back:unknown:0"},
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LENGTH(cases); i++) {
		struct engine_fixture *fixture = begin(FOREIGN EDGES);
		struct store_job job;

		restore_open(fixture, 2);
		fixture->edge = cases[i].edge;
		fixture->edge_not_before_ms = cases[i].not_before_ms;
		if (cases[i].serves_own) {
			job = engine_fixture_job(fixture, "c1", 1);
			memcpy(fixture->served, job.fingerprint, FINGERPRINT_SIZE);
			store_job_clear(&job);
		}
		engine_fixture_pump(fixture);
		assert_int_equal(
			fixture->sent_count, strstr(cases[i].attempts, "push") != NULL ? 1 : 0);
		expect(fixture, cases[i].name, 2, cases[i].want, cases[i].detail,
			cases[i].attempts);
		engine_fixture_free(fixture);
	}
}

/* ---- a request that tells one that is not known, then the edges ---- */

static void test_by_both(void **state)
{
	static const struct {
		const char *name;
		const char *told;
		enum scripted_edge edge;
		int64_t not_before_ms;
		enum job_state want;
		const char *detail, *attempts;
	} cases[] = {
		{"newer", ZEROS, EDGE_SERVES_OLD, NOT_BEFORE_MS + 1000, JOB_SUPERSEDED, "newer",
			"read-back:other:200 read-back:newer:0"},
		{"older", ZEROS, EDGE_SERVES_OLD, NOT_BEFORE_MS - 1000, JOB_VERIFYING, "",
			"read-back:other:200 read-back:older:0 push:done:200 verify:old:0"},
		{"untold", ZEROS, EDGE_SERVES_OLD, NOT_BEFORE_MS, JOB_FAILED, "cannot be told",
			"read-back:other:200 read-back:untold:0"},
		{"unreachable", ZEROS, EDGE_UNREACHABLE, 0, JOB_RETRYING, "could not be looked at",
			"read-back:other:200 read-back:unknown:0"},
		/* What the edges serve is older, but it is not what the service has. */
		{"on its way", "11" ZEROS, EDGE_SERVES_OLD, NOT_BEFORE_MS - 1000, JOB_RETRYING,
			"is not served yet", "read-back:other:200 read-back:unknown:0"},
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LENGTH(cases); i++) {
		struct engine_fixture *fixture = begin(FOREIGN READ_BACK EDGES);
		char *body = xasprintf("{\"sha256\":\"%.64s\"}", cases[i].told);
		const struct scripted_answer answers[] = {
			{.status = 200, .body = body}, {.status = 200}};

		restore_open(fixture, 2);
		fixture->edge = cases[i].edge;
		fixture->edge_not_before_ms = cases[i].not_before_ms;
		engine_fixture_script(fixture, answers, 2);
		engine_fixture_pump(fixture);
		expect(fixture, cases[i].name, 2, cases[i].want, cases[i].detail,
			cases[i].attempts);
		free(body);
		engine_fixture_free(fixture);
	}
}

/* A certificate that is read back whole tells its own instant. */
static void test_by_pem(void **state)
{
	static const struct {
		int64_t not_before_ms;
		enum job_state want;
		const char *attempts;
	} cases[] = {
		{NOT_BEFORE_MS + HOUR_MS, JOB_SUPERSEDED, "read-back:newer:200"},
		{NOT_BEFORE_MS - HOUR_MS, JOB_INSTALLED,
			"read-back:older:200 push:done:200 verify:skipped:0"},
	};
	static const char *const names[] = {"www.example.jp", NULL};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LENGTH(cases); i++) {
		struct engine_fixture *fixture = begin(FOREIGN READ_BACK_PEM);
		const struct fixture_request request = {
			.common_name = names[0],
			.names = names,
			.not_before_ms = cases[i].not_before_ms,
			.not_after_ms = FIXTURE_START_MS + FIXTURE_DAY_MS,
			.key = fixture_key("ec-p256", 2),
		};
		X509 *other = fixture_certificate(&request);
		char *body = fixture_pem(other);
		const struct scripted_answer answers[] = {
			{.status = 200, .body = body}, {.status = 200}};

		restore_open(fixture, 2);
		engine_fixture_script(fixture, answers, 2);
		engine_fixture_pump(fixture);
		expect(fixture, "by PEM", 2, cases[i].want, "", cases[i].attempts);
		X509_free(other);
		free(body);
		engine_fixture_free(fixture);
	}
}

static void test_nobody_to_ask(void **state)
{
	struct engine_fixture *fixture = begin(FOREIGN);

	(void)state;
	restore_open(fixture, 2);
	engine_fixture_pump(fixture);
	assert_int_equal(fixture->sent_count, 0);
	expect(fixture, "nobody", 2, JOB_FAILED, "neither a read-back nor an edge",
		"read-back:untold:0");
	engine_fixture_free(fixture);
}

/* What was pushed before the copy is looked at, and asked of before it is pushed again. */
static void test_verifying(void **state)
{
	struct engine_fixture *fixture = begin(FOREIGN EDGES);

	(void)state;
	restore_open(fixture, 2);
	sql(fixture, "UPDATE jobs SET state = 4, next_ms = due_ms, pushed_ms = due_ms - 7200000"
		     " WHERE id = 2");
	fixture->edge = EDGE_SERVES_OLD;
	fixture->edge_not_before_ms = NOT_BEFORE_MS + 1000;
	engine_fixture_pump(fixture);
	manual_clock_advance(&fixture->clock, 20000);
	engine_fixture_pump(fixture);
	assert_int_equal(fixture->sent_count, 0);
	expect(fixture, "verifying", 2, JOB_SUPERSEDED, "newer", "verify:old:0 read-back:newer:0");
	engine_fixture_free(fixture);
}

static void stop(void *context)
{
	struct engine_fixture *fixture = context;

	loop_stop(fixture->loop);
}

static void test_broken_off(void **state)
{
	static const struct scripted_answer answer = {.hang = true};
	struct engine_fixture *fixture = begin(FOREIGN READ_BACK);
	struct loop_timer *timer = loop_timer_new(fixture->loop, stop, fixture);
	struct error error;

	(void)state;
	restore_open(fixture, 2);
	engine_fixture_script(fixture, &answer, 1);
	pump_poke(fixture->pump);
	while (fixture->in_flight == 0) {
		loop_timer_set(timer, 0);
		assert_true(loop_run(fixture->loop, &error));
	}
	loop_timer_free(timer);
	pump_abort(fixture->pump);
	engine_fixture_pump(fixture);
	expect(fixture, "broken off", 2, JOB_RETRYING, "broken off", "read-back:interrupted:0");
	engine_fixture_free(fixture);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_by_request),
		cmocka_unit_test(test_after_it),
		cmocka_unit_test(test_by_edges),
		cmocka_unit_test(test_by_both),
		cmocka_unit_test(test_by_pem),
		cmocka_unit_test(test_nobody_to_ask),
		cmocka_unit_test(test_verifying),
		cmocka_unit_test(test_broken_off),
	};

	return cmocka_run_group_tests_name("attempt, guarded", tests, NULL, NULL);
}
