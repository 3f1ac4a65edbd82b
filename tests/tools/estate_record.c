#include "estate.h"

#include <json-c/json.h>
#include <openssl/pkcs12.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/civil.h"

#define PKCS12_PASSPHRASE "estate-passphrase"

static struct json_object *text_object(const char *text)
{
	return json_object_new_string(text);
}

static struct json_object *instant_object(int64_t instant_ms)
{
	char text[CIVIL_INSTANT_MAX];

	civil_format_instant(text, instant_ms, TOKYO_OFFSET_MIN);
	return text_object(text);
}

/* SERVICE:CODE:FQDN; a code may have colons of its own. */
static bool add_link(struct json_object *links, const char *link, struct error *error)
{
	const char *first = strchr(link, ':'), *last = strrchr(link, ':');
	struct json_object *object;

	if (first == NULL || first == last)
		return error_set(error, ERROR_PERMANENT, "--link %s: not SERVICE:CODE:FQDN", link);
	object = json_object_new_object();
	json_object_object_add(
		object, "service", json_object_new_string_len(link, (int)(first - link)));
	json_object_object_add(object, "service_code",
		json_object_new_string_len(first + 1, (int)(last - first - 1)));
	json_object_object_add(object, "fqdn", text_object(last + 1));
	json_object_array_add(links, object);
	return true;
}

static void add_pkcs12(
	struct json_object *object, const struct record_wish *wish, X509 *leaf, X509 *intermediate)
{
	STACK_OF(X509) *chain = sk_X509_new_null();
	unsigned char *der = NULL, *base64;
	PKCS12 *pkcs12;
	int length;

	if (!wish->no_chain)
		sk_X509_push(chain, intermediate);
	pkcs12 = PKCS12_create(PKCS12_PASSPHRASE, wish->contract,
		wish->shown_key == NULL ? wish->key : NULL, leaf, chain, 0, 0, 0, 0, 0);
	length = pkcs12 == NULL ? -1 : i2d_PKCS12(pkcs12, &der);
	if (length <= 0)
		abort();
	base64 = xmalloc((size_t)length * 2 + 4);
	EVP_EncodeBlock(base64, der, length);
	json_object_object_add(object, "pkcs12", text_object((const char *)base64));
	json_object_object_add(object, "passphrase", text_object(PKCS12_PASSPHRASE));
	free(base64);
	OPENSSL_free(der);
	PKCS12_free(pkcs12);
	sk_X509_free(chain);
}

static void add_pem(
	struct json_object *object, const struct record_wish *wish, X509 *leaf, X509 *intermediate)
{
	struct buffer pem = {0}, key = {0};

	estate_certificate_pem(leaf, &pem);
	if (!wish->no_chain && !wish->self_signed)
		estate_certificate_pem(intermediate, &pem);
	json_object_object_add(object, "pem", text_object(buffer_text(&pem)));
	if (!wish->no_key) {
		estate_key_pem(wish->shown_key == NULL ? wish->key : wish->shown_key, &key);
		json_object_object_add(object, "private_key", text_object(buffer_text(&key)));
	}
	buffer_free(&pem);
	buffer_free(&key);
}

static struct json_object *certificate_object(
	const struct authority *authority, const struct record_wish *wish)
{
	struct json_object *object = json_object_new_object();
	struct issue issue = {
		.common_name = wish->common_name,
		.names = wish->names,
		.name_count = wish->name_count,
		.use = ISSUE_SERVER,
		.key = wish->key,
		.issuer = wish->self_signed ? NULL : authority->certificate,
		.issuer_key = wish->self_signed ? NULL : authority->key,
		/* As a CA does: it begins a while before it is handed over. */
		.not_before_ms = wish->at_ms - 3600000,
	};
	X509 *leaf;

	issue.days = wish->days > 0 ? wish->days : estate_days_allowed(issue.not_before_ms);
	leaf = estate_issue(&issue);
	json_object_object_add(object, "at", instant_object(wish->at_ms));
	if (wish->csr_by != NULL)
		json_object_object_add(object, "csr_by", text_object(wish->csr_by));
	if (wish->pkcs12)
		add_pkcs12(object, wish, leaf, authority->certificate);
	else
		add_pem(object, wish, leaf, authority->certificate);
	X509_free(leaf);
	return object;
}

bool estate_record(const struct authority *authority, const struct record_wish *wish,
	struct buffer *out, struct error *error)
{
	struct json_object *object = json_object_new_object(), *links = json_object_new_array();
	bool good = true;
	size_t i;

	for (i = 0; i < wish->link_count && good; i++)
		good = add_link(links, wish->links[i], error);
	json_object_object_add(object, "contract", text_object(wish->contract));
	json_object_object_add(object, "revision", json_object_new_int64(wish->revision));
	json_object_object_add(object, "state", text_object(wish->state));
	json_object_object_add(object, "since", instant_object(wish->since_ms));
	json_object_object_add(object, "item", text_object(wish->item));
	json_object_object_add(object, "common_name", text_object(wish->common_name));
	json_object_object_add(object, "certificate",
		wish->no_certificate || !good ? NULL : certificate_object(authority, wish));
	json_object_object_add(object, "links", links);
	if (good) {
		buffer_append_text(
			out, json_object_to_json_string_ext(object,
				     JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE));
		buffer_append_char(out, '\n');
	}
	json_object_put(object);
	return good;
}
