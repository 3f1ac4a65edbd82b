#include "store/store_private.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

/*
 * Jobs by service and state, kept true by whoever writes: by the schema's triggers, and here, where
 * SQLite tells of each row before it is changed, by what a whole transaction comes to. Triggers
 * run two statements for each row, and make SQLite keep a copy of each page that a statement
 * touches, to undo it alone: a third of what a claim and a settlement cost.
 */

#define CODE_COUNT (CODE_CANCELLED + 1)

/* What the running transaction has changed so far. */
struct store_change {
	char *service;
	int64_t by_code[CODE_COUNT];
};

#ifdef SQLITE_ENABLE_PREUPDATE_HOOK

/* The columns' places in the table, which a migration can only add to. */
#define COLUMN_SERVICE 2
#define COLUMN_STATE 6

/* A transaction is of few services. */
static struct store_change *change_of(struct store *store, const char *service)
{
	struct store_change *change;
	size_t i;

	for (i = 0; i < store->change_count; i++) {
		if (strcmp(store->changes[i].service, service) == 0)
			return &store->changes[i];
	}
	store->changes =
		xreallocarray(store->changes, store->change_count + 1, sizeof(*store->changes));
	change = &store->changes[store->change_count++];
	*change = (struct store_change){.service = xstrdup(service)};
	return change;
}

typedef int read_value(sqlite3 *db, int column, sqlite3_value **value);

/* Adds BY to the count of the row's state, as it is before the change or after it. */
static void count_row(struct store *store, read_value *read, int64_t by)
{
	sqlite3_value *service, *state;
	const char *text;
	int code;

	if (read(store->db, COLUMN_SERVICE, &service) != SQLITE_OK ||
		read(store->db, COLUMN_STATE, &state) != SQLITE_OK ||
		(text = (const char *)sqlite3_value_text(service)) == NULL) {
		store->uncounted = true;
		return;
	}
	code = sqlite3_value_int(state);
	/* What the table's check refuses is not to come. */
	if (code > 0 && code < CODE_COUNT)
		change_of(store, text)->by_code[code] += by;
}

static void changing(void *context, sqlite3 *db, int operation, const char *database,
	const char *table, sqlite3_int64 old_id, sqlite3_int64 new_id)
{
	struct store *store = context;

	(void)db;
	(void)database;
	(void)old_id;
	(void)new_id;
	if (strcmp(table, "jobs") != 0)
		return;
	if (operation != SQLITE_INSERT)
		count_row(store, sqlite3_preupdate_old, -1);
	if (operation != SQLITE_DELETE)
		count_row(store, sqlite3_preupdate_new, 1);
}

void store_counts_begin(struct store *store)
{
	(void)sqlite3_preupdate_hook(store->db, changing, store);
	sqlite3_db_config(store->db, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, NULL);
}

#else

/* The triggers do it all. */
void store_counts_begin(struct store *store)
{
	(void)store;
}

#endif

void store_counts_forget(struct store *store)
{
	size_t i;

	for (i = 0; i < store->change_count; i++)
		free(store->changes[i].service);
	free(store->changes);
	store->changes = NULL;
	store->change_count = 0;
	store->uncounted = false;
}

static bool run_count(struct store *store, sqlite3_stmt *statement, const char *service, int code,
	int64_t by, struct error *error)
{
	if (statement == NULL)
		return false;
	store_bind_text(statement, 1, service);
	store_bind_int(statement, 2, code);
	store_bind_int(statement, 3, by);
	return store_run(store, statement, error);
}

/* No upsert: what is to be taken away would fail the row's check before it is found to be there. */
static bool count(
	struct store *store, const char *service, int code, int64_t by, struct error *error)
{
	if (!run_count(store,
		    store_statement(store, STATEMENT_COUNT_CHANGE,
			    "UPDATE job_counts SET count = count + ?3 "
			    "WHERE service = ?1 AND state = ?2",
			    error),
		    service, code, by, error))
		return false;
	return sqlite3_changes(store->db) > 0 ||
	       run_count(store,
		       store_statement(store, STATEMENT_COUNT_ADD,
			       "INSERT INTO job_counts(service, state, count) VALUES(?1, ?2, ?3)",
			       error),
		       service, code, by, error);
}

bool store_counts_write(struct store *store, struct error *error)
{
	bool done = true;
	size_t i;
	int code;

	if (store->uncounted) {
		struct error failure;

		error_set(&failure, ERROR_TEMPORARY, "%s: a change could not be counted",
			store->path);
		*error = failure;
		return store_fail_with(store, &failure);
	}
	for (i = 0; i < store->change_count; i++) {
		struct store_change *change = &store->changes[i];

		for (code = 0; code < CODE_COUNT && done; code++) {
			if (change->by_code[code] != 0)
				done = count(
					store, change->service, code, change->by_code[code], error);
		}
	}
	if (done)
		store_counts_forget(store);
	return done;
}

bool store_counts(struct store *store, store_count_each *each, void *context, struct error *error)
{
	sqlite3_stmt *statement;
	enum store_step step;

	/* What the running transaction has changed is among it. */
	if (store->in_transaction && !store_counts_write(store, error))
		return false;
	statement = store_statement(store, STATEMENT_COUNTS,
		"SELECT service, state, count FROM job_counts WHERE count <> 0 "
		"ORDER BY service, state",
		error);
	if (statement == NULL)
		return false;
	while ((step = store_step(store, statement, error)) == STORE_ROW) {
		enum job_state state;

		if (store_state_from_code(sqlite3_column_int64(statement, 1), &state))
			each(context, (const char *)sqlite3_column_text(statement, 0), state,
				sqlite3_column_int64(statement, 2));
	}
	return step == STORE_DONE;
}
