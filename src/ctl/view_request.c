#include "ctl/view_request.h"

#include <stdint.h>
#include <stdio.h>

#include "base/civil.h"
#include "base/clock.h"
#include "base/words.h"
#include "ctl/ask_views.h"
#include "ops/json_say.h"

static struct view_context context_of(const struct store_request *request)
{
	return (struct view_context){
		.store = request->store, .config = request->config, .clock = clock_system()};
}

bool view_request_status(
	const struct store_request *request, struct json_object **answer, struct error *error)
{
	const struct view_context view = context_of(request);

	if (request->answers.found)
		return ask_status(&request->answers, answer, error);
	return view_status(&view, answer, error);
}

bool view_request_jobs(const struct store_request *request, const struct view_jobs_query *query,
	struct json_object **answer, struct error *error)
{
	const struct view_context view = context_of(request);

	if (request->answers.found)
		return ask_jobs_list(&request->answers, query, answer, error);
	return view_jobs(&view, query, answer, error);
}

bool view_request_job(const struct store_request *request, int64_t id, struct json_object **answer,
	struct error *error)
{
	const struct view_context view = context_of(request);

	if (request->answers.found)
		return ask_job(&request->answers, id, answer, error);
	return view_job(&view, id, answer, error);
}

bool view_request_why(const struct store_request *request, const char *fqdn,
	struct json_object **answer, struct error *error)
{
	const struct view_context view = context_of(request);

	if (request->answers.found)
		return ask_why(&request->answers, fqdn, answer, error);
	return view_why(&view, fqdn, answer, error);
}

/* The seconds of the day, and its date with the day of the week. */
static int64_t split(int64_t instant_ms, char date[WHEN_TEXT_MAX / 2])
{
	civil_day day = civil_day_of(instant_ms, TOKYO_OFFSET_MIN);
	char number[CIVIL_DATE_MAX];

	civil_format_date(number, day);
	snprintf(date, WHEN_TEXT_MAX / 2, "%s (%s)", number,
		civil_weekday_short(civil_weekday(day)));
	return (instant_ms - civil_instant(day, 0, TOKYO_OFFSET_MIN)) / 1000;
}

void view_when_text(char target[WHEN_TEXT_MAX], struct json_object *object, const char *key)
{
	int64_t instant_ms = json_said_instant(object, key);
	char date[WHEN_TEXT_MAX / 2];
	int64_t second = split(instant_ms, date);

	if (instant_ms == 0)
		snprintf(target, WHEN_TEXT_MAX, "-");
	else
		snprintf(target, WHEN_TEXT_MAX, "%s %02d:%02d", date, (int)(second / 3600),
			(int)(second / 60 % 60));
}

void view_moment_text(char target[WHEN_TEXT_MAX], struct json_object *object, const char *key)
{
	char date[WHEN_TEXT_MAX / 2];
	int64_t second = split(json_said_instant(object, key), date);

	snprintf(target, WHEN_TEXT_MAX, "%s %02d:%02d:%02d", date, (int)(second / 3600),
		(int)(second / 60 % 60), (int)(second % 60));
}

void view_age_text(
	char target[WHEN_TEXT_MAX], struct json_object *object, const char *key, int64_t now_ms)
{
	int64_t instant_ms = json_said_instant(object, key);
	int64_t seconds = now_ms > instant_ms ? (now_ms - instant_ms) / 1000 : 0;

	if (instant_ms == 0)
		snprintf(target, WHEN_TEXT_MAX, "%s", _("never"));
	else if (seconds < 120)
		snprintf(target, WHEN_TEXT_MAX, _("%jd s"), (intmax_t)seconds);
	else if (seconds < INT64_C(120) * 60)
		snprintf(target, WHEN_TEXT_MAX, _("%jd min"), (intmax_t)(seconds / 60));
	else if (seconds < INT64_C(48) * 3600)
		snprintf(target, WHEN_TEXT_MAX, _("%jd h"), (intmax_t)(seconds / 3600));
	else
		snprintf(target, WHEN_TEXT_MAX, _("%jd days"), (intmax_t)(seconds / DAY_S));
}
