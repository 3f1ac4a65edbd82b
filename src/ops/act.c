#include "ops/act.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/civil.h"
#include "base/events.h"
#include "base/text.h"
#include "ops/act_private.h"

void acting_init(struct acting *acting, const struct act *act, const char *name)
{
	*acting = (struct acting){.act = act, .name = name, .now_ms = clock_wall_ms(act->clock)};
	text_sanitise(acting->who, sizeof(acting->who), act->who, strlen(act->who));
	if (act->reason != NULL)
		text_sanitise(
			acting->reason, sizeof(acting->reason), act->reason, strlen(act->reason));
}

void act_add_text(struct json_object *object, const char *key, const char *text)
{
	json_object_object_add(object, key, text != NULL ? json_object_new_string(text) : NULL);
}

void act_add_instant(struct json_object *object, const char *key, int64_t instant_ms)
{
	char text[CIVIL_INSTANT_MAX];

	if (instant_ms != 0)
		civil_format_instant(text, instant_ms, TOKYO_OFFSET_MIN);
	act_add_text(object, key, instant_ms != 0 ? text : NULL);
}

struct json_object *acting_object(const struct acting *acting)
{
	struct json_object *object = json_object_new_object();

	act_add_text(object, "act", acting->name);
	json_object_object_add(object, "dry", json_object_new_boolean(acting->act->dry));
	act_add_text(object, "by", acting->who);
	act_add_text(object, "reason", acting->reason[0] != '\0' ? acting->reason : NULL);
	return object;
}

bool acting_transact(
	const struct acting *acting, act_write *write, void *context, struct error *error)
{
	struct store *store = acting->act->store;
	bool done;

	if (!store_begin(store, error))
		return false;
	done = write(context, error);
	if (done && !acting->act->dry)
		return store_commit(store, error);
	store_rollback(store);
	return done;
}

void acting_say(const struct acting *acting, char text[STORE_DETAIL_MAX])
{
	snprintf(text, STORE_DETAIL_MAX, "by %s%s%s", acting->who,
		acting->reason[0] != '\0' ? ": " : "", acting->reason);
}

bool acting_note(const struct acting *acting, int64_t job_id, struct error *error)
{
	char text[STORE_DETAIL_MAX];
	const struct store_act act = {
		.job_id = job_id, .at_ms = acting->now_ms, .act = acting->name, .text = text};

	acting_say(acting, text);
	return store_act_add(acting->act->store, &act, error);
}

/* ---- jobs that were touched ---- */

struct touched *touched_add(struct touched_list *touched, int64_t id)
{
	if ((touched->count & (touched->count + 1)) == 0)
		touched->list = xreallocarray(
			touched->list, 2 * (touched->count + 1), sizeof(*touched->list));
	touched->list[touched->count] = (struct touched){.job.id = id};
	return &touched->list[touched->count++];
}

void touched_clear(struct touched_list *touched)
{
	size_t i;

	for (i = 0; i < touched->count; i++) {
		if (touched->list[i].found)
			store_job_clear(&touched->list[i].job);
	}
	free(touched->list);
	*touched = (struct touched_list){0};
}

static struct json_object *touched_json(const struct touched *touched)
{
	const struct store_job *job = &touched->job;
	struct json_object *object = json_object_new_object();

	json_object_object_add(object, "job", json_object_new_int64(job->id));
	if (touched->found) {
		act_add_text(object, "contract", job->contract);
		act_add_text(object, "service", job->service);
		act_add_text(object, "service_code", job->service_code);
		act_add_text(object, "fqdn", job->fqdn);
		act_add_text(object, "before", job_state_name(job->state));
		act_add_text(object, "state", job_state_name(touched->state));
		act_add_instant(object, "due", touched->due_ms);
	}
	json_object_object_add(object, "done", json_object_new_boolean(touched->done));
	act_add_text(object, "text", touched->text);
	return object;
}

void touched_add_json(const struct touched_list *touched, struct json_object *object)
{
	struct json_object *jobs = json_object_new_array();
	size_t i, done = 0;

	for (i = 0; i < touched->count; i++) {
		done += touched->list[i].done ? 1 : 0;
		json_object_array_add(jobs, touched_json(&touched->list[i]));
	}
	json_object_object_add(object, "done", json_object_new_int64((int64_t)done));
	json_object_object_add(
		object, "not_done", json_object_new_int64((int64_t)(touched->count - done)));
	json_object_object_add(object, "jobs", jobs);
}

static void tell(const struct touched *touched, const struct acting *acting)
{
	const struct store_job *job = &touched->job;
	char id[24], said[STORE_DETAIL_MAX];
	const struct log_field fields[] = {
		{"JOB_ID", id},
		{"CONTRACT", job->contract},
		{"SERVICE", job->service},
		{"FQDN", job->fqdn},
		{"OUTCOME", job_state_name(touched->state)},
		{"OPERATOR", acting->who},
	};

	snprintf(id, sizeof(id), "%" PRId64, job->id);
	acting_say(acting, said);
	log_event(EVENT_JOB_DECIDED, fields, ARRAY_LENGTH(fields), "%s: %s %s %s: %s: %s %s",
		job->contract, job->service, job->service_code, job->fqdn, touched->text,
		acting->name, said);
}

void touched_tell(const struct touched_list *touched, const struct acting *acting)
{
	size_t i;

	for (i = 0; i < touched->count; i++) {
		if (touched->list[i].done)
			tell(&touched->list[i], acting);
	}
}
