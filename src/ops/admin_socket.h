#ifndef OPS_ADMIN_SOCKET_H
#define OPS_ADMIN_SOCKET_H

#include <stdbool.h>

#include "base/error.h"

/* The listening unix socket, before anybody is spoken to on it. */
struct admin_socket {
	int fd;
	char *path; /* what is to be removed at the end; NULL when it is systemd's */
	unsigned long device, inode; /* of what was made at path */
};

/*
 * The one that systemd handed over under the name "admin" (LISTEN_FDNAMES). *FOUND is false when
 * there is none; permanent error when it is no listening unix stream socket.
 */
bool must_check admin_socket_inherit(
	struct admin_socket *inherited, bool *found, struct error *error);

/*
 * Makes one at PATH: mode 0660 and of GROUP where that exists and may be given, 0600 otherwise,
 * which *SHARED tells. One that a dead process left is replaced. Permanent error when somebody
 * listens there, when it is something else than a socket, or when PATH is too long for one.
 */
bool must_check admin_socket_make(const char *path, const char *group, struct admin_socket *made,
	bool *shared, struct error *error);

/* Closes it, and removes what was made, unless it is another's by now. */
void admin_socket_close(struct admin_socket *made);

#endif
