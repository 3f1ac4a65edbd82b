#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "base/log.h"
#include "source/spool.h"

/* The part of the loop that the watch uses, on a time that only the test moves. */
struct loop {
	int64_t now;
};
struct loop_timer {
	struct loop *loop;
	loop_callback *callback;
	void *context;
	int64_t at; /* -1: not set */
};
struct loop_watch {
	int fd;
	loop_watch_callback *callback;
	void *context;
};

static struct loop loop;
static struct loop_timer timers[4];
static size_t timer_count;
static struct loop_watch watched = {.fd = -1};

struct loop_timer *loop_timer_new(struct loop *owner, loop_callback *callback, void *context)
{
	assert_true(timer_count < ARRAY_LENGTH(timers));
	timers[timer_count] = (struct loop_timer){owner, callback, context, -1};
	return &timers[timer_count++];
}

void loop_timer_set(struct loop_timer *timer, int64_t delay_ms)
{
	timer->at = timer->loop->now + delay_ms;
}

bool loop_timer_is_set(const struct loop_timer *timer)
{
	return timer->at >= 0;
}

void loop_timer_free(struct loop_timer *timer)
{
	timer->at = -1;
	timer->callback = NULL;
}

struct loop_watch *loop_watch_new(
	struct loop *owner, int fd, int events, loop_watch_callback *callback, void *context)
{
	(void)owner;
	assert_int_equal(events, LOOP_READ);
	watched = (struct loop_watch){fd, callback, context};
	return &watched;
}

void loop_watch_free(struct loop_watch *watch)
{
	watch->fd = -1;
}

/* Lets MS go by, a millisecond at a time. */
static void turn(int64_t ms)
{
	for (; ms > 0; ms--) {
		struct pollfd ready = {.fd = watched.fd, .events = POLLIN};
		size_t i;

		loop.now++;
		if (watched.fd >= 0 && poll(&ready, 1, 0) == 1)
			watched.callback(watched.context, watched.fd, LOOP_READ);
		for (i = 0; i < timer_count; i++) {
			if (timers[i].at >= 0 && timers[i].at <= loop.now) {
				timers[i].at = -1;
				timers[i].callback(timers[i].context);
			}
		}
	}
}

static char scratch[] = "/tmp/test_spool_watch.XXXXXX";
static unsigned int called, warned;
static struct spool_watch *watch;

static void count_call(void *context)
{
	assert_ptr_equal(context, &called);
	called++;
}

static void hear(void *context, enum log_level level, const char *message,
	const struct log_field *fields, size_t field_count)
{
	(void)context;
	(void)message;
	(void)fields;
	(void)field_count;
	if (level == LOG_LEVEL_WARNING)
		warned++;
}

static int start(void **state)
{
	(void)state;
	if (mkdtemp(scratch) == NULL || chdir(scratch) != 0 || mkdir("spool", 0700) != 0)
		return -1;
	loop.now = 0;
	timer_count = 0;
	called = warned = 0;
	log_set_sink(hear, NULL);
	watch = spool_watch_new(&loop, "spool", 1000, count_call, &called);
	return 0;
}

static int finish(void **state)
{
	(void)state;
	spool_watch_free(watch);
	if (system("rm -rf spool old") != 0 || chdir("/") != 0 || rmdir(scratch) != 0)
		return -1;
	memset(scratch + strlen(scratch) - 6, 'X', 6);
	return watched.fd == -1 ? 0 : -1;
}

static void make(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	close(fd);
}

static void drop(const char *name)
{
	char path[100];

	make("spool/.arriving");
	snprintf(path, sizeof(path), "spool/%s", name);
	assert_int_equal(rename("spool/.arriving", path), 0);
}

static void test_burst_is_one_call(void **state)
{
	(void)state;
	drop("a.json");
	turn(10);
	assert_int_equal(called, 0);
	drop("b.ndjson");
	make("spool/c.json");
	turn(100);
	assert_int_equal(called, 1);
	turn(500);
	assert_int_equal(called, 1);
	drop("d.json");
	turn(100);
	assert_int_equal(called, 2);
}

/* Files that keep coming do not put the call off. */
static void test_steady_stream(void **state)
{
	int i;

	(void)state;
	for (i = 0; i < 20; i++) {
		drop("a.json");
		turn(10);
	}
	assert_in_range(called, 5, 10);
}

static void test_of_no_interest(void **state)
{
	static const char *const names[] = {
		".hidden.json", "a.json.part", "other", "a.taken-17.json"};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LENGTH(names); i++)
		drop(names[i]);
	assert_int_equal(unlink("spool/other"), 0);
	turn(500);
	assert_int_equal(called, 0);
}

static void test_polls(void **state)
{
	(void)state;
	turn(999);
	assert_int_equal(called, 0);
	turn(1);
	assert_int_equal(called, 1);
	turn(3000);
	assert_int_equal(called, 4);
}

/* The directory goes and another comes: the poll finds it, and from then on the kernel tells. */
static void test_directory_comes_again(void **state)
{
	(void)state;
	assert_int_equal(rmdir("spool"), 0);
	turn(100);
	turn(1900);
	assert_int_equal(called, 2);
	assert_int_equal(warned, 1);
	turn(1000);
	assert_int_equal(warned, 1);
	assert_int_equal(mkdir("spool", 0700), 0);
	turn(1000);
	called = 0;
	drop("a.json");
	turn(100);
	assert_int_equal(called, 1);
}

/* Moved away, and a new one in its place: the old one's files are nobody's business. */
static void test_directory_replaced(void **state)
{
	(void)state;
	assert_int_equal(rename("spool", "old"), 0);
	assert_int_equal(mkdir("spool", 0700), 0);
	turn(1000);
	called = 0;
	make("old/a.json");
	turn(100);
	assert_int_equal(called, 0);
	drop("a.json");
	turn(100);
	assert_int_equal(called, 1);
	assert_int_equal(warned, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_burst_is_one_call, start, finish),
		cmocka_unit_test_setup_teardown(test_steady_stream, start, finish),
		cmocka_unit_test_setup_teardown(test_of_no_interest, start, finish),
		cmocka_unit_test_setup_teardown(test_polls, start, finish),
		cmocka_unit_test_setup_teardown(test_directory_comes_again, start, finish),
		cmocka_unit_test_setup_teardown(test_directory_replaced, start, finish),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
