#include "domain/holidays.h"

#include <iconv.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/buffer.h"
#include "base/text.h"

#define FILE_MAX ((size_t)1 << 20)
/* Twenty characters of Japanese; the longest official name has fourteen. */
#define NAME_MAX_BYTES 60

struct entry {
	civil_day day;
	size_t line;
	char *name;
};

struct entries {
	struct entry *list;
	size_t count;
	size_t capacity;
};

struct holidays {
	struct entries file; /* in order of day; empty when no file was read */
	int first_year, last_year;
};

struct holidays *holidays_new(void)
{
	return xcalloc(1, sizeof(struct holidays));
}

static void entries_clear(struct entries *entries)
{
	size_t i;

	for (i = 0; i < entries->count; i++)
		free(entries->list[i].name);
	free(entries->list);
	*entries = (struct entries){0};
}

void holidays_free(struct holidays *holidays)
{
	if (holidays == NULL)
		return;
	entries_clear(&holidays->file);
	free(holidays);
}

enum conversion {
	CONVERSION_DONE,
	CONVERSION_INVALID, /* DATA is not in this encoding */
	CONVERSION_UNKNOWN, /* the C library lacks this encoding */
};

/* *BAD_LINE is the line at which an invalid one stops. */
static enum conversion convert(const char *encoding, const unsigned char *data, size_t length,
	struct buffer *text, size_t *bad_line)
{
	/* No character of these encodings needs more than three bytes of UTF-8 a byte. */
	size_t room = 3 * length, left = length, free_room = room, result;
	iconv_t converter = iconv_open("UTF-8", encoding);
	char *input, *from, *output, *to;
	const unsigned char *at;

	/* iconv_open's failure is (iconv_t)-1. */
	if ((intptr_t)converter == -1)
		return CONVERSION_UNKNOWN;
	/* iconv's declaration wants its input writable, though it does not write there. */
	input = from = xmemdup(data, length);
	output = to = xmalloc(room);
	result = iconv(converter, &from, &left, &to, &free_room);
	iconv_close(converter);
	if (result != (size_t)-1)
		buffer_append(text, output, room - free_room);
	free(input);
	free(output);
	if (result != (size_t)-1)
		return CONVERSION_DONE;
	*bad_line = 1;
	for (at = data; at < data + length - left; at++)
		*bad_line += *at == '\n';
	return CONVERSION_INVALID;
}

/*
 * UTF-8 is tried first, since Japanese in Shift_JIS is never valid UTF-8 by chance over a whole
 * file. CP932 is the superset of Shift_JIS that the file's Windows tools write.
 */
static bool to_utf8(const char *name, const unsigned char *data, size_t length, struct buffer *text,
	struct error *error)
{
	static const char *const encodings[] = {"UTF-8", "CP932", "SHIFT_JIS"};
	size_t i, bad_line = 0, utf8_line;

	for (i = 0; i < ARRAY_LENGTH(encodings); i++) {
		enum conversion conversion =
			convert(encodings[i], data, length, text, i == 0 ? &utf8_line : &bad_line);

		if (conversion == CONVERSION_DONE)
			return true;
	}
	if (bad_line == 0)
		return error_set(error, ERROR_INTERNAL,
			"%s: the C library cannot read Shift_JIS; install its character sets "
			"(gconv) or "
			"convert the file to UTF-8",
			name);
	return error_set(error, ERROR_PERMANENT,
		"%s, line %zu: neither UTF-8 nor Shift_JIS; fetch the file anew, as it is", name,
		bad_line);
}

/* Reads a number of at most MAXIMUM digits. */
static bool number_at(const char **at, int minimum, int maximum, int *value)
{
	int digits = 0;

	*value = 0;
	while (digits < maximum && **at >= '0' && **at <= '9') {
		*value = *value * 10 + (**at - '0');
		(*at)++;
		digits++;
	}
	return digits >= minimum;
}

/* Reads "YYYY/M/D" or "YYYY-MM-DD", zeros in front or not, up to a comma. */
static bool date_at(const char **at, struct civil_date *date)
{
	char separator;

	if (!number_at(at, 4, 4, &date->year))
		return false;
	separator = **at;
	if (separator != '/' && separator != '-')
		return false;
	(*at)++;
	if (!number_at(at, 1, 2, &date->month) || **at != separator)
		return false;
	(*at)++;
	if (!number_at(at, 1, 2, &date->day) || **at != ',')
		return false;
	(*at)++;
	return true;
}

static void entries_add(struct entries *entries, civil_day day, size_t line, const char *name)
{
	if (entries->count == entries->capacity) {
		entries->capacity = entries->capacity ? 2 * entries->capacity : 64;
		entries->list =
			xreallocarray(entries->list, entries->capacity, sizeof(entries->list[0]));
	}
	entries->list[entries->count++] =
		(struct entry){.day = day, .line = line, .name = xstrdup(name)};
}

/* Reads one line without its end; the first may be a heading. */
static bool read_line(const char *file, size_t number, const char *line, size_t length,
	struct entries *entries, struct error *error)
{
	struct civil_date date;
	const char *at = line;

	if (length == 0)
		return true;
	if (!date_at(&at, &date)) {
		if (number == 1)
			return true;
		return error_set(error, ERROR_PERMANENT,
			"%s, line %zu: does not begin with a date and a comma, as in "
			"\"2026/1/1,元日\"",
			file, number);
	}
	if (!civil_date_exists(date.year, date.month, date.day))
		return error_set(error, ERROR_PERMANENT,
			"%s, line %zu: there is no day %d-%02d-%02d", file, number, date.year,
			date.month, date.day);
	if (date.year < HOLIDAYS_FIRST_YEAR || date.year > HOLIDAYS_LAST_YEAR)
		return error_set(error, ERROR_PERMANENT,
			"%s, line %zu: the year %d is outside %d to %d", file, number, date.year,
			HOLIDAYS_FIRST_YEAR, HOLIDAYS_LAST_YEAR);
	length -= (size_t)(at - line);
	if (length == 0)
		return error_set(error, ERROR_PERMANENT,
			"%s, line %zu: the holiday's name is missing after the comma", file,
			number);
	if (length > NAME_MAX_BYTES || !text_is_clean(at, length) || strchr(at, ',') != NULL)
		return error_set(error, ERROR_PERMANENT,
			"%s, line %zu: the holiday's name is longer than %d bytes or holds a comma "
			"or a character that no name has",
			file, number, NAME_MAX_BYTES);
	entries_add(entries, civil_from_date(date.year, date.month, date.day), number, at);
	return true;
}

/* TEXT is taken apart in place; a NUL stands behind its LENGTH bytes. */
static bool read_lines(
	const char *file, char *text, size_t length, struct entries *entries, struct error *error)
{
	char *at = text, *end = text + length;
	size_t number = 0;

	while (at < end) {
		char *newline = memchr(at, '\n', (size_t)(end - at));
		char *next = newline != NULL ? newline + 1 : end;
		char *stop = newline != NULL ? newline : end;

		if (stop > at && stop[-1] == '\r')
			stop--;
		*stop = '\0';
		if (!read_line(file, ++number, at, (size_t)(stop - at), entries, error))
			return false;
		at = next;
	}
	if (entries->count == 0) {
		error_set(error, ERROR_PERMANENT, "%s: holds no holidays", file);
		return false;
	}
	return true;
}

static int compare_entries(const void *left, const void *right)
{
	const struct entry *a = left, *b = right;

	if (a->day != b->day)
		return a->day < b->day ? -1 : 1;
	return (a->line > b->line) - (a->line < b->line);
}

/* A day told twice with two names leaves open which of them is meant. */
static bool sort_entries(const char *file, struct entries *entries, struct error *error)
{
	size_t i;

	qsort(entries->list, entries->count, sizeof(entries->list[0]), compare_entries);
	for (i = 1; i < entries->count; i++) {
		const struct entry *before = &entries->list[i - 1], *entry = &entries->list[i];

		if (before->day == entry->day && strcmp(before->name, entry->name) != 0)
			return error_set(error, ERROR_PERMANENT,
				"%s, line %zu: the day stands in line %zu already, under another "
				"name",
				file, entry->line, before->line);
	}
	return true;
}

bool holidays_read_csv(struct holidays *holidays, const char *name, const unsigned char *data,
	size_t length, struct error *error)
{
	struct buffer text = {0};
	struct entries entries = {0};
	bool good;

	if (length > FILE_MAX)
		return error_set(error, ERROR_PERMANENT,
			"%s: larger than 1 MiB, so not the Cabinet Office's syukujitsu.csv", name);
	if (length >= 3 && memcmp(data, "\xef\xbb\xbf", 3) == 0) {
		data += 3;
		length -= 3;
	}
	if (length == 0)
		return error_set(error, ERROR_PERMANENT, "%s: empty", name);
	good = to_utf8(name, data, length, &text, error) &&
	       read_lines(name, (char *)text.data, text.length, &entries, error) &&
	       sort_entries(name, &entries, error);
	buffer_free(&text);
	if (!good) {
		entries_clear(&entries);
		return false;
	}
	entries_clear(&holidays->file);
	holidays->file = entries;
	holidays->first_year = civil_to_date(entries.list[0].day).year;
	holidays->last_year = civil_to_date(entries.list[entries.count - 1].day).year;
	return true;
}

static int compare_day(const void *key, const void *element)
{
	const civil_day *day = key;
	const struct entry *entry = element;

	return (*day > entry->day) - (*day < entry->day);
}

const char *holidays_name(const struct holidays *holidays, civil_day day)
{
	const struct entry *entry;

	if (holidays->file.count == 0 || day < civil_from_date(holidays->first_year, 1, 1) ||
		day > civil_from_date(holidays->last_year, 12, 31))
		return holiday_by_law(day);
	entry = bsearch(&day, holidays->file.list, holidays->file.count,
		sizeof(holidays->file.list[0]), compare_day);
	return entry != NULL ? entry->name : NULL;
}

bool holidays_covered(const struct holidays *holidays, int *first_year, int *last_year)
{
	if (holidays->file.count == 0)
		return false;
	*first_year = holidays->first_year;
	*last_year = holidays->last_year;
	return true;
}
