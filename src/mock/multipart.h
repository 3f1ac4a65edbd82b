#ifndef MOCK_MULTIPART_H
#define MOCK_MULTIPART_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

#define MULTIPART_PARTS_MAX 16
#define MULTIPART_NAME_MAX 64
#define MULTIPART_BOUNDARY_MAX 70 /* RFC 2046, 5.1.1 */

/* One part of a form; the contents are borrowed from the body. */
struct multipart_part {
	char name[MULTIPART_NAME_MAX];
	bool has_filename;
	const char *data;
	size_t length;
};

struct multipart {
	struct multipart_part parts[MULTIPART_PARTS_MAX];
	size_t count;
};

/*
 * Reads a multipart/form-data body (RFC 7578) of LENGTH bytes whose Content-Type header is
 * CONTENT_TYPE. Strict: CRLF line ends, a closing delimiter, a name in each part, no part twice.
 * Permanent error that says what is wrong.
 */
bool must_check multipart_parse(const char *content_type, const char *body, size_t length,
	struct multipart *form, struct error *error);

/* NULL when the form has no part of that name. */
const struct multipart_part *multipart_find(const struct multipart *form, const char *name);

#endif
