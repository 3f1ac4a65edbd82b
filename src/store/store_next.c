#include "store/store_private.h"

/* What a claim would find, and when, without claiming it. */

/* The first column of the first row, when it is less than *NEXT_MS. */
static bool earliest(
	struct store *store, sqlite3_stmt *statement, int64_t *next_ms, struct error *error)
{
	enum store_step step = store_step(store, statement, error);

	if (step != STORE_ROW)
		return step == STORE_DONE;
	if (sqlite3_column_type(statement, 0) != SQLITE_NULL &&
		sqlite3_column_int64(statement, 0) < *next_ms)
		*next_ms = sqlite3_column_int64(statement, 0);
	store_rest(statement);
	return true;
}

/* What could be claimed at once. */
static bool next_now(
	struct store *store, const struct store_claim *claim, int64_t *next_ms, struct error *error)
{
	sqlite3_stmt *statement = store_statement(store, STATEMENT_NEXT_NOW,
		"SELECT CASE WHEN ?3 > ?2 AND j.state = " SQL_SCHEDULED
		" THEN ?2 ELSE j.next_ms END "
		"FROM jobs AS j INDEXED BY jobs_due WHERE " SQL_CLAIMABLE " LIMIT 1",
		error);

	if (statement == NULL)
		return false;
	store_bind_claim(statement, claim);
	return earliest(store, statement, next_ms, error);
}

/* What comes due after now, the ends of the leases of waiting jobs among it. */
static bool next_later(
	struct store *store, const struct store_claim *claim, int64_t *next_ms, struct error *error)
{
	sqlite3_stmt *statement = store_statement(store, STATEMENT_NEXT_LATER,
		"SELECT next_ms FROM jobs INDEXED BY jobs_due WHERE service = ?1 AND " SQL_WAITING(
			"state") " "
				 "AND next_ms > ?2 AND base_ms >= ?4 "
				 "AND " SQL_ONLY_VERIFYING("jobs") " ORDER BY next_ms LIMIT 1",
		error);

	if (statement == NULL)
		return false;
	store_bind_claim(statement, claim);
	return earliest(store, statement, next_ms, error);
}

/*
 * The end of a lease for which another job of its target waits. The lease's own job may be
 * superseded by now and wait for nothing itself.
 */
static bool next_lease(
	struct store *store, const struct store_claim *claim, int64_t *next_ms, struct error *error)
{
	sqlite3_stmt *statement = store_statement(store, STATEMENT_NEXT_LEASE,
		"SELECT min(l.lease_until_ms) FROM jobs AS l INDEXED BY jobs_leased "
		"WHERE l.service = ?1 AND l.lease_token IS NOT NULL AND l.lease_until_ms > ?2 "
		"AND EXISTS(SELECT 1 FROM jobs AS w INDEXED BY jobs_fqdn WHERE w.fqdn = l.fqdn "
		"AND w.service = l.service AND w.service_code = l.service_code "
		"AND " SQL_WAITING("w.state") " AND (w.next_ms <= ?2 OR "
					      "?3 > ?2 AND w.state = " SQL_SCHEDULED
					      ") AND w.base_ms >= ?4 "
					      "AND " SQL_ONLY_VERIFYING("w") ")",
		error);

	if (statement == NULL)
		return false;
	store_bind_claim(statement, claim);
	return earliest(store, statement, next_ms, error);
}

bool store_next(
	struct store *store, const struct store_claim *claim, int64_t *next_ms, struct error *error)
{
	*next_ms = INT64_MAX;
	if (!next_now(store, claim, next_ms, error))
		return false;
	return *next_ms != INT64_MAX || (next_later(store, claim, next_ms, error) &&
						next_lease(store, claim, next_ms, error));
}

bool store_left_count(struct store *store, const struct store_claim *claim, int64_t *due,
	int64_t *all, struct error *error)
{
	sqlite3_stmt *statement = store_statement(store, STATEMENT_LEFT_COUNT,
		"SELECT count(*), coalesce(sum(due_ms <= ?3), 0) FROM jobs INDEXED BY jobs_due "
		"WHERE service = ?1 AND " SQL_WAITING("state") " AND base_ms >= ?4",
		error);
	enum store_step step;

	*due = 0;
	*all = 0;
	if (statement == NULL)
		return false;
	store_bind_claim(statement, claim);
	step = store_step(store, statement, error);
	if (step != STORE_ROW)
		return step == STORE_DONE;
	*all = sqlite3_column_int64(statement, 0);
	*due = sqlite3_column_int64(statement, 1);
	store_rest(statement);
	return true;
}

static bool exists(struct store *store, sqlite3_stmt *statement, const struct store_claim *claim,
	bool *found, struct error *error)
{
	enum store_step step;

	*found = false;
	if (statement == NULL)
		return false;
	store_bind_claim(statement, claim);
	step = store_step(store, statement, error);
	if (step != STORE_ROW)
		return step == STORE_DONE;
	*found = true;
	store_rest(statement);
	return true;
}

bool store_untried(
	struct store *store, const struct store_claim *claim, bool *untried, struct error *error)
{
	sqlite3_stmt *statement = store_statement(store, STATEMENT_UNTRIED,
		"SELECT 1 FROM jobs INDEXED BY jobs_due WHERE service = ?1 "
		"AND " SQL_WAITING("state") " AND (state = " SQL_SCHEDULED " OR next_ms <= ?5) "
					    "AND next_ms <= ?3 AND base_ms >= ?4 LIMIT 1",
		error);

	if (statement != NULL)
		store_bind_int(statement, 5, claim->waiting_since_ms);
	return exists(store, statement, claim, untried, error);
}

bool store_leased(
	struct store *store, const struct store_claim *claim, bool *leased, struct error *error)
{
	sqlite3_stmt *statement = store_statement(store, STATEMENT_LEASED,
		"SELECT 1 FROM jobs INDEXED BY jobs_leased WHERE service = ?1 "
		"AND lease_token IS NOT NULL AND lease_until_ms > ?2 AND base_ms >= ?4 LIMIT 1",
		error);

	return exists(store, statement, claim, leased, error);
}
