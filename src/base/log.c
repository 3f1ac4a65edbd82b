#include "base/log.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/text.h"

#define LOG_MESSAGE_MAX 2048
#define LOG_FIELDS_MAX 16
#define LOG_VALUE_MAX 512

static void stderr_sink(void *context, enum log_level level, const char *message,
	const struct log_field *fields, size_t field_count)
{
	static const char *const names[] = {"", "", "", "error: ", "warning: ", "", "", "debug: "};

	(void)context;
	(void)fields;
	(void)field_count;
	fprintf(stderr, "%s%s\n", names[level], message);
}

/* The log is the one thing that is the process's and not a caller's. */
static log_sink *current_sink = stderr_sink;
static void *current_context;
static enum log_level current_level = LOG_LEVEL_INFO;
static _Atomic uint64_t counts[LOG_LEVEL_DEBUG + 1];

void log_set_sink(log_sink *sink, void *context)
{
	current_sink = sink != NULL ? sink : stderr_sink;
	current_context = context;
}

void log_set_level(enum log_level level)
{
	current_level = level;
}

void log_text(
	enum log_level level, const struct log_field *fields, size_t field_count, const char *text)
{
	struct log_field clean[LOG_FIELDS_MAX];
	char values[LOG_FIELDS_MAX][LOG_VALUE_MAX], message[LOG_MESSAGE_MAX];
	size_t i, used = 0;

	if (level > current_level)
		return;
	atomic_fetch_add_explicit(&counts[level], 1, memory_order_relaxed);
	text_sanitise(message, sizeof(message), text, strlen(text));
	for (i = 0; i < field_count && used < LOG_FIELDS_MAX; i++) {
		if (fields[i].value == NULL)
			continue;
		text_sanitise(
			values[used], LOG_VALUE_MAX, fields[i].value, strlen(fields[i].value));
		clean[used] = (struct log_field){fields[i].name, values[used]};
		used++;
	}
	current_sink(current_context, level, message, clean, used);
}

void log_entry(enum log_level level, const struct log_field *fields, size_t field_count,
	const char *format, ...)
{
	char text[LOG_MESSAGE_MAX + 4];
	va_list arguments;

	if (level > current_level)
		return;
	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	log_text(level, fields, field_count, text);
}

uint64_t log_count(enum log_level level)
{
	return atomic_load_explicit(&counts[level], memory_order_relaxed);
}
