#ifndef MOCK_ANSWER_H
#define MOCK_ANSWER_H

#include <stdbool.h>

#include "base/buffer.h"

struct json_object;

#define ANSWER_HEADER_MAX 1024

/* An answer before it is sent. Start from {0}; texts are "" when the header is left out. */
struct answer {
	int status;
	const char *content_type; /* static */
	struct buffer body;
	char location[ANSWER_HEADER_MAX];
	char etag[ANSWER_HEADER_MAX];
	char encoding[ANSWER_HEADER_MAX];
	char retry_after[ANSWER_HEADER_MAX];
	bool replayed;
};

/* Frees what it holds; ANSWER is {0} again. */
void answer_clear(struct answer *answer);
/* Puts OBJECT (taken over) in as the body. */
void answer_json(struct answer *answer, int status, struct json_object *object);
/* An error as application/problem+json (RFC 9457). */
void answer_problem(struct answer *answer, int status, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

#endif
