#ifndef NET_HTTP_MESSAGE_H
#define NET_HTTP_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/error.h"

/* Requests and answers as plain values: what a service profile builds and judges. */

struct http_header {
	char *name;
	char *value;
};

/* One part of a multipart/form-data body. */
struct http_part {
	char *name;
	char *filename;	    /* NULL: a plain field */
	char *content_type; /* NULL: none given */
	struct buffer data;
};

struct http_request {
	char *method;
	char *url;
	struct http_header *headers;
	size_t header_count;
	struct buffer body; /* used when part_count is 0 */
	struct http_part
		*parts; /* multipart/form-data otherwise; the boundary is the transport's */
	size_t part_count;
};

void http_request_add_header(struct http_request *request, const char *name, const char *value);
/* The new part, to be filled; valid until the next is added. */
struct http_part *http_request_add_part(struct http_request *request, const char *name,
	const char *filename, const char *content_type);
/* Overwrites and frees what REQUEST holds (bodies and Authorization are secret); {0} again. */
void http_request_clear(struct http_request *request);

enum http_failure {
	HTTP_OK,	     /* an answer came, whatever its status */
	HTTP_CONNECT_FAILED, /* name, refused, unreachable, reset before anything was sent */
	HTTP_TLS_FAILED,     /* verification or negotiation, ours or theirs */
	HTTP_TIMED_OUT,	     /* in total, in connecting, or stalled */
	HTTP_BROKEN,	     /* cut, garbage, reset in the middle: the effect is unknown */
	HTTP_TOO_LARGE,	     /* the answer's body went past the cap; the status is known */
	HTTP_CANCELLED,
	HTTP_INTERNAL,
};

/* "ok", "connect-failed", "tls-failed", …: for records and logs. */
const char *http_failure_name(enum http_failure failure);

struct http_answer {
	enum http_failure failure;
	struct error error; /* a sentence, when failure is not HTTP_OK */
	int status;	    /* 0 when none came */
	struct buffer body; /* at most the cap */
	char *retry_after;  /* NULL when the header was not there; likewise below */
	char *etag;
	char *location;
	char *date;
	char *content_type;
	int64_t duration_ms;
	int http_major; /* 1 or 2 */
};

void http_answer_clear(struct http_answer *answer);

/*
 * Retry-After as a wait from now: delta-seconds or an HTTP-date (against DATE_HEADER, the answer's
 * own clock, where given, else NOW_MS); RFC 9110, 10.2.3. -1 when VALUE is NULL or neither; never
 * negative otherwise, and a hundred years at most.
 */
int64_t http_retry_after_ms(const char *value, const char *date_header, int64_t now_ms);

#endif
