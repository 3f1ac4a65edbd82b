#include "ops/admin_rights.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/alloc.h"
#include "base/text.h"

/* A name in the databases takes no more; what does is taken for one that is not there. */
#define DATABASE_MAX (1 << 20)
#define GROUPS_MAX 65536

static bool find_group(const char *name, gid_t *gid)
{
	size_t size = 4096;
	char *memory = NULL;
	struct group entry, *found = NULL;
	int status = ERANGE;

	while (status == ERANGE && size <= DATABASE_MAX) {
		memory = xreallocarray(memory, size, 1);
		status = getgrnam_r(name, &entry, memory, size, &found);
		size *= 2;
	}
	if (status == 0 && found != NULL)
		*gid = entry.gr_gid;
	free(memory);
	return status == 0 && found != NULL;
}

/* The name of user UID, to be freed; NULL when it has none. */
static char *find_user(uid_t uid)
{
	size_t size = 4096;
	char *memory = NULL, *name = NULL;
	struct passwd entry, *found = NULL;
	int status = ERANGE;

	while (status == ERANGE && size <= DATABASE_MAX) {
		memory = xreallocarray(memory, size, 1);
		status = getpwuid_r(uid, &entry, memory, size, &found);
		size *= 2;
	}
	if (status == 0 && found != NULL)
		name = xstrdup(entry.pw_name);
	free(memory);
	return name;
}

static bool is_member(const char *group_name, const gid_t *groups, int count)
{
	gid_t gid = (gid_t)-1;
	int i;

	if (group_name[0] == '\0' || !find_group(group_name, &gid))
		return false;
	for (i = 0; i < count; i++) {
		if (groups[i] == gid)
			return true;
	}
	return false;
}

/* USER's groups, GID among them; to be freed. */
static gid_t *groups_of(const char *user, gid_t gid, int *count)
{
	gid_t *groups = xcalloc(GROUPS_MAX, sizeof(*groups));

	*count = GROUPS_MAX;
	groups[0] = gid;
	if (user == NULL || getgrouplist(user, gid, groups, count) < 0)
		*count = 1;
	return groups;
}

void admin_peer_judge(const struct admin_rules *rules, struct admin_peer *peer)
{
	char *user = find_user(peer->uid);
	gid_t *groups;
	int count;

	if (user != NULL)
		text_sanitise(peer->who, sizeof(peer->who), user, strlen(user));
	else
		snprintf(peer->who, sizeof(peer->who), "uid %lu", (unsigned long)peer->uid);
	if (peer->uid == 0 || peer->uid == rules->own) {
		peer->right = ADMIN_RIGHT_CHANGE;
		free(user);
		return;
	}
	groups = groups_of(user, peer->gid, &count);
	if (is_member(rules->change_group, groups, count))
		peer->right = ADMIN_RIGHT_CHANGE;
	else if (is_member(rules->read_group, groups, count))
		peer->right = ADMIN_RIGHT_READ;
	else
		peer->right = ADMIN_RIGHT_NONE;
	free(groups);
	free(user);
}

void admin_peer_look(int fd, const struct admin_rules *rules, struct admin_peer *peer)
{
	struct ucred credentials;
	socklen_t length = sizeof(credentials);

	*peer = (struct admin_peer){.uid = (uid_t)-1, .gid = (gid_t)-1};
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &credentials, &length) != 0 ||
		length != sizeof(credentials) || credentials.uid == (uid_t)-1) {
		snprintf(peer->who, sizeof(peer->who), "unknown");
		return;
	}
	peer->uid = credentials.uid;
	peer->gid = credentials.gid;
	admin_peer_judge(rules, peer);
}
