#ifndef ENGINE_INTAKE_PRIVATE_H
#define ENGINE_INTAKE_PRIVATE_H

#include "domain/plan.h"
#include "engine/examine.h"
#include "engine/intake.h"
#include "record/record.h"

/* One link's judgement, kept until its transaction is durable and it can be told. */
struct judged_link {
	int64_t job_id; /* of its job, where CHANGED */
	char *fqdn;	/* normal form where it has one */
	struct verdict verdict;
	bool changed;
	bool anew;	/* of a job that there was before, and accepted */
	bool overtaken; /* accepted or held, but the target had a newer certificate already */
};

/* A job of another contract that the record released, or put behind another. To be told, too. */
struct succession_event {
	int64_t job_id;
	char *contract;
	char *service;
	char *service_code;
	char *fqdn;
	char *by; /* the contract that let go, or that has the pair now */
	struct verdict verdict;
};

/* A job that waited in the queue up to now, of whatever contract. To be told, too. */
struct departure {
	int64_t job_id;
	char *contract;
	char *service;
	char *service_code;
	char *fqdn;
	enum job_state to;
	const char *why; /* NULL: it was judged anew, which is told as such */
};

/* A prepared record's way through its transaction. */
struct applied {
	bool stale; /* known already, or older than what is known */
	struct judged_link *links;
	size_t link_count;
	struct succession_event *events;
	size_t event_count;
	struct departure *departures;
	size_t departure_count;
};

/* A pair that the record's contract names, or named up to now. */
struct work_pair {
	char *service;
	char *service_code;
	int64_t since_ms; /* of its oldest link there */
	bool named;	  /* still */
	char *before;	  /* the contract that had it up to now; NULL: none */
	char *holder;	  /* the contract that has it now; NULL: none */
	int64_t freed_ms; /* when another let it go to this contract; 0: never */
	bool given;	  /* by an operator: what is under way of others is held as well */
};

/* What one application works on. */
struct work {
	const struct settings *settings;
	struct store *store;
	int64_t now_ms;
	struct prepared *prepared;
	struct applied *applied;
	struct store_certificate certificate;
	bool certificate_known;
	struct store_job *jobs;
	size_t job_count;
	struct plan_certificate plan_certificate;
	struct plan_job *plan_jobs; /* the jobs again, as the plan sees them */
	struct work_pair *pairs;
	size_t pair_count;
};

void applied_clear(struct applied *applied);

/*
 * Judges PREPARED and writes what follows from it, within the running transaction. Errors are the
 * store's.
 */
bool must_check intake_apply(const struct settings *settings, struct store *store, int64_t now_ms,
	struct prepared *prepared, struct applied *applied, struct error *error);

/* Into the log, once it is durable: what became of link INDEX of a record, and what the record
 * meant for another contract's job. */
void intake_tell_link(
	const struct contract *contract, size_t index, const struct judged_link *judged);
void intake_tell_succession(const struct succession_event *event);
void intake_tell_departure(const struct departure *departure);

/* ---- what the files of an application share ---- */

static inline const struct contract *work_contract(const struct work *work)
{
	return &work->prepared->record.contract;
}

/* Keeps that JOB, if it waited in the queue, does so no more: it is in state TO, because of WHY. */
void note_departure(
	struct applied *applied, const struct store_job *job, enum job_state to, const char *why);

/* In normal form where it has one; to be freed. */
char *normal_fqdn(const char *fqdn);

/* Whether the service may have had the job's certificate. */
bool job_was_tried(const struct store_job *job);
/*
 * The same for each try of an install, whoever makes it, and for no other: it is what keeps one
 * effect of several deliveries. An install of the same certificate once more is another.
 */
void make_idempotency_key(const struct store_job *job,
	const unsigned char fingerprint[FINGERPRINT_SIZE], char key[IDEMPOTENCY_KEY_MAX]);

/* The verdict's lines as they are stored; to be freed. */
char *trail_text(const struct verdict *verdict);
/* OLD with the lines that VERDICT judged anew in the place of those on dates and days. */
char *trail_renewed(const char *old, const struct verdict *verdict);
extern const char link_gone_detail[];
/* What a held job says of itself. */
void held_detail(const char *holder, char detail[STORE_DETAIL_MAX]);

/*
 * Decides and writes who has the pairs that the contract names, or named up to now; the contract
 * has to be in the store. Errors are the store's.
 */
bool must_check succession_settle(struct work *work, struct error *error);
/* Releases and holds the jobs of those contracts that name PAIR, the work's own left out. */
bool must_check succession_follow_pair(
	struct work *work, const struct work_pair *pair, struct error *error);
/*
 * Judges JOB of CONTRACT, whose link LINK it is of, by who has PAIR: released, from FREED_MS on, or
 * held.
 */
bool must_check succession_judge(struct work *work, const struct work_pair *pair,
	const struct contract *contract, size_t link, const struct store_job *job, int64_t freed_ms,
	struct error *error);
/* Which link of CONTRACT JOB is of. */
bool find_link(const struct contract *contract, const struct store_job *job, size_t *link);
/* Releases and holds the jobs of other contracts, as far as their pairs went over. */
bool must_check succession_follow(struct work *work, struct error *error);
void succession_end(struct work *work);
/* What is known of LINK's pair; all NULL and 0 for one that names none. */
struct tenure succession_tenure(const struct work *work, const struct contract_link *link);

/* Writes the plan's changes, and keeps or wipes keys as they need it. */
bool must_check carry_out(struct work *work, const struct plan_wanted *wanted,
	const struct plan_change *changes, size_t count, struct error *error);

#endif
