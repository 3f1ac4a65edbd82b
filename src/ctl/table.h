#ifndef CTL_TABLE_H
#define CTL_TABLE_H

#include <stddef.h>

#include "ctl/terminal.h"

/*
 * A table on standard output. On a terminal it fits the width: cells of the columns that bear it
 * are shortened, with an ellipsis, the widest first. On a pipe nothing is.
 */
struct table;

struct table_column {
	const char *title; /* translated already; borrowed */
	bool right;	   /* aligned to the right: numbers */
	size_t least;	   /* columns below which it is not shortened; 0: never shortened */
};

/* COLUMNS are borrowed for the table's life. */
struct table *table_new(const struct table_column *columns, size_t count);
/* Adds a cell; the first begins a row, as does each after the last of one. */
void table_cell(struct table *table, enum paint paint, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* Prints the rows so far, under the titles the first time: for a table that may be long. */
void table_flush(struct table *table);
/* Prints what is left, and frees it. A table without a row has no titles either. */
void table_end(struct table *table);

#endif
