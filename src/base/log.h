#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <stddef.h>
#include <stdint.h>

/* Syslog's levels, so that a sink can pass them on. */
enum log_level {
	LOG_LEVEL_ERROR = 3,
	LOG_LEVEL_WARNING = 4,
	LOG_LEVEL_NOTICE = 5,
	LOG_LEVEL_INFO = 6,
	LOG_LEVEL_DEBUG = 7,
};

/* A field in the journal's sense: an upper-case name and a value. */
struct log_field {
	const char *name;
	const char *value;
};

/*
 * Where entries go. MESSAGE and the values are clean already (text_sanitise) and hold no secret by
 * the callers' duty. Until a sink is set, entries go to standard error as plain lines.
 */
typedef void log_sink(void *context, enum log_level level, const char *message,
	const struct log_field *fields, size_t field_count);

void log_set_sink(log_sink *sink, void *context);
/* Entries above LEVEL are dropped; the start is LOG_LEVEL_INFO. */
void log_set_level(enum log_level level);

/* Writes one entry; a field whose value is NULL is left out. */
void log_entry(enum log_level level, const struct log_field *fields, size_t field_count,
	const char *format, ...) __attribute__((format(printf, 4, 5)));

/* The same for a text that stands already. */
void log_text(
	enum log_level level, const struct log_field *fields, size_t field_count, const char *text);

/* How many entries of LEVEL there were since the process began; safe from any thread. */
uint64_t log_count(enum log_level level);

#define log_error(...) log_entry(LOG_LEVEL_ERROR, NULL, 0, __VA_ARGS__)
#define log_warning(...) log_entry(LOG_LEVEL_WARNING, NULL, 0, __VA_ARGS__)
#define log_notice(...) log_entry(LOG_LEVEL_NOTICE, NULL, 0, __VA_ARGS__)
#define log_info(...) log_entry(LOG_LEVEL_INFO, NULL, 0, __VA_ARGS__)
#define log_debug(...) log_entry(LOG_LEVEL_DEBUG, NULL, 0, __VA_ARGS__)

#endif
