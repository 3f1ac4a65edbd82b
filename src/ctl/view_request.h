#ifndef CTL_VIEW_REQUEST_H
#define CTL_VIEW_REQUEST_H

#include <json-c/json.h>

#include "ctl/store_request.h"
#include "ops/view.h"

/*
 * The views as the verbs ask for them, of the store that REQUEST has open. Results and errors are
 * those of ops/view.h.
 */
bool must_check view_request_status(
	const struct store_request *request, struct json_object **answer, struct error *error);
bool must_check view_request_jobs(const struct store_request *request,
	const struct view_jobs_query *query, struct json_object **answer, struct error *error);
bool must_check view_request_job(const struct store_request *request, int64_t id,
	struct json_object **answer, struct error *error);
bool must_check view_request_why(const struct store_request *request, const char *fqdn,
	struct json_object **answer, struct error *error);

#define WHEN_TEXT_MAX 64
/* "2026-11-24 (Tue) 09:00" of an instant that a view has at KEY; "-" where it has none. */
void view_when_text(char target[WHEN_TEXT_MAX], struct json_object *object, const char *key);
/* The same to the second, of one that it has. */
void view_moment_text(char target[WHEN_TEXT_MAX], struct json_object *object, const char *key);
/* How long it is at NOW_MS since that: "3 min"; "never". */
void view_age_text(
	char target[WHEN_TEXT_MAX], struct json_object *object, const char *key, int64_t now_ms);

#endif
