#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "ops/metrics_private.h"

/* 2026-11-24 09:00 in Tokyo. */
#define NOW_MS INT64_C(1795478400000)

struct fixture {
	char directory[32];
	char *path;
	struct settings *settings;
	struct store *store;
	struct metrics *metrics;
	struct manual_clock clock;
	struct pulse_reading reading;
	struct metrics_kept kept;
};

static int setup(void **state)
{
	struct fixture *f = xcalloc(1, sizeof(*f));
	struct config *config = config_defaults();
	struct error error;

	snprintf(f->directory, sizeof(f->directory), "/tmp/test_metrics.XXXXXX");
	assert_non_null(mkdtemp(f->directory));
	f->path = xasprintf("%s/store.db", f->directory);
	free(config->store);
	config->store = xstrdup(f->path);
	f->settings = settings_from(config, NULL);
	assert_true(store_open(f->path, &f->store, &error));
	f->metrics = metrics_new(f->settings);
	store_measure(f->store, metrics_store(f->metrics));
	manual_clock_init(&f->clock, NOW_MS);
	f->reading.answered = true;
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	static const char *const suffixes[] = {"", "-wal", "-shm"};
	struct fixture *f = *state;
	size_t i;

	store_close(f->store);
	for (i = 0; i < ARRAY_LENGTH(suffixes); i++) {
		char *name = xasprintf("%s%s", f->path, suffixes[i]);

		(void)unlink(name);
		free(name);
	}
	assert_int_equal(rmdir(f->directory), 0);
	metrics_kept_free(&f->kept);
	metrics_free(f->metrics);
	settings_unref(f->settings);
	free(f->path);
	free(f);
	return 0;
}

static struct buffer render(struct fixture *f, bool plain)
{
	const struct metrics_view view = {
		.metrics = f->metrics,
		.store = f->store,
		.config = settings_config(f->settings),
		.clock = &f->clock.clock,
		.reading = &f->reading,
		.kept = &f->kept,
	};
	struct buffer out = {0};
	struct error error;

	assert_true(metrics_render(&view, plain, &out, &error));
	return out;
}

static void has(const struct buffer *out, const char *line)
{
	char *whole = xasprintf("\n%s\n", line);

	if (strstr(buffer_text(out), whole) == NULL)
		fail_msg("no line \"%s\" in:\n%s", line, buffer_text(out));
	free(whole);
}

static void has_not(const struct buffer *out, const char *text)
{
	if (strstr(buffer_text(out), text) != NULL)
		fail_msg("\"%s\" is there", text);
}

/* ---- counting ---- */

/* ENTRIES has room for two. */
static struct attempt_result result_of(char *service, struct attempt_entry entries[2])
{
	entries[0] =
		(struct attempt_entry){.kind = ATTEMPT_PUSH, .outcome = "done", .duration_ms = 100};
	entries[1] = (struct attempt_entry){
		.kind = ATTEMPT_VERIFY, .outcome = "served", .duration_ms = 20};
	return (struct attempt_result){
		.job = {.service = service, .due_ms = NOW_MS - 90000},
		.pushed = true,
		.pushed_at_ms = NOW_MS,
		.entry_count = 2,
		.entries = entries,
	};
}

static void test_attempts(void **state)
{
	struct fixture *f = *state;
	char waf[] = "waf", unknown[] = "unknown";
	struct attempt_entry entries[2];
	struct attempt_result result = result_of(waf, entries);
	struct buffer out;

	metrics_attempt(f->metrics, &result, JOB_INSTALLED);
	result.entries[0].outcome = "a word that nobody knows";
	result.pushed = false;
	metrics_attempt(f->metrics, &result, JOB_RETRYING);
	/* What an operator did is no attempt; a service of long ago no label. */
	result.entries[0].kind = ATTEMPT_ACT;
	result.entry_count = 1;
	metrics_attempt(f->metrics, &result, JOB_RETRYING);
	result = result_of(unknown, entries);
	metrics_attempt(f->metrics, &result, JOB_INSTALLED);
	out = render(f, true);
	has(&out, "certinstalld_attempts_total{service=\"waf\",kind=\"push\",outcome=\"done\"} 1");
	has(&out, "certinstalld_attempts_total{service=\"waf\",kind=\"push\",outcome=\"else\"} 1");
	has(&out, "certinstalld_attempts_total{service=\"waf\",kind=\"verify\",outcome=\"served\"} "
		  "2");
	has(&out, "certinstalld_results_total{service=\"waf\",state=\"installed\"} 1");
	has(&out, "certinstalld_results_total{service=\"waf\",state=\"retrying\"} 2");
	has(&out, "certinstalld_push_duration_seconds_bucket{service=\"waf\",le=\"0.05\"} 0");
	has(&out, "certinstalld_push_duration_seconds_bucket{service=\"waf\",le=\"0.1\"} 2");
	has(&out, "certinstalld_push_duration_seconds_bucket{service=\"waf\",le=\"+Inf\"} 2");
	has(&out, "certinstalld_push_duration_seconds_sum{service=\"waf\"} 0.2");
	has(&out, "certinstalld_push_duration_seconds_count{service=\"waf\"} 2");
	has(&out, "certinstalld_install_lateness_seconds_bucket{service=\"waf\",le=\"60.0\"} 0");
	has(&out, "certinstalld_install_lateness_seconds_bucket{service=\"waf\",le=\"300.0\"} 1");
	has(&out, "certinstalld_install_lateness_seconds_count{service=\"waf\"} 1");
	has_not(&out, "unknown\"");
	has_not(&out, "nobody knows");
	buffer_free(&out);
}

static void test_records(void **state)
{
	struct fixture *f = *state;
	struct buffer out;

	metrics_records(f->metrics, 5, 2, 1);
	metrics_records(f->metrics, 1, 0, 0);
	out = render(f, true);
	has(&out, "certinstalld_records_total{result=\"taken\"} 6");
	has(&out, "certinstalld_records_total{result=\"rejected\"} 2");
	has(&out, "certinstalld_records_total{result=\"set-aside\"} 1");
	buffer_free(&out);
}

/* ---- what is told ---- */

static void test_forms(void **state)
{
	struct fixture *f = *state;
	struct buffer open = render(f, false), plain = render(f, true);
	size_t length = open.length;

	has(&open, "# TYPE certinstalld_records counter");
	has(&open, "# UNIT certinstalld_push_duration_seconds seconds");
	assert_string_equal(buffer_text(&open) + length - 6, "# EOF\n");
	has(&plain, "# TYPE certinstalld_records_total counter");
	has_not(&plain, "# UNIT");
	has_not(&plain, "# EOF");
	buffer_free(&open);
	buffer_free(&plain);
}

static void test_live(void **state)
{
	struct fixture *f = *state;
	struct pulse_service *service = &f->reading.state.services[0];
	struct buffer out;

	f->reading.state.service_count = 1;
	snprintf(service->name, sizeof(service->name), "waf");
	service->state = THROTTLE_CIRCUIT_OPEN;
	service->window = 3;
	service->in_flight = 2;
	f->reading.answered = false;
	f->reading.took_us = 1500000;
	f->reading.reload_failed = true;
	out = render(f, true);
	has(&out, "certinstalld_loop_answers 0");
	has(&out, "certinstalld_loop_answer_seconds 1.5");
	has(&out, "certinstalld_config_last_reload_successful 0");
	has(&out, "certinstalld_in_flight{service=\"waf\"} 2");
	has(&out, "certinstalld_window{service=\"waf\"} 3");
	has(&out, "certinstalld_service_state{service=\"waf\",state=\"circuit-open\"} 1");
	has(&out, "certinstalld_service_state{service=\"waf\",state=\"flowing\"} 0");
	buffer_free(&out);
}

static void test_stored(void **state)
{
	struct fixture *f = *state;
	const struct config *config = settings_config(f->settings);
	const struct store_pause pause = {
		.service = "docex", .since_ms = 1, .who = "w", .reason = ""};
	struct error error;
	struct buffer out;
	char *line;
	bool added;

	assert_true(store_progress_succeeded(
		f->store, STORE_PROGRESS_SOURCE, config->spool, NOW_MS - 2500, &error));
	assert_true(store_progress_failed(
		f->store, STORE_PROGRESS_SOURCE, "/gone", NOW_MS - 2500, "why", &error));
	assert_true(store_pause_add(f->store, &pause, &added, &error));
	out = render(f, true);
	line = xasprintf(
		"certinstalld_source_since_success_seconds{source=\"%s\"} 2.5", config->spool);
	has(&out, line);
	free(line);
	line = xasprintf(
		"certinstalld_source_since_failure_seconds{source=\"%s\"} +Inf", config->spool);
	has(&out, line);
	free(line);
	has_not(&out, "/gone");
	has(&out, "certinstalld_service_paused{service=\"docex\"} 1");
	has(&out, "certinstalld_service_paused{service=\"waf\"} 0");
	has(&out, "certinstalld_store_transactions_total 3");
	has(&out, "certinstalld_jobs_due{service=\"waf\"} 0");
	buffer_free(&out);
}

/* A label can be anything that a path can. */
static void test_escaped(void **state)
{
	struct buffer out = {0};
	struct metrics_writer writer = {.out = &out};

	(void)state;
	metrics_family(&writer, "x", "gauge", NULL, "X.");
	metrics_int(&writer,
		&(const struct metrics_labels){{"a", "b", NULL}, {"q\"uo\\te", "li\nne", NULL}},
		-3);
	metrics_seconds(&writer, NULL, -1500000);
	metrics_seconds(&writer, NULL, 10000000);
	assert_string_equal(buffer_text(&out),
		"# TYPE certinstalld_x gauge\n# HELP certinstalld_x X.\n"
		"certinstalld_x{a=\"q\\\"uo\\\\te\",b=\"li?ne\"} -3\n"
		"certinstalld_x -1.5\ncertinstalld_x 10.0\n");
	buffer_free(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_attempts, setup, teardown),
		cmocka_unit_test_setup_teardown(test_records, setup, teardown),
		cmocka_unit_test_setup_teardown(test_forms, setup, teardown),
		cmocka_unit_test_setup_teardown(test_live, setup, teardown),
		cmocka_unit_test_setup_teardown(test_stored, setup, teardown),
		cmocka_unit_test(test_escaped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
