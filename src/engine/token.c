#include "engine/token.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/alloc.h"
#include "base/file.h"

#define TOKEN_FILE_MAX 16384
/*
 * A file that was written again within one tick of the kernel's clock, of some milliseconds, has
 * the times that it had, so one that was written a moment ago is read again.
 */
#define SETTLED_MS 1000

struct kept {
	struct kept *next;
	char *path;
	char *token;
	struct stat status;
};

struct token_cache {
	pthread_mutex_t mutex;
	struct kept *first;
};

static void kept_free(struct kept *kept)
{
	free(kept->path);
	free_wiped_text(kept->token);
	free(kept);
}

struct token_cache *token_cache_new(void)
{
	struct token_cache *cache = xcalloc(1, sizeof(*cache));

	pthread_mutex_init(&cache->mutex, NULL);
	return cache;
}

void token_cache_free(struct token_cache *cache)
{
	struct kept *kept, *next;

	if (cache == NULL)
		return;
	for (kept = cache->first; kept != NULL; kept = next) {
		next = kept->next;
		kept_free(kept);
	}
	pthread_mutex_destroy(&cache->mutex);
	free(cache);
}

static bool is_same_time(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec;
}

static bool is_same(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size &&
	       a->st_mode == b->st_mode && a->st_uid == b->st_uid && a->st_gid == b->st_gid &&
	       is_same_time(&a->st_mtim, &b->st_mtim) && is_same_time(&a->st_ctim, &b->st_ctim);
}

static bool is_settled(const struct stat *status, int64_t now_ms)
{
	return (int64_t)status->st_ctim.tv_sec * 1000 + status->st_ctim.tv_nsec / 1000000 +
		       SETTLED_MS <
	       now_ms;
}

static void forget(struct token_cache *cache, const char *path)
{
	struct kept **at = &cache->first, *kept;

	while (*at != NULL && strcmp((*at)->path, path) != 0)
		at = &(*at)->next;
	kept = *at;
	if (kept == NULL)
		return;
	*at = kept->next;
	kept_free(kept);
}

static void keep(
	struct token_cache *cache, const char *path, const struct stat *status, const char *token)
{
	struct kept *kept = xcalloc(1, sizeof(*kept));

	kept->path = xstrdup(path);
	kept->token = xstrdup(token);
	kept->status = *status;
	kept->next = cache->first;
	cache->first = kept;
}

static bool read_line(const char *path, char **token, struct error *error)
{
	struct buffer text = {0};
	bool done = file_read(path, TOKEN_FILE_MAX, &text, error);

	if (done)
		*token = xstrndup(buffer_text(&text), strcspn(buffer_text(&text), "\r\n"));
	buffer_free(&text);
	return done;
}

/* What is kept of PATH, when that is still the file of STATUS. */
static const char *look_up(
	const struct token_cache *cache, const char *path, const struct stat *status)
{
	const struct kept *kept = cache->first;

	while (kept != NULL && strcmp(kept->path, path) != 0)
		kept = kept->next;
	return kept != NULL && is_same(&kept->status, status) ? kept->token : NULL;
}

bool token_read(struct token_cache *cache, const char *path, const struct clock *clock,
	char **token, struct error *error)
{
	struct stat before, after;
	bool known, done = true;
	const char *kept;

	pthread_mutex_lock(&cache->mutex);
	known = stat(path, &before) == 0;
	kept = known ? look_up(cache, path, &before) : NULL;
	if (kept != NULL) {
		*token = xstrdup(kept);
	} else {
		forget(cache, path);
		done = read_line(path, token, error);
		/* One that is replaced meanwhile is read again the next time. */
		if (done && known && stat(path, &after) == 0 && is_same(&before, &after) &&
			is_settled(&after, clock_wall_ms(clock)))
			keep(cache, path, &after, *token);
	}
	pthread_mutex_unlock(&cache->mutex);
	return done;
}
