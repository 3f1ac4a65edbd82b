#ifndef CTL_TERMINAL_H
#define CTL_TERMINAL_H

#include <stdbool.h>
#include <stddef.h>

/* What standard output can show: a terminal has a width and colours, a pipe gets all as it is. */

enum paint {
	PAINT_PLAIN,
	PAINT_BOLD,
	PAINT_FAINT,
	PAINT_RED,
	PAINT_YELLOW,
	PAINT_GREEN,
};

/* Columns of the terminal; 0 when standard output is none. */
size_t terminal_width(void);
/* Whether it is one that may be coloured: neither TERM=dumb nor NO_COLOR says otherwise. */
bool terminal_has_colours(void);

/* How many columns TEXT takes, wide characters counted twice. */
size_t terminal_columns(const char *text);
/*
 * How many bytes of TEXT fit into COLUMNS; *USED (may be NULL) is how many columns they take.
 */
size_t terminal_fit(const char *text, size_t columns, size_t *used);
/* "…" where the locale has it, "..." elsewhere. */
const char *terminal_ellipsis(void);

/* Prints TEXT in the colours of PAINT, where there are any. */
void terminal_paint(enum paint paint, const char *text);
/*
 * Prints TEXT and a line break, folded to the terminal's width; its first line after FIRST, the
 * others indented as far.
 */
void terminal_fold(const char *first, const char *text);

#endif
