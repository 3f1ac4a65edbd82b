#include "store/store_private.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

/* Sealed keys, and what goes with them. */

static bool put_sealed(struct store *store, int64_t id, const char *key_id, const void *sealed,
	size_t length, struct error *error)
{
	sqlite3_stmt *statement = store_statement(store, STATEMENT_SECRET_PUT,
		"INSERT INTO secrets(certificate_id, key_id, sealed) VALUES(?1, ?2, ?3) "
		"ON CONFLICT(certificate_id) DO UPDATE SET key_id = excluded.key_id, "
		"sealed = excluded.sealed",
		error);

	if (statement == NULL)
		return false;
	store_bind_int(statement, 1, id);
	store_bind_text(statement, 2, key_id);
	store_bind_blob(statement, 3, sealed, length);
	return store_run(store, statement, error);
}

static bool put_open(
	struct store *store, int64_t id, const void *text, size_t length, struct error *error)
{
	sqlite3_stmt *statement = store_statement(store, STATEMENT_OPENLY_PUT,
		"INSERT OR REPLACE INTO openly(certificate_id, text) VALUES(?1, ?2)", error);

	if (statement == NULL)
		return false;
	store_bind_int(statement, 1, id);
	store_bind_blob(statement, 2, text, length);
	return store_run(store, statement, error);
}

bool store_secret_put_parts(struct store *store, int64_t id, const char *key_id,
	const struct buffer *sealed, size_t open_length, struct error *error)
{
	bool own, done;

	assert(open_length <= sealed->length);
	if (!store_write_enter(store, &own, error))
		return false;
	done = put_sealed(store, id, key_id, sealed->data + open_length,
		       sealed->length - open_length, error) &&
	       put_open(store, id, sealed->data, open_length, error);
	return store_write_leave(store, own, done, error);
}

bool store_secret_put(struct store *store, int64_t id, const char *key_id,
	const struct buffer *sealed, struct error *error)
{
	return store_secret_put_parts(store, id, key_id, sealed, 0, error);
}

bool store_secret_get(struct store *store, int64_t id, char key_id[17], struct buffer *sealed,
	bool *found, struct error *error)
{
	sqlite3_stmt *statement = store_statement(store, STATEMENT_SECRET_GET,
		"SELECT s.key_id, s.sealed, o.text FROM secrets AS s "
		"LEFT JOIN openly AS o ON o.certificate_id = s.certificate_id "
		"WHERE s.certificate_id = ?1",
		error);
	size_t sealed_length, open_length;
	enum store_step step;

	*found = false;
	key_id[0] = '\0';
	if (statement == NULL)
		return false;
	store_bind_int(statement, 1, id);
	step = store_step(store, statement, error);
	if (step != STORE_ROW)
		return step == STORE_DONE;
	*found = true;
	snprintf(key_id, 17, "%s", (const char *)sqlite3_column_text(statement, 0));
	sealed_length = (size_t)sqlite3_column_bytes(statement, 1);
	open_length = (size_t)sqlite3_column_bytes(statement, 2);
	buffer_reserve(sealed, open_length + sealed_length);
	buffer_append(sealed, sqlite3_column_blob(statement, 2), open_length);
	buffer_append(sealed, sqlite3_column_blob(statement, 1), sealed_length);
	store_rest(statement);
	return true;
}

/* ---- wiping ---- */

static bool run_for(
	struct store *store, sqlite3_stmt *statement, int64_t number, struct error *error)
{
	if (statement == NULL)
		return false;
	store_bind_int(statement, 1, number);
	return store_run(store, statement, error);
}

static bool secret_wipe(struct store *store, int64_t id, bool *wiped, struct error *error)
{
	if (!run_for(store,
		    store_statement(store, STATEMENT_SECRET_WIPE,
			    "DELETE FROM secrets WHERE certificate_id = ?1 AND NOT EXISTS("
			    "SELECT 1 FROM jobs INDEXED BY jobs_once "
			    "WHERE jobs.certificate_id = ?1 "
			    "AND " SQL_NEEDS_KEY("jobs.state") ")",
			    error),
		    id, error))
		return false;
	*wiped = sqlite3_changes(store->db) > 0;
	return true;
}

/* As many of them as one statement takes: one or eight, whose number is *ADDED. */
#define SQL_LEFTOVER_ADD "INSERT OR IGNORE INTO leftovers(certificate_id) VALUES(?)"
#define LEFTOVERS_AT_ONCE 8

static bool leftovers_add(
	struct store *store, const int64_t *ids, size_t left, size_t *added, struct error *error)
{
	sqlite3_stmt *statement =
		left >= LEFTOVERS_AT_ONCE
			? store_statement(store, STATEMENT_LEFTOVERS_ADD,
				  SQL_LEFTOVER_ADD ", (?), (?), (?), (?), (?), (?), (?)", error)
			: store_statement(store, STATEMENT_LEFTOVER_ADD, SQL_LEFTOVER_ADD, error);

	*added = left >= LEFTOVERS_AT_ONCE ? LEFTOVERS_AT_ONCE : 1;
	if (statement == NULL)
		return false;
	for (size_t i = 0; i < *added; i++)
		store_bind_int(statement, (int)i + 1, ids[i]);
	return store_run(store, statement, error);
}

static bool wipe_all(struct store *store, const int64_t *ids, size_t count, struct error *error)
{
	int64_t *wiped = xcalloc(count, sizeof(*wiped));
	size_t wiped_count = 0, added, i;
	bool gone, done = true;

	for (i = 0; done && i < count; i++) {
		done = secret_wipe(store, ids[i], &gone, error);
		if (done && gone)
			wiped[wiped_count++] = ids[i];
	}
	for (i = 0; done && i < wiped_count; i += added)
		done = leftovers_add(store, &wiped[i], wiped_count - i, &added, error);
	free(wiped);
	return done;
}

bool store_secrets_wipe(struct store *store, const int64_t *ids, size_t count, struct error *error)
{
	bool own, done;

	if (!store_write_enter(store, &own, error))
		return false;
	done = wipe_all(store, ids, count, error);
	return store_write_leave(store, own, done, error);
}

#define SQL_FIRST_LEFTOVERS                                                                        \
	"SELECT certificate_id FROM leftovers WHERE certificate_id > 0 "                           \
	"ORDER BY certificate_id LIMIT ?1"

bool store_leftovers_remove(struct store *store, size_t limit, size_t *count, struct error *error)
{
	bool own, done;

	*count = 0;
	if (!store_write_enter(store, &own, error))
		return false;
	/* A key that came again has what goes with it. */
	done = run_for(store,
		       store_statement(store, STATEMENT_LEFTOVERS_REMOVE,
			       "DELETE FROM openly WHERE certificate_id IN (" SQL_FIRST_LEFTOVERS
			       ") AND NOT EXISTS(SELECT 1 FROM secrets AS s "
			       "WHERE s.certificate_id = openly.certificate_id)",
			       error),
		       (int64_t)limit, error) &&
	       run_for(store,
		       store_statement(store, STATEMENT_LEFTOVERS_FORGET,
			       "DELETE FROM leftovers "
			       "WHERE certificate_id IN (" SQL_FIRST_LEFTOVERS ")",
			       error),
		       (int64_t)limit, error);
	if (done)
		*count = (size_t)sqlite3_changes(store->db);
	return store_write_leave(store, own, done, error);
}

bool store_secrets_not_under(struct store *store, const char *key_id, int64_t *ids,
	unsigned char (*fingerprints)[FINGERPRINT_SIZE], size_t limit, size_t *count,
	struct error *error)
{
	/* Two ranges of the index on key_id: "<>" would read every sealed key there is. */
	sqlite3_stmt *statement = store_statement(store, STATEMENT_SECRETS_NOT_UNDER,
		"SELECT c.id, c.fingerprint FROM secrets AS s INDEXED BY secrets_key "
		"CROSS JOIN certificates AS c ON c.id = s.certificate_id WHERE s.key_id < ?1 "
		"UNION ALL "
		"SELECT c.id, c.fingerprint FROM secrets AS s INDEXED BY secrets_key "
		"CROSS JOIN certificates AS c ON c.id = s.certificate_id WHERE s.key_id > ?1 "
		"LIMIT ?2",
		error);
	enum store_step step;

	*count = 0;
	if (statement == NULL)
		return false;
	store_bind_text(statement, 1, key_id);
	store_bind_int(statement, 2, (int64_t)limit);
	while ((step = store_step(store, statement, error)) == STORE_ROW) {
		ids[*count] = sqlite3_column_int64(statement, 0);
		memcpy(fingerprints[*count], sqlite3_column_blob(statement, 1), FINGERPRINT_SIZE);
		(*count)++;
	}
	return step == STORE_DONE;
}
