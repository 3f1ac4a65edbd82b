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
