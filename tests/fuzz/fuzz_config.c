/* A configuration file, and the same bytes as a service's file beside it. */
#include <stdio.h>
#include <string.h>

#include "config/config.h"
#include "fuzz.h"

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct config *config = NULL;
	struct profile profile;
	struct error error;
	char path[600];

	fuzz_file("main.conf", data, size);
	fuzz_file("sample.conf", data, size);
	snprintf(path, sizeof(path), "%s/main.conf", fuzz_folder());
	if (config_read(path, &config, &error))
		config_free(config);
	else
		must_hold(error.text[0] != '\0');
	snprintf(path, sizeof(path), "%s/sample.conf", fuzz_folder());
	if (profile_read(path, NULL, &profile, &error)) {
		must_hold(strcmp(profile.rules.id, "sample") == 0);
		profile_clear(&profile);
	} else {
		must_hold(error.text[0] != '\0');
	}
	return 0;
}
