#ifndef CONFIG_CONFIG_PRIVATE_H
#define CONFIG_CONFIG_PRIVATE_H

#include "config/config.h"
#include "service/options.h"

/* The table of the main configuration; the target is struct config. */
#define CONFIG_OPTION_COUNT 40
extern const struct option config_options[CONFIG_OPTION_COUNT];

/* A configuration of defaults alone, relative paths against DIRECTORY, without profiles. */
struct config *config_new(const char *directory);
/* Appends a profile of rules alone for each service of the catalogue. */
void config_add_builtin(struct config *config);
/* Takes the profiles' rules over into the rulebook, which points into CONFIG. */
void config_fill_rulebook(struct config *config);

/*
 * What no row of a table can say: the checks of one value against another, over the main file FILE
 * and the profiles. Permanent error naming both.
 */
bool must_check config_check(
	const struct option_file *file, const struct config *config, struct error *error);

#endif
