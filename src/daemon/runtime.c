#include "daemon/runtime.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/events.h"
#include "base/file.h"

/* As many as there are processors to be expected; they sleep where no service wants PKCS#12. */
#define MAKERS 2

static bool make_directory(const char *path, struct error *error)
{
	if (mkdir(path, 0700) == 0 || errno == EEXIST)
		return true;
	return error_set(error, ERROR_PERMANENT, "%s: cannot be made: %s", path, strerror(errno));
}

static bool make_directories(const struct config *config, struct error *error)
{
	char *directory = path_directory(config->store);
	bool done = make_directory(directory, error);

	free(directory);
	return done && (config->spool == NULL || make_directory(config->spool, error));
}

/* A service without an address is a state of the configuration that its operator should know of. */
static void tell_services(const struct config *config)
{
	size_t i;

	for (i = 0; i < config->profile_count; i++) {
		const struct profile *profile = &config->profiles[i];

		if (profile->endpoint == NULL)
			log_event(EVENT_SERVICE_NO_ENDPOINT,
				(const struct log_field[]){{"SERVICE", profile->rules.id}}, 1,
				"service %s has no endpoint: its installs wait until one is "
				"configured",
				profile->rules.id);
		else if (profile->edge_count == 0)
			log_event(EVENT_SERVICE_NO_EDGE,
				(const struct log_field[]){{"SERVICE", profile->rules.id}}, 1,
				"service %s has no edge: what it serves is not verified",
				profile->rules.id);
	}
}

/* Jobs wait for a service that the configuration does not have (any more). */
static void tell_unknown(void *context, const char *service, enum job_state state, int64_t count)
{
	const struct runtime *runtime = context;
	const struct config *config = settings_config(runtime->settings);

	if (!job_state_is_final(state) && config_profile(config, service) == NULL)
		log_event(EVENT_SERVICE_UNKNOWN, (const struct log_field[]){{"SERVICE", service}},
			1,
			"%lld %s jobs wait for service %s, which the configuration does not "
			"have",
			(long long)count, job_state_name(state), service);
}

static void tell_jobs(struct runtime *runtime)
{
	struct error error;

	if (!store_counts(runtime->store, tell_unknown, runtime, &error))
		log_event(EVENT_STORE_PASSED_OVER, NULL, 0, "%s", error.text);
}

static void tell_holidays(const struct config *config)
{
	int first, last;

	if (config->holidays_csv != NULL && holidays_covered(config->holidays, &first, &last))
		log_event(EVENT_HOLIDAYS_COVERED,
			(const struct log_field[]){{"FILE", config->holidays_csv}}, 1,
			"%s covers the holidays of %d to %d; before and after, the law's "
			"computation serves",
			config->holidays_csv, first, last);
}

bool runtime_feed_options(const struct config *config, struct store *store, struct buffer *after,
	struct feed_options *options, struct error *error)
{
	bool found;

	if (!store_feed_cursor(store, config->feed_url, after, &found, error))
		return false;
	*options = (struct feed_options){
		.url = config->feed_url,
		.token_file = config->feed_token,
		.client_certificate = config->feed_client_certificate,
		.client_key = config->feed_client_key,
		.ca_file = config->feed_ca,
		.after = buffer_text(after),
		.interval_ms = config->feed_interval_ms,
		.timeout_ms = config->feed_timeout_ms,
		.limit = config->feed_limit,
		.backoff = config->backoff,
	};
	return true;
}

static void page_came(void *context, struct feed_page *page)
{
	const struct runtime *runtime = context;

	worker_page(runtime->worker, page);
}

static void page_taken(void *context, const struct feed_result *result)
{
	const struct runtime *runtime = context;

	if (runtime->feed_observer.taken != NULL)
		runtime->feed_observer.taken(runtime->feed_observer.context, result);
	if (runtime->feed != NULL)
		feed_taken(runtime->feed, result);
}

static void feed_rested(void *context, enum feed_rest rest, size_t set_aside)
{
	const struct runtime *runtime = context;
	bool good = rest == FEED_UP_TO_DATE || rest == FEED_TURNS;

	worker_note_feed(runtime->worker, settings_config(runtime->settings)->feed_url,
		good ? NULL : feed_fault(runtime->feed));
	if (runtime->feed_observer.rested != NULL)
		runtime->feed_observer.rested(runtime->feed_observer.context, rest, set_aside);
}

static bool start_feed(struct runtime *runtime, struct settings *settings, struct error *error)
{
	const struct config *config = settings_config(settings);
	struct feed_options options;
	struct buffer after = {0};
	bool done = true;

	if (config->feed_url == NULL)
		return true;
	done = runtime_feed_options(config, runtime->store, &after, &options, error);
	if (done) {
		options.loop = runtime->loop;
		options.http = runtime->http;
		options.page = page_came;
		options.rested = feed_rested;
		options.context = runtime;
		runtime->feed = feed_new(&options);
	}
	buffer_free(&after);
	return done;
}

void runtime_stop_feed(struct runtime *runtime)
{
	feed_free(runtime->feed);
	runtime->feed = NULL;
}

bool runtime_start(struct runtime *runtime, struct settings *settings,
	const struct runtime_options *options, struct error *error)
{
	const struct config *config = settings_config(settings);
	struct worker_options worker_options = options->worker;
	struct pump_options pump_options = {
		.observer = options->pump_observer,
		.only_service = options->only_service,
		.ignore_due = options->ignore_due,
		.base_since_ms = options->base_since_ms,
	};

	worker_options.measures = options->measures;
	*runtime = (struct runtime){
		.settings = settings_ref(settings), .feed_observer = options->feed};
	runtime->loop = loop_new(clock_system());
	if (!make_directories(config, error) || !store_open(config->store, &runtime->store, error))
		goto failed;
	store_measure(runtime->store, options->measures);
	if (!store_open_again(runtime->store, &runtime->writer_store, error) ||
		!store_keep_little(runtime->writer_store, error) ||
		!settings_make_pki(settings, &runtime->pki, error) ||
		!http_new(runtime->loop, (size_t)config->concurrency, &runtime->http, error))
		goto failed;
	worker_options.loop = runtime->loop;
	worker_options.page_taken = page_taken;
	worker_options.page_context = runtime;
	if (!worker_new(&worker_options, settings, &runtime->worker, error) ||
		!start_feed(runtime, settings, error))
		goto failed;
	runtime->writer = crew_new_threads(runtime->loop, 1, NULL);
	runtime->makers = crew_new_threads(runtime->loop, MAKERS, attempt_makers_end);
	pump_options.loop = runtime->loop;
	pump_options.store = runtime->store;
	pump_options.writer = runtime->writer;
	pump_options.writer_store = runtime->writer_store;
	pump_options.makers = runtime->makers;
	pump_options.http = runtime->http;
	pump_options.pki = runtime->pki;
	runtime->pump = pump_new(&pump_options, settings);
	tell_services(config);
	tell_jobs(runtime);
	tell_holidays(config);
	return true;
failed:
	runtime_stop(runtime);
	return false;
}

void runtime_stop(struct runtime *runtime)
{
	runtime_stop_feed(runtime);
	worker_free(runtime->worker);
	pump_free(runtime->pump);
	crew_free(runtime->writer);
	crew_free(runtime->makers);
	http_free(runtime->http);
	pki_free(runtime->pki);
	store_close(runtime->writer_store);
	store_close(runtime->store);
	loop_free(runtime->loop);
	settings_unref(runtime->settings);
	*runtime = (struct runtime){0};
}

bool runtime_reload(struct runtime *runtime, const char *path, struct error *error)
{
	const struct config *old = settings_config(runtime->settings), *config;
	struct settings *settings;
	struct pki *pki;

	if (!settings_read(path, &settings, error))
		return false;
	config = settings_config(settings);
	if (config->spool != NULL && !make_directory(config->spool, error)) {
		settings_unref(settings);
		return false;
	}
	if (strcmp(config->store, old->store) != 0 || strcmp(config->user, old->user) != 0)
		log_event(EVENT_CONFIGURATION_PARTLY, (const struct log_field[]){{"FILE", path}}, 1,
			"%s: store and user change at the next start only", path);
	if (!settings_make_pki(settings, &pki, error)) {
		settings_unref(settings);
		return false;
	}
	if (!worker_use(runtime->worker, settings, error)) {
		pki_free(pki);
		settings_unref(settings);
		return false;
	}
	/* Whatever of it changed: a page that is on its way comes again. */
	runtime_stop_feed(runtime);
	if (!start_feed(runtime, settings, error))
		log_event(EVENT_FEED_STOPPED, NULL, 0,
			"the feed is not asked until the next reload: %s", error->text);
	pump_use(runtime->pump, settings, pki);
	pki_free(runtime->pki);
	runtime->pki = pki;
	settings_unref(runtime->settings);
	runtime->settings = settings;
	tell_services(config);
	tell_jobs(runtime);
	tell_holidays(config);
	return true;
}
