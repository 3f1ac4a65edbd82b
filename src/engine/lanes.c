#include "engine/lanes.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

struct lane *lanes_find(struct lanes *lanes, const char *service)
{
	size_t i;

	for (i = 0; i < lanes->count; i++) {
		if (strcmp(lanes->list[i].service, service) == 0)
			return &lanes->list[i];
	}
	return NULL;
}

void lanes_update(struct lanes *lanes, const struct config *config, const char *only_service)
{
	size_t i;

	for (i = 0; i < config->profile_count; i++) {
		const char *id = config->profiles[i].rules.id;

		if (lanes_find(lanes, id) != NULL)
			continue;
		if (only_service != NULL && strcmp(only_service, id) != 0)
			continue;
		lanes->list = xreallocarray(lanes->list, lanes->count + 1, sizeof(*lanes->list));
		lanes->list[lanes->count++] = (struct lane){.service = xstrdup(id)};
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

size_t lane_room(const struct lane *lane, const struct config *config, size_t global_room)
{
	const struct profile *profile = lane_profile(lane, config);
	size_t window;

	if (profile == NULL || lane->in_flight >= (size_t)profile->concurrency)
		return 0;
	window = (size_t)profile->concurrency - lane->in_flight;
	return window < global_room ? window : global_room;
}
