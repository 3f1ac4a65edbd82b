#include "engine/take_page.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/events.h"
#include "record/record_page.h"

/* So many of a page's bad elements are told of; the store lists them all. */
#define TELL_MAX 20

/* An element that is no record, or that is not to be taken. */
struct bad_element {
	struct record_identity identity;
	char *reason;
	bool added;
};

/* So many elements are examined ahead of the one that is taken. */
#define ELEMENTS_AHEAD 64

struct element {
	struct record_identity identity;
	struct examination *examination; /* NULL: it is no record, */
	struct error reason;		 /* for this reason */
};

/* One page's way through the intake. */
struct taking {
	struct intake *intake;
	const struct feed_page *page;
	const struct record_page *records;
	int64_t now_ms;
	struct element elements[ELEMENTS_AHEAD];
	size_t begun;
	struct bad_element *bad;
	size_t bad_count;
	size_t waiting; /* for a flush */
};

static void add_bad(
	struct taking *taking, const struct record_identity *identity, const char *reason)
{
	taking->bad = xreallocarray(taking->bad, taking->bad_count + 1, sizeof(*taking->bad));
	taking->bad[taking->bad_count++] =
		(struct bad_element){.identity = *identity, .reason = xstrdup(reason)};
}

/* Reads an element and begins with examining it. */
static void begin_element(struct taking *taking)
{
	struct element *element = &taking->elements[taking->begun % ELEMENTS_AHEAD];
	struct record record;

	*element = (struct element){0};
	if (record_page_read(
		    taking->records, taking->begun, &record, &element->identity, &element->reason))
		element->examination = intake_begin(taking->intake, &record);
	taking->begun++;
}

/* False when the store cannot take it now, with ERROR filled. */
static bool take_element(struct taking *taking, size_t index, struct error *error)
{
	const struct spool_item item = {.file = taking->page->url, .line = index + 1};
	struct element *element = &taking->elements[index % ELEMENTS_AHEAD];
	struct examination *examination = element->examination;
	struct error reason = {0};

	element->examination = NULL;
	if (examination == NULL) {
		intake_reject(taking->intake, &item, element->reason.text);
		add_bad(taking, &element->identity, element->reason.text);
		return true;
	}
	switch (intake_take_begun(taking->intake, &item, examination, &reason)) {
	case SPOOL_TAKEN:
		taking->waiting++;
		return true;
	case SPOOL_REJECTED:
		add_bad(taking, &element->identity, reason.text);
		return true;
	case SPOOL_LATER:
		break;
	}
	return error_set(error, ERROR_TEMPORARY, "the store cannot take its records now");
}

static bool write_cursor(void *context, struct store *store, struct error *error)
{
	struct taking *taking = context;
	size_t i;

	for (i = 0; i < taking->bad_count; i++) {
		struct bad_element *bad = &taking->bad[i];
		struct store_set_aside entry = {
			.source = taking->page->url,
			.contract = bad->identity.contract,
			.revision = bad->identity.revision,
			.at_ms = taking->now_ms,
			.reason = bad->reason,
		};

		memcpy(entry.digest, bad->identity.digest, sizeof(entry.digest));
		if (!store_set_aside_add(store, &entry, &bad->added, error))
			return false;
	}
	return store_feed_put(store, taking->page->url, record_page_next(taking->records),
		       taking->now_ms, error) &&
	       store_progress_succeeded(
		       store, STORE_PROGRESS_SOURCE, taking->page->url, taking->now_ms, error);
}

static void drop_elements(struct taking *taking)
{
	size_t i;

	for (i = 0; i < ELEMENTS_AHEAD; i++)
		intake_drop(taking->intake, taking->elements[i].examination);
}

static bool take_all(struct taking *taking, struct error *error)
{
	size_t i, count = record_page_count(taking->records);

	for (i = 0; i < count; i++) {
		while (taking->begun < count && taking->begun < i + ELEMENTS_AHEAD)
			begin_element(taking);
		if (taking->waiting == SPOOL_BATCH) {
			taking->waiting = 0;
			if (!intake_flush_with(taking->intake, NULL, NULL, error))
				return false;
		}
		if (!take_element(taking, i, error)) {
			struct error ignored;

			/* Nothing of it may wait for what comes next. */
			if (!intake_flush_with(taking->intake, NULL, NULL, &ignored))
				*error = ignored;
			return false;
		}
	}
	return intake_flush_with(taking->intake, write_cursor, taking, error);
}

static void tell_one(const struct taking *taking, const struct bad_element *bad)
{
	const struct record_identity *identity = &bad->identity;
	bool dry_run = intake_is_dry_run(taking->intake);
	char revision[32] = "";

	if (identity->revision >= 0)
		snprintf(revision, sizeof(revision), " revision %" PRId64, identity->revision);
	log_event(EVENT_FEED_SET_ASIDE,
		(const struct log_field[]){{"FEED", taking->page->url},
			{"CONTRACT",
				identity->contract[0] != '\0' ? identity->contract : "unknown"}},
		2, "feed %s: contract %s%s %sset aside: %s%s", taking->page->url,
		identity->contract[0] != '\0' ? identity->contract : "of unknown code", revision,
		dry_run ? "would be " : "", bad->reason,
		dry_run ? "" : "; see certinstallctl rejected");
}

static void tell_bad(const struct taking *taking)
{
	size_t i, count = 0;

	for (i = 0; i < taking->bad_count; i++) {
		if (taking->bad[i].added && ++count <= TELL_MAX)
			tell_one(taking, &taking->bad[i]);
	}
	if (count > TELL_MAX)
		log_event(EVENT_FEED_SET_ASIDE_MORE,
			(const struct log_field[]){{"FEED", taking->page->url}}, 1,
			"feed %s: and %zu more of the same page", taking->page->url,
			count - TELL_MAX);
}

void take_page(struct intake *intake, const struct clock *clock, const struct feed_page *page,
	struct feed_result *result)
{
	struct taking taking = {.intake = intake, .page = page, .now_ms = clock_wall_ms(clock)};
	size_t i, fresh_before = intake_fresh(intake);
	struct record_page *records;

	*result = (struct feed_result){.id = page->id, .outcome = FEED_PAGE_BROKEN};
	if (!record_page_parse(
		    buffer_text(&page->body), page->body.length, &records, &result->error)) {
		error_context(&result->error, "gave no page of records");
		return;
	}
	taking.records = records;
	result->records = record_page_count(records);
	result->outcome = FEED_PAGE_LATER;
	if (take_all(&taking, &result->error)) {
		result->outcome = FEED_PAGE_STORED;
		result->next = xstrdup(record_page_next(records));
		tell_bad(&taking);
	}
	drop_elements(&taking);
	result->fresh = intake_fresh(intake) - fresh_before;
	for (i = 0; i < taking.bad_count; i++) {
		result->set_aside += taking.bad[i].added;
		free(taking.bad[i].reason);
	}
	free(taking.bad);
	record_page_free(records);
}
