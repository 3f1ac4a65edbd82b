#include "store/store_private.h"

/*
 * What looks ahead: one pass over the jobs, each row handed on as it is read, so that it takes no
 * more memory for a million than for one.
 */

/*
 * The newest of a target's jobs that are open or installed: what is older was overtaken. Found by
 * the target's FQDN, which has an index and few jobs.
 */
#define SQL_NEWEST                                                                                 \
	"NOT EXISTS(SELECT 1 FROM jobs AS n INDEXED BY jobs_fqdn WHERE n.fqdn = j.fqdn "           \
	"AND n.service = j.service AND n.service_code = j.service_code AND n.id > j.id "           \
	"AND n.state IN " SQL_AHEAD ")"
/* The contract goes on and still names the pair: else nobody renews for it. */
#define SQL_LINKED                                                                                 \
	"EXISTS(SELECT 1 FROM contracts AS k, json_each(k.snapshot, '$.links') AS l "              \
	"WHERE k.code = j.contract AND k.snapshot ->> 'state' = 'active' "                         \
	"AND l.value ->> 'service' = j.service AND l.value ->> 'service_code' = j.service_code)"

bool store_forecast_jobs(
	struct store *store, store_forecast_each *each, void *context, struct error *error)
{
	sqlite3_stmt *statement = store_statement(store, STATEMENT_FORECAST_JOBS,
		"SELECT j.service, j.state IN " SQL_TO_INSTALL ", j.due_ms, c.not_before_ms, "
		"c.not_after_ms FROM jobs AS j NOT INDEXED CROSS JOIN certificates AS c "
		"ON c.id = j.certificate_id WHERE j.state IN " SQL_AHEAD " AND " SQL_NEWEST
		" AND " SQL_LINKED,
		error);
	enum store_step step;

	if (statement == NULL)
		return false;
	while ((step = store_step(store, statement, error)) == STORE_ROW) {
		const struct store_ahead ahead = {
			.service = (const char *)sqlite3_column_text(statement, 0),
			.is_open = sqlite3_column_int(statement, 1) != 0,
			.due_ms = sqlite3_column_int64(statement, 2),
			.not_before_ms = sqlite3_column_int64(statement, 3),
			.not_after_ms = sqlite3_column_int64(statement, 4),
		};

		each(context, &ahead);
	}
	return step == STORE_DONE;
}

bool store_push_durations(struct store *store, int64_t latest, store_duration_each *each,
	void *context, struct error *error)
{
	sqlite3_stmt *statement = store_statement(store, STATEMENT_PUSH_DURATIONS,
		"SELECT j.service, (SELECT sum(t.duration_ms) FROM attempts AS t "
		"INDEXED BY attempts_job WHERE t.job_id = a.job_id AND t.number = a.number) "
		"FROM attempts AS a CROSS JOIN jobs AS j ON j.id = a.job_id "
		"WHERE a.id > (SELECT max(id) FROM attempts) - ?1 "
		"AND a.kind = 1 AND a.outcome IN ('done', 'accepted') ORDER BY a.id DESC",
		error);
	enum store_step step;

	if (statement == NULL)
		return false;
	store_bind_int(statement, 1, latest);
	while ((step = store_step(store, statement, error)) == STORE_ROW)
		each(context, (const char *)sqlite3_column_text(statement, 0),
			sqlite3_column_int64(statement, 1));
	return step == STORE_DONE;
}
