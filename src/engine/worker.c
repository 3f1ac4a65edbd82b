#include "engine/worker.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/events.h"
#include "engine/worker_private.h"

/* On the loop's. */
static void woken(void *context, int fd, int events);

static bool prepare(struct worker *worker, struct settings *settings, struct error *error)
{
	const struct config *config = settings_config(settings);
	const struct clock *clock = loop_clock(worker->options.loop);

	worker->spool = xstrdup_or_null(config->spool);
	if (!worker->options.dry_run)
		worker->reseal_for = settings_ref(settings);
	if (!store_open(config->store, &worker->store, error))
		return false;
	store_measure(worker->store, worker->options.measures);
	return intake_new(settings, worker->store, clock, &worker->options.observer,
		worker->options.dry_run, &worker->intake, error);
}

bool worker_new(const struct worker_options *options, struct settings *settings,
	struct worker **result, struct error *error)
{
	struct worker *worker = xcalloc(1, sizeof(*worker));
	int status;

	worker->options = *options;
	if (!prepare(worker, settings, error)) {
		store_close(worker->store);
		settings_unref(worker->reseal_for);
		free(worker->spool);
		free(worker);
		return false;
	}
	pthread_mutex_init(&worker->mutex, NULL);
	pthread_cond_init(&worker->wake, NULL);
	worker->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	status = worker->event_fd < 0 ? errno
				      : pthread_create(&worker->thread, NULL, worker_work, worker);
	if (status != 0) {
		/* A process without room for one more thread cannot do its work. */
		log_event(EVENT_PROCESS_ABORTED, NULL, 0,
			"the intake's thread cannot be started: %s", strerror(status));
		abort();
	}
	worker->watch = loop_watch_new(options->loop, worker->event_fd, LOOP_READ, woken, worker);
	*result = worker;
	return true;
}

void worker_free(struct worker *worker)
{
	size_t i;

	if (worker == NULL)
		return;
	pthread_mutex_lock(&worker->mutex);
	worker->stopping = true;
	pthread_cond_signal(&worker->wake);
	pthread_mutex_unlock(&worker->mutex);
	pthread_join(worker->thread, NULL);
	loop_watch_free(worker->watch);
	close(worker->event_fd);
	intake_free(worker->intake);
	intake_free(worker->next_intake);
	store_close(worker->store);
	settings_unref(worker->reseal_for);
	for (i = 0; i < worker->import_count; i++)
		free(worker->imports[i]);
	free(worker->imports);
	feed_page_clear(&worker->page);
	feed_result_clear(&worker->result);
	free(worker->noted_url);
	free(worker->noted_fault);
	free(worker->spool);
	free(worker->next_spool);
	pthread_cond_destroy(&worker->wake);
	pthread_mutex_destroy(&worker->mutex);
	free(worker);
}

void worker_poke(struct worker *worker)
{
	pthread_mutex_lock(&worker->mutex);
	worker->pass_wanted = true;
	/* A rest that was not told yet is none any more. */
	worker->rested = false;
	pthread_cond_signal(&worker->wake);
	pthread_mutex_unlock(&worker->mutex);
}

void worker_checkpoint(struct worker *worker)
{
	pthread_mutex_lock(&worker->mutex);
	worker->checkpoint_wanted = true;
	pthread_cond_signal(&worker->wake);
	pthread_mutex_unlock(&worker->mutex);
}

void worker_import(struct worker *worker, const char *path)
{
	pthread_mutex_lock(&worker->mutex);
	worker->imports =
		xreallocarray(worker->imports, worker->import_count + 1, sizeof(*worker->imports));
	worker->imports[worker->import_count++] = xstrdup(path);
	worker->rested = false;
	pthread_cond_signal(&worker->wake);
	pthread_mutex_unlock(&worker->mutex);
}

void worker_page(struct worker *worker, struct feed_page *page)
{
	pthread_mutex_lock(&worker->mutex);
	feed_page_clear(&worker->page);
	worker->page = *page;
	*page = (struct feed_page){0};
	pthread_cond_signal(&worker->wake);
	pthread_mutex_unlock(&worker->mutex);
}

void worker_note_feed(struct worker *worker, const char *url, const char *fault)
{
	if (worker->options.dry_run)
		return;
	pthread_mutex_lock(&worker->mutex);
	free(worker->noted_url);
	free(worker->noted_fault);
	worker->noted_url = xstrdup(url);
	worker->noted_fault = xstrdup_or_null(fault);
	pthread_cond_signal(&worker->wake);
	pthread_mutex_unlock(&worker->mutex);
}

bool worker_use(struct worker *worker, struct settings *settings, struct error *error)
{
	struct intake *intake, *unused;

	if (!intake_new(settings, worker->store, loop_clock(worker->options.loop),
		    &worker->options.observer, worker->options.dry_run, &intake, error))
		return false;
	pthread_mutex_lock(&worker->mutex);
	unused = worker->next_intake;
	worker->next_intake = intake;
	if (!worker->options.dry_run) {
		settings_unref(worker->reseal_for);
		worker->reseal_for = settings_ref(settings);
	}
	free(worker->next_spool);
	worker->next_spool = xstrdup_or_null(settings_config(settings)->spool);
	pthread_mutex_unlock(&worker->mutex);
	intake_free(unused);
	return true;
}

/* ---- the loop's side ---- */

static void woken(void *context, int fd, int events)
{
	struct worker *worker = context;
	struct spool_pass pass;
	struct feed_result result;
	bool stored, rested, has_result;
	eventfd_t count;

	(void)events;
	if (eventfd_read(fd, &count) != 0)
		return;
	pthread_mutex_lock(&worker->mutex);
	stored = worker->stored;
	rested = worker->rested;
	pass = worker->passed;
	worker->stored = worker->rested = false;
	if (rested)
		worker->passed = (struct spool_pass){0};
	result = worker->result;
	has_result = worker->has_result;
	worker->result = (struct feed_result){0};
	worker->has_result = false;
	pthread_mutex_unlock(&worker->mutex);
	if (stored)
		worker->options.stored(worker->options.context);
	if (has_result)
		worker->options.page_taken(worker->options.page_context, &result);
	feed_result_clear(&result);
	if (rested)
		worker->options.rested(worker->options.context, &pass);
}

/* ---- the thread's side ---- */
