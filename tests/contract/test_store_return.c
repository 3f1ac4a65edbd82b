/* Jobs that were claimed and are given back untried, over store.h. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "store/store.h"

#define NOW INT64_C(1790000000000)
#define SECOND INT64_C(1000)
#define LEASE_MS (300 * SECOND)

#define OK(call)                                                                                   \
	do {                                                                                       \
		if (!(call))                                                                       \
			fail_msg("%s: %s", #call, error.text);                                     \
	} while (0)

static struct error error;

struct fixture {
	char folder[32];
	char *path;
	struct store *store;
	int64_t id;
	unsigned char token[LEASE_TOKEN_SIZE];
	struct store_job claimed;
};

static int begin(void **state)
{
	struct fixture *f = xcalloc(1, sizeof(*f));
	unsigned char hash[32] = {0};

	strcpy(f->folder, "/tmp/store-return-XXXXXX");
	assert_non_null(mkdtemp(f->folder));
	f->path = xasprintf("%s/store.db", f->folder);
	OK(store_open(f->path, &f->store, &error));
	OK(store_contract_put(f->store, "c1", 1, hash, "{}", NOW, &error));
	*state = f;
	return 0;
}

static int end(void **state)
{
	static const char *const suffixes[] = {"", "-wal", "-shm"};
	struct fixture *f = *state;
	size_t i;

	store_close(f->store);
	for (i = 0; i < ARRAY_LENGTH(suffixes); i++) {
		char *path = xasprintf("%s%s", f->path, suffixes[i]);

		unlink(path);
		free(path);
	}
	rmdir(f->folder);
	store_job_clear(&f->claimed);
	free(f->path);
	free(f);
	return 0;
}

static void add(struct fixture *f, enum job_state state, int number)
{
	struct store_certificate certificate = {.not_after_ms = NOW + LEASE_MS, .key = "ec-p256"};
	struct store_job job = {
		.contract = xstrdup("c1"),
		.service = xstrdup("webhg2"),
		.service_code = xstrdup("whg1"),
		.fqdn = xstrdup("www.example.jp"),
		.state = state,
		.base_ms = NOW - 60 * SECOND,
		.due_ms = NOW - 50 * SECOND,
		.next_ms = NOW - 40 * SECOND,
		.attempts = 2,
		.idempotency_key = "key-of-the-job",
	};

	memcpy(certificate.fingerprint, &number, sizeof(number));
	OK(store_certificate_put(f->store, &certificate, &job.certificate_id, &error));
	OK(store_job_add(f->store, &job, "a trail", &f->id, &error));
	store_job_clear(&job);
}

static size_t claim(struct fixture *f, int64_t now_ms, unsigned char token)
{
	struct store_claim claim = {
		.service = "webhg2",
		.now_ms = now_ms,
		.lease_until_ms = now_ms + LEASE_MS,
		.limit = 10,
		.token = {token},
	};
	struct store_job *jobs;
	size_t count;

	OK(store_jobs_claim(f->store, &claim, &jobs, &count, &error));
	if (count == 1) {
		store_job_clear(&f->claimed);
		memcpy(f->token, claim.token, sizeof(f->token));
		f->claimed = jobs[0];
		jobs[0] = (struct store_job){0};
	}
	store_jobs_free(jobs, count);
	return count;
}

static void give_back(struct fixture *f)
{
	struct store_return given = {.job_id = f->claimed.id,
		.state = f->claimed.claimed_state,
		.next_ms = f->claimed.claimed_next_ms};

	memcpy(given.token, f->token, sizeof(given.token));
	OK(store_jobs_return(f->store, &given, 1, &error));
}

static bool is_held(struct fixture *f)
{
	struct store_lease lease = {.job_id = f->claimed.id};

	memcpy(lease.token, f->token, sizeof(lease.token));
	OK(store_leases_look(f->store, &lease, 1, &error));
	return lease.held;
}

static void expect(struct fixture *f, enum job_state state, int64_t next_ms, int attempts)
{
	struct store_job job;
	bool found;

	OK(store_job_get(f->store, f->id, &job, &found, &error));
	assert_string_equal(job_state_name(job.state), job_state_name(state));
	assert_int_equal(job.next_ms, next_ms);
	assert_int_equal(job.attempts, attempts);
	store_job_clear(&job);
}

static void test_as_it_was(void **state)
{
	static const enum job_state states[] = {JOB_SCHEDULED, JOB_RETRYING, JOB_VERIFYING};
	size_t i;

	for (i = 0; i < ARRAY_LENGTH(states); i++) {
		struct fixture *f;

		begin(state);
		f = *state;
		add(f, states[i], 1);
		assert_int_equal(claim(f, NOW, 1), 1);
		assert_int_equal(f->claimed.claimed_state, states[i]);
		assert_true(is_held(f));
		give_back(f);
		assert_false(is_held(f));
		expect(f, states[i], NOW - 40 * SECOND, 2);
		/* It is to be had again at once, by anybody. */
		assert_int_equal(claim(f, NOW, 2), 1);
		end(state);
	}
}

/* Who died with it may have pushed it: never scheduled again as if nothing had been. */
static void test_found_under_a_dead_lease(void **state)
{
	struct fixture *f = *state;

	add(f, JOB_SCHEDULED, 1);
	assert_int_equal(claim(f, NOW, 1), 1);
	assert_int_equal(claim(f, NOW + LEASE_MS, 2), 1);
	assert_int_equal(f->claimed.claimed_state, JOB_INSTALLING);
	give_back(f);
	expect(f, JOB_RETRYING, NOW + LEASE_MS, 2);
}

static void test_called_off_meanwhile(void **state)
{
	struct fixture *f = *state;
	int64_t first;

	add(f, JOB_SCHEDULED, 1);
	first = f->id;
	assert_int_equal(claim(f, NOW, 1), 1);
	OK(store_job_set_state(f->store, first, JOB_SUPERSEDED, 0, NOW, "overtaken", &error));
	assert_false(is_held(f));
	/* The lease keeps the target busy until it is given back. */
	add(f, JOB_SCHEDULED, 2);
	assert_int_equal(claim(f, NOW, 2), 0);
	give_back(f);
	assert_int_equal(claim(f, NOW, 2), 1);
	assert_int_equal(f->claimed.id, f->id);
	f->id = first;
	expect(f, JOB_SUPERSEDED, 0, 2);
}

static void test_in_other_hands(void **state)
{
	struct fixture *f = *state;
	struct store_job late;

	add(f, JOB_SCHEDULED, 1);
	assert_int_equal(claim(f, NOW, 1), 1);
	late = f->claimed;
	f->claimed = (struct store_job){0};
	assert_int_equal(claim(f, NOW + LEASE_MS, 2), 1);
	store_job_clear(&f->claimed);
	f->claimed = late;
	f->token[0] = 1;
	assert_false(is_held(f));
	give_back(f);
	expect(f, JOB_INSTALLING, NOW + 2 * LEASE_MS, 2);
	f->token[0] = 2;
	assert_true(is_held(f));
}

static void test_another_handle(void **state)
{
	struct fixture *f = *state;
	struct store *again, *first = f->store;

	add(f, JOB_SCHEDULED, 1);
	OK(store_open_again(first, &again, &error));
	f->store = again;
	assert_int_equal(claim(f, NOW, 1), 1);
	f->store = first;
	assert_true(is_held(f));
	expect(f, JOB_INSTALLING, NOW + LEASE_MS, 2);
	store_close(again);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_as_it_was),
		TEST(test_found_under_a_dead_lease),
		TEST(test_called_off_meanwhile),
		TEST(test_in_other_hands),
		TEST(test_another_handle),
	};

	return cmocka_run_group_tests_name("store_return", tests, NULL, NULL);
}
