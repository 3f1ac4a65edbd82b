#include "base/buffer.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

void buffer_reserve(struct buffer *buffer, size_t length)
{
	size_t needed, capacity = buffer->capacity;
	unsigned char *data;

	if (length > SIZE_MAX / 4 - buffer->length)
		abort();
	needed = buffer->length + length + 1;
	if (needed <= capacity)
		return;
	if (capacity < 64)
		capacity = 64;
	while (capacity < needed)
		capacity *= 2;
	data = xmalloc(capacity);
	if (buffer->length > 0)
		memcpy(data, buffer->data, buffer->length);
	data[buffer->length] = '\0';
	free_wiped(buffer->data, buffer->capacity);
	buffer->data = data;
	buffer->capacity = capacity;
}

void buffer_append(struct buffer *buffer, const void *data, size_t length)
{
	buffer_reserve(buffer, length);
	if (length > 0)
		memcpy(buffer->data + buffer->length, data, length);
	buffer->length += length;
	buffer->data[buffer->length] = '\0';
}

void buffer_append_text(struct buffer *buffer, const char *text)
{
	buffer_append(buffer, text, strlen(text));
}

void buffer_append_char(struct buffer *buffer, char character)
{
	buffer_append(buffer, &character, 1);
}

void buffer_printf(struct buffer *buffer, const char *format, ...)
{
	va_list arguments, again;
	size_t room;
	int length;

	buffer_reserve(buffer, strlen(format));
	room = buffer->capacity - buffer->length;
	/* Printed in place: vasprintf() leaves unwiped copies behind in its growing buffer. */
	va_start(arguments, format);
	va_copy(again, arguments);
	length = vsnprintf((char *)buffer->data + buffer->length, room, format, arguments);
	if (length < 0)
		abort();
	if ((size_t)length >= room) {
		buffer_reserve(buffer, (size_t)length);
		vsnprintf((char *)buffer->data + buffer->length, (size_t)length + 1, format, again);
	}
	buffer->length += (size_t)length;
	va_end(again);
	va_end(arguments);
}

void buffer_clear(struct buffer *buffer)
{
	if (buffer->data != NULL)
		explicit_bzero(buffer->data, buffer->capacity);
	buffer->length = 0;
}

void buffer_free(struct buffer *buffer)
{
	free_wiped(buffer->data, buffer->capacity);
	*buffer = (struct buffer){0};
}

const char *buffer_text(const struct buffer *buffer)
{
	return buffer->data != NULL ? (const char *)buffer->data : "";
}

char *buffer_steal_text(struct buffer *buffer)
{
	char *text;

	buffer_reserve(buffer, 0);
	text = (char *)buffer->data;
	*buffer = (struct buffer){0};
	return text;
}
