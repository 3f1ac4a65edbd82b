#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "ops/admin_rights.h"

/*
 * Users and groups are told by these in the system's place: alice is in readers, bob in changers,
 * carol in both, dave in none; erin's own group is readers. User 99 has no name.
 */
#define READERS 500
#define CHANGERS 501
#define NOBODYS 599

static const struct {
	const char *name;
	uid_t uid;
	gid_t groups[2];
	int count;
} people[] = {
	{"alice", 10, {READERS}, 1},
	{"bob", 11, {CHANGERS}, 1},
	{"carol", 12, {READERS, CHANGERS}, 2},
	{"dave", 13, {0}, 0},
	{"erin", 14, {0}, 0},
	{"daemon", 50, {0}, 0},
	{"ma\033[31mlory", 66, {0}, 0},
};

int __wrap_getpwuid_r(
	uid_t uid, struct passwd *entry, char *memory, size_t size, struct passwd **found);
int __wrap_getgrnam_r(
	const char *name, struct group *entry, char *memory, size_t size, struct group **found);
int __wrap_getgrouplist(const char *user, gid_t group, gid_t *groups, int *count);

int __wrap_getpwuid_r(
	uid_t uid, struct passwd *entry, char *memory, size_t size, struct passwd **found)
{
	size_t i;

	*found = NULL;
	for (i = 0; i < ARRAY_LENGTH(people); i++) {
		if (people[i].uid != uid)
			continue;
		assert_true(strlen(people[i].name) < size);
		snprintf(memory, size, "%s", people[i].name);
		*entry = (struct passwd){.pw_name = memory, .pw_uid = uid};
		*found = entry;
	}
	return 0;
}

int __wrap_getgrnam_r(
	const char *name, struct group *entry, char *memory, size_t size, struct group **found)
{
	(void)memory;
	(void)size;
	*found = NULL;
	*entry = (struct group){0};
	if (strcmp(name, "readers") == 0)
		entry->gr_gid = READERS;
	else if (strcmp(name, "changers") == 0)
		entry->gr_gid = CHANGERS;
	else
		return 0;
	*found = entry;
	return 0;
}

int __wrap_getgrouplist(const char *user, gid_t group, gid_t *groups, int *count)
{
	int used = 0, j;
	size_t i;

	groups[used++] = group;
	for (i = 0; i < ARRAY_LENGTH(people); i++) {
		for (j = 0; strcmp(people[i].name, user) == 0 && j < people[i].count; j++)
			groups[used++] = people[i].groups[j];
	}
	*count = used;
	return used;
}

static void test_rights(void **state)
{
	static const struct {
		uid_t uid;
		gid_t gid;
		const char *read_group, *change_group;
		enum admin_right right;
		const char *who;
	} cases[] = {
		{0, 0, "", "", ADMIN_RIGHT_CHANGE, "uid 0"},
		{50, 50, "", "", ADMIN_RIGHT_CHANGE, "daemon"},
		{10, NOBODYS, "readers", "changers", ADMIN_RIGHT_READ, "alice"},
		{10, NOBODYS, "", "changers", ADMIN_RIGHT_NONE, "alice"},
		{10, NOBODYS, "nogroup", "changers", ADMIN_RIGHT_NONE, "alice"},
		{11, NOBODYS, "readers", "changers", ADMIN_RIGHT_CHANGE, "bob"},
		{11, NOBODYS, "readers", "", ADMIN_RIGHT_NONE, "bob"},
		{12, NOBODYS, "readers", "changers", ADMIN_RIGHT_CHANGE, "carol"},
		{12, NOBODYS, "readers", "", ADMIN_RIGHT_READ, "carol"},
		{13, NOBODYS, "readers", "changers", ADMIN_RIGHT_NONE, "dave"},
		{14, READERS, "readers", "changers", ADMIN_RIGHT_READ, "erin"},
		{14, CHANGERS, "readers", "changers", ADMIN_RIGHT_CHANGE, "erin"},
		{99, READERS, "readers", "changers", ADMIN_RIGHT_READ, "uid 99"},
		{99, NOBODYS, "readers", "changers", ADMIN_RIGHT_NONE, "uid 99"},
		{66, NOBODYS, "readers", "changers", ADMIN_RIGHT_NONE, "ma?[31mlory"},
		/* A group of number 0 is not everybody's. */
		{13, 0, "readers", "changers", ADMIN_RIGHT_NONE, "dave"},
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LENGTH(cases); i++) {
		const struct admin_rules rules = {50, cases[i].read_group, cases[i].change_group};
		struct admin_peer peer = {.uid = cases[i].uid, .gid = cases[i].gid};

		admin_peer_judge(&rules, &peer);
		if (peer.right != cases[i].right || strcmp(peer.who, cases[i].who) != 0)
			fail_msg("case %zu: right %d, who %s", i, (int)peer.right, peer.who);
	}
}

static void test_peer(void **state)
{
	const struct admin_rules rules = {getuid(), "", ""};
	struct admin_peer peer;
	int fds[2];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	admin_peer_look(fds[0], &rules, &peer);
	assert_int_equal(peer.uid, getuid());
	assert_int_equal(peer.gid, getgid());
	assert_int_equal(peer.right, ADMIN_RIGHT_CHANGE);
	close(fds[0]);
	close(fds[1]);
	/* Of what is no socket nothing is known. */
	assert_int_equal(pipe(fds), 0);
	admin_peer_look(fds[0], &rules, &peer);
	assert_int_equal(peer.right, ADMIN_RIGHT_NONE);
	assert_string_equal(peer.who, "unknown");
	close(fds[0]);
	close(fds[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rights),
		cmocka_unit_test(test_peer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
