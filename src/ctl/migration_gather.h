#ifndef CTL_MIGRATION_GATHER_H
#define CTL_MIGRATION_GATHER_H

#include "ctl/calendar_request.h"
#include "domain/checklist.h"

/* A contract with its installs, as the store or a record has them. */
struct gathered_contract {
	struct contract contract;
	struct checklist_install *installs; /* with texts of the next */
	size_t install_count;
	char **texts;
	size_t text_count;
	int64_t not_after_ms; /* of its present certificate; 0: not known */
};

struct gathered {
	struct gathered_contract old;
	struct gathered_contract *successors;
	struct checklist_contract *successor_views; /* of these, as many */
	size_t successor_count;
};

struct checklist_contract gathered_view(const struct gathered_contract *gathered);
void gathered_clear(struct gathered *gathered);

/* Appends a copy of INSTALL. */
void gathered_add_install(
	struct gathered_contract *gathered, const struct checklist_install *install);
/* Appends an empty successor; valid until the next one comes. */
struct gathered_contract *gathered_add_successor(struct gathered *gathered);
/* Takes the last one away again. */
void gathered_drop_successor(struct gathered *gathered);
/* To be called when all successors are there. */
void gathered_finish(struct gathered *gathered);

/*
 * Fill GATHERED of what the request names: of the contract's code and the store, or of record files
 * alone. Each says what is wrong and returns an exit status of calendar_request.h. The store's
 * configuration is the request's from then on.
 */
int gather_stored(struct calendar_request *request, struct gathered *gathered);
int gather_records(struct calendar_request *request, int64_t now_ms, struct gathered *gathered);

#endif
