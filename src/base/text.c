#include "base/text.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*
 * Length of the well-formed UTF-8 sequence at TEXT, and its code point; 0 when there is none.
 */
static size_t utf8_at(const unsigned char *text, size_t length, uint32_t *point)
{
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	size_t size, i;
	uint32_t value;

	if (text[0] < 0x80) {
		*point = text[0];
		return 1;
	}
	if (text[0] >= 0xc2 && text[0] <= 0xdf) {
		size = 2;
		value = text[0] & 0x1fu;
	} else if ((text[0] & 0xf0) == 0xe0) {
		size = 3;
		value = text[0] & 0x0fu;
	} else if (text[0] >= 0xf0 && text[0] <= 0xf4) {
		size = 4;
		value = text[0] & 0x07u;
	} else {
		return 0;
	}
	if (size > length)
		return 0;
	for (i = 1; i < size; i++) {
		if ((text[i] & 0xc0) != 0x80)
			return 0;
		value = value << 6 | (text[i] & 0x3fu);
	}
	if (value < least[size] || value > 0x10ffff || (value >= 0xd800 && value <= 0xdfff))
		return 0;
	*point = value;
	return size;
}

static bool is_unsafe(uint32_t point)
{
	return point < 0x20 || (point >= 0x7f && point <= 0x9f) || point == 0x2028 ||
	       point == 0x2029 || (point >= 0x202a && point <= 0x202e) ||
	       (point >= 0x2066 && point <= 0x2069) || point == 0x200e || point == 0x200f ||
	       point == 0x061c || point == 0xfeff;
}

/* How many of the bytes at FROM are printable ASCII, which is safe as it stands. */
static size_t plain_length(const unsigned char *from, size_t length)
{
	size_t at = 0;

	while (at < length && from[at] >= 0x20 && from[at] < 0x7f)
		at++;
	return at;
}

void text_sanitise(char *target, size_t size, const char *source, size_t length)
{
	const unsigned char *from = (const unsigned char *)source;
	size_t at, used;

	if (size == 0)
		return;
	/* Most texts are plain as a whole. */
	at = used = plain_length(from, length < size ? length : size - 1);
	if (used > 0)
		memcpy(target, from, used);
	while (at < length) {
		uint32_t point = 0;
		size_t taken = utf8_at(from + at, length - at, &point);
		const unsigned char *out = from + at;
		size_t out_length = taken;

		if (taken == 0 || is_unsafe(point)) {
			bool space =
				taken == 1 && (point == '\n' || point == '\r' || point == '\t');

			out = (const unsigned char *)(space ? " " : "?");
			out_length = 1;
		}
		if (used + out_length + 1 > size)
			break;
		memcpy(target + used, out, out_length);
		used += out_length;
		at += taken ? taken : 1;
	}
	target[used] = '\0';
}

void text_copy(char *target, size_t size, const char *source)
{
	size_t length;

	if (size == 0)
		return;
	length = strnlen(source, size - 1);
	memcpy(target, source, length);
	target[length] = '\0';
}

bool text_is_clean(const char *text, size_t length)
{
	const unsigned char *from = (const unsigned char *)text;
	size_t at = plain_length(from, length);

	while (at < length) {
		uint32_t point = 0;
		size_t taken = utf8_at(from + at, length - at, &point);

		if (taken == 0 || is_unsafe(point))
			return false;
		at += taken;
	}
	return true;
}

size_t text_unreserved_length(const char *text)
{
	const char *at = text;

	while ((*at >= 'a' && *at <= 'z') || (*at >= 'A' && *at <= 'Z') ||
		(*at >= '0' && *at <= '9') || *at == '-' || *at == '.' || *at == '_' || *at == '~')
		at++;
	return (size_t)(at - text);
}

void text_hex(char *target, const unsigned char *data, size_t length)
{
	static const char digits[] = "0123456789abcdef";
	size_t i;

	for (i = 0; i < length; i++) {
		target[2 * i] = digits[data[i] >> 4];
		target[2 * i + 1] = digits[data[i] & 15];
	}
	target[2 * length] = '\0';
}

static int hex_digit(char digit)
{
	if (digit >= '0' && digit <= '9')
		return digit - '0';
	if (digit >= 'a' && digit <= 'f')
		return digit - 'a' + 10;
	if (digit >= 'A' && digit <= 'F')
		return digit - 'A' + 10;
	return -1;
}

bool text_unhex(const char *text, unsigned char *data, size_t length)
{
	size_t i;

	if (strlen(text) != 2 * length)
		return false;
	for (i = 0; i < length; i++) {
		int high = hex_digit(text[2 * i]), low = hex_digit(text[2 * i + 1]);

		if (high < 0 || low < 0)
			return false;
		data[i] = (unsigned char)(high << 4 | low);
	}
	return true;
}

bool text_to_int64(const char *text, int64_t minimum, int64_t maximum, int64_t *value)
{
	char *end = NULL;
	long long number;

	if (!((text[0] >= '0' && text[0] <= '9') || (text[0] == '-' && text[1] != '\0')))
		return false;
	errno = 0;
	number = strtoll(text, &end, 10);
	if (errno != 0 || *end != '\0' || number < minimum || number > maximum)
		return false;
	*value = number;
	return true;
}

static const struct {
	const char *name;
	int64_t ms;
} duration_units[] = {
	{"d", 86400000},
	{"h", 3600000},
	{"m", 60000},
	{"s", 1000},
	{"ms", 1},
};

#define DURATION_UNITS (sizeof(duration_units) / sizeof(duration_units[0]))
#define DURATION_MAX_MS (INT64_C(36525) * 86400000)

bool text_to_duration_ms(const char *text, int64_t *ms)
{
	int64_t total = 0;
	const char *at = text;
	bool bare = strspn(text, "0123456789") == strlen(text);

	if (*text == '\0')
		return false;
	while (*at != '\0') {
		char *end = NULL;
		size_t i, unit_length;
		long long number;

		if (*at < '0' || *at > '9')
			return false;
		errno = 0;
		number = strtoll(at, &end, 10);
		if (errno != 0 || number > DURATION_MAX_MS)
			return false;
		at = end;
		unit_length = strcspn(at, "0123456789");
		for (i = 0; i < DURATION_UNITS; i++) {
			if (strlen(duration_units[i].name) == unit_length &&
				strncmp(at, duration_units[i].name, unit_length) == 0)
				break;
		}
		if (bare)
			i = 3; /* seconds */
		if (i == DURATION_UNITS || number > DURATION_MAX_MS / duration_units[i].ms)
			return false;
		total += number * duration_units[i].ms;
		if (total > DURATION_MAX_MS)
			return false;
		at += unit_length;
	}
	*ms = total;
	return true;
}

void text_from_duration_ms(char *target, size_t size, int64_t ms)
{
	size_t i, used = 0;

	if (size == 0)
		return;
	target[0] = '\0';
	if (ms <= 0) {
		snprintf(target, size, "0s");
		return;
	}
	for (i = 0; i < DURATION_UNITS && used < size; i++) {
		int64_t count = ms / duration_units[i].ms;
		int written;

		if (count == 0)
			continue;
		ms -= count * duration_units[i].ms;
		written = snprintf(
			target + used, size - used, "%" PRId64 "%s", count, duration_units[i].name);
		if (written < 0)
			return;
		used += (size_t)written;
	}
}

bool text_to_size(const char *text, uint64_t *size)
{
	char *end = NULL;
	unsigned long long number;
	unsigned int shift = 0;

	if (text[0] < '0' || text[0] > '9')
		return false;
	errno = 0;
	number = strtoull(text, &end, 10);
	if (errno != 0)
		return false;
	if (*end == 'k' || *end == 'K')
		shift = 10;
	else if (*end == 'M')
		shift = 20;
	else if (*end == 'G')
		shift = 30;
	if (shift != 0)
		end++;
	if (*end != '\0' || number > UINT64_MAX >> shift)
		return false;
	*size = (uint64_t)number << shift;
	return true;
}

bool text_is_blank(const char *text, size_t length)
{
	return strspn(text, " \t\r\n") >= length;
}

bool text_is_lines(const char *text, size_t length)
{
	const char *begin = text + strspn(text, " \t\r\n");
	const char *end = memchr(begin, '\n', length - (size_t)(begin - text));
	const char *last = end;

	if (end == NULL || text_is_blank(end, length - (size_t)(end - text)))
		return false;
	while (last > begin && strchr(" \t\r\n", last[0]) != NULL)
		last--;
	return begin[0] == '{' && last[0] == '}' && last > begin;
}
