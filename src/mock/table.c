#include "mock/table.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

struct table_entry {
	struct table_entry *next;
	uint64_t hash;
	void *value;
	size_t length;
	unsigned char key[];
};

struct table {
	struct table_entry **slots;
	size_t slot_count; /* a power of two */
	size_t count;
};

#define TABLE_SLOTS_MIN 64

/* FNV-1a: the keys come from tests, so no defence against chosen collisions is needed. */
static uint64_t table_hash(const unsigned char *key, size_t length)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325);
	size_t i;

	for (i = 0; i < length; i++)
		hash = (hash ^ key[i]) * UINT64_C(0x100000001b3);
	return hash;
}

struct table *table_new(void)
{
	struct table *table = xcalloc(1, sizeof(*table));

	table->slot_count = TABLE_SLOTS_MIN;
	table->slots = xcalloc(table->slot_count, sizeof(struct table_entry *));
	return table;
}

void table_free(struct table *table, void (*free_value)(void *context, void *value), void *context)
{
	struct table_entry *entry, *next;
	size_t i;

	if (table == NULL)
		return;
	for (i = 0; i < table->slot_count; i++) {
		for (entry = table->slots[i]; entry != NULL; entry = next) {
			next = entry->next;
			if (free_value != NULL)
				free_value(context, entry->value);
			free(entry);
		}
	}
	free((void *)table->slots);
	free(table);
}

static struct table_entry **table_find(
	const struct table *table, const void *key, size_t length, uint64_t hash)
{
	struct table_entry **place = &table->slots[hash & (table->slot_count - 1)];

	while (*place != NULL) {
		const struct table_entry *entry = *place;

		if (entry->hash == hash && entry->length == length &&
			memcmp(entry->key, key, length) == 0)
			break;
		place = &(*place)->next;
	}
	return place;
}

void *table_get(const struct table *table, const void *key, size_t length)
{
	const struct table_entry *entry = *table_find(table, key, length, table_hash(key, length));

	return entry == NULL ? NULL : entry->value;
}

static void table_grow(struct table *table)
{
	size_t slot_count = table->slot_count * 2, i;
	struct table_entry **slots = xcalloc(slot_count, sizeof(struct table_entry *));
	struct table_entry *entry, *next, **place;

	for (i = 0; i < table->slot_count; i++) {
		for (entry = table->slots[i]; entry != NULL; entry = next) {
			next = entry->next;
			place = &slots[entry->hash & (slot_count - 1)];
			entry->next = *place;
			*place = entry;
		}
	}
	free((void *)table->slots);
	table->slots = slots;
	table->slot_count = slot_count;
}

void *table_set(struct table *table, const void *key, size_t length, void *value)
{
	uint64_t hash = table_hash(key, length);
	struct table_entry **place = table_find(table, key, length, hash), *entry;
	void *old;

	if (*place != NULL) {
		old = (*place)->value;
		(*place)->value = value;
		return old;
	}
	entry = xmalloc(sizeof(*entry) + length);
	entry->next = NULL;
	entry->hash = hash;
	entry->value = value;
	entry->length = length;
	memcpy(entry->key, key, length);
	*place = entry;
	if (++table->count > table->slot_count)
		table_grow(table);
	return NULL;
}

void *table_remove(struct table *table, const void *key, size_t length)
{
	struct table_entry **place = table_find(table, key, length, table_hash(key, length)),
			   *entry;
	void *value;

	if (*place == NULL)
		return NULL;
	entry = *place;
	*place = entry->next;
	value = entry->value;
	free(entry);
	table->count--;
	return value;
}

size_t table_count(const struct table *table)
{
	return table->count;
}
