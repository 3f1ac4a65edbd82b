#include "store/store_private.h"

#include <string.h>

/* When each source and each service last did what it is there for: a row each. */

static const char *const kind_names[] = {
	[STORE_PROGRESS_SOURCE] = "source",
	[STORE_PROGRESS_SERVICE] = "service",
};

/* FAILURE is NULL for a success. */
static bool note(struct store *store, sqlite3_stmt *statement, enum store_progress_kind kind,
	const char *name, int64_t at_ms, const char *failure, struct error *error)
{
	if (statement == NULL)
		return false;
	store_bind_text(statement, 1, kind_names[kind]);
	store_bind_text(statement, 2, name);
	store_bind_int(statement, 3, at_ms);
	if (failure != NULL)
		store_bind_text(statement, 4, failure);
	return store_run(store, statement, error);
}

bool store_progress_succeeded(struct store *store, enum store_progress_kind kind, const char *name,
	int64_t at_ms, struct error *error)
{
	sqlite3_stmt *statement;
	bool own, done;

	if (!store_write_enter(store, &own, error))
		return false;
	statement = store_statement(store, STATEMENT_PROGRESS_SUCCEEDED,
		"INSERT INTO progress(kind, name, succeeded_ms) VALUES(?1, ?2, ?3) "
		"ON CONFLICT(kind, name) DO UPDATE SET succeeded_ms = excluded.succeeded_ms",
		error);
	done = note(store, statement, kind, name, at_ms, NULL, error);
	return store_write_leave(store, own, done, error);
}

bool store_progress_failed(struct store *store, enum store_progress_kind kind, const char *name,
	int64_t at_ms, const char *failure, struct error *error)
{
	sqlite3_stmt *statement;
	bool own, done;

	if (!store_write_enter(store, &own, error))
		return false;
	statement = store_statement(store, STATEMENT_PROGRESS_FAILED,
		"INSERT INTO progress(kind, name, failed_ms, failure) VALUES(?1, ?2, ?3, ?4) "
		"ON CONFLICT(kind, name) DO UPDATE SET failed_ms = excluded.failed_ms, "
		"failure = excluded.failure",
		error);
	done = note(store, statement, kind, name, at_ms, failure, error);
	return store_write_leave(store, own, done, error);
}

bool store_progress_list(
	struct store *store, store_progress_each *each, void *context, struct error *error)
{
	sqlite3_stmt *statement = store_statement(store, STATEMENT_PROGRESS_LIST,
		"SELECT kind, name, succeeded_ms, failed_ms, failure FROM progress "
		"ORDER BY kind, name",
		error);
	enum store_step step;

	if (statement == NULL)
		return false;
	while ((step = store_step(store, statement, error)) == STORE_ROW) {
		const char *kind = (const char *)sqlite3_column_text(statement, 0);
		const struct store_progress progress = {
			.kind = strcmp(kind, kind_names[STORE_PROGRESS_SOURCE]) == 0
					? STORE_PROGRESS_SOURCE
					: STORE_PROGRESS_SERVICE,
			.name = (const char *)sqlite3_column_text(statement, 1),
			.succeeded_ms = sqlite3_column_int64(statement, 2),
			.failed_ms = sqlite3_column_int64(statement, 3),
			.failure = (const char *)sqlite3_column_text(statement, 4),
		};

		each(context, &progress);
	}
	return step == STORE_DONE;
}
