#include "store/store_private.h"

/* What waits longer than it was meant to, since the clock was ahead when its wait was written. */

/* When JOB was last tried; NULL when it never was. */
#define SQL_LAST_TRY "(SELECT max(a.at_ms) FROM attempts AS a WHERE a.job_id = jobs.id)"

/*
 * Whether SERVICE has any job that was tried, by the kept counts: to find none among millions of
 * scheduled ones takes going through all of them. They tell nothing within a transaction.
 */
static bool any_waits(struct store *store, const char *service, bool *any, struct error *error)
{
	sqlite3_stmt *statement;

	*any = true;
	if (!sqlite3_get_autocommit(store->db))
		return true;
	statement = store_statement(store, STATEMENT_WAITS_ANY,
		"SELECT total(count) > 0 FROM job_counts WHERE service = ?1 AND state IN "
		"(" SQL_INSTALLING ", " SQL_VERIFYING ", " SQL_RETRYING ")",
		error);
	if (statement == NULL)
		return false;
	store_bind_text(statement, 1, service);
	if (store_step(store, statement, error) != STORE_ROW)
		return false;
	*any = sqlite3_column_int(statement, 0) != 0;
	store_rest(statement);
	return true;
}

bool store_waits_shorten(struct store *store, const char *service, int64_t now_ms,
	int64_t longest_ms, size_t *count, struct error *error)
{
	sqlite3_stmt *statement;
	bool any, own, done;

	*count = 0;
	if (!any_waits(store, service, &any, error))
		return false;
	if (!any)
		return true;
	if (!store_write_enter(store, &own, error))
		return false;
	statement = store_statement(store, STATEMENT_WAITS_SHORTEN,
		"UPDATE jobs INDEXED BY jobs_tried SET next_ms = ?1 + min(?2, "
		"CASE WHEN " SQL_LAST_TRY " > ?1 THEN max(0, next_ms - " SQL_LAST_TRY ") "
		"ELSE next_ms - ?1 END) "
		"WHERE service = ?3 AND " SQL_WAITING_TRIED " AND next_ms > ?1 "
		"AND (next_ms > ?1 + ?2 OR " SQL_LAST_TRY " > ?1)",
		error);
	done = statement != NULL;
	if (done) {
		store_bind_int(statement, 1, now_ms);
		store_bind_int(statement, 2, longest_ms);
		store_bind_text(statement, 3, service);
		done = store_run(store, statement, error);
	}
	if (done)
		*count = (size_t)sqlite3_changes(store->db);
	return store_write_leave(store, own, done, error);
}
