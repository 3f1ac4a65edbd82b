#include "net/loop.h"

#include <assert.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <event2/event.h>
#include <event2/event_struct.h>

#include "base/alloc.h"
#include "base/events.h"

/* How long a wall timer without a timerfd may sleep before it looks at the clock again. */
#define WALL_RECHECK_MS INT64_C(10000)
/* So many callbacks run before the kernel is asked for more: one may make another run for ever. */
#define ROUND_MAX 64
/* The longest wait given to the kernel: a century. */
#define WAIT_MAX_MS (INT64_C(100) * 366 * 86400000)

struct loop {
	struct event_base *base;
	const struct clock *clock;
	size_t users; /* timers, watches and signals that have not been freed */
	bool stopping;
};

struct loop_timer {
	struct loop *loop;
	loop_callback *callback;
	void *context;
	struct event delay_event;
	struct event *wall_event; /* NULL until the first instant of wall time is set */
	int wall_fd;
	int64_t wall_ms;
	bool follows_wall;
	bool is_set;
};

struct loop_watch {
	struct loop *loop;
	loop_watch_callback *callback;
	void *context;
	struct event event;
	int fd;
};

struct loop_signal {
	struct loop *loop;
	loop_signal_callback *callback;
	void *context;
	struct event *event;
};

static void *not_null(void *data)
{
	/* libevent returns NULL only when memory has run out; base/alloc.h aborts then as well. */
	if (data == NULL)
		abort();
	return data;
}

/* The kernel watches no more for us: a process that misses its events is better started anew. */
static void must_succeed(int status)
{
	if (status == 0)
		return;
	log_event(EVENT_PROCESS_ABORTED, NULL, 0, "the event loop cannot go on; stopping");
	abort();
}

/* libevent's own words on standard error would have neither level nor fields. */
static void libevent_says(int severity, const char *message)
{
	if (severity >= EVENT_LOG_WARN)
		log_event(EVENT_LOOP_COMPLAINT, NULL, 0, "the event loop: %s", message);
}

struct loop *loop_new(const struct clock *clock)
{
	struct loop *loop = xcalloc(1, sizeof(*loop));
	struct event_config *config;
	int flags = EVENT_BASE_FLAG_NOLOCK | EVENT_BASE_FLAG_IGNORE_ENV;

	/*
	 * Without these two a timer is counted from when the round began, and epoll's time-out is
	 * in whole milliseconds of the coarse clock: late by up to a tick.
	 */
	flags |= EVENT_BASE_FLAG_PRECISE_TIMER | EVENT_BASE_FLAG_NO_CACHE_TIME;
	event_set_log_callback(libevent_says);
	config = not_null(event_config_new());
	must_succeed(event_config_set_flag(config, flags));
	must_succeed(event_config_set_max_dispatch_interval(config, NULL, ROUND_MAX, 0));
	loop->base = not_null(event_base_new_with_config(config));
	event_config_free(config);
	loop->clock = clock;
	(void)signal(SIGPIPE, SIG_IGN);
	return loop;
}

void loop_free(struct loop *loop)
{
	if (loop == NULL)
		return;
	assert(loop->users == 0);
	event_base_free(loop->base);
	free(loop);
}

const struct clock *loop_clock(const struct loop *loop)
{
	return loop->clock;
}

bool loop_run(struct loop *loop, struct error *error)
{
	int status = 0;

	if (!loop->stopping)
		status = event_base_loop(loop->base, EVLOOP_NO_EXIT_ON_EMPTY);
	loop->stopping = false;
	if (status < 0)
		return error_set(error, ERROR_TEMPORARY,
			"the event loop cannot wait for events: %s", strerror(errno));
	return true;
}

void loop_stop(struct loop *loop)
{
	loop->stopping = true;
	(void)event_base_loopbreak(loop->base);
}

/* Timers. */

static void wait_for(struct event *event, int64_t delay_ms)
{
	struct timeval delay;

	/* Behind what is ready now, without a look at the clock. */
	if (delay_ms <= 0) {
		event_active(event, EV_TIMEOUT, 0);
		return;
	}
	if (delay_ms > WAIT_MAX_MS)
		delay_ms = WAIT_MAX_MS;
	delay.tv_sec = (time_t)(delay_ms / 1000);
	delay.tv_usec = (suseconds_t)(delay_ms % 1000 * 1000);
	must_succeed(event_add(event, &delay));
}

static int64_t wall_left_ms(const struct loop_timer *timer)
{
	int64_t now = clock_wall_ms(timer->loop->clock);

	return timer->wall_ms > now ? timer->wall_ms - now : 0;
}

/* The way without a timerfd: sleeps in stretches, so that a stepped clock is noticed. */
static void wait_for_wall(struct loop_timer *timer)
{
	int64_t left = wall_left_ms(timer);

	if (timer->loop->clock == clock_system() && left > WALL_RECHECK_MS)
		left = WALL_RECHECK_MS;
	wait_for(&timer->delay_event, left);
}

static void timer_fire(struct loop_timer *timer)
{
	if (timer->follows_wall)
		loop_timer_cancel(timer);
	timer->is_set = false;
	timer->callback(timer->context);
}

static void delay_over(evutil_socket_t fd, short events, void *context)
{
	struct loop_timer *timer = context;

	(void)fd;
	(void)events;
	if (timer->follows_wall && timer->loop->clock == clock_system() &&
		wall_left_ms(timer) > 0) {
		wait_for_wall(timer);
		return;
	}
	timer_fire(timer);
}

static bool arm_wall_fd(struct loop_timer *timer)
{
	struct itimerspec when = {0};
	/* An instant of zero would disarm; all that is past fires at once anyway. */
	int64_t wall_ms = timer->wall_ms > 0 ? timer->wall_ms : 1;

	when.it_value.tv_sec = (time_t)(wall_ms / 1000);
	when.it_value.tv_nsec = (long)(wall_ms % 1000 * 1000000);
	/* A step since the last look is reported by the call itself, once. */
	for (int tries = 0; tries < 3; tries++) {
		if (timerfd_settime(timer->wall_fd, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET,
			    &when, NULL) == 0)
			return true;
		if (errno != ECANCELED)
			return false;
	}
	return false;
}

static void wall_reached(evutil_socket_t fd, short events, void *context)
{
	struct loop_timer *timer = context;
	uint64_t expirations;

	(void)events;
	if (read(fd, &expirations, sizeof(expirations)) == (ssize_t)sizeof(expirations)) {
		timer_fire(timer);
		return;
	}
	if (errno == ECANCELED)
		loop_timer_set_wall(timer, timer->wall_ms);
}

static bool wall_event_open(struct loop_timer *timer)
{
	if (timer->wall_event != NULL)
		return true;
	timer->wall_fd = timerfd_create(CLOCK_REALTIME, TFD_NONBLOCK | TFD_CLOEXEC);
	if (timer->wall_fd < 0)
		return false;
	timer->wall_event = not_null(event_new(
		timer->loop->base, timer->wall_fd, EV_READ | EV_PERSIST, wall_reached, timer));
	return true;
}

struct loop_timer *loop_timer_new(struct loop *loop, loop_callback *callback, void *context)
{
	struct loop_timer *timer = xcalloc(1, sizeof(*timer));

	timer->loop = loop;
	timer->callback = callback;
	timer->context = context;
	timer->wall_fd = -1;
	must_succeed(evtimer_assign(&timer->delay_event, loop->base, delay_over, timer));
	loop->users++;
	return timer;
}

void loop_timer_set(struct loop_timer *timer, int64_t delay_ms)
{
	/* What the other kind of wait has armed; a delay replaces a delay. */
	if (timer->follows_wall)
		loop_timer_cancel(timer);
	timer->is_set = true;
	wait_for(&timer->delay_event, delay_ms);
}

void loop_timer_set_wall(struct loop_timer *timer, int64_t wall_ms)
{
	loop_timer_cancel(timer);
	timer->is_set = true;
	timer->follows_wall = true;
	timer->wall_ms = wall_ms;
	/* No descriptor to be had is no reason to miss the instant. */
	if (timer->loop->clock == clock_system() && wall_event_open(timer) && arm_wall_fd(timer))
		must_succeed(event_add(timer->wall_event, NULL));
	else
		wait_for_wall(timer);
}

void loop_timer_cancel(struct loop_timer *timer)
{
	static const struct itimerspec never;

	if (!timer->is_set)
		return;
	(void)event_del(&timer->delay_event);
	if (timer->wall_event != NULL) {
		(void)event_del(timer->wall_event);
		(void)timerfd_settime(timer->wall_fd, 0, &never, NULL);
	}
	timer->is_set = false;
	timer->follows_wall = false;
}

bool loop_timer_is_set(const struct loop_timer *timer)
{
	return timer->is_set;
}

void loop_timer_free(struct loop_timer *timer)
{
	if (timer == NULL)
		return;
	(void)event_del(&timer->delay_event);
	if (timer->wall_event != NULL)
		event_free(timer->wall_event);
	if (timer->wall_fd >= 0)
		(void)close(timer->wall_fd);
	timer->loop->users--;
	free(timer);
}

/* Watches. */

static void watch_ready(evutil_socket_t fd, short events, void *context)
{
	struct loop_watch *watch = context;
	int ready = 0;

	if (events & EV_READ)
		ready |= LOOP_READ;
	if (events & EV_WRITE)
		ready |= LOOP_WRITE;
	watch->callback(watch->context, fd, ready);
}

struct loop_watch *loop_watch_new(
	struct loop *loop, int fd, int events, loop_watch_callback *callback, void *context)
{
	struct loop_watch *watch = xcalloc(1, sizeof(*watch));

	watch->loop = loop;
	watch->callback = callback;
	watch->context = context;
	watch->fd = fd;
	must_succeed(event_assign(&watch->event, loop->base, fd, EV_PERSIST, watch_ready, watch));
	loop->users++;
	loop_watch_change(watch, events);
	return watch;
}

void loop_watch_change(struct loop_watch *watch, int events)
{
	short wanted = EV_PERSIST;

	if (events & LOOP_READ)
		wanted |= EV_READ;
	if (events & LOOP_WRITE)
		wanted |= EV_WRITE;
	(void)event_del(&watch->event);
	must_succeed(event_assign(
		&watch->event, watch->loop->base, watch->fd, wanted, watch_ready, watch));
	if (wanted != EV_PERSIST)
		must_succeed(event_add(&watch->event, NULL));
}

void loop_watch_free(struct loop_watch *watch)
{
	if (watch == NULL)
		return;
	(void)event_del(&watch->event);
	watch->loop->users--;
	free(watch);
}

/* Signals. */

static void signal_came(evutil_socket_t number, short events, void *context)
{
	struct loop_signal *signal = context;

	(void)events;
	signal->callback(signal->context, number);
}

struct loop_signal *loop_signal_new(
	struct loop *loop, int number, loop_signal_callback *callback, void *context)
{
	struct loop_signal *signal = xcalloc(1, sizeof(*signal));

	signal->loop = loop;
	signal->callback = callback;
	signal->context = context;
	signal->event = not_null(evsignal_new(loop->base, number, signal_came, signal));
	must_succeed(event_add(signal->event, NULL));
	loop->users++;
	return signal;
}

void loop_signal_free(struct loop_signal *signal)
{
	if (signal == NULL)
		return;
	event_free(signal->event);
	signal->loop->users--;
	free(signal);
}
