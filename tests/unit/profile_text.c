#include "profile_text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/file.h"

static char directory[] = "/tmp/test_profile_text.XXXXXX";

int profile_text_setup(void **state)
{
	(void)state;
	return mkdtemp(directory) != NULL ? 0 : -1;
}

int profile_text_teardown(void **state)
{
	(void)state;
	return rmdir(directory);
}

bool profile_text_read(
	const char *name, const char *text, struct profile *profile, struct error *error)
{
	char *path = xasprintf("%s/%s.conf", directory, name);
	bool done;

	assert_true(file_write_atomic(path, text, strlen(text), 0600, error));
	done = profile_read(path, NULL, profile, error);
	assert_int_equal(unlink(path), 0);
	free(path);
	return done;
}

void profile_text_take(const char *text, struct profile *profile)
{
	struct error error;

	if (!profile_text_read("svc", text, profile, &error))
		fail_msg("%s", error.text);
}
