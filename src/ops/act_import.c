#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/events.h"
#include "base/file.h"
#include "base/text.h"
#include "engine/intake.h"
#include "ops/act_private.h"
#include "pki/pki.h"

/* Records that an operator brings: judged as they would be taken in, and handed to the spool. */

/* One that is taken and not flushed yet. */
struct import_record {
	char *contract;
	struct json_object *links; /* its object's */
};

struct importing {
	struct acting acting;
	struct intake *intake;
	struct import_record batch[SPOOL_BATCH];
	size_t batch_count;
	size_t record_count;
	struct json_object *records;
	struct json_object *others;
	int64_t verdicts[VERDICT_NONE + 1];
};

/* ---- what the intake says ---- */

static struct json_object *codes_json(reason_set set)
{
	struct json_object *codes = json_object_new_array();
	int reason;

	for (reason = 0; reason < REASON_COUNT; reason++) {
		if ((set & REASON_BIT(reason)) != 0)
			json_object_array_add(
				codes, json_object_new_string(reason_code((enum reason)reason)));
	}
	return codes;
}

static struct json_object *link_json(const struct intake_event *event)
{
	const struct verdict *verdict = event->verdict;
	struct json_object *object = json_object_new_object();

	act_add_text(object, "service", event->service);
	act_add_text(object, "service_code", event->service_code);
	act_add_text(object, "fqdn", event->fqdn);
	act_add_text(object, "verdict", verdict_kind_name(verdict->kind));
	act_add_instant(object, "due", verdict->has_due ? verdict->schedule.due_ms : 0);
	json_object_object_add(object, "reasons", codes_json(verdict->reasons));
	json_object_object_add(object, "warnings", codes_json(verdict->warnings));
	act_add_text(object, "holder", verdict->holder);
	json_object_object_add(object, "changes", json_object_new_boolean(event->changed));
	json_object_object_add(object, "overtaken", json_object_new_boolean(event->overtaken));
	return object;
}

static void link_judged(void *context, const struct intake_event *event)
{
	struct importing *importing = context;
	struct json_object *object = link_json(event);
	size_t i;

	for (i = 0; i < importing->batch_count; i++) {
		if (strcmp(importing->batch[i].contract, event->contract) != 0)
			continue;
		importing->verdicts[event->verdict->kind]++;
		json_object_array_add(importing->batch[i].links, object);
		return;
	}
	act_add_text(object, "contract", event->contract);
	json_object_array_add(importing->others, object);
}

/* ---- judging ---- */

static void forget_batch(struct importing *importing)
{
	size_t i;

	for (i = 0; i < importing->batch_count; i++)
		free(importing->batch[i].contract);
	importing->batch_count = 0;
}

static bool flush(struct importing *importing, struct error *error)
{
	bool done = intake_flush_with(importing->intake, NULL, NULL, error);

	forget_batch(importing);
	return done;
}

/* A record that is read; two of one contract are judged one after another. */
static bool note_record(
	struct importing *importing, const struct contract *contract, struct error *error)
{
	struct json_object *object, *links;
	struct import_record *noted;
	struct store_contract known;
	bool full = importing->batch_count == SPOOL_BATCH;
	size_t i;

	for (i = 0; i < importing->batch_count; i++)
		full = full || strcmp(importing->batch[i].contract, contract->code) == 0;
	if (full && !flush(importing, error))
		return false;
	if (!store_contract_get(importing->acting.act->store, contract->code, &known, error))
		return false;
	object = json_object_new_object();
	links = json_object_new_array();
	act_add_text(object, "contract", contract->code);
	json_object_object_add(object, "revision", json_object_new_int64(contract->revision));
	json_object_object_add(object, "known",
		json_object_new_boolean(known.found && known.revision >= contract->revision));
	json_object_object_add(object, "links", links);
	json_object_array_add(importing->records, object);
	noted = &importing->batch[importing->batch_count++];
	*noted = (struct import_record){xstrdup(contract->code), links};
	importing->record_count++;
	return true;
}

/* LINE is 0 where the record is all there is. */
static bool judge(struct importing *importing, const char *text, size_t length, size_t line,
	struct error *error)
{
	const struct spool_item item = {
		.file = "import", .line = line, .text = text, .length = length};
	struct record record;
	enum spool_taken taken;
	bool done = record_parse(text, length, &record, error);

	if (done) {
		done = note_record(importing, &record.contract, error);
		if (!done) {
			record_clear(&record);
			return false;
		}
		taken = intake_take_begun(
			importing->intake, &item, intake_begin(importing->intake, &record), error);
		done = taken == SPOOL_TAKEN;
		if (taken == SPOOL_LATER)
			return error_set(error, ERROR_TEMPORARY,
				"the records cannot be judged at present; try again");
	}
	if (!done) {
		error->kind = ERROR_PERMANENT;
		if (line > 0)
			error_context(error, "line %zu", line);
	}
	return done;
}

static bool judge_lines(
	struct importing *importing, const char *text, size_t length, struct error *error)
{
	const char *at = text, *end = text + length;
	size_t line = 0;

	while (at < end) {
		const char *stop = memchr(at, '\n', (size_t)(end - at));
		size_t size = (size_t)((stop != NULL ? stop : end) - at);

		line++;
		if (!text_is_blank(at, size) && !judge(importing, at, size, line, error))
			return false;
		at += size + 1;
	}
	return true;
}

static bool judge_all(struct importing *importing, const char *text, size_t length, bool lines,
	struct error *error)
{
	bool done;

	if (text_is_blank(text, length))
		return error_set(error, ERROR_PERMANENT, "there is no record in it");
	done = lines ? judge_lines(importing, text, length, error)
		     : judge(importing, text, length, 0, error);
	return done && flush(importing, error);
}

/* ---- handing over ---- */

static bool hand_over(struct importing *importing, const char *text, size_t length, bool lines,
	char **name, struct error *error)
{
	const struct config *config = settings_config(importing->acting.act->settings);
	unsigned char random[6];
	char hex[2 * sizeof(random) + 1], *path;
	bool done;

	pki_random(random, sizeof(random));
	text_hex(hex, random, sizeof(random));
	*name = xasprintf("import-%" PRId64 "-%s.%s", importing->acting.now_ms, hex,
		lines ? "ndjson" : "json");
	path = xasprintf("%s/%s", config->spool, *name);
	done = file_write_atomic(path, text, length, 0600, error);
	free(path);
	return done;
}

static void tell(const struct importing *importing, const char *name)
{
	const struct log_field fields[] = {
		{"OUTCOME", "imported"}, {"OPERATOR", importing->acting.who}};
	char said[STORE_DETAIL_MAX];

	acting_say(&importing->acting, said);
	log_event(EVENT_IMPORT_ASKED, fields, ARRAY_LENGTH(fields),
		"%zu records were handed over as %s: import %s", importing->record_count, name,
		said);
}

static struct json_object *result_json(struct importing *importing, const char *name)
{
	struct json_object *object = acting_object(&importing->acting);
	const int64_t *verdicts = importing->verdicts;

	act_add_text(object, "file", name);
	json_object_object_add(object, "accepted", json_object_new_int64(verdicts[VERDICT_ACCEPT]));
	json_object_object_add(object, "refused", json_object_new_int64(verdicts[VERDICT_REFUSE]));
	json_object_object_add(object, "held", json_object_new_int64(verdicts[VERDICT_HOLD]));
	json_object_object_add(object, "records", json_object_get(importing->records));
	json_object_object_add(object, "others", json_object_get(importing->others));
	return object;
}

static bool start_intake(struct importing *importing, struct error *error)
{
	const struct act *act = importing->acting.act;
	const struct intake_observer observer = {.link = link_judged, .context = importing};

	return intake_new(
		act->settings, act->store, act->clock, &observer, true, &importing->intake, error);
}

bool act_import(const struct act *act, const char *text, size_t length, struct json_object **result,
	struct error *error)
{
	struct importing *importing = xcalloc(1, sizeof(*importing));
	bool lines = text_is_lines(text, length), done;
	char *name = NULL;

	acting_init(&importing->acting, act, "import");
	importing->records = json_object_new_array();
	importing->others = json_object_new_array();
	done = start_intake(importing, error) && judge_all(importing, text, length, lines, error) &&
	       (act->dry || hand_over(importing, text, length, lines, &name, error));
	if (done)
		*result = result_json(importing, name);
	if (done && !act->dry)
		tell(importing, name);
	forget_batch(importing);
	intake_free(importing->intake);
	json_object_put(importing->records);
	json_object_put(importing->others);
	free(name);
	free(importing);
	return done;
}
