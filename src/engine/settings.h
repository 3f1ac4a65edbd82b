#ifndef ENGINE_SETTINGS_H
#define ENGINE_SETTINGS_H

#include "base/error.h"
#include "config/config.h"
#include "engine/token.h"
#include "pki/seal.h"

/*
 * One reading of the configuration and the sealing keys that it names, counted: a reload makes
 * another, and what is in flight goes on with the one it began with. Immutable, but for what was
 * read of the token files that it names, so threads share it.
 */
struct settings;

/* Permanent error as config_read and keyring_new have them; the caller has the first reference. */
bool must_check settings_read(const char *path, struct settings **settings, struct error *error);
/* Takes over CONFIG and KEYRING. Without a keyring (NULL) records can be judged, not taken in. */
struct settings *settings_from(struct config *config, struct keyring *keyring);
struct settings *settings_ref(struct settings *settings);
void settings_unref(struct settings *settings);

const struct config *settings_config(const struct settings *settings);
const struct keyring *settings_keyring(const struct settings *settings);

/* What is kept of the token files until the settings go. */
struct token_cache *settings_tokens(const struct settings *settings);

/* A struct pki as the configuration wants it, for the calling thread. */
bool must_check settings_make_pki(
	const struct settings *settings, struct pki **pki, struct error *error);

#endif
