#include "ops/admin_socket.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <systemd/sd-daemon.h>

#include "base/alloc.h"
#include "base/file.h"

#define BACKLOG 64
#define LOCK_TRIES 40
#define LOCK_STEP_US 25000

bool admin_socket_inherit(struct admin_socket *inherited, bool *found, struct error *error)
{
	char **names = NULL;
	/* The environment stays as it is: other threads may be reading it. */
	int count = sd_listen_fds_with_names(0, &names), i, fd = -1;

	*found = false;
	for (i = 0; i < count; i++) {
		if (fd < 0 && strcmp(names[i], "admin") == 0)
			fd = SD_LISTEN_FDS_START + i;
		else
			/* Nobody else here knows what to do with it. */
			close(SD_LISTEN_FDS_START + i);
		free(names[i]);
	}
	free(names);
	if (fd < 0)
		return true;
	if (sd_is_socket_unix(fd, SOCK_STREAM, 1, NULL, 0) <= 0 ||
		fcntl(fd, F_SETFL, O_NONBLOCK) != 0) {
		close(fd);
		return error_set(error, ERROR_PERMANENT,
			"the socket that was handed over as \"admin\" is no listening unix stream "
			"socket; see ListenStream= in its unit");
	}
	*inherited = (struct admin_socket){.fd = fd};
	*found = true;
	return true;
}

/* ---- one of our own ---- */

static bool set_address(const char *path, struct sockaddr_un *address, struct error *error)
{
	size_t length = strlen(path);

	*address = (struct sockaddr_un){.sun_family = AF_UNIX};
	if (length >= sizeof(address->sun_path))
		return error_set(error, ERROR_PERMANENT,
			"%s: too long for a socket, of which the system allows %zu bytes; set "
			"admin-socket or runtime-dir to a shorter path",
			path, sizeof(address->sun_path) - 1);
	memcpy(address->sun_path, path, length + 1);
	return true;
}

/* Takes away what a dead process left at ADDRESS; false when what is there is to stay. */
static bool clear_place(const struct sockaddr_un *address, struct error *error)
{
	const char *path = address->sun_path;
	struct stat status;
	int fd, failure;

	if (lstat(path, &status) != 0)
		return errno == ENOENT ||
		       error_set(error, ERROR_PERMANENT, "%s: %s", path, strerror(errno));
	if (!S_ISSOCK(status.st_mode))
		return error_set(error, ERROR_PERMANENT,
			"%s: is there and no socket; move it away or name another admin-socket",
			path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return error_set(error, ERROR_TEMPORARY, "%s: %s", path, strerror(errno));
	failure = connect(fd, (const struct sockaddr *)address, sizeof(*address)) == 0 ? 0 : errno;
	close(fd);
	/* A full queue of connections is a living process's, too. */
	if (failure != ECONNREFUSED)
		return error_set(error, ERROR_PERMANENT,
			"%s: another process listens there%s%s; a second daemon on this "
			"configuration needs an admin-socket of its own",
			path, failure != 0 ? ", or so it seems: " : "",
			failure != 0 ? strerror(failure) : "");
	if (unlink(path) != 0 && errno != ENOENT)
		return error_set(error, ERROR_PERMANENT, "%s: cannot be replaced: %s", path,
			strerror(errno));
	return true;
}

/* Nobody but the owner can connect before the group has it. */
static bool bind_private(int fd, const struct sockaddr_un *address, struct error *error)
{
	if (fchmod(fd, 0600) == 0 &&
		bind(fd, (const struct sockaddr *)address, sizeof(*address)) == 0 &&
		chmod(address->sun_path, 0600) == 0 && listen(fd, BACKLOG) == 0)
		return true;
	return error_set(error, ERROR_PERMANENT, "%s: cannot be made: %s", address->sun_path,
		strerror(errno));
}

static bool share(const char *path, const char *group)
{
	struct group *entry = group[0] != '\0' ? getgrnam(group) : NULL;

	return entry != NULL && chown(path, (uid_t)-1, entry->gr_gid) == 0 &&
	       chmod(path, 0660) == 0;
}

static bool make_at(const struct sockaddr_un *address, const char *group, struct admin_socket *made,
	bool *shared, struct error *error)
{
	struct stat status;
	int fd;

	if (!clear_place(address, error))
		return false;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return error_set(
			error, ERROR_TEMPORARY, "%s: %s", address->sun_path, strerror(errno));
	if (!bind_private(fd, address, error) || lstat(address->sun_path, &status) != 0) {
		close(fd);
		return false;
	}
	*shared = share(address->sun_path, group);
	*made = (struct admin_socket){.fd = fd,
		.path = xstrdup(address->sun_path),
		.device = (unsigned long)status.st_dev,
		.inode = (unsigned long)status.st_ino};
	return true;
}

/*
 * Two that start at once must not take each other's for a dead one's; whoever may read the
 * directory could hold the lock, so that it is not waited for long.
 */
static bool make_locked(int lock, const struct sockaddr_un *address, const char *group,
	struct admin_socket *made, bool *shared, struct error *error)
{
	int tries;

	for (tries = 0; tries < LOCK_TRIES && flock(lock, LOCK_EX | LOCK_NB) != 0; tries++)
		usleep(LOCK_STEP_US);
	return make_at(address, group, made, shared, error);
}

bool admin_socket_make(const char *path, const char *group, struct admin_socket *made, bool *shared,
	struct error *error)
{
	struct sockaddr_un address;
	char *directory;
	bool done;
	int lock;

	if (!set_address(path, &address, error))
		return false;
	directory = path_directory(path);
	lock = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (lock < 0)
		done = error_set(error, ERROR_PERMANENT, "%s: %s", directory, strerror(errno));
	else
		done = make_locked(lock, &address, group, made, shared, error);
	if (lock >= 0)
		close(lock);
	free(directory);
	return done;
}

void admin_socket_close(struct admin_socket *made)
{
	struct stat status;

	if (made->fd >= 0)
		close(made->fd);
	if (made->path != NULL && lstat(made->path, &status) == 0 &&
		(unsigned long)status.st_dev == made->device &&
		(unsigned long)status.st_ino == made->inode)
		(void)unlink(made->path);
	free(made->path);
	*made = (struct admin_socket){.fd = -1};
}
