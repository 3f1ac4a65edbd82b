#include "engine/lanes.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/civil.h"
#include "base/events.h"
#include "base/text.h"

struct lane *lanes_find(struct lanes *lanes, const char *service)
{
	size_t i;

	for (i = 0; i < lanes->count; i++) {
		if (strcmp(lanes->list[i].service, service) == 0)
			return &lanes->list[i];
	}
	return NULL;
}

static struct throttle_rules rules_of(const struct profile *profile)
{
	struct throttle_rules rules = throttle_rules_default(profile->concurrency);

	rules.rate_limit = profile->rate_milli;
	rules.probe_floor_ms = profile->circuit_probe_ms;
	rules.probe_ceiling_ms = profile->circuit_probe_ceiling_ms;
	return rules;
}

void lanes_update(
	struct lanes *lanes, const struct config *config, const char *only_service, int64_t mono_ms)
{
	size_t i;

	for (i = 0; i < config->profile_count; i++) {
		const char *id = config->profiles[i].rules.id;
		struct lane *lane = lanes_find(lanes, id);

		if (only_service != NULL && strcmp(only_service, id) != 0)
			continue;
		if (lane == NULL) {
			lanes->list =
				xreallocarray(lanes->list, lanes->count + 1, sizeof(*lanes->list));
			lane = &lanes->list[lanes->count++];
			*lane = (struct lane){.service = xstrdup(id), .next_ms = INT64_MAX};
			lane->rules = rules_of(&config->profiles[i]);
			throttle_init(&lane->throttle, &lane->rules, mono_ms);
		}
		lane->rules = rules_of(&config->profiles[i]);
	}
}

void lanes_clear(struct lanes *lanes)
{
	size_t i;

	for (i = 0; i < lanes->count; i++)
		free(lanes->list[i].service);
	free(lanes->list);
	*lanes = (struct lanes){0};
}

const struct profile *lane_profile(const struct lane *lane, const struct config *config)
{
	const struct profile *profile = config_profile(config, lane->service);

	return profile != NULL && profile->endpoint != NULL ? profile : NULL;
}

size_t lane_room(
	const struct lane *lane, const struct config *config, size_t global_room, int64_t mono_ms)
{
	size_t room;

	if (lane_profile(lane, config) == NULL)
		return 0;
	room = throttle_room(&lane->throttle, &lane->rules, lane->in_flight, mono_ms);
	return room < global_room ? room : global_room;
}

int64_t lane_wait_ms(const struct lane *lane, const struct config *config, int64_t mono_ms)
{
	int64_t next_ms;

	if (lane_profile(lane, config) == NULL)
		return -1;
	next_ms = throttle_next(&lane->throttle, &lane->rules, lane->in_flight, mono_ms);
	return next_ms == INT64_MAX ? -1 : next_ms - mono_ms;
}

int64_t lane_opens_ms(const struct lane *lane, const struct config *config, int64_t wall_ms)
{
	const struct profile *profile = lane_profile(lane, config);
	int64_t opens_ms;
	struct error error;

	if (profile == NULL || !profile->rules.has_hours)
		return wall_ms;
	if (!hours_next(
		    &profile->rules.hours, &config->rulebook.calendar, wall_ms, &opens_ms, &error))
		return INT64_MAX;
	return opens_ms;
}

void lane_tell_closed(struct lane *lane, int64_t opens_ms)
{
	const struct log_field fields[] = {{"SERVICE", lane->service}, {"OUTCOME", "closed"}};
	char opens[CIVIL_INSTANT_MAX];

	if (lane->told_closed_ms == opens_ms)
		return;
	lane->told_closed_ms = opens_ms;
	civil_format_instant(opens, opens_ms, TOKYO_OFFSET_MIN);
	log_event(EVENT_SERVICE_CLOSED, fields, ARRAY_LENGTH(fields),
		"service %s is outside its hours: what is due there waits until %s", lane->service,
		opens);
}

void lane_pause(struct lane *lane, bool paused, bool waits)
{
	const struct log_field fields[] = {
		{"SERVICE", lane->service}, {"OUTCOME", paused ? "paused" : "resumed"}};

	if (paused && waits && !lane->told_paused)
		log_event(EVENT_SERVICE_PAUSE_HOLDS, fields, ARRAY_LENGTH(fields),
			"service %s is paused by an operator: what is due there waits until it is "
			"resumed",
			lane->service);
	else if (!paused && lane->told_paused)
		log_event(EVENT_SERVICE_PAUSE_OVER, fields, ARRAY_LENGTH(fields),
			"service %s is resumed: what waited there goes on", lane->service);
	lane->told_paused = paused && (waits || lane->told_paused);
	lane->paused = paused;
}

bool lane_takes_requests(
	const struct lane *lane, const struct config *config, int64_t mono_ms, int64_t wall_ms)
{
	return lane_profile(lane, config) != NULL && !lane->paused &&
	       lane_opens_ms(lane, config, wall_ms) <= wall_ms &&
	       throttle_state_at(&lane->throttle, mono_ms) == THROTTLE_FLOWING;
}

void lane_started(struct lane *lane, size_t count, size_t requests, int64_t mono_ms)
{
	if (requests > 0)
		throttle_started(&lane->throttle, &lane->rules, lane->in_flight, requests, mono_ms);
	lane->in_flight += count;
}

static void log_change(const struct lane *lane, enum throttle_state before, int64_t mono_ms)
{
	const struct log_field fields[] = {
		{"SERVICE", lane->service}, {"OUTCOME", throttle_state_name(lane->throttle.state)}};
	char wait[48];

	if (lane->throttle.state == before)
		return;
	text_from_duration_ms(wait, sizeof(wait), lane->throttle.until_ms - mono_ms);
	switch (lane->throttle.state) {
	case THROTTLE_CIRCUIT_OPEN:
		log_event(EVENT_SERVICE_CIRCUIT_OPEN, fields, ARRAY_LENGTH(fields),
			"service %s does not answer: one request in %s sees whether it lives "
			"again, the "
			"others wait",
			lane->service, wait);
		return;
	case THROTTLE_PAUSED:
		log_event(EVENT_SERVICE_PAUSED, fields, ARRAY_LENGTH(fields),
			"service %s asked for a pause: %s", lane->service, wait);
		return;
	case THROTTLE_FLOWING:
		if (before == THROTTLE_PROBING || before == THROTTLE_CIRCUIT_OPEN)
			log_event(EVENT_SERVICE_ANSWERS, fields, ARRAY_LENGTH(fields),
				"service %s answers again", lane->service);
		return;
	case THROTTLE_PROBING:
		return;
	}
}

/* An eighth of each new one, so that a few stragglers change little. */
static void note_duration(struct lane *lane, int64_t took_ms)
{
	int64_t took_us = (took_ms > 0 ? took_ms : 1) * 1000;

	lane->takes_us =
		lane->takes_us == 0 ? took_us : lane->takes_us + (took_us - lane->takes_us) / 8;
}

size_t lane_pace(const struct lane *lane, size_t count, int64_t span_ms)
{
	return lane->takes_us == 0 ? 0 : (size_t)((int64_t)count * span_ms * 1000 / lane->takes_us);
}

void lane_landed(
	struct lane *lane, const struct attempt_result *result, int64_t started_ms, int64_t mono_ms)
{
	enum throttle_state before = lane->throttle.state;

	lane->in_flight--;
	lane->stalled = false;
	if (!result->interrupted)
		note_duration(lane, mono_ms - started_ms);
	if (!result->asked)
		return;
	throttle_result(
		&lane->throttle, &lane->rules, result->answer, result->retry_after_ms, mono_ms);
	log_change(lane, before, mono_ms);
}
