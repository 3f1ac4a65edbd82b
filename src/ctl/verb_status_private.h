#ifndef CTL_VERB_STATUS_PRIVATE_H
#define CTL_VERB_STATUS_PRIVATE_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What --check looks at; shared by the verb's own files. */

enum check_level {
	CHECK_OK,
	CHECK_WARNING,
	CHECK_CRITICAL,
	CHECK_UNKNOWN,
};

/* One figure: more than WARNING warns, more than CRITICAL is critical. */
struct check_figure {
	const char *name;  /* of its option and in the perfdata */
	const char *words; /* after its number in the line: "overdue" */
	const char *never; /* in place of both where there is no age */
	const char *help;
	bool is_age; /* in milliseconds; shown in seconds */
	int64_t warning, critical;
};

#define CHECK_FIGURES 8
struct check {
	struct check_figure figures[CHECK_FIGURES];
};

/* The figures with their defaults. */
void check_init(struct check *check);
/* Reads "W:C", or "W" for both, of figure NUMBER; false when TEXT is neither. */
bool check_take(struct check *check, size_t number, const char *text);

/*
 * Prints the one line of a monitoring plug-in for STATUS, view_status's answer, at NOW_MS; returns
 * its exit status.
 */
enum check_level check_print(const struct check *check, struct json_object *status, int64_t now_ms);
/* The same where there is no answer, for the reason WHY. */
enum check_level check_print_unknown(const char *why);

#endif
