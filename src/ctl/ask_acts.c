#include "ctl/ask_acts.h"

#include <inttypes.h>
#include <stdio.h>

#include "domain/job.h"
#include "net/local_request.h"

#define NUMBER_MAX 24

static void add_number(struct buffer *target, const char *key, int64_t number)
{
	char text[NUMBER_MAX];

	snprintf(text, sizeof(text), "%" PRId64, number);
	answers_add(target, key, text);
}

/* TARGET is freed. */
static bool post(const struct answers *answers, struct buffer *target, const struct act *act,
	const char *body, size_t length, struct json_object **result, struct error *error)
{
	bool done;

	answers_add(target, "reason", act->reason);
	if (act->dry)
		answers_add(target, "dry", "true");
	done = answers_ask(answers, "POST", buffer_text(target), body, length, result, error);
	buffer_free(target);
	if (done && *result == NULL)
		return error_set(error, ERROR_PERMANENT, "the daemon knows nothing of that name");
	return done;
}

bool ask_jobs(const struct answers *answers, const char *verb, const struct act *act,
	const struct act_jobs *jobs, struct json_object **result, struct error *error)
{
	const struct store_filter *filter = &jobs->filter;
	struct buffer target = {0};
	size_t i;

	if (jobs->count > ASK_JOBS_MAX)
		return error_set(error, ERROR_PERMANENT,
			"the daemon takes %d numbers at once; give fewer, or what they have in "
			"common",
			ASK_JOBS_MAX);
	buffer_printf(&target, "/jobs/%s", verb);
	for (i = 0; i < jobs->count; i++)
		add_number(&target, "id", jobs->ids[i]);
	answers_add(&target, "service", filter->service);
	answers_add(&target, "contract", filter->contract);
	answers_add(&target, "fqdn", filter->fqdn);
	if (filter->state >= 0)
		answers_add(&target, "state", job_state_name((enum job_state)filter->state));
	if (jobs->only_overdue)
		answers_add(&target, "overdue", "true");
	if (filter->after_id > 0)
		add_number(&target, "after", filter->after_id);
	return post(answers, &target, act, NULL, 0, result, error);
}

bool ask_release(const struct answers *answers, const struct act *act, const struct act_pair *pair,
	struct json_object **result, struct error *error)
{
	struct buffer target = {0};

	if (pair->job != 0) {
		buffer_printf(&target, "/jobs/%" PRId64 "/release", pair->job);
	} else {
		buffer_append_text(&target, "/services/");
		local_escape(&target, pair->service);
		buffer_append_text(&target, "/release");
		answers_add(&target, "service-code", pair->service_code);
	}
	answers_add(&target, "to", pair->to);
	return post(answers, &target, act, NULL, 0, result, error);
}

bool ask_service(const struct answers *answers, const char *verb, const struct act *act,
	const char *service, struct json_object **result, struct error *error)
{
	struct buffer target = {0};

	buffer_append_text(&target, "/services/");
	local_escape(&target, service);
	buffer_printf(&target, "/%s", verb);
	return post(answers, &target, act, NULL, 0, result, error);
}

bool ask_import(const struct answers *answers, const struct act *act, const char *text,
	size_t length, struct json_object **result, struct error *error)
{
	struct buffer target = {0};

	buffer_append_text(&target, "/import");
	return post(answers, &target, act, text, length, result, error);
}
