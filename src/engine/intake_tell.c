#include <stdio.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/civil.h"
#include "base/events.h"
#include "engine/intake_private.h"

/* What the log says of what is durable. */

/* A job's place in the queue, as it now is. */
struct told {
	int64_t job_id;
	const char *contract;
	const char *service;
	const char *service_code;
	const char *fqdn;
	const struct verdict *verdict;
};

/* OWN is the event's own field; WHAT is freed. */
static void log_told(const struct told *told, enum event_id event, struct log_field own, char *what)
{
	char id[24];
	const struct log_field fields[] = {{"JOB_ID", id}, {"CONTRACT", told->contract},
		{"SERVICE", told->service}, {"FQDN", told->fqdn},
		{"OUTCOME", verdict_kind_name(told->verdict->kind)}, own};

	snprintf(id, sizeof(id), "%lld", (long long)told->job_id);
	log_event(event, fields, ARRAY_LENGTH(fields), "%s: %s %s %s: %s", told->contract,
		told->service, told->service_code, told->fqdn, what);
	free(what);
}

/* HOW, as "accepted" or "released by ssl1", and when it is due. */
static void log_accepted(const struct told *told, enum event_id event, const char *how)
{
	const struct verdict *verdict = told->verdict;
	char codes[256], due[CIVIL_INSTANT_MAX];

	civil_format_instant(due, verdict->schedule.due_ms, TOKYO_OFFSET_MIN);
	reason_set_text(verdict->warnings, codes, sizeof(codes));
	log_told(told, event, (struct log_field){"DUE", due},
		xasprintf("%s, due %s (%.3s)%s%s", how, due,
			civil_weekday_name(civil_weekday(
				civil_day_of(verdict->schedule.due_ms, TOKYO_OFFSET_MIN))),
			verdict->warnings ? "; warning: " : "", codes));
}

static void log_refused(const struct told *told, const char *how)
{
	char codes[256];

	reason_set_text(told->verdict->reasons, codes, sizeof(codes));
	log_told(told, EVENT_JOB_REFUSED, (struct log_field){"REASON", codes},
		xasprintf("%srefused: %s", how, codes));
}

void intake_tell_link(
	const struct contract *contract, size_t index, const struct judged_link *judged)
{
	const struct contract_link *link = &contract->links[index];
	const struct verdict *verdict = &judged->verdict;
	const struct told told = {judged->job_id, contract->code, link->service, link->service_code,
		judged->fqdn, verdict};

	if (!judged->changed || verdict->kind == VERDICT_NONE)
		return;
	if (judged->overtaken)
		log_told(&told, EVENT_JOB_SUPERSEDED, (struct log_field){NULL, NULL},
			xstrdup("not installed: the contract's newer certificate was there "
				"already"));
	else if (verdict->kind == VERDICT_ACCEPT)
		log_accepted(&told, judged->anew ? EVENT_JOB_RESCHEDULED : EVENT_JOB_ACCEPTED,
			judged->anew ? "scheduled anew" : "accepted");
	else if (verdict->kind == VERDICT_HOLD)
		log_told(&told, EVENT_JOB_HELD, (struct log_field){"HOLDER", verdict->holder},
			xasprintf("held: contract %s has the service code", verdict->holder));
	else
		log_refused(&told, "");
}

void intake_tell_departure(const struct departure *departure)
{
	const char *outcome = job_state_name(departure->to);
	char id[24];
	const struct log_field fields[] = {{"JOB_ID", id}, {"CONTRACT", departure->contract},
		{"SERVICE", departure->service}, {"FQDN", departure->fqdn}, {"OUTCOME", outcome}};

	snprintf(id, sizeof(id), "%lld", (long long)departure->job_id);
	if (departure->why != NULL)
		log_event(
			departure->to == JOB_CANCELLED ? EVENT_JOB_CANCELLED : EVENT_JOB_SUPERSEDED,
			fields, ARRAY_LENGTH(fields), "%s: %s %s %s: %s: %s", departure->contract,
			departure->service, departure->service_code, departure->fqdn, outcome,
			departure->why);
}

void intake_tell_succession(const struct succession_event *event)
{
	const struct told told = {event->job_id, event->contract, event->service,
		event->service_code, event->fqdn, &event->verdict};
	char *how;

	if (event->verdict.kind == VERDICT_HOLD) {
		log_told(&told, EVENT_JOB_HELD, (struct log_field){"HOLDER", event->by},
			xasprintf("held: contract %s has the service code now", event->by));
		return;
	}
	how = xasprintf("released by %s", event->by);
	if (event->verdict.kind == VERDICT_ACCEPT) {
		log_accepted(&told, EVENT_JOB_RELEASED, how);
	} else {
		char *refused = xasprintf("%s, but ", how);

		log_refused(&told, refused);
		free(refused);
	}
	free(how);
}
