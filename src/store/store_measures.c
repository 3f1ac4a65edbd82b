#include <stdatomic.h>

#include "base/alloc.h"
#include "store/store_private.h"

/* Microseconds: from a disk with a battery to one that is about to die. */
static const int64_t commit_bounds_us[] = {
	500, 1000, 2500, 5000, 10000, 25000, 50000, 100000, 250000, 500000, 1000000, 5000000};

void store_measures_init(struct store_measures *measures)
{
	measure_init(&measures->commits, commit_bounds_us, ARRAY_LENGTH(commit_bounds_us));
	atomic_init(&measures->failed_commits, 0);
}

void store_measure(struct store *store, struct store_measures *measures)
{
	store->measures = measures;
}

/* Only what the first condition lets through is read from the table; the index has the rest. */
static const char pressing_sql[] =
	"SELECT j.service, "
	"sum(j.next_ms <= ?1 AND (j.lease_token IS NULL OR j.lease_until_ms <= ?1)), "
	"sum(j.due_ms > 0 AND j.due_ms < ?2), "
	"coalesce(min(CASE WHEN j.due_ms > 0 THEN j.due_ms END), 0), "
	"coalesce(min(c.not_after_ms), 0) "
	"FROM jobs AS j INDEXED BY jobs_due JOIN certificates AS c ON c.id = j.certificate_id "
	"WHERE " SQL_WAITING("j.state") " AND (j.next_ms <= ?1 OR j.state <> " SQL_SCHEDULED ") "
					"GROUP BY j.service";

bool store_pressing(struct store *store, int64_t now_ms, int64_t late_before_ms,
	store_pressing_each *each, void *context, struct error *error)
{
	sqlite3_stmt *statement = store_statement(store, STATEMENT_PRESSING, pressing_sql, error);
	enum store_step step;

	if (statement == NULL)
		return false;
	store_bind_int(statement, 1, now_ms);
	store_bind_int(statement, 2, late_before_ms);
	while ((step = store_step(store, statement, error)) == STORE_ROW) {
		const struct store_pressing pressing = {
			.service = (const char *)sqlite3_column_text(statement, 0),
			.due = sqlite3_column_int64(statement, 1),
			.late = sqlite3_column_int64(statement, 2),
			.oldest_due_ms = sqlite3_column_int64(statement, 3),
			.soonest_end_ms = sqlite3_column_int64(statement, 4),
		};

		each(context, &pressing);
	}
	return step == STORE_DONE;
}

/* The first column of STATEMENT's first row; 0 without one. */
static bool number(
	struct store *store, sqlite3_stmt *statement, int64_t *value, struct error *error)
{
	enum store_step step = store_step(store, statement, error);

	if (step == STORE_FAILED)
		return false;
	*value = 0;
	if (step == STORE_ROW) {
		*value = sqlite3_column_int64(statement, 0);
		store_rest(statement);
	}
	return true;
}

static bool count(struct store *store, enum store_statement which, const char *sql, int64_t *value,
	struct error *error)
{
	sqlite3_stmt *statement = store_statement(store, which, sql, error);

	return statement != NULL && number(store, statement, value, error);
}

bool store_secrets_count(struct store *store, int64_t *value, struct error *error)
{
	return count(store, STATEMENT_SECRETS_COUNT,
		"SELECT count(*) FROM secrets INDEXED BY secrets_key", value, error);
}

bool store_guarded_count(struct store *store, int64_t *value, struct error *error)
{
	/* A store that was never restored has none, and nothing of it is gone through. */
	return count(store, STATEMENT_GUARDED_COUNT,
		"SELECT count(*) FROM jobs INDEXED BY jobs_due WHERE " SQL_WAITING(
			"state") " AND guarded <> 0"
				 " AND EXISTS(SELECT 1 FROM marks WHERE name = " SQL_RESTORED ")",
		value, error);
}

bool store_feed_updated(
	struct store *store, const char *url, int64_t *updated_ms, struct error *error)
{
	sqlite3_stmt *statement = store_statement(store, STATEMENT_FEED_UPDATED,
		"SELECT updated_ms FROM feeds WHERE url = ?1", error);

	if (statement == NULL)
		return false;
	store_bind_text(statement, 1, url);
	return number(store, statement, updated_ms, error);
}
