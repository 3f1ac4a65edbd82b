#ifndef CTL_ASK_VIEWS_H
#define CTL_ASK_VIEWS_H

#include "ctl/answers.h"
#include "ops/view.h"

/* The views, asked of the running daemon: results and errors are those of ops/view.h. */
bool must_check ask_status(
	const struct answers *answers, struct json_object **answer, struct error *error);
bool must_check ask_jobs_list(const struct answers *answers, const struct view_jobs_query *query,
	struct json_object **answer, struct error *error);
bool must_check ask_job(const struct answers *answers, int64_t id, struct json_object **answer,
	struct error *error);
bool must_check ask_why(const struct answers *answers, const char *fqdn,
	struct json_object **answer, struct error *error);

#endif
