#include "mock/multipart.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/text.h"

/*
 * The value of the parameter NAME in a header such as `form-data; name="x"; filename=y`, copied to
 * TARGET. False when it is not there, is empty or does not fit.
 */
static bool header_parameter(
	const char *header, size_t length, const char *name, char *target, size_t size)
{
	const char *end = header + length, *value;
	size_t name_length = strlen(name), value_length;

	while ((header = memchr(header, ';', (size_t)(end - header))) != NULL) {
		header++;
		while (header < end && (*header == ' ' || *header == '\t'))
			header++;
		if ((size_t)(end - header) <= name_length || header[name_length] != '=' ||
			strncasecmp(header, name, name_length) != 0)
			continue;
		value = header + name_length + 1;
		if (value < end && *value == '"') {
			const char *quote;

			value++;
			quote = memchr(value, '"', (size_t)(end - value));
			if (quote == NULL)
				return false;
			value_length = (size_t)(quote - value);
		} else {
			for (value_length = 0; value + value_length < end; value_length++)
				if (strchr("; \t", value[value_length]) != NULL)
					break;
		}
		if (value_length == 0 || value_length >= size)
			return false;
		memcpy(target, value, value_length);
		target[value_length] = '\0';
		return text_is_clean(target, value_length);
	}
	return false;
}

/* Reads the headers from TEXT to the empty line; its end, or NULL. */
static const char *part_headers(
	const char *text, const char *end, struct multipart_part *part, struct error *error)
{
	static const char wanted[] = "Content-Disposition:";
	char filename[MULTIPART_NAME_MAX * 4];
	const char *line_end;
	size_t length;

	for (;;) {
		line_end = memmem(text, (size_t)(end - text), "\r\n", 2);
		if (line_end == NULL) {
			error_set(error, ERROR_PERMANENT, "a part's headers do not end");
			return NULL;
		}
		length = (size_t)(line_end - text);
		if (length == 0)
			break;
		if (length >= sizeof(wanted) - 1 &&
			strncasecmp(text, wanted, sizeof(wanted) - 1) == 0) {
			if (!header_parameter(
				    text, length, "name", part->name, sizeof(part->name))) {
				error_set(error, ERROR_PERMANENT,
					"a part's Content-Disposition has no usable name");
				return NULL;
			}
			part->has_filename = header_parameter(
				text, length, "filename", filename, sizeof(filename));
		}
		text = line_end + 2;
	}
	if (part->name[0] == '\0') {
		error_set(error, ERROR_PERMANENT, "a part has no Content-Disposition header");
		return NULL;
	}
	return line_end + 2;
}

/* Reads one part, whose headers begin at TEXT; the end of its contents, or NULL. */
static const char *part_read(const char *text, const char *end, const char *delimiter,
	struct multipart *form, struct error *error)
{
	struct multipart_part part = {0};
	const char *data, *data_end;

	if (form->count == MULTIPART_PARTS_MAX) {
		error_set(error, ERROR_PERMANENT, "the form has more than %d parts",
			MULTIPART_PARTS_MAX);
		return NULL;
	}
	data = part_headers(text, end, &part, error);
	if (data == NULL)
		return NULL;
	/* The line break before a delimiter belongs to it. */
	data_end = memmem(data, (size_t)(end - data), delimiter, strlen(delimiter));
	if (data_end == NULL) {
		error_set(error, ERROR_PERMANENT, "part '%s' does not end", part.name);
		return NULL;
	}
	if (multipart_find(form, part.name) != NULL) {
		error_set(error, ERROR_PERMANENT, "part '%s' is there twice", part.name);
		return NULL;
	}
	part.data = data;
	part.length = (size_t)(data_end - data);
	form->parts[form->count++] = part;
	return data_end;
}

bool multipart_parse(const char *content_type, const char *body, size_t length,
	struct multipart *form, struct error *error)
{
	static const char type[] = "multipart/form-data";
	char boundary[MULTIPART_BOUNDARY_MAX + 1], delimiter[MULTIPART_BOUNDARY_MAX + 5];
	const char *end = body + length, *at;
	size_t size;

	form->count = 0;
	if (content_type == NULL || strncasecmp(content_type, type, sizeof(type) - 1) != 0)
		return error_set(error, ERROR_PERMANENT, "Content-Type is not %s", type);
	if (!header_parameter(
		    content_type, strlen(content_type), "boundary", boundary, sizeof(boundary)))
		return error_set(error, ERROR_PERMANENT, "Content-Type has no usable boundary");
	snprintf(delimiter, sizeof(delimiter), "\r\n--%s", boundary);
	size = strlen(delimiter);
	/* Nothing is allowed before the first delimiter, which lacks the line break. */
	if (length < size - 2 || memcmp(body, delimiter + 2, size - 2) != 0)
		return error_set(
			error, ERROR_PERMANENT, "the body does not begin with its boundary");
	at = body + size - 2;
	for (;;) {
		if (end - at >= 2 && memcmp(at, "--", 2) == 0)
			return true;
		if (end - at < 2 || memcmp(at, "\r\n", 2) != 0)
			return error_set(error, ERROR_PERMANENT, "a delimiter line is broken");
		at = part_read(at + 2, end, delimiter, form, error);
		if (at == NULL)
			return false;
		at += size;
	}
}

const struct multipart_part *multipart_find(const struct multipart *form, const char *name)
{
	size_t i;

	for (i = 0; i < form->count; i++)
		if (strcmp(form->parts[i].name, name) == 0)
			return &form->parts[i];
	return NULL;
}
