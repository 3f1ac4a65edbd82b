#include "service/build_private.h"

#include <assert.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include <json-c/json.h>
#include <json-c/printbuf.h>

#include "base/alloc.h"
#include "base/text.h"

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

void values_plain(const void *context, enum placeholder placeholder, struct buffer *out)
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
	case PLACEHOLDER_FINGERPRINT:
		buffer_append_text(out, values->fingerprint);
		return;
	case PLACEHOLDER_LEAF:
		append_pem(out, &install->material->leaf_pem);
		return;
	case PLACEHOLDER_CHAIN:
		append_pem(out, &install->material->chain_pem);
		return;
	case PLACEHOLDER_FULL_CHAIN:
		append_pem(out, &install->material->leaf_pem);
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
void values_encoded(const void *context, enum placeholder placeholder, struct buffer *out)
{
	struct buffer plain = {0};
	size_t i = 0, run;

	values_plain(context, placeholder, &plain);
	while (i < plain.length) {
		run = text_unreserved_length(buffer_text(&plain) + i);
		buffer_append(out, plain.data + i, run);
		i += run;
		if (i < plain.length)
			buffer_printf(out, "%%%02X", plain.data[i++]);
	}
	buffer_free(&plain);
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
	const struct profile_step *step, const struct values *values, struct http_request *request)
{
	struct json_object *object = json_object_new_object();
	size_t i, room = 64;

	if (object == NULL)
		abort();
	for (i = 0; i < step->part_count; i++) {
		const struct profile_part *part = &step->parts[i];
		struct buffer content = {0};
		struct json_object *member;

		template_expand(part->content, values_plain, values, &content);
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
	const struct profile_step *step, const struct values *values, struct http_request *request)
{
	size_t i;

	for (i = 0; i < step->part_count; i++) {
		const struct profile_part *part = &step->parts[i];
		struct http_part *made = http_request_add_part(
			request, part->name, part->filename, part->content_type);

		template_expand(part->content, values_plain, values, &made->data);
	}
}

/* What a placeholder stands for as it is written inside a JSON string. */
static void json_value(const void *context, enum placeholder placeholder, struct buffer *out)
{
	struct buffer plain = {0}, quoted = {0};
	struct json_object *object;

	values_plain(context, placeholder, &plain);
	object = json_object_new_string_len(buffer_text(&plain), (int)plain.length);
	if (object == NULL)
		abort();
	take_json(object, 6 * plain.length + 16, &quoted);
	wipe_text(json_object_get_string(object), (size_t)json_object_get_string_len(object));
	json_object_put(object);
	buffer_free(&plain);
	/* Without the quotes around it. */
	buffer_append(out, quoted.data + 1, quoted.length - 2);
	buffer_free(&quoted);
}

static void build_template(
	const struct profile_step *step, const struct values *values, struct http_request *request)
{
	static template_value *const writers[] = {[ESCAPE_BY_TYPE] = values_plain,
		[ESCAPE_NONE] = values_plain,
		[ESCAPE_URL] = values_encoded,
		[ESCAPE_JSON] = json_value};

	template_expand(step->template_text, writers[step->escape], values, &request->body);
	http_request_add_header(request, "Content-Type", step->template_type);
}

void build_body(
	const struct profile_step *step, const struct values *values, struct http_request *request)
{
	switch (step->body_form) {
	case BODY_MULTIPART:
		build_parts(step, values, request);
		return;
	case BODY_PEM_BUNDLE:
		append_bundle(&request->body, values->install->material);
		http_request_add_header(request, "Content-Type", "application/x-pem-file");
		return;
	case BODY_PKCS12_JSON:
	case BODY_JSON:
		build_json(step, values, request);
		return;
	case BODY_TEMPLATE:
		build_template(step, values, request);
		return;
	case BODY_NONE:
		return;
	}
	abort();
}
