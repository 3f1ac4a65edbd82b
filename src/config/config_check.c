#include "config/config_private.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/alloc.h"
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

/* So many an attempt may send one after another. */
static int64_t request_count(const struct profile *profile)
{
	int64_t count = profile->step_count > 0 ? (int64_t)profile->step_count : 1;

	if (profile->read_back.kind == READ_BACK_REQUEST && profile->read_back.before_push)
		count++;
	return count;
}

static int64_t attempt_ms(const struct profile *profile)
{
	return request_count(profile) * profile->total_timeout_ms + profile->verify_timeout_ms;
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
		if (attempt_ms(&config->profiles[i]) > attempt_ms(worst))
			worst = &config->profiles[i];
	}
	if (config->lease_ms > attempt_ms(worst))
		return true;
	text_from_duration_ms(lease, sizeof(lease), config->lease_ms);
	text_from_duration_ms(total, sizeof(total), worst->total_timeout_ms);
	text_from_duration_ms(verify, sizeof(verify), worst->verify_timeout_ms);
	if (request_count(worst) > 1)
		return options_error(file, NULL, "lease", error,
			"%s is not longer than total-timeout (%s) for each of %" PRId64
			" requests and verify-timeout (%s) of %s together, so that two processes "
			"could do one job at once; write a longer lease",
			lease, total, request_count(worst), verify, worst->rules.id);
	return options_error(file, NULL, "lease", error,
		"%s is not longer than total-timeout (%s) and verify-timeout (%s) of %s together, "
		"so that two processes could do one job at once; write a longer lease",
		lease, total, verify, worst->rules.id);
}

/* A fault in KEY of PROFILE, which its site or its own file gave. */
static bool profile_error(const struct option_file *file, const struct profile *profile,
	const char *key, struct error *error, const char *text)
{
	char *place = xasprintf("site %s", profile->rules.id);

	if (options_given(file, place, key) || profile->path == NULL)
		options_error(file, place, key, error, "%s", text);
	else
		error_set(error, ERROR_PERMANENT, "%s: %s: %s", profile->path, key, text);
	free(place);
	return false;
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
		return profile_error(file, profile, "client-key", error, text);
	}
	return true;
}

/* A feed hands out private keys: nobody has one that asks for nothing. */
static bool check_feed(
	const struct option_file *file, const struct config *config, struct error *error)
{
	if (config->feed_client_key != NULL && config->feed_client_certificate == NULL)
		return options_error(file, NULL, "feed-client-key", error,
			"has no feed-client-certificate to belong to; write both or neither");
	if (config->feed_url != NULL && config->feed_token == NULL &&
		config->feed_client_certificate == NULL)
		return options_error(file, NULL, "feed-url", error,
			"stands without feed-token and feed-client-certificate; write at least one "
			"of them");
	return true;
}

/* What a site and the profile under it say together. */
static bool check_profiles(
	const struct option_file *file, const struct config *config, struct error *error)
{
	char why[PROFILE_WHY_MAX];
	const char *key;
	size_t i;

	for (i = 0; i < config->profile_count; i++) {
		const struct profile *profile = &config->profiles[i];
		char *place = xasprintf("site %s", profile->rules.id);
		bool both =
			options_given(file, place, "edge") && options_given(file, place, "edges");

		if (both)
			options_error(file, place, "edges", error,
				"stands beside edge; keep one of the two");
		free(place);
		if (both)
			return false;
		if (!profile_check(profile, &key, why))
			return profile_error(file, profile, key, error, why);
	}
	return true;
}

bool config_check(const struct option_file *file, const struct config *config, struct error *error)
{
	if (config->closing_count > CALENDAR_CLOSINGS_MAX)
		return options_error(file, NULL, "closing-days", error,
			"more than %d periods; write fewer", CALENDAR_CLOSINGS_MAX);
	return check_retries(file, config, error) && check_lease(file, config, error) &&
	       check_client_keys(file, config, error) && check_feed(file, config, error) &&
	       check_profiles(file, config, error);
}
