#include "base/alloc.h"

#include <malloc.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/heap.h"

__attribute__((noreturn)) static void out_of_memory(size_t size)
{
	char message[96];
	int length = snprintf(message, sizeof(message),
		"out of memory: %zu bytes could not be had; stopping\n", size);

	if (length > 0 && write(STDERR_FILENO, message, (size_t)length) < 0) {
		/* Nothing is left to tell it with. */
	}
	abort();
}

void *xmalloc(size_t size)
{
	void *data = malloc(size ? size : 1);

	if (data == NULL)
		out_of_memory(size);
	return data;
}

void *xcalloc(size_t count, size_t size)
{
	void *data = calloc(count ? count : 1, size ? size : 1);

	if (data == NULL)
		out_of_memory(size);
	return data;
}

void *xreallocarray(void *old, size_t count, size_t size)
{
	void *data = reallocarray(old, count ? count : 1, size ? size : 1);

	if (data == NULL)
		out_of_memory(size);
	return data;
}

char *xstrdup(const char *text)
{
	return xmemdup(text, strlen(text) + 1);
}

char *xstrdup_or_null(const char *text)
{
	return text != NULL ? xstrdup(text) : NULL;
}

char *xstrndup(const char *text, size_t length)
{
	size_t used = strnlen(text, length);
	char *copy = xmalloc(used + 1);

	memcpy(copy, text, used);
	copy[used] = '\0';
	return copy;
}

void *xmemdup(const void *data, size_t size)
{
	void *copy = xmalloc(size);

	if (size > 0)
		memcpy(copy, data, size);
	return copy;
}

char *xvasprintf(const char *format, va_list arguments)
{
	char *text = NULL;

	if (vasprintf(&text, format, arguments) < 0)
		out_of_memory(strlen(format));
	return text;
}

char *xasprintf(const char *format, ...)
{
	va_list arguments;
	char *text;

	va_start(arguments, format);
	text = xvasprintf(format, arguments);
	va_end(arguments);
	return text;
}

void free_wiped(void *data, size_t size)
{
	if (data == NULL)
		return;
	explicit_bzero(data, size);
	free(data);
}

void free_wiped_text(char *text)
{
	if (text != NULL)
		free_wiped(text, strlen(text));
}

void *wiping_malloc(size_t size)
{
	return malloc(size);
}

void *wiping_calloc(size_t count, size_t size)
{
	return calloc(count, size);
}

void *wiping_realloc(void *old, size_t size)
{
	void *data;
	size_t had;

	if (old == NULL)
		return malloc(size);
	had = malloc_usable_size(old);
	/* realloc() would leave the old block's bytes behind when it moves. */
	if (size <= had && size >= had / 2)
		return old;
	data = malloc(size);
	if (data == NULL)
		return NULL;
	memcpy(data, old, had < size ? had : size);
	wiping_free(old);
	return data;
}

char *wiping_strdup(const char *text)
{
	return strdup(text);
}

void wiping_free(void *data)
{
#ifndef HEAP_OVERWRITES
	if (data != NULL)
		explicit_bzero(data, malloc_usable_size(data));
#endif
	free(data);
}
