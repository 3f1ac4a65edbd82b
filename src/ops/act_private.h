#ifndef OPS_ACT_PRIVATE_H
#define OPS_ACT_PRIVATE_H

#include "ops/act.h"

/* What the acts share. */

/* Who asked and why, fit for a log; and when. */
struct acting {
	const struct act *act;
	const char *name; /* "retry", … */
	char who[ACT_WHO_MAX];
	char reason[ACT_REASON_MAX + 1]; /* "" for none */
	int64_t now_ms;
};

void acting_init(struct acting *acting, const struct act *act, const char *name);

/* An object with "act", "dry", "by" and "reason". */
struct json_object *acting_object(const struct acting *acting);

/* A job that was looked at, and what came of it. */
struct touched {
	struct store_job job; /* as it was; its id alone where there is none */
	bool found;
	bool done;
	enum job_state state; /* as it now is */
	int64_t due_ms;
	char text[STORE_DETAIL_MAX];
};

/* A growing list of them. */
struct touched_list {
	struct touched *list;
	size_t count;
};

struct touched *touched_add(struct touched_list *touched, int64_t id);
/* Adds "jobs", "done" and "not_done". */
void touched_add_json(const struct touched_list *touched, struct json_object *object);
/* Logs each that was done, once that is durable. */
void touched_tell(const struct touched_list *touched, const struct acting *acting);
void touched_clear(struct touched_list *touched);

/* "by alice: the reason", into TEXT, of STORE_DETAIL_MAX bytes. */
void acting_say(const struct acting *acting, char text[STORE_DETAIL_MAX]);
/* A line of the job's history. */
bool must_check acting_note(const struct acting *acting, int64_t job_id, struct error *error);

/* Adds a text, or null where it is NULL. */
void act_add_text(struct json_object *object, const char *key, const char *text);
/* Adds an instant in Tokyo's time, or null for 0. */
void act_add_instant(struct json_object *object, const char *key, int64_t instant_ms);

/*
 * Runs WRITE in a transaction that is committed when it returns true, unless the act is dry; what
 * it wrote is undone otherwise.
 */
typedef bool act_write(void *context, struct error *error);
bool must_check acting_transact(
	const struct acting *acting, act_write *write, void *context, struct error *error);

#endif
