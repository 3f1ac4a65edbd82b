#include "ops/act.h"

#include <stdio.h>
#include <string.h>

#include "base/civil.h"
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
