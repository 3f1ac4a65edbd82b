#include "store/store_private.h"

/* What was claimed ahead of need, and is still as it was or goes back. */

static bool is_held(struct store *store, struct store_lease *lease, struct error *error)
{
	sqlite3_stmt *statement = store_statement(store, STATEMENT_LEASE_LOOK,
		"SELECT 1 FROM jobs WHERE id = ?1 AND lease_token = ?2 AND state IN " SQL_IN_HAND,
		error);
	enum store_step step;

	lease->held = false;
	if (statement == NULL)
		return false;
	store_bind_int(statement, 1, lease->job_id);
	store_bind_blob(statement, 2, lease->token, sizeof(lease->token));
	step = store_step(store, statement, error);
	if (step != STORE_ROW)
		return step == STORE_DONE;
	lease->held = true;
	store_rest(statement);
	return true;
}

bool store_leases_look(
	struct store *store, struct store_lease *leases, size_t count, struct error *error)
{
	size_t i;

	for (i = 0; i < count; i++) {
		if (!is_held(store, &leases[i], error))
			return false;
	}
	return true;
}

static bool give_back(struct store *store, const struct store_return *given, struct error *error)
{
	/* Whoever's dead lease it was found under may have pushed it: it is as good as tried. */
	enum job_state state = given->state == JOB_INSTALLING ? JOB_RETRYING : given->state;
	sqlite3_stmt *statement = store_statement(store, STATEMENT_RETURN,
		"UPDATE jobs SET lease_token = NULL, lease_until_ms = 0, "
		"state = CASE WHEN state IN " SQL_IN_HAND " THEN ?3 ELSE state END, "
		"next_ms = CASE WHEN state IN " SQL_IN_HAND " THEN ?4 ELSE next_ms END "
		"WHERE id = ?1 AND lease_token = ?2",
		error);

	if (statement == NULL)
		return false;
	store_bind_int(statement, 1, given->job_id);
	store_bind_blob(statement, 2, given->token, sizeof(given->token));
	store_bind_int(statement, 3, store_state_code(state));
	store_bind_int(statement, 4, given->next_ms);
	return store_run(store, statement, error);
}

bool store_jobs_return(
	struct store *store, const struct store_return *returns, size_t count, struct error *error)
{
	bool own, done = true;
	size_t i;

	if (!store_write_enter(store, &own, error))
		return false;
	for (i = 0; i < count && done; i++)
		done = give_back(store, &returns[i], error);
	return store_write_leave(store, own, done, error);
}
