#ifndef OPS_VIEW_PRIVATE_H
#define OPS_VIEW_PRIVATE_H

#include "domain/overdue.h"
#include "ops/json_say.h"
#include "ops/view.h"

/* What the views share; nobody else includes this. */

/* The keys that every job has in a view; HOLDER as view_holder gives it. */
struct json_object *view_job_json(
	const struct view_context *view, const struct store_job *job, const char *holder);

/*
 * The contract that a held job waits for, to be freed; NULL for any other, and where nobody has its
 * pair. False with an error when the store cannot be read.
 */
bool must_check view_holder(const struct view_context *view, const struct store_job *job,
	char **holder, struct error *error);

#endif
