#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/civil.h"
#include "base/events.h"
#include "ops/act_private.h"

/* Services that are to wait, and that are not to any more. */

struct pausing {
	struct acting acting;
	const char *service;
	bool done;
	int64_t since_ms;
	int64_t waiting;
	char text[STORE_DETAIL_MAX];
};

static void is_there(void *context, const struct store_pause *pause)
{
	struct pausing *pausing = context;
	char since[CIVIL_INSTANT_MAX];

	if (strcmp(pause->service, pausing->service) != 0)
		return;
	pausing->since_ms = pause->since_ms;
	civil_format_instant(since, pause->since_ms, TOKYO_OFFSET_MIN);
	snprintf(pausing->text, sizeof(pausing->text), "was paused by %s at %s%s%s", pause->who,
		since, pause->reason[0] != '\0' ? ": " : "", pause->reason);
}

/* The services of the configuration. */
struct known {
	const char *service;
	bool found;
	struct buffer names;
};

static void add_known(struct known *known, const char *service)
{
	known->found = known->found || strcmp(service, known->service) == 0;
	buffer_printf(&known->names, "%s%s", known->names.length > 0 ? ", " : "", service);
}

static bool check_service(const struct pausing *pausing, struct error *error)
{
	const struct config *config = settings_config(pausing->acting.act->settings);
	struct known known = {.service = pausing->service};
	size_t i;

	for (i = 0; i < config->profile_count; i++)
		add_known(&known, config->profiles[i].rules.id);
	if (!known.found)
		error_set(error, ERROR_PERMANENT, "there is no service \"%.64s\"; there are %s",
			pausing->service, buffer_text(&known.names));
	buffer_free(&known.names);
	return known.found;
}

static bool pause_it(void *context, struct error *error)
{
	struct pausing *pausing = context;
	const struct store_pause pause = {
		.service = pausing->service,
		.since_ms = pausing->acting.now_ms,
		.who = pausing->acting.who,
		.reason = pausing->acting.reason,
	};

	if (!store_pause_add(pausing->acting.act->store, &pause, &pausing->done, error))
		return false;
	if (!pausing->done)
		return store_pauses(pausing->acting.act->store, is_there, pausing, error);
	pausing->since_ms = pause.since_ms;
	snprintf(pausing->text, sizeof(pausing->text),
		"nothing new is pushed to it until it is resumed");
	return true;
}

static bool resume_it(void *context, struct error *error)
{
	struct pausing *pausing = context;
	struct store *store = pausing->acting.act->store;
	const struct store_claim claim = {
		.service = pausing->service, .now_ms = pausing->acting.now_ms};
	int64_t all;

	snprintf(pausing->text, sizeof(pausing->text), "it was not paused");
	return store_pauses(store, is_there, pausing, error) &&
	       store_pause_remove(store, pausing->service, &pausing->done, error) &&
	       store_left_count(store, &claim, &pausing->waiting, &all, error);
}

static void tell(const struct pausing *pausing)
{
	const struct acting *acting = &pausing->acting;
	const struct log_field fields[] = {{"SERVICE", pausing->service},
		{"OUTCOME", strcmp(acting->name, "pause") == 0 ? "paused" : "resumed"},
		{"OPERATOR", acting->who}};
	char said[STORE_DETAIL_MAX];

	acting_say(acting, said);
	log_event(EVENT_SERVICE_DECIDED, fields, ARRAY_LENGTH(fields), "service %s: %s: %s %s",
		pausing->service, pausing->text, acting->name, said);
}

static bool perform(struct pausing *pausing, const struct act *act, const char *name,
	act_write *write, struct json_object **result, struct error *error)
{
	acting_init(&pausing->acting, act, name);
	if (!acting_transact(&pausing->acting, write, pausing, error))
		return false;
	*result = acting_object(&pausing->acting);
	act_add_text(*result, "service", pausing->service);
	json_object_object_add(*result, "done", json_object_new_boolean(pausing->done));
	act_add_text(*result, "text", pausing->text);
	act_add_instant(*result, "since", pausing->since_ms);
	if (pausing->done && !act->dry)
		tell(pausing);
	return true;
}

bool act_pause(const struct act *act, const char *service, struct json_object **result,
	struct error *error)
{
	struct pausing pausing = {.acting.act = act, .service = service};

	return check_service(&pausing, error) &&
	       perform(&pausing, act, "pause", pause_it, result, error);
}

bool act_resume(const struct act *act, const char *service, struct json_object **result,
	struct error *error)
{
	struct pausing pausing = {.acting.act = act, .service = service};
	bool done;

	if (!perform(&pausing, act, "resume", resume_it, result, error))
		return false;
	/* One that the configuration does not have any more can be resumed all the same. */
	done = pausing.done || check_service(&pausing, error);
	if (done)
		json_object_object_add(*result, "waiting", json_object_new_int64(pausing.waiting));
	else
		json_object_put(*result);
	return done;
}
