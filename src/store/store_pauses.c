#include "store/store_private.h"

static bool changed_row(struct store *store)
{
	return sqlite3_changes(store->db) > 0;
}

bool store_pause_add(
	struct store *store, const struct store_pause *pause, bool *added, struct error *error)
{
	sqlite3_stmt *statement;
	bool own, done = false;

	*added = false;
	if (!store_write_enter(store, &own, error))
		return false;
	statement = store_statement(store, STATEMENT_PAUSE_PUT,
		"INSERT INTO pauses(service, since_ms, who, reason) VALUES(?1, ?2, ?3, ?4) "
		"ON CONFLICT(service) DO NOTHING",
		error);
	if (statement != NULL) {
		store_bind_text(statement, 1, pause->service);
		store_bind_int(statement, 2, pause->since_ms);
		store_bind_text(statement, 3, pause->who);
		store_bind_text(statement, 4, pause->reason);
		done = store_run(store, statement, error);
		*added = done && changed_row(store);
	}
	return store_write_leave(store, own, done, error);
}

bool store_pause_remove(struct store *store, const char *service, bool *found, struct error *error)
{
	sqlite3_stmt *statement;
	bool own, done = false;

	*found = false;
	if (!store_write_enter(store, &own, error))
		return false;
	statement = store_statement(
		store, STATEMENT_PAUSE_REMOVE, "DELETE FROM pauses WHERE service = ?1", error);
	if (statement != NULL) {
		store_bind_text(statement, 1, service);
		done = store_run(store, statement, error);
		*found = done && changed_row(store);
	}
	return store_write_leave(store, own, done, error);
}

bool store_pauses(struct store *store, store_pause_each *each, void *context, struct error *error)
{
	sqlite3_stmt *statement = store_statement(store, STATEMENT_PAUSES,
		"SELECT service, since_ms, who, reason FROM pauses ORDER BY service", error);
	enum store_step step;

	if (statement == NULL)
		return false;
	while ((step = store_step(store, statement, error)) == STORE_ROW) {
		const struct store_pause pause = {
			.service = (const char *)sqlite3_column_text(statement, 0),
			.since_ms = sqlite3_column_int64(statement, 1),
			.who = (const char *)sqlite3_column_text(statement, 2),
			.reason = (const char *)sqlite3_column_text(statement, 3),
		};

		each(context, &pause);
	}
	return step == STORE_DONE;
}
