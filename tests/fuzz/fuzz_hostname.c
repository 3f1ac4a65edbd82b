/* Host names: a normal form is its own normal form, and equal to what it came from. */
#include <string.h>

#include "base/text.h"
#include "domain/hostname.h"
#include "fuzz.h"

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_text(data, size), *other = strchr(text, '\n');
	char normal[HOSTNAME_MAX], again[HOSTNAME_MAX];

	if (other != NULL)
		*other++ = '\0';
	if (hostname_normalise(text, normal)) {
		must_hold(text_is_clean(normal, strlen(normal)));
		must_hold(
			normal[strspn(normal, "abcdefghijklmnopqrstuvwxyz0123456789.-_*")] == '\0');
		must_hold(hostname_normalise(normal, again) && strcmp(normal, again) == 0);
		must_hold(hostname_equal(text, normal));
		must_hold(!hostname_matches_wildcard(normal, normal));
	}
	if (other != NULL) {
		must_hold(hostname_equal(text, other) == hostname_equal(other, text));
		if (hostname_matches_wildcard(text, other))
			must_hold(hostname_is_wildcard(text) && !hostname_is_wildcard(other));
	}
	free(text);
	return 0;
}
