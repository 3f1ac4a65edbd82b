#include <errno.h>
#include <grp.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "config/config.h"

#define DATABASE_MAX ((size_t)1024 * 1024)

/* False only where the databases say that there is none. */
static bool may_be_there(const char *name)
{
	size_t size = 1024;
	char *memory = NULL;
	struct group entry, *found = NULL;
	int status;

	do {
		size *= 2;
		memory = xreallocarray(memory, size, 1);
		status = getgrnam_r(name, &entry, memory, size, &found);
	} while (status == ERANGE && size < DATABASE_MAX);
	free(memory);
	return found != NULL || (status != 0 && status != ENOENT);
}

static bool check(const struct config *config, const char *key, const char *name, int line,
	struct error *error)
{
	if (line == 0 || name[0] == '\0' || may_be_there(name))
		return true;
	return error_set(error, ERROR_PERMANENT,
		"%s:%d: %s: there is no group %s; create it (groupadd --system %s), or name one "
		"that there is, or write \"\" for none",
		config->path, line, key, name, name);
}

bool config_check_groups(const struct config *config, struct error *error)
{
	return check(config, "admin-group", config->admin_group, config->admin_group_line, error) &&
	       check(config, "admin-change-group", config->admin_change_group,
		       config->admin_change_group_line, error);
}
