#include "source/spool_private.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"

#define CLAIM_MARK ".taken-"
/* As much of a name as is kept where something is added to it. */
#define STEM_MAX 180

enum spool_kind spool_kind_of(const char *name)
{
	const char *dot = strrchr(name, '.');

	if (name[0] == '.' || dot == NULL)
		return SPOOL_OTHER;
	if (strcmp(dot, ".json") == 0)
		return SPOOL_JSON;
	if (strcmp(dot, ".ndjson") == 0)
		return SPOOL_NDJSON;
	return SPOOL_OTHER;
}

/* The stem's length: what stands before the ending and before the mark of a claim. */
static size_t stem_length(const char *name, bool *claimed)
{
	size_t length = (size_t)(strrchr(name, '.') - name), digits = length;

	*claimed = false;
	while (digits > 0 && name[digits - 1] >= '0' && name[digits - 1] <= '9')
		digits--;
	if (digits < length && digits >= strlen(CLAIM_MARK) &&
		strncmp(name + digits - strlen(CLAIM_MARK), CLAIM_MARK, strlen(CLAIM_MARK)) == 0) {
		*claimed = true;
		length = digits - strlen(CLAIM_MARK);
	}
	return length;
}

bool spool_name_is_claimed(const char *name)
{
	bool claimed = false;

	if (spool_kind_of(name) != SPOOL_OTHER)
		stem_length(name, &claimed);
	return claimed;
}

void spool_file_plain_name(const char *name, size_t attempt, char target[NAME_MAX + 1])
{
	bool claimed;
	size_t length = stem_length(name, &claimed);
	const char *ending = strrchr(name, '.');

	if (length > STEM_MAX)
		length = STEM_MAX;
	if (attempt == 0)
		snprintf(target, NAME_MAX + 1, "%.*s%s", (int)length, name, ending);
	else
		snprintf(target, NAME_MAX + 1, "%.*s-%zu%s", (int)length, name, attempt, ending);
}

static enum spool_opened leave(const struct spool_run *run, const char *name, const char *sentence)
{
	spool_warn_once(run->directory, name, sentence);
	return SPOOL_LEFT_ALONE;
}

enum spool_opened spool_file_open(struct spool_run *run, const char *name, struct spool_file *file)
{
	struct stat status;
	int fd;

	/* Looked at before it is opened: opening a device may do something. */
	if (fstatat(run->fd, name, &status, AT_SYMLINK_NOFOLLOW) != 0)
		return errno == ENOENT ? SPOOL_LEFT_ALONE : leave(run, name, strerror(errno));
	if (!S_ISREG(status.st_mode))
		return leave(run, name, "left alone: not a regular file");
	fd = openat(run->fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT)
		return SPOOL_LEFT_ALONE;
	if (fd < 0)
		return leave(run, name, strerror(errno));
	/* The lock keeps the daemon and a --run-once beside it off each other's files. */
	if (fstat(fd, &status) != 0 || !S_ISREG(status.st_mode) ||
		(flock(fd, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK)) {
		close(fd);
		return SPOOL_LEFT_ALONE;
	}
	*file = (struct spool_file){.fd = fd,
		.device = status.st_dev,
		.inode = status.st_ino,
		.size = status.st_size,
		.modified = status.st_mtim};
	memcpy(file->name, name, strlen(name) + 1);
	return SPOOL_OPENED;
}

void spool_file_close(struct spool_file *file)
{
	if (file->fd >= 0)
		close(file->fd);
	file->fd = -1;
}

bool spool_file_changed(const struct spool_file *file)
{
	struct stat status;

	return fstat(file->fd, &status) != 0 || status.st_size != file->size ||
	       status.st_mtim.tv_sec != file->modified.tv_sec ||
	       status.st_mtim.tv_nsec != file->modified.tv_nsec;
}

static bool is_the_same(const struct spool_run *run, const struct spool_file *file)
{
	struct stat status;

	return fstatat(run->fd, file->name, &status, AT_SYMLINK_NOFOLLOW) == 0 &&
	       status.st_dev == file->device && status.st_ino == file->inode;
}

bool spool_file_claim(struct spool_run *run, struct spool_file *file, struct error *error)
{
	char name[NAME_MAX + 1];
	bool claimed;
	size_t length = stem_length(file->name, &claimed);

	snprintf(name, sizeof(name), "%.*s" CLAIM_MARK "%ju%s",
		(int)(length < STEM_MAX ? length : STEM_MAX), file->name, (uintmax_t)file->inode,
		strrchr(file->name, '.'));
	if (strcmp(name, file->name) != 0) {
		int status = renameat2(run->fd, file->name, run->fd, name, RENAME_NOREPLACE);

		if (status != 0 && errno == EINVAL) /* a file system that lacks the flag */
			status = renameat(run->fd, file->name, run->fd, name);
		if (status != 0)
			return error_set(error, ERROR_TEMPORARY,
				"%s/%s: stored, but cannot be renamed in order to be removed: %s",
				run->directory, file->name, strerror(errno));
		memcpy(file->name, name, sizeof(name));
	}
	if (!is_the_same(run, file))
		return error_set(error, ERROR_TEMPORARY,
			"%s/%s: replaced while it was read; the new one is taken next",
			run->directory, file->name);
	return true;
}

void spool_file_unclaim(struct spool_run *run, const struct spool_file *file, const char *original)
{
	/* Should another stand there by now, the claimed name serves as well. */
	if (strcmp(original, file->name) != 0)
		(void)renameat2(run->fd, file->name, run->fd, original, RENAME_NOREPLACE);
}

void spool_file_remove(struct spool_run *run, const struct spool_file *file)
{
	if (unlinkat(run->fd, file->name, 0) != 0) {
		spool_complain(strerror(errno),
			"%s/%s: stored, but cannot be deleted: %s; this and other files like it "
			"are left for the next pass",
			run->directory, file->name, strerror(errno));
		return;
	}
	run->removed = true;
	run->pass->files++;
}
