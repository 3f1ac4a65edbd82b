#ifndef ENGINE_PUMP_H
#define ENGINE_PUMP_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/attempt.h"

/*
 * The one pump (DESIGN.md, decision 4). Every event only pokes it: in its next round it orders that
 * what attempts came to is stored and what is due is claimed, both in one transaction, starts what
 * was claimed, and sets its timer to the next due instant. Waiting uses up no attempt.
 *
 * One order is out at a time; results that come meanwhile, and under load for a moment longer, go
 * with the next. Where tries follow each other quickly, jobs are claimed ahead of need and wait
 * here, so that no place in flight waits for a disk; what is not needed after all is returned as it
 * was.
 */
struct pump;

struct pump_observer {
	/* A job's try was stored: its state is now STATE. */
	void (*settled)(void *context, const struct attempt_result *result, enum job_state state);
	/* Nothing is in flight, claimed, ordered or unsaved; the next job is to be acted on at
	 * NEXT_MS, or INT64_MAX.
	 */
	void (*idle)(void *context, int64_t next_ms);
	void *context;
};

struct pump_options {
	struct loop *loop;
	struct store *store;
	/*
	 * Carries orders out, one at a time and each in a transaction, on a handle of its own.
	 * NULL: the loop does, on STORE.
	 */
	struct crew *writer;
	struct store *writer_store;
	struct crew *makers; /* make PKCS#12; NULL: the loop does */
	struct http *http;
	struct pki *pki;
	struct pump_observer observer;
	const char *only_service; /* NULL: all */
	bool ignore_due;
	int64_t base_since_ms; /* only jobs whose base instant is not before it; 0: all */
};

/* SETTINGS is referenced, the rest borrowed. The pump rests until it is poked. */
struct pump *pump_new(const struct pump_options *options, struct settings *settings);
/* Nothing may be in flight (pump_drain, pump_abort). */
void pump_free(struct pump *pump);

/*
 * Looks in the next round of the loop whether there is something to do, also after others than the
 * pump have written the store: what is claimed and not begun is looked at again before it is.
 */
void pump_poke(struct pump *pump);

/* Goes on with other settings; what is in flight ends with the old ones. */
void pump_use(struct pump *pump, struct settings *settings, struct pki *pki);

/* Begins nothing more; observer.idle tells when all that was in flight is stored. */
void pump_drain(struct pump *pump);
/* Breaks off what is in flight; it goes back to the queue. */
void pump_abort(struct pump *pump);

/*
 * Whether something that is due (or, with ignore_due, accepted) has not been tried at all yet, or
 * not since this pump was made although it was to be tried again by then, on a service that has an
 * endpoint and takes requests: what waits for one that asked for a pause, was paused by an
 * operator, or is taken for dead, is not counted, and nothing is while the store can take nothing.
 * Errors are the store's.
 */
bool must_check pump_untried(const struct pump *pump, bool *untried, struct error *error);

/* How a service stands at present, for who watches; instants are the wall clock's. */
struct pump_service {
	const char *service;
	enum throttle_state state;
	int64_t until_ms; /* a pause's end, or an open circuit's next probe; 0: none */
	int window;
	size_t in_flight;
	int64_t rate_milli; /* requests a second, thousandths; 0: no limit */
};
typedef void pump_service_each(void *context, const struct pump_service *service);
void pump_services(const struct pump *pump, pump_service_each *each, void *context);

size_t pump_in_flight(const struct pump *pump);
/* What attempts came to and could not be stored yet. */
size_t pump_unsaved(const struct pump *pump);

#endif
