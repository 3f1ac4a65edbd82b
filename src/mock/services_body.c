#include <json-c/json.h>
#include <limits.h>
#include <string.h>
#include <strings.h>

#include "base/text.h"
#include "mock/multipart.h"
#include "mock/services_private.h"

static bool fqdn_copy(char fqdn[ROUTE_SEGMENT_MAX], const char *text, size_t length)
{
	size_t i;

	if (length == 0 || length >= ROUTE_SEGMENT_MAX || !text_is_clean(text, length))
		return false;
	for (i = 0; i < length; i++)
		fqdn[i] = (char)(text[i] >= 'A' && text[i] <= 'Z' ? text[i] - 'A' + 'a' : text[i]);
	fqdn[length] = '\0';
	return true;
}

static bool type_is(const char *content_type, const char *wanted)
{
	size_t length = strlen(wanted);

	return content_type != NULL && strncasecmp(content_type, wanted, length) == 0 &&
	       strchr("; ", content_type[length]) != NULL;
}

static struct slice part_slice(const struct multipart *form, const char *name)
{
	const struct multipart_part *part = multipart_find(form, name);

	return part == NULL ? (struct slice){"", 0} : (struct slice){part->data, part->length};
}

static bool read_multipart(struct services *services, const struct install_request *request,
	char fqdn[ROUTE_SEGMENT_MAX], struct bundle *bundle, struct answer *answer)
{
	const struct multipart_part *host;
	struct multipart form;
	struct error error;

	if (!multipart_parse(request->content_type, request->body.data, request->body.length, &form,
		    &error)) {
		answer_problem(answer, 400, "%s", error.text);
		return false;
	}
	host = multipart_find(&form, "host");
	if (host == NULL || host->has_filename || !fqdn_copy(fqdn, host->data, host->length)) {
		answer_problem(answer, 422, "the form lacks the field 'host'");
		return false;
	}
	if (!bundle_from_pem(services->pool, part_slice(&form, "certificate"),
		    part_slice(&form, "chain"), part_slice(&form, "private_key"), bundle, &error)) {
		answer_problem(answer, 422, "%s", error.text);
		return false;
	}
	return true;
}

/* The string under KEY; {NULL, 0} when there is none. */
static struct slice member(struct json_object *object, const char *key)
{
	struct json_object *value = NULL;

	if (!json_object_object_get_ex(object, key, &value) ||
		!json_object_is_type(value, json_type_string))
		return (struct slice){NULL, 0};
	return (struct slice){
		json_object_get_string(value), (size_t)json_object_get_string_len(value)};
}

static bool read_members(struct services *services, const struct install_request *request,
	struct json_object *object, char fqdn[ROUTE_SEGMENT_MAX], struct bundle *bundle,
	struct error *error)
{
	struct slice host = member(object, "fqdn"), chain = member(object, "chain");
	struct slice pkcs12 = member(object, "pkcs12"), passphrase = member(object, "passphrase");
	struct slice certificate = member(object, "certificate");
	struct slice key = member(object, "private_key");

	if (fqdn[0] == '\0' && (host.data == NULL || !fqdn_copy(fqdn, host.data, host.length)))
		return error_set(error, ERROR_PERMANENT, "fqdn: missing, or not a host name");
	if (request->route->service == MOCK_DOCEX) {
		if (pkcs12.data == NULL || passphrase.data == NULL)
			return error_set(
				error, ERROR_PERMANENT, "pkcs12 and passphrase: not both there");
		return bundle_from_pkcs12(
			services->pool, pkcs12.data, passphrase.data, bundle, error);
	}
	if (certificate.data == NULL || key.data == NULL)
		return error_set(
			error, ERROR_PERMANENT, "certificate and private_key: not both there");
	if (chain.data == NULL)
		chain = (struct slice){"", 0};
	return bundle_from_pem(services->pool, certificate, chain, key, bundle, error);
}

static bool read_json(struct services *services, const struct install_request *request,
	char fqdn[ROUTE_SEGMENT_MAX], struct bundle *bundle, struct answer *answer)
{
	struct json_tokener *tokener;
	struct json_object *object;
	struct error error;
	bool read;

	if (!type_is(request->content_type, "application/json")) {
		answer_problem(answer, 415, "Content-Type is not application/json");
		return false;
	}
	tokener = json_tokener_new_ex(8);
	object = tokener == NULL || request->body.length > INT_MAX
			 ? NULL
			 : json_tokener_parse_ex(
				   tokener, request->body.data, (int)request->body.length);
	json_tokener_free(tokener);
	if (!json_object_is_type(object, json_type_object)) {
		json_object_put(object);
		answer_problem(answer, 400, "the body is not a JSON object");
		return false;
	}
	read = read_members(services, request, object, fqdn, bundle, &error);
	json_object_put(object);
	if (!read)
		answer_problem(answer, 422, "%s", error.text);
	return read;
}

static bool read_pem(struct services *services, const struct install_request *request,
	struct bundle *bundle, struct answer *answer)
{
	struct error error;

	if (!type_is(request->content_type, "application/x-pem-file")) {
		answer_problem(answer, 415, "Content-Type is not application/x-pem-file");
		return false;
	}
	if (!bundle_from_pem_text(services->pool, request->body, bundle, &error)) {
		answer_problem(answer, 422, "%s", error.text);
		return false;
	}
	return true;
}

bool services_read_body(struct services *services, const struct install_request *request,
	char fqdn[ROUTE_SEGMENT_MAX], struct bundle *bundle, struct answer *answer)
{
	memcpy(fqdn, request->route->fqdn, ROUTE_SEGMENT_MAX);
	if (request->route->service == MOCK_WEBHG2)
		return read_multipart(services, request, fqdn, bundle, answer);
	if (request->route->service == MOCK_CLOUD_HOSTING)
		return read_pem(services, request, bundle, answer);
	return read_json(services, request, fqdn, bundle, answer);
}
