#include "engine/intervene.h"

#include <string.h>

#include "base/alloc.h"
#include "engine/intake_private.h"

/* ---- giving ---- */

static bool give(struct work *work, const struct work_pair *pair, struct store_tenant *tenant,
	struct error *error)
{
	bool gets = strcmp(tenant->contract, pair->holder) == 0;

	tenant->holds = gets;
	tenant->freed_ms = gets ? work->now_ms : 0;
	tenant->given_ms = tenant->freed_ms;
	return store_tenant_put(work->store, pair->service, pair->service_code, tenant, error);
}

/* The one that loses it first, since one alone has it. */
static bool give_all(struct work *work, const struct work_pair *pair, struct error *error)
{
	struct store_tenant *tenants;
	size_t i, count;
	bool done = true;

	if (!store_tenants_of_pair(
		    work->store, pair->service, pair->service_code, &tenants, &count, error))
		return false;
	for (i = 0; i < count && done; i++) {
		if (tenants[i].holds)
			done = give(work, pair, &tenants[i], error);
	}
	for (i = 0; i < count && done; i++) {
		if (strcmp(tenants[i].contract, pair->holder) == 0)
			done = give(work, pair, &tenants[i], error);
	}
	store_tenants_free(tenants, count);
	return done;
}

bool intervene_give(const struct settings *settings, struct store *store, int64_t now_ms,
	const char *service, const char *service_code, const char *from, const char *to,
	struct error *error)
{
	struct applied applied = {0};
	struct work work = {
		.settings = settings, .store = store, .now_ms = now_ms, .applied = &applied};
	struct work_pair *pair = xcalloc(1, sizeof(*pair));
	bool done;

	*pair = (struct work_pair){
		.service = xstrdup(service),
		.service_code = xstrdup(service_code),
		.before = xstrdup(from),
		.holder = xstrdup(to),
		.given = true,
	};
	work.pairs = pair;
	work.pair_count = 1;
	done = give_all(&work, pair, error) && succession_follow_pair(&work, pair, error);
	succession_end(&work);
	applied_clear(&applied);
	return done;
}

/* ---- bringing back ---- */

struct bringing {
	struct work work;
	const struct store_job *job;
	struct contract contract;
	size_t link;
};

/* Whether the service may have one of the contract's that was issued later. */
static bool newer_was_there(struct bringing *bringing, bool *was_there, struct error *error)
{
	const struct store_job *job = bringing->job;
	struct store_job *jobs;
	size_t i, count;

	*was_there = false;
	if (!store_jobs_of_contract(bringing->work.store, job->contract, &jobs, &count, error))
		return false;
	for (i = 0; i < count; i++) {
		const struct store_job *other = &jobs[i];

		if (job_was_tried(other) && other->issued_ms > job->issued_ms &&
			strcmp(other->service, job->service) == 0 &&
			strcmp(other->service_code, job->service_code) == 0 &&
			strcmp(other->fqdn, job->fqdn) == 0)
			*was_there = true;
	}
	store_jobs_free(jobs, count);
	return true;
}

/* Whether all that it needs is here: of a wiped key, or another certificate, a record tells. */
static bool is_whole(const struct bringing *bringing, const struct store_certificate *certificate)
{
	return bringing->contract.has_certificate &&
	       bringing->contract.certificate_at_ms == bringing->job->issued_ms &&
	       certificate->has_secret;
}

static bool judge(struct bringing *bringing, struct error *error)
{
	const struct store_job *job = bringing->job;
	struct work_pair pair = {.service = job->service,
		.service_code = job->service_code,
		.holder = job->contract};
	struct store_tenant *tenants;
	int64_t freed_ms = 0;
	size_t i, count;
	bool done;

	if (!store_tenants_of_pair(
		    bringing->work.store, job->service, job->service_code, &tenants, &count, error))
		return false;
	for (i = 0; i < count; i++) {
		if (tenants[i].holds) {
			pair.holder = tenants[i].contract;
			freed_ms = tenants[i].freed_ms;
		}
	}
	done = succession_judge(
		&bringing->work, &pair, &bringing->contract, bringing->link, job, freed_ms, error);
	store_tenants_free(tenants, count);
	return done;
}

static bool bring_back(struct bringing *bringing, enum intervene_back *back, struct error *error)
{
	const struct store_job *job = bringing->job;
	struct store_certificate certificate;
	bool found, overtaken;

	*back = BACK_NO_LINK;
	if (bringing->contract.state != CONTRACT_ACTIVE ||
		!find_link(&bringing->contract, job, &bringing->link))
		return true;
	if (!newer_was_there(bringing, &overtaken, error) ||
		!store_certificate_find(
			bringing->work.store, job->fingerprint, &certificate, &found, error))
		return false;
	*back = overtaken ? BACK_OVERTAKEN : BACK_WITH_RECORD;
	if (overtaken || !found || !is_whole(bringing, &certificate))
		return true;
	*back = BACK_IN_QUEUE;
	return judge(bringing, error);
}

bool intervene_bring_back(const struct settings *settings, struct store *store, int64_t now_ms,
	const struct store_job *job, enum intervene_back *back, struct error *error)
{
	struct applied applied = {0};
	struct bringing bringing = {
		.work = {.settings = settings,
			.store = store,
			.now_ms = now_ms,
			.applied = &applied},
		.job = job,
	};
	struct buffer snapshot = {0};
	bool found, done;

	*back = BACK_NO_LINK;
	done = store_contract_snapshot(store, job->contract, &snapshot, &found, error);
	if (done && found)
		done = record_from_canonical(buffer_text(&snapshot), &bringing.contract, error) &&
		       bring_back(&bringing, back, error);
	contract_clear(&bringing.contract);
	buffer_free(&snapshot);
	applied_clear(&applied);
	return done;
}
