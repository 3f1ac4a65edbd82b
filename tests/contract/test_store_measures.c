#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "store/store.h"

/* What is measured, and what presses. Instants are small numbers: nothing here asks a clock. */

static char directory[40];
static char *path;
static struct store *store;

static int open_store(void **state)
{
	struct error error;

	(void)state;
	snprintf(directory, sizeof(directory), "/tmp/test_store_measures.XXXXXX");
	assert_non_null(mkdtemp(directory));
	path = xasprintf("%s/store.db", directory);
	assert_true(store_open(path, &store, &error));
	return 0;
}

static int close_store(void **state)
{
	static const char *const suffixes[] = {"", "-wal", "-shm"};
	size_t i;

	(void)state;
	store_close(store);
	for (i = 0; i < ARRAY_LENGTH(suffixes); i++) {
		char *name = xasprintf("%s%s", path, suffixes[i]);

		(void)unlink(name);
		free(name);
	}
	free(path);
	return rmdir(directory);
}

static uint64_t commits(const struct store_measures *measures)
{
	uint64_t count = 0;
	size_t i;

	for (i = 0; i <= measures->commits.count; i++)
		count += atomic_load(&measures->commits.falls[i]);
	return count;
}

static void put_feed(struct store *handle, const char *cursor)
{
	struct error error;

	assert_true(store_feed_put(handle, "https://f", cursor, 4000, &error));
}

static void test_commits(void **state)
{
	struct store_measures measures;
	struct store *again;
	struct error error;
	int64_t updated_ms;

	(void)state;
	store_measures_init(&measures);
	put_feed(store, "a");
	assert_int_equal(commits(&measures), 0);
	store_measure(store, &measures);
	put_feed(store, "b");
	assert_int_equal(commits(&measures), 1);
	assert_true(store_open_again(store, &again, &error));
	put_feed(again, "c");
	assert_int_equal(commits(&measures), 2);
	/* What was rolled back is none. */
	assert_true(store_begin(again, &error));
	store_rollback(again);
	assert_int_equal(commits(&measures), 2);
	assert_int_equal(atomic_load(&measures.failed_commits), 0);
	assert_true(atomic_load(&measures.commits.sum) > 0);
	store_close(again);
	assert_true(store_feed_updated(store, "https://f", &updated_ms, &error));
	assert_int_equal(updated_ms, 4000);
	assert_true(store_feed_updated(store, "https://other", &updated_ms, &error));
	assert_int_equal(updated_ms, 0);
}

struct wanted_job {
	const char *service;
	enum job_state state;
	int64_t due_ms, next_ms, not_after_ms, revoked_ms;
};

static void add_job(const struct wanted_job *wanted, unsigned char number)
{
	static const unsigned char hash[32] = {1};
	struct store_certificate certificate = {
		.not_before_ms = 1, .not_after_ms = wanted->not_after_ms, .key = "ec-p256"};
	struct buffer sealed = {0};
	char contract[] = "c1", code[] = "code", fqdn[] = "www.example.jp";
	char *service = xstrdup(wanted->service);
	struct store_job job = {
		.contract = contract,
		.service = service,
		.service_code = code,
		.fqdn = fqdn,
		.state = wanted->state,
		.due_ms = wanted->due_ms,
		.next_ms = wanted->next_ms,
		.revoked_ms = wanted->revoked_ms,
		.idempotency_key = "k",
	};
	struct error error;
	int64_t id;

	certificate.fingerprint[0] = number;
	assert_true(store_contract_put(store, "c1", 1, hash, "{}", 1, &error));
	assert_true(store_certificate_put(store, &certificate, &job.certificate_id, &error));
	buffer_append_text(&sealed, "sealed");
	assert_true(
		store_secret_put(store, job.certificate_id, "0123456789abcdef", &sealed, &error));
	buffer_free(&sealed);
	assert_true(store_job_add(store, &job, NULL, &id, &error));
	free(service);
}

struct found {
	struct store_pressing of[4];
	char services[4][32];
	size_t count;
};

static void find(void *context, const struct store_pressing *pressing)
{
	struct found *found = context;

	assert_true(found->count < 4);
	snprintf(found->services[found->count], 32, "%s", pressing->service);
	found->of[found->count++] = *pressing;
}

static void test_pressing(void **state)
{
	static const struct wanted_job jobs[] = {
		/* Now is 10000, and today began at 9000. */
		{"a", JOB_SCHEDULED, 8000, 8000, 70000, 0},    /* due and late */
		{"a", JOB_SCHEDULED, 9500, 9500, 60000, 0},    /* due */
		{"a", JOB_SCHEDULED, 20000, 20000, 500, 0},    /* later: nothing presses */
		{"a", JOB_RETRYING, 7000, 12000, 90000, 50},   /* waits for its next try; late */
		{"a", JOB_INSTALLED, 6000, 0, 100, 0},	       /* done */
		{"a", JOB_FAILED, 5000, 0, 100, 60},	       /* neither */
		{"b", JOB_SCHEDULED, 10000, 10000, 80000, 70}, /* due this very moment */
	};
	struct found found = {0};
	struct error error;
	int64_t count;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LENGTH(jobs); i++)
		add_job(&jobs[i], (unsigned char)(i + 1));
	assert_true(store_pressing(store, 10000, 9000, find, &found, &error));
	assert_int_equal(found.count, 2);
	assert_string_equal(found.services[0], "a");
	assert_int_equal(found.of[0].due, 2);
	assert_int_equal(found.of[0].late, 2);
	assert_int_equal(found.of[0].oldest_due_ms, 7000);
	assert_int_equal(found.of[0].soonest_end_ms, 60000);
	assert_string_equal(found.services[1], "b");
	assert_int_equal(found.of[1].due, 1);
	assert_int_equal(found.of[1].late, 0);
	assert_int_equal(found.of[1].soonest_end_ms, 80000);

	assert_true(store_secrets_count(store, &count, &error));
	assert_int_equal(count, ARRAY_LENGTH(jobs));
	assert_true(store_guarded_count(store, &count, &error));
	assert_int_equal(count, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_commits, open_store, close_store),
		cmocka_unit_test_setup_teardown(test_pressing, open_store, close_store),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
