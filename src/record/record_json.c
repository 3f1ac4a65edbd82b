#include "record/record_json.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <json-c/printbuf.h>

#include "base/alloc.h"
#include "base/civil.h"
#include "base/text.h"
#include "record/record.h"

#define FIRST_YEAR 1990
#define LAST_YEAR 2099
#define NAME_ASCII_MAX 255

/* The JSON library frees strings as they are, and a key may be in any of them. */
static void wipe_strings(json_object *object)
{
	size_t i, length;
	char *zeros;

	switch (json_object_get_type(object)) {
	case json_type_string:
		length = (size_t)json_object_get_string_len(object);
		zeros = xcalloc(1, length + 1);
		/* Not longer than before, so it is written in place. */
		json_object_set_string_len(object, zeros, (int)length);
		free(zeros);
		return;
	case json_type_array:
		for (i = 0; i < json_object_array_length(object); i++)
			wipe_strings(json_object_array_get_idx(object, i));
		return;
	case json_type_object: {
		json_object_object_foreach(object, key, value)
		{
			(void)key;
			wipe_strings(value);
		}
		return;
	}
	case json_type_null:
	case json_type_boolean:
	case json_type_double:
	case json_type_int:
		return;
	}
}

void json_close(json_object *object)
{
	wipe_strings(object);
	json_object_put(object);
}

/* What the parser itself still holds: the token it was at, and after a failure the parts so far. */
static void tokener_free_wiped(struct json_tokener *tokener)
{
	int i;

	for (i = 0; i <= tokener->depth; i++)
		wipe_strings(tokener->stack[i].current);
	explicit_bzero(tokener->pb->buf, (size_t)tokener->pb->size);
	json_tokener_free(tokener);
}

static struct json_tokener *tokener_new(size_t length, const struct json_bounds *bounds)
{
	struct json_tokener *tokener = json_tokener_new_ex(bounds->depth);

	if (tokener == NULL)
		abort();
	json_tokener_set_flags(
		tokener, JSON_TOKENER_STRICT | (bounds->any_text ? 0 : JSON_TOKENER_VALIDATE_UTF8));
	/*
	 * No token is longer than the whole: with this room the token buffer never moves, and so
	 * leaves no copy of a key behind that could not be found again.
	 */
	if (printbuf_memset(tokener->pb, 0, 0, (int)length + 64) != 0)
		abort();
	printbuf_reset(tokener->pb);
	return tokener;
}

static bool fail_parse(const struct json_tokener *tokener, size_t at, struct error *error)
{
	enum json_tokener_error code = tokener->err;

	if (code == json_tokener_continue)
		return error_set(
			error, ERROR_PERMANENT, "no JSON: it ends early, after %zu bytes", at);
	if (code == json_tokener_error_depth)
		return error_set(error, ERROR_PERMANENT, "nested more than %d deep, at byte %zu",
			tokener->max_depth, at);
	return error_set(error, ERROR_PERMANENT, "no JSON: %s, at byte %zu",
		json_tokener_error_desc(code), at);
}

json_object *json_open(const char *text, size_t length, size_t maximum, struct error *error)
{
	const struct json_bounds bounds = {.maximum = maximum, .depth = RECORD_MAX_DEPTH};

	return json_open_within(text, length, &bounds, error);
}

json_object *json_open_within(
	const char *text, size_t length, const struct json_bounds *bounds, struct error *error)
{
	struct json_tokener *tokener;
	json_object *object;
	const char *nul;

	if (length > bounds->maximum) {
		error_set(error, ERROR_PERMANENT, "%zu bytes long; %zu at most", length,
			bounds->maximum);
		return NULL;
	}
	nul = memchr(text, '\0', length);
	if (nul != NULL) {
		error_set(error, ERROR_PERMANENT, "no JSON: a NUL, at byte %zu",
			(size_t)(nul - text));
		return NULL;
	}
	tokener = tokener_new(length, bounds);
	object = json_tokener_parse_ex(tokener, text, (int)length);
	if (tokener->err != json_tokener_success) {
		fail_parse(tokener, json_tokener_get_parse_end(tokener), error);
	} else if (!json_object_is_type(object, json_type_object)) {
		error_set(error, ERROR_PERMANENT, "no JSON object");
		json_close(object);
		object = NULL;
	}
	tokener_free_wiped(tokener);
	return object;
}

bool json_refuse(
	const struct scope *scope, const char *key, struct error *error, const char *format, ...)
{
	char sentence[ERROR_TEXT_MAX];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(sentence, sizeof(sentence), format, arguments);
	va_end(arguments);
	return error_set(error, ERROR_PERMANENT, "%s%s%s", scope->prefix, key, sentence);
}

bool json_has(const struct scope *scope, const char *key)
{
	return json_object_object_get_ex(scope->object, key, NULL);
}

static bool get(const struct scope *scope, const char *key, enum json_type type,
	const char *type_word, json_object **value, struct error *error)
{
	if (!json_object_object_get_ex(scope->object, key, value))
		return json_refuse(scope, key, error, " is missing");
	if (!json_object_is_type(*value, type))
		return json_refuse(scope, key, error, ": not %s", type_word);
	return true;
}

static bool is_code(const char *text)
{
	static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				      "0123456789._:-";

	/* "." and ".." would step through a URL's path. */
	return text[strspn(text, allowed)] == '\0' &&
	       (text[0] == '\0' || text[strspn(text, ".")] != '\0');
}

static bool is_ascii(const char *text)
{
	for (; *text != '\0'; text++) {
		if ((unsigned char)*text >= 0x80)
			return false;
	}
	return true;
}

bool json_text(const struct scope *scope, const char *key, enum text_kind kind, size_t minimum,
	size_t maximum, char **value, struct error *error)
{
	json_object *object;
	const char *text;
	size_t length;

	if (!get(scope, key, json_type_string, "a text", &object, error))
		return false;
	text = json_object_get_string(object);
	length = (size_t)json_object_get_string_len(object);
	if (memchr(text, '\0', length) != NULL)
		return json_refuse(scope, key, error, ": has a NUL in it");
	if (length < minimum)
		return json_refuse(scope, key, error, ": empty");
	if (kind == TEXT_NAME && is_ascii(text) && maximum > NAME_ASCII_MAX)
		maximum = NAME_ASCII_MAX;
	if (length > maximum)
		return json_refuse(
			scope, key, error, ": %zu bytes long; at most %zu", length, maximum);
	if (kind != TEXT_OPAQUE && !text_is_clean(text, length))
		return json_refuse(scope, key, error, ": has control or broken characters in it");
	if (kind == TEXT_CODE && !is_code(text))
		return json_refuse(scope, key, error,
			": has other characters than letters, digits, \".\", \"_\", \":\" and "
			"\"-\", or dots alone");
	*value = xstrndup(text, length);
	return true;
}

bool json_number(const struct scope *scope, const char *key, int64_t minimum, int64_t maximum,
	int64_t *value, struct error *error)
{
	json_object *object;

	if (!get(scope, key, json_type_int, "a whole number", &object, error))
		return false;
	*value = json_object_get_int64(object);
	/* What is too large for 64 bits with a sign, the library keeps without one, or at its end.
	 */
	if (*value < minimum || *value > maximum || json_object_get_uint64(object) > INT64_MAX)
		return json_refuse(scope, key, error, ": not within %" PRId64 " to %" PRId64,
			minimum, maximum);
	return true;
}

bool json_instant(const struct scope *scope, const char *key, int64_t *value, struct error *error)
{
	json_object *object;
	const char *text;
	int64_t first = civil_instant(civil_from_date(FIRST_YEAR, 1, 1), 0, TOKYO_OFFSET_MIN);
	int64_t end = civil_instant(civil_from_date(LAST_YEAR + 1, 1, 1), 0, TOKYO_OFFSET_MIN);

	if (!get(scope, key, json_type_string, "a text", &object, error))
		return false;
	text = json_object_get_string(object);
	if (strlen(text) != (size_t)json_object_get_string_len(object) ||
		!civil_parse_instant(text, value))
		return json_refuse(
			scope, key, error, ": no RFC 3339 date-time (2026-11-20T10:15:00+09:00)");
	if (*value < first || *value >= end)
		return json_refuse(
			scope, key, error, ": not in the years %d to %d", FIRST_YEAR, LAST_YEAR);
	return true;
}

bool json_word(const struct scope *scope, const char *key, const char *word_0, const char *word_1,
	bool *second, struct error *error)
{
	json_object *object;
	const char *text;

	if (!get(scope, key, json_type_string, "a text", &object, error))
		return false;
	text = json_object_get_string(object);
	*second = strcmp(text, word_1) == 0;
	if ((!*second && strcmp(text, word_0) != 0) ||
		strlen(text) != (size_t)json_object_get_string_len(object))
		return json_refuse(
			scope, key, error, ": neither \"%s\" nor \"%s\"", word_0, word_1);
	return true;
}

bool json_array(const struct scope *scope, const char *key, size_t maximum, json_object **array,
	struct error *error)
{
	if (!get(scope, key, json_type_array, "an array", array, error))
		return false;
	if (json_object_array_length(*array) > maximum)
		return json_refuse(scope, key, error, ": %zu of them; at most %zu",
			json_object_array_length(*array), maximum);
	return true;
}

bool json_object_or_null(
	const struct scope *scope, const char *key, struct scope *value, struct error *error)
{
	value->object = NULL;
	snprintf(value->prefix, sizeof(value->prefix), "%s%s.", scope->prefix, key);
	if (json_object_object_get_ex(scope->object, key, &value->object) && value->object == NULL)
		return true;
	return get(scope, key, json_type_object, "an object or null", &value->object, error);
}

bool json_element(
	json_object *array, const char *key, size_t index, struct scope *value, struct error *error)
{
	snprintf(value->prefix, sizeof(value->prefix), "%s[%zu].", key, index);
	value->object = json_object_array_get_idx(array, index);
	if (!json_object_is_type(value->object, json_type_object))
		return error_set(error, ERROR_PERMANENT, "%s[%zu]: not an object", key, index);
	return true;
}
