#ifndef STORE_STORE_PRIVATE_H
#define STORE_STORE_PRIVATE_H

#include <sqlite3.h>

#include "store/store.h"

/* What SQLite's part of the store shares among its files; nobody else includes this. */

/* "crti" in the file's header: tells this program's files from any other's. */
#define STORE_APPLICATION_ID 0x63727469

#define STORE_BUSY_TIMEOUT_MS 10000
#define STORE_BUSY_STEP_US 500
int store_wait_for_lock(void *unused, int tries);

/*
 * The numbers under which states stand in the file. They never change, whatever becomes of the
 * enum's order; the sets below are written into partial indexes, so a query that wants the index
 * has to name its set in the very same words.
 */
#define CODE_HELD 1
#define CODE_SCHEDULED 2
#define CODE_INSTALLING 3
#define CODE_VERIFYING 4
#define CODE_RETRYING 5
#define CODE_INSTALLED 6
#define CODE_FAILED 7
#define CODE_REFUSED 8
#define CODE_SUPERSEDED 9
#define CODE_CANCELLED 10

#define SQL_SCHEDULED "2"
#define SQL_INSTALLING "3"
#define SQL_VERIFYING "4"
#define SQL_RETRYING "5"
#define SQL_INSTALLED "6"
#define SQL_TO_BE_PUSHED "(2, 5)"	  /* scheduled, retrying: a claim makes them installing */
#define SQL_IN_HAND "(3, 4)"		  /* installing, verifying: what a settlement may end */
#define SQL_BEGUN "(3, 4, 5, 6)"	  /* a push went out, or may have */
#define SQL_OPEN "(1, 2, 3, 4, 5)"	  /* neither installed nor final */
#define SQL_NOT_DONE "(1, 2, 3, 4, 5, 7)" /* those, and failed */
#define SQL_TO_INSTALL "(2, 3, 5)"	  /* an install that is still to be made */
#define SQL_AHEAD "(2, 3, 4, 5, 6)"	  /* those, and what is installed */

/*
 * To be acted on at next_ms. A range and no list: for a list of more than two SQLite makes a table
 * each time it asks, which is with every row that goes into the index or comes out of it.
 */
#define SQL_WAITING(state) state " BETWEEN 2 AND 5"
/* The conditions of jobs_tried and jobs_ended, by which SQLite knows that they serve. */
#define SQL_WAITING_TRIED "state BETWEEN 3 AND 5 AND lease_token IS NULL"
#define SQL_ENDED(state) state " IN (7, 10)" /* without an install: failed, cancelled */
/* Not final, or failed, which an operator may retry. */
#define SQL_NEEDS_KEY(state) "(" state " < 6 OR " state " = 7)"

/* Each query is prepared once for the life of the store, and has its place here. */
enum store_statement {
	STATEMENT_CONTRACT_GET,
	STATEMENT_CONTRACT_PUT,
	STATEMENT_CONTRACT_SNAPSHOT,
	STATEMENT_CERTIFICATE_FIND,
	STATEMENT_CERTIFICATE_PUT,
	STATEMENT_SECRET_PUT,
	STATEMENT_SECRET_GET,
	STATEMENT_SECRET_WIPE,
	STATEMENT_OPENLY_PUT,
	STATEMENT_LEFTOVER_ADD,
	STATEMENT_LEFTOVERS_ADD,
	STATEMENT_LEFTOVERS_REMOVE,
	STATEMENT_LEFTOVERS_FORGET,
	STATEMENT_SECRETS_NOT_UNDER,
	STATEMENT_JOB_ADD,
	STATEMENT_TRAIL_PUT,
	STATEMENT_TRAIL_GET,
	STATEMENT_JOBS_OF_CONTRACT,
	STATEMENT_JOB_GET,
	STATEMENT_JOBS_REPLACING,
	STATEMENT_CLAIM_FIND,
	STATEMENT_CLAIM_FIND_UNTRIED,
	STATEMENT_CLAIM_TAKE,
	STATEMENT_SETTLE,
	STATEMENT_LEASE_REMOVE,
	STATEMENT_LEASE_RENEW,
	STATEMENT_LEASES_SHORTEN,
	STATEMENT_LEASE_DEAD,
	STATEMENT_LEASE_END_DEAD,
	STATEMENT_LEASE_LOOK,
	STATEMENT_RETURN,
	STATEMENT_LEASE_LAST,
	STATEMENT_SET_STATE,
	STATEMENT_RESCHEDULE,
	STATEMENT_NEXT_NOW,
	STATEMENT_NEXT_LATER,
	STATEMENT_NEXT_LEASE,
	STATEMENT_LEFT_COUNT,
	STATEMENT_UNTRIED,
	STATEMENT_LEASED,
	STATEMENT_WAITS_ANY,
	STATEMENT_WAITS_SHORTEN,
	STATEMENT_ATTEMPT_ADD,
	STATEMENT_ATTEMPTS_ADD,
	STATEMENT_ATTEMPTS,
	STATEMENT_ACT_ADD,
	STATEMENT_CALLED_OFF,
	STATEMENT_PAUSE_PUT,
	STATEMENT_PAUSE_REMOVE,
	STATEMENT_PAUSES,
	STATEMENT_COUNTS,
	STATEMENT_COUNT_CHANGE,
	STATEMENT_COUNT_ADD,
	STATEMENT_KNOWN,
	STATEMENT_FEED_CURSOR,
	STATEMENT_FEED_PUT,
	STATEMENT_SET_ASIDE_ADD,
	STATEMENT_SET_ASIDE_BOUND,
	STATEMENT_SET_ASIDE_LIST,
	STATEMENT_SET_ASIDE_DISCARD,
	STATEMENT_SET_ASIDE_CLEAR,
	STATEMENT_JUDGEMENT,
	STATEMENT_TENANT_PUT,
	STATEMENT_TENANT_REMOVE,
	STATEMENT_TENANTS_OF_PAIR,
	STATEMENT_PAIRS_OF_CONTRACT,
	STATEMENT_PUSHED_OVER,
	STATEMENT_FORECAST_JOBS,
	STATEMENT_PUSH_DURATIONS,
	STATEMENT_TALLY_WAITING,
	STATEMENT_TALLY_REPLACING,
	STATEMENT_TALLY_EXPIRING,
	STATEMENT_TALLY_REFUSED,
	STATEMENT_TALLY_SET_ASIDE,
	STATEMENT_NAMES_FROM,
	STATEMENT_CONTRACTS_NAMING,
	STATEMENT_PROGRESS_SUCCEEDED,
	STATEMENT_PROGRESS_FAILED,
	STATEMENT_PROGRESS_LIST,
	STATEMENT_PRESSING,
	STATEMENT_SECRETS_COUNT,
	STATEMENT_GUARDED_COUNT,
	STATEMENT_FEED_UPDATED,
	STATEMENT_COUNT
};

struct store {
	sqlite3 *db;
	char *path;
	bool in_transaction;
	/* Something failed in the running transaction: FAILURE says what, and nothing but a
	 * rollback is done until then. */
	bool failed;
	struct error failure;
	struct store_measures *measures; /* NULL: none */
	/* What the running transaction makes of the kept counts; UNCOUNTED: something is missing.
	 */
	struct store_change *changes;
	size_t change_count;
	bool uncounted;
	sqlite3_stmt *statements[STATEMENT_COUNT];
};

enum store_step {
	STORE_ROW,
	STORE_DONE,
	STORE_FAILED,
};

/* The kept statement WHICH of text SQL, ready to be bound; NULL with ERROR filled. */
sqlite3_stmt *store_statement(
	struct store *store, enum store_statement which, const char *sql, struct error *error);
/* One step. After STORE_DONE and STORE_FAILED the statement is at rest again. */
enum store_step store_step(struct store *store, sqlite3_stmt *statement, struct error *error);
/* Steps a statement that yields no rows. */
bool must_check store_run(struct store *store, sqlite3_stmt *statement, struct error *error);
/* Puts a statement to rest of which a row was read and no more is wanted. */
void store_rest(sqlite3_stmt *statement);

/* Binding fails only for want of memory or by a mistake here: both abort. TEXT may be NULL. */
void store_bind_int(sqlite3_stmt *statement, int index, int64_t value);
void store_bind_text(sqlite3_stmt *statement, int index, const char *text);
void store_bind_blob(sqlite3_stmt *statement, int index, const void *data, size_t length);

/* Fills ERROR from SQLite's last result on the store, and marks the running transaction as failed.
 */
bool store_fail(struct store *store, struct error *error);
/* Marks the running transaction as failed with what ERROR says; returns false. */
bool store_fail_with(struct store *store, const struct error *error);
/* The same mapping for a connection that is only being opened. */
bool store_map_error(const char *path, sqlite3 *db, int result, struct error *error);

/*
 * Every writing function stands between these two, so that one called outside a transaction has
 * its own: *OWN says so.
 */
bool must_check store_write_enter(struct store *store, bool *own, struct error *error);
bool must_check store_write_leave(struct store *store, bool own, bool done, struct error *error);

/*
 * From here on the handle's changes of jobs are counted by the transaction, in place of the
 * schema's triggers, where SQLite was built to tell of them.
 */
void store_counts_begin(struct store *store);
/* Writes what the running transaction changed; store_commit does it. */
bool must_check store_counts_write(struct store *store, struct error *error);
/* Of a transaction that is rolled back, and before a handle is freed. */
void store_counts_forget(struct store *store);

/* The number of a state in the file; the reverse is false for a number that is none. */
int store_state_code(enum job_state state);
bool store_state_from_code(int64_t code, enum job_state *state);

/* The columns that store_job_read takes, of jobs AS j and certificates AS c. */
#define SQL_JOB_COLUMNS                                                                            \
	"j.id, j.contract, j.service, j.service_code, j.fqdn, j.certificate_id, c.fingerprint, "   \
	"c.not_after_ms, j.state, j.base_ms, j.due_ms, j.next_ms, j.attempts, "                    \
	"j.first_attempt_ms, j.pushed_ms, j.settled_ms, j.idempotency_key, j.detail, c.chain, "    \
	"j.remote, j.issued_ms, j.revoked_ms, j.generation, j.guarded"
#define SQL_JOB_COLUMN_COUNT 24
#define SQL_RESTORED "'restored-ms'"
/*
 * Whether a certificate of ISSUED_MS may have been on a service before the store was restored, by a
 * history that its copy does not have.
 */
#define SQL_BEFORE_RESTORE(issued_ms)                                                              \
	"EXISTS(SELECT 1 FROM marks WHERE name = " SQL_RESTORED " AND value >= " issued_ms ")"
/* Reads column COLUMN, fingerprints one after another. */
size_t store_read_chain(sqlite3_stmt *statement, int column,
	unsigned char chain[CERTIFICATE_CHAIN_MAX][FINGERPRINT_SIZE]);
bool must_check store_job_read(
	struct store *store, sqlite3_stmt *statement, struct store_job *job, struct error *error);
/* Calls EACH for the jobs of STATEMENT, which has its values; finalizes it either way. */
bool must_check store_jobs_each(struct store *store, sqlite3_stmt *statement, store_job_each *each,
	void *context, struct error *error);
/* Fails unless the last statement changed one row: job ID's. */
bool must_check store_job_changed(struct store *store, int64_t id, struct error *error);
/* Adds the trail of job ID, or puts it in the place of the one there is. */
bool must_check store_trail_put(
	struct store *store, int64_t id, const char *trail, struct error *error);
/* Steps STATEMENT to its end and appends its jobs. */
bool must_check store_jobs_read(struct store *store, sqlite3_stmt *statement,
	struct store_job **jobs, size_t *count, struct error *error);

/*
 * Ends what leases other jobs have on JOB's target and that are over at NOW_MS, when JOB is taken:
 * a clock that is set back would revive them, and a holder that finds it stepped would renew its.
 */
bool must_check store_leases_end_dead(
	struct store *store, const struct store_job *job, int64_t now_ms, struct error *error);

/* No running lease on the target of JOB (a table's name or alias), whoever's: ?2 is now. */
#define SQL_TARGET_FREE(job)                                                                       \
	"NOT EXISTS(SELECT 1 FROM jobs AS l INDEXED BY jobs_leased WHERE l.lease_token IS NOT "    \
	"NULL AND l.service = " job ".service AND l.service_code = " job ".service_code AND "      \
	"l.fqdn = " job ".fqdn AND l.lease_until_ms > ?2)"
/*
 * What a claim finds, of jobs AS j: one range of jobs_due from its start. ?3 is the range's end:
 * now, or the end of time where due instants are not waited for; the condition after it then lets
 * only scheduled ones through. ?4 is the earliest base instant.
 */
#define SQL_ONLY_VERIFYING(job)                                                                    \
	"(?6 = 0 OR " job ".state = " SQL_VERIFYING                                                \
	" OR EXISTS (SELECT 1 FROM certificates AS e WHERE e.id = " job ".certificate_id "         \
	"AND e.not_after_ms < ?7))"
#define SQL_CLAIMABLE                                                                              \
	"j.service = ?1 AND " SQL_WAITING(                                                         \
		"j.state") " AND j.next_ms <= ?3 "                                                 \
			   "AND (j.next_ms <= ?2 OR j.state = " SQL_SCHEDULED                      \
			   ") AND j.base_ms >= ?4 "                                                \
			   "AND " SQL_ONLY_VERIFYING(                                              \
				   "j") " "                                                        \
					"AND " SQL_TARGET_FREE(                                    \
						"j") " ORDER BY j.next_ms, j.state, j.id"
/* Binds ?1 to ?4 of these, and ?6 and ?7 where the statement has them. */
void store_bind_claim(sqlite3_stmt *statement, const struct store_claim *claim);

/* The query that lists what FILTER lets through; to be freed. */
char *store_jobs_list_sql(const struct store_filter *filter);
/* The same of SEARCH. */
char *store_jobs_search_sql(const struct store_search *search);

/* PATH as the URI of a file that nobody writes: no lock, no log, no trace. To be freed. */
char *store_immutable_uri(const char *path);

/* ---- schema ---- */

extern const char *const store_migrations[];
extern const int store_migration_count;

/* The version that the file has (PRAGMA user_version), and whose it is (application_id). */
bool must_check store_schema_version(
	sqlite3 *db, const char *path, int64_t *version, int64_t *application, struct error *error);
/* Brings an open file to version COUNT in one transaction; 0 is an empty file. */
bool must_check store_schema_migrate(sqlite3 *db, const char *path, const char *const *migrations,
	int count, struct error *error);
/* Refuses a file whose tables are not what its version says, or that is damaged where it looks. */
bool must_check store_schema_check(sqlite3 *db, const char *path, struct error *error);
/* The same, and looks through the whole file, however large. */
bool must_check store_schema_check_whole(sqlite3 *db, const char *path, struct error *error);
/* Runs SQL and reads the first column of its first row; 0 when there is none. */
bool must_check store_schema_number(
	sqlite3 *db, const char *path, const char *sql, int64_t *number, struct error *error);
bool store_refuse_newer(const char *path, int64_t version, struct error *error);
bool store_refuse_foreign(const char *path, struct error *error);

#endif
