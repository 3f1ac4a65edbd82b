#include "service/options.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "service/options_private.h"

char *options_place(const char *outer, const struct option_section *kind, const cfg_t *section)
{
	return xasprintf("%s%s%s%s%s", outer != NULL ? outer : "", outer != NULL ? ": " : "",
		kind->name, kind->untitled ? "" : " ", kind->untitled ? "" : section->title);
}

static const struct option_line *find_line(
	const struct option_file *file, const char *place, const char *name)
{
	size_t i;

	for (i = 0; i < file->line_count; i++) {
		const struct option_line *line = &file->lines[i];

		if (strcmp(line->name, name) == 0 &&
			(place == NULL ? line->place == NULL
				       : line->place != NULL && strcmp(line->place, place) == 0))
			return line;
	}
	return NULL;
}

static bool apply_table(const struct option_file *file, cfg_t *cfg, const char *place,
	const struct option *options, size_t count, void *target, struct error *error)
{
	char why[OPTION_WHY_MAX];
	size_t i;

	for (i = 0; i < count; i++) {
		const struct option *option = &options[i];
		cfg_opt_t *opt = cfg_getopt(cfg, option->name);
		unsigned int j;

		/* Also set for an empty list, of which on_value hears nothing. */
		if ((opt->flags & CFGF_MODIFIED) == 0)
			continue;
		if (option->list)
			option->store(target, NULL);
		for (j = 0; j < cfg_opt_size(opt); j++) {
			if (!option_set(
				    option, cfg_opt_getnstr(opt, j), file->directory, target, why))
				return options_error(file, place, option->name, error, "%s", why);
		}
	}
	return true;
}

bool options_apply(const struct option_file *file, void *target, struct error *error)
{
	return apply_table(
		file, file->parsed, NULL, file->options, file->option_count, target, error);
}

static bool apply_sections(const struct option_file *file, cfg_t *cfg, const char *outer,
	const struct option_section *kinds, size_t kind_count, void *target, struct error *error);

static bool apply_section(const struct option_file *file, cfg_t *section, const char *place,
	const struct option_section *kind, void *target, struct error *error)
{
	char why[OPTION_WHY_MAX] = "";
	void *inner = kind->open(target, kind->untitled ? NULL : section->title, why);

	if (inner == NULL)
		return options_error(file, place, "", error, "%s", why);
	return apply_table(file, section, place, kind->options, kind->option_count, inner, error) &&
	       apply_sections(
		       file, section, place, kind->sections, kind->section_count, inner, error);
}

static bool apply_sections(const struct option_file *file, cfg_t *cfg, const char *outer,
	const struct option_section *kinds, size_t kind_count, void *target, struct error *error)
{
	bool done = true;
	unsigned int j;
	size_t i;

	for (i = 0; i < kind_count; i++) {
		cfg_opt_t *opt = cfg_getopt(cfg, kinds[i].name);

		for (j = 0; done && j < cfg_opt_size(opt); j++) {
			cfg_t *section = cfg_opt_getnsec(opt, j);
			char *place = options_place(outer, &kinds[i], section);

			done = apply_section(file, section, place, &kinds[i], target, error);
			free(place);
		}
	}
	return done;
}

bool options_sections(const struct option_file *file, void *target, struct error *error)
{
	return apply_sections(
		file, file->parsed, NULL, file->sections, file->section_count, target, error);
}

bool options_given(const struct option_file *file, const char *place, const char *name)
{
	return find_line(file, place, name) != NULL;
}

int options_line(const struct option_file *file, const char *place, const char *name)
{
	const struct option_line *line = find_line(file, place, name);

	return line != NULL ? line->line : 0;
}

bool options_error(const struct option_file *file, const char *place, const char *name,
	struct error *error, const char *format, ...)
{
	const struct option_line *line = find_line(file, place, name);
	char text[ERROR_TEXT_MAX], where[16] = "";
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	if (line != NULL)
		snprintf(where, sizeof(where), ":%d", line->line);
	return error_set(error, ERROR_PERMANENT, "%s%s: %s%s%s: %s", file->path, where,
		place != NULL ? place : "", place != NULL && *name != '\0' ? ": " : "", name, text);
}
