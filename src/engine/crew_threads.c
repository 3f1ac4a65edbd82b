#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/events.h"
#include "engine/crew_private.h"

struct threads {
	struct crew crew; /* its queue is guarded by the mutex, too */
	pthread_t *list;
	size_t count;
	int event_fd; /* wakes the loop */
	struct loop_watch *watch;

	pthread_mutex_t mutex; /* guards all below, and the stages of tasks */
	pthread_cond_t wake;
	pthread_cond_t ran; /* a task ran to its end */
	struct crew_queue finished;
	bool stopping;
};

static void *work(void *context)
{
	struct threads *threads = context;
	void *own = NULL;

	pthread_mutex_lock(&threads->mutex);
	for (;;) {
		struct crew_task *task;

		while (!threads->stopping && threads->crew.waiting.first == NULL)
			pthread_cond_wait(&threads->wake, &threads->mutex);
		if (threads->stopping)
			break;
		task = crew_queue_take(&threads->crew.waiting);
		task->stage = CREW_RUNNING;
		pthread_mutex_unlock(&threads->mutex);
		task->run(task, &own);
		pthread_mutex_lock(&threads->mutex);
		task->stage = CREW_RUN;
		crew_queue_put(&threads->finished, task);
		pthread_cond_broadcast(&threads->ran);
		if (eventfd_write(threads->event_fd, 1) != 0) {
			/* The counter is full only when the loop is woken already. */
		}
	}
	pthread_mutex_unlock(&threads->mutex);
	if (threads->crew.end != NULL)
		threads->crew.end(own);
	return NULL;
}

static struct crew_task *take_finished(struct threads *threads)
{
	struct crew_task *task;

	pthread_mutex_lock(&threads->mutex);
	task = crew_queue_take(&threads->finished);
	if (task != NULL)
		task->stage = CREW_IDLE;
	pthread_mutex_unlock(&threads->mutex);
	return task;
}

static void woken(void *context, int fd, int events)
{
	struct threads *threads = context;
	struct crew_task *task;
	eventfd_t count;

	(void)events;
	if (eventfd_read(fd, &count) != 0)
		return;
	/* One by one: what is told may withdraw another. */
	while ((task = take_finished(threads)) != NULL)
		task->done(task);
}

static void threads_add(struct crew *crew, struct crew_task *task)
{
	struct threads *threads = (struct threads *)crew;

	pthread_mutex_lock(&threads->mutex);
	task->stage = CREW_WAITING;
	crew_queue_put(&crew->waiting, task);
	pthread_cond_signal(&threads->wake);
	pthread_mutex_unlock(&threads->mutex);
}

static void threads_withdraw(struct crew *crew, struct crew_task *task)
{
	struct threads *threads = (struct threads *)crew;

	pthread_mutex_lock(&threads->mutex);
	while (task->stage == CREW_RUNNING)
		pthread_cond_wait(&threads->ran, &threads->mutex);
	crew_queue_remove(task->stage == CREW_WAITING ? &crew->waiting : &threads->finished, task);
	task->stage = CREW_IDLE;
	pthread_mutex_unlock(&threads->mutex);
}

static void threads_free(struct crew *crew)
{
	struct threads *threads = (struct threads *)crew;
	size_t i;

	pthread_mutex_lock(&threads->mutex);
	threads->stopping = true;
	pthread_cond_broadcast(&threads->wake);
	pthread_mutex_unlock(&threads->mutex);
	for (i = 0; i < threads->count; i++)
		pthread_join(threads->list[i], NULL);
	loop_watch_free(threads->watch);
	close(threads->event_fd);
	pthread_cond_destroy(&threads->ran);
	pthread_cond_destroy(&threads->wake);
	pthread_mutex_destroy(&threads->mutex);
	free(threads->list);
	free(threads);
}

struct crew *crew_new_threads(struct loop *loop, size_t count, void (*end)(void *own))
{
	static const struct crew_kind kind = {threads_add, threads_withdraw, threads_free};
	struct threads *threads = xcalloc(1, sizeof(*threads));
	int status;

	threads->crew.kind = &kind;
	threads->crew.end = end;
	threads->list = xcalloc(count, sizeof(*threads->list));
	pthread_mutex_init(&threads->mutex, NULL);
	pthread_cond_init(&threads->wake, NULL);
	pthread_cond_init(&threads->ran, NULL);
	threads->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	status = threads->event_fd < 0 ? errno : 0;
	while (status == 0 && threads->count < count) {
		status = pthread_create(&threads->list[threads->count], NULL, work, threads);
		threads->count++;
	}
	if (status != 0) {
		/* A process without room for one more thread cannot do its work. */
		log_event(EVENT_PROCESS_ABORTED, NULL, 0, "a thread cannot be started: %s",
			strerror(status));
		abort();
	}
	threads->watch = loop_watch_new(loop, threads->event_fd, LOOP_READ, woken, threads);
	return &threads->crew;
}
