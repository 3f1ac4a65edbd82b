#ifndef STORE_STORE_H
#define STORE_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/error.h"
#include "base/measure.h"
#include "domain/certificate.h"
#include "domain/guard.h"
#include "domain/job.h"

/*
 * The durable queue. Nobody above this header knows SQL; the types here suit any store with
 * transactions. A struct store belongs to one thread; several processes may have the same store
 * open. Every function but the two named can fail with a temporary error (disk, lock) and then the
 * transaction it ran in is to be rolled back; none leaves a transaction half done.
 */
struct store;

/*
 * Opens the store at PATH, creating it (mode 0600) or bringing an older version up to date. Refuses
 * with a permanent error that names the file and says what to do, and leaves it untouched: a store
 * of a newer version, of another program, or damaged. What is committed is durable (fsync) when
 * store_commit returns true; after a false it may be durable all the same.
 */
bool must_check store_open(const char *path, struct store **store, struct error *error);
void store_close(struct store *store);
/*
 * Another handle of what STORE has open, for another thread: the file is not looked through again.
 */
bool must_check store_open_again(
	const struct store *store, struct store **again, struct error *error);
/*
 * For a handle that hardly reads a page twice: keeps 2 MB of what it read, and not 16. What fits
 * the processor's cache is faster to fill than what does not.
 */
bool must_check store_keep_little(struct store *store, struct error *error);

/* A write transaction; waits a bounded time for another process's. No nesting. */
bool must_check store_begin(struct store *store, struct error *error);
bool must_check store_commit(struct store *store, struct error *error);
void store_rollback(struct store *store);

/*
 * Puts the log of what was written into the store's file and empties it, without waiting for
 * anybody: what others still read stays, and that is no error. After keys were wiped this takes
 * the last of them from the disk; for idle moments, not within a transaction.
 */
bool must_check store_checkpoint(struct store *store, struct error *error);

/* ---- contracts ---- */

struct store_contract {
	int64_t revision;
	unsigned char content_hash[32]; /* of the record's content, secrets left out */
	bool found;
};

bool must_check store_contract_get(struct store *store, const char *code,
	struct store_contract *contract, struct error *error);
/* SNAPSHOT is canonical JSON. Inserts or replaces. */
bool must_check store_contract_put(struct store *store, const char *code, int64_t revision,
	const unsigned char content_hash[32], const char *snapshot, int64_t now_ms,
	struct error *error);
/* Appends the snapshot's text; *FOUND is false when there is no such contract. */
bool must_check store_contract_snapshot(struct store *store, const char *code,
	struct buffer *snapshot, bool *found, struct error *error);

/* ---- certificates and their sealed keys ---- */

struct store_certificate {
	int64_t id;
	unsigned char fingerprint[FINGERPRINT_SIZE];
	int64_t not_before_ms;
	int64_t not_after_ms;
	char key[32];
	unsigned char chain[CERTIFICATE_CHAIN_MAX][FINGERPRINT_SIZE]; /* its intermediates */
	size_t chain_length;
	bool has_secret; /* the sealed key is still held */
};

/* *FOUND is false when there is none with FINGERPRINT. */
bool must_check store_certificate_find(struct store *store,
	const unsigned char fingerprint[FINGERPRINT_SIZE], struct store_certificate *certificate,
	bool *found, struct error *error);
/* Adds it, or finds the one there is; *ID is its number. */
bool must_check store_certificate_put(struct store *store,
	const struct store_certificate *certificate, int64_t *id, struct error *error);
/* Stores (or replaces) the sealed key of certificate ID, sealed under KEY_ID. */
bool must_check store_secret_put(struct store *store, int64_t id, const char *key_id,
	const struct buffer *sealed, struct error *error);
/* The same of one whose first OPEN_LENGTH bytes hold no secret: they are kept apart. */
bool must_check store_secret_put_parts(struct store *store, int64_t id, const char *key_id,
	const struct buffer *sealed, size_t open_length, struct error *error);
/* Appends it to SEALED; *FOUND is false when it was wiped. */
bool must_check store_secret_get(struct store *store, int64_t id, char key_id[17],
	struct buffer *sealed, bool *found, struct error *error);
/* Wipes (secure_delete) the secrets of those among IDS that no job can need any more. */
bool must_check store_secrets_wipe(
	struct store *store, const int64_t *ids, size_t count, struct error *error);
/*
 * What went with keys that were wiped stays until this is called: takes away that of up to LIMIT of
 * them; *COUNT is less when no more is left. For idle moments.
 */
bool must_check store_leftovers_remove(
	struct store *store, size_t limit, size_t *count, struct error *error);
/* Up to LIMIT certificates whose secret is sealed under another key than KEY_ID, for re-sealing. */
bool must_check store_secrets_not_under(struct store *store, const char *key_id, int64_t *ids,
	unsigned char (*fingerprints)[FINGERPRINT_SIZE], size_t limit, size_t *count,
	struct error *error);

/* ---- jobs ---- */

#define LEASE_TOKEN_SIZE 16
#define IDEMPOTENCY_KEY_MAX 65
#define STORE_DETAIL_MAX 512

/* Texts are the job's own; store_job_clear frees them. */
struct store_job {
	int64_t id;
	char *contract;
	char *service;
	char *service_code;
	char *fqdn;
	int64_t certificate_id;
	unsigned char fingerprint[FINGERPRINT_SIZE];
	int64_t not_after_ms; /* the certificate's, as is the chain */
	unsigned char chain[CERTIFICATE_CHAIN_MAX][FINGERPRINT_SIZE];
	size_t chain_length;
	char *remote; /* what the service gave to ask for a pending install with; NULL: none */
	enum job_state state;
	int64_t base_ms;
	int64_t due_ms;	 /* 0 for a refused job */
	int64_t next_ms; /* when it is to be acted on again; lease's end while leased; 0: never */
	int attempts;	 /* tries of a push so far */
	int64_t first_attempt_ms; /* 0: none yet */
	int64_t pushed_ms;	  /* when the service took it; 0: not yet */
	int64_t settled_ms;	  /* when it became final; 0: not yet */
	int64_t issued_ms;	  /* when its certificate was issued or registered */
	int64_t revoked_ms; /* from when on the certificate that it replaces is revoked; 0: not */
	int generation;	    /* which install of the same certificate on the link this is, from 0 */
	bool guarded;	    /* of before a restore: the service is asked before a push */
	enum job_state claimed_state; /* what a claim found; store_jobs_claim alone fills these */
	int64_t claimed_next_ms;
	char idempotency_key[IDEMPOTENCY_KEY_MAX];
	char detail[STORE_DETAIL_MAX]; /* the last outcome in a sentence; a refused job's codes */
};

void store_job_clear(struct store_job *job);
void store_jobs_free(struct store_job *jobs, size_t count);

/*
 * Adds JOB (its id is ignored) with the judgement's TRAIL (text, a line a rule; may be NULL).
 * *ID is its number. A (contract, service, service code, FQDN, certificate) has one job.
 */
bool must_check store_job_add(struct store *store, const struct store_job *job, const char *trail,
	int64_t *id, struct error *error);

/* All jobs of a contract, oldest first. *JOBS to be freed with store_jobs_free. */
bool must_check store_jobs_of_contract(struct store *store, const char *code,
	struct store_job **jobs, size_t *count, struct error *error);

bool must_check store_job_get(
	struct store *store, int64_t id, struct store_job *job, bool *found, struct error *error);
bool must_check store_job_trail(
	struct store *store, int64_t id, struct buffer *trail, struct error *error);

/*
 * Takes up to LIMIT jobs of SERVICE that are to be acted on at NOW_MS, in order of next_ms: states
 * scheduled, retrying and verifying whose next_ms has come, and leased ones whose lease ran out.
 * With ignore_due, scheduled ones whatever their next_ms, and they come first. Not a job whose
 * target (service, service code, FQDN) another job holds a running lease on. Each taken job gets
 * the lease (TOKEN, LEASE_UNTIL_MS), and scheduled and retrying ones become installing; leases of
 * other jobs on its target, all over, are ended: a clock that is set back does not revive them, nor
 * does who had them renew them, and what was installing becomes retrying. Within a transaction.
 */
struct store_claim {
	const char *service;
	int64_t now_ms;
	int64_t lease_until_ms;
	unsigned char token[LEASE_TOKEN_SIZE];
	bool ignore_due;
	int64_t base_since_ms; /* only jobs whose base instant is not before it; 0: all */
	bool only_verifying;   /* only jobs that the service took and that are to be looked at, */
	int64_t or_ends_before_ms; /* and those whose certificate ends before this; 0: none */
	int64_t waiting_since_ms;  /* for store_untried() alone; 0: none */
	size_t limit;
};
bool must_check store_jobs_claim(struct store *store, const struct store_claim *claim,
	struct store_job **jobs, size_t *count, struct error *error);

/*
 * Ends a lease: writes what came of it. *APPLIED is false, and nothing is changed, when JOB no
 * longer has the lease TOKEN (it ran out and another took it or its target, or the job was
 * superseded meanwhile: then the lease alone is removed).
 */
struct store_settlement {
	int64_t job_id;
	unsigned char token[LEASE_TOKEN_SIZE];
	enum job_state state;
	int64_t next_ms;
	int attempts;
	int64_t first_attempt_ms;
	int64_t pushed_ms;
	int64_t settled_ms;
	const char *detail;
	const char *remote; /* NULL: none */
};
bool must_check store_job_settle(struct store *store, const struct store_settlement *settlement,
	bool *applied, struct error *error);

/*
 * Sets a job's state outside a lease: supersede, cancel, an operator's retry. A running lease
 * stays, and the try that may be under way counts from then on (attempts).
 */
bool must_check store_job_set_state(struct store *store, int64_t id, enum job_state state,
	int64_t next_ms, int64_t settled_ms, const char *detail, struct error *error);

/*
 * Gives job ID another due instant and judgement (a refused or cancelled one comes back by it):
 * scheduled, next at its due instant, its age counting anew. A trail of NULL leaves the one there
 * is. A running lease stays, and what comes of it is then not applied. A guarded job is so no more,
 * and gets another idempotency key: under the old one the service may have seen it before. So does
 * a failed one that the service had taken, which is another generation from then on.
 */
bool must_check store_job_reschedule(struct store *store, int64_t id, int64_t base_ms,
	int64_t due_ms, const char *trail, struct error *error);

/*
 * Brings job ID in line with another judgement of its link: scheduled, as store_job_reschedule
 * does, or held or refused (due_ms 0), which keep pushed_ms. A running lease stays, what comes of
 * it is not applied, and the try that may be under way counts from then on (attempts).
 */
struct store_judgement {
	enum job_state state; /* JOB_SCHEDULED, JOB_HELD or JOB_REFUSED */
	int64_t base_ms;
	int64_t due_ms; /* next_ms as well */
	int64_t settled_ms;
	int64_t issued_ms;
	int64_t revoked_ms;
	int generation;
	const char *idempotency_key; /* NULL: the one there is */
	const char *detail;	     /* NULL: none */
};
bool must_check store_job_judge(struct store *store, int64_t id,
	const struct store_judgement *judgement, const char *trail, struct error *error);

/*
 * The earliest instant at which CLAIM (its limit and token do not count) would find something to
 * act on, leases that run out included; claim->now_ms with ignore_due and a scheduled job;
 * *NEXT_MS is INT64_MAX when nothing waits.
 */
bool must_check store_next(struct store *store, const struct store_claim *claim, int64_t *next_ms,
	struct error *error);

/*
 * Of the jobs of CLAIM's service that are neither held nor final (base_since_ms counts): how many
 * were due by its now_ms (all, with ignore_due), whatever they wait for, and how many there are.
 */
bool must_check store_left_count(struct store *store, const struct store_claim *claim, int64_t *due,
	int64_t *all, struct error *error);

/*
 * Whether a job of CLAIM's service is to be acted on that waits for its first try: scheduled, and
 * due by claim->now_ms (whenever it is due, with ignore_due), or tried, looked at or leased earlier
 * and due again by claim->waiting_since_ms already.
 */
bool must_check store_untried(
	struct store *store, const struct store_claim *claim, bool *untried, struct error *error);

/* Whether one of CLAIM's jobs (base_since_ms counts) is under a running lease, whoever's. */
bool must_check store_leased(
	struct store *store, const struct store_claim *claim, bool *leased, struct error *error);

/* ---- leases, when the wall clock was stepped ---- */

struct store_lease {
	int64_t job_id;
	unsigned char token[LEASE_TOKEN_SIZE];
	int64_t until_ms;
	bool held; /* out: the job still had this lease */
};

/* When the last of all leases ends; 0 when there is none. */
bool must_check store_lease_last(struct store *store, int64_t *until_ms, struct error *error);

/* Gives each of LEASES that its job still has its new end. */
bool must_check store_leases_renew(
	struct store *store, struct store_lease *leases, size_t count, struct error *error);

/*
 * Ends at UNTIL_MS what leases would end later, whoever's; *COUNT of them. For UNTIL_MS of now and
 * the longest lease: what ends later still was taken by a clock that has been set back.
 */
bool must_check store_leases_shorten(
	struct store *store, int64_t until_ms, size_t *count, struct error *error);

/* ---- what was claimed, and is not tried after all ---- */

struct store_return {
	int64_t job_id;
	unsigned char token[LEASE_TOKEN_SIZE];
	enum job_state state; /* the job's claimed_state */
	int64_t next_ms;      /* and its claimed_next_ms */
};

/*
 * Ends the leases of RETURNS without a trace: their jobs are as the claim found them, but that one
 * found under a dead lease becomes retrying. Of a job that was superseded, say, the lease alone is
 * ended; nothing happens where the token is another's.
 */
bool must_check store_jobs_return(
	struct store *store, const struct store_return *returns, size_t count, struct error *error);

/* Fills in held: whether a job still has its lease, and is neither superseded nor called off. */
bool must_check store_leases_look(
	struct store *store, struct store_lease *leases, size_t count, struct error *error);

/* ---- tenants: which contracts name a (service, service code) pair, and which of them has it ----
 */

struct store_tenant {
	char *contract;
	int64_t since_ms; /* the oldest of its links to the pair */
	int64_t freed_ms; /* when another contract let the pair go to it; 0: never */
	int64_t given_ms; /* when an operator gave it to it; 0: none did */
	bool holds;	  /* of one tenant of a pair at most */
	bool begun; /* a job of it on the pair was pushed, or may have been; not for putting */
};

/* A pair that a contract names. */
struct store_pair {
	char *service;
	char *service_code;
	int64_t since_ms;
};

void store_tenants_free(struct store_tenant *tenants, size_t count);
void store_pairs_free(struct store_pair *pairs, size_t count);

/*
 * Adds TENANT, or replaces what is known of its contract. The contract has to be there. Fails when
 * it holds and another one does: that is to be put first.
 */
bool must_check store_tenant_put(struct store *store, const char *service, const char *service_code,
	const struct store_tenant *tenant, struct error *error);
/* No error when there is none. */
bool must_check store_tenant_remove(struct store *store, const char *service,
	const char *service_code, const char *contract, struct error *error);
/* In order of contract code. */
bool must_check store_tenants_of_pair(struct store *store, const char *service,
	const char *service_code, struct store_tenant **tenants, size_t *count,
	struct error *error);
/* In order of service and service code. */
bool must_check store_pairs_of_contract(struct store *store, const char *contract,
	struct store_pair **pairs, size_t *count, struct error *error);

/*
 * Whether another contract's install went over JOB's on its target (service, service code, FQDN),
 * or may have: pushed after JOB's last push, or still in hand.
 */
bool must_check store_job_pushed_over(
	struct store *store, const struct store_job *job, bool *pushed_over, struct error *error);

/* ---- jobs that replace a certificate which is to be revoked ---- */

/* A page of them, in order of (revoked_ms, id); all zero is the first page's beginning. */
struct store_replacing {
	int64_t revoked_until_ms; /* inclusive */
	int64_t after_revoked_ms; /* and after_id: those of the last job of the page before */
	int64_t after_id;
	size_t limit; /* at least 1 */
};

/* The jobs that are open (held to retrying), or failed, of that page. *JOBS to be freed with
 * store_jobs_free. */
bool must_check store_jobs_replacing(struct store *store, const struct store_replacing *wanted,
	struct store_job **jobs, size_t *count, struct error *error);

/* ---- attempts ---- */

enum attempt_kind {
	ATTEMPT_PUSH,
	ATTEMPT_VERIFY,	   /* a look at the edge */
	ATTEMPT_FOLLOW,	   /* asking for an install that the service has pending */
	ATTEMPT_READ_BACK, /* asking what the service has installed */
	ATTEMPT_ACT,	   /* no try: what an operator did; see store_act_add */
};

struct store_attempt {
	int64_t job_id;
	enum attempt_kind kind;
	int number; /* the push it belongs to, from 1 */
	int64_t at_ms;
	int64_t duration_ms;
	const char *outcome; /* a word: "done", "temporary", "permanent", "internal", "served",
				"old", "other", "none", "unreachable", "skipped" */
	int status;	     /* HTTP; 0: none */
	const char *text;    /* a sentence, sanitised */
	const char *excerpt; /* of the answer, bounded and sanitised; may be NULL */
};

bool must_check store_attempt_add(
	struct store *store, const struct store_attempt *attempt, struct error *error);
/* COUNT of them, of whichever jobs, in this order: cheaper than one by one. */
bool must_check store_attempts_add(struct store *store, const struct store_attempt *attempts,
	size_t count, struct error *error);

/*
 * Calls EACH for the attempts of a job, oldest first, and what operators did in between; what it
 * gets is valid during the call.
 */
typedef void store_attempt_each(void *context, const struct store_attempt *attempt);
bool must_check store_attempts(struct store *store, int64_t job_id, store_attempt_each *each,
	void *context, struct error *error);

/* ---- what operators did ---- */

struct store_act {
	int64_t job_id;
	int64_t at_ms;
	const char *act;  /* a word, "cancel" say: the outcome that store_attempts gives */
	const char *text; /* who and why: a sentence, sanitised */
};

/* The word by which store_job_called_off knows an operator's cancellation. */
#define STORE_ACT_CANCEL "cancel"

/* A line of the job's history, after the attempts that there are. */
bool must_check store_act_add(
	struct store *store, const struct store_act *act, struct error *error);

/*
 * When an operator cancelled JOB, which is cancelled: its last act is STORE_ACT_CANCEL of the
 * instant at which it was settled. 0 when it was cancelled otherwise.
 */
bool must_check store_job_called_off(
	struct store *store, const struct store_job *job, int64_t *at_ms, struct error *error);

/* ---- pauses ---- */

/* A service to which an operator lets nothing new be pushed. */
struct store_pause {
	const char *service;
	int64_t since_ms;
	const char *who;
	const char *reason; /* "" for none */
};

/* *ADDED is false, and nothing changes, when it is paused already. */
bool must_check store_pause_add(
	struct store *store, const struct store_pause *pause, bool *added, struct error *error);
bool must_check store_pause_remove(
	struct store *store, const char *service, bool *found, struct error *error);
/* In order of service; what EACH gets is valid during the call. */
typedef void store_pause_each(void *context, const struct store_pause *pause);
bool must_check store_pauses(
	struct store *store, store_pause_each *each, void *context, struct error *error);

/* ---- copies ---- */

#define STORE_COPIED_KEYS_MAX 32

/* What is in a copy. */
struct store_copied {
	int64_t bytes;
	int64_t jobs;
	int64_t open_jobs; /* neither final nor installed; guarded in a restored one */
	/* The sealing keys that it needs: without them the certificates' keys in it are lost. */
	struct {
		char id[17];
		int64_t count; /* of keys sealed with it */
	} keys[STORE_COPIED_KEYS_MAX];
	size_t key_count;
};

/*
 * Writes a copy of the store as it stands at one instant to PATH (mode 0600; of the owner of the
 * store's directory when run by root), while others go on to write the store; not within a
 * transaction. It is checked whole and synced before it gets its name, and PATH must not be there:
 * permanent error. The copy is one file that opens anywhere; sealed keys in it stay sealed. After
 * an error nothing is left behind. Other connections' log grows while this reads.
 */
bool must_check store_backup(
	struct store *store, const char *path, struct store_copied *copied, struct error *error);

/*
 * Puts a copy FROM at TO, where neither a store nor what goes with one may be (permanent error).
 * Refuses what is no store, damaged, of a newer version, or in use, and brings an older version up
 * to date in TO; FROM is only read. Each job that is not final becomes guarded, and so does each
 * that is added or judged anew later for a certificate that was issued or registered up to NOW_MS;
 * no lease is left, and what was leased is to be acted on from NOW_MS on.
 */
bool must_check store_restore(const char *from, const char *to, int64_t now_ms,
	struct store_copied *copied, struct error *error);

/*
 * The certificates of JOB's contract and those that jobs of any contract were to bring to its
 * target, each once; *KNOWN is to be freed.
 */
bool must_check store_known_certificates(struct store *store, const struct store_job *job,
	struct guard_known **known, size_t *count, struct error *error);

/* ---- waits, when the wall clock was set back ---- */

/*
 * Cuts waits of SERVICE's jobs without a lease that were written under a clock that was ahead of
 * NOW_MS: of what was last tried after it, to what was left of the wait at that try; and none is
 * longer than LONGEST_MS. Scheduled and held jobs stay as they are. *COUNT is how many were cut.
 */
bool must_check store_waits_shorten(struct store *store, const char *service, int64_t now_ms,
	int64_t longest_ms, size_t *count, struct error *error);

/* ---- asking ---- */

/* What jobs to list; NULL and negative mean any. */
struct store_filter {
	const char *service;
	const char *contract;
	const char *fqdn;
	int state; /* enum job_state or -1 */
	int64_t after_id;
	size_t limit; /* 0: all */
};
typedef void store_job_each(void *context, const struct store_job *job);
/* In order of id. */
bool must_check store_jobs_list(struct store *store, const struct store_filter *filter,
	store_job_each *each, void *context, struct error *error);

/* Jobs by service and state, from kept counters; EACH once for each pair that is not zero. */
typedef void store_count_each(
	void *context, const char *service, enum job_state state, int64_t count);
bool must_check store_counts(
	struct store *store, store_count_each *each, void *context, struct error *error);

/* ---- views: what operators read ---- */

enum store_sort {
	STORE_SORT_ID,
	STORE_SORT_DUE,	  /* those without a due instant last; then by id, as are the others */
	STORE_SORT_STATE, /* held to cancelled */
	STORE_SORT_SERVICE,
	STORE_SORT_FQDN,
	STORE_SORT_NEXT, /* those that wait for nothing last */
};

/* What jobs to find; NULL and 0 mean any. */
struct store_search {
	const char *service;
	const char *contract;
	const char *fqdn;
	unsigned states;       /* bit n: enum job_state n */
	int64_t due_after_ms;  /* due then or later */
	int64_t due_before_ms; /* due earlier than that, and due at all */
	/* Only overdue ones: open and due before the first, or open or failed and replacing what is
	 * revoked until the second (inclusive); both are given or neither. */
	int64_t late_before_ms;
	int64_t revoked_until_ms;
	enum store_sort sort;
	int64_t after_id;
	size_t limit; /* 0: all */
};
/* In order of sort. A host's and a contract's jobs are found by an index; so are a service's that
 * wait. */
bool must_check store_jobs_search(struct store *store, const struct store_search *search,
	store_job_each *each, void *context, struct error *error);

/* How far counting goes in one service, so that a status is there at once whatever there is. */
#define STORE_TALLY_MAX 50000

/* Of a service's jobs that wait to be acted on, by the day on which they are due. */
struct store_tally {
	int64_t from_ms[4]; /* in: where days begin; the last is where the last ends */
	int64_t late;	    /* out: due before the first */
	int64_t due[3];	    /* out: due within day n */
	bool more; /* out: counting stopped at STORE_TALLY_MAX jobs, and later ones may be missing
		    */
};
/* Looks at up to STORE_TALLY_MAX of SERVICE's jobs, by an index, earliest first. */
bool must_check store_tally_waiting(
	struct store *store, const char *service, struct store_tally *tally, struct error *error);
/* Jobs that are open or failed and replace what is revoked until UNTIL_MS (inclusive). */
bool must_check store_tally_replacing(
	struct store *store, int64_t until_ms, int64_t *count, bool *more, struct error *error);
/*
 * Certificates that end from FROM_MS to before UNTIL_MS and are in use: a contract that still names
 * the service has one installed on a target, and none was installed there after it. Looks at up to
 * STORE_TALLY_MAX that end then, by an index, those that end first; *MORE when there are more.
 */
bool must_check store_tally_expiring(struct store *store, int64_t from_ms, int64_t until_ms,
	int64_t *count, bool *more, struct error *error);
/* Of the newest STORE_TALLY_NEWEST jobs, those refused since SINCE_MS (inclusive). */
#define STORE_TALLY_NEWEST 10000
bool must_check store_tally_refused(
	struct store *store, int64_t since_ms, int64_t *count, struct error *error);
/* How many records of feeds are set aside. */
bool must_check store_tally_set_aside(struct store *store, int64_t *count, struct error *error);

typedef void store_name_each(void *context, const char *fqdn);
/* Host names of jobs from FROM on (inclusive), each once, up to LIMIT, in order of bytes. */
bool must_check store_names_from(struct store *store, const char *from, size_t limit,
	store_name_each *each, void *context, struct error *error);

/*
 * Of the newest STORE_NAMING_MAX contracts, those in whose snapshot a link names FQDN, written as
 * it is here but for the case of ASCII letters: up to LIMIT. There is no index of what contracts
 * name; jobs have one.
 */
#define STORE_NAMING_MAX 200000
typedef void store_contract_each(void *context, const char *code);
bool must_check store_contracts_naming(struct store *store, const char *fqdn, size_t limit,
	store_contract_each *each, void *context, struct error *error);

/* ---- progress: when each source and each service last did what it is there for ---- */

enum store_progress_kind {
	STORE_PROGRESS_SOURCE,	/* its name: the spool's path, the feed's URL */
	STORE_PROGRESS_SERVICE, /* its name: the service's id */
};

struct store_progress {
	enum store_progress_kind kind;
	const char *name;
	int64_t succeeded_ms; /* 0: never */
	int64_t failed_ms;    /* 0: never */
	const char *failure;  /* what went wrong then; "" */
};

bool must_check store_progress_succeeded(struct store *store, enum store_progress_kind kind,
	const char *name, int64_t at_ms, struct error *error);
/* FAILURE is a sentence, sanitised. */
bool must_check store_progress_failed(struct store *store, enum store_progress_kind kind,
	const char *name, int64_t at_ms, const char *failure, struct error *error);
/* In order of kind (services first) and name; what EACH gets is valid during the call. */
typedef void store_progress_each(void *context, const struct store_progress *progress);
bool must_check store_progress_list(
	struct store *store, store_progress_each *each, void *context, struct error *error);

/* ---- feeds ---- */

/* Appends the cursor up to which the feed at URL was taken; *FOUND is false before the first. */
bool must_check store_feed_cursor(struct store *store, const char *url, struct buffer *cursor,
	bool *found, struct error *error);
bool must_check store_feed_put(struct store *store, const char *url, const char *cursor,
	int64_t now_ms, struct error *error);

/*
 * What a source delivered that is no record, or not to be taken: never its text, which may hold a
 * key.
 */
struct store_set_aside {
	int64_t id;
	const char *source;
	unsigned char digest[32]; /* of its content */
	const char *contract;	  /* "" when it cannot be read */
	int64_t revision;	  /* -1 likewise */
	int64_t at_ms;
	const char *reason; /* a sentence, sanitised */
};

/* So many are kept a source; the oldest goes for a newer one. */
#define STORE_SET_ASIDE_MAX 1000

/* *ADDED is false, and nothing changes, when the source's same content is there already. */
bool must_check store_set_aside_add(
	struct store *store, const struct store_set_aside *entry, bool *added, struct error *error);
/* In order of id; what EACH gets is valid during the call. */
typedef void store_set_aside_each(void *context, const struct store_set_aside *entry);
bool must_check store_set_aside_list(
	struct store *store, store_set_aside_each *each, void *context, struct error *error);
bool must_check store_set_aside_discard(
	struct store *store, int64_t id, bool *found, struct error *error);
/* Revision REVISION of CONTRACT is stored: what was set aside of it and of earlier ones goes. */
bool must_check store_set_aside_clear(
	struct store *store, const char *contract, int64_t revision, struct error *error);

/* ---- looking ahead ---- */

/* The newest job of a target of those that are open and not held, or installed. */
struct store_ahead {
	const char *service;
	bool is_open;	/* its install is still to be made; one that is being verified is made */
	int64_t due_ms; /* of an open one */
	int64_t not_before_ms;
	int64_t not_after_ms; /* of its certificate */
};
typedef void store_forecast_each(void *context, const struct store_ahead *ahead);
/*
 * Calls EACH for each target's, where the contract is active and still names the pair; what it gets
 * is valid during the call. One pass, in memory that does not grow with the jobs.
 */
bool must_check store_forecast_jobs(
	struct store *store, store_forecast_each *each, void *context, struct error *error);

typedef void store_duration_each(void *context, const char *service, int64_t duration_ms);
/*
 * Calls EACH for the pushes that a service took among the LATEST attempts, the newest first, with
 * how long the try had a place in flight: its other steps, what was asked before and after, and the
 * looks at the edge are among it.
 */
bool must_check store_push_durations(struct store *store, int64_t latest, store_duration_each *each,
	void *context, struct error *error);

/* ---- measuring ---- */

/* What the handles that share it did; any thread may read it. */
struct store_measures {
	struct measure commits; /* how long each took that succeeded */
	_Atomic uint64_t failed_commits;
};

void store_measures_init(struct store_measures *measures);
/*
 * From here on what STORE commits, and any handle that is opened again from it later, is counted in
 * MEASURES (borrowed; NULL: nowhere).
 */
void store_measure(struct store *store, struct store_measures *measures);

/*
 * What waits or is in hand at one service, and presses: jobs that are to be acted on, or have been
 * begun. Of scheduled ones only those whose instant has come.
 */
struct store_pressing {
	const char *service;
	int64_t due;		/* to be acted on now, and not under a running lease */
	int64_t late;		/* due before LATE_BEFORE_MS */
	int64_t oldest_due_ms;	/* 0: none */
	int64_t soonest_end_ms; /* of their certificates; 0: none */
};
typedef void store_pressing_each(void *context, const struct store_pressing *pressing);
/* One pass over the queue's index: its cost grows with what presses, and slowly with what waits. */
bool must_check store_pressing(struct store *store, int64_t now_ms, int64_t late_before_ms,
	store_pressing_each *each, void *context, struct error *error);

/* How many sealed keys there are; goes through an index of them. */
bool must_check store_secrets_count(struct store *store, int64_t *count, struct error *error);
/* How many jobs that are not final are guarded, since the store was restored. */
bool must_check store_guarded_count(struct store *store, int64_t *count, struct error *error);
/* When the feed at URL was last taken from; 0: never. */
bool must_check store_feed_updated(
	struct store *store, const char *url, int64_t *updated_ms, struct error *error);

#endif
