#ifndef TESTS_ENGINE_FIXTURE_H
#define TESTS_ENGINE_FIXTURE_H

#include "engine/intake.h"
#include "engine/pump.h"
#include "net/http.h"
#include "net/probe.h"

/*
 * The engine on a manual clock, a real store in a scratch folder, real certificates, and a
 * transport and a probe that do as the test says: http_start and probe_start are this file's, in
 * place of the library's. What goes wrong in here aborts the test program.
 */

/* What the services answer, in order; the last goes on for ever. */
struct scripted_answer {
	enum http_failure failure;
	int status;
	const char *retry_after; /* NULL: none */
	bool hang;		 /* no answer until it is cancelled */
	const char *body;	 /* NULL: none */
	const char *location;	 /* NULL: none */
};

enum scripted_edge {
	EDGE_SERVES_LAST, /* what was pushed last with success */
	EDGE_SERVES_OLD,  /* another certificate of the name */
	EDGE_SERVES_OTHER,
	EDGE_SERVES_NONE,
	EDGE_UNREACHABLE,
	EDGE_SERVES_NO_CHAIN, /* the leaf alone */
	EDGE_BY_ADDRESS,      /* "good…" serves the last, "bad…" the old one */
	EDGE_HANGS,	      /* no end until it is cancelled */
};

#define SENT_MAX 64

struct sent {
	char *method;
	char *url;
	char *idempotency_key;
	char *body; /* of multipart requests, the parts one after another */
};

struct engine_fixture {
	char *folder;
	struct manual_clock clock;
	struct loop *loop;
	struct settings *settings;
	struct store *store;
	struct pki *pki;
	struct intake *intake;
	struct pump *pump;
	const struct scripted_answer *answers;
	size_t answer_count;
	int64_t answer_takes_ms;  /* the clock goes on by so much until the next answer, once */
	int64_t total_timeout_ms; /* what the last request was given */
	enum scripted_edge edge;
	int64_t edge_not_before_ms; /* of whatever it serves */
	struct sent sent[SENT_MAX];
	size_t sent_count;
	size_t in_flight;
	size_t most_in_flight;
	size_t probes;
	char asked_for[256]; /* the name that the last probe sent */
	unsigned char
		served[FINGERPRINT_SIZE]; /* fingerprint of the certificate in the last push */
	int64_t idle_next_ms;		  /* what the pump last said when idle */
};

/* Monday 2026-11-16 10:00 in Tokyo. */
#define FIXTURE_START_MS INT64_C(1794790800000)

/* EXTRA (may be NULL) are lines for the configuration. */
struct engine_fixture *engine_fixture_new(const char *extra);
/* The same with no services but the built-in rules and "foreign", of the text PROFILE. */
struct engine_fixture *engine_fixture_new_foreign(const char *extra, const char *profile);
void engine_fixture_free(struct engine_fixture *fixture);

/* Another pump in place of the fixture's, with what OPTIONS say of what it is to do. */
void engine_fixture_use_pump(struct engine_fixture *fixture, struct pump_options options);

/* Opens all anew on the same folder, as after a crash: what was in memory is gone. */
void engine_fixture_restart(struct engine_fixture *fixture);

/* Scripts the answers to come; ANSWERS is borrowed. */
void engine_fixture_script(
	struct engine_fixture *fixture, const struct scripted_answer *answers, size_t count);

/* What a record is to say. Start from {0}. */
struct fixture_record {
	const char *contract;
	int revision;
	const char *item; /* NULL: dv-ssl */
	int certificate;  /* 0: none; up to 63: certificates of different numbers differ */
	bool without_key;
	bool wrong_key;
	bool ended;
	bool wildcard;	   /* for *.example.jp */
	int64_t at_ms;	   /* 0: FIXTURE_START_MS */
	const char *links; /* JSON; NULL: one to webhg2, whg1, www.example.jp */
};

/* The record's text; to be freed. */
char *fixture_record_text(const struct fixture_record *record);

/* Takes the record in and flushes; REASON (may be NULL) gets a rejection's sentence. */
enum spool_taken engine_fixture_take(
	struct engine_fixture *fixture, const struct fixture_record *record, struct error *reason);

/* Pokes the pump and turns the loop until nothing is in flight. */
void engine_fixture_pump(struct engine_fixture *fixture);

/* The jobs of a contract as "state:detail" texts are compared: the NUMBER-th, oldest first. */
struct store_job engine_fixture_job(
	struct engine_fixture *fixture, const char *contract, size_t number);
size_t engine_fixture_job_count(struct engine_fixture *fixture, const char *contract);

/* The attempts of a job as one text: "push:done:200 verify:served:0". To be freed. */
char *engine_fixture_attempts(struct engine_fixture *fixture, int64_t job_id);

/* Whether the store holds the sealed key of a job's certificate. */
bool engine_fixture_holds_key(struct engine_fixture *fixture, const struct store_job *job);

#endif
