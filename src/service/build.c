#include "service/build_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <curl/curl.h>

#include "base/alloc.h"
#include "base/text.h"
#include "config.h"
#include "service/remote.h"

/* A URL library takes "." and ".." out of a path, and with them what stands before. */
static bool has_dot_segment(const char *path)
{
	while (*path == '/') {
		size_t length = strcspn(++path, "/?");

		if ((length == 1 && path[0] == '.') || (length == 2 && memcmp(path, "..", 2) == 0))
			return true;
		path += length;
	}
	return false;
}

static bool is_header_value(const char *value)
{
	const char *at;

	for (at = value; *at >= ' ' && *at < 0x7f; at++)
		;
	return at != value && *at == '\0';
}

/* True when a placeholder stands anywhere in what PROFILE sends. */
static bool profile_uses(const struct profile *profile, enum placeholder placeholder, bool bodies)
{
	const char *const paths[] = {profile->follow.path, profile->read_back.path};
	size_t i, j;

	for (i = 0; i < ARRAY_LENGTH(paths); i++) {
		if (paths[i] != NULL && template_uses(paths[i], placeholder))
			return true;
	}
	for (i = 0; i < profile->step_count; i++) {
		const struct profile_step *step = &profile->steps[i];

		if (template_uses(step->path, placeholder) ||
			(bodies && step->template_text != NULL &&
				template_uses(step->template_text, placeholder)))
			return true;
		for (j = 0; bodies && j < step->part_count; j++) {
			if (template_uses(step->parts[j].content, placeholder))
				return true;
		}
	}
	return false;
}

static bool fill_fingerprint(
	const struct profile *profile, struct values *values, struct error *error)
{
	const struct install *install = values->install;
	unsigned char digest[1][32];

	if (install->fingerprint != NULL) {
		text_hex(values->fingerprint, install->fingerprint, 32);
	} else if (profile_uses(profile, PLACEHOLDER_FINGERPRINT, true)) {
		if (install->material == NULL ||
			pki_pem_fingerprints(
				buffer_text(&install->material->leaf_pem), digest, 1) != 1)
			return error_set(error, ERROR_INTERNAL,
				"%s: no fingerprint for the request", profile->rules.id);
		text_hex(values->fingerprint, digest[0], 32);
	}
	return true;
}

static bool fill_values(const struct profile *profile, const struct install *install,
	struct values *values, struct error *error)
{
	const char *id = profile->rules.id;
	char *colon;

	*values = (struct values){.install = install, .code = xstrdup(install->service_code)};
	if (!text_is_clean(install->service_code, strlen(install->service_code)) ||
		install->service_code[0] == '\0')
		return error_set(error, ERROR_PERMANENT,
			"%s: the service code is empty or holds control characters; mend the "
			"contract's link",
			id);
	if (!hostname_normalise(install->fqdn, values->fqdn))
		return error_set(error, ERROR_PERMANENT,
			"%s: \"%s\" is no host name; mend the contract's link", id, install->fqdn);
	if (!fill_fingerprint(profile, values, error))
		return false;
	/* One reading of the code for all requests of a service, whichever of them needs it. */
	if (!profile_uses(profile, PLACEHOLDER_GROUP, false))
		return true;
	colon = strchr(values->code, ':');
	if (colon == NULL || colon == values->code || colon[1] == '\0')
		return error_set(error, ERROR_PERMANENT,
			"%s: the service code \"%s\" names no group; write it as code:group", id,
			install->service_code);
	*colon = '\0';
	values->group = colon + 1;
	return true;
}

/* The endpoint with PATH, which has placeholders, behind it; NULL and ERROR. */
static char *make_url(const struct profile *profile, const struct values *values,
	const char *path_template, struct error *error)
{
	struct buffer path = {0};
	size_t length = strlen(profile->endpoint);
	char *url = NULL;

	while (length > 0 && profile->endpoint[length - 1] == '/')
		length--;
	template_expand(path_template, values_encoded, values, &path);
	if (has_dot_segment(buffer_text(&path)))
		error_set(error, ERROR_PERMANENT,
			"%s: with the service code \"%s\" the path becomes %s, which no server "
			"takes as it stands; mend the contract's link",
			profile->rules.id, values->install->service_code, buffer_text(&path));
	else
		url = xasprintf("%.*s%s", (int)length, profile->endpoint, buffer_text(&path));
	buffer_free(&path);
	return url;
}

static bool add_token(const struct profile *profile, const char *token,
	struct http_request *request, struct error *error)
{
	char *bearer;

	if (token == NULL)
		return true;
	if (!is_header_value(token))
		return error_set(error, ERROR_PERMANENT,
			"%s: the token in %s is empty or holds more than one line of plain ASCII; "
			"write the token alone into it",
			profile->rules.id,
			profile->token_file != NULL ? profile->token_file : "its file");
	bearer = xasprintf("Bearer %s", token);
	http_request_add_header(request, "Authorization", bearer);
	free_wiped_text(bearer);
	return true;
}

/*
 * The key of the first step is the install's own; each further step is another request and has a
 * key of its own, the same whenever it is sent again.
 */
static bool add_idempotency_key(const struct profile *profile, size_t step, const char *key,
	struct http_request *request, struct error *error)
{
	char *own;

	if (key == NULL || !is_header_value(key))
		return error_set(
			error, ERROR_INTERNAL, "%s: no idempotency key", profile->rules.id);
	own = step == 0 ? xstrdup(key) : xasprintf("%s-%zu", key, step);
	http_request_add_header(request, "Idempotency-Key", own);
	free(own);
	return true;
}

static void add_headers(const struct profile *profile, struct http_request *request)
{
	size_t i;

	http_request_add_header(request, "Accept", "application/json, application/problem+json");
	http_request_add_header(request, "User-Agent", "certinstalld/" VERSION);
	for (i = 0; i < profile->header_count; i++)
		http_request_add_header(
			request, profile->headers[i].name, profile->headers[i].value);
}

static bool check_ready(const struct profile *profile, bool has_path, struct error *error)
{
	if (profile->endpoint != NULL && has_path)
		return true;
	return error_set(error, ERROR_PERMANENT, "%s: no %s is configured; write it in %s",
		profile->rules.id, profile->endpoint == NULL ? "endpoint" : "path",
		profile->endpoint == NULL ? "a site section of the configuration"
					  : "the service's profile");
}

bool service_build_step(const struct profile *profile, size_t step, const struct install *install,
	struct http_request *request, struct error *error)
{
	const struct profile_step *made;
	struct values values = {0};
	bool done;

	*request = (struct http_request){0};
	if (!check_ready(profile, step < profile->step_count, error))
		return false;
	made = &profile->steps[step];
	if (install->material == NULL)
		return error_set(error, ERROR_INTERNAL,
			"%s: no certificate was given for the request", profile->rules.id);
	if (profile_needs_pkcs12(profile) &&
		(install->pkcs12 == NULL || install->passphrase == NULL))
		return error_set(error, ERROR_INTERNAL, "%s: no PKCS#12 was made for the request",
			profile->rules.id);
	done = fill_values(profile, install, &values, error) &&
	       (request->url = make_url(profile, &values, made->path, error)) != NULL &&
	       add_token(profile, install->token, request, error) &&
	       add_idempotency_key(profile, step, install->idempotency_key, request, error);
	if (done) {
		request->method = xstrdup(made->method);
		add_headers(profile, request);
		build_body(made, &values, request);
	} else {
		http_request_clear(request);
	}
	free(values.code);
	return done;
}

/* The URL that REMOTE leads to; NULL and ERROR. */
static char *remote_url(const struct profile *profile, const struct values *values,
	const char *remote, struct error *error)
{
	char target[JUDGEMENT_REMOTE_MAX], *base = NULL, *url = NULL;
	const char *reference = remote;
	size_t step = 0;

	if (*remote != '/') {
		char *end = NULL;

		step = strtoul(remote, &end, 10);
		reference = end + (*end == ' ');
		if (end == remote || *end != ' ' || step >= profile->step_count) {
			error_set(error, ERROR_PERMANENT,
				"%s: what was accepted cannot be asked for any more: the profile "
				"has "
				"no such step now",
				profile->rules.id);
			return NULL;
		}
		base = make_url(profile, values, profile->steps[step].path, error);
		if (base == NULL)
			return NULL;
	}
	if (remote_resolve(profile->endpoint, base, reference, target, sizeof(target)))
		url = remote_join(profile->endpoint, target);
	else
		error_set(error, ERROR_PERMANENT,
			"%s: the service says to ask elsewhere than at its endpoint, where neither "
			"token nor certificate goes",
			profile->rules.id);
	free(base);
	return url;
}

static bool build_question(const struct profile *profile, const struct install *install,
	const char *path, const char *remote, struct http_request *request, struct error *error)
{
	struct values values = {0};
	bool done;

	*request = (struct http_request){0};
	if (!check_ready(profile, true, error))
		return false;
	done = fill_values(profile, install, &values, error);
	if (done)
		request->url = path != NULL ? make_url(profile, &values, path, error)
					    : remote_url(profile, &values, remote, error);
	done = done && request->url != NULL && add_token(profile, install->token, request, error);
	if (done) {
		request->method = xstrdup("GET");
		add_headers(profile, request);
	} else {
		http_request_clear(request);
	}
	free(values.code);
	return done;
}

bool service_build_follow(const struct profile *profile, const struct install *install,
	const char *remote, struct http_request *request, struct error *error)
{
	return build_question(profile, install, profile->follow.path, remote, request, error);
}

bool service_build_read_back(const struct profile *profile, const struct install *install,
	struct http_request *request, struct error *error)
{
	*request = (struct http_request){0};
	return check_ready(profile, profile->read_back.path != NULL, error) &&
	       build_question(profile, install, profile->read_back.path, "", request, error);
}
