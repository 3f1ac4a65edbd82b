#ifndef OPS_ACT_H
#define OPS_ACT_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/error.h"
#include "engine/settings.h"
#include "store/store.h"

/*
 * What operators change. Each act is one transaction on the store, logs one line for each job or
 * service that it touched, once that is durable, and leaves a line in the job's history. Each
 * yields a JSON object (English; to be released with json_object_put) that names what was touched,
 * or, of a dry act, what would be.
 *
 * False with an error, and nothing changed: permanent for what the asker got wrong (no such
 * service, no criterion, nothing named), temporary for the store's faults. That an act means
 * nothing for one of several jobs is no error: the result says so of that job.
 *
 * After an act the pump is to be poked where there is one (pump_poke); without, the daemon sees it
 * within its next poll.
 */
struct act {
	struct store *store; /* not within a transaction */
	struct settings *settings;
	const struct clock *clock;
	const char *who;    /* a user's name; what is not fit for a log becomes '?' */
	const char *reason; /* NULL: none given; likewise, and cut at ACT_REASON_MAX */
	bool dry;	    /* says what it would do, and changes nothing */
};

#define ACT_WHO_MAX 64
#define ACT_REASON_MAX 200

/* So many jobs at most in one act by filter. */
#define ACT_JOBS_MAX 10000

/* Which jobs: those of IDS, or with COUNT 0 those that FILTER finds. */
struct act_jobs {
	const int64_t *ids;
	size_t count;
	/*
	 * At least one of service, contract, fqdn, state and only_overdue; with state -1 the states
	 * that the act is for. after_id goes on after an act that touched ACT_JOBS_MAX; limit is
	 * not looked at.
	 */
	struct store_filter filter;
	bool only_overdue;
};

/*
 * The result of retry, cancel and release:
 *
 *   {"act": "retry", "dry": false, "by": "alice", "reason": null, "done": 1, "not_done": 0,
 *    "next_after": null,
 *    "jobs": [{"job": 7, "contract": …, "service": …, "service_code": …, "fqdn": …,
 *              "before": "failed", "state": "scheduled", "due": …, "done": true,
 *              "text": "goes again"}]}
 *
 * "done" of a job is false where the act means nothing for it, and "text" says why; a job that is
 * not there has its number alone. "next_after" is the after_id to go on with, where there is more.
 */

/*
 * A failed or retrying job goes again at once; a failed one that its service had taken under
 * another Idempotency-Key, since under the same the service would say again that it failed. One
 * that an operator cancelled, too, where its link and certificate are still the contract's; where
 * its key was wiped, with the next record that brings it. By filter without a state: the failed
 * ones.
 */
bool must_check act_retry(const struct act *act, const struct act_jobs *jobs,
	struct json_object **result, struct error *error);

/*
 * An open or failed job is cancelled and stays so when records of its contract come with the same
 * certificate and link; act_retry, a newer certificate or its link added anew bring an install
 * back. What a try that is under way comes to changes nothing. Its key is wiped where no other job
 * needs it. By filter without a state: the open ones.
 */
bool must_check act_cancel(const struct act *act, const struct act_jobs *jobs,
	struct json_object **result, struct error *error);

/* A (service, service code) pair, or with JOB not 0 that of this held job. */
struct act_pair {
	int64_t job;
	const char *service;
	const char *service_code;
	const char *to; /* the contract that gets it; NULL: JOB's, or the next by succession */
};

/*
 * Gives a pair to a contract that waits for it, on the operator's word that the one that has it has
 * let go. Its jobs there are judged and released as when a record says so (DOMAIN.md rule 15), the
 * former holder's open ones are held. The result has "service", "service_code", "from" and "to" as
 * well.
 */
bool must_check act_release(const struct act *act, const struct act_pair *pair,
	struct json_object **result, struct error *error);

/*
 * Nothing new is pushed to SERVICE until it is resumed, by any process and across restarts. What it
 * took is looked at all the same. The result: {"act": "pause", "dry": …, "by": …, "reason": …,
 * "service": …, "done": true, "text": …, "since": …}; "done" is false where it was so already.
 */
bool must_check act_pause(const struct act *act, const char *service, struct json_object **result,
	struct error *error);
/* "waiting" in its result is how many jobs were due and waited. */
bool must_check act_resume(const struct act *act, const char *service, struct json_object **result,
	struct error *error);

/*
 * Judges the records in LENGTH bytes at TEXT (one, or one a line) against the store as it stands,
 * and hands them over, whole, through the spool. TEXT ends with a 0 byte that LENGTH leaves out.
 * Permanent error that names the line when one of them cannot be read or conflicts with its stored
 * revision: then none is handed over. TEXT holds keys: wiping it is the caller's. The result:
 *
 *   {"act": "import", "dry": …, "by": …, "file": "import-….ndjson", "accepted": 1, "refused": 0,
 *    "held": 0,
 *    "records": [{"contract": …, "revision": 3, "known": false, "links": [{"service": …,
 *                 "service_code": …, "fqdn": …, "verdict": "accept", "due": …, "reasons": [],
 *                 "warnings": [], "holder": null, "changes": true, "overtaken": false}]}],
 *    "others": [links of other contracts that this would release or hold, "contract" with them]}
 *
 * "known": the store has this revision, or a later one; it changes nothing. "file" is null when
 * dry.
 */
bool must_check act_import(const struct act *act, const char *text, size_t length,
	struct json_object **result, struct error *error);

#endif
