#include "ops/view_private.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/civil.h"
#include "base/words.h"

/*
 * What is to be known of a job, in whole sentences, so that they can be translated. What was stored
 * (details, findings, trails) comes in as it is.
 */

/* ---- why that day ---- */

static void tell_base(const struct view_case *it, struct json_object *say)
{
	char when[VIEW_WHEN_MAX];

	view_when(when, it->schedule.base_ms);
	switch (it->base) {
	case VIEW_BASE_ISSUANCE:
		view_say(
			say, _("Days are counted from %s, when the certificate was issued."), when);
		return;
	case VIEW_BASE_REGISTRATION:
		view_say(say, _("Days are counted from %s, when the certificate was registered."),
			when);
		return;
	case VIEW_BASE_LINK:
		view_say(say, _("Days are counted from %s, when the link was added."), when);
		return;
	case VIEW_BASE_FREED:
		view_say(say,
			_("Days are counted from %s, when another contract let the service code "
			  "go."),
			when);
		return;
	}
}

static void tell_closed_days(const struct view_case *it, struct json_object *say)
{
	struct buffer days = {0};
	char day[CIVIL_DATE_MAX], why[DAY_WHY_MAX], *text;
	size_t i, count = 0;

	/* Of the first day it is told already what it is. */
	for (i = 1; i < it->schedule.day_count; i++) {
		if (it->schedule.days[i].business)
			continue;
		civil_format_date(day, it->schedule.days[i].day);
		(void)calendar_day(
			&it->view->config->rulebook.calendar, it->schedule.days[i].day, why);
		buffer_printf(&days, "%s%s (%s)", count++ > 0 ? ", " : "", day, why);
	}
	text = buffer_steal_text(&days);
	if (count > 0)
		view_say(say, _("Closed on the way: %s."), text);
	free(text);
}

static void tell_days(const struct view_case *it, struct json_object *say)
{
	const struct service_rules *service =
		rulebook_service(&it->view->config->rulebook, it->job->service);
	char day[VIEW_WHEN_MAX];

	if (it->schedule_differs)
		view_say(say, _("By the rules and the calendar as they are now it would be due at "
				"another time; they have changed since it was scheduled."));
	if (!it->has_schedule || service == NULL)
		return;
	tell_base(it, say);
	view_day(day, civil_day_of(it->schedule.due_ms, TOKYO_OFFSET_MIN));
	if (service->business_days == 0)
		view_say(say,
			_("Service %s installs on the same day, or the first business day "
			  "after it: %s."),
			it->job->service, day);
	else if (service->business_days == 1)
		view_say(say, _("Service %s installs on the first business day after that: %s."),
			it->job->service, day);
	else
		view_say(say, _("Service %s installs %d business days after that: %s."),
			it->job->service, service->business_days, day);
	tell_closed_days(it, say);
}

/* ---- what keeps it back ---- */

static bool tell_pause(const struct view_case *it, struct json_object *say)
{
	char when[VIEW_WHEN_MAX];

	if (!it->paused)
		return false;
	view_when(when, it->pause_since_ms);
	if (it->pause_reason[0] != '\0')
		view_say(say,
			_("%s paused service %s on %s (%s): nothing is pushed to it until "
			  "\"certinstallctl resume %s\"."),
			it->pause_who, it->job->service, when, it->pause_reason, it->job->service);
	else
		view_say(say,
			_("%s paused service %s on %s: nothing is pushed to it until "
			  "\"certinstallctl resume %s\"."),
			it->pause_who, it->job->service, when, it->job->service);
	return true;
}

static bool tell_circuit(const struct view_case *it, struct json_object *say)
{
	char when[VIEW_WHEN_MAX];

	if (it->live == NULL)
		return false;
	view_when(when, it->live->until_ms);
	if (strcmp(it->live->state, "circuit-open") == 0)
		view_say(say,
			_("Service %s does not answer and is taken for dead: one request "
			  "at %s will show whether it lives again."),
			it->job->service, when);
	else if (strcmp(it->live->state, "probing") == 0)
		view_say(say,
			_("Service %s was taken for dead; one request is under way to see "
			  "whether it lives again."),
			it->job->service);
	else if (strcmp(it->live->state, "paused") == 0)
		view_say(say, _("Service %s asked to wait until %s."), it->job->service, when);
	else
		return false;
	return true;
}

/* Of what is to be acted on at INSTANT_MS. */
static bool tell_hours(const struct view_case *it, int64_t instant_ms, struct json_object *say)
{
	char hours[HOURS_TEXT_MAX], when[VIEW_WHEN_MAX];
	int64_t opens_ms;

	if (!it->profile->rules.has_hours ||
		!hours_next(&it->profile->rules.hours, &it->view->config->rulebook.calendar,
			instant_ms, &opens_ms, NULL) ||
		opens_ms == instant_ms)
		return false;
	hours_text(&it->profile->rules.hours, hours);
	view_when(when, opens_ms);
	view_say(say, _("Service %s takes installs %s; the work begins when it opens, at %s."),
		it->job->service, hours, when);
	return true;
}

/* Returns whether anything does. */
static bool tell_obstacles(const struct view_case *it, int64_t instant_ms, struct json_object *say)
{
	bool told;

	if (it->profile == NULL) {
		view_say(say,
			_("Service %s is not configured any more: nothing is sent to it "
			  "until a profile for it is in services.d."),
			it->job->service);
		return true;
	}
	if (it->profile->endpoint == NULL) {
		view_say(say,
			_("Service %s has no endpoint: nothing is sent to it until its site "
			  "section names one."),
			it->job->service);
		return true;
	}
	told = tell_pause(it, say);
	told = tell_circuit(it, say) || told;
	return tell_hours(it, instant_ms, say) || told;
}

/* ---- by state ---- */

static void tell_scheduled(const struct view_case *it, struct json_object *say)
{
	const struct store_job *job = it->job;
	char when[VIEW_WHEN_MAX];
	bool is_due = job->due_ms <= it->now_ms;

	view_when(when, job->due_ms);
	if (is_due)
		view_say(say, _("It has been due since %s and waits for its first try."), when);
	else
		view_say(say, _("It is due on %s."), when);
	tell_days(it, say);
	if (tell_obstacles(it, is_due ? it->now_ms : job->due_ms, say) || !is_due)
		return;
	if (it->view->live != NULL)
		view_say(say,
			_("Nothing keeps it back: it begins as soon as service %s has room "
			  "for it."),
			job->service);
	else
		view_say(say,
			_("Nothing in the store keeps it back. Whether the daemon works, and "
			  "whether it takes service %s for dead, is not known here."),
			job->service);
}

static void tell_retrying(const struct view_case *it, struct json_object *say)
{
	const struct store_job *job = it->job;
	int64_t until_ms = job->first_attempt_ms + it->view->config->backoff.give_up_after_ms;
	char due[VIEW_WHEN_MAX], next[VIEW_WHEN_MAX], until[VIEW_WHEN_MAX];

	view_when(due, job->due_ms);
	view_say(say, _("It has been due since %s."), due);
	view_when(next, job->next_ms > it->now_ms ? job->next_ms : it->now_ms);
	view_say(say, _("Try %d did not succeed: %s"), job->attempts, job->detail);
	view_say(say, _("The next try is at %s."), next);
	if (job->first_attempt_ms != 0) {
		view_when(until, until_ms < job->not_after_ms ? until_ms : job->not_after_ms);
		view_say(say,
			_("It is tried again and again until it succeeds, up to %s; then it "
			  "has failed."),
			until);
	}
	(void)tell_obstacles(it, job->next_ms > it->now_ms ? job->next_ms : it->now_ms, say);
}

static void tell_verifying(const struct view_case *it, struct json_object *say)
{
	const struct store_job *job = it->job;
	char taken[VIEW_WHEN_MAX], next[VIEW_WHEN_MAX];

	view_when(taken, job->pushed_ms);
	view_when(next, job->next_ms > it->now_ms ? job->next_ms : it->now_ms);
	if (job->remote != NULL)
		view_say(say,
			_("Service %s took it on %s and is still at work on it; it is asked "
			  "again at %s."),
			job->service, taken, next);
	else
		view_say(say,
			_("Service %s took it on %s, but it is not served yet; that is "
			  "looked at again at %s."),
			job->service, taken, next);
	if (it->look.found)
		view_say(say, _("At the last look: %s."), it->look.text);
}

static void tell_installed(const struct view_case *it, struct json_object *say)
{
	const struct store_job *job = it->job;
	char when[VIEW_WHEN_MAX], looked[VIEW_WHEN_MAX], ends[VIEW_WHEN_MAX];

	view_when(when, job->settled_ms != 0 ? job->settled_ms : job->pushed_ms);
	view_when(looked, it->look.at_ms);
	view_when(ends, job->not_after_ms);
	if (!it->look.found)
		view_say(say, _("It is installed since %s; what is served was not looked at."),
			when);
	else if (strcmp(it->look.outcome, "skipped") == 0)
		view_say(say,
			_("It is installed since %s; what is served was not looked at, since "
			  "service %s has no edge to look at."),
			when, job->service);
	else if (view_case_is_served(it))
		view_say(say, _("It is installed since %s and, seen on %s, %s."), when, looked,
			it->look.text);
	else
		view_say(say,
			_("It was installed on %s, but on %s it was not served: %s. "
			  "\"certinstallctl verify\" looks again."),
			when, looked, it->look.text);
	if (job->not_after_ms < it->now_ms)
		view_say(say, _("Its certificate ended on %s."), ends);
	else
		view_say(say, _("Its certificate is valid until %s."), ends);
}

static void tell_held(const struct view_case *it, struct json_object *say)
{
	const struct store_job *job = it->job;

	if (it->holder == NULL) {
		view_say(say,
			_("It is held, and no contract has service code %s of %s: the next "
			  "record of contract %s decides it."),
			job->service_code, job->service, job->contract);
		return;
	}
	view_say(say,
		_("Contract %s has service code %s of %s. This install waits until that "
		  "contract lets it go, and is then scheduled by itself."),
		it->holder, job->service_code, job->service);
	view_say(say,
		_("To do, if contract %s is not to have it any more: change its linked "
		  "service, delete its service code or end it; or \"certinstallctl release\"."),
		it->holder);
}

/* The lines of the trail by which it was refused, in the words of the judgement. */
static void tell_refusing_rules(const struct view_case *it, struct json_object *say)
{
	static const char outcome[] = "\trefuse\t";
	const char *line = it->trail;

	while (*line != '\0') {
		size_t length = strcspn(line, "\n");
		size_t rule = strcspn(line, "\t");

		if (rule < length && strncmp(line + rule, outcome, strlen(outcome)) == 0) {
			rule += strlen(outcome);
			view_say(say, "%.*s", (int)(length - rule), line + rule);
		}
		line += length + (line[length] == '\n' ? 1 : 0);
	}
}

static void tell_refused(const struct view_case *it, struct json_object *say)
{
	char when[VIEW_WHEN_MAX];

	view_when(when, it->job->settled_ms);
	view_say(say, _("It was refused on %s: %s."), when, it->job->detail);
	tell_refusing_rules(it, say);
	view_say_remedies(say, it->job->detail);
}

static void tell_failed(const struct view_case *it, struct json_object *say)
{
	char when[VIEW_WHEN_MAX];

	view_when(when, it->job->settled_ms);
	view_say(say, _("It failed on %s, at try %d, and is not tried again by itself: %s"), when,
		it->job->attempts, it->job->detail);
	view_say(say, _("To do: mend that, then \"certinstallctl retry %jd\"."),
		(intmax_t)it->job->id);
}

static void tell_ended(const struct view_case *it, struct json_object *say)
{
	char when[VIEW_WHEN_MAX];

	view_when(when, it->job->settled_ms);
	if (it->job->state == JOB_SUPERSEDED)
		view_say(say, _("It was superseded on %s: %s."), when, it->job->detail);
	else
		view_say(say, _("It was cancelled on %s: %s."), when, it->job->detail);
}

static void tell_installing(const struct view_case *it, struct json_object *say)
{
	char when[VIEW_WHEN_MAX];

	view_when(when, it->job->next_ms);
	view_say(say, _("A try is under way; if nothing is heard of it by %s, it goes again."),
		when);
}

static void tell_state(const struct view_case *it, struct json_object *say)
{
	switch (it->job->state) {
	case JOB_HELD:
		tell_held(it, say);
		break;
	case JOB_SCHEDULED:
		tell_scheduled(it, say);
		break;
	case JOB_INSTALLING:
		tell_installing(it, say);
		break;
	case JOB_VERIFYING:
		tell_verifying(it, say);
		break;
	case JOB_RETRYING:
		tell_retrying(it, say);
		break;
	case JOB_INSTALLED:
		tell_installed(it, say);
		break;
	case JOB_FAILED:
		tell_failed(it, say);
		break;
	case JOB_REFUSED:
		tell_refused(it, say);
		break;
	case JOB_SUPERSEDED:
	case JOB_CANCELLED:
		tell_ended(it, say);
		break;
	case JOB_STATE_COUNT:
		abort();
	}
}

void view_tell(const struct view_case *it, struct json_object *say)
{
	const struct store_job *job = it->job;
	char when[VIEW_WHEN_MAX];

	tell_state(it, say);
	if (it->act.found) {
		view_when(when, it->act.at_ms);
		view_say(say, _("What an operator did last, on %s: %s."), when, it->act.text);
	}
	if (job->guarded && !job_state_is_final(job->state))
		view_say(say, _("It is of before a restore: the service is asked "
				"what it has before anything is pushed."));
	if (job_overdue(job->state, job->due_ms, job->revoked_ms, it->now_ms) ==
		OVERDUE_REVOCATION) {
		view_when(when, job->revoked_ms);
		view_say(say,
			_("It is urgent: the certificate that it replaces is revoked from %s "
			  "on."),
			when);
	}
}
