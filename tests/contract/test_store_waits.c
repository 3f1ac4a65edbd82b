/* Waits that were written under a clock that was ahead, over store.h. */

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
#define SECOND INT64_C(1000)
#define HOUR (3600 * SECOND)
#define DAY (24 * HOUR)
#define LONGEST (2 * HOUR)
#define NEVER INT64_MIN

#define OK(call)                                                                                   \
	do {                                                                                       \
		if (!(call))                                                                       \
			fail_msg("%s: %s", #call, error.text);                                     \
	} while (0)

static struct error error;

/* Instants are from NOW; WANTED is what next_ms is to be afterwards. */
static const struct waiting {
	const char *name;
	enum job_state state;
	int64_t tried;
	int64_t next;
	bool leased;
	int64_t wanted;
} cases[] = {
	{"tried before, waits", JOB_RETRYING, -SECOND, 5 * SECOND, false, 5 * SECOND},
	{"tried a day ahead, was to wait for seconds", JOB_RETRYING, DAY, DAY + 5 * SECOND, false,
		5 * SECOND},
	{"was to be looked at again", JOB_VERIFYING, DAY, DAY + 3 * SECOND, false, 3 * SECOND},
	{"tried ahead, was to wait too long", JOB_RETRYING, DAY, 2 * DAY, false, LONGEST},
	{"tried ahead, its wait is over", JOB_RETRYING, DAY, -SECOND, false, -SECOND},
	{"tried ahead, then told to go at once", JOB_RETRYING, DAY, DAY - HOUR, false, 0},
	{"waits as long as any may", JOB_RETRYING, -HOUR, LONGEST, false, LONGEST},
	{"waits longer than any may", JOB_RETRYING, -HOUR, LONGEST + 1, false, LONGEST},
	{"never tried, waits longer", JOB_RETRYING, NEVER, DAY, false, LONGEST},
	{"scheduled for a later day", JOB_SCHEDULED, NEVER, 5 * DAY, false, 5 * DAY},
	{"scheduled again after a try", JOB_SCHEDULED, DAY, 5 * DAY, false, 5 * DAY},
	{"held", JOB_HELD, NEVER, 5 * DAY, false, 5 * DAY},
	{"installed", JOB_INSTALLED, DAY, 5 * DAY, false, 5 * DAY},
	{"under a lease", JOB_RETRYING, DAY, -SECOND, true, DAY},
};

static int64_t add(struct store *store, const struct waiting *waiting, int number)
{
	struct store_certificate certificate = {.not_after_ms = NOW + 90 * DAY, .key = "ec-p256"};
	struct store_job job = {
		.contract = xstrdup("c1"),
		.service = xstrdup("webhg2"),
		.service_code = xasprintf("whg%d", number),
		.fqdn = xstrdup("www.example.jp"),
		.state = waiting->state,
		.base_ms = NOW - DAY,
		.due_ms = NOW - DAY,
		.next_ms = NOW + waiting->next,
		.idempotency_key = "key-of-the-job",
		.detail = "",
	};
	int64_t id;

	memcpy(certificate.fingerprint, &number, sizeof(number));
	OK(store_certificate_put(store, &certificate, &job.certificate_id, &error));
	OK(store_job_add(store, &job, "a trail", &id, &error));
	store_job_clear(&job);
	if (waiting->tried != NEVER) {
		const struct store_attempt attempt = {
			.job_id = id,
			.kind = ATTEMPT_PUSH,
			.number = 1,
			.at_ms = NOW + waiting->tried,
			.outcome = "temporary",
			.text = "",
		};

		OK(store_attempt_add(store, &attempt, &error));
	}
	return id;
}

static void lease_what_is_due(struct store *store)
{
	struct store_claim claim = {
		.service = "webhg2",
		.now_ms = NOW - SECOND,
		.lease_until_ms = NOW + DAY,
		.limit = 100,
		.token = {1},
	};
	struct store_job *jobs;
	size_t count;

	OK(store_jobs_claim(store, &claim, &jobs, &count, &error));
	assert_int_equal(count, 1);
	store_jobs_free(jobs, count);
}

static int64_t next_of(struct store *store, int64_t id)
{
	struct store_job job;
	int64_t next_ms;
	bool found;

	OK(store_job_get(store, id, &job, &found, &error));
	assert_true(found);
	next_ms = job.next_ms - NOW;
	store_job_clear(&job);
	return next_ms;
}

/* Each case in a store of its own, at PLACE. */
static void try_case(const char *place, const struct waiting *waiting)
{
	unsigned char hash[32] = {0};
	struct store *store;
	size_t count;
	int64_t id, before;

	OK(store_open(place, &store, &error));
	OK(store_contract_put(store, "c1", 1, hash, "{}", NOW, &error));
	id = add(store, waiting, 1);
	if (waiting->leased)
		lease_what_is_due(store);
	before = next_of(store, id);
	OK(store_waits_shorten(store, "another", NOW, LONGEST, &count, &error));
	assert_int_equal(count, 0);
	OK(store_waits_shorten(store, "webhg2", NOW, LONGEST, &count, &error));
	if (next_of(store, id) != waiting->wanted)
		fail_msg("%s: %lld, wanted %lld", waiting->name, (long long)next_of(store, id),
			(long long)waiting->wanted);
	if (count != (before != waiting->wanted ? 1U : 0U))
		fail_msg("%s: %zu are said to be cut", waiting->name, count);
	store_close(store);
}

static void test_waits(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		char directory[] = "/tmp/test_store_waits.XXXXXX";
		char *place;

		assert_non_null(mkdtemp(directory));
		place = xasprintf("%s/store.db", directory);
		try_case(place, &cases[i]);
		assert_int_equal(unlink(place), 0);
		assert_int_equal(rmdir(directory), 0);
		free(place);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_waits)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
