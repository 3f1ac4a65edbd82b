#ifndef BASE_EVENTS_H
#define BASE_EVENTS_H

#include <stddef.h>

#include "base/log.h"

/* What an operator may want to know by its kind: events.def has the table. */
enum event_id {
#define EVENT(name, id, level, fields) EVENT_##name,
#include "base/events.def"
#undef EVENT
	EVENT_COUNT
};

/* A row of the table. */
struct event_rule {
	const char *name;
	const char *id; /* 128 bits in lower-case hexadecimal, as the journal writes them */
	enum log_level level;
	const char *fields; /* their names, a space between two */
};

const struct event_rule *event_rule(enum event_id event);

/*
 * Writes one entry at the event's level, with its id as the field MESSAGE_ID. Of FIELDS (COUNT of
 * them; NULL with 0) those are sent that the table names for the event; it is the caller's duty
 * that none of these is missing. Never with a secret in it.
 */
void log_event(enum event_id event, const struct log_field *fields, size_t count,
	const char *format, ...) __attribute__((format(printf, 4, 5)));

#endif
