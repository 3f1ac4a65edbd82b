#include <dirent.h>
#include <sched.h>
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
#include "engine/examine.h"
#include "engine_fixture.h"
#include "pki_fixture.h"
#include "store_faults.h"

/* Records that are examined ahead, on one thread and on several. */

#define LINES 600

static int begin_with(void **state, const char *extra)
{
	struct engine_fixture *fixture = engine_fixture_new(extra);
	char *spool = path_resolve(fixture->folder, "spool");

	assert_int_equal(mkdir(spool, 0700), 0);
	free(spool);
	*state = fixture;
	return 0;
}

static int begin_one(void **state)
{
	return begin_with(state, "intake-threads = 1");
}

static int begin_several(void **state)
{
	return begin_with(state, "intake-threads = 5");
}

static int end(void **state)
{
	engine_fixture_free(*state);
	return 0;
}

static char *record_text(int number, int revision, int certificate)
{
	char contract[32], links[160];
	struct fixture_record record = {
		.contract = contract, .revision = revision, .certificate = certificate};

	snprintf(contract, sizeof(contract), "c%d", number);
	snprintf(links, sizeof(links),
		"{\"service\":\"webhg2\",\"service_code\":\"whg%d\",\"fqdn\":\"www.example.jp\"}",
		number);
	record.links = links;
	return fixture_record_text(&record);
}

/* How many threads this process has. */
static size_t threads(void)
{
	DIR *directory = opendir("/proc/self/task");
	size_t count = 0;

	assert_non_null(directory);
	while (readdir(directory) != NULL)
		count++;
	closedir(directory);
	return count - 2;
}

/* By itself the program has a thread beside the caller's where there is one processor, too. */
static void test_threads_of_one_processor(void **state)
{
	static const struct {
		const char *extra;
		size_t started;
	} cases[] = {
		{"", 1},
		{"intake-threads = 1", 0},
		{"intake-threads = 3", 3},
	};
	cpu_set_t before, one;
	size_t i;

	(void)state;
	assert_int_equal(sched_getaffinity(0, sizeof(before), &before), 0);
	CPU_ZERO(&one);
	for (i = 0; !CPU_ISSET(i, &before); i++)
		;
	CPU_SET(i, &one);
	assert_int_equal(sched_setaffinity(0, sizeof(one), &one), 0);
	for (i = 0; i < ARRAY_LENGTH(cases); i++) {
		struct engine_fixture *fixture = engine_fixture_new(cases[i].extra);
		size_t already = threads();
		struct examiner *examiner;
		struct error error;

		assert_true(examiner_new(fixture->settings, &examiner, &error));
		print_message("%s\n", cases[i].extra);
		assert_int_equal(threads() - already, cases[i].started);
		examiner_free(examiner);
		engine_fixture_free(fixture);
	}
	assert_int_equal(sched_setaffinity(0, sizeof(before), &before), 0);
}

/* Each result is its own record's, in whatever order they are waited for. */
static void test_results(void **state)
{
	struct engine_fixture *fixture = *state;
	struct examination *examinations[40];
	struct examiner *examiner;
	char *texts[40];
	struct error error;
	size_t i, j;

	assert_true(examiner_new(fixture->settings, &examiner, &error));
	for (i = 0; i < ARRAY_LENGTH(texts); i++) {
		texts[i] = i % 7 == 3 ? xstrdup("{\"contract\":")
				      : record_text((int)i, 1, 1 + (int)i % 3);
		examinations[i] =
			examiner_begin(examiner, texts[i], strlen(texts[i]), FIXTURE_START_MS);
	}
	for (j = 0; j < ARRAY_LENGTH(texts); j++) {
		const struct prepared *prepared;
		char contract[32];

		i = (j * 11) % ARRAY_LENGTH(texts);
		prepared = &examinations[i]->prepared;
		examiner_wait(examiner, examinations[i]);
		assert_int_equal(examinations[i]->readable, i % 7 != 3);
		if (i % 7 == 3) {
			assert_true(examinations[i]->reason.text[0] != '\0');
		} else {
			snprintf(contract, sizeof(contract), "c%zu", i);
			assert_string_equal(prepared->record.contract.code, contract);
			assert_true(examinations[i]->examined);
			assert_false(prepared->facts.malformed);
			assert_int_equal(prepared->facts.key_status, KEY_BELONGS);
			assert_true(prepared->material.key_pem.length > 0);
			/* No second copy of the key waits for the store. */
			assert_null(prepared->record.private_key);
			assert_null(prepared->record.pem);
		}
		examiner_drop(examiner, examinations[i]);
		free(texts[i]);
	}
	examiner_free(examiner);
}

/* What is dropped is waited for where it runs, and not begun where it does not. */
static void test_dropped(void **state)
{
	struct engine_fixture *fixture = *state;
	struct examination *examinations[60];
	struct examiner *examiner;
	struct error error;
	size_t i, j;

	assert_true(examiner_new(fixture->settings, &examiner, &error));
	for (i = 0; i < 3; i++) {
		for (j = 0; j < ARRAY_LENGTH(examinations); j++) {
			struct record record;
			char *text = record_text((int)j, 1, 1);

			assert_true(record_parse(text, strlen(text), &record, &error));
			free(text);
			examinations[j] =
				examiner_begin_record(examiner, &record, FIXTURE_START_MS);
			assert_null(record.pem);
		}
		/* From the middle, the end, the front. */
		for (j = ARRAY_LENGTH(examinations); j > 30; j--)
			examiner_drop(examiner, examinations[j - 1]);
		for (j = 20; j < 30; j++)
			examiner_drop(examiner, examinations[j]);
		examinations[20] = examiner_begin(examiner, "{", 1, FIXTURE_START_MS);
		examiner_wait(examiner, examinations[20]);
		assert_false(examinations[20]->readable);
		examiner_drop(examiner, examinations[20]);
		examiner_wait(examiner, examinations[19]);
		assert_true(examinations[19]->examined);
		for (j = 20; j > 0; j--)
			examiner_drop(examiner, examinations[j - 1]);
	}
	examiner_drop(examiner, NULL);
	examiner_free(examiner);
}

/*
 * Line 5 is no record; from line 301 on, each tenth line is of the contract 299 lines above it: the
 * same revision with another certificate.
 */
static char *line_text(int line)
{
	if (line == 5 || line == 505)
		return xstrdup("{\"contract\": \"c5\"}");
	if (line > 300 && line % 10 == 0)
		return record_text(line - 299, 1, 2);
	return record_text(line, 1, 1);
}

static bool is_refused(int line)
{
	return line == 5 || line == 505 || (line > 300 && line % 10 == 0);
}

static void put_lines(struct engine_fixture *fixture)
{
	char *path = path_resolve(fixture->folder, "spool/a.ndjson");
	struct buffer text = {0};
	struct error error;
	int line;

	for (line = 1; line <= LINES; line++) {
		char *one = line_text(line);

		buffer_printf(&text, "%s\n", one);
		free(one);
	}
	assert_true(file_write_atomic(path, text.data, text.length, 0600, &error));
	buffer_free(&text);
	free(path);
}

static struct spool_pass pass(struct engine_fixture *fixture, bool (*stop)(void *context))
{
	char *spool = path_resolve(fixture->folder, "spool");
	struct spool_taker taker = intake_taker(fixture->intake);
	struct spool_pass pass;
	struct error error;

	assert_true(spool_pass(spool, &taker, stop, &pass, &error));
	free(spool);
	return pass;
}

static char *spool_text(struct engine_fixture *fixture, const char *name)
{
	char *path = path_resolve(fixture->folder, name);
	struct buffer text = {0};
	struct error error;

	if (!file_read(path, (size_t)64 << 20, &text, &error)) {
		buffer_free(&text);
		buffer_append_text(&text, "(none)");
	}
	free(path);
	return (char *)text.data;
}

/* The bad lines alone are set aside, in their order, each with its own reason. */
static void test_bad_lines_among_good_ones(void **state)
{
	struct engine_fixture *fixture = *state;
	struct buffer wanted = {0};
	char *reasons, *records, *at;
	struct spool_pass done;
	int line, refused = 0;

	put_lines(fixture);
	done = pass(fixture, NULL);
	reasons = spool_text(fixture, "spool/rejected/a.ndjson.reason");
	records = spool_text(fixture, "spool/rejected/a.ndjson");
	at = reasons;
	for (line = 1; line <= LINES; line++) {
		char *text, begin[80], contract[32];

		if (!is_refused(line)) {
			snprintf(contract, sizeof(contract), "c%d", line);
			assert_int_equal(engine_fixture_job_count(fixture, contract), 1);
			continue;
		}
		refused++;
		text = line_text(line);
		buffer_printf(&wanted, "%s\n", text);
		free(text);
		if (line % 10 == 0)
			snprintf(begin, sizeof(begin),
				"line %d: revision-conflict: contract c%d has revision 1 already",
				line, line - 299);
		else
			snprintf(begin, sizeof(begin), "line %d: revision is missing", line);
		if (strncmp(at, begin, strlen(begin)) != 0)
			fail_msg("wanted %s, got %.80s", begin, at);
		at = strchr(at, '\n') + 1;
	}
	assert_string_equal(at, "");
	assert_string_equal(records, buffer_text(&wanted));
	assert_int_equal(done.rejected, refused);
	assert_int_equal(done.taken, LINES - refused);
	buffer_free(&wanted);
	free(reasons);
	free(records);
}

/* Asked before the file and after its first batch. */
static int asked;

static bool after_a_batch(void *context)
{
	(void)context;
	return asked++ > 0;
}

/* Stopped in the middle: one batch is stored, the file stays, and all of it comes again. */
static void test_stopped_in_the_middle(void **state)
{
	struct engine_fixture *fixture = *state;
	struct spool_pass done;
	char *text;

	put_lines(fixture);
	asked = 0;
	done = pass(fixture, after_a_batch);
	assert_int_equal(done.taken + 1, SPOOL_BATCH);
	assert_int_equal(engine_fixture_job_count(fixture, "c256"), 1);
	assert_int_equal(engine_fixture_job_count(fixture, "c257"), 0);
	text = spool_text(fixture, "spool/a.ndjson");
	assert_string_not_equal(text, "(none)");
	free(text);
	assert_true(pass(fixture, NULL).rejected > 0);
	assert_int_equal(engine_fixture_job_count(fixture, "c257"), 1);
	assert_int_equal(engine_fixture_job_count(fixture, "c599"), 1);
}

static int begin_faulty(void **state)
{
	store_faults_install();
	return begin_several(state);
}

static int end_faulty(void **state)
{
	int status = end(state);

	store_faults_remove();
	return status;
}

/* A store that fails leaves the file whole, and nothing of what was read ahead behind. */
static void test_store_fails_in_the_middle(void **state)
{
	struct engine_fixture *fixture = *state;

	put_lines(fixture);
	store_faults_after(0, SQLITE_FULL);
	assert_true(pass(fixture, NULL).later);
	store_faults_after(-1, SQLITE_OK);
	assert_int_equal(engine_fixture_job_count(fixture, "c1"), 0);
	assert_int_equal(pass(fixture, NULL).taken, LINES - 32);
	assert_int_equal(engine_fixture_job_count(fixture, "c1"), 1);
}

/* What is foreseen and neither taken nor forgotten goes with the intake. */
static void test_left_foreseen(void **state)
{
	struct engine_fixture *fixture = *state;
	struct spool_taker taker = intake_taker(fixture->intake);
	char *first = record_text(1, 1, 1), *second = record_text(2, 1, 1);
	const struct spool_item items[] = {
		{"a.ndjson", 1, first, strlen(first)}, {"a.ndjson", 2, second, strlen(second)}};
	struct error error;

	taker.foresee(taker.context, &items[0]);
	taker.foresee(taker.context, &items[1]);
	taker.forget(taker.context);
	/* Taken out of turn, it is read for itself. */
	taker.foresee(taker.context, &items[0]);
	assert_int_equal(taker.take(taker.context, &items[1], &error), SPOOL_TAKEN);
	assert_true(taker.flush(taker.context, &error));
	assert_int_equal(engine_fixture_job_count(fixture, "c2"), 1);
	assert_int_equal(engine_fixture_job_count(fixture, "c1"), 0);
	intake_free(fixture->intake);
	assert_true(intake_new(fixture->settings, fixture->store, &fixture->clock.clock, NULL,
		false, &fixture->intake, &error));
	free(first);
	free(second);
}

#define ONE(function) cmocka_unit_test_setup_teardown(function, begin_one, end)
#define SEVERAL(function) cmocka_unit_test_setup_teardown(function, begin_several, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_threads_of_one_processor),
		ONE(test_results),
		SEVERAL(test_results),
		ONE(test_dropped),
		SEVERAL(test_dropped),
		ONE(test_bad_lines_among_good_ones),
		SEVERAL(test_bad_lines_among_good_ones),
		ONE(test_stopped_in_the_middle),
		SEVERAL(test_stopped_in_the_middle),
		cmocka_unit_test_setup_teardown(
			test_store_fails_in_the_middle, begin_faulty, end_faulty),
		ONE(test_left_foreseen),
		SEVERAL(test_left_foreseen),
	};

	int failed = cmocka_run_group_tests(tests, NULL, NULL);

	fixture_free();
	return failed;
}
