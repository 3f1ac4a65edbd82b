#ifndef CTL_ANSWERS_H
#define CTL_ANSWERS_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/buffer.h"
#include "base/error.h"

/*
 * The running daemon, asked over its admin socket: it alone knows how services stand at this
 * moment, and it answers who may not open the store.
 */
struct answers {
	char *socket_path; /* NULL: none is configured */
	char *group;	   /* whose members may use it; "": none */
	bool found;	   /* it answers us */
	struct error why;  /* it does not: a sentence */
};

/*
 * Looks whether the daemon of the configuration at CONFIG_PATH answers us; where that file may not
 * be read by this user, the one at the default place.
 */
void answers_find(struct answers *answers, const char *config_path);
void answers_clear(struct answers *answers);

/*
 * Asks for METHOD and TARGET, with LENGTH bytes of BODY (NULL: none). True with *ANSWER, which is
 * the caller's: the object that came, or NULL for what is not there. Sentences in it are in the
 * language of the process's messages, where the daemon has it. Permanent error for what was asked
 * wrongly or is not allowed (the sentence names the group that may), temporary for the rest.
 */
bool must_check answers_ask(const struct answers *answers, const char *method, const char *target,
	const char *body, size_t length, struct json_object **answer, struct error *error);

/* Appends KEY=VALUE to TARGET, escaped, with what has to stand before it; nothing for NULL. */
void answers_add(struct buffer *target, const char *key, const char *value);

#endif
