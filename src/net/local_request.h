#ifndef NET_LOCAL_REQUEST_H
#define NET_LOCAL_REQUEST_H

#include <stdint.h>

#include "base/buffer.h"
#include "base/error.h"

/*
 * One HTTP/1.1 request over a unix socket, waited for; bounded in time and in what comes back. It
 * needs no loop. http_init_process is to be called before.
 */
struct local_request {
	const char *socket_path;
	const char *method; /* "GET" or "POST" */
	const char *target; /* path and query, escaped */
	const char *body;   /* LENGTH bytes; NULL: none */
	size_t length;
	const char *language; /* of sentences, as Accept-Language has it; NULL: none asked for */
	int64_t timeout_ms;
	size_t answer_max;
};

enum local_outcome {
	LOCAL_ANSWERED, /* whatever the status */
	LOCAL_ABSENT,	/* nobody listens there */
	LOCAL_DENIED,	/* the system does not let us connect */
	LOCAL_FAILED,	/* cut, too slow, too long, no HTTP */
};

struct local_answer {
	long status;	    /* HTTP's */
	struct buffer body; /* the caller's to free, whatever the outcome */
};

/* ERROR says what is wrong, but for LOCAL_ANSWERED. */
enum local_outcome local_request(
	const struct local_request *request, struct local_answer *answer, struct error *error);

/* TEXT as it may stand in a query or as a segment of a path, appended to OUT. */
void local_escape(struct buffer *out, const char *text);

#endif
