#include "daemon/daemon.h"

#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/civil.h"
#include "base/events.h"
#include "base/text.h"
#include "daemon/dry_run.h"
#include "daemon/left.h"
#include "daemon/runtime.h"
#include "daemon/tally.h"
#include "engine/waits.h"

struct run {
	const struct options *options;
	struct runtime runtime;
	struct tally tally;
	struct loop_signal *signals[2];
	struct loop_timer *progress;
	struct loop_timer *wait;
	bool spool_over; /* and the imports */
	bool feed_over;
	bool feed_failed;
	struct loop_timer *feed_wait;
	int64_t wait_until_ms;	   /* wall; 0: not all that is due was tried yet */
	bool ending;		   /* nothing more is begun */
	struct loop_timer *others; /* to look at what other processes have in hand */
	bool broken_off;	   /* what could not be stored is left to its lease */
	size_t rejected;
	size_t set_aside; /* of the feed */
	bool later;	  /* a source could not be gone through whole */
};

#define PROGRESS_MS 200
/* How often to look whether all that is due was tried once. */
#define LOOK_MS 100
/* How long a store that fails may take at the end to store what services answered. */
#define LAST_SAVE_MS 5000

/* The machine's edges. */
static void link_judged(void *context, const struct intake_event *event); /* worker's thread */
static void records_stored(void *context);
static void intake_rested(void *context, const struct spool_pass *pass);
static void feed_rested(void *context, enum feed_rest rest, size_t set_aside);
static void feed_wait_over(void *context);
static void job_settled(void *context, const struct attempt_result *result, enum job_state state);
static void pump_idle(void *context, int64_t next_ms);
static void begin_wait(struct run *run);
static void wait_over(void *context);
static void look_again(void *context);
static void signalled(void *context, int number);
static void show_progress(void *context);

static bool start(struct run *run, struct settings *settings, struct error *error)
{
	static const int numbers[] = {SIGTERM, SIGINT};
	const struct options *options = run->options;
	const struct runtime_options runtime_options = {
		.pump_observer = {job_settled, pump_idle, run},
		.worker =
			{
				.observer = {.link = link_judged, .context = run},
				.stored = records_stored,
				.rested = intake_rested,
				.context = run,
			},
		.feed = {.rested = feed_rested, .context = run},
		.only_service = options->service,
		.ignore_due = options->ignore_due,
		.base_since_ms = options->issued_since_ms,
	};
	struct waits waits = {0};
	size_t i;

	if (!runtime_start(&run->runtime, settings, &runtime_options, error))
		return false;
	for (i = 0; i < ARRAY_LENGTH(numbers); i++)
		run->signals[i] = loop_signal_new(run->runtime.loop, numbers[i], signalled, run);
	run->feed_over = run->runtime.feed == NULL;
	run->feed_wait = loop_timer_new(run->runtime.loop, feed_wait_over, run);
	run->wait = loop_timer_new(run->runtime.loop, wait_over, run);
	run->others = loop_timer_new(run->runtime.loop, look_again, run);
	run->progress = loop_timer_new(run->runtime.loop, show_progress, run);
	if (isatty(STDOUT_FILENO))
		loop_timer_set(run->progress, PROGRESS_MS);
	for (i = 0; i < options->import_count; i++)
		worker_import(run->runtime.worker, options->imports[i]);
	worker_poke(run->runtime.worker);
	waits_look(&waits, loop_clock(run->runtime.loop), run->runtime.store, settings);
	pump_poke(run->runtime.pump);
	return true;
}

static void stop(struct run *run)
{
	size_t i;

	loop_timer_free(run->progress);
	loop_timer_free(run->wait);
	loop_timer_free(run->feed_wait);
	loop_timer_free(run->others);
	for (i = 0; i < ARRAY_LENGTH(run->signals); i++)
		loop_signal_free(run->signals[i]);
	runtime_stop(&run->runtime);
}

/* Whether all sources have been gone through. */
static bool is_taken_in(const struct run *run)
{
	return run->spool_over && run->feed_over;
}

/* Of wiped keys' certificates, a run that is about to end takes away so many: some milliseconds. */
#define LEFTOVERS_MAX 2048

static int finish(struct run *run)
{
	struct error error;
	size_t ignored;
	bool counted;

	/* Ends the intake's batch in hand, so that what it stores is counted. */
	worker_free(run->runtime.worker);
	run->runtime.worker = NULL;
	/* A daemon takes away all, when it is idle; where there is none, each run does some. */
	if (!store_leftovers_remove(run->runtime.store, LEFTOVERS_MAX, &ignored, &error))
		log_event(EVENT_LEFTOVERS_KEPT, NULL, 0, "%s", error.text);
	/* A daemon beside this run does not know of the keys that were wiped here. */
	if (!store_checkpoint(run->runtime.store, &error))
		log_event(EVENT_STORE_LOG_KEPT, NULL, 0, "%s", error.text);
	counted = left_count(run->runtime.store, run->options, &run->tally, &error);
	if (isatty(STDOUT_FILENO))
		fputs("\r\033[K", stdout);
	if (!counted) {
		log_event(EVENT_RUN_FAILED, NULL, 0, "%s", error.text);
		return EXIT_CANNOT_WORK;
	}
	tally_print(&run->tally, stdout);
	if (!left_pauses(run->runtime.store, run->options, stdout, &error))
		log_event(EVENT_STORE_PASSED_OVER, NULL, 0, "%s", error.text);
	if (run->rejected > 0)
		printf("%zu records were rejected: see the messages above, and rejected/ in the "
		       "spool\n",
			run->rejected);
	if (run->set_aside > 0)
		printf("%zu records of the feed were set aside: see certinstallctl rejected\n",
			run->set_aside);
	if (run->feed_failed)
		puts("the feed could not be gone through: see the messages above");
	if (!is_taken_in(run))
		puts("stopped before all records were taken in");
	if (run->rejected > 0 || run->set_aside > 0 || run->later || run->feed_failed ||
		!is_taken_in(run) || tally_total(&run->tally, "failed") > 0 ||
		tally_total(&run->tally, "refused") > 0 || tally_total(&run->tally, "left") > 0)
		return EXIT_SOMETHING_LEFT;
	return EXIT_ALL_DONE;
}

int run_once(const struct options *options, struct settings *settings)
{
	struct run run = {.options = options};
	struct error error;
	int status;

	if (options->dry_run)
		return dry_run(options, settings);
	tally_init(&run.tally);
	if (!start(&run, settings, &error)) {
		log_event(EVENT_START_REFUSED, NULL, 0, "%s", error.text);
		tally_clear(&run.tally);
		return EXIT_CANNOT_WORK;
	}
	if (loop_run(run.runtime.loop, &error)) {
		status = finish(&run);
		if (run.broken_off)
			status = EXIT_CANNOT_WORK;
	} else {
		log_event(EVENT_RUN_FAILED, NULL, 0, "%s", error.text);
		pump_abort(run.runtime.pump);
		status = EXIT_CANNOT_WORK;
	}
	stop(&run);
	tally_clear(&run.tally);
	return status;
}

static void link_judged(void *context, const struct intake_event *event)
{
	struct run *run = context;

	if (event->changed && event->verdict->kind == VERDICT_REFUSE)
		tally_add(&run->tally, event->service, "refused", 1);
}

static void records_stored(void *context)
{
	struct run *run = context;

	pump_poke(run->runtime.pump);
}

static void intake_rested(void *context, const struct spool_pass *pass)
{
	struct run *run = context;

	run->spool_over = true;
	run->rejected += pass->rejected;
	run->later = run->later || pass->later;
	begin_wait(run);
	pump_poke(run->runtime.pump);
}

static void end_feed(struct run *run)
{
	run->feed_over = true;
	runtime_stop_feed(&run->runtime);
	loop_timer_cancel(run->feed_wait);
	begin_wait(run);
	pump_poke(run->runtime.pump);
}

static void feed_rested(void *context, enum feed_rest rest, size_t set_aside)
{
	struct run *run = context;

	run->set_aside += set_aside;
	if (rest == FEED_FAILED && !run->feed_failed) {
		/* It is asked again, as long as anything else would be tried again. */
		run->feed_failed = true;
		loop_timer_set(run->feed_wait, run->options->wait_ms);
	} else if (rest == FEED_UP_TO_DATE) {
		run->feed_failed = false;
		end_feed(run);
	} else if (rest != FEED_FAILED) {
		run->feed_failed = true;
		end_feed(run);
	}
}

static void feed_wait_over(void *context)
{
	struct run *run = context;

	if (run->runtime.feed != NULL && !feed_is_failing(run->runtime.feed))
		run->feed_failed = false; /* it goes on; its next fault has a wait of its own */
	else
		end_feed(run);
}

static void job_settled(void *context, const struct attempt_result *result, enum job_state state)
{
	struct run *run = context;

	if (state == JOB_INSTALLED || state == JOB_FAILED || state == JOB_SUPERSEDED)
		tally_add(&run->tally, result->job.service, job_state_name(state), 1);
}

/*
 * Once all that is due was tried, what failed for now has --wait to succeed. Counted from there,
 * however many jobs there are, and not from a moment of rest: with many of them one is always in
 * flight.
 */
static void begin_wait(struct run *run)
{
	bool untried;
	struct error error;

	if (!is_taken_in(run) || run->ending || run->wait_until_ms != 0)
		return;
	/* A store that cannot be read is given the same time to work again. */
	if (pump_untried(run->runtime.pump, &untried, &error) && untried) {
		loop_timer_set(run->wait, LOOK_MS);
		return;
	}
	run->wait_until_ms = clock_wall_ms(clock_system()) + run->options->wait_ms;
	loop_timer_set(run->wait, run->options->wait_ms);
}

/* Begins nothing more; what is in flight ends by its own time-outs. */
static void end_run(struct run *run)
{
	run->ending = true;
	runtime_stop_feed(&run->runtime);
	loop_timer_set(run->wait, LAST_SAVE_MS);
	pump_drain(run->runtime.pump);
}

static void wait_over(void *context)
{
	struct run *run = context;

	if (!run->ending && run->wait_until_ms == 0) {
		begin_wait(run);
	} else if (!run->ending) {
		end_run(run);
	} else if (pump_in_flight(run->runtime.pump) > 0) {
		loop_timer_set(run->wait, LAST_SAVE_MS);
	} else {
		log_event(EVENT_RESULTS_LOST, NULL, 0,
			"%zu results could not be stored; their leases run out and they go again",
			pump_unsaved(run->runtime.pump));
		run->broken_off = true;
		loop_stop(run->runtime.loop);
	}
}

/* Whether another process has jobs of this run in hand; there are none of its own when it asks. */
static bool others_at_work(const struct run *run)
{
	const struct config *config = settings_config(run->runtime.settings);
	struct error error;
	size_t i;

	for (i = 0; i < config->profile_count; i++) {
		const char *service = config->profiles[i].rules.id;
		const struct store_claim claim = {
			.service = service,
			.now_ms = clock_wall_ms(clock_system()),
			.base_since_ms = run->options->issued_since_ms,
		};
		bool leased;

		if (run->options->service != NULL && strcmp(run->options->service, service) != 0)
			continue;
		/* A store that cannot be read is the pump's to tell. */
		if (store_leased(run->runtime.store, &claim, &leased, &error) && leased)
			return true;
	}
	return false;
}

/* All that could be done is done, for now: waits for what may succeed yet, as long as it may. */
static void pump_idle(void *context, int64_t next_ms)
{
	struct run *run = context;

	begin_wait(run);
	if (run->ending) {
		loop_stop(run->runtime.loop);
	} else if (run->wait_until_ms != 0 && next_ms > run->wait_until_ms) {
		/* Nobody tells when another process is done with its own: it is asked again. */
		if (others_at_work(run))
			loop_timer_set(run->others, LOOK_MS);
		else
			loop_stop(run->runtime.loop);
	}
}

static void look_again(void *context)
{
	const struct run *run = context;

	pump_poke(run->runtime.pump);
}

static void signalled(void *context, int number)
{
	struct run *run = context;

	(void)number;
	if (run->ending) {
		pump_abort(run->runtime.pump);
		return;
	}
	log_event(EVENT_DAEMON_STOPPING, NULL, 0,
		"stopping: %zu in flight are finished first; again to break them off",
		pump_in_flight(run->runtime.pump));
	end_run(run);
}

static void show_progress(void *context)
{
	struct run *run = context;

	printf("\r\033[K%" PRId64 " installed, %" PRId64 " failed, %" PRId64
	       " refused, %zu in flight%s",
		tally_total(&run->tally, "installed"), tally_total(&run->tally, "failed"),
		tally_total(&run->tally, "refused"), pump_in_flight(run->runtime.pump),
		is_taken_in(run) ? "" : ", taking in");
	fflush(stdout);
	loop_timer_set(run->progress, PROGRESS_MS);
}
