#ifndef OPS_ADMIN_PRIVATE_H
#define OPS_ADMIN_PRIVATE_H

#include "ops/admin.h"
#include "ops/admin_refusals.h"
#include "ops/admin_rights.h"
#include "ops/admin_socket.h"

#include <locale.h>
#include <pthread.h>
#include <sys/types.h>

/* After those of ours: some of its macros have names that we give to other things. */
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/http.h>
#include <event2/listener.h>

/*
 * One connection, for one request. libevent's server tells neither when it takes one nor when it
 * closes it, so that what is known here of a descriptor holds for as long as the socket behind it
 * is the same.
 */
struct admin_connection {
	struct admin *admin;
	int fd; /* -1: the place is free */
	ino_t inode;
	struct admin_peer peer;
	struct event *limit; /* its time is over */
};

/* All but what the other threads need to end it is the thread's own. */
struct admin {
	struct admin_options options;
	struct admin_socket socket;
	struct store *store;
	pthread_t thread;
	int stop_fd;

	struct event_base *base;
	struct event *stop;
	struct evhttp *http;
	struct evconnlistener *listener; /* HTTP's */
	struct event *taken;		 /* newcomers are to be looked at */
	struct admin_newcomer {
		struct bufferevent *buffers;
	} * newcomers;
	size_t newcomer_count;
	struct admin_connection connections[ADMIN_CONNECTIONS_MAX];
	struct admin_refusals refusals;
	struct metrics_kept kept;
	locale_t japanese; /* 0: there is none here */
};

/* Sets what is spoken on the server up: bounds and callbacks. */
void admin_http_begin(struct admin *admin);
/* Before the base is freed. */
void admin_http_end(struct admin *admin);

#endif
