#ifndef ENGINE_RESEAL_H
#define ENGINE_RESEAL_H

#include "engine/settings.h"
#include "store/store.h"

/*
 * Seals with the present key what is still sealed under an older one, some hundred a transaction,
 * so that an older key can be taken out of the configuration. *RESEALED counts them, *LOCKED those
 * whose key is not in the ring: they stay as they are. Errors are the store's.
 */
bool must_check reseal_all(struct store *store, const struct settings *settings, size_t *resealed,
	size_t *locked, struct error *error);

#endif
