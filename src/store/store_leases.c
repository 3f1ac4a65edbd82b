#include "store/store_private.h"

/* Leases that stay with who has them, though the clock by which they end was stepped. */

static bool renew(struct store *store, struct store_lease *lease, struct error *error)
{
	/* What waits for nothing any more (superseded under its lease) is not to be acted on. */
	sqlite3_stmt *statement = store_statement(store, STATEMENT_LEASE_RENEW,
		"UPDATE jobs SET lease_until_ms = ?3, "
		"next_ms = CASE WHEN state IN " SQL_IN_HAND " THEN ?3 ELSE next_ms END "
		"WHERE id = ?1 AND lease_token = ?2",
		error);

	if (statement == NULL)
		return false;
	store_bind_int(statement, 1, lease->job_id);
	store_bind_blob(statement, 2, lease->token, sizeof(lease->token));
	store_bind_int(statement, 3, lease->until_ms);
	if (!store_run(store, statement, error))
		return false;
	lease->held = sqlite3_changes(store->db) == 1;
	return true;
}

bool store_leases_renew(
	struct store *store, struct store_lease *leases, size_t count, struct error *error)
{
	bool own, done = true;
	size_t i;

	for (i = 0; i < count; i++)
		leases[i].held = false;
	if (!store_write_enter(store, &own, error))
		return false;
	for (i = 0; i < count && done; i++)
		done = renew(store, &leases[i], error);
	return store_write_leave(store, own, done, error);
}

bool store_leases_shorten(struct store *store, int64_t until_ms, size_t *count, struct error *error)
{
	sqlite3_stmt *statement;
	bool own, done;

	*count = 0;
	if (!store_write_enter(store, &own, error))
		return false;
	statement = store_statement(store, STATEMENT_LEASES_SHORTEN,
		"UPDATE jobs INDEXED BY jobs_leased SET lease_until_ms = ?1, "
		"next_ms = CASE WHEN state IN " SQL_IN_HAND " THEN ?1 ELSE next_ms END "
		"WHERE lease_token IS NOT NULL AND lease_until_ms > ?1",
		error);
	done = statement != NULL;
	if (done) {
		store_bind_int(statement, 1, until_ms);
		done = store_run(store, statement, error);
	}
	if (done)
		*count = (size_t)sqlite3_changes(store->db);
	return store_write_leave(store, own, done, error);
}

#define SQL_DEAD_BESIDE                                                                            \
	"lease_token IS NOT NULL AND service = ?1 AND service_code = ?2 AND fqdn = ?3 "            \
	"AND lease_until_ms <= ?4 AND id <> ?5"

static sqlite3_stmt *bind_dead(sqlite3_stmt *statement, const struct store_job *job, int64_t now_ms)
{
	if (statement == NULL)
		return NULL;
	store_bind_text(statement, 1, job->service);
	store_bind_text(statement, 2, job->service_code);
	store_bind_text(statement, 3, job->fqdn);
	store_bind_int(statement, 4, now_ms);
	store_bind_int(statement, 5, job->id);
	return statement;
}

bool store_leases_end_dead(
	struct store *store, const struct store_job *job, int64_t now_ms, struct error *error)
{
	/* Looked for first: it may be the lease of JOB itself, and an update makes ready to write.
	 */
	sqlite3_stmt *statement =
		bind_dead(store_statement(store, STATEMENT_LEASE_DEAD,
				  "SELECT 1 FROM jobs INDEXED BY jobs_leased WHERE " SQL_DEAD_BESIDE
				  " LIMIT 1",
				  error),
			job, now_ms);
	enum store_step step;

	if (statement == NULL)
		return false;
	step = store_step(store, statement, error);
	if (step != STORE_ROW)
		return step == STORE_DONE;
	store_rest(statement);
	/* What was being pushed may be there: it is as good as tried. */
	statement =
		bind_dead(store_statement(store, STATEMENT_LEASE_END_DEAD,
				  "UPDATE jobs INDEXED BY jobs_leased SET lease_token = NULL, "
				  "lease_until_ms = 0, state = CASE WHEN state = " SQL_INSTALLING
				  " THEN " SQL_RETRYING " ELSE state END WHERE " SQL_DEAD_BESIDE,
				  error),
			job, now_ms);
	return statement != NULL && store_run(store, statement, error);
}

bool store_lease_last(struct store *store, int64_t *until_ms, struct error *error)
{
	sqlite3_stmt *statement = store_statement(store, STATEMENT_LEASE_LAST,
		"SELECT coalesce(max(lease_until_ms), 0) FROM jobs INDEXED BY jobs_leased "
		"WHERE lease_token IS NOT NULL",
		error);
	enum store_step step;

	*until_ms = 0;
	if (statement == NULL)
		return false;
	step = store_step(store, statement, error);
	if (step != STORE_ROW)
		return step == STORE_DONE;
	*until_ms = sqlite3_column_int64(statement, 0);
	store_rest(statement);
	return true;
}
