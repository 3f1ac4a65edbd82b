#include "engine/progress.h"

#include <string.h>

#include "base/log.h"

/* So many services are gathered at a time; results of more go on in a further round. */
#define SERVICES_AT_ONCE 16

struct service_progress {
	const char *service;
	bool succeeded;
	const char *failure; /* NULL: none */
};

static bool is_success(const struct attempt_result *result)
{
	return result->pushed || result->event == JOB_EVENT_PUSHED ||
	       result->event == JOB_EVENT_CONFIRMED;
}

static bool is_failure(const struct attempt_result *result)
{
	return !result->interrupted && !result->internal &&
	       (result->event == JOB_EVENT_TEMPORARY || result->event == JOB_EVENT_PERMANENT ||
		       result->event == JOB_EVENT_GIVE_UP);
}

/* The place of SERVICE, a new one at the end of COUNT. */
static size_t place_of(const struct service_progress *services, size_t count, const char *service)
{
	size_t i;

	for (i = 0; i < count; i++) {
		if (strcmp(services[i].service, service) == 0)
			break;
	}
	return i;
}

static bool store_one(struct store *store, const struct service_progress *progress, int64_t now_ms,
	struct error *error)
{
	if (progress->succeeded && !store_progress_succeeded(store, STORE_PROGRESS_SERVICE,
					   progress->service, now_ms, error))
		return false;
	return progress->failure == NULL ||
	       store_progress_failed(store, STORE_PROGRESS_SERVICE, progress->service, now_ms,
		       progress->failure, error);
}

bool progress_store(
	struct store *store, const struct unsaved *results, int64_t now_ms, struct error *error)
{
	struct service_progress services[SERVICES_AT_ONCE];
	size_t count, i;

	while (results != NULL) {
		for (count = 0; results != NULL; results = results->next) {
			const struct attempt_result *result = results->result;
			size_t place = place_of(services, count, result->job.service);

			if (place == SERVICES_AT_ONCE)
				break;
			if (place == count)
				services[count++] =
					(struct service_progress){.service = result->job.service};
			services[place].succeeded |= is_success(result);
			if (is_failure(result))
				services[place].failure = result->detail;
		}
		for (i = 0; i < count; i++) {
			if (!store_one(store, &services[i], now_ms, error))
				return false;
		}
	}
	return true;
}

void progress_source(
	struct store *store, const struct clock *clock, const char *name, const char *fault)
{
	int64_t now_ms = clock_wall_ms(clock);
	struct error error;
	bool done;

	done = fault == NULL ? store_progress_succeeded(
				       store, STORE_PROGRESS_SOURCE, name, now_ms, &error)
			     : store_progress_failed(
				       store, STORE_PROGRESS_SOURCE, name, now_ms, fault, &error);
	if (!done)
		log_debug("how far %s was gone through is not stored: %s", name, error.text);
}

void progress_spool(struct progress_told *told, struct store *store, const struct clock *clock,
	const char *name, const char *fault)
{
	int64_t mono_ms = clock_mono_ms(clock);
	bool good = fault == NULL;

	if (told->told && told->good == good && mono_ms - told->mono_ms < PROGRESS_INTERVAL_MS)
		return;
	*told = (struct progress_told){.told = true, .good = good, .mono_ms = mono_ms};
	progress_source(store, clock, name, fault);
}
