/* What operators decided, and what is promised of it. */
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "engine/pump_private.h"
#include "sim.h"
#include "store/store_private.h"

/* Whether the process has it claimed and not begun: then it never is, once it is called off. */
static bool stands_ready(const struct process *process, int64_t job)
{
	const struct pump *pump = process->pump;

	for (size_t i = 0; i < pump->ready_lanes; i++) {
		for (const struct ready *ready = pump->ready[i].first; ready != NULL;
			ready = ready->next) {
			if (ready->claimed.job.id == job)
				return true;
		}
	}
	return false;
}

bool was_begun_earlier(const struct process *process, int64_t job)
{
	for (const struct flight *flight = process->pump->flights; flight != NULL;
		flight = flight->next) {
		if (flight->job_id == job)
			return flight->started_ms < mono_now();
	}
	return false;
}

static bool lease_of(struct process *process, int64_t job, unsigned char token[LEASE_TOKEN_SIZE])
{
	sqlite3_stmt *statement;
	bool leased;

	if (sqlite3_prepare_v2(process->store->db, "SELECT lease_token FROM jobs WHERE id = ?1", -1,
		    &statement, NULL) != SQLITE_OK)
		violated("a lease cannot be read: %s", sqlite3_errmsg(process->store->db));
	sqlite3_bind_int64(statement, 1, job);
	leased = sqlite3_step(statement) == SQLITE_ROW &&
		 sqlite3_column_bytes(statement, 0) == LEASE_TOKEN_SIZE;
	if (leased)
		memcpy(token, sqlite3_column_blob(statement, 0), LEASE_TOKEN_SIZE);
	sqlite3_finalize(statement);
	return leased;
}

struct decision *decision_begin(enum decision_kind kind, struct process *process, int64_t job)
{
	struct decision *decision;

	world->decisions = xreallocarray(
		world->decisions, world->decision_count + 1, sizeof(*world->decisions));
	decision = &world->decisions[world->decision_count++];
	*decision = (struct decision){.kind = kind,
		.wall_ms = wall_now(),
		.mono_ms = mono_now(),
		.job = job,
		.contract = -1,
		.service = SERVICE_COUNT};
	disk_set_aside(true);
	decision->in_hand = lease_of(process, job, decision->token) && !stands_ready(process, job);
	disk_set_aside(false);
	return decision;
}

void decision_retried(struct decision *decision, const char *contract, bool with_record)
{
	decision->acknowledged = contract != NULL;
	decision->with_record = with_record;
	if (contract == NULL)
		return;
	decision->contract = estate_contract_of(contract);
	decision->revision = world->contracts[decision->contract].revision;
}

void decision_released(struct decision *decision, struct process *process, const char *service,
	const char *code, const char *to)
{
	decision->acknowledged = true;
	decision->service = service_number(service);
	snprintf(decision->code, sizeof(decision->code), "%s", code);
	decision->contract = estate_contract_of(to);
	disk_set_aside(true);
	decision->revision = (size_t)stored_revision(process, decision->contract);
	if (!store_says_holds(process, service, code, to))
		violated("%s %s was released to %s, who does not have it", service, code, to);
	disk_set_aside(false);
}

/* ---- jobs ---- */

/* What was decided last of JOB. */
static const struct decision *last_about(int64_t job)
{
	for (size_t i = world->decision_count; i > 0; i--) {
		const struct decision *decision = &world->decisions[i - 1];

		if (decision->job == job && decision->kind != DECISION_RELEASE)
			return decision;
	}
	return NULL;
}

/* Whether a snapshot up to REVISION has the job's link added after the decision. */
static bool is_added_since(
	const struct decision *decision, const struct store_job *job, int64_t revision)
{
	const struct estate_contract *contract =
		&world->contracts[estate_contract_of(job->contract)];
	int certificate = certificate_of_fingerprint(job->fingerprint);

	for (int64_t r = 0; r < revision; r++) {
		const struct snapshot *snapshot = &contract->snapshots[r];

		for (size_t i = 0; i < snapshot->link_count; i++) {
			if (!snapshot->ended && snapshot->certificate == certificate &&
				same_link(&snapshot->links[i], job) &&
				snapshot->links[i].since_ms > decision->wall_ms)
				return true;
		}
	}
	return false;
}

void check_called_off(struct process *process, const struct store_job *job,
	const unsigned char token[LEASE_TOKEN_SIZE], int64_t revision)
{
	const struct decision *last = last_about(job->id);

	(void)process;
	if (last == NULL || last->kind != DECISION_CANCEL || !last->acknowledged ||
		(last->in_hand && memcmp(last->token, token, LEASE_TOKEN_SIZE) == 0) ||
		is_added_since(last, job, revision))
		return;
	violated("job %lld is sent, and an operator cancelled it", (long long)job->id);
}

/*
 * A cancelled job stays so, until its link is younger than that. One that an operator wanted back
 * is in the queue again, or comes there with the next record.
 */
bool may_be_called_off(const struct estate_link *link, const struct store_job *job)
{
	bool cancelled = false;

	for (size_t i = 0; i < world->decision_count; i++) {
		const struct decision *decision = &world->decisions[i];

		if (decision->job != job->id || decision->kind == DECISION_RELEASE)
			continue;
		if (decision->kind == DECISION_CANCEL)
			cancelled = cancelled || link->since_ms <= decision->wall_ms;
		else if (decision->acknowledged)
			cancelled =
				decision->with_record &&
				world->contracts[decision->contract].revision == decision->revision;
	}
	return cancelled;
}

/* Whether it gave a pair away, this one as far as is known. */
static bool is_release_of(const struct decision *decision, int service, const char *code)
{
	return decision->kind == DECISION_RELEASE &&
	       (!decision->acknowledged ||
		       (decision->service == service && strcmp(decision->code, code) == 0));
}

size_t decisions_about(const struct push *push)
{
	const struct target *target = &world->targets[push->target];
	size_t count = 0;

	for (size_t i = 0; i < world->decision_count; i++) {
		const struct decision *decision = &world->decisions[i];

		if (is_release_of(decision, target->service, target->code) ||
			(decision->kind == DECISION_RETRY && decision->job == push->job))
			count++;
	}
	return count;
}

/* ---- pairs ---- */

/* What was decided last of the pair; of one that may have been decided nobody knows which it is. */
static const struct decision *last_given(int service, const char *code)
{
	for (size_t i = world->decision_count; i > 0; i--) {
		const struct decision *decision = &world->decisions[i - 1];

		if (decision->kind != DECISION_RELEASE)
			continue;
		if (!decision->acknowledged)
			return NULL;
		if (decision->service == service && strcmp(decision->code, code) == 0)
			return decision;
	}
	return NULL;
}

bool was_given(const struct estate_link *link)
{
	for (size_t i = 0; i < world->decision_count; i++) {
		if (is_release_of(&world->decisions[i], link->service, link->code))
			return true;
	}
	return false;
}

bool given_lately(const struct store_job *job)
{
	int service = service_number(job->service);

	for (size_t i = world->decision_count; i > 0; i--) {
		const struct decision *decision = &world->decisions[i - 1];

		if (is_release_of(decision, service, job->service_code) &&
			mono_now() - decision->mono_ms <= IN_FLIGHT_MS)
			return true;
	}
	return false;
}

bool decided_lately(const struct store_job *job)
{
	const struct decision *last = last_about(job->id);

	return given_lately(job) || (last != NULL && mono_now() - last->mono_ms <= IN_FLIGHT_MS);
}

/* Whether who got it has named the pair in all records since, up to what is stored. */
static bool is_kept(struct process *process, const struct decision *decision)
{
	const struct estate_contract *contract = &world->contracts[decision->contract];
	int64_t revision = stored_revision(process, decision->contract);

	for (int64_t r = (int64_t)decision->revision; r <= revision; r++) {
		if (!names_pair(&contract->snapshots[r - 1], decision->service, decision->code))
			return false;
	}
	return true;
}

void check_given(struct process *process, const struct store_job *job)
{
	const struct decision *given = last_given(service_number(job->service), job->service_code);

	if (given == NULL || given->contract == estate_contract_of(job->contract) ||
		given_lately(job) || !is_kept(process, given))
		return;
	violated("job %lld is sent, but %s %s was released to %s", (long long)job->id, job->service,
		job->service_code, world->contracts[given->contract].code);
}

void check_all_given(struct process *process)
{
	for (size_t i = 0; i < world->decision_count; i++) {
		const struct decision *decision = &world->decisions[i];

		if (decision->kind != DECISION_RELEASE || !decision->acknowledged ||
			last_given(decision->service, decision->code) != decision ||
			!is_kept(process, decision))
			continue;
		if (!store_says_holds(process, service_names[decision->service], decision->code,
			    world->contracts[decision->contract].code))
			violated("%s %s was released to %s, who does not have it any more",
				service_names[decision->service], decision->code,
				world->contracts[decision->contract].code);
	}
}
