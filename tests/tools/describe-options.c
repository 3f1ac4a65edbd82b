#include <stdio.h>
#include <stdlib.h>

#include "base/buffer.h"
#include "config/config_private.h"
#include "service/profile_options.h"

/*
 * Prints what the option tables say, a section's heading in brackets and then its rows: the
 * manual's pages are held against it.
 */
static void describe(const char *heading, const struct option *options, size_t count)
{
	struct buffer rows = {0};
	char *text;

	options_describe(options, count, &rows);
	text = buffer_steal_text(&rows);
	printf("[%s]\n%s", heading, text);
	free(text);
}

int main(void)
{
	describe("main", config_options, CONFIG_OPTION_COUNT);
	describe("site", profile_options, PROFILE_SITE_OPTION_COUNT);
	describe("profile", profile_options + PROFILE_SITE_OPTION_COUNT,
		PROFILE_OPTION_COUNT - PROFILE_SITE_OPTION_COUNT);
	describe("part", profile_part_options, PROFILE_PART_OPTION_COUNT);
	describe("step", profile_step_options, PROFILE_STEP_OPTION_COUNT);
	describe("answer", profile_answer_options, PROFILE_ANSWER_OPTION_COUNT);
	describe("follow", profile_follow_options, PROFILE_FOLLOW_OPTION_COUNT);
	describe("read-back", profile_read_back_options, PROFILE_READ_BACK_OPTION_COUNT);
	return EXIT_SUCCESS;
}
