#ifndef OPS_ADMIN_RIGHTS_H
#define OPS_ADMIN_RIGHTS_H

#include <sys/types.h>

/*
 * Who may do what over the admin socket: by the peer's user and group, as the kernel tells them,
 * and that user's groups, as the system's databases have them at that moment.
 */

/* Ordered: each includes those before it. */
enum admin_right {
	ADMIN_RIGHT_NONE,
	ADMIN_RIGHT_READ,
	ADMIN_RIGHT_CHANGE,
};

#define ADMIN_WHO_MAX 64

struct admin_rules {
	uid_t own;		  /* the daemon's user */
	const char *read_group;	  /* "": none */
	const char *change_group; /* "": none */
};

struct admin_peer {
	uid_t uid;
	gid_t gid;
	char who[ADMIN_WHO_MAX]; /* the user's name, or "uid 1234" where it has none */
	enum admin_right right;
};

/* The peer of the connected unix socket FD; right none when the kernel does not tell. */
void admin_peer_look(int fd, const struct admin_rules *rules, struct admin_peer *peer);

/* The same for a known user and group. Only the who and right are filled in. */
void admin_peer_judge(const struct admin_rules *rules, struct admin_peer *peer);

#endif
