#ifndef RECORD_RECORD_JSON_H
#define RECORD_RECORD_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <json-c/json.h>

#include "base/error.h"

/* An object in a record, and what stands before its keys in a sentence ("links[2]."). */
struct scope {
	json_object *object;
	char prefix[32];
};

/* What a text may be; json_text refuses the rest. */
enum text_kind {
	TEXT_CLEAN,  /* no control characters, valid UTF-8 */
	TEXT_CODE,   /* letters, digits and "._:-", not dots alone: it becomes part of URLs */
	TEXT_NAME,   /* clean, and a host name's length at most; whether it is one is not asked */
	TEXT_OPAQUE, /* any text without a NUL: PEM, a passphrase */
};

/*
 * Parses LENGTH bytes of TEXT (MAXIMUM at most), one JSON object and nothing after it, nested
 * RECORD_MAX_DEPTH deep at most. NULL and a permanent error with the position otherwise. Leaves no
 * copy of a string in memory that was freed. To be given to json_close.
 */
json_object *json_open(const char *text, size_t length, size_t maximum, struct error *error);
/*
 * The same with other bounds: MAXIMUM bytes, DEPTH deep. ANY_TEXT lets strings through that are no
 * UTF-8, so that one of them does not spoil what stands beside it.
 */
struct json_bounds {
	size_t maximum;
	int depth;
	bool any_text;
};
json_object *json_open_within(
	const char *text, size_t length, const struct json_bounds *bounds, struct error *error);
/* Overwrites every string in OBJECT and frees it. */
void json_close(json_object *object);

/*
 * Each reads KEY of SCOPE, and is false with a permanent error that names the key when it is
 * missing, of another type or out of bounds. Texts of MINIMUM to MAXIMUM bytes; *VALUE is the
 * caller's.
 */
bool must_check json_text(const struct scope *scope, const char *key, enum text_kind kind,
	size_t minimum, size_t maximum, char **value, struct error *error);
bool must_check json_number(const struct scope *scope, const char *key, int64_t minimum,
	int64_t maximum, int64_t *value, struct error *error);
/* An RFC 3339 date-time of the years 1990 to 2099. */
bool must_check json_instant(
	const struct scope *scope, const char *key, int64_t *value, struct error *error);
/* One of two words: *SECOND tells which. */
bool must_check json_word(const struct scope *scope, const char *key, const char *word_0,
	const char *word_1, bool *second, struct error *error);
bool must_check json_array(const struct scope *scope, const char *key, size_t maximum,
	json_object **array, struct error *error);
/* An object; where it is null, *VALUE's object is NULL. */
bool must_check json_object_or_null(
	const struct scope *scope, const char *key, struct scope *value, struct error *error);
/* The object at INDEX of ARRAY, which stands at KEY. */
bool must_check json_element(json_object *array, const char *key, size_t index, struct scope *value,
	struct error *error);

bool json_has(const struct scope *scope, const char *key);

/* "certificate.pem: " and a sentence. Returns false. */
bool json_refuse(const struct scope *scope, const char *key, struct error *error,
	const char *format, ...) __attribute__((format(printf, 4, 5)));

#endif
