#include "store/store_private.h"

#include <string.h>

#define SQL_STRING(number) #number
#define SQL_NUMBER(number) SQL_STRING(number)

bool store_feed_cursor(struct store *store, const char *url, struct buffer *cursor, bool *found,
	struct error *error)
{
	sqlite3_stmt *statement = store_statement(
		store, STATEMENT_FEED_CURSOR, "SELECT cursor FROM feeds WHERE url = ?1", error);
	enum store_step step;

	*found = false;
	if (statement == NULL)
		return false;
	store_bind_text(statement, 1, url);
	step = store_step(store, statement, error);
	if (step != STORE_ROW)
		return step == STORE_DONE;
	*found = true;
	buffer_append(cursor, sqlite3_column_text(statement, 0),
		(size_t)sqlite3_column_bytes(statement, 0));
	store_rest(statement);
	return true;
}

bool store_feed_put(struct store *store, const char *url, const char *cursor, int64_t now_ms,
	struct error *error)
{
	sqlite3_stmt *statement;
	bool own, done = false;

	if (!store_write_enter(store, &own, error))
		return false;
	statement = store_statement(store, STATEMENT_FEED_PUT,
		"INSERT INTO feeds(url, cursor, updated_ms) VALUES(?1, ?2, ?3) "
		"ON CONFLICT(url) DO UPDATE SET cursor = excluded.cursor, "
		"updated_ms = excluded.updated_ms",
		error);
	if (statement != NULL) {
		store_bind_text(statement, 1, url);
		store_bind_text(statement, 2, cursor);
		store_bind_int(statement, 3, now_ms);
		done = store_run(store, statement, error);
	}
	return store_write_leave(store, own, done, error);
}

static bool insert(
	struct store *store, const struct store_set_aside *entry, bool *added, struct error *error)
{
	sqlite3_stmt *statement = store_statement(store, STATEMENT_SET_ASIDE_ADD,
		"INSERT INTO set_aside(source, digest, contract, revision, at_ms, reason) "
		"VALUES(?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT(source, digest) DO NOTHING",
		error);

	if (statement == NULL)
		return false;
	store_bind_text(statement, 1, entry->source);
	store_bind_blob(statement, 2, entry->digest, sizeof(entry->digest));
	store_bind_text(statement, 3, entry->contract);
	store_bind_int(statement, 4, entry->revision);
	store_bind_int(statement, 5, entry->at_ms);
	store_bind_text(statement, 6, entry->reason);
	if (!store_run(store, statement, error))
		return false;
	*added = sqlite3_changes(store->db) > 0;
	return true;
}

static bool remove_oldest(struct store *store, const char *source, struct error *error)
{
	sqlite3_stmt *statement = store_statement(store, STATEMENT_SET_ASIDE_BOUND,
		"DELETE FROM set_aside WHERE id = (SELECT min(id) FROM set_aside WHERE source = "
		"?1) "
		"AND (SELECT count(*) FROM set_aside WHERE source = ?1) "
		"> " SQL_NUMBER(STORE_SET_ASIDE_MAX),
		error);

	if (statement == NULL)
		return false;
	store_bind_text(statement, 1, source);
	return store_run(store, statement, error);
}

bool store_set_aside_add(
	struct store *store, const struct store_set_aside *entry, bool *added, struct error *error)
{
	bool own, done;

	*added = false;
	if (!store_write_enter(store, &own, error))
		return false;
	done = insert(store, entry, added, error) &&
	       (!*added || remove_oldest(store, entry->source, error));
	return store_write_leave(store, own, done, error);
}

bool store_set_aside_list(
	struct store *store, store_set_aside_each *each, void *context, struct error *error)
{
	sqlite3_stmt *statement = store_statement(store, STATEMENT_SET_ASIDE_LIST,
		"SELECT id, source, digest, contract, revision, at_ms, reason FROM set_aside "
		"ORDER BY id",
		error);
	enum store_step step;

	if (statement == NULL)
		return false;
	while ((step = store_step(store, statement, error)) == STORE_ROW) {
		struct store_set_aside entry = {
			.id = sqlite3_column_int64(statement, 0),
			.source = (const char *)sqlite3_column_text(statement, 1),
			.contract = (const char *)sqlite3_column_text(statement, 3),
			.revision = sqlite3_column_int64(statement, 4),
			.at_ms = sqlite3_column_int64(statement, 5),
			.reason = (const char *)sqlite3_column_text(statement, 6),
		};

		/* The table's CHECK holds the length. */
		memcpy(entry.digest, sqlite3_column_blob(statement, 2), sizeof(entry.digest));
		each(context, &entry);
	}
	return step == STORE_DONE;
}

bool store_set_aside_discard(struct store *store, int64_t id, bool *found, struct error *error)
{
	sqlite3_stmt *statement;
	bool own, done = false;

	*found = false;
	if (!store_write_enter(store, &own, error))
		return false;
	statement = store_statement(
		store, STATEMENT_SET_ASIDE_DISCARD, "DELETE FROM set_aside WHERE id = ?1", error);
	if (statement != NULL) {
		store_bind_int(statement, 1, id);
		done = store_run(store, statement, error);
		*found = done && sqlite3_changes(store->db) > 0;
	}
	return store_write_leave(store, own, done, error);
}

bool store_set_aside_clear(
	struct store *store, const char *contract, int64_t revision, struct error *error)
{
	sqlite3_stmt *statement;
	bool own, done = false;

	if (!store_write_enter(store, &own, error))
		return false;
	statement = store_statement(store, STATEMENT_SET_ASIDE_CLEAR,
		"DELETE FROM set_aside WHERE contract = ?1 AND revision <= ?2", error);
	if (statement != NULL) {
		store_bind_text(statement, 1, contract);
		store_bind_int(statement, 2, revision);
		done = store_run(store, statement, error);
	}
	return store_write_leave(store, own, done, error);
}
