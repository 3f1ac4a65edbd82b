#ifndef DOMAIN_JOB_H
#define DOMAIN_JOB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "domain/certificate.h"

/* The life of one install: one certificate on one link. DESIGN.md, "Words". */
enum job_state {
	JOB_HELD,
	JOB_SCHEDULED,
	JOB_INSTALLING,
	JOB_VERIFYING,
	JOB_RETRYING,
	JOB_INSTALLED,
	JOB_FAILED,
	JOB_REFUSED,
	JOB_SUPERSEDED,
	JOB_CANCELLED,
	JOB_STATE_COUNT
};

const char *job_state_name(enum job_state state);
bool job_state_from_name(const char *name, enum job_state *state);
/*
 * True for the states that nothing leaves by itself: an operator can retry a failed job, and a
 * change of the contract can bring any of them back.
 */
bool job_state_is_final(enum job_state state);
/* True while the certificate's key may still be needed: all but installed, refused, superseded,
 * cancelled. */
bool job_state_needs_key(enum job_state state);

enum job_event {
	JOB_EVENT_HOLD,	      /* another contract has its service code */
	JOB_EVENT_RELEASE,    /* what held it let go */
	JOB_EVENT_CLAIM,      /* a lease was taken to push */
	JOB_EVENT_PUSHED,     /* the service took it, the edge is still to be looked at */
	JOB_EVENT_CONFIRMED,  /* the edge serves it, or there is no edge to look at */
	JOB_EVENT_TEMPORARY,  /* may succeed later */
	JOB_EVENT_PERMANENT,  /* will not succeed */
	JOB_EVENT_GIVE_UP,    /* too old, or no validity left */
	JOB_EVENT_SUPERSEDE,  /* a newer certificate took its place */
	JOB_EVENT_CANCEL,     /* its link or contract is gone, or an operator said so */
	JOB_EVENT_REFUSE,     /* a later judgement of its link refuses it */
	JOB_EVENT_RESCHEDULE, /* a later judgement accepts it, or gives another due instant, or it
				 is to be installed once more */
	JOB_EVENT_OPERATOR_RETRY,
	JOB_EVENT_TAKE_AWAY, /* an operator gave its service code to another contract */
	JOB_EVENT_COUNT
};

/*
 * The one transition table. Returns false when EVENT means nothing in STATE (a late answer, say);
 * *NEXT is then STATE.
 */
bool job_transition(enum job_state state, enum job_event event, enum job_state *next);

#endif
