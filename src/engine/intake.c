#include "engine/intake.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/civil.h"
#include "base/events.h"
#include "engine/intake_private.h"

/* What the source said would come, oldest first. */
struct foreseen {
	struct examination *examinations[SPOOL_AHEAD];
	size_t first, count;
};

struct intake {
	struct settings *settings;
	struct store *store;
	const struct clock *clock;
	struct intake_observer observer;
	bool dry_run;
	struct examiner *examiner;
	struct foreseen foreseen;
	bool told_holidays;
	bool told_later;
	struct prepared batch[SPOOL_BATCH];
	struct applied applied[SPOOL_BATCH];
	size_t batch_count;
	size_t fresh;
	/* Records that were taken could not be stored since the last flush: it has to say so. */
	bool lost;
	struct error loss;
};

static enum spool_taken take(void *context, const struct spool_item *item, struct error *reason);
static bool flush(void *context, struct error *error);
static void foresee(void *context, const struct spool_item *item);
static void forget(void *context);
static bool store_batch(
	struct intake *intake, intake_write *write, void *context, struct error *error);

bool intake_new(struct settings *settings, struct store *store, const struct clock *clock,
	const struct intake_observer *observer, bool dry_run, struct intake **intake,
	struct error *error)
{
	struct examiner *examiner;

	if (settings_keyring(settings) == NULL && !dry_run)
		abort();
	if (!examiner_new(settings, &examiner, error))
		return false;
	*intake = xcalloc(1, sizeof(**intake));
	(*intake)->settings = settings_ref(settings);
	(*intake)->store = store;
	(*intake)->clock = clock;
	(*intake)->dry_run = dry_run;
	(*intake)->examiner = examiner;
	if (observer != NULL)
		(*intake)->observer = *observer;
	return true;
}

static void forget_batch(struct intake *intake)
{
	size_t i;

	for (i = 0; i < intake->batch_count; i++) {
		applied_clear(&intake->applied[i]);
		prepared_clear(&intake->batch[i]);
	}
	intake->batch_count = 0;
}

void intake_free(struct intake *intake)
{
	if (intake == NULL)
		return;
	forget(intake);
	forget_batch(intake);
	examiner_free(intake->examiner);
	settings_unref(intake->settings);
	free(intake);
}

struct spool_taker intake_taker(struct intake *intake)
{
	return (struct spool_taker){.take = take,
		.flush = flush,
		.foresee = foresee,
		.forget = forget,
		.context = intake};
}

static void tell_unknown_keys(const struct spool_item *item, const struct record *record)
{
	struct buffer keys = {0};
	size_t i;

	for (i = 0; i < record->unknown_count; i++)
		buffer_printf(&keys, "%s%s", i ? ", " : "", record->unknown[i]);
	if (record->unknown_count > 0)
		log_event(EVENT_RECORD_KEYS_IGNORED,
			(const struct log_field[]){
				{"FILE", item->file}, {"CONTRACT", record->contract.code}},
			2, "%s: contract %s: keys that this version does not know are ignored: %s",
			item->file, record->contract.code, buffer_text(&keys));
	buffer_free(&keys);
}

static bool in_batch(const struct intake *intake, const char *code)
{
	size_t i;

	for (i = 0; i < intake->batch_count; i++) {
		if (strcmp(intake->batch[i].record.contract.code, code) == 0)
			return true;
	}
	return false;
}

/* Whether the store has the same revision with another content (INTERFACES.md, "A record"). */
static bool conflicts(
	struct intake *intake, const struct prepared *prepared, bool *conflict, struct error *error)
{
	const struct contract *contract = &prepared->record.contract;
	struct store_contract known;

	if (!store_contract_get(intake->store, contract->code, &known, error))
		return false;
	*conflict = known.found && known.revision == contract->revision &&
		    memcmp(known.content_hash, prepared->content_hash, 32) != 0;
	return true;
}

void intake_reject(struct intake *intake, const struct spool_item *item, const char *reason)
{
	if (intake->observer.rejected != NULL)
		intake->observer.rejected(intake->observer.context, item, reason);
}

/* ---- ahead of their turn ---- */

struct examination *intake_begin(struct intake *intake, struct record *record)
{
	return examiner_begin_record(intake->examiner, record, clock_wall_ms(intake->clock));
}

void intake_drop(struct intake *intake, struct examination *examination)
{
	examiner_drop(intake->examiner, examination);
}

static void foresee(void *context, const struct spool_item *item)
{
	struct intake *intake = context;
	struct foreseen *foreseen = &intake->foreseen;

	if (foreseen->count == SPOOL_AHEAD)
		return;
	foreseen->examinations[(foreseen->first + foreseen->count++) % SPOOL_AHEAD] =
		examiner_begin(
			intake->examiner, item->text, item->length, clock_wall_ms(intake->clock));
}

static struct examination *take_foreseen(struct foreseen *foreseen)
{
	struct examination *examination = foreseen->examinations[foreseen->first];

	foreseen->first = (foreseen->first + 1) % SPOOL_AHEAD;
	foreseen->count--;
	return examination;
}

static void forget(void *context)
{
	struct intake *intake = context;

	while (intake->foreseen.count > 0)
		examiner_drop(intake->examiner, take_foreseen(&intake->foreseen));
}

/* ---- taking ---- */

static enum spool_taken take(void *context, const struct spool_item *item, struct error *reason)
{
	struct intake *intake = context;
	const struct foreseen *foreseen = &intake->foreseen;
	struct examination *examination;

	if (foreseen->count > 0 && foreseen->examinations[foreseen->first]->text == item->text)
		examination = take_foreseen(&intake->foreseen);
	else
		examination = examiner_begin(
			intake->examiner, item->text, item->length, clock_wall_ms(intake->clock));
	return intake_take_begun(intake, item, examination, reason);
}

/* A store that cannot be read is the same for each record until it can be. */
static enum spool_taken later(
	struct intake *intake, const struct spool_item *item, const struct error *error)
{
	if (!intake->told_later)
		log_event(EVENT_RECORD_WAITS, (const struct log_field[]){{"FILE", item->file}}, 1,
			"%s: left where it is, as is what else cannot be judged: %s", item->file,
			error->text);
	intake->told_later = true;
	return SPOOL_LATER;
}

static enum spool_taken take_prepared(struct intake *intake, const struct spool_item *item,
	struct examination *examination, struct error *reason)
{
	struct prepared *prepared = &examination->prepared;
	const struct contract *contract = &prepared->record.contract;
	bool conflict = false;
	struct error error;

	/* Two snapshots of one contract: the first must be in the store to compare with. */
	if (in_batch(intake, contract->code) && !store_batch(intake, NULL, NULL, &error)) {
		intake->lost = true;
		intake->loss = error;
		return later(intake, item, &error);
	}
	tell_unknown_keys(item, &prepared->record);
	if (!examination->examined)
		return later(intake, item, &examination->fault);
	if (!conflicts(intake, prepared, &conflict, &error))
		return later(intake, item, &error);
	if (conflict) {
		error_set(reason, ERROR_PERMANENT,
			"revision-conflict: contract %s has revision %" PRId64
			" already, with another content; send the change with a higher revision",
			contract->code, contract->revision);
		intake_reject(intake, item, reason->text);
		return SPOOL_REJECTED;
	}
	intake->batch[intake->batch_count++] = *prepared;
	*prepared = (struct prepared){0};
	return SPOOL_TAKEN;
}

enum spool_taken intake_take_begun(struct intake *intake, const struct spool_item *item,
	struct examination *examination, struct error *reason)
{
	enum spool_taken taken = SPOOL_REJECTED;

	examiner_wait(intake->examiner, examination);
	if (examination->readable) {
		taken = take_prepared(intake, item, examination, reason);
	} else {
		*reason = examination->reason;
		intake_reject(intake, item, reason->text);
	}
	examiner_drop(intake->examiner, examination);
	return taken;
}

/* Once for each reading of the configuration, when it first matters. */
static void tell_holidays(struct intake *intake, const struct verdict *verdict)
{
	const struct config *config = settings_config(intake->settings);
	int first, last, year;

	if (intake->told_holidays || verdict->kind != VERDICT_ACCEPT ||
		!holidays_covered(config->holidays, &first, &last))
		return;
	year = civil_to_date(civil_day_of(verdict->schedule.due_ms, TOKYO_OFFSET_MIN)).year;
	if (year <= last)
		return;
	intake->told_holidays = true;
	log_event(EVENT_HOLIDAYS_END, (const struct log_field[]){{"FILE", config->holidays_csv}}, 1,
		"%s ends with %d: days after it, as now one in %d, are counted by the law's "
		"computation; a newer file is at the Cabinet Office",
		config->holidays_csv, last, year);
}

static void tell_succession(struct intake *intake, const struct succession_event *told)
{
	const struct intake_event event = {
		.contract = told->contract,
		.service = told->service,
		.service_code = told->service_code,
		.fqdn = told->fqdn,
		.verdict = &told->verdict,
		.changed = true,
	};

	tell_holidays(intake, &told->verdict);
	if (!intake->dry_run)
		intake_tell_succession(told);
	if (intake->observer.link != NULL)
		intake->observer.link(intake->observer.context, &event);
}

static void tell_departure(struct intake *intake, const struct departure *told)
{
	const struct intake_departure departure = {
		.job_id = told->job_id,
		.contract = told->contract,
		.service = told->service,
		.service_code = told->service_code,
		.fqdn = told->fqdn,
		.to = told->to,
		.why = told->why,
	};

	if (!intake->dry_run)
		intake_tell_departure(told);
	if (intake->observer.left != NULL)
		intake->observer.left(intake->observer.context, &departure);
}

/* The batch is durable: now it may be told. */
static void tell_batch(struct intake *intake)
{
	size_t i, j;

	for (i = 0; i < intake->batch_count; i++) {
		const struct contract *contract = &intake->batch[i].record.contract;
		const struct applied *applied = &intake->applied[i];

		for (j = 0; j < applied->departure_count; j++)
			tell_departure(intake, &applied->departures[j]);
		for (j = 0; j < applied->link_count; j++) {
			const struct judged_link *judged = &applied->links[j];
			const struct intake_event event = {
				.contract = contract->code,
				.service = contract->links[j].service,
				.service_code = contract->links[j].service_code,
				.fqdn = judged->fqdn,
				.verdict = &judged->verdict,
				.changed = judged->changed,
				.overtaken = judged->overtaken,
			};

			tell_holidays(intake, &judged->verdict);
			if (!intake->dry_run)
				intake_tell_link(contract, j, judged);
			if (intake->observer.link != NULL)
				intake->observer.link(intake->observer.context, &event);
		}
		for (j = 0; j < applied->event_count; j++)
			tell_succession(intake, &applied->events[j]);
	}
}

/* What a stored batch brought. What was set aside of a contract is over with a newer revision. */
static bool apply_batch(struct intake *intake, size_t *fresh, struct error *error)
{
	size_t i;

	for (i = 0; i < intake->batch_count; i++) {
		const struct contract *contract = &intake->batch[i].record.contract;

		if (!intake_apply(intake->settings, intake->store, clock_wall_ms(intake->clock),
			    &intake->batch[i], &intake->applied[i], error))
			return false;
		if (intake->applied[i].stale)
			continue;
		if (!store_set_aside_clear(
			    intake->store, contract->code, contract->revision, error))
			return false;
		(*fresh)++;
	}
	return true;
}

static bool store_batch(
	struct intake *intake, intake_write *write, void *context, struct error *error)
{
	size_t fresh = 0;
	bool done;

	if (intake->batch_count == 0 && write == NULL)
		return true;
	if (!store_begin(intake->store, error)) {
		forget_batch(intake);
		return false;
	}
	done = apply_batch(intake, &fresh, error) &&
	       (write == NULL || write(context, intake->store, error));
	if (!done || intake->dry_run)
		store_rollback(intake->store);
	else
		done = store_commit(intake->store, error);
	if (done) {
		intake->told_later = false;
		tell_batch(intake);
		if (!intake->dry_run)
			intake->fresh += fresh;
	}
	forget_batch(intake);
	return done;
}

bool intake_flush_with(
	struct intake *intake, intake_write *write, void *context, struct error *error)
{
	if (intake->lost) {
		intake->lost = false;
		forget_batch(intake);
		*error = intake->loss;
		return false;
	}
	return store_batch(intake, write, context, error);
}

static bool flush(void *context, struct error *error)
{
	return intake_flush_with(context, NULL, NULL, error);
}

bool intake_is_dry_run(const struct intake *intake)
{
	return intake->dry_run;
}

size_t intake_fresh(const struct intake *intake)
{
	return intake->fresh;
}
