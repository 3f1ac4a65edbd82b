#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "ops/privilege.h"

/* Runs BODY in a child, which alone changes; its result is the exit status. */
static void in_child(int (*body)(void))
{
	int status = -1;
	pid_t child = fork();

	assert_true(child >= 0);
	if (child == 0)
		_exit(body());
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

#define WANT(condition)                                                                            \
	do {                                                                                       \
		if (!(condition)) {                                                                \
			fprintf(stderr, "line %d: not so: %s\n", __LINE__, #condition);            \
			return 1;                                                                  \
		}                                                                                  \
	} while (0)

static int become_nobody(void)
{
	const struct passwd *entry = getpwnam("nobody");
	const gid_t more[] = {0, 1, 2, 3};
	gid_t groups[32];
	struct error error = {0};
	int count;
	uid_t user;
	gid_t group;

	WANT(entry != NULL);
	user = entry->pw_uid;
	group = entry->pw_gid;
	WANT(setgroups(ARRAY_LENGTH(more), more) == 0);
	privilege_guard_secrets();
	WANT(privilege_become("nobody", &error));
	WANT(getuid() == user && geteuid() == user);
	WANT(getgid() == group && getegid() == group);
	WANT(setuid(0) != 0 && seteuid(0) != 0 && setgid(0) != 0);
	count = getgroups(ARRAY_LENGTH(groups), groups);
	WANT(count == 0 || (count == 1 && groups[0] == group));
	WANT(prctl(PR_GET_DUMPABLE) == 0);
	/* It is that user already. */
	WANT(privilege_become("nobody", &error));
	WANT(privilege_become("", &error));
	/* And as an ordinary user it cannot become another. */
	WANT(!privilege_become("root", &error));
	WANT(error.kind == ERROR_PERMANENT);
	WANT(strstr(error.text, "and not as root") != NULL);
	return 0;
}

static int stay(void)
{
	struct error error = {0};

	WANT(privilege_become("", &error));
	WANT(privilege_become("root", &error));
	WANT(geteuid() == 0);
	WANT(!privilege_become("no-such-user-here", &error));
	WANT(error.kind == ERROR_PERMANENT);
	WANT(strstr(error.text, "no user no-such-user-here") != NULL);
	WANT(geteuid() == 0);
	return 0;
}

static int refused_as_ordinary_user(void)
{
	struct error error = {0};

	WANT(privilege_become("", &error));
	WANT(!privilege_become("root", &error));
	WANT(error.kind == ERROR_PERMANENT);
	WANT(strstr(error.text, "and not as root") != NULL);
	return 0;
}

static int guard(void)
{
	struct rlimit limit;

	WANT(prctl(PR_SET_DUMPABLE, 1) == 0);
	umask(022);
	privilege_guard_secrets();
	WANT(prctl(PR_GET_DUMPABLE) == 0);
	WANT(getrlimit(RLIMIT_CORE, &limit) == 0 && limit.rlim_cur == 0 && limit.rlim_max == 0);
	WANT(umask(0) == 077);
	return 0;
}

static void test_become(void **state)
{
	(void)state;
	if (geteuid() == 0) {
		in_child(become_nobody);
		in_child(stay);
	} else {
		in_child(refused_as_ordinary_user);
	}
}

static void test_guard(void **state)
{
	(void)state;
	in_child(guard);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_become),
		cmocka_unit_test(test_guard),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
