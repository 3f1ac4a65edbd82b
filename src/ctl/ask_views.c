#include "ctl/ask_views.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/civil.h"
#include "ops/route.h"

#define NUMBER_MAX 24

/* TARGET is freed. */
static bool get(const struct answers *answers, struct buffer *target, struct json_object **answer,
	struct error *error)
{
	bool done = answers_ask(answers, "GET", buffer_text(target), NULL, 0, answer, error);

	buffer_free(target);
	return done;
}

static bool must_have(bool done, struct json_object *const *answer, struct error *error)
{
	if (done && *answer == NULL)
		return error_set(error, ERROR_TEMPORARY, "the daemon does not know this question");
	return done;
}

bool ask_status(const struct answers *answers, struct json_object **answer, struct error *error)
{
	struct buffer target = {0};

	buffer_append_text(&target, "/status");
	return must_have(get(answers, &target, answer, error), answer, error);
}

static void add_number(struct buffer *target, const char *key, int64_t number)
{
	char text[NUMBER_MAX];

	snprintf(text, sizeof(text), "%" PRId64, number);
	answers_add(target, key, text);
}

static void add_instant(struct buffer *target, const char *key, int64_t instant_ms)
{
	char text[CIVIL_INSTANT_MAX];

	if (instant_ms == 0)
		return;
	civil_format_instant(text, instant_ms, TOKYO_OFFSET_MIN);
	answers_add(target, key, text);
}

bool ask_jobs_list(const struct answers *answers, const struct view_jobs_query *query,
	struct json_object **answer, struct error *error)
{
	struct buffer target = {0};
	unsigned state;

	buffer_append_text(&target, "/jobs");
	for (state = 0; state < JOB_STATE_COUNT; state++) {
		if ((query->states & 1U << state) != 0)
			answers_add(&target, "state", job_state_name((enum job_state)state));
	}
	answers_add(&target, "service", query->service);
	answers_add(&target, "contract", query->contract);
	answers_add(&target, "fqdn", query->fqdn);
	add_instant(&target, "due-after", query->due_after_ms);
	add_instant(&target, "due-before", query->due_before_ms);
	if (query->overdue)
		answers_add(&target, "overdue", "true");
	answers_add(&target, "sort", view_sort_name(query->sort));
	if (query->limit > 0)
		add_number(&target, "limit",
			query->limit < ROUTE_JOBS_MAX ? (int64_t)query->limit : ROUTE_JOBS_MAX);
	if (query->after_id > 0)
		add_number(&target, "after", query->after_id);
	return must_have(get(answers, &target, answer, error), answer, error);
}

bool ask_job(
	const struct answers *answers, int64_t id, struct json_object **answer, struct error *error)
{
	struct buffer target = {0};

	buffer_printf(&target, "/jobs/%" PRId64, id);
	return get(answers, &target, answer, error);
}

bool ask_why(const struct answers *answers, const char *fqdn, struct json_object **answer,
	struct error *error)
{
	struct buffer target = {0};

	buffer_append_text(&target, "/why");
	answers_add(&target, "fqdn", fqdn);
	return must_have(get(answers, &target, answer, error), answer, error);
}
