#ifndef CTL_ASKER_H
#define CTL_ASKER_H

#include "ops/act.h"

/* Who uses this program, and whether he means it. */

/*
 * Fills NAME with the user's name: of who became root by sudo, or of the process's real user. To be
 * called before the program becomes the service's user.
 */
void asker_name(char name[ACT_WHO_MAX]);

enum asker_answer {
	ASKER_YES,
	ASKER_NO,     /* said so */
	ASKER_NOBODY, /* standard input is no terminal: there is nobody to ask */
};

/* Asks QUESTION on standard error and reads a line from standard input, where that is a terminal.
 */
enum asker_answer asker_asks(const char *question);

#endif
