#ifndef ENGINE_LANES_H
#define ENGINE_LANES_H

#include <stddef.h>

#include "config/config.h"

/* What each linked service has in flight, against what it may have. */
struct lane {
	char *service;
	size_t in_flight;
};

struct lanes {
	struct lane *list;
	size_t count;
	size_t first; /* whose turn it is to claim first, when all together have too little room */
};

/* Adds a lane for each service of CONFIG that has none (only ONLY_SERVICE, unless NULL). */
void lanes_update(struct lanes *lanes, const struct config *config, const char *only_service);
void lanes_clear(struct lanes *lanes);

/* NULL when there is none. */
struct lane *lanes_find(struct lanes *lanes, const char *service);

/* The profile to send with; NULL when it is gone from CONFIG or has no address: then jobs wait. */
const struct profile *lane_profile(const struct lane *lane, const struct config *config);

/* How many more LANE may start, of GLOBAL_ROOM that all may. */
size_t lane_room(const struct lane *lane, const struct config *config, size_t global_room);

#endif
