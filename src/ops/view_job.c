#include "ops/view_private.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/civil.h"
#include "base/text.h"

static const char *kind_name(enum attempt_kind kind)
{
	static const char *const names[] = {
		[ATTEMPT_PUSH] = "push",
		[ATTEMPT_VERIFY] = "verify",
		[ATTEMPT_FOLLOW] = "follow",
		[ATTEMPT_READ_BACK] = "read-back",
	};

	/* What comes after these is what operators did. */
	return (size_t)kind < ARRAY_LENGTH(names) ? names[kind] : "act";
}

static void add_attempt(void *context, const struct store_attempt *attempt)
{
	struct json_object *object = json_object_new_object();

	json_add_instant(object, "at", attempt->at_ms);
	json_add_int(object, "try", attempt->number);
	json_add_text(object, "kind", kind_name(attempt->kind));
	json_add_text(object, "outcome", attempt->outcome);
	json_add_int(object, "status", attempt->status);
	json_add_int(object, "duration_ms", attempt->duration_ms);
	json_add_text(object, "text", attempt->text);
	json_add_text(object, "excerpt", attempt->excerpt != NULL ? attempt->excerpt : "");
	json_object_array_add(context, object);
}

/* One line of a stored trail: rule, outcome and text, with tabs between. */
static void add_trail(const struct view_case *it, struct json_object *answer)
{
	struct json_object *lines = json_add_array(answer, "trail");
	char *copy = xstrdup(it->trail), *rest = NULL, *line;

	for (line = strtok_r(copy, "\n", &rest); line != NULL; line = strtok_r(NULL, "\n", &rest)) {
		char *outcome = strchr(line, '\t'), *text;
		struct json_object *object;

		if (outcome == NULL || (text = strchr(outcome + 1, '\t')) == NULL)
			continue;
		*outcome++ = '\0';
		*text++ = '\0';
		object = json_object_new_object();
		json_add_text(object, "rule", line);
		json_add_text(object, "outcome", outcome);
		json_add_text(object, "text", text);
		json_object_array_add(lines, object);
	}
	free(copy);
}

static void add_days(const struct view_case *it, struct json_object *answer)
{
	struct json_object *days = json_add_array(answer, "days");
	size_t i;

	for (i = 0; it->has_schedule && i < it->schedule.day_count; i++) {
		const struct schedule_day *at = &it->schedule.days[i];
		struct json_object *day = json_object_new_object();
		char date[CIVIL_DATE_MAX];

		civil_format_date(date, at->day);
		json_add_text(day, "date", date);
		json_add_text(day, "weekday", civil_weekday_name(civil_weekday(at->day)));
		json_add_bool(day, "business", at->business);
		json_add_text(day, "why", at->why);
		json_object_array_add(days, day);
	}
}

/* The contract as it stands, which may be a later revision than the one that the job came of. */
static void add_record(const struct view_case *it, struct json_object *answer)
{
	const struct contract *contract = &it->contract;
	struct json_object *record, *link;

	if (!it->has_contract) {
		json_object_object_add(answer, "record", NULL);
		return;
	}
	record = json_add_object(answer, "record");
	json_add_text(record, "contract", contract->code);
	json_add_int(record, "revision", contract->revision);
	json_add_text(
		record, "contract_state", contract->state == CONTRACT_ENDED ? "ended" : "active");
	json_add_text(record, "item", contract->item);
	json_add_text(record, "item_name", item_name(item_from_id(contract->item)));
	json_add_text(record, "common_name", contract->common_name);
	json_add_instant(record, "certificate_at",
		contract->has_certificate ? contract->certificate_at_ms : 0);
	/* Whether the job's certificate is the one that the contract has now. */
	json_add_bool(record, "is_latest",
		contract->has_certificate && contract->certificate_at_ms <= it->job->issued_ms);
	if (it->link == NULL) {
		json_object_object_add(record, "link", NULL);
		return;
	}
	link = json_add_object(record, "link");
	json_add_text(link, "service", it->link->service);
	json_add_text(link, "service_code", it->link->service_code);
	json_add_text(link, "fqdn", it->link->fqdn);
	json_add_instant(link, "since", it->link->since_ms);
}

static bool add_certificate(
	const struct view_case *it, struct json_object *answer, struct error *error)
{
	const struct store_job *job = it->job;
	struct store_certificate certificate;
	char fingerprint[FINGERPRINT_TEXT_MAX];
	struct json_object *object, *chain;
	bool found;
	size_t i;

	if (!store_certificate_find(it->view->store, job->fingerprint, &certificate, &found, error))
		return false;
	if (!found) {
		json_object_object_add(answer, "certificate", NULL);
		return true;
	}
	object = json_add_object(answer, "certificate");
	text_hex(fingerprint, certificate.fingerprint, FINGERPRINT_SIZE);
	json_add_text(object, "fingerprint_sha256", fingerprint);
	json_add_text(object, "key", certificate.key);
	json_add_instant(object, "not_before", certificate.not_before_ms);
	json_add_instant(object, "not_after", certificate.not_after_ms);
	json_add_instant(object, "issued", job->issued_ms);
	json_add_bool(object, "holds_key", certificate.has_secret);
	chain = json_add_array(object, "chain");
	for (i = 0; i < certificate.chain_length; i++) {
		text_hex(fingerprint, certificate.chain[i], FINGERPRINT_SIZE);
		json_object_array_add(chain, json_object_new_string(fingerprint));
	}
	return true;
}

static void add_served(const struct view_case *it, struct json_object *answer)
{
	struct json_object *served;

	if (!it->look.found) {
		json_object_object_add(answer, "served", NULL);
		return;
	}
	served = json_add_object(answer, "served");
	json_add_instant(served, "at", it->look.at_ms);
	json_add_text(served, "outcome", it->look.outcome);
	json_add_text(served, "text", it->look.text);
}

static bool add_all(const struct view_case *it, struct json_object *answer, struct error *error)
{
	const struct store_job *job = it->job;

	json_add_instant(answer, "base", job->base_ms);
	json_add_instant(answer, "first_try", job->first_attempt_ms);
	json_add_instant(answer, "pushed", job->pushed_ms);
	json_add_instant(answer, "settled", job->settled_ms);
	json_add_int(answer, "generation", job->generation);
	json_add_text(answer, "idempotency_key", job->idempotency_key);
	json_add_bool(answer, "installed", view_case_is_served(it));
	view_tell(it, json_add_array(answer, "story"));
	add_record(it, answer);
	add_days(it, answer);
	add_trail(it, answer);
	add_served(it, answer);
	return add_certificate(it, answer, error) &&
	       store_attempts(it->view->store, job->id, add_attempt,
		       json_add_array(answer, "tries"), error);
}

bool view_job(const struct view_context *view, int64_t id, struct json_object **answer,
	struct error *error)
{
	struct store_job job = {0};
	struct view_case it;
	bool found, done;

	*answer = NULL;
	if (!store_job_get(view->store, id, &job, &found, error))
		return false;
	if (!found)
		return true;
	done = view_case_open(view, &job, &it, error);
	if (done) {
		*answer = view_job_json(view, &job, it.holder);
		done = add_all(&it, *answer, error);
	}
	if (!done) {
		json_object_put(*answer);
		*answer = NULL;
	}
	view_case_close(&it);
	store_job_clear(&job);
	return done;
}
