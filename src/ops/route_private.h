#ifndef OPS_ROUTE_PRIVATE_H
#define OPS_ROUTE_PRIVATE_H

#include <json-c/json.h>
#include <stdint.h>

#include "ops/route.h"

/* What the routes share. */

#define ROUTE_PARAMETERS_MAX 64

/* A request, taken apart. */
struct routed {
	const struct route_context *context;
	const struct route_request *request;
	const char *name; /* what stands for * in the route's path; "" without one */
	struct {
		const char *key, *value;
	} parameters[ROUTE_PARAMETERS_MAX];
	size_t parameter_count;
};

typedef void route_handler(const struct routed *routed, struct route_answer *answer);

/* The value of the last parameter KEY; NULL when there is none. */
const char *routed_value(const struct routed *routed, const char *key);
/* False, and ANSWER is a problem, when there is a parameter that is none of KEYS (NULL-ended). */
bool must_check routed_knows(
	const struct routed *routed, const char *const *keys, struct route_answer *answer);
/* The route's name as a job's number; false, and ANSWER is a problem, when it is none. */
bool must_check routed_id(const struct routed *routed, int64_t *id, struct route_answer *answer);

/* Makes ANSWER a 200 of OBJECT, which is released. */
void route_object(struct route_answer *answer, struct json_object *object);
/* Makes ANSWER a problem of what ERROR says: 400 for a permanent error, 503 for the others. */
void route_error(struct route_answer *answer, const struct error *error);

/* ---- the handlers, by file ---- */

route_handler route_get_status, route_get_jobs, route_get_job, route_get_why;
route_handler route_post_retry, route_post_cancel, route_post_release, route_post_retries,
	route_post_cancels, route_post_release_pair, route_post_pause, route_post_resume,
	route_post_import;

#endif
