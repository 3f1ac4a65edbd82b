#include "store/store_private.h"

#include <assert.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- errors ---- */

static bool map_open_failure(const char *path, sqlite3 *db, struct error *error)
{
	int number = db != NULL ? sqlite3_system_errno(db) : 0;

	switch (number) {
	case ENOENT:
	case ENOTDIR:
	case EACCES:
	case EPERM:
	case EROFS:
	case EISDIR:
		return error_set(error, ERROR_PERMANENT,
			"%s: cannot be opened: %s; see that it and its directory belong to the "
			"service's user",
			path, strerror(number));
	case 0:
		return error_set(error, ERROR_TEMPORARY, "%s: cannot be opened", path);
	default:
		return error_set(
			error, ERROR_TEMPORARY, "%s: cannot be opened: %s", path, strerror(number));
	}
}

bool store_map_error(const char *path, sqlite3 *db, int result, struct error *error)
{
	const char *what = db != NULL ? sqlite3_errmsg(db) : sqlite3_errstr(result);
	int number = db != NULL ? sqlite3_system_errno(db) : 0;

	switch (result & 0xff) {
	case SQLITE_FULL:
		return error_set(error, ERROR_TEMPORARY, "%s: the disk is full", path);
	case SQLITE_IOERR:
		return error_set(error, ERROR_TEMPORARY, "%s: disk error: %s", path,
			number != 0 ? strerror(number) : sqlite3_errstr(result));
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
	case SQLITE_PROTOCOL:
		return error_set(error, ERROR_TEMPORARY,
			"%s: another process has held it for too long", path);
	case SQLITE_NOMEM:
		return error_set(error, ERROR_TEMPORARY, "%s: out of memory", path);
	case SQLITE_INTERRUPT:
	case SQLITE_ABORT:
		return error_set(error, ERROR_TEMPORARY, "%s: interrupted", path);
	case SQLITE_CANTOPEN:
		return map_open_failure(path, db, error);
	case SQLITE_READONLY:
	case SQLITE_PERM:
		return error_set(error, ERROR_PERMANENT,
			"%s: may not be written; see that it and its directory belong to the "
			"service's user",
			path);
	case SQLITE_NOTADB:
		return error_set(error, ERROR_PERMANENT,
			"%s: not a store (no SQLite database); name another file or move it away",
			path);
	case SQLITE_CORRUPT:
		return error_set(error, ERROR_PERMANENT,
			/* SQLite says the same of a page that the disk does not give. */
			"%s: damaged, or its disk cannot be read: %s; see the kernel's log, and if "
			"the disk is well, stop what uses it and restore it from a backup",
			path, what);
	default:
		return error_set(error, ERROR_INTERNAL, "%s: %s", path, what);
	}
}

bool store_fail_with(struct store *store, const struct error *error)
{
	if (store->in_transaction && !store->failed) {
		store->failed = true;
		store->failure = *error;
	}
	return false;
}

bool store_fail(struct store *store, struct error *error)
{
	struct error failure;

	store_map_error(store->path, store->db, sqlite3_extended_errcode(store->db), &failure);
	store_fail_with(store, &failure);
	return error_set(error, failure.kind, "%s", failure.text);
}

/* ---- statements ---- */

sqlite3_stmt *store_statement(
	struct store *store, enum store_statement which, const char *sql, struct error *error)
{
	sqlite3_stmt **statement = &store->statements[which];

	if (store->failed) {
		error_set(error, store->failure.kind, "%s", store->failure.text);
		return NULL;
	}
	if (*statement == NULL && sqlite3_prepare_v3(store->db, sql, -1, SQLITE_PREPARE_PERSISTENT,
					  statement, NULL) != SQLITE_OK) {
		store_fail(store, error);
		return NULL;
	}
	/* A statement in use here means that a callback called the function that called it. */
	assert(!sqlite3_stmt_busy(*statement));
	return *statement;
}

enum store_step store_step(struct store *store, sqlite3_stmt *statement, struct error *error)
{
	int result = sqlite3_step(statement);

	if (result == SQLITE_ROW)
		return STORE_ROW;
	if (result != SQLITE_DONE)
		store_fail(store, error);
	store_rest(statement);
	return result == SQLITE_DONE ? STORE_DONE : STORE_FAILED;
}

bool store_run(struct store *store, sqlite3_stmt *statement, struct error *error)
{
	enum store_step step = store_step(store, statement, error);

	assert(step != STORE_ROW);
	return step == STORE_DONE;
}

void store_rest(sqlite3_stmt *statement)
{
	/* The result repeats that of the last step, which has been looked at. */
	(void)sqlite3_reset(statement);
	sqlite3_clear_bindings(statement);
}

static void check_bound(int result)
{
	if (result != SQLITE_OK)
		abort();
}

void store_bind_int(sqlite3_stmt *statement, int index, int64_t value)
{
	check_bound(sqlite3_bind_int64(statement, index, value));
}

void store_bind_text(sqlite3_stmt *statement, int index, const char *text)
{
	check_bound(sqlite3_bind_text(statement, index, text, -1, SQLITE_STATIC));
}

void store_bind_blob(sqlite3_stmt *statement, int index, const void *data, size_t length)
{
	check_bound(sqlite3_bind_blob64(
		statement, index, data != NULL ? data : "", length, SQLITE_STATIC));
}

/* ---- transactions ---- */

static bool run_word(struct store *store, const char *word, struct error *error)
{
	if (sqlite3_exec(store->db, word, NULL, NULL, NULL) == SQLITE_OK)
		return true;
	return store_fail(store, error);
}

bool store_begin(struct store *store, struct error *error)
{
	assert(!store->in_transaction && store->change_count == 0);
	/* IMMEDIATE: the wait for another writer is here, never in the middle of the work. */
	if (!run_word(store, "BEGIN IMMEDIATE", error))
		return false;
	store->in_transaction = true;
	store->failed = false;
	return true;
}

bool store_commit(struct store *store, struct error *error)
{
	int64_t began_us;
	bool done;

	assert(store->in_transaction);
	if (store->failed) {
		/* SQLite may have rolled back by itself; a commit now would keep the rest. */
		error_set(error, store->failure.kind, "%s", store->failure.text);
		store_rollback(store);
		return false;
	}
	began_us = store->measures != NULL ? measure_now_us() : 0;
	done = store_counts_write(store, error) && run_word(store, "COMMIT", error);
	if (store->measures != NULL && done)
		measure_add(&store->measures->commits, measure_now_us() - began_us);
	else if (store->measures != NULL)
		atomic_fetch_add_explicit(
			&store->measures->failed_commits, 1, memory_order_relaxed);
	if (!done)
		store_rollback(store);
	store->in_transaction = false;
	return done;
}

void store_rollback(struct store *store)
{
	/* After some errors SQLite has done it already. A rollback that fails leaves nothing that
	 * the next BEGIN would not report. */
	if (!sqlite3_get_autocommit(store->db))
		(void)sqlite3_exec(store->db, "ROLLBACK", NULL, NULL, NULL);
	store->in_transaction = false;
	store->failed = false;
	store_counts_forget(store);
}

bool store_write_enter(struct store *store, bool *own, struct error *error)
{
	*own = !store->in_transaction;
	return !*own || store_begin(store, error);
}

bool store_write_leave(struct store *store, bool own, bool done, struct error *error)
{
	if (!own)
		return done;
	if (done)
		return store_commit(store, error);
	store_rollback(store);
	return false;
}

/*
 * SQLite's own waits grow to 100 ms, during which the loop would send nothing; the other writers,
 * the intake's thread or another process, are done in a few.
 */
int store_wait_for_lock(void *unused, int tries)
{
	(void)unused;
	if (tries >= STORE_BUSY_TIMEOUT_MS * 1000 / STORE_BUSY_STEP_US)
		return 0;
	usleep(STORE_BUSY_STEP_US);
	return 1;
}

bool store_checkpoint(struct store *store, struct error *error)
{
	int result;

	assert(!store->in_transaction);
	sqlite3_busy_timeout(store->db, 0);
	result = sqlite3_wal_checkpoint_v2(store->db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
	sqlite3_busy_handler(store->db, store_wait_for_lock, NULL);
	if (result == SQLITE_OK || (result & 0xff) == SQLITE_BUSY)
		return true;
	return store_map_error(store->path, store->db, result, error);
}
