/* The Cabinet Office's file. */
#include <string.h>

#include "domain/holidays.h"
#include "fuzz.h"

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct holidays *holidays = holidays_new();
	char *copy = fuzz_text(data, size);
	struct error error;
	civil_day day;
	int first, last;

	if (!holidays_read_csv(holidays, "input.csv", (const unsigned char *)copy, size, &error)) {
		must_hold(error.text[0] != '\0');
		must_hold(!holidays_covered(holidays, &first, &last));
	} else if (holidays_covered(holidays, &first, &last)) {
		must_hold(first <= last);
	}
	for (day = civil_from_date(2024, 1, 1); day < civil_from_date(2026, 1, 1); day++) {
		const char *name = holidays_name(holidays, day);

		must_hold(name == NULL || *name != '\0');
	}
	holidays_free(holidays);
	free(copy);
	return 0;
}
