#include "mock/feed.h"

#include <event2/http.h>
#include <event2/keyvalq_struct.h>
#include <inttypes.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/text.h"

#define LIMIT_DEFAULT 100
#define LIMIT_MAX 1000
#define OVERSIZE_MAX (INT64_C(8) << 20)

struct feed {
	char **records; /* by sequence number, from 1 */
	int64_t count;
	int64_t asked;
	struct buffer page; /* the one before */
	struct buffer ledger;
};

/* The range of one answer, and what stands in its ledger's line. */
struct range {
	int64_t after;
	int64_t limit;
	int64_t last;
};

struct feed *feed_new(void)
{
	return xcalloc(1, sizeof(struct feed));
}

void feed_free(struct feed *feed)
{
	int64_t i;

	if (feed == NULL)
		return;
	for (i = 0; i < feed->count; i++)
		free_wiped_text(feed->records[i]);
	free(feed->records);
	buffer_free(&feed->page);
	buffer_free(&feed->ledger);
	free(feed);
}

int64_t feed_put(struct feed *feed, const char *text, size_t length)
{
	struct json_tokener *tokener = json_tokener_new_ex(256);
	enum json_tokener_error fault;

	if (tokener == NULL)
		abort();
	json_object_put(json_tokener_parse_ex(tokener, text, (int)length));
	fault = json_tokener_get_error(tokener);
	/* A number alone has no end of its own. */
	if (fault == json_tokener_continue) {
		json_object_put(json_tokener_parse_ex(tokener, "", -1));
		fault = json_tokener_get_error(tokener);
	}
	json_tokener_free(tokener);
	if (fault != json_tokener_success || length == 0)
		return 0;
	feed->records =
		xreallocarray(feed->records, (size_t)feed->count + 1, sizeof(*feed->records));
	feed->records[feed->count++] = xstrndup(text, length);
	return feed->count;
}

/* False when the query is none of ours. */
static bool read_query(const char *query, struct range *range)
{
	struct evkeyvalq pairs;
	const char *after, *limit;
	bool good;

	if (evhttp_parse_query_str(query != NULL ? query : "", &pairs) != 0)
		return false;
	after = evhttp_find_header(&pairs, "after");
	limit = evhttp_find_header(&pairs, "limit");
	range->after = 0;
	range->limit = LIMIT_DEFAULT;
	good = (after == NULL || after[0] == '\0' ||
		       (after[0] == 's' &&
			       text_to_int64(after + 1, 0, INT64_MAX, &range->after))) &&
	       (limit == NULL || text_to_int64(limit, 1, LIMIT_MAX, &range->limit));
	evhttp_clear_headers(&pairs);
	return good;
}

static void write_page(const struct feed *feed, const struct range *range, enum fault_kind fault,
	struct buffer *out)
{
	int64_t count = range->last - range->after, i;

	buffer_append_text(out, "{\"contracts\":[");
	for (i = 0; i < count; i++) {
		int64_t at = fault == FAULT_PAGE_REORDER ? range->last - 1 - i : range->after + i;

		buffer_printf(out, "%s", i > 0 ? "," : "");
		buffer_append_text(out, feed->records[at]);
	}
	buffer_printf(out, "],\"next\":\"s%" PRId64 "\"}",
		fault == FAULT_PAGE_JUMP_BACK ? INT64_C(0) : range->last);
}

static void bend_page(struct feed *feed, const struct fault_rule *rule, struct buffer *page)
{
	struct buffer bent = {0};
	int64_t i;

	if (rule->kind == FAULT_PAGE_REPEAT && feed->page.length > 0) {
		buffer_append(&bent, feed->page.data, feed->page.length);
	} else if (rule->kind == FAULT_PAGE_CUT) {
		buffer_append(&bent, page->data, page->length / 2);
	} else if (rule->kind == FAULT_PAGE_OVERSIZE) {
		for (i = 0; i < rule->size && i < OVERSIZE_MAX; i++)
			buffer_append_char(&bent, ' ');
		buffer_append(&bent, page->data, page->length);
	} else {
		return;
	}
	buffer_free(page);
	*page = bent;
}

static void note(
	struct feed *feed, const struct fault_rule *rule, const struct range *range, int status)
{
	struct json_object *line = json_object_new_object();

	json_object_object_add(line, "n", json_object_new_int64(++feed->asked));
	json_object_object_add(line, "after", json_object_new_int64(range->after));
	json_object_object_add(line, "limit", json_object_new_int64(range->limit));
	json_object_object_add(line, "last", json_object_new_int64(range->last));
	json_object_object_add(line, "status", json_object_new_int(status));
	json_object_object_add(line, "fault",
		rule->kind != FAULT_NONE ? json_object_new_string(fault_name(rule->kind)) : NULL);
	buffer_printf(&feed->ledger, "%s\n",
		json_object_to_json_string_ext(line, JSON_C_TO_STRING_PLAIN));
	json_object_put(line);
}

void feed_answer(struct feed *feed, const char *query, const char *if_none_match,
	const struct fault_rule *rule, struct answer *answer)
{
	bool kept_back = rule->kind != FAULT_NONE && !rule->effect;
	struct range range = {0};
	struct buffer page = {0};

	if (!read_query(query, &range)) {
		answer_problem(answer, 400, "after is a cursor of ours, limit 1 to %d", LIMIT_MAX);
		note(feed, rule, &range, 400);
		return;
	}
	if (range.after > feed->count)
		range.after = feed->count;
	range.last =
		range.after + range.limit < feed->count ? range.after + range.limit : feed->count;
	if (kept_back)
		range.last = range.after;
	snprintf(answer->etag, sizeof(answer->etag), "\"%" PRId64 "-%" PRId64 "\"", range.after,
		range.last);
	answer->status = rule->kind == FAULT_STATUS ? rule->status : 200;
	if (rule->kind == FAULT_NONE && if_none_match != NULL &&
		strcmp(if_none_match, answer->etag) == 0) {
		answer->status = 304;
		note(feed, rule, &range, 304);
		return;
	}
	note(feed, rule, &range, answer->status);
	write_page(feed, &range, rule->kind, &page);
	bend_page(feed, rule, &page);
	buffer_append(&answer->body, page.data, page.length);
	answer->content_type = "application/json";
	if (!kept_back) {
		buffer_free(&feed->page);
		feed->page = page;
	} else {
		buffer_free(&page);
	}
}

void feed_ledger(const struct feed *feed, struct buffer *out)
{
	buffer_append(out, feed->ledger.data, feed->ledger.length);
}
