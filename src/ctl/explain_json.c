#include "ctl/explain_render.h"

#include <stdio.h>
#include <string.h>

#include <json-c/json.h>

#include "base/civil.h"
#include "base/text.h"
#include "ctl/calendar_request.h"

#define NAME_TEXT_MAX 1024

static void add_instant(json_object *object, const char *key, int64_t instant_ms)
{
	char text[CIVIL_INSTANT_MAX];

	civil_format_instant(text, instant_ms, TOKYO_OFFSET_MIN);
	json_add_text(object, key, text);
}

/* Names in a certificate may hold anything, also what is no UTF-8. */
static void append_name(json_object *names, const char *name)
{
	char clean[NAME_TEXT_MAX];

	text_sanitise(clean, sizeof(clean), name, strlen(name));
	json_object_array_add(names, json_object_new_string(clean));
}

static json_object *names_json(const struct certificate_facts *facts)
{
	json_object *names = json_object_new_array();
	bool has_subject = facts->common_name == NULL;
	size_t i;

	for (i = 0; i < facts->name_count; i++) {
		append_name(names, facts->names[i]);
		if (!has_subject && strcasecmp(facts->names[i], facts->common_name) == 0)
			has_subject = true;
	}
	if (!has_subject)
		append_name(names, facts->common_name);
	return names;
}

static json_object *certificate_json(const struct certificate_facts *facts)
{
	char fingerprint[FINGERPRINT_TEXT_MAX];
	json_object *object;

	if (facts == NULL || facts->malformed)
		return NULL;
	object = json_object_new_object();
	text_hex(fingerprint, facts->fingerprint, FINGERPRINT_SIZE);
	json_add_text(object, "fingerprint_sha256", fingerprint);
	add_instant(object, "not_before", facts->not_before_ms);
	add_instant(object, "not_after", facts->not_after_ms);
	json_add_text(object, "key", facts->key);
	json_object_object_add(object, "names", names_json(facts));
	return object;
}

/* HOLDER, where there is one, is the reason of a link that is held: a contract's code. */
static json_object *codes_json(reason_set set, const char *holder)
{
	json_object *codes = json_object_new_array();
	int reason;

	if (holder != NULL)
		json_object_array_add(codes, json_object_new_string(holder));

	for (reason = 0; reason < REASON_COUNT; reason++) {
		if ((set & REASON_BIT(reason)) != 0)
			json_object_array_add(
				codes, json_object_new_string(reason_code((enum reason)reason)));
	}
	return codes;
}

static json_object *days_json(const struct verdict *verdict)
{
	json_object *days = json_object_new_array();
	size_t i;

	for (i = 0; verdict->has_due && i < verdict->schedule.day_count; i++) {
		const struct schedule_day *at = &verdict->schedule.days[i];
		json_object *day = json_object_new_object();
		char date[CIVIL_DATE_MAX];

		civil_format_date(date, at->day);
		json_add_text(day, "date", date);
		json_object_object_add(day, "business", json_object_new_boolean(at->business));
		json_add_text(day, "why", at->why);
		json_object_array_add(days, day);
	}
	return days;
}

static json_object *trail_json(const struct verdict *verdict)
{
	json_object *trail = json_object_new_array();
	size_t i;

	for (i = 0; i < verdict->trail_count; i++) {
		json_object *line = json_object_new_object();

		json_add_text(line, "rule", verdict->trail[i].rule);
		json_add_text(line, "outcome", trail_outcome_name(verdict->trail[i].outcome));
		json_add_text(line, "text", verdict->trail[i].text);
		json_object_array_add(trail, line);
	}
	return trail;
}

static json_object *link_json(const struct contract_link *link, const struct verdict *verdict)
{
	json_object *object = json_object_new_object();

	json_add_text(object, "service", link->service);
	json_add_text(object, "service_code", link->service_code);
	json_add_text(object, "fqdn", link->fqdn);
	json_add_text(object, "verdict", verdict_kind_name(verdict->kind));
	json_object_object_add(object, "reasons", codes_json(verdict->reasons, verdict->holder));
	json_object_object_add(object, "warnings", codes_json(verdict->warnings, NULL));
	if (verdict->has_due)
		add_instant(object, "due", verdict->schedule.due_ms);
	else
		json_object_object_add(object, "due", NULL);
	json_object_object_add(object, "days", days_json(verdict));
	json_object_object_add(object, "trail", trail_json(verdict));
	return object;
}

void explain_as_json(const struct explained *explained)
{
	const struct contract *contract = explained->contract;
	json_object *root = json_object_new_object(), *links = json_object_new_array();
	size_t i;

	for (i = 0; i < contract->link_count; i++)
		json_object_array_add(
			links, link_json(&contract->links[i], &explained->verdicts[i]));
	json_add_text(root, "contract", contract->code);
	json_object_object_add(root, "revision", json_object_new_int64(contract->revision));
	json_object_object_add(root, "certificate", certificate_json(explained->facts));
	json_object_object_add(root, "links", links);
	json_print(root);
	putchar('\n');
}
