/*
 * A feed's page; and what is a record by itself is the same record as an element of one.
 */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "fuzz.h"
#include "record/record_page.h"

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	return 0;
}

static void read_page(const char *text, size_t size)
{
	struct record_page *page;
	struct error error = {0};
	size_t i;

	if (!record_page_parse(text, size, &page, &error)) {
		must_hold(error.kind == ERROR_TEMPORARY && error.text[0] != '\0');
		return;
	}
	for (i = 0; i < record_page_count(page); i++) {
		struct record_identity identity;
		struct record record;

		if (record_page_read(page, i, &record, &identity, &error)) {
			must_hold(strcmp(identity.contract, record.contract.code) == 0);
			must_hold(identity.revision == record.contract.revision);
		} else {
			must_hold(error.kind == ERROR_PERMANENT && error.text[0] != '\0');
		}
		record_clear(&record);
	}
	record_page_free(page);
}

static void compare(const struct record *alone, const char *text)
{
	char *around = xasprintf("{\"contracts\":[%s],\"next\":\"\"}", text);
	struct buffer once = {0}, again = {0};
	struct record_identity identity;
	struct record_page *page;
	struct record record;
	struct error error;

	must_hold(record_page_parse(around, strlen(around), &page, &error));
	must_hold(record_page_count(page) == 1);
	must_hold(record_page_read(page, 0, &record, &identity, &error));
	record_canonical(&alone->contract, &once);
	record_canonical(&record.contract, &again);
	must_hold(strcmp(buffer_text(&once), buffer_text(&again)) == 0);
	record_clear(&record);
	record_page_free(page);
	buffer_free(&once);
	buffer_free(&again);
	free(around);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_text(data, size);
	struct record record;
	struct error error;

	read_page(text, size);
	if (record_parse(text, size, &record, &error)) {
		compare(&record, text);
		record_clear(&record);
	}
	free(text);
	return 0;
}
