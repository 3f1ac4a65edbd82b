/* What has to hold, after each step and at the end. doc/reliability.md lists it. */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "sim.h"
#include "store/store_private.h"

enum question {
	QUESTION_REQUEST,
	QUESTION_HOLDS,
	QUESTION_COUNTERS,
	QUESTION_KEYS_LEFT,
	QUESTION_KEYS_MISSING,
	QUESTION_PARTS,
	QUESTION_NO_LEASE,
	QUESTION_TWO_LEASES,
	QUESTION_REVISIONS,
	QUESTION_CLAIMED,
	QUESTION_OPEN,
	QUESTION_REVISION,
	QUESTION_FEED,
	QUESTION_JOBS,
	QUESTION_NOT_UNDER,
	QUESTION_KEYS,
	QUESTION_COUNT
};

#define SQL_STATE_SUM "(state + 3) * (state + 3) * unicode(service)"

static const char *const questions[QUESTION_COUNT] = {
	[QUESTION_REQUEST] =
		"SELECT j.lease_token, j.lease_until_ms, j.idempotency_key, j.generation, "
		"c.revision FROM jobs AS j JOIN contracts AS c ON c.code = j.contract "
		"WHERE j.id = ?1",
	[QUESTION_HOLDS] = "SELECT count(*) FROM tenants WHERE service = ?1 AND service_code = ?2 "
			   "AND contract = ?3 AND holds = 1",
	/* Sums that differ when the counts do, without sorting what is there. */
	[QUESTION_COUNTERS] =
		"SELECT j.n IS NOT c.n OR j.s IS NOT c.s FROM (SELECT count(*) AS n, "
		"sum(" SQL_STATE_SUM ") AS s FROM jobs) AS j, (SELECT coalesce(sum(count), 0) AS "
		"n, sum(count * " SQL_STATE_SUM ") AS s FROM job_counts WHERE count <> 0) AS c",
	[QUESTION_KEYS_LEFT] =
		"SELECT count(*) FROM secrets AS s WHERE NOT EXISTS(SELECT 1 FROM jobs AS j "
		"WHERE j.certificate_id = s.certificate_id AND " SQL_NEEDS_KEY("j.state") ")",
	[QUESTION_KEYS_MISSING] =
		"SELECT count(*) FROM jobs AS j INDEXED BY jobs_due WHERE " SQL_WAITING(
			"j.state") " AND NOT EXISTS(SELECT 1 FROM secrets AS s "
				   "WHERE s.certificate_id = j.certificate_id)",
	/* Nothing of a key that is held is missing, and what is left of one that is not is known.
	 */
	[QUESTION_PARTS] =
		"SELECT (SELECT count(*) FROM secrets AS s WHERE NOT EXISTS(SELECT 1 "
		"FROM openly AS o WHERE o.certificate_id = s.certificate_id)) + "
		"(SELECT count(*) FROM openly AS o WHERE NOT EXISTS(SELECT 1 "
		"FROM secrets AS s WHERE s.certificate_id = o.certificate_id) AND NOT "
		"EXISTS(SELECT 1 FROM leftovers AS l WHERE l.certificate_id = o.certificate_id))",
	[QUESTION_NO_LEASE] = "SELECT count(*) FROM jobs INDEXED BY jobs_due WHERE " SQL_WAITING(
		"state") " AND state = " SQL_INSTALLING " AND lease_token IS NULL",
	[QUESTION_TWO_LEASES] =
		"SELECT count(*) FROM jobs INDEXED BY jobs_leased WHERE lease_token IS NOT NULL "
		"AND lease_until_ms > ?1 GROUP BY service, service_code, fqdn "
		"HAVING count(*) > 1",
	[QUESTION_REVISIONS] = "SELECT code, revision FROM contracts",
	[QUESTION_CLAIMED] =
		"SELECT j.id, j.generation, j.base_ms, j.contract, j.service, j.service_code, "
		"x.fingerprint, c.revision FROM jobs AS j INDEXED BY jobs_leased "
		"JOIN contracts AS c ON c.code = j.contract "
		"JOIN certificates AS x ON x.id = j.certificate_id "
		"WHERE j.lease_token IS NOT NULL",
	[QUESTION_OPEN] = "SELECT count(*) FROM jobs WHERE " SQL_WAITING("state"),
	[QUESTION_REVISION] = "SELECT revision FROM contracts WHERE code = ?1",
	[QUESTION_FEED] = "SELECT (SELECT cursor FROM feeds), (SELECT count(*) FROM set_aside)",
	[QUESTION_NOT_UNDER] = "SELECT count(*) FROM secrets WHERE key_id <> ?1 AND key_id <> ?2",
	[QUESTION_KEYS] = "SELECT s.certificate_id, c.fingerprint FROM secrets AS s "
			  "JOIN certificates AS c ON c.id = s.certificate_id",
	[QUESTION_JOBS] =
		"SELECT sum(id * (state + 3) + generation * 31 + attempts * 7 + settled_ms % 9973 "
		"+ due_ms % 9967 + next_ms % 7919) FROM jobs",
};

/* Kept for as long as the process has its store open. */
static sqlite3_stmt *kept[2][QUESTION_COUNT];

static sqlite3_stmt *ask(struct process *process, enum question question)
{
	sqlite3_stmt **statement = &kept[process->number - 1][question];

	if (*statement == NULL && sqlite3_prepare_v2(process->store->db, questions[question], -1,
					  statement, NULL) != SQLITE_OK)
		violated("a check cannot ask: %s", sqlite3_errmsg(process->store->db));
	return *statement;
}

static bool row(struct process *process, sqlite3_stmt *statement)
{
	int result = sqlite3_step(statement);

	if (result != SQLITE_ROW && result != SQLITE_DONE)
		violated("a check cannot read: %s", sqlite3_errmsg(process->store->db));
	return result == SQLITE_ROW;
}

static int64_t number(struct process *process, sqlite3_stmt *statement)
{
	int64_t value = row(process, statement) ? sqlite3_column_int64(statement, 0) : 0;

	sqlite3_reset(statement);
	return value;
}

void checks_forget(struct process *process)
{
	for (size_t i = 0; i < QUESTION_COUNT; i++) {
		sqlite3_finalize(kept[process->number - 1][i]);
		kept[process->number - 1][i] = NULL;
	}
}

/* ---- the store, after each step ---- */

/* What was acknowledged is in the store, after a crash, too. */
static void check_acknowledged(struct process *process)
{
	sqlite3_stmt *statement = ask(process, QUESTION_REVISIONS);
	int64_t stored[CONTRACTS_MAX] = {0};

	while (row(process, statement)) {
		int contract = estate_contract_of((const char *)sqlite3_column_text(statement, 0));

		stored[contract] = sqlite3_column_int64(statement, 1);
	}
	sqlite3_reset(statement);
	if (world->plan.feed) {
		statement = ask(process, QUESTION_FEED);
		row(process, statement);
		check_feed((const char *)sqlite3_column_text(statement, 0), stored,
			sqlite3_column_int64(statement, 1));
		sqlite3_reset(statement);
	}
	for (size_t i = 0; i < world->contract_count; i++) {
		if (stored[i] < (int64_t)world->contracts[i].acknowledged)
			violated("acknowledged and not in the store: ssl%zu revision %zu, but %lld "
				 "is there",
				i, world->contracts[i].acknowledged, (long long)stored[i]);
	}
}

int64_t jobs_sum(struct process *process)
{
	int64_t sum;

	disk_set_aside(true);
	sum = number(process, ask(process, QUESTION_JOBS));
	disk_set_aside(false);
	return sum;
}

int64_t keys_not_under(struct process *process, const char *one, const char *other)
{
	sqlite3_stmt *statement = ask(process, QUESTION_NOT_UNDER);

	sqlite3_bind_text(statement, 1, one, -1, SQLITE_STATIC);
	sqlite3_bind_text(statement, 2, other, -1, SQLITE_STATIC);
	return number(process, statement);
}

size_t list_keys(struct process *process, int64_t *ids, int *numbers)
{
	sqlite3_stmt *statement = ask(process, QUESTION_KEYS);
	size_t count = 0;

	while (count < KEYS_MAX && row(process, statement)) {
		ids[count] = sqlite3_column_int64(statement, 0);
		numbers[count++] = certificate_of_fingerprint(sqlite3_column_blob(statement, 1));
	}
	sqlite3_reset(statement);
	return count;
}

/* Whether nothing comes by the feed any more. */
static bool feed_quiet(struct process *process)
{
	sqlite3_stmt *statement = ask(process, QUESTION_FEED);
	bool quiet;

	if (!world->plan.feed)
		return true;
	row(process, statement);
	quiet = feed_is_read((const char *)sqlite3_column_text(statement, 0));
	sqlite3_reset(statement);
	return quiet;
}

bool store_at_rest(struct process *process)
{
	bool rests;

	disk_set_aside(true);
	rests = number(process, ask(process, QUESTION_OPEN)) == 0 && feed_quiet(process);
	disk_set_aside(false);
	return rests;
}

/* What is claimed when it is due may be sent after the clock was set back. */
static void note_claims(struct process *process)
{
	sqlite3_stmt *statement = ask(process, QUESTION_CLAIMED);

	while (row(process, statement)) {
		struct store_job job = {.id = sqlite3_column_int64(statement, 0),
			.generation = sqlite3_column_int(statement, 1),
			.base_ms = sqlite3_column_int64(statement, 2),
			.contract = xstrdup((const char *)sqlite3_column_text(statement, 3)),
			.service = xstrdup((const char *)sqlite3_column_text(statement, 4)),
			.service_code = xstrdup((const char *)sqlite3_column_text(statement, 5))};

		memcpy(job.fingerprint, sqlite3_column_blob(statement, 6), FINGERPRINT_SIZE);
		note_claimed(&job, sqlite3_column_int64(statement, 7));
		store_job_clear(&job);
	}
	sqlite3_reset(statement);
}

static void check_store(struct process *process)
{
	sqlite3_stmt *leases = ask(process, QUESTION_TWO_LEASES);

	totals.checks++;
	if (number(process, ask(process, QUESTION_COUNTERS)) != 0)
		violated("the kept counters are not the counts");
	if (number(process, ask(process, QUESTION_KEYS_LEFT)) != 0)
		violated("a key is in the store that no job needs any more");
	if (number(process, ask(process, QUESTION_KEYS_MISSING)) != 0)
		violated("an open job's key is not in the store");
	if (number(process, ask(process, QUESTION_PARTS)) != 0)
		violated("what goes with a key is missing, or left for good");
	if (number(process, ask(process, QUESTION_NO_LEASE)) != 0)
		violated("a job is being installed that nobody has a lease for");
	sqlite3_bind_int64(leases, 1, wall_now());
	if (number(process, leases) != 0)
		violated("two leases run for one target");
	check_acknowledged(process);
	if (world->plan.reseal)
		check_key_ids(process);
	if (world->plan.clock_steps)
		note_claims(process);
}

void check_reopened(struct process *process)
{
	disk_set_aside(true);
	check_store(process);
	disk_set_aside(false);
}

static struct process *witness(void)
{
	for (size_t i = 0; i < 2; i++) {
		if (world->processes[i].runs)
			return &world->processes[i];
	}
	return NULL;
}

void check_step(void)
{
	struct process *process = witness();

	if (process == NULL || disk_writes() == world->checked_writes)
		return;
	world->checked_writes = disk_writes();
	check_reopened(process);
}

/* ---- a request ---- */

static void check_lease(struct process *process, const struct store_job *job,
	const unsigned char token[LEASE_TOKEN_SIZE], int64_t *revision)
{
	sqlite3_stmt *statement = ask(process, QUESTION_REQUEST);

	sqlite3_bind_int64(statement, 1, job->id);
	if (!row(process, statement))
		violated("job %lld is sent and not in the store", (long long)job->id);
	if (sqlite3_column_bytes(statement, 0) != LEASE_TOKEN_SIZE ||
		memcmp(sqlite3_column_blob(statement, 0), token, LEASE_TOKEN_SIZE) != 0)
		violated("job %lld is sent without its lease", (long long)job->id);
	if (sqlite3_column_int64(statement, 1) <= wall_now())
		violated("job %lld is sent after its lease ran out", (long long)job->id);
	/* A try that is under way when an operator decides is of the generation before. */
	if ((strcmp((const char *)sqlite3_column_text(statement, 2), job->idempotency_key) != 0 ||
		    sqlite3_column_int(statement, 3) != job->generation) &&
		!(decided_lately(job) && sqlite3_column_int(statement, 3) > job->generation))
		violated("job %lld is sent as another generation", (long long)job->id);
	*revision = sqlite3_column_int64(statement, 4);
	sqlite3_reset(statement);
}

bool store_says_holds(
	struct process *process, const char *service, const char *code, const char *contract)
{
	sqlite3_stmt *statement = ask(process, QUESTION_HOLDS);

	sqlite3_bind_text(statement, 1, service, -1, SQLITE_STATIC);
	sqlite3_bind_text(statement, 2, code, -1, SQLITE_STATIC);
	sqlite3_bind_text(statement, 3, contract, -1, SQLITE_STATIC);
	return number(process, statement) == 1;
}

int64_t stored_revision(struct process *process, int contract)
{
	sqlite3_stmt *statement = ask(process, QUESTION_REVISION);

	sqlite3_bind_text(statement, 1, world->contracts[contract].code, -1, SQLITE_STATIC);
	return number(process, statement);
}

static void check_holder(struct process *process, const struct store_job *job)
{
	if (!given_lately(job) && !was_begun_earlier(process, job->id) &&
		!store_says_holds(process, job->service, job->service_code, job->contract))
		violated("job %lld is sent, but %s does not hold %s %s", (long long)job->id,
			job->contract, job->service, job->service_code);
}

void check_request(struct process *process, const struct store_job *job,
	const unsigned char token[LEASE_TOKEN_SIZE])
{
	int64_t revision;

	disk_set_aside(true);
	check_lease(process, job, token, &revision);
	/* Asking for what was taken goes on at any time; asking before a push is part of it. */
	if (job->state != JOB_VERIFYING) {
		check_wanted(job, revision);
		check_hours(job);
		check_paused(job);
		if (world->plan.holding)
			check_holder(process, job);
		check_called_off(process, job, token, revision);
		check_given(process, job);
	}
	disk_set_aside(false);
}
