/* What every store has to do for looking ahead, over store.h alone. */

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
#include "base/buffer.h"
#include "store/store.h"

#define NOW INT64_C(1790000000000)

struct fixture {
	char directory[32];
	char *path;
	struct store *store;
	struct error error;
	int certificates;
};

#define OK(f, call)                                                                                \
	do {                                                                                       \
		if (!(call))                                                                       \
			fail_msg("%s: %s", #call, (f)->error.text);                                \
	} while (0)

static int setup(void **state)
{
	struct fixture *f = xcalloc(1, sizeof(*f));

	strcpy(f->directory, "/tmp/test_store.XXXXXX");
	assert_non_null(mkdtemp(f->directory));
	f->path = xasprintf("%s/store.db", f->directory);
	OK(f, store_open(f->path, &f->store, &f->error));
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	static const char *const suffixes[] = {"", "-wal", "-shm"};
	struct fixture *f = *state;

	store_close(f->store);
	for (size_t i = 0; i < ARRAY_LENGTH(suffixes); i++) {
		char *name = xasprintf("%s%s", f->path, suffixes[i]);

		(void)unlink(name);
		free(name);
	}
	assert_int_equal(rmdir(f->directory), 0);
	free(f->path);
	free(f);
	return 0;
}

/* LINKS as the canonical record has them. */
static void put_contract(struct fixture *f, const char *code, const char *state, const char *links)
{
	unsigned char hash[32] = {1};
	char *snapshot = xasprintf("{\"state\":\"%s\",\"links\":[%s]}", state, links);

	OK(f, store_contract_put(f->store, code, 1, hash, snapshot, NOW, &f->error));
	free(snapshot);
}

#define LINK(service, code)                                                                        \
	"{\"service\":\"" service "\",\"service_code\":\"" code "\",\"fqdn\":\"x\"}"

/* A job with a certificate of its own: from NOW + NUMBER to NOW + 1000 + NUMBER, due NOW + 500 +
 * NUMBER. */
static int64_t add_job(struct fixture *f, const char *contract, const char *service,
	const char *code, const char *fqdn, enum job_state state, int number)
{
	struct store_certificate certificate = {.not_before_ms = NOW + number,
		.not_after_ms = NOW + 1000 + number,
		.key = "ec-p256"};
	struct store_job job = {
		.contract = xstrdup(contract),
		.service = xstrdup(service),
		.service_code = xstrdup(code),
		.fqdn = xstrdup(fqdn),
		.state = state,
		.base_ms = NOW,
		.due_ms = NOW + 500 + number,
		.next_ms = NOW,
		.idempotency_key = "key",
	};
	int64_t id;

	f->certificates++;
	memcpy(certificate.fingerprint, &f->certificates, sizeof(f->certificates));
	OK(f, store_certificate_put(f->store, &certificate, &job.certificate_id, &f->error));
	OK(f, store_job_add(f->store, &job, NULL, &id, &f->error));
	store_job_clear(&job);
	return id;
}

static void list_ahead(void *context, const struct store_ahead *ahead)
{
	buffer_printf(context, "%s%s due+%d %d..%d\n", ahead->service,
		ahead->is_open ? " open" : "", (int)(ahead->due_ms - NOW),
		(int)(ahead->not_before_ms - NOW), (int)(ahead->not_after_ms - NOW));
}

static void expect_ahead(struct fixture *f, const char *wanted)
{
	struct buffer found = {0};

	OK(f, store_forecast_jobs(f->store, list_ahead, &found, &f->error));
	assert_string_equal(buffer_text(&found), wanted);
	buffer_free(&found);
}

static void test_states(void **state)
{
	static const struct {
		enum job_state state;
		const char *wanted;
	} cases[] = {
		{JOB_HELD, ""},
		{JOB_SCHEDULED, "webhg2 open due+501 1..1001\n"},
		{JOB_INSTALLING, "webhg2 open due+501 1..1001\n"},
		{JOB_VERIFYING, "webhg2 due+501 1..1001\n"},
		{JOB_RETRYING, "webhg2 open due+501 1..1001\n"},
		{JOB_INSTALLED, "webhg2 due+501 1..1001\n"},
		{JOB_FAILED, ""},
		{JOB_REFUSED, ""},
		{JOB_SUPERSEDED, ""},
		{JOB_CANCELLED, ""},
	};
	struct fixture *f = *state;
	int64_t id;

	assert_int_equal(ARRAY_LENGTH(cases), JOB_STATE_COUNT);
	expect_ahead(f, "");
	put_contract(f, "c1", "active", LINK("webhg2", "w1"));
	id = add_job(f, "c1", "webhg2", "w1", "a.example.jp", JOB_SCHEDULED, 1);
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		OK(f, store_job_set_state(f->store, id, cases[i].state, NOW, 0, "", &f->error));
		expect_ahead(f, cases[i].wanted);
	}
}

/* The newest of a target alone; a job that was given up overtakes nothing. */
static void test_newest_of_a_target(void **state)
{
	struct fixture *f = *state;

	put_contract(f, "c1", "active", LINK("webhg2", "w1") "," LINK("webhg2", "w2"));
	add_job(f, "c1", "webhg2", "w1", "a.example.jp", JOB_INSTALLED, 1);
	expect_ahead(f, "webhg2 due+501 1..1001\n");
	add_job(f, "c1", "webhg2", "w1", "a.example.jp", JOB_INSTALLED, 2);
	expect_ahead(f, "webhg2 due+502 2..1002\n");
	add_job(f, "c1", "webhg2", "w1", "a.example.jp", JOB_FAILED, 3);
	add_job(f, "c1", "webhg2", "w1", "a.example.jp", JOB_HELD, 4);
	expect_ahead(f, "webhg2 due+502 2..1002\n");
	add_job(f, "c1", "webhg2", "w1", "a.example.jp", JOB_SCHEDULED, 5);
	expect_ahead(f, "webhg2 open due+505 5..1005\n");
	/* Another name and another code are other targets. */
	add_job(f, "c1", "webhg2", "w1", "b.example.jp", JOB_INSTALLED, 6);
	add_job(f, "c1", "webhg2", "w2", "a.example.jp", JOB_INSTALLED, 7);
	expect_ahead(f, "webhg2 open due+505 5..1005\n"
			"webhg2 due+506 6..1006\n"
			"webhg2 due+507 7..1007\n");
}

/* What a contract let go of, and what has ended, is renewed by nobody. */
static void test_links(void **state)
{
	struct fixture *f = *state;

	put_contract(f, "c1", "active", LINK("webhg2", "w1") "," LINK("docex", "d1"));
	add_job(f, "c1", "webhg2", "w1", "a.example.jp", JOB_INSTALLED, 1);
	add_job(f, "c1", "docex", "d1", "a.example.jp", JOB_INSTALLED, 2);
	expect_ahead(f, "webhg2 due+501 1..1001\ndocex due+502 2..1002\n");
	put_contract(f, "c1", "active", LINK("webhg2", "w1") "," LINK("docex", "d2"));
	expect_ahead(f, "webhg2 due+501 1..1001\n");
	put_contract(f, "c1", "active", LINK("other", "w1") "," LINK("docex", "d1"));
	expect_ahead(f, "docex due+502 2..1002\n");
	put_contract(f, "c1", "ended", LINK("webhg2", "w1") "," LINK("docex", "d1"));
	expect_ahead(f, "");
	put_contract(f, "c1", "active", "");
	expect_ahead(f, "");
}

static void add_attempt(struct fixture *f, int64_t job, int number, enum attempt_kind kind,
	const char *outcome, int64_t duration_ms)
{
	const struct store_attempt attempt = {.job_id = job,
		.kind = kind,
		.number = number,
		.at_ms = NOW,
		.duration_ms = duration_ms,
		.outcome = outcome};

	OK(f, store_attempt_add(f->store, &attempt, &f->error));
}

static void list_duration(void *context, const char *service, int64_t duration_ms)
{
	buffer_printf(context, "%s %d\n", service, (int)duration_ms);
}

static void expect_durations(struct fixture *f, int64_t latest, const char *wanted)
{
	struct buffer found = {0};

	OK(f, store_push_durations(f->store, latest, list_duration, &found, &f->error));
	assert_string_equal(buffer_text(&found), wanted);
	buffer_free(&found);
}

static void test_durations(void **state)
{
	struct fixture *f = *state;
	int64_t web, doc;

	expect_durations(f, 100, "");
	put_contract(f, "c1", "active", "");
	web = add_job(f, "c1", "webhg2", "w1", "a.example.jp", JOB_INSTALLED, 1);
	doc = add_job(f, "c1", "docex", "d1", "a.example.jp", JOB_INSTALLED, 2);
	add_attempt(f, web, 1, ATTEMPT_PUSH, "done", 11);
	add_attempt(f, web, 2, ATTEMPT_PUSH, "temporary", 30000);
	add_attempt(f, doc, 1, ATTEMPT_PUSH, "accepted", 14);
	add_attempt(f, web, 3, ATTEMPT_PUSH, "done", 15);
	expect_durations(f, 100, "webhg2 15\ndocex 14\nwebhg2 11\n");
	expect_durations(f, 3, "webhg2 15\ndocex 14\n");
	/* What else belongs to a try had its place in flight, too. */
	add_attempt(f, doc, 1, ATTEMPT_FOLLOW, "done", 100);
	add_attempt(f, web, 4, ATTEMPT_READ_BACK, "other", 1000);
	add_attempt(f, web, 4, ATTEMPT_PUSH, "next-step", 200);
	add_attempt(f, web, 4, ATTEMPT_PUSH, "done", 30);
	add_attempt(f, web, 4, ATTEMPT_VERIFY, "old", 4);
	add_attempt(f, web, 4, ATTEMPT_VERIFY, "served", 5);
	expect_durations(f, 100, "webhg2 1239\nwebhg2 15\ndocex 114\nwebhg2 11\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_states, setup, teardown),
		cmocka_unit_test_setup_teardown(test_newest_of_a_target, setup, teardown),
		cmocka_unit_test_setup_teardown(test_links, setup, teardown),
		cmocka_unit_test_setup_teardown(test_durations, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
