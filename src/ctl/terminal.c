#include "ctl/terminal.h"

#include <langinfo.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <wchar.h>

#include "base/text.h"

#define WIDTH_UNKNOWN 80
#define WIDTH_LEAST 20
#define WIDTH_MOST 1000

size_t terminal_width(void)
{
	struct winsize size;
	int64_t columns;
	const char *told;

	if (!isatty(STDOUT_FILENO))
		return 0;
	columns = ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
	told = getenv("COLUMNS");
	if (columns == 0 &&
		(told == NULL || !text_to_int64(told, WIDTH_LEAST, WIDTH_MOST, &columns)))
		columns = WIDTH_UNKNOWN;
	return columns < WIDTH_LEAST ? WIDTH_LEAST : (size_t)columns;
}

bool terminal_has_colours(void)
{
	const char *none = getenv("NO_COLOR"), *kind = getenv("TERM");

	return isatty(STDOUT_FILENO) && (none == NULL || none[0] == '\0') && kind != NULL &&
	       strcmp(kind, "dumb") != 0;
}

/* One character of TEXT: its bytes, and its columns. */
static size_t next_character(const char *text, size_t *columns)
{
	mbstate_t state = {0};
	wchar_t character;
	size_t length = mbrtowc(&character, text, strlen(text), &state);
	int width;

	if (length == 0 || length == (size_t)-1 || length == (size_t)-2) {
		/* No such character in this locale: a sequence of UTF-8 counts as one column. */
		length = 1;
		while (((unsigned char)text[length] & 0xc0) == 0x80)
			length++;
		*columns = 1;
		return length;
	}
	width = wcwidth(character);
	*columns = width > 0 ? (size_t)width : 0;
	return length;
}

size_t terminal_fit(const char *text, size_t columns, size_t *used)
{
	size_t bytes = 0, taken = 0;

	while (text[bytes] != '\0') {
		size_t width, length = next_character(text + bytes, &width);

		if (taken + width > columns)
			break;
		taken += width;
		bytes += length;
	}
	if (used != NULL)
		*used = taken;
	return bytes;
}

size_t terminal_columns(const char *text)
{
	size_t used;

	(void)terminal_fit(text, (size_t)-1 / 2, &used);
	return used;
}

const char *terminal_ellipsis(void)
{
	return strcmp(nl_langinfo(CODESET), "UTF-8") == 0 ? "…" : "...";
}

void terminal_paint(enum paint paint, const char *text)
{
	static const char *const codes[] = {
		[PAINT_PLAIN] = "",
		[PAINT_BOLD] = "1",
		[PAINT_FAINT] = "2",
		[PAINT_RED] = "31",
		[PAINT_YELLOW] = "33",
		[PAINT_GREEN] = "32",
	};

	if (paint == PAINT_PLAIN || text[0] == '\0' || !terminal_has_colours())
		fputs(text, stdout);
	else
		printf("\033[%sm%s\033[0m", codes[paint], text);
}

/* How much of TEXT, which does not fit into COLUMNS, goes on this line. */
static size_t line_end(const char *text, size_t columns)
{
	size_t end = terminal_fit(text, columns, NULL), width, best = 0, at = 0;

	while (at < end) {
		size_t length = next_character(text + at, &width);

		/* At a space, and on either side of a wide character, which have none between. */
		if (text[at] == ' ' || width == 2)
			best = at;
		at += length;
		if (width == 2 && at <= end)
			best = at;
	}
	if (text[end] == ' ')
		best = end;
	if (best > 0)
		return best;
	return end > 0 ? end : 1;
}

void terminal_fold(const char *first, const char *text)
{
	size_t width = terminal_width(), indent = terminal_columns(first);
	size_t room = width > indent + WIDTH_LEAST / 2 ? width - indent : 0;

	fputs(first, stdout);
	while (room > 0 && terminal_columns(text) > room) {
		size_t end = line_end(text, room);

		printf("%.*s\n%*s", (int)end, text, (int)indent, "");
		text += end;
		text += strspn(text, " ");
	}
	puts(text);
}
