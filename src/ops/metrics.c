#include "ops/metrics_private.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

const char *const metrics_outcomes[METRICS_OUTCOMES] = {"done", "temporary", "permanent",
	"internal", "served", "old", "other", "none", "unreachable", "skipped", "else"};

#define SECOND INT64_C(1000000)
#define MINUTE (60 * SECOND)
#define HOUR (60 * MINUTE)
#define DAY (24 * HOUR)

static const int64_t duration_bounds[] = {10000, 25000, 50000, 100000, 250000, 500000, SECOND,
	5 * SECOND / 2, 5 * SECOND, 10 * SECOND, 30 * SECOND, MINUTE};
static const int64_t lateness_bounds[] = {SECOND, 10 * SECOND, MINUTE, 5 * MINUTE, 15 * MINUTE,
	HOUR, 4 * HOUR, 12 * HOUR, DAY, 3 * DAY, 7 * DAY};

static void add(_Atomic uint64_t *counter, uint64_t count)
{
	atomic_fetch_add_explicit(counter, count, memory_order_relaxed);
}

static struct metrics_service *find(const struct metrics *metrics, const char *name)
{
	struct metrics_service *service =
		atomic_load_explicit(&metrics->services, memory_order_acquire);

	while (service != NULL && strcmp(service->name, name) != 0)
		service = service->next;
	return service;
}

const struct metrics_service *metrics_find(const struct metrics *metrics, const char *name)
{
	return find(metrics, name);
}

void metrics_use(struct metrics *metrics, const struct settings *settings)
{
	const struct config *config = settings_config(settings);
	size_t i;

	for (i = 0; i < config->profile_count; i++) {
		const char *id = config->profiles[i].rules.id;
		struct metrics_service *service;

		if (find(metrics, id) != NULL || strlen(id) >= PULSE_NAME_MAX)
			continue;
		service = xcalloc(1, sizeof(*service));
		snprintf(service->name, sizeof(service->name), "%s", id);
		measure_init(&service->push, duration_bounds, ARRAY_LENGTH(duration_bounds));
		measure_init(&service->verify, duration_bounds, ARRAY_LENGTH(duration_bounds));
		measure_init(&service->lateness, lateness_bounds, ARRAY_LENGTH(lateness_bounds));
		service->next = atomic_load_explicit(&metrics->services, memory_order_relaxed);
		atomic_store_explicit(&metrics->services, service, memory_order_release);
	}
}

struct metrics *metrics_new(const struct settings *settings)
{
	struct metrics *metrics = xcalloc(1, sizeof(*metrics));

	store_measures_init(&metrics->store);
	metrics_use(metrics, settings);
	return metrics;
}

void metrics_free(struct metrics *metrics)
{
	struct metrics_service *service, *next;

	if (metrics == NULL)
		return;
	for (service = atomic_load(&metrics->services); service != NULL; service = next) {
		next = service->next;
		free(service);
	}
	free(metrics);
}

struct store_measures *metrics_store(struct metrics *metrics)
{
	return &metrics->store;
}

/* ---- counting ---- */

static size_t outcome_number(const char *outcome)
{
	size_t i = 0;

	while (i + 1 < METRICS_OUTCOMES && strcmp(metrics_outcomes[i], outcome) != 0)
		i++;
	return i;
}

static void count_entry(struct metrics_service *service, const struct attempt_entry *entry)
{
	if ((size_t)entry->kind >= METRICS_KINDS)
		return;
	add(&service->attempts[entry->kind][outcome_number(entry->outcome)], 1);
	if (entry->kind == ATTEMPT_PUSH)
		measure_add(&service->push, entry->duration_ms * 1000);
	else if (entry->kind == ATTEMPT_VERIFY)
		measure_add(&service->verify, entry->duration_ms * 1000);
}

void metrics_attempt(
	struct metrics *metrics, const struct attempt_result *result, enum job_state state)
{
	struct metrics_service *service = find(metrics, result->job.service);
	size_t i;

	if (service == NULL)
		return;
	for (i = 0; i < result->entry_count; i++)
		count_entry(service, &result->entries[i]);
	if ((size_t)state < METRICS_STATES)
		add(&service->results[state], 1);
	if (result->pushed && result->job.due_ms > 0)
		measure_add(&service->lateness, (result->pushed_at_ms - result->job.due_ms) * 1000);
}

void metrics_records(struct metrics *metrics, size_t taken, size_t rejected, size_t set_aside)
{
	add(&metrics->taken, taken);
	add(&metrics->rejected, rejected);
	add(&metrics->set_aside, set_aside);
}

/* ---- the whole ---- */

bool metrics_render(
	const struct metrics_view *view, bool plain, struct buffer *out, struct error *error)
{
	struct metrics_writer writer = {.out = out, .plain = plain};

	metrics_write_process(&writer, view);
	metrics_write_live(&writer, view);
	metrics_write_counted(&writer, view);
	if (!metrics_write_stored(&writer, view, error) ||
		!metrics_write_progress(&writer, view, error))
		return false;
	metrics_end(&writer);
	return true;
}
