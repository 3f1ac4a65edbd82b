/* Retry-After and Date as a peer sends them, one behind the other with a line break between. */
#include <string.h>

#include "fuzz.h"
#include "net/http_message.h"

#define CENTURY_MS (INT64_C(100) * 366 * 86400 * 1000)

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_text(data, size);
	char *date = strchr(text, '\n');
	int64_t wait;

	if (date != NULL)
		*date++ = '\0';
	wait = http_retry_after_ms(text, date, INT64_C(1763775000000));
	must_hold(wait >= -1 && wait <= CENTURY_MS);
	wait = http_retry_after_ms(text, NULL, INT64_MAX / 2);
	must_hold(wait >= -1 && wait <= CENTURY_MS);
	must_hold(http_retry_after_ms(NULL, text, 0) == -1);
	free(text);
	return 0;
}
