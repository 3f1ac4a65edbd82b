#include "source/spool_private.h"

#include <errno.h>
#include <string.h>

#include "base/log.h"

static bool is_blank(const char *text, size_t length)
{
	size_t i;

	for (i = 0; i < length; i++) {
		if (text[i] != ' ' && text[i] != '\t' && text[i] != '\r')
			return false;
	}
	return true;
}

enum spool_taken spool_take(struct spool_run *run, struct error *reason)
{
	enum spool_taken taken;

	*reason = (struct error){0};
	taken = run->taker->take(run->taker->context, spool_ahead_first(run), reason);
	if (taken != SPOOL_LATER)
		run->handed++;
	if (taken == SPOOL_TAKEN)
		run->taken++;
	if (taken == SPOOL_REJECTED && reason->text[0] == '\0')
		error_set(reason, ERROR_PERMANENT, "refused without a reason");
	return taken;
}

bool spool_flush(struct spool_run *run, struct error *error)
{
	size_t taken = run->taken;

	if (run->handed == 0)
		return true;
	run->handed = 0;
	run->taken = 0;
	if (!run->taker->flush(run->taker->context, error)) {
		run->failures++;
		return false;
	}
	run->failures = 0;
	run->pass->taken += taken;
	return true;
}

/* A file's way through its lines. */
struct lines {
	struct spool_run *run;
	const char *path;
	spool_refuse *refuse;
	void *context;
	enum spool_read read;
	int number; /* errno, where reading failed */
	struct spool_piece
		long_piece; /* of a line that is too long, with what is before it ahead */
	bool has_long;
};

static void read_ahead(struct lines *lines)
{
	struct spool_run *run = lines->run;
	struct spool_piece piece;

	while (lines->read == SPOOL_READ_PIECE && !lines->has_long && spool_ahead_has_room(run)) {
		lines->read = spool_reader_next(&run->reader, &piece);
		lines->number = errno;
		if (lines->read != SPOOL_READ_PIECE)
			break;
		if (!piece.first || !piece.last || piece.length > SPOOL_LINE_MAX) {
			lines->has_long = true;
			lines->long_piece = piece;
		} else if (!is_blank(piece.text, piece.length)) {
			spool_ahead_add(run, &(struct spool_item){lines->path, piece.line,
						     piece.text, piece.length});
		}
	}
}

/* The first of the whole lines that are ahead; true when the file is to be kept for later. */
static bool take_line(struct lines *lines)
{
	struct spool_run *run = lines->run;
	const struct spool_item *item = spool_ahead_first(run);
	enum spool_taken taken;
	struct error reason;

	taken = spool_take(run, &reason);
	if (taken == SPOOL_REJECTED) {
		const struct spool_piece piece = {.text = item->text,
			.length = item->length,
			.line = item->line,
			.first = true,
			.last = true};

		lines->refuse(lines->context, &piece, reason.text);
	}
	spool_ahead_remove(run);
	if (taken == SPOOL_LATER)
		run->pass->later = true;
	return taken == SPOOL_LATER;
}

static void refuse_long(struct lines *lines)
{
	const struct spool_piece *piece = &lines->long_piece;
	struct error reason;

	error_set(&reason, ERROR_PERMANENT, "longer than the %zu bytes that a record may have",
		SPOOL_LINE_MAX);
	lines->refuse(lines->context, piece, piece->first ? reason.text : NULL);
	lines->has_long = false;
}

/* Until all is read and taken, or the rest is to be KEPT for later. False when a flush fails. */
static bool take_all(struct lines *lines, bool *kept, struct error *error)
{
	struct spool_run *run = lines->run;

	*kept = false;
	for (;;) {
		read_ahead(lines);
		if (run->ahead.count > 0)
			*kept = take_line(lines);
		else if (lines->has_long)
			refuse_long(lines);
		else
			return true;
		if (run->handed == SPOOL_BATCH) {
			if (!spool_flush(run, error))
				return false;
			if (run->stop != NULL && run->stop(run->taker->context))
				*kept = true;
		}
		if (*kept)
			return true;
	}
}

bool spool_take_lines(struct spool_run *run, const char *path, spool_refuse *refuse, void *context,
	bool *kept, struct error *error)
{
	struct lines lines = {.run = run,
		.path = path,
		.refuse = refuse,
		.context = context,
		.read = SPOOL_READ_PIECE};
	bool fine = take_all(&lines, kept, error);

	spool_ahead_forget(run);
	/* What was handed over is made durable even when the rest cannot be had. */
	if (!fine || !spool_flush(run, error))
		return error_context(error, "%s", path);
	if (!*kept && lines.read == SPOOL_READ_FAILED)
		return error_set(error, ERROR_TEMPORARY, "%s: cannot be read after line %zu: %s",
			path, run->reader.line, strerror(lines.number));
	return true;
}

enum spool_whole spool_read_whole(
	struct spool_run *run, const char *path, struct error *reason, struct error *error)
{
	struct spool_reader *reader = &run->reader;
	struct spool_item item = {.file = path};

	if (!spool_reader_fill(reader)) {
		error_set(error, ERROR_TEMPORARY, "%s: cannot be read: %s", path, strerror(errno));
		return SPOOL_WHOLE_FAILED;
	}
	item.text = reader->data + reader->start;
	item.length = reader->end - reader->start;
	if (!reader->at_end || item.length > SPOOL_FILE_MAX) {
		error_set(reason, ERROR_PERMANENT,
			"larger than the %zu bytes that a record may have", SPOOL_LINE_MAX);
		return SPOOL_WHOLE_LARGE;
	}
	spool_ahead_add(run, &item);
	return SPOOL_WHOLE_READ;
}
