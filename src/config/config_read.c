#include "config/config.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/file.h"
#include "config/config_private.h"
#include "service/profile_options.h"

#define HOLIDAYS_FILE_MAX ((size_t)1024 * 1024)
#define PROFILES_MAX 256

static struct profile *find_profile(struct config *config, const char *id)
{
	size_t i;

	for (i = 0; i < config->profile_count; i++) {
		if (strcmp(config->profiles[i].rules.id, id) == 0)
			return &config->profiles[i];
	}
	return NULL;
}

static void *open_site(void *target, const char *title, char why[OPTION_WHY_MAX])
{
	struct config *config = target;
	struct profile *profile = find_profile(config, title);
	size_t used, i;

	if (profile != NULL)
		return profile;
	used = (size_t)snprintf(why, OPTION_WHY_MAX,
		"no profile describes this service; write one, or one of these ids:");
	for (i = 0; i < config->profile_count && used < OPTION_WHY_MAX; i++)
		used += (size_t)snprintf(
			why + used, OPTION_WHY_MAX - used, " %s", config->profiles[i].rules.id);
	return NULL;
}

static const struct option_section site_section = {
	.name = "site",
	.options = profile_options,
	.option_count = PROFILE_SITE_OPTION_COUNT,
	.open = open_site,
};

static bool read_holidays(struct config *config, struct error *error)
{
	struct buffer text = {0};
	bool done;

	if (config->holidays_csv == NULL)
		return true;
	done = file_read(config->holidays_csv, HOLIDAYS_FILE_MAX, &text, error) &&
	       holidays_read_csv(
		       config->holidays, config->holidays_csv, text.data, text.length, error);
	buffer_free(&text);
	return done;
}

static int is_profile_name(const struct dirent *entry)
{
	size_t length = strlen(entry->d_name);

	return entry->d_name[0] != '.' && length > 5 &&
	       strcmp(entry->d_name + length - 5, ".conf") == 0;
}

/* By bytes, whatever the locale. */
static int compare_names(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

/* The profile of the file NAME, in the place of the built-in rules of its id or behind all. */
static bool read_profile(struct config *config, const char *name, struct error *error)
{
	char *path = path_resolve(config->services_directory, name);
	char *id = xstrndup(name, strlen(name) - 5);
	struct profile *place = find_profile(config, id), profile;
	/* A service that nobody foresaw: due on the next business day unless its file says more. */
	struct service_rules rules = {.id = id,
		.name = id,
		.business_days = 1,
		.opening_minute = config->opening_minute,
		.bring_in = BRING_IN_OPTIONAL};
	bool done = profile_read(path, place != NULL ? &place->rules : &rules, &profile, error);

	free(path);
	free(id);
	if (!done)
		return false;
	if (place == NULL) {
		config->profiles = xreallocarray(
			config->profiles, config->profile_count + 1, sizeof(*config->profiles));
		place = &config->profiles[config->profile_count++];
	} else {
		profile_clear(place);
	}
	*place = profile;
	return true;
}

static bool read_profiles(
	const struct option_file *file, struct config *config, struct error *error)
{
	struct dirent **names = NULL;
	int count = scandir(config->services_directory, &names, is_profile_name, compare_names);
	bool done = true;
	int i;

	if (count < 0 && errno == ENOENT && !options_given(file, NULL, "services-dir"))
		return true;
	if (count < 0)
		return options_error(file, NULL, "services-dir", error,
			"%s cannot be read: %s; name the directory of the service profiles",
			config->services_directory, strerror(errno));
	if (count > PROFILES_MAX)
		done = options_error(file, NULL, "services-dir", error,
			"%s holds more than %d profiles; name the directory of the service "
			"profiles",
			config->services_directory, PROFILES_MAX);
	for (i = 0; i < count; i++) {
		done = done && read_profile(config, names[i]->d_name, error);
		free(names[i]);
	}
	free(names);
	return done;
}

static bool read_all(const struct option_file *file, struct config *config, struct error *error)
{
	if (!options_apply(file, config, error) || !read_holidays(config, error))
		return false;
	config_add_builtin(config);
	return read_profiles(file, config, error) && options_sections(file, config, error) &&
	       config_check(file, config, error);
}

bool config_read(const char *path, struct config **config, struct error *error)
{
	struct option_file file = {.path = path,
		.options = config_options,
		.option_count = CONFIG_OPTION_COUNT,
		.sections = &site_section,
		.section_count = 1};
	struct config *made = NULL;

	if (options_open(&file, error)) {
		made = config_new(file.directory);
		made->path = xstrdup(path);
		if (read_all(&file, made, error)) {
			made->admin_group_line = options_line(&file, NULL, "admin-group");
			made->admin_change_group_line =
				options_line(&file, NULL, "admin-change-group");
			config_fill_rulebook(made);
		} else {
			config_free(made);
			made = NULL;
		}
	}
	options_close(&file);
	if (made != NULL)
		*config = made;
	return made != NULL;
}
