#ifndef NET_RESOLVE_H
#define NET_RESOLVE_H

#include <netdb.h>

#include "net/loop.h"

/*
 * Host names to addresses without blocking the loop: getaddrinfo in a few threads, so that names
 * mean here what they mean to libcurl and to the rest of the system (nsswitch.conf, a changed
 * resolv.conf), which libevent's own resolver does not see.
 */
struct resolution;

/* STATUS is that of getaddrinfo (gai_strerror tells it). */
typedef void resolve_callback(void *context, int status, struct addrinfo *list);

/*
 * Looks HOST (a name or an address) and PORT (decimal) up for a stream socket. The callback runs
 * once, from the loop, never from within this call; LIST is the callback's, to be given to
 * freeaddrinfo, and NULL unless STATUS is 0.
 */
struct resolution *resolve_start(struct loop *loop, const char *host, const char *port,
	resolve_callback *callback, void *context);

/* No callback will run; a lookup under way is left to end by itself. */
void resolve_cancel(struct resolution *resolution);

#endif
