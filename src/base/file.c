#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"

static enum error_kind kind_of_errno(int number)
{
	switch (number) {
	case ENOENT:
	case EACCES:
	case EPERM:
	case EISDIR:
	case ENOTDIR:
	case ELOOP:
	case ENAMETOOLONG:
	case ENXIO: /* a socket */
		return ERROR_PERMANENT;
	default:
		return ERROR_TEMPORARY;
	}
}

static bool read_all(
	int fd, const char *path, size_t maximum, struct buffer *buffer, struct error *error)
{
	size_t start = buffer->length;

	for (;;) {
		ssize_t got;

		buffer_reserve(buffer, 16384);
		got = read(
			fd, buffer->data + buffer->length, buffer->capacity - buffer->length - 1);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return error_set(error, kind_of_errno(errno), "%s: cannot be read: %s",
				path, strerror(errno));
		if (got == 0)
			break;
		buffer->length += (size_t)got;
		buffer->data[buffer->length] = '\0';
		if (buffer->length - start > maximum)
			return error_set(error, ERROR_PERMANENT,
				"%s: larger than the %zu bytes allowed here", path, maximum);
	}
	return true;
}

bool file_read(const char *path, size_t maximum, struct buffer *buffer, struct error *error)
{
	struct stat status;
	bool done;
	int fd;

	if (strcmp(path, "-") == 0)
		return read_all(STDIN_FILENO, "standard input", maximum, buffer, error);
	/* O_NONBLOCK: a FIFO put in a file's place must not stop the program. */
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (fd < 0)
		return error_set(error, kind_of_errno(errno), "%s: cannot be opened: %s", path,
			strerror(errno));
	if (fstat(fd, &status) != 0 || !S_ISREG(status.st_mode)) {
		close(fd);
		return error_set(error, ERROR_PERMANENT, "%s: not a regular file", path);
	}
	if (status.st_size > 0 && (size_t)status.st_size <= maximum)
		buffer_reserve(buffer, (size_t)status.st_size + 1);
	done = read_all(fd, path, maximum, buffer, error);
	close(fd);
	return done;
}

static bool write_all(int fd, const char *data, size_t length)
{
	while (length > 0) {
		ssize_t put = write(fd, data, length);

		if (put < 0 && errno == EINTR)
			continue;
		if (put < 0)
			return false;
		data += put;
		length -= (size_t)put;
	}
	return true;
}

int file_make_beside(const char *path, char **temporary)
{
	char *directory = path_directory(path);
	const char *slash = strrchr(path, '/');
	int fd;

	*temporary = xasprintf("%s/.%s.XXXXXX", directory, slash != NULL ? slash + 1 : path);
	free(directory);
	fd = mkostemp(*temporary, O_CLOEXEC);
	if (fd < 0) {
		int reason = errno;

		free(*temporary);
		*temporary = NULL;
		errno = reason;
	}
	return fd;
}

bool file_write_atomic(
	const char *path, const void *data, size_t length, mode_t mode, struct error *error)
{
	char *directory = path_directory(path);
	char *temporary;
	int fd = file_make_beside(path, &temporary);
	bool done = false;

	if (fd < 0) {
		error_set(error, ERROR_TEMPORARY, "%s: no temporary file beside it: %s", path,
			strerror(errno));
		goto out;
	}
	done = fchmod(fd, mode) == 0 && write_all(fd, data, length) && fsync(fd) == 0;
	/* A file system may report a failed write only at close. */
	if (close(fd) != 0)
		done = false;
	if (!done || rename(temporary, path) != 0) {
		done = false;
		error_set(
			error, ERROR_TEMPORARY, "%s: cannot be written: %s", path, strerror(errno));
		unlink(temporary);
		goto out;
	}
	done = directory_sync(directory, error);
out:
	free(temporary);
	free(directory);
	return done;
}

/* A second name and one less, where the file system or the kernel cannot do it in one. */
static int place_by_link(const char *temporary, const char *path)
{
	if (link(temporary, path) != 0)
		return -1;
	(void)unlink(temporary);
	return 0;
}

bool file_place(const char *temporary, const char *path, struct error *error)
{
	int status = renameat2(AT_FDCWD, temporary, AT_FDCWD, path, RENAME_NOREPLACE);
	char *directory;
	bool done;

	if (status != 0 && (errno == EINVAL || errno == ENOSYS))
		status = place_by_link(temporary, path);
	if (status != 0 && errno == EEXIST)
		return error_set(error, ERROR_PERMANENT,
			"%s: is there already, and nothing is ever overwritten; name another file",
			path);
	if (status != 0)
		return error_set(error, kind_of_errno(errno), "%s: cannot be put in place: %s",
			path, strerror(errno));
	directory = path_directory(path);
	done = directory_sync(directory, error);
	free(directory);
	if (!done)
		(void)unlink(path);
	return done;
}

bool directory_sync(const char *directory, struct error *error)
{
	int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int status;

	if (fd < 0)
		return error_set(error, ERROR_TEMPORARY, "%s: cannot be opened: %s", directory,
			strerror(errno));
	status = fsync(fd);
	if (status != 0)
		error_set(error, ERROR_TEMPORARY, "%s: cannot be synced: %s", directory,
			strerror(errno));
	close(fd);
	return status == 0;
}

char *path_directory(const char *path)
{
	const char *slash = strrchr(path, '/');

	if (slash == NULL)
		return xstrdup(".");
	if (slash == path)
		return xstrdup("/");
	return xstrndup(path, (size_t)(slash - path));
}

char *path_resolve(const char *base, const char *name)
{
	if (name[0] == '/')
		return xstrdup(name);
	return xasprintf("%s/%s", base, name);
}
