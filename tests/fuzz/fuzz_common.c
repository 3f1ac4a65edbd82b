#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "fuzz.h"

#define NAMES_MAX 8

static char folder[512];
static char paths[NAMES_MAX][600];
static size_t path_count;

char *fuzz_text(const uint8_t *data, size_t size)
{
	char *text = xmalloc(size + 1);

	if (size > 0)
		memcpy(text, data, size);
	text[size] = '\0';
	return text;
}

static void remove_folder(void)
{
	size_t i;

	for (i = 0; i < path_count; i++)
		(void)unlink(paths[i]);
	(void)rmdir(folder);
}

const char *fuzz_folder(void)
{
	const char *temporary = getenv("TMPDIR");

	if (folder[0] != '\0')
		return folder;
	snprintf(folder, sizeof(folder), "%s/certinstalld-fuzz.XXXXXX",
		temporary != NULL ? temporary : "/tmp");
	must_hold(mkdtemp(folder) != NULL);
	must_hold(atexit(remove_folder) == 0);
	return folder;
}

static void remember(const char *path)
{
	size_t i;

	for (i = 0; i < path_count; i++) {
		if (strcmp(paths[i], path) == 0)
			return;
	}
	must_hold(path_count < NAMES_MAX);
	snprintf(paths[path_count++], sizeof(paths[0]), "%s", path);
}

void fuzz_file(const char *name, const void *data, size_t size)
{
	char path[600];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", fuzz_folder(), name);
	remember(path);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	must_hold(fd >= 0);
	must_hold(write(fd, data, size) == (ssize_t)size);
	close(fd);
}
