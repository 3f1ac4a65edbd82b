#include "net/resolve.h"

#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/alloc.h"

/* Lookups at the same time; more wait in line. A dead name server holds each for seconds. */
#define WORKERS_MAX 8

/* What a worker knows; it outlives a resolution that was cancelled. */
struct lookup {
	struct lookup *next;
	char *host;
	char *port;
	int event_fd;
	bool abandoned; /* this and what follows under the queue's lock */
	bool done;
	int status;
	struct addrinfo *list;
};

struct resolution {
	struct loop *loop;
	resolve_callback *callback;
	void *context;
	struct lookup *lookup;
	struct loop_watch *watch; /* a worker's answer */
	struct loop_timer *timer; /* an answer known from the start */
};

static struct {
	pthread_mutex_t lock;
	struct lookup *first;
	struct lookup *last;
	unsigned workers;
} queue = {.lock = PTHREAD_MUTEX_INITIALIZER};

static int look_up(struct lookup *lookup, int flags)
{
	struct addrinfo hints = {0};

	hints.ai_socktype = SOCK_STREAM;
	hints.ai_flags = flags | AI_NUMERICSERV;
	return getaddrinfo(lookup->host, lookup->port, &hints, &lookup->list);
}

static void lookup_free(struct lookup *lookup)
{
	if (lookup->list != NULL)
		freeaddrinfo(lookup->list);
	if (lookup->event_fd >= 0)
		(void)close(lookup->event_fd);
	free(lookup->host);
	free(lookup->port);
	free(lookup);
}

/* The next lookup that somebody still waits for; NULL when the line is empty. Locked. */
static struct lookup *queue_take(void)
{
	struct lookup *lookup;

	while ((lookup = queue.first) != NULL) {
		queue.first = lookup->next;
		if (queue.first == NULL)
			queue.last = NULL;
		if (!lookup->abandoned)
			return lookup;
		lookup_free(lookup);
	}
	return NULL;
}

static void *work(void *unused)
{
	static const uint64_t one = 1;
	struct lookup *lookup;
	int status;

	(void)unused;
	(void)pthread_mutex_lock(&queue.lock);
	while ((lookup = queue_take()) != NULL) {
		(void)pthread_mutex_unlock(&queue.lock);
		status = look_up(lookup, 0);
		(void)pthread_mutex_lock(&queue.lock);
		lookup->status = status;
		lookup->done = true;
		if (lookup->abandoned)
			lookup_free(lookup);
		else if (write(lookup->event_fd, &one, sizeof(one)) != (ssize_t)sizeof(one))
			abort(); /* An eventfd at zero always takes a one. */
	}
	queue.workers--;
	(void)pthread_mutex_unlock(&queue.lock);
	return NULL;
}

/* Signals are the loop's: a worker must not take them away from it. */
static bool worker_start(void)
{
	pthread_attr_t attributes;
	pthread_t thread;
	sigset_t all;
	sigset_t before;
	bool started;

	if (pthread_attr_init(&attributes) != 0)
		return false;
	(void)pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &before);
	started = pthread_create(&thread, &attributes, work, NULL) == 0;
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	(void)pthread_attr_destroy(&attributes);
	return started;
}

/* False when no worker could be had to do it. */
static bool queue_add(struct lookup *lookup)
{
	bool added = true;

	(void)pthread_mutex_lock(&queue.lock);
	if (queue.workers < WORKERS_MAX) {
		if (worker_start())
			queue.workers++;
		else
			added = queue.workers > 0;
	}
	if (added) {
		if (queue.last != NULL)
			queue.last->next = lookup;
		else
			queue.first = lookup;
		queue.last = lookup;
	}
	(void)pthread_mutex_unlock(&queue.lock);
	return added;
}

static void resolution_free(struct resolution *resolution)
{
	loop_watch_free(resolution->watch);
	loop_timer_free(resolution->timer);
	free(resolution);
}

static void answer(struct resolution *resolution)
{
	struct lookup *lookup = resolution->lookup;
	resolve_callback *callback = resolution->callback;
	void *context = resolution->context;
	struct addrinfo *list = lookup->list;
	int status = lookup->status;

	lookup->list = NULL;
	/* The watch goes before the descriptor that it watches. */
	resolution_free(resolution);
	lookup_free(lookup);
	callback(context, status, list);
}

static void lookup_known(void *context)
{
	answer(context);
}

static void lookup_ended(void *context, int fd, int events)
{
	struct resolution *resolution = context;
	bool done;

	(void)fd;
	(void)events;
	(void)pthread_mutex_lock(&queue.lock);
	done = resolution->lookup->done;
	(void)pthread_mutex_unlock(&queue.lock);
	if (done)
		answer(resolution);
}

static void answer_soon(struct resolution *resolution)
{
	resolution->timer = loop_timer_new(resolution->loop, lookup_known, resolution);
	loop_timer_set(resolution->timer, 0);
}

struct resolution *resolve_start(struct loop *loop, const char *host, const char *port,
	resolve_callback *callback, void *context)
{
	struct resolution *resolution = xcalloc(1, sizeof(*resolution));
	struct lookup *lookup = xcalloc(1, sizeof(*lookup));

	resolution->loop = loop;
	resolution->callback = callback;
	resolution->context = context;
	resolution->lookup = lookup;
	lookup->host = xstrdup(host);
	lookup->port = xstrdup(port);
	lookup->event_fd = -1;
	/* An address needs no name server and so no thread. */
	lookup->status = look_up(lookup, AI_NUMERICHOST);
	if (lookup->status != EAI_NONAME) {
		answer_soon(resolution);
		return resolution;
	}
	lookup->status = EAI_AGAIN;
	lookup->event_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (lookup->event_fd < 0 || !queue_add(lookup)) {
		answer_soon(resolution);
		return resolution;
	}
	resolution->watch =
		loop_watch_new(loop, lookup->event_fd, LOOP_READ, lookup_ended, resolution);
	return resolution;
}

void resolve_cancel(struct resolution *resolution)
{
	struct lookup *lookup;
	bool ours;

	if (resolution == NULL)
		return;
	lookup = resolution->lookup;
	ours = resolution->timer != NULL;
	resolution_free(resolution);
	(void)pthread_mutex_lock(&queue.lock);
	ours = ours || lookup->done;
	lookup->abandoned = true;
	(void)pthread_mutex_unlock(&queue.lock);
	if (ours)
		lookup_free(lookup);
}
