/* What every store has to do for the contracts that name a service code, over store.h alone. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "store/store.h"

#define NOW INT64_C(1790000000000)
#define MINUTE INT64_C(60000)
#define WWW "webhg2", "whg1"

/* A job's texts are its own, so that they are no constants. */
static char contract_a[] = "a", contract_b[] = "b", nobody_there[] = "nobody", webhg2[] = "webhg2",
	    docex[] = "docex", whg1[] = "whg1", whg2[] = "whg2", www[] = "www.example.jp",
	    mail[] = "mail.example.jp";

struct fixture {
	char *folder;
	char *path;
	struct store *store;
	struct error error;
	int certificates;
};

#define OK(f, call)                                                                                \
	do {                                                                                       \
		if (!(call))                                                                       \
			fail_msg("%s: %s", #call, (f)->error.text);                                \
	} while (0)

static void add_contract(struct fixture *f, const char *code)
{
	unsigned char hash[32] = {1};

	OK(f, store_contract_put(f->store, code, 1, hash, "{}", NOW, &f->error));
}

static int setup(void **state)
{
	struct fixture *f = xcalloc(1, sizeof(*f));
	char folder[] = "/tmp/test_tenants.XXXXXX";

	assert_non_null(mkdtemp(folder));
	f->folder = xstrdup(folder);
	f->path = xasprintf("%s/store.db", folder);
	OK(f, store_open(f->path, &f->store, &f->error));
	add_contract(f, "a");
	add_contract(f, "b");
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	static const char *const suffixes[] = {"", "-wal", "-shm", "-journal"};
	struct fixture *f = *state;

	store_close(f->store);
	for (size_t i = 0; i < ARRAY_LENGTH(suffixes); i++) {
		char *name = xasprintf("%s%s", f->path, suffixes[i]);

		(void)unlink(name);
		free(name);
	}
	assert_int_equal(rmdir(f->folder), 0);
	free(f->path);
	free(f->folder);
	free(f);
	return 0;
}

static void put(struct fixture *f, const char *service, const char *code, char *contract,
	int64_t since_ms, bool holds, int64_t freed_ms)
{
	const struct store_tenant tenant = {
		.contract = contract, .since_ms = since_ms, .holds = holds, .freed_ms = freed_ms};

	OK(f, store_tenant_put(f->store, service, code, &tenant, &f->error));
}

/* The pair's tenants as "a:5:holds:0:begun b:6:waits:9:-". */
static void assert_tenants(
	struct fixture *f, const char *service, const char *code, const char *want)
{
	struct store_tenant *tenants;
	char text[256] = "";
	size_t i, count, used = 0;

	OK(f, store_tenants_of_pair(f->store, service, code, &tenants, &count, &f->error));
	for (i = 0; i < count; i++)
		used += (size_t)snprintf(text + used, sizeof(text) - used, "%s%s:%lld:%s:%lld:%s",
			i ? " " : "", tenants[i].contract, (long long)tenants[i].since_ms,
			tenants[i].holds ? "holds" : "waits", (long long)tenants[i].freed_ms,
			tenants[i].begun ? "begun" : "-");
	store_tenants_free(tenants, count);
	assert_string_equal(text, want);
}

static void assert_pairs(struct fixture *f, const char *contract, const char *want)
{
	struct store_pair *pairs;
	char text[256] = "";
	size_t i, count, used = 0;

	OK(f, store_pairs_of_contract(f->store, contract, &pairs, &count, &f->error));
	for (i = 0; i < count; i++)
		used += (size_t)snprintf(text + used, sizeof(text) - used, "%s%s:%s:%lld",
			i ? " " : "", pairs[i].service, pairs[i].service_code,
			(long long)pairs[i].since_ms);
	store_pairs_free(pairs, count);
	assert_string_equal(text, want);
}

static struct store_job make_job(struct fixture *f, char *contract, enum job_state state)
{
	struct store_certificate certificate = {.key = "ec-p256"};
	struct store_job job = {
		.contract = contract,
		.service = webhg2,
		.service_code = whg1,
		.fqdn = www,
		.state = state,
		.base_ms = NOW,
		.due_ms = NOW,
		.next_ms = NOW,
		.idempotency_key = "once",
	};

	certificate.fingerprint[0] = (unsigned char)++f->certificates;
	OK(f, store_certificate_put(f->store, &certificate, &job.certificate_id, &f->error));
	return job;
}

static int64_t add(struct fixture *f, const struct store_job *job)
{
	int64_t id;

	OK(f, store_job_add(f->store, job, NULL, &id, &f->error));
	return id;
}

static void test_put_list_remove(void **state)
{
	struct fixture *f = *state;

	assert_tenants(f, WWW, "");
	put(f, WWW, contract_b, 6, false, 0);
	put(f, WWW, contract_a, 5, true, 9);
	put(f, "webhg2", "whg2", contract_a, 7, true, 0);
	put(f, "docex", "whg1", contract_a, 8, true, 0);
	assert_tenants(f, WWW, "a:5:holds:9:- b:6:waits:0:-");
	assert_pairs(f, "a", "docex:whg1:8 webhg2:whg1:5 webhg2:whg2:7");
	assert_pairs(f, "b", "webhg2:whg1:6");
	put(f, WWW, contract_a, 4, false, 0);
	put(f, WWW, contract_b, 6, true, 3);
	assert_tenants(f, WWW, "a:4:waits:0:- b:6:holds:3:-");
	OK(f, store_tenant_remove(f->store, WWW, "a", &f->error));
	OK(f, store_tenant_remove(f->store, WWW, "a", &f->error));
	assert_tenants(f, WWW, "b:6:holds:3:-");
	assert_pairs(f, "a", "docex:whg1:8 webhg2:whg2:7");
}

static void test_one_holder(void **state)
{
	const struct store_tenant second = {.contract = contract_b, .since_ms = 6, .holds = true};
	struct fixture *f = *state;

	put(f, WWW, contract_a, 5, true, 0);
	assert_false(store_tenant_put(f->store, WWW, &second, &f->error));
	assert_tenants(f, WWW, "a:5:holds:0:-");
}

static void test_unknown_contract(void **state)
{
	const struct store_tenant nobody = {.contract = nobody_there, .since_ms = 6};
	struct fixture *f = *state;

	assert_false(store_tenant_put(f->store, WWW, &nobody, &f->error));
	assert_tenants(f, WWW, "");
}

static void test_begun(void **state)
{
	static const struct {
		enum job_state state;
		int attempts;
		int64_t pushed_ms;
		bool begun;
	} cases[] = {
		{JOB_HELD, 0, 0, false},
		{JOB_SCHEDULED, 0, 0, false},
		{JOB_REFUSED, 0, 0, false},
		{JOB_CANCELLED, 0, 0, false},
		{JOB_SUPERSEDED, 0, 0, false},
		{JOB_FAILED, 0, 0, false},
		{JOB_SUPERSEDED, 1, 0, true},
		{JOB_CANCELLED, 0, NOW, true},
		{JOB_SCHEDULED, 1, 0, true},
		{JOB_INSTALLING, 0, 0, true},
		{JOB_VERIFYING, 0, 0, true},
		{JOB_RETRYING, 0, 0, true},
		{JOB_INSTALLED, 0, 0, true},
	};
	struct fixture *f = *state;
	char code[24], want[64];
	size_t i;

	for (i = 0; i < ARRAY_LENGTH(cases); i++) {
		struct store_job job = make_job(f, contract_a, cases[i].state);

		snprintf(code, sizeof(code), "code%zu", i);
		job.service_code = code;
		job.attempts = cases[i].attempts;
		job.pushed_ms = cases[i].pushed_ms;
		put(f, "webhg2", code, contract_a, 5, true, 0);
		put(f, "webhg2", code, contract_b, 6, false, 0);
		add(f, &job);
		snprintf(want, sizeof(want), "a:5:holds:0:%s b:6:waits:0:-",
			cases[i].begun ? "begun" : "-");
		assert_tenants(f, "webhg2", code, want);
	}
}

/* A try that was under way when its job was called off may have reached the service. */
static void test_called_off_in_flight_has_begun(void **state)
{
	const struct store_claim claim = {.service = "webhg2",
		.now_ms = NOW,
		.lease_until_ms = NOW + MINUTE,
		.token = {1},
		.limit = 1};
	struct fixture *f = *state;
	struct store_job job = make_job(f, contract_a, JOB_SCHEDULED), *jobs;
	struct store_settlement late = {.token = {1}, .state = JOB_INSTALLED, .attempts = 1};
	bool applied, found;
	size_t count;
	int64_t id = add(f, &job);

	put(f, WWW, contract_a, 5, true, 0);
	assert_tenants(f, WWW, "a:5:holds:0:-");
	OK(f, store_jobs_claim(f->store, &claim, &jobs, &count, &f->error));
	assert_int_equal(count, 1);
	store_jobs_free(jobs, count);
	assert_tenants(f, WWW, "a:5:holds:0:begun");
	OK(f, store_job_set_state(f->store, id, JOB_CANCELLED, 0, NOW, "gone", &f->error));
	late.job_id = id;
	OK(f, store_job_settle(f->store, &late, &applied, &f->error));
	assert_false(applied);
	assert_tenants(f, WWW, "a:5:holds:0:begun");
	OK(f, store_job_get(f->store, id, &job, &found, &f->error));
	assert_int_equal(job.attempts, 1);
	store_job_clear(&job);
}

static void attempt(struct fixture *f, int64_t id, enum attempt_kind kind)
{
	const struct store_attempt made = {
		.job_id = id, .kind = kind, .number = 1, .outcome = "done", .text = ""};

	OK(f, store_attempt_add(f->store, &made, &f->error));
}

static void assert_pushed_over(struct fixture *f, int64_t id, bool want)
{
	struct store_job job;
	bool found, over;

	OK(f, store_job_get(f->store, id, &job, &found, &f->error));
	OK(f, store_job_pushed_over(f->store, &job, &over, &f->error));
	assert_int_equal(over, want);
	store_job_clear(&job);
}

static void test_pushed_over(void **state)
{
	struct fixture *f = *state;
	struct store_job one = make_job(f, contract_a, JOB_INSTALLED);
	struct store_job other = make_job(f, contract_b, JOB_INSTALLED);
	int64_t first, second;

	one.settled_ms = NOW;
	other.settled_ms = NOW;
	other.attempts = 1;
	second = add(f, &other);
	attempt(f, second, ATTEMPT_PUSH);
	first = add(f, &one);
	attempt(f, first, ATTEMPT_PUSH);
	assert_pushed_over(f, first, false);
	assert_pushed_over(f, second, true);
	/* A look changes nothing on the service. */
	attempt(f, second, ATTEMPT_VERIFY);
	assert_pushed_over(f, first, false);
	attempt(f, second, ATTEMPT_PUSH);
	assert_pushed_over(f, first, true);
	attempt(f, first, ATTEMPT_PUSH);
	assert_pushed_over(f, first, false);
}

static void test_pushed_over_without_a_trace(void **state)
{
	static const struct {
		enum job_state state;
		char *service, *code, *fqdn;
		int attempts;
		int64_t settled_ms;
		bool over;
	} cases[] = {
		{JOB_INSTALLING, webhg2, whg1, www, 0, 0, true},
		{JOB_VERIFYING, webhg2, whg1, www, 1, 0, true},
		{JOB_SCHEDULED, webhg2, whg1, www, 0, 0, false},
		{JOB_CANCELLED, webhg2, whg1, www, 1, NOW, true},
		{JOB_CANCELLED, webhg2, whg1, www, 1, NOW - 1, false},
		{JOB_CANCELLED, webhg2, whg1, www, 0, NOW, false},
		{JOB_INSTALLING, docex, whg1, www, 0, 0, false},
		{JOB_INSTALLING, webhg2, whg2, www, 0, 0, false},
		{JOB_INSTALLING, webhg2, whg1, mail, 0, 0, false},
	};
	struct fixture *f = *state;
	struct store_job one = make_job(f, contract_a, JOB_INSTALLED);
	size_t i;
	int64_t first;

	one.settled_ms = NOW;
	first = add(f, &one);
	for (i = 0; i < ARRAY_LENGTH(cases); i++) {
		struct store_job other = make_job(f, contract_b, cases[i].state);
		int64_t id;

		other.service = cases[i].service;
		other.service_code = cases[i].code;
		other.fqdn = cases[i].fqdn;
		other.attempts = cases[i].attempts;
		other.settled_ms = cases[i].settled_ms;
		id = add(f, &other);
		assert_pushed_over(f, first, cases[i].over);
		OK(f, store_job_judge(f->store, id, &(struct store_judgement){.state = JOB_HELD},
			      NULL, &f->error));
		OK(f, store_job_set_state(f->store, id, JOB_CANCELLED, 0, NOW - 1, "", &f->error));
	}
	/* Not by its own contract's. */
	one = make_job(f, contract_a, JOB_INSTALLING);
	add(f, &one);
	assert_pushed_over(f, first, false);
}

static void test_judge(void **state)
{
	const struct store_judgement held = {.state = JOB_HELD,
		.base_ms = NOW + 1,
		.issued_ms = NOW + 2,
		.revoked_ms = NOW + 3,
		.generation = 1,
		.detail = "held by b"};
	const struct store_judgement again = {.state = JOB_SCHEDULED,
		.base_ms = NOW + 4,
		.due_ms = NOW + 5,
		.issued_ms = NOW + 6,
		.generation = 2,
		.idempotency_key = "twice"};
	struct fixture *f = *state;
	struct store_job job = make_job(f, contract_a, JOB_INSTALLED);
	struct buffer trail = {0};
	bool found;
	int64_t id;

	job.attempts = 2;
	job.pushed_ms = NOW - 1;
	job.settled_ms = NOW;
	id = add(f, &job);
	OK(f, store_job_judge(f->store, id, &held, "15\thold\tb\n", &f->error));
	OK(f, store_job_get(f->store, id, &job, &found, &f->error));
	assert_int_equal(job.state, JOB_HELD);
	assert_int_equal(job.base_ms, NOW + 1);
	assert_int_equal(job.due_ms, 0);
	assert_int_equal(job.next_ms, 0);
	assert_int_equal(job.issued_ms, NOW + 2);
	assert_int_equal(job.revoked_ms, NOW + 3);
	assert_int_equal(job.generation, 1);
	assert_int_equal(job.pushed_ms, NOW - 1);
	assert_int_equal(job.settled_ms, 0);
	assert_int_equal(job.attempts, 2);
	assert_string_equal(job.idempotency_key, "once");
	assert_string_equal(job.detail, "held by b");
	store_job_clear(&job);
	OK(f, store_job_judge(f->store, id, &again, NULL, &f->error));
	OK(f, store_job_get(f->store, id, &job, &found, &f->error));
	assert_int_equal(job.state, JOB_SCHEDULED);
	assert_int_equal(job.due_ms, NOW + 5);
	assert_int_equal(job.next_ms, NOW + 5);
	assert_int_equal(job.issued_ms, NOW + 6);
	assert_int_equal(job.pushed_ms, 0);
	assert_int_equal(job.generation, 2);
	assert_string_equal(job.idempotency_key, "twice");
	assert_string_equal(job.detail, "");
	store_job_clear(&job);
	OK(f, store_job_trail(f->store, id, &trail, &f->error));
	assert_string_equal(buffer_text(&trail), "15\thold\tb\n");
	buffer_free(&trail);
	assert_false(store_job_judge(f->store, id + 1, &again, NULL, &f->error));
}

/* A try that is under way when its job is judged anew may have reached the service. */
static void test_judge_in_flight(void **state)
{
	static const enum job_state states[] = {JOB_SCHEDULED, JOB_INSTALLING, JOB_VERIFYING};
	const struct store_judgement refused = {.state = JOB_REFUSED, .settled_ms = NOW};
	struct fixture *f = *state;
	size_t i;

	for (i = 0; i < ARRAY_LENGTH(states); i++) {
		struct store_job job = make_job(f, contract_a, states[i]);
		int64_t id = add(f, &job);
		bool found;

		OK(f, store_job_judge(f->store, id, &refused, NULL, &f->error));
		OK(f, store_job_get(f->store, id, &job, &found, &f->error));
		assert_int_equal(job.state, JOB_REFUSED);
		assert_int_equal(job.settled_ms, NOW);
		assert_int_equal(job.attempts, states[i] == JOB_SCHEDULED ? 0 : 1);
		store_job_clear(&job);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_put_list_remove, setup, teardown),
		cmocka_unit_test_setup_teardown(test_one_holder, setup, teardown),
		cmocka_unit_test_setup_teardown(test_unknown_contract, setup, teardown),
		cmocka_unit_test_setup_teardown(test_begun, setup, teardown),
		cmocka_unit_test_setup_teardown(
			test_called_off_in_flight_has_begun, setup, teardown),
		cmocka_unit_test_setup_teardown(test_pushed_over, setup, teardown),
		cmocka_unit_test_setup_teardown(test_pushed_over_without_a_trace, setup, teardown),
		cmocka_unit_test_setup_teardown(test_judge, setup, teardown),
		cmocka_unit_test_setup_teardown(test_judge_in_flight, setup, teardown),
	};

	return cmocka_run_group_tests_name("store tenants", tests, NULL, NULL);
}
