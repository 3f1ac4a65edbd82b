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

/* NAME (under the fixture's folder) holds a record of CONTRACT, "c1" to "c9", each with a
 * certificate of its own; to be freed. */
static char *write_record(struct run *run, const char *name, const char *contract)
{
	const struct fixture_record record = {
		.contract = contract, .revision = 1, .certificate = contract[1] - '0'};
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

static void write_text(struct run *run, const char *name, const char *text)
{
	char *path = xasprintf("%s/%s", run->fixture->folder, name);
	struct error error;

	assert_true(file_write_atomic(path, text, strlen(text), 0600, &error));
	free(path);
}

/* A reload with another sealing key: what the old one sealed is sealed anew, then records go on. */
static void test_reload_seals_anew(void **state)
{
	static const char key[] =
		"ff0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\n";
	static const char old_key[] =
		"000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\n";
	struct run *run = *state;
	char *path = write_record(run, "spool/a.json", "c1");
	char *conf = xasprintf("%s/certinstalld.conf", run->fixture->folder), *text;
	struct material material = {0};
	struct buffer buffer = {0};
	struct settings *settings;
	char key_id[SEAL_KEY_ID_MAX];
	struct store_job job;
	struct error error;
	bool found;

	worker_poke(run->worker);
	turn(run);
	free(path);
	assert_true(file_read(conf, 65536, &buffer, &error));
	text = xasprintf("%ssealing-keys-old = {\"old.key\"}\n", buffer_text(&buffer));
	buffer_free(&buffer);
	write_text(run, "certinstalld.conf", text);
	free(text);
	write_text(run, "old.key", old_key);
	write_text(run, "sealing.key", key);
	assert_true(settings_read(conf, &settings, &error));
	free(conf);
	assert_true(worker_use(run->worker, settings, &error));
	path = write_record(run, "spool/b.json", "c2");
	worker_poke(run->worker);
	turn(run);
	assert_int_equal(run->pass.taken, 1);
	job = engine_fixture_job(run->fixture, "c1", 0);
	assert_true(store_secret_get(
		run->fixture->store, job.certificate_id, key_id, &buffer, &found, &error));
	assert_true(found);
	assert_string_equal(key_id, keyring_present_id(settings_keyring(settings)));
	assert_true(open_material(settings_keyring(settings), key_id, buffer.data, buffer.length,
		job.fingerprint, &material, &error));
	assert_true(material.key_pem.length > 0);
	material_clear(&material);
	buffer_free(&buffer);
	store_job_clear(&job);
	settings_unref(settings);
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
	alarm(120);
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
		cmocka_unit_test_setup_teardown(test_reload_seals_anew, begin, end),
		cmocka_unit_test_setup_teardown(
			test_silent_pipe_does_not_hold_up_the_end, begin, end),
	};
	int status = cmocka_run_group_tests_name("worker", tests, NULL, NULL);

	fixture_free();
	return status;
}
