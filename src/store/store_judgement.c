#include "store/store_private.h"

/* The service took it under its key, and would only say again what came of that. */
#define SQL_KEY_SPENT "(state = 7 AND pushed_ms <> 0)" /* it failed */

static bool reschedule(
	struct store *store, int64_t id, int64_t base_ms, int64_t due_ms, struct error *error)
{
	sqlite3_stmt *statement = store_statement(store, STATEMENT_RESCHEDULE,
		"UPDATE jobs SET state = " SQL_SCHEDULED ", base_ms = ?2, due_ms = ?3, "
		"next_ms = ?3, first_attempt_ms = 0, pushed_ms = 0, settled_ms = 0, detail = '', "
		"remote = '', guarded = 0, generation = generation + " SQL_KEY_SPENT ", "
		"idempotency_key = CASE WHEN guarded OR " SQL_KEY_SPENT " THEN "
		"lower(hex(randomblob(16))) ELSE idempotency_key END "
		"WHERE id = ?1",
		error);

	if (statement == NULL)
		return false;
	store_bind_int(statement, 1, id);
	store_bind_int(statement, 2, base_ms);
	store_bind_int(statement, 3, due_ms);
	return store_run(store, statement, error) && store_job_changed(store, id, error);
}

bool store_job_reschedule(struct store *store, int64_t id, int64_t base_ms, int64_t due_ms,
	const char *trail, struct error *error)
{
	bool own, done;

	if (!store_write_enter(store, &own, error))
		return false;
	done = reschedule(store, id, base_ms, due_ms, error) &&
	       (trail == NULL || store_trail_put(store, id, trail, error));
	return store_write_leave(store, own, done, error);
}

static bool set_judgement(struct store *store, int64_t id, const struct store_judgement *judgement,
	struct error *error)
{
	/* What was tried is forgotten only where it is to be tried again: of a job that waits for
	 * another contract it still says what the service may have. */
	sqlite3_stmt *statement = store_statement(store, STATEMENT_JUDGEMENT,
		"UPDATE jobs SET attempts = CASE WHEN attempts = 0 AND state IN " SQL_IN_HAND
		" THEN 1 ELSE attempts END, state = ?2, base_ms = ?3, due_ms = ?4, next_ms = ?4, "
		"issued_ms = ?5, revoked_ms = ?6, generation = ?7, "
		"idempotency_key = coalesce(?8, idempotency_key), detail = ?9, "
		"first_attempt_ms = 0, settled_ms = ?10, remote = '', "
		"pushed_ms = CASE WHEN ?2 = " SQL_SCHEDULED " THEN 0 ELSE pushed_ms END, "
		"guarded = guarded OR " SQL_BEFORE_RESTORE("?5") " "
								 "WHERE id = ?1",
		error);

	if (statement == NULL)
		return false;
	store_bind_int(statement, 1, id);
	store_bind_int(statement, 2, store_state_code(judgement->state));
	store_bind_int(statement, 3, judgement->base_ms);
	store_bind_int(statement, 4, judgement->due_ms);
	store_bind_int(statement, 5, judgement->issued_ms);
	store_bind_int(statement, 6, judgement->revoked_ms);
	store_bind_int(statement, 7, judgement->generation);
	store_bind_text(statement, 8, judgement->idempotency_key);
	store_bind_text(statement, 9, judgement->detail != NULL ? judgement->detail : "");
	store_bind_int(statement, 10, judgement->settled_ms);
	return store_run(store, statement, error) && store_job_changed(store, id, error);
}

bool store_job_judge(struct store *store, int64_t id, const struct store_judgement *judgement,
	const char *trail, struct error *error)
{
	bool own, done;

	if (!store_write_enter(store, &own, error))
		return false;
	done = set_judgement(store, id, judgement, error) &&
	       (trail == NULL || store_trail_put(store, id, trail, error));
	return store_write_leave(store, own, done, error);
}
