#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <sqlite3.h>

#include "base/alloc.h"
#include "base/file.h"
#include "base/log.h"
#include "engine_fixture.h"
#include "pki_fixture.h"
#include "store_faults.h"

#define TWO_LINKS                                                                                  \
	"{\"service\":\"webhg2\",\"service_code\":\"whg1\",\"fqdn\":\"www.example.jp\"},"          \
	"{\"service\":\"docex\",\"service_code\":\"dox1\",\"fqdn\":\"WWW.Example.JP.\"}"

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

static void assert_job(struct engine_fixture *fixture, const char *contract, size_t number,
	enum job_state state, const char *detail)
{
	struct store_job job = engine_fixture_job(fixture, contract, number);

	assert_string_equal(job_state_name(job.state), job_state_name(state));
	if (detail != NULL)
		assert_string_equal(job.detail, detail);
	store_job_clear(&job);
}

static bool key_held(struct engine_fixture *fixture, const char *contract, size_t number)
{
	struct store_job job = engine_fixture_job(fixture, contract, number);
	bool held = engine_fixture_holds_key(fixture, &job);

	store_job_clear(&job);
	return held;
}

static void test_first(void **state)
{
	const struct fixture_record record = {
		.contract = "c1", .revision = 1, .certificate = 1, .links = TWO_LINKS};
	struct engine_fixture *fixture = *state;
	struct buffer trail = {0};
	struct error error;
	struct store_job job;

	assert_int_equal(engine_fixture_take(*state, &record, NULL), SPOOL_TAKEN);
	assert_int_equal(engine_fixture_job_count(*state, "c1"), 2);
	job = engine_fixture_job(*state, "c1", 1);
	assert_string_equal(job.service, "docex");
	assert_string_equal(job.fqdn, "www.example.jp");
	assert_int_equal(job.state, JOB_SCHEDULED);
	/* Issued on a Monday at 10:00: due on the Tuesday at 09:00. */
	assert_int_equal(job.due_ms, FIXTURE_START_MS + 23 * INT64_C(3600000));
	assert_int_equal(job.next_ms, job.due_ms);
	assert_int_equal(job.base_ms, FIXTURE_START_MS);
	assert_int_equal(job.settled_ms, 0);
	assert_true(store_job_trail(fixture->store, job.id, &trail, &error));
	assert_non_null(strstr(buffer_text(&trail), "11\tnote\t"));
	buffer_free(&trail);
	assert_int_equal(strlen(job.idempotency_key), 32);
	assert_true(engine_fixture_holds_key(*state, &job));
	store_job_clear(&job);
}

static void test_again_changes_nothing(void **state)
{
	struct fixture_record record = {.contract = "c1", .revision = 3, .certificate = 1};
	struct store_job before, after;

	engine_fixture_take(*state, &record, NULL);
	before = engine_fixture_job(*state, "c1", 0);
	assert_int_equal(engine_fixture_take(*state, &record, NULL), SPOOL_TAKEN);
	/* The key may be left out while it is held. */
	record.without_key = true;
	assert_int_equal(engine_fixture_take(*state, &record, NULL), SPOOL_TAKEN);
	record.revision = 4;
	assert_int_equal(engine_fixture_take(*state, &record, NULL), SPOOL_TAKEN);
	assert_int_equal(engine_fixture_job_count(*state, "c1"), 1);
	after = engine_fixture_job(*state, "c1", 0);
	assert_int_equal(before.id, after.id);
	assert_int_equal(after.state, JOB_SCHEDULED);
	assert_string_equal(before.idempotency_key, after.idempotency_key);
	store_job_clear(&before);
	store_job_clear(&after);
}

static void test_lower_revision_is_ignored(void **state)
{
	struct fixture_record record = {.contract = "c1", .revision = 5, .certificate = 1};

	engine_fixture_take(*state, &record, NULL);
	record.revision = 4;
	record.certificate = 2;
	assert_int_equal(engine_fixture_take(*state, &record, NULL), SPOOL_TAKEN);
	assert_int_equal(engine_fixture_job_count(*state, "c1"), 1);
	assert_job(*state, "c1", 0, JOB_SCHEDULED, NULL);
}

static void test_revision_conflict(void **state)
{
	struct fixture_record record = {.contract = "c1", .revision = 5, .certificate = 1};
	struct error reason;

	engine_fixture_take(*state, &record, NULL);
	record.certificate = 2;
	assert_int_equal(engine_fixture_take(*state, &record, &reason), SPOOL_REJECTED);
	assert_non_null(strstr(reason.text, "revision-conflict: contract c1 has revision 5"));
	record.certificate = 1;
	record.links = TWO_LINKS;
	assert_int_equal(engine_fixture_take(*state, &record, &reason), SPOOL_REJECTED);
	assert_int_equal(engine_fixture_job_count(*state, "c1"), 1);
}

static void test_renewal_supersedes_and_wipes(void **state)
{
	struct fixture_record record = {.contract = "c1", .revision = 1, .certificate = 1};

	engine_fixture_take(*state, &record, NULL);
	assert_true(key_held(*state, "c1", 0));
	record.revision = 2;
	record.certificate = 2;
	engine_fixture_take(*state, &record, NULL);
	assert_int_equal(engine_fixture_job_count(*state, "c1"), 2);
	assert_job(*state, "c1", 0, JOB_SUPERSEDED,
		"a newer certificate of the contract took its place");
	assert_job(*state, "c1", 1, JOB_SCHEDULED, NULL);
	assert_false(key_held(*state, "c1", 0));
	assert_true(key_held(*state, "c1", 1));
}

static void test_refused_link_keeps_no_key(void **state)
{
	struct fixture_record record = {
		.contract = "c1", .revision = 1, .certificate = 1, .wrong_key = true};

	assert_int_equal(engine_fixture_take(*state, &record, NULL), SPOOL_TAKEN);
	assert_job(*state, "c1", 0, JOB_REFUSED, "key-mismatch");
	assert_false(key_held(*state, "c1", 0));
	/* The right key comes with the next revision. */
	record.revision = 2;
	record.wrong_key = false;
	assert_int_equal(engine_fixture_take(*state, &record, NULL), SPOOL_TAKEN);
	assert_int_equal(engine_fixture_job_count(*state, "c1"), 1);
	assert_job(*state, "c1", 0, JOB_SCHEDULED, NULL);
	assert_true(key_held(*state, "c1", 0));
}

static void test_one_refused_link_stops_no_other(void **state)
{
	const struct fixture_record record = {
		.contract = "c1",
		.revision = 1,
		.certificate = 1,
		.links = "{\"service\":\"webhg2\",\"service_code\":\"whg1\","
			 "\"fqdn\":\"mail.example.jp\"},"
			 "{\"service\":\"nowhere\",\"service_code\":\"n1\","
			 "\"fqdn\":\"www.example.jp\"},"
			 "{\"service\":\"webhg2\",\"service_code\":\"whg2\","
			 "\"fqdn\":\"www.example.jp\"}",
	};

	engine_fixture_take(*state, &record, NULL);
	assert_job(*state, "c1", 0, JOB_REFUSED, "name-mismatch");
	assert_job(*state, "c1", 1, JOB_REFUSED, "unknown-service");
	assert_job(*state, "c1", 2, JOB_SCHEDULED, "");
}

static void test_ended_contract_cancels(void **state)
{
	struct fixture_record record = {.contract = "c1", .revision = 1, .certificate = 1};

	engine_fixture_take(*state, &record, NULL);
	record.revision = 2;
	record.ended = true;
	engine_fixture_take(*state, &record, NULL);
	assert_job(*state, "c1", 0, JOB_CANCELLED, "the contract has ended");
	assert_false(key_held(*state, "c1", 0));
}

static void test_refusal_is_final(void **state)
{
	const struct fixture_record record = {
		.contract = "c1", .revision = 1, .certificate = 1, .wrong_key = true};
	struct store_job job;

	engine_fixture_take(*state, &record, NULL);
	job = engine_fixture_job(*state, "c1", 0);
	assert_int_equal(job.settled_ms, FIXTURE_START_MS);
	assert_int_equal(job.next_ms, 0);
	store_job_clear(&job);
}

/* What is known is not judged again, whatever has become of it by now. */
static void test_known_revision_is_left_alone(void **state)
{
	struct engine_fixture *fixture = *state;
	const struct fixture_record record = {.contract = "c1", .revision = 1, .certificate = 1};

	engine_fixture_take(fixture, &record, NULL);
	manual_clock_advance(&fixture->clock, 200 * DAY_MS);
	assert_int_equal(engine_fixture_take(fixture, &record, NULL), SPOOL_TAKEN);
	assert_job(fixture, "c1", 0, JOB_SCHEDULED, "");
}

static void test_key_wiped_and_left_out(void **state)
{
	struct fixture_record record = {.contract = "c1", .revision = 1, .certificate = 1};

	engine_fixture_take(*state, &record, NULL);
	record.revision = 2;
	record.ended = true;
	engine_fixture_take(*state, &record, NULL);
	record.revision = 3;
	record.ended = false;
	record.without_key = true;
	engine_fixture_take(*state, &record, NULL);
	assert_job(*state, "c1", 0, JOB_REFUSED, "key-mismatch");
	record.revision = 4;
	record.without_key = false;
	engine_fixture_take(*state, &record, NULL);
	assert_job(*state, "c1", 0, JOB_SCHEDULED, "");
	assert_true(key_held(*state, "c1", 0));
}

static void test_idempotency_keys_differ(void **state)
{
	static const struct fixture_record records[] = {
		{.contract = "c1", .revision = 1, .certificate = 1, .links = TWO_LINKS},
		{.contract = "c2", .revision = 1, .certificate = 1},
		{.contract = "c3", .revision = 1, .certificate = 1},
		{.contract = "c3", .revision = 2, .certificate = 2},
	};
	static const struct {
		const char *contract;
		size_t number;
	} jobs[] = {{"c1", 0}, {"c1", 1}, {"c2", 0}, {"c3", 0}, {"c3", 1}};
	char keys[ARRAY_LENGTH(jobs)][IDEMPOTENCY_KEY_MAX];
	size_t i, j;

	for (i = 0; i < ARRAY_LENGTH(records); i++)
		engine_fixture_take(*state, &records[i], NULL);
	for (i = 0; i < ARRAY_LENGTH(jobs); i++) {
		struct store_job job = engine_fixture_job(*state, jobs[i].contract, jobs[i].number);

		memcpy(keys[i], job.idempotency_key, sizeof(keys[i]));
		store_job_clear(&job);
		for (j = 0; j < i; j++)
			assert_string_not_equal(keys[i], keys[j]);
	}
}

static void test_dry_run_keeps_nothing(void **state)
{
	struct engine_fixture *fixture = *state;
	const struct fixture_record record = {.contract = "c1", .revision = 1, .certificate = 1};
	struct error error;

	intake_free(fixture->intake);
	assert_true(intake_new(fixture->settings, fixture->store, &fixture->clock.clock, NULL, true,
		&fixture->intake, &error));
	assert_int_equal(engine_fixture_take(fixture, &record, NULL), SPOOL_TAKEN);
	assert_int_equal(engine_fixture_job_count(fixture, "c1"), 0);
}

/* Takes RECORD with its certificate's bytes made unreadable by JUNK. */
static void take_damaged(
	struct engine_fixture *fixture, const struct fixture_record *record, const char *junk)
{
	struct spool_taker taker = intake_taker(fixture->intake);
	char *text = fixture_record_text(record);
	const struct spool_item item = {"x.json", 0, text, strlen(text)};
	char *base64 = strstr(text, "CERTIFICATE-----");
	struct error error;
	size_t i;

	base64 += strlen("CERTIFICATE-----\\n");
	for (i = 0; junk[i] != '\0'; i++)
		base64[i] = junk[i];
	assert_int_equal(taker.take(taker.context, &item, &error), SPOOL_TAKEN);
	assert_true(taker.flush(taker.context, &error));
	free(text);
}

static void test_unreadable_certificates_are_told_apart(void **state)
{
	struct fixture_record record = {.contract = "c1", .revision = 1, .certificate = 1};
	struct store_job first, second;

	take_damaged(*state, &record, "AAAAAAAA");
	record.contract = "c2";
	take_damaged(*state, &record, "BBBBBBBB");
	first = engine_fixture_job(*state, "c1", 0);
	second = engine_fixture_job(*state, "c2", 0);
	assert_int_equal(first.state, JOB_REFUSED);
	assert_non_null(strstr(first.detail, "malformed"));
	assert_memory_not_equal(first.fingerprint, second.fingerprint, FINGERPRINT_SIZE);
	store_job_clear(&first);
	store_job_clear(&second);
}

static void test_key_left_out_and_not_held(void **state)
{
	const struct fixture_record record = {
		.contract = "c1", .revision = 1, .certificate = 1, .without_key = true};

	engine_fixture_take(*state, &record, NULL);
	assert_job(*state, "c1", 0, JOB_REFUSED, "key-mismatch");
}

static void test_two_snapshots_in_one_batch(void **state)
{
	struct engine_fixture *fixture = *state;
	struct spool_taker taker = intake_taker(fixture->intake);
	struct fixture_record record = {.contract = "c1", .revision = 2, .certificate = 2};
	struct error reason;
	int i;

	/* The newer comes first, the older after it in the same batch. */
	for (i = 0; i < 2; i++) {
		char *text = fixture_record_text(&record);
		const struct spool_item item = {"x.ndjson", (size_t)i + 1, text, strlen(text)};

		assert_int_equal(taker.take(taker.context, &item, &reason), SPOOL_TAKEN);
		free(text);
		record.revision = 1;
		record.certificate = 1;
	}
	assert_true(taker.flush(taker.context, &reason));
	assert_int_equal(engine_fixture_job_count(fixture, "c1"), 1);
	assert_job(fixture, "c1", 0, JOB_SCHEDULED, NULL);
}

static void test_unreadable_record(void **state)
{
	struct engine_fixture *fixture = *state;
	struct spool_taker taker = intake_taker(fixture->intake);
	const char *text = "{\"contract\": \"c1\"}";
	const struct spool_item item = {"x.json", 0, text, strlen(text)};
	struct error reason;

	assert_int_equal(taker.take(taker.context, &item, &reason), SPOOL_REJECTED);
	assert_non_null(strstr(reason.text, "revision"));
	assert_true(taker.flush(taker.context, &reason));
}

/* What an operator is told to do when the key of a waiting job is gone: it has to help. */
static void test_key_sent_again_is_kept(void **state)
{
	struct engine_fixture *fixture = *state;
	struct fixture_record record = {.contract = "c1", .revision = 1, .certificate = 1};
	struct buffer sealed = {0};
	char key_id[SEAL_KEY_ID_MAX];
	struct store_job job;
	struct error error;
	bool found;

	engine_fixture_take(fixture, &record, NULL);
	job = engine_fixture_job(fixture, "c1", 0);
	/* Sealed under a key that nobody has any more. */
	buffer_append_text(&sealed, "unreadable");
	assert_true(store_secret_put(
		fixture->store, job.certificate_id, "0123456789abcdef", &sealed, &error));
	buffer_free(&sealed);
	record.revision = 2;
	record.without_key = true;
	engine_fixture_take(fixture, &record, NULL);
	record.revision = 3;
	record.without_key = false;
	engine_fixture_take(fixture, &record, NULL);
	assert_job(fixture, "c1", 0, JOB_SCHEDULED, "");
	assert_true(store_secret_get(
		fixture->store, job.certificate_id, key_id, &sealed, &found, &error));
	assert_true(found);
	assert_string_equal(key_id, keyring_present_id(settings_keyring(fixture->settings)));
	buffer_free(&sealed);
	store_job_clear(&job);
}

static enum spool_taken take_only(
	struct engine_fixture *fixture, const struct fixture_record *record)
{
	struct spool_taker taker = intake_taker(fixture->intake);
	char *text = fixture_record_text(record);
	const struct spool_item item = {"x.json", 0, text, strlen(text)};
	struct error reason;
	enum spool_taken taken = taker.take(taker.context, &item, &reason);

	free(text);
	return taken;
}

static void test_store_that_fails_loses_nothing(void **state)
{
	struct engine_fixture *fixture = *state;
	struct spool_taker taker = intake_taker(fixture->intake);
	const struct fixture_record record = {.contract = "c1", .revision = 1, .certificate = 1};
	struct error error;
	int allowed = 0;

	/* Wherever in the transaction the disk fills up, the flush says so. */
	for (;; allowed++) {
		assert_int_equal(take_only(fixture, &record), SPOOL_TAKEN);
		store_faults_after(allowed, SQLITE_FULL);
		if (taker.flush(taker.context, &error))
			break;
		assert_true(store_faults_hit());
		store_faults_after(-1, SQLITE_OK);
		assert_int_equal(engine_fixture_job_count(fixture, "c1"), 0);
	}
	assert_true(allowed > 0);
	assert_false(store_faults_hit());
	store_faults_after(-1, SQLITE_OK);
	assert_job(fixture, "c1", 0, JOB_SCHEDULED, "");
	assert_true(key_held(fixture, "c1", 0));
}

static void test_batch_lost_halfway_is_told(void **state)
{
	struct engine_fixture *fixture = *state;
	struct spool_taker taker = intake_taker(fixture->intake);
	struct fixture_record record = {.contract = "c1", .revision = 1, .certificate = 1};
	struct error error;

	assert_int_equal(take_only(fixture, &record), SPOOL_TAKEN);
	store_faults_after(0, SQLITE_FULL);
	/* The contract's second snapshot makes the batch be stored, which fails. */
	record.revision = 2;
	assert_int_equal(take_only(fixture, &record), SPOOL_LATER);
	store_faults_after(-1, SQLITE_OK);
	record.contract = "c2";
	assert_int_equal(take_only(fixture, &record), SPOOL_TAKEN);
	/* The source must not take the first for stored, though the store works again. */
	assert_false(taker.flush(taker.context, &error));
	assert_non_null(strstr(error.text, "the disk is full"));
	assert_int_equal(engine_fixture_job_count(fixture, "c1"), 0);
	assert_int_equal(engine_fixture_job_count(fixture, "c2"), 0);
	assert_int_equal(take_only(fixture, &record), SPOOL_TAKEN);
	assert_true(taker.flush(taker.context, &error));
	assert_int_equal(engine_fixture_job_count(fixture, "c2"), 1);
}

static int holiday_warnings;

static void count_warnings(void *context, enum log_level level, const char *message,
	const struct log_field *fields, size_t field_count)
{
	(void)context;
	(void)fields;
	(void)field_count;
	if (level == LOG_LEVEL_WARNING && strstr(message, "ends with 2025") != NULL)
		holiday_warnings++;
}

static void test_end_of_the_holidays_file_is_told_once(void **state)
{
	char folder[] = "/tmp/test-intake-XXXXXX", *path, *line;
	static const char csv[] = "date,name\n2025/1/1,x\n";
	struct fixture_record record = {.contract = "c1", .revision = 1, .certificate = 1};
	struct engine_fixture *fixture;
	struct error error;

	(void)state;
	assert_non_null(mkdtemp(folder));
	path = xasprintf("%s/holidays.csv", folder);
	line = xasprintf("holidays = \"%s\"", path);
	assert_true(file_write_atomic(path, csv, strlen(csv), 0600, &error));
	fixture = engine_fixture_new(line);
	holiday_warnings = 0;
	log_set_sink(count_warnings, NULL);
	record.wrong_key = true;
	engine_fixture_take(fixture, &record, NULL);
	assert_int_equal(holiday_warnings, 0);
	record.wrong_key = false;
	record.revision = 2;
	engine_fixture_take(fixture, &record, NULL);
	assert_int_equal(holiday_warnings, 1);
	record.contract = "c2";
	engine_fixture_take(fixture, &record, NULL);
	assert_int_equal(holiday_warnings, 1);
	log_set_sink(NULL, NULL);
	engine_fixture_free(fixture);
	unlink(path);
	rmdir(folder);
	free(line);
	free(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_first, begin, end),
		cmocka_unit_test_setup_teardown(test_again_changes_nothing, begin, end),
		cmocka_unit_test_setup_teardown(test_lower_revision_is_ignored, begin, end),
		cmocka_unit_test_setup_teardown(test_revision_conflict, begin, end),
		cmocka_unit_test_setup_teardown(test_renewal_supersedes_and_wipes, begin, end),
		cmocka_unit_test_setup_teardown(test_refused_link_keeps_no_key, begin, end),
		cmocka_unit_test_setup_teardown(test_one_refused_link_stops_no_other, begin, end),
		cmocka_unit_test_setup_teardown(test_ended_contract_cancels, begin, end),
		cmocka_unit_test_setup_teardown(test_refusal_is_final, begin, end),
		cmocka_unit_test_setup_teardown(test_known_revision_is_left_alone, begin, end),
		cmocka_unit_test_setup_teardown(test_key_wiped_and_left_out, begin, end),
		cmocka_unit_test_setup_teardown(test_idempotency_keys_differ, begin, end),
		cmocka_unit_test_setup_teardown(test_dry_run_keeps_nothing, begin, end),
		cmocka_unit_test_setup_teardown(
			test_unreadable_certificates_are_told_apart, begin, end),
		cmocka_unit_test_setup_teardown(test_key_left_out_and_not_held, begin, end),
		cmocka_unit_test_setup_teardown(test_two_snapshots_in_one_batch, begin, end),
		cmocka_unit_test_setup_teardown(test_unreadable_record, begin, end),
		cmocka_unit_test(test_end_of_the_holidays_file_is_told_once),
		cmocka_unit_test_setup_teardown(test_key_sent_again_is_kept, begin, end),
		cmocka_unit_test_setup_teardown(
			test_store_that_fails_loses_nothing, begin_faulty, end_faulty),
		cmocka_unit_test_setup_teardown(
			test_batch_lost_halfway_is_told, begin_faulty, end_faulty),
	};
	int status = cmocka_run_group_tests_name("intake", tests, NULL, NULL);

	fixture_free();
	return status;
}
