#ifndef CTL_ACT_ASKED_H
#define CTL_ACT_ASKED_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"
#include "ctl/ask_acts.h"
#include "ctl/store_request.h"

/* What the verbs that change something have in common: reading, asking, doing, and telling what
 * came of it. */

#define ACT_HELP                                                                                   \
	"  --reason TEXT    why: for the log and the job's history\n"                              \
	"  --dry-run        says what it would do, and changes nothing\n"
#define YES_HELP "  --yes            is not asked first; needed where there is no terminal\n"

/* An act as the command line asks for it. */
struct act_asked {
	struct store_request request;
	char who[ACT_WHO_MAX];
	struct settings *settings;
	bool (*perform)(struct act_asked *asked, const struct act *act, struct json_object **result,
		struct error *error);
	bool asks_first;
	bool reads_files;
	struct act_jobs jobs;
	int64_t *ids;
	struct act_pair pair;
	const char *service;
	struct buffer *files; /* one an operand */
	const struct buffer *file;
};

/*
 * Reads the command line and reaches the daemon or the store. False where there is nothing to do
 * but end with *STATUS. act_asked_end() comes after it, either way.
 */
bool act_asked_begin(
	struct act_asked *asked, const struct store_verb *verb, int argc, char **argv, int *status);

/* Does it, having asked first where that is to be; says what was done, and returns the exit status.
 */
int act_asked_run(struct act_asked *asked);

/* Says SENTENCE of the command line; false. */
bool act_asked_misused(const struct act_asked *asked, const char *sentence);

/* Frees all that ASKED has and returns the exit status, STATUS or one that tells a fault. */
int act_asked_end(struct act_asked *asked, int status);

#endif
