/* A record from a source; what is read comes back the same from its canonical form. */
#include <string.h>

#include "fuzz.h"
#include "record/record.h"

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buffer once = {0}, again = {0};
	struct contract contract;
	struct record record;
	struct error error;
	char *text = fuzz_text(data, size);

	if (record_parse(text, size, &record, &error)) {
		must_hold(!record.contract.has_certificate ||
			  (record.pem != NULL) != (record.pkcs12.length > 0));
		record_canonical(&record.contract, &once);
		must_hold(record_from_canonical(buffer_text(&once), &contract, &error));
		record_canonical(&contract, &again);
		must_hold(strcmp(buffer_text(&once), buffer_text(&again)) == 0);
		contract_clear(&contract);
		record_clear(&record);
	} else {
		must_hold(error.kind == ERROR_PERMANENT && error.text[0] != '\0');
	}
	if (record_from_canonical(text, &contract, &error))
		contract_clear(&contract);
	buffer_free(&once);
	buffer_free(&again);
	free(text);
	return 0;
}
