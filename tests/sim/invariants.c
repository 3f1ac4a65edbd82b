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

/* ---- an effect ---- */

void check_replay(const struct effect *effect, const struct push *push)
{
	if (effect->push.target != push->target || effect->certificate != push->certificate ||
		effect->push.job != push->job || effect->push.generation != push->generation)
		violated("one Idempotency-Key for two installs: jobs %lld and %lld",
			(long long)effect->push.job, (long long)push->job);
}

/* The link by which SNAPSHOT wants what PUSH pushes; NULL when it does not. */
static const struct estate_link *wants(const struct snapshot *snapshot, const struct push *push)
{
	const struct target *target = &world->targets[push->target];

	if (snapshot->ended || snapshot->certificate != push->certificate)
		return NULL;
	for (size_t i = 0; i < snapshot->link_count; i++) {
		if (snapshot->links[i].service == target->service &&
			strcmp(snapshot->links[i].code, target->code) == 0)
			return &snapshot->links[i];
	}
	return NULL;
}

/*
 * A certificate is installed once on a target, and once more for each time that the contract came
 * back to it there, or another contract was there between.
 */
static void check_times(const struct push *push)
{
	const struct estate_contract *contract = &world->contracts[push->contract];
	const struct target *target = &world->targets[push->target];
	size_t times = 1, allowed = 1 + decisions_about(push);

	for (size_t i = 0; i < world->effect_count; i++) {
		const struct push *before = &world->effects[i].push;

		if (before->target == push->target && before->certificate == push->certificate)
			times++;
		else if (before->contract != push->contract &&
			 world->targets[before->target].service == target->service &&
			 strcmp(world->targets[before->target].code, target->code) == 0)
			allowed++;
	}
	for (size_t i = 1; i < contract->revision; i++) {
		const struct snapshot *before = &contract->snapshots[i - 1];
		const struct snapshot *after = &contract->snapshots[i];

		const struct estate_link *was = wants(before, push), *is = wants(after, push);

		if (is != NULL && (was == NULL || after->at_ms != before->at_ms ||
					  is->since_ms != was->since_ms))
			allowed++;
	}
	if (times > allowed)
		violated("certificate %d takes effect %zu times on %s %s, and %zu were wanted",
			push->certificate, times, service_names[target->service], target->code,
			allowed);
}

void check_effect(const struct push *push)
{
	const struct target *target = &world->targets[push->target];

	if (push->certificate < 0)
		violated("job %lld is sent without a certificate", (long long)push->job);
	if (target->taken >= 0 && target->taken_contract == push->contract &&
		push->issued_ms < target->taken_at_ms)
		violated("downgrade: %s %s goes from certificate %d to the older %d",
			service_names[target->service], target->code, target->taken,
			push->certificate);
	for (size_t i = 0; i < world->effect_count; i++) {
		const struct push *before = &world->effects[i].push;

		if (before->job == push->job && before->generation == push->generation)
			violated("job %lld generation %d takes effect twice", (long long)push->job,
				push->generation);
	}
	check_times(push);
}

void check_installed(const struct store_job *job)
{
	const struct target *target = target_of(job->service, job->service_code, job->fqdn);
	int certificate = certificate_of_fingerprint(job->fingerprint);

	for (size_t i = 0; i < world->effect_count; i++) {
		const struct effect *effect = &world->effects[i];

		if (&world->targets[effect->target] == target &&
			effect->certificate == certificate &&
			(has_edge(target->service) ? effect->served : !effect->pending))
			return;
	}
	violated("job %lld is stored as installed, and %s %s never served it", (long long)job->id,
		job->service, job->service_code);
}

/* ---- the end ---- */

bool check_quiet(void)
{
	struct process *process = &world->processes[0];
	int64_t open;
	bool fed;

	if (!process->runs || world->processes[1].runs || !sources_quiet() || !operators_quiet() ||
		world->on_wire > 0)
		return false;
	disk_set_aside(true);
	open = number(process, ask(process, QUESTION_OPEN));
	fed = feed_quiet(process);
	disk_set_aside(false);
	return open == 0 && fed && process->transfers == 0;
}

/* At the end operators have had everything tried again that failed before. */
static bool may_have_failed(const struct store_job *job, bool holds)
{
	const struct effect *effect = effect_of_key(job->idempotency_key);

	if (world->plan.acts)
		return !holds || strstr(job->detail, "given up, the certificate end") != NULL;
	return strstr(job->detail, "given up") != NULL || was_refused(job->idempotency_key) ||
	       (effect != NULL && effect->failed);
}

/* Why a job that did not end installed is explained all the same; false when it is not. */
static bool explained(struct process *process, const struct estate_contract *contract,
	const struct estate_link *link, const struct store_job *job)
{
	bool holds = store_says_holds(process, job->service, job->service_code, contract->code);

	if (job->state == JOB_FAILED)
		return may_have_failed(job, holds);
	if (job->state == JOB_REFUSED)
		return estate_refuses(contract, link) || strstr(job->detail, "expire") != NULL ||
		       (was_given(link) && strstr(job->detail, "key-mismatch") != NULL);
	if (job->state == JOB_HELD)
		return world->plan.holding && !holds && strstr(job->detail, "ssl") != NULL;
	if (job->state == JOB_CANCELLED)
		return may_be_called_off(link, job);
	return job->state == JOB_SUPERSEDED && (world->plan.holding || world->plan.reinstall) &&
	       job->detail[0] != '\0';
}

static void check_link(struct process *process, const struct estate_contract *contract,
	const struct snapshot *snapshot, const struct estate_link *link,
	const struct store_job *jobs, size_t count)
{
	const struct store_job *job = NULL;
	const struct target *target;

	for (size_t i = 0; i < count; i++) {
		if (same_link(link, &jobs[i]) &&
			certificate_of_fingerprint(jobs[i].fingerprint) == snapshot->certificate)
			job = &jobs[i];
	}
	if (job == NULL) {
		violated("silently missing: %s wants certificate %d on %s %s, and no job is there",
			contract->code, snapshot->certificate, service_names[link->service],
			link->code);
		return;
	}
	if (job->state != JOB_INSTALLED) {
		if (!explained(process, contract, link, job))
			violated("at the end job %lld of %s on %s %s is %s: %s", (long long)job->id,
				contract->code, job->service, job->service_code,
				job_state_name(job->state), job->detail);
		return;
	}
	target = target_of(job->service, job->service_code, job->fqdn);
	/* An operator gave the pair to another contract since. */
	if (!store_says_holds(process, job->service, job->service_code, contract->code))
		return;
	/* A source that names an earlier certificate again by its old date does not get it. */
	if (target->installed >= 0 &&
		target->taken_contract == estate_contract_of(contract->code) &&
		target->taken_at_ms > snapshot->at_ms)
		return;
	if (target->installed != snapshot->certificate)
		violated("job %lld is installed, but %s %s has certificate %d and not %d",
			(long long)job->id, job->service, job->service_code, target->installed,
			snapshot->certificate);
}

static void check_contract(struct process *process, const struct estate_contract *contract)
{
	const struct snapshot *snapshot = estate_latest(contract);
	struct store_job *jobs;
	size_t count;
	struct error error;

	if (!store_jobs_of_contract(process->store, contract->code, &jobs, &count, &error))
		violated("the jobs of %s cannot be read: %s", contract->code, error.text);
	for (size_t i = 0; i < snapshot->link_count; i++) {
		const struct estate_link *link = &snapshot->links[i];

		if (!snapshot->ended && snapshot->certificate >= 0 &&
			link->service < SERVICE_COUNT && link->code[0] != '\0')
			check_link(process, contract, snapshot, link, jobs, count);
	}
	store_jobs_free(jobs, count);
}

void check_end(void)
{
	struct process *process = &world->processes[0];

	if (!check_quiet())
		violated("not at rest long after the last fault: %zu deliveries, %zu requests",
			world->delivery_count, world->on_wire);
	for (size_t i = 0; i < world->contract_count; i++) {
		if (world->contracts[i].revision > 0)
			check_contract(process, &world->contracts[i]);
	}
	check_all_given(process);
	check_keys();
}
