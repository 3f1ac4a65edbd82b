#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/*
 * Opens COUNT connections to the unix socket PATH, says TEXT on each and nothing more, keeps them,
 * and waits until KEPT of them at most are still open: the others have to be closed by the server.
 * Exit status 0 when that came about within 30 seconds.
 * usage: many-connections PATH COUNT KEPT [TEXT]
 */
#define COUNT_MAX 4096
#define WAIT_STEPS 600
#define WAIT_STEP_MS 50

static int connect_to(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || strlen(path) >= sizeof(address.sun_path))
		return -1;
	memcpy(address.sun_path, path, strlen(path) + 1);
	if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) == 0)
		return fd;
	close(fd);
	return -1;
}

/* Whether the server has closed FD, or is about to: it said something and hung up. */
static int is_closed(int fd)
{
	struct pollfd poll_fd = {.fd = fd, .events = POLLRDHUP};

	return poll(&poll_fd, 1, 0) == 1 &&
	       (poll_fd.revents & (POLLRDHUP | POLLHUP | POLLERR)) != 0;
}

static void say(int fd, const char *text)
{
	/* A server that has hung up already is what is waited for. */
	if (fd >= 0 && send(fd, text, strlen(text), MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
		return;
}

int main(int argc, char **argv)
{
	long count = argc >= 4 ? strtol(argv[2], NULL, 10) : 0;
	long kept = argc >= 4 ? strtol(argv[3], NULL, 10) : 0;
	long i, step, open = 0;
	int *fds;

	if (count < 1 || count > COUNT_MAX)
		return 2;
	fds = calloc((size_t)count, sizeof(*fds));
	if (fds == NULL)
		return 2;
	for (i = 0; i < count; i++) {
		fds[i] = connect_to(argv[1]);
		if (argc > 4)
			say(fds[i], argv[4]);
	}
	for (step = 0; step < WAIT_STEPS; step++) {
		open = 0;
		for (i = 0; i < count; i++)
			open += fds[i] >= 0 && !is_closed(fds[i]);
		if (open <= kept)
			break;
		(void)poll(NULL, 0, WAIT_STEP_MS);
	}
	printf("%ld of %ld are open\n", open, count);
	free(fds);
	return open <= kept ? 0 : 1;
}
