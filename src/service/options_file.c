#include "service/options.h"

#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/file.h"
#include "service/options_private.h"

/*
 * libconfuse takes the end of the file for the end of a section or comment: a key of the body is
 * put behind the text, which is unknown inside a section and unseen inside a comment, so that a
 * file that was cut off is noticed.
 */
#define END_KEY "end-of-configuration"

/*
 * What is being read: libconfuse's callbacks carry no argument of ours, and its lexer is a global
 * anyway.
 */
static struct {
	struct option_file *file;
	struct error *error;
	int last_line; /* what stands behind it is ours */
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
	if (line > reading.last_line)
		line = reading.last_line;
	error_set(reading.error, ERROR_PERMANENT, "%s:%d: %s", reading.file->path, line, text);
}

/* The lines of TEXT, whether or not the last is ended; at least one. */
static int count_lines(const struct buffer *text)
{
	int count = 1;
	size_t i;

	for (i = 0; i + 1 < text->length; i++)
		count += text->data[i] == '\n' ? 1 : 0;
	return count;
}

/* One name is one kind, wherever it stands. */
static const struct option_section *find_kind(
	const struct option_section *kinds, size_t count, const char *name)
{
	const struct option_section *found = NULL;
	size_t i;

	for (i = 0; i < count && found == NULL; i++)
		found = strcmp(kinds[i].name, name) == 0
				? &kinds[i]
				: find_kind(kinds[i].sections, kinds[i].section_count, name);
	return found;
}

static void table_of(const cfg_t *cfg, const struct option **options, size_t *count)
{
	const struct option_file *file = reading.file;
	const struct option_section *kind =
		find_kind(file->sections, file->section_count, cfg->name);

	*options = kind != NULL ? kind->options : file->options;
	*count = kind != NULL ? kind->option_count : file->option_count;
}

static const char *nearest_name(const cfg_t *cfg, const char *name)
{
	const struct option *options;
	const char *nearest = NULL;
	size_t count, i, best = strlen(name) / 3 + 2;

	table_of(cfg, &options, &count);
	for (i = 0; i < count; i++) {
		size_t distance = option_distance(name, options[i].name);

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

static void remember_line(const cfg_t *section, const char *name, int line)
{
	struct option_file *file = reading.file;

	file->lines = xreallocarray(file->lines, file->line_count + 1, sizeof(*file->lines));
	file->lines[file->line_count++] =
		(struct option_line){.name = name, .section = section, .line = line};
}

static bool is_remembered(const cfg_t *section, const char *name)
{
	const struct option_file *file = reading.file;
	size_t i;

	for (i = 0; i < file->line_count; i++) {
		if (file->lines[i].section == section && strcmp(file->lines[i].name, name) == 0)
			return true;
	}
	return false;
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
	if (!is_remembered(cfg, opt->name)) {
		remember_line(cfg, options[i].name, cfg->line);
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
	const struct option_section *kind =
		find_kind(reading.file->sections, reading.file->section_count, opt->name);

	if (kind == NULL)
		abort();
	if (kind->untitled && cfg_opt_size(opt) > 1) {
		fail_at(cfg->line, "%s: stands twice; keep one", opt->name);
		return -1;
	}
	remember_line(cfg_opt_getnsec(opt, cfg_opt_size(opt) - 1), "", cfg->line);
	return 0;
}

static void free_rows(cfg_opt_t *rows)
{
	size_t i;

	for (i = 0; rows[i].type != CFGT_NONE; i++) {
		if (rows[i].type == CFGT_SEC)
			free_rows(rows[i].subopts);
	}
	free(rows);
}

/*
 * libconfuse's rows for a table and the sections in it, LAST among them when it is not NULL. To be
 * freed with free_rows: libconfuse makes its own copy.
 */
static cfg_opt_t *confuse_rows(const struct option *options, size_t count,
	const struct option_section *kinds, size_t kind_count, const char *last)
{
	cfg_opt_t *rows = xcalloc(count + kind_count + 2, sizeof(*rows)), *row = rows;
	const cfg_opt_t end = CFG_END();
	size_t i;

	for (i = 0; i < count; i++, row++) {
		const cfg_opt_t text = CFG_STR(options[i].name, NULL, CFGF_NODEFAULT);
		const cfg_opt_t list = CFG_STR_LIST(options[i].name, NULL, CFGF_NODEFAULT);

		*row = options[i].list ? list : text;
		row->validcb = on_value;
	}
	for (i = 0; i < kind_count; i++, row++) {
		cfg_opt_t *inner = confuse_rows(kinds[i].options, kinds[i].option_count,
			kinds[i].sections, kinds[i].section_count, NULL);
		const cfg_opt_t titled = CFG_SEC(
			kinds[i].name, inner, CFGF_MULTI | CFGF_TITLE | CFGF_NO_TITLE_DUPES);
		const cfg_opt_t untitled = CFG_SEC(kinds[i].name, inner, CFGF_MULTI);

		*row = kinds[i].untitled ? untitled : titled;
		row->validcb = on_section;
	}
	if (last != NULL) {
		const cfg_opt_t text = CFG_STR(last, NULL, CFGF_NODEFAULT);

		*row++ = text;
	}
	*row = end;
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

/* Says of each line in which place it is. */
static void name_places(struct option_file *file, cfg_t *cfg, const char *outer,
	const struct option_section *kinds, size_t kind_count)
{
	unsigned int j;
	size_t i, k;

	for (i = 0; i < kind_count; i++) {
		cfg_opt_t *opt = cfg_getopt(cfg, kinds[i].name);

		for (j = 0; j < cfg_opt_size(opt); j++) {
			cfg_t *section = cfg_opt_getnsec(opt, j);
			char *place = options_place(outer, &kinds[i], section);

			for (k = 0; k < file->line_count; k++) {
				if (file->lines[k].section == section)
					file->lines[k].place = xstrdup(place);
			}
			name_places(
				file, section, place, kinds[i].sections, kinds[i].section_count);
			free(place);
		}
	}
}

static bool parse(struct option_file *file, struct buffer *text, int last_line, struct error *error)
{
	cfg_opt_t *rows = confuse_rows(
		file->options, file->option_count, file->sections, file->section_count, END_KEY);
	FILE *stream = NULL;
	cfg_t *cfg;
	int status;

	cfg = confuse_init(rows);
	free_rows(rows);
	if (cfg == NULL)
		abort();
	file->parsed = cfg;
	cfg_set_error_function(cfg, on_error);
	stream = fmemopen(text->data, text->length, "r");
	if (stream == NULL)
		return error_set(error, ERROR_INTERNAL, "%s: no stream over it", file->path);
	reading.file = file;
	reading.error = error;
	reading.last_line = last_line;
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
	if (!reading.failed)
		name_places(file, cfg, NULL, file->sections, file->section_count);
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
		int last_line = count_lines(&text);

		/* libconfuse counts a comment as more lines than it has. */
		options_blank_comments((char *)text.data, text.length);
		buffer_append_text(&text, "\n" END_KEY " = here\n");
		done = parse(file, &text, last_line, error);
	}
	buffer_free(&text);
	return done;
}

void options_close(struct option_file *file)
{
	size_t i;

	if (file->parsed != NULL)
		cfg_free(file->parsed);
	for (i = 0; i < file->line_count; i++)
		free(file->lines[i].place);
	free(file->lines);
	free(file->directory);
	file->parsed = NULL;
	file->directory = NULL;
	file->lines = NULL;
	file->line_count = 0;
}
