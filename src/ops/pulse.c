#include "ops/pulse.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/events.h"
#include "base/measure.h"

struct pulse {
	struct pulse_options options;
	int event_fd; /* wakes the loop */
	struct loop_watch *watch;

	pthread_mutex_t mutex; /* guards all below */
	pthread_cond_t answer;
	struct settings *settings;
	uint64_t asked;	   /* questions so far */
	uint64_t answered; /* the last of them that has an answer */
	int64_t answered_us;
	bool poked;
	struct pulse_state state;
	int64_t started_ms;
	int64_t reloaded_ms;
	bool reload_failed;
};

static void woken(void *context, int fd, int events);

struct pulse *pulse_new(const struct pulse_options *options, struct settings *settings)
{
	struct pulse *pulse = xcalloc(1, sizeof(*pulse));
	pthread_condattr_t attributes;

	pulse->options = *options;
	pulse->settings = settings_ref(settings);
	pulse->started_ms = clock_wall_ms(loop_clock(options->loop));
	pulse->reloaded_ms = pulse->started_ms;
	pulse->answered_us = measure_now_us();
	pthread_mutex_init(&pulse->mutex, NULL);
	/* A wait must not be as long as a step of the wall clock. */
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&pulse->answer, &attributes);
	pthread_condattr_destroy(&attributes);
	pulse->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (pulse->event_fd < 0) {
		/* A process without room for one more descriptor cannot do its work. */
		log_event(EVENT_PROCESS_ABORTED, NULL, 0, "the loop cannot be watched: %s",
			strerror(errno));
		abort();
	}
	pulse->watch = loop_watch_new(options->loop, pulse->event_fd, LOOP_READ, woken, pulse);
	return pulse;
}

void pulse_free(struct pulse *pulse)
{
	if (pulse == NULL)
		return;
	loop_watch_free(pulse->watch);
	close(pulse->event_fd);
	settings_unref(pulse->settings);
	pthread_cond_destroy(&pulse->answer);
	pthread_mutex_destroy(&pulse->mutex);
	free(pulse);
}

static void woken(void *context, int fd, int events)
{
	struct pulse *pulse = context;
	eventfd_t count;
	bool poked;

	(void)events;
	if (eventfd_read(fd, &count) != 0)
		return;
	pthread_mutex_lock(&pulse->mutex);
	memset(&pulse->state, 0, sizeof(pulse->state));
	pulse->options.look(pulse->options.context, &pulse->state);
	pulse->answered = pulse->asked;
	pulse->answered_us = measure_now_us();
	poked = pulse->poked;
	pulse->poked = false;
	pthread_cond_broadcast(&pulse->answer);
	pthread_mutex_unlock(&pulse->mutex);
	if (poked)
		pulse->options.poked(pulse->options.context);
}

void pulse_use(struct pulse *pulse, struct settings *settings)
{
	struct settings *old;

	settings_ref(settings);
	pthread_mutex_lock(&pulse->mutex);
	old = pulse->settings;
	pulse->settings = settings;
	pthread_mutex_unlock(&pulse->mutex);
	settings_unref(old);
}

void pulse_reloaded(struct pulse *pulse, bool succeeded, int64_t at_ms)
{
	pthread_mutex_lock(&pulse->mutex);
	pulse->reload_failed = !succeeded;
	if (succeeded)
		pulse->reloaded_ms = at_ms;
	pthread_mutex_unlock(&pulse->mutex);
}

/* ---- other threads ---- */

static void wake_loop(struct pulse *pulse)
{
	if (eventfd_write(pulse->event_fd, 1) != 0) {
		/* The counter is full only when the loop is woken already. */
	}
}

static struct timespec end_of_wait(int64_t now_us, int64_t wait_ms)
{
	int64_t end_us = now_us + wait_ms * 1000;

	return (struct timespec){
		.tv_sec = (time_t)(end_us / 1000000), .tv_nsec = (long)(end_us % 1000000 * 1000)};
}

void pulse_ask(struct pulse *pulse, int64_t wait_ms, struct pulse_reading *reading)
{
	int64_t began_us = measure_now_us(), now_us;
	struct timespec end = end_of_wait(began_us, wait_ms);
	uint64_t question;
	int status = 0;

	pthread_mutex_lock(&pulse->mutex);
	question = ++pulse->asked;
	wake_loop(pulse);
	while (pulse->answered < question && status == 0)
		status = pthread_cond_timedwait(&pulse->answer, &pulse->mutex, &end);
	now_us = measure_now_us();
	reading->state = pulse->state;
	reading->answered = pulse->answered >= question;
	reading->took_us = (reading->answered ? pulse->answered_us : now_us) - began_us;
	reading->silent_us = reading->answered ? 0 : now_us - pulse->answered_us;
	reading->started_ms = pulse->started_ms;
	reading->reload_failed = pulse->reload_failed;
	reading->reloaded_ms = pulse->reloaded_ms;
	pthread_mutex_unlock(&pulse->mutex);
}

struct settings *pulse_settings(struct pulse *pulse)
{
	struct settings *settings;

	pthread_mutex_lock(&pulse->mutex);
	settings = settings_ref(pulse->settings);
	pthread_mutex_unlock(&pulse->mutex);
	return settings;
}

void pulse_poke(struct pulse *pulse)
{
	pthread_mutex_lock(&pulse->mutex);
	pulse->poked = true;
	pthread_mutex_unlock(&pulse->mutex);
	wake_loop(pulse);
}
