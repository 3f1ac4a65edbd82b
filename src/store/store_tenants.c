#include "store/store_private.h"

#include <stdlib.h>

#include "base/alloc.h"

void store_tenants_free(struct store_tenant *tenants, size_t count)
{
	for (size_t i = 0; i < count; i++)
		free(tenants[i].contract);
	free(tenants);
}

void store_pairs_free(struct store_pair *pairs, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		free(pairs[i].service);
		free(pairs[i].service_code);
	}
	free(pairs);
}

/* ---- writing ---- */

bool store_tenant_put(struct store *store, const char *service, const char *service_code,
	const struct store_tenant *tenant, struct error *error)
{
	sqlite3_stmt *statement;
	bool own, done = false;

	if (!store_write_enter(store, &own, error))
		return false;
	statement = store_statement(store, STATEMENT_TENANT_PUT,
		"INSERT INTO tenants(service, service_code, contract, since_ms, holds, freed_ms, "
		"given_ms) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7) "
		"ON CONFLICT(service, service_code, contract) DO UPDATE SET "
		"since_ms = excluded.since_ms, holds = excluded.holds, "
		"freed_ms = excluded.freed_ms, given_ms = excluded.given_ms",
		error);
	if (statement != NULL) {
		store_bind_text(statement, 1, service);
		store_bind_text(statement, 2, service_code);
		store_bind_text(statement, 3, tenant->contract);
		store_bind_int(statement, 4, tenant->since_ms);
		store_bind_int(statement, 5, tenant->holds ? 1 : 0);
		store_bind_int(statement, 6, tenant->freed_ms);
		store_bind_int(statement, 7, tenant->given_ms);
		done = store_run(store, statement, error);
	}
	return store_write_leave(store, own, done, error);
}

bool store_tenant_remove(struct store *store, const char *service, const char *service_code,
	const char *contract, struct error *error)
{
	sqlite3_stmt *statement;
	bool own, done = false;

	if (!store_write_enter(store, &own, error))
		return false;
	statement = store_statement(store, STATEMENT_TENANT_REMOVE,
		"DELETE FROM tenants WHERE service = ?1 AND service_code = ?2 AND contract = ?3",
		error);
	if (statement != NULL) {
		store_bind_text(statement, 1, service);
		store_bind_text(statement, 2, service_code);
		store_bind_text(statement, 3, contract);
		done = store_run(store, statement, error);
	}
	return store_write_leave(store, own, done, error);
}

/* ---- reading ---- */

static char *column_text(sqlite3_stmt *statement, int column)
{
	return xstrdup((const char *)sqlite3_column_text(statement, column));
}

bool store_tenants_of_pair(struct store *store, const char *service, const char *service_code,
	struct store_tenant **tenants, size_t *count, struct error *error)
{
	sqlite3_stmt *statement = store_statement(store, STATEMENT_TENANTS_OF_PAIR,
		"SELECT t.contract, t.since_ms, t.holds, t.freed_ms, EXISTS(SELECT 1 FROM jobs AS "
		"j INDEXED BY jobs_contract WHERE j.contract = t.contract "
		"AND j.service = t.service AND j.service_code = t.service_code "
		"AND (j.attempts > 0 OR j.pushed_ms > 0 OR j.state IN " SQL_BEGUN
		" OR j.lease_token IS NOT NULL)), t.given_ms "
		"FROM tenants AS t WHERE t.service = ?1 AND t.service_code = ?2 "
		"ORDER BY t.contract",
		error);
	enum store_step step;

	*tenants = NULL;
	*count = 0;
	if (statement == NULL)
		return false;
	store_bind_text(statement, 1, service);
	store_bind_text(statement, 2, service_code);
	while ((step = store_step(store, statement, error)) == STORE_ROW) {
		*tenants = xreallocarray(*tenants, *count + 1, sizeof(**tenants));
		(*tenants)[(*count)++] = (struct store_tenant){
			.contract = column_text(statement, 0),
			.since_ms = sqlite3_column_int64(statement, 1),
			.holds = sqlite3_column_int(statement, 2) != 0,
			.freed_ms = sqlite3_column_int64(statement, 3),
			.begun = sqlite3_column_int(statement, 4) != 0,
			.given_ms = sqlite3_column_int64(statement, 5),
		};
	}
	if (step == STORE_DONE)
		return true;
	store_tenants_free(*tenants, *count);
	*tenants = NULL;
	*count = 0;
	return false;
}

bool store_pairs_of_contract(struct store *store, const char *contract, struct store_pair **pairs,
	size_t *count, struct error *error)
{
	sqlite3_stmt *statement = store_statement(store, STATEMENT_PAIRS_OF_CONTRACT,
		"SELECT service, service_code, since_ms FROM tenants INDEXED BY tenants_contract "
		"WHERE contract = ?1 ORDER BY service, service_code",
		error);
	enum store_step step;

	*pairs = NULL;
	*count = 0;
	if (statement == NULL)
		return false;
	store_bind_text(statement, 1, contract);
	while ((step = store_step(store, statement, error)) == STORE_ROW) {
		*pairs = xreallocarray(*pairs, *count + 1, sizeof(**pairs));
		(*pairs)[(*count)++] = (struct store_pair){
			.service = column_text(statement, 0),
			.service_code = column_text(statement, 1),
			.since_ms = sqlite3_column_int64(statement, 2),
		};
	}
	if (step == STORE_DONE)
		return true;
	store_pairs_free(*pairs, *count);
	*pairs = NULL;
	*count = 0;
	return false;
}

/*
 * By the numbers of the attempts, which grow whatever becomes of the clock; a push of which no
 * attempt is known (its process was killed, or is not back yet) counts from its settling.
 */
bool store_job_pushed_over(
	struct store *store, const struct store_job *job, bool *pushed_over, struct error *error)
{
	sqlite3_stmt *statement = store_statement(store, STATEMENT_PUSHED_OVER,
		"SELECT 1 FROM jobs AS o INDEXED BY jobs_fqdn WHERE o.fqdn = ?4 "
		"AND o.service = ?2 AND o.service_code = ?3 AND o.contract <> ?1 "
		"AND (o.state IN " SQL_IN_HAND " "
		"OR (SELECT max(a.id) FROM attempts AS a WHERE a.job_id = o.id AND a.kind = 1) > "
		"coalesce((SELECT max(a.id) FROM attempts AS a WHERE a.job_id = ?5 "
		"AND a.kind = 1), 0) "
		"OR (o.attempts > 0 AND o.settled_ms >= ?6 AND NOT EXISTS(SELECT 1 FROM attempts "
		"AS a WHERE a.job_id = o.id AND a.kind = 1))) LIMIT 1",
		error);
	enum store_step step;

	*pushed_over = false;
	if (statement == NULL)
		return false;
	store_bind_text(statement, 1, job->contract);
	store_bind_text(statement, 2, job->service);
	store_bind_text(statement, 3, job->service_code);
	store_bind_text(statement, 4, job->fqdn);
	store_bind_int(statement, 5, job->id);
	store_bind_int(statement, 6, job->settled_ms);
	step = store_step(store, statement, error);
	if (step != STORE_ROW)
		return step == STORE_DONE;
	*pushed_over = true;
	store_rest(statement);
	return true;
}
