/* How claiming scales: 100 due jobs among ever more. Prints figures, judges nothing. */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/text.h"
#include "store/store.h"

#define NOW INT64_C(1790000000000)
#define DUE 5000
#define BATCH 1000
#define CLAIM 100

static _Noreturn void stop(const struct error *error)
{
	fprintf(stderr, "bench_store: %s\n", error->text);
	exit(1);
}

#define DO(call)                                                                                   \
	do {                                                                                       \
		if (!(call))                                                                       \
			stop(&error);                                                              \
	} while (0)

static double seconds_since(int64_t start_ms)
{
	return (double)(clock_mono_ms(clock_system()) - start_ms) / 1000.0;
}

/* Contract, certificate, sealed key and job NUMBER: due now, or a week and more later. */
static void add(struct store *store, int64_t number, bool due)
{
	struct store_certificate certificate = {.not_after_ms = NOW * 2, .key = "ec-p256"};
	unsigned char hash[32] = {0};
	char contract[32], service[] = "webhg2", code[32], fqdn[64];
	struct store_job job = {.contract = contract,
		.service = service,
		.service_code = code,
		.fqdn = fqdn,
		.state = JOB_SCHEDULED,
		.next_ms = due ? NOW - 1 : NOW + INT64_C(604800000) + number % 1000};
	struct buffer sealed = {0};
	struct error error;
	int64_t id;

	/* Fingerprints and host names come in no order. */
	uint64_t mixed = (uint64_t)number * UINT64_C(0x9e3779b97f4a7c15);

	memcpy(certificate.fingerprint, &mixed, sizeof(mixed));
	snprintf(contract, sizeof(contract), "ssl%010" PRId64, number);
	snprintf(code, sizeof(code), "whg%010" PRId64, number);
	snprintf(fqdn, sizeof(fqdn), "www.%016" PRIx64 ".example.jp", mixed);
	snprintf(job.idempotency_key, sizeof(job.idempotency_key), "%016" PRIx64, mixed);
	buffer_reserve(&sealed, 2048);
	memset(sealed.data, (int)(number & 0xff), 2048);
	sealed.length = 2048;
	DO(store_contract_put(store, contract, 1, hash, "{\"contract\":\"x\"}", NOW, &error));
	DO(store_certificate_put(store, &certificate, &job.certificate_id, &error));
	if (due)
		DO(store_secret_put(
			store, job.certificate_id, "0123456789abcdef", &sealed, &error));
	DO(store_job_add(store, &job, due ? "1 pass\n" : NULL, &id, &error));
	buffer_free(&sealed);
}

static void add_many(struct store *store, int64_t from, int64_t to, bool due)
{
	int64_t start = clock_mono_ms(clock_system());
	struct error error;

	for (int64_t number = from; number < to;) {
		DO(store_begin(store, &error));
		for (int i = 0; i < BATCH && number < to; i++)
			add(store, number++, due);
		DO(store_commit(store, &error));
	}
	printf("  %" PRId64 " added (%s), %d a transaction: %.0f/s\n", to - from,
		due ? "with keys" : "without keys", BATCH,
		(double)(to - from) / seconds_since(start));
}

static void claim_many(struct store *store, int64_t total)
{
	struct store_claim claim = {
		.service = "webhg2", .now_ms = NOW, .lease_until_ms = NOW + 60000, .limit = CLAIM};
	struct store_settlement settlement = {.state = JOB_INSTALLED, .detail = "done"};
	int64_t claiming_us = 0, settling_us = 0;
	struct error error;
	int rounds = 0;

	for (;; rounds++) {
		struct timespec before, between, after;
		struct store_job *jobs;
		size_t count;
		bool applied;

		clock_gettime(CLOCK_MONOTONIC, &before);
		DO(store_begin(store, &error));
		DO(store_jobs_claim(store, &claim, &jobs, &count, &error));
		DO(store_commit(store, &error));
		clock_gettime(CLOCK_MONOTONIC, &between);
		if (count == 0)
			break;
		DO(store_begin(store, &error));
		for (size_t i = 0; i < count; i++) {
			settlement.job_id = jobs[i].id;
			DO(store_job_settle(store, &settlement, &applied, &error));
			DO(store_secrets_wipe(store, &jobs[i].certificate_id, 1, &error));
		}
		DO(store_commit(store, &error));
		clock_gettime(CLOCK_MONOTONIC, &after);
		claiming_us += (between.tv_sec - before.tv_sec) * 1000000 +
			       (between.tv_nsec - before.tv_nsec) / 1000;
		settling_us += (after.tv_sec - between.tv_sec) * 1000000 +
			       (after.tv_nsec - between.tv_nsec) / 1000;
		store_jobs_free(jobs, count);
	}
	if (rounds > 0)
		printf("  among %" PRId64 ": claiming %d %.2f ms, settling and wiping them %.2f ms "
		       "(commits included)\n",
			total, CLAIM, (double)claiming_us / 1000.0 / rounds,
			(double)settling_us / 1000.0 / rounds);
}

int main(int argc, char **argv)
{
	int64_t sizes[] = {10000, 1000000};
	char directory[] = "./bench_store.XXXXXX";
	int64_t have = 0;
	struct rusage usage;
	struct store *store;
	struct error error;
	char *path;

	if (argc > 1 && !text_to_int64(argv[1], 10000, INT64_C(100000000), &sizes[1])) {
		fprintf(stderr, "usage: bench_store [JOBS]\n");
		return 2;
	}
	if (mkdtemp(directory) == NULL)
		return 3;
	path = xasprintf("%s/store.db", directory);
	DO(store_open(path, &store, &error));
	for (size_t i = 0; i < ARRAY_LENGTH(sizes); i++) {
		printf("%" PRId64 " jobs\n", sizes[i]);
		if (sizes[i] - DUE > have)
			add_many(store, have, sizes[i] - DUE, false);
		have = sizes[i] - DUE > have ? sizes[i] - DUE : have;
		add_many(store, have, have + DUE, true);
		have += DUE;
		claim_many(store, have);
	}
	DO(store_checkpoint(store, &error));
	store_close(store);
	getrusage(RUSAGE_SELF, &usage);
	printf("peak memory %ld MiB\n", usage.ru_maxrss / 1024);
	(void)unlink(path);
	(void)rmdir(directory);
	free(path);
	return 0;
}
