#include "ctl/explain_pairs.h"

#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "domain/catalogue.h"
#include "domain/succession.h"

/* A contract that was read, and the pairs that it names. */
struct member {
	char *contract;
	struct pair **pairs;
	size_t pair_count;
};

struct pair {
	char *service;
	char *service_code;
	struct tenant *tenants; /* their texts are the members' */
	size_t tenant_count;
	int64_t freed_ms; /* when another let it go to its present holder; 0: never */
};

/* Two trees, since an input may have a million records. */
struct explain_pairs {
	void *pairs;
	void *members;
};

static int compare_pairs(const void *a, const void *b)
{
	const struct pair *one = a, *other = b;
	int order = strcmp(one->service, other->service);

	return order != 0 ? order : strcmp(one->service_code, other->service_code);
}

static int compare_members(const void *a, const void *b)
{
	const struct member *one = a, *other = b;

	return strcmp(one->contract, other->contract);
}

static void free_pair(void *node)
{
	struct pair *pair = node;

	free(pair->service);
	free(pair->service_code);
	free(pair->tenants);
	free(pair);
}

static void free_member(void *node)
{
	struct member *member = node;

	free(member->contract);
	free(member->pairs);
	free(member);
}

struct explain_pairs *explain_pairs_new(void)
{
	return xcalloc(1, sizeof(struct explain_pairs));
}

void explain_pairs_free(struct explain_pairs *pairs)
{
	if (pairs == NULL)
		return;
	tdestroy(pairs->pairs, free_pair);
	tdestroy(pairs->members, free_member);
	free(pairs);
}

static struct pair *find_pair(const struct explain_pairs *pairs, char *service, char *service_code)
{
	const struct pair key = {.service = service, .service_code = service_code};
	void *found = tfind(&key, &pairs->pairs, compare_pairs);

	return found != NULL ? *(struct pair **)found : NULL;
}

static struct pair *obtain_pair(struct explain_pairs *pairs, char *service, char *service_code)
{
	struct pair *pair = find_pair(pairs, service, service_code);

	if (pair != NULL)
		return pair;
	pair = xcalloc(1, sizeof(*pair));
	pair->service = xstrdup(service);
	pair->service_code = xstrdup(service_code);
	if (tsearch(pair, &pairs->pairs, compare_pairs) == NULL)
		abort();
	return pair;
}

static struct member *obtain_member(struct explain_pairs *pairs, char *contract)
{
	const struct member key = {.contract = contract};
	void *found = tfind(&key, &pairs->members, compare_members);
	struct member *member;

	if (found != NULL)
		return *(struct member **)found;
	member = xcalloc(1, sizeof(*member));
	member->contract = xstrdup(contract);
	if (tsearch(member, &pairs->members, compare_members) == NULL)
		abort();
	return member;
}

static struct tenant *find_tenant(const struct pair *pair, const char *contract)
{
	size_t i;

	for (i = 0; i < pair->tenant_count; i++) {
		if (strcmp(pair->tenants[i].contract, contract) == 0)
			return &pair->tenants[i];
	}
	return NULL;
}

/* Rule 9's links are none. */
static bool names_pair(const struct contract *contract, const struct contract_link *link)
{
	return contract->state == CONTRACT_ACTIVE && strcmp(link->service, SERVICE_OTHER) != 0 &&
	       link->service_code[0] != '\0';
}

/* The oldest of the contract's links to the pair; false when there is none. */
static bool since_of(const struct contract *contract, const struct pair *pair, int64_t *since_ms)
{
	bool named = false;
	size_t i;

	for (i = 0; i < contract->link_count; i++) {
		const struct contract_link *link = &contract->links[i];

		if (!names_pair(contract, link) || strcmp(link->service, pair->service) != 0 ||
			strcmp(link->service_code, pair->service_code) != 0)
			continue;
		if (!named || link->since_ms < *since_ms)
			*since_ms = link->since_ms;
		named = true;
	}
	return named;
}

/* Who has the pair now; LET_GO when the one that had it does not name it any more. */
static void settle(struct pair *pair, bool let_go, int64_t now_ms)
{
	size_t i, holder = succession_holder(pair->tenants, pair->tenant_count);

	for (i = 0; i < pair->tenant_count; i++) {
		if (i == holder && !pair->tenants[i].holds)
			pair->freed_ms = let_go ? now_ms : 0;
		pair->tenants[i].holds = i == holder;
	}
}

static void update_tenant(struct pair *pair, const struct member *member,
	const struct contract *contract, int64_t now_ms)
{
	struct tenant *tenant = find_tenant(pair, member->contract);
	int64_t since_ms;
	bool let_go = false;

	if (since_of(contract, pair, &since_ms)) {
		if (tenant == NULL) {
			pair->tenants = xreallocarray(
				pair->tenants, pair->tenant_count + 1, sizeof(*pair->tenants));
			tenant = &pair->tenants[pair->tenant_count++];
			*tenant = (struct tenant){.contract = member->contract};
		}
		tenant->since_ms = since_ms;
	} else if (tenant != NULL) {
		let_go = tenant->holds;
		*tenant = pair->tenants[--pair->tenant_count];
	}
	settle(pair, let_go, now_ms);
}

void explain_pairs_take(
	struct explain_pairs *pairs, const struct contract *contract, int64_t now_ms)
{
	struct member *member = obtain_member(pairs, contract->code);
	struct pair **before = member->pairs;
	size_t before_count = member->pair_count, i;

	member->pairs = xcalloc(contract->link_count + 1, sizeof(struct pair *));
	member->pair_count = 0;
	for (i = 0; i < contract->link_count; i++) {
		const struct contract_link *link = &contract->links[i];

		if (names_pair(contract, link))
			member->pairs[member->pair_count++] =
				obtain_pair(pairs, link->service, link->service_code);
	}
	for (i = 0; i < before_count; i++)
		update_tenant(before[i], member, contract, now_ms);
	for (i = 0; i < member->pair_count; i++)
		update_tenant(member->pairs[i], member, contract, now_ms);
	free(before);
}

struct tenure explain_pairs_tenure(const struct explain_pairs *pairs,
	const struct contract *contract, const struct contract_link *link)
{
	const struct pair *pair = find_pair(pairs, link->service, link->service_code);
	struct tenure tenure = {0};
	size_t i;

	if (pair == NULL || !names_pair(contract, link))
		return tenure;
	for (i = 0; i < pair->tenant_count; i++) {
		if (!pair->tenants[i].holds)
			continue;
		if (strcmp(pair->tenants[i].contract, contract->code) == 0)
			tenure.freed_ms = pair->freed_ms;
		else
			tenure.holder = pair->tenants[i].contract;
	}
	return tenure;
}

void explain_pairs_begun(struct explain_pairs *pairs, const struct contract *contract,
	const struct contract_link *link)
{
	const struct pair *pair = find_pair(pairs, link->service, link->service_code);
	struct tenant *tenant = pair != NULL ? find_tenant(pair, contract->code) : NULL;

	if (tenant != NULL)
		tenant->begun = true;
}
