#include "daemon/tally.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

struct tally_row {
	char *service;
	const char *outcome;
	int64_t count;
};

/* The order in which outcomes are told. */
static const char *const outcomes[] = {"to install", "installed", "failed", "refused", "superseded",
	"left", "held", "not yet due"};

void tally_init(struct tally *tally)
{
	*tally = (struct tally){0};
	pthread_mutex_init(&tally->mutex, NULL);
}

void tally_clear(struct tally *tally)
{
	size_t i;

	for (i = 0; i < tally->row_count; i++)
		free(tally->rows[i].service);
	free(tally->rows);
	pthread_mutex_destroy(&tally->mutex);
}

void tally_add(struct tally *tally, const char *service, const char *outcome, int64_t count)
{
	size_t i;

	if (count == 0)
		return;
	pthread_mutex_lock(&tally->mutex);
	for (i = 0; i < tally->row_count; i++) {
		if (strcmp(tally->rows[i].service, service) == 0 &&
			strcmp(tally->rows[i].outcome, outcome) == 0)
			break;
	}
	if (i == tally->row_count) {
		tally->rows =
			xreallocarray(tally->rows, tally->row_count + 1, sizeof(*tally->rows));
		tally->rows[tally->row_count++] =
			(struct tally_row){.service = xstrdup(service), .outcome = outcome};
	}
	tally->rows[i].count += count;
	pthread_mutex_unlock(&tally->mutex);
}

int64_t tally_total(struct tally *tally, const char *outcome)
{
	int64_t total = 0;
	size_t i;

	pthread_mutex_lock(&tally->mutex);
	for (i = 0; i < tally->row_count; i++) {
		if (strcmp(tally->rows[i].outcome, outcome) == 0)
			total += tally->rows[i].count;
	}
	pthread_mutex_unlock(&tally->mutex);
	return total;
}

static size_t outcome_rank(const char *outcome)
{
	size_t i;

	for (i = 0; i < ARRAY_LENGTH(outcomes); i++) {
		if (strcmp(outcomes[i], outcome) == 0)
			break;
	}
	return i;
}

static int compare_rows(const void *a, const void *b)
{
	const struct tally_row *left = a, *right = b;
	int order = strcmp(left->service, right->service);
	size_t l = outcome_rank(left->outcome), r = outcome_rank(right->outcome);

	return order != 0 ? order : (l > r) - (l < r);
}

void tally_print(struct tally *tally, FILE *stream)
{
	bool first = true;
	size_t i;

	pthread_mutex_lock(&tally->mutex);
	if (tally->row_count > 1)
		qsort(tally->rows, tally->row_count, sizeof(*tally->rows), compare_rows);
	for (i = 0; i < tally->row_count; i++)
		fprintf(stream, "%-16s %-12s %8" PRId64 "\n", tally->rows[i].service,
			tally->rows[i].outcome, tally->rows[i].count);
	pthread_mutex_unlock(&tally->mutex);
	fprintf(stream, "%-16s", "total");
	for (i = 0; i < ARRAY_LENGTH(outcomes); i++) {
		int64_t total = tally_total(tally, outcomes[i]);

		if (total == 0)
			continue;
		fprintf(stream, "%s %" PRId64 " %s", first ? "" : ",", total, outcomes[i]);
		first = false;
	}
	fputs(first ? " nothing to do\n" : "\n", stream);
}
