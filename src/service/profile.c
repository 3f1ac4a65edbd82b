#include "service/profile.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/text.h"
#include "service/options.h"
#include "service/profile_options.h"
#include "service/template.h"

#define SUFFIX ".conf"
#define ID_MAX 64

void profile_init(struct profile *profile, const struct service_rules *rules)
{
	*profile = (struct profile){.rules = *rules};
	profile->rules.id = xstrdup(rules->id);
	profile->rules.name = xstrdup(rules->name);
	options_defaults(profile_options, PROFILE_OPTION_COUNT, ".", profile);
}

void profile_clear(struct profile *profile)
{
	size_t i;

	free(profile->path);
	free(profile->rules.id);
	free(profile->rules.name);
	free(profile->endpoint);
	free(profile->install_method);
	free(profile->install_path);
	for (i = 0; i < profile->part_count; i++) {
		free(profile->parts[i].name);
		free(profile->parts[i].content);
		free(profile->parts[i].filename);
		free(profile->parts[i].content_type);
	}
	free(profile->parts);
	for (i = 0; i < profile->header_count; i++) {
		free(profile->headers[i].name);
		free(profile->headers[i].value);
	}
	free(profile->headers);
	free(profile->token_file);
	free(profile->ca_file);
	free(profile->client_certificate);
	free(profile->client_key);
	free(profile->edge);
	*profile = (struct profile){0};
}

bool profile_needs_pkcs12(const struct profile *profile)
{
	return profile->body_form == BODY_PKCS12_JSON;
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

static void *open_part(void *target, const char *title, char why[OPTION_WHY_MAX])
{
	struct profile *profile = target;
	struct profile_part *part;

	if (*title == '\0' || !text_is_clean(title, strlen(title)) ||
		strpbrk(title, "\"\\") != NULL) {
		snprintf(why, OPTION_WHY_MAX,
			"a part's name is plain text without quotes; write part certificate { … }");
		return NULL;
	}
	profile->parts =
		xreallocarray(profile->parts, profile->part_count + 1, sizeof(*profile->parts));
	part = &profile->parts[profile->part_count++];
	*part = (struct profile_part){.name = xstrdup(title)};
	return part;
}

static const struct option_section part_section = {
	.name = "part",
	.options = profile_part_options,
	.option_count = PROFILE_PART_OPTION_COUNT,
	.open = open_part,
};

static bool check_part(const struct option_file *file, const struct profile *profile,
	const struct profile_part *part, struct error *error)
{
	if (part->content == NULL)
		return options_error(file, part->name, "", error,
			"has no content; write content = \"{leaf}\", say");
	if (profile->body_form != BODY_PKCS12_JSON &&
		(template_uses(part->content, PLACEHOLDER_PKCS12) ||
			template_uses(part->content, PLACEHOLDER_PASSPHRASE)))
		return options_error(file, part->name, "content", error,
			"{pkcs12} and {passphrase} are of body = \"pkcs12-json\" alone");
	if (profile->body_form != BODY_MULTIPART &&
		(part->filename != NULL || part->content_type != NULL))
		return options_error(file, part->name, part->filename != NULL ? "filename" : "type",
			error, "is of body = \"multipart\" alone; take it out");
	return true;
}

static bool check_request(
	const struct option_file *file, const struct profile *profile, struct error *error)
{
	size_t i;

	if (profile->success_count == 0 || profile->success_count > PROFILE_STATUSES_MAX)
		return options_error(file, NULL, "success", error, "write 1 to %d statuses",
			PROFILE_STATUSES_MAX);
	if (profile->install_path == NULL)
		return true;
	if (profile->body_form == BODY_PEM_BUNDLE && profile->part_count > 0)
		return options_error(file, profile->parts[0].name, "", error,
			"body = \"pem-bundle\" has no parts; take it out");
	if (profile->body_form != BODY_PEM_BUNDLE && profile->part_count == 0)
		return options_error(file, NULL, "body", error,
			"this form is made of parts; write part sections");
	for (i = 0; i < profile->part_count; i++) {
		if (!check_part(file, profile, &profile->parts[i], error))
			return false;
	}
	return true;
}

bool profile_read(const char *path, const struct service_rules *builtin, struct profile *profile,
	struct error *error)
{
	struct option_file file = {.path = path,
		.options = profile_options,
		.option_count = PROFILE_OPTION_COUNT,
		.section = &part_section};
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
	       options_sections(&file, profile, error) && check_request(&file, profile, error);
	options_close(&file);
	if (!done)
		profile_clear(profile);
	return done;
}
