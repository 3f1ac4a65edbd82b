#include "engine/writer.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "engine/progress.h"

/* What the clock of a lease and ours may differ by without one having been stepped. */
#define STEP_MS 1000

void claimed_clear(struct claimed *claimed)
{
	store_job_clear(&claimed->job);
	buffer_free(&claimed->sealed);
	free(claimed->known);
	*claimed = (struct claimed){0};
}

static void forget_claimed(struct order *order)
{
	size_t i, j;

	for (i = 0; i < order->lane_count; i++) {
		for (j = 0; j < order->lanes[i].count; j++)
			claimed_clear(&order->lanes[i].claimed[j]);
		free(order->lanes[i].claimed);
		order->lanes[i].claimed = NULL;
		order->lanes[i].count = 0;
	}
}

void order_clear(struct order *order)
{
	forget_claimed(order);
	free(order->returns);
	free(order->renewals);
	free(order->ready);
	free(order->lanes);
}

/* ---- claiming ---- */

static bool complete(struct store *store, struct claimed *claimed, struct error *error)
{
	bool found;

	/* What is only to be looked at needs no key. */
	if (claimed->job.state == JOB_VERIFYING)
		return true;
	return store_secret_get(store, claimed->job.certificate_id, claimed->key_id,
		       &claimed->sealed, &found, error) &&
	       (!claimed->job.guarded || store_known_certificates(store, &claimed->job,
						 &claimed->known, &claimed->known_count, error));
}

static bool claim(struct order *order, struct order_lane *lane, struct error *error)
{
	struct store_job *jobs;
	size_t i;
	bool done = true;

	if (!store_jobs_claim(order->store, &lane->claim, &jobs, &lane->count, error))
		return false;
	lane->claimed = xcalloc(lane->count, sizeof(*lane->claimed));
	for (i = 0; i < lane->count; i++)
		lane->claimed[i].job = jobs[i];
	free(jobs);
	for (i = 0; i < lane->count && done; i++)
		done = complete(order->store, &lane->claimed[i], error);
	return done;
}

/* What LANE would claim, with ROOM left for all. */
static void set_limit(struct order_lane *lane, size_t room)
{
	size_t wanted = (lane->room < room ? lane->room : room) + lane->ahead;

	lane->limit = wanted > lane->ready ? wanted - lane->ready : 0;
	lane->claim.limit = lane->limit;
}

static bool claim_all(struct order *order, struct error *error)
{
	size_t room = order->room, i;

	for (i = 0; i < order->lane_count; i++) {
		struct order_lane *lane = &order->lanes[i];
		size_t starts;

		set_limit(lane, room);
		if (lane->limit > 0 && !claim(order, lane, error))
			return false;
		starts = lane->ready + lane->count;
		starts = starts < lane->room ? starts : lane->room;
		room -= starts < room ? starts : room;
	}
	return true;
}

/* ---- pauses ---- */

static void pause_lane(void *context, const struct store_pause *pause)
{
	struct order *order = context;
	size_t i;

	for (i = 0; i < order->lane_count; i++) {
		struct order_lane *lane = &order->lanes[i];

		if (strcmp(lane->claim.service, pause->service) != 0)
			continue;
		lane->paused = true;
		lane->claim.only_verifying = true;
		/* It is not known when it goes on. */
		lane->claim.or_ends_before_ms = 0;
		lane->opens_ms = INT64_MAX;
	}
}

static bool look_at_pauses(struct order *order, struct error *error)
{
	return store_pauses(order->store, pause_lane, order, error);
}

/* ---- when there is something to do ---- */

/* Out of hours that is the opening, or before it what is to be looked at. */
static bool ask_next(struct order *order, struct order_lane *lane, struct error *error)
{
	struct store_claim claim = lane->claim;
	int64_t next_ms;

	if (!store_next(order->store, &claim, &lane->next_ms, error))
		return false;
	if (!claim.only_verifying)
		return true;
	claim.only_verifying = false;
	if (!store_next(order->store, &claim, &next_ms, error))
		return false;
	lane->waits_for_opening = next_ms <= claim.now_ms;
	if (next_ms < lane->opens_ms)
		next_ms = lane->opens_ms;
	if (next_ms < lane->next_ms)
		lane->next_ms = next_ms;
	return true;
}

static bool ask_all(struct order *order, struct error *error)
{
	size_t i;

	for (i = 0; i < order->lane_count; i++) {
		if (!ask_next(order, &order->lanes[i], error))
			return false;
	}
	return store_leases_look(order->store, order->ready, order->ready_count, error);
}

/* ---- the whole ---- */

static bool settle_all(struct order *order, struct error *error)
{
	return settle_store(order->store, order->results, error) &&
	       progress_store(order->store, order->results, order->now_ms, error);
}

/* In this order: what is in flight keeps its lease before anything is claimed by the clock as it
 * is. */
static bool write_all(struct order *order, bool too_long, struct error *error)
{
	return settle_all(order, error) && look_at_pauses(order, error) &&
	       store_jobs_return(order->store, order->returns, order->return_count, error) &&
	       store_leases_renew(order->store, order->renewals, order->renewal_count, error) &&
	       (!too_long || store_leases_shorten(order->store, order->now_ms + order->longest_ms,
				     &order->shortened, error)) &&
	       claim_all(order, error) && ask_all(order, error);
}

static bool transact(struct order *order, bool too_long, struct error *error)
{
	if (!store_begin(order->store, error))
		return false;
	if (write_all(order, too_long, error))
		return store_commit(order->store, error);
	store_rollback(order->store);
	return false;
}

/* Whether a lane that has room finds something; what it asked the store for stays known. */
static bool finds_something(struct order *order, bool *found, struct error *error)
{
	size_t i;

	*found = false;
	for (i = 0; i < order->lane_count && !*found; i++) {
		struct order_lane *lane = &order->lanes[i];
		int64_t next_ms;

		set_limit(lane, order->room);
		if (lane->limit == 0)
			continue;
		if (!store_next(order->store, &lane->claim, &next_ms, error))
			return false;
		*found = next_ms <= lane->claim.now_ms;
	}
	return true;
}

static bool carry_out(struct order *order, struct error *error)
{
	int64_t last_ms;
	bool too_long;

	if (!store_lease_last(order->store, &last_ms, error) || !look_at_pauses(order, error))
		return false;
	too_long = last_ms > order->now_ms + order->longest_ms + STEP_MS;
	order->wrote = too_long || order->results != NULL || order->return_count > 0 ||
		       order->renewal_count > 0;
	/* These are worth a transaction in any case; without them, only what is due is. */
	if (!order->wrote && !finds_something(order, &order->wrote, error))
		return false;
	return order->wrote ? transact(order, too_long, error) : ask_all(order, error);
}

void order_carry_out(struct order *order)
{
	order->shortened = 0;
	order->done = carry_out(order, &order->error);
	if (!order->done)
		forget_claimed(order);
}
