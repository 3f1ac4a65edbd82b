#ifndef CTL_ACT_TEXT_H
#define CTL_ACT_TEXT_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stdio.h>

/*
 * The result of an act (ops/act.h) for a person, on STREAM: of jobs those that it was done to, at
 * most LIMIT (0: all), and how many more there are.
 */
void act_as_text(struct json_object *result, FILE *stream, size_t limit);

/* A whole number, text, or truth of OBJECT; 0, NULL, false where it has none. */
int64_t result_number(struct json_object *object, const char *key);
const char *result_text(struct json_object *object, const char *key);
bool result_truth(struct json_object *object, const char *key);

#endif
