#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/*
 * measure OUT COMMAND [ARGUMENT...]: runs COMMAND, writes one line to the file OUT: wall, user and
 * system time in milliseconds and the peak of resident memory in KiB; then exits as COMMAND did
 * (128 + N for signal N, 127 when it cannot be run, 126 for faults of its own).
 */

static long long milliseconds(const struct timeval *time)
{
	return (long long)time->tv_sec * 1000 + time->tv_usec / 1000;
}

static long long now_ms(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (long long)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int fail(const char *what)
{
	(void)fprintf(stderr, "measure: %s: %s\n", what, strerror(errno));
	return 126;
}

int main(int argc, char **argv)
{
	long long began_ms = now_ms(), wall_ms;
	struct rusage usage;
	FILE *out;
	int status;
	pid_t child;

	if (argc < 3) {
		(void)fputs("usage: measure OUT COMMAND [ARGUMENT...]\n", stderr);
		return 126;
	}
	/* Whoever breaks the measurement off breaks off what is measured. */
	(void)prctl(PR_SET_PDEATHSIG, SIGTERM);
	child = fork();
	if (child < 0)
		return fail("fork");
	if (child == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGTERM);
		(void)execvp(argv[2], argv + 2);
		(void)fail(argv[2]);
		_exit(127);
	}
	while (wait4(child, &status, 0, &usage) < 0) {
		if (errno != EINTR)
			return fail("wait4");
	}
	wall_ms = now_ms() - began_ms;
	out = fopen(argv[1], "we");
	if (out == NULL)
		return fail(argv[1]);
	(void)fprintf(out, "%lld %lld %lld %ld\n", wall_ms, milliseconds(&usage.ru_utime),
		milliseconds(&usage.ru_stime), usage.ru_maxrss);
	if (fclose(out) != 0)
		return fail(argv[1]);
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}
