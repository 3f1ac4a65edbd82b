#ifndef BASE_ERROR_H
#define BASE_ERROR_H

#include <stdarg.h>
#include <stdbool.h>

/*
 * An error is a value: a kind, which decides what happens next, and a sentence for a person.
 * Functions that can fail return false and fill the struct error that their caller passed in; on
 * success they leave it alone. Libraries return errors; the engine and the programs log each once.
 */
enum error_kind {
	ERROR_PERMANENT = 1, /* the same input fails again: refuse it, tell the person */
	ERROR_TEMPORARY,     /* disk, network or peer: the same input may succeed later */
	ERROR_INTERNAL,	     /* a fault of this program or its installation */
};

#define ERROR_TEXT_MAX 512

struct error {
	enum error_kind kind;
	char text[ERROR_TEXT_MAX];
};

/*
 * Fills ERROR (which may be NULL) and returns false, so that it can be returned. Control characters
 * that got into the sentence become '?'.
 */
bool error_set(struct error *error, enum error_kind kind, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Puts "context: " in front of the sentence that ERROR has; returns false. */
bool error_context(struct error *error, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* "permanent", "temporary" or "internal". */
const char *error_kind_name(enum error_kind kind);

#define must_check __attribute__((warn_unused_result))

#endif
