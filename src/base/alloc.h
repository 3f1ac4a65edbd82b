#ifndef BASE_ALLOC_H
#define BASE_ALLOC_H

#include <stdarg.h>
#include <stddef.h>

/*
 * Memory that never fails: when the system has none left, these write a message to standard error
 * and abort. What is returned is the caller's, to be given to free().
 */
void *xmalloc(size_t size);
void *xcalloc(size_t count, size_t size);
/* Grows or shrinks an array to COUNT elements of SIZE bytes; an overflowing product aborts. */
void *xreallocarray(void *old, size_t count, size_t size);
char *xstrdup(const char *text);
/* Like xstrdup, but NULL stays NULL. */
char *xstrdup_or_null(const char *text);
char *xstrndup(const char *text, size_t length);
void *xmemdup(const void *data, size_t size);
char *xasprintf(const char *format, ...) __attribute__((format(printf, 1, 2)));
char *xvasprintf(const char *format, va_list arguments) __attribute__((format(printf, 1, 0)));

/*
 * Overwrites SIZE bytes at DATA (which may be NULL) and frees them. For anything that held a
 * private key or a passphrase.
 */
void free_wiped(void *data, size_t size);
/* The same for a string. */
void free_wiped_text(char *text);

/*
 * Allocation functions for libraries that take hooks (libcurl, OpenSSL): every block is overwritten
 * before it goes back to the system, so that no copy of a key outlives its use in a library's heap.
 */
void *wiping_malloc(size_t size);
void *wiping_calloc(size_t count, size_t size);
void *wiping_realloc(void *old, size_t size);
char *wiping_strdup(const char *text);
void wiping_free(void *data);

#define ARRAY_LENGTH(array) (sizeof(array) / sizeof((array)[0]))

#endif
