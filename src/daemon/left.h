#ifndef DAEMON_LEFT_H
#define DAEMON_LEFT_H

#include <stdio.h>

#include "daemon/options.h"
#include "daemon/tally.h"
#include "store/store.h"

/*
 * Adds to TALLY, per service that OPTIONS let a run work on, what is due and not installed
 * ("left"), what is "held", and what is "not yet due". Errors are the store's.
 */
bool must_check left_count(struct store *store, const struct options *options, struct tally *tally,
	struct error *error);

/* Says on STREAM which of the services of OPTIONS an operator has paused. Errors likewise. */
bool must_check left_pauses(
	struct store *store, const struct options *options, FILE *stream, struct error *error);

#endif
