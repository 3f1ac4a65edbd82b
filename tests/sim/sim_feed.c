/* A feed: contracts whose snapshots are asked for page by page, and both sides of that. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "engine/take_page.h"
#include "record/record_page.h"
#include "sim.h"
#include "source/feed.h"

/* What the feed has, oldest change first. A cursor says how many of these are behind it. */
struct feed_entry {
	int contract;
	size_t revision;
	size_t bad; /* not 0: it is no record, and which */
};

static void take_waiting_page(void *context, int64_t number);

void sim_feed_append(int contract, size_t revision)
{
	world->feed.entries = xreallocarray(
		world->feed.entries, world->feed.count + 2, sizeof(*world->feed.entries));
	if (dice_permille(&world->dice, 30))
		world->feed.entries[world->feed.count++] =
			(struct feed_entry){.bad = ++world->feed.bad_count};
	world->feed.entries[world->feed.count++] =
		(struct feed_entry){.contract = contract, .revision = revision};
}

/* ---- the feed's side ---- */

/* -1 when TEXT is none of its cursors. */
static int64_t position_of(const char *text)
{
	return text[0] == 'c' ? strtoll(text + 1, NULL, 10) : -1;
}

void sim_feed_ask(struct feed_question_sent *question, const struct http_request *request)
{
	const char *after = strstr(request->url, "after="), *limit = strstr(request->url, "limit=");

	*question = (struct feed_question_sent){.etag = -1,
		.position = after != NULL ? position_of(after + 6) : 0,
		.limit = limit != NULL ? strtol(limit + 6, NULL, 10) : 0};
	if (question->position < 0 || question->limit < 1)
		violated("the feed is asked for %s", request->url);
	for (size_t i = 0; i < request->header_count; i++) {
		if (strcmp(request->headers[i].name, "If-None-Match") == 0)
			question->etag = strtoll(request->headers[i].value + 1, NULL, 10);
	}
}

static void append_entry(struct buffer *body, const struct feed_entry *entry)
{
	char *record;

	if (entry->bad != 0) {
		buffer_printf(body, "{\"contract\":17,\"number\":%zu}", entry->bad);
		return;
	}
	record = estate_record(entry->contract, entry->revision);
	buffer_append_text(body, record);
	free(record);
}

/* Where the page ends, and now and then where a feed that lost its way goes on instead. */
static size_t next_position(size_t end)
{
	if (!world->faults || !dice_permille(&world->dice, 20))
		return end;
	return (size_t)dice_between(&world->dice, end > 6 ? (int64_t)end - 6 : 0, (int64_t)end);
}

static void give_page(struct http_answer *to, const struct feed_question_sent *question)
{
	size_t first = (size_t)question->position, end = first + (size_t)question->limit;

	if (end > world->feed.count)
		end = world->feed.count;
	to->status = 200;
	to->etag = xasprintf("e%zu", world->feed.count);
	buffer_append_text(&to->body, "{\"contracts\":[");
	for (size_t i = first; i < end; i++) {
		buffer_append_text(&to->body, i > first ? "," : "");
		append_entry(&to->body, &world->feed.entries[i]);
	}
	buffer_printf(&to->body, "],\"next\":\"c%zu\"}", end > first ? next_position(end) : first);
	trace("feed: %zu to %zu of %zu", first, end, world->feed.count);
}

static void fail(struct http_answer *to, enum http_failure failure)
{
	to->failure = failure;
	error_set(&to->error, ERROR_TEMPORARY, "simulated");
}

static void cut(struct http_answer *to)
{
	size_t kept = dice_below(&world->dice, to->body.length);

	memset(to->body.data + kept, 0, to->body.length - kept);
	to->body.length = kept;
}

void sim_feed_answer(struct http_answer *to, const struct feed_question_sent *question)
{
	static const int statuses[] = {503, 500, 429, 401};
	uint64_t fault = dice_below(&world->dice, 60);

	if (world->faults && mono_now() < world->feed.dead_until_ms) {
		fail(to, HTTP_CONNECT_FAILED);
	} else if (world->faults && fault < ARRAY_LENGTH(statuses)) {
		to->status = statuses[fault];
	} else if (world->faults && fault == 5) {
		fail(to, HTTP_TIMED_OUT);
	} else if (world->faults && fault == 6 && question->limit > 1) {
		fail(to, HTTP_TOO_LARGE);
		to->status = 200;
	} else if (question->etag >= 0 && question->etag == (int64_t)world->feed.count &&
		   question->etag != 0) {
		to->status = 304;
	} else {
		give_page(to, question);
		if (world->faults && fault == 7)
			cut(to);
	}
}

static void feed_trouble(void *context, int64_t number)
{
	(void)context;
	(void)number;
	fault_again(feed_trouble, 20);
	world->feed.dead_until_ms = mono_now() + dice_skewed(&world->dice, 60000, 3 * DAY_MS);
}

void sim_feed_begin(void)
{
	if (!world->plan.feed)
		return;
	world->feed.interval_ms = dice_between(&world->dice, 2, 36) * HOUR_MS;
	world->feed.limit = (int)dice_skewed(&world->dice, 1, 20);
	fault_again(feed_trouble, 20);
}

/* ---- the process's side ---- */

static void page_came(void *context, struct feed_page *page)
{
	struct process *process = context;

	process->page = *page;
	*page = (struct feed_page){0};
	faults_at_work();
	event_add(process, dice_skewed(&world->dice, 1, 3000), take_waiting_page, process, 0);
}

void sim_feed_start(struct process *process)
{
	const struct config *config = settings_config(world->settings);
	struct buffer after = {0};
	struct feed_options options = {
		.loop = process->loop,
		.url = SIM_FEED_URL,
		.interval_ms = world->feed.interval_ms,
		.timeout_ms = 60000,
		.limit = world->feed.limit,
		.backoff = config->backoff,
		.page = page_came,
		.context = process,
	};
	struct error error;
	bool found;

	if (!world->plan.feed)
		return;
	/* The daemon goes without it until the next reload; here it is not asked before the next
	 * start. */
	if (store_feed_cursor(process->store, SIM_FEED_URL, &after, &found, &error)) {
		options.after = buffer_text(&after);
		process->feed = feed_new(&options);
	} else {
		trace("no feed: %s", error.text);
	}
	buffer_free(&after);
}

void sim_feed_stop(struct process *process)
{
	feed_free(process->feed);
	feed_page_clear(&process->page);
	process->feed = NULL;
}

/* What a page has, read here anew. */
struct page_read {
	struct record_page *page;
	size_t fresh; /* revisions that the store does not have */
	int64_t known[CONTRACTS_MAX];
	int64_t told[CONTRACTS_MAX]; /* the highest revision of the page */
};

static void read_page(struct process *process, struct page_read *read)
{
	struct error error;

	*read = (struct page_read){0};
	if (!record_page_parse(buffer_text(&process->page.body), process->page.body.length,
		    &read->page, &error)) {
		read->page = NULL;
		return;
	}
	disk_set_aside(true);
	for (size_t i = 0; i < world->contract_count; i++)
		read->known[i] = stored_revision(process, (int)i);
	disk_set_aside(false);
	for (size_t i = 0; i < record_page_count(read->page); i++) {
		struct record_identity identity;
		struct record record;
		int contract;

		if (!record_page_read(read->page, i, &record, &identity, &error))
			continue;
		record_clear(&record);
		contract = estate_contract_of(identity.contract);
		if (read->told[contract] < identity.revision)
			read->told[contract] = identity.revision;
		if (read->known[contract] < identity.revision) {
			read->known[contract] = identity.revision;
			read->fresh++;
		}
	}
}

/* The source forgets nothing; but what the cursor is behind does not come again. */
static void acknowledge(const struct page_read *read)
{
	for (size_t i = 0; i < world->contract_count; i++) {
		if ((int64_t)world->contracts[i].acknowledged < read->told[i])
			world->contracts[i].acknowledged = (size_t)read->told[i];
	}
}

static void check_taken(struct process *process, const struct page_read *read,
	const struct feed_result *result, int64_t jobs_before)
{
	if (result->outcome != FEED_PAGE_STORED) {
		trace("feed: the page is not stored: %s", result->error.text);
		return;
	}
	if (read->page == NULL)
		violated("what is no page was stored");
	if (result->fresh != read->fresh)
		violated("of a page %zu records were taken as new, and %zu were", result->fresh,
			read->fresh);
	if (read->fresh == 0 && jobs_sum(process) != jobs_before)
		violated("a page that has nothing new changes jobs");
	acknowledge(read);
	trace("feed: stored up to %s, %zu new, %zu set aside", result->next, result->fresh,
		result->set_aside);
	totals.pages++;
	totals.pages_again += read->fresh == 0 && result->records > 0 ? 1 : 0;
	totals.taken += result->fresh;
}

static void take_waiting_page(void *context, int64_t number)
{
	struct process *process = context;
	struct feed_result result;
	struct page_read read;
	int64_t jobs_before;

	(void)number;
	if (process->feed == NULL)
		return;
	jobs_before = jobs_sum(process);
	read_page(process, &read);
	take_page(process->intake, &world->clock.clock, &process->page, &result);
	feed_page_clear(&process->page);
	if (!process->owner.dead) {
		check_taken(process, &read, &result, jobs_before);
		feed_taken(process->feed, &result);
		if (result.outcome == FEED_PAGE_STORED)
			sources_tell_stored(process);
	}
	record_page_free(read.page);
	feed_result_clear(&result);
}

/* ---- what has to hold ---- */

/* No cursor is in the store before what came with it; nothing bad is lost, or told twice. */
void check_feed(const char *cursor, const int64_t *stored, int64_t set_aside)
{
	int64_t position = cursor != NULL ? position_of(cursor) : 0;
	int64_t bad = 0;

	if (position < 0 || (size_t)position > world->feed.count)
		violated("the feed's cursor is %s", cursor);
	for (int64_t i = 0; i < position; i++) {
		const struct feed_entry *entry = &world->feed.entries[i];

		bad += entry->bad != 0 ? 1 : 0;
		if (entry->bad == 0 && stored[entry->contract] < (int64_t)entry->revision)
			violated("lost: the feed's cursor is %s, and ssl%d revision %zu before it "
				 "is not in the store",
				cursor, entry->contract, entry->revision);
	}
	if (set_aside < bad)
		violated("lost: %lld records that are none came before the feed's cursor %s, and "
			 "%lld are set aside",
			(long long)bad, cursor, (long long)set_aside);
	if (set_aside > (int64_t)world->feed.bad_count)
		violated("%lld records of the feed are set aside, and it has %zu that are none",
			(long long)set_aside, world->feed.bad_count);
}

bool feed_is_read(const char *cursor)
{
	return cursor != NULL ? (size_t)position_of(cursor) == world->feed.count
			      : world->feed.count == 0;
}
