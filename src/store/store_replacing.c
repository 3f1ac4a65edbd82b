#include "store/store_private.h"

bool store_jobs_replacing(struct store *store, const struct store_replacing *wanted,
	struct store_job **jobs, size_t *count, struct error *error)
{
	sqlite3_stmt *statement = store_statement(store, STATEMENT_JOBS_REPLACING,
		"SELECT " SQL_JOB_COLUMNS " FROM jobs AS j INDEXED BY jobs_replacing "
		"CROSS JOIN certificates AS c ON c.id = j.certificate_id "
		"WHERE j.revoked_ms > 0 AND j.state IN " SQL_NOT_DONE " AND j.revoked_ms <= ?1 "
		"AND (j.revoked_ms, j.id) > (?2, ?3) ORDER BY j.revoked_ms, j.id LIMIT ?4",
		error);

	*jobs = NULL;
	*count = 0;
	if (statement == NULL)
		return false;
	store_bind_int(statement, 1, wanted->revoked_until_ms);
	store_bind_int(statement, 2, wanted->after_revoked_ms);
	store_bind_int(statement, 3, wanted->after_id);
	store_bind_int(statement, 4, (int64_t)wanted->limit);
	return store_jobs_read(store, statement, jobs, count, error);
}
