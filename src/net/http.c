#include "net/http.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include <curl/curl.h>

#include "base/alloc.h"
#include "net/http_private.h"

/*
 * A kept HTTP/2 connection holds the last frame that was sent, with the key in it, in a buffer that
 * cannot be reached; so no connection is kept for longer than work comes.
 */
#define REST_MS 3000

void http_init_process(void)
{
	static bool done;

	if (done)
		return;
	done = true;
	/* libcurl would write the secrets of every connection there, open to all users. */
	(void)unsetenv("SSLKEYLOGFILE");
	/* Fails for want of memory only, or when another part of the process was here first. */
	if (curl_global_init_mem(CURL_GLOBAL_DEFAULT, wiping_malloc, wiping_free, wiping_realloc,
		    wiping_strdup, wiping_calloc) != CURLE_OK)
		abort();
}

/* The end of a transfer. */

static void transfer_unlink(struct http_transfer *transfer)
{
	if (transfer->previous != NULL)
		transfer->previous->next = transfer->next;
	else
		transfer->http->first = transfer->next;
	if (transfer->next != NULL)
		transfer->next->previous = transfer->previous;
	if (transfer->http->first == NULL)
		loop_timer_set(transfer->http->rest, REST_MS);
}

static void transfer_release(struct http_transfer *transfer)
{
	/* Else giving the connection up would send what is left of a record. */
	if (transfer->added && http_fence_passed(transfer))
		http_fence_cut(transfer);
	if (transfer->added)
		(void)curl_multi_remove_handle(transfer->http->multi, transfer->easy);
	/* The handle goes first: it refers to the rest. */
	curl_easy_cleanup(transfer->easy);
	curl_url_cleanup(transfer->url);
	curl_mime_free(transfer->mime);
	curl_slist_free_all(transfer->headers);
	free(transfer->cursors);
	http_handshake_unref(transfer->handshake);
	loop_timer_free(transfer->timer);
	transfer->timer = NULL;
}

/* The one end of every transfer; TRANSFER is gone afterwards. */
static void transfer_finish(struct http_transfer *transfer)
{
	transfer->finished = true;
	transfer->answer.duration_ms =
		clock_mono_ms(loop_clock(transfer->http->loop)) - transfer->began_ms;
	transfer_unlink(transfer);
	transfer_release(transfer);
	transfer->callback(transfer->context, &transfer->answer);
	http_answer_clear(&transfer->answer);
	explicit_bzero(transfer->error_buffer, sizeof(transfer->error_buffer));
	free(transfer);
}

static void note_status(struct http_transfer *transfer)
{
	long status = 0;
	long version = 0;

	if (curl_easy_getinfo(transfer->easy, CURLINFO_RESPONSE_CODE, &status) == CURLE_OK)
		transfer->answer.status = (int)status;
	if (curl_easy_getinfo(transfer->easy, CURLINFO_HTTP_VERSION, &version) == CURLE_OK &&
		status != 0)
		transfer->answer.http_major = version == CURL_HTTP_VERSION_2_0 ? 2 : 1;
}

static void transfer_break_off(struct http_transfer *transfer)
{
	if (transfer->added)
		note_status(transfer);
	transfer->answer.failure = HTTP_CANCELLED;
	error_set(&transfer->answer.error, ERROR_TEMPORARY,
		http_fence_passed(transfer) ? "%s: the request was broken off, since the time in "
					      "which it could be sent is over"
					    : "%s: the request was cancelled",
		transfer->origin);
	transfer_finish(transfer);
}

static void transfer_done(struct http_transfer *transfer, CURLcode result)
{
	/* Stopped by http_fence_before_request. */
	if (result == CURLE_ABORTED_BY_CALLBACK) {
		transfer_break_off(transfer);
		return;
	}
	note_status(transfer);
	http_judge_result(transfer, result);
	transfer_finish(transfer);
}

/* libcurl on the loop. */

static void collect(struct http *http)
{
	CURLMsg *message;
	int left;

	/* A callback may start and cancel others: the queue of messages is libcurl's to keep. */
	while ((message = curl_multi_info_read(http->multi, &left)) != NULL) {
		struct http_transfer *transfer = NULL;
		CURLcode result = message->data.result;

		if (message->msg != CURLMSG_DONE)
			continue;
		(void)curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &transfer);
		assert(transfer != NULL);
		transfer_done(transfer, result);
	}
}

static struct http_transfer *first_fenced(const struct http *http)
{
	const struct clock *clock = loop_clock(http->loop);
	int64_t wall_ms = clock_wall_ms(clock), mono_ms = clock_mono_ms(clock);
	struct http_transfer *transfer;

	/* What was ended before took itself out of the list, which the analyser does not see. */
	for (transfer = http->first; transfer != NULL; transfer = transfer->next) {
		const struct http_fence *fence = transfer->fence; /* NOLINT(*-unix.Malloc) */

		if (http_fence_over(fence, wall_ms, mono_ms))
			return transfer;
	}
	return NULL;
}

/*
 * A process that was stopped finds its sockets ready before its timers are over: whatever was to
 * end meanwhile is ended here, before libcurl can write any of it.
 */
static void end_fenced(struct http *http)
{
	struct http_transfer *transfer;

	while ((transfer = first_fenced(http)) != NULL)
		transfer_break_off(transfer);
}

void http_act(struct http *http, int fd, int events)
{
	int mask = 0;
	int running;

	end_fenced(http);
	if (events & LOOP_READ)
		mask |= CURL_CSELECT_IN;
	if (events & LOOP_WRITE)
		mask |= CURL_CSELECT_OUT;
	(void)curl_multi_socket_action(http->multi, fd, mask, &running);
	collect(http);
}

static void time_over(void *context)
{
	http_act(context, CURL_SOCKET_TIMEOUT, 0);
}

static int time_wanted(CURLM *multi, long timeout_ms, void *context)
{
	struct http *http = context;

	(void)multi;
	if (timeout_ms < 0)
		loop_timer_cancel(http->timer);
	else
		loop_timer_set(http->timer, timeout_ms);
	return 0;
}

#define SET_MULTI(option, value) (curl_multi_setopt(multi, (option), (value)) == CURLM_OK)

static CURLM *multi_new(struct http *http)
{
	CURLM *multi = curl_multi_init();

	/*
	 * How many connections there are at once is for the caller to bound, by how many transfers
	 * it starts. libcurl's own bounds would make transfers wait whose time is running.
	 */
	if (multi != NULL && SET_MULTI(CURLMOPT_SOCKETFUNCTION, http_socket_wanted) &&
		SET_MULTI(CURLMOPT_SOCKETDATA, http) &&
		SET_MULTI(CURLMOPT_TIMERFUNCTION, time_wanted) &&
		SET_MULTI(CURLMOPT_TIMERDATA, http) &&
		SET_MULTI(CURLMOPT_MAXCONNECTS, http->connections) &&
		SET_MULTI(CURLMOPT_PIPELINING, (long)CURLPIPE_MULTIPLEX))
		return multi;
	(void)curl_multi_cleanup(multi);
	return NULL;
}

/* Closes what is kept open, with a call of http_socket_close for each. */
static void close_all(void *context)
{
	struct http *http = context;
	CURLM *next;

	if (http->first != NULL)
		return;
	/* libcurl closes idle connections together with their multi handle only. */
	next = multi_new(http);
	if (next == NULL)
		return;
	(void)curl_multi_cleanup(http->multi);
	loop_timer_cancel(http->timer);
	http->multi = next;
}

bool http_new(struct loop *loop, size_t connections, struct http **http, struct error *error)
{
	struct http *made = xcalloc(1, sizeof(*made));

	assert(connections > 0);
	made->loop = loop;
	made->connections = (long)connections;
	made->timer = loop_timer_new(loop, time_over, made);
	made->rest = loop_timer_new(loop, close_all, made);
	made->multi = multi_new(made);
	if (made->multi != NULL) {
		*http = made;
		return true;
	}
	http_free(made);
	return error_set(error, ERROR_INTERNAL,
		"libcurl (%s) cannot be set up; 7.88 or later is needed", curl_version());
}

void http_free(struct http *http)
{
	if (http == NULL)
		return;
	http->closing = true;
	/* Each takes itself out of the list, which the analyser does not see. */
	while (http->first != NULL)		 /* NOLINT(clang-analyzer-unix.Malloc) */
		transfer_break_off(http->first); /* NOLINT(clang-analyzer-unix.Malloc) */
	/* Closes what was kept open, with a call of http_socket_close for each. */
	(void)curl_multi_cleanup(http->multi);
	loop_timer_free(http->timer);
	loop_timer_free(http->rest);
	http_sockets_forget(http);
	curl_url_cleanup(http->known);
	free(http);
}

/* The beginning of a transfer. */

/*
 * libcurl's own bound on slowness counts in whole seconds and averages over five; this one tells
 * that nothing moved at all between two looks.
 */
static void look_for_stall(struct http_transfer *transfer)
{
	curl_off_t up = 0;
	curl_off_t down = 0;
	curl_off_t seen;

	(void)curl_easy_getinfo(transfer->easy, CURLINFO_SIZE_UPLOAD_T, &up);
	(void)curl_easy_getinfo(transfer->easy, CURLINFO_SIZE_DOWNLOAD_T, &down);
	seen = up + down + (curl_off_t)transfer->header_bytes;
	if (seen != transfer->bytes_seen) {
		transfer->bytes_seen = seen;
		loop_timer_set(transfer->timer, transfer->stall_timeout_ms);
		return;
	}
	note_status(transfer);
	transfer->answer.failure = HTTP_TIMED_OUT;
	error_set(&transfer->answer.error, ERROR_TEMPORARY, "%s: %s, not a byte for %lld ms",
		transfer->origin,
		http_request_was_sent(transfer) ? "stalled" : "timed out while connecting",
		(long long)transfer->stall_timeout_ms);
	transfer_finish(transfer);
}

static void transfer_timer(void *context)
{
	struct http_transfer *transfer = context;

	if (transfer->failed_early)
		transfer_finish(transfer);
	else
		look_for_stall(transfer);
}

struct http_transfer *http_start(struct http *http, const struct http_peer *peer,
	const struct http_request *request, http_callback *callback, void *context)
{
	struct http_transfer *transfer = xcalloc(1, sizeof(*transfer));

	assert(!http->closing);
	transfer->http = http;
	transfer->callback = callback;
	transfer->context = context;
	transfer->fence = peer->fence;
	transfer->began_ms = clock_mono_ms(loop_clock(http->loop));
	transfer->timer = loop_timer_new(http->loop, transfer_timer, transfer);
	transfer->next = http->first;
	if (http->first != NULL)
		http->first->previous = transfer;
	http->first = transfer;
	if (!http_easy_prepare(transfer, peer, request)) {
		transfer->failed_early = true;
	} else if (curl_multi_add_handle(http->multi, transfer->easy) != CURLM_OK) {
		transfer->failed_early = true;
		transfer->answer.failure = HTTP_INTERNAL;
		error_set(&transfer->answer.error, ERROR_INTERNAL,
			"%s: libcurl does not take the transfer", transfer->origin);
	} else {
		transfer->added = true;
	}
	loop_timer_set(transfer->timer, transfer->failed_early ? 0 : transfer->stall_timeout_ms);
	return transfer;
}

void http_cancel(struct http_transfer *transfer)
{
	if (transfer != NULL && !transfer->finished)
		transfer_break_off(transfer);
}
