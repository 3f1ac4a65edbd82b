#ifndef SOURCE_FEED_PRIVATE_H
#define SOURCE_FEED_PRIVATE_H

#include "source/feed.h"

/* What the feed's own files share; nobody else includes this. */

/*
 * The cursors that were asked for since something new came. One that comes back again and again
 * without anything new in between comes back for ever.
 */
struct feed_trail {
	struct {
		char *cursor;
		unsigned times;
	} * asked;
	size_t count;
	size_t total;
};

/* A page may be repeated, or a cursor jump back, by a passing fault. */
#define FEED_TRAIL_TIMES 4

/*
 * So many pages without anything new are followed in one round: a feed that is read from its
 * beginning has many, but one that makes up cursor after cursor has no end.
 */
#define FEED_TRAIL_MAX 1000

/* CURSOR is about to be asked for; false when it should not be, in this round. */
bool feed_trail_add(struct feed_trail *trail, const char *cursor);
void feed_trail_clear(struct feed_trail *trail);

/* What a question is made of. */
struct feed_question {
	const char *url;
	const char *token_file; /* NULL: no bearer token */
	const char *after;	/* "": from the beginning */
	int limit;
	const char *etag; /* NULL: none */
};

/* Builds the request; error when the token cannot be read. REQUEST is to be cleared either way. */
bool must_check feed_build(
	const struct feed_question *question, struct http_request *request, struct error *error);

enum feed_verdict {
	FEED_ANSWER_PAGE,
	FEED_ANSWER_SAME, /* not modified since the answer with our ETag */
	FEED_ANSWER_TOO_LARGE,
	FEED_ANSWER_TEMPORARY,
	FEED_ANSWER_REFUSED,
};

/* ERROR is a sentence for the last three. */
enum feed_verdict feed_judge(const struct http_answer *answer, bool had_etag, struct error *error);

#endif
