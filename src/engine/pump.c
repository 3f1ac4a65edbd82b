#include "engine/pump.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/log.h"
#include "engine/lanes.h"
#include "engine/pump_private.h"

struct flight {
	struct pump *pump;
	struct attempt *attempt;
	struct flight *next, *previous;
	char *service;
};

struct unsaved {
	struct attempt_result *result;
	struct settling settling;
	bool applied;
	struct unsaved *next;
};

struct pump {
	struct pump_options options;
	struct settings *settings;
	struct loop_timer *poke; /* a round as soon as possible */
	struct loop_timer *due;	 /* a round at the next due instant */
	struct lanes lanes;
	struct flight *flights;
	size_t in_flight;
	struct unsaved *unsaved, **unsaved_end;
	size_t unsaved_count;
	bool draining;
	int64_t store_retry_ms; /* 0: the store works */
};

/* A started claim: what one lane's jobs need to take off. */
struct claimed {
	size_t lane;
	unsigned char token[LEASE_TOKEN_SIZE];
	struct store_job *jobs;
	size_t count;
	char (*key_ids)[SEAL_KEY_ID_MAX];
	struct buffer *sealed;
};

#define STORE_RETRY_FLOOR_MS 1000
#define STORE_RETRY_CEILING_MS 30000
/* When something is due that cannot be claimed (its target is busy elsewhere). */
#define BUSY_TARGET_MS 1000

/* The machine's edges: a poke or the due timer leads to a round, a round to flights. */
static void round_now(void *context);
static void landed(void *context, struct attempt *attempt, struct attempt_result *result);

static int64_t wall_now(const struct pump *pump)
{
	return clock_wall_ms(loop_clock(pump->options.loop));
}

static int64_t mono_now(const struct pump *pump)
{
	return clock_mono_ms(loop_clock(pump->options.loop));
}

static const struct config *config_of(const struct pump *pump)
{
	return settings_config(pump->settings);
}

/* ---- life ---- */

struct pump *pump_new(const struct pump_options *options, struct settings *settings)
{
	struct pump *pump = xcalloc(1, sizeof(*pump));

	pump->options = *options;
	pump->settings = settings_ref(settings);
	pump->poke = loop_timer_new(options->loop, round_now, pump);
	pump->due = loop_timer_new(options->loop, round_now, pump);
	pump->unsaved_end = &pump->unsaved;
	lanes_update(&pump->lanes, config_of(pump), pump->options.only_service, mono_now(pump));
	return pump;
}

static void forget_unsaved(struct pump *pump)
{
	while (pump->unsaved != NULL) {
		struct unsaved *unsaved = pump->unsaved;

		pump->unsaved = unsaved->next;
		attempt_result_clear(unsaved->result);
		free(unsaved);
	}
	pump->unsaved_end = &pump->unsaved;
	pump->unsaved_count = 0;
}

void pump_free(struct pump *pump)
{
	if (pump == NULL)
		return;
	if (pump->in_flight != 0)
		abort();
	forget_unsaved(pump);
	lanes_clear(&pump->lanes);
	loop_timer_free(pump->poke);
	loop_timer_free(pump->due);
	settings_unref(pump->settings);
	free(pump);
}

void pump_poke(struct pump *pump)
{
	loop_timer_set(pump->poke, 0);
}

void pump_use(struct pump *pump, struct settings *settings, struct pki *pki)
{
	settings_ref(settings);
	settings_unref(pump->settings);
	pump->settings = settings;
	pump->options.pki = pki;
	lanes_update(&pump->lanes, config_of(pump), pump->options.only_service, mono_now(pump));
	pump_poke(pump);
}

void pump_drain(struct pump *pump)
{
	pump->draining = true;
	pump_poke(pump);
}

void pump_abort(struct pump *pump)
{
	pump->draining = true;
	while (pump->flights != NULL)
		attempt_cancel(pump->flights->attempt);
	pump_poke(pump);
}

size_t pump_in_flight(const struct pump *pump)
{
	return pump->in_flight;
}

size_t pump_unsaved(const struct pump *pump)
{
	return pump->unsaved_count;
}

/* ---- a round's transaction: settle, then claim ---- */

static bool settle_all(struct pump *pump, struct error *error)
{
	const struct backoff_rules *rules = &config_of(pump)->backoff;
	struct unsaved *unsaved;

	for (unsaved = pump->unsaved; unsaved != NULL; unsaved = unsaved->next) {
		uint64_t random;

		pki_random(&random, sizeof(random));
		settle_compute(rules, unsaved->result, wall_now(pump), random, &unsaved->settling);
		if (!settle_store(pump->options.store, unsaved->result, &unsaved->settling,
			    &unsaved->applied, error))
			return false;
	}
	return true;
}

static void claimed_clear(struct claimed *claimed)
{
	size_t i;

	for (i = 0; i < claimed->count; i++)
		buffer_free(&claimed->sealed[i]);
	store_jobs_free(claimed->jobs, claimed->count);
	free(claimed->key_ids);
	free(claimed->sealed);
	*claimed = (struct claimed){0};
}

static struct store_claim make_claim(const struct pump *pump, size_t lane, size_t limit)
{
	const struct config *config = config_of(pump);

	return (struct store_claim){
		.service = pump->lanes.list[lane].service,
		.now_ms = wall_now(pump),
		.lease_until_ms = wall_now(pump) + config->lease_ms,
		.ignore_due = pump->options.ignore_due,
		.base_since_ms = pump->options.base_since_ms,
		.only_verifying = lane_opens_ms(&pump->lanes.list[lane], config, wall_now(pump)) >
				  wall_now(pump),
		.limit = limit,
	};
}

static bool claim_lane(
	struct pump *pump, size_t lane, size_t room, struct claimed *claimed, struct error *error)
{
	struct store_claim claim = make_claim(pump, lane, room);
	size_t i;

	pki_random(claim.token, sizeof(claim.token));
	memcpy(claimed->token, claim.token, sizeof(claim.token));
	claimed->lane = lane;
	if (!store_jobs_claim(pump->options.store, &claim, &claimed->jobs, &claimed->count, error))
		return false;
	claimed->key_ids = xcalloc(claimed->count, sizeof(*claimed->key_ids));
	claimed->sealed = xcalloc(claimed->count, sizeof(*claimed->sealed));
	for (i = 0; i < claimed->count; i++) {
		bool found;

		/* What is only to be looked at needs no key. */
		if (claimed->jobs[i].state == JOB_VERIFYING)
			continue;
		if (!store_secret_get(pump->options.store, claimed->jobs[i].certificate_id,
			    claimed->key_ids[i], &claimed->sealed[i], &found, error))
			return false;
	}
	return true;
}

static bool claim_all(struct pump *pump, struct claimed *claimed, struct error *error)
{
	size_t room = (size_t)config_of(pump)->concurrency, i;

	room = room > pump->in_flight ? room - pump->in_flight : 0;
	if (pump->draining)
		return true;
	for (i = 0; i < pump->lanes.count && room > 0; i++) {
		size_t lane = (pump->lanes.first + i) % pump->lanes.count;
		size_t wanted =
			lane_room(&pump->lanes.list[lane], config_of(pump), room, mono_now(pump));

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

/* ---- after it: tell, start, rest ---- */

static void tell_settled(struct pump *pump)
{
	struct unsaved *unsaved;

	for (unsaved = pump->unsaved; unsaved != NULL; unsaved = unsaved->next) {
		settle_log(unsaved->result, &unsaved->settling, unsaved->applied);
		if (pump->options.observer.settled != NULL && unsaved->applied)
			pump->options.observer.settled(pump->options.observer.context,
				unsaved->result, unsaved->settling.state);
	}
	forget_unsaved(pump);
}

static void take_off(struct pump *pump, struct claimed *claimed)
{
	struct lane *lane = &pump->lanes.list[claimed->lane];
	const struct attempt_options options = {
		.loop = pump->options.loop,
		.http = pump->options.http,
		.pki = pump->options.pki,
		.settings = pump->settings,
		.profile = lane_profile(lane, config_of(pump)),
	};
	size_t i, requests = 0;

	for (i = 0; i < claimed->count; i++)
		/* A look at the edge asks the service for nothing. */
		requests +=
			claimed->jobs[i].state != JOB_VERIFYING || claimed->jobs[i].remote != NULL
				? 1
				: 0;
	lane_started(lane, claimed->count, requests, mono_now(pump));
	for (i = 0; i < claimed->count; i++) {
		struct flight *flight = xcalloc(1, sizeof(*flight));

		flight->pump = pump;
		flight->service = xstrdup(lane->service);
		flight->next = pump->flights;
		if (flight->next != NULL)
			flight->next->previous = flight;
		pump->flights = flight;
		pump->in_flight++;
		flight->attempt = attempt_start(&options, &claimed->jobs[i], claimed->token,
			claimed->key_ids[i], &claimed->sealed[i], landed, flight);
	}
}

static void landed(void *context, struct attempt *attempt, struct attempt_result *result)
{
	struct flight *flight = context;
	struct pump *pump = flight->pump;
	struct unsaved *unsaved = xcalloc(1, sizeof(*unsaved));

	(void)attempt;
	unsaved->result = result;
	*pump->unsaved_end = unsaved;
	pump->unsaved_end = &unsaved->next;
	pump->unsaved_count++;
	lane_landed(lanes_find(&pump->lanes, flight->service), result, mono_now(pump));
	pump->in_flight--;
	if (flight->previous != NULL)
		flight->previous->next = flight->next;
	else
		pump->flights = flight->next;
	if (flight->next != NULL)
		flight->next->previous = flight->previous;
	free(flight->service);
	free(flight);
	if (pump->store_retry_ms == 0)
		pump_poke(pump);
}

/* Out of hours the lane's next instant is its opening, or before it what is to be looked at. */
static bool wait_for_opening(struct pump *pump, struct lane *lane, struct store_claim *claim,
	int64_t *next_ms, struct error *error)
{
	int64_t opens_ms = lane_opens_ms(lane, config_of(pump), claim->now_ms), open_next_ms;

	claim->only_verifying = false;
	if (!store_next(pump->options.store, claim, &open_next_ms, error))
		return false;
	if (open_next_ms <= claim->now_ms)
		lane_tell_closed(lane, opens_ms);
	if (open_next_ms < opens_ms)
		open_next_ms = opens_ms;
	if (open_next_ms < *next_ms)
		*next_ms = open_next_ms;
	return true;
}

/* The earliest instant at which a lane has room and something to do; false on a store's fault. */
static bool next_instant(struct pump *pump, int64_t *next_ms, struct error *error)
{
	size_t room = (size_t)config_of(pump)->concurrency, i;
	int64_t now_ms = wall_now(pump);

	*next_ms = INT64_MAX;
	if (pump->draining || pump->in_flight >= room)
		return true;
	for (i = 0; i < pump->lanes.count; i++) {
		struct store_claim claim = make_claim(pump, i, 0);
		int64_t lane_next, wait_ms;

		wait_ms = lane_wait_ms(&pump->lanes.list[i], config_of(pump), mono_now(pump));
		if (wait_ms < 0)
			continue;
		if (!store_next(pump->options.store, &claim, &lane_next, error))
			return false;
		if (claim.only_verifying &&
			!wait_for_opening(pump, &pump->lanes.list[i], &claim, &lane_next, error))
			return false;
		if (lane_next < now_ms + wait_ms)
			lane_next = now_ms + wait_ms;
		if (lane_next < *next_ms)
			*next_ms = lane_next;
	}
	return true;
}

bool pump_untried(const struct pump *pump, bool *untried, struct error *error)
{
	size_t i;

	*untried = false;
	for (i = 0; i < pump->lanes.count && !*untried; i++) {
		struct store_claim claim = make_claim(pump, i, 0);

		if (!lane_takes_requests(
			    &pump->lanes.list[i], config_of(pump), mono_now(pump), wall_now(pump)))
			continue;
		if (!store_untried(pump->options.store, &claim, untried, error))
			return false;
	}
	return true;
}

/* The results stay with us; they and all that is due wait for the store. */
static void store_failed(struct pump *pump, const struct error *error)
{
	if (pump->store_retry_ms == 0)
		log_error("%s; %zu results wait to be stored, and nothing more is sent until they "
			  "are",
			error->text, pump->unsaved_count);
	pump->store_retry_ms =
		pump->store_retry_ms == 0 ? STORE_RETRY_FLOOR_MS : 2 * pump->store_retry_ms;
	if (pump->store_retry_ms > STORE_RETRY_CEILING_MS)
		pump->store_retry_ms = STORE_RETRY_CEILING_MS;
	loop_timer_set(pump->due, pump->store_retry_ms);
}

static void store_works(struct pump *pump)
{
	if (pump->store_retry_ms != 0)
		log_notice("the store works again");
	pump->store_retry_ms = 0;
}

/* One transaction for all that is to be written; CLAIMED has a place a lane. */
static bool transact(struct pump *pump, struct claimed *claimed, struct error *error)
{
	size_t i;

	if (!store_begin(pump->options.store, error))
		return false;
	if (settle_all(pump, error) && claim_all(pump, claimed, error)) {
		if (store_commit(pump->options.store, error))
			return true;
	} else {
		store_rollback(pump->options.store);
	}
	for (i = 0; i < pump->lanes.count; i++)
		claimed_clear(&claimed[i]);
	return false;
}

static void rest(struct pump *pump, bool claimed_something)
{
	int64_t next_ms, now_ms = wall_now(pump);
	struct error error;

	if (!next_instant(pump, &next_ms, &error)) {
		store_failed(pump, &error);
		return;
	}
	if (pump->in_flight == 0 && pump->unsaved_count == 0 && pump->options.observer.idle != NULL)
		pump->options.observer.idle(pump->options.observer.context, next_ms);
	if (next_ms == INT64_MAX)
		loop_timer_cancel(pump->due);
	else if (next_ms > now_ms)
		loop_timer_set_wall(pump->due, next_ms);
	else
		loop_timer_set(pump->due, claimed_something ? 0 : BUSY_TARGET_MS);
}

static void round_now(void *context)
{
	struct pump *pump = context;
	struct claimed *claimed;
	size_t i, started = 0;
	int64_t next_ms = INT64_MAX;
	struct error error;

	loop_timer_cancel(pump->poke);
	/* Results are worth a transaction in any case; without them, only what is due is. */
	if (pump->unsaved_count == 0 && !next_instant(pump, &next_ms, &error)) {
		store_failed(pump, &error);
		return;
	}
	if (pump->unsaved_count > 0 || next_ms <= wall_now(pump)) {
		claimed = xcalloc(pump->lanes.count, sizeof(*claimed));
		if (!transact(pump, claimed, &error)) {
			free(claimed);
			store_failed(pump, &error);
			return;
		}
		tell_settled(pump);
		for (i = 0; i < pump->lanes.count; i++) {
			take_off(pump, &claimed[i]);
			started += claimed[i].count;
			claimed_clear(&claimed[i]);
		}
		free(claimed);
	}
	store_works(pump);
	rest(pump, started > 0);
}
