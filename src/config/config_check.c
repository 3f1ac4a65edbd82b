#include "config/config_private.h"

#include <stdio.h>

#include "base/text.h"

#define DURATION_TEXT_MAX 48

static bool check_retries(
	const struct option_file *file, const struct config *config, struct error *error)
{
	char floor[DURATION_TEXT_MAX], ceiling[DURATION_TEXT_MAX];

	if (config->backoff.floor_ms <= config->backoff.ceiling_ms)
		return true;
	text_from_duration_ms(floor, sizeof(floor), config->backoff.floor_ms);
	text_from_duration_ms(ceiling, sizeof(ceiling), config->backoff.ceiling_ms);
	return options_error(file, NULL,
		options_given(file, NULL, "retry-floor") ? "retry-floor" : "retry-ceiling", error,
		"retry-floor (%s) is longer than retry-ceiling (%s); write a shorter floor or a "
		"longer ceiling",
		floor, ceiling);
}

/*
 * A lease that runs out while its job is still worked on would let a second process do the job at
 * the same time.
 */
static bool check_lease(
	const struct option_file *file, const struct config *config, struct error *error)
{
	char lease[DURATION_TEXT_MAX], total[DURATION_TEXT_MAX], verify[DURATION_TEXT_MAX];
	const struct profile *worst = &config->profiles[0];
	size_t i;

	for (i = 1; i < config->profile_count; i++) {
		const struct profile *profile = &config->profiles[i];

		if (profile->total_timeout_ms + profile->verify_timeout_ms >
			worst->total_timeout_ms + worst->verify_timeout_ms)
			worst = profile;
	}
	if (config->lease_ms > worst->total_timeout_ms + worst->verify_timeout_ms)
		return true;
	text_from_duration_ms(lease, sizeof(lease), config->lease_ms);
	text_from_duration_ms(total, sizeof(total), worst->total_timeout_ms);
	text_from_duration_ms(verify, sizeof(verify), worst->verify_timeout_ms);
	return options_error(file, NULL, "lease", error,
		"%s is not longer than total-timeout (%s) and verify-timeout (%s) of %s together, "
		"so that two processes could do one job at once; write a longer lease",
		lease, total, verify, worst->rules.id);
}

static bool check_client_keys(
	const struct option_file *file, const struct config *config, struct error *error)
{
	static const char text[] = "has no client-certificate to belong to; write both or neither";
	size_t i;

	for (i = 0; i < config->profile_count; i++) {
		const struct profile *profile = &config->profiles[i];

		if (profile->client_key == NULL || profile->client_certificate != NULL)
			continue;
		if (options_given(file, profile->rules.id, "client-key"))
			return options_error(
				file, profile->rules.id, "client-key", error, "%s", text);
		return error_set(error, ERROR_PERMANENT, "%s: client-key: %s", profile->path, text);
	}
	return true;
}

bool config_check(const struct option_file *file, const struct config *config, struct error *error)
{
	if (config->closing_count > CALENDAR_CLOSINGS_MAX)
		return options_error(file, NULL, "closing-days", error,
			"more than %d periods; write fewer", CALENDAR_CLOSINGS_MAX);
	return check_retries(file, config, error) && check_lease(file, config, error) &&
	       check_client_keys(file, config, error);
}
