#include "store/store_private.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

/*
 * Numbered from 1; each brings a file of the version before it to its own. What stands here has
 * been shipped and is never changed: a change is a migration of its own.
 *
 * Rows that a claim touches are narrow: sealed keys, trails and attempts are in tables of their
 * own. Times are milliseconds since 1970 in UTC.
 */
static const char migration_1[] =
	"CREATE TABLE contracts("
	" code TEXT NOT NULL PRIMARY KEY,"
	" revision INTEGER NOT NULL,"
	" content_hash BLOB NOT NULL CHECK(length(content_hash) = 32),"
	" updated_ms INTEGER NOT NULL,"
	" snapshot TEXT NOT NULL"
	") STRICT;"
	"CREATE TABLE certificates("
	" id INTEGER PRIMARY KEY,"
	" fingerprint BLOB NOT NULL UNIQUE CHECK(length(fingerprint) = 32),"
	" not_before_ms INTEGER NOT NULL,"
	" not_after_ms INTEGER NOT NULL,"
	" key TEXT NOT NULL"
	") STRICT;"
	"CREATE TABLE secrets("
	" certificate_id INTEGER PRIMARY KEY REFERENCES certificates(id) ON DELETE RESTRICT,"
	" key_id TEXT NOT NULL,"
	" sealed BLOB NOT NULL"
	") STRICT;"
	"CREATE INDEX secrets_key ON secrets(key_id);"
	"CREATE TABLE jobs("
	" id INTEGER PRIMARY KEY,"
	" contract TEXT NOT NULL REFERENCES contracts(code) ON DELETE RESTRICT,"
	" service TEXT NOT NULL,"
	" service_code TEXT NOT NULL,"
	" fqdn TEXT NOT NULL,"
	" certificate_id INTEGER NOT NULL REFERENCES certificates(id) ON DELETE RESTRICT,"
	" state INTEGER NOT NULL CHECK(state BETWEEN 1 AND 10),"
	" base_ms INTEGER NOT NULL,"
	" due_ms INTEGER NOT NULL,"
	" next_ms INTEGER NOT NULL,"
	" attempts INTEGER NOT NULL,"
	" first_attempt_ms INTEGER NOT NULL,"
	" pushed_ms INTEGER NOT NULL,"
	" settled_ms INTEGER NOT NULL,"
	" lease_until_ms INTEGER NOT NULL DEFAULT 0,"
	" lease_token BLOB CHECK(lease_token IS NULL OR length(lease_token) = 16),"
	" idempotency_key TEXT NOT NULL,"
	" detail TEXT NOT NULL"
	") STRICT;"
	/* Begins with the number that grows with the jobs', so that most insertions append; serves
	 * the wiping of keys as well. */
	"CREATE UNIQUE INDEX jobs_once ON"
	" jobs(certificate_id, contract, service, service_code, fqdn);"
	"CREATE INDEX jobs_contract ON jobs(contract);"
	"CREATE INDEX jobs_fqdn ON jobs(fqdn);"
	/* The queue: a claim reads one range of it from its start, however many jobs there are. */
	"CREATE INDEX jobs_due ON jobs(service, next_ms, state) WHERE state IN (2, 3, 4, 5);"
	/* Targets that are being worked on: as many as there are leases. */
	"CREATE INDEX jobs_leased ON jobs(service, service_code, fqdn, lease_until_ms)"
	" WHERE lease_token IS NOT NULL;"
	"CREATE TABLE trails("
	" job_id INTEGER PRIMARY KEY REFERENCES jobs(id) ON DELETE CASCADE,"
	" trail TEXT NOT NULL"
	") STRICT;"
	"CREATE TABLE attempts("
	" id INTEGER PRIMARY KEY,"
	" job_id INTEGER NOT NULL REFERENCES jobs(id) ON DELETE CASCADE,"
	" kind INTEGER NOT NULL CHECK(kind IN (1, 2)),"
	" number INTEGER NOT NULL,"
	" at_ms INTEGER NOT NULL,"
	" duration_ms INTEGER NOT NULL,"
	" status INTEGER NOT NULL,"
	" outcome TEXT NOT NULL,"
	" text TEXT NOT NULL,"
	" excerpt TEXT"
	") STRICT;"
	"CREATE INDEX attempts_job ON attempts(job_id);"
	/* Counting ten million rows takes 400 ms, so the counts are kept. Triggers keep them true
	 * whoever writes. */
	"CREATE TABLE job_counts("
	" service TEXT NOT NULL,"
	" state INTEGER NOT NULL,"
	" count INTEGER NOT NULL CHECK(count >= 0),"
	" PRIMARY KEY(service, state)"
	") STRICT, WITHOUT ROWID;"
	"CREATE TRIGGER jobs_counted_in AFTER INSERT ON jobs BEGIN"
	" INSERT INTO job_counts(service, state, count) VALUES(new.service, new.state, 1)"
	"  ON CONFLICT(service, state) DO UPDATE SET count = count + 1;"
	"END;"
	"CREATE TRIGGER jobs_counted_out AFTER DELETE ON jobs BEGIN"
	" UPDATE job_counts SET count = count - 1"
	"  WHERE service = old.service AND state = old.state;"
	"END;"
	"CREATE TRIGGER jobs_counted_over AFTER UPDATE OF service, state ON jobs"
	" WHEN old.state <> new.state OR old.service <> new.service BEGIN"
	" UPDATE job_counts SET count = count - 1"
	"  WHERE service = old.service AND state = old.state;"
	" INSERT INTO job_counts(service, state, count) VALUES(new.service, new.state, 1)"
	"  ON CONFLICT(service, state) DO UPDATE SET count = count + 1;"
	"END;";

/*
 * What a service gave to ask for a pending install with, the intermediates that go with a
 * certificate, and two more kinds of attempts: asking for a pending install, and reading back.
 */
static const char migration_2[] =
	"ALTER TABLE jobs ADD COLUMN remote TEXT NOT NULL DEFAULT '';"
	"ALTER TABLE certificates ADD COLUMN chain BLOB NOT NULL DEFAULT x''"
	" CHECK(length(chain) % 32 = 0);"
	"CREATE TABLE attempts_of_4_kinds("
	" id INTEGER PRIMARY KEY,"
	" job_id INTEGER NOT NULL REFERENCES jobs(id) ON DELETE CASCADE,"
	" kind INTEGER NOT NULL CHECK(kind BETWEEN 1 AND 4),"
	" number INTEGER NOT NULL,"
	" at_ms INTEGER NOT NULL,"
	" duration_ms INTEGER NOT NULL,"
	" status INTEGER NOT NULL,"
	" outcome TEXT NOT NULL,"
	" text TEXT NOT NULL,"
	" excerpt TEXT"
	") STRICT;"
	"INSERT INTO attempts_of_4_kinds SELECT * FROM attempts;"
	"DROP TABLE attempts;"
	"ALTER TABLE attempts_of_4_kinds RENAME TO attempts;"
	"CREATE INDEX attempts_job ON attempts(job_id);";

/*
 * What comes after the first install: which contract has a (service, service code) pair and which
 * wait for it, feeds with their cursors, the records of theirs that were set aside; and of a job
 * when its certificate was issued or registered, from when on the certificate that it replaces is
 * revoked, which install of the same certificate it is, and whether the service is to be asked
 * first; and when the store was restored from a copy, if it was.
 *
 * Stores of before knew no holder: of the contracts that name a pair, the one whose link is oldest
 * has it.
 */
static const char migration_3[] =
	"ALTER TABLE jobs ADD COLUMN issued_ms INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE jobs ADD COLUMN revoked_ms INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE jobs ADD COLUMN generation INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE jobs ADD COLUMN guarded INTEGER NOT NULL DEFAULT 0;"
	"UPDATE jobs SET issued_ms = base_ms;"
	"CREATE INDEX jobs_replacing ON jobs(revoked_ms) WHERE revoked_ms > 0 AND state "
	"IN " SQL_NOT_DONE ";"
	"CREATE TABLE tenants("
	" service TEXT NOT NULL,"
	" service_code TEXT NOT NULL,"
	" contract TEXT NOT NULL REFERENCES contracts(code) ON DELETE CASCADE,"
	" since_ms INTEGER NOT NULL,"
	" holds INTEGER NOT NULL CHECK(holds IN (0, 1)),"
	" freed_ms INTEGER NOT NULL DEFAULT 0,"
	" PRIMARY KEY(service, service_code, contract)"
	") STRICT, WITHOUT ROWID;"
	"CREATE INDEX tenants_contract ON tenants(contract);"
	/* One holder a pair, whoever writes. */
	"CREATE UNIQUE INDEX tenants_holder ON tenants(service, service_code) WHERE holds = 1;"
	"INSERT INTO tenants(service, service_code, contract, since_ms, holds)"
	" SELECT service, service_code, contract, min(since_ms), 0 FROM ("
	"  SELECT c.code AS contract, l.value ->> 'service' AS service,"
	"   l.value ->> 'service_code' AS service_code,"
	"   l.value ->> 'since_ms' AS since_ms"
	"  FROM contracts AS c, json_each(c.snapshot, '$.links') AS l"
	"  WHERE c.snapshot ->> 'state' = 'active'"
	"  AND l.value ->> 'service' <> 'other' AND l.value ->> 'service_code' <> '')"
	" GROUP BY service, service_code, contract;"
	"UPDATE tenants SET holds = 1 WHERE contract = (SELECT t.contract FROM tenants AS t"
	" WHERE t.service = tenants.service AND t.service_code = tenants.service_code"
	" ORDER BY t.since_ms, t.contract LIMIT 1);"
	"CREATE TABLE feeds("
	" url TEXT NOT NULL PRIMARY KEY,"
	" cursor TEXT NOT NULL,"
	" updated_ms INTEGER NOT NULL"
	") STRICT, WITHOUT ROWID;"
	"CREATE TABLE set_aside("
	" id INTEGER PRIMARY KEY,"
	" source TEXT NOT NULL,"
	" digest BLOB NOT NULL CHECK(length(digest) = 32),"
	" contract TEXT NOT NULL,"
	" revision INTEGER NOT NULL,"
	" at_ms INTEGER NOT NULL,"
	" reason TEXT NOT NULL,"
	" UNIQUE(source, digest)"
	") STRICT;"
	"CREATE INDEX set_aside_contract ON set_aside(contract);"
	"CREATE TABLE marks("
	" name TEXT NOT NULL PRIMARY KEY,"
	" value INTEGER NOT NULL"
	") STRICT, WITHOUT ROWID;";

/*
 * What operators did, which services they told to wait, and when each source and each service last
 * did what it is there for: all outlive a restart.
 */
static const char migration_4[] = "CREATE TABLE pauses("
				  " service TEXT NOT NULL PRIMARY KEY,"
				  " since_ms INTEGER NOT NULL,"
				  " who TEXT NOT NULL,"
				  " reason TEXT NOT NULL"
				  ") STRICT, WITHOUT ROWID;"
				  "CREATE TABLE progress("
				  " kind TEXT NOT NULL CHECK(kind IN ('source', 'service')),"
				  " name TEXT NOT NULL,"
				  " succeeded_ms INTEGER NOT NULL DEFAULT 0,"
				  " failed_ms INTEGER NOT NULL DEFAULT 0,"
				  " failure TEXT NOT NULL DEFAULT '',"
				  " PRIMARY KEY(kind, name)"
				  ") STRICT, WITHOUT ROWID;"
				  /* What operators did to a job, with its place among its attempts;
				   * and when one gave a pair to a contract. */
				  "CREATE TABLE acts("
				  " id INTEGER PRIMARY KEY,"
				  " job_id INTEGER NOT NULL REFERENCES jobs(id) ON DELETE CASCADE,"
				  " after_attempt INTEGER NOT NULL,"
				  " at_ms INTEGER NOT NULL,"
				  " act TEXT NOT NULL,"
				  " text TEXT NOT NULL"
				  ") STRICT;"
				  "CREATE INDEX acts_job ON acts(job_id, after_attempt);"
				  "ALTER TABLE tenants ADD COLUMN given_ms INTEGER NOT NULL "
				  "DEFAULT 0;";

/*
 * The queue's condition as SQL_WAITING has it now; and what goes with a sealed key and is no secret
 * apart from it, so that more of what is wiped fits a page. Nobody waits for what is left of it to
 * be taken away: LEFTOVERS has which.
 */
static const char migration_5[] = "DROP INDEX jobs_due;"
				  "CREATE INDEX jobs_due ON jobs(service, next_ms, state)"
				  " WHERE state BETWEEN 2 AND 5;"
				  "CREATE TABLE openly("
				  " certificate_id INTEGER PRIMARY KEY"
				  "  REFERENCES certificates(id) ON DELETE RESTRICT,"
				  " text BLOB NOT NULL"
				  ") STRICT;"
				  "CREATE TABLE leftovers("
				  " certificate_id INTEGER PRIMARY KEY"
				  ") STRICT;";

/*
 * What is few among all jobs, and asked for: those that ended without an install, those that wait
 * after a try (a job under way is none, so that the way from due to installed writes none of this),
 * and which certificates end next.
 */
static const char migration_6[] = "CREATE INDEX jobs_ended ON jobs(state) WHERE state IN (7, 10);"
				  "CREATE INDEX jobs_tried ON jobs(service, next_ms)"
				  " WHERE state BETWEEN 3 AND 5 AND lease_token IS NULL;"
				  "CREATE INDEX certificates_end ON certificates(not_after_ms);";

const char *const store_migrations[] = {
	migration_1, migration_2, migration_3, migration_4, migration_5, migration_6};
const int store_migration_count = ARRAY_LENGTH(store_migrations);

bool store_refuse_newer(const char *path, int64_t version, struct error *error)
{
	return error_set(error, ERROR_PERMANENT,
		"%s: written by a newer certinstalld (store version %" PRId64
		", this one knows up to %d); install that version again or restore a backup of the "
		"store",
		path, version, store_migration_count);
}

bool store_refuse_foreign(const char *path, struct error *error)
{
	return error_set(error, ERROR_PERMANENT,
		"%s: a database of another program; name another file for the store", path);
}

bool store_schema_number(
	sqlite3 *db, const char *path, const char *sql, int64_t *number, struct error *error)
{
	sqlite3_stmt *statement = NULL;
	int result = sqlite3_prepare_v2(db, sql, -1, &statement, NULL);

	*number = 0;
	if (result == SQLITE_OK) {
		result = sqlite3_step(statement);
		if (result == SQLITE_ROW)
			*number = sqlite3_column_int64(statement, 0);
	}
	if (result != SQLITE_ROW && result != SQLITE_DONE)
		store_map_error(path, db, result, error);
	sqlite3_finalize(statement);
	return result == SQLITE_ROW || result == SQLITE_DONE;
}

bool store_schema_version(
	sqlite3 *db, const char *path, int64_t *version, int64_t *application, struct error *error)
{
	return store_schema_number(db, path, "PRAGMA user_version", version, error) &&
	       store_schema_number(db, path, "PRAGMA application_id", application, error);
}

static bool run(sqlite3 *db, const char *path, const char *sql, struct error *error)
{
	int result = sqlite3_exec(db, sql, NULL, NULL, NULL);

	return result == SQLITE_OK || store_map_error(path, db, result, error);
}

static bool apply(sqlite3 *db, const char *path, const char *const *migrations, int count,
	struct error *error)
{
	int64_t version, application, objects;
	bool done = true;
	char *mark;

	/* Looked at again under the lock: another process may have been here meanwhile. */
	if (!store_schema_version(db, path, &version, &application, error) ||
		!store_schema_number(
			db, path, "SELECT count(*) FROM sqlite_schema", &objects, error))
		return false;
	if (application != STORE_APPLICATION_ID &&
		(application != 0 || version != 0 || objects != 0))
		return store_refuse_foreign(path, error);
	if (version > count)
		return store_refuse_newer(path, version, error);
	for (int64_t next = version; done && next < count; next++)
		done = run(db, path, migrations[next], error) ||
		       error_context(error, "bringing the store to version %" PRId64, next + 1);
	if (!done || version == count)
		return done;
	mark = xasprintf("PRAGMA application_id = %d; PRAGMA user_version = %d",
		STORE_APPLICATION_ID, count);
	done = run(db, path, mark, error);
	free(mark);
	return done;
}

bool store_schema_migrate(sqlite3 *db, const char *path, const char *const *migrations, int count,
	struct error *error)
{
	if (!run(db, path, "BEGIN IMMEDIATE", error))
		return false;
	if (apply(db, path, migrations, count, error) && run(db, path, "COMMIT", error))
		return true;
	if (!sqlite3_get_autocommit(db))
		(void)sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
	return false;
}

/* Up to this size the whole file is looked through at each start: some tens of milliseconds. */
#define CHECK_WHOLE_BYTES (INT64_C(16) << 20)

/* The check tells a page that could not be read like one that is wrong: the code says which. */
static int read_failure(const char *text)
{
	static const char words[] = "error code=";
	const char *code = text != NULL ? strstr(text, words) : NULL;
	int result = code != NULL ? (int)strtol(code + strlen(words), NULL, 10) : SQLITE_OK;

	return (result & 0xff) == SQLITE_IOERR || (result & 0xff) == SQLITE_NOMEM ? result
										  : SQLITE_OK;
}

static bool quick_check(sqlite3 *db, const char *path, struct error *error)
{
	sqlite3_stmt *statement = NULL;
	int result = sqlite3_prepare_v2(db, "PRAGMA quick_check(1)", -1, &statement, NULL);
	const char *text;
	bool sound = false;

	if (result == SQLITE_OK)
		result = sqlite3_step(statement);
	if (result != SQLITE_ROW) {
		store_map_error(path, db, result, error);
	} else {
		text = (const char *)sqlite3_column_text(statement, 0);
		sound = text != NULL && sqlite3_stricmp(text, "ok") == 0;
		if (!sound && read_failure(text) != SQLITE_OK)
			store_map_error(path, db, read_failure(text), error);
		else if (!sound)
			error_set(error, ERROR_PERMANENT,
				"%s: damaged: %s; stop what uses it and restore it from a backup",
				path, text != NULL ? text : "the check gave no answer");
	}
	sqlite3_finalize(statement);
	return sound;
}

/*
 * A whole check of ten million jobs takes minutes at each start, so a large file is looked at where
 * a cut or an overwritten head shows: each table there and readable at both its ends. Damage in
 * between is found, and refused in the same words, when it is come upon.
 */
static bool check_ends(sqlite3 *db, const char *path, struct error *error)
{
	/* In the words of either version of the index: a copy is looked at before it is migrated.
	 */
	static const char queue[] =
		"SELECT min(next_ms) FROM jobs INDEXED BY jobs_due WHERE "
		"service = '' AND " SQL_WAITING("state") " AND state IN (2, 3, 4, 5)";
	static const char *const ends[] = {
		"SELECT max(rowid) FROM contracts",
		/* Not both in one query: SQLite goes through the whole index for that. */
		"SELECT min(rowid) FROM certificates",
		"SELECT max(rowid) FROM certificates",
		"SELECT min(rowid) FROM secrets",
		"SELECT max(rowid) FROM secrets",
		"SELECT min(rowid) FROM jobs",
		"SELECT max(rowid) FROM jobs",
		"SELECT max(rowid) FROM trails",
		"SELECT max(rowid) FROM attempts",
		"SELECT count(*) FROM job_counts",
		queue,
		"SELECT 1 FROM jobs INDEXED BY jobs_leased WHERE lease_token IS NOT NULL LIMIT 1",
	};
	int64_t ignored;

	for (size_t i = 0; i < ARRAY_LENGTH(ends); i++) {
		if (store_schema_number(db, path, ends[i], &ignored, error))
			continue;
		/* No such table, index or column: SQLite's plain error, which here is damage. */
		if (sqlite3_errcode(db) == SQLITE_ERROR)
			return error_set(error, ERROR_PERMANENT,
				"%s: damaged: %s; stop what uses it and restore it from a backup",
				path, sqlite3_errmsg(db));
		return false;
	}
	return true;
}

bool store_schema_check(sqlite3 *db, const char *path, struct error *error)
{
	int64_t bytes;

	if (!store_schema_number(db, path,
		    "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size",
		    &bytes, error))
		return false;
	return (bytes > CHECK_WHOLE_BYTES || quick_check(db, path, error)) &&
	       check_ends(db, path, error);
}

bool store_schema_check_whole(sqlite3 *db, const char *path, struct error *error)
{
	return quick_check(db, path, error) && check_ends(db, path, error);
}
