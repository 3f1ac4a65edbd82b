#include "record/record_page.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>

#include "base/alloc.h"
#include "record/record_json.h"
#include "record/record_private.h"

/*
 * One record that is nested too deep must not spoil its page, so the page may be deeper than
 * records may.
 */
#define PAGE_MAX_DEPTH 128

struct record_page {
	json_object *root;
	json_object *contracts;
	char *next;
};

bool record_page_parse(
	const char *text, size_t length, struct record_page **result, struct error *error)
{
	const struct json_bounds bounds = {
		.maximum = RECORD_PAGE_MAX_BYTES, .depth = PAGE_MAX_DEPTH, .any_text = true};
	struct record_page *page = xcalloc(1, sizeof(*page));
	struct scope scope = {0};

	scope.object = page->root = json_open_within(text, length, &bounds, error);
	if (page->root == NULL ||
		!json_array(
			&scope, "contracts", RECORD_PAGE_MAX_RECORDS, &page->contracts, error) ||
		!json_text(&scope, "next", TEXT_CLEAN, 0, RECORD_CURSOR_MAX, &page->next, error)) {
		record_page_free(page);
		error->kind = ERROR_TEMPORARY;
		return false;
	}
	*result = page;
	return true;
}

void record_page_free(struct record_page *page)
{
	if (page == NULL)
		return;
	if (page->root != NULL)
		json_close(page->root);
	free(page->next);
	free(page);
}

const char *record_page_next(const struct record_page *page)
{
	return page->next;
}

size_t record_page_count(const struct record_page *page)
{
	return json_object_array_length(page->contracts);
}

/* What an element comes to: its digest and how large and deep it is. */
struct measure {
	EVP_MD_CTX *digest;
	size_t bytes;
	int depth;
};

static void add(struct measure *measure, char type, const void *data, size_t length)
{
	unsigned char head[1 + sizeof(uint64_t)] = {(unsigned char)type};
	uint64_t size = length;

	/* Lengths go in, so that no two contents give the same bytes. */
	memcpy(head + 1, &size, sizeof(size));
	/* Never more than the element's text had. */
	measure->bytes += 1 + (type == 'a' || type == 'o' ? 0 : length);
	if (EVP_DigestUpdate(measure->digest, head, sizeof(head)) != 1 ||
		EVP_DigestUpdate(measure->digest, data, length) != 1)
		abort();
}

static void measure_value(struct measure *measure, json_object *value, int depth)
{
	enum json_type type = json_object_get_type(value);
	size_t i, count;

	if (depth > measure->depth)
		measure->depth = depth;
	switch (type) {
	case json_type_string:
		add(measure, 's', json_object_get_string(value),
			(size_t)json_object_get_string_len(value));
		return;
	case json_type_array:
		count = json_object_array_length(value);
		add(measure, 'a', &count, sizeof(count));
		for (i = 0; i < count; i++)
			measure_value(measure, json_object_array_get_idx(value, i), depth + 1);
		return;
	case json_type_object: {
		count = (size_t)json_object_object_length(value);
		add(measure, 'o', &count, sizeof(count));
		json_object_object_foreach(value, key, member)
		{
			add(measure, 'k', key, strlen(key));
			measure_value(measure, member, depth + 1);
		}
		return;
	}
	case json_type_null:
	case json_type_boolean:
	case json_type_double:
	case json_type_int: {
		const char *text = value == NULL ? "null" : json_object_to_json_string(value);

		add(measure, 'n', text, strlen(text));
		return;
	}
	}
}

static void identify(
	json_object *element, struct measure *measure, struct record_identity *identity)
{
	json_object *member = NULL;
	struct scope scope = {.object = element};
	char *code = NULL;
	int64_t revision;

	*identity = (struct record_identity){.revision = -1};
	measure->digest = EVP_MD_CTX_new();
	if (measure->digest == NULL || EVP_DigestInit_ex(measure->digest, EVP_sha256(), NULL) != 1)
		abort();
	measure_value(measure, element, 1);
	if (EVP_DigestFinal_ex(measure->digest, identity->digest, NULL) != 1)
		abort();
	EVP_MD_CTX_free(measure->digest);
	if (!json_object_is_type(element, json_type_object))
		return;
	if (json_object_object_get_ex(element, "contract", &member) &&
		json_text(&scope, "contract", TEXT_CODE, 1, RECORD_CODE_MAX, &code, NULL))
		memcpy(identity->contract, code, strlen(code) + 1);
	free(code);
	if (json_number(&scope, "revision", 0, INT64_MAX, &revision, NULL))
		identity->revision = revision;
}

bool record_page_read(const struct record_page *page, size_t index, struct record *record,
	struct record_identity *identity, struct error *error)
{
	json_object *element = json_object_array_get_idx(page->contracts, index);
	struct measure measure = {0};
	struct scope scope = {.object = element};

	*record = (struct record){0};
	identify(element, &measure, identity);
	if (!json_object_is_type(element, json_type_object))
		return error_set(error, ERROR_PERMANENT, "no JSON object");
	if (measure.bytes > RECORD_MAX_BYTES)
		return error_set(error, ERROR_PERMANENT, "%zu bytes long; %d at most",
			measure.bytes, RECORD_MAX_BYTES);
	if (measure.depth > RECORD_MAX_DEPTH)
		return error_set(
			error, ERROR_PERMANENT, "nested more than %d deep", RECORD_MAX_DEPTH);
	return record_read(record, &scope, error);
}
