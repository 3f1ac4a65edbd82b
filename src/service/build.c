#include "service/profile.h"

#include <assert.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include <json-c/json.h>
#include <json-c/printbuf.h>

#include "base/alloc.h"
#include "base/text.h"
#include "config.h"
#include "domain/hostname.h"
#include "service/template.h"

/* What the placeholders stand for in one install. */
struct values {
	const struct install *install;
	char *code;
	const char *group; /* NULL: the path has none */
	char fqdn[HOSTNAME_MAX];
};

static void append_pem(struct buffer *out, const struct buffer *pem)
{
	if (pem->length == 0)
		return;
	buffer_append(out, pem->data, pem->length);
	if (pem->data[pem->length - 1] != '\n')
		buffer_append_char(out, '\n');
}

static void append_bundle(struct buffer *out, const struct material *material)
{
	append_pem(out, &material->key_pem);
	append_pem(out, &material->leaf_pem);
	append_pem(out, &material->chain_pem);
}

static void plain_value(const void *context, enum placeholder placeholder, struct buffer *out)
{
	const struct values *values = context;
	const struct install *install = values->install;

	switch (placeholder) {
	case PLACEHOLDER_CODE:
		buffer_append_text(out, values->code);
		return;
	case PLACEHOLDER_GROUP:
		buffer_append_text(out, values->group != NULL ? values->group : "");
		return;
	case PLACEHOLDER_FQDN:
		buffer_append_text(out, values->fqdn);
		return;
	case PLACEHOLDER_LEAF:
		append_pem(out, &install->material->leaf_pem);
		return;
	case PLACEHOLDER_CHAIN:
		append_pem(out, &install->material->chain_pem);
		return;
	case PLACEHOLDER_KEY:
		append_pem(out, &install->material->key_pem);
		return;
	case PLACEHOLDER_BUNDLE:
		append_bundle(out, install->material);
		return;
	case PLACEHOLDER_PKCS12:
		pki_base64(install->pkcs12, install->pkcs12_length, out);
		return;
	case PLACEHOLDER_PASSPHRASE:
		buffer_append_text(out, install->passphrase);
		return;
	case PLACEHOLDER_COUNT:
		break;
	}
	abort();
}

/* RFC 3986: all but the unreserved characters. */
static void encoded_value(const void *context, enum placeholder placeholder, struct buffer *out)
{
	static const char unreserved[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
					 "0123456789-._~";
	struct buffer plain = {0};
	size_t i;

	plain_value(context, placeholder, &plain);
	for (i = 0; i < plain.length; i++) {
		if (memchr(unreserved, plain.data[i], sizeof(unreserved) - 1) != NULL)
			buffer_append(out, &plain.data[i], 1);
		else
			buffer_printf(out, "%%%02X", plain.data[i]);
	}
	buffer_free(&plain);
}

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
	if (!template_uses(profile->install_path, PLACEHOLDER_GROUP))
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

static bool build_url(const struct profile *profile, const struct values *values,
	struct http_request *request, struct error *error)
{
	struct buffer path = {0};
	size_t length = strlen(profile->endpoint);

	while (length > 0 && profile->endpoint[length - 1] == '/')
		length--;
	template_expand(profile->install_path, encoded_value, values, &path);
	if (has_dot_segment(buffer_text(&path))) {
		error_set(error, ERROR_PERMANENT,
			"%s: with the service code \"%s\" the path becomes %s, which no server "
			"takes as it stands; mend the contract's link",
			profile->rules.id, values->install->service_code, buffer_text(&path));
		buffer_free(&path);
		return false;
	}
	request->method = xstrdup(profile->install_method);
	request->url = xasprintf("%.*s%s", (int)length, profile->endpoint, buffer_text(&path));
	buffer_free(&path);
	return true;
}

static bool build_headers(const struct profile *profile, const struct install *install,
	struct http_request *request, struct error *error)
{
	size_t i;

	if (install->token != NULL) {
		char *bearer;

		if (!is_header_value(install->token))
			return error_set(error, ERROR_PERMANENT,
				"%s: the token in %s is empty or holds more than one line of plain "
				"ASCII; write the token alone into it",
				profile->rules.id,
				profile->token_file != NULL ? profile->token_file : "its file");
		bearer = xasprintf("Bearer %s", install->token);
		http_request_add_header(request, "Authorization", bearer);
		free_wiped_text(bearer);
	}
	if (!is_header_value(install->idempotency_key))
		return error_set(
			error, ERROR_INTERNAL, "%s: no idempotency key", profile->rules.id);
	http_request_add_header(request, "Idempotency-Key", install->idempotency_key);
	http_request_add_header(request, "Accept", "application/json, application/problem+json");
	http_request_add_header(request, "User-Agent", "certinstalld/" VERSION);
	for (i = 0; i < profile->header_count; i++)
		http_request_add_header(
			request, profile->headers[i].name, profile->headers[i].value);
	return true;
}

/* Serialises nothing, but makes room in json-c's buffer: see take_json. */
static int make_room(struct json_object *object, struct printbuf *out, int level, int flags)
{
	size_t *room = json_object_get_userdata(object);

	(void)level;
	(void)flags;
	return printbuf_memset(out, 0, 0, (int)*room);
}

/* Overwrites text that json-c owns and hands out as constant. */
static void wipe_text(const char *text, size_t length)
{
	char *own;

	memcpy(&own, &text, sizeof(own));
	explicit_bzero(own, length);
}

/*
 * Moves OBJECT's text to OUT. json-c keeps the text in a buffer inside the object, which it grows
 * by realloc and frees as it is: the buffer is made large enough first (a byte becomes six at most)
 * and overwritten after, so that no private key stays behind in the heap.
 */
static void take_json(struct json_object *object, size_t room, struct buffer *out)
{
	size_t length = 0;
	const char *text;

	assert(room <= INT_MAX);
	json_object_set_serializer(object, make_room, &room, NULL);
	(void)json_object_to_json_string_ext(object, JSON_C_TO_STRING_PLAIN);
	json_object_set_serializer(object, NULL, NULL, NULL);
	text = json_object_to_json_string_length(
		object, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE, &length);
	if (text == NULL)
		abort();
	buffer_reserve(out, length + 1);
	buffer_append(out, text, length);
	wipe_text(text, length);
}

static void wipe_members(struct json_object *object)
{
	json_object_object_foreach(object, name, member)
	{
		(void)name;
		wipe_text(
			json_object_get_string(member), (size_t)json_object_get_string_len(member));
	}
}

static void build_json(
	const struct profile *profile, const struct values *values, struct http_request *request)
{
	struct json_object *object = json_object_new_object();
	size_t i, room = 64;

	if (object == NULL)
		abort();
	for (i = 0; i < profile->part_count; i++) {
		const struct profile_part *part = &profile->parts[i];
		struct buffer content = {0};
		struct json_object *member;

		template_expand(part->content, plain_value, values, &content);
		member = json_object_new_string_len(buffer_text(&content), (int)content.length);
		room += 6 * (content.length + strlen(part->name)) + 16;
		buffer_free(&content);
		if (member == NULL || json_object_object_add(object, part->name, member) != 0)
			abort();
	}
	take_json(object, room, &request->body);
	wipe_members(object);
	json_object_put(object);
	http_request_add_header(request, "Content-Type", "application/json");
}

static void build_parts(
	const struct profile *profile, const struct values *values, struct http_request *request)
{
	size_t i;

	for (i = 0; i < profile->part_count; i++) {
		const struct profile_part *part = &profile->parts[i];
		struct http_part *made = http_request_add_part(
			request, part->name, part->filename, part->content_type);

		template_expand(part->content, plain_value, values, &made->data);
	}
}

static void build_body(
	const struct profile *profile, const struct values *values, struct http_request *request)
{
	switch (profile->body_form) {
	case BODY_MULTIPART:
		build_parts(profile, values, request);
		return;
	case BODY_PEM_BUNDLE:
		append_bundle(&request->body, values->install->material);
		http_request_add_header(request, "Content-Type", "application/x-pem-file");
		return;
	case BODY_PKCS12_JSON:
	case BODY_JSON:
		build_json(profile, values, request);
		return;
	}
	abort();
}

bool service_build(const struct profile *profile, const struct install *install,
	struct http_request *request, struct error *error)
{
	struct values values = {0};
	bool done;

	*request = (struct http_request){0};
	if (profile->endpoint == NULL || profile->install_path == NULL)
		return error_set(error, ERROR_PERMANENT,
			"%s: no %s is configured; write it in a site section of the "
			"configuration",
			profile->rules.id, profile->endpoint == NULL ? "endpoint" : "path");
	if (profile_needs_pkcs12(profile) &&
		(install->pkcs12 == NULL || install->passphrase == NULL))
		return error_set(error, ERROR_INTERNAL, "%s: no PKCS#12 was made for the request",
			profile->rules.id);
	done = fill_values(profile, install, &values, error) &&
	       build_url(profile, &values, request, error) &&
	       build_headers(profile, install, request, error);
	if (done)
		build_body(profile, &values, request);
	else
		http_request_clear(request);
	free(values.code);
	return done;
}
