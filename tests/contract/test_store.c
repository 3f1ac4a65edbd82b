/* What every store has to do, over store.h alone. Another store runs it by a maker of its own. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/alloc.h"
#include "store/store.h"

#define NOW INT64_C(1790000000000)
#define MINUTE INT64_C(60000)

/* ---- the makers ---- */

/* A place where a fresh store is; the store there can be opened any number of times. */
struct maker {
	const char *name;
	char *(*make)(void);
	bool (*open)(const char *place, struct store **store, struct error *error);
	void (*destroy)(char *place);
};

static char *sqlite_make(void)
{
	char directory[] = "/tmp/test_store.XXXXXX";

	assert_non_null(mkdtemp(directory));
	return xasprintf("%s/store.db", directory);
}

static void sqlite_destroy(char *place)
{
	static const char *const suffixes[] = {"", "-wal", "-shm", "-journal"};

	for (size_t i = 0; i < ARRAY_LENGTH(suffixes); i++) {
		char *name = xasprintf("%s%s", place, suffixes[i]);

		(void)unlink(name);
		free(name);
	}
	*strrchr(place, '/') = '\0';
	assert_int_equal(rmdir(place), 0);
	free(place);
}

static const struct maker makers[] = {
	{"sqlite", sqlite_make, store_open, sqlite_destroy},
};
static const struct maker *maker;

struct fixture {
	char *place;
	struct store *store;
	struct error error;
};

static struct store *open_again(struct fixture *f)
{
	struct store *store;

	if (!maker->open(f->place, &store, &f->error))
		fail_msg("%s", f->error.text);
	return store;
}

static int setup(void **state)
{
	struct fixture *f = xcalloc(1, sizeof(*f));

	f->place = maker->make();
	f->store = open_again(f);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	store_close(f->store);
	maker->destroy(f->place);
	free(f);
	return 0;
}

static void reopen(struct fixture *f)
{
	store_close(f->store);
	f->store = open_again(f);
}

/* ---- small words ---- */

#define OK(f, call)                                                                                \
	do {                                                                                       \
		if (!(call))                                                                       \
			fail_msg("%s: %s", #call, (f)->error.text);                                \
	} while (0)

static void fingerprint_of(unsigned char fingerprint[FINGERPRINT_SIZE], int number)
{
	memset(fingerprint, 0x5a, FINGERPRINT_SIZE);
	memcpy(fingerprint, &number, sizeof(number));
}

static void add_contract(struct fixture *f, const char *code)
{
	unsigned char hash[32] = {1, 2, 3};

	OK(f, store_contract_put(f->store, code, 1, hash, "{}", NOW, &f->error));
}

static int64_t add_certificate(struct fixture *f, int number)
{
	struct store_certificate certificate = {
		.not_before_ms = NOW - number,
		.not_after_ms = NOW + number,
		.key = "ec-p256",
	};
	int64_t id;

	fingerprint_of(certificate.fingerprint, number);
	fingerprint_of(certificate.chain[0], number + 1000);
	fingerprint_of(certificate.chain[1], number + 2000);
	certificate.chain_length = 2;
	OK(f, store_certificate_put(f->store, &certificate, &id, &f->error));
	return id;
}

struct job_spec {
	const char *service;
	const char *code;
	const char *fqdn;
	int certificate;
	enum job_state state;
	int64_t next_ms;
};

/* All under contract "c1". */
static int64_t add_job(struct fixture *f, const struct job_spec *spec)
{
	struct store_job job = {
		.contract = xstrdup("c1"),
		.service = xstrdup(spec->service != NULL ? spec->service : "webhg2"),
		.service_code = xstrdup(spec->code != NULL ? spec->code : "whg1"),
		.fqdn = xstrdup(spec->fqdn != NULL ? spec->fqdn : "www.example.jp"),
		.certificate_id = add_certificate(f, spec->certificate),
		.state = spec->state,
		.base_ms = NOW - 5,
		.due_ms = NOW - 4,
		.next_ms = spec->next_ms,
		.idempotency_key = "key-of-the-job",
		.detail = "",
	};
	int64_t id;

	OK(f, store_job_add(f->store, &job, "a trail", &id, &f->error));
	store_job_clear(&job);
	return id;
}

static struct store_claim claim_at(int64_t now_ms, unsigned char token, size_t limit)
{
	struct store_claim claim = {
		.service = "webhg2",
		.now_ms = now_ms,
		.lease_until_ms = now_ms + MINUTE,
		.limit = limit,
	};

	memset(claim.token, token, sizeof(claim.token));
	return claim;
}

/* Claims on STORE and returns how many; their ids go to IDS (room for LIMIT). */
static size_t claim_ids(
	struct fixture *f, struct store *store, const struct store_claim *claim, int64_t *ids)
{
	struct store_job *jobs;
	size_t count;

	OK(f, store_begin(store, &f->error));
	OK(f, store_jobs_claim(store, claim, &jobs, &count, &f->error));
	OK(f, store_commit(store, &f->error));
	assert_in_range(count, 0, claim->limit);
	for (size_t i = 0; i < count; i++)
		ids[i] = jobs[i].id;
	store_jobs_free(jobs, count);
	return count;
}

static struct store_job get(struct fixture *f, int64_t id)
{
	struct store_job job;
	bool found;

	OK(f, store_job_get(f->store, id, &job, &found, &f->error));
	assert_true(found);
	return job;
}

static void expect_job(struct fixture *f, int64_t id, enum job_state state, int64_t next_ms)
{
	struct store_job job = get(f, id);

	assert_int_equal(job.state, state);
	assert_int_equal(job.next_ms, next_ms);
	store_job_clear(&job);
}

static bool settle(struct fixture *f, int64_t id, unsigned char token, enum job_state state)
{
	struct store_settlement settlement = {
		.job_id = id,
		.state = state,
		.next_ms = state == JOB_RETRYING || state == JOB_VERIFYING ? NOW + 7 * MINUTE : 0,
		.attempts = 3,
		.first_attempt_ms = NOW + 1,
		.pushed_ms = NOW + 2,
		.settled_ms = NOW + 3,
		.detail = "settled in the test",
		.remote = state == JOB_VERIFYING ? "/requests/7?a=b" : NULL,
	};
	bool applied;

	memset(settlement.token, token, sizeof(settlement.token));
	OK(f, store_job_settle(f->store, &settlement, &applied, &f->error));
	return applied;
}

static int64_t next_of(struct fixture *f, const struct store_claim *claim)
{
	int64_t next_ms;

	OK(f, store_next(f->store, claim, &next_ms, &f->error));
	return next_ms;
}

/* ---- contracts ---- */

static void test_contract(void **state)
{
	struct fixture *f = *state;
	unsigned char first[32] = {1}, second[32] = {2};
	struct store_contract contract;
	struct buffer snapshot = {0};
	bool found;

	OK(f, store_contract_get(f->store, "c1", &contract, &f->error));
	assert_false(contract.found);
	OK(f, store_contract_snapshot(f->store, "c1", &snapshot, &found, &f->error));
	assert_false(found);
	assert_int_equal(snapshot.length, 0);

	OK(f, store_contract_put(f->store, "c1", 7, first, "{\"a\":\"企業\"}", NOW, &f->error));
	OK(f, store_contract_put(f->store, "c2", 1, first, "{}", NOW, &f->error));
	OK(f, store_contract_put(f->store, "c1", 8, second, "{\"b\":2}", NOW, &f->error));
	reopen(f);
	OK(f, store_contract_get(f->store, "c1", &contract, &f->error));
	assert_true(contract.found);
	assert_int_equal(contract.revision, 8);
	assert_memory_equal(contract.content_hash, second, 32);
	OK(f, store_contract_snapshot(f->store, "c1", &snapshot, &found, &f->error));
	assert_true(found);
	assert_string_equal(buffer_text(&snapshot), "{\"b\":2}");
	OK(f, store_contract_get(f->store, "c2", &contract, &f->error));
	assert_int_equal(contract.revision, 1);
	buffer_free(&snapshot);
}

/* ---- certificates and secrets ---- */

static void test_certificate(void **state)
{
	struct fixture *f = *state;
	unsigned char fingerprint[FINGERPRINT_SIZE];
	struct store_certificate certificate;
	int64_t first, second;
	bool found;

	fingerprint_of(fingerprint, 1);
	OK(f, store_certificate_find(f->store, fingerprint, &certificate, &found, &f->error));
	assert_false(found);
	first = add_certificate(f, 1);
	second = add_certificate(f, 2);
	assert_int_not_equal(first, second);
	assert_int_equal(add_certificate(f, 1), first);
	OK(f, store_certificate_find(f->store, fingerprint, &certificate, &found, &f->error));
	assert_true(found);
	assert_int_equal(certificate.id, first);
	assert_memory_equal(certificate.fingerprint, fingerprint, FINGERPRINT_SIZE);
	assert_int_equal(certificate.not_before_ms, NOW - 1);
	assert_int_equal(certificate.not_after_ms, NOW + 1);
	assert_string_equal(certificate.key, "ec-p256");
	assert_false(certificate.has_secret);
}

static void put_secret(struct fixture *f, int64_t id, const char *key_id, const char *text)
{
	struct buffer sealed = {0};

	buffer_append(&sealed, text, strlen(text) + 1); /* binary: the NUL belongs to it */
	OK(f, store_secret_put(f->store, id, key_id, &sealed, &f->error));
	buffer_free(&sealed);
}

static bool has_secret(struct fixture *f, int64_t id, const char *key_id, const char *text)
{
	struct buffer sealed = {0};
	char held[17];
	bool found;

	OK(f, store_secret_get(f->store, id, held, &sealed, &found, &f->error));
	if (found) {
		assert_string_equal(held, key_id);
		assert_int_equal(sealed.length, strlen(text) + 1);
		assert_memory_equal(sealed.data, text, sealed.length);
	} else {
		assert_int_equal(sealed.length, 0);
	}
	buffer_free(&sealed);
	return found;
}

static void test_secret(void **state)
{
	struct fixture *f = *state;
	int64_t id = add_certificate(f, 1);
	struct store_certificate certificate;
	unsigned char fingerprint[FINGERPRINT_SIZE];
	struct buffer sealed = {0};
	bool found;

	assert_false(has_secret(f, id, "", ""));
	put_secret(f, id, "0123456789abcdef", "first");
	put_secret(f, id, "fedcba9876543210", "second");
	reopen(f);
	assert_true(has_secret(f, id, "fedcba9876543210", "second"));
	fingerprint_of(fingerprint, 1);
	OK(f, store_certificate_find(f->store, fingerprint, &certificate, &found, &f->error));
	assert_true(certificate.has_secret);

	/* Of a certificate that is not there. */
	buffer_append_text(&sealed, "x");
	assert_false(store_secret_put(f->store, 999, "0123456789abcdef", &sealed, &f->error));
	assert_int_equal(f->error.kind, ERROR_INTERNAL);
	buffer_free(&sealed);
}

static void test_wipe(void **state)
{
	static const struct {
		enum job_state state;
		bool kept;
	} cases[] = {
		{JOB_HELD, true},
		{JOB_SCHEDULED, true},
		{JOB_INSTALLING, true},
		{JOB_VERIFYING, true},
		{JOB_RETRYING, true},
		{JOB_INSTALLED, false},
		{JOB_FAILED, true},
		{JOB_REFUSED, false},
		{JOB_SUPERSEDED, false},
		{JOB_CANCELLED, false},
	};
	struct fixture *f = *state;
	int64_t ids[ARRAY_LENGTH(cases) + 2];
	size_t count = ARRAY_LENGTH(cases), bystander = count + 1;

	assert_int_equal(count, JOB_STATE_COUNT);
	add_contract(f, "c1");
	for (size_t i = 0; i < count; i++) {
		add_job(f, &(struct job_spec){.certificate = (int)i, .state = cases[i].state});
		ids[i] = add_certificate(f, (int)i);
		put_secret(f, ids[i], "k", "sealed");
	}
	/* No job at all; and one that is not named. */
	ids[count] = add_certificate(f, 100);
	put_secret(f, ids[count], "k", "sealed");
	ids[bystander] = add_certificate(f, 101);
	put_secret(f, ids[bystander], "k", "sealed");

	OK(f, store_secrets_wipe(f->store, ids, count + 1, &f->error));
	for (size_t i = 0; i < count; i++)
		if (has_secret(f, ids[i], "k", "sealed") != cases[i].kept)
			fail_msg("state %d: kept %d", (int)cases[i].state, !cases[i].kept);
	assert_false(has_secret(f, ids[count], "k", "sealed"));
	assert_true(has_secret(f, ids[bystander], "k", "sealed"));

	/* One job that needs it is enough, whatever the others say. */
	add_job(f, &(struct job_spec){.fqdn = "a.jp", .certificate = 200, .state = JOB_INSTALLED});
	add_job(f, &(struct job_spec){.fqdn = "b.jp", .certificate = 200, .state = JOB_HELD});
	ids[0] = add_certificate(f, 200);
	put_secret(f, ids[0], "k", "sealed");
	OK(f, store_secrets_wipe(f->store, ids, 1, &f->error));
	assert_true(has_secret(f, ids[0], "k", "sealed"));
}

static int64_t leftovers(struct fixture *f, size_t limit)
{
	size_t count;

	OK(f, store_leftovers_remove(f->store, limit, &count, &f->error));
	return (int64_t)count;
}

/* What is no secret comes back with the key, is not wiped with it, and goes in its own time. */
static void test_secret_parts(void **state)
{
	struct fixture *f = *state;
	struct buffer sealed = {0};
	int64_t ids[3];
	size_t i;

	buffer_append(&sealed, "open:sealed", sizeof("open:sealed"));
	for (i = 0; i < ARRAY_LENGTH(ids); i++) {
		ids[i] = add_certificate(f, (int)i + 1);
		OK(f, store_secret_put_parts(f->store, ids[i], "k", &sealed, 5, &f->error));
		assert_true(has_secret(f, ids[i], "k", "open:sealed"));
	}
	/* Another in its place, with other parts. */
	put_secret(f, ids[0], "l", "all sealed");
	assert_true(has_secret(f, ids[0], "l", "all sealed"));
	OK(f, store_secret_put_parts(f->store, ids[0], "k", &sealed, sealed.length, &f->error));
	assert_true(has_secret(f, ids[0], "k", "open:sealed"));
	assert_int_equal(leftovers(f, 10), 0);

	OK(f, store_secrets_wipe(f->store, ids, 2, &f->error));
	assert_false(has_secret(f, ids[0], "", ""));
	/* One comes again before what was left is taken away. */
	OK(f, store_secret_put_parts(f->store, ids[1], "k", &sealed, 5, &f->error));
	assert_int_equal(leftovers(f, 1), 1);
	assert_int_equal(leftovers(f, 10), 1);
	assert_int_equal(leftovers(f, 10), 0);
	assert_true(has_secret(f, ids[1], "k", "open:sealed"));
	assert_true(has_secret(f, ids[2], "k", "open:sealed"));
	buffer_free(&sealed);
}

/* However many are wiped at once, what goes with each is known to be left. */
static void test_many_wiped(void **state)
{
	static const size_t counts[] = {1, 7, 8, 9, 16, 20};
	struct fixture *f = *state;
	struct buffer sealed = {0};
	int64_t ids[22] = {0};
	int number = 0;
	size_t i, j;

	buffer_append(&sealed, "open:sealed", sizeof("open:sealed"));
	for (i = 0; i < ARRAY_LENGTH(counts); i++) {
		for (j = 0; j < counts[i]; j++) {
			ids[j] = add_certificate(f, ++number);
			OK(f, store_secret_put_parts(f->store, ids[j], "k", &sealed, 5, &f->error));
		}
		/* One twice, and one that had no key. */
		ids[j++] = ids[0];
		ids[j++] = add_certificate(f, ++number);
		OK(f, store_secrets_wipe(f->store, ids, j, &f->error));
		for (j = 0; j < counts[i]; j++)
			assert_false(has_secret(f, ids[j], "", ""));
		assert_int_equal(leftovers(f, 100), counts[i]);
	}
	buffer_free(&sealed);
}

static void test_secrets_not_under(void **state)
{
	static const char *const keys[] = {"aaa", "bbb", "ccc", "bbb", "ccc"};
	struct fixture *f = *state;
	unsigned char fingerprints[8][FINGERPRINT_SIZE], wanted[FINGERPRINT_SIZE];
	int64_t ids[8], own[ARRAY_LENGTH(keys)];
	unsigned seen = 0;
	size_t count;

	for (size_t i = 0; i < ARRAY_LENGTH(keys); i++) {
		own[i] = add_certificate(f, (int)i);
		put_secret(f, own[i], keys[i], "sealed");
	}
	OK(f, store_secrets_not_under(f->store, "bbb", ids, fingerprints, 8, &count, &f->error));
	assert_int_equal(count, 3);
	for (size_t i = 0; i < count; i++) {
		for (size_t j = 0; j < ARRAY_LENGTH(keys); j++) {
			if (ids[i] != own[j])
				continue;
			seen |= 1U << j;
			fingerprint_of(wanted, (int)j);
			assert_memory_equal(fingerprints[i], wanted, FINGERPRINT_SIZE);
		}
	}
	assert_int_equal(seen, 1U << 0 | 1U << 2 | 1U << 4);
	OK(f, store_secrets_not_under(f->store, "bbb", ids, fingerprints, 2, &count, &f->error));
	assert_int_equal(count, 2);
	OK(f, store_secrets_not_under(f->store, "zzz", ids, fingerprints, 8, &count, &f->error));
	assert_int_equal(count, 5);
}

/* ---- jobs ---- */

static void test_job_whole(void **state)
{
	struct fixture *f = *state;
	char contract[] = "c1", service[] = "docex", code[] = "", fqdn[] = "www.example.jp";
	char other_fqdn[] = "b.example.jp";
	struct store_job *jobs,
		job = {
			.contract = contract,
			.service = service,
			.service_code = code,
			.fqdn = fqdn,
			.state = JOB_RETRYING,
			.base_ms = 11,
			.due_ms = 12,
			.next_ms = 13,
			.attempts = 14,
			.first_attempt_ms = 15,
			.pushed_ms = 16,
			.settled_ms = 17,
			.idempotency_key =
				"0123456789012345678901234567890123456789012345678901234567890123",
			.detail = "業務日 is a sentence",
		};
	struct buffer trail = {0};
	size_t count;
	int64_t id, other;

	add_contract(f, "c1");
	job.certificate_id = add_certificate(f, 5);
	OK(f, store_job_add(f->store, &job, "1 pass\n2 pass\n", &id, &f->error));
	job.fqdn = other_fqdn;
	OK(f, store_job_add(f->store, &job, NULL, &other, &f->error));
	assert_int_not_equal(id, other);
	reopen(f);
	OK(f, store_jobs_of_contract(f->store, "c1", &jobs, &count, &f->error));
	assert_int_equal(count, 2);
	assert_int_equal(jobs[1].id, other);
	assert_string_equal(jobs[1].fqdn, "b.example.jp");
	assert_int_equal(jobs[0].id, id);
	assert_string_equal(jobs[0].contract, "c1");
	assert_string_equal(jobs[0].service, "docex");
	assert_string_equal(jobs[0].service_code, "");
	assert_string_equal(jobs[0].fqdn, "www.example.jp");
	assert_int_equal(jobs[0].certificate_id, job.certificate_id);
	fingerprint_of(job.fingerprint, 5);
	assert_memory_equal(jobs[0].fingerprint, job.fingerprint, FINGERPRINT_SIZE);
	assert_int_equal(jobs[0].not_after_ms, NOW + 5);
	assert_int_equal(jobs[0].state, JOB_RETRYING);
	assert_int_equal(jobs[0].base_ms, 11);
	assert_int_equal(jobs[0].due_ms, 12);
	assert_int_equal(jobs[0].next_ms, 13);
	assert_int_equal(jobs[0].attempts, 14);
	assert_int_equal(jobs[0].first_attempt_ms, 15);
	assert_int_equal(jobs[0].pushed_ms, 16);
	assert_int_equal(jobs[0].settled_ms, 17);
	assert_string_equal(jobs[0].idempotency_key, job.idempotency_key);
	assert_string_equal(jobs[0].detail, job.detail);
	store_jobs_free(jobs, count);

	OK(f, store_job_trail(f->store, id, &trail, &f->error));
	assert_string_equal(buffer_text(&trail), "1 pass\n2 pass\n");
	buffer_clear(&trail);
	OK(f, store_job_trail(f->store, other, &trail, &f->error));
	assert_int_equal(trail.length, 0);
	buffer_free(&trail);
	OK(f, store_jobs_of_contract(f->store, "c2", &jobs, &count, &f->error));
	assert_int_equal(count, 0);
	store_jobs_free(jobs, count);
}

static void test_job_states(void **state)
{
	struct fixture *f = *state;
	int64_t ids[JOB_STATE_COUNT];

	add_contract(f, "c1");
	for (int i = 0; i < JOB_STATE_COUNT; i++)
		ids[i] = add_job(f,
			&(struct job_spec){
				.certificate = i, .state = (enum job_state)i, .next_ms = NOW + i});
	reopen(f);
	for (int i = 0; i < JOB_STATE_COUNT; i++)
		expect_job(f, ids[i], (enum job_state)i, NOW + i);
}

static void test_job_refusals(void **state)
{
	struct fixture *f = *state;
	char contract[] = "c1", service[] = "webhg2", code[] = "whg1", fqdn[] = "www.example.jp";
	struct store_job job = {
		.contract = contract,
		.service = service,
		.service_code = code,
		.fqdn = fqdn,
		.state = JOB_SCHEDULED,
	};
	bool found;
	int64_t id;

	job.certificate_id = add_certificate(f, 1);
	/* No such contract. */
	assert_false(store_job_add(f->store, &job, NULL, &id, &f->error));
	assert_int_equal(f->error.kind, ERROR_INTERNAL);
	add_contract(f, "c1");
	OK(f, store_job_add(f->store, &job, NULL, &id, &f->error));
	/* The same once more. */
	assert_false(store_job_add(f->store, &job, "t", &id, &f->error));
	assert_int_equal(f->error.kind, ERROR_INTERNAL);
	/* No such certificate. */
	job.certificate_id = 999;
	assert_false(store_job_add(f->store, &job, NULL, &id, &f->error));
	assert_int_equal(f->error.kind, ERROR_INTERNAL);
	OK(f, store_job_get(f->store, 999, &job, &found, &f->error));
	assert_false(found);
	assert_false(store_job_set_state(f->store, 999, JOB_FAILED, 0, 0, "", &f->error));
	assert_int_equal(f->error.kind, ERROR_INTERNAL);
}

/* ---- claiming ---- */

static void test_claim_which(void **state)
{
	static const struct {
		enum job_state state;
		int64_t next_ms;
		bool due, ignoring;
		enum job_state after;
	} cases[] = {
		{JOB_SCHEDULED, NOW, true, true, JOB_INSTALLING},
		{JOB_SCHEDULED, NOW - 1, true, true, JOB_INSTALLING},
		{JOB_SCHEDULED, NOW + 1, false, true, JOB_INSTALLING},
		{JOB_RETRYING, NOW, true, true, JOB_INSTALLING},
		{JOB_RETRYING, NOW + 1, false, false, JOB_RETRYING},
		{JOB_VERIFYING, NOW, true, true, JOB_VERIFYING},
		{JOB_VERIFYING, NOW + 1, false, false, JOB_VERIFYING},
		{JOB_INSTALLING, NOW, true, true, JOB_INSTALLING},
		{JOB_INSTALLING, NOW + 1, false, false, JOB_INSTALLING},
		{JOB_HELD, 0, false, false, JOB_HELD},
		{JOB_INSTALLED, 0, false, false, JOB_INSTALLED},
		{JOB_FAILED, 0, false, false, JOB_FAILED},
		{JOB_REFUSED, 0, false, false, JOB_REFUSED},
		{JOB_SUPERSEDED, 0, false, false, JOB_SUPERSEDED},
		{JOB_CANCELLED, 0, false, false, JOB_CANCELLED},
	};
	struct fixture *f = *state;

	add_contract(f, "c1");
	for (size_t i = 0; i < 2 * ARRAY_LENGTH(cases); i++) {
		size_t c = i / 2;
		bool ignoring = i % 2 == 1, taken = ignoring ? cases[c].ignoring : cases[c].due;
		struct store_claim claim = claim_at(NOW, 1, 5);
		char service[16], fqdn[32];
		int64_t id, ids[5];

		snprintf(service, sizeof(service), "s%zu", i);
		snprintf(fqdn, sizeof(fqdn), "h%zu.example.jp", i);
		id = add_job(f, &(struct job_spec){.service = service,
					.fqdn = fqdn,
					.state = cases[c].state,
					.next_ms = cases[c].next_ms});
		claim.service = service;
		claim.ignore_due = ignoring;
		if (claim_ids(f, f->store, &claim, ids) != (taken ? 1U : 0U))
			fail_msg("case %zu, ignoring due %d", c, ignoring);
		expect_job(f, id, taken ? cases[c].after : cases[c].state,
			taken ? NOW + MINUTE : cases[c].next_ms);
	}
}

static void test_claim_order(void **state)
{
	static const int64_t offsets[] = {-3, -1, -9, -2, -7, 4, 1};
	static const size_t order[] = {2, 4, 0, 3, 1}, ignoring[] = {6, 5};
	struct fixture *f = *state;
	int64_t ids[ARRAY_LENGTH(offsets)], got[8];
	struct store_claim claim = claim_at(NOW, 1, 3);
	struct store_job *jobs;
	size_t count;

	add_contract(f, "c1");
	for (size_t i = 0; i < ARRAY_LENGTH(offsets); i++) {
		char fqdn[32];

		snprintf(fqdn, sizeof(fqdn), "h%zu.example.jp", i);
		ids[i] = add_job(f, &(struct job_spec){.fqdn = fqdn,
					    .certificate = (int)i,
					    .state = i % 2 == 0 || offsets[i] > 0 ? JOB_SCHEDULED
										  : JOB_RETRYING,
					    .next_ms = NOW + offsets[i]});
	}
	/* Another service's are nobody's business. */
	add_job(f, &(struct job_spec){.service = "waf", .state = JOB_SCHEDULED, .next_ms = 1});

	OK(f, store_begin(f->store, &f->error));
	OK(f, store_jobs_claim(f->store, &claim, &jobs, &count, &f->error));
	OK(f, store_commit(f->store, &f->error));
	assert_int_equal(count, 3);
	for (size_t i = 0; i < count; i++) {
		assert_int_equal(jobs[i].id, ids[order[i]]);
		/* What is handed out is what now stands in the store. */
		assert_int_equal(jobs[i].state, JOB_INSTALLING);
		assert_int_equal(jobs[i].next_ms, NOW + MINUTE);
		assert_int_equal(jobs[i].not_after_ms, NOW + (int64_t)order[i]);
		assert_string_equal(jobs[i].idempotency_key, "key-of-the-job");
	}
	store_jobs_free(jobs, count);
	claim.limit = 8;
	assert_int_equal(claim_ids(f, f->store, &claim, got), 2);
	assert_int_equal(got[0], ids[order[3]]);
	assert_int_equal(got[1], ids[order[4]]);
	claim.ignore_due = true;
	assert_int_equal(claim_ids(f, f->store, &claim, got), 2);
	assert_int_equal(got[0], ids[ignoring[0]]);
	assert_int_equal(got[1], ids[ignoring[1]]);
	claim.limit = 0;
	assert_int_equal(claim_ids(f, f->store, &claim, got), 0);
}

static void test_claim_target(void **state)
{
	struct fixture *f = *state;
	struct store_claim claim = claim_at(NOW, 1, 2);
	int64_t first, second, third, other, got[8];

	add_contract(f, "c1");
	second = add_job(f,
		&(struct job_spec){.certificate = 2, .state = JOB_SCHEDULED, .next_ms = NOW - 20});
	first = add_job(f,
		&(struct job_spec){.certificate = 1, .state = JOB_SCHEDULED, .next_ms = NOW - 30});
	third = add_job(f,
		&(struct job_spec){.certificate = 3, .state = JOB_RETRYING, .next_ms = NOW - 10});
	/* Another code, so another target. */
	other = add_job(f, &(struct job_spec){.code = "whg2",
				   .certificate = 1,
				   .state = JOB_SCHEDULED,
				   .next_ms = NOW - 5});
	/* Two fit, though the two first in the queue are of one target. */
	assert_int_equal(claim_ids(f, f->store, &claim, got), 2);
	assert_int_equal(got[0], first);
	assert_int_equal(got[1], other);
	claim = claim_at(NOW + MINUTE - 1, 2, 8);
	assert_int_equal(claim_ids(f, f->store, &claim, got), 0);
	expect_job(f, second, JOB_SCHEDULED, NOW - 20);

	/* Settled, so the next one may. */
	assert_true(settle(f, first, 1, JOB_INSTALLED));
	assert_int_equal(claim_ids(f, f->store, &claim, got), 1);
	assert_int_equal(got[0], second);
	assert_true(settle(f, second, 2, JOB_FAILED));

	/* A superseded job's lease runs on, and keeps its target to itself to its end. */
	claim = claim_at(NOW + MINUTE - 1, 3, 8);
	assert_int_equal(claim_ids(f, f->store, &claim, got), 1);
	assert_int_equal(got[0], third);
	OK(f, store_job_set_state(f->store, third, JOB_SUPERSEDED, 0, NOW, "newer", &f->error));
	OK(f, store_job_set_state(f->store, second, JOB_SCHEDULED, NOW, 0, NULL, &f->error));
	claim = claim_at(NOW + 2 * MINUTE - 2, 4, 8);
	claim.service = "webhg2";
	assert_int_equal(claim_ids(f, f->store, &claim, got), 1); /* other's lease ran out */
	assert_int_equal(got[0], other);
	claim = claim_at(NOW + 2 * MINUTE - 1, 5, 8);
	assert_int_equal(claim_ids(f, f->store, &claim, got), 1);
	assert_int_equal(got[0], second);
}

static void test_claim_many_of_one_target(void **state)
{
	struct fixture *f = *state;
	struct store_claim claim = claim_at(NOW, 1, 4);
	int64_t got[4];

	add_contract(f, "c1");
	for (int i = 0; i < 40; i++) {
		char fqdn[32];

		snprintf(fqdn, sizeof(fqdn), "h%d.example.jp", i / 10);
		add_job(f, &(struct job_spec){.fqdn = fqdn,
				   .certificate = i,
				   .state = JOB_SCHEDULED,
				   .next_ms = NOW - 100 + i});
	}
	assert_int_equal(claim_ids(f, f->store, &claim, got), 4);
	claim = claim_at(NOW, 2, 4);
	assert_int_equal(claim_ids(f, f->store, &claim, got), 0);
}

static void test_lease_runs_out(void **state)
{
	struct fixture *f = *state;
	struct store_claim claim = claim_at(NOW, 1, 4);
	int64_t pushing, looking, got[4];

	add_contract(f, "c1");
	pushing = add_job(
		f, &(struct job_spec){.fqdn = "a.jp", .state = JOB_SCHEDULED, .next_ms = NOW - 2});
	looking = add_job(
		f, &(struct job_spec){.fqdn = "b.jp", .state = JOB_VERIFYING, .next_ms = NOW - 1});
	assert_int_equal(claim_ids(f, f->store, &claim, got), 2);
	reopen(f);
	claim = claim_at(NOW + MINUTE - 1, 2, 4);
	assert_int_equal(claim_ids(f, f->store, &claim, got), 0);
	claim = claim_at(NOW + MINUTE, 2, 4);
	assert_int_equal(claim_ids(f, f->store, &claim, got), 2);
	expect_job(f, pushing, JOB_INSTALLING, NOW + 2 * MINUTE);
	expect_job(f, looking, JOB_VERIFYING, NOW + 2 * MINUTE);
	/* The first holder comes late. */
	assert_false(settle(f, pushing, 1, JOB_INSTALLED));
	expect_job(f, pushing, JOB_INSTALLING, NOW + 2 * MINUTE);
	assert_true(settle(f, pushing, 2, JOB_INSTALLED));
	expect_job(f, pushing, JOB_INSTALLED, 0);
	/* And once more: the lease is gone. */
	assert_false(settle(f, pushing, 2, JOB_FAILED));
	expect_job(f, pushing, JOB_INSTALLED, 0);
	/* One that ran out and nobody took is still its holder's. */
	assert_true(settle(f, looking, 2, JOB_INSTALLED));
}

static void test_settle(void **state)
{
	struct fixture *f = *state;
	struct store_claim claim = claim_at(NOW, 9, 4);
	struct store_job job;
	int64_t id, got[4];

	add_contract(f, "c1");
	id = add_job(f, &(struct job_spec){.state = JOB_SCHEDULED, .next_ms = NOW});
	assert_false(settle(f, id, 9, JOB_INSTALLED)); /* never claimed */
	assert_int_equal(claim_ids(f, f->store, &claim, got), 1);
	assert_true(settle(f, id, 9, JOB_RETRYING));
	reopen(f);
	job = get(f, id);
	assert_int_equal(job.state, JOB_RETRYING);
	assert_int_equal(job.next_ms, NOW + 7 * MINUTE);
	assert_int_equal(job.attempts, 3);
	assert_int_equal(job.first_attempt_ms, NOW + 1);
	assert_int_equal(job.pushed_ms, NOW + 2);
	assert_int_equal(job.settled_ms, NOW + 3);
	assert_string_equal(job.detail, "settled in the test");
	store_job_clear(&job);
	/* The lease is over: claimable as soon as it is its time. */
	claim = claim_at(NOW + 7 * MINUTE, 10, 4);
	assert_int_equal(claim_ids(f, f->store, &claim, got), 1);
}

/* What is pending at the service is in the store, across restarts, until something settles it. */
static void test_remote(void **state)
{
	struct fixture *f = *state;
	struct store_claim claim = claim_at(NOW, 9, 4);
	unsigned char wanted[FINGERPRINT_SIZE];
	struct store_job job;
	int64_t id, got[4];

	add_contract(f, "c1");
	id = add_job(
		f, &(struct job_spec){.certificate = 5, .state = JOB_SCHEDULED, .next_ms = NOW});
	job = get(f, id);
	assert_null(job.remote);
	assert_int_equal(job.chain_length, 2);
	fingerprint_of(wanted, 2005);
	assert_memory_equal(job.chain[1], wanted, FINGERPRINT_SIZE);
	store_job_clear(&job);
	assert_int_equal(claim_ids(f, f->store, &claim, got), 1);
	assert_true(settle(f, id, 9, JOB_VERIFYING));
	reopen(f);
	job = get(f, id);
	assert_string_equal(job.remote, "/requests/7?a=b");
	store_job_clear(&job);
	/* Beside it one that is not pushed yet: out of hours it is left where it is. */
	add_job(f, &(struct job_spec){.certificate = 6,
			   .fqdn = "other.jp",
			   .state = JOB_SCHEDULED,
			   .next_ms = NOW});
	claim = claim_at(NOW + 6 * MINUTE, 10, 4);
	claim.only_verifying = true;
	assert_int_equal(claim_ids(f, f->store, &claim, got), 0);
	assert_int_equal(next_of(f, &claim), NOW + 7 * MINUTE);
	/* Unless its certificate will not live to see the opening. */
	claim.or_ends_before_ms = 1;
	assert_int_equal(next_of(f, &claim), NOW + 7 * MINUTE);
	claim.or_ends_before_ms = INT64_MAX;
	assert_int_equal(next_of(f, &claim), NOW);
	claim = claim_at(NOW + 7 * MINUTE, 10, 4);
	claim.only_verifying = true;
	assert_int_equal(next_of(f, &claim), NOW + 7 * MINUTE);
	assert_int_equal(claim_ids(f, f->store, &claim, got), 1);
	assert_int_equal(got[0], id);
	assert_true(settle(f, id, 10, JOB_INSTALLED));
	job = get(f, id);
	assert_null(job.remote);
	store_job_clear(&job);
}

static void test_settle_overtaken(void **state)
{
	static const enum job_state states[] = {JOB_SUPERSEDED, JOB_CANCELLED, JOB_SCHEDULED};
	struct fixture *f = *state;

	add_contract(f, "c1");
	for (size_t i = 0; i < ARRAY_LENGTH(states); i++) {
		struct store_claim claim = claim_at(NOW, 1, 4);
		struct store_job job;
		char fqdn[16];
		int64_t id, got[4];

		snprintf(fqdn, sizeof(fqdn), "h%zu.jp", i);
		id = add_job(f,
			&(struct job_spec){.fqdn = fqdn, .state = JOB_SCHEDULED, .next_ms = NOW});
		assert_int_equal(claim_ids(f, f->store, &claim, got), 1);
		OK(f, store_job_set_state(
			      f->store, id, states[i], 0, NOW + 5, "overtaken", &f->error));
		/* The lease runs on: nobody may take it meanwhile. */
		claim.ignore_due = true;
		assert_int_equal(claim_ids(f, f->store, &claim, got), 0);
		assert_false(settle(f, id, 1, JOB_INSTALLED));
		job = get(f, id);
		assert_int_equal(job.state, states[i]);
		assert_int_equal(job.settled_ms, NOW + 5);
		assert_string_equal(job.detail, "overtaken");
		store_job_clear(&job);
		/* But it is removed. */
		OK(f, store_job_set_state(f->store, id, JOB_SCHEDULED, NOW, 0, NULL, &f->error));
		assert_int_equal(claim_ids(f, f->store, &claim, got), 1);
		job = get(f, id);
		assert_string_equal(job.detail, "overtaken");
		store_job_clear(&job);
	}
}

static void test_claim_since(void **state)
{
	struct fixture *f = *state;
	struct store_claim claim = claim_at(NOW, 1, 4);
	int64_t due, all, got[4];

	add_contract(f, "c1");
	add_job(f, &(struct job_spec){.state = JOB_SCHEDULED, .next_ms = NOW});
	claim.base_since_ms = NOW - 4; /* the job's is NOW - 5 */
	assert_int_equal(next_of(f, &claim), INT64_MAX);
	OK(f, store_left_count(f->store, &claim, &due, &all, &f->error));
	assert_int_equal(all, 0);
	assert_int_equal(claim_ids(f, f->store, &claim, got), 0);
	claim.base_since_ms = NOW - 5;
	assert_int_equal(next_of(f, &claim), NOW);
	OK(f, store_left_count(f->store, &claim, &due, &all, &f->error));
	assert_int_equal(all, 1);
	assert_int_equal(due, 1);
	assert_int_equal(claim_ids(f, f->store, &claim, got), 1);
}

static void test_reschedule(void **state)
{
	static const enum job_state states[] = {JOB_REFUSED, JOB_CANCELLED, JOB_SCHEDULED};
	struct fixture *f = *state;
	int64_t id = 0;

	add_contract(f, "c1");
	for (size_t i = 0; i < ARRAY_LENGTH(states); i++) {
		struct buffer trail = {0};
		struct store_job job;

		id = add_job(f, &(struct job_spec){.certificate = (int)i, .state = states[i]});
		OK(f, store_job_set_state(f->store, id, states[i], 0, NOW, "why", &f->error));
		OK(f, store_job_reschedule(f->store, id, NOW + 1, NOW + 2, NULL, &f->error));
		job = get(f, id);
		assert_int_equal(job.state, JOB_SCHEDULED);
		assert_int_equal(job.base_ms, NOW + 1);
		assert_int_equal(job.due_ms, NOW + 2);
		assert_int_equal(job.next_ms, NOW + 2);
		assert_int_equal(job.settled_ms, 0);
		assert_string_equal(job.detail, "");
		store_job_clear(&job);
		OK(f, store_job_trail(f->store, id, &trail, &f->error));
		assert_string_equal(buffer_text(&trail), "a trail");
		OK(f, store_job_reschedule(f->store, id, NOW, NOW, "another", &f->error));
		buffer_clear(&trail);
		OK(f, store_job_trail(f->store, id, &trail, &f->error));
		assert_string_equal(buffer_text(&trail), "another");
		buffer_free(&trail);
	}
	assert_false(store_job_reschedule(f->store, id + 1, NOW, NOW, "x", &f->error));
	assert_int_equal(f->error.kind, ERROR_INTERNAL);
}

/* Under the same key the service would only say again what came of it. */
static void test_reschedule_of_what_was_taken(void **state)
{
	static const struct {
		enum job_state settled;
		bool taken, another_key;
	} cases[] = {
		{JOB_FAILED, true, true},
		{JOB_FAILED, false, false},
		{JOB_RETRYING, true, false},
	};
	struct fixture *f = *state;

	add_contract(f, "c1");
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		int64_t id = add_job(
			f, &(struct job_spec){
				   .certificate = (int)i, .state = JOB_SCHEDULED, .next_ms = NOW});
		struct store_claim claim = claim_at(NOW, (unsigned char)(i + 1), 1);
		struct store_settlement settlement = {.job_id = id,
			.state = cases[i].settled,
			.attempts = 1,
			.pushed_ms = cases[i].taken ? NOW : 0,
			.detail = "settled in the test"};
		int64_t got[1];
		struct store_job before, after;
		bool applied;

		assert_int_equal(claim_ids(f, f->store, &claim, got), 1);
		memcpy(settlement.token, claim.token, sizeof(claim.token));
		OK(f, store_job_settle(f->store, &settlement, &applied, &f->error));
		assert_true(applied);
		before = get(f, id);
		OK(f, store_job_reschedule(f->store, id, NOW, NOW + 2 * MINUTE, NULL, &f->error));
		after = get(f, id);
		assert_int_equal(after.generation, cases[i].another_key ? 1 : 0);
		assert_int_equal(strcmp(before.idempotency_key, after.idempotency_key) != 0,
			cases[i].another_key);
		assert_int_not_equal(after.idempotency_key[0], 0);
		store_job_clear(&before);
		store_job_clear(&after);
	}
}

static void test_next(void **state)
{
	struct fixture *f = *state;
	struct store_claim claim = claim_at(NOW, 1, 4), waf = claim_at(NOW, 1, 4);
	int64_t id, got[4];

	waf.service = "waf";
	add_contract(f, "c1");
	assert_int_equal(next_of(f, &claim), INT64_MAX);
	add_job(f, &(struct job_spec){.certificate = 1, .state = JOB_HELD});
	add_job(f, &(struct job_spec){.certificate = 2, .state = JOB_FAILED, .next_ms = 5});
	add_job(f, &(struct job_spec){.certificate = 3, .state = JOB_INSTALLED});
	add_job(f, &(struct job_spec){.service = "waf", .state = JOB_RETRYING, .next_ms = 6});
	assert_int_equal(next_of(f, &claim), INT64_MAX);
	assert_int_equal(next_of(f, &waf), 6);
	id = add_job(f,
		&(struct job_spec){.certificate = 4, .state = JOB_SCHEDULED, .next_ms = NOW + 50});
	add_job(f, &(struct job_spec){.fqdn = "b.jp",
			   .certificate = 4,
			   .state = JOB_RETRYING,
			   .next_ms = NOW + 4 * MINUTE});
	assert_int_equal(next_of(f, &claim), NOW + 50);
	claim.ignore_due = true;
	assert_int_equal(next_of(f, &claim), NOW);
	assert_int_equal(claim_ids(f, f->store, &claim, got), 1);
	assert_int_equal(next_of(f, &claim), NOW + MINUTE); /* the lease's end */
	assert_true(settle(f, id, 1, JOB_VERIFYING));
	assert_int_equal(next_of(f, &claim), NOW + 4 * MINUTE);
}

/* A due job whose target is leased by one that is superseded: the lease's end counts, once. */
static void test_next_behind_lease(void **state)
{
	struct fixture *f = *state;
	struct store_claim claim = claim_at(NOW, 1, 4);
	int64_t id, got[4];

	add_contract(f, "c1");
	id = add_job(
		f, &(struct job_spec){.certificate = 1, .state = JOB_SCHEDULED, .next_ms = NOW});
	assert_int_equal(claim_ids(f, f->store, &claim, got), 1);
	OK(f, store_job_set_state(f->store, id, JOB_SUPERSEDED, 0, NOW, NULL, &f->error));
	assert_int_equal(next_of(f, &claim), INT64_MAX); /* nothing waits for it */
	id = add_job(f,
		&(struct job_spec){.certificate = 2, .state = JOB_SCHEDULED, .next_ms = NOW - 1});
	assert_int_equal(next_of(f, &claim), NOW + MINUTE);
	add_job(f, &(struct job_spec){.fqdn = "b.jp",
			   .certificate = 2,
			   .state = JOB_RETRYING,
			   .next_ms = NOW + 2 * MINUTE});
	assert_int_equal(next_of(f, &claim), NOW + MINUTE);
	claim.now_ms = NOW + MINUTE;
	assert_int_equal(next_of(f, &claim), NOW - 1);
	/* Not due yet, so it does not wait for the lease unless due instants are ignored. */
	claim.now_ms = NOW;
	OK(f, store_job_set_state(
		      f->store, id, JOB_SCHEDULED, NOW + 3 * MINUTE, 0, NULL, &f->error));
	assert_int_equal(next_of(f, &claim), NOW + 2 * MINUTE);
	claim.ignore_due = true;
	assert_int_equal(next_of(f, &claim), NOW + MINUTE);
}

static void test_left_count(void **state)
{
	struct fixture *f = *state;
	struct store_claim claim = claim_at(NOW, 1, 4);
	int64_t due, all;

	add_contract(f, "c1");
	for (int i = 0; i < JOB_STATE_COUNT; i++)
		add_job(f, &(struct job_spec){.certificate = i,
				   .state = (enum job_state)i,
				   .next_ms = NOW + MINUTE});
	add_job(f, &(struct job_spec){.service = "waf", .state = JOB_SCHEDULED});
	/* Scheduled, installing, verifying, retrying; their due instant is NOW - 4. */
	OK(f, store_left_count(f->store, &claim, &due, &all, &f->error));
	assert_int_equal(all, 4);
	assert_int_equal(due, 4);
	claim.now_ms = NOW - 5;
	OK(f, store_left_count(f->store, &claim, &due, &all, &f->error));
	assert_int_equal(all, 4);
	assert_int_equal(due, 0);
	claim.ignore_due = true;
	OK(f, store_left_count(f->store, &claim, &due, &all, &f->error));
	assert_int_equal(due, 4);
	claim.service = "none";
	OK(f, store_left_count(f->store, &claim, &due, &all, &f->error));
	assert_int_equal(all, 0);
	assert_int_equal(due, 0);
}

static void test_ignore_due_takes_untried_first(void **state)
{
	struct fixture *f = *state;
	struct store_claim claim = claim_at(NOW, 1, 1);
	struct store_job *jobs;
	size_t count;

	add_contract(f, "c1");
	add_job(f, &(struct job_spec){
			   .certificate = 1, .state = JOB_RETRYING, .next_ms = NOW - MINUTE});
	add_job(f, &(struct job_spec){
			   .certificate = 2, .state = JOB_SCHEDULED, .next_ms = NOW + MINUTE});
	claim.ignore_due = true;
	OK(f, store_jobs_claim(f->store, &claim, &jobs, &count, &f->error));
	assert_int_equal(count, 1);
	assert_int_equal(jobs[0].next_ms, claim.lease_until_ms);
	assert_int_equal(jobs[0].id, 2);
	store_jobs_free(jobs, count);
}

static bool untried(struct fixture *f, const struct store_claim *claim)
{
	bool found;

	OK(f, store_untried(f->store, claim, &found, &f->error));
	return found;
}

static void test_untried(void **state)
{
	struct fixture *f = *state;
	struct store_claim claim = claim_at(NOW, 1, 4);

	add_contract(f, "c1");
	for (int i = 0; i < JOB_STATE_COUNT; i++) {
		if (i != JOB_SCHEDULED)
			add_job(f, &(struct job_spec){.certificate = i,
					   .state = (enum job_state)i,
					   .next_ms = NOW - MINUTE});
	}
	add_job(f, &(struct job_spec){.service = "waf", .state = JOB_SCHEDULED});
	assert_false(untried(f, &claim));
	add_job(f, &(struct job_spec){.certificate = JOB_STATE_COUNT,
			   .state = JOB_SCHEDULED,
			   .next_ms = NOW + 1});
	assert_false(untried(f, &claim));
	claim.ignore_due = true;
	assert_true(untried(f, &claim));
	claim.ignore_due = false;
	claim.now_ms = NOW + 1;
	assert_true(untried(f, &claim));
	claim.base_since_ms = NOW + MINUTE;
	assert_false(untried(f, &claim));
}

/* What was tried before, by whomever, counts from the instant on that the caller names. */
static void test_untried_since(void **state)
{
	static const struct {
		enum job_state state;
		bool counts;
	} cases[] = {
		{JOB_HELD, false},
		{JOB_INSTALLING, true},
		{JOB_VERIFYING, true},
		{JOB_RETRYING, true},
		{JOB_INSTALLED, false},
		{JOB_FAILED, false},
	};
	struct fixture *f = *state;

	add_contract(f, "c1");
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		char service[16];
		struct store_claim claim = claim_at(NOW, 1, 4);

		snprintf(service, sizeof(service), "service%zu", i);
		claim.service = service;
		add_job(f, &(struct job_spec){.certificate = (int)i,
				   .service = service,
				   .state = cases[i].state,
				   .next_ms = NOW - MINUTE});
		claim.waiting_since_ms = NOW - MINUTE - 1;
		assert_false(untried(f, &claim));
		claim.waiting_since_ms = NOW - MINUTE;
		assert_int_equal(untried(f, &claim), cases[i].counts);
	}
}

static void test_leased(void **state)
{
	struct fixture *f = *state;
	struct store_claim claim = claim_at(NOW, 1, 1);
	struct store_job *jobs;
	size_t count;
	bool leased;

	add_contract(f, "c1");
	add_job(f, &(struct job_spec){.state = JOB_SCHEDULED, .next_ms = NOW - 1});
	OK(f, store_leased(f->store, &claim, &leased, &f->error));
	assert_false(leased);
	OK(f, store_begin(f->store, &f->error));
	OK(f, store_jobs_claim(f->store, &claim, &jobs, &count, &f->error));
	OK(f, store_commit(f->store, &f->error));
	assert_int_equal(count, 1);
	store_jobs_free(jobs, count);
	OK(f, store_leased(f->store, &claim, &leased, &f->error));
	assert_true(leased);
	claim.service = "none";
	OK(f, store_leased(f->store, &claim, &leased, &f->error));
	assert_false(leased);
	claim.service = "webhg2";
	claim.now_ms = NOW + 2 * MINUTE;
	OK(f, store_leased(f->store, &claim, &leased, &f->error));
	assert_false(leased);
}

static struct store_lease lease_of(int64_t id, unsigned char token, int64_t until_ms)
{
	struct store_lease lease = {.job_id = id, .until_ms = until_ms, .held = true};

	memset(lease.token, token, sizeof(lease.token));
	return lease;
}

/* Who still has a lease gets it renewed, and nobody else can take the job then. */
static void test_leases_renew(void **state)
{
	struct fixture *f = *state;
	struct store_claim claim = claim_at(NOW, 1, 10);
	struct store_lease leases[4];
	int64_t ids[4], claimed[10];

	add_contract(f, "c1");
	for (int i = 0; i < 4; i++) {
		const char *const fqdns[] = {"a.jp", "b.jp", "c.jp", "d.jp"};

		ids[i] = add_job(f, &(struct job_spec){.fqdn = fqdns[i],
					    .state = i == 1 ? JOB_VERIFYING : JOB_SCHEDULED,
					    .next_ms = NOW});
	}
	assert_int_equal(claim_ids(f, f->store, &claim, claimed), 4);
	/* One is settled, one superseded under its lease, and the clock goes an hour ahead. */
	assert_true(settle(f, ids[2], 1, JOB_INSTALLED));
	OK(f, store_job_set_state(f->store, ids[3], JOB_SUPERSEDED, 0, NOW, "newer", &f->error));
	for (int i = 0; i < 4; i++)
		leases[i] = lease_of(ids[i], 1, NOW + 61 * MINUTE);
	OK(f, store_leases_renew(f->store, leases, 4, &f->error));
	assert_true(leases[0].held);
	assert_true(leases[1].held);
	assert_false(leases[2].held);
	assert_true(leases[3].held);
	expect_job(f, ids[0], JOB_INSTALLING, NOW + 61 * MINUTE);
	expect_job(f, ids[1], JOB_VERIFYING, NOW + 61 * MINUTE);
	expect_job(f, ids[2], JOB_INSTALLED, 0);
	expect_job(f, ids[3], JOB_SUPERSEDED, 0);
	claim = claim_at(NOW + 61 * MINUTE - 1, 2, 10);
	assert_int_equal(claim_ids(f, f->store, &claim, claimed), 0);
	/* A job that another has taken is not given back. */
	claim = claim_at(NOW + 61 * MINUTE, 2, 10);
	assert_int_equal(claim_ids(f, f->store, &claim, claimed), 2);
	leases[0] = lease_of(ids[0], 1, NOW + 90 * MINUTE);
	OK(f, store_leases_renew(f->store, leases, 1, &f->error));
	assert_false(leases[0].held);
	expect_job(f, ids[0], JOB_INSTALLING, NOW + 62 * MINUTE);
}

/* Who takes a target ends what dead leases other jobs have on it. */
static void test_leases_end_with_target(void **state)
{
	struct fixture *f = *state;
	static const struct {
		enum job_state claimed; /* as it is when its holder takes it */
		bool superseded;	/* under its lease */
		enum job_state left;
		int64_t next_ms;
	} cases[] = {
		{JOB_SCHEDULED, true, JOB_SUPERSEDED, 0},
		{JOB_SCHEDULED, false, JOB_RETRYING, NOW + MINUTE},
		{JOB_VERIFYING, false, JOB_VERIFYING, NOW + MINUTE},
	};

	add_contract(f, "c1");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct store_claim claim = claim_at(NOW, 1, 1);
		struct store_lease lease;
		int64_t dead, beside, taken, got[2];
		char fqdn[32];

		snprintf(fqdn, sizeof(fqdn), "h%zu.example.jp", i);
		dead = add_job(f, &(struct job_spec){.fqdn = fqdn,
					  .certificate = 1,
					  .state = cases[i].claimed,
					  .next_ms = NOW});
		beside = add_job(f, &(struct job_spec){.fqdn = "other.example.jp",
					    .certificate = 10 + (int)i,
					    .state = JOB_SCHEDULED,
					    .next_ms = NOW});
		claim.limit = 2;
		assert_int_equal(claim_ids(f, f->store, &claim, got), 2);
		if (cases[i].superseded)
			OK(f, store_job_set_state(
				      f->store, dead, JOB_SUPERSEDED, 0, NOW, "newer", &f->error));
		taken = add_job(f, &(struct job_spec){.fqdn = fqdn,
					   .certificate = 2,
					   .state = JOB_SCHEDULED,
					   .next_ms = NOW});
		claim = claim_at(NOW + MINUTE, 2, 1);
		assert_int_equal(claim_ids(f, f->store, &claim, got), 1);
		assert_int_equal(got[0], taken);
		expect_job(f, dead, cases[i].left, cases[i].next_ms);
		/* Its holder has it no more, and a clock that is set back does not revive it. */
		lease = lease_of(dead, 1, NOW + 2 * MINUTE);
		OK(f, store_leases_renew(f->store, &lease, 1, &f->error));
		assert_false(lease.held);
		assert_false(settle(f, dead, 1, JOB_INSTALLED));
		assert_true(settle(f, taken, 2, JOB_INSTALLED));
		OK(f, store_job_set_state(f->store, taken, JOB_SCHEDULED, NOW, 0, NULL, &f->error));
		claim = claim_at(NOW + MINUTE - 1, 3, 1);
		assert_int_equal(claim_ids(f, f->store, &claim, got), 1);
		assert_int_equal(got[0], taken);
		assert_true(settle(f, taken, 3, JOB_INSTALLED));
		/* Another target's dead lease is still its holder's. */
		assert_true(settle(f, beside, 1, JOB_INSTALLED));
		if (!cases[i].superseded)
			OK(f, store_job_set_state(
				      f->store, dead, JOB_CANCELLED, 0, NOW, "", &f->error));
	}
}

/* A clock that was set back leaves no lease longer than the longest there is. */
static void test_leases_shorten(void **state)
{
	struct fixture *f = *state;
	const int64_t day = 1440 * MINUTE;
	struct store_claim claim = claim_at(NOW, 1, 1);
	int64_t ids[2], claimed[1];
	int64_t last_ms;
	size_t count;

	add_contract(f, "c1");
	OK(f, store_lease_last(f->store, &last_ms, &f->error));
	assert_int_equal(last_ms, 0);
	ids[0] = add_job(
		f, &(struct job_spec){.fqdn = "a.jp", .state = JOB_SCHEDULED, .next_ms = NOW});
	ids[1] = add_job(
		f, &(struct job_spec){.fqdn = "b.jp", .state = JOB_SCHEDULED, .next_ms = NOW});
	assert_int_equal(claim_ids(f, f->store, &claim, claimed), 1);
	OK(f, store_lease_last(f->store, &last_ms, &f->error));
	assert_int_equal(last_ms, NOW + MINUTE);
	OK(f, store_leases_shorten(f->store, NOW + 2 * MINUTE, &count, &f->error));
	assert_int_equal(count, 0);
	expect_job(f, ids[0], JOB_INSTALLING, NOW + MINUTE);
	OK(f, store_leases_shorten(f->store, NOW - day + MINUTE, &count, &f->error));
	assert_int_equal(count, 1);
	expect_job(f, ids[0], JOB_INSTALLING, NOW - day + MINUTE);
	expect_job(f, ids[1], JOB_SCHEDULED, NOW);
	claim = claim_at(NOW - day + MINUTE - 1, 2, 1);
	assert_int_equal(claim_ids(f, f->store, &claim, claimed), 0);
	claim = claim_at(NOW - day + MINUTE, 2, 1);
	assert_int_equal(claim_ids(f, f->store, &claim, claimed), 1);
	assert_int_equal(claimed[0], ids[0]);
}

/* ---- attempts ---- */

static void note_attempt(void *context, const struct store_attempt *attempt)
{
	struct buffer *text = context;

	buffer_printf(text, "%d %d %d %d+%d %s %d %s %s\n", (int)attempt->job_id,
		(int)attempt->kind, attempt->number, (int)attempt->at_ms, (int)attempt->duration_ms,
		attempt->outcome, attempt->status, attempt->text,
		attempt->excerpt != NULL ? attempt->excerpt : "NULL");
}

static void test_attempts(void **state)
{
	struct fixture *f = *state;
	struct store_attempt attempt = {
		.kind = ATTEMPT_PUSH,
		.number = 1,
		.at_ms = 100,
		.duration_ms = 20,
		.outcome = "temporary",
		.status = 503,
		.text = "busy",
		.excerpt = "later",
	};
	struct buffer text = {0};
	int64_t id, other;
	char wanted[256];

	add_contract(f, "c1");
	id = add_job(f, &(struct job_spec){.certificate = 1, .state = JOB_SCHEDULED});
	other = add_job(f, &(struct job_spec){.certificate = 2, .state = JOB_SCHEDULED});
	attempt.job_id = id;
	OK(f, store_attempt_add(f->store, &attempt, &f->error));
	attempt.job_id = other;
	OK(f, store_attempt_add(f->store, &attempt, &f->error));
	attempt = (struct store_attempt){.job_id = id,
		.kind = ATTEMPT_VERIFY,
		.number = 2,
		.at_ms = 90,
		.outcome = "served",
		.text = "it is served"};
	OK(f, store_attempt_add(f->store, &attempt, &f->error));
	attempt.kind = ATTEMPT_FOLLOW;
	OK(f, store_attempt_add(f->store, &attempt, &f->error));
	attempt.kind = ATTEMPT_READ_BACK;
	OK(f, store_attempt_add(f->store, &attempt, &f->error));
	reopen(f);
	OK(f, store_attempts(f->store, id, note_attempt, &text, &f->error));
	snprintf(wanted, sizeof(wanted),
		"%d 0 1 100+20 temporary 503 busy later\n"
		"%d 1 2 90+0 served 0 it is served NULL\n"
		"%d 2 2 90+0 served 0 it is served NULL\n"
		"%d 3 2 90+0 served 0 it is served NULL\n",
		(int)id, (int)id, (int)id, (int)id);
	assert_string_equal(buffer_text(&text), wanted);
	buffer_free(&text);
	attempt.job_id = 999;
	assert_false(store_attempt_add(f->store, &attempt, &f->error));
}

static void note_number(void *context, const struct store_attempt *attempt)
{
	buffer_printf(context, "%d %s;", attempt->number, attempt->text);
}

/* However many there are at once, each comes to its job, in order; or none of them does. */
static void test_many_attempts(void **state)
{
	struct fixture *f = *state;
	struct store_attempt attempts[21];
	int64_t ids[2];
	size_t counts[] = {0, 1, 7, 8, 9, 16, 20}, i, j;

	add_contract(f, "c1");
	for (i = 0; i < ARRAY_LENGTH(counts); i++) {
		struct buffer wanted[2] = {{0}}, found[2] = {{0}};
		char texts[21][16];

		for (j = 0; j < 2; j++)
			ids[j] = add_job(f, &(struct job_spec){.certificate = (int)(2 * i + j),
						    .state = JOB_SCHEDULED});
		for (j = 0; j < ARRAY_LENGTH(attempts); j++) {
			snprintf(texts[j], sizeof(texts[j]), "try %zu", j);
			attempts[j] = (struct store_attempt){.job_id = ids[j % 3 == 0],
				.number = (int)j,
				.outcome = "done",
				.text = texts[j]};
			if (j < counts[i])
				note_number(&wanted[j % 3 == 0], &attempts[j]);
		}
		OK(f, store_attempts_add(f->store, attempts, counts[i], &f->error));
		/* The last is of no job there is. */
		attempts[20].job_id = 999;
		assert_false(store_attempts_add(f->store, attempts, 21, &f->error));
		for (j = 0; j < 2; j++) {
			OK(f, store_attempts(f->store, ids[j], note_number, &found[j], &f->error));
			assert_string_equal(buffer_text(&found[j]), buffer_text(&wanted[j]));
			buffer_free(&found[j]);
			buffer_free(&wanted[j]);
		}
	}
}

/* ---- asking ---- */

static void note_job(void *context, const struct store_job *job)
{
	buffer_printf(context, "%d %s %s;", (int)job->id, job->service, job->fqdn);
}

static void test_list(void **state)
{
	static const struct job_spec jobs[] = {
		{.service = "waf", .fqdn = "a", .certificate = 1, .state = JOB_FAILED},
		{.service = "webhg2", .fqdn = "a", .certificate = 1, .state = JOB_FAILED},
		{.service = "webhg2", .fqdn = "b", .certificate = 1, .state = JOB_HELD},
		{.service = "waf", .fqdn = "b", .certificate = 2, .state = JOB_HELD},
	};
	static const struct {
		struct store_filter filter;
		const char *wanted;
	} cases[] = {
		{{.state = -1}, "1 waf a;2 webhg2 a;3 webhg2 b;4 waf b;"},
		{{.state = -1, .after_id = 2}, "3 webhg2 b;4 waf b;"},
		{{.state = -1, .after_id = 1, .limit = 2}, "2 webhg2 a;3 webhg2 b;"},
		{{.state = -1, .service = "waf"}, "1 waf a;4 waf b;"},
		{{.state = -1, .fqdn = "a"}, "1 waf a;2 webhg2 a;"},
		{{.state = -1, .fqdn = "a", .after_id = 1}, "2 webhg2 a;"},
		{{.state = JOB_HELD}, "3 webhg2 b;4 waf b;"},
		{{.state = JOB_HELD, .service = "waf", .contract = "c1", .fqdn = "b"}, "4 waf b;"},
		{{.state = -1, .contract = "c1", .limit = 1}, "1 waf a;"},
		{{.state = -1, .contract = "c2"}, ""},
		{{.state = JOB_INSTALLED}, ""},
	};
	struct fixture *f = *state;

	add_contract(f, "c1");
	for (size_t i = 0; i < ARRAY_LENGTH(jobs); i++)
		assert_int_equal(add_job(f, &jobs[i]), i + 1);
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		struct buffer text = {0};

		OK(f, store_jobs_list(f->store, &cases[i].filter, note_job, &text, &f->error));
		assert_string_equal(buffer_text(&text), cases[i].wanted);
		buffer_free(&text);
	}
}

static void note_count(void *context, const char *service, enum job_state state, int64_t count)
{
	buffer_printf(context, "%s %d %d;", service, (int)state, (int)count);
}

static void expect_counts(struct fixture *f, const char *wanted)
{
	struct buffer text = {0};

	OK(f, store_counts(f->store, note_count, &text, &f->error));
	assert_string_equal(buffer_text(&text), wanted);
	buffer_free(&text);
}

static void test_counts(void **state)
{
	struct fixture *f = *state;
	struct store_claim claim = claim_at(NOW, 1, 1);
	char wanted[128];
	int64_t id, got[1];

	expect_counts(f, "");
	add_contract(f, "c1");
	id = add_job(f, &(struct job_spec){.fqdn = "a", .state = JOB_SCHEDULED, .next_ms = NOW});
	add_job(f, &(struct job_spec){.fqdn = "b", .state = JOB_SCHEDULED, .next_ms = NOW + 1});
	add_job(f, &(struct job_spec){.service = "waf", .state = JOB_REFUSED});
	snprintf(wanted, sizeof(wanted), "waf %d 1;webhg2 %d 2;", JOB_REFUSED, JOB_SCHEDULED);
	expect_counts(f, wanted);
	assert_int_equal(claim_ids(f, f->store, &claim, got), 1);
	snprintf(wanted, sizeof(wanted), "waf %d 1;webhg2 %d 1;webhg2 %d 1;", JOB_REFUSED,
		JOB_SCHEDULED, JOB_INSTALLING);
	expect_counts(f, wanted);
	assert_true(settle(f, id, 1, JOB_INSTALLED));
	OK(f, store_begin(f->store, &f->error));
	OK(f, store_job_set_state(f->store, id, JOB_CANCELLED, 0, 0, "", &f->error));
	store_rollback(f->store);
	reopen(f);
	snprintf(wanted, sizeof(wanted), "waf %d 1;webhg2 %d 1;webhg2 %d 1;", JOB_REFUSED,
		JOB_SCHEDULED, JOB_INSTALLED);
	expect_counts(f, wanted);
}

/* ---- transactions ---- */

static void test_rollback(void **state)
{
	struct fixture *f = *state;
	struct store_contract contract;
	struct store_job *jobs;
	size_t count;

	OK(f, store_begin(f->store, &f->error));
	add_contract(f, "c1");
	add_job(f, &(struct job_spec){.state = JOB_SCHEDULED});
	store_rollback(f->store);
	OK(f, store_contract_get(f->store, "c1", &contract, &f->error));
	assert_false(contract.found);
	OK(f, store_jobs_of_contract(f->store, "c1", &jobs, &count, &f->error));
	assert_int_equal(count, 0);
	store_jobs_free(jobs, count);
	expect_counts(f, "");
}

/* What failed in a transaction takes the whole of it along, though nobody looked. */
static void test_failed_transaction(void **state)
{
	struct fixture *f = *state;
	struct store_contract contract;

	OK(f, store_begin(f->store, &f->error));
	add_contract(f, "c1");
	assert_false(store_job_set_state(f->store, 999, JOB_FAILED, 0, 0, "", &f->error));
	assert_false(store_contract_get(f->store, "c1", &contract, &f->error));
	assert_int_equal(f->error.kind, ERROR_INTERNAL);
	assert_false(store_commit(f->store, &f->error));
	assert_int_equal(f->error.kind, ERROR_INTERNAL);
	OK(f, store_contract_get(f->store, "c1", &contract, &f->error));
	assert_false(contract.found);
	OK(f, store_begin(f->store, &f->error));
	add_contract(f, "c2");
	OK(f, store_commit(f->store, &f->error));
}

static void test_checkpoint(void **state)
{
	struct fixture *f = *state;
	struct store_contract contract;

	add_contract(f, "c1");
	OK(f, store_checkpoint(f->store, &f->error));
	OK(f, store_contract_get(f->store, "c1", &contract, &f->error));
	assert_true(contract.found);
}

static void test_two_handles(void **state)
{
	struct fixture *f = *state;
	struct store *other = open_again(f);
	bool seen[201] = {false};
	size_t total = 0;

	OK(f, store_begin(f->store, &f->error));
	add_contract(f, "c1");
	for (int i = 0; i < 200; i++) {
		char fqdn[32];

		snprintf(fqdn, sizeof(fqdn), "h%d.example.jp", i);
		add_job(f,
			&(struct job_spec){
				.fqdn = fqdn, .state = JOB_SCHEDULED, .next_ms = NOW - 1000 + i});
	}
	OK(f, store_commit(f->store, &f->error));
	for (int round = 0; total < 200; round++) {
		struct store_claim claim = claim_at(NOW, (unsigned char)(1 + round % 2), 7);
		int64_t got[7];
		size_t count = claim_ids(f, round % 2 == 0 ? f->store : other, &claim, got);

		assert_in_range(count, 1, 7);
		for (size_t i = 0; i < count; i++) {
			assert_in_range(got[i], 1, 200);
			assert_false(seen[got[i]]);
			seen[got[i]] = true;
		}
		total += count;
	}
	store_close(other);
}

/* ---- several processes ---- */

/* Runs BODY in a process of its own; its exit status. */
static int in_child(struct fixture *f, int (*body)(struct fixture *f, int number), int number)
{
	pid_t child = fork();
	int status;

	assert_true(child >= 0);
	if (child == 0)
		_exit(body(f, number));
	assert_int_equal(waitpid(child, &status, 0), child);
	return status;
}

/* Commits contract "kept", then dies between the beginning and the commit of another. */
static int killed_before_commit(struct fixture *f, int number)
{
	unsigned char hash[32] = {0};
	struct store *store;
	struct error error;

	(void)number;
	if (!maker->open(f->place, &store, &error) || !store_begin(store, &error) ||
		!store_contract_put(store, "kept", 1, hash, "{}", NOW, &error) ||
		!store_commit(store, &error) || !store_begin(store, &error) ||
		!store_contract_put(store, "lost", 1, hash, "{}", NOW, &error))
		return 1;
	raise(SIGKILL);
	return 1;
}

static void test_killed(void **state)
{
	struct fixture *f = *state;
	struct store_contract contract;
	int status;

	store_close(f->store);
	f->store = NULL;
	status = in_child(f, killed_before_commit, 0);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGKILL);
	f->store = open_again(f);
	OK(f, store_contract_get(f->store, "kept", &contract, &f->error));
	assert_true(contract.found);
	OK(f, store_contract_get(f->store, "lost", &contract, &f->error));
	assert_false(contract.found);
	/* The dead one's lock is gone with it. */
	add_contract(f, "c1");
}

#define WORKERS 4
#define WORKER_JOBS 240

/* Claims and settles until nothing is due; what it got goes to its own token's jobs. */
static int claim_to_the_end(struct fixture *f, int number)
{
	struct store_claim claim = claim_at(NOW, (unsigned char)(1 + number), 5);
	struct store *store;
	struct error error;

	if (!maker->open(f->place, &store, &error))
		return 1;
	for (;;) {
		struct store_settlement settlement = {.state = JOB_INSTALLED, .detail = "done"};
		struct store_job *jobs;
		size_t count;
		bool applied = true;

		if (!store_begin(store, &error) ||
			!store_jobs_claim(store, &claim, &jobs, &count, &error) ||
			!store_commit(store, &error))
			return 2;
		for (size_t i = 0; i < count && applied; i++) {
			settlement.job_id = jobs[i].id;
			settlement.attempts = jobs[i].attempts + 1;
			memcpy(settlement.token, claim.token, sizeof(claim.token));
			if (!store_job_settle(store, &settlement, &applied, &error))
				return 3;
		}
		store_jobs_free(jobs, count);
		if (!applied)
			return 4;
		if (count == 0)
			break;
	}
	store_close(store);
	return 0;
}

static void count_once(void *context, const struct store_job *job)
{
	size_t *once = context;

	if (job->state == JOB_INSTALLED && job->attempts == 1)
		(*once)++;
}

static void test_many_processes(void **state)
{
	struct fixture *f = *state;
	const struct store_filter all = {.state = -1};
	pid_t children[WORKERS];
	size_t once = 0;

	OK(f, store_begin(f->store, &f->error));
	add_contract(f, "c1");
	for (int i = 0; i < WORKER_JOBS; i++) {
		char fqdn[32];

		snprintf(fqdn, sizeof(fqdn), "h%d.example.jp", i);
		add_job(f,
			&(struct job_spec){.fqdn = fqdn, .state = JOB_SCHEDULED, .next_ms = NOW});
	}
	OK(f, store_commit(f->store, &f->error));
	/* A connection does not go through a fork. */
	store_close(f->store);
	f->store = NULL;
	for (int i = 0; i < WORKERS; i++) {
		children[i] = fork();
		assert_true(children[i] >= 0);
		if (children[i] == 0)
			_exit(claim_to_the_end(f, i));
	}
	for (int i = 0; i < WORKERS; i++) {
		int status;

		assert_int_equal(waitpid(children[i], &status, 0), children[i]);
		assert_true(WIFEXITED(status));
		assert_int_equal(WEXITSTATUS(status), 0);
	}
	f->store = open_again(f);
	OK(f, store_jobs_list(f->store, &all, count_once, &once, &f->error));
	assert_int_equal(once, WORKER_JOBS);
}

/* Several processes find nothing there, and all of them make the store. */
static void test_many_openers(void **state)
{
	struct fixture *f = *state;

	store_close(f->store);
	f->store = NULL;
	for (int round = 0; round < 5; round++) {
		pid_t children[WORKERS];

		maker->destroy(f->place);
		f->place = maker->make();
		for (int i = 0; i < WORKERS; i++) {
			children[i] = fork();
			assert_true(children[i] >= 0);
			if (children[i] == 0) {
				struct store *store;
				struct error error;

				if (!maker->open(f->place, &store, &error)) {
					fprintf(stderr, "%s\n", error.text);
					_exit(1);
				}
				store_close(store);
				_exit(0);
			}
		}
		for (int i = 0; i < WORKERS; i++) {
			int status;

			assert_int_equal(waitpid(children[i], &status, 0), children[i]);
			assert_int_equal(status, 0);
		}
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_contract),
		TEST(test_certificate),
		TEST(test_secret),
		TEST(test_wipe),
		TEST(test_secret_parts),
		TEST(test_many_wiped),
		TEST(test_secrets_not_under),
		TEST(test_job_whole),
		TEST(test_job_states),
		TEST(test_job_refusals),
		TEST(test_claim_which),
		TEST(test_claim_order),
		TEST(test_claim_target),
		TEST(test_claim_many_of_one_target),
		TEST(test_lease_runs_out),
		TEST(test_settle),
		TEST(test_remote),
		TEST(test_settle_overtaken),
		TEST(test_claim_since),
		TEST(test_reschedule),
		TEST(test_reschedule_of_what_was_taken),
		TEST(test_next),
		TEST(test_next_behind_lease),
		TEST(test_left_count),
		TEST(test_leased),
		TEST(test_leases_renew),
		TEST(test_leases_end_with_target),
		TEST(test_leases_shorten),
		TEST(test_untried),
		TEST(test_untried_since),
		TEST(test_ignore_due_takes_untried_first),
		TEST(test_attempts),
		TEST(test_many_attempts),
		TEST(test_list),
		TEST(test_counts),
		TEST(test_rollback),
		TEST(test_failed_transaction),
		TEST(test_checkpoint),
		TEST(test_two_handles),
		TEST(test_killed),
		TEST(test_many_processes),
		TEST(test_many_openers),
	};
	int failed = 0;

	for (size_t i = 0; i < ARRAY_LENGTH(makers); i++) {
		maker = &makers[i];
		failed += cmocka_run_group_tests_name(maker->name, tests, NULL, NULL);
	}
	return failed;
}
