#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/events.h"
#include "source/spool_private.h"

struct importing {
	struct spool_run *run;
	const char *path;
};

static void log_line(void *context, const struct spool_piece *piece, const char *reason)
{
	const struct importing *importing = context;

	if (reason == NULL)
		return;
	log_event(EVENT_RECORD_REJECTED, (const struct log_field[]){{"FILE", importing->path}}, 1,
		"%s: line %zu: %s", importing->path, piece->line, reason);
	importing->run->pass->rejected++;
}

/*
 * What a stream without a telling name holds: one record over several lines when all of it is at
 * hand, fits, and its first line opens an object without closing it; one record a line otherwise.
 */
static enum spool_kind sniff(const struct spool_reader *reader)
{
	const char *at = reader->data + reader->start;
	const char *end = reader->data + reader->end;
	const char *line_end;

	while (at < end && strchr(" \t\r\n", *at) != NULL && *at != '\0')
		at++;
	if (at == end || *at != '{' || !reader->at_end)
		return SPOOL_NDJSON;
	line_end = memchr(at, '\n', (size_t)(end - at));
	if (line_end == NULL)
		line_end = end;
	while (line_end > at &&
		(line_end[-1] == ' ' || line_end[-1] == '\t' || line_end[-1] == '\r'))
		line_end--;
	return line_end[-1] == '}' ? SPOOL_NDJSON : SPOOL_JSON;
}

static bool import_whole(struct spool_run *run, const char *path, bool *kept, struct error *error)
{
	enum spool_taken taken = SPOOL_REJECTED;
	struct error reason = {0};

	switch (spool_read_whole(run, path, &reason, error)) {
	case SPOOL_WHOLE_FAILED:
		return false;
	case SPOOL_WHOLE_LARGE:
		break;
	case SPOOL_WHOLE_READ:
		taken = spool_take(run, &reason);
		run->pass->later = run->pass->later || taken == SPOOL_LATER;
		spool_ahead_remove(run);
		break;
	}
	if (taken == SPOOL_REJECTED) {
		log_event(EVENT_RECORD_REJECTED, (const struct log_field[]){{"FILE", path}}, 1,
			"%s: %s", path, reason.text);
		run->pass->rejected++;
	}
	*kept = taken == SPOOL_LATER;
	return spool_flush(run, error) || error_context(error, "%s", path);
}

static bool import_stream(
	struct spool_run *run, int fd, const char *path, enum spool_kind kind, struct error *error)
{
	struct importing importing = {run, path};
	bool kept = false, done;

	spool_reader_start(&run->reader, fd, UINT64_MAX);
	if (kind == SPOOL_OTHER) {
		if (!spool_reader_fill(&run->reader))
			return error_set(error, ERROR_PERMANENT, "%s: cannot be read: %s", path,
				strerror(errno));
		kind = sniff(&run->reader);
	}
	if (kind == SPOOL_JSON)
		done = import_whole(run, path, &kept, error);
	else
		done = spool_take_lines(run, path, log_line, &importing, &kept, error);
	if (done && !kept)
		run->pass->files++;
	return done;
}

/* A file that cannot be read is one that was refused; the others of the directory go on. */
static void skip(struct spool_run *run, const char *path, const char *why)
{
	log_event(EVENT_IMPORT_SKIPPED, (const struct log_field[]){{"FILE", path}}, 1, "%s: %s",
		path, why);
	run->pass->rejected++;
}

static bool import_entry(
	struct spool_run *run, int directory, const char *name, struct error *error)
{
	char *path = xasprintf("%s/%s", run->directory, name);
	int fd = openat(directory, name, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	struct stat status;
	bool done = true;

	if (fd < 0)
		skip(run, path, strerror(errno));
	else if (fstat(fd, &status) != 0 || !S_ISREG(status.st_mode))
		skip(run, path, "not a regular file");
	else
		done = import_stream(run, fd, path, spool_kind_of(name), error);
	if (fd >= 0)
		close(fd);
	free(path);
	return done;
}

static bool import_directory(struct spool_run *run, struct error *error)
{
	char **names;
	size_t count, i;
	int directory;
	bool done = true;

	if (!spool_list(run->directory, &directory, &names, &count, error)) {
		error->kind = ERROR_PERMANENT;
		return false;
	}
	for (i = 0; i < count && done; i++) {
		if (run->stop != NULL && run->stop(run->taker->context)) {
			run->pass->later = true;
			break;
		}
		done = import_entry(run, directory, names[i], error);
	}
	spool_list_free(names, count);
	close(directory);
	return done;
}

static bool import_path(struct spool_run *run, const char *path, struct error *error)
{
	const char *slash = strrchr(path, '/');
	struct stat status;
	bool done;
	int fd;

	if (strcmp(path, "-") == 0)
		return import_stream(run, STDIN_FILENO, "standard input", SPOOL_OTHER, error);
	/* A FIFO that somebody names on the command line is waited for, as any program does; where
	 * the wait may have to end, it is the reader's. */
	fd = open(path, O_RDONLY | O_NOCTTY | O_CLOEXEC | (run->stop != NULL ? O_NONBLOCK : 0));
	if (fd < 0 || fstat(fd, &status) != 0) {
		error_set(
			error, ERROR_PERMANENT, "%s: cannot be opened: %s", path, strerror(errno));
		if (fd >= 0)
			close(fd);
		return false;
	}
	if (S_ISDIR(status.st_mode))
		done = import_directory(run, error);
	else if (S_ISREG(status.st_mode) || S_ISFIFO(status.st_mode))
		done = import_stream(
			run, fd, path, spool_kind_of(slash != NULL ? slash + 1 : path), error);
	else
		done = error_set(error, ERROR_PERMANENT,
			"%s: neither a file nor a directory of records", path);
	close(fd);
	return done;
}

bool spool_import(const char *path, const struct spool_taker *taker, struct spool_pass *pass,
	struct error *error)
{
	return spool_import_until(path, taker, NULL, pass, error);
}

bool spool_import_until(const char *path, const struct spool_taker *taker,
	bool (*stop)(void *context), struct spool_pass *pass, struct error *error)
{
	struct spool_run run = {.directory = path,
		.fd = -1,
		.rejects = -1,
		.taker = taker,
		.stop = stop,
		.pass = pass};
	struct error fault = {0};
	bool done;

	*pass = (struct spool_pass){0};
	spool_reader_init(&run.reader);
	run.reader.stop = stop;
	run.reader.stop_context = taker->context;
	done = import_path(&run, path, &fault);
	if (!done && error != NULL)
		*error = fault;
	spool_reader_free(&run.reader);
	return done;
}
