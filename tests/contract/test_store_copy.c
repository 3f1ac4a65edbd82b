/* Copies of a store: taken while others write it, brought back guarded, refused, broken off. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dirent.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/file.h"
#include "store/store_private.h"
#include "store_faults.h"

#define NOW INT64_C(1790000000000)

struct fixture {
	char folder[40];
	char *path, *copy, *restored;
	struct error error;
};

#define OK(f, call)                                                                                \
	do {                                                                                       \
		if (!(call))                                                                       \
			fail_msg("%s: %s", #call, (f)->error.text);                                \
	} while (0)

static int setup(void **state)
{
	struct fixture *f = xcalloc(1, sizeof(*f));

	snprintf(f->folder, sizeof(f->folder), "/tmp/test_store_copy.XXXXXX");
	assert_non_null(mkdtemp(f->folder));
	f->path = xasprintf("%s/store.db", f->folder);
	/* A name that a URI would misread. */
	f->copy = xasprintf("%s/a?copy%%41#.db", f->folder);
	f->restored = xasprintf("%s/restored.db", f->folder);
	*state = f;
	return 0;
}

/* How many files the folder has; REMOVE takes them away. */
static size_t files(const struct fixture *f, bool remove)
{
	DIR *directory = opendir(f->folder);
	struct dirent *entry;
	size_t count = 0;

	assert_non_null(directory);
	while ((entry = readdir(directory)) != NULL) {
		char *path = path_resolve(f->folder, entry->d_name);

		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0) {
			count++;
			if (remove)
				unlink(path);
		}
		free(path);
	}
	closedir(directory);
	return count;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	files(f, true);
	assert_int_equal(rmdir(f->folder), 0);
	free(f->path);
	free(f->copy);
	free(f->restored);
	free(f);
	return 0;
}

static struct store *open_at(struct fixture *f, const char *path)
{
	struct store *store;

	OK(f, store_open(path, &store, &f->error));
	return store;
}

static void run_sql(const char *path, const char *sql)
{
	sqlite3 *db = NULL;
	char *why = NULL;

	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	if (sqlite3_exec(db, sql, NULL, NULL, &why) != SQLITE_OK)
		fail_msg("%s: %s", sql, why);
	sqlite3_close(db);
}

/* A contract with a job in STATE; its key is sealed under KEY_ID. */
static int64_t add(struct fixture *f, struct store *store, int number, enum job_state state,
	const char *key_id)
{
	char code[32], fqdn[40], service[] = "webhg2", service_code[] = "w1";
	unsigned char hash[32] = {1};
	struct store_certificate certificate = {
		.not_before_ms = NOW - 10 + number, .not_after_ms = NOW, .key = "ec-p256"};
	struct store_job job = {
		.contract = code,
		.service = service,
		.service_code = service_code,
		.fqdn = fqdn,
		.state = state,
		.next_ms = job_state_is_final(state) ? 0 : NOW,
		.issued_ms = NOW + number,
		.idempotency_key = "key",
	};
	struct buffer sealed = {0};
	int64_t id;

	snprintf(code, sizeof(code), "c%d", number);
	snprintf(fqdn, sizeof(fqdn), "h%d.example.jp", number);
	memcpy(certificate.fingerprint, &number, sizeof(number));
	buffer_append_text(&sealed, "sealed");
	OK(f, store_contract_put(store, code, 1, hash, "{}", NOW, &f->error));
	OK(f, store_certificate_put(store, &certificate, &job.certificate_id, &f->error));
	OK(f, store_secret_put(store, job.certificate_id, key_id, &sealed, &f->error));
	OK(f, store_job_add(store, &job, "trail", &id, &f->error));
	buffer_free(&sealed);
	return id;
}

static struct store_job get(struct fixture *f, struct store *store, int64_t id)
{
	struct store_job job;
	bool found;

	OK(f, store_job_get(store, id, &job, &found, &f->error));
	assert_true(found);
	return job;
}

/* ---- taking one ---- */

struct writing {
	struct fixture *f;
	atomic_bool stop;
	atomic_int written;
};

/* Each transaction adds two contracts: a copy has both or neither. */
static void *write_on(void *context)
{
	struct writing *writing = context;
	unsigned char hash[32] = {1};
	struct error error;
	struct store *store;
	int i;

	if (!store_open(writing->f->path, &store, &error))
		abort();
	for (i = 0; !atomic_load(&writing->stop); i++) {
		char code[32];

		snprintf(code, sizeof(code), "left%d", i);
		if (!store_begin(store, &error) ||
			!store_contract_put(store, code, 1, hash, "{}", NOW, &error))
			abort();
		snprintf(code, sizeof(code), "right%d", i);
		if (!store_contract_put(store, code, 1, hash, "{}", NOW, &error) ||
			!store_commit(store, &error))
			abort();
		atomic_store(&writing->written, i + 1);
	}
	store_close(store);
	return NULL;
}

static int64_t number_in(struct fixture *f, const char *path, const char *sql)
{
	sqlite3 *db = NULL;
	int64_t number;

	assert_int_equal(sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
	OK(f, store_schema_number(db, path, sql, &number, &f->error));
	sqlite3_close(db);
	return number;
}

static void test_while_another_writes(void **state)
{
	struct fixture *f = *state;
	struct writing writing = {.f = f};
	struct store *store = open_at(f, f->path);
	struct store_copied copied;
	struct stat status;
	pthread_t thread;
	int i, before;

	/* So large that it takes several steps: some 40 MiB. */
	run_sql(f->path, "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n "
			 "WHERE i < 20000) INSERT INTO contracts SELECT 'big' || i, 1, "
			 "zeroblob(32), 0, hex(zeroblob(1000)) FROM n");
	assert_int_equal(pthread_create(&thread, NULL, write_on, &writing), 0);
	while (atomic_load(&writing.written) == 0)
		usleep(100);
	for (i = 0; i < 3; i++) {
		before = atomic_load(&writing.written);
		OK(f, store_backup(store, f->copy, &copied, &f->error));
		assert_true(copied.bytes > INT64_C(40) << 20);
		assert_int_equal(number_in(f, f->copy,
					 "SELECT count(*) FROM contracts WHERE code LIKE 'left%'"),
			number_in(f, f->copy,
				"SELECT count(*) FROM contracts WHERE code LIKE 'right%'"));
		assert_true(number_in(f, f->copy,
				    "SELECT count(*) FROM contracts WHERE code LIKE 'left%'") >=
			    before);
		/* It did not stand still meanwhile. */
		assert_true(atomic_load(&writing.written) > before);
		assert_int_equal(stat(f->copy, &status), 0);
		assert_int_equal(status.st_mode & 07777, 0600);
		assert_int_equal(status.st_size, copied.bytes);
		/* One file, and it can be read where nothing can be written: no log. */
		assert_int_equal(number_in(f, f->copy,
					 "SELECT journal_mode = 'delete' FROM pragma_journal_mode"),
			1);
		assert_int_equal(unlink(f->copy), 0);
		assert_int_equal(files(f, false), 3); /* the store, its log and its index */
	}
	atomic_store(&writing.stop, true);
	assert_int_equal(pthread_join(thread, NULL), 0);
	store_close(store);
}

static void test_what_is_in_it(void **state)
{
	struct fixture *f = *state;
	struct store *store = open_at(f, f->path);
	struct store_copied copied;

	add(f, store, 1, JOB_SCHEDULED, "aaaa");
	add(f, store, 2, JOB_HELD, "bbbb");
	add(f, store, 3, JOB_INSTALLED, "bbbb");
	OK(f, store_backup(store, f->copy, &copied, &f->error));
	assert_int_equal(copied.jobs, 3);
	assert_int_equal(copied.open_jobs, 2);
	assert_int_equal(copied.key_count, 2);
	assert_string_equal(copied.keys[0].id, "aaaa");
	assert_int_equal(copied.keys[0].count, 1);
	assert_string_equal(copied.keys[1].id, "bbbb");
	assert_int_equal(copied.keys[1].count, 2);
	/* Never over anything, and what is there stays as it is. */
	assert_false(store_backup(store, f->copy, &copied, &f->error));
	assert_int_equal(f->error.kind, ERROR_PERMANENT);
	assert_non_null(strstr(f->error.text, f->copy));
	assert_int_equal(number_in(f, f->copy, "SELECT count(*) FROM jobs"), 3);
	/* The store itself goes on. */
	OK(f, store_begin(store, &f->error));
	add(f, store, 4, JOB_SCHEDULED, "aaaa");
	OK(f, store_commit(store, &f->error));
	store_close(store);
}

/* Damage that the opening of a large store does not come upon is not copied in silence. */
static void test_damaged_store(void **state)
{
	struct fixture *f = *state;
	struct store_copied copied;
	struct store *store;
	FILE *file;

	store_close(open_at(f, f->path));
	run_sql(f->path, "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n "
			 "WHERE i < 10000) INSERT INTO contracts SELECT 'big' || i, 1, "
			 "zeroblob(32), 0, hex(zeroblob(1000)) FROM n");
	file = fopen(f->path, "r+e");
	assert_non_null(file);
	assert_int_equal(fseek(file, 2500L * 4096, SEEK_SET), 0);
	assert_int_equal(fwrite("\xff\xff\xff\xff\xff\xff\xff\xff", 1, 8, file), 8);
	assert_int_equal(fclose(file), 0);
	store = open_at(f, f->path);
	assert_false(store_backup(store, f->copy, &copied, &f->error));
	assert_int_equal(f->error.kind, ERROR_PERMANENT);
	assert_non_null(strstr(f->error.text, f->path));
	assert_non_null(strstr(f->error.text, "damaged"));
	store_close(store);
	assert_int_equal(files(f, false), 1);
}

/* ---- bringing one back ---- */

static void check_guarded(struct fixture *f, struct store *store, int64_t id, bool guarded)
{
	struct store_job job = get(f, store, id);

	assert_int_equal(job.guarded, guarded);
	store_job_clear(&job);
}

/* What a feed gives once more after it is of certificates that the service may have had. */
static void test_guarded_later(void **state)
{
	static const struct {
		int number; /* issued at NOW and so much */
		bool guarded;
	} cases[] = {{4, true}, {5, true}, {6, false}};
	struct fixture *f = *state;
	struct store *store = open_at(f, f->path);
	struct store_judgement judgement = {.state = JOB_SCHEDULED, .due_ms = NOW + 9};
	struct store_copied copied;
	int64_t installed, id;
	size_t i;

	check_guarded(f, store, add(f, store, 1, JOB_SCHEDULED, "aaaa"), false);
	installed = add(f, store, 2, JOB_INSTALLED, "aaaa");
	OK(f, store_backup(store, f->copy, &copied, &f->error));
	store_close(store);
	OK(f, store_restore(f->copy, f->restored, NOW + 5, &copied, &f->error));
	store = open_at(f, f->restored);
	for (i = 0; i < ARRAY_LENGTH(cases); i++) {
		id = add(f, store, cases[i].number, JOB_SCHEDULED, "aaaa");
		check_guarded(f, store, id, cases[i].guarded);
		/* The contract has gone back to it, or from it. */
		id = add(f, store, 100 + cases[i].number, JOB_SCHEDULED, "aaaa");
		judgement.issued_ms = NOW + cases[i].number;
		OK(f, store_job_judge(store, id, &judgement, NULL, &f->error));
		check_guarded(f, store, id, cases[i].guarded);
	}
	/* What is installed once more, too. */
	check_guarded(f, store, installed, false);
	judgement.issued_ms = NOW + 2;
	OK(f, store_job_judge(store, installed, &judgement, NULL, &f->error));
	check_guarded(f, store, installed, true);
	store_close(store);
}

static void test_guarded(void **state)
{
	static const struct {
		enum job_state state, want;
		bool guarded;
	} cases[JOB_STATE_COUNT] = {
		{JOB_HELD, JOB_HELD, true},
		{JOB_SCHEDULED, JOB_SCHEDULED, true},
		{JOB_INSTALLING, JOB_RETRYING, true},
		{JOB_VERIFYING, JOB_VERIFYING, true},
		{JOB_RETRYING, JOB_RETRYING, true},
		{JOB_INSTALLED, JOB_INSTALLED, false},
		{JOB_FAILED, JOB_FAILED, false},
		{JOB_REFUSED, JOB_REFUSED, false},
		{JOB_SUPERSEDED, JOB_SUPERSEDED, false},
		{JOB_CANCELLED, JOB_CANCELLED, false},
	};
	struct fixture *f = *state;
	struct store *store = open_at(f, f->path);
	struct store_copied copied;
	struct store_job job, before;
	int64_t ids[JOB_STATE_COUNT];
	size_t i;

	for (i = 0; i < JOB_STATE_COUNT; i++)
		ids[i] = add(f, store, (int)i, cases[i].state, "aaaa");
	store_close(store);
	/* Two in flight, and one that was superseded under its lease. */
	run_sql(f->path,
		"UPDATE jobs SET lease_token = zeroblob(16), lease_until_ms = 1900000000000,"
		" next_ms = 1900000000000 WHERE state IN (3, 4);"
		"UPDATE jobs SET lease_token = zeroblob(16), lease_until_ms = 1900000000000"
		" WHERE state = 9");
	store = open_at(f, f->path);
	OK(f, store_backup(store, f->copy, &copied, &f->error));
	store_close(store);
	OK(f, store_restore(f->copy, f->restored, NOW + 5, &copied, &f->error));
	assert_int_equal(copied.open_jobs, 5);
	assert_int_equal(copied.key_count, 1);
	assert_int_equal(number_in(f, f->restored,
				 "SELECT count(*) FROM jobs WHERE lease_token IS NOT NULL"
				 " OR lease_until_ms <> 0"),
		0);
	store = open_at(f, f->restored);
	for (i = 0; i < JOB_STATE_COUNT; i++) {
		job = get(f, store, ids[i]);
		assert_int_equal(job.state, cases[i].want);
		assert_int_equal(job.guarded, cases[i].guarded);
		assert_int_equal(job.next_ms,
			cases[i].state == JOB_INSTALLING || cases[i].state == JOB_VERIFYING
				? NOW + 5
			: job_state_is_final(cases[i].state) ? 0
							     : NOW);
		store_job_clear(&job);
	}
	/* The copy itself is not guarded: it was only read. */
	assert_int_equal(number_in(f, f->copy, "SELECT sum(guarded) FROM jobs"), 0);
	/* Given another go, a job is guarded no more, and goes under another key. */
	before = get(f, store, ids[JOB_SCHEDULED]);
	OK(f, store_job_reschedule(store, before.id, NOW, NOW, NULL, &f->error));
	job = get(f, store, before.id);
	assert_false(job.guarded);
	assert_string_not_equal(job.idempotency_key, before.idempotency_key);
	assert_int_equal(strlen(job.idempotency_key), 32);
	store_job_clear(&before);
	before = job;
	OK(f, store_job_reschedule(store, before.id, NOW, NOW, NULL, &f->error));
	job = get(f, store, before.id);
	assert_string_equal(job.idempotency_key, before.idempotency_key);
	store_job_clear(&job);
	store_job_clear(&before);
	store_close(store);
}

static void make_copy(struct fixture *f)
{
	struct store *store = open_at(f, f->path);
	struct store_copied copied;

	add(f, store, 1, JOB_SCHEDULED, "aaaa");
	OK(f, store_backup(store, f->copy, &copied, &f->error));
	store_close(store);
}

static void refused(struct fixture *f, const char *names, const char *says)
{
	struct store_copied copied;
	size_t before = files(f, false);

	assert_false(store_restore(f->copy, f->restored, NOW, &copied, &f->error));
	assert_int_equal(f->error.kind, ERROR_PERMANENT);
	if (strstr(f->error.text, names) == NULL || strstr(f->error.text, says) == NULL)
		fail_msg("\"%s\" names no %s, or not: %s", f->error.text, names, says);
	assert_int_equal(files(f, false), before);
}

static void put(const char *path, const char *text)
{
	struct error error;

	assert_true(file_write_atomic(path, text, strlen(text), 0600, &error));
}

static void test_never_over_anything(void **state)
{
	static const char *const suffixes[] = {"", "-wal", "-shm", "-journal"};
	struct fixture *f = *state;

	make_copy(f);
	for (size_t i = 0; i < ARRAY_LENGTH(suffixes); i++) {
		char *path = xasprintf("%s%s", f->restored, suffixes[i]);
		struct buffer text = {0};

		put(path, "somebody's");
		refused(f, path, "nothing is ever overwritten");
		OK(f, file_read(path, 100, &text, &f->error));
		assert_string_equal(buffer_text(&text), "somebody's");
		buffer_free(&text);
		unlink(path);
		free(path);
	}
}

static void test_refuses_what_is_no_copy(void **state)
{
	struct fixture *f = *state;
	char *log = xasprintf("%s-wal", f->copy);
	char *newer = xasprintf("PRAGMA user_version = %d", store_migration_count + 1);

	refused(f, f->copy, "cannot be opened");
	put(f->copy, "no database at all, but a text that is long enough to look like a file "
		     "of one, so that its head is read: it goes on for a hundred bytes or more");
	refused(f, f->copy, "not a store");
	unlink(f->copy);
	run_sql(f->copy, "CREATE TABLE somebody(s)");
	refused(f, f->copy, "no copy of a store");
	unlink(f->copy);
	make_copy(f);
	put(log, "log");
	refused(f, log, "in use");
	unlink(log);
	run_sql(f->copy, newer);
	refused(f, f->copy, "newer certinstalld");
	free(log);
	free(newer);
}

/* Wherever a page is spoilt, nothing is restored, or the page told nothing. */
static void test_refuses_damage(void **state)
{
	struct fixture *f = *state;
	struct store_copied copied;
	struct buffer sound = {0};
	size_t at, found = 0;

	make_copy(f);
	OK(f, file_read(f->copy, 1 << 22, &sound, &f->error));
	for (at = 4096; at < sound.length; at += 4096) {
		FILE *file = fopen(f->copy, "r+e");

		assert_non_null(file);
		assert_int_equal(fseek(file, (long)at, SEEK_SET), 0);
		assert_int_equal(fwrite("\xff\xff\xff\xff\xff\xff\xff\xff", 1, 8, file), 8);
		assert_int_equal(fclose(file), 0);
		if (store_restore(f->copy, f->restored, NOW, &copied, &f->error)) {
			unlink(f->restored);
		} else {
			assert_int_equal(f->error.kind, ERROR_PERMANENT);
			assert_non_null(strstr(f->error.text, f->copy));
			found++;
		}
		assert_int_equal(access(f->restored, F_OK), -1);
		OK(f, file_write_atomic(f->copy, sound.data, sound.length, 0600, &f->error));
	}
	/* Pages that are free tell nothing; the rest are tables and indexes. */
	assert_true(found * 10 >= (sound.length / 4096 - 1) * 9);
	/* Cut in the middle. */
	assert_int_equal(truncate(f->copy, (off_t)(sound.length / 2)), 0);
	refused(f, f->copy, "damaged");
	buffer_free(&sound);
}

static void test_older_version_is_migrated(void **state)
{
	struct fixture *f = *state;
	struct store_copied copied;
	struct store *store;
	sqlite3 *db = NULL;
	struct store_job job;

	assert_int_equal(sqlite3_open(f->copy, &db), SQLITE_OK);
	OK(f, store_schema_migrate(db, f->copy, store_migrations, 1, &f->error));
	sqlite3_close(db);
	run_sql(f->copy, "INSERT INTO contracts VALUES('c1', 1, zeroblob(32), 0, '{}');"
			 "INSERT INTO certificates VALUES(1, zeroblob(32), 1, 2, 'ec-p256');"
			 "INSERT INTO jobs VALUES(1, 'c1', 'webhg2', 'w1', 'a', 1, 2, 7, 8, 8, 0, "
			 "0, 0, 0, 0, NULL, 'key', '')");
	OK(f, store_restore(f->copy, f->restored, NOW, &copied, &f->error));
	store = open_at(f, f->restored);
	job = get(f, store, 1);
	assert_true(job.guarded);
	assert_int_equal(job.state, JOB_SCHEDULED);
	store_job_clear(&job);
	store_close(store);
	assert_int_equal(number_in(f, f->copy, "PRAGMA user_version"), 1);
}

/* ---- broken off ---- */

/* Each write, sync and truncation in its turn fails: nothing is left behind, nothing has a name. */
static void test_faults(void **state)
{
	static const int results[] = {SQLITE_FULL, SQLITE_IOERR_WRITE};
	struct fixture *f = *state;
	struct store_copied copied;
	struct store *store;
	int failures = 0;

	make_copy(f);
	store_faults_install();
	for (size_t r = 0; r < ARRAY_LENGTH(results); r++) {
		bool done = false;

		for (int at = 0; !done; at++) {
			size_t before;

			unlink(f->restored);
			before = files(f, false);
			store_faults_after(at, results[r]);
			done = store_restore(f->copy, f->restored, NOW, &copied, &f->error);
			store_faults_after(-1, 0);
			if (done)
				break;
			failures++;
			assert_int_equal(f->error.kind, ERROR_TEMPORARY);
			assert_non_null(strstr(f->error.text, f->restored));
			assert_int_equal(files(f, false), before);
		}
		store_close(open_at(f, f->restored));
	}
	unlink(f->copy);
	for (size_t r = 0; r < ARRAY_LENGTH(results); r++) {
		bool done = false;

		store = open_at(f, f->path);
		for (int at = 0; !done; at++) {
			size_t before = files(f, false);

			store_faults_after(at, results[r]);
			done = store_backup(store, f->copy, &copied, &f->error);
			store_faults_after(-1, 0);
			if (done)
				break;
			failures++;
			assert_int_equal(f->error.kind, ERROR_TEMPORARY);
			assert_int_equal(files(f, false), before);
		}
		store_close(store);
		unlink(f->copy);
	}
	store_faults_remove();
	assert_true(failures > 40);
}

/* ---- what a store knows ---- */

static void test_known(void **state)
{
	struct fixture *f = *state;
	struct store *store = open_at(f, f->path);
	struct guard_known *known;
	struct store_job job;
	size_t count, i, seen = 0;
	int64_t id = add(f, store, 1, JOB_SCHEDULED, "aaaa");

	/* Of another contract: 2 on another target, 3 and 4 on this one, and of 4 certificate 1. */
	add(f, store, 2, JOB_INSTALLED, "aaaa");
	add(f, store, 3, JOB_INSTALLED, "aaaa");
	add(f, store, 4, JOB_INSTALLED, "aaaa");
	/* And one more install of the same certificate 1, told later. */
	run_sql(f->path,
		"UPDATE jobs SET fqdn = 'h1.example.jp' WHERE contract IN ('c3', 'c4');"
		"UPDATE jobs SET certificate_id = 1, issued_ms = issued_ms + 500"
		" WHERE contract = 'c4';"
		"INSERT INTO jobs(contract, service, service_code, fqdn, certificate_id,"
		" state, base_ms, due_ms, next_ms, attempts, first_attempt_ms, pushed_ms,"
		" settled_ms, idempotency_key, detail, issued_ms)"
		" SELECT contract, 'docex', 'd1', fqdn, certificate_id, 6, 0, 0, 0, 0, 0, 0,"
		" 0, 'k', '', issued_ms + 100 FROM jobs WHERE contract = 'c1'");
	job = get(f, store, id);
	OK(f, store_known_certificates(store, &job, &known, &count, &f->error));
	assert_int_equal(count, 2);
	for (i = 0; i < count; i++) {
		int number;

		memcpy(&number, known[i].fingerprint, sizeof(number));
		seen |= (size_t)1 << number;
		assert_int_equal(known[i].of_contract, number == 1);
		assert_int_equal(known[i].issued_ms, number == 1 ? NOW + 101 : NOW + 3);
		assert_int_equal(known[i].not_before_ms, NOW - 10 + number);
	}
	assert_int_equal(seen, 1U << 1 | 1U << 3);
	free(known);
	store_job_clear(&job);
	store_close(store);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_while_another_writes, setup, teardown),
		cmocka_unit_test_setup_teardown(test_what_is_in_it, setup, teardown),
		cmocka_unit_test_setup_teardown(test_damaged_store, setup, teardown),
		cmocka_unit_test_setup_teardown(test_guarded, setup, teardown),
		cmocka_unit_test_setup_teardown(test_guarded_later, setup, teardown),
		cmocka_unit_test_setup_teardown(test_never_over_anything, setup, teardown),
		cmocka_unit_test_setup_teardown(test_refuses_what_is_no_copy, setup, teardown),
		cmocka_unit_test_setup_teardown(test_refuses_damage, setup, teardown),
		cmocka_unit_test_setup_teardown(test_older_version_is_migrated, setup, teardown),
		cmocka_unit_test_setup_teardown(test_faults, setup, teardown),
		cmocka_unit_test_setup_teardown(test_known, setup, teardown),
	};

	return cmocka_run_group_tests_name("store copies", tests, NULL, NULL);
}
