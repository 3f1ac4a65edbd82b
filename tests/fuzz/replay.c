/* Runs a harness over the files that are kept in tests/data/fuzz/NAME: what once went wrong. */
#include <dirent.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/buffer.h"
#include "base/file.h"
#include "fuzz.h"

#define INPUT_MAX ((size_t)1024 * 1024)

static void run_file(const char *name)
{
	char *path = xasprintf("%s/%s", FUZZ_DATA, name);
	struct buffer data = {0};
	struct error error;

	if (!file_read(path, INPUT_MAX, &data, &error)) {
		fprintf(stderr, "%s\n", error.text);
		exit(1);
	}
	(void)LLVMFuzzerTestOneInput(
		data.length > 0 ? data.data : (const uint8_t *)"", data.length);
	printf("ok %s\n", name);
	fflush(stdout);
	buffer_free(&data);
	free(path);
}

int main(int argc, char **argv)
{
	DIR *directory = opendir(FUZZ_DATA);
	const struct dirent *entry;
	size_t count = 0;

	LLVMFuzzerInitialize(&argc, &argv);
	while (directory != NULL && (entry = readdir(directory)) != NULL) {
		if (entry->d_name[0] == '.')
			continue;
		run_file(entry->d_name);
		count++;
	}
	if (directory != NULL)
		closedir(directory);
	if (count == 0)
		printf("not ok %s holds no input\n", FUZZ_DATA);
	return count == 0;
}
