#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "base/log.h"
#include "base/text.h"
#include "ops/journal.h"
#include "ops/journal_private.h"
#include "ops/notify.h"

/* The one timer of the watchdog, fired by hand. */
struct loop {
	int unused;
};
struct loop_timer {
	loop_callback *callback;
	void *context;
	int64_t delay_ms; /* -1: not set */
};

static struct loop_timer timer;

struct loop_timer *loop_timer_new(struct loop *loop, loop_callback *callback, void *context)
{
	(void)loop;
	timer = (struct loop_timer){callback, context, -1};
	return &timer;
}

void loop_timer_set(struct loop_timer *set, int64_t delay_ms)
{
	set->delay_ms = delay_ms;
}

void loop_timer_free(struct loop_timer *freed)
{
	freed->callback = NULL;
}

static int service_manager = -1;

static int open_service_manager(void **state)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	char name[64];

	(void)state;
	/* In the abstract name space: nothing to be removed. */
	snprintf(name, sizeof(name), "@certinstalld-test-%ld", (long)getpid());
	memcpy(address.sun_path + 1, name + 1, strlen(name) - 1);
	service_manager = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (service_manager < 0 ||
		bind(service_manager, (struct sockaddr *)&address,
			(socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(name))) != 0)
		return -1;
	return setenv("NOTIFY_SOCKET", name, 1);
}

static int close_service_manager(void **state)
{
	(void)state;
	unsetenv("NOTIFY_SOCKET");
	unsetenv("WATCHDOG_USEC");
	unsetenv("WATCHDOG_PID");
	return close(service_manager);
}

static void assert_told(const char *wanted)
{
	char text[512];
	ssize_t got = recv(service_manager, text, sizeof(text) - 1, 0);

	text[got > 0 ? got : 0] = '\0';
	assert_string_equal(text, wanted);
}

static void test_notify(void **state)
{
	char text[512] = "";
	int64_t usec = 0;

	(void)state;
	notify_ready();
	assert_told("READY=1");
	notify_stopping();
	assert_told("STOPPING=1");
	notify_extend_timeout(90000);
	assert_told("EXTEND_TIMEOUT_USEC=90000000");
	notify_status("%d of %d\nREADY=1", 3, 5);
	assert_told("STATUS=3 of 5 READY=1");
	notify_reloading();
	assert_true(recv(service_manager, text, sizeof(text) - 1, 0) > 0);
	assert_memory_equal(text, "RELOADING=1\nMONOTONIC_USEC=", 27);
	assert_true(text_to_int64(text + 27, 1, INT64_MAX, &usec));
	assert_told("");
}

static void test_notify_elsewhere(void **state)
{
	(void)state;
	unsetenv("NOTIFY_SOCKET");
	notify_ready();
	notify_status("nobody listens");
	assert_told("");
}

static void test_watchdog(void **state)
{
	static const struct {
		const char *usec;
		int64_t every_ms; /* -1: none wanted */
	} cases[] = {{NULL, -1}, {"30000000", 15000}, {"1500", 1}, {"0", -1}, {"junk", -1}};
	struct loop loop = {0};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LENGTH(cases); i++) {
		struct watchdog *watchdog;

		unsetenv("WATCHDOG_USEC");
		if (cases[i].usec != NULL)
			setenv("WATCHDOG_USEC", cases[i].usec, 1);
		watchdog = watchdog_new(&loop);
		assert_int_equal(watchdog != NULL, cases[i].every_ms >= 0);
		if (watchdog != NULL) {
			assert_int_equal(timer.delay_ms, 0);
			assert_told("");
			timer.callback(timer.context);
			assert_told("WATCHDOG=1");
			assert_int_equal(timer.delay_ms, cases[i].every_ms);
		}
		watchdog_free(watchdog);
		assert_null(timer.callback);
	}
	/* Meant for another process: a child that inherited the environment. */
	setenv("WATCHDOG_USEC", "30000000", 1);
	setenv("WATCHDOG_PID", "1", 1);
	assert_null(watchdog_new(&loop));
}

static void test_is_stream(void **state)
{
	static const char *const bad[] = {
		"", ":", "1", "1:", ":1", "-1:1", "1:-1", "a:b", "99999999999999999999:1"};
	int ends[2];
	struct stat status;
	char text[100];
	size_t i;

	(void)state;
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	assert_int_equal(fstat(ends[0], &status), 0);
	assert_false(journal_is_stream(NULL, ends[0]));
	for (i = 0; i < ARRAY_LENGTH(bad); i++)
		assert_false(journal_is_stream(bad[i], ends[0]));
	snprintf(text, sizeof(text), "%ju:%ju", (uintmax_t)status.st_dev, (uintmax_t)status.st_ino);
	assert_true(journal_is_stream(text, ends[0]));
	assert_false(journal_is_stream(text, STDIN_FILENO));
	snprintf(
		text, sizeof(text), "%ju:%ju0", (uintmax_t)status.st_dev, (uintmax_t)status.st_ino);
	assert_false(journal_is_stream(text, ends[0]));
	snprintf(text, sizeof(text), "%ju:%ju", (uintmax_t)status.st_dev + 1,
		(uintmax_t)status.st_ino);
	assert_false(journal_is_stream(text, ends[0]));
	snprintf(
		text, sizeof(text), "%ju:%ju ", (uintmax_t)status.st_dev, (uintmax_t)status.st_ino);
	assert_false(journal_is_stream(text, ends[0]));
	close(ends[0]);
	close(ends[1]);
}

static void test_line(void **state)
{
	static const struct {
		bool stamped;
		enum log_level level;
		const char *wanted;
	} cases[] = {
		{true, LOG_LEVEL_ERROR, "2026-11-20T10:15:00+09:00 error: m\n"},
		{true, LOG_LEVEL_WARNING, "2026-11-20T10:15:00+09:00 warning: m\n"},
		{true, LOG_LEVEL_NOTICE, "2026-11-20T10:15:00+09:00 m\n"},
		{true, LOG_LEVEL_INFO, "2026-11-20T10:15:00+09:00 m\n"},
		{false, LOG_LEVEL_WARNING, "warning: m\n"},
		{false, LOG_LEVEL_INFO, "m\n"},
		{false, LOG_LEVEL_DEBUG, "debug: m\n"},
	};
	char line[JOURNAL_LINE_MAX], message[JOURNAL_LINE_MAX + 100];
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LENGTH(cases); i++) {
		size_t length = journal_line(
			line, cases[i].stamped, INT64_C(1795137300000), cases[i].level, "m");

		assert_string_equal(line, cases[i].wanted);
		assert_int_equal(length, strlen(line));
	}
	memset(message, 'x', sizeof(message) - 1);
	message[sizeof(message) - 1] = '\0';
	assert_int_equal(
		journal_line(line, true, 0, LOG_LEVEL_INFO, message), JOURNAL_LINE_MAX - 1);
	assert_int_equal(line[JOURNAL_LINE_MAX - 2], '\n');
}

/* What arrives on standard error, which is a pipe, with $JOURNAL_STREAM as told. */
static void write_one(char *text, size_t size, bool is_journal)
{
	int ends[2], saved = dup(STDERR_FILENO);
	char stream[64];
	struct stat status;
	ssize_t got;

	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	assert_int_equal(fstat(ends[1], &status), 0);
	snprintf(stream, sizeof(stream), "%ju:%ju", (uintmax_t)status.st_dev,
		(uintmax_t)status.st_ino + (is_journal ? 0 : 1));
	setenv("JOURNAL_STREAM", stream, 1);
	assert_int_equal(dup2(ends[1], STDERR_FILENO), STDERR_FILENO);
	journal_init("test");
	log_warning("seen by nobody else");
	dup2(saved, STDERR_FILENO);
	close(saved);
	close(ends[1]);
	got = read(ends[0], text, size - 1);
	text[got > 0 ? got : 0] = '\0';
	close(ends[0]);
	unsetenv("JOURNAL_STREAM");
	log_set_sink(NULL, NULL);
}

/* sd_journal_sendv of libsystemd is not reached: what it would send is kept here instead. */
static char sent[1000];
static int send_status;

int __wrap_sd_journal_sendv(const struct iovec *vectors, int count);
int __wrap_sd_journal_sendv(const struct iovec *vectors, int count)
{
	int i;

	sent[0] = '\0';
	for (i = 0; i < count; i++)
		snprintf(sent + strlen(sent), sizeof(sent) - strlen(sent), "%.*s;",
			(int)vectors[i].iov_len, (const char *)vectors[i].iov_base);
	return send_status;
}

static void test_sink(void **state)
{
	char text[200];

	(void)state;
	sent[0] = '\0';
	send_status = 0;
	write_one(text, sizeof(text), false);
	assert_int_equal(strlen(text),
		strlen("2026-11-20T10:15:00+09:00 warning: ") + strlen("seen by nobody else\n"));
	assert_string_equal(strstr(text, "+09:00"), "+09:00 warning: seen by nobody else\n");
	assert_string_equal(sent, "");
	write_one(text, sizeof(text), true);
	assert_string_equal(text, "");
	assert_string_equal(sent, "MESSAGE=seen by nobody else;PRIORITY=4;SYSLOG_IDENTIFIER=test;");
	/* The journal does not take it: better a plain line than none. */
	send_status = -1;
	write_one(text, sizeof(text), true);
	assert_non_null(strstr(text, " warning: seen by nobody else\n"));
}

static void test_sink_fields(void **state)
{
	const struct log_field fields[] = {{"JOB_ID", "17"}, {"FQDN", "www.example.jp"}};
	char stream[64];
	struct stat status;

	(void)state;
	send_status = 0;
	assert_int_equal(fstat(STDERR_FILENO, &status), 0);
	snprintf(stream, sizeof(stream), "%ju:%ju", (uintmax_t)status.st_dev,
		(uintmax_t)status.st_ino);
	setenv("JOURNAL_STREAM", stream, 1);
	journal_init("certinstalld");
	log_entry(LOG_LEVEL_INFO, fields, ARRAY_LENGTH(fields), "installed");
	log_set_sink(NULL, NULL);
	unsetenv("JOURNAL_STREAM");
	assert_string_equal(sent, "MESSAGE=installed;PRIORITY=6;SYSLOG_IDENTIFIER=certinstalld;"
				  "JOB_ID=17;FQDN=www.example.jp;");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			test_notify, open_service_manager, close_service_manager),
		cmocka_unit_test_setup_teardown(
			test_notify_elsewhere, open_service_manager, close_service_manager),
		cmocka_unit_test_setup_teardown(
			test_watchdog, open_service_manager, close_service_manager),
		cmocka_unit_test(test_is_stream),
		cmocka_unit_test(test_line),
		cmocka_unit_test(test_sink),
		cmocka_unit_test(test_sink_fields),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
