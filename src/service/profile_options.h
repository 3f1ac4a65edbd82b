#ifndef SERVICE_PROFILE_OPTIONS_H
#define SERVICE_PROFILE_OPTIONS_H

#include "service/options.h"

/* The tables of a profile file; targets are struct profile and the structs that it is made of. */
#define PROFILE_OPTION_COUNT 41
#define PROFILE_PART_OPTION_COUNT 3
#define PROFILE_STEP_OPTION_COUNT 10
#define PROFILE_ANSWER_OPTION_COUNT 4
#define PROFILE_FOLLOW_OPTION_COUNT 10
#define PROFILE_READ_BACK_OPTION_COUNT 4
extern const struct option profile_options[PROFILE_OPTION_COUNT];
extern const struct option profile_part_options[PROFILE_PART_OPTION_COUNT];
extern const struct option profile_step_options[PROFILE_STEP_OPTION_COUNT];
extern const struct option profile_answer_options[PROFILE_ANSWER_OPTION_COUNT];
extern const struct option profile_follow_options[PROFILE_FOLLOW_OPTION_COUNT];
extern const struct option profile_read_back_options[PROFILE_READ_BACK_OPTION_COUNT];

/*
 * So many first rows of profile_options are addresses, secrets and limits, which the main
 * configuration's `site` sections take too.
 */
#define PROFILE_SITE_OPTION_COUNT 24

/* An https URL of a host with or without port and base path, and no more than that. */
option_check profile_check_endpoint;

#endif
