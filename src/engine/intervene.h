#ifndef ENGINE_INTERVENE_H
#define ENGINE_INTERVENE_H

#include "engine/settings.h"
#include "store/store.h"

/*
 * What an operator's word changes of the queue, judged by the same rules as what a record changes.
 * Both within the running transaction; errors are the store's.
 */

/*
 * Gives the pair (SERVICE, SERVICE_CODE), which FROM has, to TO; both name it. The jobs that wait
 * there are judged as when FROM had let it go by a record, and FROM's open ones wait from then on.
 * TO keeps it as long as it names it.
 */
bool must_check intervene_give(const struct settings *settings, struct store *store, int64_t now_ms,
	const char *service, const char *service_code, const char *from, const char *to,
	struct error *error);

enum intervene_back {
	BACK_IN_QUEUE,	  /* scheduled, held or refused: as it is judged now */
	BACK_WITH_RECORD, /* as soon as a record of its contract brings what is missing here */
	BACK_NO_LINK,	  /* nothing: its contract does not name the target any more */
	BACK_OVERTAKEN,	  /* nothing: a newer certificate was there, or may have been */
};

/* Judges JOB, which is cancelled, anew. */
bool must_check intervene_bring_back(const struct settings *settings, struct store *store,
	int64_t now_ms, const struct store_job *job, enum intervene_back *back,
	struct error *error);

#endif
