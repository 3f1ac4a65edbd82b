#include "store/store_private.h"

#include <stdlib.h>

#include "base/buffer.h"

/*
 * Figures for a status. Each reads a bounded part of an index or of the newest rows, so that what
 * it costs does not grow with the jobs.
 */

/* Whether COUNT, of one more than the bound, reached it; *COUNT is then the bound. */
static bool bounded(int64_t *count)
{
	if (*count <= STORE_TALLY_MAX)
		return false;
	*count = STORE_TALLY_MAX;
	return true;
}

bool store_tally_waiting(
	struct store *store, const char *service, struct store_tally *tally, struct error *error)
{
	/* A scheduled job is to be acted on when it is due, so that its row need not be read. One
	 * that waits for another reason was due by then. */
	sqlite3_stmt *statement = store_statement(store, STATEMENT_TALLY_WAITING,
		"SELECT count(*), coalesce(sum(due < ?2), 0), "
		"coalesce(sum(due >= ?2 AND due < ?3), 0), "
		"coalesce(sum(due >= ?3 AND due < ?4), 0), "
		"coalesce(sum(due >= ?4 AND due < ?5), 0) FROM ("
		"SELECT CASE WHEN state = " SQL_SCHEDULED " THEN next_ms ELSE due_ms END AS due "
		"FROM jobs INDEXED BY jobs_due WHERE service = ?1 AND " SQL_WAITING(
			"state") " AND next_ms < ?5 ORDER BY next_ms LIMIT ?6)",
		error);
	int64_t count;
	int i;

	if (statement == NULL)
		return false;
	store_bind_text(statement, 1, service);
	for (i = 0; i < 4; i++)
		store_bind_int(statement, 2 + i, tally->from_ms[i]);
	store_bind_int(statement, 6, STORE_TALLY_MAX + 1);
	if (store_step(store, statement, error) != STORE_ROW)
		return false;
	count = sqlite3_column_int64(statement, 0);
	tally->late = sqlite3_column_int64(statement, 1);
	(void)bounded(&tally->late);
	for (i = 0; i < 3; i++) {
		tally->due[i] = sqlite3_column_int64(statement, 2 + i);
		(void)bounded(&tally->due[i]);
	}
	tally->more = bounded(&count);
	store_rest(statement);
	return true;
}

/* The first column of STATEMENT's one row, of which no more than the bound was counted. */
static bool count_of(struct store *store, sqlite3_stmt *statement, int64_t *count, bool *more,
	struct error *error)
{
	if (store_step(store, statement, error) != STORE_ROW)
		return false;
	*count = sqlite3_column_int64(statement, 0);
	*more = bounded(count);
	store_rest(statement);
	return true;
}

bool store_tally_replacing(
	struct store *store, int64_t until_ms, int64_t *count, bool *more, struct error *error)
{
	sqlite3_stmt *statement = store_statement(store, STATEMENT_TALLY_REPLACING,
		"SELECT count(*) FROM (SELECT 1 FROM jobs INDEXED BY jobs_replacing "
		"WHERE revoked_ms > 0 AND state IN " SQL_NOT_DONE " AND revoked_ms <= ?1 LIMIT ?2)",
		error);

	if (statement == NULL)
		return false;
	store_bind_int(statement, 1, until_ms);
	store_bind_int(statement, 2, STORE_TALLY_MAX + 1);
	return count_of(store, statement, count, more, error);
}

bool store_tally_expiring(struct store *store, int64_t from_ms, int64_t until_ms, int64_t *count,
	bool *more, struct error *error)
{
	sqlite3_stmt *statement = store_statement(store, STATEMENT_TALLY_EXPIRING,
		"SELECT count(*), coalesce(sum(used), 0) FROM (SELECT EXISTS("
		"SELECT 1 FROM jobs AS j INDEXED BY jobs_once WHERE j.certificate_id = c.id "
		"AND j.state = " SQL_INSTALLED " AND EXISTS(SELECT 1 FROM tenants AS t "
		"WHERE t.service = j.service AND t.service_code = j.service_code "
		"AND t.contract = j.contract) AND NOT EXISTS("
		"SELECT 1 FROM jobs AS n INDEXED BY jobs_fqdn WHERE n.fqdn = j.fqdn "
		"AND n.service = j.service AND n.service_code = j.service_code "
		"AND n.state = " SQL_INSTALLED
		" AND (n.settled_ms, n.id) > (j.settled_ms, j.id))) AS used "
		"FROM certificates AS c INDEXED BY certificates_end "
		"WHERE c.not_after_ms >= ?1 AND c.not_after_ms < ?2 "
		"ORDER BY c.not_after_ms LIMIT ?3)",
		error);
	int64_t looked;

	if (statement == NULL)
		return false;
	store_bind_int(statement, 1, from_ms);
	store_bind_int(statement, 2, until_ms);
	store_bind_int(statement, 3, STORE_TALLY_MAX + 1);
	if (store_step(store, statement, error) != STORE_ROW)
		return false;
	looked = sqlite3_column_int64(statement, 0);
	*count = sqlite3_column_int64(statement, 1);
	*more = bounded(&looked);
	store_rest(statement);
	return true;
}

bool store_tally_refused(struct store *store, int64_t since_ms, int64_t *count, struct error *error)
{
	sqlite3_stmt *statement = store_statement(store, STATEMENT_TALLY_REFUSED,
		"SELECT count(*) FROM jobs WHERE id > (SELECT max(id) FROM jobs) - ?3 "
		"AND state = ?1 AND settled_ms >= ?2",
		error);
	bool more;

	if (statement == NULL)
		return false;
	store_bind_int(statement, 1, CODE_REFUSED);
	store_bind_int(statement, 2, since_ms);
	store_bind_int(statement, 3, STORE_TALLY_NEWEST);
	return count_of(store, statement, count, &more, error);
}

bool store_tally_set_aside(struct store *store, int64_t *count, struct error *error)
{
	sqlite3_stmt *statement = store_statement(
		store, STATEMENT_TALLY_SET_ASIDE, "SELECT count(*) FROM set_aside", error);
	bool more;

	return statement != NULL && count_of(store, statement, count, &more, error);
}

bool store_names_from(struct store *store, const char *from, size_t limit, store_name_each *each,
	void *context, struct error *error)
{
	sqlite3_stmt *statement = store_statement(store, STATEMENT_NAMES_FROM,
		"SELECT DISTINCT fqdn FROM jobs INDEXED BY jobs_fqdn WHERE fqdn >= ?1 "
		"ORDER BY fqdn LIMIT ?2",
		error);
	enum store_step step;

	if (statement == NULL)
		return false;
	store_bind_text(statement, 1, from);
	store_bind_int(statement, 2, (int64_t)limit);
	while ((step = store_step(store, statement, error)) == STORE_ROW)
		each(context, (const char *)sqlite3_column_text(statement, 0));
	return step == STORE_DONE;
}

/* A pattern for LIKE that finds the member "fqdn" of that value and nothing else. */
static char *naming_pattern(const char *fqdn)
{
	struct buffer pattern = {0};

	buffer_append_text(&pattern, "%\"fqdn\":\"");
	for (; *fqdn != '\0'; fqdn++) {
		if (*fqdn == '%' || *fqdn == '_' || *fqdn == '!')
			buffer_append_text(&pattern, "!");
		buffer_append(&pattern, fqdn, 1);
	}
	buffer_append_text(&pattern, "\"%");
	return buffer_steal_text(&pattern);
}

bool store_contracts_naming(struct store *store, const char *fqdn, size_t limit,
	store_contract_each *each, void *context, struct error *error)
{
	sqlite3_stmt *statement = store_statement(store, STATEMENT_CONTRACTS_NAMING,
		"SELECT code FROM contracts WHERE rowid > (SELECT max(rowid) FROM contracts) - ?1 "
		"AND snapshot LIKE ?2 ESCAPE '!' LIMIT ?3",
		error);
	enum store_step step;
	char *pattern;

	if (statement == NULL)
		return false;
	pattern = naming_pattern(fqdn);
	store_bind_int(statement, 1, STORE_NAMING_MAX);
	store_bind_text(statement, 2, pattern);
	store_bind_int(statement, 3, (int64_t)limit);
	while ((step = store_step(store, statement, error)) == STORE_ROW)
		each(context, (const char *)sqlite3_column_text(statement, 0));
	free(pattern);
	return step == STORE_DONE;
}
