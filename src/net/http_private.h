#ifndef NET_HTTP_PRIVATE_H
#define NET_HTTP_PRIVATE_H

#include <stdbool.h>
#include <stdint.h>

#include <curl/curl.h>

#include "net/http.h"
#include "net/http_handshake.h"

/* What http.c (the multi handle on the loop), http_socket.c (its sockets), http_easy.c (one
 * transfer's settings), http_fence.c (what may not be sent any more) and http_judge.c (what came
 * back) share. */

#define HTTP_ORIGIN_MAX 256

/* A socket of libcurl's on the loop. */
struct http_socket {
	struct http *http;
	struct loop_watch *watch;
	int fd;
	int events;  /* what it is watched for */
	bool wanted; /* by libcurl; else it is idle */
	bool kept;   /* a connection's: when it is closed, http_socket_close is called */
};

struct http {
	struct loop *loop;
	CURLM *multi;
	struct loop_timer *timer; /* libcurl's own time-outs */
	struct loop_timer *rest;  /* since the last transfer ended */
	long connections;
	struct http_transfer *first;
	bool closing;
	struct http_socket **sockets; /* by descriptor, with gaps; socket_room of them */
	size_t socket_room;
	char known_url[HTTP_ORIGIN_MAX]; /* how the last URL in order began; empty: none */
	char known_origin[HTTP_ORIGIN_MAX];
	CURLU *known; /* that beginning, taken apart */
};

/* A multipart body's part, read from where the request has it. */
struct http_part_cursor {
	const struct buffer *data;
	size_t offset;
};

struct http_transfer {
	struct http *http;
	struct http_transfer *previous;
	struct http_transfer *next;
	http_callback *callback;
	void *context;
	struct http_answer answer;

	CURL *easy;
	CURLU *url; /* NULL: libcurl takes it apart */
	struct curl_slist *headers;
	curl_mime *mime;
	struct http_part_cursor *cursors;
	struct http_handshake *handshake;
	bool has_client_certificate;
	char origin[HTTP_ORIGIN_MAX]; /* scheme://host:port, for sentences */
	char error_buffer[CURL_ERROR_SIZE];

	size_t answer_max;
	size_t header_bytes;
	bool answer_too_large;
	bool headers_too_large;
	bool headers_ended; /* those of the last status line seen */

	struct loop_timer *timer; /* stall; or what failed before it began */
	int64_t stall_timeout_ms;
	curl_off_t bytes_seen; /* either way, when the timer last looked */
	int64_t began_ms;
	const struct http_fence *fence;
	bool on_connection; /* it has one, and its request goes out */
	int local_port;	    /* of that connection; 0: libcurl did not tell */
	bool failed_early;
	bool added; /* to the multi handle */
	bool finished;
};

/*
 * Makes TRANSFER's easy handle for REQUEST to PEER. False when that cannot be done: the answer's
 * failure and error say why.
 */
bool must_check http_easy_prepare(struct http_transfer *transfer, const struct http_peer *peer,
	const struct http_request *request);

/* libcurl goes on with FD (or CURL_SOCKET_TIMEOUT), which is ready for EVENTS of the loop's. */
void http_act(struct http *http, int fd, int events);

/* What CURLMOPT_SOCKETFUNCTION and CURLOPT_CLOSESOCKETFUNCTION call with a struct http. */
int http_socket_wanted(CURL *easy, curl_socket_t fd, int what, void *context, void *socket_context);
int http_socket_close(void *context, curl_socket_t fd);
/* The port of this end; 0 when it cannot be told. */
int http_socket_local_port(int fd);
void http_sockets_forget(struct http *http);

/* FENCE may be NULL. */
bool http_fence_over(const struct http_fence *fence, int64_t wall_ms, int64_t mono_ms);
bool http_fence_passed(const struct http_transfer *transfer);
/* Resets the connection on which TRANSFER's request goes out. */
void http_fence_cut(struct http_transfer *transfer);
/* What CURLOPT_PREREQFUNCTION calls with a transfer. */
int http_fence_before_request(
	void *context, char *peer_address, char *local_address, int peer_port, int port);

/* What CURLOPT_HEADERFUNCTION and CURLOPT_WRITEFUNCTION call with a transfer. */
size_t http_take_header(char *data, size_t size, size_t count, void *context);
size_t http_take_body(char *data, size_t size, size_t count, void *context);

/* Puts into the answer's failure and error what RESULT means; its status is set already. */
void http_judge_result(struct http_transfer *transfer, CURLcode result);

/* True when something of the request has gone out, so that its effect is unknown. */
bool http_request_was_sent(const struct http_transfer *transfer);

#endif
