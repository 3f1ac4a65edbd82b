#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/text.h"
#include "service/profile_options.h"
#include "service/profile_private.h"
#include "service/profile_values.h"

#define SECOND INT64_C(1000)
#define MINUTE (60 * SECOND)
#define HOUR (60 * MINUTE)

/* In the order of enum judgement_kind. */
static const char *const meanings[] = {"done", "temporary", "permanent", NULL};
static const char *const read_back_forms[] = {[READ_BACK_AS_SHA256] = "sha256",
	[READ_BACK_AS_PEM] = "pem",
	[READ_BACK_AS_PEM_CHAIN] = "pem-chain",
	NULL};

static void store_success(void *target, const char *value)
{
	struct profile_step *step = target;

	profile_add_status(step->success, &step->success_count, value);
}

static void store_accepted(void *target, const char *value)
{
	struct profile_step *step = target;

	profile_add_status(step->accepted, &step->accepted_count, value);
}

static void store_on(void *target, const char *value)
{
	struct profile_step *step = target;

	profile_add_status(step->on, &step->on_count, value);
}

static void store_rule_status(void *target, const char *value)
{
	struct profile_answer_rule *rule = target;

	profile_add_status(rule->statuses, &rule->status_count, value);
}

static void store_regex(void *target, const char *value)
{
	struct profile_answer_rule *rule = target;

	/* It was compiled once already, to be checked. */
	if (regcomp(&rule->regex, value, REG_EXTENDED | REG_NOSUB) != 0)
		abort();
	rule->matches = xstrdup(value);
}

static void store_done(void *target, const char *value)
{
	struct profile_follow *follow = target;

	profile_add_text(&follow->done, &follow->done_count, value);
}

static void store_pending(void *target, const char *value)
{
	struct profile_follow *follow = target;

	profile_add_text(&follow->pending, &follow->pending_count, value);
}

static void store_failed(void *target, const char *value)
{
	struct profile_follow *follow = target;

	profile_add_text(&follow->failed, &follow->failed_count, value);
}

static void store_absent(void *target, const char *value)
{
	struct profile_read_back *read_back = target;

	profile_add_status(read_back->absent, &read_back->absent_count, value);
}

#define AT(member) .offset = offsetof(struct profile_part, member)

const struct option profile_part_options[PROFILE_PART_OPTION_COUNT] = {
	{"content", OPTION_TEXT, AT(content), .check = profile_check_content, .minimum = 1,
		.about = "What it holds: {leaf}, {chain}, {leaf+chain}, {key}, {bundle} (key, "
			 "leaf, chain), {fqdn}, {code}, {group}, {fingerprint}, {pkcs12} (base64), "
			 "{passphrase}."},
	{"filename", OPTION_TEXT, AT(filename), .check = profile_check_quotable, .minimum = 1,
		.about = "Makes a multipart part a file."},
	{"type", OPTION_TEXT, AT(content_type), .check = profile_check_quotable, .minimum = 1,
		.about = "A multipart part's own content type."},
};

#undef AT
#define AT(member) .offset = offsetof(struct profile_step, member)

const struct option profile_step_options[PROFILE_STEP_OPTION_COUNT] = {
	{"method", OPTION_TEXT, AT(method), .choices = profile_methods,
		.about = "As at the top of the file, whose keys serve where the step is silent."},
	{"path", OPTION_TEXT, AT(path), .check = profile_check_path, .minimum = 1,
		.about = "Likewise."},
	{"body", OPTION_CHOICE, AT(body_form), .choices = profile_body_forms,
		.about = "Likewise; a step's own part sections take the place of the file's."},
	{"template", OPTION_TEXT, AT(template_text), .check = profile_check_template, .minimum = 1,
		.confidential = true, .multiline = true, .about = "Likewise."},
	{"template-type", OPTION_TEXT, AT(template_type), .check = profile_check_type, .minimum = 1,
		.about = "Likewise."},
	{"escape", OPTION_CHOICE, AT(escape), .choices = profile_escapes, .about = "Likewise."},
	{"success", OPTION_TEXT, .list = true, .check = profile_check_success,
		.store = store_success, .about = "Likewise."},
	{"accepted", OPTION_TEXT, .list = true, .check = profile_check_success,
		.store = store_accepted, .about = "Likewise."},
	{"on", OPTION_TEXT, .list = true, .check = profile_check_status, .store = store_on,
		.about = "On these statuses the step that then names is tried."},
	{"then", OPTION_TEXT, AT(then), .minimum = 1, .about = "The name of a later step."},
};

#undef AT
#define AT(member) .offset = offsetof(struct profile_answer_rule, member)

const struct option profile_answer_options[PROFILE_ANSWER_OPTION_COUNT] = {
	{"status", OPTION_TEXT, .list = true, .check = profile_check_status,
		.store = store_rule_status,
		.about = "Of answers with one of these statuses; of any without it."},
	{"member", OPTION_TEXT, AT(member), .check = profile_check_pointer,
		.about = "The member of the JSON answer that is looked at, as a JSON pointer; \"\" "
			 "is the whole value. Without it the body as it came."},
	{"matches", OPTION_TEXT, .check = profile_check_regex, .store = store_regex, .minimum = 1,
		.about = "A POSIX extended regular expression, of which some part matches."},
	{"means", OPTION_CHOICE, AT(means), .choices = meanings,
		.about = "What the answer then means."},
};

#undef AT
#define AT(member) .offset = offsetof(struct profile_follow, member)

const struct option profile_follow_options[PROFILE_FOLLOW_OPTION_COUNT] = {
	{"path", OPTION_TEXT, AT(path), .check = profile_check_path, .minimum = 1,
		.about = "What is asked, by GET. Without it, where the answer's Location said."},
	{"member", OPTION_TEXT, AT(member), .check = profile_check_pointer,
		.about = "The member that tells the state, as a JSON pointer. Without it the "
			 "status does: 202 pending, else done."},
	{"done", OPTION_TEXT, .list = true, .store = store_done, .minimum = 1,
		.about = "States that mean done."},
	{"pending", OPTION_TEXT, .list = true, .store = store_pending, .minimum = 1,
		.about = "States that mean not yet; without them, all other states do."},
	{"failed", OPTION_TEXT, .list = true, .store = store_failed, .minimum = 1,
		.about = "States that mean failed for good."},
	{"reason", OPTION_TEXT, AT(reason_member), .check = profile_check_pointer,
		.about = "The member that says why, as a JSON pointer."},
	{"interval", OPTION_DURATION, AT(interval_ms), "2s", 10, HOUR,
		.about = "Between two questions, where no Retry-After says."},
	{"interval-floor", OPTION_DURATION, AT(interval_floor_ms), "500ms", 10, HOUR,
		.about = "A shorter Retry-After counts as this."},
	{"interval-ceiling", OPTION_DURATION, AT(interval_ceiling_ms), "5m", 10, 24 * HOUR,
		.about = "A longer one as this."},
	{"timeout", OPTION_DURATION, AT(timeout_ms), "1h", SECOND, 168 * HOUR,
		.about = "What is not over by then failed, and is tried again."},
};

#undef AT
#define AT(member) .offset = offsetof(struct profile_read_back, member)

const struct option profile_read_back_options[PROFILE_READ_BACK_OPTION_COUNT] = {
	{"path", OPTION_TEXT, AT(path), .check = profile_check_path, .minimum = 1,
		.about = "What is asked, by GET, for the certificate that is installed."},
	{"member", OPTION_TEXT, AT(member), .check = profile_check_pointer,
		.about = "The member of the JSON answer that tells it, as a JSON pointer; \"\" is "
			 "the whole value. Without it the body as it came."},
	{"as", OPTION_CHOICE, AT(as), "sha256", .choices = read_back_forms,
		.about = "What stands there: the fingerprint, the certificate, or the certificate "
			 "with its chain."},
	{"absent", OPTION_TEXT, .list = true, .check = profile_check_status, .store = store_absent,
		.fallback = "404", .about = "The statuses that mean that none is installed."},
};

#undef AT

static bool is_name(const char *title, char why[OPTION_WHY_MAX])
{
	if (*title != '\0' && text_is_clean(title, strlen(title)) && strpbrk(title, "\"\\") == NULL)
		return true;
	snprintf(why, OPTION_WHY_MAX,
		"a part's name is plain text without quotes; write part certificate { … }");
	return false;
}

static struct profile_part *add_part(struct profile_step *step, const char *title)
{
	struct profile_part *part;

	step->parts = xreallocarray(step->parts, step->part_count + 1, sizeof(*step->parts));
	part = &step->parts[step->part_count++];
	*part = (struct profile_part){.name = xstrdup(title)};
	return part;
}

static void *open_part(void *target, const char *title, char why[OPTION_WHY_MAX])
{
	struct profile *profile = target;

	return is_name(title, why) ? add_part(&profile->request, title) : NULL;
}

static void *open_step_part(void *target, const char *title, char why[OPTION_WHY_MAX])
{
	struct profile_step *step = target;

	if (!is_name(title, why))
		return NULL;
	if (step->parts_inherited)
		profile_step_clear_parts(step);
	return add_part(step, title);
}

static void *open_step(void *target, const char *title, char why[OPTION_WHY_MAX])
{
	struct profile *profile = target;
	struct profile_step *step;

	if (profile->step_count == PROFILE_STEPS_MAX) {
		snprintf(why, OPTION_WHY_MAX, "is more than %d steps; write fewer",
			PROFILE_STEPS_MAX);
		return NULL;
	}
	profile->steps =
		xreallocarray(profile->steps, profile->step_count + 1, sizeof(*profile->steps));
	step = &profile->steps[profile->step_count++];
	profile_step_inherit(step, &profile->request);
	step->name = xstrdup(title);
	return step;
}

static void *open_answer(void *target, const char *title, char why[OPTION_WHY_MAX])
{
	struct profile *profile = target;
	struct profile_answer_rule *rule;

	if (profile->answer_count == PROFILE_ANSWER_RULES_MAX) {
		snprintf(why, OPTION_WHY_MAX, "is more than %d rules; write fewer",
			PROFILE_ANSWER_RULES_MAX);
		return NULL;
	}
	profile->answers = xreallocarray(
		profile->answers, profile->answer_count + 1, sizeof(*profile->answers));
	rule = &profile->answers[profile->answer_count++];
	*rule = (struct profile_answer_rule){.name = xstrdup(title)};
	return rule;
}

static void *open_follow(void *target, const char *title, char why[OPTION_WHY_MAX])
{
	struct profile *profile = target;

	(void)title;
	(void)why;
	profile->follow.used = true;
	options_defaults(
		profile_follow_options, PROFILE_FOLLOW_OPTION_COUNT, ".", &profile->follow);
	return &profile->follow;
}

static void *open_read_back(void *target, const char *title, char why[OPTION_WHY_MAX])
{
	struct profile *profile = target;

	(void)title;
	if (profile->read_back.kind == READ_BACK_EDGE) {
		snprintf(why, OPTION_WHY_MAX,
			"stands beside read-back-edge = true; keep one of the two");
		return NULL;
	}
	profile->read_back.kind = READ_BACK_REQUEST;
	options_defaults(profile_read_back_options, PROFILE_READ_BACK_OPTION_COUNT, ".",
		&profile->read_back);
	return &profile->read_back;
}

static const struct option_section step_part_section = {
	.name = "part",
	.options = profile_part_options,
	.option_count = PROFILE_PART_OPTION_COUNT,
	.open = open_step_part,
};

const struct option_section profile_sections[PROFILE_SECTION_COUNT] = {
	{.name = "part",
		.options = profile_part_options,
		.option_count = PROFILE_PART_OPTION_COUNT,
		.open = open_part},
	{.name = "step",
		.options = profile_step_options,
		.option_count = PROFILE_STEP_OPTION_COUNT,
		.sections = &step_part_section,
		.section_count = 1,
		.open = open_step},
	{.name = "answer",
		.options = profile_answer_options,
		.option_count = PROFILE_ANSWER_OPTION_COUNT,
		.open = open_answer},
	{.name = "follow",
		.untitled = true,
		.options = profile_follow_options,
		.option_count = PROFILE_FOLLOW_OPTION_COUNT,
		.open = open_follow},
	{.name = "read-back",
		.untitled = true,
		.options = profile_read_back_options,
		.option_count = PROFILE_READ_BACK_OPTION_COUNT,
		.open = open_read_back},
};
