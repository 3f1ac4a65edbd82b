#ifndef OPS_JSON_SAY_H
#define OPS_JSON_SAY_H

#include <stdbool.h>
#include <stdint.h>

#include <json-c/json.h>

/*
 * What is said as JSON by the views, the acts and the verbs. Each adds KEY to OBJECT, which takes
 * it over; texts are to be clean already (text_sanitise).
 */

void json_add_text(struct json_object *object, const char *key, const char *text);
/* null for NULL. */
void json_add_text_or_null(struct json_object *object, const char *key, const char *text);
void json_add_int(struct json_object *object, const char *key, int64_t value);
void json_add_bool(struct json_object *object, const char *key, bool value);
/* An RFC 3339 date-time in Asia/Tokyo; null for 0. */
void json_add_instant(struct json_object *object, const char *key, int64_t instant_ms);
/* An empty array, or object, that is added and returned. */
struct json_object *json_add_array(struct json_object *object, const char *key);
struct json_object *json_add_object(struct json_object *object, const char *key);

/* The reverse, for who shows a view: NULL, 0 and false where KEY is missing or of another type. */
const char *json_said_text(struct json_object *object, const char *key);
int64_t json_said_int(struct json_object *object, const char *key);
bool json_said_bool(struct json_object *object, const char *key);
struct json_object *json_said(struct json_object *object, const char *key);
/* 0 as well when it is no instant. */
int64_t json_said_instant(struct json_object *object, const char *key);

/* OBJECT on one line; valid until OBJECT is changed or freed. */
const char *json_line(struct json_object *object);
/* Writes OBJECT to standard output, without a line break, and gives it back. */
void json_print(struct json_object *object);

#endif
