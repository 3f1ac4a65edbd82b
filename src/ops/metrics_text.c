#include "ops/metrics_private.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#define PREFIX "certinstalld_"

void metrics_family(struct metrics_writer *writer, const char *name, const char *type,
	const char *unit, const char *help)
{
	/* In the older form a counter's family has the name of its sample. */
	const char *suffix = writer->plain && strcmp(type, "counter") == 0 ? "_total" : "";

	writer->name = name;
	writer->type = type;
	buffer_printf(writer->out, "# TYPE " PREFIX "%s%s %s\n", name, suffix, type);
	if (unit != NULL && !writer->plain)
		buffer_printf(writer->out, "# UNIT " PREFIX "%s %s\n", name, unit);
	buffer_printf(writer->out, "# HELP " PREFIX "%s%s %s\n", name, suffix, help);
}

static void put_value(struct buffer *out, const char *value)
{
	for (; *value != '\0'; value++) {
		if (*value == '\\' || *value == '"')
			buffer_append_char(out, '\\');
		/* Nothing in a configuration is a control character; a line break would end it. */
		if ((unsigned char)*value < ' ')
			buffer_append_char(out, '?');
		else
			buffer_append_char(out, *value);
	}
}

/* The labels, and LE unless it is NULL. */
static void put_labels(
	struct metrics_writer *writer, const struct metrics_labels *labels, const char *le)
{
	struct buffer *out = writer->out;
	const char *before = "{";
	size_t i;

	for (i = 0; labels != NULL && i < 3 && labels->key[i] != NULL; i++) {
		buffer_printf(out, "%s%s=\"", before, labels->key[i]);
		put_value(out, labels->value[i]);
		buffer_append_char(out, '"');
		before = ",";
	}
	if (le != NULL) {
		buffer_printf(out, "%sle=\"%s\"", before, le);
		before = ",";
	}
	if (before[0] == ',')
		buffer_append_char(out, '}');
	buffer_append_char(out, ' ');
}

static void put_name(struct metrics_writer *writer, const char *suffix)
{
	if (suffix == NULL)
		suffix = strcmp(writer->type, "counter") == 0 ? "_total" : "";
	buffer_printf(writer->out, PREFIX "%s%s", writer->name, suffix);
}

/* Without needless zeros, but with one digit after the point: as the canonical form has it. */
static void format_seconds(char text[32], int64_t value_us)
{
	size_t length;

	snprintf(text, 32, "%s%" PRId64 ".%06" PRId64, value_us < 0 ? "-" : "",
		(value_us < 0 ? -value_us : value_us) / 1000000,
		(value_us < 0 ? -value_us : value_us) % 1000000);
	length = strlen(text);
	while (text[length - 1] == '0' && text[length - 2] != '.')
		text[--length] = '\0';
}

void metrics_int(struct metrics_writer *writer, const struct metrics_labels *labels, int64_t value)
{
	put_name(writer, NULL);
	put_labels(writer, labels, NULL);
	buffer_printf(writer->out, "%" PRId64 "\n", value);
}

void metrics_seconds(
	struct metrics_writer *writer, const struct metrics_labels *labels, int64_t value_us)
{
	char text[32];

	format_seconds(text, value_us);
	put_name(writer, NULL);
	put_labels(writer, labels, NULL);
	buffer_printf(writer->out, "%s\n", text);
}

void metrics_infinity(struct metrics_writer *writer, const struct metrics_labels *labels)
{
	put_name(writer, NULL);
	put_labels(writer, labels, NULL);
	buffer_append_text(writer->out, "+Inf\n");
}

void metrics_histogram(struct metrics_writer *writer, const struct metrics_labels *labels,
	const struct measure *measure)
{
	uint64_t total = 0;
	char text[32];
	size_t i;

	for (i = 0; i <= measure->count; i++) {
		if (i < measure->count)
			format_seconds(text, measure->bounds[i]);
		else
			snprintf(text, sizeof(text), "+Inf");
		total += atomic_load_explicit(&measure->falls[i], memory_order_relaxed);
		put_name(writer, "_bucket");
		put_labels(writer, labels, text);
		buffer_printf(writer->out, "%" PRIu64 "\n", total);
	}
	format_seconds(text, (int64_t)atomic_load_explicit(&measure->sum, memory_order_relaxed));
	put_name(writer, "_sum");
	put_labels(writer, labels, NULL);
	buffer_printf(writer->out, "%s\n", text);
	put_name(writer, "_count");
	put_labels(writer, labels, NULL);
	buffer_printf(writer->out, "%" PRIu64 "\n", total);
}

void metrics_end(struct metrics_writer *writer)
{
	if (!writer->plain)
		buffer_append_text(writer->out, "# EOF\n");
}
