#include "engine/worker.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/events.h"
#include "engine/progress.h"
#include "engine/reseal.h"
#include "engine/take_page.h"

struct worker {
	struct worker_options options;
	struct store *store;
	pthread_t thread;
	int event_fd; /* wakes the loop */
	struct loop_watch *watch;

	pthread_mutex_t mutex; /* guards all below */
	pthread_cond_t wake;
	struct settings *reseal_for; /* settings whose sealing key may be new */
	struct intake *intake;
	struct intake *next_intake; /* from worker_use, taken before the next pass */
	char *spool;
	char *next_spool;
	char **imports;
	size_t import_count;
	struct feed_page page;	   /* to be taken; without a url: none */
	struct feed_result result; /* of a page, to be told */
	bool has_result;
	char *noted_url; /* a feed of which something is to be stored; NULL: none */
	char *noted_fault;
	bool pass_wanted;
	bool checkpoint_wanted;
	bool stopping;
	bool stored;
	bool rested;
	struct spool_pass passed; /* since the last rest was told */

	/* The thread's own: why the source could not be read, once told; and what was stored. */
	struct error fault;
	struct progress_told spool_told;
};

/* On the worker's thread. */
static void *work(void *context);
static bool flush_and_tell(void *context, struct error *error);
static enum spool_taken take(void *context, const struct spool_item *item, struct error *reason);
static bool is_stopping(void *context);

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
	status = worker->event_fd < 0 ? errno : pthread_create(&worker->thread, NULL, work, worker);
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

static void wake_loop(struct worker *worker)
{
	if (eventfd_write(worker->event_fd, 1) != 0) {
		/* The counter is full only when the loop is woken already. */
	}
}

static enum spool_taken take(void *context, const struct spool_item *item, struct error *reason)
{
	struct worker *worker = context;
	struct spool_taker taker = intake_taker(worker->intake);

	return taker.take(taker.context, item, reason);
}

static void foresee(void *context, const struct spool_item *item)
{
	struct worker *worker = context;
	struct spool_taker taker = intake_taker(worker->intake);

	taker.foresee(taker.context, item);
}

static void forget(void *context)
{
	struct worker *worker = context;
	struct spool_taker taker = intake_taker(worker->intake);

	taker.forget(taker.context);
}

/* Stores the page that waits, if one does. Nothing else is half taken when it is called. */
static void take_waiting_page(struct worker *worker)
{
	struct feed_result result;
	struct feed_page page;

	pthread_mutex_lock(&worker->mutex);
	page = worker->page;
	worker->page = (struct feed_page){0};
	pthread_mutex_unlock(&worker->mutex);
	if (page.url == NULL)
		return;
	take_page(worker->intake, loop_clock(worker->options.loop), &page, &result);
	feed_page_clear(&page);
	pthread_mutex_lock(&worker->mutex);
	feed_result_clear(&worker->result);
	worker->result = result;
	worker->has_result = true;
	worker->stored = worker->stored || result.fresh > 0;
	pthread_mutex_unlock(&worker->mutex);
	wake_loop(worker);
}

static bool flush_and_tell(void *context, struct error *error)
{
	struct worker *worker = context;
	struct spool_taker taker = intake_taker(worker->intake);

	if (!taker.flush(taker.context, error))
		return false;
	pthread_mutex_lock(&worker->mutex);
	worker->stored = true;
	pthread_mutex_unlock(&worker->mutex);
	wake_loop(worker);
	take_waiting_page(worker);
	return true;
}

static bool is_stopping(void *context)
{
	struct worker *worker = context;
	bool stopping;

	pthread_mutex_lock(&worker->mutex);
	stopping = worker->stopping;
	pthread_mutex_unlock(&worker->mutex);
	return stopping;
}

static void add_pass(struct worker *worker, const struct spool_pass *pass)
{
	pthread_mutex_lock(&worker->mutex);
	worker->passed.files += pass->files;
	worker->passed.taken += pass->taken;
	worker->passed.rejected += pass->rejected;
	worker->passed.later = worker->passed.later || pass->later;
	pthread_mutex_unlock(&worker->mutex);
}

static void reseal(struct worker *worker)
{
	struct settings *settings;
	size_t resealed, locked;
	struct error error;

	pthread_mutex_lock(&worker->mutex);
	settings = worker->reseal_for;
	worker->reseal_for = NULL;
	pthread_mutex_unlock(&worker->mutex);
	if (settings == NULL)
		return;
	if (!reseal_all(worker->store, settings, &resealed, &locked, &error))
		log_event(EVENT_KEYS_NOT_RESEALED, NULL, 0,
			"keys could not be sealed under the present sealing key: %s", error.text);
	else if (locked > 0)
		log_event(EVENT_KEYS_LOCKED, NULL, 0,
			"%zu keys are sealed under a key that is not configured; add it to "
			"sealing-keys-old",
			locked);
	else if (resealed > 0)
		log_event(EVENT_KEYS_RESEALED, NULL, 0,
			"%zu keys are now sealed under the present sealing key %s; older keys "
			"can be taken out of sealing-keys-old",
			resealed, keyring_present_id(settings_keyring(settings)));
	settings_unref(settings);
}

static void note_waiting_feed(struct worker *worker)
{
	char *url, *fault;

	pthread_mutex_lock(&worker->mutex);
	url = worker->noted_url;
	fault = worker->noted_fault;
	worker->noted_url = worker->noted_fault = NULL;
	pthread_mutex_unlock(&worker->mutex);
	if (url != NULL)
		progress_source(worker->store, loop_clock(worker->options.loop), url, fault);
	free(url);
	free(fault);
}

/* ERROR of a source that could not be read, or NULL: told when it begins, changes and ends. */
static void tell_fault(struct worker *worker, const struct error *error)
{
	const struct error none = {0}, *fault = error != NULL ? error : &none;

	if (strcmp(worker->fault.text, fault->text) == 0)
		return;
	if (error != NULL)
		log_event(EVENT_SOURCES_UNREADABLE, NULL, 0, "%s", error->text);
	else
		log_event(EVENT_SOURCES_READABLE, NULL, 0, "the sources can be read again");
	worker->fault = *fault;
}

static void run(struct worker *worker, const char *import)
{
	const struct spool_taker taker = {.take = take,
		.flush = flush_and_tell,
		.foresee = foresee,
		.forget = forget,
		.context = worker};
	struct spool_pass pass = {0};
	struct error error;
	bool done;

	if (import != NULL)
		done = spool_import_until(import, &taker, is_stopping, &pass, &error);
	else if (worker->spool == NULL)
		done = true;
	else if (worker->options.dry_run)
		done = spool_import_until(worker->spool, &taker, is_stopping, &pass, &error);
	else
		done = spool_pass(worker->spool, &taker, is_stopping, &pass, &error);
	if (!done)
		pass.later = true;
	tell_fault(worker, done ? NULL : &error);
	if (import == NULL && worker->spool != NULL && !worker->options.dry_run)
		progress_spool(&worker->spool_told, worker->store, loop_clock(worker->options.loop),
			worker->spool, done ? NULL : error.text);
	add_pass(worker, &pass);
}

/* Waits for something to do; false when it is to stop. The mutex is held. */
static bool wait_for_work(struct worker *worker)
{
	while (!worker->stopping && !worker->pass_wanted && worker->import_count == 0 &&
		worker->page.url == NULL && !worker->checkpoint_wanted && worker->noted_url == NULL)
		pthread_cond_wait(&worker->wake, &worker->mutex);
	if (worker->next_intake != NULL) {
		intake_free(worker->intake);
		worker->intake = worker->next_intake;
		worker->next_intake = NULL;
		free(worker->spool);
		worker->spool = worker->next_spool;
		worker->next_spool = NULL;
	}
	return !worker->stopping;
}

#define LEFTOVERS_BATCH 256

/* Batches, so that nobody waits for long to write the store. */
static void remove_leftovers(struct worker *worker)
{
	struct error error;
	size_t count;

	do {
		if (!store_leftovers_remove(worker->store, LEFTOVERS_BATCH, &count, &error)) {
			log_event(EVENT_LEFTOVERS_KEPT, NULL, 0,
				"%s; certificates whose keys were wiped are taken away another "
				"time",
				error.text);
			return;
		}
	} while (count == LEFTOVERS_BATCH && !is_stopping(worker));
}

static void checkpoint(struct worker *worker)
{
	struct error error;

	remove_leftovers(worker);
	if (!store_checkpoint(worker->store, &error))
		log_event(EVENT_STORE_LOG_KEPT, NULL, 0,
			"%s; keys that were wiped may be in its log until the next time",
			error.text);
}

static void *work(void *context)
{
	struct worker *worker = context;

	pthread_mutex_lock(&worker->mutex);
	while (wait_for_work(worker)) {
		char *import = NULL;
		bool takes_in = true, checkpoints = false;

		if (worker->import_count > 0) {
			import = worker->imports[0];
			worker->import_count--;
			memmove(worker->imports, worker->imports + 1,
				worker->import_count * sizeof(*worker->imports));
		} else if (worker->pass_wanted) {
			worker->pass_wanted = false;
		} else {
			takes_in = false;
			checkpoints = worker->page.url == NULL && worker->checkpoint_wanted;
			if (checkpoints)
				worker->checkpoint_wanted = false;
		}
		pthread_mutex_unlock(&worker->mutex);
		reseal(worker);
		take_waiting_page(worker);
		note_waiting_feed(worker);
		if (takes_in)
			run(worker, import);
		else if (checkpoints)
			checkpoint(worker);
		free(import);
		pthread_mutex_lock(&worker->mutex);
		if (takes_in && !worker->pass_wanted && worker->import_count == 0) {
			worker->rested = true;
			wake_loop(worker);
		}
	}
	pthread_mutex_unlock(&worker->mutex);
	return NULL;
}
