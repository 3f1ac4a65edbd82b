/*
 * What claiming due jobs takes in each of several stores, by turns: claims ROUNDS SERVICE LIMIT
 * STORE... prints a line a round with the microseconds of each store. A claim is rolled back, so
 * that the next round finds the same jobs; opening and committing are not counted.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/text.h"
#include "store/store.h"

static _Noreturn void stop(const char *what, const struct error *error)
{
	fprintf(stderr, "claims: %s: %s\n", what, error->text);
	exit(1);
}

static double now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

static double claim_us(struct store *store, const char *path, const char *service, int64_t limit)
{
	int64_t now_ms = clock_wall_ms(clock_system());
	struct store_claim claim = {.service = service,
		.now_ms = now_ms,
		.lease_until_ms = now_ms + 60000,
		.token = {1},
		.limit = (size_t)limit};
	struct store_job *jobs;
	struct error error;
	double began;
	size_t count;

	if (!store_begin(store, &error))
		stop(path, &error);
	began = now_us();
	if (!store_jobs_claim(store, &claim, &jobs, &count, &error))
		stop(path, &error);
	began = now_us() - began;
	store_rollback(store);
	store_jobs_free(jobs, count);
	if (count == (size_t)limit)
		return began;
	fprintf(stderr, "claims: %s: %zu of %" PRId64 " jobs claimed\n", path, count, limit);
	exit(1);
}

int main(int argc, char **argv)
{
	struct store **stores;
	int64_t rounds, limit;
	struct error error;
	int i;

	if (argc < 5 || !text_to_int64(argv[1], 1, 100000, &rounds) ||
		!text_to_int64(argv[3], 1, 100000, &limit)) {
		fputs("usage: claims ROUNDS SERVICE LIMIT STORE...\n", stderr);
		return 2;
	}
	stores = xcalloc((size_t)argc, sizeof(struct store *));
	for (i = 4; i < argc; i++) {
		if (!store_open(argv[i], &stores[i], &error))
			stop(argv[i], &error);
		(void)claim_us(stores[i], argv[i], argv[2], limit); /* warms it up */
	}
	for (int64_t round = 0; round < rounds; round++) {
		for (i = 4; i < argc; i++)
			printf("%.1f%c", claim_us(stores[i], argv[i], argv[2], limit),
				i + 1 < argc ? ' ' : '\n');
	}
	for (i = 4; i < argc; i++)
		store_close(stores[i]);
	free((void *)stores);
	return 0;
}
