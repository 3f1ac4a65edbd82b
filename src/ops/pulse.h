#ifndef OPS_PULSE_H
#define OPS_PULSE_H

#include "engine/pump.h"
#include "engine/settings.h"
#include "net/loop.h"

/*
 * Between the loop and whoever watches it from another thread. A watcher asks how things stand, the
 * loop answers in its next round: so an idle daemon is not woken to say that it is well, and one
 * that does not answer is not. The loop never waits here for anybody.
 */
struct pulse;

#define PULSE_SERVICES_MAX 256
#define PULSE_NAME_MAX 64

struct pulse_service {
	char name[PULSE_NAME_MAX];
	enum throttle_state state;
	int64_t until_ms; /* wall clock; 0: none */
	int window;
	size_t in_flight;
	int64_t rate_milli;
};

struct pulse_state {
	struct pulse_service services[PULSE_SERVICES_MAX];
	size_t service_count;
	size_t in_flight;
	size_t unsaved; /* results that the store has not taken yet */
	bool stopping;
};

/*
 * LOOK fills in the state, on the loop. POKED is called there after pulse_poke. START_MS: when the
 * daemon was started, wall clock.
 */
struct pulse_options {
	struct loop *loop;
	void (*look)(void *context, struct pulse_state *state);
	void (*poked)(void *context);
	void *context;
};
struct pulse *pulse_new(const struct pulse_options *options, struct settings *settings);
/* No other thread may use it any more. */
void pulse_free(struct pulse *pulse);

/* ---- on the loop ---- */

/* A reload: from here on others work with SETTINGS. */
void pulse_use(struct pulse *pulse, struct settings *settings);
/* Whether the last reload succeeded, and its instant (wall clock). */
void pulse_reloaded(struct pulse *pulse, bool succeeded, int64_t at_ms);

/* ---- on any thread ---- */

struct pulse_reading {
	struct pulse_state state; /* as of the last answer */
	bool answered;		  /* within the wait */
	int64_t took_us;	  /* from the question to the answer; so far, without one */
	int64_t silent_us;	  /* since the loop answered last; 0 when it just did */
	int64_t started_ms;	  /* when the daemon was started, wall clock */
	bool reload_failed;
	int64_t reloaded_ms; /* when the configuration in force was read, wall clock */
};

/* Asks, and waits for at most WAIT_MS. READING is large: not for the stack of a deep call. */
void pulse_ask(struct pulse *pulse, int64_t wait_ms, struct pulse_reading *reading);
/* The settings in force; the caller's reference. */
struct settings *pulse_settings(struct pulse *pulse);
/* Something was changed in the store: the loop is to look. */
void pulse_poke(struct pulse *pulse);

#endif
