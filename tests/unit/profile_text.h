#ifndef TESTS_UNIT_PROFILE_TEXT_H
#define TESTS_UNIT_PROFILE_TEXT_H

#include "service/profile.h"

/* Profiles from text, by a file in a scratch directory that goes with the test. */
int profile_text_setup(void **state);
int profile_text_teardown(void **state);
/* Reads TEXT as NAME.conf; the file is gone again after it. */
bool profile_text_read(
	const char *name, const char *text, struct profile *profile, struct error *error);
/* The same, and the test fails when it is refused. */
void profile_text_take(const char *text, struct profile *profile);

#endif
