#ifndef OPS_VIEW_PRIVATE_H
#define OPS_VIEW_PRIVATE_H

#include "domain/contract.h"
#include "domain/overdue.h"
#include "ops/json_say.h"
#include "ops/view.h"

/* What the views share; nobody else includes this. */

/* The keys that every job has in a view; HOLDER as view_holder gives it. */
struct json_object *view_job_json(
	const struct view_context *view, const struct store_job *job, const char *holder);

/*
 * The contract that a held job waits for, to be freed; NULL for any other, and where nobody has its
 * pair. False with an error when the store cannot be read.
 */
bool must_check view_holder(const struct view_context *view, const struct store_job *job,
	char **holder, struct error *error);

/* ---- sentences ---- */

/* Appends a sentence to an array; what is not fit for a terminal becomes '?'. */
void view_say(struct json_object *sentences, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

#define VIEW_WHEN_MAX 64
/* "2026-11-24 (Tue) 09:00", in Asia/Tokyo, and the day alone. */
void view_when(char target[VIEW_WHEN_MAX], int64_t instant_ms);
void view_day(char target[VIEW_WHEN_MAX], civil_day day);

/* What to do about the reasons in a refused job's detail: "expired, untrusted". */
void view_say_remedies(struct json_object *sentences, const char *codes);

/* ---- one job with what is around it ---- */

/* The last attempt of a kind. */
struct view_try {
	bool found;
	int64_t at_ms;
	char outcome[32];
	char text[STORE_DETAIL_MAX];
};

/* From what a job's days are counted. */
enum view_base {
	VIEW_BASE_ISSUANCE,
	VIEW_BASE_REGISTRATION,
	VIEW_BASE_LINK,
	VIEW_BASE_FREED,
};

struct view_case {
	const struct view_context *view;
	const struct store_job *job;
	int64_t now_ms;
	bool has_contract;
	struct contract contract;
	const struct contract_link *link; /* of the contract; NULL: it has none any more */
	char *holder;
	const struct profile *profile; /* NULL: not configured */
	const struct view_live_service *live;
	bool paused; /* by an operator, on PAUSE_SINCE_MS */
	char *pause_who, *pause_reason;
	int64_t pause_since_ms;
	struct view_try look;
	struct view_try act; /* what an operator did to it last */
	char *trail;
	/* The days from its base to its due instant, where the rules as they are now give it. */
	bool has_schedule;
	bool schedule_differs; /* they give another instant */
	enum view_base base;
	struct schedule schedule;
};

/* JOB is borrowed. To be closed with view_case_close, after an error too. */
bool must_check view_case_open(const struct view_context *view, const struct store_job *job,
	struct view_case *opened, struct error *error);
void view_case_close(struct view_case *opened);

/* Whether it is installed and, as far as anybody looked, served. */
bool view_case_is_served(const struct view_case *opened);

/* Appends what is to be known of the job: what became of it, what it waits for, what comes next. */
void view_tell(const struct view_case *opened, struct json_object *sentences);

/* The contract CODE as it is stored; *FOUND is false when there is none. */
bool must_check view_contract(const struct view_context *view, const char *code,
	struct contract *contract, bool *found, struct error *error);

/*
 * Appends a sentence for each record in the spool's rejected/ that has the host name NORMAL, or as
 * it was TYPED, in it, up to a bound in files and bytes, the newest first.
 */
void view_rejected(const struct view_context *view, const char *normal, const char *typed,
	struct json_object *sentences);

/* Names of jobs that are much like NORMAL, as an array: up to VIEW_SIMILAR_MAX. */
#define VIEW_SIMILAR_MAX 5
bool must_check view_similar(const struct view_context *view, const char *normal,
	struct json_object *similar, struct error *error);

#endif
