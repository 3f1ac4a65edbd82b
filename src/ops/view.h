#ifndef OPS_VIEW_H
#define OPS_VIEW_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/error.h"
#include "config/config.h"
#include "domain/job.h"
#include "store/store.h"

/*
 * What operators read, as JSON objects: made of a handle of the store, the configuration and the
 * time, by certinstallctl itself or by the daemon for its admin socket. They only read. Keys are
 * an interface: they stay, others may come. Instants are RFC 3339 in Asia/Tokyo, null where there
 * is none. Words of the program's vocabulary (states, outcomes) are English always; sentences, and
 * what a day is called, are in the language of the thread's locale.
 *
 * Each view returns true with *ANSWER the caller's (json_object_put), or false with an error:
 * temporary when the store cannot be read now.
 */

/* What only the running daemon knows of a service, copied under its lock or on its thread. */
struct view_live_service {
	const char *service;
	const char *state; /* throttle_state_name: "flowing", "paused", "circuit-open", "probing" */
	int64_t until_ms;  /* wall clock: a pause's end, an open circuit's next probe; 0: none */
	int window;	   /* requests at once, at present */
	int64_t in_flight;
	int64_t rate_milli; /* milli-requests a second; 0: no limit */
};

struct view_live {
	const struct view_live_service *services;
	size_t service_count;
	int64_t started_ms; /* when the daemon started, wall clock; 0: not known */
};

struct view_context {
	struct store *store;
	const struct config *config; /* services, calendar, sources, backoff */
	const struct clock *clock;
	const struct view_live *live; /* NULL: not known here */
};

/*
 * One screen: {"now", "live": bool, "days": [{"date", "weekday", "business", "why", "due": COUNT}]
 * (today, tomorrow, and the next open day where tomorrow is none), "overdue": COUNT, "revocation":
 * COUNT (of these, what replaces a certificate that is revoked within a week), "states": {STATE:
 * n}, "refused_lately": COUNT, "set_aside": n, "services": [{"service", "open", states as above,
 * "due_today", "overdue", "pause": {"since", "who", "reason"} or null, "live": {"state", "until",
 * "window", "in_flight"} or null, "last_success", "last_failure", "failure"}], "sources":
 * [{"name", "last_success", "last_failure", "failure"}]}. A COUNT is {"count": n, "more": bool}:
 * counting stops at a bound, and more says that it did. Its cost does not grow with the jobs.
 */
bool must_check view_status(
	const struct view_context *view, struct json_object **answer, struct error *error);

/* ---- jobs ---- */

enum view_sort {
	VIEW_SORT_ID,
	VIEW_SORT_DUE, /* those without a due instant last; then by id, as are the others */
	VIEW_SORT_STATE,
	VIEW_SORT_SERVICE,
	VIEW_SORT_FQDN,
	VIEW_SORT_NEXT, /* those that wait for nothing last */
};

/* "id", "due" and so on, as a query names them. */
const char *view_sort_name(enum view_sort sort);

#define VIEW_JOBS_DEFAULT 1000
#define VIEW_JOBS_MAX 100000

/* All zero lists the first VIEW_JOBS_DEFAULT jobs there are. Texts are borrowed. */
struct view_jobs_query {
	unsigned states; /* bit n: enum job_state n; 0: any */
	const char *service, *contract, *fqdn;
	int64_t due_after_ms;  /* due then or later; 0: any */
	int64_t due_before_ms; /* due earlier than that; 0: any */
	bool overdue;	       /* only those that job_overdue says so of */
	enum view_sort sort;
	size_t limit;	  /* 0: VIEW_JOBS_DEFAULT; VIEW_JOBS_MAX at most */
	int64_t after_id; /* with VIEW_SORT_ID: those with a greater number; else 0 */
};

/*
 * Takes one parameter of a query, as in "/jobs?state=failed&sort=due" or of an option: "state"
 * (several: again, or with commas), "service", "contract", "fqdn", "due-after", "due-before" (a
 * day, or an RFC 3339 instant; a day counts from its beginning in Asia/Tokyo, due-before's to its
 * end), "overdue" ("", "true", "false"), "sort" ("id", "due", "state", "service", "fqdn", "next"),
 * "limit" (1 to VIEW_JOBS_MAX), "after". VALUE is borrowed. Permanent error that names KEY and what
 * it may be, or says that there is no such parameter.
 */
bool must_check view_jobs_take(
	struct view_jobs_query *query, const char *key, const char *value, struct error *error);

/*
 * {"jobs": [JOB], "more": bool}. JOB: "job", "contract", "service", "service_code", "fqdn",
 * "fingerprint_sha256", "state", "holder", "due", "next", "attempts", "guarded", "detail",
 * "replaced_revoked", "overdue" (null or {"reason", "text"}), "not_after". With more, and sorted by
 * id, the last one's number as after_id gives the rest.
 */
bool must_check view_jobs(const struct view_context *view, const struct view_jobs_query *query,
	struct json_object **answer, struct error *error);

/*
 * One job's whole life: JOB's keys, "record" (the contract as it stands), "certificate", "trail",
 * "days", "tries", "served", "story" (sentences: what it waits for, and what happens next).
 * *ANSWER is NULL when there is no job ID.
 */
bool must_check view_job(const struct view_context *view, int64_t id, struct json_object **answer,
	struct error *error);

/* ---- why ---- */

/*
 * Why FQDN (a host name, any case, as people type it) is not yet installed: {"fqdn", "installed":
 * bool (all of its links are, and are served), "known": bool, "sentences": [the answer as a whole],
 * "links": [{"contract", "service", "service_code", "job", "state", "installed", "sentences"}],
 * "similar": [names]}. Permanent error when FQDN is no host name.
 */
bool must_check view_why(const struct view_context *view, const char *fqdn,
	struct json_object **answer, struct error *error);

#endif
