#ifndef ENGINE_INTAKE_PRIVATE_H
#define ENGINE_INTAKE_PRIVATE_H

#include "domain/plan.h"
#include "engine/intake.h"
#include "record/record.h"

/* A record read and examined: all that needs no store, and most of the work. */
struct prepared {
	struct record record;
	struct certificate_facts facts;
	struct material material;
	unsigned char content_hash[32];
};

/* One link's judgement, kept until its transaction is durable and it can be told. */
struct judged_link {
	char *fqdn; /* normal form where it has one */
	struct verdict verdict;
	bool changed;
};

/* A prepared record's way through its transaction. */
struct applied {
	bool stale; /* known already, or older than what is known */
	struct judged_link *links;
	size_t link_count;
};

void prepared_clear(struct prepared *prepared);
void applied_clear(struct applied *applied);

/*
 * Judges PREPARED and writes what follows from it, within the running transaction. Errors are the
 * store's.
 */
bool must_check intake_apply(const struct settings *settings, struct store *store, int64_t now_ms,
	struct prepared *prepared, struct applied *applied, struct error *error);

#endif
