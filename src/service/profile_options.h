#ifndef SERVICE_PROFILE_OPTIONS_H
#define SERVICE_PROFILE_OPTIONS_H

#include "service/options.h"

/* The tables of a profile file; targets are struct profile and struct profile_part. */
#define PROFILE_OPTION_COUNT 26
#define PROFILE_PART_OPTION_COUNT 3
extern const struct option profile_options[PROFILE_OPTION_COUNT];
extern const struct option profile_part_options[PROFILE_PART_OPTION_COUNT];

/*
 * So many first rows of profile_options are addresses, secrets and limits, which the main
 * configuration's `site` sections take too.
 */
#define PROFILE_SITE_OPTION_COUNT 15

#endif
