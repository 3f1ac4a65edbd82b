#include "ops/json_say.h"

#include <stdio.h>

#include "base/civil.h"

void json_add_text(struct json_object *object, const char *key, const char *text)
{
	json_object_object_add(object, key, json_object_new_string(text));
}

void json_add_text_or_null(struct json_object *object, const char *key, const char *text)
{
	json_object_object_add(object, key, text != NULL ? json_object_new_string(text) : NULL);
}

void json_add_int(struct json_object *object, const char *key, int64_t value)
{
	json_object_object_add(object, key, json_object_new_int64(value));
}

void json_add_bool(struct json_object *object, const char *key, bool value)
{
	json_object_object_add(object, key, json_object_new_boolean(value));
}

void json_add_instant(struct json_object *object, const char *key, int64_t instant_ms)
{
	char text[CIVIL_INSTANT_MAX];

	if (instant_ms == 0) {
		json_object_object_add(object, key, NULL);
		return;
	}
	civil_format_instant(text, instant_ms, TOKYO_OFFSET_MIN);
	json_add_text(object, key, text);
}

struct json_object *json_add_array(struct json_object *object, const char *key)
{
	struct json_object *array = json_object_new_array();

	json_object_object_add(object, key, array);
	return array;
}

struct json_object *json_add_object(struct json_object *object, const char *key)
{
	struct json_object *added = json_object_new_object();

	json_object_object_add(object, key, added);
	return added;
}

struct json_object *json_said(struct json_object *object, const char *key)
{
	struct json_object *value = NULL;

	if (!json_object_is_type(object, json_type_object) ||
		!json_object_object_get_ex(object, key, &value))
		return NULL;
	return value;
}

const char *json_said_text(struct json_object *object, const char *key)
{
	struct json_object *value = json_said(object, key);

	return json_object_is_type(value, json_type_string) ? json_object_get_string(value) : NULL;
}

int64_t json_said_int(struct json_object *object, const char *key)
{
	struct json_object *value = json_said(object, key);

	return json_object_is_type(value, json_type_int) ? json_object_get_int64(value) : 0;
}

bool json_said_bool(struct json_object *object, const char *key)
{
	struct json_object *value = json_said(object, key);

	return json_object_is_type(value, json_type_boolean) && json_object_get_boolean(value);
}

int64_t json_said_instant(struct json_object *object, const char *key)
{
	const char *text = json_said_text(object, key);
	int64_t instant_ms;

	return text != NULL && civil_parse_instant(text, &instant_ms) ? instant_ms : 0;
}

const char *json_line(struct json_object *object)
{
	return json_object_to_json_string_ext(
		object, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE);
}

void json_print(struct json_object *object)
{
	fputs(json_line(object), stdout);
	json_object_put(object);
}
