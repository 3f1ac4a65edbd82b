/* A spool file in pieces: put together again they are the file, and each line has its number. */
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/buffer.h"
#include "fuzz.h"
#include "source/spool_private.h"

static struct spool_reader reader;

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	return 0;
}

static void put_together(int fd, struct buffer *whole)
{
	struct spool_piece piece;
	enum spool_read status;
	size_t line = 0;

	spool_reader_start(&reader, fd, UINT64_MAX);
	while ((status = spool_reader_next(&reader, &piece)) == SPOOL_READ_PIECE) {
		line += piece.first;
		must_hold(piece.line == line);
		must_hold(memchr(piece.text, '\n', piece.length) == NULL);
		buffer_append(whole, piece.text, piece.length);
		if (piece.last)
			buffer_append_char(whole, '\n');
	}
	must_hold(status == SPOOL_READ_END);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buffer file = {0}, whole = {0};
	size_t times, i;
	int fd;

	if (size < 2)
		return 0;
	/* Repeated, so that a small input makes lines of every length around the bounds. */
	times = (size_t)data[0] * 8 + 1;
	buffer_append(&file, data + 1, size - 1);
	for (i = 1; i < times && file.length < (size_t)1024 * 1024; i++)
		buffer_append(&file, data + 1, size - 1);
	fd = memfd_create("spool", MFD_CLOEXEC);
	must_hold(fd >= 0 && write(fd, file.data, file.length) == (ssize_t)file.length);
	must_hold(lseek(fd, 0, SEEK_SET) == 0);
	spool_reader_init(&reader);
	put_together(fd, &whole);
	if (data[size - 1] != '\n')
		buffer_append_char(&file, '\n');
	must_hold(whole.length == file.length &&
		  memcmp(buffer_text(&whole), buffer_text(&file), whole.length) == 0);
	spool_reader_free(&reader);
	close(fd);
	buffer_free(&file);
	buffer_free(&whole);
	return 0;
}
