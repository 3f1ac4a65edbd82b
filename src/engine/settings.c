#include "engine/settings.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "base/alloc.h"

struct settings {
	atomic_int references;
	struct config *config;
	struct keyring *keyring;
	struct token_cache *tokens;
};

struct settings *settings_from(struct config *config, struct keyring *keyring)
{
	struct settings *settings = xcalloc(1, sizeof(*settings));

	atomic_init(&settings->references, 1);
	settings->config = config;
	settings->keyring = keyring;
	settings->tokens = token_cache_new();
	return settings;
}

bool settings_read(const char *path, struct settings **settings, struct error *error)
{
	struct config *config;
	struct keyring *keyring;

	if (!config_read(path, &config, error))
		return false;
	if (!config_check_groups(config, error)) {
		config_free(config);
		return false;
	}
	if (!keyring_new(config->sealing_key, (const char *const *)config->sealing_keys_old,
		    config->sealing_keys_old_count, &keyring, error)) {
		error_context(error, "%s: sealing-key", path);
		config_free(config);
		return false;
	}
	*settings = settings_from(config, keyring);
	return true;
}

struct settings *settings_ref(struct settings *settings)
{
	atomic_fetch_add(&settings->references, 1);
	return settings;
}

void settings_unref(struct settings *settings)
{
	if (settings == NULL || atomic_fetch_sub(&settings->references, 1) != 1)
		return;
	token_cache_free(settings->tokens);
	keyring_free(settings->keyring);
	config_free(settings->config);
	free(settings);
}

const struct config *settings_config(const struct settings *settings)
{
	return settings->config;
}

const struct keyring *settings_keyring(const struct settings *settings)
{
	return settings->keyring;
}

struct token_cache *settings_tokens(const struct settings *settings)
{
	return settings->tokens;
}

bool settings_make_pki(const struct settings *settings, struct pki **pki, struct error *error)
{
	const struct config *config = settings->config;
	const struct pki_options options = {
		.trust_file = config->trust,
		.intermediates_file = config->intermediates,
		.pkcs12_max_iterations = config->pkcs12_max_iterations,
	};

	return pki_new(&options, pki, error);
}
