#include "engine/crew.h"

#include <assert.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "engine/crew_private.h"

/* ---- queues ---- */

void crew_queue_put(struct crew_queue *queue, struct crew_task *task)
{
	task->next = NULL;
	if (queue->last != NULL)
		queue->last->next = task;
	else
		queue->first = task;
	queue->last = task;
}

struct crew_task *crew_queue_take(struct crew_queue *queue)
{
	struct crew_task *task = queue->first;

	if (task != NULL)
		crew_queue_remove(queue, task);
	return task;
}

void crew_queue_remove(struct crew_queue *queue, const struct crew_task *task)
{
	struct crew_task *before = NULL, *at = queue->first;

	while (at != task) {
		before = at;
		at = at->next;
	}
	if (before != NULL)
		before->next = task->next;
	else
		queue->first = task->next;
	if (queue->last == task)
		queue->last = before;
}

/* ---- what both kinds have ---- */

void crew_add(struct crew *crew, struct crew_task *task)
{
	assert(task->stage == CREW_IDLE);
	crew->kind->add(crew, task);
}

void crew_withdraw(struct crew *crew, struct crew_task *task)
{
	crew->kind->withdraw(crew, task);
}

void crew_free(struct crew *crew)
{
	if (crew == NULL)
		return;
	assert(crew->waiting.first == NULL);
	crew->kind->free(crew);
}

/* ---- without threads ---- */

struct lone_crew {
	struct crew crew;
	struct loop_timer *turn;
	void *own;
};

static void lone_add(struct crew *crew, struct crew_task *task)
{
	const struct lone_crew *lone = (struct lone_crew *)crew;

	task->stage = CREW_WAITING;
	crew_queue_put(&crew->waiting, task);
	loop_timer_set(lone->turn, 0);
}

static void lone_withdraw(struct crew *crew, struct crew_task *task)
{
	crew_queue_remove(&crew->waiting, task);
	task->stage = CREW_IDLE;
}

static void lone_turn(void *context)
{
	struct lone_crew *lone = context;
	struct crew_task *task = crew_queue_take(&lone->crew.waiting);

	if (task == NULL)
		return;
	if (lone->crew.waiting.first != NULL)
		loop_timer_set(lone->turn, 0);
	task->run(task, &lone->own);
	task->stage = CREW_IDLE;
	task->done(task);
}

static void lone_free(struct crew *crew)
{
	struct lone_crew *lone = (struct lone_crew *)crew;

	loop_timer_free(lone->turn);
	if (crew->end != NULL)
		crew->end(lone->own);
	free(lone);
}

struct crew *crew_new(struct loop *loop, void (*end)(void *own))
{
	static const struct crew_kind kind = {lone_add, lone_withdraw, lone_free};
	struct lone_crew *lone = xcalloc(1, sizeof(*lone));

	lone->crew.kind = &kind;
	lone->crew.end = end;
	lone->turn = loop_timer_new(loop, lone_turn, lone);
	return &lone->crew;
}
