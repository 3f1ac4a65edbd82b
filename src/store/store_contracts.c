#include "store/store_private.h"

#include <string.h>

bool store_contract_get(
	struct store *store, const char *code, struct store_contract *contract, struct error *error)
{
	sqlite3_stmt *statement = store_statement(store, STATEMENT_CONTRACT_GET,
		"SELECT revision, content_hash FROM contracts WHERE code = ?1", error);
	enum store_step step;

	*contract = (struct store_contract){0};
	if (statement == NULL)
		return false;
	store_bind_text(statement, 1, code);
	step = store_step(store, statement, error);
	if (step != STORE_ROW)
		return step == STORE_DONE;
	contract->found = true;
	contract->revision = sqlite3_column_int64(statement, 0);
	/* The table's CHECK holds the length. */
	memcpy(contract->content_hash, sqlite3_column_blob(statement, 1),
		sizeof(contract->content_hash));
	store_rest(statement);
	return true;
}

bool store_contract_put(struct store *store, const char *code, int64_t revision,
	const unsigned char content_hash[32], const char *snapshot, int64_t now_ms,
	struct error *error)
{
	sqlite3_stmt *statement;
	bool own, done = false;

	if (!store_write_enter(store, &own, error))
		return false;
	statement = store_statement(store, STATEMENT_CONTRACT_PUT,
		"INSERT INTO contracts(code, revision, content_hash, updated_ms, snapshot) "
		"VALUES(?1, ?2, ?3, ?4, ?5) ON CONFLICT(code) DO UPDATE SET "
		"revision = excluded.revision, content_hash = excluded.content_hash, "
		"updated_ms = excluded.updated_ms, snapshot = excluded.snapshot",
		error);
	if (statement != NULL) {
		store_bind_text(statement, 1, code);
		store_bind_int(statement, 2, revision);
		store_bind_blob(statement, 3, content_hash, 32);
		store_bind_int(statement, 4, now_ms);
		store_bind_text(statement, 5, snapshot);
		done = store_run(store, statement, error);
	}
	return store_write_leave(store, own, done, error);
}

bool store_contract_snapshot(struct store *store, const char *code, struct buffer *snapshot,
	bool *found, struct error *error)
{
	sqlite3_stmt *statement = store_statement(store, STATEMENT_CONTRACT_SNAPSHOT,
		"SELECT snapshot FROM contracts WHERE code = ?1", error);
	enum store_step step;

	*found = false;
	if (statement == NULL)
		return false;
	store_bind_text(statement, 1, code);
	step = store_step(store, statement, error);
	if (step != STORE_ROW)
		return step == STORE_DONE;
	*found = true;
	buffer_append(snapshot, sqlite3_column_text(statement, 0),
		(size_t)sqlite3_column_bytes(statement, 0));
	store_rest(statement);
	return true;
}
