#include "domain/job.h"

#include <string.h>

static const char *const state_names[JOB_STATE_COUNT] = {
	[JOB_HELD] = "held",
	[JOB_SCHEDULED] = "scheduled",
	[JOB_INSTALLING] = "installing",
	[JOB_VERIFYING] = "verifying",
	[JOB_RETRYING] = "retrying",
	[JOB_INSTALLED] = "installed",
	[JOB_FAILED] = "failed",
	[JOB_REFUSED] = "refused",
	[JOB_SUPERSEDED] = "superseded",
	[JOB_CANCELLED] = "cancelled",
};

const char *job_state_name(enum job_state state)
{
	return state < JOB_STATE_COUNT ? state_names[state] : "unknown";
}

bool job_state_from_name(const char *name, enum job_state *state)
{
	int i;

	for (i = 0; i < JOB_STATE_COUNT; i++) {
		if (strcmp(state_names[i], name) == 0) {
			*state = (enum job_state)i;
			return true;
		}
	}
	return false;
}

bool job_state_is_final(enum job_state state)
{
	return state >= JOB_INSTALLED;
}

bool job_state_needs_key(enum job_state state)
{
	return state <= JOB_RETRYING || state == JOB_FAILED;
}

/* A state plus one, so that 0 (what the table leaves out) means "nothing happens". */
#define TO(state) ((state) + 1)

static const unsigned char transitions[JOB_STATE_COUNT][JOB_EVENT_COUNT] = {
	[JOB_HELD] =
		{
			[JOB_EVENT_RELEASE] = TO(JOB_SCHEDULED),
			[JOB_EVENT_GIVE_UP] = TO(JOB_FAILED),
			[JOB_EVENT_SUPERSEDE] = TO(JOB_SUPERSEDED),
			[JOB_EVENT_CANCEL] = TO(JOB_CANCELLED),
			[JOB_EVENT_REFUSE] = TO(JOB_REFUSED),
		},
	[JOB_SCHEDULED] =
		{
			[JOB_EVENT_HOLD] = TO(JOB_HELD),
			[JOB_EVENT_CLAIM] = TO(JOB_INSTALLING),
			[JOB_EVENT_GIVE_UP] = TO(JOB_FAILED),
			[JOB_EVENT_SUPERSEDE] = TO(JOB_SUPERSEDED),
			[JOB_EVENT_CANCEL] = TO(JOB_CANCELLED),
			[JOB_EVENT_REFUSE] = TO(JOB_REFUSED),
			[JOB_EVENT_RESCHEDULE] = TO(JOB_SCHEDULED),
			[JOB_EVENT_TAKE_AWAY] = TO(JOB_HELD),
		},
	[JOB_INSTALLING] =
		{
			/* Claimed again after its lease ran out: the process that held it is gone.
			 */
			[JOB_EVENT_CLAIM] = TO(JOB_INSTALLING),
			[JOB_EVENT_PUSHED] = TO(JOB_VERIFYING),
			[JOB_EVENT_CONFIRMED] = TO(JOB_INSTALLED),
			[JOB_EVENT_TEMPORARY] = TO(JOB_RETRYING),
			[JOB_EVENT_PERMANENT] = TO(JOB_FAILED),
			[JOB_EVENT_GIVE_UP] = TO(JOB_FAILED),
			[JOB_EVENT_SUPERSEDE] = TO(JOB_SUPERSEDED),
			[JOB_EVENT_CANCEL] = TO(JOB_CANCELLED),
			[JOB_EVENT_REFUSE] = TO(JOB_REFUSED),
			[JOB_EVENT_TAKE_AWAY] = TO(JOB_HELD),
		},
	[JOB_VERIFYING] =
		{
			[JOB_EVENT_CLAIM] = TO(JOB_VERIFYING),
			/* The edge still serves the old one: looked at again. */
			[JOB_EVENT_PUSHED] = TO(JOB_VERIFYING),
			[JOB_EVENT_CONFIRMED] = TO(JOB_INSTALLED),
			[JOB_EVENT_TEMPORARY] = TO(JOB_RETRYING),
			[JOB_EVENT_PERMANENT] = TO(JOB_FAILED),
			[JOB_EVENT_GIVE_UP] = TO(JOB_FAILED),
			[JOB_EVENT_SUPERSEDE] = TO(JOB_SUPERSEDED),
			[JOB_EVENT_CANCEL] = TO(JOB_CANCELLED),
			[JOB_EVENT_REFUSE] = TO(JOB_REFUSED),
			[JOB_EVENT_TAKE_AWAY] = TO(JOB_HELD),
		},
	[JOB_RETRYING] =
		{
			[JOB_EVENT_HOLD] = TO(JOB_HELD),
			[JOB_EVENT_CLAIM] = TO(JOB_INSTALLING),
			[JOB_EVENT_GIVE_UP] = TO(JOB_FAILED),
			[JOB_EVENT_SUPERSEDE] = TO(JOB_SUPERSEDED),
			[JOB_EVENT_CANCEL] = TO(JOB_CANCELLED),
			[JOB_EVENT_REFUSE] = TO(JOB_REFUSED),
			[JOB_EVENT_OPERATOR_RETRY] = TO(JOB_SCHEDULED),
			[JOB_EVENT_TAKE_AWAY] = TO(JOB_HELD),
		},
	[JOB_INSTALLED] =
		{
			/* Its link came back later, or another certificate was there since. */
			[JOB_EVENT_HOLD] = TO(JOB_HELD),
			[JOB_EVENT_RESCHEDULE] = TO(JOB_SCHEDULED),
			[JOB_EVENT_REFUSE] = TO(JOB_REFUSED),
		},
	[JOB_FAILED] =
		{
			[JOB_EVENT_HOLD] = TO(JOB_HELD),
			[JOB_EVENT_RESCHEDULE] = TO(JOB_SCHEDULED),
			[JOB_EVENT_SUPERSEDE] = TO(JOB_SUPERSEDED),
			[JOB_EVENT_CANCEL] = TO(JOB_CANCELLED),
			[JOB_EVENT_REFUSE] = TO(JOB_REFUSED),
			[JOB_EVENT_OPERATOR_RETRY] = TO(JOB_SCHEDULED),
		},
	[JOB_REFUSED] =
		{
			[JOB_EVENT_HOLD] = TO(JOB_HELD),
			[JOB_EVENT_SUPERSEDE] = TO(JOB_SUPERSEDED),
			[JOB_EVENT_CANCEL] = TO(JOB_CANCELLED),
			[JOB_EVENT_RESCHEDULE] = TO(JOB_SCHEDULED),
		},
	[JOB_SUPERSEDED] =
		{
			/* The contract went back to its certificate. */
			[JOB_EVENT_HOLD] = TO(JOB_HELD),
			[JOB_EVENT_RESCHEDULE] = TO(JOB_SCHEDULED),
			[JOB_EVENT_REFUSE] = TO(JOB_REFUSED),
		},
	[JOB_CANCELLED] =
		{
			/* Its link came back with the same certificate. */
			[JOB_EVENT_HOLD] = TO(JOB_HELD),
			[JOB_EVENT_RESCHEDULE] = TO(JOB_SCHEDULED),
			[JOB_EVENT_REFUSE] = TO(JOB_REFUSED),
			[JOB_EVENT_SUPERSEDE] = TO(JOB_SUPERSEDED),
			/* An operator's second thought. */
			[JOB_EVENT_OPERATOR_RETRY] = TO(JOB_SCHEDULED),
		},
};

bool job_transition(enum job_state state, enum job_event event, enum job_state *next)
{
	unsigned int to = transitions[state][event];

	*next = to != 0 ? (enum job_state)(to - 1) : state;
	return to != 0;
}
