#include "engine/worker_private.h"

#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/events.h"
#include "engine/reseal.h"
#include "engine/take_page.h"

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

void *worker_work(void *context)
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
