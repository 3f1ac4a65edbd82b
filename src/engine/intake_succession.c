#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "domain/succession.h"
#include "engine/intake_private.h"

/*
 * Who has which (service, service code) pair (DOMAIN.md rules 15 to 17). All in the transaction of
 * the record: what lets a pair go, and what that sets free, are durable together.
 */

static bool same_pair(const struct work_pair *pair, const char *service, const char *service_code)
{
	return strcmp(pair->service, service) == 0 && strcmp(pair->service_code, service_code) == 0;
}

static struct work_pair *find_pair(
	const struct work *work, const char *service, const char *service_code)
{
	size_t i;

	for (i = 0; i < work->pair_count; i++) {
		if (same_pair(&work->pairs[i], service, service_code))
			return &work->pairs[i];
	}
	return NULL;
}

static struct work_pair *add_pair(
	struct work *work, const char *service, const char *service_code, int64_t since_ms)
{
	struct work_pair *pair;

	work->pairs = xreallocarray(work->pairs, work->pair_count + 1, sizeof(*work->pairs));
	pair = &work->pairs[work->pair_count++];
	*pair = (struct work_pair){
		.service = xstrdup(service),
		.service_code = xstrdup(service_code),
		.since_ms = since_ms,
	};
	return pair;
}

/* Rule 9's links are none; one that is refused names its pair all the same. */
static bool names_pair(const struct contract *contract, const struct contract_link *link)
{
	return contract->state == CONTRACT_ACTIVE && strcmp(link->service, SERVICE_OTHER) != 0 &&
	       link->service_code[0] != '\0';
}

static void collect_named(struct work *work)
{
	const struct contract *contract = work_contract(work);
	size_t i;

	for (i = 0; i < contract->link_count; i++) {
		const struct contract_link *link = &contract->links[i];
		struct work_pair *pair;

		if (!names_pair(contract, link))
			continue;
		pair = find_pair(work, link->service, link->service_code);
		if (pair == NULL)
			pair = add_pair(work, link->service, link->service_code, link->since_ms);
		if (!pair->named || link->since_ms < pair->since_ms)
			pair->since_ms = link->since_ms;
		pair->named = true;
	}
}

/* ---- who has a pair ---- */

/* The tenants as they were, and what becomes of them. */
struct tenancy {
	struct store_tenant *tenants; /* without the contract itself where it let go */
	size_t count;
	bool changed; /* the contract's own row */
};

static size_t find_tenant(const struct tenancy *tenancy, const char *contract)
{
	size_t i;

	for (i = 0; i < tenancy->count; i++) {
		if (strcmp(tenancy->tenants[i].contract, contract) == 0)
			break;
	}
	return i;
}

/* Brings the contract's own row in line with its record. */
static bool update_own(struct work *work, const struct work_pair *pair, struct tenancy *tenancy,
	struct error *error)
{
	const char *code = work_contract(work)->code;
	size_t own = find_tenant(tenancy, code);

	if (pair->named && own < tenancy->count) {
		tenancy->changed = tenancy->tenants[own].since_ms != pair->since_ms;
		tenancy->tenants[own].since_ms = pair->since_ms;
	} else if (pair->named) {
		tenancy->tenants = xreallocarray(
			tenancy->tenants, tenancy->count + 1, sizeof(*tenancy->tenants));
		tenancy->tenants[tenancy->count++] = (struct store_tenant){
			.contract = xstrdup(code), .since_ms = pair->since_ms};
		tenancy->changed = true;
	} else if (own < tenancy->count) {
		free(tenancy->tenants[own].contract);
		tenancy->tenants[own] = tenancy->tenants[--tenancy->count];
		return store_tenant_remove(
			work->store, pair->service, pair->service_code, code, error);
	}
	return true;
}

static size_t choose_holder(const struct tenancy *tenancy)
{
	struct tenant *tenants = xcalloc(tenancy->count + 1, sizeof(*tenants));
	size_t i, holder;

	for (i = 0; i < tenancy->count; i++)
		tenants[i] = (struct tenant){
			.contract = tenancy->tenants[i].contract,
			.since_ms = tenancy->tenants[i].since_ms,
			.holds = tenancy->tenants[i].holds,
			.begun = tenancy->tenants[i].begun,
			.given = tenancy->tenants[i].given_ms != 0,
		};
	holder = succession_holder(tenants, tenancy->count);
	free(tenants);
	return holder;
}

/* Gives the pair to tenant HOLDER; the one that loses it is written first, since one alone has it.
 */
static bool hand_over(struct work *work, struct work_pair *pair, struct tenancy *tenancy,
	size_t holder, struct error *error)
{
	size_t former = tenancy->count, i;
	struct store_tenant *tenant;
	bool let_go;

	for (i = 0; i < tenancy->count; i++) {
		if (tenancy->tenants[i].holds)
			former = i;
	}
	tenant = &tenancy->tenants[holder];
	if (former < tenancy->count) {
		tenancy->tenants[former].holds = false;
		tenancy->tenants[former].freed_ms = 0;
		tenancy->tenants[former].given_ms = 0;
		if (!store_tenant_put(work->store, pair->service, pair->service_code,
			    &tenancy->tenants[former], error))
			return false;
	}
	tenant->holds = true;
	tenant->given_ms = 0;
	/* Who had it and is no tenant any more has let it go, now as far as anybody knows; so has
	 * who comes back with a link that is younger than another's. */
	let_go = former == tenancy->count ||
		 strcmp(tenancy->tenants[former].contract, work_contract(work)->code) == 0;
	tenant->freed_ms = pair->before != NULL && let_go ? work->now_ms : 0;
	return store_tenant_put(work->store, pair->service, pair->service_code, tenant, error);
}

static bool decide(
	struct work *work, struct work_pair *pair, struct tenancy *tenancy, struct error *error)
{
	size_t i, own, holder;

	for (i = 0; i < tenancy->count; i++) {
		if (tenancy->tenants[i].holds)
			pair->before = xstrdup(tenancy->tenants[i].contract);
	}
	if (!update_own(work, pair, tenancy, error))
		return false;
	own = find_tenant(tenancy, work_contract(work)->code);
	holder = choose_holder(tenancy);
	if (holder < tenancy->count) {
		pair->holder = xstrdup(tenancy->tenants[holder].contract);
		if (!tenancy->tenants[holder].holds) {
			if (!hand_over(work, pair, tenancy, holder, error))
				return false;
			if (own == holder)
				tenancy->changed = false;
		}
	}
	if (own == tenancy->count)
		return true;
	pair->freed_ms = own == holder ? tenancy->tenants[own].freed_ms : 0;
	return !tenancy->changed || store_tenant_put(work->store, pair->service, pair->service_code,
					    &tenancy->tenants[own], error);
}

static bool settle_pair(struct work *work, struct work_pair *pair, struct error *error)
{
	struct tenancy tenancy = {0};
	bool done;

	if (!store_tenants_of_pair(work->store, pair->service, pair->service_code, &tenancy.tenants,
		    &tenancy.count, error))
		return false;
	done = decide(work, pair, &tenancy, error);
	store_tenants_free(tenancy.tenants, tenancy.count);
	return done;
}

bool succession_settle(struct work *work, struct error *error)
{
	struct store_pair *before;
	size_t i, count;

	if (!store_pairs_of_contract(
		    work->store, work_contract(work)->code, &before, &count, error))
		return false;
	for (i = 0; i < count; i++)
		add_pair(work, before[i].service, before[i].service_code, before[i].since_ms);
	store_pairs_free(before, count);
	collect_named(work);
	for (i = 0; i < work->pair_count; i++) {
		if (!settle_pair(work, &work->pairs[i], error))
			return false;
	}
	return true;
}

void succession_end(struct work *work)
{
	size_t i;

	for (i = 0; i < work->pair_count; i++) {
		free(work->pairs[i].service);
		free(work->pairs[i].service_code);
		free(work->pairs[i].before);
		free(work->pairs[i].holder);
	}
	free(work->pairs);
}

struct tenure succession_tenure(const struct work *work, const struct contract_link *link)
{
	const struct work_pair *pair = find_pair(work, link->service, link->service_code);
	struct tenure tenure = {0};

	if (pair == NULL || !pair->named)
		return tenure;
	tenure.freed_ms = pair->freed_ms;
	if (pair->holder != NULL && strcmp(pair->holder, work_contract(work)->code) != 0)
		tenure.holder = pair->holder;
	return tenure;
}
