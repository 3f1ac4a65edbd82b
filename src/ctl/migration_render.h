#ifndef CTL_MIGRATION_RENDER_H
#define CTL_MIGRATION_RENDER_H

#include "domain/checklist.h"

/* Each writes a contract's way to a new certificate to standard output; all borrowed. */
struct migration_view {
	const struct contract *contract;
	const struct migration *migration;
	bool expiry_told;
};

void migration_as_text(const struct migration_view *view);
/* One object, one line. */
void migration_as_json(const struct migration_view *view);

#endif
