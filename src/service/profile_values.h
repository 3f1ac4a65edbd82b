#ifndef SERVICE_PROFILE_VALUES_H
#define SERVICE_PROFILE_VALUES_H

#include <stdbool.h>
#include <stddef.h>

#include "service/options.h"

/* What the tables of a profile's keys share: words, checks (option_check) and ways to store. */

extern const char *const profile_methods[];
extern const char *const profile_body_forms[];
extern const char *const profile_escapes[];

option_check profile_check_path;
option_check profile_check_content;
option_check profile_check_template;
option_check profile_check_type;
option_check profile_check_quotable;
option_check profile_check_pointer;
option_check profile_check_regex;
option_check profile_check_success; /* 200 to 299 */
option_check profile_check_status;  /* 200 to 599 */

/*
 * Adds VALUE to a list of statuses, which NULL empties. COUNT goes on past PROFILE_STATUSES_MAX,
 * for the reader to see.
 */
void profile_add_status(int *statuses, size_t *count, const char *value);
/* The same for texts, as many as there are. */
void profile_add_text(char ***texts, size_t *count, const char *value);

#endif
