#ifndef SERVICE_PROFILE_PRIVATE_H
#define SERVICE_PROFILE_PRIVATE_H

#include "service/options.h"
#include "service/profile.h"

/* The sections of a profile file. */
#define PROFILE_SECTION_COUNT 5
extern const struct option_section profile_sections[PROFILE_SECTION_COUNT];

void profile_step_clear(struct profile_step *step);
void profile_step_clear_parts(struct profile_step *step);
/* A step that says nothing yet: what the top-level keys say. */
void profile_step_inherit(struct profile_step *step, const struct profile_step *from);

/*
 * Makes the steps of what was read, and checks what no row of a table can say. Permanent error
 * naming file, line and key.
 */
bool must_check profile_settle(
	const struct option_file *file, struct profile *profile, struct error *error);
/* The check of one step (PLACE: NULL for that of the top-level keys), which is made whole by it. */
bool must_check profile_settle_step(const struct option_file *file, const char *place,
	struct profile_step *step, struct error *error);

/* True when STATUS is among COUNT of STATUSES. */
bool profile_has_status(const int *statuses, size_t count, int status);

#endif
