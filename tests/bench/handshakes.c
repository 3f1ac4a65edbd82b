/*
 * A bare loop of TLS handshakes, as much as verifying takes at least: handshakes ADDRESS PORT NAMES
 * PARALLEL does one for each name of the file NAMES (a line each) with IPv4 ADDRESS, PARALLEL at
 * one time, and prints how many a second there were. Each must show a certificate; nothing is
 * checked and no session is resumed. One after another would leave either end idle while the other
 * works, so fair is as many at one time as the program has.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define PARALLEL_MAX 1024

struct shake {
	SSL *ssl; /* NULL: none */
	char name[256];
};

struct run {
	SSL_CTX *context;
	struct sockaddr_in address;
	FILE *names;
	size_t parallel;
	long begun;
	long done;
	struct shake shakes[PARALLEL_MAX];
	struct pollfd polls[PARALLEL_MAX];
};

static _Noreturn void stop(const char *what)
{
	fprintf(stderr, "handshakes: %s: %s\n", what, strerror(errno));
	ERR_print_errors_fp(stderr);
	exit(1);
}

/* Lets a handshake go on as far as it goes; true when it is over. */
static bool go_on(struct run *run, size_t i)
{
	struct shake *shake = &run->shakes[i];
	int result = SSL_connect(shake->ssl);

	if (result != 1) {
		switch (SSL_get_error(shake->ssl, result)) {
		case SSL_ERROR_WANT_READ:
			run->polls[i].events = POLLIN;
			return false;
		case SSL_ERROR_WANT_WRITE:
			run->polls[i].events = POLLOUT;
			return false;
		default:
			stop(shake->name);
		}
	}
	if (SSL_get0_peer_certificate(shake->ssl) == NULL)
		stop(shake->name);
	SSL_free(shake->ssl);
	shake->ssl = NULL;
	close(run->polls[i].fd);
	run->polls[i].fd = -1;
	run->done++;
	return true;
}

/* Begins the next name's; false when there is none. */
static bool begin(struct run *run, size_t i)
{
	struct shake *shake = &run->shakes[i];
	int fd;

	if (fgets(shake->name, sizeof(shake->name), run->names) == NULL)
		return false;
	shake->name[strcspn(shake->name, "\n")] = '\0';
	fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		stop("socket");
	if (connect(fd, (struct sockaddr *)&run->address, sizeof(run->address)) != 0 &&
		errno != EINPROGRESS)
		stop("connect");
	shake->ssl = SSL_new(run->context);
	if (shake->ssl == NULL || SSL_set_fd(shake->ssl, fd) != 1 ||
		SSL_set_tlsext_host_name(shake->ssl, shake->name) != 1)
		stop("SSL_new");
	run->polls[i].fd = fd;
	run->polls[i].events = POLLOUT;
	run->begun++;
	return true;
}

static void all(struct run *run)
{
	bool more = true;
	size_t i;

	for (i = 0; i < run->parallel; i++) {
		run->polls[i].fd = -1;
		more = more && begin(run, i);
	}
	while (run->done < run->begun) {
		if (poll(run->polls, run->parallel, 10000) <= 0)
			stop("poll");
		for (i = 0; i < run->parallel; i++) {
			if (run->polls[i].fd >= 0 && run->polls[i].revents != 0 && go_on(run, i) &&
				more)
				more = begin(run, i);
		}
	}
}

static double now_s(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* A number from 1 to MOST, or 0. */
static long number_of(const char *text, long most)
{
	char *end;
	long number = strtol(text, &end, 10);

	return *end == '\0' && number >= 1 && number <= most ? number : 0;
}

int main(int argc, char **argv)
{
	static struct run run;
	long port, parallel;
	double began;

	port = argc == 5 ? number_of(argv[2], 65535) : 0;
	parallel = argc == 5 ? number_of(argv[4], PARALLEL_MAX) : 0;
	if (port == 0 || parallel == 0 || inet_pton(AF_INET, argv[1], &run.address.sin_addr) != 1) {
		fputs("usage: handshakes ADDRESS PORT NAMES PARALLEL\n", stderr);
		return 2;
	}
	run.address.sin_family = AF_INET;
	run.address.sin_port = htons((uint16_t)port);
	run.parallel = (size_t)parallel;
	run.names = fopen(argv[3], "re");
	if (run.names == NULL)
		stop(argv[3]);
	run.context = SSL_CTX_new(TLS_client_method());
	if (run.context == NULL)
		stop("SSL_CTX_new");
	SSL_CTX_set_verify(run.context, SSL_VERIFY_NONE, NULL);
	SSL_CTX_set_session_cache_mode(run.context, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_options(run.context, SSL_OP_NO_TICKET);
	began = now_s();
	all(&run);
	printf("%.1f\n", (double)run.done / (now_s() - began));
	SSL_CTX_free(run.context);
	fclose(run.names);
	return 0;
}
