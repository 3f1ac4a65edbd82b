#include "store/store_private.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/alloc.h"

/* Room for ten numbers of states. */
#define STATES_TEXT_MAX 40

static bool all_wait(unsigned states)
{
	const unsigned waiting = 1U << JOB_SCHEDULED | 1U << JOB_INSTALLING | 1U << JOB_VERIFYING |
				 1U << JOB_RETRYING;

	return states != 0 && (states & ~waiting) == 0;
}

static bool all_ended(unsigned states)
{
	const unsigned ended = 1U << JOB_FAILED | 1U << JOB_CANCELLED;

	return states != 0 && (states & ~ended) == 0;
}

/* Named, since the planner has no figures to choose an index by. */
static const char *way(const struct store_search *search)
{
	if (search->fqdn != NULL)
		return "INDEXED BY jobs_fqdn ";
	if (search->contract != NULL)
		return "INDEXED BY jobs_contract ";
	if (search->service != NULL && all_wait(search->states))
		return "INDEXED BY jobs_due ";
	if (all_ended(search->states))
		return "INDEXED BY jobs_ended ";
	return "NOT INDEXED ";
}

static const char *order(enum store_sort sort)
{
	switch (sort) {
	case STORE_SORT_DUE:
		return "j.due_ms = 0, j.due_ms, j.id";
	case STORE_SORT_STATE:
		return "j.state, j.id";
	case STORE_SORT_SERVICE:
		return "j.service, j.id";
	case STORE_SORT_FQDN:
		return "j.fqdn, j.id";
	case STORE_SORT_NEXT:
		return "j.next_ms = 0, j.next_ms, j.id";
	case STORE_SORT_ID:
		break;
	}
	return "j.id";
}

static void list_states(unsigned states, char text[STATES_TEXT_MAX])
{
	int length = 0;

	text[0] = '\0';
	for (int state = 0; state < JOB_STATE_COUNT; state++) {
		if ((states & 1U << state) != 0)
			length += snprintf(text + length, STATES_TEXT_MAX - (size_t)length, "%s%d",
				length > 0 ? ", " : "", store_state_code((enum job_state)state));
	}
}

char *store_jobs_search_sql(const struct store_search *search)
{
	char states[STATES_TEXT_MAX], *wanted, *sql;

	list_states(search->states, states);
	wanted = search->states != 0 ? xasprintf(" AND j.state IN (%s)", states) : xstrdup("");
	sql = xasprintf(
		"SELECT " SQL_JOB_COLUMNS " FROM jobs AS j %sCROSS JOIN certificates AS c "
		"ON c.id = j.certificate_id WHERE j.id > ?1%s%s%s%s%s%s%s%s ORDER BY %s LIMIT ?8",
		way(search), search->service != NULL ? " AND j.service = ?2" : "",
		search->contract != NULL ? " AND j.contract = ?3" : "",
		search->fqdn != NULL ? " AND j.fqdn = ?4" : "", wanted,
		/* In the index's own words, without which it cannot be used. */
		all_wait(search->states)    ? " AND " SQL_WAITING("j.state")
		: all_ended(search->states) ? " AND " SQL_ENDED("j.state")
					    : "",
		search->due_after_ms != 0 ? " AND j.due_ms >= ?5" : "",
		search->due_before_ms != 0 ? " AND j.due_ms > 0 AND j.due_ms < ?6" : "",
		search->late_before_ms != 0 ? " AND (j.state IN " SQL_OPEN
					      " AND j.due_ms > 0 AND j.due_ms < ?7"
					      " OR j.state IN " SQL_NOT_DONE " AND j.revoked_ms > 0"
					      " AND j.revoked_ms <= ?9)"
					    : "",
		order(search->sort));
	free(wanted);
	return sql;
}

static void bind(sqlite3_stmt *statement, const struct store_search *search)
{
	store_bind_int(statement, 1, search->after_id);
	if (search->service != NULL)
		store_bind_text(statement, 2, search->service);
	if (search->contract != NULL)
		store_bind_text(statement, 3, search->contract);
	if (search->fqdn != NULL)
		store_bind_text(statement, 4, search->fqdn);
	if (search->due_after_ms != 0)
		store_bind_int(statement, 5, search->due_after_ms);
	if (search->due_before_ms != 0)
		store_bind_int(statement, 6, search->due_before_ms);
	store_bind_int(statement, 8, search->limit > 0 ? (int64_t)search->limit : -1);
	if (search->late_before_ms != 0) {
		store_bind_int(statement, 7, search->late_before_ms);
		store_bind_int(statement, 9, search->revoked_until_ms);
	}
}

bool store_jobs_search(struct store *store, const struct store_search *search, store_job_each *each,
	void *context, struct error *error)
{
	char *sql = store_jobs_search_sql(search);
	sqlite3_stmt *statement = NULL;
	int prepared = sqlite3_prepare_v2(store->db, sql, -1, &statement, NULL);

	free(sql);
	if (prepared != SQLITE_OK)
		return store_fail(store, error);
	bind(statement, search);
	return store_jobs_each(store, statement, each, context, error);
}
