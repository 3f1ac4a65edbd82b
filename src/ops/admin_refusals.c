#include "ops/admin_refusals.h"

#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/events.h"

#define PATH_SHOWN_MAX 80

/* The user's own place, or the one that has been free for the longest; NULL when none is. */
static struct admin_refusal *place_of(struct admin_refusals *refusals, uid_t uid, int64_t mono_ms)
{
	struct admin_refusal *place = NULL;
	size_t i;

	for (i = 0; i < ADMIN_REFUSALS_USERS; i++) {
		struct admin_refusal *user = &refusals->users[i];

		if (user->until_ms != 0 && user->uid == uid)
			return user;
		if (user->until_ms <= mono_ms &&
			(place == NULL || user->until_ms < place->until_ms))
			place = user;
	}
	if (place != NULL)
		*place = (struct admin_refusal){.uid = uid};
	return place;
}

void admin_refusals_tell(struct admin_refusals *refusals, const struct admin_peer *peer,
	const char *method, const char *target, int64_t mono_ms)
{
	struct admin_refusal *user = place_of(refusals, peer->uid, mono_ms);
	const struct log_field fields[] = {{"OPERATOR", peer->who}};
	size_t path = strcspn(target, "?");
	char more[64] = "";

	if (user == NULL)
		return;
	if (user->until_ms > mono_ms) {
		user->untold++;
		return;
	}
	if (user->untold > 0)
		snprintf(more, sizeof(more), "; and %zu times before, since the last such line",
			user->untold);
	user->untold = 0;
	user->until_ms = mono_ms + ADMIN_REFUSALS_MS;
	log_event(EVENT_ADMIN_REFUSED, fields, ARRAY_LENGTH(fields),
		"admin socket: %s (uid %lu) may not %s %.*s%s", peer->who, (unsigned long)peer->uid,
		method[0] != '\0' ? method : "ask for",
		(int)(path < PATH_SHOWN_MAX ? path : PATH_SHOWN_MAX), target, more);
}
