#include "ctl/table.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/text.h"

#define GAP 2

struct cell {
	char *text;
	size_t columns;
	enum paint paint;
};

struct table {
	const struct table_column *columns;
	size_t column_count;
	struct cell *cells; /* row after row */
	size_t count, capacity;
	size_t *widths; /* of the widest cells so far */
	size_t *fitted; /* on this terminal */
	bool titled;
};

struct table *table_new(const struct table_column *columns, size_t count)
{
	struct table *table = xcalloc(1, sizeof(*table));
	size_t i;

	table->columns = columns;
	table->column_count = count;
	table->widths = xcalloc(count, sizeof(*table->widths));
	table->fitted = xcalloc(count, sizeof(*table->fitted));
	for (i = 0; i < count; i++)
		table->widths[i] = terminal_columns(columns[i].title);
	return table;
}

void table_cell(struct table *table, enum paint paint, const char *format, ...)
{
	size_t column = table->count % table->column_count, size;
	va_list arguments;
	struct cell *cell;
	char *raw;

	if (table->count == table->capacity) {
		table->capacity = table->capacity > 0 ? 2 * table->capacity : 64;
		table->cells = xreallocarray(table->cells, table->capacity, sizeof(*table->cells));
	}
	va_start(arguments, format);
	raw = xvasprintf(format, arguments);
	va_end(arguments);
	cell = &table->cells[table->count++];
	size = 3 * strlen(raw) + 1;
	cell->text = xmalloc(size);
	text_sanitise(cell->text, size, raw, strlen(raw));
	free(raw);
	cell->columns = terminal_columns(cell->text);
	cell->paint = paint;
	if (cell->columns > table->widths[column])
		table->widths[column] = cell->columns;
}

static size_t width_of_all(const struct table *table)
{
	size_t width = GAP * (table->column_count - 1), i;

	for (i = 0; i < table->column_count; i++)
		width += table->fitted[i];
	return width;
}

/* The widest column that may still be shortened; the count of columns when none may. */
static size_t widest(const struct table *table)
{
	size_t i, found = table->column_count;

	for (i = 0; i < table->column_count; i++) {
		if (table->columns[i].least > 0 && table->fitted[i] > table->columns[i].least &&
			(found == table->column_count || table->fitted[i] > table->fitted[found]))
			found = i;
	}
	return found;
}

static void fit(struct table *table)
{
	size_t room = terminal_width(), column;

	memcpy(table->fitted, table->widths, table->column_count * sizeof(*table->fitted));
	while (room > 0 && width_of_all(table) > room &&
		(column = widest(table)) < table->column_count)
		table->fitted[column]--;
}

/* SPACES are those that stand before it, and are only printed when something follows: returns those
 * before the next. */
static size_t print_cell(
	const struct table *table, size_t column, const struct cell *cell, size_t spaces)
{
	size_t width = table->fitted[column], used = cell->columns, end;
	const char *ellipsis = terminal_ellipsis();
	char *text = NULL;

	if (cell->columns > width) {
		size_t mark = terminal_columns(ellipsis);

		end = terminal_fit(cell->text, width > mark ? width - mark : 0, &used);
		text = xasprintf("%.*s%s", (int)end, cell->text, ellipsis);
		used += mark;
	}
	if (table->columns[column].right && used < width)
		spaces += width - used;
	if (used > 0)
		printf("%*s", (int)spaces, "");
	terminal_paint(cell->paint, text != NULL ? text : cell->text);
	free(text);
	if (used == 0)
		return spaces + width + GAP;
	return GAP + (table->columns[column].right || used >= width ? 0 : width - used);
}

static void print_titles(const struct table *table)
{
	size_t column, spaces = 0;

	for (column = 0; column < table->column_count; column++) {
		/* A title is no longer than its column, which is at least as wide. */
		char *title = xstrdup(table->columns[column].title);
		const struct cell cell = {title, terminal_columns(title), PAINT_BOLD};

		spaces = print_cell(table, column, &cell, spaces);
		free(title);
	}
	putchar('\n');
}

void table_flush(struct table *table)
{
	size_t i, spaces = 0;

	fit(table);
	if (table->count > 0 && !table->titled)
		print_titles(table);
	table->titled = table->titled || table->count > 0;
	for (i = 0; i < table->count; i++) {
		spaces = print_cell(table, i % table->column_count, &table->cells[i], spaces);
		if ((i + 1) % table->column_count == 0) {
			putchar('\n');
			spaces = 0;
		}
		free(table->cells[i].text);
	}
	table->count = 0;
}

void table_end(struct table *table)
{
	table_flush(table);
	free(table->cells);
	free(table->widths);
	free(table->fitted);
	free(table);
}
