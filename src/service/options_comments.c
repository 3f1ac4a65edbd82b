#include <string.h>

#include "service/options_private.h"

/*
 * The tokens are libconfuse's own: what it takes for a string is left to it, byte by byte, so that
 * a file means the same with and without its comments.
 */

/* "${…}" is one token, whatever is in it; 0 when it is not closed. */
static size_t variable_length(const char *text, const char *end)
{
	const char *close;

	if (end - text < 2 || text[0] != '$' || text[1] != '{')
		return 0;
	close = memchr(text, '}', (size_t)(end - text));
	return close != NULL ? (size_t)(close + 1 - text) : 0;
}

/* Of the string whose quote stands at TEXT, or what there is of one that is not closed. */
static size_t quoted_length(const char *text, const char *end)
{
	const char *at = text + 1;

	while (at < end && *at != *text) {
		size_t length = *text == '"' ? variable_length(at, end) : 0;

		if (length == 0)
			length = *at == '\\' && end - at > 1 ? 2 : 1;
		at += length;
	}
	return (size_t)(at - text) + (at < end ? 1 : 0);
}

static size_t bare_length(const char *text, const char *end)
{
	const char *at = text;

	while (at < end && strchr(" #\"'\t\n\r={}()+,*", *at) == NULL)
		at++;
	return (size_t)(at - text);
}

static size_t line_length(const char *text, const char *end)
{
	const char *close = memchr(text, '\n', (size_t)(end - text));

	return (size_t)((close != NULL ? close : end) - text);
}

/* 0 where no comment begins, or where it is not closed, of which libconfuse tells. */
static size_t comment_length(const char *text, const char *end)
{
	const char *close;

	if (*text == '#' || (end - text > 1 && text[0] == '/' && text[1] == '/'))
		return line_length(text, end);
	if (end - text < 4 || text[0] != '/' || text[1] != '*')
		return 0;
	close = memmem(text + 2, (size_t)(end - text) - 2, "*/", 2);
	return close != NULL ? (size_t)(close + 2 - text) : 0;
}

static void blank(char *text, size_t length)
{
	size_t i;

	for (i = 0; i < length; i++) {
		if (text[i] != '\n')
			text[i] = ' ';
	}
}

static bool is_unclosed(const char *text, const char *end)
{
	return end - text > 1 && text[0] == '/' && text[1] == '*';
}

void options_blank_comments(char *text, size_t size)
{
	char *end = text + size;

	while (text < end) {
		size_t length = comment_length(text, end);

		if (length > 0)
			blank(text, length);
		else if (is_unclosed(text, end))
			return;
		else if (*text == '"' || *text == '\'')
			length = quoted_length(text, end);
		else
			length = variable_length(text, end);
		if (length == 0)
			length = bare_length(text, end);
		text += length > 0 ? length : 1;
	}
}
