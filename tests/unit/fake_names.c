#include "fake_names.h"

#include <dlfcn.h>
#include <netdb.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

typedef int lookup_function(
	const char *, const char *, const struct addrinfo *, struct addrinfo **);

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static bool released;
static unsigned waiting;

void fake_names_release(void)
{
	(void)pthread_mutex_lock(&lock);
	released = true;
	(void)pthread_cond_broadcast(&changed);
	(void)pthread_mutex_unlock(&lock);
}

void fake_names_hold(void)
{
	(void)pthread_mutex_lock(&lock);
	while (waiting > 0)
		(void)pthread_cond_wait(&changed, &lock);
	released = false;
	(void)pthread_mutex_unlock(&lock);
}

static void wait_for_release(void)
{
	(void)pthread_mutex_lock(&lock);
	waiting++;
	while (!released)
		(void)pthread_cond_wait(&changed, &lock);
	waiting--;
	(void)pthread_cond_broadcast(&changed);
	(void)pthread_mutex_unlock(&lock);
}

int getaddrinfo(const char *restrict host, const char *restrict service,
	const struct addrinfo *restrict hints, struct addrinfo **restrict list)
{
	lookup_function *real;
	struct addrinfo *first;
	int status;

	*(void **)&real = dlsym(RTLD_NEXT, "getaddrinfo");
	if (real == NULL)
		abort();
	if (host == NULL || (hints != NULL && (hints->ai_flags & AI_NUMERICHOST) != 0))
		return real(host, service, hints, list);
	if (strcmp(host, "missing.test") == 0)
		return EAI_NONAME;
	if (strcmp(host, "slow.test") == 0)
		wait_for_release();
	if (strcmp(host, "slow.test") == 0 || strcmp(host, "one.test") == 0)
		return real("127.0.0.1", service, hints, list);
	if (strcmp(host, "two.test") != 0)
		return real(host, service, hints, list);
	status = real("127.0.0.2", service, hints, &first);
	if (status != 0)
		return status;
	status = real("127.0.0.1", service, hints, list);
	if (status != 0) {
		freeaddrinfo(first);
		return status;
	}
	first->ai_next = *list;
	*list = first;
	return 0;
}
