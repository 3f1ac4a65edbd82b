#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "ctl/migration_gather.h"
#include "ctl/store_request.h"
#include "record/record.h"

/* So many contracts may name the service codes of one: the rest would not be read. */
#define SUCCESSORS_MAX 64

static void take_jobs(
	struct gathered_contract *gathered, const struct store_job *jobs, size_t count)
{
	const struct contract *contract = &gathered->contract;
	size_t i;

	for (i = 0; i < count; i++) {
		const struct store_job *job = &jobs[i];
		const struct checklist_install install = {
			.service = job->service,
			.service_code = job->service_code,
			.fqdn = job->fqdn,
			.has_job = true,
			.state = job->state,
			.due_ms = job->due_ms,
			.issued_ms = job->issued_ms,
			.detail = job->detail,
		};

		gathered_add_install(gathered, &install);
		if (contract->has_certificate && job->issued_ms >= contract->certificate_at_ms)
			gathered->not_after_ms = job->not_after_ms;
	}
}

/* *FOUND is false, and nothing filled, when there is no such contract. */
static bool take_contract(struct store *store, const char *code, struct gathered_contract *gathered,
	bool *found, struct error *error)
{
	struct buffer snapshot = {0};
	struct store_job *jobs = NULL;
	size_t count = 0;
	bool done = store_contract_snapshot(store, code, &snapshot, found, error);

	if (done && *found)
		done = record_from_canonical(buffer_text(&snapshot), &gathered->contract, error) &&
		       store_jobs_of_contract(store, code, &jobs, &count, error);
	if (done && *found)
		take_jobs(gathered, jobs, count);
	store_jobs_free(jobs, count);
	buffer_free(&snapshot);
	return done;
}

static bool is_known(const struct gathered *gathered, const char *code)
{
	size_t i;

	for (i = 0; i < gathered->successor_count; i++) {
		if (strcmp(gathered->successors[i].contract.code, code) == 0)
			return true;
	}
	return strcmp(gathered->old.contract.code, code) == 0;
}

/* Once; what is not there is passed over. */
static bool take_successor(
	struct store *store, const char *code, struct gathered *gathered, struct error *error)
{
	struct gathered_contract *successor;
	bool found = false, done;

	if (is_known(gathered, code) || gathered->successor_count == SUCCESSORS_MAX)
		return true;
	successor = gathered_add_successor(gathered);
	done = take_contract(store, code, successor, &found, error);
	if (!done || !found)
		gathered_drop_successor(gathered);
	return done;
}

/* The youngest link comes first: it is the likelier successor. */
static int compare_tenants(const void *a, const void *b)
{
	const struct store_tenant *left = a, *right = b;

	if (left->since_ms != right->since_ms)
		return left->since_ms < right->since_ms ? 1 : -1;
	return strcmp(left->contract, right->contract);
}

/* All others that name the pair. */
static bool take_tenants(struct store *store, const char *service, const char *service_code,
	struct gathered *gathered, struct error *error)
{
	struct store_tenant *tenants;
	size_t i, count;
	bool done = true;

	if (service_code[0] == '\0' || strcmp(service, SERVICE_OTHER) == 0)
		return true;
	if (!store_tenants_of_pair(store, service, service_code, &tenants, &count, error))
		return false;
	if (count > 0)
		qsort(tenants, count, sizeof(*tenants), compare_tenants);
	for (i = 0; i < count && done; i++)
		done = take_successor(store, tenants[i].contract, gathered, error);
	store_tenants_free(tenants, count);
	return done;
}

static bool find_successors(struct store *store, struct gathered *gathered, struct error *error)
{
	const struct gathered_contract *old = &gathered->old;
	size_t i;

	for (i = 0; i < old->contract.link_count; i++) {
		if (!take_tenants(store, old->contract.links[i].service,
			    old->contract.links[i].service_code, gathered, error))
			return false;
	}
	for (i = 0; i < old->install_count; i++) {
		if (!take_tenants(store, old->installs[i].service, old->installs[i].service_code,
			    gathered, error))
			return false;
	}
	return true;
}

static bool gather(struct calendar_request *request, struct store *store, struct gathered *gathered,
	struct error *error)
{
	const char *code = request->operands[0];
	bool found, done = take_contract(store, code, &gathered->old, &found, error);

	if (done && !found)
		return error_set(error, ERROR_PERMANENT, "there is no contract %.64s", code);
	if (!done)
		return false;
	if (request->successor == NULL)
		return find_successors(store, gathered, error);
	if (!take_successor(store, request->successor, gathered, error))
		return false;
	return gathered->successor_count > 0 ||
	       error_set(error, ERROR_PERMANENT, "there is no contract %.64s", request->successor);
}

int gather_stored(struct calendar_request *request, struct gathered *gathered)
{
	static const struct store_verb verb = {.name = "migration"};
	struct store_request store = {
		.verb = &verb,
		.config_path = request->config_path != NULL ? request->config_path
							    : SYSCONFDIR
				       "/certinstalld/certinstalld.conf",
	};
	struct error error;
	int status;
	bool done;

	if (!store_request_open(&store, &status)) {
		store_request_end(&store, status);
		return status;
	}
	done = gather(request, store.store, gathered, &error);
	gathered_finish(gathered);
	if (!done)
		calendar_request_tell(request, "%s", error.text);
	store_close(store.store);
	/* Its services are those that the lists are judged by. */
	config_free(request->config);
	request->config = store.config;
	request->rulebook = store.config->rulebook;
	if (request->own_holidays != NULL)
		request->rulebook.calendar.holidays = request->own_holidays;
	return done ? STATUS_DONE : STATUS_FAULT;
}
