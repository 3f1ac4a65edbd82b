#ifndef NET_LOOP_H
#define NET_LOOP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/error.h"

/*
 * The event loop; its .c file is the only user of libevent outside the mock. Callbacks run on the
 * loop's thread, one at a time, never from within the call that registers them.
 */
struct loop;
struct loop_timer;
struct loop_watch;
struct loop_signal;

/*
 * CLOCK is borrowed; it tells monotonic and wall time to all that run on the loop. From here on the
 * process ignores SIGPIPE: a peer that hangs up is an error of a write.
 */
struct loop *loop_new(const struct clock *clock);
/* All timers, watches and signals must have been freed. */
void loop_free(struct loop *loop);
const struct clock *loop_clock(const struct loop *loop);

/*
 * Runs until loop_stop; temporary error when the kernel refuses to poll. A loop_stop from before
 * counts: the run then ends at once. With nothing to do it sleeps without waking up.
 */
bool must_check loop_run(struct loop *loop, struct error *error);
void loop_stop(struct loop *loop);

typedef void loop_callback(void *context);

/* A timer that fires once for each time it is set; precise to a millisecond. */
struct loop_timer *loop_timer_new(struct loop *loop, loop_callback *callback, void *context);
/* (Re)arms: fires DELAY_MS from now on the monotonic clock; 0: in the next round. */
void loop_timer_set(struct loop_timer *timer, int64_t delay_ms);
/*
 * (Re)arms for an instant of wall time, by a timerfd on CLOCK_REALTIME that is cancelled when the
 * clock is stepped, so that the timer fires at that instant whatever happens to the clock between.
 * On a clock that is not the system's the wait is the difference at this moment, in real time.
 */
void loop_timer_set_wall(struct loop_timer *timer, int64_t wall_ms);
void loop_timer_cancel(struct loop_timer *timer);
bool loop_timer_is_set(const struct loop_timer *timer);
void loop_timer_free(struct loop_timer *timer);

#define LOOP_READ 1
#define LOOP_WRITE 2
typedef void loop_watch_callback(void *context, int fd, int events);

/* Watches FD (borrowed) for EVENTS until freed; level-triggered. */
struct loop_watch *loop_watch_new(
	struct loop *loop, int fd, int events, loop_watch_callback *callback, void *context);
void loop_watch_change(struct loop_watch *watch, int events);
void loop_watch_free(struct loop_watch *watch);

typedef void loop_signal_callback(void *context, int number);

struct loop_signal *loop_signal_new(
	struct loop *loop, int number, loop_signal_callback *callback, void *context);
void loop_signal_free(struct loop_signal *signal);

#endif
