#ifndef BASE_BUFFER_H
#define BASE_BUFFER_H

#include <stddef.h>

/*
 * A growable run of bytes. A NUL always stands behind the last byte once something was appended
 * (data is NULL until then), so text in it is a string. Whatever memory it gives up (on growth, on
 * buffer_free) is overwritten first: it may hold keys. Start from {0}.
 */
struct buffer {
	unsigned char *data;
	size_t length;
	size_t capacity;
};

void buffer_append(struct buffer *buffer, const void *data, size_t length);
void buffer_append_text(struct buffer *buffer, const char *text);
void buffer_append_char(struct buffer *buffer, char character);
void buffer_printf(struct buffer *buffer, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/* Makes room for LENGTH more bytes at once. */
void buffer_reserve(struct buffer *buffer, size_t length);
/* Overwrites the contents; the memory stays for the next use. */
void buffer_clear(struct buffer *buffer);
/* Overwrites and frees; the buffer is {0} again. */
void buffer_free(struct buffer *buffer);
/* The contents as a string, "" when nothing was appended; the buffer keeps it. */
const char *buffer_text(const struct buffer *buffer);
/* Hands the contents over as a string (to be freed by the caller); the buffer is {0} again. */
char *buffer_steal_text(struct buffer *buffer);

#endif
