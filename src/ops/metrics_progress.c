#include "ops/metrics_private.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

/*
 * When each source and each service last did what it is there for. What is silent has to be seen as
 * well as what fails: each that the configuration has is there, without end where it never did.
 */

struct progress {
	char *name;
	enum store_progress_kind kind;
	int64_t succeeded_ms;
	int64_t failed_ms;
};

struct gathered {
	const struct config *config;
	struct progress *list;
	size_t count;
	const char **paused;
	size_t paused_count;
};

static void add(struct gathered *gathered, enum store_progress_kind kind, const char *name)
{
	gathered->list =
		xreallocarray(gathered->list, gathered->count + 1, sizeof(*gathered->list));
	gathered->list[gathered->count++] = (struct progress){.kind = kind, .name = xstrdup(name)};
}

/* What the configuration does not have (any more) is left out. */
static void take(void *context, const struct store_progress *stored)
{
	struct gathered *gathered = context;
	size_t i;

	for (i = 0; i < gathered->count; i++) {
		struct progress *progress = &gathered->list[i];

		if (progress->kind != stored->kind || strcmp(progress->name, stored->name) != 0)
			continue;
		progress->succeeded_ms = stored->succeeded_ms;
		progress->failed_ms = stored->failed_ms;
	}
}

static void take_pause(void *context, const struct store_pause *pause)
{
	struct gathered *gathered = context;
	const struct profile *profile = config_profile(gathered->config, pause->service);

	if (profile == NULL)
		return;
	gathered->paused = xreallocarray(
		gathered->paused, gathered->paused_count + 1, sizeof(*gathered->paused));
	gathered->paused[gathered->paused_count++] = profile->rules.id;
}

static void put_since(struct metrics_writer *writer, const char *key,
	const struct progress *progress, int64_t instant_ms, int64_t now_ms)
{
	const struct metrics_labels labels = {{key, NULL}, {progress->name, NULL}};

	if (instant_ms == 0)
		metrics_infinity(writer, &labels);
	else
		metrics_seconds(
			writer, &labels, now_ms > instant_ms ? (now_ms - instant_ms) * 1000 : 0);
}

static void write_all(
	struct metrics_writer *writer, const struct gathered *gathered, int64_t now_ms)
{
	static const struct {
		enum store_progress_kind kind;
		bool failed;
		const char *key, *name, *help;
	} families[] = {
		{STORE_PROGRESS_SOURCE, false, "source", "source_since_success_seconds",
			"Since the source was last gone through; +Inf: never."},
		{STORE_PROGRESS_SOURCE, true, "source", "source_since_failure_seconds",
			"Since it last could not be; +Inf: never."},
		{STORE_PROGRESS_SERVICE, false, "service", "service_since_success_seconds",
			"Since the service last took or served an install; +Inf: never."},
		{STORE_PROGRESS_SERVICE, true, "service", "service_since_failure_seconds",
			"Since it last failed to; +Inf: never."},
	};
	size_t i, j;

	for (i = 0; i < ARRAY_LENGTH(families); i++) {
		metrics_family(writer, families[i].name, "gauge", "seconds", families[i].help);
		for (j = 0; j < gathered->count; j++) {
			const struct progress *progress = &gathered->list[j];

			if (progress->kind == families[i].kind)
				put_since(writer, families[i].key, progress,
					families[i].failed ? progress->failed_ms
							   : progress->succeeded_ms,
					now_ms);
		}
	}
}

static void write_pauses(struct metrics_writer *writer, const struct gathered *gathered)
{
	const struct config *config = gathered->config;
	size_t i, j;

	metrics_family(writer, "service_paused", "gauge", NULL, "Whether an operator paused it.");
	for (i = 0; i < config->profile_count; i++) {
		const char *id = config->profiles[i].rules.id;
		bool paused = false;

		for (j = 0; j < gathered->paused_count; j++)
			paused = paused || strcmp(gathered->paused[j], id) == 0;
		metrics_int(writer, &(const struct metrics_labels){{"service", NULL}, {id, NULL}},
			paused);
	}
}

bool metrics_write_progress(
	struct metrics_writer *writer, const struct metrics_view *view, struct error *error)
{
	const struct config *config = view->config;
	struct gathered gathered = {.config = config};
	bool done;
	size_t i;

	if (config->spool != NULL)
		add(&gathered, STORE_PROGRESS_SOURCE, config->spool);
	if (config->feed_url != NULL)
		add(&gathered, STORE_PROGRESS_SOURCE, config->feed_url);
	for (i = 0; i < config->profile_count; i++) {
		if (config->profiles[i].endpoint != NULL)
			add(&gathered, STORE_PROGRESS_SERVICE, config->profiles[i].rules.id);
	}
	done = store_progress_list(view->store, take, &gathered, error) &&
	       store_pauses(view->store, take_pause, &gathered, error);
	if (done) {
		write_all(writer, &gathered, clock_wall_ms(view->clock));
		write_pauses(writer, &gathered);
	}
	for (i = 0; i < gathered.count; i++)
		free(gathered.list[i].name);
	free(gathered.list);
	free(gathered.paused);
	return done;
}
