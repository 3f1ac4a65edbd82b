#include "base/events.h"

#include <assert.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"

/* The log cuts what is longer, and cuts it where a character ends. */
#define MESSAGE_MAX 2100
#define FIELDS_MAX 15

static const struct event_rule rules[] = {
#define EVENT(name, id, level, fields) {#name, id, LOG_LEVEL_##level, fields},
#include "base/events.def"
#undef EVENT
};

const struct event_rule *event_rule(enum event_id event)
{
	assert(event < EVENT_COUNT);
	return &rules[event];
}

static bool carries(const struct event_rule *rule, const char *field)
{
	const char *at = rule->fields;
	size_t length = strlen(field);

	while (*at != '\0') {
		size_t word = strcspn(at, " ");

		if (word == length && memcmp(at, field, length) == 0)
			return true;
		at += word + (at[word] == ' ' ? 1 : 0);
	}
	return false;
}

void log_event(
	enum event_id event, const struct log_field *fields, size_t count, const char *format, ...)
{
	const struct event_rule *rule = event_rule(event);
	struct log_field sent[FIELDS_MAX + 1] = {{"MESSAGE_ID", rule->id}};
	char message[MESSAGE_MAX];
	size_t used = 1, i;
	va_list arguments;

	for (i = 0; i < count && used < ARRAY_LENGTH(sent); i++) {
		if (fields[i].name != NULL && carries(rule, fields[i].name))
			sent[used++] = fields[i];
	}
	va_start(arguments, format);
	vsnprintf(message, sizeof(message), format, arguments);
	va_end(arguments);
	log_text(rule->level, sent, used, message);
}
