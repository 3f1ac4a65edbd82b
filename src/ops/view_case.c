#include "ops/view_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/buffer.h"
#include "base/civil.h"
#include "base/text.h"
#include "base/words.h"
#include "domain/hostname.h"
#include "record/record.h"

#define SENTENCE_MAX 2048

void view_say(struct json_object *sentences, const char *format, ...)
{
	char clean[SENTENCE_MAX], *text;
	va_list arguments;

	va_start(arguments, format);
	text = xvasprintf(format, arguments);
	va_end(arguments);
	text_sanitise(clean, sizeof(clean), text, strlen(text));
	json_object_array_add(sentences, json_object_new_string(clean));
	free(text);
}

void view_day(char target[VIEW_WHEN_MAX], civil_day day)
{
	char date[CIVIL_DATE_MAX];

	civil_format_date(date, day);
	snprintf(target, VIEW_WHEN_MAX, "%s (%s)", date, civil_weekday_short(civil_weekday(day)));
}

void view_when(char target[VIEW_WHEN_MAX], int64_t instant_ms)
{
	civil_day day = civil_day_of(instant_ms, TOKYO_OFFSET_MIN);
	int64_t minute = (instant_ms - civil_instant(day, 0, TOKYO_OFFSET_MIN)) / 60000;
	char date[VIEW_WHEN_MAX - 8];

	civil_format_date(date, day);
	snprintf(target, VIEW_WHEN_MAX, "%s (%s) %02d:%02d", date,
		civil_weekday_short(civil_weekday(day)), (int)(minute / 60), (int)(minute % 60));
}

/* ---- what is read ---- */

bool view_contract(const struct view_context *view, const char *code, struct contract *contract,
	bool *found, struct error *error)
{
	struct buffer snapshot = {0};
	bool done = store_contract_snapshot(view->store, code, &snapshot, found, error);

	if (done && *found)
		done = record_from_canonical(buffer_text(&snapshot), contract, error);
	buffer_free(&snapshot);
	return done;
}

static void find_link(struct view_case *opened)
{
	size_t i;

	for (i = 0; i < opened->contract.link_count && opened->link == NULL; i++) {
		const struct contract_link *link = &opened->contract.links[i];

		if (strcmp(link->service, opened->job->service) == 0 &&
			strcmp(link->service_code, opened->job->service_code) == 0 &&
			hostname_equal(link->fqdn, opened->job->fqdn))
			opened->link = link;
	}
}

static void take_pause(void *context, const struct store_pause *pause)
{
	struct view_case *opened = context;

	if (opened->paused || strcmp(pause->service, opened->job->service) != 0)
		return;
	opened->paused = true;
	opened->pause_since_ms = pause->since_ms;
	opened->pause_who = xstrdup(pause->who);
	opened->pause_reason = xstrdup(pause->reason);
}

static void take_attempt(void *context, const struct store_attempt *attempt)
{
	struct view_case *opened = context;
	struct view_try *try = NULL;

	if (attempt->kind == ATTEMPT_VERIFY)
		try = &opened->look;
	else if (attempt->kind > ATTEMPT_READ_BACK)
		try = &opened->act;
	if (try == NULL)
		return;
	*try = (struct view_try){.found = true, .at_ms = attempt->at_ms};
	snprintf(try->outcome, sizeof(try->outcome), "%s", attempt->outcome);
	snprintf(try->text, sizeof(try->text), "%s", attempt->text);
}

static void find_live(struct view_case *opened)
{
	const struct view_live *live = opened->view->live;
	size_t i;

	for (i = 0; live != NULL && i < live->service_count; i++) {
		if (strcmp(live->services[i].service, opened->job->service) == 0)
			opened->live = &live->services[i];
	}
}

/* ---- days ---- */

/* From what the days of its job are counted (DOMAIN.md rule 10). */
static enum view_base base_of(const struct view_case *opened)
{
	const struct contract *contract = &opened->contract;
	bool bring_in = opened->has_contract && item_is_bring_in(item_from_id(contract->item));
	int64_t base_ms = opened->job->base_ms;

	/* An older certificate's own base is its issuance, which its job tells. */
	if (base_ms == opened->job->issued_ms)
		return bring_in ? VIEW_BASE_REGISTRATION : VIEW_BASE_ISSUANCE;
	if (opened->link != NULL && base_ms == opened->link->since_ms)
		return VIEW_BASE_LINK;
	return VIEW_BASE_FREED;
}

static const char *base_word(enum view_base base)
{
	switch (base) {
	case VIEW_BASE_ISSUANCE:
		return _("issuance");
	case VIEW_BASE_REGISTRATION:
		return _("registration");
	case VIEW_BASE_LINK:
		return _("the link being added");
	case VIEW_BASE_FREED:
		return _("the service code becoming free");
	}
	abort();
}

static void count_days(struct view_case *opened)
{
	const struct rulebook *rulebook = &opened->view->config->rulebook;
	const struct service_rules *service = rulebook_service(rulebook, opened->job->service);
	struct schedule_rules rules;

	if (service == NULL || opened->job->due_ms == 0)
		return;
	rules = (struct schedule_rules){
		.business_days = service->business_days,
		.opening_minute = service->opening_minute,
		.cutoff_minute = rulebook->policy.cutoff_minute,
	};
	opened->base = base_of(opened);
	if (!schedule_make(&rulebook->calendar, &rules, opened->job->base_ms,
		    base_word(opened->base), &opened->schedule, NULL))
		return;
	opened->has_schedule = opened->schedule.due_ms == opened->job->due_ms;
	opened->schedule_differs = !opened->has_schedule;
	if (opened->schedule_differs)
		schedule_clear(&opened->schedule);
}

/* ---- the whole ---- */

bool view_case_open(const struct view_context *view, const struct store_job *job,
	struct view_case *opened, struct error *error)
{
	struct buffer trail = {0};
	bool done;

	*opened = (struct view_case){
		.view = view,
		.job = job,
		.now_ms = clock_wall_ms(view->clock),
		.profile = config_profile(view->config, job->service),
	};
	done = view_contract(
		       view, job->contract, &opened->contract, &opened->has_contract, error) &&
	       view_holder(view, job, &opened->holder, error) &&
	       store_pauses(view->store, take_pause, opened, error) &&
	       store_attempts(view->store, job->id, take_attempt, opened, error) &&
	       store_job_trail(view->store, job->id, &trail, error);
	opened->trail = buffer_steal_text(&trail);
	if (!done)
		return false;
	find_link(opened);
	find_live(opened);
	count_days(opened);
	return true;
}

void view_case_close(struct view_case *opened)
{
	contract_clear(&opened->contract);
	free(opened->holder);
	free(opened->pause_who);
	free(opened->pause_reason);
	free(opened->trail);
	schedule_clear(&opened->schedule);
	*opened = (struct view_case){0};
}

bool view_case_is_served(const struct view_case *opened)
{
	/* What has no edge is believed, and what was never looked at. */
	return opened->job->state == JOB_INSTALLED &&
	       (!opened->look.found || strcmp(opened->look.outcome, "served") == 0 ||
		       strcmp(opened->look.outcome, "skipped") == 0);
}
