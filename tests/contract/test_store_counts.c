/* Jobs by service and state are what there is, whoever writes and however, over store.h. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "store/store.h"

#define NOW INT64_C(1790000000000)
#define SECOND INT64_C(1000)
#define LEASE_MS (300 * SECOND)
#define LIMIT 100

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
	unsigned char number; /* of the last certificate */
	unsigned char token[LEASE_TOKEN_SIZE];
	struct store_job *claimed;
	size_t claimed_count;
};

static int begin(void **state)
{
	struct fixture *f = xcalloc(1, sizeof(*f));
	unsigned char hash[32] = {0};

	strcpy(f->folder, "/tmp/store-counts-XXXXXX");
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
	store_jobs_free(f->claimed, f->claimed_count);
	free(f->path);
	free(f);
	return 0;
}

static int64_t add(
	struct fixture *f, const char *service, const char *fqdn, enum job_state job_state)
{
	struct store_certificate certificate = {.not_after_ms = NOW + LEASE_MS, .key = "ec-p256"};
	struct store_job job = {
		.contract = xstrdup("c1"),
		.service = xstrdup(service),
		.service_code = xstrdup("code1"),
		.fqdn = xstrdup(fqdn),
		.state = job_state,
		.base_ms = NOW - 60 * SECOND,
		.due_ms = NOW - 50 * SECOND,
		.next_ms = NOW - 40 * SECOND,
		.idempotency_key = "key-of-the-job",
	};
	int64_t id;

	certificate.fingerprint[0] = ++f->number;
	OK(store_certificate_put(f->store, &certificate, &job.certificate_id, &error));
	OK(store_job_add(f->store, &job, "a trail", &id, &error));
	store_job_clear(&job);
	return id;
}

static size_t claim(struct fixture *f, const char *service)
{
	struct store_claim claim = {
		.service = service,
		.now_ms = NOW,
		.lease_until_ms = NOW + LEASE_MS,
		.limit = LIMIT,
		.token = {7},
	};

	store_jobs_free(f->claimed, f->claimed_count);
	OK(store_jobs_claim(f->store, &claim, &f->claimed, &f->claimed_count, &error));
	memcpy(f->token, claim.token, sizeof(f->token));
	return f->claimed_count;
}

static bool settle(struct fixture *f, const struct store_job *job, enum job_state job_state)
{
	struct store_settlement settlement = {.job_id = job->id, .state = job_state, .detail = "d"};
	bool applied;

	memcpy(settlement.token, f->token, sizeof(settlement.token));
	OK(store_job_settle(f->store, &settlement, &applied, &error));
	return applied;
}

static void note(void *context, const char *service, enum job_state job_state, int64_t count)
{
	struct buffer *text = context;

	buffer_printf(text, "%s%s %s %lld", text->length > 0 ? ", " : "", service,
		job_state_name(job_state), (long long)count);
}

static void expect(struct fixture *f, const char *counts)
{
	struct buffer text = {0};

	OK(store_counts(f->store, note, &text, &error));
	buffer_append_char(&text, '\0');
	assert_string_equal((const char *)text.data, counts);
	buffer_free(&text);
}

/* As somebody with a handle of his own sees it: what is kept, and what there is. */
static int64_t number(struct fixture *f, const char *sql)
{
	sqlite3_stmt *statement;
	sqlite3 *db;
	int64_t value;

	assert_int_equal(sqlite3_open(f->path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &statement, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
	value = sqlite3_column_int64(statement, 0);
	sqlite3_finalize(statement);
	sqlite3_close(db);
	return value;
}

static void expect_true(struct fixture *f)
{
	assert_int_equal(
		number(f, "SELECT count(*) FROM (SELECT service, state, count FROM job_counts "
			  "WHERE count <> 0 EXCEPT SELECT service, state, count(*) FROM jobs "
			  "GROUP BY service, state)"),
		0);
	assert_int_equal(number(f, "SELECT coalesce(sum(count), 0) - (SELECT count(*) FROM jobs) "
				   "FROM job_counts"),
		0);
}

static void test_a_life(void **state)
{
	struct fixture *f = *state;
	struct store_return given = {.state = JOB_SCHEDULED, .next_ms = NOW};
	struct store_judgement judgement = {.state = JOB_HELD};
	int64_t id;

	OK(store_begin(f->store, &error));
	add(f, "webhg2", "a.example.jp", JOB_SCHEDULED);
	add(f, "webhg2", "b.example.jp", JOB_SCHEDULED);
	id = add(f, "webhg2", "c.example.jp", JOB_HELD);
	add(f, "docex", "a.example.jp", JOB_RETRYING);
	/* What the transaction has done so far is counted in it, and by nobody else. */
	expect(f, "docex retrying 1, webhg2 held 1, webhg2 scheduled 2");
	assert_int_equal(number(f, "SELECT count(*) FROM job_counts"), 0);
	OK(store_commit(f->store, &error));
	expect(f, "docex retrying 1, webhg2 held 1, webhg2 scheduled 2");

	OK(store_begin(f->store, &error));
	assert_int_equal(claim(f, "docex"), 1);
	assert_true(settle(f, &f->claimed[0], JOB_INSTALLED));
	assert_int_equal(claim(f, "webhg2"), 2);
	assert_true(settle(f, &f->claimed[0], JOB_VERIFYING));
	OK(store_commit(f->store, &error));
	expect(f, "docex installed 1, webhg2 held 1, webhg2 installing 1, webhg2 verifying 1");
	expect_true(f);

	given.job_id = f->claimed[1].id;
	memcpy(given.token, f->token, sizeof(given.token));
	OK(store_jobs_return(f->store, &given, 1, &error));
	OK(store_job_set_state(f->store, f->claimed[0].id, JOB_SUPERSEDED, 0, NOW, NULL, &error));
	OK(store_job_reschedule(f->store, id, NOW, NOW, NULL, &error));
	expect(f, "docex installed 1, webhg2 scheduled 2, webhg2 superseded 1");
	OK(store_job_judge(f->store, id, &judgement, NULL, &error));
	expect(f, "docex installed 1, webhg2 held 1, webhg2 scheduled 1, webhg2 superseded 1");
	expect_true(f);
}

static void test_nothing_of_what_is_rolled_back(void **state)
{
	struct fixture *f = *state;
	struct store_judgement judgement = {.state = JOB_HELD};

	add(f, "webhg2", "a.example.jp", JOB_SCHEDULED);
	OK(store_begin(f->store, &error));
	assert_int_equal(claim(f, "webhg2"), 1);
	add(f, "webhg2", "b.example.jp", JOB_HELD);
	expect(f, "webhg2 held 1, webhg2 installing 1");
	add(f, "webhg2", "c.example.jp", JOB_HELD);
	store_rollback(f->store);
	expect(f, "webhg2 scheduled 1");
	/* What fails within a transaction ends it. */
	OK(store_begin(f->store, &error));
	add(f, "webhg2", "b.example.jp", JOB_HELD);
	assert_false(store_job_judge(f->store, 999, &judgement, NULL, &error));
	assert_false(store_commit(f->store, &error));
	add(f, "webhg2", "d.example.jp", JOB_HELD);
	expect(f, "webhg2 held 1, webhg2 scheduled 1");
	expect_true(f);
}

static void run(sqlite3 *db, const char *sql)
{
	char *message = NULL;

	if (sqlite3_exec(db, sql, NULL, NULL, &message) != SQLITE_OK)
		fail_msg("%s: %s", sql, message);
}

/* With another program on the same file, SQLite's own say, between what the store does. */
static void test_beside_others(void **state)
{
	struct fixture *f = *state;
	struct store *second;
	sqlite3 *db;

	add(f, "webhg2", "a.example.jp", JOB_SCHEDULED);
	add(f, "webhg2", "b.example.jp", JOB_SCHEDULED);
	assert_int_equal(sqlite3_open(f->path, &db), SQLITE_OK);
	run(db, "UPDATE jobs SET state = 10 WHERE fqdn = 'a.example.jp'");
	expect(f, "webhg2 scheduled 1, webhg2 cancelled 1");
	OK(store_open_again(f->store, &second, &error));
	OK(store_job_set_state(second, 1, JOB_SCHEDULED, NOW, 0, NULL, &error));
	assert_int_equal(claim(f, "webhg2"), 2);
	run(db, "UPDATE jobs SET service = 'docex' WHERE fqdn = 'b.example.jp'");
	expect(f, "docex installing 1, webhg2 installing 1");
	assert_true(settle(f, &f->claimed[0], JOB_INSTALLED));
	run(db, "DELETE FROM trails; DELETE FROM jobs WHERE fqdn = 'a.example.jp'");
	expect(f, "docex installed 1");
	expect_true(f);
	sqlite3_close(db);
	store_close(second);
}

/* Of what is found at once for one target, what is due first is taken, and the rest waits for it.
 */
static void test_one_a_target(void **state)
{
	static const char *const names[] = {"b.example.jp", "a.example.jp", "b.example.jp",
		"a.example.jp", "c.example.jp", "b.example.jp"};
	struct fixture *f = *state;
	int64_t ids[ARRAY_LENGTH(names)];
	size_t i;

	for (i = 0; i < ARRAY_LENGTH(names); i++)
		ids[i] = add(f, "webhg2", names[i], JOB_SCHEDULED);
	assert_int_equal(claim(f, "webhg2"), 3);
	assert_int_equal(f->claimed[0].id, ids[0]);
	assert_int_equal(f->claimed[1].id, ids[1]);
	assert_int_equal(f->claimed[2].id, ids[4]);
	expect(f, "webhg2 scheduled 3, webhg2 installing 3");
	assert_true(settle(f, &f->claimed[0], JOB_INSTALLED));
	assert_int_equal(claim(f, "webhg2"), 1);
	assert_int_equal(f->claimed[0].id, ids[2]);
	expect_true(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_a_life, begin, end),
		cmocka_unit_test_setup_teardown(test_nothing_of_what_is_rolled_back, begin, end),
		cmocka_unit_test_setup_teardown(test_beside_others, begin, end),
		cmocka_unit_test_setup_teardown(test_one_a_target, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
