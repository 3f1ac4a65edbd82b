#ifndef ENGINE_WORKER_PRIVATE_H
#define ENGINE_WORKER_PRIVATE_H

#include <pthread.h>

#include "engine/progress.h"
#include "engine/worker.h"

/* worker.c is the loop's side of a worker, worker_thread.c what its thread does. */

struct worker {
	struct worker_options options;
	struct store *store;
	pthread_t thread;
	int event_fd; /* wakes the loop */
	struct loop_watch *watch;

	pthread_mutex_t mutex; /* guards all below */
	pthread_cond_t wake;
	struct settings *reseal_for; /* settings whose sealing key may be new */
	struct intake *intake;
	struct intake *next_intake; /* from worker_use, taken before the next pass */
	char *spool;
	char *next_spool;
	char **imports;
	size_t import_count;
	struct feed_page page;	   /* to be taken; without a url: none */
	struct feed_result result; /* of a page, to be told */
	bool has_result;
	char *noted_url; /* a feed of which something is to be stored; NULL: none */
	char *noted_fault;
	bool pass_wanted;
	bool checkpoint_wanted;
	bool stopping;
	bool stored;
	bool rested;
	struct spool_pass passed; /* since the last rest was told */

	/* The thread's own: why the source could not be read, once told; and what was stored. */
	struct error fault;
	struct progress_told spool_told;
};

/* The thread, with a struct worker; ends when that is stopping. */
void *worker_work(void *context);

#endif
