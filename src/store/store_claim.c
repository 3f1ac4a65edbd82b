#include "store/store_private.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

void store_bind_claim(sqlite3_stmt *statement, const struct store_claim *claim)
{
	store_bind_text(statement, 1, claim->service);
	store_bind_int(statement, 2, claim->now_ms);
	store_bind_int(statement, 3, claim->ignore_due ? INT64_MAX : claim->now_ms);
	store_bind_int(statement, 4, claim->base_since_ms != 0 ? claim->base_since_ms : INT64_MIN);
	if (sqlite3_bind_parameter_count(statement) >= 7) {
		store_bind_int(statement, 6, claim->only_verifying ? 1 : 0);
		store_bind_int(statement, 7, claim->or_ends_before_ms);
	}
}

/* What a claim finds, and whether a lease lies on its target, which is then over: its own, say. */
struct found {
	struct store_job job;
	bool leased;
};

#define COLUMN_LEASED SQL_JOB_COLUMN_COUNT
#define SQL_TARGET_LEASED                                                                          \
	"EXISTS(SELECT 1 FROM jobs AS d INDEXED BY jobs_leased WHERE d.lease_token IS NOT NULL "   \
	"AND d.service = j.service AND d.service_code = j.service_code AND d.fqdn = j.fqdn)"

/* CONDITION must not pin a column of the index, or SQLite sorts what the index has in order. */
#define SQL_FIND(condition)                                                                        \
	"SELECT " SQL_JOB_COLUMNS ", " SQL_TARGET_LEASED " FROM jobs AS j INDEXED BY jobs_due "    \
	"CROSS JOIN certificates AS c ON c.id = j.certificate_id WHERE " condition SQL_CLAIMABLE   \
	" LIMIT ?5"

static void free_found(struct found *found, size_t count)
{
	for (size_t i = 0; i < count; i++)
		store_job_clear(&found[i].job);
	free(found);
}

/* *FOUND is to be freed whatever comes of it. */
static bool find(struct store *store, const struct store_claim *claim, bool untried, size_t limit,
	struct found **found, size_t *count, struct error *error)
{
	sqlite3_stmt *statement =
		untried ? store_statement(store, STATEMENT_CLAIM_FIND_UNTRIED,
				  SQL_FIND("+j.state = " SQL_SCHEDULED " AND "), error)
			: store_statement(store, STATEMENT_CLAIM_FIND, SQL_FIND(""), error);
	size_t capacity = 0;
	enum store_step step;

	*found = NULL;
	*count = 0;
	if (statement == NULL)
		return false;
	store_bind_claim(statement, claim);
	store_bind_int(statement, 5, (int64_t)limit);
	while ((step = store_step(store, statement, error)) == STORE_ROW) {
		if (*count == capacity) {
			capacity = capacity == 0 ? 16 : 2 * capacity;
			*found = xreallocarray(*found, capacity, sizeof(**found));
		}
		if (!store_job_read(store, statement, &(*found)[*count].job, error)) {
			store_rest(statement);
			return false;
		}
		(*found)[*count].leased = sqlite3_column_int(statement, COLUMN_LEASED) != 0;
		(*count)++;
	}
	return step == STORE_DONE;
}

/* Leases one found job. */
static bool take(struct store *store, const struct store_claim *claim, struct found *found,
	struct error *error)
{
	sqlite3_stmt *statement = store_statement(store, STATEMENT_CLAIM_TAKE,
		"UPDATE jobs SET state = ?2, next_ms = ?3, lease_until_ms = ?3, lease_token = ?4 "
		"WHERE id = ?1",
		error);
	struct store_job *job = &found->job;

	if (statement == NULL)
		return false;
	job->claimed_state = job->state;
	job->claimed_next_ms = job->next_ms;
	if (job->state != JOB_VERIFYING)
		job->state = JOB_INSTALLING;
	job->next_ms = claim->lease_until_ms;
	store_bind_int(statement, 1, job->id);
	store_bind_int(statement, 2, store_state_code(job->state));
	store_bind_int(statement, 3, claim->lease_until_ms);
	store_bind_blob(statement, 4, claim->token, sizeof(claim->token));
	if (!store_run(store, statement, error) || !store_job_changed(store, job->id, error))
		return false;
	return !found->leased || store_leases_end_dead(store, job, claim->now_ms, error);
}

static int by_target(const void *left, const void *right)
{
	const struct found *const *a = left, *const *b = right;
	int order = strcmp((*a)->job.fqdn, (*b)->job.fqdn);

	if (order == 0)
		order = strcmp((*a)->job.service_code, (*b)->job.service_code);
	/* They lie in the order in which they were found. */
	return order != 0 ? order : (*a > *b) - (*a < *b);
}

/* Clears all of FOUND, which are one service's, but the first for each target. */
static void leave_one_a_target(struct found *found, size_t count)
{
	struct found **sorted = xcalloc(count, sizeof(struct found *));
	size_t first = 0, i;

	for (i = 0; i < count; i++)
		sorted[i] = &found[i];
	qsort(sorted, count, sizeof(struct found *), by_target);
	for (i = 1; i < count; i++) {
		if (strcmp(sorted[i]->job.fqdn, sorted[first]->job.fqdn) == 0 &&
			strcmp(sorted[i]->job.service_code, sorted[first]->job.service_code) == 0)
			store_job_clear(&sorted[i]->job);
		else
			first = i;
	}
	free(sorted);
}

/* Takes one for each target of FOUND, and moves it to the end of JOBS. */
static bool take_all(struct store *store, const struct store_claim *claim, struct found *found,
	size_t found_count, struct store_job **jobs, size_t *count, struct error *error)
{
	*jobs = xreallocarray(*jobs, *count + found_count, sizeof(**jobs));
	leave_one_a_target(found, found_count);
	for (size_t i = 0; i < found_count; i++) {
		if (found[i].job.id == 0)
			continue;
		if (!take(store, claim, &found[i], error))
			return false;
		(*jobs)[(*count)++] = found[i].job;
		found[i].job = (struct store_job){0};
	}
	return true;
}

/*
 * Rounds, since of several jobs for one target only the first is taken: the others are not found
 * again in the next round, so each round takes at least one or is the last.
 */
static bool claim_rounds(struct store *store, const struct store_claim *claim, bool untried,
	struct store_job **jobs, size_t *count, struct error *error)
{
	while (*count < claim->limit) {
		size_t before = *count, wanted = claim->limit - before, found_count;
		struct found *found;
		bool done = find(store, claim, untried, wanted, &found, &found_count, error);

		if (done && found_count > 0)
			done = take_all(store, claim, found, found_count, jobs, count, error);
		free_found(found, found_count);
		if (!done)
			return false;
		if (found_count < wanted || *count == before)
			return true;
	}
	return true;
}

bool store_jobs_claim(struct store *store, const struct store_claim *claim, struct store_job **jobs,
	size_t *count, struct error *error)
{
	bool own, done;

	/* A lease that is over before it begins would be found again in the next round. */
	assert(claim->lease_until_ms > claim->now_ms);
	*jobs = NULL;
	*count = 0;
	if (!store_write_enter(store, &own, error))
		return false;
	/* By their due instants those not due yet would come behind each failed one's next try. */
	done = (!claim->ignore_due || claim->only_verifying ||
		       claim_rounds(store, claim, true, jobs, count, error)) &&
	       claim_rounds(store, claim, false, jobs, count, error);
	done = store_write_leave(store, own, done, error);
	if (!done) {
		store_jobs_free(*jobs, *count);
		*jobs = NULL;
		*count = 0;
	}
	return done;
}

/* ---- settling ---- */

static bool settle(struct store *store, const struct store_settlement *settlement, bool *applied,
	struct error *error)
{
	/* A job that was superseded or cancelled under its lease is in another state by now, and
	 * what came of the push does not bring it back. */
	sqlite3_stmt *statement = store_statement(store, STATEMENT_SETTLE,
		"UPDATE jobs SET state = ?3, next_ms = ?4, attempts = ?5, first_attempt_ms = ?6, "
		"pushed_ms = ?7, settled_ms = ?8, detail = coalesce(?9, detail), "
		"remote = coalesce(?10, ''), "
		"lease_token = NULL, lease_until_ms = 0 "
		"WHERE id = ?1 AND lease_token = ?2 AND state IN " SQL_IN_HAND,
		error);

	if (statement == NULL)
		return false;
	store_bind_int(statement, 1, settlement->job_id);
	store_bind_blob(statement, 2, settlement->token, sizeof(settlement->token));
	store_bind_int(statement, 3, store_state_code(settlement->state));
	store_bind_int(statement, 4, settlement->next_ms);
	store_bind_int(statement, 5, settlement->attempts);
	store_bind_int(statement, 6, settlement->first_attempt_ms);
	store_bind_int(statement, 7, settlement->pushed_ms);
	store_bind_int(statement, 8, settlement->settled_ms);
	store_bind_text(statement, 9, settlement->detail);
	store_bind_text(statement, 10, settlement->remote);
	if (!store_run(store, statement, error))
		return false;
	*applied = sqlite3_changes(store->db) == 1;
	return true;
}

static bool remove_lease(
	struct store *store, const struct store_settlement *settlement, struct error *error)
{
	sqlite3_stmt *statement = store_statement(store, STATEMENT_LEASE_REMOVE,
		"UPDATE jobs SET lease_token = NULL, lease_until_ms = 0 "
		"WHERE id = ?1 AND lease_token = ?2",
		error);

	if (statement == NULL)
		return false;
	store_bind_int(statement, 1, settlement->job_id);
	store_bind_blob(statement, 2, settlement->token, sizeof(settlement->token));
	return store_run(store, statement, error);
}

bool store_job_settle(struct store *store, const struct store_settlement *settlement, bool *applied,
	struct error *error)
{
	bool own, done;

	*applied = false;
	if (!store_write_enter(store, &own, error))
		return false;
	done = settle(store, settlement, applied, error) &&
	       (*applied || remove_lease(store, settlement, error));
	done = store_write_leave(store, own, done, error);
	if (!done)
		*applied = false;
	return done;
}
