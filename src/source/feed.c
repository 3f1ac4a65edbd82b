#include "source/feed.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/events.h"
#include "base/text.h"
#include "pki/pki.h"
#include "record/record_page.h"
#include "source/feed_private.h"

#define DURATION_TEXT_MAX 48

enum feed_state {
	FEED_WAITING, /* for its timer */
	FEED_ASKING,
	FEED_TAKING, /* its taker has the page */
};

/* What was told last, so that it is told once. */
enum feed_trouble {
	TROUBLE_NONE,
	TROUBLE_TEMPORARY,
	TROUBLE_REFUSED,
	TROUBLE_BROKEN,
	TROUBLE_LATER,
	TROUBLE_TOO_LARGE,
	TROUBLE_TURNS,
};

struct feed {
	struct feed_options options;
	char *url, *token_file, *client_certificate, *client_key, *ca_file;
	enum feed_state state;
	struct loop_timer *timer;
	struct http_transfer *transfer;
	struct http_request request;
	char *after;
	int limit; /* smaller than the options' for the rest of a round whose pages were too large
		    */
	uint64_t page_id;
	char *page_etag; /* of the page that is being taken */
	/* An answer that had nothing behind it, and the limit that was asked with. */
	char *etag;
	int etag_limit;
	struct feed_trail trail;
	bool in_round;
	size_t taken, set_aside; /* in this round */
	int failures;		 /* since something worked */
	struct error fault;	 /* the last of them */
	enum feed_trouble trouble;
	int trouble_status;
};

/* The machine's edges, in the order in which time runs them. */
static void ask(void *context);
static void answered(void *context, struct http_answer *answer);
static void fail(struct feed *feed, enum feed_trouble trouble, int64_t retry_after_ms, int status,
	const struct error *error);

struct feed *feed_new(const struct feed_options *options)
{
	struct feed *feed = xcalloc(1, sizeof(*feed));

	feed->options = *options;
	feed->options.url = feed->url = xstrdup(options->url);
	feed->options.token_file = feed->token_file = xstrdup_or_null(options->token_file);
	feed->options.client_certificate = feed->client_certificate =
		xstrdup_or_null(options->client_certificate);
	feed->options.client_key = feed->client_key = xstrdup_or_null(options->client_key);
	feed->options.ca_file = feed->ca_file = xstrdup_or_null(options->ca_file);
	feed->after = xstrdup(options->after != NULL ? options->after : "");
	feed->options.after = NULL;
	feed->timer = loop_timer_new(options->loop, ask, feed);
	loop_timer_set(feed->timer, 0);
	return feed;
}

void feed_free(struct feed *feed)
{
	if (feed == NULL)
		return;
	if (feed->transfer != NULL)
		http_cancel(feed->transfer);
	loop_timer_free(feed->timer);
	http_request_clear(&feed->request);
	feed_trail_clear(&feed->trail);
	free(feed->after);
	free(feed->etag);
	free(feed->page_etag);
	free(feed->url);
	free(feed->token_file);
	free(feed->client_certificate);
	free(feed->client_key);
	free(feed->ca_file);
	free(feed);
}

void feed_page_clear(struct feed_page *page)
{
	free(page->url);
	free(page->after);
	buffer_free(&page->body);
	*page = (struct feed_page){0};
}

void feed_result_clear(struct feed_result *result)
{
	free(result->next);
	*result = (struct feed_result){0};
}

bool feed_is_failing(const struct feed *feed)
{
	return feed->failures > 0;
}

const char *feed_fault(const struct feed *feed)
{
	return feed->failures > 0 ? feed->fault.text : "";
}

/* ---- what is told ---- */

/* True when it is to be told: it is other than what was told last. */
static bool is_new_trouble(struct feed *feed, enum feed_trouble trouble, int status)
{
	bool is_new = feed->trouble != trouble || feed->trouble_status != status;

	feed->trouble = trouble;
	feed->trouble_status = status;
	return is_new;
}

static void tell_recovery(struct feed *feed)
{
	if (feed->trouble != TROUBLE_NONE)
		log_event(EVENT_FEED_WORKS, (const struct log_field[]){{"FEED", feed->url}}, 1,
			"feed %s: works again", feed->url);
	feed->trouble = TROUBLE_NONE;
	feed->trouble_status = 0;
}

static void tell_round(struct feed *feed)
{
	if (feed->taken > 0 || feed->set_aside > 0)
		log_event(EVENT_FEED_ROUND, (const struct log_field[]){{"FEED", feed->url}}, 1,
			"feed %s: %zu records were new, %zu set aside", feed->url, feed->taken,
			feed->set_aside);
}

/* ---- the end of a round ---- */

static void rest(struct feed *feed, enum feed_rest how, int64_t wait_ms)
{
	size_t set_aside = feed->set_aside;

	feed->state = FEED_WAITING;
	feed->taken = feed->set_aside = 0;
	loop_timer_set(feed->timer, wait_ms);
	/* The last of all: it may free the feed. */
	if (feed->options.rested != NULL)
		feed->options.rested(feed->options.context, how, set_aside);
}

static void end_round(struct feed *feed, enum feed_rest how)
{
	tell_round(feed);
	feed->in_round = false;
	rest(feed, how, feed->options.interval_ms);
}

static void fail(struct feed *feed, enum feed_trouble trouble, int64_t retry_after_ms, int status,
	const struct error *error)
{
	struct backoff_rules rules = feed->options.backoff;
	bool refused = trouble == TROUBLE_REFUSED;
	char wait[DURATION_TEXT_MAX];
	int64_t wait_ms;
	uint64_t random;

	if (refused && rules.floor_ms < feed->options.interval_ms)
		rules.floor_ms = feed->options.interval_ms;
	if (rules.ceiling_ms < rules.floor_ms)
		rules.ceiling_ms = rules.floor_ms;
	pki_random(&random, sizeof(random));
	feed->failures++;
	feed->fault = *error;
	wait_ms = backoff_delay_ms(&rules, feed->failures, retry_after_ms, random);
	tell_round(feed);
	if (is_new_trouble(feed, trouble, status)) {
		text_from_duration_ms(wait, sizeof(wait), wait_ms - wait_ms % 10);
		log_event(refused ? EVENT_FEED_REFUSED : EVENT_FEED_FAILED,
			(const struct log_field[]){{"FEED", feed->url}}, 1,
			"feed %s: %s; its cursor stays, and it is asked again in %s", feed->url,
			error->text, wait);
	}
	rest(feed, refused ? FEED_REFUSED : FEED_FAILED, wait_ms);
}

/* ---- asking ---- */

static void send(struct feed *feed)
{
	const struct http_peer peer = {
		.ca_file = feed->ca_file,
		.client_certificate = feed->client_certificate,
		.client_key = feed->client_key,
		.total_timeout_ms = feed->options.timeout_ms,
		.stall_timeout_ms = feed->options.timeout_ms,
		.answer_max = RECORD_PAGE_MAX_BYTES,
	};

	feed->state = FEED_ASKING;
	feed->transfer = http_start(feed->options.http, &peer, &feed->request, answered, feed);
}

static void ask(void *context)
{
	struct feed *feed = context;
	struct feed_question question = {
		.url = feed->url, .token_file = feed->token_file, .after = feed->after};
	struct error error;

	if (!feed->in_round) {
		feed->in_round = true;
		feed->limit = feed->options.limit;
		feed_trail_clear(&feed->trail);
		(void)feed_trail_add(&feed->trail, feed->after);
	}
	question.limit = feed->limit;
	if (feed->etag != NULL && feed->etag_limit == feed->limit)
		question.etag = feed->etag;
	if (!feed_build(&question, &feed->request, &error)) {
		http_request_clear(&feed->request);
		fail(feed, TROUBLE_REFUSED, -1, 0, &error);
		return;
	}
	send(feed);
}

static void hand_over(struct feed *feed, struct http_answer *answer)
{
	struct feed_page page = {
		.url = xstrdup(feed->url), .after = xstrdup(feed->after), .body = answer->body};

	answer->body = (struct buffer){0};
	free(feed->page_etag);
	feed->page_etag = answer->etag;
	answer->etag = NULL;
	pki_random(&page.id, sizeof(page.id));
	feed->page_id = page.id;
	feed->state = FEED_TAKING;
	feed->options.page(feed->options.context, &page);
}

static void ask_for_less(struct feed *feed, const struct error *too_large)
{
	struct error error = *too_large;

	if (feed->limit > 1) {
		feed->limit /= 2;
		loop_timer_set(feed->timer, 0);
		feed->state = FEED_WAITING;
		return;
	}
	error_context(&error, "even a page of one record is too large");
	fail(feed, TROUBLE_TOO_LARGE, -1, 0, &error);
}

static void answered(void *context, struct http_answer *answer)
{
	struct feed *feed = context;
	int64_t now_ms = clock_wall_ms(loop_clock(feed->options.loop));
	bool had_etag = feed->etag != NULL && feed->etag_limit == feed->limit;
	struct error error;

	feed->transfer = NULL;
	http_request_clear(&feed->request);
	if (answer->failure == HTTP_CANCELLED)
		return;
	switch (feed_judge(answer, had_etag, &error)) {
	case FEED_ANSWER_PAGE:
		hand_over(feed, answer);
		return;
	case FEED_ANSWER_SAME:
		feed->failures = 0;
		tell_recovery(feed);
		end_round(feed, FEED_UP_TO_DATE);
		return;
	case FEED_ANSWER_TOO_LARGE:
		ask_for_less(feed, &error);
		return;
	case FEED_ANSWER_TEMPORARY:
		fail(feed, TROUBLE_TEMPORARY,
			http_retry_after_ms(answer->retry_after, answer->date, now_ms),
			answer->status, &error);
		return;
	case FEED_ANSWER_REFUSED:
		fail(feed, TROUBLE_REFUSED,
			http_retry_after_ms(answer->retry_after, answer->date, now_ms),
			answer->status, &error);
		return;
	}
}

/* ---- what came of a page ---- */

static void go_on(struct feed *feed)
{
	if (feed_trail_add(&feed->trail, feed->after)) {
		feed->state = FEED_WAITING;
		loop_timer_set(feed->timer, 0);
		return;
	}
	if (is_new_trouble(feed, TROUBLE_TURNS, 0))
		log_event(EVENT_FEED_TURNS, (const struct log_field[]){{"FEED", feed->url}}, 1,
			"feed %s: it goes on, but its pages come again and have nothing new; "
			"it is asked again after feed-interval",
			feed->url);
	end_round(feed, FEED_TURNS);
}

static void stored(struct feed *feed, const struct feed_result *result)
{
	bool over = result->records == 0 && strcmp(result->next, feed->after) == 0;

	feed->failures = 0;
	if (over || feed->trouble != TROUBLE_TURNS)
		tell_recovery(feed);
	feed->taken += result->fresh;
	feed->set_aside += result->set_aside;
	/*
	 * An ETag is kept only of an answer that had nothing, since only then is the same question
	 * asked again with all that it had in the store: "not modified" must not hide a page that
	 * could not be stored.
	 */
	free(feed->etag);
	feed->etag = NULL;
	if (over) {
		feed->etag = feed->page_etag;
		feed->page_etag = NULL;
		feed->etag_limit = feed->limit;
	}
	free(feed->after);
	feed->after = xstrdup(result->next);
	if (over) {
		end_round(feed, FEED_UP_TO_DATE);
		return;
	}
	if (result->fresh > 0)
		feed_trail_clear(&feed->trail);
	go_on(feed);
}

void feed_taken(struct feed *feed, const struct feed_result *result)
{
	if (feed->state != FEED_TAKING || result->id != feed->page_id)
		return;
	switch (result->outcome) {
	case FEED_PAGE_STORED:
		stored(feed, result);
		return;
	case FEED_PAGE_BROKEN:
		fail(feed, TROUBLE_BROKEN, -1, 0, &result->error);
		return;
	case FEED_PAGE_LATER:
		fail(feed, TROUBLE_LATER, -1, 0, &result->error);
		return;
	}
}
