#ifndef RECORD_RECORD_PAGE_H
#define RECORD_RECORD_PAGE_H

#include "record/record.h"

#define RECORD_PAGE_MAX_BYTES ((size_t)4 * 1024 * 1024)
#define RECORD_PAGE_MAX_RECORDS 4096
#define RECORD_CURSOR_MAX 1024
#define RECORD_CODE_MAX 128

/*
 * A page of records as a feed delivers it (INTERFACES.md, "Sources"):
 * {"contracts":[record…],"next":"CURSOR"}. Its elements are read one by one, so that a bad one does
 * not spoil the others.
 */
struct record_page;

/* What is known of an element that may not be a record at all. */
struct record_identity {
	/* SHA-256 of the element's content: the same whatever the spaces between its parts. */
	unsigned char digest[32];
	char contract[RECORD_CODE_MAX + 1]; /* "" when it cannot be read */
	int64_t revision;		    /* -1 likewise */
};

/*
 * Reads LENGTH bytes. What is no such page (cut off, no JSON, a key missing, out of bounds) is a
 * temporary error: the feed may give a whole one the next time. *PAGE is to be freed.
 */
bool must_check record_page_parse(
	const char *text, size_t length, struct record_page **page, struct error *error);
/* Overwrites the secrets and frees; PAGE may be NULL. */
void record_page_free(struct record_page *page);

/* The cursor to ask with for what comes after this page; the page keeps it. */
const char *record_page_next(const struct record_page *page);
size_t record_page_count(const struct record_page *page);

/*
 * Element INDEX as a record, bounds and errors as record_parse has them. IDENTITY is filled either
 * way.
 */
bool must_check record_page_read(const struct record_page *page, size_t index,
	struct record *record, struct record_identity *identity, struct error *error);

#endif
