#ifndef ENGINE_EXAMINE_H
#define ENGINE_EXAMINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "domain/certificate.h"
#include "engine/settings.h"
#include "pki/pki.h"
#include "record/record.h"

/*
 * Reading and examining of records on threads of its own, ahead of the intake, which judges and
 * stores them in the order in which they came: all that needs no store, and most of the work. Each
 * thread has a struct pki of its own. Belongs to one thread; what is begun is done in that order.
 */
struct examiner;

/* A record read and examined. */
struct prepared {
	struct record record; /* without the certificate's bytes, once it is examined */
	struct certificate_facts facts;
	struct material material;
	unsigned char content_hash[32];
};

/* Overwrites the secrets and frees. */
void prepared_clear(struct prepared *prepared);

/* One record on its way; whoever has begun it reads these once it was waited for. */
struct examination {
	bool readable; /* it is a record; else REASON says why not */
	struct error reason;
	bool examined; /* false for want of memory or the like: FAULT says why */
	struct error fault;
	struct prepared prepared; /* as far as it came; to be taken over, or left */

	/* The examiner's own. */
	const char *text;
	size_t length;
	int64_t now_ms;
	enum { EXAMINATION_WAITS, EXAMINATION_RUNS, EXAMINATION_IS_OVER } state;
	struct examination *next;
};

/*
 * As many threads as SETTINGS wants (intake-threads); with 1, there is none beside the caller's,
 * and with 0 there is at least one.
 * SETTINGS is referenced. Errors as pki_new.
 */
bool must_check examiner_new(
	struct settings *settings, struct examiner **examiner, struct error *error);
/* EXAMINER may be NULL. Nothing that was begun may be left. */
void examiner_free(struct examiner *examiner);

/* LENGTH bytes at TEXT, borrowed until it is waited for or dropped. Chains are judged at NOW_MS. */
struct examination *examiner_begin(
	struct examiner *examiner, const char *text, size_t length, int64_t now_ms);
/* The same for a record that is read already; it is taken over. */
struct examination *examiner_begin_record(
	struct examiner *examiner, struct record *record, int64_t now_ms);

/* Returns when it is over. */
void examiner_wait(struct examiner *examiner, struct examination *examination);
/* Frees it and what it holds, begun, over or neither. EXAMINATION may be NULL. */
void examiner_drop(struct examiner *examiner, struct examination *examination);

#endif
