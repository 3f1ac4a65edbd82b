#include "daemon/dry_run.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/civil.h"
#include "base/events.h"
#include "daemon/daemon.h"
#include "daemon/left.h"
#include "daemon/runtime.h"
#include "daemon/tally.h"
#include "engine/intake.h"
#include "engine/take_page.h"
#include "source/spool.h"

struct dry {
	const struct options *options;
	const struct config *config;
	struct tally tally;
	int64_t now_ms;
	size_t rejected;
	struct intake *intake;
	struct loop *loop;
	struct feed *feed;
	bool feed_failed;
	/* Jobs of the queue of which the records make something else. */
	int64_t *left;
	size_t left_count, left_capacity;
};

/* Whether --service and --issued-since let a job be installed in this run. */
static bool is_chosen(const struct dry *dry, const char *service, int64_t base_ms)
{
	return (dry->options->service == NULL || strcmp(dry->options->service, service) == 0) &&
	       base_ms >= dry->options->issued_since_ms;
}

static void say(struct dry *dry, const char *contract, const char *service,
	const char *service_code, const char *fqdn, int64_t base_ms, int64_t due_ms)
{
	char text[CIVIL_INSTANT_MAX];
	const struct profile *profile = config_profile(dry->config, service);
	bool reachable = profile != NULL && profile->endpoint != NULL;
	bool due = due_ms <= dry->now_ms || dry->options->ignore_due;
	bool chosen = is_chosen(dry, service, base_ms);
	bool now = due && reachable && chosen;

	civil_format_instant(text, due_ms, TOKYO_OFFSET_MIN);
	printf("%s %s %s %s: %s, due %s%s\n", contract, service, service_code, fqdn,
		now ? "would be installed now" : "would wait", text,
		reachable ? "" : "; the service has no endpoint");
	tally_add(&dry->tally, service,
		now		? "to install"
		: due && chosen ? "left"
				: "not yet due",
		1);
}

static void link_judged(void *context, const struct intake_event *event)
{
	struct dry *dry = context;
	const struct verdict *verdict = event->verdict;
	char codes[256];

	if (!event->changed) {
		printf("%s %s %s %s: %s\n", event->contract, event->service, event->service_code,
			event->fqdn,
			verdict->kind == VERDICT_NONE ? "nothing to install"
						      : "in the queue already");
		return;
	}
	if (event->overtaken) {
		printf("%s %s %s %s: would not be installed: the contract's newer certificate was "
		       "there already\n",
			event->contract, event->service, event->service_code, event->fqdn);
		return;
	}
	if (verdict->kind == VERDICT_HOLD) {
		printf("%s %s %s %s: would be held: contract %s has the service code\n",
			event->contract, event->service, event->service_code, event->fqdn,
			verdict->holder);
		tally_add(&dry->tally, event->service, "held", 1);
		return;
	}
	if (verdict->kind == VERDICT_ACCEPT) {
		say(dry, event->contract, event->service, event->service_code, event->fqdn,
			verdict->schedule.base_ms, verdict->schedule.due_ms);
		return;
	}
	reason_set_text(verdict->reasons, codes, sizeof(codes));
	printf("%s %s %s %s: would be refused: %s\n", event->contract, event->service,
		event->service_code, event->fqdn, codes);
	tally_add(&dry->tally, event->service, "refused", 1);
}

static void job_left(void *context, const struct intake_departure *departure)
{
	struct dry *dry = context;

	if (dry->left_count == dry->left_capacity) {
		dry->left_capacity = dry->left_capacity ? 2 * dry->left_capacity : 64;
		dry->left = xreallocarray(dry->left, dry->left_capacity, sizeof(*dry->left));
	}
	dry->left[dry->left_count++] = departure->job_id;
	if (departure->why != NULL)
		printf("%s %s %s %s: would be %s: %s\n", departure->contract, departure->service,
			departure->service_code, departure->fqdn, job_state_name(departure->to),
			departure->why);
}

static int compare_ids(const void *a, const void *b)
{
	const int64_t *left = a, *right = b;

	return (*left > *right) - (*left < *right);
}

static void rejected(void *context, const struct spool_item *item, const char *reason)
{
	struct dry *dry = context;

	(void)item;
	(void)reason;
	dry->rejected++;
}

static void queued_job(void *context, const struct store_job *job)
{
	struct dry *dry = context;

	if (dry->left_count > 0 &&
		bsearch(&job->id, dry->left, dry->left_count, sizeof(job->id), compare_ids) != NULL)
		return;
	if (job->state == JOB_HELD)
		tally_add(&dry->tally, job->service, "held", 1);
	else if (!job_state_is_final(job->state))
		say(dry, job->contract, job->service, job->service_code, job->fqdn, job->base_ms,
			job->due_ms);
}

/* ---- the feed, from the stored cursor: nothing of it is stored ---- */

static void page_came(void *context, struct feed_page *page)
{
	struct dry *dry = context;
	struct feed_result result;

	take_page(dry->intake, clock_system(), page, &result);
	result.set_aside = 0; /* the observer has counted what would be */
	feed_page_clear(page);
	feed_taken(dry->feed, &result);
	feed_result_clear(&result);
}

/* One round: what fails now is told, and not tried again. */
static void feed_rested(void *context, enum feed_rest rest, size_t set_aside)
{
	struct dry *dry = context;

	(void)set_aside;
	dry->feed_failed = rest != FEED_UP_TO_DATE;
	loop_stop(dry->loop);
}

static bool ask_feed(struct dry *dry, struct store *store, struct error *error)
{
	struct feed_options options = {0};
	struct buffer after = {0};
	struct http *http = NULL;
	bool done;

	if (dry->config->feed_url == NULL)
		return true;
	dry->loop = loop_new(clock_system());
	done = runtime_feed_options(dry->config, store, &after, &options, error) &&
	       http_new(dry->loop, 1, &http, error);
	if (done) {
		options.loop = dry->loop;
		options.http = http;
		options.page = page_came;
		options.rested = feed_rested;
		options.context = dry;
		dry->feed = feed_new(&options);
		done = loop_run(dry->loop, error);
		feed_free(dry->feed);
	}
	http_free(http);
	loop_free(dry->loop);
	buffer_free(&after);
	return done;
}

/* What waits already, but for what the records make something else of. */
static bool go_through_queue(struct dry *dry, struct store *store, struct error *error)
{
	const struct store_filter filter = {.state = -1};

	if (dry->left_count > 0)
		qsort(dry->left, dry->left_count, sizeof(*dry->left), compare_ids);
	return store_jobs_list(store, &filter, queued_job, dry, error);
}

static bool go_through(
	struct dry *dry, struct settings *settings, struct store *store, struct error *error)
{
	const struct intake_observer observer = {link_judged, job_left, rejected, dry};
	const char *spool = settings_config(settings)->spool;
	struct spool_taker taker;
	struct spool_pass pass = {0};
	struct intake *intake;
	bool done = true;
	size_t i;

	if (!intake_new(settings, store, clock_system(), &observer, true, &intake, error))
		return false;
	dry->intake = intake;
	taker = intake_taker(intake);
	for (i = 0; i < dry->options->import_count && done; i++)
		done = spool_import(dry->options->imports[i], &taker, &pass, error);
	if (done && spool != NULL && access(spool, F_OK) == 0)
		done = spool_import(spool, &taker, &pass, error);
	done = done && ask_feed(dry, store, error);
	intake_free(intake);
	return done && go_through_queue(dry, store, error);
}

/* Where there is no store yet, a passing one serves, so that none is left behind. */
static char *store_path(const struct config *config, char **scratch)
{
	char template[] = "/tmp/certinstalld-dry-run-XXXXXX";

	*scratch = NULL;
	if (access(config->store, F_OK) == 0)
		return xstrdup(config->store);
	if (mkdtemp(template) == NULL)
		return xstrdup(config->store);
	*scratch = xstrdup(template);
	return xasprintf("%s/store.db", *scratch);
}

static void remove_scratch(char *scratch)
{
	static const char *const names[] = {"store.db", "store.db-wal", "store.db-shm"};
	size_t i;

	if (scratch == NULL)
		return;
	for (i = 0; i < ARRAY_LENGTH(names); i++) {
		char *path = xasprintf("%s/%s", scratch, names[i]);

		unlink(path);
		free(path);
	}
	rmdir(scratch);
	free(scratch);
}

int dry_run(const struct options *options, struct settings *settings)
{
	struct dry dry = {.options = options,
		.config = settings_config(settings),
		.now_ms = clock_wall_ms(clock_system())};
	char *scratch, *path = store_path(settings_config(settings), &scratch);
	struct store *store = NULL;
	struct error error;
	bool done;
	int status = EXIT_CANNOT_WORK;

	tally_init(&dry.tally);
	done = store_open(path, &store, &error) && go_through(&dry, settings, store, &error);
	if (done) {
		puts("Nothing was changed or sent. It would be:");
		tally_print(&dry.tally, stdout);
		if (!left_pauses(store, options, stdout, &error))
			log_event(EVENT_STORE_PASSED_OVER, NULL, 0, "%s", error.text);
		if (dry.rejected > 0)
			printf("%zu records would be rejected: see the messages above\n",
				dry.rejected);
		if (dry.feed_failed)
			puts("the feed could not be gone through: see the messages above");
		status = dry.rejected > 0 || dry.feed_failed ||
					 tally_total(&dry.tally, "refused") > 0 ||
					 tally_total(&dry.tally, "left") > 0
				 ? EXIT_SOMETHING_LEFT
				 : EXIT_ALL_DONE;
	} else {
		log_event(EVENT_RUN_FAILED, NULL, 0, "%s", error.text);
	}
	store_close(store);
	remove_scratch(scratch);
	free(path);
	free(dry.left);
	tally_clear(&dry.tally);
	return status;
}
