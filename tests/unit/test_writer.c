/* Orders, what stands ready, and the threads that do what the loop must not wait for. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sqlite3.h>

#include "base/alloc.h"
#include "engine/pump_private.h"
#include "engine_fixture.h"
#include "pki_fixture.h"
#include "store/store_private.h"
#include "store_faults.h"

#define HOUR_MS INT64_C(3600000)
/* Records are issued on Monday at 10:00 and due on Tuesday at 09:00. */
#define DUE_MS (FIXTURE_START_MS + 23 * HOUR_MS)
#define LEASE_MS INT64_C(300000)

struct run {
	struct engine_fixture *fixture;
	struct crew *writer, *makers;
	struct store *writer_store;
	size_t settled;
	size_t commits;
	int64_t version;
};

static int64_t data_version(struct store *store)
{
	struct error error;
	int64_t version;

	assert_true(store_schema_number(store->db, "", "PRAGMA data_version", &version, &error));
	return version;
}

static void settled(void *context, const struct attempt_result *result, enum job_state state)
{
	struct run *run = context;
	int64_t version = data_version(run->fixture->store);

	(void)result;
	(void)state;
	run->settled++;
	run->commits += version != run->version ? 1 : 0;
	run->version = version;
}

static void idle(void *context, int64_t next_ms)
{
	const struct run *run = context;

	(void)next_ms;
	loop_stop(run->fixture->loop);
}

static void use_pump(struct run *run)
{
	const struct pump_options options = {
		.observer = {settled, idle, run},
		.loop = run->fixture->loop,
		.store = run->fixture->store,
		.writer = run->writer,
		.writer_store = run->writer_store,
		.makers = run->makers,
		.pki = run->fixture->pki,
	};

	pump_free(run->fixture->pump);
	run->fixture->pump = pump_new(&options, run->fixture->settings);
}

static struct run *run_new(size_t threads)
{
	struct run *run = xcalloc(1, sizeof(*run));
	struct error error;

	run->fixture = engine_fixture_new("retry-floor = \"10s\" retry-ceiling = \"10s\"");
	assert_true(store_open_again(run->fixture->store, &run->writer_store, &error));
	run->writer = threads > 0 ? crew_new_threads(run->fixture->loop, 1, NULL)
				  : crew_new(run->fixture->loop, NULL);
	if (threads > 0)
		run->makers = crew_new_threads(run->fixture->loop, threads, attempt_makers_end);
	use_pump(run);
	return run;
}

static int begin(void **state)
{
	*state = run_new(0);
	return 0;
}

static int begin_threads(void **state)
{
	*state = run_new(2);
	return 0;
}

static int end(void **state)
{
	struct run *run = *state;

	pump_abort(run->fixture->pump);
	pump_free(run->fixture->pump);
	run->fixture->pump = NULL;
	crew_free(run->writer);
	crew_free(run->makers);
	store_close(run->writer_store);
	engine_fixture_use_pump(run->fixture, (struct pump_options){0});
	engine_fixture_free(run->fixture);
	free(run);
	return 0;
}

/* Jobs of contracts "m0" and on, each with a target of its own. */
static void take_many(struct run *run, const char *service, int count)
{
	int i;

	for (i = 0; i < count; i++) {
		char *contract = xasprintf("%c%d", service[0], i);
		char *links = xasprintf("{\"service\":\"%s\",\"service_code\":\"w%d\","
					"\"fqdn\":\"www.example.jp\"}",
			service, i);
		const struct fixture_record record = {
			.contract = contract, .revision = 1, .certificate = 1, .links = links};

		engine_fixture_take(run->fixture, &record, NULL);
		free(links);
		free(contract);
	}
}

static void advance_to_due(struct run *run)
{
	manual_clock_advance(&run->fixture->clock, DUE_MS - run->fixture->clock.wall_now_ms);
}

static size_t count_in(struct run *run, const char *state)
{
	char *sql = xasprintf("SELECT count(*) FROM jobs WHERE %s", state);
	struct error error;
	int64_t count;

	assert_true(store_schema_number(run->fixture->store->db, "", sql, &count, &error));
	free(sql);
	return (size_t)count;
}

#define UNTOUCHED "state = " SQL_SCHEDULED " AND attempts = 0 AND lease_token IS NULL"
#define LEASED "lease_token IS NOT NULL"

/* Turns the loop until CONDITION has come about; a bound, so that a fault shows. */
struct watching {
	struct run *run;
	struct loop_timer *timer;
	bool (*condition)(struct run *run);
	int turns;
};

static void look(void *context)
{
	struct watching *watching = context;

	if (watching->condition(watching->run) || --watching->turns == 0)
		loop_stop(watching->run->fixture->loop);
	else
		loop_timer_set(watching->timer, 1);
}

static void turn_until(struct run *run, bool (*condition)(struct run *run))
{
	struct watching watching = {.run = run, .condition = condition, .turns = 20000};
	struct error error;

	watching.timer = loop_timer_new(run->fixture->loop, look, &watching);
	while (watching.turns > 0 && !condition(run)) {
		loop_timer_set(watching.timer, 0);
		assert_true(loop_run(run->fixture->loop, &error));
	}
	loop_timer_free(watching.timer);
	assert_true(condition(run));
}

/* ---- orders ---- */

struct order_made {
	struct order order;
	struct order_lane lane;
	struct unsaved unsaved;
	struct attempt_result *result;
};

/* A result of job RESULT's, a return of RETURNED's, and a claim of one more. */
static void make_order(
	struct run *run, struct order_made *made, struct store_job *result, struct store_job *given)
{
	*made = (struct order_made){.lane = {.claim = {.service = "webhg2",
						     .now_ms = DUE_MS,
						     .lease_until_ms = DUE_MS + LEASE_MS,
						     .token = {9}},
					    .room = 1}};
	made->result = xcalloc(1, sizeof(*made->result));
	made->result->job = *result;
	made->result->token[0] = 1;
	made->unsaved.result = made->result;
	made->unsaved.settling = (struct settling){
		.state = JOB_FAILED, .settled_ms = DUE_MS, .detail = "by the test"};
	made->order.store = run->writer_store;
	made->order.now_ms = DUE_MS;
	made->order.longest_ms = LEASE_MS;
	made->order.results = &made->unsaved;
	made->order.returns = xcalloc(1, sizeof(*made->order.returns));
	made->order.return_count = 1;
	made->order.returns[0] = (struct store_return){.job_id = given->id,
		.token = {1},
		.state = given->claimed_state,
		.next_ms = given->claimed_next_ms};
	made->order.lanes = xcalloc(1, sizeof(made->lane));
	made->order.lanes[0] = made->lane;
	made->order.lane_count = 1;
	made->order.room = 1;
}

static struct store_job *claim_two(struct run *run)
{
	const struct store_claim claim = {.service = "webhg2",
		.now_ms = DUE_MS,
		.lease_until_ms = DUE_MS + LEASE_MS,
		.token = {1},
		.limit = 2};
	struct store_job *jobs;
	struct error error;
	size_t count;

	assert_true(store_jobs_claim(run->fixture->store, &claim, &jobs, &count, &error));
	assert_int_equal(count, 2);
	return jobs;
}

/* Wherever the disk fails, an order is done whole or not at all. */
static void test_an_order_that_fails_is_not_done(void **state)
{
	struct run *run;
	struct store_job *jobs;
	struct order_made made;
	int allowed = 0, failed = 0;
	bool done = false;

	store_faults_install();
	begin(state);
	run = *state;
	take_many(run, "webhg2", 4);
	jobs = claim_two(run);
	make_order(run, &made, &jobs[0], &jobs[1]);
	while (!done) {
		store_faults_after(allowed++, SQLITE_FULL);
		order_carry_out(&made.order);
		store_faults_after(-1, SQLITE_OK);
		done = made.order.done;
		if (done)
			break;
		failed++;
		assert_int_equal(made.order.lanes[0].count, 0);
		assert_null(made.order.lanes[0].claimed);
		assert_string_not_equal(made.order.error.text, "");
		assert_int_equal(count_in(run, LEASED), 2);
		assert_int_equal(count_in(run, "state = 7"), 0);
	}
	assert_true(failed >= 2);
	assert_true(made.unsaved.applied);
	assert_int_equal(made.order.lanes[0].count, 1);
	assert_true(made.order.lanes[0].claimed[0].sealed.length > 0);
	assert_int_equal(made.order.lanes[0].next_ms, DUE_MS);
	assert_int_equal(count_in(run, LEASED), 1);
	assert_int_equal(count_in(run, "state = 7"), 1);
	assert_int_equal(count_in(run, UNTOUCHED), 2);
	order_clear(&made.order);
	jobs[0] = made.result->job;
	free(made.result);
	store_jobs_free(jobs, 2);
	end(state);
	store_faults_remove();
}

/* Nothing is written where nothing is to be done, and nothing is claimed beyond the room. */
static void test_an_order_without_work_writes_nothing(void **state)
{
	struct run *run = *state;
	struct order_lane lane = {.claim = {.service = "webhg2",
					  .now_ms = DUE_MS - 1,
					  .lease_until_ms = DUE_MS + LEASE_MS},
		.room = 4,
		.ahead = 4};
	struct order order = {.store = run->writer_store,
		.now_ms = DUE_MS - 1,
		.longest_ms = LEASE_MS,
		.lane_count = 1,
		.room = 4};
	int64_t version;

	take_many(run, "webhg2", 12);
	version = data_version(run->fixture->store);
	order.lanes = xcalloc(1, sizeof(lane));
	order.lanes[0] = lane;
	order_carry_out(&order);
	assert_true(order.done);
	assert_false(order.wrote);
	assert_int_equal(order.lanes[0].next_ms, DUE_MS);
	assert_int_equal(data_version(run->fixture->store), version);
	order.lanes[0].claim.now_ms = DUE_MS;
	order.lanes[0].ready = 3;
	order_carry_out(&order);
	assert_true(order.done && order.wrote);
	assert_int_equal(order.lanes[0].count, 5);
	order_clear(&order);
}

/* ---- the pump ---- */

static void test_results_are_gathered(void **state)
{
	struct run *run = *state;

	take_many(run, "webhg2", 120);
	advance_to_due(run);
	engine_fixture_pump(run->fixture);
	assert_int_equal(run->settled, 120);
	assert_int_equal(count_in(run, "state = 6"), 120);
	assert_int_equal(run->fixture->most_in_flight, 4);
	/* Four at a time, each four would make a commit. */
	assert_in_range(run->commits, 1, 15);
}

static const struct scripted_answer good_then_hang[] = {{.status = 200}, {.status = 200},
	{.status = 200}, {.status = 200}, {.status = 200, .hang = true}};

static bool some_are_ready(struct run *run)
{
	return run->fixture->pump->ready_count > 0;
}

static bool none_is_ready(struct run *run)
{
	const struct pump *pump = run->fixture->pump;

	return pump->ready_count == 0 && pump->returning.count == 0 && pump->order == NULL &&
	       pump->unsaved_count == 0 && !pump->looking;
}

/* Four were sent and four hang; others stand ready. */
static void begin_ready(struct run *run)
{
	engine_fixture_script(run->fixture, good_then_hang, ARRAY_LENGTH(good_then_hang));
	take_many(run, "webhg2", 40);
	advance_to_due(run);
	pump_poke(run->fixture->pump);
	turn_until(run, some_are_ready);
	assert_in_range(count_in(run, LEASED), 5, 40);
}

static void test_pause_returns_what_is_ready(void **state)
{
	static const struct scripted_answer answers[] = {{.status = 200}, {.status = 200},
		{.status = 200}, {.status = 200}, {.status = 429, .retry_after = "120"},
		{.status = 200}};
	struct run *run = *state;

	engine_fixture_script(run->fixture, answers, ARRAY_LENGTH(answers));
	take_many(run, "webhg2", 40);
	advance_to_due(run);
	engine_fixture_pump(run->fixture);
	assert_int_equal(count_in(run, LEASED), 0);
	assert_int_equal(count_in(run, UNTOUCHED), 40 - run->fixture->sent_count);
	assert_in_range(run->fixture->sent_count, 5, 9);
}

static void test_drain_returns_what_is_ready(void **state)
{
	struct run *run = *state;

	begin_ready(run);
	pump_drain(run->fixture->pump);
	turn_until(run, none_is_ready);
	assert_int_equal(pump_in_flight(run->fixture->pump), 4);
	assert_int_equal(count_in(run, LEASED), 4);
	assert_int_equal(count_in(run, UNTOUCHED), 32);
}

/* A service that hangs keeps nothing from others, nor from another process. */
static void test_what_is_ready_goes_back_in_time(void **state)
{
	struct run *run = *state;

	begin_ready(run);
	manual_clock_advance(&run->fixture->clock, 2000);
	pump_poke(run->fixture->pump);
	turn_until(run, none_is_ready);
	assert_int_equal(count_in(run, LEASED), 4);
	assert_int_equal(count_in(run, UNTOUCHED), 32);
}

/* What was due is not any more when the clock was set back. */
static void test_clock_set_back_returns_what_is_ready(void **state)
{
	struct run *run = *state;

	begin_ready(run);
	manual_clock_step(&run->fixture->clock, -HOUR_MS);
	pump_poke(run->fixture->pump);
	turn_until(run, none_is_ready);
	assert_int_equal(count_in(run, LEASED), 4);
	assert_int_equal(run->fixture->sent_count, 8);
}

static void test_untried_counts_what_is_ready(void **state)
{
	struct run *run = *state;
	struct error error;
	bool untried;

	begin_ready(run);
	assert_true(pump_untried(run->fixture->pump, &untried, &error));
	assert_true(untried);
}

/* A newer certificate comes while the older one's job stands ready: only the newer one is sent. */
static void test_overtaken_while_ready(void **state)
{
	static const struct scripted_answer good = {.status = 200};
	struct run *run = *state;
	struct pump *pump = run->fixture->pump;
	const struct ready *last = NULL;
	struct fixture_record record = {.revision = 2, .certificate = 2};
	struct store_job older;
	char *attempts, *contract, *links;
	size_t i;

	begin_ready(run);
	for (i = 0; i < pump->ready_lanes; i++)
		last = pump->ready[i].last != NULL ? pump->ready[i].last : last;
	if (last == NULL)
		abort();
	record.contract = contract = xstrdup(last->claimed.job.contract);
	record.links = links = xasprintf("{\"service\":\"webhg2\",\"service_code\":\"%s\","
					 "\"fqdn\":\"www.example.jp\"}",
		last->claimed.job.service_code);
	engine_fixture_take(run->fixture, &record, NULL);
	pump_poke(pump);
	pump_abort(pump);
	turn_until(run, none_is_ready);
	use_pump(run);
	engine_fixture_script(run->fixture, &good, 1);
	engine_fixture_pump(run->fixture);
	older = engine_fixture_job(run->fixture, record.contract, 0);
	assert_int_equal(older.state, JOB_SUPERSEDED);
	attempts = engine_fixture_attempts(run->fixture, older.id);
	assert_string_equal(attempts, "");
	free(attempts);
	store_job_clear(&older);
	older = engine_fixture_job(run->fixture, record.contract, 1);
	/* Whether it is seen already depends on who else puts something under the same name. */
	assert_int_not_equal(older.pushed_ms, 0);
	store_job_clear(&older);
	free(contract);
	free(links);
}

static bool nothing_is_in_doubt(struct run *run)
{
	const struct pump *pump = run->fixture->pump;

	return !pump->looking && pump->returning.count == 0 && pump->order == NULL;
}

/* As above, while it goes on: the poke alone has it looked at before it is begun. */
static void test_overtaken_before_its_turn(void **state)
{
	struct run *run = *state;
	struct pump *pump = run->fixture->pump;
	size_t i, before;

	begin_ready(run);
	before = pump->ready_count;
	for (i = 0; i < pump->ready_lanes; i++) {
		const struct ready *ready = pump->ready[i].first;
		struct error error;

		if (ready != NULL)
			assert_true(store_job_set_state(run->fixture->store, ready->claimed.job.id,
				JOB_CANCELLED, 0, DUE_MS, "by the test", &error));
	}
	pump_poke(pump);
	turn_until(run, nothing_is_in_doubt);
	assert_int_equal(pump->ready_count, before - 1);
	assert_int_equal(count_in(run, "state = 10 AND lease_token IS NULL"), 1);
}

static void test_threads_install_all(void **state)
{
	struct run *run = *state;

	take_many(run, "webhg2", 30);
	take_many(run, "docex", 12);
	advance_to_due(run);
	engine_fixture_pump(run->fixture);
	assert_int_equal(run->settled, 42);
	assert_int_equal(count_in(run, "state = 6"), 42);
	assert_int_equal(count_in(run, LEASED), 0);
}

static bool some_are_in_flight(struct run *run)
{
	return pump_in_flight(run->fixture->pump) > 0;
}

/* With PKCS#12 being made, and one waiting to be. */
static void test_abort_while_making(void **state)
{
	struct run *run = *state;

	take_many(run, "docex", 4);
	advance_to_due(run);
	pump_poke(run->fixture->pump);
	turn_until(run, some_are_in_flight);
	pump_abort(run->fixture->pump);
	assert_int_equal(pump_in_flight(run->fixture->pump), 0);
	turn_until(run, none_is_ready);
	assert_int_equal(count_in(run, LEASED), 0);
	assert_int_equal(count_in(run, "state = 6"), 0);
}

static bool is_ordered(struct run *run)
{
	return run->fixture->pump->order != NULL;
}

/* The end comes with an order in the writer's hands: what it holds is freed, and its leases run
 * out. */
static void test_end_with_an_order_out(void **state)
{
	struct run *run = *state;

	take_many(run, "webhg2", 4);
	advance_to_due(run);
	pump_poke(run->fixture->pump);
	turn_until(run, is_ordered);
	use_pump(run);
	assert_int_equal(run->settled, 0);
	assert_int_equal(run->fixture->sent_count, 0);
}

/* ---- crews ---- */

struct job {
	struct crew_task task;
	struct loop *loop;
	int *order, *count;
	int number;
	bool done;
};

static void do_job(struct crew_task *task, void **own)
{
	struct job *job = (struct job *)task;

	if (*own == NULL)
		*own = xcalloc(1, 1);
	job->order[(*job->count)++] = job->number;
}

static void job_done(struct crew_task *task)
{
	struct job *job = (struct job *)task;

	job->done = true;
	if (job->number == 3)
		loop_stop(job->loop);
}

static void try_crew(struct crew *crew, struct loop *loop)
{
	int order[4] = {0}, count = 0, i;
	struct job jobs[4];
	struct error error;

	for (i = 0; i < 4; i++) {
		jobs[i] = (struct job){.task = {.run = do_job, .done = job_done},
			.loop = loop,
			.order = order,
			.count = &count,
			.number = i};
		crew_add(crew, &jobs[i].task);
	}
	/* Whether it waits, runs or has run: it is not told any more. */
	crew_withdraw(crew, &jobs[2].task);
	assert_true(loop_run(loop, &error));
	for (i = 0; i < 4; i++)
		assert_int_equal(jobs[i].done, i != 2);
	assert_int_equal(order[0], 0);
	assert_int_equal(order[1], 1);
	assert_int_equal(order[count - 1], 3);
	crew_add(crew, &jobs[3].task);
	assert_true(loop_run(loop, &error));
	crew_free(crew);
}

static void test_crews(void **state)
{
	struct loop *loop = loop_new(clock_system());

	(void)state;
	try_crew(crew_new(loop, free), loop);
	try_crew(crew_new_threads(loop, 1, free), loop);
	loop_free(loop);
}

#define TEST(name, setup) cmocka_unit_test_setup_teardown(name, setup, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_an_order_that_fails_is_not_done),
		TEST(test_an_order_without_work_writes_nothing, begin),
		TEST(test_results_are_gathered, begin),
		TEST(test_pause_returns_what_is_ready, begin),
		TEST(test_drain_returns_what_is_ready, begin),
		TEST(test_what_is_ready_goes_back_in_time, begin),
		TEST(test_clock_set_back_returns_what_is_ready, begin),
		TEST(test_untried_counts_what_is_ready, begin),
		TEST(test_overtaken_while_ready, begin),
		TEST(test_overtaken_before_its_turn, begin),
		TEST(test_threads_install_all, begin_threads),
		TEST(test_abort_while_making, begin_threads),
		TEST(test_end_with_an_order_out, begin_threads),
		cmocka_unit_test(test_crews),
	};
	int status = cmocka_run_group_tests_name("writer", tests, NULL, NULL);

	fixture_free();
	return status;
}
