#ifndef ENGINE_CREW_PRIVATE_H
#define ENGINE_CREW_PRIVATE_H

#include "engine/crew.h"

struct crew_queue {
	struct crew_task *first, *last;
};

/* A crew is one of two kinds, so that a program without threads needs nothing of theirs. */
struct crew_kind {
	void (*add)(struct crew *crew, struct crew_task *task);
	void (*withdraw)(struct crew *crew, struct crew_task *task);
	void (*free)(struct crew *crew);
};

/* What each kind has first. */
struct crew {
	const struct crew_kind *kind;
	struct crew_queue waiting;
	void (*end)(void *own);
};

void crew_queue_put(struct crew_queue *queue, struct crew_task *task);
/* NULL when it is empty. */
struct crew_task *crew_queue_take(struct crew_queue *queue);
void crew_queue_remove(struct crew_queue *queue, const struct crew_task *task);

#endif
