#include "store/store_private.h"

#include <stdlib.h>

#include "base/alloc.h"

/* As the states: numbers of the file's own. */
static const int kind_codes[] = {
	[ATTEMPT_PUSH] = 1,
	[ATTEMPT_VERIFY] = 2,
	[ATTEMPT_FOLLOW] = 3,
	[ATTEMPT_READ_BACK] = 4,
	[ATTEMPT_ACT] = 5, /* in a table of their own */
};
#define ACT_CODE "5"

static enum attempt_kind kind_from_code(int code)
{
	size_t kind;

	for (kind = 0; kind < ARRAY_LENGTH(kind_codes); kind++) {
		if (kind_codes[kind] == code)
			return (enum attempt_kind)kind;
	}
	return ATTEMPT_PUSH;
}

/* A statement costs as much as a row, so that several rows share one. */
#define COLUMNS 9
#define ROWS 8
#define SQL_ROW "(?, ?, ?, ?, ?, ?, ?, ?, ?)"
#define SQL_ADD                                                                                    \
	"INSERT INTO attempts(job_id, kind, number, at_ms, duration_ms, outcome, status, text, "   \
	"excerpt) VALUES" SQL_ROW

/* Binds the values of ROW, from 0. */
static void bind_row(sqlite3_stmt *statement, int row, const struct store_attempt *attempt)
{
	int first = row * COLUMNS + 1;

	store_bind_int(statement, first, attempt->job_id);
	store_bind_int(statement, first + 1, kind_codes[attempt->kind]);
	store_bind_int(statement, first + 2, attempt->number);
	store_bind_int(statement, first + 3, attempt->at_ms);
	store_bind_int(statement, first + 4, attempt->duration_ms);
	store_bind_text(statement, first + 5, attempt->outcome);
	store_bind_int(statement, first + 6, attempt->status);
	store_bind_text(statement, first + 7, attempt->text != NULL ? attempt->text : "");
	store_bind_text(statement, first + 8, attempt->excerpt);
}

/* Adds ROWS of ATTEMPTS, or one where there are LEFT fewer; *ADDED is how many. */
static bool add_rows(struct store *store, const struct store_attempt *attempts, size_t left,
	size_t *added, struct error *error)
{
	sqlite3_stmt *statement =
		left >= ROWS ? store_statement(store, STATEMENT_ATTEMPTS_ADD,
				       SQL_ADD ", " SQL_ROW ", " SQL_ROW ", " SQL_ROW ", " SQL_ROW
					       ", " SQL_ROW ", " SQL_ROW ", " SQL_ROW,
				       error)
			     : store_statement(store, STATEMENT_ATTEMPT_ADD, SQL_ADD, error);
	size_t row;

	*added = left >= ROWS ? ROWS : 1;
	if (statement == NULL)
		return false;
	for (row = 0; row < *added; row++) {
		if (attempts[row].kind == ATTEMPT_ACT)
			abort();
		bind_row(statement, (int)row, &attempts[row]);
	}
	return store_run(store, statement, error);
}

bool store_attempts_add(struct store *store, const struct store_attempt *attempts, size_t count,
	struct error *error)
{
	bool own, done = true;
	size_t added;

	if (!store_write_enter(store, &own, error))
		return false;
	for (size_t i = 0; i < count && done; i += added)
		done = add_rows(store, &attempts[i], count - i, &added, error);
	return store_write_leave(store, own, done, error);
}

bool store_attempt_add(
	struct store *store, const struct store_attempt *attempt, struct error *error)
{
	return store_attempts_add(store, attempt, 1, error);
}

bool store_attempts(struct store *store, int64_t job_id, store_attempt_each *each, void *context,
	struct error *error)
{
	sqlite3_stmt *statement = store_statement(store, STATEMENT_ATTEMPTS,
		"SELECT kind, number, at_ms, duration_ms, outcome, status, text, excerpt, "
		"id AS place FROM attempts INDEXED BY attempts_job WHERE job_id = ?1 "
		"UNION ALL SELECT " ACT_CODE ", 0, at_ms, 0, act, 0, text, NULL, after_attempt "
		"FROM acts INDEXED BY acts_job WHERE job_id = ?1 ORDER BY place",
		error);
	enum store_step step;

	if (statement == NULL)
		return false;
	store_bind_int(statement, 1, job_id);
	while ((step = store_step(store, statement, error)) == STORE_ROW) {
		const struct store_attempt attempt = {
			.job_id = job_id,
			.kind = kind_from_code(sqlite3_column_int(statement, 0)),
			.number = sqlite3_column_int(statement, 1),
			.at_ms = sqlite3_column_int64(statement, 2),
			.duration_ms = sqlite3_column_int64(statement, 3),
			.outcome = (const char *)sqlite3_column_text(statement, 4),
			.status = sqlite3_column_int(statement, 5),
			.text = (const char *)sqlite3_column_text(statement, 6),
			.excerpt = (const char *)sqlite3_column_text(statement, 7),
		};

		each(context, &attempt);
	}
	return step == STORE_DONE;
}
