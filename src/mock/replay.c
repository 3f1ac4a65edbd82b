#include "mock/replay.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "mock/table.h"

struct replay {
	struct table *entries;
};

struct replay_entry {
	char *contents;
	int status;
	const char *content_type;
	char *body;
	size_t body_length;
	char *location;
	char *etag;
};

static char *key_make(const char *path, const char *key, size_t *length)
{
	*length = strlen(path) + 1 + strlen(key);
	return xasprintf("%s\n%s", path, key);
}

struct replay *replay_new(void)
{
	struct replay *replay = xcalloc(1, sizeof(*replay));

	replay->entries = table_new();
	return replay;
}

static void entry_free(void *context, void *value)
{
	struct replay_entry *entry = value;

	(void)context;
	free(entry->contents);
	free(entry->body);
	free(entry->location);
	free(entry->etag);
	free(entry);
}

void replay_free(struct replay *replay)
{
	if (replay == NULL)
		return;
	table_free(replay->entries, entry_free, NULL);
	free(replay);
}

enum replay_result replay_find(const struct replay *replay, const char *path, const char *key,
	const char *contents, struct answer *answer)
{
	const struct replay_entry *entry;
	size_t length;
	char *text;

	if (key == NULL)
		return REPLAY_NEW;
	text = key_make(path, key, &length);
	entry = table_get(replay->entries, text, length);
	free(text);
	if (entry == NULL)
		return REPLAY_NEW;
	if (strcmp(entry->contents, contents) != 0)
		return REPLAY_CONFLICT;
	answer_clear(answer);
	answer->status = entry->status;
	answer->content_type = entry->content_type;
	buffer_append(&answer->body, entry->body, entry->body_length);
	memcpy(answer->location, entry->location, strlen(entry->location) + 1);
	memcpy(answer->etag, entry->etag, strlen(entry->etag) + 1);
	answer->replayed = true;
	return REPLAY_SAME;
}

void replay_keep(struct replay *replay, const char *path, const char *key, const char *contents,
	const struct answer *answer)
{
	struct replay_entry *entry, *old;
	size_t length;
	char *text;

	if (key == NULL)
		return;
	entry = xcalloc(1, sizeof(*entry));
	entry->contents = xstrdup(contents);
	entry->status = answer->status;
	entry->content_type = answer->content_type;
	entry->body_length = answer->body.length;
	entry->body = xmemdup(buffer_text(&answer->body), answer->body.length + 1);
	entry->location = xstrdup(answer->location);
	entry->etag = xstrdup(answer->etag);
	text = key_make(path, key, &length);
	old = table_set(replay->entries, text, length, entry);
	free(text);
	if (old != NULL)
		entry_free(NULL, old);
}
