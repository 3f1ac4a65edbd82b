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
#include "ops/route.h"

/* The router without a daemon, on an empty store: which way a request goes, and for whom. */

static char directory[32];
static char *path;
static struct store *store;
static struct settings *settings;
static struct manual_clock manual;

static int setup(void **state)
{
	struct config *config = config_defaults();
	struct error error;

	(void)state;
	snprintf(directory, sizeof(directory), "/tmp/test_route.XXXXXX");
	assert_non_null(mkdtemp(directory));
	path = xasprintf("%s/store.db", directory);
	free(config->spool);
	config->spool = xstrdup(directory);
	settings = settings_from(config, NULL);
	manual_clock_init(&manual, INT64_C(1795478400000));
	assert_true(store_open(path, &store, &error));
	return 0;
}

static int teardown(void **state)
{
	static const char *const suffixes[] = {"", "-wal", "-shm"};
	size_t i;

	(void)state;
	store_close(store);
	settings_unref(settings);
	for (i = 0; i < ARRAY_LENGTH(suffixes); i++) {
		char *name = xasprintf("%s%s", path, suffixes[i]);

		(void)unlink(name);
		free(name);
	}
	free(path);
	return rmdir(directory);
}

static struct route_answer ask(const char *method, const char *target, enum admin_right right)
{
	const struct route_context context = {
		.store = store, .settings = settings, .clock = &manual.clock};
	const struct route_request request = {.method = method,
		.target = target,
		.body = "",
		.who = "mal\033lory",
		.right = right};
	struct route_answer answer;

	route(&context, &request, &answer);
	assert_true(answer.body.length > 0);
	assert_null(strchr(buffer_text(&answer.body), '\033'));
	return answer;
}

static void test_rights(void **state)
{
	static const struct {
		const char *method, *target;
		int none, read, change; /* what each right gets */
	} cases[] = {
		{"GET", "/status", 403, 200, 200},
		{"GET", "/jobs", 403, 200, 200},
		{"GET", "/jobs?state=failed&sort=due&limit=5", 403, 200, 200},
		{"GET", "/jobs/1", 403, 404, 404},
		{"GET", "/why?fqdn=www.example.jp", 403, 200, 200},
		/* Of a daemon that is not there. */
		{"GET", "/healthz", 403, 503, 503},
		{"GET", "/metrics", 403, 503, 503},
		{"POST", "/jobs/1/retry", 403, 403, 200},
		{"POST", "/jobs/1/cancel", 403, 403, 200},
		{"POST", "/jobs/1/release", 403, 403, 400},
		{"POST", "/jobs/retry?id=1&id=2", 403, 403, 200},
		{"POST", "/jobs/cancel?contract=c1", 403, 403, 200},
		{"POST", "/services/waf/pause?dry=true", 403, 403, 200},
		{"POST", "/services/waf/resume", 403, 403, 200},
		{"POST", "/services/waf/release?service-code=c", 403, 403, 400},
		{"POST", "/import", 403, 403, 400},
		/* Nothing is told of what there is to who may not read. */
		{"GET", "/nothing", 403, 404, 404},
		{"POST", "/status", 403, 405, 405},
		{"", "/status", 403, 405, 405},
		{"GET", "/jobs/1/retry", 403, 405, 405},
	};
	static const enum admin_right rights[] = {
		ADMIN_RIGHT_NONE, ADMIN_RIGHT_READ, ADMIN_RIGHT_CHANGE};
	size_t i, j;

	(void)state;
	for (i = 0; i < ARRAY_LENGTH(cases); i++) {
		const int wanted[] = {cases[i].none, cases[i].read, cases[i].change};

		for (j = 0; j < ARRAY_LENGTH(rights); j++) {
			struct route_answer answer =
				ask(cases[i].method, cases[i].target, rights[j]);

			if (answer.status != wanted[j])
				fail_msg("%s %s with right %zu: %d, %s", cases[i].method,
					cases[i].target, j, answer.status,
					buffer_text(&answer.body));
			if (answer.status != 200)
				assert_string_equal(
					answer.content_type, "application/problem+json");
			if (answer.status == 403)
				assert_false(answer.changed);
			buffer_free(&answer.body);
		}
	}
}

static void test_targets(void **state)
{
	static const struct {
		const char *target;
		int status;
	} cases[] = {
		{"", 404},
		{"/", 404},
		{"/jobs/", 404},
		{"//jobs", 400},
		{"/jobs/0", 404},
		{"/jobs/-1", 404},
		{"/jobs/1x", 404},
		{"/jobs/99999999999999999999", 404},
		{"/jobs/1/", 404},
		{"/status/", 404},
		{"/STATUS", 404},
		{"/status?x=1", 400},
		{"/jobs?limit=0", 400},
		{"/jobs?limit=100001", 400},
		{"/jobs?state=none", 400},
		{"/jobs?fqdn=a%0ab", 400},
		{"/jobs?fqdn=%1b%5b31m", 400},
		{"/jobs?f%1bqdn=a", 400},
		{"/jobs?fqdn", 400},
		{"/why", 400},
		{"/why?fqdn=", 400},
		{"/why?fqdn=a..b", 400},
		{"http://other.example.jp/status", 400},
		{"/../status", 404},
		{"/%73tatus", 404},
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LENGTH(cases); i++) {
		struct route_answer answer = ask("GET", cases[i].target, ADMIN_RIGHT_CHANGE);

		if (answer.status != cases[i].status)
			fail_msg("%s: %d, %s", cases[i].target, answer.status,
				buffer_text(&answer.body));
		buffer_free(&answer.body);
	}
}

static void test_bounds(void **state)
{
	struct buffer target = {0};
	struct route_answer answer;
	int i;

	(void)state;
	buffer_append_text(&target, "/jobs?fqdn=");
	while (target.length <= ROUTE_TARGET_MAX)
		buffer_append_char(&target, 'a');
	answer = ask("GET", buffer_text(&target), ADMIN_RIGHT_READ);
	assert_int_equal(answer.status, 414);
	buffer_free(&answer.body);
	buffer_clear(&target);
	buffer_append_text(&target, "/jobs?state=failed");
	for (i = 0; i < 64; i++)
		buffer_append_text(&target, "&state=failed");
	answer = ask("GET", buffer_text(&target), ADMIN_RIGHT_READ);
	assert_int_equal(answer.status, 400);
	buffer_free(&answer.body);
	buffer_free(&target);
}

/* The pump is poked for what was changed, and for nothing else. */
static void test_changed(void **state)
{
	static const struct {
		const char *method, *target;
		bool changed;
	} cases[] = {
		{"POST", "/services/waf/pause", true},
		{"POST", "/services/waf/resume", true},
		{"POST", "/services/waf/pause?dry=true", false},
		{"POST", "/services/waf/pause?dry=perhaps", false},
		{"POST", "/services/none/pause", false},
		{"GET", "/status", false},
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LENGTH(cases); i++) {
		struct route_answer answer =
			ask(cases[i].method, cases[i].target, ADMIN_RIGHT_CHANGE);

		if (answer.changed != cases[i].changed)
			fail_msg("%s: changed %d", cases[i].target, answer.changed);
		buffer_free(&answer.body);
	}
}

static void test_refusal_names_the_group(void **state)
{
	struct route_answer answer = ask("GET", "/status", ADMIN_RIGHT_NONE);

	(void)state;
	assert_non_null(
		strstr(buffer_text(&answer.body), "members of the group certinstalld-read"));
	assert_non_null(strstr(buffer_text(&answer.body), "mal?lory"));
	buffer_free(&answer.body);
	answer = ask("POST", "/services/waf/pause", ADMIN_RIGHT_READ);
	assert_non_null(
		strstr(buffer_text(&answer.body), "members of the group certinstalld-change"));
	buffer_free(&answer.body);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rights),
		cmocka_unit_test(test_targets),
		cmocka_unit_test(test_bounds),
		cmocka_unit_test(test_changed),
		cmocka_unit_test(test_refusal_names_the_group),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
