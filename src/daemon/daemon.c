#include "daemon/daemon.h"

#include <signal.h>
#include <string.h>

#include "base/alloc.h"
#include "base/events.h"
#include "daemon/runtime.h"
#include "daemon/watched.h"
#include "engine/overdue_watch.h"
#include "engine/recheck.h"
#include "engine/waits.h"
#include "ops/notify.h"

struct daemon {
	const struct options *options;
	struct runtime runtime;
	struct spool_watch *spool;
	struct watchdog *watchdog;
	struct watched watched;
	struct recheck *recheck;
	struct waits waits;
	struct overdue_watch *overdue;
	struct loop_signal *signals[3];
	struct loop_timer *grace;
	bool stopping;
	bool aborted;
	bool written; /* since the store's log was last emptied */
};

/* How long the store may take, after all was broken off, before the leases are left to run out. */
#define LAST_SAVE_MS 5000

static void spool_changed(void *context);
static void records_stored(void *context);
static void intake_rested(void *context, const struct spool_pass *pass);
static void job_settled(void *context, const struct attempt_result *result, enum job_state state);
static void pump_idle(void *context, int64_t next_ms);
static void page_taken(void *context, const struct feed_result *result);
static void signalled(void *context, int number);
static void grace_over(void *context);

static void look_at_clock(struct daemon *daemon)
{
	waits_look(&daemon->waits, loop_clock(daemon->runtime.loop), daemon->runtime.store,
		daemon->runtime.settings);
}

static bool start(struct daemon *daemon, struct settings *settings, struct error *error)
{
	static const int numbers[] = {SIGTERM, SIGINT, SIGHUP};
	const struct config *config = settings_config(settings);
	const struct runtime_options options = {
		.pump_observer = {job_settled, pump_idle, daemon},
		.worker = {.stored = records_stored, .rested = intake_rested, .context = daemon},
		.feed = {.taken = page_taken, .context = daemon},
		.measures = metrics_store(daemon->watched.metrics),
	};
	size_t i;

	if (!runtime_start(&daemon->runtime, settings, &options, error))
		return false;
	for (i = 0; i < ARRAY_LENGTH(numbers); i++)
		daemon->signals[i] =
			loop_signal_new(daemon->runtime.loop, numbers[i], signalled, daemon);
	daemon->grace = loop_timer_new(daemon->runtime.loop, grace_over, daemon);
	daemon->watchdog = watchdog_new(daemon->runtime.loop);
	daemon->recheck = recheck_new(daemon->runtime.loop, daemon->runtime.store, settings);
	daemon->overdue = overdue_watch_new(daemon->runtime.loop, daemon->runtime.store);
	daemon->spool = spool_watch_new(
		daemon->runtime.loop, config->spool, config->spool_poll_ms, spool_changed, daemon);
	for (i = 0; i < daemon->options->import_count; i++)
		worker_import(daemon->runtime.worker, daemon->options->imports[i]);
	worker_poke(daemon->runtime.worker);
	look_at_clock(daemon);
	pump_poke(daemon->runtime.pump);
	watched_start(&daemon->watched, &daemon->runtime);
	return true;
}

static void stop(struct daemon *daemon)
{
	size_t i;

	watched_stop(&daemon->watched);
	spool_watch_free(daemon->spool);
	watchdog_free(daemon->watchdog);
	recheck_free(daemon->recheck);
	overdue_watch_free(daemon->overdue);
	loop_timer_free(daemon->grace);
	for (i = 0; i < ARRAY_LENGTH(daemon->signals); i++)
		loop_signal_free(daemon->signals[i]);
	runtime_stop(&daemon->runtime);
	metrics_free(daemon->watched.metrics);
}

int daemon_run(const struct options *options, struct settings *settings)
{
	struct daemon daemon = {.options = options};
	struct error error;
	bool ran;

	watched_init(&daemon.watched, settings);
	if (!start(&daemon, settings, &error)) {
		log_event(EVENT_START_REFUSED, NULL, 0, "%s", error.text);
		metrics_free(daemon.watched.metrics);
		return EXIT_CANNOT_WORK;
	}
	notify_ready();
	log_event(EVENT_DAEMON_READY, NULL, 0, "ready: store %s, spool %s%s%s",
		settings_config(settings)->store, settings_config(settings)->spool,
		settings_config(settings)->feed_url != NULL ? ", feed " : "",
		settings_config(settings)->feed_url != NULL ? settings_config(settings)->feed_url
							    : "");
	ran = loop_run(daemon.runtime.loop, &error);
	if (!ran) {
		log_event(EVENT_RUN_FAILED, NULL, 0, "%s", error.text);
		pump_abort(daemon.runtime.pump);
	}
	stop(&daemon);
	log_event(EVENT_DAEMON_STOPPED, NULL, 0, "stopped");
	return ran ? EXIT_ALL_DONE : EXIT_CANNOT_WORK;
}

static void spool_changed(void *context)
{
	struct daemon *daemon = context;

	worker_poke(daemon->runtime.worker);
}

static void records_stored(void *context)
{
	struct daemon *daemon = context;

	daemon->written = true;
	pump_poke(daemon->runtime.pump);
}

static void intake_rested(void *context, const struct spool_pass *pass)
{
	struct daemon *daemon = context;

	metrics_records(daemon->watched.metrics, pass->taken, pass->rejected, 0);
	look_at_clock(daemon);
	/* Each poll looks into the store, too: another process may have put something there. */
	pump_poke(daemon->runtime.pump);
	if (pass->files > 0)
		log_event(EVENT_SPOOL_PASSED, NULL, 0,
			"spool: %zu files, %zu records taken, %zu rejected%s", pass->files,
			pass->taken, pass->rejected, pass->later ? "; the rest comes later" : "");
}

static void job_settled(void *context, const struct attempt_result *result, enum job_state state)
{
	struct daemon *daemon = context;

	metrics_attempt(daemon->watched.metrics, result, state);
	daemon->written = true;
}

static void page_taken(void *context, const struct feed_result *result)
{
	struct daemon *daemon = context;

	if (result->outcome == FEED_PAGE_STORED)
		metrics_records(daemon->watched.metrics, result->records - result->set_aside, 0,
			result->set_aside);
}

static void pump_idle(void *context, int64_t next_ms)
{
	struct daemon *daemon = context;

	(void)next_ms;
	if (daemon->stopping)
		loop_stop(daemon->runtime.loop);
	else if (daemon->written)
		worker_checkpoint(daemon->runtime.worker);
	daemon->written = false;
}

static void reload(struct daemon *daemon)
{
	struct error error;

	notify_reloading();
	if (runtime_reload(&daemon->runtime, daemon->options->config, &error)) {
		const struct config *config = settings_config(daemon->runtime.settings);

		spool_watch_free(daemon->spool);
		daemon->spool = spool_watch_new(daemon->runtime.loop, config->spool,
			config->spool_poll_ms, spool_changed, daemon);
		recheck_use(daemon->recheck, daemon->runtime.settings);
		worker_poke(daemon->runtime.worker);
		log_event(EVENT_CONFIGURATION_RELOADED,
			(const struct log_field[]){{"FILE", daemon->options->config}}, 1,
			"%s: read again", daemon->options->config);
		watched_reloaded(&daemon->watched, true);
	} else {
		watched_reloaded(&daemon->watched, false);
		log_event(EVENT_CONFIGURATION_KEPT,
			(const struct log_field[]){{"FILE", daemon->options->config}}, 1,
			"the configuration stays as it was: %s", error.text);
	}
	notify_ready();
}

static void signalled(void *context, int number)
{
	struct daemon *daemon = context;
	int64_t grace_ms = settings_config(daemon->runtime.settings)->shutdown_grace_ms;

	if (daemon->stopping)
		return;
	if (number == SIGHUP) {
		reload(daemon);
		return;
	}
	daemon->stopping = true;
	daemon->watched.stopping = true;
	notify_stopping();
	notify_extend_timeout(grace_ms + 2 * (int64_t)LAST_SAVE_MS);
	log_event(EVENT_DAEMON_STOPPING, NULL, 0,
		"stopping: %zu in flight, at most %lld s for them",
		pump_in_flight(daemon->runtime.pump), (long long)grace_ms / 1000);
	spool_watch_free(daemon->spool);
	daemon->spool = NULL;
	runtime_stop_feed(&daemon->runtime);
	loop_timer_set(daemon->grace, grace_ms);
	pump_drain(daemon->runtime.pump);
}

static void grace_over(void *context)
{
	struct daemon *daemon = context;

	if (!daemon->aborted) {
		daemon->aborted = true;
		log_event(EVENT_DAEMON_BROKE_OFF, NULL, 0,
			"%zu in flight are broken off and go back to the queue",
			pump_in_flight(daemon->runtime.pump));
		loop_timer_set(daemon->grace, LAST_SAVE_MS);
		pump_abort(daemon->runtime.pump);
		return;
	}
	log_event(EVENT_RESULTS_LOST, NULL, 0,
		"%zu results could not be stored; their leases run out and they go again",
		pump_unsaved(daemon->runtime.pump));
	loop_stop(daemon->runtime.loop);
}
