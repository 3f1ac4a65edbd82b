#ifndef ENGINE_INTAKE_H
#define ENGINE_INTAKE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/clock.h"
#include "base/error.h"
#include "engine/examine.h"
#include "engine/settings.h"
#include "record/record.h"
#include "source/spool.h"
#include "store/store.h"

/*
 * From a record to what the queue is to do about it: read, examined, judged, compared with the jobs
 * that exist, and stored, a batch of records a transaction. Belongs to one thread; it has threads
 * of its own for reading and examining (engine/examine.h), so several may work side by side on
 * handles of the same store.
 */
struct intake;

/*
 * What happened to one link of a record, or to a job of another contract whose service code went
 * over by it; told after its transaction is durable.
 */
struct intake_event {
	const char *contract;
	const char *service;
	const char *service_code;
	const char *fqdn;
	const struct verdict *verdict;
	bool changed; /* false: the queue already had it so */
	/* Accepted or held, but the target had a newer certificate of the contract already. */
	bool overtaken;
};

/*
 * A job that waited in the queue before a record, and does not as it did: it is cancelled or
 * superseded, because of WHY; or judged anew, WHY is NULL, and an intake_event tells how.
 */
struct intake_departure {
	int64_t job_id;
	const char *contract;
	const char *service;
	const char *service_code;
	const char *fqdn;
	enum job_state to;
	const char *why;
};

/* Each may be NULL. */
struct intake_observer {
	void (*link)(void *context, const struct intake_event *event);
	void (*left)(void *context, const struct intake_departure *departure);
	void (*rejected)(void *context, const struct spool_item *item, const char *reason);
	void *context;
};

/*
 * SETTINGS is referenced, STORE and CLOCK borrowed, OBSERVER (may be NULL) copied. With DRY_RUN
 * every transaction is rolled back: the same judgements, nothing kept. Errors as pki_new.
 */
bool must_check intake_new(struct settings *settings, struct store *store,
	const struct clock *clock, const struct intake_observer *observer, bool dry_run,
	struct intake **intake, struct error *error);
/* What was taken and not flushed is forgotten. */
void intake_free(struct intake *intake);

/*
 * The intake as a source's taker. A record is rejected when it cannot be read or conflicts with its
 * stored revision; one that is known already, or older than what is known, is taken and changes
 * nothing. A link that is refused is no reason to reject its record.
 */
struct spool_taker intake_taker(struct intake *intake);

/*
 * For a source that has records read already: begins with examining RECORD, which is taken over.
 * Several may be under way. What is begun is to be taken, in any order, or dropped.
 */
struct examination *intake_begin(struct intake *intake, struct record *record);
void intake_drop(struct intake *intake, struct examination *examination);
/*
 * Takes what was begun, which is no more after it; ITEM is what to call it in messages. Not more
 * than SPOOL_BATCH of them without a flush.
 */
enum spool_taken intake_take_begun(struct intake *intake, const struct spool_item *item,
	struct examination *examination, struct error *reason);
/* The same for what a source could not read: tells the observer. */
void intake_reject(struct intake *intake, const struct spool_item *item, const char *reason);

/*
 * Stores what was taken, and what WRITE writes after it, in one transaction; false, and neither,
 * when either fails.
 */
typedef bool intake_write(void *context, struct store *store, struct error *error);
bool must_check intake_flush_with(
	struct intake *intake, intake_write *write, void *context, struct error *error);

/* Whether nothing of it is kept. */
bool intake_is_dry_run(const struct intake *intake);

/* How many revisions that were not known before this intake has stored. */
size_t intake_fresh(const struct intake *intake);

#endif
