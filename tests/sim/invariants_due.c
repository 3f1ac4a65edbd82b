/* What is sent when: the due instant, counted anew, and the services' hours. */
#include <string.h>

#include "base/alloc.h"
#include "sim.h"

/* What the wall clock said before it was stepped, where that is no longer ago than a lease. */
static int64_t wall_before(void)
{
	bool recent = world->latest_wall_at_ms + 10 * INT64_C(60000) > mono_now();

	return recent ? world->latest_wall_ms : wall_now();
}

static int64_t latest_wall(void)
{
	return wall_before() > wall_now() ? wall_before() : wall_now();
}

bool same_link(const struct estate_link *link, const struct store_job *job)
{
	return link->service < SERVICE_COUNT &&
	       strcmp(service_names[link->service], job->service) == 0 &&
	       strcmp(link->code, job->service_code) == 0;
}

/* Counted here anew, from the snapshot and by the calendar. */
static bool is_due(const struct snapshot *snapshot, const struct estate_link *link)
{
	const struct rulebook *rulebook = &settings_config(world->settings)->rulebook;
	const struct service_rules *service =
		rulebook_service(rulebook, service_names[link->service]);
	const struct schedule_rules rules = {service->business_days, 9 * 60, 24 * 60};
	int64_t base_ms =
		snapshot->at_ms > link->since_ms / 1000 * 1000 ? snapshot->at_ms : link->since_ms;
	int64_t due_ms;
	struct error error;

	if (!schedule_due(&rulebook->calendar, &rules, base_ms, &due_ms, &error))
		violated("no due instant: %s", error.text);
	return due_ms <= latest_wall();
}

/* What was begun when it was due stays so when the clock is set back after it. */
static bool was_due(const struct store_job *job)
{
	for (size_t i = world->begun_count; i > 0; i--) {
		const struct begun *begun = &world->begun[i - 1];

		if (begun->job == job->id && begun->generation == job->generation &&
			begun->base_ms == job->base_ms)
			return true;
	}
	return false;
}

static void note_due(const struct store_job *job)
{
	world->begun = xreallocarray(world->begun, world->begun_count + 1, sizeof(*world->begun));
	world->begun[world->begun_count++] = (struct begun){job->id, job->generation, job->base_ms};
}

enum wanted {
	WANTED_NOT,
	WANTED_LATER,
	WANTED_NOW,
};

/* Whether a snapshot up to REVISION wants this install, and by now. */
static enum wanted wanted_when(const struct store_job *job, int64_t revision)
{
	const struct estate_contract *contract =
		&world->contracts[estate_contract_of(job->contract)];
	int certificate = certificate_of_fingerprint(job->fingerprint);
	enum wanted wanted = WANTED_NOT;

	for (int64_t r = 0; r < revision; r++) {
		const struct snapshot *snapshot = &contract->snapshots[r];

		if (snapshot->certificate != certificate || snapshot->ended)
			continue;
		for (size_t i = 0; i < snapshot->link_count; i++) {
			if (!same_link(&snapshot->links[i], job) ||
				estate_refuses(contract, &snapshot->links[i]))
				continue;
			wanted = WANTED_LATER;
			if (is_due(snapshot, &snapshot->links[i]))
				return WANTED_NOW;
		}
	}
	return wanted;
}

void note_claimed(const struct store_job *job, int64_t revision)
{
	if (!was_due(job) && wanted_when(job, revision) == WANTED_NOW)
		note_due(job);
}

void check_wanted(const struct store_job *job, int64_t revision)
{
	enum wanted wanted = wanted_when(job, revision);

	if (wanted == WANTED_NOT)
		violated("job %lld is sent that no snapshot wants", (long long)job->id);
	if (wanted == WANTED_LATER && !was_due(job))
		violated("job %lld is sent before its due instant", (long long)job->id);
}

#define WAF_FROM_MINUTE (8 * 60)
#define WAF_UNTIL_MINUTE (20 * 60)
/* A push may come this much after its claim: what is asked before it takes its time. */
#define BEGUN_BEFORE_MS (3 * INT64_C(60000))

static bool within_hours(int64_t wall_ms)
{
	int minute = (int)((wall_ms / 60000 + TOKYO_OFFSET_MIN) % INT64_C(1440));

	return minute >= WAF_FROM_MINUTE && minute < WAF_UNTIL_MINUTE;
}

void check_hours(const struct store_job *job)
{
	if (service_number(job->service) != SERVICE_WAF || within_hours(wall_now()) ||
		within_hours(wall_now() - BEGUN_BEFORE_MS) || within_hours(wall_before()))
		return;
	violated("job %lld is sent outside the service's hours", (long long)job->id);
}

void check_paused(const struct store_job *job)
{
	int64_t paused_at_ms = world->services[service_number(job->service)].paused_at_ms;

	if (paused_at_ms != 0 && mono_now() - paused_at_ms > IN_FLIGHT_MS)
		violated("job %lld is sent, but %s is paused", (long long)job->id, job->service);
}
