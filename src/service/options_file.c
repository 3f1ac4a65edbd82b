#include "service/options.h"

#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <confuse.h>

#include "base/alloc.h"
#include "base/file.h"

/*
 * libconfuse takes the end of the file for the end of a section or comment: a key of the body is
 * put behind the text, which is unknown inside a section and unseen inside a comment, so that a
 * file that was cut off is noticed.
 */
#define END_KEY "end-of-configuration"

/* Where a key stood; the name "" stands for the section itself. */
struct option_line {
	const char *name; /* of the table */
	char *title;	  /* NULL: in the body */
	int line;
};

/*
 * What is being read: libconfuse's callbacks carry no argument of ours, and its lexer is a global
 * anyway.
 */
static struct {
	struct option_file *file;
	struct error *error;
	bool failed;
} reading;

__attribute__((format(printf, 2, 3))) static void fail_at(int line, const char *format, ...)
{
	char text[ERROR_TEXT_MAX];
	va_list arguments;

	if (reading.failed)
		return;
	reading.failed = true;
	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	error_set(reading.error, ERROR_PERMANENT, "%s:%d: %s", reading.file->path, line, text);
}

static void table_of(const cfg_t *cfg, const struct option **options, size_t *count)
{
	const struct option_file *file = reading.file;
	bool inside = cfg->title != NULL && file->section != NULL;

	*options = inside ? file->section->options : file->options;
	*count = inside ? file->section->option_count : file->option_count;
}

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Levenshtein's distance; names longer than the row count as far away. */
static size_t edit_distance(const char *a, const char *b)
{
	size_t row[64], length = strlen(b), i, j;

	if (length >= ARRAY_LENGTH(row))
		return SIZE_MAX;
	for (j = 0; j <= length; j++)
		row[j] = j;
	for (i = 1; a[i - 1] != '\0'; i++) {
		size_t diagonal = row[0];

		row[0] = i;
		for (j = 1; j <= length; j++) {
			size_t change = diagonal + (a[i - 1] != b[j - 1]);

			diagonal = row[j];
			row[j] = least(least(row[j], row[j - 1]) + 1, change);
		}
	}
	return row[length];
}

static const char *nearest_name(const cfg_t *cfg, const char *name)
{
	const struct option *options;
	const char *nearest = NULL;
	size_t count, i, best = strlen(name) / 3 + 2;

	table_of(cfg, &options, &count);
	for (i = 0; i < count; i++) {
		size_t distance = edit_distance(name, options[i].name);

		if (distance < best) {
			best = distance;
			nearest = options[i].name;
		}
	}
	return nearest;
}

static void on_error(cfg_t *cfg, const char *format, va_list arguments)
{
	static const char unknown[] = "no such option '";
	char text[ERROR_TEXT_MAX];

	/* The format is libconfuse's own. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	vsnprintf(text, sizeof(text), format, arguments);
#pragma GCC diagnostic pop
	if (strncmp(text, unknown, strlen(unknown)) == 0) {
		char *name = text + strlen(unknown);
		const char *nearest;

		name[strcspn(name, "'")] = '\0';
		if (strcmp(name, END_KEY) == 0) {
			fail_at(cfg->line, "the file ends inside a section; close it with }");
			return;
		}
		nearest = nearest_name(cfg, name);
		if (nearest != NULL)
			fail_at(cfg->line, "%s: no such key; did you mean %s?", name, nearest);
		else
			fail_at(cfg->line, "%s: no such key; take it out", name);
		return;
	}
	fail_at(cfg->line, "%s; mend the file there", text);
}

static void remember_line(const cfg_t *cfg, const char *title, const char *name)
{
	struct option_file *file = reading.file;

	file->lines = xreallocarray(file->lines, file->line_count + 1, sizeof(*file->lines));
	file->lines[file->line_count++] =
		(struct option_line){name, xstrdup_or_null(title), cfg->line};
}

static const struct option_line *find_line(
	const struct option_file *file, const char *title, const char *name)
{
	size_t i;

	for (i = 0; i < file->line_count; i++) {
		const struct option_line *line = &file->lines[i];

		if (strcmp(line->name, name) == 0 &&
			(title == NULL ? line->title == NULL
				       : line->title != NULL && strcmp(line->title, title) == 0))
			return line;
	}
	return NULL;
}

/* libconfuse calls this for each value of a list with all that it has so far. */
static int on_value(cfg_t *cfg, cfg_opt_t *opt)
{
	const struct option *options;
	char why[OPTION_WHY_MAX];
	const char *value;
	size_t count, i;

	table_of(cfg, &options, &count);
	for (i = 0; i < count && strcmp(options[i].name, opt->name) != 0; i++)
		;
	if (i == count)
		abort();
	if (find_line(reading.file, cfg->title, opt->name) == NULL) {
		remember_line(cfg, cfg->title, options[i].name);
	} else if (!options[i].list) {
		fail_at(cfg->line, "%s: stands twice; keep one", opt->name);
		return -1;
	}
	if (cfg_opt_size(opt) == 0)
		return 0;
	value = cfg_opt_getnstr(opt, cfg_opt_size(opt) - 1);
	if (option_set(&options[i], value, reading.file->directory, NULL, why))
		return 0;
	if (options[i].confidential)
		fail_at(cfg->line, "%s: the value %s", opt->name, why);
	else
		fail_at(cfg->line, "%s: \"%.100s\" %s", opt->name, value, why);
	return -1;
}

static int on_section(cfg_t *cfg, cfg_opt_t *opt)
{
	const cfg_t *section = cfg_opt_getnsec(opt, cfg_opt_size(opt) - 1);

	remember_line(cfg, section->title, "");
	return 0;
}

/* libconfuse's rows for a table, with room for two more; freed by the caller. */
static cfg_opt_t *confuse_options(const struct option *options, size_t count)
{
	cfg_opt_t *rows = xcalloc(count + 3, sizeof(*rows));
	const cfg_opt_t end = CFG_END();
	size_t i;

	for (i = 0; i < count; i++) {
		const cfg_opt_t text = CFG_STR(options[i].name, NULL, CFGF_NODEFAULT);
		const cfg_opt_t list = CFG_STR_LIST(options[i].name, NULL, CFGF_NODEFAULT);

		rows[i] = options[i].list ? list : text;
		rows[i].validcb = on_value;
	}
	for (i = count; i < count + 3; i++)
		rows[i] = end;
	return rows;
}

/* cfg_init takes the locale from the environment; the program's own is put back. */
static cfg_t *confuse_init(cfg_opt_t *rows)
{
	char *locale = xstrdup(setlocale(LC_ALL, NULL));
	cfg_t *cfg = cfg_init(rows, CFGF_NONE);

	setlocale(LC_ALL, locale);
	free(locale);
	return cfg;
}

static bool parse(struct option_file *file, struct buffer *text, struct error *error)
{
	cfg_opt_t *rows = confuse_options(file->options, file->option_count), *inner = NULL;
	const cfg_opt_t last = CFG_STR(END_KEY, NULL, CFGF_NODEFAULT);
	FILE *stream = NULL;
	cfg_t *cfg;
	int status;

	rows[file->option_count] = last;
	if (file->section != NULL) {
		const char *name = file->section->name;

		inner = confuse_options(file->section->options, file->section->option_count);
		rows[file->option_count + 1] = (cfg_opt_t)CFG_SEC(
			name, inner, CFGF_MULTI | CFGF_TITLE | CFGF_NO_TITLE_DUPES);
		rows[file->option_count + 1].validcb = on_section;
	}
	cfg = confuse_init(rows);
	free(inner);
	free(rows);
	if (cfg == NULL)
		abort();
	file->parsed = cfg;
	cfg_set_error_function(cfg, on_error);
	stream = fmemopen(text->data, text->length, "r");
	if (stream == NULL)
		return error_set(error, ERROR_INTERNAL, "%s: no stream over it", file->path);
	reading.file = file;
	reading.error = error;
	reading.failed = false;
	cfg->filename = strdup(file->path);
	status = cfg_parse_fp(cfg, stream);
	fclose(stream);
	if (status != CFG_SUCCESS)
		fail_at(cfg->line, "does not parse; mend the file there");
	else if ((cfg_getopt(cfg, END_KEY)->flags & CFGF_MODIFIED) == 0)
		fail_at(cfg->line, "the file ends inside a comment; close it with */");
	reading.file = NULL;
	reading.error = NULL;
	return !reading.failed;
}

bool options_open(struct option_file *file, struct error *error)
{
	struct buffer text = {0};
	bool done;

	file->directory = path_directory(file->path);
	done = file_read(file->path, OPTIONS_FILE_MAX, &text, error);
	if (done && text.length > 0 && memchr(text.data, '\0', text.length) != NULL)
		done = error_set(error, ERROR_PERMANENT,
			"%s: holds NUL bytes; it is no configuration file", file->path);
	if (done) {
		buffer_append_text(&text, "\n" END_KEY " = here\n");
		done = parse(file, &text, error);
	}
	buffer_free(&text);
	return done;
}

static bool apply_table(const struct option_file *file, cfg_t *cfg, const struct option *options,
	size_t count, void *target, struct error *error)
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
				return options_error(
					file, cfg->title, option->name, error, "%s", why);
		}
	}
	return true;
}

bool options_apply(const struct option_file *file, void *target, struct error *error)
{
	return apply_table(file, file->parsed, file->options, file->option_count, target, error);
}

bool options_sections(const struct option_file *file, void *target, struct error *error)
{
	const struct option_section *section = file->section;
	cfg_opt_t *opt = cfg_getopt(file->parsed, section->name);
	unsigned int i;

	for (i = 0; i < cfg_opt_size(opt); i++) {
		char why[OPTION_WHY_MAX] = "";
		cfg_t *cfg = cfg_opt_getnsec(opt, i);
		void *inner = section->open(target, cfg->title, why);

		if (inner == NULL)
			return options_error(file, cfg->title, "", error, "%s", why);
		if (!apply_table(file, cfg, section->options, section->option_count, inner, error))
			return false;
	}
	return true;
}

void options_close(struct option_file *file)
{
	size_t i;

	if (file->parsed != NULL)
		cfg_free(file->parsed);
	for (i = 0; i < file->line_count; i++)
		free(file->lines[i].title);
	free(file->lines);
	free(file->directory);
	file->parsed = NULL;
	file->directory = NULL;
	file->lines = NULL;
	file->line_count = 0;
}

bool options_given(const struct option_file *file, const char *title, const char *name)
{
	return find_line(file, title, name) != NULL;
}

bool options_error(const struct option_file *file, const char *title, const char *name,
	struct error *error, const char *format, ...)
{
	const struct option_line *line = find_line(file, title, name);
	char text[ERROR_TEXT_MAX], where[16] = "";
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	if (line != NULL)
		snprintf(where, sizeof(where), ":%d", line->line);
	return error_set(error, ERROR_PERMANENT, "%s%s: %s%s%s%s%s: %s", file->path, where,
		title != NULL ? file->section->name : "", title != NULL ? " " : "",
		title != NULL ? title : "", title != NULL && *name != '\0' ? ": " : "", name, text);
}
