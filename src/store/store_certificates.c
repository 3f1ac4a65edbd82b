#include "store/store_private.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"

bool store_certificate_find(struct store *store, const unsigned char fingerprint[FINGERPRINT_SIZE],
	struct store_certificate *certificate, bool *found, struct error *error)
{
	sqlite3_stmt *statement = store_statement(store, STATEMENT_CERTIFICATE_FIND,
		"SELECT id, not_before_ms, not_after_ms, key, EXISTS(SELECT 1 FROM secrets "
		"WHERE certificate_id = certificates.id), chain FROM certificates WHERE "
		"fingerprint = ?1",
		error);
	enum store_step step;

	*found = false;
	*certificate = (struct store_certificate){0};
	if (statement == NULL)
		return false;
	store_bind_blob(statement, 1, fingerprint, FINGERPRINT_SIZE);
	step = store_step(store, statement, error);
	if (step != STORE_ROW)
		return step == STORE_DONE;
	*found = true;
	certificate->id = sqlite3_column_int64(statement, 0);
	memcpy(certificate->fingerprint, fingerprint, FINGERPRINT_SIZE);
	certificate->not_before_ms = sqlite3_column_int64(statement, 1);
	certificate->not_after_ms = sqlite3_column_int64(statement, 2);
	text_sanitise(certificate->key, sizeof(certificate->key),
		(const char *)sqlite3_column_text(statement, 3),
		(size_t)sqlite3_column_bytes(statement, 3));
	certificate->has_secret = sqlite3_column_int(statement, 4) != 0;
	certificate->chain_length = store_read_chain(statement, 5, certificate->chain);
	store_rest(statement);
	return true;
}

static bool certificate_add(struct store *store, const struct store_certificate *certificate,
	int64_t *id, struct error *error)
{
	struct store_certificate there;
	sqlite3_stmt *statement;
	bool found;

	if (!store_certificate_find(store, certificate->fingerprint, &there, &found, error))
		return false;
	if (found) {
		*id = there.id;
		return true;
	}
	statement = store_statement(store, STATEMENT_CERTIFICATE_PUT,
		"INSERT INTO certificates(fingerprint, not_before_ms, not_after_ms, key, chain) "
		"VALUES(?1, ?2, ?3, ?4, ?5)",
		error);
	if (statement == NULL)
		return false;
	store_bind_blob(statement, 1, certificate->fingerprint, FINGERPRINT_SIZE);
	store_bind_int(statement, 2, certificate->not_before_ms);
	store_bind_int(statement, 3, certificate->not_after_ms);
	store_bind_text(statement, 4, certificate->key);
	store_bind_blob(
		statement, 5, certificate->chain, certificate->chain_length * FINGERPRINT_SIZE);
	if (!store_run(store, statement, error))
		return false;
	*id = sqlite3_last_insert_rowid(store->db);
	return true;
}

bool store_certificate_put(struct store *store, const struct store_certificate *certificate,
	int64_t *id, struct error *error)
{
	bool own, done;

	if (!store_write_enter(store, &own, error))
		return false;
	done = certificate_add(store, certificate, id, error);
	return store_write_leave(store, own, done, error);
}

bool store_secret_put(struct store *store, int64_t id, const char *key_id,
	const struct buffer *sealed, struct error *error)
{
	sqlite3_stmt *statement;
	bool own, done = false;

	if (!store_write_enter(store, &own, error))
		return false;
	statement = store_statement(store, STATEMENT_SECRET_PUT,
		"INSERT INTO secrets(certificate_id, key_id, sealed) VALUES(?1, ?2, ?3) "
		"ON CONFLICT(certificate_id) DO UPDATE SET key_id = excluded.key_id, "
		"sealed = excluded.sealed",
		error);
	if (statement != NULL) {
		store_bind_int(statement, 1, id);
		store_bind_text(statement, 2, key_id);
		store_bind_blob(statement, 3, sealed->data, sealed->length);
		done = store_run(store, statement, error);
	}
	return store_write_leave(store, own, done, error);
}

bool store_secret_get(struct store *store, int64_t id, char key_id[17], struct buffer *sealed,
	bool *found, struct error *error)
{
	sqlite3_stmt *statement = store_statement(store, STATEMENT_SECRET_GET,
		"SELECT key_id, sealed FROM secrets WHERE certificate_id = ?1", error);
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
	buffer_append(sealed, sqlite3_column_blob(statement, 1),
		(size_t)sqlite3_column_bytes(statement, 1));
	store_rest(statement);
	return true;
}

static bool secret_wipe(struct store *store, int64_t id, struct error *error)
{
	sqlite3_stmt *statement = store_statement(store, STATEMENT_SECRET_WIPE,
		"DELETE FROM secrets WHERE certificate_id = ?1 AND NOT EXISTS(SELECT 1 FROM jobs "
		"INDEXED BY jobs_once WHERE jobs.certificate_id = ?1 "
		"AND " SQL_NEEDS_KEY("jobs.state") ")",
		error);

	if (statement == NULL)
		return false;
	store_bind_int(statement, 1, id);
	return store_run(store, statement, error);
}

bool store_secrets_wipe(struct store *store, const int64_t *ids, size_t count, struct error *error)
{
	bool own, done = true;

	if (!store_write_enter(store, &own, error))
		return false;
	for (size_t i = 0; done && i < count; i++)
		done = secret_wipe(store, ids[i], error);
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
