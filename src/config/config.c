#include "config/config.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/file.h"
#include "config/config_private.h"
#include "service/profile_options.h"

struct config *config_new(const char *directory)
{
	struct config *config = xcalloc(1, sizeof(*config));

	options_defaults(config_options, CONFIG_OPTION_COUNT, directory, config);
	config->holidays = holidays_new();
	return config;
}

void config_add_builtin(struct config *config)
{
	size_t i, count = 0;
	const struct service_rules *builtin = catalogue_builtin(&count);

	config->profiles = xreallocarray(
		config->profiles, config->profile_count + count, sizeof(*config->profiles));
	for (i = 0; i < count; i++) {
		struct service_rules rules = builtin[i];

		rules.opening_minute = config->opening_minute;
		/* The services that are due "+1 and then several more". */
		if (rules.business_days > 1)
			rules.business_days = 1 + config->several_business_days;
		profile_init(&config->profiles[config->profile_count++], &rules);
	}
}

/* The hours as the rules have them; what could be wrong with them was checked before. */
static void fill_hours(struct profile *profile)
{
	struct service_rules *rules = &profile->rules;
	struct error error;

	if (!hours_make(profile->install_from_minute, profile->install_until_minute,
		    profile->install_business_days_only, &rules->hours, &error))
		abort();
	rules->has_hours = !rules->hours.always;
}

void config_fill_rulebook(struct config *config)
{
	size_t i;

	config->services =
		xreallocarray(config->services, config->profile_count, sizeof(*config->services));
	for (i = 0; i < config->profile_count; i++) {
		fill_hours(&config->profiles[i]);
		config->services[i] = config->profiles[i].rules;
	}
	config->rulebook.calendar.holidays = config->holidays;
	memcpy(config->rulebook.calendar.closings, config->closings, sizeof(config->closings));
	config->rulebook.calendar.closing_count = config->closing_count;
	config->rulebook.policy = config->policy;
	config->rulebook.services = config->services;
	config->rulebook.service_count = config->profile_count;
}

struct config *config_defaults(void)
{
	struct config *config = config_new(SYSCONFDIR "/certinstalld");

	config_add_builtin(config);
	config_fill_rulebook(config);
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
	free(config->admin_socket);
	free(config->admin_group);
	free(config->admin_change_group);
	free(config->sealing_key);
	for (i = 0; i < config->sealing_keys_old_count; i++)
		free(config->sealing_keys_old[i]);
	free(config->sealing_keys_old);
	free(config->trust);
	free(config->intermediates);
	free(config->holidays_csv);
	holidays_free(config->holidays);
	free(config->feed_url);
	free(config->feed_token);
	free(config->feed_client_certificate);
	free(config->feed_client_key);
	free(config->feed_ca);
	free(config->services_directory);
	for (i = 0; i < config->profile_count; i++)
		profile_clear(&config->profiles[i]);
	free(config->profiles);
	free(config->services);
	free(config);
}

char *config_admin_socket(const struct config *config)
{
	if (config->admin_socket[0] == '\0')
		return NULL;
	return path_resolve(config->runtime_directory, config->admin_socket);
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

static void describe(
	const char *section, const struct option *options, size_t count, struct buffer *out)
{
	buffer_printf(out, "\n%s { … } in it\n\n", section);
	options_describe(options, count, out);
}

void config_describe(struct buffer *out)
{
	buffer_append_text(out, "certinstalld.conf\n\n");
	options_describe(config_options, CONFIG_OPTION_COUNT, out);
	buffer_append_text(out, "\nsite ID { … } lays these over the service's profile\n\n");
	options_describe(profile_options, PROFILE_SITE_OPTION_COUNT, out);
	buffer_append_text(out, "\nservices.d/ID.conf: those of a site, and\n\n");
	options_describe(profile_options + PROFILE_SITE_OPTION_COUNT,
		PROFILE_OPTION_COUNT - PROFILE_SITE_OPTION_COUNT, out);
	describe("part NAME", profile_part_options, PROFILE_PART_OPTION_COUNT, out);
	describe("step NAME", profile_step_options, PROFILE_STEP_OPTION_COUNT, out);
	describe("answer NAME", profile_answer_options, PROFILE_ANSWER_OPTION_COUNT, out);
	describe("follow", profile_follow_options, PROFILE_FOLLOW_OPTION_COUNT, out);
	describe("read-back", profile_read_back_options, PROFILE_READ_BACK_OPTION_COUNT, out);
}
