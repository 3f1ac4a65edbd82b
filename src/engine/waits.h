#ifndef ENGINE_WAITS_H
#define ENGINE_WAITS_H

#include "base/clock.h"
#include "engine/settings.h"
#include "store/store.h"

/*
 * Retries and looks wait for an instant of the wall clock. Were it a day ahead when the instant was
 * written and then set right, they would wait for a day and not for seconds. So at the start, and
 * whenever the clock was set back, such waits are cut to what they were meant to be. Due instants
 * are no waits: they stay.
 */
struct waits {
	int64_t ahead_ms; /* of the wall clock before the monotonic one, at the last look */
	bool looked;
};

/*
 * Looks at CLOCK; {0} is the start. Cheap while the clock goes on. A store that cannot be written
 * is asked again at the next look; the pump tells of it.
 */
void waits_look(struct waits *waits, const struct clock *clock, struct store *store,
	const struct settings *settings);

#endif
