#ifndef ENGINE_ATTEMPT_PRIVATE_H
#define ENGINE_ATTEMPT_PRIVATE_H

#include "engine/attempt.h"
#include "engine/look.h"

/*
 * What an attempt does at present. A push goes through reading back, pushing (once for each step)
 * and looking; a job that the service took before through asking and looking, or looking alone.
 */
enum attempt_phase {
	ATTEMPT_STARTING,
	ATTEMPT_MAKING,	       /* a PKCS#12, elsewhere */
	ATTEMPT_READING_BACK,  /* has the service it already? */
	ATTEMPT_LOOKING_AHEAD, /* the same, asked of the edge */
	ATTEMPT_PUSHING,
	ATTEMPT_ASKING, /* for what is pending at the service */
	ATTEMPT_LOOKING,
};

/* While it is with the makers, MATERIAL, PASSPHRASE and PKCS12 are theirs. */
struct attempt_making {
	struct crew_task task;
	struct attempt *attempt;
	bool done;
	struct error error;
};

struct attempt {
	struct attempt_options options;
	attempt_callback *callback;
	void *context;
	struct attempt_result *result;
	enum attempt_phase phase;
	char key_id[SEAL_KEY_ID_MAX];
	struct buffer sealed;
	struct material material;
	struct buffer pkcs12;
	struct buffer passphrase;
	struct attempt_making making;
	char *token; /* the service's bearer token */
	size_t step;
	struct http_request request;
	struct loop_timer *start;
	struct http_transfer *transfer;
	struct look *look;
	struct guard_job guard; /* of a guarded job; KNOWN is GUARD_KNOWN */
	struct guard_known *guard_known;
	struct guard_seen guard_told; /* what a request told that is not known here */
	bool guard_was_told;
};

/* What stands for "ask where the profile's follow.path says" in a job's remote. */
#define REMOTE_BY_PATH "by-path"

int64_t attempt_now(const struct attempt *attempt);

/* One more line of the job's history; TEXT becomes the job's detail, too. */
struct attempt_entry *attempt_note(struct attempt *attempt, enum attempt_kind kind,
	const char *outcome, int64_t duration_ms, const char *text);
/* The same for an answer, with what it tells of the service. */
void attempt_note_answer(struct attempt *attempt, enum attempt_kind kind, const char *outcome,
	const struct http_answer *answer, const struct judgement *judgement);

/* Hands the result over and frees ATTEMPT. */
void attempt_finish(struct attempt *attempt, enum job_event event);
void attempt_fail_internal(
	struct attempt *attempt, enum attempt_kind kind, const struct error *error);

/* Reads the service's token into ATTEMPT; internal error. */
bool must_check attempt_read_token(struct attempt *attempt, struct error *error);
/* False when the job's lease is over: nothing more is begun then. */
bool attempt_has_lease(const struct attempt *attempt);
/* What a request needs to know of the install. */
struct install attempt_install(const struct attempt *attempt);
/* Sends attempt->request. */
void attempt_send(struct attempt *attempt, http_callback *callback);
/* Drops all that held a key. */
void attempt_drop_secrets(struct attempt *attempt);

/* attempt_push.c */
void attempt_push(struct attempt *attempt);
/* Goes on once all that a request may need is there. */
void attempt_push_prepared(struct attempt *attempt);
/* attempt_pkcs12.c */
/* Makes what the profile needs; *LATER: attempt_push_prepared is called when it is there. */
bool must_check attempt_make_pkcs12(struct attempt *attempt, bool *later, struct error *error);
/* Takes it back from the makers. */
void attempt_withdraw_making(struct attempt *attempt);
/* Sends the profile's steps, from the first. */
void attempt_push_steps(struct attempt *attempt);
/* The service has it: nothing is to be pushed. */
void attempt_installed_already(struct attempt *attempt, int64_t duration_ms);
/* Ends an attempt of which nothing was sent. */
void attempt_push_failed(struct attempt *attempt, const struct error *error);
/* attempt_guard.c: instead of the read-back that the profile wants; the key is open. */
void attempt_guard_push(struct attempt *attempt);
/* attempt_confirm.c */
void attempt_ask(struct attempt *attempt);
void attempt_look(struct attempt *attempt);
/* Looks at the edges; CALLBACK gets the attempt. */
void attempt_start_look(struct attempt *attempt, look_callback *callback);

#endif
