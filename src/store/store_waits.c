#include "store/store_private.h"

/* What waits longer than it was meant to, since the clock was ahead when its wait was written. */

/* When JOB was last tried; NULL when it never was. */
#define SQL_LAST_TRY "(SELECT max(a.at_ms) FROM attempts AS a WHERE a.job_id = jobs.id)"

bool store_waits_shorten(struct store *store, const char *service, int64_t now_ms,
	int64_t longest_ms, size_t *count, struct error *error)
{
	sqlite3_stmt *statement;
	bool own, done;

	*count = 0;
	if (!store_write_enter(store, &own, error))
		return false;
	statement = store_statement(store, STATEMENT_WAITS_SHORTEN,
		"UPDATE jobs INDEXED BY jobs_due SET next_ms = ?1 + min(?2, "
		"CASE WHEN " SQL_LAST_TRY " > ?1 THEN max(0, next_ms - " SQL_LAST_TRY ") "
		"ELSE next_ms - ?1 END) "
		"WHERE service = ?3 AND " SQL_WAITING(
			"state") " AND state <> " SQL_SCHEDULED " AND next_ms > ?1 "
				 "AND lease_token IS NULL AND (next_ms > ?1 + ?2 OR " SQL_LAST_TRY
				 " > ?1)",
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
