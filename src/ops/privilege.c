#include "ops/privilege.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"

/* The entry of USER in ENTRY, its strings in *DATA, to be freed in any case. */
static bool find_user(const char *user, struct passwd *entry, char **data, struct error *error)
{
	size_t size = 1024;
	struct passwd *found = NULL;
	int status;

	*data = NULL;
	do {
		size *= 2;
		*data = xreallocarray(*data, size, 1);
		status = getpwnam_r(user, entry, *data, size, &found);
	} while (status == ERANGE && size < (size_t)1024 * 1024);
	if (found == NULL && (status == 0 || status == ENOENT))
		return error_set(error, ERROR_PERMANENT,
			"there is no user %s: create it, or set \"user\" in the configuration",
			user);
	if (found == NULL)
		return error_set(error, ERROR_TEMPORARY, "user %s cannot be looked up: %s", user,
			strerror(status));
	return true;
}

static bool has_become(const struct passwd *entry)
{
	uid_t real_user, effective_user, saved_user;
	gid_t real_group, effective_group, saved_group;

	return getresuid(&real_user, &effective_user, &saved_user) == 0 &&
	       getresgid(&real_group, &effective_group, &saved_group) == 0 &&
	       real_user == entry->pw_uid && effective_user == entry->pw_uid &&
	       saved_user == entry->pw_uid && real_group == entry->pw_gid &&
	       effective_group == entry->pw_gid && saved_group == entry->pw_gid;
}

static bool become(const char *user, const struct passwd *entry, struct error *error)
{
	bool guarded = prctl(PR_GET_DUMPABLE) == 0;

	if (initgroups(user, entry->pw_gid) != 0 ||
		setresgid(entry->pw_gid, entry->pw_gid, entry->pw_gid) != 0 ||
		setresuid(entry->pw_uid, entry->pw_uid, entry->pw_uid) != 0)
		return error_set(
			error, ERROR_PERMANENT, "cannot become user %s: %s", user, strerror(errno));
	/* A process that still has a way back holds root's rights in reserve. */
	if (!has_become(entry) || setresuid(0, 0, 0) == 0 || seteuid(0) == 0 ||
		(entry->pw_gid != 0 && setegid(0) == 0))
		return error_set(error, ERROR_INTERNAL,
			"became user %s, but there is a way back; refusing to go on", user);
	/* With the change of user the kernel sets it anew, to what fs.suid_dumpable says. */
	if (guarded)
		(void)prctl(PR_SET_DUMPABLE, 0);
	return true;
}

bool privilege_become(const char *user, struct error *error)
{
	struct passwd entry;
	char *data = NULL;
	bool done;

	if (user[0] == '\0')
		return true;
	done = find_user(user, &entry, &data, error);
	if (done && geteuid() == entry.pw_uid && getuid() == entry.pw_uid)
		goto out;
	if (done && geteuid() == 0)
		done = become(user, &entry, error);
	else if (done)
		done = error_set(error, ERROR_PERMANENT,
			"runs as user number %u and not as %s, to whom the store belongs: start it "
			"as root or as %s, or set \"user\" to \"\" for a store of your own",
			(unsigned int)geteuid(), user, user);
out:
	free(data);
	return done;
}

void privilege_guard_secrets(void)
{
	const struct rlimit none = {0, 0};

	(void)prctl(PR_SET_DUMPABLE, 0);
	(void)setrlimit(RLIMIT_CORE, &none);
	umask(077);
}
