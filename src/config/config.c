#include "config/config.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

/* Takes the profiles' rules over into the rulebook, which points into CONFIG. */
static void fill_rulebook(struct config *config)
{
	size_t i;

	config->services =
		xreallocarray(config->services, config->profile_count, sizeof(*config->services));
	for (i = 0; i < config->profile_count; i++)
		config->services[i] = config->profiles[i].rules;
	config->rulebook.calendar = calendar_default(config->holidays);
	config->rulebook.policy = config->policy;
	config->rulebook.services = config->services;
	config->rulebook.service_count = config->profile_count;
}

struct config *config_defaults(void)
{
	struct config *config = xcalloc(1, sizeof(*config));
	size_t i, count = 0;
	const struct service_rules *builtin = catalogue_builtin(&count);

	config->holidays = holidays_new();
	config->policy = linkage_policy_default();
	config->backoff = backoff_rules_default();
	config->profiles = xcalloc(count, sizeof(*config->profiles));
	for (i = 0; i < count; i++)
		profile_init(&config->profiles[i], &builtin[i]);
	config->profile_count = count;
	fill_rulebook(config);
	return config;
}

void config_free(struct config *config)
{
	size_t i;

	if (config == NULL)
		return;
	free(config->path);
	free(config->store);
	free(config->spool);
	free(config->runtime_directory);
	free(config->user);
	free(config->sealing_key);
	for (i = 0; i < config->sealing_keys_old_count; i++)
		free(config->sealing_keys_old[i]);
	free(config->sealing_keys_old);
	free(config->trust);
	free(config->intermediates);
	free(config->holidays_csv);
	holidays_free(config->holidays);
	free(config->services_directory);
	for (i = 0; i < config->profile_count; i++)
		profile_clear(&config->profiles[i]);
	free(config->profiles);
	free(config->services);
	free(config);
}

const struct profile *config_profile(const struct config *config, const char *id)
{
	size_t i;

	for (i = 0; i < config->profile_count; i++) {
		if (strcmp(config->profiles[i].rules.id, id) == 0)
			return &config->profiles[i];
	}
	return NULL;
}
