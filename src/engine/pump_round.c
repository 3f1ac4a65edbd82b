/* A round's transaction: what came back is settled, then what is due is claimed. */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "engine/pump_private.h"

static bool settle_all(struct pump *pump, struct error *error)
{
	const struct backoff_rules *rules = &pump_config(pump)->backoff;
	struct unsaved *unsaved;

	for (unsaved = pump->unsaved; unsaved != NULL; unsaved = unsaved->next) {
		uint64_t random;

		pki_random(&random, sizeof(random));
		settle_compute(
			rules, unsaved->result, pump_wall_now(pump), random, &unsaved->settling);
		if (!settle_store(pump->options.store, unsaved->result, &unsaved->settling,
			    &unsaved->applied, error))
			return false;
	}
	return true;
}

void pump_claimed_clear(struct claimed *claimed)
{
	size_t i;

	for (i = 0; i < claimed->count; i++) {
		buffer_free(&claimed->sealed[i]);
		free(claimed->known[i]);
	}
	store_jobs_free(claimed->jobs, claimed->count);
	free(claimed->key_ids);
	free(claimed->sealed);
	free(claimed->known);
	free(claimed->known_counts);
	*claimed = (struct claimed){0};
}

struct store_claim pump_make_claim(const struct pump *pump, size_t lane, size_t limit)
{
	int64_t now_ms = pump_wall_now(pump);
	int64_t opens_ms = lane_opens_ms(&pump->lanes.list[lane], pump_config(pump), now_ms);

	return (struct store_claim){
		.service = pump->lanes.list[lane].service,
		.now_ms = now_ms,
		.lease_until_ms = now_ms + pump_config(pump)->lease_ms,
		.ignore_due = pump->options.ignore_due,
		.base_since_ms = pump->options.base_since_ms,
		.only_verifying = opens_ms > now_ms,
		/* What would be over by the opening is given up, and not left to wait for it. */
		.or_ends_before_ms = opens_ms == INT64_MAX ? 0 : opens_ms,
		.limit = limit,
	};
}

static bool claim_lane(
	struct pump *pump, size_t lane, size_t room, struct claimed *claimed, struct error *error)
{
	/* Before the other clock is read: the lease is rather too short by this one. */
	int64_t mono_ms = pump_mono_now(pump);
	struct store_claim claim = pump_make_claim(pump, lane, room);
	size_t i;

	pki_random(claim.token, sizeof(claim.token));
	memcpy(claimed->token, claim.token, sizeof(claim.token));
	claimed->lane = lane;
	claimed->lease.wall_ms = claim.lease_until_ms;
	claimed->lease.mono_ms = mono_ms + pump_config(pump)->lease_ms;
	if (!store_jobs_claim(pump->options.store, &claim, &claimed->jobs, &claimed->count, error))
		return false;
	claimed->key_ids = xcalloc(claimed->count, sizeof(*claimed->key_ids));
	claimed->sealed = xcalloc(claimed->count, sizeof(*claimed->sealed));
	claimed->known = xcalloc(claimed->count, sizeof(*claimed->known));
	claimed->known_counts = xcalloc(claimed->count, sizeof(*claimed->known_counts));
	for (i = 0; i < claimed->count; i++) {
		bool found;

		/* What is only to be looked at needs no key. */
		if (claimed->jobs[i].state == JOB_VERIFYING)
			continue;
		if (!store_secret_get(pump->options.store, claimed->jobs[i].certificate_id,
			    claimed->key_ids[i], &claimed->sealed[i], &found, error))
			return false;
		if (claimed->jobs[i].guarded &&
			!store_known_certificates(pump->options.store, &claimed->jobs[i],
				&claimed->known[i], &claimed->known_counts[i], error))
			return false;
	}
	return true;
}

static bool claim_all(struct pump *pump, struct claimed *claimed, struct error *error)
{
	size_t room = (size_t)pump_config(pump)->concurrency, i;

	room = room > pump->in_flight ? room - pump->in_flight : 0;
	if (pump->draining)
		return true;
	for (i = 0; i < pump->lanes.count && room > 0; i++) {
		size_t lane = (pump->lanes.first + i) % pump->lanes.count;
		size_t wanted = lane_room(
			&pump->lanes.list[lane], pump_config(pump), room, pump_mono_now(pump));

		if (wanted == 0)
			continue;
		if (!claim_lane(pump, lane, wanted, &claimed[i], error))
			return false;
		room -= claimed[i].count;
	}
	if (pump->lanes.count > 0)
		pump->lanes.first = (pump->lanes.first + 1) % pump->lanes.count;
	return true;
}

bool pump_transact(struct pump *pump, struct claimed *claimed, struct error *error)
{
	struct store_lease *renewed = NULL;
	bool done = false;
	size_t i;

	if (!store_begin(pump->options.store, error))
		return false;
	/* What is in flight keeps its lease before anything is claimed by the clock as it is. */
	if (settle_all(pump, error) && pump_leases_mend(pump, &renewed, error) &&
		claim_all(pump, claimed, error))
		done = store_commit(pump->options.store, error);
	else
		store_rollback(pump->options.store);
	if (done)
		pump_leases_mended(pump, renewed);
	free(renewed);
	if (done)
		return true;
	for (i = 0; i < pump->lanes.count; i++)
		pump_claimed_clear(&claimed[i]);
	return false;
}
