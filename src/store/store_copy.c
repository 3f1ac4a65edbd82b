#include "store/store_private.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/file.h"

/*
 * A copy is made beside its place under a name of its own, checked there, and given its name at the
 * very end: what bears the name is whole.
 *
 * Pages are copied as they stand, free ones, too: secure_delete has left zeros where wiped keys
 * were. The copy gets a rollback journal in place of the log, so that it is one file and opens on
 * a file system that is not written, too.
 */

/* 16 MiB a step. */
#define PAGES_A_STEP 4096

static const char *const companions[] = {"-journal", "-wal", "-shm"};

/* ---- the file under its first name ---- */

static bool make_temporary(const char *path, char **temporary, struct error *error)
{
	int fd = file_make_beside(path, temporary);

	if (fd >= 0) {
		close(fd);
		return true;
	}
	error_set(error,
		errno == ENOENT || errno == EACCES || errno == EROFS ? ERROR_PERMANENT
								     : ERROR_TEMPORARY,
		"%s: no file can be made beside it: %s", path, strerror(errno));
	return false;
}

/* Nothing is left of it when it still has its first name. */
static void drop_temporary(char *temporary)
{
	if (temporary == NULL)
		return;
	(void)unlink(temporary);
	for (size_t i = 0; i < ARRAY_LENGTH(companions); i++) {
		char *name = xasprintf("%s%s", temporary, companions[i]);

		(void)unlink(name);
		free(name);
	}
	free(temporary);
}

/* Root's copies are the daemon's, too: it does not run as root. */
static bool give_to_owner(int fd, const char *store_path)
{
	char *directory = path_directory(store_path);
	struct stat status;
	bool done = geteuid() != 0 || (stat(directory, &status) == 0 &&
					      fchown(fd, status.st_uid, status.st_gid) == 0);

	free(directory);
	return done;
}

/* Synced, then named; STORE_PATH tells whose it is to be. */
static bool place(
	const char *temporary, const char *path, const char *store_path, struct error *error)
{
	int fd = open(temporary, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	bool done = fd >= 0 && give_to_owner(fd, store_path) && fsync(fd) == 0;

	if (!done)
		error_set(
			error, ERROR_TEMPORARY, "%s: cannot be written: %s", path, strerror(errno));
	if (fd >= 0)
		close(fd);
	return done && file_place(temporary, path, error);
}

static bool refuse_present(
	const char *path, const char *suffix, const char *why, struct error *error)
{
	char *name = xasprintf("%s%s", path, suffix);
	struct stat status;
	int reason = lstat(name, &status) != 0 ? errno : 0;

	if (reason == 0)
		error_set(error, ERROR_PERMANENT, "%s: %s", name, why);
	else if (reason != ENOENT)
		error_set(error, ERROR_PERMANENT, "%s: cannot be looked at: %s", name,
			strerror(reason));
	free(name);
	return reason == ENOENT;
}

/* ---- the pages ---- */

/* What a copy has of its source, damage, is told of the source, though by the copy's handle. */
static bool is_of_source(int result)
{
	return (result & 0xff) == SQLITE_CORRUPT || (result & 0xff) == SQLITE_NOTADB ||
	       result == SQLITE_IOERR_READ || result == SQLITE_IOERR_SHORT_READ;
}

/* Temporary names tell nobody anything: in sentences a copy goes by these. */
struct names {
	const char *from;
	const char *to;
};

static bool map_error(const struct names *names, sqlite3 *db, int result, struct error *error)
{
	return store_map_error(is_of_source(result) ? names->from : names->to, db, result, error);
}

static bool run_all(sqlite3 *db, const struct names *names, const char *sql, struct error *error)
{
	int result = sqlite3_exec(db, sql, NULL, NULL, NULL);

	return result == SQLITE_OK || map_error(names, db, result, error);
}

static bool open_copy(const char *copy, const struct names *names, const char *pragmas,
	sqlite3 **db, struct error *error)
{
	int result = sqlite3_open_v2(copy, db,
		SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, NULL);

	if (result != SQLITE_OK)
		return map_error(names, *db, result, error);
	sqlite3_db_config(*db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	return run_all(*db, names, pragmas, error);
}

/* The source has a read transaction, or nobody writes it: no step begins anew. */
static bool copy_pages(
	sqlite3 *from, const char *copy, const struct names *names, struct error *error)
{
	sqlite3 *db = NULL;
	sqlite3_backup *backup;
	int result;
	bool done = false;

	/* What is broken off is thrown away, and what is whole is synced by name. */
	if (!open_copy(copy, names, "PRAGMA journal_mode = MEMORY; PRAGMA synchronous = OFF", &db,
		    error))
		goto out;
	backup = sqlite3_backup_init(db, "main", from, "main");
	if (backup == NULL) {
		map_error(names, db, sqlite3_extended_errcode(db), error);
		goto out;
	}
	do
		result = sqlite3_backup_step(backup, PAGES_A_STEP);
	while (result == SQLITE_OK);
	(void)sqlite3_backup_finish(backup); /* repeats the last step's result */
	done = result == SQLITE_DONE || map_error(names, db, result, error);
out:
	if (sqlite3_close(db) != SQLITE_OK)
		abort();
	return done;
}

/* Opens what was copied: one file, no log, and nobody else has it. */
static bool open_copied(
	const char *copy, const struct names *names, sqlite3 **db, struct error *error)
{
	return open_copy(copy, names,
		"PRAGMA locking_mode = EXCLUSIVE; PRAGMA cell_size_check = ON;"
		"PRAGMA trusted_schema = OFF; PRAGMA secure_delete = ON;"
		"PRAGMA temp_store = MEMORY; PRAGMA journal_mode = DELETE;"
		"PRAGMA synchronous = FULL",
		db, error);
}

static bool read_keys(
	sqlite3 *db, const char *path, struct store_copied *copied, struct error *error)
{
	sqlite3_stmt *statement = NULL;
	int result = sqlite3_prepare_v2(
		db, "SELECT key_id, count(*) FROM secrets GROUP BY key_id", -1, &statement, NULL);

	while (result == SQLITE_OK || result == SQLITE_ROW) {
		result = sqlite3_step(statement);
		if (result != SQLITE_ROW || copied->key_count == STORE_COPIED_KEYS_MAX)
			break;
		snprintf(copied->keys[copied->key_count].id, sizeof(copied->keys[0].id), "%s",
			(const char *)sqlite3_column_text(statement, 0));
		copied->keys[copied->key_count++].count = sqlite3_column_int64(statement, 1);
	}
	if (result != SQLITE_DONE && result != SQLITE_ROW)
		store_map_error(path, db, result, error);
	sqlite3_finalize(statement);
	return result == SQLITE_DONE || result == SQLITE_ROW;
}

static bool read_facts(
	sqlite3 *db, const char *path, struct store_copied *copied, struct error *error)
{
	*copied = (struct store_copied){0};
	return store_schema_number(db, path,
		       "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size",
		       &copied->bytes, error) &&
	       store_schema_number(
		       db, path, "SELECT sum(count) FROM job_counts", &copied->jobs, error) &&
	       store_schema_number(db, path,
		       "SELECT sum(count) FROM job_counts WHERE state IN " SQL_OPEN,
		       &copied->open_jobs, error) &&
	       read_keys(db, path, copied, error);
}

/* ---- taking one ---- */

static bool copy_snapshot(
	struct store *store, const char *copy, const struct names *names, struct error *error)
{
	const struct names own = {store->path, store->path};
	/* One read transaction over all steps: the steps of a copy begin anew with each write of
	 * another process otherwise, and a busy daemon would keep it from ever being done. */
	bool done = run_all(store->db, &own, "BEGIN; SELECT 1 FROM sqlite_schema LIMIT 1", error);

	done = done && copy_pages(store->db, copy, names, error);
	if (!sqlite3_get_autocommit(store->db))
		(void)sqlite3_exec(store->db, "ROLLBACK", NULL, NULL, NULL);
	return done;
}

static bool check_copied(const char *copy, const struct names *names, struct store_copied *copied,
	struct error *error)
{
	sqlite3 *db = NULL;
	bool done = open_copied(copy, names, &db, error) &&
		    store_schema_check_whole(db, names->from, error) &&
		    read_facts(db, names->to, copied, error);

	if (sqlite3_close(db) != SQLITE_OK)
		abort();
	return done;
}

bool store_backup(
	struct store *store, const char *path, struct store_copied *copied, struct error *error)
{
	const struct names names = {store->path, path};
	char *temporary = NULL;
	bool done;

	assert(!store->in_transaction);
	done = refuse_present(path, "",
		       "is there already, and nothing is ever overwritten; name another file",
		       error) &&
	       make_temporary(path, &temporary, error) &&
	       copy_snapshot(store, temporary, &names, error) &&
	       check_copied(temporary, &names, copied, error) &&
	       place(temporary, path, store->path, error);
	drop_temporary(temporary);
	return done;
}

/* ---- bringing one back ---- */

static bool open_from(const char *path, sqlite3 **db, struct error *error)
{
	struct stat status;
	char *uri;
	int result;

	if (stat(path, &status) != 0)
		return error_set(
			error, ERROR_PERMANENT, "%s: cannot be opened: %s", path, strerror(errno));
	if (!S_ISREG(status.st_mode))
		return error_set(error, ERROR_PERMANENT, "%s: not a regular file", path);
	for (size_t i = 0; i < ARRAY_LENGTH(companions); i++) {
		if (!refuse_present(path, companions[i],
			    "so the file is a store in use, or one that was not closed, and no "
			    "copy; take one with certinstallctl backup",
			    error))
			return false;
	}
	uri = store_immutable_uri(path);
	result = sqlite3_open_v2(uri, db,
		SQLITE_OPEN_READONLY | SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX |
			SQLITE_OPEN_EXRESCODE,
		NULL);
	free(uri);
	return result == SQLITE_OK || store_map_error(path, *db, result, error);
}

static bool accept_from(sqlite3 *db, const char *path, struct error *error)
{
	int64_t version, application;

	if (!store_schema_version(db, path, &version, &application, error))
		return false;
	if (application != STORE_APPLICATION_ID || version < 1)
		return error_set(error, ERROR_PERMANENT,
			"%s: no copy of a store; name one that certinstallctl backup made", path);
	return version <= store_migration_count || store_refuse_newer(path, version, error);
}

/*
 * Nobody who leased a job then is there any more. What was being pushed is to be tried again; the
 * store went on after the copy, so nothing is pushed before the service was asked; nor what comes
 * later of certificates from before, since a feed gives the records since the copy once more, the
 * superseded ones first.
 */
static bool guard_jobs(sqlite3 *db, const struct names *names, int64_t now_ms, struct error *error)
{
	char *sql = xasprintf("BEGIN IMMEDIATE;"
			      "UPDATE jobs SET next_ms = %lld WHERE lease_token IS NOT NULL"
			      " AND state IN " SQL_IN_HAND ";"
			      "UPDATE jobs SET lease_token = NULL, lease_until_ms = 0"
			      " WHERE lease_token IS NOT NULL;"
			      "UPDATE jobs SET state = %d WHERE state = " SQL_INSTALLING ";"
			      "UPDATE jobs SET guarded = 1 WHERE state IN " SQL_OPEN ";"
			      "INSERT OR REPLACE INTO marks(name, value)"
			      " VALUES(" SQL_RESTORED ", %lld);"
			      "COMMIT",
		(long long)now_ms, CODE_RETRYING, (long long)now_ms);
	bool done = run_all(db, names, sql, error);

	free(sql);
	return done;
}

/* Looked through whole before a migration reads it; what is wrong then is FROM's. */
static bool bring_up(const char *copy, const struct names *names, int64_t now_ms,
	struct store_copied *copied, struct error *error)
{
	sqlite3 *db = NULL;
	bool done = open_copied(copy, names, &db, error) &&
		    store_schema_check_whole(db, names->from, error) &&
		    store_schema_migrate(
			    db, names->to, store_migrations, store_migration_count, error) &&
		    guard_jobs(db, names, now_ms, error) &&
		    store_schema_check(db, names->to, error) &&
		    read_facts(db, names->to, copied, error);

	if (sqlite3_close(db) != SQLITE_OK)
		abort();
	return done;
}

bool store_restore(const char *from, const char *to, int64_t now_ms, struct store_copied *copied,
	struct error *error)
{
	static const char present[] = "a store is there, or what is left of one, and nothing is "
				      "ever overwritten; stop what uses it and move it away with "
				      "the -wal and -shm beside it";
	const struct names names = {from, to};
	char *temporary = NULL;
	sqlite3 *source = NULL;
	bool done = refuse_present(to, "", present, error);

	for (size_t i = 0; done && i < ARRAY_LENGTH(companions); i++)
		done = refuse_present(to, companions[i], present, error);
	done = done && open_from(from, &source, error) && accept_from(source, from, error) &&
	       make_temporary(to, &temporary, error) &&
	       copy_pages(source, temporary, &names, error) &&
	       bring_up(temporary, &names, now_ms, copied, error) &&
	       place(temporary, to, to, error);
	if (sqlite3_close(source) != SQLITE_OK)
		abort();
	drop_temporary(temporary);
	return done;
}
