#ifndef ENGINE_TOKEN_H
#define ENGINE_TOKEN_H

#include <stdbool.h>

#include "base/clock.h"
#include "base/error.h"

/*
 * The services' bearer tokens, each in the first line of a file of its own. A file is looked at for
 * each request, so that one that was replaced counts at once, and read when it is another than
 * before. What was read is kept until then, or until the cache goes, and is overwritten with it.
 * Threads may share a cache.
 */
struct token_cache;

struct token_cache *token_cache_new(void);
void token_cache_free(struct token_cache *cache);

/*
 * *TOKEN, which may be empty, is the caller's, to be freed with free_wiped_text. The error is
 * file_read's. CLOCK tells whether the file is old enough to show by its times that it is changed.
 */
bool must_check token_read(struct token_cache *cache, const char *path, const struct clock *clock,
	char **token, struct error *error);

#endif
