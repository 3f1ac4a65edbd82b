#include "store/store_private.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/text.h"

static const int state_codes[JOB_STATE_COUNT] = {
	[JOB_HELD] = CODE_HELD,
	[JOB_SCHEDULED] = CODE_SCHEDULED,
	[JOB_INSTALLING] = CODE_INSTALLING,
	[JOB_VERIFYING] = CODE_VERIFYING,
	[JOB_RETRYING] = CODE_RETRYING,
	[JOB_INSTALLED] = CODE_INSTALLED,
	[JOB_FAILED] = CODE_FAILED,
	[JOB_REFUSED] = CODE_REFUSED,
	[JOB_SUPERSEDED] = CODE_SUPERSEDED,
	[JOB_CANCELLED] = CODE_CANCELLED,
};

int store_state_code(enum job_state state)
{
	if ((int)state < 0 || state >= JOB_STATE_COUNT)
		abort();
	return state_codes[state];
}

bool store_state_from_code(int64_t code, enum job_state *state)
{
	for (int i = 0; i < JOB_STATE_COUNT; i++) {
		if (state_codes[i] == code) {
			*state = (enum job_state)i;
			return true;
		}
	}
	return false;
}

void store_job_clear(struct store_job *job)
{
	free(job->contract);
	free(job->service);
	free(job->service_code);
	free(job->fqdn);
	free(job->remote);
	*job = (struct store_job){0};
}

void store_jobs_free(struct store_job *jobs, size_t count)
{
	for (size_t i = 0; i < count; i++)
		store_job_clear(&jobs[i]);
	free(jobs);
}

/* ---- reading ---- */

static char *column_text(sqlite3_stmt *statement, int column)
{
	return xstrndup((const char *)sqlite3_column_text(statement, column),
		(size_t)sqlite3_column_bytes(statement, column));
}

static void column_into(sqlite3_stmt *statement, int column, char *target, size_t size)
{
	text_sanitise(target, size, (const char *)sqlite3_column_text(statement, column),
		(size_t)sqlite3_column_bytes(statement, column));
}

size_t store_read_chain(sqlite3_stmt *statement, int column,
	unsigned char chain[CERTIFICATE_CHAIN_MAX][FINGERPRINT_SIZE])
{
	const size_t most = (size_t)CERTIFICATE_CHAIN_MAX * FINGERPRINT_SIZE;
	size_t size = (size_t)sqlite3_column_bytes(statement, column);

	if (size > most)
		size = most;
	size -= size % FINGERPRINT_SIZE;
	if (size > 0)
		memcpy(chain, sqlite3_column_blob(statement, column), size);
	return size / FINGERPRINT_SIZE;
}

bool store_job_read(
	struct store *store, sqlite3_stmt *statement, struct store_job *job, struct error *error)
{
	enum job_state state;

	*job = (struct store_job){0};
	if (!store_state_from_code(sqlite3_column_int64(statement, 8), &state)) {
		struct error damage;

		error_set(&damage, ERROR_PERMANENT,
			"%s: damaged: a job is in no known state; restore it from a backup",
			store->path);
		if (error != NULL)
			*error = damage;
		return store_fail_with(store, &damage);
	}
	job->id = sqlite3_column_int64(statement, 0);
	job->contract = column_text(statement, 1);
	job->service = column_text(statement, 2);
	job->service_code = column_text(statement, 3);
	job->fqdn = column_text(statement, 4);
	job->certificate_id = sqlite3_column_int64(statement, 5);
	memcpy(job->fingerprint, sqlite3_column_blob(statement, 6), FINGERPRINT_SIZE);
	job->not_after_ms = sqlite3_column_int64(statement, 7);
	job->state = state;
	job->base_ms = sqlite3_column_int64(statement, 9);
	job->due_ms = sqlite3_column_int64(statement, 10);
	job->next_ms = sqlite3_column_int64(statement, 11);
	job->attempts = sqlite3_column_int(statement, 12);
	job->first_attempt_ms = sqlite3_column_int64(statement, 13);
	job->pushed_ms = sqlite3_column_int64(statement, 14);
	job->settled_ms = sqlite3_column_int64(statement, 15);
	column_into(statement, 16, job->idempotency_key, sizeof(job->idempotency_key));
	column_into(statement, 17, job->detail, sizeof(job->detail));
	job->chain_length = store_read_chain(statement, 18, job->chain);
	if (sqlite3_column_bytes(statement, 19) > 0)
		job->remote = column_text(statement, 19);
	job->issued_ms = sqlite3_column_int64(statement, 20);
	job->revoked_ms = sqlite3_column_int64(statement, 21);
	job->generation = sqlite3_column_int(statement, 22);
	job->guarded = sqlite3_column_int(statement, 23) != 0;
	return true;
}

bool store_jobs_read(struct store *store, sqlite3_stmt *statement, struct store_job **jobs,
	size_t *count, struct error *error)
{
	size_t capacity = 0;
	enum store_step step;

	*jobs = NULL;
	*count = 0;
	while ((step = store_step(store, statement, error)) == STORE_ROW) {
		if (*count == capacity) {
			capacity = capacity == 0 ? 16 : 2 * capacity;
			*jobs = xreallocarray(*jobs, capacity, sizeof(**jobs));
		}
		if (!store_job_read(store, statement, &(*jobs)[*count], error)) {
			store_rest(statement);
			step = STORE_FAILED;
			break;
		}
		(*count)++;
	}
	if (step == STORE_DONE)
		return true;
	store_jobs_free(*jobs, *count);
	*jobs = NULL;
	*count = 0;
	return false;
}

bool store_jobs_of_contract(struct store *store, const char *code, struct store_job **jobs,
	size_t *count, struct error *error)
{
	sqlite3_stmt *statement = store_statement(store, STATEMENT_JOBS_OF_CONTRACT,
		"SELECT " SQL_JOB_COLUMNS " FROM jobs AS j INDEXED BY jobs_contract "
		"CROSS JOIN certificates AS c ON c.id = j.certificate_id "
		"WHERE j.contract = ?1 ORDER BY j.id",
		error);

	*jobs = NULL;
	*count = 0;
	if (statement == NULL)
		return false;
	store_bind_text(statement, 1, code);
	return store_jobs_read(store, statement, jobs, count, error);
}

bool store_job_get(
	struct store *store, int64_t id, struct store_job *job, bool *found, struct error *error)
{
	sqlite3_stmt *statement = store_statement(store, STATEMENT_JOB_GET,
		"SELECT " SQL_JOB_COLUMNS " FROM jobs AS j CROSS JOIN certificates AS c "
		"ON c.id = j.certificate_id WHERE j.id = ?1",
		error);
	enum store_step step;
	bool done;

	*found = false;
	*job = (struct store_job){0};
	if (statement == NULL)
		return false;
	store_bind_int(statement, 1, id);
	step = store_step(store, statement, error);
	if (step != STORE_ROW)
		return step == STORE_DONE;
	done = store_job_read(store, statement, job, error);
	*found = done;
	store_rest(statement);
	return done;
}

bool store_job_trail(struct store *store, int64_t id, struct buffer *trail, struct error *error)
{
	sqlite3_stmt *statement = store_statement(
		store, STATEMENT_TRAIL_GET, "SELECT trail FROM trails WHERE job_id = ?1", error);
	enum store_step step;

	if (statement == NULL)
		return false;
	store_bind_int(statement, 1, id);
	step = store_step(store, statement, error);
	if (step != STORE_ROW)
		return step == STORE_DONE;
	buffer_append(trail, sqlite3_column_text(statement, 0),
		(size_t)sqlite3_column_bytes(statement, 0));
	store_rest(statement);
	return true;
}

char *store_jobs_list_sql(const struct store_filter *filter)
{
	return xasprintf("SELECT " SQL_JOB_COLUMNS " FROM jobs AS j CROSS JOIN certificates AS c "
			 "ON c.id = j.certificate_id WHERE j.id > ?1%s%s%s%s "
			 "ORDER BY j.id LIMIT ?6",
		filter->service != NULL ? " AND j.service = ?2" : "",
		filter->contract != NULL ? " AND j.contract = ?3" : "",
		filter->fqdn != NULL ? " AND j.fqdn = ?4" : "",
		filter->state >= 0 ? " AND j.state = ?5" : "");
}

bool store_jobs_each(struct store *store, sqlite3_stmt *statement, store_job_each *each,
	void *context, struct error *error)
{
	enum store_step step;

	while ((step = store_step(store, statement, error)) == STORE_ROW) {
		struct store_job job;

		if (!store_job_read(store, statement, &job, error)) {
			step = STORE_FAILED;
			break;
		}
		each(context, &job);
		store_job_clear(&job);
	}
	sqlite3_finalize(statement);
	return step == STORE_DONE;
}

bool store_jobs_list(struct store *store, const struct store_filter *filter, store_job_each *each,
	void *context, struct error *error)
{
	char *sql = store_jobs_list_sql(filter);
	sqlite3_stmt *statement = NULL;
	int prepared = sqlite3_prepare_v2(store->db, sql, -1, &statement, NULL);

	free(sql);
	if (prepared != SQLITE_OK)
		return store_fail(store, error);
	store_bind_int(statement, 1, filter->after_id);
	if (filter->service != NULL)
		store_bind_text(statement, 2, filter->service);
	if (filter->contract != NULL)
		store_bind_text(statement, 3, filter->contract);
	if (filter->fqdn != NULL)
		store_bind_text(statement, 4, filter->fqdn);
	if (filter->state >= 0)
		store_bind_int(statement, 5, store_state_code((enum job_state)filter->state));
	store_bind_int(statement, 6, filter->limit > 0 ? (int64_t)filter->limit : -1);
	return store_jobs_each(store, statement, each, context, error);
}

/* ---- writing ---- */

static bool add_row(
	struct store *store, const struct store_job *job, int64_t *id, struct error *error)
{
	sqlite3_stmt *statement = store_statement(store, STATEMENT_JOB_ADD,
		"INSERT INTO jobs(contract, service, service_code, fqdn, certificate_id, state, "
		"base_ms, due_ms, next_ms, attempts, first_attempt_ms, pushed_ms, settled_ms, "
		"idempotency_key, detail, issued_ms, revoked_ms, generation, guarded) "
		"VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, "
		"?17, ?18, ?19 OR " SQL_BEFORE_RESTORE("?16") ")",
		error);

	if (statement == NULL)
		return false;
	store_bind_text(statement, 1, job->contract);
	store_bind_text(statement, 2, job->service);
	store_bind_text(statement, 3, job->service_code);
	store_bind_text(statement, 4, job->fqdn);
	store_bind_int(statement, 5, job->certificate_id);
	store_bind_int(statement, 6, store_state_code(job->state));
	store_bind_int(statement, 7, job->base_ms);
	store_bind_int(statement, 8, job->due_ms);
	store_bind_int(statement, 9, job->next_ms);
	store_bind_int(statement, 10, job->attempts);
	store_bind_int(statement, 11, job->first_attempt_ms);
	store_bind_int(statement, 12, job->pushed_ms);
	store_bind_int(statement, 13, job->settled_ms);
	store_bind_text(statement, 14, job->idempotency_key);
	store_bind_text(statement, 15, job->detail);
	store_bind_int(statement, 16, job->issued_ms);
	store_bind_int(statement, 17, job->revoked_ms);
	store_bind_int(statement, 18, job->generation);
	store_bind_int(statement, 19, job->guarded ? 1 : 0);
	if (!store_run(store, statement, error))
		return false;
	*id = sqlite3_last_insert_rowid(store->db);
	return true;
}

bool store_trail_put(struct store *store, int64_t id, const char *trail, struct error *error)
{
	sqlite3_stmt *statement = store_statement(store, STATEMENT_TRAIL_PUT,
		"INSERT INTO trails(job_id, trail) VALUES(?1, ?2) "
		"ON CONFLICT(job_id) DO UPDATE SET trail = excluded.trail",
		error);

	if (statement == NULL)
		return false;
	store_bind_int(statement, 1, id);
	store_bind_text(statement, 2, trail);
	return store_run(store, statement, error);
}

bool store_job_add(struct store *store, const struct store_job *job, const char *trail, int64_t *id,
	struct error *error)
{
	bool own, done;

	if (!store_write_enter(store, &own, error))
		return false;
	done = add_row(store, job, id, error) &&
	       (trail == NULL || store_trail_put(store, *id, trail, error));
	return store_write_leave(store, own, done, error);
}

bool store_job_changed(struct store *store, int64_t id, struct error *error)
{
	struct error missing;

	if (sqlite3_changes(store->db) == 1)
		return true;
	error_set(&missing, ERROR_INTERNAL, "%s: there is no job %" PRId64, store->path, id);
	if (error != NULL)
		*error = missing;
	return store_fail_with(store, &missing);
}

static bool set_state(struct store *store, int64_t id, enum job_state state, int64_t next_ms,
	int64_t settled_ms, const char *detail, struct error *error)
{
	sqlite3_stmt *statement = store_statement(store, STATEMENT_SET_STATE,
		"UPDATE jobs SET state = ?2, next_ms = ?3, settled_ms = ?4, "
		"detail = coalesce(?5, detail), attempts = CASE WHEN attempts = 0 "
		"AND state IN " SQL_IN_HAND " THEN 1 ELSE attempts END WHERE id = ?1",
		error);

	if (statement == NULL)
		return false;
	store_bind_int(statement, 1, id);
	store_bind_int(statement, 2, store_state_code(state));
	store_bind_int(statement, 3, next_ms);
	store_bind_int(statement, 4, settled_ms);
	store_bind_text(statement, 5, detail);
	return store_run(store, statement, error) && store_job_changed(store, id, error);
}

bool store_job_set_state(struct store *store, int64_t id, enum job_state state, int64_t next_ms,
	int64_t settled_ms, const char *detail, struct error *error)
{
	bool own, done;

	if (!store_write_enter(store, &own, error))
		return false;
	done = set_state(store, id, state, next_ms, settled_ms, detail, error);
	return store_write_leave(store, own, done, error);
}
