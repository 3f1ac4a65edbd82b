#ifndef TESTS_HTTP_FIXTURE_H
#define TESTS_HTTP_FIXTURE_H

#include "net/http.h"
#include "tls_server.h"

/* What the tests of HTTP over TLS share: a loop, libcurl on it, and the last answer. */

/* The cap of an answer's body. */
#define CAP 100
/* In each request's path, query and headers; must never turn up in a sentence. */
#define SECRET "hush-hush"

struct http_fixture {
	struct loop *loop;
	struct http *http;
	struct http_peer peer;
	struct http_transfer *transfer;
	struct http_answer answer;
	int calls;
	int wanted;
};

/* A server that answers all with 200 and "ok". */
extern const struct tls_step fixture_ok_steps[1];
extern const struct tls_server_options fixture_ok_options;

void fixture_open(struct http_fixture *fixture);
void fixture_close(struct http_fixture *fixture);
/* A callback for http_start: keeps the answer, and stops the loop at the wanted one. */
void fixture_arrived(void *context, struct http_answer *answer);
void fixture_run(struct http_fixture *fixture);
/* Sends REQUEST and waits for its answer. */
void fixture_fetch(struct http_fixture *fixture, const struct http_request *request);
void fixture_request(struct http_request *request, const char *method, const char *host, int port);
/* The last answer must have failed like that; NUMBER is the case's, for the message. */
void fixture_expect(const struct http_fixture *fixture, size_t number, enum http_failure failure);
int fixture_set_up(void **state);
int fixture_tear_down(void **state);

#endif
