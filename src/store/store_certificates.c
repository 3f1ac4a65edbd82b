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
