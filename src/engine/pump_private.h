#ifndef ENGINE_PUMP_PRIVATE_H
#define ENGINE_PUMP_PRIVATE_H

#include "engine/lanes.h"
#include "engine/pump.h"
#include "engine/writer.h"

/* The pump itself: its rounds in pump.c, its orders, its ready jobs, leases and clock apart. */

/* How long results wait for others, where more are to be expected. */
#define PUMP_GATHER_MS 80

struct flight {
	struct pump *pump;
	struct attempt *attempt;
	struct flight *next, *previous;
	char *service;
	int64_t job_id;
	unsigned char token[LEASE_TOKEN_SIZE];
	struct http_fence lease; /* the attempt and its request look at it, too */
	bool lost;		 /* another process has the job by now */
	int64_t started_ms;	 /* by the monotonic clock */
};

/* Claimed and not started: it waits for room in its lane, or to be returned. */
struct ready {
	struct ready *next;
	struct claimed claimed;
	unsigned char token[LEASE_TOKEN_SIZE];
	struct http_fence lease;
	int64_t since_ms;  /* by the monotonic clock */
	bool out_of_hours; /* claimed although its service is closed */
	bool lost;
};

struct ready_list {
	struct ready *first, *last;
	size_t count;
};

struct pump_order {
	struct order order;
	struct pump *pump;
	void (*done)(struct pump *pump);
	bool ends_doubt; /* what is ready is looked at for it, and waits */
	unsigned steps;	 /* the pump's, when it was made */
};

struct pump {
	struct pump_options options;
	struct settings *settings;
	struct crew *own_writer;   /* NULL: the options' is used */
	struct loop_timer *wake;   /* a round as soon as possible */
	struct loop_timer *due;	   /* a round at the next due instant */
	struct loop_timer *gather; /* a round when results have been gathered for long enough */
	struct lanes lanes;
	struct ready_list *ready; /* a list a lane, in the order in which they were due */
	size_t ready_lanes;
	size_t ready_count; /* in all of them */
	struct ready_list returning;
	struct flight *flights;
	size_t in_flight;
	struct unsaved *unsaved, **unsaved_end;
	size_t unsaved_count; /* those in the order among them */
	bool draining;
	int64_t store_retry_ms; /* 0: the store works */

	struct pump_order *order; /* in the writer's hands; NULL: none */
	bool looking;		  /* the store is to be asked what there is to do */
	bool doubt;		  /* the store was written: is what is ready so still? */
	bool gathered;		  /* for long enough */

	struct loop_timer *recheck; /* a round when the next due instant was to be reached */
	int64_t resting_until_ms;   /* what due and recheck are set for; 0: something else */
	int64_t wall_ahead_ms;	    /* of monotonic time, in the last round */
	int64_t began_ms;	    /* by the monotonic clock */
	int64_t looked_ms;	    /* by the monotonic clock: when that was */
	bool stepped;		    /* the wall clock, and leases were not renewed since */
	unsigned steps;
};

int64_t pump_wall_now(const struct pump *pump);
int64_t pump_mono_now(const struct pump *pump);
const struct config *pump_config(const struct pump *pump);

/* How many more may start over all lanes. */
size_t pump_room(const struct pump *pump);
/* What LANE would claim now; the token is left to be filled, and the limit. */
struct store_claim pump_make_claim(const struct pump *pump, size_t lane, int64_t opens_ms);
/*
 * The earliest instant at which a lane has room and, by what the store said last, something to do;
 * INT64_MAX for none.
 */
int64_t pump_next_instant(const struct pump *pump);

/* Starts a try of READY, which is freed. */
void pump_take_off(struct pump *pump, size_t lane, struct ready *ready);

/* ---- pump_order.c ---- */

/* Whether there is reason for an order; none is out. */
bool pump_order_wanted(const struct pump *pump);
/* Makes one and gives it to the writer; DONE is called when it was carried out. */
void pump_order_make(struct pump *pump, void (*done)(struct pump *pump));
/*
 * Ends the order that was carried out. True: leases, claims and instants are taken over, results
 * told and forgotten. False: all is as if it had not been made, and ERROR says why.
 */
bool must_check pump_order_end(struct pump *pump, struct error *error);
/* Takes one that is out from the writer, whatever became of it. */
void pump_order_forget(struct pump *pump);
void pump_forget_unsaved(struct unsaved *unsaved);

/* ---- pump_ready.c ---- */

/* One list a lane; lanes are only ever added. */
void pump_ready_fit(struct pump *pump);
/* What LANE has in ORDER_LANE comes to its list. */
void pump_ready_add(struct pump *pump, struct order_lane *claimed);
/* Starts what has room, and marks for returning what may not start any more. */
void pump_ready_start(struct pump *pump);
/* Marks all for returning. */
void pump_ready_give_up(struct pump *pump);
/* Marks what has no such lease any more, or was called off, for returning. */
void pump_ready_looked_at(struct pump *pump, const struct store_lease *leases, size_t count);
/* The first COUNT of returning were returned. */
void pump_ready_returned(struct pump *pump, size_t count);
/* Frees without a word to the store: the leases run out. */
void pump_ready_forget(struct pump *pump);
/* How many LANE may have claimed ahead of need. */
size_t pump_ready_ahead(const struct pump *pump, size_t lane);
/* How long until the oldest is to be returned; INT64_MAX for none. */
int64_t pump_ready_age_left_ms(const struct pump *pump);

/* ---- pump_leases.c ---- */

/* Whether the wall clock was stepped since the last round. */
void pump_look_at_clocks(struct pump *pump);
/* Breaks off what has no lease any more, since the process was stopped, say. */
void pump_end_overdue(struct pump *pump);
/* When, by the wall clock, the first lease of what is in flight ends; INT64_MAX for none. */
int64_t pump_first_lease_end(const struct pump *pump);
/* No lease in the store can have longer to run than this. */
int64_t pump_longest_lease_ms(const struct pump *pump);
/* Whether the lease of something that is ready is over, NOW by both clocks. */
bool pump_ready_is_over(
	const struct pump *pump, const struct ready *ready, const struct http_fence *now);
/*
 * For what is held here, in flight or ready, its lease by the clock as it is now; to be freed.
 * *COUNT of them.
 */
struct store_lease *pump_leases_make(const struct pump *pump, size_t *count);
/* Those were renewed, or found to be another's. */
void pump_leases_mended(struct pump *pump, const struct store_lease *renewed, size_t count);

#endif
