#ifndef MOCK_TABLE_H
#define MOCK_TABLE_H

#include <stddef.h>

/* A hash table from a run of bytes (copied) to a pointer (borrowed). */
struct table;

struct table *table_new(void);
/* FREE_VALUE (may be NULL) is called with CONTEXT for each value. */
void table_free(struct table *table, void (*free_value)(void *context, void *value), void *context);
/* NULL when KEY is not there. */
void *table_get(const struct table *table, const void *key, size_t length);
/* Puts VALUE (not NULL) under KEY; returns the value that it replaces, or NULL. */
void *table_set(struct table *table, const void *key, size_t length, void *value);
/* Takes KEY out; returns its value, or NULL. */
void *table_remove(struct table *table, const void *key, size_t length);
size_t table_count(const struct table *table);

#endif
