#ifndef DAEMON_TALLY_H
#define DAEMON_TALLY_H

#include <pthread.h>
#include <stdint.h>
#include <stdio.h>

/* What a run came to: a count for each service and outcome. Threads may add at once. */
struct tally_row;

struct tally {
	pthread_mutex_t mutex;
	struct tally_row *rows;
	size_t row_count;
};

void tally_init(struct tally *tally);
void tally_clear(struct tally *tally);

/* OUTCOME is static text; SERVICE is copied (made fit for a terminal by the caller). */
void tally_add(struct tally *tally, const char *service, const char *outcome, int64_t count);
/* The sum over the services. */
int64_t tally_total(struct tally *tally, const char *outcome);

/* One line a service and outcome, services in order of name, then one line of totals. */
void tally_print(struct tally *tally, FILE *stream);

#endif
