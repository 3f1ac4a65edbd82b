#ifndef MOCK_FEED_H
#define MOCK_FEED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mock/answer.h"
#include "mock/faults.h"

/*
 * The feed of INTERFACES.md, "Sources": records in the order in which they were put, each with a
 * sequence number from 1, and what was handed out of them to whom asked with which cursor. Cursors
 * are "s" and a sequence number.
 */
struct feed;

struct feed *feed_new(void);
void feed_free(struct feed *feed);

/* Appends LENGTH bytes of JSON, whatever they mean; its sequence number, 0 when it is no JSON. */
int64_t feed_put(struct feed *feed, const char *text, size_t length);

/*
 * Answers GET /feed/v1/contracts?QUERY (NULL: none), with IF_NONE_MATCH (NULL: none) in its
 * headers, bent by RULE where that is a fault of pages.
 */
void feed_answer(struct feed *feed, const char *query, const char *if_none_match,
	const struct fault_rule *rule, struct answer *answer);

/* One JSON object a question: n, after, limit, last (handed out), status and fault. */
void feed_ledger(const struct feed *feed, struct buffer *out);

#endif
