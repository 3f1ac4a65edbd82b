#ifndef MOCK_REPLAY_H
#define MOCK_REPLAY_H

#include "mock/answer.h"

/*
 * Idempotency keys: the first success answer to a (path, key) is kept and given again. What makes
 * two requests the same is what they install (host name and leaf), not their bytes: the boundary of
 * a form and the salt of a PKCS#12 differ on each try.
 */
struct replay;

struct replay *replay_new(void);
void replay_free(struct replay *replay);

enum replay_result {
	REPLAY_NEW,	 /* not seen before */
	REPLAY_SAME,	 /* ANSWER is the first answer */
	REPLAY_CONFLICT, /* the key was used for something else */
};

/* KEY NULL is always new. CONTENTS: what the request installs. */
enum replay_result replay_find(const struct replay *replay, const char *path, const char *key,
	const char *contents, struct answer *answer);
/* Keeps a copy of ANSWER; KEY NULL keeps nothing. */
void replay_keep(struct replay *replay, const char *path, const char *key, const char *contents,
	const struct answer *answer);

#endif
