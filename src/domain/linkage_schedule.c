#include "domain/linkage_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CLOSINGS_NAMED_MAX 12

static const char *base_word(const struct judgement *judgement)
{
	if (judgement->link_is_later)
		return "the link being added";
	return judgement->bring_in ? "registration" : "issuance";
}

/* Where a service takes installs within some hours alone, the next opening decides. */
static void wait_for_hours(struct judgement *judgement)
{
	const struct service_rules *service = judgement->service;
	int64_t open_ms;

	if (!service->has_hours)
		return;
	if (!hours_next(&service->hours, &judgement->rulebook->calendar, judgement->look_ms,
		    &open_ms, &judgement->schedule_error)) {
		judgement_refuse(judgement, REASON_EXPIRES_BEFORE_DUE);
		judgement->schedule_failed = true;
		return;
	}
	judgement->waits_hours = open_ms > judgement->look_ms;
	judgement->look_ms = open_ms;
}

void judge_schedule(struct judgement *judgement)
{
	const struct contract *contract = judgement->contract;
	const struct service_rules *service = judgement->service;
	struct schedule_rules rules;
	int64_t base_ms;

	judgement->link_is_later = judgement->link->since_ms > contract->certificate_at_ms;
	judgement->look_ms = judgement->now_ms;
	if (service == NULL)
		return;
	base_ms =
		judgement->link_is_later ? judgement->link->since_ms : contract->certificate_at_ms;
	rules = (struct schedule_rules){
		.business_days = service->business_days,
		.opening_minute = service->opening_minute,
		.cutoff_minute = judgement->rulebook->policy.cutoff_minute,
	};
	if (!schedule_make(&judgement->rulebook->calendar, &rules, base_ms, base_word(judgement),
		    &judgement->schedule, &judgement->schedule_error)) {
		/* Instants beyond the years of the calendar make the record meaningless. */
		judgement_refuse(judgement, REASON_MALFORMED);
		judgement->schedule_failed = true;
		return;
	}
	judgement->has_due = true;
	if (judgement->schedule.due_ms > judgement->look_ms)
		judgement->look_ms = judgement->schedule.due_ms;
	wait_for_hours(judgement);
}

static void explain_base(struct judgement *judgement)
{
	char base[CIVIL_INSTANT_MAX], other[CIVIL_INSTANT_MAX];
	const char *word = judgement->bring_in ? "registration" : "issuance";

	civil_format_instant(base, judgement->schedule.base_ms, TOKYO_OFFSET_MIN);
	if (judgement->link_is_later) {
		civil_format_instant(
			other, judgement->contract->certificate_at_ms, TOKYO_OFFSET_MIN);
		trail_add(judgement, "10", TRAIL_NOTE,
			"Days are counted from the instant at which the link was added, %s, since "
			"it is "
			"later than the %s (%s).",
			base, word, other);
		return;
	}
	civil_format_instant(other, judgement->link->since_ms, TOKYO_OFFSET_MIN);
	trail_add(judgement, "10", TRAIL_NOTE,
		"Days are counted from the %s, %s; the link has been there since %s.", word, base,
		other);
}

static void explain_days(struct judgement *judgement, civil_day due)
{
	civil_day base = civil_day_of(judgement->schedule.base_ms, TOKYO_OFFSET_MIN);
	int64_t midnight = civil_instant(base, 0, TOKYO_OFFSET_MIN);
	int64_t cutoff = judgement->rulebook->policy.cutoff_minute;
	int days = judgement->service->business_days;
	char from[DAY_TEXT_MAX], to[DAY_TEXT_MAX];

	day_text(from, base);
	day_text(to, due);
	trail_add(judgement, "11", TRAIL_NOTE, "%s%s, forward by %d business day%s, gives %s.",
		from,
		judgement->schedule.base_ms >= midnight + cutoff * 60000
			? " (after the cut-off hour, so counted as the day after)"
			: "",
		days, days == 1 ? "" : "s", to);
}

static void explain_closings(struct judgement *judgement)
{
	const struct schedule *schedule = &judgement->schedule;
	char dates[CLOSINGS_NAMED_MAX * (CIVIL_DATE_MAX + 2) + 32] = "";
	size_t i, used = 0, count = 0;

	for (i = 0; i < schedule->day_count; i++) {
		char date[CIVIL_DATE_MAX];

		if (calendar_day(&judgement->rulebook->calendar, schedule->days[i].day, NULL) !=
			DAY_COMPANY_CLOSED)
			continue;
		if (count++ >= CLOSINGS_NAMED_MAX)
			continue;
		civil_format_date(date, schedule->days[i].day);
		used += (size_t)snprintf(
			dates + used, sizeof(dates) - used, "%s%s", count > 1 ? ", " : "", date);
	}
	if (count > CLOSINGS_NAMED_MAX)
		snprintf(dates + used, sizeof(dates) - used, " and %zu more",
			count - CLOSINGS_NAMED_MAX);
	if (count == 0)
		trail_add(judgement, "12", TRAIL_NOTE,
			"No closing day of the company lies on the way.");
	else
		trail_add(judgement, "12", TRAIL_NOTE,
			"Closing days of the company on the way: %s.", dates);
}

static void explain_hour(struct judgement *judgement)
{
	char due[CIVIL_INSTANT_MAX], opens[CIVIL_INSTANT_MAX], hours[HOURS_TEXT_MAX];

	civil_format_instant(due, judgement->schedule.due_ms, TOKYO_OFFSET_MIN);
	if (judgement->waits_hours) {
		hours_text(&judgement->service->hours, hours);
		civil_format_instant(opens, judgement->look_ms, TOKYO_OFFSET_MIN);
		trail_add(judgement, "13", TRAIL_NOTE,
			"It is due at %s; the service takes installs %s, so the work begins at %s.",
			due, hours, opens);
	} else if (judgement->schedule.due_ms < judgement->now_ms) {
		trail_add(judgement, "13", TRAIL_NOTE,
			"The work was to begin at %s; that is past, so it is due at once.", due);
	} else {
		trail_add(judgement, "13", TRAIL_NOTE, "The work begins at %s.", due);
	}
}

void schedule_explain(struct judgement *judgement)
{
	if (judgement->schedule_failed)
		trail_add(judgement, "11", TRAIL_REFUSE, "No due day can be found: %s",
			judgement->schedule_error.text);
	if (judgement->verdict->reasons != 0)
		return;
	explain_base(judgement);
	explain_days(judgement, civil_day_of(judgement->schedule.due_ms, TOKYO_OFFSET_MIN));
	explain_closings(judgement);
	explain_hour(judgement);
}
