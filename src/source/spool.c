#include "source/spool.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/events.h"
#include "base/file.h"
#include "source/spool_private.h"

static int compare_names(const void *left, const void *right)
{
	return strcmp(*(char *const *)left, *(char *const *)right);
}

bool spool_list(
	const char *directory, int *descriptor, char ***names, size_t *count, struct error *error)
{
	DIR *stream = opendir(directory);
	size_t capacity = 0;
	int fault;

	*names = NULL;
	*count = 0;
	if (stream == NULL)
		return error_set(error, ERROR_TEMPORARY, "%s: cannot be read: %s", directory,
			strerror(errno));
	for (;;) {
		const struct dirent *entry;

		errno = 0;
		entry = readdir(stream);
		if (entry == NULL)
			break;
		if (spool_kind_of(entry->d_name) == SPOOL_OTHER)
			continue;
		if (*count == capacity) {
			capacity = capacity == 0 ? 64 : capacity * 2;
			*names = xreallocarray(*names, capacity, sizeof(**names));
		}
		(*names)[(*count)++] = xstrdup(entry->d_name);
	}
	fault = errno;
	*descriptor = fault == 0 ? fcntl(dirfd(stream), F_DUPFD_CLOEXEC, 3) : -1;
	if (*descriptor < 0) {
		fault = fault == 0 ? errno : fault;
		closedir(stream);
		spool_list_free(*names, *count);
		*names = NULL;
		*count = 0;
		error_set(error, ERROR_TEMPORARY, "%s: cannot be read: %s", directory,
			strerror(fault));
		return false;
	}
	closedir(stream);
	if (*count > 0)
		qsort(*names, *count, sizeof(**names), compare_names);
	return true;
}

void spool_list_free(char **names, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++)
		free(names[i]);
	free(names);
}

static char *full_path(const struct spool_run *run, const char *name)
{
	return xasprintf("%s/%s", run->directory, name);
}

/* Claims FILE; false when it stays, which is logged. ORIGINAL gets its name until now. */
static bool claim(struct spool_run *run, struct spool_file *file, char original[NAME_MAX + 1])
{
	struct error error = {0};

	memcpy(original, file->name, NAME_MAX + 1);
	/* Deleting it now would lose what was written behind that which was read. */
	if (spool_file_changed(file)) {
		spool_warn_once(run->directory, file->name,
			"written to while it was read; left for the next pass. Put finished files "
			"in by rename");
		run->pass->later = true;
		return false;
	}
	if (spool_file_claim(run, file, &error))
		return true;
	/* The words behind the file's name are the cause. */
	spool_complain(strrchr(error.text, ':'), "%s", error.text);
	return false;
}

static void keep(struct spool_run *run, const struct spool_file *file, const char *original,
	const struct error *error)
{
	spool_complain(error->text,
		"%s/%s: kept, since what it has to be rejected for cannot be written (the same "
		"holds for what else is to be rejected): %s",
		run->directory, original, error->text);
	run->pass->later = true;
	spool_file_unclaim(run, file, original);
}

struct refusing {
	struct spool_run *run;
	struct spool_rejects *rejects;
	const struct spool_file *file;
};

static void refuse_line(void *context, const struct spool_piece *piece, const char *reason)
{
	const struct refusing *refusing = context;

	if (reason != NULL)
		spool_rejects_line(
			refusing->run, refusing->rejects, refusing->file, piece->line, reason);
	spool_rejects_text(refusing->rejects, piece->text, piece->length);
	if (piece->last)
		spool_rejects_text(refusing->rejects, "\n", 1);
}

/* All lines of FILE are judged, and those that were taken are durable. */
static void settle_lines(
	struct spool_run *run, struct spool_file *file, struct spool_rejects *rejects)
{
	char original[NAME_MAX + 1], placed[NAME_MAX + 1];
	struct error error = {0};

	if (!claim(run, file, original))
		return;
	if (rejects->lines > 0) {
		if (!spool_rejects_place(rejects, original, placed, &error)) {
			keep(run, file, original, &error);
			return;
		}
		log_event(EVENT_RECORD_REJECTED, (const struct log_field[]){{"FILE", original}}, 1,
			"%s/%s: %zu of %zu lines set aside as rejected/%s; the first is %s",
			run->directory, original, rejects->lines, run->reader.line, placed,
			rejects->first);
		run->pass->rejected += rejects->lines;
	}
	spool_file_remove(run, file);
}

static void settle_file(struct spool_run *run, struct spool_file *file)
{
	char original[NAME_MAX + 1], placed[NAME_MAX + 1];
	struct error error = {0};

	if (!claim(run, file, original))
		return;
	if (!file->rejected) {
		spool_file_remove(run, file);
		return;
	}
	if (!spool_rejects_move(run, file, original, placed, &error)) {
		keep(run, file, original, &error);
		return;
	}
	log_event(EVENT_RECORD_REJECTED, (const struct log_field[]){{"FILE", original}}, 1,
		"%s/%s: set aside as rejected/%s: %s", run->directory, original, placed,
		file->reason);
	run->removed = true;
	run->pass->files++;
	run->pass->rejected++;
}

static void refuse_large(struct spool_run *run, struct spool_file *file)
{
	struct error reason;

	error_set(&reason, ERROR_PERMANENT,
		"larger than the %lld bytes that a file of records may have; split it",
		(long long)SPOOL_LINES_FILE_MAX);
	memcpy(file->reason, reason.text, sizeof(file->reason));
	file->rejected = true;
	settle_file(run, file);
}

static void pass_lines(struct spool_run *run, const char *name)
{
	struct spool_file file;
	struct spool_rejects rejects;
	struct refusing refusing = {run, &rejects, &file};
	struct error error = {0};
	bool kept = false;
	char *path;

	if (spool_file_open(run, name, &file) != SPOOL_OPENED)
		return;
	path = full_path(run, name);
	spool_rejects_init(&rejects);
	spool_reader_start(&run->reader, file.fd, (uint64_t)file.size);
	if (file.size > SPOOL_LINES_FILE_MAX) {
		refuse_large(run, &file);
	} else if (!spool_take_lines(run, path, refuse_line, &refusing, &kept, &error)) {
		spool_complain(error.text, "%s; the file is kept", error.text);
		run->pass->later = true;
	} else if (!kept) {
		settle_lines(run, &file, &rejects);
	}
	spool_rejects_drop(&rejects);
	spool_file_close(&file);
	free(path);
}

/*
 * Files of one record share a flush: a commit each would make a directory of many slow. Their locks
 * are held until then, so there are fewer of them than of lines.
 */
#define FILES_BATCH 64
struct file_batch {
	struct spool_file files[FILES_BATCH];
	size_t count;
	size_t judged; /* those before it; of the others, what the taker is to judge is ahead */
};

/* Opens and reads a file; it waits in BATCH, unless it is left where it is. */
static void add_file(struct spool_run *run, struct file_batch *batch, const char *name)
{
	struct spool_file *file = &batch->files[batch->count];
	struct error reason = {0}, error = {0};
	char *path;

	if (spool_file_open(run, name, file) != SPOOL_OPENED)
		return;
	path = full_path(run, name);
	spool_reader_start(&run->reader, file->fd, (uint64_t)file->size);
	batch->count++;
	switch (spool_read_whole(run, path, &reason, &error)) {
	case SPOOL_WHOLE_READ:
		break;
	case SPOOL_WHOLE_LARGE:
		file->rejected = true;
		memcpy(file->reason, reason.text, sizeof(file->reason));
		break;
	case SPOOL_WHOLE_FAILED:
		spool_complain(strerror(errno), "%s; the file is kept", error.text);
		run->pass->later = true;
		spool_file_close(file);
		batch->count--;
		break;
	}
	free(path);
}

/* Has the taker judge those that wait; what it wants later is let go. */
static void judge_files(struct spool_run *run, struct file_batch *batch)
{
	size_t i, kept = batch->judged;

	for (i = batch->judged; i < batch->count; i++) {
		struct spool_file *file = &batch->files[i];
		enum spool_taken taken = SPOOL_REJECTED;
		struct error reason;

		if (!file->rejected) {
			taken = spool_take(run, &reason);
			spool_ahead_remove(run);
			file->rejected = taken == SPOOL_REJECTED;
			memcpy(file->reason, reason.text, sizeof(file->reason));
		}
		if (taken == SPOOL_LATER) {
			run->pass->later = true;
			spool_file_close(file);
			continue;
		}
		if (kept != i)
			batch->files[kept] = *file;
		kept++;
	}
	batch->count = batch->judged = kept;
}

/*
 * One file that cannot be stored must not hold up the rest, yet a store that takes nothing is not
 * asked for each of ten thousand files.
 */
#define FAILURES_MAX 16
static bool is_given_up(const struct spool_run *run)
{
	return run->failures >= FAILURES_MAX;
}

static void settle_batch(struct spool_run *run, struct file_batch *batch)
{
	struct error error = {0};
	size_t i, count;
	bool durable;

	judge_files(run, batch);
	durable = spool_flush(run, &error);
	count = batch->count;
	for (i = 0; i < count; i++) {
		if (durable)
			settle_file(run, &batch->files[i]);
		spool_file_close(&batch->files[i]);
	}
	batch->count = batch->judged = 0;
	if (!durable && count <= 1) {
		spool_complain(error.text, "%s; %s/%s is kept, as is what else cannot be stored",
			error.text, run->directory, batch->files[0].name);
		run->pass->later = true;
	}
	if (durable || count <= 1)
		return;
	/* Each by itself, so that one that cannot be stored does not hold up the others. */
	for (i = 0; i < count && !is_given_up(run); i++) {
		char name[NAME_MAX + 1];
		struct file_batch *single = xcalloc(1, sizeof(*single));

		memcpy(name, batch->files[i].name, sizeof(name));
		add_file(run, single, name);
		settle_batch(run, single);
		free(single);
	}
}

static bool is_stopped(const struct spool_run *run)
{
	return is_given_up(run) || (run->stop != NULL && run->stop(run->taker->context));
}

static void pass_names(struct spool_run *run, char **names, size_t count)
{
	struct file_batch *batch = xcalloc(1, sizeof(*batch));
	bool stopped = false;
	size_t i;

	for (i = 0; i < count && !stopped; i++) {
		bool lines = spool_kind_of(names[i]) == SPOOL_NDJSON;

		if (lines || batch->count == FILES_BATCH) {
			settle_batch(run, batch);
			stopped = is_stopped(run);
		}
		if (!stopped && lines) {
			pass_lines(run, names[i]);
			stopped = is_stopped(run);
		} else if (!stopped) {
			add_file(run, batch, names[i]);
			if (!spool_ahead_has_room(run))
				judge_files(run, batch);
		}
	}
	settle_batch(run, batch);
	free(batch);
	if (is_given_up(run)) {
		spool_complain(run->directory,
			"%s: the rest is left for the next pass: nothing can be stored at present",
			run->directory);
		run->pass->later = true;
	}
}

bool spool_pass(const char *directory, const struct spool_taker *taker, bool (*stop)(void *context),
	struct spool_pass *pass, struct error *error)
{
	struct spool_run run = {
		.directory = directory, .rejects = -1, .taker = taker, .stop = stop, .pass = pass};
	struct error fault = {0};
	char **names;
	size_t count;

	*pass = (struct spool_pass){0};
	spool_complaints_begin();
	if (!spool_list(directory, &run.fd, &names, &count, error))
		return false;
	spool_reader_init(&run.reader);
	pass_names(&run, names, count);
	spool_reader_free(&run.reader);
	spool_list_free(names, count);
	/* Once for all: a deletion that is lost brings back what is known already. */
	if (run.removed && !directory_sync(directory, &fault))
		spool_complain(fault.text, "%s", fault.text);
	if (run.rejects >= 0)
		close(run.rejects);
	close(run.fd);
	spool_complaints_end(directory);
	return true;
}
