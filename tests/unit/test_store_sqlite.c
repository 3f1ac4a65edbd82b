/* What is SQLite's own: the file, its versions, refusals, damage, faults, query plans. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/file.h"
#include "store/store_private.h"
#include "store_faults.h"

#define NOW INT64_C(1790000000000)

struct fixture {
	char directory[32];
	char *path;
	struct error error;
};

static char *beside(const struct fixture *f, const char *suffix)
{
	return xasprintf("%s%s", f->path, suffix);
}

static int setup(void **state)
{
	struct fixture *f = xcalloc(1, sizeof(*f));

	snprintf(f->directory, sizeof(f->directory), "/tmp/test_sqlite.XXXXXX");
	assert_non_null(mkdtemp(f->directory));
	/* A name that a URI would misread. */
	f->path = xasprintf("%s/a?b%%41#c.db", f->directory);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	static const char *const suffixes[] = {
		"", "-wal", "-shm", "-journal", ".copy", ".copy-wal", ".copy-shm"};
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_LENGTH(suffixes); i++) {
		char *name = beside(f, suffixes[i]);

		(void)unlink(name);
		free(name);
	}
	assert_int_equal(rmdir(f->directory), 0);
	free(f->path);
	free(f);
	return 0;
}

#define OK(f, call)                                                                                \
	do {                                                                                       \
		if (!(call))                                                                       \
			fail_msg("%s: %s", #call, (f)->error.text);                                \
	} while (0)

static struct store *open_store(struct fixture *f)
{
	struct store *store;

	OK(f, store_open(f->path, &store, &f->error));
	return store;
}

static void put_contract(struct fixture *f, struct store *store, const char *code)
{
	unsigned char hash[32] = {0};

	OK(f, store_contract_put(store, code, 1, hash, "{}", NOW, &f->error));
}

static bool has_contract(struct fixture *f, struct store *store, const char *code)
{
	struct store_contract contract;

	OK(f, store_contract_get(store, code, &contract, &f->error));
	return contract.found;
}

/* Runs SQL on the file behind the store's back. */
static void raw(const struct fixture *f, const char *sql)
{
	char *message = NULL;
	sqlite3 *db;

	assert_int_equal(sqlite3_open(f->path, &db), SQLITE_OK);
	if (sqlite3_exec(db, sql, NULL, NULL, &message) != SQLITE_OK)
		fail_msg("%s: %s", sql, message);
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

static void read_file(struct fixture *f, const char *suffix, struct buffer *content)
{
	char *name = beside(f, suffix);

	buffer_clear(content);
	OK(f, file_read(name, 64 << 20, content, &f->error));
	free(name);
}

static bool exists(const struct fixture *f, const char *suffix)
{
	char *name = beside(f, suffix);
	bool there = access(name, F_OK) == 0;

	free(name);
	return there;
}

/* Opening fails for good, with WORDS and the path in the sentence, and leaves no trace. */
static void expect_refused(struct fixture *f, const char *words)
{
	struct buffer before = {0}, after = {0};
	struct store *store;

	read_file(f, "", &before);
	assert_false(store_open(f->path, &store, &f->error));
	assert_null(store);
	assert_int_equal(f->error.kind, ERROR_PERMANENT);
	if (strstr(f->error.text, words) == NULL || strstr(f->error.text, f->path) == NULL)
		fail_msg("not \"%s\": %s", words, f->error.text);
	read_file(f, "", &after);
	assert_int_equal(before.length, after.length);
	assert_memory_equal(before.data, after.data, before.length);
	assert_false(exists(f, "-wal"));
	assert_false(exists(f, "-shm"));
	assert_false(exists(f, "-journal"));
	buffer_free(&before);
	buffer_free(&after);
}

/* ---- the file and its settings ---- */

static int64_t pragma(struct fixture *f, struct store *store, const char *sql)
{
	int64_t number;

	OK(f, store_schema_number(store->db, f->path, sql, &number, &f->error));
	return number;
}

static void test_new_file(void **state)
{
	struct fixture *f = *state;
	static const char *const suffixes[] = {"", "-wal", "-shm"};
	mode_t old = umask(0);
	struct store *store = open_store(f);

	put_contract(f, store, "c1");
	for (size_t i = 0; i < ARRAY_LENGTH(suffixes); i++) {
		char *name = beside(f, suffixes[i]);
		struct stat status;

		assert_int_equal(stat(name, &status), 0);
		assert_int_equal(status.st_mode & 07777, 0600);
		free(name);
	}
	umask(old);
	store_close(store);
	assert_false(exists(f, "-wal"));
	store = open_store(f);
	assert_true(has_contract(f, store, "c1"));
	store_close(store);
}

static void test_settings(void **state)
{
	static const struct {
		const char *sql;
		int64_t wanted;
	} cases[] = {
		{"SELECT journal_mode = 'wal' FROM pragma_journal_mode", 1},
		{"PRAGMA synchronous", 2},
		{"PRAGMA foreign_keys", 1},
		{"PRAGMA secure_delete", 1},
		{"PRAGMA trusted_schema", 0},
		{"PRAGMA cell_size_check", 1},
		{"PRAGMA mmap_size", 0},
		{"PRAGMA temp_store", 2},
		{"PRAGMA cache_size", -16384},
		{"PRAGMA user_version", 6},
		{"PRAGMA application_id", STORE_APPLICATION_ID},
		{"SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND "
		 "sql NOT LIKE '%STRICT%'",
			0},
	};
	struct fixture *f = *state;
	struct store *store = open_store(f);
	int defensive = 0;

	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++)
		if (pragma(f, store, cases[i].sql) != cases[i].wanted)
			fail_msg("%s", cases[i].sql);
	sqlite3_db_config(store->db, SQLITE_DBCONFIG_DEFENSIVE, -1, &defensive);
	assert_int_equal(defensive, 1);
	store_close(store);
}

static void test_empty_file(void **state)
{
	struct fixture *f = *state;
	FILE *file = fopen(f->path, "w");
	struct store *store;

	assert_non_null(file);
	fclose(file);
	store = open_store(f);
	put_contract(f, store, "c1");
	store_close(store);
}

static void test_places(void **state)
{
	struct fixture *f = *state;
	char *path = xasprintf("%s/no/store.db", f->directory);
	struct store *store;

	assert_false(store_open(path, &store, &f->error));
	assert_int_equal(f->error.kind, ERROR_PERMANENT);
	assert_non_null(strstr(f->error.text, path));
	assert_non_null(strstr(f->error.text, "directory"));
	free(path);
	assert_false(store_open(f->directory, &store, &f->error));
	assert_int_equal(f->error.kind, ERROR_PERMANENT);
	assert_non_null(strstr(f->error.text, "regular"));
	store_close(NULL);
}

/* Opens PATH as a user who owns nothing here; 0 when it was refused as it should be. */
static int open_as_stranger(const char *path)
{
	struct store *store;
	struct error error;

	if (geteuid() == 0 && (setgid(65534) != 0 || setuid(65534) != 0))
		return 2;
	if (store_open(path, &store, &error))
		return 3;
	if (error.kind != ERROR_PERMANENT || strstr(error.text, "belong") == NULL) {
		fprintf(stderr, "%s\n", error.text);
		return 4;
	}
	return 0;
}

static void test_not_writable(void **state)
{
	static const struct {
		mode_t directory, file;
		bool there;
	} cases[] = {{0555, 0666, true}, {0777, 0444, true}, {0755, 0600, true}, {0555, 0, false}};
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		pid_t child;
		int status;

		(void)unlink(f->path);
		if (cases[i].there) {
			store_close(open_store(f));
			assert_int_equal(chmod(f->path, cases[i].file), 0);
		}
		assert_int_equal(chmod(f->directory, cases[i].directory), 0);
		/* Who runs the tests as another than root owns the file: the third case is not for
		 * him. */
		if (geteuid() == 0 || cases[i].file != 0600) {
			child = fork();
			assert_true(child >= 0);
			if (child == 0)
				_exit(open_as_stranger(f->path));
			assert_int_equal(waitpid(child, &status, 0), child);
			assert_int_equal(status, 0);
		}
		assert_int_equal(chmod(f->directory, 0700), 0);
		assert_false(exists(f, "-wal"));
	}
}

/* ---- refusals ---- */

static void test_refuses_newer(void **state)
{
	struct fixture *f = *state;

	store_close(open_store(f));
	raw(f, "PRAGMA user_version = 7");
	expect_refused(f, "newer");
}

static void test_refuses_foreign(void **state)
{
	static const char *const cases[] = {
		"CREATE TABLE t(a)",
		"PRAGMA application_id = 7; CREATE TABLE t(a)",
		"PRAGMA journal_mode = WAL; PRAGMA user_version = 1; CREATE TABLE jobs(a)",
		"PRAGMA application_id = 7",
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		(void)unlink(f->path);
		raw(f, cases[i]);
		expect_refused(f, "another program");
	}
}

static void write_file(struct fixture *f, const void *data, size_t length)
{
	OK(f, file_write_atomic(f->path, data, length, 0600, &f->error));
}

static void test_refuses_no_database(void **state)
{
	struct fixture *f = *state;
	char text[8192];

	memset(text, 'x', sizeof(text));
	write_file(f, "hello\n", 6);
	expect_refused(f, "not a store");
	write_file(f, text, sizeof(text));
	expect_refused(f, "not a store");
}

static void fill(struct fixture *f)
{
	struct store *store = open_store(f);

	OK(f, store_begin(store, &f->error));
	for (int i = 0; i < 500; i++) {
		char code[32];

		snprintf(code, sizeof(code), "contract-%d", i);
		put_contract(f, store, code);
	}
	OK(f, store_commit(store, &f->error));
	store_close(store);
}

static void test_refuses_damaged(void **state)
{
	struct fixture *f = *state;
	struct buffer whole = {0};
	unsigned char *copy;

	fill(f);
	read_file(f, "", &whole);
	assert_true(whole.length > 65536);
	copy = xmalloc(whole.length);

	/* Cut short. */
	write_file(f, whole.data, whole.length / 2);
	expect_refused(f, "damaged");
	write_file(f, whole.data, 4096);
	expect_refused(f, "damaged");
	/* Each page overwritten in turn; the first keeps its header. */
	for (size_t page = 0; page < whole.length / 4096; page++) {
		size_t from = page == 0 ? 100 : 0;

		memcpy(copy, whole.data, whole.length);
		memset(copy + page * 4096 + from, 0xff, 4096 - from);
		write_file(f, copy, whole.length);
		expect_refused(f, "damaged");
	}
	/* Whole again, it opens. */
	write_file(f, whole.data, whole.length);
	store_close(open_store(f));
	buffer_free(&whole);
	free(copy);
}

static void test_refuses_missing_table(void **state)
{
	struct fixture *f = *state;

	store_close(open_store(f));
	raw(f, "DROP INDEX jobs_due");
	expect_refused(f, "damaged");
	(void)unlink(f->path);
	store_close(open_store(f));
	raw(f, "DROP TABLE attempts");
	expect_refused(f, "damaged");
}

/* A newer version whose mark is in the log alone: the file and the log stay as they are. */
static void test_refuses_newer_in_log(void **state)
{
	struct fixture *f = *state;
	struct store *store = open_store(f);
	struct buffer file = {0}, log = {0}, after = {0};
	char *copy = beside(f, ".copy"), *copy_log = beside(f, ".copy-wal");
	struct store *refused;

	assert_int_equal(
		sqlite3_exec(store->db, "PRAGMA user_version = 9", NULL, NULL, NULL), SQLITE_OK);
	read_file(f, "", &file);
	read_file(f, "-wal", &log);
	store_close(store);
	OK(f, file_write_atomic(copy, file.data, file.length, 0600, &f->error));
	OK(f, file_write_atomic(copy_log, log.data, log.length, 0600, &f->error));
	assert_false(store_open(copy, &refused, &f->error));
	assert_int_equal(f->error.kind, ERROR_PERMANENT);
	assert_non_null(strstr(f->error.text, "newer"));
	read_file(f, ".copy", &after);
	assert_int_equal(after.length, file.length);
	assert_memory_equal(after.data, file.data, file.length);
	read_file(f, ".copy-wal", &after);
	assert_int_equal(after.length, log.length);
	assert_memory_equal(after.data, log.data, log.length);
	buffer_free(&file);
	buffer_free(&log);
	buffer_free(&after);
	free(copy);
	free(copy_log);
}

/* ---- migrations ---- */

static void test_migrations(void **state)
{
	const char *const good[] = {store_migrations[0], store_migrations[1], store_migrations[2],
		store_migrations[3], store_migrations[4], store_migrations[5],
		"CREATE TABLE extra(a INTEGER) STRICT; INSERT INTO extra VALUES(5);",
		"UPDATE extra SET a = a + 1;"};
	const char *const bad[] = {good[0], good[1], good[2], good[3], good[4], good[5], good[6],
		good[7], "CREATE TABLE half(a)", "UPDATE nothing SET a = 1;"};
	struct fixture *f = *state;
	struct store *store = open_store(f);

	put_contract(f, store, "c1");
	OK(f, store_schema_migrate(store->db, f->path, good, 8, &f->error));
	assert_int_equal(pragma(f, store, "PRAGMA user_version"), 8);
	assert_int_equal(pragma(f, store, "SELECT a FROM extra"), 6);
	/* Once is enough. */
	OK(f, store_schema_migrate(store->db, f->path, good, 8, &f->error));
	assert_int_equal(pragma(f, store, "SELECT a FROM extra"), 6);
	/* All or nothing. */
	assert_false(store_schema_migrate(store->db, f->path, bad, 10, &f->error));
	assert_non_null(strstr(f->error.text, "version 10"));
	assert_int_equal(pragma(f, store, "PRAGMA user_version"), 8);
	assert_int_equal(
		pragma(f, store, "SELECT count(*) FROM sqlite_schema WHERE name = 'half'"), 0);
	/* An older program on the newer file. */
	assert_false(store_schema_migrate(store->db, f->path, good, 7, &f->error));
	assert_int_equal(f->error.kind, ERROR_PERMANENT);
	assert_true(has_contract(f, store, "c1"));
	store_close(store);
}

/* A file of the first version, with rows in it, comes up to date whole. */
static void test_from_version_1(void **state)
{
	struct fixture *f = *state;
	struct store *store;
	sqlite3 *db;

	assert_int_equal(sqlite3_open(f->path, &db), SQLITE_OK);
	OK(f, store_schema_migrate(db, f->path, store_migrations, 1, &f->error));
	assert_int_equal(
		sqlite3_exec(db,
			"INSERT INTO contracts VALUES('c1', 1, zeroblob(32), 1, '{}');"
			"INSERT INTO certificates VALUES(1, zeroblob(32), 1, 2, 'ec-p256');"
			"INSERT INTO jobs(contract, service, service_code, fqdn, certificate_id, "
			"state, base_ms, due_ms, next_ms, attempts, first_attempt_ms, pushed_ms, "
			"settled_ms, idempotency_key, detail) VALUES('c1', 's', 'x', 'f', 1, 6, 1, "
			"1, 0, 1, 1, 1, 1, 'k', 'd');"
			"INSERT INTO attempts VALUES(1, 1, 2, 1, 5, 6, 0, 'served', 't', NULL);",
			NULL, NULL, NULL),
		SQLITE_OK);
	sqlite3_close(db);
	store = open_store(f);
	assert_int_equal(pragma(f, store, "PRAGMA user_version"), store_migration_count);
	assert_int_equal(
		pragma(f, store, "SELECT count(*) FROM attempts WHERE kind = 2 AND at_ms = 5"), 1);
	assert_int_equal(pragma(f, store, "SELECT length(remote) FROM jobs"), 0);
	assert_int_equal(pragma(f, store, "SELECT length(chain) FROM certificates"), 0);
	assert_int_equal(pragma(f, store, "SELECT count(*) FROM pragma_foreign_key_check"), 0);
	store_close(store);
}

/* Who named a pair first has it, of the contracts that still name it. */
static void test_holders_from_version_2(void **state)
{
#define SNAPSHOT(state, service, code, since)                                                      \
	"'{\"state\":\"" state "\",\"links\":[{\"service\":\"" service                             \
	"\",\"service_code\":\"" code "\",\"since_ms\":" since                                     \
	"},{\"service\":\"docex\",\"service_code\":\"\",\"since_ms\":1}]}'"
#define CONTRACT(code, snapshot)                                                                   \
	"INSERT INTO contracts VALUES('" code "', 1, zeroblob(32), 1, " snapshot ");"
	struct fixture *f = *state;
	struct store *store;
	sqlite3 *db;

	assert_int_equal(sqlite3_open(f->path, &db), SQLITE_OK);
	OK(f, store_schema_migrate(db, f->path, store_migrations, 2, &f->error));
	assert_int_equal(
		sqlite3_exec(db,
			CONTRACT("c1", SNAPSHOT("active", "webhg2", "w", "30")) CONTRACT(
				"c2", SNAPSHOT("active", "webhg2", "w", "20"))
				CONTRACT("c3", SNAPSHOT("ended", "webhg2", "w", "10")) CONTRACT(
					"c4", SNAPSHOT("active", "other", "w", "10"))
					CONTRACT("c5", SNAPSHOT("active", "webhg2", "v", "40")),
			NULL, NULL, NULL),
		SQLITE_OK);
	sqlite3_close(db);
	store = open_store(f);
	assert_int_equal(pragma(f, store, "SELECT count(*) FROM tenants"), 3);
	assert_int_equal(pragma(f, store,
				 "SELECT count(*) FROM tenants WHERE holds = 1 AND "
				 "(contract, since_ms) IN (VALUES('c2', 20), ('c5', 40))"),
		2);
	assert_int_equal(pragma(f, store, "SELECT sum(holds) FROM tenants"), 2);
	store_close(store);
#undef CONTRACT
#undef SNAPSHOT
}

static void test_state_codes(void **state)
{
	/* In files since version 1; never to be changed. */
	static const struct {
		enum job_state state;
		int code;
	} cases[] = {
		{JOB_HELD, 1},
		{JOB_SCHEDULED, 2},
		{JOB_INSTALLING, 3},
		{JOB_VERIFYING, 4},
		{JOB_RETRYING, 5},
		{JOB_INSTALLED, 6},
		{JOB_FAILED, 7},
		{JOB_REFUSED, 8},
		{JOB_SUPERSEDED, 9},
		{JOB_CANCELLED, 10},
	};
	enum job_state back;

	(void)state;
	assert_int_equal(ARRAY_LENGTH(cases), JOB_STATE_COUNT);
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		assert_int_equal(store_state_code(cases[i].state), cases[i].code);
		assert_true(store_state_from_code(cases[i].code, &back));
		assert_int_equal(back, cases[i].state);
	}
	assert_false(store_state_from_code(0, &back));
	assert_false(store_state_from_code(11, &back));
}

/* ---- waiting, faults ---- */

static void test_busy(void **state)
{
	struct fixture *f = *state;
	struct store *holder = open_store(f), *waiter = open_store(f);

	sqlite3_busy_timeout(waiter->db, 0);
	OK(f, store_begin(holder, &f->error));
	put_contract(f, holder, "c1");
	assert_false(store_begin(waiter, &f->error));
	assert_int_equal(f->error.kind, ERROR_TEMPORARY);
	assert_non_null(strstr(f->error.text, "another process"));
	/* Reading is not held up, and sees what is committed. */
	assert_false(has_contract(f, waiter, "c1"));
	OK(f, store_commit(holder, &f->error));
	assert_true(has_contract(f, waiter, "c1"));
	OK(f, store_begin(waiter, &f->error));
	put_contract(f, waiter, "c2");
	OK(f, store_commit(waiter, &f->error));
	store_close(holder);
	store_close(waiter);
}

static void test_full(void **state)
{
	struct fixture *f = *state;
	struct store *store = open_store(f);
	unsigned char hash[32] = {0};
	char snapshot[2001];
	bool failed = false;
	int count = 0;

	memset(snapshot, 's', sizeof(snapshot) - 1);
	snapshot[sizeof(snapshot) - 1] = '\0';
	put_contract(f, store, "before");
	(void)pragma(f, store, "PRAGMA max_page_count = 40");
	OK(f, store_begin(store, &f->error));
	while (!failed && count < 200) {
		char code[32];

		snprintf(code, sizeof(code), "c%d", count++);
		failed = !store_contract_put(store, code, 1, hash, snapshot, NOW, &f->error);
	}
	assert_true(failed);
	assert_int_equal(f->error.kind, ERROR_TEMPORARY);
	assert_non_null(strstr(f->error.text, "disk is full"));
	assert_false(store_commit(store, &f->error));
	assert_false(has_contract(f, store, "c0"));
	assert_true(has_contract(f, store, "before"));
	(void)pragma(f, store, "PRAGMA max_page_count = 1000000");
	OK(f, store_contract_put(store, "after", 1, hash, snapshot, NOW, &f->error));
	assert_true(has_contract(f, store, "after"));
	store_close(store);
}

/* One transaction of some size; what it says is what it did. */
static bool transaction(struct store *store, int number, struct error *error)
{
	unsigned char hash[32] = {0};
	char code[32], snapshot[3000];

	memset(snapshot, 's', sizeof(snapshot) - 1);
	snapshot[sizeof(snapshot) - 1] = '\0';
	if (!store_begin(store, error))
		return false;
	for (int part = 0; part < 3; part++) {
		snprintf(code, sizeof(code), "c%d.%d", number, part);
		if (!store_contract_put(store, code, 1, hash, snapshot, NOW, error)) {
			store_rollback(store);
			return false;
		}
	}
	return store_commit(store, error);
}

/*
 * The disk fails at each write, sync and truncation in turn, with each of two errors. A transaction
 * that was acknowledged is there afterwards, also after opening again; none is there by half.
 */
static void test_faults(void **state)
{
	static const int results[] = {SQLITE_FULL, SQLITE_IOERR_WRITE, SQLITE_IOERR_FSYNC};
	struct fixture *f = *state;
	bool acknowledged[400] = {false};
	struct store *store;
	int number = 0, failures = 0;

	store_faults_install();
	store = open_store(f);
	for (size_t r = 0; r < ARRAY_LENGTH(results); r++) {
		for (int at = 0; at < 20; at++, number++) {
			store_faults_after(at, results[r]);
			acknowledged[number] = transaction(store, number, &f->error);
			if (!acknowledged[number]) {
				assert_true(store_faults_hit());
				assert_int_equal(f->error.kind, ERROR_TEMPORARY);
				failures++;
			}
			store_faults_after(-1, 0);
			if (at % 5 == 4) {
				/* As after a crash: the log is read again. */
				store_close(store);
				store = open_store(f);
			}
			number++;
			acknowledged[number] = transaction(store, number, &f->error);
			assert_true(acknowledged[number]);
		}
	}
	assert_true(failures >= 15);
	store_close(store);
	store_faults_remove();
	store = open_store(f);
	for (int i = 0; i < number; i++) {
		int parts = 0;

		for (int part = 0; part < 3; part++) {
			char code[32];

			snprintf(code, sizeof(code), "c%d.%d", i, part);
			parts += has_contract(f, store, code);
		}
		if (acknowledged[i] ? parts != 3 : parts != 0 && parts != 3)
			fail_msg("transaction %d: acknowledged %d, parts %d", i, acknowledged[i],
				parts);
	}
	store_close(store);
}

/* A creation that fails at any point leaves what the next opening can go on with. */
static void test_faults_at_creation(void **state)
{
	struct fixture *f = *state;
	int at = 0, failures = 0;
	bool opened = false;

	store_faults_install();
	for (at = 0; !opened && at < 500; at++) {
		struct store *store;

		store_faults_after(at, SQLITE_IOERR_WRITE);
		opened = store_open(f->path, &store, &f->error);
		if (!opened) {
			if (f->error.kind != ERROR_TEMPORARY)
				fail_msg("fault %d: %s", at, f->error.text);
			failures++;
		}
		store_close(store);
		store_faults_after(-1, 0);
		store_close(open_store(f));
		for (int i = 0; !opened && i < 4; i++) {
			static const char *const suffixes[] = {"", "-wal", "-shm", "-journal"};
			char *name = beside(f, suffixes[i]);

			(void)unlink(name);
			free(name);
		}
	}
	store_faults_remove();
	assert_true(opened);
	assert_true(failures >= 10);
}

/* ---- wiping ---- */

static bool holds(struct fixture *f, const char *suffix, const char *text)
{
	struct buffer content = {0};
	bool found;

	read_file(f, suffix, &content);
	found = content.length > 0 &&
		memmem(content.data, content.length, text, strlen(text)) != NULL;
	buffer_free(&content);
	return found;
}

static void test_wiped_from_disk(void **state)
{
	struct fixture *f = *state;
	struct store_certificate certificate = {.key = "ec-p256"};
	const char *const mark = "this-is-the-sealed-key-to-be-gone";
	size_t removed;
	struct store *store = open_store(f);
	struct buffer sealed = {0};
	int64_t id;

	OK(f, store_certificate_put(store, &certificate, &id, &f->error));
	buffer_append_text(&sealed, mark);
	OK(f, store_secret_put(store, id, "0123456789abcdef", &sealed, &f->error));
	OK(f, store_checkpoint(store, &f->error));
	assert_true(holds(f, "", mark));
	/* Others keep the page in use, so that it is not its release that empties it. */
	certificate.fingerprint[0] = 1;
	buffer_clear(&sealed);
	buffer_append_text(&sealed, "another");
	OK(f, store_secret_put(store, id, "0123456789abcdef", &sealed, &f->error));
	OK(f, store_checkpoint(store, &f->error));
	assert_false(holds(f, "", mark));
	assert_false(holds(f, "-wal", mark));
	OK(f, store_secrets_wipe(store, &id, 1, &f->error));
	OK(f, store_checkpoint(store, &f->error));
	assert_false(holds(f, "", "another"));
	assert_false(holds(f, "-wal", "another"));
	/* What went with it waits for an idle moment. */
	assert_int_equal(pragma(f, store, "SELECT count(*) FROM openly"), 1);
	OK(f, store_leftovers_remove(store, 10, &removed, &f->error));
	assert_int_equal(pragma(f, store, "SELECT count(*) FROM openly"), 0);
	store_close(store);
	buffer_free(&sealed);
}

static off_t log_size(struct fixture *f)
{
	char *name = xasprintf("%s-wal", f->path);
	struct stat status;

	assert_int_equal(stat(name, &status), 0);
	free(name);
	return status.st_size;
}

/* What is changed by a transaction larger than all that is kept is not written before its end. */
static void test_keep_little(void **state)
{
	struct fixture *f = *state;
	struct store *store = open_store(f), *other;
	struct store_certificate certificate = {.key = ""};
	struct buffer sealed = {0};
	int64_t id;
	size_t i;

	OK(f, store_open_again(store, &other, &f->error));
	OK(f, store_keep_little(other, &f->error));
	assert_int_equal(pragma(f, store, "PRAGMA cache_size"), -16384);
	assert_int_equal(pragma(f, other, "PRAGMA cache_size"), -2048);
	for (i = 0; i < 3000; i++)
		buffer_append_char(&sealed, 's');
	OK(f, store_begin(other, &f->error));
	for (i = 0; i < 1500; i++) {
		certificate.fingerprint[0] = (unsigned char)i;
		certificate.fingerprint[1] = (unsigned char)(i >> 8);
		OK(f, store_certificate_put(other, &certificate, &id, &f->error));
		OK(f, store_secret_put(other, id, "k", &sealed, &f->error));
	}
	assert_true(log_size(f) < 1048576);
	OK(f, store_commit(other, &f->error));
	assert_true(log_size(f) > 4194304);
	assert_int_equal(pragma(f, store, "SELECT count(*) FROM secrets"), 1500);
	store_close(other);
	store_close(store);
	buffer_free(&sealed);
}

/* ---- query plans ---- */

static void ignore_job(void *context, const struct store_job *job)
{
	(void)context;
	(void)job;
}

static void ignore_ahead(void *context, const struct store_ahead *ahead)
{
	(void)context;
	(void)ahead;
}

static void ignore_duration(void *context, const char *service, int64_t duration_ms)
{
	(void)context;
	(void)service;
	(void)duration_ms;
}

static void ignore_attempt(void *context, const struct store_attempt *attempt)
{
	(void)context;
	(void)attempt;
}

static void ignore_set_aside(void *context, const struct store_set_aside *entry)
{
	(void)context;
	(void)entry;
}

/* The same for what feeds call. */
static void use_feeds(struct fixture *f, struct store *store)
{
	const struct store_set_aside entry = {.source = "u", .contract = "c1", .reason = "r"};
	struct buffer cursor = {0};
	bool found;

	OK(f, store_feed_put(store, "u", "1", 1, &f->error));
	OK(f, store_feed_cursor(store, "u", &cursor, &found, &f->error));
	OK(f, store_set_aside_add(store, &entry, &found, &f->error));
	OK(f, store_set_aside_list(store, ignore_set_aside, NULL, &f->error));
	OK(f, store_set_aside_discard(store, 1, &found, &f->error));
	OK(f, store_set_aside_clear(store, "c1", 1, &f->error));
	buffer_free(&cursor);
}

static void ignore_pause(void *context, const struct store_pause *pause)
{
	(void)context;
	(void)pause;
}

static void ignore_progress(void *context, const struct store_progress *progress)
{
	(void)context;
	(void)progress;
}

static void ignore_text(void *context, const char *text)
{
	(void)context;
	(void)text;
}

/* The same for what the views call, and what is written for them. */
static void ignore_pressing(void *context, const struct store_pressing *pressing)
{
	(void)context;
	(void)pressing;
}

static void use_measures(struct store *store)
{
	struct error error;
	int64_t value;

	assert_true(store_pressing(store, 1, 1, ignore_pressing, NULL, &error));
	assert_true(store_secrets_count(store, &value, &error));
	assert_true(store_guarded_count(store, &value, &error));
	assert_true(store_feed_updated(store, "https://f", &value, &error));
}

static void use_views(struct fixture *f, struct store *store)
{
	const struct store_pause pause = {.service = "s", .who = "w", .reason = ""};
	struct store_tally tally = {.from_ms = {1, 2, 3, 4}};
	int64_t count;
	bool flag;

	OK(f, store_pause_add(store, &pause, &flag, &f->error));
	OK(f, store_pauses(store, ignore_pause, NULL, &f->error));
	OK(f, store_pause_remove(store, "s", &flag, &f->error));
	OK(f, store_progress_succeeded(store, STORE_PROGRESS_SERVICE, "s", 1, &f->error));
	OK(f, store_progress_failed(store, STORE_PROGRESS_SERVICE, "s", 1, "why", &f->error));
	OK(f, store_progress_list(store, ignore_progress, NULL, &f->error));
	OK(f, store_tally_waiting(store, "s", &tally, &f->error));
	OK(f, store_tally_replacing(store, 1, &count, &flag, &f->error));
	OK(f, store_tally_expiring(store, 1, 2, &count, &flag, &f->error));
	OK(f, store_tally_refused(store, 1, &count, &f->error));
	OK(f, store_tally_set_aside(store, &count, &f->error));
	OK(f, store_names_from(store, "a", 1, ignore_text, NULL, &f->error));
	OK(f, store_contracts_naming(store, "a", 1, ignore_text, NULL, &f->error));
}

static void use_tenants(struct fixture *f, struct store *store, int64_t id)
{
	const struct store_judgement judgement = {.state = JOB_HELD};
	char contract[] = "c1";
	const struct store_tenant tenant = {.contract = contract};
	struct store_tenant *tenants;
	struct store_pair *pairs;
	struct store_job job;
	size_t count;
	bool found;

	OK(f, store_tenant_put(store, "s", "code", &tenant, &f->error));
	OK(f, store_tenants_of_pair(store, "s", "code", &tenants, &count, &f->error));
	store_tenants_free(tenants, count);
	OK(f, store_pairs_of_contract(store, "c1", &pairs, &count, &f->error));
	store_pairs_free(pairs, count);
	OK(f, store_tenant_remove(store, "s", "code", "c1", &f->error));
	OK(f, store_job_judge(store, id, &judgement, NULL, &f->error));
	OK(f, store_job_get(store, id, &job, &found, &f->error));
	OK(f, store_job_pushed_over(store, &job, &found, &f->error));
	store_job_clear(&job);
}

/* And what operators do. */
static void use_acts(struct fixture *f, struct store *store, int64_t id)
{
	const struct store_act act = {.job_id = id, .act = "retry", .text = "by alice"};
	const struct store_pause pause = {.service = "s", .who = "alice", .reason = ""};
	const struct store_job job = {.id = id};
	int64_t at_ms;
	bool found;

	OK(f, store_act_add(store, &act, &f->error));
	OK(f, store_job_called_off(store, &job, &at_ms, &f->error));
	OK(f, store_pause_add(store, &pause, &found, &f->error));
	OK(f, store_pauses(store, ignore_pause, NULL, &f->error));
	OK(f, store_pause_remove(store, "s", &found, &f->error));
}

/* What there is a statement of its own for, when it is many at once. */
static void use_several(struct fixture *f, struct store *store, int64_t id)
{
	struct store_certificate certificate = {.key = ""};
	struct store_attempt attempts[8];
	struct buffer sealed = {0};
	int64_t ids[8];

	for (size_t i = 0; i < ARRAY_LENGTH(ids); i++) {
		attempts[i] = (struct store_attempt){.job_id = id, .outcome = "done"};
		certificate.fingerprint[0] = (unsigned char)(i + 1);
		OK(f, store_certificate_put(store, &certificate, &ids[i], &f->error));
		OK(f, store_secret_put(store, ids[i], "k", &sealed, &f->error));
	}
	OK(f, store_attempts_add(store, attempts, ARRAY_LENGTH(attempts), &f->error));
	OK(f, store_secrets_wipe(store, ids, ARRAY_LENGTH(ids), &f->error));
}

/* Calls all that the pump and the intake call, so that each statement is in the cache. */
static void use_everything(struct fixture *f, struct store *store)
{
	char contract[] = "c1", service[] = "s", code[] = "code", fqdn[] = "fqdn";
	struct store_job *jobs, job = {.contract = contract,
					.service = service,
					.service_code = code,
					.fqdn = fqdn,
					.state = JOB_SCHEDULED};
	struct store_claim claim = {.service = "s", .now_ms = 1, .lease_until_ms = 2, .limit = 5};
	struct store_settlement settlement = {.state = JOB_FAILED, .detail = ""};
	struct store_lease lease = {.until_ms = 1};
	struct store_return given = {.state = JOB_SCHEDULED};
	struct store_certificate certificate = {.key = ""};
	struct guard_known *known;
	unsigned char fingerprints[1][FINGERPRINT_SIZE];
	struct buffer buffer = {0};
	char key_id[17];
	size_t count;
	int64_t id, other, next_ms;
	bool found;

	put_contract(f, store, "c1");
	assert_true(has_contract(f, store, "c1"));
	OK(f, store_contract_snapshot(store, "c1", &buffer, &found, &f->error));
	OK(f, store_certificate_put(store, &certificate, &job.certificate_id, &f->error));
	OK(f, store_secret_put(store, job.certificate_id, "k", &buffer, &f->error));
	OK(f, store_secret_get(store, job.certificate_id, key_id, &buffer, &found, &f->error));
	OK(f, store_secrets_not_under(store, "k", &id, fingerprints, 1, &count, &f->error));
	OK(f, store_secrets_wipe(store, &job.certificate_id, 1, &f->error));
	OK(f, store_leftovers_remove(store, 1, &count, &f->error));
	OK(f, store_job_add(store, &job, "trail", &id, &f->error));
	OK(f, store_job_trail(store, id, &buffer, &f->error));
	OK(f, store_jobs_claim(store, &claim, &jobs, &count, &f->error));
	store_jobs_free(jobs, count);
	/* While there is one that is tried, or nothing is looked through. */
	OK(f, store_waits_shorten(store, "s", 1, 1, &count, &f->error));
	/* By then its lease is dead, and another job takes its target. */
	OK(f, store_begin(store, &f->error));
	OK(f, store_leases_end_dead(store, &job, 3, &f->error));
	OK(f, store_commit(store, &f->error));
	OK(f, store_job_settle(store, &settlement, &found, &f->error));
	OK(f, store_job_set_state(store, id, JOB_FAILED, 0, 0, NULL, &f->error));
	OK(f, store_next(store, &claim, &next_ms, &f->error));
	OK(f, store_left_count(store, &claim, &next_ms, &other, &f->error));
	OK(f, store_leased(store, &claim, &found, &f->error));
	OK(f, store_untried(store, &claim, &found, &f->error));
	OK(f, store_lease_last(store, &next_ms, &f->error));
	OK(f, store_leases_shorten(store, 1, &count, &f->error));
	OK(f, store_leases_renew(store, &lease, 1, &f->error));
	OK(f, store_leases_look(store, &lease, 1, &f->error));
	OK(f, store_jobs_return(store, &given, 1, &f->error));
	claim.ignore_due = true;
	OK(f, store_jobs_claim(store, &claim, &jobs, &count, &f->error));
	store_jobs_free(jobs, count);
	OK(f, store_job_reschedule(store, id, 1, 1, NULL, &f->error));
	OK(f, store_jobs_of_contract(store, "c1", &jobs, &count, &f->error));
	store_jobs_free(jobs, count);
	OK(f, store_job_get(store, id, &job, &found, &f->error));
	OK(f, store_known_certificates(store, &job, &known, &count, &f->error));
	free(known);
	store_job_clear(&job);
	OK(f, store_attempt_add(
		      store, &(struct store_attempt){.job_id = id, .outcome = "done"}, &f->error));
	use_several(f, store, id);
	OK(f, store_attempts(store, id, ignore_attempt, NULL, &f->error));
	OK(f, store_jobs_replacing(
		      store, &(struct store_replacing){.limit = 1}, &jobs, &count, &f->error));
	store_jobs_free(jobs, count);
	use_tenants(f, store, id);
	use_acts(f, store, id);
	OK(f, store_secrets_wipe(store, &id, 1, &f->error));
	OK(f, store_forecast_jobs(store, ignore_ahead, NULL, &f->error));
	OK(f, store_push_durations(store, 10, ignore_duration, NULL, &f->error));
	buffer_free(&buffer);
}

/* None of the kept statements reads a table from end to end or sorts by itself. */
static void test_plans(void **state)
{
	struct fixture *f = *state;
	struct store *store = open_store(f);
	int looked = 0, claims = 0, waits = 0;

	use_everything(f, store);
	use_feeds(f, store);
	use_views(f, store);
	use_measures(store);
	for (size_t i = 0; i < STATEMENT_COUNT; i++) {
		sqlite3_stmt *plan;
		char *sql;

		if (i == STATEMENT_COUNTS || i == STATEMENT_SET_ASIDE_LIST ||
			i == STATEMENT_TALLY_SET_ASIDE || i == STATEMENT_PAUSES ||
			i == STATEMENT_PROGRESS_LIST)
			continue; /* small tables, whole */
		/* For monitoring, once in a while: an index from end to end. */
		if (i == STATEMENT_PRESSING || i == STATEMENT_SECRETS_COUNT ||
			i == STATEMENT_GUARDED_COUNT)
			continue;
		if (store->statements[i] == NULL)
			fail_msg("statement %zu was not used", i);
		sql = xasprintf("EXPLAIN QUERY PLAN %s", sqlite3_sql(store->statements[i]));
		assert_int_equal(sqlite3_prepare_v2(store->db, sql, -1, &plan, NULL), SQLITE_OK);
		while (sqlite3_step(plan) == SQLITE_ROW) {
			const char *line = (const char *)sqlite3_column_text(plan, 3);

			/* What has a lease is few, and has an index of its own. */
			if (strstr(line, "INDEX jobs_leased") != NULL)
				continue;
			/* All jobs there are, and the latest attempts, are what is asked for; the
			 * links are those of one record. */
			if ((i == STATEMENT_FORECAST_JOBS || i == STATEMENT_PUSH_DURATIONS) &&
				strncmp(line, "SCAN", 4) == 0)
				continue;
			/* The rows of an inner query, which has a bound of its own. */
			if (strncmp(line, "SCAN (subquery", 14) == 0)
				continue;
			/* The rows that the statement names itself. */
			if (strstr(line, "CONSTANT ROWS") != NULL)
				continue;
			if (strncmp(line, "SCAN", 4) == 0 || strstr(line, "TEMP B-TREE") != NULL)
				fail_msg("%s\n%s", line, sql);
			if ((i == STATEMENT_CLAIM_FIND || i == STATEMENT_CLAIM_FIND_UNTRIED) &&
				strstr(line, "jobs_due (service=? AND next_ms<?)") != NULL)
				claims++;
			if (i == STATEMENT_WAITS_SHORTEN &&
				strstr(line, "jobs_tried (service=? AND next_ms>?)") != NULL)
				waits++;
			looked++;
		}
		sqlite3_finalize(plan);
		free(sql);
	}
	assert_int_equal(claims, 2);
	assert_int_equal(waits, 1);
	assert_true(looked >= 20);
	store_close(store);
}

/* A host's or a contract's jobs are found by an index, without sorting, among any number. */
static void test_list_plans(void **state)
{
	static const struct store_filter filters[] = {
		{.state = -1, .fqdn = "a"},
		{.state = 3, .fqdn = "a", .service = "s", .after_id = 5, .limit = 10},
		{.state = -1, .contract = "c"},
		{.state = 3, .contract = "c", .service = "s"},
		{.state = -1, .service = "s"},
		{.state = 3},
	};
	struct fixture *f = *state;
	struct store *store = open_store(f);

	for (size_t i = 0; i < ARRAY_LENGTH(filters); i++) {
		char *sql, *plan_sql;
		sqlite3_stmt *plan;

		OK(f, store_jobs_list(store, &filters[i], ignore_job, NULL, &f->error));
		sql = store_jobs_list_sql(&filters[i]);
		plan_sql = xasprintf("EXPLAIN QUERY PLAN %s", sql);
		assert_int_equal(
			sqlite3_prepare_v2(store->db, plan_sql, -1, &plan, NULL), SQLITE_OK);
		assert_int_equal(sqlite3_step(plan), SQLITE_ROW);
		do {
			const char *line = (const char *)sqlite3_column_text(plan, 3);

			if (strncmp(line, "SCAN", 4) == 0 || strstr(line, "TEMP B-TREE") != NULL)
				fail_msg("%s\n%s", line, plan_sql);
			if (strncmp(line, "SEARCH j ", 9) == 0 && filters[i].fqdn != NULL)
				assert_non_null(strstr(line, "jobs_fqdn"));
			if (strncmp(line, "SEARCH j ", 9) == 0 && filters[i].contract != NULL)
				assert_non_null(strstr(line, "jobs_contract"));
		} while (sqlite3_step(plan) == SQLITE_ROW);
		sqlite3_finalize(plan);
		free(plan_sql);
		free(sql);
	}
	store_close(store);
}

/*
 * So for what operators search for: only what has no index is sorted, and only a search by state
 * alone goes through the jobs.
 */
static void test_search_plans(void **state)
{
	static const struct {
		struct store_search search;
		const char *index;
		bool sorted;
	} cases[] = {
		{{.fqdn = "a"}, "jobs_fqdn", false},
		{{.fqdn = "a", .states = 1U << JOB_FAILED, .sort = STORE_SORT_DUE}, "jobs_fqdn",
			true},
		{{.contract = "c", .service = "s"}, "jobs_contract", false},
		{{.service = "s", .states = 1U << JOB_RETRYING, .sort = STORE_SORT_NEXT},
			"jobs_due", true},
		{{.service = "s", .states = 1U << JOB_RETRYING | 1U << JOB_VERIFYING}, "jobs_due",
			true},
		{{.states = 1U << JOB_FAILED, .late_before_ms = 1, .revoked_until_ms = 1},
			"jobs_ended (state=? AND rowid>?)", false},
		{{.states = 1U << JOB_CANCELLED, .service = "s"},
			"jobs_ended (state=? AND rowid>?)", false},
		{{.states = 1U << JOB_FAILED | 1U << JOB_CANCELLED}, "jobs_ended", true},
		{{.states = 1U << JOB_FAILED | 1U << JOB_REFUSED}, "PRIMARY KEY", false},
	};
	struct fixture *f = *state;
	struct store *store = open_store(f);

	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		char *sql = store_jobs_search_sql(&cases[i].search);
		char *plan_sql = xasprintf("EXPLAIN QUERY PLAN %s", sql);
		bool sorted = false, found = false;
		sqlite3_stmt *plan;

		OK(f, store_jobs_search(store, &cases[i].search, ignore_job, NULL, &f->error));
		assert_int_equal(
			sqlite3_prepare_v2(store->db, plan_sql, -1, &plan, NULL), SQLITE_OK);
		while (sqlite3_step(plan) == SQLITE_ROW) {
			const char *line = (const char *)sqlite3_column_text(plan, 3);

			if (strncmp(line, "SCAN", 4) == 0)
				fail_msg("%s\n%s", line, plan_sql);
			found = found || (strncmp(line, "SEARCH j ", 9) == 0 &&
						 strstr(line, cases[i].index) != NULL);
			sorted = sorted || strstr(line, "TEMP B-TREE") != NULL;
		}
		if (!found || sorted != cases[i].sorted)
			fail_msg("case %zu: %s", i, plan_sql);
		sqlite3_finalize(plan);
		free(plan_sql);
		free(sql);
	}
	store_close(store);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

/* A check at the start that left what it read would keep 16 MB of it for good. */
static void test_the_check_keeps_nothing(void **state)
{
	struct fixture *f = *state;
	struct store *store = open_store(f);
	int used, highest;

	store_close(store);
	raw(f, "CREATE TABLE extra(a BLOB) STRICT; INSERT INTO extra SELECT randomblob(3000) FROM "
	       "(WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2500) "
	       "SELECT i FROM n)");
	store = open_store(f);
	assert_int_equal(
		sqlite3_db_status(store->db, SQLITE_DBSTATUS_CACHE_USED, &used, &highest, 0),
		SQLITE_OK);
	assert_in_range(used, 1, 2 << 20);
	assert_int_equal(pragma(f, store, "PRAGMA cache_size"), -16384);
	store_close(store);
}

/* Nobody goes through millions of scheduled jobs for a wait, at each start, when none was tried. */
static void test_waits_are_looked_for_where_there_are_any(void **state)
{
	char contract[] = "c1", service[] = "s", code[] = "code", fqdn[] = "fqdn";
	struct store_job job = {.contract = contract,
		.service = service,
		.service_code = code,
		.fqdn = fqdn,
		.state = JOB_SCHEDULED};
	struct store_certificate certificate = {.key = ""};
	struct fixture *f = *state;
	struct store *store = open_store(f);
	size_t count;
	int64_t id;

	put_contract(f, store, "c1");
	OK(f, store_certificate_put(store, &certificate, &job.certificate_id, &f->error));
	OK(f, store_job_add(store, &job, "trail", &id, &f->error));
	OK(f, store_waits_shorten(store, "s", 1, 1, &count, &f->error));
	assert_null(store->statements[STATEMENT_WAITS_SHORTEN]);
	OK(f, store_job_set_state(store, id, JOB_RETRYING, 9, 0, NULL, &f->error));
	OK(f, store_waits_shorten(store, "s", 1, 1, &count, &f->error));
	assert_non_null(store->statements[STATEMENT_WAITS_SHORTEN]);
	assert_int_equal(count, 1);
	store_close(store);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_new_file),
		TEST(test_settings),
		TEST(test_empty_file),
		TEST(test_places),
		TEST(test_not_writable),
		TEST(test_refuses_newer),
		TEST(test_refuses_foreign),
		TEST(test_refuses_no_database),
		TEST(test_refuses_damaged),
		TEST(test_refuses_missing_table),
		TEST(test_refuses_newer_in_log),
		TEST(test_migrations),
		TEST(test_the_check_keeps_nothing),
		TEST(test_waits_are_looked_for_where_there_are_any),
		TEST(test_holders_from_version_2),
		TEST(test_from_version_1),
		TEST(test_state_codes),
		TEST(test_busy),
		TEST(test_full),
		TEST(test_faults),
		TEST(test_faults_at_creation),
		TEST(test_wiped_from_disk),
		TEST(test_keep_little),
		TEST(test_plans),
		TEST(test_list_plans),
		TEST(test_search_plans),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
