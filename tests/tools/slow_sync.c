/*
 * Preloaded (LD_PRELOAD): a disk that takes a while for each sync, and a count of them.
 *   SLOW_SYNC_US     so many microseconds before each fsync and fdatasync (none without it)
 *   SLOW_SYNC_COUNT  a file that holds two native 64-bit numbers afterwards: all syncs, and those
 * of SQLite's log, which is one a commit; counted by all processes that name it
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

struct counts {
	_Atomic uint64_t all;
	_Atomic uint64_t log;
};

static struct counts *counts;
static struct timespec delay;
static int (*real_fsync)(int);
static int (*real_fdatasync)(int);

static void find(const char *name, int (**function)(int))
{
	/* POSIX has it that a function's address fits, ISO C does not. */
	*(void **)function = dlsym(RTLD_NEXT, name);
	if (*function == NULL)
		abort();
}

__attribute__((constructor)) static void begin(void)
{
	const char *path = getenv("SLOW_SYNC_COUNT"), *us = getenv("SLOW_SYNC_US");
	long wanted = us == NULL ? 0 : strtol(us, NULL, 10);
	void *map;
	int fd;

	find("fsync", &real_fsync);
	find("fdatasync", &real_fdatasync);
	delay.tv_sec = wanted / 1000000;
	delay.tv_nsec = wanted % 1000000 * 1000;
	if (path == NULL)
		return;
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0 || ftruncate(fd, sizeof(*counts)) != 0)
		abort();
	map = mmap(NULL, sizeof(*counts), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (map == MAP_FAILED)
		abort();
	(void)close(fd);
	counts = map;
}

static void count(int fd)
{
	char link[32], path[4096];
	ssize_t length;

	if (counts == NULL)
		return;
	atomic_fetch_add(&counts->all, 1);
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	length = readlink(link, path, sizeof(path));
	if (length > 4 && memcmp(path + length - 4, "-wal", 4) == 0)
		atomic_fetch_add(&counts->log, 1);
}

static void hold_up(void)
{
	struct timespec left = delay;

	while ((left.tv_sec > 0 || left.tv_nsec > 0) && nanosleep(&left, &left) != 0)
		;
}

int fsync(int fd)
{
	count(fd);
	hold_up();
	return real_fsync(fd);
}

int fdatasync(int fd)
{
	count(fd);
	hold_up();
	return real_fdatasync(fd);
}
