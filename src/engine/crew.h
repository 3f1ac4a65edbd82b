#ifndef ENGINE_CREW_H
#define ENGINE_CREW_H

#include <stdbool.h>
#include <stddef.h>

#include "net/loop.h"

/*
 * Work that the loop must not wait for, done by threads in the order in which it came; or, without
 * threads, by the loop itself, a task a turn: for tests and simulations, where nothing may depend
 * on chance. What it comes to is told on the loop either way.
 */
struct crew;

/* Embedded in what it works on; that is the task's alone from crew_add until done or withdrawn. */
struct crew_task {
	/* On a thread. *OWN is the thread's, NULL at first, and given to the crew's end. */
	void (*run)(struct crew_task *task, void **own);
	/* On the loop, once. The task may be added again, or freed, from within. */
	void (*done)(struct crew_task *task);
	/* The crew's. */
	struct crew_task *next;
	enum crew_stage { CREW_IDLE, CREW_WAITING, CREW_RUNNING, CREW_RUN } stage;
};

/* Without threads. END (may be NULL) gets what run made of *OWN. */
struct crew *crew_new(struct loop *loop, void (*end)(void *own));
/* With COUNT threads; END runs on each. Aborts where the system has no room for a thread. */
struct crew *crew_new_threads(struct loop *loop, size_t count, void (*end)(void *own));
/* All tasks must be done or withdrawn. */
void crew_free(struct crew *crew);

void crew_add(struct crew *crew, struct crew_task *task);
/*
 * Takes TASK back, which was added and not told to be done: it never will be. One that is running
 * is waited for.
 */
void crew_withdraw(struct crew *crew, struct crew_task *task);

#endif
