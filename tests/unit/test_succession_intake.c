/* Contracts that change, and service codes that go from one to another: intake, store and pump. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "base/log.h"
#include "engine_fixture.h"
#include "pki_fixture.h"

#define HOUR INT64_C(3600000)
#define DAY (24 * HOUR)
#define START FIXTURE_START_MS
/* Records are issued on Monday at 10:00 and due on Tuesday at 09:00. */
#define DUE (START + 23 * HOUR)

#define WWW(since)                                                                                 \
	"{\"service\":\"webhg2\",\"service_code\":\"whg1\",\"fqdn\":\"www.example.jp\",\"since\":" \
	"\"" since "\"}"
#define OLD WWW("2026-01-05T10:00:00+09:00")
#define YOUNG WWW("2026-02-05T10:00:00+09:00")
#define YOUNGEST WWW("2026-03-05T10:00:00+09:00")
#define OTHER "{\"service\":\"other\",\"service_code\":\"\",\"fqdn\":\"www.example.jp\"}"
#define EMPTIED "{\"service\":\"webhg2\",\"service_code\":\"\",\"fqdn\":\"www.example.jp\"}"

static char told[8192];

static void keep_told(void *context, enum log_level level, const char *message,
	const struct log_field *fields, size_t field_count)
{
	size_t used = strlen(told);

	(void)context;
	(void)level;
	(void)fields;
	(void)field_count;
	snprintf(told + used, sizeof(told) - used, "%s\n", message);
}

static int begin(void **state)
{
	*state = engine_fixture_new("retry-floor = \"10s\" retry-ceiling = \"10s\"");
	told[0] = '\0';
	log_set_sink(keep_told, NULL);
	return 0;
}

static int end(void **state)
{
	engine_fixture_free(*state);
	return 0;
}

static void take(struct engine_fixture *fixture, const char *contract, int revision,
	int certificate, const char *links)
{
	const struct fixture_record record = {.contract = contract,
		.revision = revision,
		.certificate = certificate,
		.links = links};

	assert_int_equal(engine_fixture_take(fixture, &record, NULL), SPOOL_TAKEN);
}

static void take_at(struct engine_fixture *fixture, int revision, int certificate, int64_t at_ms)
{
	const struct fixture_record record = {
		.contract = "c1", .revision = revision, .certificate = certificate, .at_ms = at_ms};

	assert_int_equal(engine_fixture_take(fixture, &record, NULL), SPOOL_TAKEN);
}

static void go_to(struct engine_fixture *fixture, int64_t wall_ms)
{
	manual_clock_advance(&fixture->clock, wall_ms - fixture->clock.wall_now_ms);
}

static void pump_at(struct engine_fixture *fixture, int64_t wall_ms)
{
	go_to(fixture, wall_ms);
	engine_fixture_pump(fixture);
}

struct turning {
	struct loop *loop;
	struct loop_timer *timer;
	int passes;
};

static void turn_loop(void *context)
{
	struct turning *turning = context;

	if (--turning->passes == 0)
		loop_stop(turning->loop);
	else
		loop_timer_set(turning->timer, 1);
}

/*
 * Turns the loop a little while something hangs in flight: so many passes, not so long a time,
 * which a slow disk would use up with a single commit.
 */
static void turn(struct engine_fixture *fixture)
{
	struct turning turning = {.loop = fixture->loop, .passes = 20};
	struct error error;

	turning.timer = loop_timer_new(fixture->loop, turn_loop, &turning);
	pump_poke(fixture->pump);
	loop_timer_set(turning.timer, 1);
	assert_true(loop_run(fixture->loop, &error));
	loop_timer_free(turning.timer);
}

static void assert_nth(struct engine_fixture *fixture, const char *contract, size_t number,
	enum job_state state, int64_t due_ms)
{
	struct store_job job = engine_fixture_job(fixture, contract, number);

	assert_string_equal(job_state_name(job.state), job_state_name(state));
	if (due_ms >= 0) {
		assert_int_equal(job.due_ms, due_ms);
		assert_int_equal(job.next_ms, due_ms);
	}
	if (job_state_needs_key(state))
		assert_true(engine_fixture_holds_key(fixture, &job));
	store_job_clear(&job);
}

static void assert_job(
	struct engine_fixture *fixture, const char *contract, enum job_state state, int64_t due_ms)
{
	assert_int_equal(engine_fixture_job_count(fixture, contract), 1);
	assert_nth(fixture, contract, 0, state, due_ms);
}

static void assert_detail(
	struct engine_fixture *fixture, const char *contract, size_t number, const char *part)
{
	struct store_job job = engine_fixture_job(fixture, contract, number);

	if (strstr(job.detail, part) == NULL)
		fail_msg("\"%s\" is not in \"%s\"", part, job.detail);
	store_job_clear(&job);
}

static void assert_told(const char *part)
{
	if (strstr(told, part) == NULL)
		fail_msg("\"%s\" is not in \"%s\"", part, told);
	told[0] = '\0';
}

/* What the pump sent in all is COUNT, the last with the certificate of job NUMBER of CONTRACT. */
static void assert_sent(
	struct engine_fixture *fixture, size_t count, const char *contract, size_t number)
{
	struct store_job job = engine_fixture_job(fixture, contract, number);

	assert_int_equal(fixture->sent_count, count);
	assert_memory_equal(fixture->served, job.fingerprint, FINGERPRINT_SIZE);
	assert_string_equal(fixture->sent[count - 1].idempotency_key, job.idempotency_key);
	store_job_clear(&job);
}

/* ---- holding ---- */

static void test_second_is_held(void **state)
{
	struct engine_fixture *fixture = *state;
	struct buffer trail = {0};
	struct store_job job;
	struct error error;

	take(fixture, "c1", 1, 1, OLD);
	take(fixture, "c2", 1, 2, YOUNG);
	assert_job(fixture, "c1", JOB_SCHEDULED, DUE);
	assert_job(fixture, "c2", JOB_HELD, 0);
	assert_detail(fixture, "c2", 0, "contract c1");
	assert_told("c2: webhg2 whg1 www.example.jp: held: contract c1 has the service code");
	job = engine_fixture_job(fixture, "c2", 0);
	assert_int_equal(job.base_ms, START);
	assert_true(store_job_trail(fixture->store, job.id, &trail, &error));
	assert_non_null(strstr(buffer_text(&trail), "15\thold\tContract c1 has"));
	buffer_free(&trail);
	store_job_clear(&job);
	pump_at(fixture, DUE + DAY);
	assert_sent(fixture, 1, "c1", 0);
	take(fixture, "c2", 2, 2, YOUNG);
	assert_job(fixture, "c2", JOB_HELD, 0);
}

static void test_arrival_decides_nothing(void **state)
{
	struct engine_fixture *fixture = *state;

	take(fixture, "c3", 1, 3, YOUNGEST);
	assert_job(fixture, "c3", JOB_SCHEDULED, DUE);
	take(fixture, "c2", 1, 2, YOUNG);
	assert_job(fixture, "c3", JOB_HELD, 0);
	assert_told("c3: webhg2 whg1 www.example.jp: held: contract c2 has the service code now");
	take(fixture, "c1", 1, 1, OLD);
	assert_job(fixture, "c1", JOB_SCHEDULED, DUE);
	assert_job(fixture, "c2", JOB_HELD, 0);
	assert_job(fixture, "c3", JOB_HELD, 0);
	assert_detail(fixture, "c3", 0, "contract c1");
}

static void test_what_has_begun_is_kept(void **state)
{
	static const struct scripted_answer hang = {HTTP_OK, 200, NULL, true, NULL, NULL};
	struct engine_fixture *fixture = *state;

	engine_fixture_script(fixture, &hang, 1);
	take(fixture, "c2", 1, 2, YOUNG);
	go_to(fixture, DUE);
	turn(fixture);
	assert_int_equal(fixture->sent_count, 1);
	take(fixture, "c1", 1, 1, OLD);
	assert_job(fixture, "c1", JOB_HELD, 0);
	pump_abort(fixture->pump);
}

/* One that is refused, or has no certificate yet, names the code all the same. */
static void test_naming_is_enough(void **state)
{
	struct engine_fixture *fixture = *state;
	const struct fixture_record refused = {
		.contract = "c1", .revision = 2, .certificate = 1, .wrong_key = true, .links = OLD};

	take(fixture, "c1", 1, 0, OLD);
	take(fixture, "c2", 1, 2, YOUNG);
	assert_job(fixture, "c2", JOB_HELD, 0);
	assert_int_equal(engine_fixture_take(fixture, &refused, NULL), SPOOL_TAKEN);
	assert_job(fixture, "c1", JOB_REFUSED, 0);
	assert_job(fixture, "c2", JOB_HELD, 0);
}

static void check_letting_go(struct engine_fixture *fixture, const char *links, bool ended)
{
	const struct fixture_record gone = {
		.contract = "c1", .revision = 2, .certificate = 1, .links = links, .ended = ended};
	/* Thursday at 15:00: due on Friday at 09:00. */
	int64_t freed = START + 3 * DAY + 5 * HOUR, due = START + 4 * DAY - HOUR;
	struct buffer trail = {0};
	struct store_pair *pairs;
	struct store_job job;
	struct error error;
	size_t pair_count;

	take(fixture, "c1", 1, 1, OLD);
	take(fixture, "c2", 1, 2, YOUNG);
	pump_at(fixture, DUE);
	assert_sent(fixture, 1, "c1", 0);
	go_to(fixture, freed);
	assert_int_equal(engine_fixture_take(fixture, &gone, NULL), SPOOL_TAKEN);
	assert_told("c2: webhg2 whg1 www.example.jp: released by c1, due "
		    "2026-11-20T09:00:00+09:00 (Fri)");
	assert_true(store_pairs_of_contract(fixture->store, "c1", &pairs, &pair_count, &error));
	store_pairs_free(pairs, pair_count);
	assert_int_equal(pair_count, 0);
	assert_job(fixture, "c1", JOB_INSTALLED, -1);
	assert_job(fixture, "c2", JOB_SCHEDULED, due);
	job = engine_fixture_job(fixture, "c2", 0);
	assert_int_equal(job.base_ms, freed);
	assert_int_equal(job.generation, 0);
	assert_true(store_job_trail(fixture->store, job.id, &trail, &error));
	assert_non_null(strstr(buffer_text(&trail), "10\tnote\tDays are counted from the instant "
						    "at which another contract let"));
	assert_non_null(strstr(buffer_text(&trail), "15\tpass\t"));
	assert_null(strstr(buffer_text(&trail), "15\thold\t"));
	assert_non_null(strstr(buffer_text(&trail), "8 key\tpass\t"));
	buffer_free(&trail);
	store_job_clear(&job);
	engine_fixture_restart(fixture);
	pump_at(fixture, due - 1);
	assert_int_equal(fixture->sent_count, 1);
	/* A later record of the same changes nothing: the days count from the same instant. */
	take(fixture, "c2", 2, 2, YOUNG);
	assert_job(fixture, "c2", JOB_SCHEDULED, due);
	pump_at(fixture, due);
	assert_sent(fixture, 2, "c2", 0);
	assert_job(fixture, "c2", JOB_INSTALLED, -1);
	assert_job(fixture, "c1", JOB_INSTALLED, -1);
}

static void test_target_changed_to_other(void **state)
{
	check_letting_go(*state, OTHER, false);
}

static void test_code_emptied(void **state)
{
	check_letting_go(*state, EMPTIED, false);
}

static void test_link_removed(void **state)
{
	check_letting_go(*state, "", false);
}

static void test_contract_ended(void **state)
{
	check_letting_go(*state, OLD, true);
}

/* Let go and named again, of which the last was seen alone: it stands behind the other now. */
static void test_link_is_younger_than_before(void **state)
{
	struct engine_fixture *fixture = *state;
	int64_t due = START + 4 * DAY - HOUR;

	take(fixture, "c1", 1, 1, OLD);
	take(fixture, "c2", 1, 2, YOUNG);
	go_to(fixture, START + 3 * DAY + 5 * HOUR);
	take(fixture, "c1", 2, 1, YOUNGEST);
	assert_job(fixture, "c1", JOB_HELD, 0);
	assert_job(fixture, "c2", JOB_SCHEDULED, due);
	/* The days count from that instant, whatever comes after it. */
	take(fixture, "c2", 2, 2, YOUNG);
	assert_job(fixture, "c2", JOB_SCHEDULED, due);
}

static void test_the_next_of_several(void **state)
{
	struct engine_fixture *fixture = *state;

	take(fixture, "c1", 1, 1, OLD);
	take(fixture, "c3", 1, 3, YOUNGEST);
	take(fixture, "c2", 1, 2, YOUNG);
	take(fixture, "c1", 2, 1, OTHER);
	assert_job(fixture, "c1", JOB_CANCELLED, -1);
	assert_job(fixture, "c2", JOB_SCHEDULED, DUE);
	assert_job(fixture, "c3", JOB_HELD, 0);
	assert_detail(fixture, "c3", 0, "contract c2");
	take(fixture, "c3", 2, 3, OTHER);
	assert_job(fixture, "c3", JOB_CANCELLED, -1);
	assert_job(fixture, "c2", JOB_SCHEDULED, DUE);
}

static void test_over_by_the_time_it_is_released(void **state)
{
	struct engine_fixture *fixture = *state;
	struct store_job job;

	take(fixture, "c1", 1, 1, OLD);
	take(fixture, "c2", 1, 2, YOUNG);
	pump_at(fixture, DUE);
	go_to(fixture, START + 89 * DAY + HOUR);
	take(fixture, "c1", 2, 1, OTHER);
	assert_job(fixture, "c2", JOB_REFUSED, 0);
	assert_detail(fixture, "c2", 0, "expires-before-due");
	assert_told("c2: webhg2 whg1 www.example.jp: released by c1, but refused: "
		    "expires-before-due");
	job = engine_fixture_job(fixture, "c2", 0);
	assert_false(engine_fixture_holds_key(fixture, &job));
	store_job_clear(&job);
}

/* The contract that waits is renewed meanwhile: its newest certificate is released. */
static void test_renewal_while_held(void **state)
{
	struct engine_fixture *fixture = *state;
	struct fixture_record renewed = {.contract = "c2",
		.revision = 2,
		.certificate = 3,
		.links = YOUNG,
		.at_ms = START + DAY};

	take(fixture, "c1", 1, 1, OLD);
	take(fixture, "c2", 1, 2, YOUNG);
	pump_at(fixture, DUE);
	engine_fixture_take(fixture, &renewed, NULL);
	assert_nth(fixture, "c2", 0, JOB_SUPERSEDED, -1);
	assert_nth(fixture, "c2", 1, JOB_HELD, 0);
	go_to(fixture, START + 2 * DAY);
	take(fixture, "c1", 2, 1, OTHER);
	assert_nth(fixture, "c2", 0, JOB_SUPERSEDED, -1);
	assert_nth(fixture, "c2", 1, JOB_SCHEDULED, START + 3 * DAY - HOUR);
}

/* c1 lets go, c2 is installed and lets go, c1 names the code again. */
static void check_back_again(struct engine_fixture *fixture, bool without_key)
{
	struct fixture_record back = {.contract = "c1",
		.revision = 3,
		.certificate = 1,
		.links = OLD,
		.without_key = without_key};
	struct store_job job;
	char key[IDEMPOTENCY_KEY_MAX];

	take(fixture, "c1", 1, 1, OLD);
	take(fixture, "c2", 1, 2, YOUNG);
	pump_at(fixture, DUE);
	job = engine_fixture_job(fixture, "c1", 0);
	snprintf(key, sizeof(key), "%s", job.idempotency_key);
	store_job_clear(&job);
	take(fixture, "c1", 2, 1, OTHER);
	pump_at(fixture, DUE + DAY);
	assert_sent(fixture, 2, "c2", 0);
	take(fixture, "c2", 2, 2, OTHER);
	engine_fixture_take(fixture, &back, NULL);
	if (without_key) {
		assert_job(fixture, "c1", JOB_REFUSED, 0);
		assert_detail(fixture, "c1", 0, "key-mismatch");
		return;
	}
	assert_job(fixture, "c1", JOB_SCHEDULED, DUE);
	job = engine_fixture_job(fixture, "c1", 0);
	assert_int_equal(job.generation, 1);
	assert_string_not_equal(job.idempotency_key, key);
	store_job_clear(&job);
	back.revision++;
	engine_fixture_take(fixture, &back, NULL);
	pump_at(fixture, DUE + DAY);
	assert_sent(fixture, 3, "c1", 0);
	back.revision++;
	engine_fixture_take(fixture, &back, NULL);
	assert_job(fixture, "c1", JOB_INSTALLED, -1);
}

static void test_another_was_there_meanwhile(void **state)
{
	check_back_again(*state, false);
}

static void test_another_was_there_and_the_key_is_gone(void **state)
{
	check_back_again(*state, true);
}

static void test_back_while_another_has_it(void **state)
{
	struct engine_fixture *fixture = *state;
	int64_t freed = START + 3 * DAY;

	take(fixture, "c1", 1, 1, OLD);
	take(fixture, "c2", 1, 2, YOUNG);
	pump_at(fixture, DUE);
	take(fixture, "c1", 2, 1, OTHER);
	pump_at(fixture, DUE + DAY);
	take(fixture, "c1", 3, 1, OLD);
	assert_job(fixture, "c1", JOB_HELD, 0);
	assert_job(fixture, "c2", JOB_INSTALLED, -1);
	go_to(fixture, freed);
	take(fixture, "c2", 2, 2, OTHER);
	assert_job(fixture, "c1", JOB_SCHEDULED, freed + DAY - HOUR);
	pump_at(fixture, freed + DAY);
	assert_sent(fixture, 3, "c1", 0);
}

/* ---- one contract's certificates ---- */

static void test_older_never_over_newer(void **state)
{
	struct engine_fixture *fixture = *state;

	take_at(fixture, 1, 2, START);
	pump_at(fixture, DUE);
	assert_sent(fixture, 1, "c1", 0);
	take_at(fixture, 2, 1, START - DAY);
	assert_nth(fixture, "c1", 1, JOB_SUPERSEDED, 0);
	assert_detail(fixture, "c1", 1, "newer certificate");
	assert_told("not installed: the contract's newer certificate was there already");
	take_at(fixture, 3, 1, START - DAY);
	assert_nth(fixture, "c1", 1, JOB_SUPERSEDED, 0);
	pump_at(fixture, DUE + DAY);
	assert_int_equal(fixture->sent_count, 1);
}

/* The newer one was under way when its link was removed: the service may have it. */
static void test_older_never_over_one_in_flight(void **state)
{
	static const struct scripted_answer hang = {HTTP_OK, 200, NULL, true, NULL, NULL};
	struct engine_fixture *fixture = *state;

	engine_fixture_script(fixture, &hang, 1);
	take_at(fixture, 1, 2, START);
	go_to(fixture, DUE);
	turn(fixture);
	assert_int_equal(fixture->sent_count, 1);
	take(fixture, "c1", 2, 2, OTHER);
	assert_nth(fixture, "c1", 0, JOB_CANCELLED, -1);
	take_at(fixture, 3, 1, START - DAY);
	assert_nth(fixture, "c1", 1, JOB_SUPERSEDED, 0);
	pump_abort(fixture->pump);
}

static void test_back_to_a_certificate(void **state)
{
	struct engine_fixture *fixture = *state;
	struct store_job job;

	take_at(fixture, 1, 1, START);
	pump_at(fixture, DUE);
	take_at(fixture, 2, 2, START + DAY);
	pump_at(fixture, DUE + DAY);
	assert_sent(fixture, 2, "c1", 1);
	take_at(fixture, 3, 1, START + 2 * DAY);
	assert_nth(fixture, "c1", 0, JOB_SCHEDULED, DUE + 2 * DAY);
	job = engine_fixture_job(fixture, "c1", 0);
	assert_int_equal(job.issued_ms, START + 2 * DAY);
	assert_int_equal(job.generation, 1);
	store_job_clear(&job);
	pump_at(fixture, DUE + 2 * DAY);
	assert_sent(fixture, 3, "c1", 0);
	take_at(fixture, 4, 1, START + 2 * DAY);
	assert_nth(fixture, "c1", 0, JOB_INSTALLED, -1);
	assert_nth(fixture, "c1", 1, JOB_INSTALLED, -1);
}

static void test_link_added_again_later(void **state)
{
	struct engine_fixture *fixture = *state;

	take(fixture, "c1", 1, 1, OLD);
	pump_at(fixture, DUE);
	take(fixture, "c1", 2, 1, "");
	take(fixture, "c1", 3, 1, OLD);
	assert_job(fixture, "c1", JOB_INSTALLED, -1);
	go_to(fixture, DUE + DAY);
	take(fixture, "c1", 4, 1, WWW("2026-11-18T10:00:00+09:00"));
	assert_job(fixture, "c1", JOB_SCHEDULED, START + 3 * DAY - HOUR);
	pump_at(fixture, START + 3 * DAY);
	assert_sent(fixture, 2, "c1", 0);
}

/* Called off under its lease and wanted again: the late answer is nobody's. */
static void test_back_while_in_flight(void **state)
{
	static const struct scripted_answer hang = {HTTP_OK, 200, NULL, true, NULL, NULL};
	static const struct scripted_answer done = {HTTP_OK, 200, NULL, false, NULL, NULL};
	struct engine_fixture *fixture = *state;
	struct store_job job;

	engine_fixture_script(fixture, &hang, 1);
	take(fixture, "c1", 1, 1, OLD);
	go_to(fixture, DUE);
	turn(fixture);
	take(fixture, "c1", 2, 1, OTHER);
	take(fixture, "c1", 3, 1, OLD);
	job = engine_fixture_job(fixture, "c1", 0);
	assert_int_equal(job.state, JOB_SCHEDULED);
	assert_int_equal(job.generation, 1);
	store_job_clear(&job);
	engine_fixture_script(fixture, &done, 1);
	pump_abort(fixture->pump);
	turn(fixture);
	assert_job(fixture, "c1", JOB_SCHEDULED, DUE);
}

static void test_revoked(void **state)
{
	static const char *const items[] = {"dv-ssl", "bring-in"};
	struct engine_fixture *fixture = *state;
	size_t i;

	for (i = 0; i < ARRAY_LENGTH(items); i++) {
		char *contract = xasprintf("r%zu", i);
		char *links = xasprintf("{\"service\":\"webhg2\",\"service_code\":\"whg%zu\","
					"\"fqdn\":\"www.example.jp\"}",
			i);
		struct fixture_record record = {.contract = contract,
			.revision = 1,
			.certificate = 1,
			.item = items[i],
			.links = links};
		struct store_job job;

		engine_fixture_take(fixture, &record, NULL);
		record.revision = 2;
		record.certificate = 2;
		record.at_ms = START + DAY;
		engine_fixture_take(fixture, &record, NULL);
		job = engine_fixture_job(fixture, contract, 0);
		assert_int_equal(job.revoked_ms, 0);
		store_job_clear(&job);
		job = engine_fixture_job(fixture, contract, 1);
		assert_int_equal(job.issued_ms, START + DAY);
		assert_int_equal(job.revoked_ms, i == 0 ? START + 31 * DAY : 0);
		store_job_clear(&job);
		free(links);
		free(contract);
	}
}

/* ---- any order ---- */

#define SNAPSHOTS 6

/* Contract, revision, certificate, links: what the last revision of each says holds at the end. */
static const struct fixture_record snapshots[SNAPSHOTS] = {
	{.contract = "c1", .revision = 1, .certificate = 1, .links = OLD},
	{.contract = "c1", .revision = 2, .certificate = 2, .links = OLD, .at_ms = START + HOUR},
	{.contract = "c2", .revision = 1, .certificate = 3, .links = YOUNG},
	{.contract = "c2", .revision = 2, .certificate = 4, .links = YOUNG, .at_ms = START + HOUR},
	{.contract = "c3", .revision = 1, .certificate = 5, .links = YOUNGEST},
	{.contract = "c3", .revision = 2, .certificate = 5, .links = OTHER},
};

static void describe_open(struct engine_fixture *fixture, char *text, size_t size)
{
	static const char *const contracts[] = {"c1", "c2", "c3"};
	size_t i, j, used = 0;

	text[0] = '\0';
	for (i = 0; i < ARRAY_LENGTH(contracts); i++) {
		size_t count = engine_fixture_job_count(fixture, contracts[i]);

		for (j = 0; j < count; j++) {
			struct store_job job = engine_fixture_job(fixture, contracts[i], j);

			if (!job_state_is_final(job.state))
				used += (size_t)snprintf(text + used, size - used, "%s:%s:%lld ",
					contracts[i], job_state_name(job.state),
					(long long)job.issued_ms);
			store_job_clear(&job);
		}
	}
}

static void test_any_order_ends_the_same(void **unused)
{
	char want[256] = "", got[256];
	unsigned int seed = 1;
	size_t round, i;

	(void)unused;
	for (round = 0; round < 12; round++) {
		struct engine_fixture *fixture = engine_fixture_new(NULL);
		size_t order[SNAPSHOTS] = {0, 1, 2, 3, 4, 5};

		for (i = SNAPSHOTS - 1; round > 0 && i > 0; i--) {
			size_t kept = order[i], other;

			seed = seed * 1103515245 + 12345;
			other = (seed >> 16) % (i + 1);
			order[i] = order[other];
			order[other] = kept;
		}
		for (i = 0; i < SNAPSHOTS; i++) {
			engine_fixture_take(fixture, &snapshots[order[i]], NULL);
			engine_fixture_take(fixture, &snapshots[order[i]], NULL);
		}
		describe_open(fixture, got, sizeof(got));
		if (round == 0)
			snprintf(want, sizeof(want), "%s", got);
		engine_fixture_free(fixture);
		assert_string_equal(got, want);
	}
	assert_non_null(strstr(want, "c1:scheduled:"));
	assert_non_null(strstr(want, "c2:held:"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_second_is_held, begin, end),
		cmocka_unit_test_setup_teardown(test_arrival_decides_nothing, begin, end),
		cmocka_unit_test_setup_teardown(test_what_has_begun_is_kept, begin, end),
		cmocka_unit_test_setup_teardown(test_naming_is_enough, begin, end),
		cmocka_unit_test_setup_teardown(test_target_changed_to_other, begin, end),
		cmocka_unit_test_setup_teardown(test_code_emptied, begin, end),
		cmocka_unit_test_setup_teardown(test_link_removed, begin, end),
		cmocka_unit_test_setup_teardown(test_contract_ended, begin, end),
		cmocka_unit_test_setup_teardown(test_link_is_younger_than_before, begin, end),
		cmocka_unit_test_setup_teardown(test_the_next_of_several, begin, end),
		cmocka_unit_test_setup_teardown(test_over_by_the_time_it_is_released, begin, end),
		cmocka_unit_test_setup_teardown(test_renewal_while_held, begin, end),
		cmocka_unit_test_setup_teardown(test_another_was_there_meanwhile, begin, end),
		cmocka_unit_test_setup_teardown(
			test_another_was_there_and_the_key_is_gone, begin, end),
		cmocka_unit_test_setup_teardown(test_back_while_another_has_it, begin, end),
		cmocka_unit_test_setup_teardown(test_older_never_over_newer, begin, end),
		cmocka_unit_test_setup_teardown(test_older_never_over_one_in_flight, begin, end),
		cmocka_unit_test_setup_teardown(test_back_to_a_certificate, begin, end),
		cmocka_unit_test_setup_teardown(test_link_added_again_later, begin, end),
		cmocka_unit_test_setup_teardown(test_back_while_in_flight, begin, end),
		cmocka_unit_test_setup_teardown(test_revoked, begin, end),
		cmocka_unit_test(test_any_order_ends_the_same),
	};
	int status = cmocka_run_group_tests_name("succession intake", tests, NULL, NULL);

	fixture_free();
	return status;
}
