#ifndef TESTS_SIM_SIM_H
#define TESTS_SIM_SIM_H

#include <stdarg.h>

#include "base/civil.h"
#include "base/clock.h"
#include "dice.h"
#include "disk.h"
#include "engine/intake.h"
#include "engine/pump.h"
#include "source/feed.h"

/*
 * One simulated run: the engine in one or two processes, the services, the sources and the disk, on
 * one thread and one manual clock, with one pair of dice. There is one run at a time, `world`.
 */

#define HOUR_MS INT64_C(3600000)
/* What was begun before an operator said otherwise may take as long as its lease. */
#define IN_FLIGHT_MS (30 * INT64_C(60000))

/* What a run is to have in it. */
struct plan_of_run {
	uint64_t seed;
	int contracts;
	int days;
	bool holding;	  /* contracts that name the same pair */
	bool reinstall;	  /* links that come back, certificates gone back to */
	bool clock_steps; /* of the daemon's wall clock */
	bool second;	  /* a second process on the store at times */
	bool stalls;	  /* processes stopped past their leases */
	bool acts;	  /* operators who cancel, retry and release */
	bool feed;	  /* some contracts come by a feed */
	bool reseal;	  /* the sealing key is changed */
};

enum service_kind {
	SERVICE_WEBHG2,	       /* at once; has an edge */
	SERVICE_CLOUD_HOSTING, /* at once; no edge; asked before each push */
	SERVICE_GIO_CA,	       /* asked by its path until it is done; has an edge */
	SERVICE_IDGW,	       /* asked by a Location until it is done; has an edge */
	SERVICE_WAF,	       /* at once; opening hours */
	SERVICE_COUNT
};

extern const char *const service_names[SERVICE_COUNT];

/* ---- the estate: contracts as their sources have them ---- */

#define LINKS_MAX 4
#define CODE_TEXT_MAX 24
#define CONTRACTS_MAX 64

struct estate_certificate {
	int contract;
	int64_t at_ms; /* the last instant at which the contract was told to have it */
	int64_t not_before_ms, not_after_ms;
};

struct estate_link {
	int service; /* SERVICE_COUNT: other */
	char code[CODE_TEXT_MAX];
	bool wrong_name; /* an FQDN that the certificate is not for */
	int64_t since_ms;
};

struct snapshot {
	bool ended;
	int certificate; /* number; -1: none */
	int64_t at_ms;
	struct estate_link links[LINKS_MAX];
	size_t link_count;
};

struct estate_contract {
	char code[CODE_TEXT_MAX];
	bool bring_in;
	bool by_feed;
	int64_t began_ms, ended_ms;
	struct snapshot *snapshots; /* the snapshot of revision n at n - 1 */
	size_t revision;
	int64_t lifetime_ms; /* of its certificates */
	int64_t renew_ms;
	size_t acknowledged; /* the highest revision that the source has forgotten */
	int codes;	     /* service codes drawn so far */
};

/* ---- the services ---- */

/* One (service, service code, FQDN) as the service has it. */
struct target {
	int service;
	char code[CODE_TEXT_MAX];
	char fqdn[64];
	int installed;	     /* certificate number; -1: none */
	int edge;	     /* what is served */
	int taken;	     /* the last that was taken, pending or installed, */
	int64_t taken_at_ms; /* its certificate.at as the daemon knew it, */
	int taken_contract;  /* and whose it is */
	int64_t remote;	     /* the pending install that counts; 0: none */
};

/* A push as it was sent. */
struct push {
	size_t target;
	char key[IDEMPOTENCY_KEY_MAX];
	int64_t job;
	int generation;
	int certificate;
	int contract;
	int64_t issued_ms;
};

/* What came of the first push with a key. */
struct effect {
	struct push push;
	char key[IDEMPOTENCY_KEY_MAX];
	int64_t remote;
	int certificate;
	size_t target;
	bool pending, failed;
	bool served; /* it has reached the edge */
};

/* An install that was sent when it was due. */
struct begun {
	int64_t job;
	int generation;
	int64_t base_ms;
};

/* What an operator decided. */
enum decision_kind {
	DECISION_CANCEL,
	DECISION_RETRY,
	DECISION_RELEASE,
};

struct decision {
	enum decision_kind kind;
	bool acknowledged; /* it may have been done all the same */
	int64_t wall_ms, mono_ms;
	int64_t job;  /* 0: a pair's */
	bool in_hand; /* a try of it was under way, or claimed by another process, */
	unsigned char token[LEASE_TOKEN_SIZE]; /* with this lease */
	/* Of a retry: the job comes back with a revision of CONTRACT beyond this one. */
	bool with_record;
	int contract; /* that has it brought back, or gets the pair */
	size_t revision;
	int service;
	char code[CODE_TEXT_MAX];
};

struct service_state {
	int64_t dead_until_ms; /* monotonic, as below */
	int64_t shaky_until_ms;
	int64_t paused_at_ms; /* by an operator; 0: not */
};

/* ---- processes ---- */

struct process {
	int number;
	bool runs;
	struct settings *settings; /* borrowed */
	struct disk_owner owner;
	struct loop *loop;
	struct store *store;	    /* the pump's */
	struct store *intake_store; /* the worker's */
	struct intake *intake;
	struct pump *pump;
	int64_t stalled_until_ms; /* monotonic */
	struct pki *pki;
	bool draining, drained;
	int transfers;
	struct feed *feed;     /* NULL: none */
	struct feed_page page; /* to be taken */
};

/* ---- events ---- */

typedef void event_callback(void *context, int64_t number);

struct event {
	int64_t id;
	int64_t at_ms; /* monotonic */
	event_callback *run;
	void *context;
	int64_t number;
	struct process *process; /* waits while it is stalled; NULL: none */
};

#define ARMED_MAX 4

struct totals {
	uint64_t seeds, steps, crashes, power_cuts, requests, effects, replays, taken;
	uint64_t installed, failed, restarts, checks, store_errors, stalls, clock_steps, pauses;
	uint64_t cancels, retries, releases, pages, pages_again, key_changes, resealed;
	int64_t contract_ms;
};

/* What the feed has, and how it is asked. */
struct feed_state {
	struct feed_entry *entries;
	size_t count;
	size_t bad_count; /* entries that are no records */
	int64_t interval_ms;
	int limit;
	int64_t dead_until_ms; /* monotonic */
};

struct world {
	struct plan_of_run plan;
	struct dice dice;
	struct manual_clock clock;
	int64_t start_ms;	   /* the true wall time at monotonic 0 */
	struct settings *settings; /* as the configuration now stands */
	struct settings *const *rings;
	int ring;      /* which of them that is */
	bool resealed; /* under its present key is all that there is */
	bool faults;   /* something may go wrong still */
	bool changing; /* contracts change still */
	int64_t latest_wall_ms, latest_wall_at_ms;
	struct event *events;
	size_t event_count, event_capacity;
	int64_t next_event;
	struct process processes[2];
	struct process *current;
	struct estate_contract contracts[CONTRACTS_MAX];
	size_t contract_count;
	struct estate_certificate *certificates;
	size_t certificate_count;
	struct delivery *deliveries;
	size_t delivery_count, delivery_capacity;
	struct target *targets;
	size_t target_count;
	struct effect *effects;
	size_t effect_count;
	struct begun *begun;
	size_t begun_count;
	struct feed_state feed;
	struct decision *decisions;
	size_t decision_count;
	int rounds_left; /* in which operators look at what failed, at the end */
	struct service_state services[SERVICE_COUNT];
	event_callback *armed[ARMED_MAX]; /* faults that wait for work */
	int64_t next_remote;
	uint64_t checked_writes;
	size_t on_wire; /* requests that may take effect still */
};

extern struct world *world;
extern struct totals totals;

/* ---- world.c: time and events ---- */

int64_t mono_now(void);
/* The true time, which the daemon's wall clock shows unless it was stepped. */
int64_t true_now(void);
int64_t wall_now(void);
/* Returns its id, for event_cancel. */
int64_t event_add(
	struct process *process, int64_t in_ms, event_callback *run, void *context, int64_t number);
void event_cancel(int64_t id);
/* Drops what waits for PROCESS, which is gone. */
void events_forget(const struct process *process);
/* Runs what comes next; false when nothing does before UNTIL_MS (monotonic). */
bool world_step(int64_t until_ms);
/* Configurations that differ in their sealing keys alone, each following from the one before. */
#define RING_COUNT 6
/* SETTINGS are COUNT times RING_COUNT. */
void simulate(const struct plan_of_run *plan, struct settings *const *settings, size_t count);
/* Frees what a run left behind. */
void world_clear(void);

/* ---- trace.c ---- */

extern bool trace_live;
void trace_clear(void);
void trace(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Prints what is wrong, the last events and how to see it again, and exits. */
_Noreturn void violated(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* ---- process.c ---- */

/* Opens the store and starts the engine; false when the store does not open now. */
bool process_start(struct process *process);
/* Kills it, if it is not dead yet. */
void process_stop(struct process *process);
/* It goes on with SETTINGS, as after a signal. */
void process_use(struct process *process, struct settings *settings);
/* Ends one that has drained. */
void process_close(struct process *process);
void process_start_later(struct process *process, int64_t in_ms);
/* It claims nothing more; process->drained tells when it can be closed. */
void process_drain(struct process *process);
bool process_stalled(const struct process *process);

/* ---- sim_loop.c: the loop's other side ---- */

/* When its next timer fires, monotonic; INT64_MAX: never. */
int64_t loop_next_ms(const struct loop *loop);
/* Fires one of those that are due, chosen by the dice. */
void loop_turn(struct loop *loop, struct dice *dice);

/* ---- faults.c ---- */

void faults_begin(void);
void faults_end(void);
/* A request begins: what waits for work may go wrong now. */
void faults_at_work(void);
/* The next one of a kind, in up to twice DAYS, while anything is to go wrong. */
void fault_again(event_callback *run, int days);
/* The number of an event that waited for work to be under way. */
#define FAULT_NOW 7
/*
 * Most of the time nothing is under way, and then hardly anything can go wrong: most faults wait
 * for the next request and come at the same instant or shortly after it. True when it waits.
 */
bool fault_waits(event_callback *run, int64_t number);
/* NULL when none does. */
struct process *one_that_runs(void);

/* ---- operators.c: what operators do ---- */

void operators_begin(void);
/* Nothing is left that waits for an operator. */
void operators_end(void);
/* Whether they have done all that they do at the end. */
bool operators_quiet(void);

/* ---- decisions.c: what operators decided, and what is promised of it ---- */

/* Before an act is asked for; what it comes to is uncertain until it is acknowledged. */
struct decision *decision_begin(enum decision_kind kind, struct process *process, int64_t job);
/* What DECISION came to: CONTRACT's job goes again, at once or with a record; NULL: nothing. */
void decision_retried(struct decision *decision, const char *contract, bool with_record);
void decision_released(struct decision *decision, struct process *process, const char *service,
	const char *code, const char *to);
/* Whether JOB, on LINK, may be cancelled at the end because an operator did it. */
bool may_be_called_off(const struct estate_link *link, const struct store_job *job);
/*
 * Whether LINK's pair was given to somebody: what was installed there before, and its key wiped,
 * then waits for a record when the pair comes back.
 */
bool was_given(const struct estate_link *link);
/* How many more effects what was decided accounts for. */
size_t decisions_about(const struct push *push);
/* Whether the pair was given to another contract so lately that a try may be under way still. */
bool given_lately(const struct store_job *job);
/* The same of whatever was decided on JOB. */
bool decided_lately(const struct store_job *job);
/*
 * Whether PROCESS began its try of JOB before this instant: between the two it may have been
 * stopped, and what others decided meanwhile is not known to it.
 */
bool was_begun_earlier(const struct process *process, int64_t job);
/* JOB is sent now, under TOKEN. */
void check_called_off(struct process *process, const struct store_job *job,
	const unsigned char token[LEASE_TOKEN_SIZE], int64_t revision);
void check_given(struct process *process, const struct store_job *job);
/* At the end: who was given a pair has it. */
void check_all_given(struct process *process);

/* ---- estate.c, sources.c ---- */

void estate_begin(void);
const struct snapshot *estate_latest(const struct estate_contract *contract);
/* The name that certificate NUMBER and the links of contract NUMBER are for. */
void estate_name(int contract, char *name, size_t size);
/* The record's text, to be freed. */
char *estate_record(int contract, size_t revision);
int estate_contract_of(const char *code);
/* Whether the rules refuse this link whatever the dates are. */
bool estate_refuses(const struct estate_contract *contract, const struct estate_link *link);
/* The fingerprint of certificate NUMBER, and back (-1: none). */
void certificate_fingerprint(int number, unsigned char fingerprint[FINGERPRINT_SIZE]);
int certificate_of_fingerprint(const unsigned char fingerprint[FINGERPRINT_SIZE]);
/* The number in a text that pki's stand-in made, -1: none; and that of the key in it. */
int certificate_in_text(const char *text);
int key_in_text(const char *text);

/* In IN_MS; 0: when such things come. */
void sources_send(int contract, size_t revision, int64_t in_ms);
/* A push for the contract begins, and a newer certificate comes. */
void estate_overtake(int contract);
/* The contract's latest snapshot is sent once more, as another revision. */
void estate_send_again(int contract);
/* Whether SNAPSHOT wants an install on the pair, refused or not. */
bool names_pair(const struct snapshot *snapshot, int service, const char *code);
/* Whether all that was sent is acknowledged. */
bool sources_quiet(void);

/* The process's pump is told that something was stored; the other's looks later. */
void sources_tell_stored(struct process *by);

/* ---- sim_feed.c ---- */

#define SIM_FEED_URL "https://feed.test"

/* A question as it was sent. */
struct feed_question_sent {
	int64_t position;
	int64_t limit;
	int64_t etag; /* -1: none */
};

void sim_feed_begin(void);
void sim_feed_append(int contract, size_t revision);
void sim_feed_ask(struct feed_question_sent *question, const struct http_request *request);
void sim_feed_answer(struct http_answer *to, const struct feed_question_sent *question);
/* PROCESS reads the feed from the stored cursor on, and no longer. */
void sim_feed_start(struct process *process);
void sim_feed_stop(struct process *process);
/* With CURSOR (NULL: none yet), revisions and how many elements are set aside, as they are stored.
 */
void check_feed(const char *cursor, const int64_t *stored, int64_t set_aside);
/* Whether nothing is behind CURSOR. */
bool feed_is_read(const char *cursor);

/* ---- sim_keys.c ---- */

void sim_keys_begin(void);
/* PROCESS has new settings, and is gone. */
void sim_keys_started(struct process *process);
void sim_keys_ended(const struct process *process);
/* All keys are sealed under one that is configured. */
void check_key_ids(struct process *process);
/* All are under the one with KEY_ID. */
void check_sealed_anew(struct process *process, const char *key_id);
/* Each opens, and is what its certificate came with. */
void check_keys(void);

/* ---- services.c ---- */

struct target *target_of(const char *service, const char *code, const char *fqdn);
struct effect *effect_of_key(const char *key);
struct effect *effect_of_remote(int64_t remote);
/* The service takes PUSH now, or says what it said to the first of the same key. */
struct effect *service_take(const struct push *push);
int service_number(const char *name);
/* Whether the service serves where it can be looked at. */
bool has_edge(int service);

/* ---- sim_http.c ---- */

/* Whether the service told this key that it never will be taken. */
bool was_refused(const char *key);
void network_clear(void);

/* ---- invariants_due.c ---- */

bool same_link(const struct estate_link *link, const struct store_job *job);
/* JOB is claimed now, with its contract's snapshots known up to REVISION. */
void note_claimed(const struct store_job *job, int64_t revision);
/* JOB is sent now. */
void check_wanted(const struct store_job *job, int64_t revision);
void check_hours(const struct store_job *job);
void check_paused(const struct store_job *job);

/* ---- invariants.c, invariants_effect.c, invariants_end.c ---- */

/* Whether no job waits, and the feed is read to its end. */
bool store_at_rest(struct process *process);

/* After each step, and when a store was opened. */
void check_step(void);
void check_reopened(struct process *process);
/* A request of PROCESS for JOB, under TOKEN, is about to be sent. */
void check_request(struct process *process, const struct store_job *job,
	const unsigned char token[LEASE_TOKEN_SIZE]);
/* A service takes PUSH, for the first time and again. */
void check_effect(const struct push *push);
void check_replay(const struct effect *effect, const struct push *push);
/* Whether the contract with CODE has the pair by the store, and its stored revision. */
bool store_says_holds(
	struct process *process, const char *service, const char *code, const char *contract);
int64_t stored_revision(struct process *process, int contract);
/* How many keys are sealed under neither of two. */
int64_t keys_not_under(struct process *process, const char *one, const char *other);
#define KEYS_MAX 512
/* The keys that are held, up to KEYS_MAX, and of which certificates they are. */
size_t list_keys(struct process *process, int64_t *ids, int *numbers);
/* A sum that is another when the jobs are. */
int64_t jobs_sum(struct process *process);
/* JOB is stored as installed. */
void check_installed(const struct store_job *job);
/* Nothing is left to do that is not explained; false while something still is. */
bool check_quiet(void);
void check_end(void);
/* A statement on PROCESS's store, kept for as long as it is open. */
void checks_forget(struct process *process);

#endif
