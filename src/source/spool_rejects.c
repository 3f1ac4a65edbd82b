#include "source/spool_private.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"

/* So many files of one name may lie in rejected/. */
#define ATTEMPTS_MAX 100000
/* Of a file of nothing but bad lines the reasons would be thirty times its size. */
#define REASONS_MAX 1000

bool spool_rejects_directory(struct spool_run *run, struct error *error)
{
	bool made;

	if (run->rejects >= 0)
		return true;
	made = mkdirat(run->fd, "rejected", 0700) == 0;
	run->rejects = openat(run->fd, "rejected", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (run->rejects < 0)
		return error_set(error, ERROR_TEMPORARY, "%s/rejected: cannot be opened: %s",
			run->directory, strerror(errno));
	if (made && fsync(run->fd) != 0)
		return error_set(error, ERROR_TEMPORARY, "%s: cannot be synced: %s", run->directory,
			strerror(errno));
	return true;
}

void spool_rejects_init(struct spool_rejects *rejects)
{
	*rejects = (struct spool_rejects){.directory = -1, .records = -1, .reasons = -1};
}

static void fail(struct spool_rejects *rejects, const char *what)
{
	if (!rejects->failed)
		error_set(&rejects->error, ERROR_TEMPORARY, "rejected/%s: cannot be written: %s",
			what, strerror(errno));
	rejects->failed = true;
}

static void write_out(struct spool_rejects *rejects, int fd, const char *text, size_t length)
{
	while (length > 0 && !rejects->failed) {
		ssize_t put = write(fd, text, length);

		if (put < 0 && errno == EINTR)
			continue;
		if (put < 0) {
			fail(rejects, rejects->records_name);
			return;
		}
		text += put;
		length -= (size_t)put;
	}
}

/*
 * The temporary files are named by the inode of the file that they come from, whose lock this
 * process holds: what a crash left under these names is overwritten when the file comes again.
 */
static int open_temporary(struct spool_rejects *rejects, const char *name)
{
	int fd;

	(void)unlinkat(rejects->directory, name, 0);
	fd = openat(rejects->directory, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
		0600);
	if (fd < 0)
		fail(rejects, name);
	return fd;
}

static bool open_reasons(
	struct spool_run *run, struct spool_rejects *rejects, const struct spool_file *file)
{
	if (rejects->failed || rejects->reasons >= 0)
		return !rejects->failed;
	if (!spool_rejects_directory(run, &rejects->error)) {
		rejects->failed = true;
		return false;
	}
	rejects->directory = run->rejects;
	snprintf(rejects->records_name, sizeof(rejects->records_name), ".%ju.records",
		(uintmax_t)file->inode);
	snprintf(rejects->reasons_name, sizeof(rejects->reasons_name), ".%ju.reason",
		(uintmax_t)file->inode);
	rejects->reasons = open_temporary(rejects, rejects->reasons_name);
	return !rejects->failed;
}

void spool_rejects_line(struct spool_run *run, struct spool_rejects *rejects,
	const struct spool_file *file, size_t line, const char *reason)
{
	char sentence[ERROR_TEXT_MAX + 40];

	if (line > 0)
		snprintf(sentence, sizeof(sentence), "line %zu: %s\n", line, reason);
	else
		snprintf(sentence, sizeof(sentence), "%s\n", reason);
	if (rejects->lines++ == 0)
		snprintf(rejects->first, sizeof(rejects->first), "%.*s", (int)strlen(sentence) - 1,
			sentence);
	if (!open_reasons(run, rejects, file))
		return;
	if (line > 0 && rejects->records < 0)
		rejects->records = open_temporary(rejects, rejects->records_name);
	if (rejects->lines == REASONS_MAX + 1)
		snprintf(sentence, sizeof(sentence),
			"line %zu: the reasons from here on are not listed\n", line);
	if (rejects->lines <= REASONS_MAX + 1)
		write_out(rejects, rejects->reasons, sentence, strlen(sentence));
}

void spool_rejects_text(struct spool_rejects *rejects, const char *text, size_t length)
{
	write_out(rejects, rejects->records, text, length);
}

/* Renames without replacing; EEXIST when NEW_NAME is taken. */
static bool place(int from, const char *name, int to, const char *new_name)
{
	if (renameat2(from, name, to, new_name, RENAME_NOREPLACE) == 0)
		return true;
	if (errno != EINVAL)
		return false;
	/* A file system without the flag: a second link does not replace either. */
	return linkat(from, name, to, new_name, 0) == 0 && unlinkat(from, name, 0) == 0;
}

static bool sync_written(struct spool_rejects *rejects, int *fd)
{
	int status = fsync(*fd);

	/* A file system may report a failed write only at close. */
	if (close(*fd) != 0)
		status = -1;
	*fd = -1;
	return status == 0 || (fail(rejects, rejects->reasons_name), false);
}

/*
 * The reason first: a record in rejected/ never lies there without one. FROM and RECORDS say what
 * becomes the record.
 */
static bool place_both(struct spool_rejects *rejects, int from, const char *records,
	const char *name, char placed[NAME_MAX + 1])
{
	size_t attempt;

	for (attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
		char reason[NAME_MAX + 1];

		spool_file_plain_name(name, attempt, placed);
		snprintf(reason, sizeof(reason), "%.*s.reason", NAME_MAX - 7, placed);
		if (!place(rejects->directory, rejects->reasons_name, rejects->directory, reason)) {
			if (errno == EEXIST)
				continue;
			return false;
		}
		if (place(from, records, rejects->directory, placed))
			return true;
		if (errno != EEXIST) {
			int number = errno;

			(void)unlinkat(rejects->directory, reason, 0);
			errno = number;
			return false;
		}
		if (!place(rejects->directory, reason, rejects->directory, rejects->reasons_name))
			return false;
	}
	errno = EEXIST;
	return false;
}

static bool finish(struct spool_rejects *rejects, int from, const char *records, const char *name,
	char placed[NAME_MAX + 1], struct error *error)
{
	if (!rejects->failed && sync_written(rejects, &rejects->reasons) &&
		(rejects->records < 0 || sync_written(rejects, &rejects->records)) &&
		(!place_both(rejects, from, records, name, placed) ||
			fsync(rejects->directory) != 0))
		fail(rejects, name);
	if (rejects->failed)
		return error_set(error, rejects->error.kind, "%s", rejects->error.text);
	rejects->records_name[0] = '\0';
	rejects->reasons_name[0] = '\0';
	return true;
}

bool spool_rejects_place(struct spool_rejects *rejects, const char *name, char placed[NAME_MAX + 1],
	struct error *error)
{
	return finish(rejects, rejects->directory, rejects->records_name, name, placed, error);
}

bool spool_rejects_move(struct spool_run *run, const struct spool_file *file, const char *name,
	char placed[NAME_MAX + 1], struct error *error)
{
	struct spool_rejects rejects;
	bool done;

	spool_rejects_init(&rejects);
	spool_rejects_line(run, &rejects, file, 0, file->reason);
	/* It holds keys. Another user's file stays as open as that user made it; rejected/ is not.
	 */
	(void)fchmod(file->fd, 0600);
	done = finish(&rejects, run->fd, file->name, name, placed, error);
	spool_rejects_drop(&rejects);
	return done;
}

void spool_rejects_drop(struct spool_rejects *rejects)
{
	if (rejects->records >= 0)
		close(rejects->records);
	if (rejects->reasons >= 0)
		close(rejects->reasons);
	if (rejects->records_name[0] != '\0' && rejects->directory >= 0)
		(void)unlinkat(rejects->directory, rejects->records_name, 0);
	if (rejects->reasons_name[0] != '\0' && rejects->directory >= 0)
		(void)unlinkat(rejects->directory, rejects->reasons_name, 0);
	spool_rejects_init(rejects);
}
