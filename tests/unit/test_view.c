/* The status, the list of jobs and one job's life, on a real store and a manual clock. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/civil.h"
#include "engine/progress.h"
#include "engine_fixture.h"
#include "ops/json_say.h"
#include "ops/view.h"

#define HOUR_MS INT64_C(3600000)
#define RETRIES "retry-floor = \"10s\" retry-ceiling = \"10s\""

static struct error error;

#define OK(call)                                                                                   \
	do {                                                                                       \
		if (!(call))                                                                       \
			fail_msg("%s: %s", #call, error.text);                                     \
	} while (0)

static int setup(void **state)
{
	*state = engine_fixture_new(RETRIES);
	return 0;
}

static int teardown(void **state)
{
	engine_fixture_free(*state);
	return 0;
}

static struct view_context context_of(struct engine_fixture *f)
{
	return (struct view_context){.store = f->store,
		.config = settings_config(f->settings),
		.clock = &f->clock.clock};
}

static const struct fixture_record plain = {.contract = "c1", .revision = 1, .certificate = 1};

static void take(struct engine_fixture *f, const struct fixture_record *record)
{
	assert_int_equal(engine_fixture_take(f, record, &error), SPOOL_TAKEN);
}

/* A contract of its own, with one link. */
static void take_link(
	struct engine_fixture *f, const char *contract, const char *service, int64_t at_ms)
{
	char *links = xasprintf("{\"service\":\"%s\",\"service_code\":\"%s\","
				"\"fqdn\":\"www.example.jp\"}",
		service, contract);
	const struct fixture_record record = {.contract = contract,
		.revision = 1,
		.certificate = 1,
		.links = links,
		.at_ms = at_ms};

	take(f, &record);
	free(links);
}

static void pump_after(struct engine_fixture *f, int64_t ms)
{
	manual_clock_advance(&f->clock, ms);
	engine_fixture_pump(f);
}

/* The object in ARRAY of which KEY is VALUE; fails without one. */
static struct json_object *among(struct json_object *array, const char *key, const char *value)
{
	for (size_t i = 0; i < json_object_array_length(array); i++) {
		struct json_object *object = json_object_array_get_idx(array, i);
		const char *text = json_said_text(object, key);

		if (text != NULL && strcmp(text, value) == 0)
			return object;
	}
	fail_msg("no %s %s in %s", key, value, json_line(array));
	return NULL;
}

static int64_t count_at(struct json_object *object, const char *key)
{
	return json_said_int(json_said(object, key), "count");
}

/* ---- status ---- */

static struct json_object *status_of(struct engine_fixture *f, const struct view_live *live)
{
	struct view_context view = context_of(f);
	struct json_object *answer;

	view.live = live;
	OK(view_status(&view, &answer, &error));
	return answer;
}

static void test_status_of_nothing(void **state)
{
	struct engine_fixture *f = *state;
	struct json_object *status = status_of(f, NULL), *service, *source;

	assert_string_equal(json_said_text(status, "now"), "2026-11-16T10:00:00+09:00");
	assert_false(json_said_bool(status, "live"));
	/* Every service that is configured has its row, and the spool its own. */
	service = among(json_said(status, "services"), "service", "waf");
	assert_true(json_said_bool(service, "configured"));
	assert_false(json_said_bool(service, "has_endpoint"));
	assert_null(json_said(service, "live"));
	assert_null(json_said(service, "last_success"));
	assert_int_equal(json_object_array_length(json_said(status, "sources")), 1);
	source = json_object_array_get_idx(json_said(status, "sources"), 0);
	assert_string_equal(json_said_text(source, "name"), settings_config(f->settings)->spool);
	assert_null(json_said(source, "last_success"));
	json_object_put(status);
}

static void check_day(
	struct json_object *status, size_t number, const char *date, bool business, int64_t due)
{
	struct json_object *day = json_object_array_get_idx(json_said(status, "days"), number);

	assert_string_equal(json_said_text(day, "date"), date);
	assert_int_equal(json_said_bool(day, "business"), business);
	assert_int_equal(count_at(day, "due"), due);
}

static void test_status_days(void **state)
{
	struct engine_fixture *f = *state;
	struct json_object *status, *day;

	/* Monday 10:00: due on Tuesday, twice, and on Wednesday. */
	take_link(f, "c1", "webhg2", 0);
	take_link(f, "c2", "docex", 0);
	take_link(f, "c3", "webhg2", FIXTURE_START_MS + DAY_MS);
	/* Friday: due on Tuesday the 24th, behind a weekend and a holiday. */
	take_link(f, "c4", "webhg2", FIXTURE_START_MS + 4 * DAY_MS);
	status = status_of(f, NULL);
	assert_int_equal(json_object_array_length(json_said(status, "days")), 2);
	check_day(status, 0, "2026-11-16", true, 0);
	check_day(status, 1, "2026-11-17", true, 2);
	json_object_put(status);

	manual_clock_advance(&f->clock, 4 * DAY_MS);
	status = status_of(f, NULL);
	assert_int_equal(json_object_array_length(json_said(status, "days")), 3);
	check_day(status, 0, "2026-11-20", true, 0);
	check_day(status, 1, "2026-11-21", false, 0);
	check_day(status, 2, "2026-11-24", true, 1);
	day = json_object_array_get_idx(json_said(status, "days"), 1);
	assert_string_equal(json_said_text(day, "why"), "Saturday");
	/* What nobody did is late: the days before are over. */
	assert_int_equal(count_at(status, "overdue"), 3);
	assert_int_equal(
		count_at(among(json_said(status, "services"), "service", "webhg2"), "overdue"), 2);
	assert_int_equal(
		count_at(among(json_said(status, "services"), "service", "docex"), "overdue"), 1);
	json_object_put(status);
}

static void test_status_states(void **state)
{
	static const struct scripted_answer answers[] = {{.status = 200}, {.status = 503}};
	struct engine_fixture *f = *state;
	struct fixture_record record = plain;
	struct json_object *status, *states, *service;

	take_link(f, "c1", "docex", 0);
	take_link(f, "c2", "webhg2", 0);
	record.contract = "c3";
	record.wrong_key = true;
	take(f, &record);
	engine_fixture_script(f, answers, 2);
	/* docex and webhg2, in this order or the other: one succeeds, one fails for now. */
	pump_after(f, DAY_MS);
	status = status_of(f, NULL);
	states = json_said(status, "states");
	assert_int_equal(json_said_int(states, "installed"), 1);
	assert_int_equal(json_said_int(states, "retrying"), 1);
	assert_int_equal(json_said_int(states, "refused"), 1);
	assert_int_equal(json_said_int(status, "refused_lately"), 1);
	for (size_t i = 0; i < 2; i++) {
		bool installed;

		service = among(
			json_said(status, "services"), "service", i == 0 ? "docex" : "webhg2");
		installed = json_said_int(service, "installed") == 1;
		assert_int_equal(json_said_int(service, "retrying"), !installed);
		assert_int_equal(count_at(service, "due_today"), !installed);
		assert_string_equal(
			json_said_text(service, installed ? "last_success" : "last_failure"),
			"2026-11-17T10:00:00+09:00");
		assert_null(json_said(service, installed ? "last_failure" : "last_success"));
		if (!installed)
			assert_string_equal(json_said_text(service, "failure"), "HTTP 503");
	}
	json_object_put(status);
	manual_clock_advance(&f->clock, 7 * DAY_MS);
	status = status_of(f, NULL);
	assert_int_equal(json_said_int(status, "refused_lately"), 0);
	json_object_put(status);
}

/* A certificate of ninety days, as its end comes near and goes by; and its successor. */
static void test_status_expiring(void **state)
{
	static const struct {
		int64_t before_ms; /* its end */
		int64_t week, month;
	} rows[] = {
		{30 * DAY_MS, 0, 0},
		{30 * DAY_MS - 1, 0, 1},
		{7 * DAY_MS, 0, 1},
		{7 * DAY_MS - 1, 1, 1},
		{-7 * DAY_MS, 1, 1},
		{-7 * DAY_MS - 1, 0, 0},
	};
	static const struct scripted_answer answers[] = {{.status = 200}};
	struct engine_fixture *f = *state;
	struct json_object *status;
	struct store_job job;
	int64_t ends_ms;
	bool found;

	take_link(f, "c1", "docex", 0);
	engine_fixture_script(f, answers, 1);
	pump_after(f, DAY_MS);
	OK(store_job_get(f->store, 1, &job, &found, &error));
	assert_true(found && job.state == JOB_INSTALLED);
	ends_ms = job.not_after_ms;
	store_job_clear(&job);
	for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
		manual_clock_advance(
			&f->clock, ends_ms - rows[i].before_ms - clock_wall_ms(&f->clock.clock));
		status = status_of(f, NULL);
		assert_int_equal(count_at(status, "expiring_7_days"), rows[i].week);
		assert_int_equal(count_at(status, "expiring_30_days"), rows[i].month);
		json_object_put(status);
	}
}

static void test_status_live(void **state)
{
	static const struct view_live_service services[] = {{.service = "webhg2",
		.state = "circuit-open",
		.until_ms = FIXTURE_START_MS + HOUR_MS,
		.window = 1,
		.in_flight = 2}};
	static const struct view_live live = {services, 1, FIXTURE_START_MS - HOUR_MS};
	static const struct store_pause pause = {"docex", FIXTURE_START_MS, "alice", "works"};
	struct engine_fixture *f = *state;
	struct json_object *status, *at;
	bool added;

	OK(store_pause_add(f->store, &pause, &added, &error));
	status = status_of(f, &live);
	assert_true(json_said_bool(status, "live"));
	assert_string_equal(json_said_text(status, "started"), "2026-11-16T09:00:00+09:00");
	at = json_said(among(json_said(status, "services"), "service", "webhg2"), "live");
	assert_string_equal(json_said_text(at, "state"), "circuit-open");
	assert_string_equal(json_said_text(at, "until"), "2026-11-16T11:00:00+09:00");
	assert_int_equal(json_said_int(at, "in_flight"), 2);
	at = among(json_said(status, "services"), "service", "docex");
	assert_null(json_said(at, "live"));
	assert_string_equal(json_said_text(json_said(at, "pause"), "who"), "alice");
	assert_string_equal(json_said_text(json_said(at, "pause"), "reason"), "works");
	json_object_put(status);
}

static void test_status_sources(void **state)
{
	struct engine_fixture *f = *state;
	const char *spool = settings_config(f->settings)->spool;
	struct progress_told told = {0};
	struct json_object *status, *source;

	progress_spool(&told, f->store, &f->clock.clock, spool, NULL);
	/* Not again so soon, but at once when it fails. */
	manual_clock_advance(&f->clock, PROGRESS_INTERVAL_MS - 1);
	progress_spool(&told, f->store, &f->clock.clock, spool, NULL);
	status = status_of(f, NULL);
	source = among(json_said(status, "sources"), "name", spool);
	assert_string_equal(json_said_text(source, "last_success"), "2026-11-16T10:00:00+09:00");
	assert_null(json_said(source, "last_failure"));
	json_object_put(status);
	progress_spool(&told, f->store, &f->clock.clock, spool, "its disk is gone");
	manual_clock_advance(&f->clock, PROGRESS_INTERVAL_MS);
	progress_source(f->store, &f->clock.clock, "https://gone.test", NULL);
	status = status_of(f, NULL);
	/* One that is not configured any more is silent for good reason. */
	assert_int_equal(json_object_array_length(json_said(status, "sources")), 1);
	source = among(json_said(status, "sources"), "name", spool);
	assert_string_equal(json_said_text(source, "last_failure"), "2026-11-16T10:00:59+09:00");
	assert_string_equal(json_said_text(source, "failure"), "its disk is gone");
	json_object_put(status);
}

/* ---- what results tell of services ---- */

static void test_progress_of_results(void **state)
{
	static const struct {
		const char *service;
		enum job_event event;
		bool pushed, interrupted, internal;
	} cases[] = {
		{"took", JOB_EVENT_PUSHED, true, false, false},
		{"served", JOB_EVENT_CONFIRMED, false, false, false},
		{"failed", JOB_EVENT_TEMPORARY, false, false, false},
		{"refused", JOB_EVENT_PERMANENT, false, false, false},
		{"broken-off", JOB_EVENT_TEMPORARY, false, true, false},
		{"our-fault", JOB_EVENT_TEMPORARY, false, false, true},
		{"both", JOB_EVENT_CONFIRMED, false, false, false},
		{"both", JOB_EVENT_TEMPORARY, false, false, false},
	};
	struct attempt_result results[ARRAY_LENGTH(cases)] = {0};
	struct unsaved list[ARRAY_LENGTH(cases)] = {0};
	struct engine_fixture *f = *state;
	struct json_object *status, *services;

	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		results[i].job.service = xstrdup(cases[i].service);
		results[i].event = cases[i].event;
		results[i].pushed = cases[i].pushed;
		results[i].interrupted = cases[i].interrupted;
		results[i].internal = cases[i].internal;
		snprintf(results[i].detail, sizeof(results[i].detail), "so %s", cases[i].service);
		list[i].result = &results[i];
		list[i].next = i + 1 < ARRAY_LENGTH(cases) ? &list[i + 1] : NULL;
	}
	OK(progress_store(f->store, list, FIXTURE_START_MS, &error));
	status = status_of(f, NULL);
	services = json_said(status, "services");
	assert_non_null(json_said(among(services, "service", "took"), "last_success"));
	assert_non_null(json_said(among(services, "service", "served"), "last_success"));
	assert_null(json_said(among(services, "service", "failed"), "last_success"));
	assert_string_equal(
		json_said_text(among(services, "service", "failed"), "failure"), "so failed");
	assert_non_null(json_said(among(services, "service", "refused"), "last_failure"));
	assert_non_null(json_said(among(services, "service", "both"), "last_success"));
	assert_non_null(json_said(among(services, "service", "both"), "last_failure"));
	assert_null(strstr(json_line(status), "broken-off"));
	assert_null(strstr(json_line(status), "our-fault"));
	json_object_put(status);
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++)
		store_job_clear(&results[i].job);
}

/* More services than are gathered at a time lose none. */
static void test_progress_of_many(void **state)
{
	enum { MANY = 40 };
	static struct attempt_result results[MANY];
	static struct unsaved list[MANY];
	struct engine_fixture *f = *state;
	struct json_object *status;

	for (size_t i = 0; i < MANY; i++) {
		results[i] = (struct attempt_result){.event = JOB_EVENT_CONFIRMED};
		results[i].job.service = xasprintf("many-%zu", i);
		list[i] = (struct unsaved){
			.result = &results[i], .next = i + 1 < MANY ? &list[i + 1] : NULL};
	}
	OK(progress_store(f->store, list, FIXTURE_START_MS, &error));
	status = status_of(f, NULL);
	for (size_t i = 0; i < MANY; i++)
		assert_non_null(json_said(
			among(json_said(status, "services"), "service", results[i].job.service),
			"last_success"));
	json_object_put(status);
	for (size_t i = 0; i < MANY; i++)
		store_job_clear(&results[i].job);
}

/* ---- jobs ---- */

static void test_take(void **state)
{
	static const struct {
		const char *key, *value;
		bool good;
	} cases[] = {
		{"state", "failed", true},
		{"state", "failed,refused", true},
		{"state", "broken", false},
		{"state", "failed,\x1b[31m", false},
		{"overdue", "", true},
		{"overdue", "true", true},
		{"overdue", "false", true},
		{"overdue", "perhaps", false},
		{"sort", "next", true},
		{"sort", "colour", false},
		{"limit", "1", true},
		{"limit", "0", false},
		{"limit", "100000", true},
		{"limit", "100001", false},
		{"after", "17", true},
		{"after", "-1", false},
		{"due-before", "2026-11-24", true},
		{"due-after", "2026-11-24T09:00:00+09:00", true},
		{"due-after", "tomorrow", false},
		{"service", "x", true},
		{"contract", "x", true},
		{"fqdn", "x", true},
		{"color", "x", false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		struct view_jobs_query query = {0};

		if (view_jobs_take(&query, cases[i].key, cases[i].value, &error) != cases[i].good)
			fail_msg("%s=%s", cases[i].key, cases[i].value);
		if (cases[i].good)
			continue;
		assert_int_equal(error.kind, ERROR_PERMANENT);
		assert_non_null(strstr(error.text, cases[i].key));
		assert_null(strchr(error.text, '\x1b'));
	}
}

/* The numbers of the jobs that "KEY=VALUE KEY=VALUE" finds: "1 2", and "+" when there are more. */
static void check_jobs(struct engine_fixture *f, const char *asked, const char *want)
{
	char *copy = xstrdup(asked), *rest = NULL, *word, *found_text;
	struct view_context view = context_of(f);
	struct view_jobs_query query = {0};
	struct json_object *answer, *jobs;
	struct buffer found = {0};

	for (word = strtok_r(copy, " ", &rest); word != NULL; word = strtok_r(NULL, " ", &rest)) {
		char *value = strchr(word, '=');

		*value++ = '\0';
		OK(view_jobs_take(&query, word, value, &error));
	}
	OK(view_jobs(&view, &query, &answer, &error));
	jobs = json_said(answer, "jobs");
	for (size_t i = 0; i < json_object_array_length(jobs); i++)
		buffer_printf(&found, "%s%d", i > 0 ? " " : "",
			(int)json_said_int(json_object_array_get_idx(jobs, i), "job"));
	buffer_append_text(&found, json_said_bool(answer, "more") ? " +" : "");
	found_text = buffer_steal_text(&found);
	if (strcmp(found_text, want) != 0)
		fail_msg("%s: %s instead of %s", asked, found_text, want);
	free(found_text);
	json_object_put(answer);
	free(copy);
}

static void test_jobs(void **state)
{
	struct engine_fixture *f = *state;
	struct fixture_record record = plain;

	take_link(f, "c1", "webhg2", 0); /* 1: due on the 17th */
	take_link(f, "c2", "idgw", 0);	 /* 2: on the 20th */
	take_link(f, "c3", "docex", 0);	 /* 3: on the 17th */
	record.contract = "c4";
	record.wrong_key = true;
	take(f, &record); /* 4: refused */
	check_jobs(f, "", "1 2 3 4");
	check_jobs(f, "limit=2", "1 2 +");
	check_jobs(f, "limit=2 after=2", "3 4");
	check_jobs(f, "sort=due", "1 3 2 4");
	check_jobs(f, "sort=service", "3 2 1 4");
	check_jobs(f, "state=refused", "4");
	check_jobs(f, "state=refused state=scheduled", "1 2 3 4");
	check_jobs(f, "service=docex", "3");
	check_jobs(f, "contract=c2", "2");
	check_jobs(f, "fqdn=www.example.jp", "1 2 3 4");
	check_jobs(f, "due-before=2026-11-17", "1 3");
	check_jobs(f, "due-after=2026-11-18", "2");
	check_jobs(f, "due-before=2026-11-17T08:59:59+09:00", "");
	check_jobs(f, "overdue=", "");
	manual_clock_advance(&f->clock, DAY_MS + 14 * HOUR_MS - 1);
	check_jobs(f, "overdue=", "");
	/* Wednesday has begun in Tokyo. */
	manual_clock_advance(&f->clock, 1);
	check_jobs(f, "overdue=true", "1 3");
	check_jobs(f, "overdue=false", "1 2 3 4");
}

/* ---- one job ---- */

static struct json_object *job_of(struct engine_fixture *f, int64_t id)
{
	const struct view_context view = context_of(f);
	struct json_object *answer;

	OK(view_job(&view, id, &answer, &error));
	return answer;
}

static void test_job(void **state)
{
	struct engine_fixture *f = *state;
	struct json_object *job, *part;

	take(f, &plain);
	assert_null(job_of(f, 2));
	pump_after(f, DAY_MS);
	job = job_of(f, 1);
	assert_string_equal(json_said_text(job, "state"), "installed");
	assert_true(json_said_bool(job, "installed"));
	part = json_said(job, "record");
	assert_int_equal(json_said_int(part, "revision"), 1);
	assert_string_equal(json_said_text(part, "item_name"), "クイック認証SSL");
	assert_true(json_said_bool(part, "is_latest"));
	assert_string_equal(json_said_text(json_said(part, "link"), "service_code"), "whg1");
	part = json_said(job, "certificate");
	assert_string_equal(json_said_text(part, "key"), "ec-p256");
	assert_int_equal(json_object_array_length(json_said(part, "chain")), 1);
	assert_false(json_said_bool(part, "holds_key"));
	part = json_said(job, "days");
	assert_int_equal(json_object_array_length(part), 2);
	assert_string_equal(
		json_said_text(json_object_array_get_idx(part, 1), "date"), "2026-11-17");
	assert_true(json_object_array_length(json_said(job, "trail")) > 10);
	among(json_said(job, "trail"), "rule", "8 key");
	part = json_said(job, "tries");
	assert_int_equal(json_object_array_length(part), 2);
	assert_int_equal(json_said_int(among(part, "kind", "push"), "status"), 200);
	assert_string_equal(
		json_said_text(among(part, "kind", "verify"), "text"), "served by edge:443");
	part = json_said(job, "served");
	assert_string_equal(json_said_text(part, "outcome"), "served");
	assert_int_equal(json_object_array_length(json_said(job, "story")), 2);
	json_object_put(job);
}

/* What a later record changed is told of the job as it came. */
static void test_job_of_the_past(void **state)
{
	struct engine_fixture *f = *state;
	struct fixture_record record = plain;
	struct json_object *job, *record_said;

	take(f, &plain);
	record.revision = 2;
	record.certificate = 2;
	record.at_ms = FIXTURE_START_MS + HOUR_MS;
	record.links =
		"{\"service\":\"docex\",\"service_code\":\"d1\",\"fqdn\":\"www.example.jp\"}";
	take(f, &record);
	job = job_of(f, 1);
	record_said = json_said(job, "record");
	assert_int_equal(json_said_int(record_said, "revision"), 2);
	assert_false(json_said_bool(record_said, "is_latest"));
	assert_null(json_said(record_said, "link"));
	assert_null(json_said(job, "served"));
	json_object_put(job);
}

static void test_held_job(void **state)
{
	struct engine_fixture *f = *state;
	struct fixture_record record = plain;
	struct json_object *job;

	take(f, &plain);
	record.contract = "c2";
	record.at_ms = FIXTURE_START_MS + HOUR_MS;
	take(f, &record);
	job = job_of(f, 2);
	assert_string_equal(json_said_text(job, "holder"), "c1");
	assert_int_equal(json_object_array_length(json_said(job, "days")), 0);
	json_object_put(job);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_status_of_nothing),
		TEST(test_status_days),
		TEST(test_status_states),
		TEST(test_status_expiring),
		TEST(test_status_live),
		TEST(test_status_sources),
		TEST(test_progress_of_results),
		TEST(test_progress_of_many),
		cmocka_unit_test(test_take),
		TEST(test_jobs),
		TEST(test_job),
		TEST(test_job_of_the_past),
		TEST(test_held_job),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
