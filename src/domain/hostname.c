#include "domain/hostname.h"

#include <idn2.h>
#include <string.h>

/* A name in U-labels is longer in UTF-8 than its normal form; nothing beyond this can be one. */
#define INPUT_MAX 1024
#define NORMAL_LENGTH_MAX 253
#define LABEL_LENGTH_MAX 63

static bool is_ascii(const char *text)
{
	for (; *text != '\0'; text++) {
		if ((unsigned char)*text >= 0x80)
			return false;
	}
	return true;
}

static bool is_digit(char character)
{
	return character >= '0' && character <= '9';
}

static bool is_letter(char character)
{
	return character >= 'a' && character <= 'z';
}

static void lower(char *text)
{
	/* Not tolower(): a host name has nothing to do with the locale. */
	for (; *text != '\0'; text++) {
		if (*text >= 'A' && *text <= 'Z')
			*text = (char)(*text - 'A' + 'a');
	}
}

/*
 * True when the last label could only be part of an address: no top-level domain is a number, and
 * resolvers read "0x7f" as one.
 */
static bool is_number(const char *label)
{
	if (label[0] == '0' && label[1] == 'x')
		return label[2 + strspn(label + 2, "0123456789abcdef")] == '\0';
	return label[strspn(label, "0123456789")] == '\0';
}

/* Letters, digits and hyphens in labels of their length (RFC 952, RFC 1123), in lower case. */
static bool labels_are_good(const char *name)
{
	const char *label = name, *at;

	for (at = name;; at++) {
		if (*at == '.' || *at == '\0') {
			size_t length = (size_t)(at - label);

			if (length == 0 || length > LABEL_LENGTH_MAX || label[0] == '-' ||
				at[-1] == '-')
				return false;
			if (*at == '\0')
				return !is_number(label);
			label = at + 1;
		} else if (!is_digit(*at) && !is_letter(*at) && *at != '-') {
			return false;
		}
	}
}

/* A-labels of the UTF-8 in NAME to TARGET of SIZE bytes. */
static bool to_ascii(const char *name, char *target, size_t size)
{
	uint8_t *ascii = NULL;
	int flags = IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL | IDN2_USE_STD3_ASCII_RULES;
	size_t length;

	if (idn2_lookup_u8((const uint8_t *)name, &ascii, flags) != IDN2_OK)
		return false;
	length = strlen((const char *)ascii);
	if (length < size)
		memcpy(target, ascii, length + 1);
	idn2_free(ascii);
	return length < size;
}

bool hostname_normalise(const char *name, char normal[HOSTNAME_MAX])
{
	size_t prefix = 0, length = strnlen(name, INPUT_MAX + 1);
	char *rest;

	if (length == 0 || length > INPUT_MAX)
		return false;
	if (name[0] == '*' && name[1] == '.') {
		normal[0] = '*';
		normal[1] = '.';
		prefix = 2;
	}
	rest = normal + prefix;
	if (is_ascii(name)) {
		if (length - prefix >= HOSTNAME_MAX - prefix)
			return false;
		memcpy(rest, name + prefix, length - prefix + 1);
	} else if (!to_ascii(name + prefix, rest, HOSTNAME_MAX - prefix)) {
		return false;
	}
	lower(rest);
	length = strlen(rest);
	if (length > 0 && rest[length - 1] == '.')
		rest[--length] = '\0';
	return prefix + length <= NORMAL_LENGTH_MAX && labels_are_good(rest);
}

bool hostname_equal(const char *a, const char *b)
{
	char normal_a[HOSTNAME_MAX], normal_b[HOSTNAME_MAX];

	return hostname_normalise(a, normal_a) && hostname_normalise(b, normal_b) &&
	       strcmp(normal_a, normal_b) == 0;
}

bool hostname_matches_wildcard(const char *pattern, const char *name)
{
	char normal_pattern[HOSTNAME_MAX], normal_name[HOSTNAME_MAX];
	const char *dot;

	if (!hostname_normalise(pattern, normal_pattern) || !hostname_normalise(name, normal_name))
		return false;
	if (normal_pattern[0] != '*' || normal_name[0] == '*')
		return false;
	dot = strchr(normal_name, '.');
	return dot != NULL && strcmp(dot, normal_pattern + 1) == 0;
}

bool hostname_is_wildcard(const char *name)
{
	char normal[HOSTNAME_MAX];

	return hostname_normalise(name, normal) && normal[0] == '*';
}
