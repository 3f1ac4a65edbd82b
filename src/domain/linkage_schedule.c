#include "domain/linkage_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CLOSINGS_NAMED_MAX 12

static const char *certificate_word(const struct judgement *judgement)
{
	return judgement->bring_in ? _("registration") : _("issuance");
}

static const char *base_word(const struct judgement *judgement)
{
	switch (judgement->base) {
	case BASE_CERTIFICATE:
		break;
	case BASE_LINK:
		return _("the link being added");
	case BASE_FREED:
		return _("the service code becoming free");
	}
	return certificate_word(judgement);
}

static int64_t base_of(const struct contract *contract, const struct contract_link *link,
	const struct tenure *tenure, enum base_kind *kind)
{
	int64_t base_ms = contract->certificate_at_ms;

	*kind = BASE_CERTIFICATE;
	if (link->since_ms > base_ms) {
		base_ms = link->since_ms;
		*kind = BASE_LINK;
	}
	if (tenure != NULL && tenure->freed_ms > base_ms) {
		base_ms = tenure->freed_ms;
		*kind = BASE_FREED;
	}
	return base_ms;
}

int64_t linkage_base_ms(const struct contract *contract, size_t link, const struct tenure *tenure)
{
	enum base_kind kind;

	return base_of(contract, &contract->links[link], tenure, &kind);
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
	int64_t base_ms = base_of(contract, judgement->link, judgement->tenure, &judgement->base);

	judgement->verdict->base_ms = base_ms;
	judgement->look_ms = judgement->now_ms;
	if (service == NULL)
		return;
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
	const struct contract *contract = judgement->contract;
	char base[CIVIL_INSTANT_MAX], at[CIVIL_INSTANT_MAX], since[CIVIL_INSTANT_MAX];
	const char *word = certificate_word(judgement);

	civil_format_instant(base, judgement->schedule.base_ms, TOKYO_OFFSET_MIN);
	civil_format_instant(at, contract->certificate_at_ms, TOKYO_OFFSET_MIN);
	civil_format_instant(since, judgement->link->since_ms, TOKYO_OFFSET_MIN);
	switch (judgement->base) {
	case BASE_CERTIFICATE:
		trail_add(judgement, "10", TRAIL_NOTE,
			"Days are counted from the %s, %s; the link has been there since %s.", word,
			base, since);
		return;
	case BASE_LINK:
		trail_add(judgement, "10", TRAIL_NOTE,
			"Days are counted from the instant at which the link was added, %s, since "
			"it is later than the %s (%s).",
			base, word, at);
		return;
	case BASE_FREED:
		trail_add(judgement, "10", TRAIL_NOTE,
			"Days are counted from the instant at which another contract let the "
			"service code go, %s, since it is later than the %s (%s) and the link "
			"(%s).",
			base, word, at, since);
		return;
	}
}

static void explain_days(struct judgement *judgement, civil_day due)
{
	civil_day base = civil_day_of(judgement->schedule.base_ms, TOKYO_OFFSET_MIN);
	int64_t midnight = civil_instant(base, 0, TOKYO_OFFSET_MIN);
	int64_t cutoff = judgement->rulebook->policy.cutoff_minute;
	int days = judgement->service->business_days;
	bool late = judgement->schedule.base_ms >= midnight + cutoff * 60000;
	char from[DAY_TEXT_MAX], to[DAY_TEXT_MAX];

	day_text(from, base);
	day_text(to, due);
	trail_add(judgement, "11", TRAIL_NOTE,
		days == 1 ? late ? N_("%s (after the cut-off hour, so counted as the day after), "
				      "forward by %d business day, gives %s.")
				 : N_("%s, forward by %d business day, gives %s.")
		: late ? N_("%s (after the cut-off hour, so counted as the day after), forward "
			    "by %d business days, gives %s.")
			  : N_("%s, forward by %d business days, gives %s."),
		from, days, to);
}

static void explain_closings(struct judgement *judgement)
{
	const struct schedule *schedule = &judgement->schedule;
	char dates[CLOSINGS_NAMED_MAX * (CIVIL_DATE_MAX + 2) + 64] = "";
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
		snprintf(dates + used, sizeof(dates) - used, _(" and %zu more"),
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
	if (judgement->verdict->reasons != 0 || judgement_is_held(judgement))
		return;
	explain_base(judgement);
	explain_days(judgement, civil_day_of(judgement->schedule.due_ms, TOKYO_OFFSET_MIN));
	explain_closings(judgement);
	explain_hour(judgement);
}

bool judgement_is_held(const struct judgement *judgement)
{
	const struct tenure *tenure = judgement->tenure;

	return tenure != NULL && tenure->holder != NULL &&
	       strcmp(tenure->holder, judgement->contract->code) != 0;
}

void tenure_explain(struct judgement *judgement)
{
	const struct contract_link *link = judgement->link;
	bool refused = judgement->verdict->reasons != 0;

	if (judgement->tenure == NULL)
		return;
	if (!judgement_is_held(judgement)) {
		trail_add(judgement, "15", TRAIL_PASS,
			"Service code %s of %s is this contract's: no other contract has it.",
			link->service_code, link->service);
		return;
	}
	trail_add(judgement, "15", refused ? TRAIL_NOTE : TRAIL_HOLD,
		refused ? N_("Contract %s has service code %s of %s. Besides what refuses it, this "
			     "install could begin only when that contract lets it go: when its "
			     "linked service is changed to \"その他\", its service code is "
			     "deleted, "
			     "or it ends. What it installed stays and is served until then and "
			     "after.")
			: N_("Contract %s has service code %s of %s. This install waits, and is "
			     "scheduled by itself when that contract lets it go: when its linked "
			     "service is changed to \"その他\", its service code is deleted, or it "
			     "ends. What it installed stays and is served until then and after."),
		judgement->tenure->holder, link->service_code, link->service);
}
