#ifndef MOCK_ROUTE_H
#define MOCK_ROUTE_H

#include <stdbool.h>

#include "mock/service.h"

enum route_operation {
	ROUTE_NONE,    /* no such path: 404 */
	ROUTE_METHOD,  /* the path is there, the method is not: 405 */
	ROUTE_INSTALL, /* puts a certificate on a service */
	ROUTE_SHOW,    /* which certificate is installed now */
	ROUTE_STATUS,  /* how far an install has spread (gio-ca) */
	ROUTE_FEED,    /* a page of the feed */
	ROUTE_REQUEST, /* how an asynchronous install stands (idgw) */
};

#define ROUTE_SEGMENT_MAX 256

/* What a request's method and path mean. Texts are "" where the path does not have them. */
struct route {
	enum route_operation operation;
	enum mock_service service;
	char code[2 * ROUTE_SEGMENT_MAX]; /* of waf-group: "code:group" */
	char fqdn[ROUTE_SEGMENT_MAX];	  /* in lower case */
	char id[ROUTE_SEGMENT_MAX];
};

/*
 * Reads METHOD and PATH (percent-encoded, without query). A segment that decodes to control
 * characters, a slash or more than it may hold is no path of ours.
 */
void route_parse(const char *method, const char *path, struct route *route);

#endif
