#include "ops/route_private.h"

#include <stdlib.h>

#include "base/alloc.h"
#include "domain/throttle.h"
#include "ops/view.h"

/* What is read: the views, over whatever the daemon knows besides. */

#define LIVE_WAIT_MS 500

struct live {
	struct pulse_reading reading;
	struct view_live_service services[PULSE_SERVICES_MAX];
	struct view_live view;
};

/* NULL where there is no daemon, or its loop does not tell; to be freed. */
static struct live *live_of(const struct route_context *context)
{
	struct live *live;
	size_t i;

	if (context->pulse == NULL)
		return NULL;
	live = xcalloc(1, sizeof(*live));
	pulse_ask(context->pulse, LIVE_WAIT_MS, &live->reading);
	if (!live->reading.answered) {
		free(live);
		return NULL;
	}
	for (i = 0; i < live->reading.state.service_count; i++) {
		const struct pulse_service *service = &live->reading.state.services[i];

		live->services[i] = (struct view_live_service){
			.service = service->name,
			.state = throttle_state_name(service->state),
			.until_ms = service->until_ms,
			.window = service->window,
			.in_flight = (int64_t)service->in_flight,
			.rate_milli = service->rate_milli,
		};
	}
	live->view = (struct view_live){.services = live->services,
		.service_count = live->reading.state.service_count,
		.started_ms = live->reading.started_ms};
	return live;
}

static struct view_context view_of(const struct route_context *context, const struct live *live)
{
	return (struct view_context){
		.store = context->store,
		.config = settings_config(context->settings),
		.clock = context->clock,
		.live = live != NULL ? &live->view : NULL,
	};
}

static void answer_with(struct route_answer *answer, bool done, struct json_object *object,
	const struct error *error)
{
	if (!done)
		route_error(answer, error);
	else if (object == NULL)
		route_problem(answer, 404, "there is no such job");
	else
		route_object(answer, object);
}

void route_get_status(const struct routed *routed, struct route_answer *answer)
{
	static const char *const keys[] = {NULL};
	struct json_object *object = NULL;
	struct view_context view;
	struct live *live;
	struct error error;
	bool done;

	if (!routed_knows(routed, keys, answer))
		return;
	live = live_of(routed->context);
	view = view_of(routed->context, live);
	done = view_status(&view, &object, &error);
	answer_with(answer, done, object, &error);
	free(live);
}

void route_get_jobs(const struct routed *routed, struct route_answer *answer)
{
	struct view_context view = view_of(routed->context, NULL);
	struct view_jobs_query query = {0};
	struct json_object *object = NULL;
	struct error error;
	bool done = true;
	size_t i;

	for (i = 0; i < routed->parameter_count && done; i++)
		done = view_jobs_take(
			&query, routed->parameters[i].key, routed->parameters[i].value, &error);
	/* The daemon keeps all of an answer in memory; who wants more asks for the rest. */
	if (done && routed->context->pulse != NULL && query.limit > ROUTE_JOBS_MAX)
		done = error_set(&error, ERROR_PERMANENT,
			"limit: at most %d jobs at once; after= goes on with the rest",
			ROUTE_JOBS_MAX);
	if (done)
		done = view_jobs(&view, &query, &object, &error);
	answer_with(answer, done, object, &error);
}

void route_get_job(const struct routed *routed, struct route_answer *answer)
{
	static const char *const keys[] = {NULL};
	struct json_object *object = NULL;
	struct view_context view;
	struct live *live;
	struct error error;
	int64_t id;
	bool done;

	if (!routed_knows(routed, keys, answer) || !routed_id(routed, &id, answer))
		return;
	live = live_of(routed->context);
	view = view_of(routed->context, live);
	done = view_job(&view, id, &object, &error);
	answer_with(answer, done, object, &error);
	free(live);
}

void route_get_why(const struct routed *routed, struct route_answer *answer)
{
	static const char *const keys[] = {"fqdn", NULL};
	const char *fqdn = routed_value(routed, "fqdn");
	struct json_object *object = NULL;
	struct view_context view;
	struct live *live;
	struct error error;
	bool done;

	if (!routed_knows(routed, keys, answer))
		return;
	if (fqdn == NULL) {
		route_problem(answer, 400, "which host name? Add ?fqdn=");
		return;
	}
	live = live_of(routed->context);
	view = view_of(routed->context, live);
	done = view_why(&view, fqdn, &object, &error);
	answer_with(answer, done, object, &error);
	free(live);
}
