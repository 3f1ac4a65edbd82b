#include "source/spool_private.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"

/* A whole file of the largest record, its line break, and a good read beside. */
#define READER_CAPACITY (SPOOL_FILE_MAX + (size_t)64 * 1024)

void spool_reader_init(struct spool_reader *reader)
{
	*reader = (struct spool_reader){.fd = -1, .data = xmalloc(READER_CAPACITY)};
}

void spool_reader_start(struct spool_reader *reader, int fd, uint64_t limit)
{
	*reader = (struct spool_reader){
		.fd = fd,
		.data = reader->data,
		.stop = reader->stop,
		.stop_context = reader->stop_context,
		.left = limit,
	};
}

void spool_reader_free(struct spool_reader *reader)
{
	free_wiped(reader->data, READER_CAPACITY);
	*reader = (struct spool_reader){.fd = -1};
}

/* A pipe may say nothing for hours: whoever reads it still has to end when told. */
#define STOP_LOOK_MS 100

static bool wait_for_data(const struct spool_reader *reader)
{
	struct pollfd ready = {.fd = reader->fd, .events = POLLIN};

	while (reader->stop != NULL) {
		if (reader->stop(reader->stop_context)) {
			errno = ECANCELED;
			return false;
		}
		if (poll(&ready, 1, STOP_LOOK_MS) > 0)
			break;
	}
	return true;
}

/* Reads once, behind what is there. */
static bool read_more(struct spool_reader *reader)
{
	size_t room;
	ssize_t got;

	if (reader->start > 0) {
		memmove(reader->data, reader->data + reader->start, reader->end - reader->start);
		reader->end -= reader->start;
		reader->start = 0;
	}
	room = READER_CAPACITY - reader->end;
	if (room > reader->left)
		room = (size_t)reader->left;
	do {
		if (!wait_for_data(reader))
			return false;
		got = read(reader->fd, reader->data + reader->end, room);
	} while (got < 0 && (errno == EINTR || errno == EAGAIN));
	if (got < 0)
		return false;
	reader->end += (size_t)got;
	reader->left -= (uint64_t)got;
	if (got == 0 || reader->left == 0)
		reader->at_end = true;
	return true;
}

bool spool_reader_fill(struct spool_reader *reader)
{
	while (!reader->at_end && reader->end - reader->start < READER_CAPACITY) {
		if (!read_more(reader))
			return false;
	}
	return true;
}

static void hand_out(struct spool_reader *reader, struct spool_piece *piece, size_t length,
	size_t used, bool last)
{
	if (!reader->inside)
		reader->line++;
	*piece = (struct spool_piece){
		.text = reader->data + reader->start,
		.length = length,
		.line = reader->line,
		.first = !reader->inside,
		.last = last,
	};
	reader->start += used;
	reader->inside = !last;
}

enum spool_read spool_reader_next(struct spool_reader *reader, struct spool_piece *piece)
{
	size_t searched = 0;

	for (;;) {
		const char *from = reader->data + reader->start;
		size_t held = reader->end - reader->start;
		const char *newline = NULL;

		if (held > searched)
			newline = memchr(from + searched, '\n', held - searched);
		if (newline != NULL) {
			size_t length = (size_t)(newline - from);

			hand_out(reader, piece, length, length + 1, true);
			return SPOOL_READ_PIECE;
		}
		if (reader->at_end) {
			if (held == 0 && !reader->inside)
				return SPOOL_READ_END;
			hand_out(reader, piece, held, held, true);
			return SPOOL_READ_PIECE;
		}
		if (held > SPOOL_LINE_MAX || (reader->inside && held > 0)) {
			hand_out(reader, piece, held, held, false);
			return SPOOL_READ_PIECE;
		}
		searched = held;
		if (!read_more(reader))
			return SPOOL_READ_FAILED;
	}
}
