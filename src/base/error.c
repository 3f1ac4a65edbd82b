#include "base/error.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"

/* Room for a whole character past the end, so that text_sanitise does the cutting. */
#define RAW_MAX (ERROR_TEXT_MAX + 4)

bool error_set(struct error *error, enum error_kind kind, const char *format, ...)
{
	va_list arguments;
	char text[RAW_MAX];

	if (error == NULL)
		return false;
	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	error->kind = kind;
	text_sanitise(error->text, sizeof(error->text), text, strlen(text));
	return false;
}

bool error_context(struct error *error, const char *format, ...)
{
	va_list arguments;
	char text[RAW_MAX];
	size_t length;

	if (error == NULL)
		return false;
	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	length = strlen(text);
	snprintf(text + length, sizeof(text) - length, ": %s", error->text);
	text_sanitise(error->text, sizeof(error->text), text, strlen(text));
	return false;
}

const char *error_kind_name(enum error_kind kind)
{
	switch (kind) {
	case ERROR_PERMANENT:
		return "permanent";
	case ERROR_TEMPORARY:
		return "temporary";
	case ERROR_INTERNAL:
		return "internal";
	}
	return "internal";
}
