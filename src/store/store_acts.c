#include "store/store_private.h"

bool store_act_add(struct store *store, const struct store_act *act, struct error *error)
{
	sqlite3_stmt *statement;
	bool own, done = false;

	if (!store_write_enter(store, &own, error))
		return false;
	statement = store_statement(store, STATEMENT_ACT_ADD,
		"INSERT INTO acts(job_id, after_attempt, at_ms, act, text) VALUES(?1, "
		"(SELECT coalesce(max(id), 0) FROM attempts INDEXED BY attempts_job "
		"WHERE job_id = ?1), ?2, ?3, ?4)",
		error);
	if (statement != NULL) {
		store_bind_int(statement, 1, act->job_id);
		store_bind_int(statement, 2, act->at_ms);
		store_bind_text(statement, 3, act->act);
		store_bind_text(statement, 4, act->text);
		done = store_run(store, statement, error);
	}
	return store_write_leave(store, own, done, error);
}

bool store_job_called_off(
	struct store *store, const struct store_job *job, int64_t *at_ms, struct error *error)
{
	sqlite3_stmt *statement = store_statement(store, STATEMENT_CALLED_OFF,
		"SELECT act = '" STORE_ACT_CANCEL "' AND at_ms = ?2 FROM acts INDEXED BY acts_job "
		"WHERE job_id = ?1 ORDER BY after_attempt DESC, id DESC LIMIT 1",
		error);
	enum store_step step;

	*at_ms = 0;
	if (statement == NULL)
		return false;
	store_bind_int(statement, 1, job->id);
	store_bind_int(statement, 2, job->settled_ms);
	step = store_step(store, statement, error);
	if (step != STORE_ROW)
		return step == STORE_DONE;
	if (sqlite3_column_int(statement, 0) != 0)
		*at_ms = job->settled_ms;
	store_rest(statement);
	return true;
}
