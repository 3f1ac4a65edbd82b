#ifndef ENGINE_ATTEMPT_H
#define ENGINE_ATTEMPT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buffer.h"
#include "domain/guard.h"
#include "domain/job.h"
#include "domain/throttle.h"
#include "engine/crew.h"
#include "engine/settings.h"
#include "net/http.h"
#include "net/loop.h"
#include "pki/pki.h"
#include "store/store.h"

/*
 * One try of one leased job: push, unless the service has it already; where the service goes on by
 * itself, ask until it is over (in later tries); then look at what the edges serve. Touches no
 * store; what came of it goes to the pump as a value.
 */
struct attempt;

#define ATTEMPT_TEXT_MAX 512
/* One line of the job's history. */
struct attempt_entry {
	enum attempt_kind kind;
	int64_t at_ms;
	int64_t duration_ms;
	const char *outcome; /* static */
	int status;
	char *text;    /* both at most ATTEMPT_TEXT_MAX with their end, and never NULL */
	char *excerpt; /* of what was answered; empty: none */
};

struct attempt_result {
	struct store_job job;
	unsigned char token[LEASE_TOKEN_SIZE];
	enum job_event event; /* pushed, confirmed, temporary, permanent, give-up or supersede */
	bool interrupted;     /* broken off by us: no failure of the service's */
	bool internal;	      /* the failure is ours: logged as an error */
	bool asked;	      /* the service was asked, and what came tells how it is */
	enum throttle_outcome answer;
	bool pushed; /* the service took it in this try */
	int64_t pushed_at_ms;
	int64_t retry_after_ms; /* -1: the service named none */
	int64_t look_again_ms;	/* with JOB_EVENT_PUSHED: how long until the next look */
	char detail[STORE_DETAIL_MAX];
	struct attempt_entry *entries;
	size_t entry_count;
};

void attempt_result_clear(struct attempt_result *result);

struct attempt_options {
	struct loop *loop;
	struct http *http;
	struct pki *pki;	       /* referenced, too */
	struct crew *makers;	       /* make PKCS#12; NULL: PKI does, on the loop */
	struct settings *settings;     /* referenced for as long as the attempt lives */
	const struct profile *profile; /* the settings' own */
	/*
	 * When the job's lease ends: borrowed, and moved when it is renewed. No request is begun
	 * after it, and none is given longer; what is still to be sent then is not sent.
	 */
	const struct http_fence *lease;
};

/* The result is the callback's to take over (it is attempt_result_clear's after that). */
typedef void attempt_callback(
	void *context, struct attempt *attempt, struct attempt_result *result);

/*
 * Takes over JOB and the contents of SEALED (empty: no key is held any more). The callback runs
 * once, from the loop, never from within this call; the attempt is freed after it.
 */
struct attempt *attempt_start(const struct attempt_options *options, struct store_job *job,
	const unsigned char token[LEASE_TOKEN_SIZE], const char *key_id, struct buffer *sealed,
	attempt_callback *callback, void *context);

/*
 * For a guarded job, before the loop runs: what its store knows, COUNT of KNOWN, which is taken
 * over (allocated; may be NULL). The service is asked before a push, and the attempt ends without
 * one where what it has is newer (event supersede), or may be (permanent).
 */
void attempt_guard(struct attempt *attempt, struct guard_known *known, size_t count);

/* What the own of a crew's thread is freed with, where the crew makes PKCS#12. */
void attempt_makers_end(void *own);

/* Breaks it off; the callback runs within this call, the result interrupted. */
void attempt_cancel(struct attempt *attempt);

#endif
