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

enum spool_taken spool_take(
	struct spool_run *run, const struct spool_item *item, struct error *reason)
{
	enum spool_taken taken;

	*reason = (struct error){0};
	taken = run->taker->take(run->taker->context, item, reason);
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

/* One whole line; true when the file is to be kept for later. */
static bool take_line(struct spool_run *run, const char *path, const struct spool_piece *piece,
	spool_refuse *refuse, void *context)
{
	const struct spool_item item = {path, piece->line, piece->text, piece->length};
	struct error reason;

	if (is_blank(piece->text, piece->length))
		return false;
	switch (spool_take(run, &item, &reason)) {
	case SPOOL_TAKEN:
		return false;
	case SPOOL_REJECTED:
		refuse(context, piece, reason.text);
		return false;
	case SPOOL_LATER:
		run->pass->later = true;
		return true;
	}
	return true;
}

static void refuse_long(const struct spool_piece *piece, spool_refuse *refuse, void *context)
{
	struct error reason;

	error_set(&reason, ERROR_PERMANENT, "longer than the %zu bytes that a record may have",
		SPOOL_LINE_MAX);
	refuse(context, piece, piece->first ? reason.text : NULL);
}

bool spool_take_lines(struct spool_run *run, const char *path, spool_refuse *refuse, void *context,
	bool *kept, struct error *error)
{
	struct spool_piece piece = {0};
	enum spool_read read = SPOOL_READ_END;
	struct error fault = {0};

	*kept = false;
	while (!*kept && (read = spool_reader_next(&run->reader, &piece)) == SPOOL_READ_PIECE) {
		if (piece.first && piece.last && piece.length <= SPOOL_LINE_MAX)
			*kept = take_line(run, path, &piece, refuse, context);
		else
			refuse_long(&piece, refuse, context);
		if (run->handed < SPOOL_BATCH)
			continue;
		if (!spool_flush(run, error))
			return error_context(error, "%s", path);
		if (run->stop != NULL && run->stop(run->taker->context))
			*kept = true;
	}
	if (!*kept && read == SPOOL_READ_FAILED)
		error_set(&fault, ERROR_TEMPORARY, "%s: cannot be read after line %zu: %s", path,
			run->reader.line, strerror(errno));
	/* What was handed over is made durable even when the rest cannot be had. */
	if (!spool_flush(run, error))
		return error_context(error, "%s", path);
	if (fault.text[0] != '\0')
		return error_set(error, fault.kind, "%s", fault.text);
	return true;
}

bool spool_take_whole(struct spool_run *run, const char *path, enum spool_taken *taken,
	struct error *reason, struct error *error)
{
	struct spool_reader *reader = &run->reader;
	struct spool_item item = {.file = path};

	if (!spool_reader_fill(reader))
		return error_set(
			error, ERROR_TEMPORARY, "%s: cannot be read: %s", path, strerror(errno));
	item.text = reader->data + reader->start;
	item.length = reader->end - reader->start;
	if (!reader->at_end || item.length > SPOOL_FILE_MAX) {
		error_set(reason, ERROR_PERMANENT,
			"larger than the %zu bytes that a record may have", SPOOL_LINE_MAX);
		*taken = SPOOL_REJECTED;
		return true;
	}
	*taken = spool_take(run, &item, reason);
	if (*taken == SPOOL_LATER)
		run->pass->later = true;
	return true;
}
