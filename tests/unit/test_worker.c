#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "base/file.h"
#include "engine/worker.h"
#include "engine_fixture.h"
#include "pki_fixture.h"

struct run {
	struct engine_fixture *fixture;
	struct worker *worker;
	struct spool_pass pass;
	int rests;
	int stored;
};

static void stored(void *context)
{
	struct run *run = context;

	run->stored++;
}

static void rested(void *context, const struct spool_pass *pass)
{
	struct run *run = context;

	run->rests++;
	run->pass = *pass;
	loop_stop(run->fixture->loop);
}

static int begin(void **state)
{
	struct run *run = xcalloc(1, sizeof(*run));
	struct worker_options options = {.stored = stored, .rested = rested, .context = run};
	struct error error;
	char *spool;

	run->fixture = engine_fixture_new(NULL);
	spool = xasprintf("%s/spool", run->fixture->folder);
	assert_int_equal(mkdir(spool, 0700), 0);
	free(spool);
	options.loop = run->fixture->loop;
	assert_true(worker_new(&options, run->fixture->settings, &run->worker, &error));
	*state = run;
	return 0;
}

static int end(void **state)
{
	struct run *run = *state;
	char *spool = xasprintf("%s/spool", run->fixture->folder);

	worker_free(run->worker);
	rmdir(spool);
	free(spool);
	engine_fixture_free(run->fixture);
	free(run);
	return 0;
}

/* NAME (under the fixture's folder) holds a record of CONTRACT; to be freed. */
static char *write_record(struct run *run, const char *name, const char *contract)
{
	const struct fixture_record record = {
		.contract = contract, .revision = 1, .certificate = 1};
	char *path = xasprintf("%s/%s", run->fixture->folder, name);
	char *text = fixture_record_text(&record);
	struct error error;

	assert_true(file_write_atomic(path, text, strlen(text), 0600, &error));
	free(text);
	return path;
}

static void turn(struct run *run)
{
	struct error error;

	assert_true(loop_run(run->fixture->loop, &error));
}

static off_t log_size(const struct run *run)
{
	char *path = xasprintf("%s/store.db-wal", run->fixture->folder);
	struct stat status;
	off_t size = stat(path, &status) == 0 ? status.st_size : 0;

	free(path);
	return size;
}

/* Real time, since a thread is waited for; a bound, so that a fault shows. */
#define TRIES 2000
static void nap(void)
{
	usleep(5000);
}

static void test_pass(void **state)
{
	struct run *run = *state;
	char *path = write_record(run, "spool/a.json", "c1");

	worker_poke(run->worker);
	turn(run);
	assert_int_equal(run->rests, 1);
	assert_true(run->stored >= 1);
	assert_int_equal(run->pass.taken, 1);
	assert_int_equal(engine_fixture_job_count(run->fixture, "c1"), 1);
	assert_int_not_equal(access(path, F_OK), 0);
	free(path);
}

/* An import that is over before the pass is asked for: its rest alone is none. */
static void test_rest_is_told_when_all_is_gone_through(void **state)
{
	struct run *run = *state;
	char *import = write_record(run, "b.json", "c2");
	char *path = write_record(run, "spool/a.json", "c1");
	int tries;

	worker_import(run->worker, import);
	for (tries = 0; tries < TRIES && engine_fixture_job_count(run->fixture, "c2") == 0; tries++)
		nap();
	/* Stored; the thread rests a moment later. */
	nap();
	worker_poke(run->worker);
	turn(run);
	assert_int_equal(run->rests, 1);
	assert_int_equal(run->pass.taken, 2);
	assert_int_equal(engine_fixture_job_count(run->fixture, "c1"), 1);
	unlink(import);
	free(import);
	free(path);
}

static void test_checkpoint_empties_the_log(void **state)
{
	struct run *run = *state;
	char *path = write_record(run, "spool/a.json", "c1");
	int tries;

	worker_poke(run->worker);
	turn(run);
	assert_true(log_size(run) > 0);
	worker_checkpoint(run->worker);
	for (tries = 0; tries < TRIES && log_size(run) > 0; tries++)
		nap();
	assert_int_equal(log_size(run), 0);
	/* No rest is told for it. */
	assert_int_equal(run->rests, 1);
	free(path);
}

/* A pipe that somebody holds open and writes nothing into does not hold up the end. */
static void test_silent_pipe_does_not_hold_up_the_end(void **state)
{
	struct run *run = *state;
	char *path = xasprintf("%s/pipe.ndjson", run->fixture->folder);

	assert_int_equal(mkfifo(path, 0600), 0);
	worker_import(run->worker, path);
	nap();
	alarm(20);
	worker_free(run->worker);
	alarm(0);
	run->worker = NULL;
	unlink(path);
	free(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_pass, begin, end),
		cmocka_unit_test_setup_teardown(
			test_rest_is_told_when_all_is_gone_through, begin, end),
		cmocka_unit_test_setup_teardown(test_checkpoint_empties_the_log, begin, end),
		cmocka_unit_test_setup_teardown(
			test_silent_pipe_does_not_hold_up_the_end, begin, end),
	};
	int status = cmocka_run_group_tests_name("worker", tests, NULL, NULL);

	fixture_free();
	return status;
}
