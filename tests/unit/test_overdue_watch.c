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
#include "base/civil.h"
#include "base/log.h"
#include "engine/overdue_watch.h"

#define START INT64_C(1794790800000)
#define MANY (2 * OVERDUE_WATCH_PAGE + 50)

static size_t warnings;
static char last_warning[512];

static void hear(void *context, enum log_level level, const char *message,
	const struct log_field *fields, size_t field_count)
{
	(void)context;
	(void)fields;
	(void)field_count;
	if (level != LOG_LEVEL_WARNING)
		return;
	warnings++;
	(void)snprintf(last_warning, sizeof(last_warning), "%s", message);
}

struct fixture {
	char *folder;
	struct manual_clock clock;
	struct loop *loop;
	struct store *store;
	struct overdue_watch *watch;
	struct error error;
};

#define OK(f, call)                                                                                \
	do {                                                                                       \
		if (!(call))                                                                       \
			fail_msg("%s: %s", #call, (f)->error.text);                                \
	} while (0)

static int setup(void **state)
{
	char name[] = "/tmp/test_overdue_watch.XXXXXX";
	struct fixture *f = xcalloc(1, sizeof(*f));
	unsigned char hash[32] = {1};
	char *path;

	assert_non_null(mkdtemp(name));
	f->folder = xstrdup(name);
	path = xasprintf("%s/store.db", name);
	OK(f, store_open(path, &f->store, &f->error));
	free(path);
	OK(f, store_contract_put(f->store, "c1", 1, hash, "{}", START, &f->error));
	manual_clock_init(&f->clock, START);
	f->loop = loop_new(&f->clock.clock);
	warnings = 0;
	log_set_sink(hear, NULL);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	static const char *const names[] = {"store.db", "store.db-wal", "store.db-shm"};
	struct fixture *f = *state;

	log_set_sink(NULL, NULL);
	overdue_watch_free(f->watch);
	loop_free(f->loop);
	store_close(f->store);
	for (size_t i = 0; i < ARRAY_LENGTH(names); i++) {
		char *path = xasprintf("%s/%s", f->folder, names[i]);

		(void)unlink(path);
		free(path);
	}
	assert_int_equal(rmdir(f->folder), 0);
	free(f->folder);
	free(f);
	return 0;
}

static int64_t add_job(struct fixture *f, int number, int64_t revoked_ms)
{
	struct store_certificate certificate = {.not_after_ms = START, .key = "ec-p256"};
	char service[] = "webhg2", code[] = "w1", contract[] = "c1", fqdn[32];
	struct store_job job = {
		.contract = contract,
		.service = service,
		.service_code = code,
		.fqdn = fqdn,
		.state = JOB_SCHEDULED,
		.due_ms = START - 9 * DAY_MS, /* late as well, which is no warning's matter */
		.next_ms = START,
		.revoked_ms = revoked_ms,
	};
	int64_t id;

	(void)snprintf(fqdn, sizeof(fqdn), "n%d.example.jp", number);
	memcpy(certificate.fingerprint, &number, sizeof(number));
	OK(f, store_certificate_put(f->store, &certificate, &job.certificate_id, &f->error));
	OK(f, store_job_add(f->store, &job, NULL, &id, &f->error));
	return id;
}

/* Looks MS later. */
static void pass(struct fixture *f, int64_t ms)
{
	manual_clock_advance(&f->clock, ms);
	overdue_watch_look(f->watch);
}

static void stop(void *context)
{
	loop_stop(context);
}

/* The first look comes from the loop. */
static void begin(struct fixture *f)
{
	struct loop_timer *timer;

	f->watch = overdue_watch_new(f->loop, f->store);
	timer = loop_timer_new(f->loop, stop, f->loop);
	loop_timer_set(timer, 1);
	assert_int_equal(warnings, 0);
	OK(f, loop_run(f->loop, &f->error));
	loop_timer_free(timer);
}

static void test_once_a_job(void **state)
{
	struct fixture *f = *state;
	int64_t soon = add_job(f, 1, START + 7 * DAY_MS);

	add_job(f, 2, START + 7 * DAY_MS + 2 * OVERDUE_WATCH_INTERVAL_MS);
	add_job(f, 3, 0);
	begin(f);
	assert_int_equal(warnings, 1);
	assert_string_equal(last_warning,
		"c1: webhg2 w1 n1.example.jp: overdue: the certificate that it replaces is revoked "
		"from 2026-11-23 on, and the new one is scheduled");
	pass(f, OVERDUE_WATCH_INTERVAL_MS);
	assert_int_equal(warnings, 1);
	/* The second one's hour has come; the first is not told of again. */
	pass(f, OVERDUE_WATCH_INTERVAL_MS);
	assert_int_equal(warnings, 2);
	assert_non_null(strstr(last_warning, "n2.example.jp"));
	/* One that failed is no less overdue, and was told of. */
	OK(f, store_job_set_state(f->store, soon, JOB_FAILED, 0, START, "no", &f->error));
	pass(f, OVERDUE_WATCH_INTERVAL_MS);
	assert_int_equal(warnings, 2);
	/* What was done and comes back is told of anew. */
	OK(f, store_job_set_state(f->store, soon, JOB_INSTALLED, 0, START, "", &f->error));
	pass(f, OVERDUE_WATCH_INTERVAL_MS);
	OK(f, store_job_reschedule(f->store, soon, START, START, NULL, &f->error));
	assert_int_equal(warnings, 2);
	pass(f, OVERDUE_WATCH_INTERVAL_MS);
	assert_int_equal(warnings, 3);
	assert_non_null(strstr(last_warning, "n1.example.jp"));
}

static void test_many(void **state)
{
	struct fixture *f = *state;

	OK(f, store_begin(f->store, &f->error));
	for (int i = 0; i < MANY; i++)
		add_job(f, i, START + (i % 3) * DAY_MS);
	OK(f, store_commit(f->store, &f->error));
	begin(f);
	assert_int_equal(warnings, OVERDUE_WATCH_PAGE);
	pass(f, 0);
	assert_int_equal(warnings, 2 * OVERDUE_WATCH_PAGE);
	pass(f, 0);
	assert_int_equal(warnings, MANY);
	/* Each look begins with the first page anew: one that comes in there is found. */
	for (int look = 0; look < 3; look++) {
		add_job(f, MANY + look, START - DAY_MS);
		for (int page = 0; page < 3; page++)
			pass(f, OVERDUE_WATCH_INTERVAL_MS / 4);
		assert_int_equal(warnings, MANY + look + 1);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_once_a_job, setup, teardown),
		cmocka_unit_test_setup_teardown(test_many, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
