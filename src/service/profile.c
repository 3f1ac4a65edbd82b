#include "service/profile.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "service/options.h"
#include "service/profile_options.h"
#include "service/profile_private.h"
#include "service/template.h"

#define SUFFIX ".conf"
#define ID_MAX 64

void profile_init(struct profile *profile, const struct service_rules *rules)
{
	*profile = (struct profile){
		.rules = *rules, .install_from_minute = -1, .install_until_minute = -1};
	profile->rules.id = xstrdup(rules->id);
	profile->rules.name = xstrdup(rules->name);
	options_defaults(profile_options, PROFILE_OPTION_COUNT, ".", profile);
}

static void free_texts(char **texts, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++)
		free(texts[i]);
	free(texts);
}

void profile_step_clear_parts(struct profile_step *step)
{
	size_t i;

	for (i = 0; i < step->part_count; i++) {
		free(step->parts[i].name);
		free(step->parts[i].content);
		free(step->parts[i].filename);
		free(step->parts[i].content_type);
	}
	free(step->parts);
	step->parts = NULL;
	step->part_count = 0;
	step->parts_inherited = false;
}

void profile_step_clear(struct profile_step *step)
{
	profile_step_clear_parts(step);
	free(step->name);
	free(step->method);
	free(step->path);
	free_wiped_text(step->template_text);
	free(step->template_type);
	free(step->then);
	*step = (struct profile_step){0};
}

void profile_step_inherit(struct profile_step *step, const struct profile_step *from)
{
	size_t i;

	*step = *from;
	step->name = xstrdup_or_null(from->name);
	step->method = xstrdup_or_null(from->method);
	step->path = xstrdup_or_null(from->path);
	step->template_text = xstrdup_or_null(from->template_text);
	step->template_type = xstrdup_or_null(from->template_type);
	step->then = xstrdup_or_null(from->then);
	step->parts = from->part_count > 0 ? xcalloc(from->part_count, sizeof(*step->parts)) : NULL;
	step->parts_inherited = true;
	for (i = 0; i < from->part_count; i++)
		step->parts[i] = (struct profile_part){
			.name = xstrdup(from->parts[i].name),
			.content = xstrdup_or_null(from->parts[i].content),
			.filename = xstrdup_or_null(from->parts[i].filename),
			.content_type = xstrdup_or_null(from->parts[i].content_type),
		};
}

static void clear_answers(struct profile *profile)
{
	size_t i;

	for (i = 0; i < profile->answer_count; i++) {
		struct profile_answer_rule *rule = &profile->answers[i];

		if (rule->matches != NULL)
			regfree(&rule->regex);
		free(rule->matches);
		free(rule->member);
		free(rule->name);
	}
	free(profile->answers);
}

static void clear_follow(struct profile_follow *follow)
{
	free(follow->path);
	free(follow->member);
	free(follow->reason_member);
	free_texts(follow->done, follow->done_count);
	free_texts(follow->pending, follow->pending_count);
	free_texts(follow->failed, follow->failed_count);
}

void profile_clear(struct profile *profile)
{
	size_t i;

	free(profile->path);
	free(profile->rules.id);
	free(profile->rules.name);
	free(profile->endpoint);
	profile_step_clear(&profile->request);
	for (i = 0; i < profile->step_count; i++)
		profile_step_clear(&profile->steps[i]);
	free(profile->steps);
	clear_answers(profile);
	clear_follow(&profile->follow);
	free(profile->read_back.path);
	free(profile->read_back.member);
	for (i = 0; i < profile->header_count; i++) {
		free(profile->headers[i].name);
		free(profile->headers[i].value);
	}
	free(profile->headers);
	free(profile->token_file);
	free(profile->ca_file);
	free(profile->client_certificate);
	free(profile->client_key);
	free_texts(profile->edges, profile->edge_count);
	*profile = (struct profile){0};
}

bool profile_needs_pkcs12(const struct profile *profile)
{
	size_t i;

	for (i = 0; i < profile->step_count; i++) {
		const struct profile_step *step = &profile->steps[i];

		if (step->body_form == BODY_PKCS12_JSON ||
			(step->body_form == BODY_TEMPLATE &&
				(template_uses(step->template_text, PLACEHOLDER_PKCS12) ||
					template_uses(
						step->template_text, PLACEHOLDER_PASSPHRASE))))
			return true;
	}
	return false;
}

/* The id that the file's name gives; false when it gives none. */
static bool id_from_path(const char *path, char id[ID_MAX])
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyz0123456789-";
	const char *slash = strrchr(path, '/'), *name = slash != NULL ? slash + 1 : path;
	size_t length = strspn(name, allowed);

	if (length == 0 || length >= ID_MAX || strcmp(name + length, SUFFIX) != 0)
		return false;
	memcpy(id, name, length);
	id[length] = '\0';
	return strcmp(id, SERVICE_OTHER) != 0;
}

bool profile_read(const char *path, const struct service_rules *builtin, struct profile *profile,
	struct error *error)
{
	struct option_file file = {.path = path,
		.options = profile_options,
		.option_count = PROFILE_OPTION_COUNT,
		.sections = profile_sections,
		.section_count = PROFILE_SECTION_COUNT};
	char id[ID_MAX];
	struct service_rules rules = {
		.business_days = 1, .opening_minute = 540, .bring_in = BRING_IN_OPTIONAL};
	bool done;

	*profile = (struct profile){0};
	if (!id_from_path(path, id))
		return error_set(error, ERROR_PERMANENT,
			"%s: the file's name gives the service's id; name it ID%s, of a-z, 0-9 and "
			"-, shorter than %d, and not %s",
			path, SUFFIX, ID_MAX, SERVICE_OTHER);
	if (builtin != NULL)
		rules = *builtin;
	rules.id = id;
	if (rules.name == NULL)
		rules.name = id;
	profile_init(profile, &rules);
	profile->path = xstrdup(path);
	done = options_open(&file, error) && options_apply(&file, profile, error) &&
	       options_sections(&file, profile, error) && profile_settle(&file, profile, error);
	options_close(&file);
	if (!done)
		profile_clear(profile);
	return done;
}
