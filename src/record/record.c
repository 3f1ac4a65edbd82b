#include "record/record.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>

#include "base/alloc.h"
#include "base/text.h"
#include "domain/hostname.h"
#include "record/record_json.h"
#include "record/record_private.h"

#define CODE_MAX 128
#define SERVICE_MAX 64
#define ITEM_MAX 64
#define NAME_MAX_BYTES 1024
#define MATERIAL_MAX 131072
#define MATERIAL_BASE64_MAX 174764
#define PASSPHRASE_MAX 1024
#define UNKNOWN_KEY_MAX 64

static const char *const record_keys[] = {"contract", "revision", "state", "since", "item",
	"common_name", "certificate", "links", NULL};
static const char *const certificate_keys[] = {
	"at", "csr_by", "pem", "private_key", "pkcs12", "passphrase", NULL};
static const char *const link_keys[] = {"service", "service_code", "fqdn", "since", NULL};

static bool is_known(const char *key, const char *const *known)
{
	for (; *known != NULL; known++) {
		if (strcmp(*known, key) == 0)
			return true;
	}
	return false;
}

static void note_unknown(struct record *record, const struct scope *scope, const char *const *known)
{
	json_object_object_foreach(scope->object, key, value)
	{
		char clean[UNKNOWN_KEY_MAX];

		(void)value;
		if (is_known(key, known))
			continue;
		if (record->unknown_count == RECORD_UNKNOWN_MAX)
			return;
		text_sanitise(clean, sizeof(clean), key, strlen(key));
		record->unknown[record->unknown_count++] = xasprintf("%s%s", scope->prefix, clean);
	}
}

/*
 * Standard base64, padded, without line breaks. EVP_DecodeBlock takes more than that, and does not
 * tell how many bytes the padding stands for.
 */
static bool decode_base64(const char *text, struct buffer *out)
{
	static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				       "0123456789+/";
	size_t length = strlen(text), digits = strspn(text, alphabet);
	size_t padding = length - digits;
	unsigned char *data;
	int decoded;

	if (length % 4 != 0 || padding > 2 || strspn(text + digits, "=") != padding)
		return false;
	data = xmalloc(length / 4 * 3 + 1);
	decoded = EVP_DecodeBlock(data, (const unsigned char *)text, (int)length);
	if (decoded >= (int)padding)
		buffer_append(out, data, (size_t)decoded - padding);
	free_wiped(data, length / 4 * 3 + 1);
	return decoded >= (int)padding;
}

static bool read_pkcs12(struct record *record, const struct scope *scope, struct error *error)
{
	char *text = NULL;
	bool good;

	if (json_has(scope, "private_key"))
		return json_refuse(scope, "private_key", error,
			": does not go with pkcs12, which holds the key");
	if (!json_text(scope, "pkcs12", TEXT_OPAQUE, 1, MATERIAL_BASE64_MAX, &text, error))
		return false;
	good = decode_base64(text, &record->pkcs12);
	free_wiped_text(text);
	if (!good)
		return json_refuse(scope, "pkcs12", error, ": no base64, or with line breaks");
	if (record->pkcs12.length > MATERIAL_MAX)
		return json_refuse(scope, "pkcs12", error, ": %zu bytes long; at most %d",
			record->pkcs12.length, MATERIAL_MAX);
	return true;
}

static bool read_pem(struct record *record, const struct scope *scope, struct error *error)
{
	if (!json_text(scope, "pem", TEXT_OPAQUE, 1, MATERIAL_MAX, &record->pem, error))
		return false;
	return !json_has(scope, "private_key") ||
	       json_text(scope, "private_key", TEXT_OPAQUE, 1, MATERIAL_MAX, &record->private_key,
		       error);
}

static bool read_certificate(struct record *record, const struct scope *root, struct error *error)
{
	struct contract *contract = &record->contract;
	struct scope scope = {0};
	bool customer = false;

	if (!json_object_or_null(root, "certificate", &scope, error))
		return false;
	if (scope.object == NULL)
		return true;
	contract->has_certificate = true;
	if (!json_instant(&scope, "at", &contract->certificate_at_ms, error))
		return false;
	if (json_has(&scope, "csr_by") &&
		!json_word(&scope, "csr_by", "provider", "customer", &customer, error))
		return false;
	contract->csr_by = customer ? CSR_BY_CUSTOMER : CSR_BY_PROVIDER;
	if (json_has(&scope, "pem") && json_has(&scope, "pkcs12"))
		return json_refuse(&scope, "pem", error, ": does not go with pkcs12; one of them");
	if (json_has(&scope, "pkcs12") ? !read_pkcs12(record, &scope, error)
				       : !read_pem(record, &scope, error))
		return false;
	if (json_has(&scope, "passphrase") && !json_text(&scope, "passphrase", TEXT_OPAQUE, 0,
						      PASSPHRASE_MAX, &record->passphrase, error))
		return false;
	note_unknown(record, &scope, certificate_keys);
	return true;
}

static bool read_link(struct record *record, json_object *array, size_t index, struct error *error)
{
	struct contract_link *link = &record->contract.links[index];
	struct scope scope = {0};

	link->since_ms = record->contract.since_ms;
	if (!json_element(array, "links", index, &scope, error) ||
		!json_text(&scope, "service", TEXT_CODE, 1, SERVICE_MAX, &link->service, error) ||
		!json_text(&scope, "service_code", TEXT_CODE, 0, CODE_MAX, &link->service_code,
			error) ||
		!json_text(&scope, "fqdn", TEXT_NAME, 0, NAME_MAX_BYTES, &link->fqdn, error))
		return false;
	if (json_has(&scope, "since") && !json_instant(&scope, "since", &link->since_ms, error))
		return false;
	note_unknown(record, &scope, link_keys);
	return true;
}

/* The same service, service code and host name twice would be one install wanted twice. */
static bool check_duplicates(const struct contract *contract, struct error *error)
{
	char(*names)[HOSTNAME_MAX] = xcalloc(contract->link_count, sizeof(*names));
	bool good = true;
	size_t i, j;

	for (i = 0; good && i < contract->link_count; i++) {
		const struct contract_link *link = &contract->links[i], *other;

		if (!hostname_normalise(link->fqdn, names[i]))
			names[i][0] = '\0';
		for (j = 0; good && j < i; j++) {
			other = &contract->links[j];
			if (strcmp(link->service, other->service) != 0 ||
				strcmp(link->service_code, other->service_code) != 0)
				continue;
			if (names[i][0] != '\0' ? strcmp(names[i], names[j]) != 0
						: strcmp(link->fqdn, other->fqdn) != 0)
				continue;
			good = error_set(error, ERROR_PERMANENT,
				"links[%zu]: the same service, service_code and fqdn as links[%zu]",
				i, j);
		}
	}
	free(names);
	return good;
}

static bool read_links(struct record *record, const struct scope *root, struct error *error)
{
	struct contract *contract = &record->contract;
	json_object *array;
	size_t i, count;

	if (!json_array(root, "links", RECORD_MAX_LINKS, &array, error))
		return false;
	count = json_object_array_length(array);
	if (count == 0)
		return true;
	contract->links = xcalloc(count, sizeof(*contract->links));
	for (i = 0; i < count; i++) {
		contract->link_count++;
		if (!read_link(record, array, i, error))
			return false;
	}
	return check_duplicates(contract, error);
}

static bool read_all(struct record *record, const struct scope *root, struct error *error)
{
	struct contract *contract = &record->contract;
	bool ended = false;

	if (!json_text(root, "contract", TEXT_CODE, 1, CODE_MAX, &contract->code, error) ||
		!json_number(root, "revision", 0, INT64_MAX, &contract->revision, error) ||
		!json_word(root, "state", "active", "ended", &ended, error) ||
		!json_instant(root, "since", &contract->since_ms, error) ||
		!json_text(root, "item", TEXT_CLEAN, 1, ITEM_MAX, &contract->item, error) ||
		!json_text(root, "common_name", TEXT_NAME, 1, NAME_MAX_BYTES,
			&contract->common_name, error))
		return false;
	contract->state = ended ? CONTRACT_ENDED : CONTRACT_ACTIVE;
	if (!read_certificate(record, root, error) || !read_links(record, root, error))
		return false;
	note_unknown(record, root, record_keys);
	return true;
}

bool record_read(struct record *record, const struct scope *root, struct error *error)
{
	*record = (struct record){0};
	if (read_all(record, root, error))
		return true;
	record_clear(record);
	return false;
}

bool record_parse(const char *text, size_t length, struct record *record, struct error *error)
{
	struct scope root = {0};
	bool good;

	*record = (struct record){0};
	root.object = json_open(text, length, RECORD_MAX_BYTES, error);
	if (root.object == NULL)
		return false;
	good = record_read(record, &root, error);
	json_close(root.object);
	return good;
}

void record_clear(struct record *record)
{
	size_t i;

	contract_clear(&record->contract);
	free_wiped_text(record->pem);
	free_wiped_text(record->private_key);
	buffer_free(&record->pkcs12);
	free_wiped_text(record->passphrase);
	for (i = 0; i < record->unknown_count; i++)
		free(record->unknown[i]);
	*record = (struct record){0};
}
