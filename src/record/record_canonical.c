#include "record/record.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "record/record_json.h"

/* More than any contract that passed record_parse has, each link with its since written out. */
#define STORED_MAX 1048576
#define STORED_TEXT_MAX RECORD_MAX_BYTES

static void add(json_object *object, const char *key, json_object *value)
{
	if (json_object_object_add(object, key, value) != 0)
		abort();
}

static json_object *text_of(const char *text)
{
	json_object *value = json_object_new_string(text);

	if (value == NULL)
		abort();
	return value;
}

static int compare_links(const void *a, const void *b)
{
	const struct contract_link *one = a, *other = b;
	int order = strcmp(one->service, other->service);

	if (order == 0)
		order = strcmp(one->service_code, other->service_code);
	if (order == 0)
		order = strcmp(one->fqdn, other->fqdn);
	return order;
}

/* In an order of their own: the one in which a source happens to list them means nothing. */
static json_object *links_of(const struct contract *contract)
{
	struct contract_link *links = xcalloc(contract->link_count + 1, sizeof(*links));
	json_object *array = json_object_new_array();
	size_t i;

	for (i = 0; i < contract->link_count; i++)
		links[i] = contract->links[i];
	qsort(links, contract->link_count, sizeof(*links), compare_links);
	for (i = 0; i < contract->link_count; i++) {
		json_object *link = json_object_new_object();

		add(link, "service", text_of(links[i].service));
		add(link, "service_code", text_of(links[i].service_code));
		add(link, "fqdn", text_of(links[i].fqdn));
		add(link, "since_ms", json_object_new_int64(links[i].since_ms));
		json_object_array_add(array, link);
	}
	free(links);
	return array;
}

void record_canonical(const struct contract *contract, struct buffer *out)
{
	json_object *root = json_object_new_object(), *certificate = NULL;

	add(root, "contract", text_of(contract->code));
	add(root, "revision", json_object_new_int64(contract->revision));
	add(root, "state", text_of(contract->state == CONTRACT_ENDED ? "ended" : "active"));
	add(root, "since_ms", json_object_new_int64(contract->since_ms));
	add(root, "item", text_of(contract->item));
	add(root, "common_name", text_of(contract->common_name));
	if (contract->has_certificate) {
		certificate = json_object_new_object();
		add(certificate, "at_ms", json_object_new_int64(contract->certificate_at_ms));
		add(certificate, "csr_by",
			text_of(contract->csr_by == CSR_BY_CUSTOMER ? "customer" : "provider"));
	}
	add(root, "certificate", certificate);
	add(root, "links", links_of(contract));
	buffer_append_text(out, json_object_to_json_string_ext(root,
					JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE));
	json_object_put(root);
}

static bool read_stored_link(
	json_object *array, size_t index, struct contract_link *link, struct error *error)
{
	struct scope scope = {0};

	return json_element(array, "links", index, &scope, error) &&
	       json_text(
		       &scope, "service", TEXT_CLEAN, 0, STORED_TEXT_MAX, &link->service, error) &&
	       json_text(&scope, "service_code", TEXT_CLEAN, 0, STORED_TEXT_MAX,
		       &link->service_code, error) &&
	       json_text(&scope, "fqdn", TEXT_CLEAN, 0, STORED_TEXT_MAX, &link->fqdn, error) &&
	       json_number(&scope, "since_ms", INT64_MIN, INT64_MAX, &link->since_ms, error);
}

static bool read_stored_links(
	const struct scope *root, struct contract *contract, struct error *error)
{
	json_object *array;
	size_t i, count;

	if (!json_array(root, "links", SIZE_MAX, &array, error))
		return false;
	count = json_object_array_length(array);
	if (count == 0)
		return true;
	contract->links = xcalloc(count, sizeof(*contract->links));
	for (i = 0; i < count; i++) {
		contract->link_count++;
		if (!read_stored_link(array, i, &contract->links[i], error))
			return false;
	}
	return true;
}

static bool read_stored(const struct scope *root, struct contract *contract, struct error *error)
{
	struct scope certificate = {0};
	bool ended = false, customer = false;

	if (!json_text(root, "contract", TEXT_CLEAN, 0, STORED_TEXT_MAX, &contract->code, error) ||
		!json_number(root, "revision", 0, INT64_MAX, &contract->revision, error) ||
		!json_word(root, "state", "active", "ended", &ended, error) ||
		!json_number(root, "since_ms", INT64_MIN, INT64_MAX, &contract->since_ms, error) ||
		!json_text(root, "item", TEXT_CLEAN, 0, STORED_TEXT_MAX, &contract->item, error) ||
		!json_text(root, "common_name", TEXT_CLEAN, 0, STORED_TEXT_MAX,
			&contract->common_name, error) ||
		!json_object_or_null(root, "certificate", &certificate, error) ||
		!read_stored_links(root, contract, error))
		return false;
	contract->state = ended ? CONTRACT_ENDED : CONTRACT_ACTIVE;
	if (certificate.object == NULL)
		return true;
	contract->has_certificate = true;
	if (!json_number(&certificate, "at_ms", INT64_MIN, INT64_MAX, &contract->certificate_at_ms,
		    error) ||
		!json_word(&certificate, "csr_by", "provider", "customer", &customer, error))
		return false;
	contract->csr_by = customer ? CSR_BY_CUSTOMER : CSR_BY_PROVIDER;
	return true;
}

bool record_from_canonical(const char *text, struct contract *contract, struct error *error)
{
	struct scope root = {0};
	struct error found;
	bool good = false;

	*contract = (struct contract){0};
	root.object = json_open(text, strlen(text), STORED_MAX, &found);
	if (root.object != NULL) {
		good = read_stored(&root, contract, &found);
		json_close(root.object);
	}
	if (good)
		return true;
	contract_clear(contract);
	return error_set(error, ERROR_INTERNAL,
		"a stored contract cannot be read: %s; restore the store from a backup",
		found.text);
}
