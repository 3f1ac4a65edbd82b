#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>
#include <sqlite3.h>

#include "base/alloc.h"
#include "base/file.h"
#include "engine/take_page.h"
#include "engine/worker.h"
#include "engine_fixture.h"
#include "pki_fixture.h"
#include "store_faults.h"

#define URL "https://feed.example.jp"

static int begin(void **state)
{
	*state = engine_fixture_new(NULL);
	return 0;
}

static int end(void **state)
{
	engine_fixture_free(*state);
	return 0;
}

static int begin_faulty(void **state)
{
	store_faults_install();
	return begin(state);
}

static int end_faulty(void **state)
{
	int status = end(state);

	store_faults_remove();
	return status;
}

/* ---- pages ---- */

static void add_text(struct buffer *elements, const char *text)
{
	buffer_printf(elements, "%s%s", elements->length > 0 ? "," : "", text);
}

static void add_record(struct buffer *elements, const struct fixture_record *record)
{
	char *text = fixture_record_text(record);

	add_text(elements, text);
	free(text);
}

/* A page of ELEMENTS, which are used up, taken. */
static struct feed_result take(
	struct engine_fixture *fixture, struct buffer *elements, const char *next)
{
	struct feed_page page = {.id = 7, .url = xstrdup(URL), .after = xstrdup("")};
	struct feed_result result;

	buffer_printf(
		&page.body, "{\"contracts\":[%s],\"next\":\"%s\"}", buffer_text(elements), next);
	buffer_free(elements);
	take_page(fixture->intake, &fixture->clock.clock, &page, &result);
	feed_page_clear(&page);
	assert_int_equal(result.id, 7);
	return result;
}

static void expect(struct feed_result *result, size_t records, size_t fresh, size_t set_aside)
{
	if (result->outcome != FEED_PAGE_STORED)
		fail_msg("%s", result->error.text);
	assert_int_equal(result->records, records);
	assert_int_equal(result->fresh, fresh);
	assert_int_equal(result->set_aside, set_aside);
	feed_result_clear(result);
}

static void see_success(void *context, const struct store_progress *progress)
{
	assert_int_equal(progress->kind, STORE_PROGRESS_SOURCE);
	assert_string_equal(progress->name, URL);
	assert_int_equal(progress->succeeded_ms, FIXTURE_START_MS);
	*(bool *)context = true;
}

/* And with it that the feed was read, as operators see it. */
static void expect_cursor(struct engine_fixture *fixture, const char *wanted)
{
	bool succeeded = false;
	struct buffer cursor = {0};
	struct error error;
	bool found;

	assert_true(store_feed_cursor(fixture->store, URL, &cursor, &found, &error));
	assert_int_equal(found, wanted != NULL);
	assert_string_equal(buffer_text(&cursor), wanted != NULL ? wanted : "");
	buffer_free(&cursor);
	assert_true(store_progress_list(fixture->store, see_success, &succeeded, &error));
	assert_int_equal(succeeded, wanted != NULL);
}

static void list_one(void *context, const struct store_set_aside *entry)
{
	assert_string_equal(entry->source, URL);
	assert_int_equal(entry->at_ms, FIXTURE_START_MS);
	buffer_printf(context, "%s/%d: %s\n", entry->contract, (int)entry->revision, entry->reason);
}

static void expect_set_aside(struct engine_fixture *fixture, const char *wanted)
{
	struct buffer text = {0};
	struct error error;

	assert_true(store_set_aside_list(fixture->store, list_one, &text, &error));
	assert_string_equal(buffer_text(&text), wanted);
	buffer_free(&text);
}

static bool is_known(struct engine_fixture *fixture, const char *code)
{
	struct store_contract contract;
	struct error error;

	assert_true(store_contract_get(fixture->store, code, &contract, &error));
	return contract.found;
}

/* ---- the tests ---- */

static void test_good_and_bad_in_one_page(void **state)
{
	const struct fixture_record first = {.contract = "c1", .revision = 1, .certificate = 1};
	const struct fixture_record second = {.contract = "c2", .revision = 1, .certificate = 2};
	struct engine_fixture *fixture = *state;
	int round;

	for (round = 1; round <= 2; round++) {
		struct buffer elements = {0};
		struct feed_result result;

		add_record(&elements, &first);
		add_text(&elements, "{\"contract\":\"bad\",\"revision\":3,\"private_key\":\"K\"}");
		add_text(&elements, "17");
		add_record(&elements, &second);
		result = take(fixture, &elements, "4");
		assert_string_equal(result.next, "4");
		/* The same page again changes nothing. */
		expect(&result, 4, round == 1 ? 2 : 0, round == 1 ? 2 : 0);
		expect_cursor(fixture, "4");
		assert_int_equal(engine_fixture_job_count(fixture, "c1"), 1);
		assert_int_equal(engine_fixture_job_count(fixture, "c2"), 1);
		expect_set_aside(fixture, "bad/3: state is missing\n/-1: no JSON object\n");
	}
}

static void test_an_empty_page_moves_the_cursor(void **state)
{
	struct buffer elements = {0};
	struct feed_result result = take(*state, &elements, "9");

	expect(&result, 0, 0, 0);
	expect_cursor(*state, "9");
}

static void test_what_is_no_page_changes_nothing(void **state)
{
	struct feed_page page = {.url = xstrdup(URL), .after = xstrdup("")};
	struct engine_fixture *fixture = *state;
	struct feed_result result;

	take_page(fixture->intake, &fixture->clock.clock, &page, &result);
	assert_int_equal(result.outcome, FEED_PAGE_BROKEN);
	assert_non_null(strstr(result.error.text, "gave no page of records: no JSON"));
	assert_null(result.next);
	feed_page_clear(&page);
	feed_result_clear(&result);
	expect_cursor(fixture, NULL);
}

static void test_a_conflict_is_set_aside_until_a_newer_revision(void **state)
{
	const struct fixture_record known = {.contract = "c1", .revision = 5, .certificate = 1};
	const struct fixture_record other = {.contract = "c1", .revision = 5, .certificate = 2};
	const struct fixture_record stale = {.contract = "c1", .revision = 4, .certificate = 3};
	const struct fixture_record newer = {.contract = "c1", .revision = 6, .certificate = 2};
	struct engine_fixture *fixture = *state;
	struct buffer elements = {0};
	struct feed_result result;

	assert_int_equal(engine_fixture_take(fixture, &known, NULL), SPOOL_TAKEN);
	add_record(&elements, &other);
	result = take(fixture, &elements, "1");
	expect(&result, 1, 0, 1);
	expect_set_aside(fixture,
		"c1/5: revision-conflict: contract c1 has revision 5 already, with another "
		"content; send the change with a higher revision\n");
	/* What is known, or older, is no news. */
	add_record(&elements, &known);
	add_record(&elements, &stale);
	result = take(fixture, &elements, "2");
	expect(&result, 2, 0, 0);
	assert_int_equal(engine_fixture_job_count(fixture, "c1"), 1);
	/* By whatever source it comes. */
	assert_int_equal(engine_fixture_take(fixture, &newer, NULL), SPOOL_TAKEN);
	expect_set_aside(fixture, "");
}

static void test_revisions_of_one_contract_in_one_page(void **state)
{
	const struct fixture_record first = {.contract = "c1", .revision = 1, .certificate = 1};
	const struct fixture_record second = {.contract = "c1", .revision = 2, .certificate = 2};
	struct buffer elements = {0};
	struct feed_result result;

	/* In whatever order. */
	add_record(&elements, &second);
	add_record(&elements, &first);
	add_record(&elements, &second);
	result = take(*state, &elements, "1");
	expect(&result, 3, 1, 0);
	assert_int_equal(engine_fixture_job_count(*state, "c1"), 1);
}

#define MANY (2 * SPOOL_BATCH + 3)

static void add_many(struct buffer *elements)
{
	char code[16];
	int i;

	for (i = 0; i < MANY; i++) {
		const struct fixture_record record = {.contract = code, .revision = 1};

		snprintf(code, sizeof(code), "m%d", i);
		add_record(elements, &record);
	}
}

static void test_more_than_a_batch(void **state)
{
	struct buffer elements = {0};
	struct feed_result result;
	char last[16];

	add_many(&elements);
	result = take(*state, &elements, "1");
	expect(&result, MANY, MANY, 0);
	snprintf(last, sizeof(last), "m%d", MANY - 1);
	assert_true(is_known(*state, last));
	expect_cursor(*state, "1");
}

/* A page with a good, a bad and, where MANY, some hundred more records; the last one is "z". */
static struct feed_result take_mixed(struct engine_fixture *fixture, bool many)
{
	const struct fixture_record first = {.contract = "a", .revision = 1, .certificate = 2};
	const struct fixture_record last = {.contract = "z", .revision = 1, .certificate = 1};
	struct buffer elements = {0};

	add_record(&elements, &first);
	if (many)
		add_many(&elements);
	add_text(&elements, "{\"contract\":\"bad\"}");
	add_record(&elements, &last);
	return take(fixture, &elements, "1");
}

/*
 * Whenever the disk fails, the cursor is there only with all that came with it, and what came last
 * only with the cursor; asked for again, the page is taken whole.
 */
static void fail_everywhere(struct engine_fixture *fixture, bool many)
{
	struct feed_result result;
	int allowed, failed = 0;

	for (allowed = 0; allowed < 2000; allowed += many ? 1 + allowed / 4 : 1) {
		store_faults_after(allowed, SQLITE_FULL);
		result = take_mixed(fixture, many);
		store_faults_after(-1, SQLITE_OK);
		engine_fixture_restart(fixture);
		if (result.outcome == FEED_PAGE_STORED)
			break;
		failed++;
		assert_int_equal(result.outcome, FEED_PAGE_LATER);
		assert_true(result.error.text[0] != '\0');
		feed_result_clear(&result);
		expect_cursor(fixture, NULL);
		expect_set_aside(fixture, "");
		assert_false(is_known(fixture, "z"));
	}
	assert_true(failed > 3);
	assert_int_equal(result.outcome, FEED_PAGE_STORED);
	feed_result_clear(&result);
	expect_cursor(fixture, "1");
	assert_true(is_known(fixture, "a"));
	assert_true(is_known(fixture, "z"));
	assert_true(!many || is_known(fixture, "m0"));
	expect_set_aside(fixture, "bad/-1: revision is missing\n");
}

static void test_cursor_and_records_are_one(void **state)
{
	fail_everywhere(*state, false);
}

static void test_cursor_is_never_before_its_records(void **state)
{
	fail_everywhere(*state, true);
}

static void test_a_dry_run_keeps_nothing(void **state)
{
	const struct fixture_record record = {.contract = "c1", .revision = 1, .certificate = 1};
	struct engine_fixture *fixture = *state;
	struct buffer elements = {0};
	struct feed_result result;
	struct error error;

	intake_free(fixture->intake);
	assert_true(intake_new(fixture->settings, fixture->store, &fixture->clock.clock, NULL, true,
		&fixture->intake, &error));
	add_record(&elements, &record);
	add_text(&elements, "17");
	result = take(fixture, &elements, "1");
	assert_string_equal(result.next, "1");
	expect(&result, 2, 0, 1);
	expect_cursor(fixture, NULL);
	expect_set_aside(fixture, "");
	assert_false(is_known(fixture, "c1"));
}

/* ---- beside the spool ---- */

struct run {
	struct engine_fixture *fixture;
	struct worker *worker;
	struct feed_result result;
	int results, rests;
	int links;	  /* that the worker's thread told of, */
	int links_before; /* and those before the page's */
	bool hands_over;
};

static void stored(void *context)
{
	(void)context;
}

static void rested(void *context, const struct spool_pass *pass)
{
	struct run *run = context;

	(void)pass;
	run->rests++;
	loop_stop(run->fixture->loop);
}

static void page_taken(void *context, const struct feed_result *result)
{
	struct run *run = context;

	run->results++;
	run->result.outcome = result->outcome;
	run->result.id = result->id;
	loop_stop(run->fixture->loop);
}

static void hand_over(struct run *run, uint64_t id, const char *contract)
{
	const struct fixture_record record = {
		.contract = contract, .revision = 1, .certificate = 1};
	struct feed_page page = {.id = id, .url = xstrdup(URL), .after = xstrdup("")};
	char *text = fixture_record_text(&record);

	buffer_printf(&page.body, "{\"contracts\":[%s],\"next\":\"%d\"}", text, (int)id);
	free(text);
	worker_page(run->worker, &page);
	assert_null(page.url);
}

static void turn(struct run *run)
{
	struct error error;

	assert_true(loop_run(run->fixture->loop, &error));
}

/* On the worker's thread: in the middle of a pass, a page comes. */
static void link_told(void *context, const struct intake_event *event)
{
	struct run *run = context;

	if (strcmp(event->contract, "c1") == 0)
		run->links_before = run->links;
	if (run->links++ == 0 && run->hands_over)
		hand_over(run, 1, "c1");
}

static void begin_worker(struct run *run)
{
	const struct worker_options options = {.loop = run->fixture->loop,
		.observer = {.link = link_told, .context = run},
		.stored = stored,
		.rested = rested,
		.context = run,
		.page_taken = page_taken,
		.page_context = run};
	struct error error;

	assert_true(worker_new(&options, run->fixture->settings, &run->worker, &error));
}

static void test_the_worker_takes_pages(void **state)
{
	struct run run = {.fixture = *state};

	begin_worker(&run);
	hand_over(&run, 1, "c1");
	turn(&run);
	assert_int_equal(run.results, 1);
	assert_int_equal(run.result.id, 1);
	assert_int_equal(run.result.outcome, FEED_PAGE_STORED);
	assert_int_equal(engine_fixture_job_count(run.fixture, "c1"), 1);
	expect_cursor(run.fixture, "1");
	/* A page is no rest: nobody asked for a pass. */
	assert_int_equal(run.rests, 0);
	/* One that nobody waits for the end of. */
	hand_over(&run, 2, "c2");
	worker_free(run.worker);
}

/* A page that comes while a large file is taken does not wait for its end. */
static void test_a_page_goes_between_batches(void **state)
{
	struct run run = {.fixture = *state, .hands_over = true};
	char *spool = xasprintf("%s/spool", run.fixture->folder);
	char *path = xasprintf("%s/many.ndjson", spool), *line;
	struct buffer lines = {0};
	struct error error;
	int i;

	assert_int_equal(mkdir(spool, 0700), 0);
	for (i = 0; i < 4 * SPOOL_BATCH; i++) {
		char code[16];
		const struct fixture_record record = {.contract = code, .revision = 1};

		snprintf(code, sizeof(code), "m%d", i);
		line = fixture_record_text(&record);
		buffer_printf(&lines, "%s\n", line);
		free(line);
	}
	assert_true(file_write_atomic(path, lines.data, lines.length, 0600, &error));
	buffer_free(&lines);
	begin_worker(&run);
	worker_poke(run.worker);
	while (run.rests == 0 || run.results == 0)
		turn(&run);
	worker_free(run.worker);
	assert_int_equal(run.links, 4 * SPOOL_BATCH + 1);
	assert_int_equal(run.links_before, SPOOL_BATCH);
	assert_int_equal(engine_fixture_job_count(run.fixture, "c1"), 1);
	unlink(path);
	rmdir(spool);
	free(path);
	free(spool);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_good_and_bad_in_one_page, begin, end),
		cmocka_unit_test_setup_teardown(test_an_empty_page_moves_the_cursor, begin, end),
		cmocka_unit_test_setup_teardown(test_what_is_no_page_changes_nothing, begin, end),
		cmocka_unit_test_setup_teardown(
			test_a_conflict_is_set_aside_until_a_newer_revision, begin, end),
		cmocka_unit_test_setup_teardown(
			test_revisions_of_one_contract_in_one_page, begin, end),
		cmocka_unit_test_setup_teardown(test_more_than_a_batch, begin, end),
		cmocka_unit_test_setup_teardown(
			test_cursor_and_records_are_one, begin_faulty, end_faulty),
		cmocka_unit_test_setup_teardown(
			test_cursor_is_never_before_its_records, begin_faulty, end_faulty),
		cmocka_unit_test_setup_teardown(test_a_dry_run_keeps_nothing, begin, end),
		cmocka_unit_test_setup_teardown(test_the_worker_takes_pages, begin, end),
		cmocka_unit_test_setup_teardown(test_a_page_goes_between_batches, begin, end),
	};
	int status = cmocka_run_group_tests_name("take_page", tests, NULL, NULL);

	fixture_free();
	return status;
}
