#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "source/spool_private.h"
#include "spool_fixture.h"

static struct spool_pass pass_once(void)
{
	struct spool_pass pass;
	struct error error = {0};

	assert_true(spool_pass("spool", &taker.taker, test_stop, &pass, &error));
	return pass;
}

/* What a directory of one file becomes. */
static void test_one_file(void **state)
{
	static const struct {
		const char *name;
		const char *text;
		size_t taken, rejected;
		bool later, stays;
		const char *rejected_text; /* NULL: nothing */
		const char *reason;
	} cases[] = {
		{"a.json", "one", 1, 0, false, false, NULL, NULL},
		{"a.json", "one\ntwo\n", 1, 0, false, false, NULL, NULL},
		{"a.json", "", 1, 0, false, false, NULL, NULL},
		{"a.json", "bad x", 0, 1, false, false, "bad x", "bad x is not good\n"},
		{"a.json", "bad", 0, 1, false, false, "bad", "refused without a reason\n"},
		{"a.json", "later", 0, 0, true, true, NULL, NULL},
		{"a.ndjson", "", 0, 0, false, false, NULL, NULL},
		{"a.ndjson", "\n \n\t\r\n", 0, 0, false, false, NULL, NULL},
		{"a.ndjson", "one\ntwo\n", 2, 0, false, false, NULL, NULL},
		{"a.ndjson", "one\n\n\ntwo", 2, 0, false, false, NULL, NULL},
		{"a.ndjson", "one\nbad 1\n\ntwo\nbad 2", 2, 2, false, false, "bad 1\nbad 2\n",
			"line 2: bad 1 is not good\nline 5: bad 2 is not good\n"},
		{"a.ndjson", "bad\x1b[2J", 0, 1, false, false, "bad\x1b[2J\n",
			"line 1: bad?[2J is not good\n"},
		{"a.ndjson", "one\nbad 1\nlater\ntwo\n", 1, 0, true, true, NULL, NULL},
		{".a.json", "one", 0, 0, false, true, NULL, NULL},
		{"a.json.part", "one", 0, 0, false, true, NULL, NULL},
		{"a.JSON", "one", 0, 0, false, true, NULL, NULL},
		{"json", "one", 0, 0, false, true, NULL, NULL},
		{"a.txt", "one", 0, 0, false, true, NULL, NULL},
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LENGTH(cases); i++) {
		char path[64], rejected[64], reason[64];
		struct spool_pass pass;

		spool_fixture_reset();
		snprintf(path, sizeof(path), "spool/%s", cases[i].name);
		snprintf(rejected, sizeof(rejected), "spool/rejected/%s", cases[i].name);
		snprintf(reason, sizeof(reason), "spool/rejected/%s.reason", cases[i].name);
		put_text(path, cases[i].text);
		pass = pass_once();
		if (pass.taken != cases[i].taken || pass.rejected != cases[i].rejected ||
			pass.later != cases[i].later || exists(path) != cases[i].stays)
			fail_msg("case %zu: %zu taken, %zu rejected, later %d, stays %d", i,
				pass.taken, pass.rejected, pass.later, exists(path));
		assert_int_equal(taker.durable_count, cases[i].taken);
		assert_text(rejected,
			cases[i].rejected_text != NULL ? cases[i].rejected_text : "(none)");
		assert_text(reason, cases[i].reason != NULL ? cases[i].reason : "(none)");
		assert_int_equal(
			count_entries("spool/rejected"), cases[i].rejected_text != NULL ? 2 : 0);
		if (cases[i].stays)
			assert_text(path, cases[i].text);
		else
			assert_int_equal(pass.files, 1);
	}
}

static void test_rejected_is_private(void **state)
{
	struct stat status;

	(void)state;
	put_text("spool/a.json", "bad a");
	put_text("spool/b.ndjson", "bad b");
	assert_int_equal(chmod("spool/a.json", 0644), 0);
	umask(0);
	pass_once();
	umask(022);
	assert_int_equal(stat("spool/rejected", &status), 0);
	assert_int_equal(status.st_mode & 07777, 0700);
	assert_int_equal(stat("spool/rejected/a.json", &status), 0);
	assert_int_equal(status.st_mode & 07777, 0600);
	assert_int_equal(stat("spool/rejected/b.ndjson", &status), 0);
	assert_int_equal(status.st_mode & 07777, 0600);
	assert_non_null(strstr(logged, "spool/a.json: set aside as rejected/a.json: bad a is not"));
	assert_non_null(strstr(logged, "spool/b.ndjson: 1 of 1 lines set aside"));
}

static void test_rejected_names_are_unique(void **state)
{
	(void)state;
	put_text("spool/a.json", "bad 1");
	pass_once();
	put_text("spool/a.json", "bad 2");
	pass_once();
	/* A record without its reason occupies the name as well. */
	put_text("spool/rejected/a-2.json", "somebody's");
	put_text("spool/rejected/b.ndjson.reason", "somebody's");
	put_text("spool/a.json", "bad 3");
	put_text("spool/b.ndjson", "bad 4");
	pass_once();
	assert_text("spool/rejected/a.json", "bad 1");
	assert_text("spool/rejected/a-1.json", "bad 2");
	assert_text("spool/rejected/a-1.json.reason", "bad 2 is not good\n");
	assert_text("spool/rejected/a-2.json", "somebody's");
	assert_text("spool/rejected/a-2.json.reason", "(none)");
	assert_text("spool/rejected/a-3.json", "bad 3");
	assert_text("spool/rejected/b.ndjson", "(none)");
	assert_text("spool/rejected/b-1.ndjson", "bad 4\n");
	assert_text("spool/rejected/b-1.ndjson.reason", "line 1: bad 4 is not good\n");
}

static void test_long_names(void **state)
{
	char name[300], path[320];
	int i;

	(void)state;
	memset(name, 'n', sizeof(name));
	memcpy(name + 250, ".json", sizeof(".json"));
	for (i = 0; i < 2; i++) {
		snprintf(path, sizeof(path), "spool/%s", name);
		put_text(path, "bad 1");
		assert_int_equal(pass_once().rejected, 1);
		assert_false(exists(path));
	}
	put_text(path, "one");
	assert_int_equal(pass_once().taken, 1);
	assert_int_equal(count_entries("spool"), 1);
	assert_int_equal(count_entries("spool/rejected"), 4);
}

static void test_order(void **state)
{
	static const char *const wanted[] = {"1", "2", "3", "4", "5"};
	size_t i;

	(void)state;
	put_text("spool/c.json", "5");
	put_text("spool/b.ndjson", "3\n4");
	put_text("spool/B.json", "1");
	put_text("spool/a.json", "2");
	pass_once();
	assert_int_equal(taker.durable_count, ARRAY_LENGTH(wanted));
	for (i = 0; i < ARRAY_LENGTH(wanted); i++)
		assert_string_equal(taker.durable[i], wanted[i]);
	assert_string_equal(taker.last_file, "spool/c.json");
	assert_int_equal(taker.last_line, 0);
}

/* A record at its bound is handed over; a byte more is refused by name, and the rest goes on. */
static void test_bounds(void **state)
{
	static const struct {
		size_t length;
		bool taken;
	} lines[] = {{SPOOL_LINE_MAX, true}, {SPOOL_LINE_MAX + 1, false},
		{SPOOL_FILE_MAX + 70000, false}, {3000000, false}};
	static const struct {
		size_t length;
		bool taken;
	} files[] = {{SPOOL_FILE_MAX, true}, {SPOOL_FILE_MAX + 1, false}, {3000000, false}};
	char *text = xmalloc(3000000 + 20);
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LENGTH(lines); i++) {
		char *rejected;

		spool_fixture_reset();
		memset(text, 'x', lines[i].length);
		text[lines[i].length] = '\n';
		put_text("spool/a.ndjson", "one\n");
		append_file("spool/a.ndjson", text, lines[i].length + 1);
		append_text("spool/a.ndjson", "two\n");
		assert_int_equal(pass_once().taken, lines[i].taken ? 3 : 2);
		assert_string_equal(taker.durable[taker.durable_count - 1], "two");
		assert_int_equal(taker.last_line, 3);
		assert_false(exists("spool/a.ndjson"));
		assert_text("spool/rejected/a.ndjson.reason",
			lines[i].taken
				? "(none)"
				: "line 2: longer than the 262144 bytes that a record may have\n");
		rejected = text_of("spool/rejected/a.ndjson");
		if (!lines[i].taken) {
			assert_int_equal(strlen(rejected), lines[i].length + 1);
			assert_memory_equal(rejected, text, lines[i].length + 1);
		}
		free(rejected);
	}
	for (i = 0; i < ARRAY_LENGTH(files); i++) {
		spool_fixture_reset();
		memset(text, 'x', files[i].length);
		put_file("spool/a.json", text, files[i].length);
		assert_int_equal(pass_once().taken, files[i].taken ? 1 : 0);
		assert_int_equal(exists("spool/rejected/a.json"), !files[i].taken);
		assert_text("spool/rejected/a.json.reason",
			files[i].taken ? "(none)"
				       : "larger than the 262144 bytes that a record may have\n");
	}
	free(text);
}

/* A line that is too long is refused behind what stands before it, wherever its pieces end. */
static void test_long_line_in_its_place(void **state)
{
	char *text = xmalloc(600001);

	(void)state;
	memset(text, 'x', 600000);
	text[600000] = '\n';
	put_text("spool/a.ndjson", "bad 1\none\nbad 2\n");
	append_file("spool/a.ndjson", text, 600001);
	append_text("spool/a.ndjson", "bad 3\ntwo\n");
	assert_int_equal(pass_once().rejected, 4);
	assert_text("spool/rejected/a.ndjson.reason",
		"line 1: bad 1 is not good\nline 3: bad 2 is not good\n"
		"line 4: longer than the 262144 bytes that a record may have\n"
		"line 5: bad 3 is not good\n");
	free(text);
}

static void test_batches(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < 1000; i++)
		append_text("spool/a.ndjson", i % 10 == 0 ? "bad x\n" : "one\n");
	pass_once();
	assert_int_equal(taker.durable_count, 900);
	assert_int_equal(taker.most_pending, SPOOL_BATCH);
	assert_int_equal(taker.most_foreseen, taker_foresees ? SPOOL_AHEAD : 0);
	assert_int_equal(taker.flushes, 4);

	spool_fixture_reset();
	for (i = 0; i < 300; i++) {
		char path[32];

		snprintf(path, sizeof(path), "spool/%03zu.json", i);
		put_text(path, "one");
	}
	assert_int_equal(pass_once().files, 300);
	assert_int_equal(taker.durable_count, 300);
	assert_true(taker.flushes < 10);
	assert_int_equal(count_entries("spool"), 0);
}

static void test_stopped(void **state)
{
	size_t i;

	(void)state;
	taker.stop_after = 2;
	for (i = 0; i < 1000; i++)
		append_text("spool/a.ndjson", "one\n");
	put_text("spool/b.json", "two");
	pass_once();
	assert_int_equal(taker.durable_count, 2 * SPOOL_BATCH);
	assert_true(exists("spool/a.ndjson"));
	assert_true(exists("spool/b.json"));
}

static void test_hostile_entries(void **state)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "spool/socket.json"};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	const char *told;

	(void)state;
	put_text("outside", "secret");
	assert_int_equal(symlink("../outside", "spool/link.json"), 0);
	assert_int_equal(symlink("nowhere", "spool/dangling.ndjson"), 0);
	assert_int_equal(mkdir("spool/directory.json", 0700), 0);
	assert_int_equal(mkfifo("spool/fifo.ndjson", 0600), 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	put_text("spool/evil\x1b[2J\n.json", "bad name");
	put_text("spool/z.json", "one");
	alarm(20);
	assert_int_equal(pass_once().taken, 1);
	alarm(0);
	assert_true(exists("spool/link.json"));
	assert_true(exists("spool/dangling.ndjson"));
	assert_true(exists("spool/directory.json"));
	assert_true(exists("spool/fifo.ndjson"));
	assert_true(exists("spool/socket.json"));
	assert_text("outside", "secret");
	assert_false(is_durable("secret"));
	assert_null(strchr(logged, '\x1b'));
	assert_non_null(strstr(logged, "spool/evil?[2J .json: set aside"));
	told = strstr(logged, "spool/link.json: left alone");
	assert_non_null(told);
	/* Once, and not at every pass. */
	pass_once();
	assert_null(strstr(told + 1, "spool/link.json: left alone"));
	close(fd);
}

static void write_on(const char *file)
{
	append_text(file, "\nbehind");
}

/* A writer that goes on after its file was found loses nothing by it. */
static void test_written_while_read(void **state)
{
	static const char *const names[] = {"spool/a.json", "spool/a.ndjson"};
	struct spool_pass pass;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LENGTH(names); i++) {
		spool_fixture_reset();
		put_text(names[i], "good");
		taker.on_take = write_on;
		pass = pass_once();
		taker.on_take = NULL;
		assert_true(pass.later);
		assert_text(names[i], "good\nbehind");
		assert_non_null(strstr(logged, "written to while it was read"));
		pass = pass_once();
		assert_false(pass.later);
		assert_false(exists(names[i]));
	}
}

/* A sparse file costs nothing to make; it is neither read nor copied. */
static void test_sparse_lines(void **state)
{
	struct spool_pass pass;
	struct stat status;

	(void)state;
	put_text("spool/a.ndjson", "good\n");
	assert_int_equal(truncate("spool/a.ndjson", SPOOL_LINES_FILE_MAX + 1), 0);
	pass = pass_once();
	assert_int_equal(pass.taken, 0);
	assert_int_equal(pass.rejected, 1);
	assert_int_equal(stat("spool/rejected/a.ndjson", &status), 0);
	assert_int_equal(status.st_size, SPOOL_LINES_FILE_MAX + 1);
	assert_text("spool/rejected/a.ndjson.reason",
		"larger than the 4294967296 bytes that a file of records may have; split it\n");
}

static void test_reasons_are_bounded(void **state)
{
	struct spool_pass pass;
	size_t i, lines = 0;
	char *reasons, *at;

	(void)state;
	for (i = 0; i < 3000; i++)
		append_text("spool/a.ndjson", "bad\n");
	pass = pass_once();
	assert_int_equal(pass.rejected, 3000);
	reasons = text_of("spool/rejected/a.ndjson.reason");
	for (at = reasons; (at = strchr(at, '\n')) != NULL; at++)
		lines++;
	assert_int_equal(lines, 1001);
	assert_non_null(strstr(reasons, "\nline 1001: the reasons from here on are not listed\n"));
	free(reasons);
}

/* What is to be rejected and cannot be put there is left, and the pass says so. */
static void test_rejected_elsewhere(void **state)
{
	struct spool_pass pass;

	(void)state;
	assert_int_equal(mkdir("elsewhere", 0700), 0);
	assert_int_equal(symlink("../elsewhere", "spool/rejected"), 0);
	put_text("spool/a.json", "bad");
	put_text("spool/b.ndjson", "bad");
	put_text("spool/c.json", "good");
	pass = pass_once();
	assert_true(pass.later);
	assert_int_equal(pass.taken, 1);
	assert_text("spool/a.json", "bad");
	assert_text("spool/b.ndjson", "bad");
	assert_int_equal(count_entries("elsewhere"), 0);
}

static void test_directory_missing(void **state)
{
	struct spool_pass pass;
	struct error error = {0};

	(void)state;
	assert_false(spool_pass("none", &taker.taker, NULL, &pass, &error));
	assert_int_equal(error.kind, ERROR_TEMPORARY);
	assert_string_equal(error.text, "none: cannot be read: No such file or directory");
}

/* The same lines come out however the kernel cuts the stream. */
static void test_reader_splits(void **state)
{
	uint32_t seed = 1;
	int round;

	(void)state;
	for (round = 0; round < 200; round++) {
		struct spool_reader reader;
		struct spool_piece piece;
		char sent[20000], *at = sent;
		size_t length = 0, packet_at = 0, line = 0;
		int ends[2];

		while (length < 15000) {
			size_t run;

			seed = seed * 1664525 + 1013904223;
			for (run = seed >> 22; run > 0; run--)
				sent[length++] = (char)('a' + run % 26);
			sent[length++] = '\n';
		}
		if (round % 2 == 0)
			length--;
		assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
		while (packet_at < length) {
			size_t size;

			seed = seed * 1664525 + 1013904223;
			size = 100 + (seed >> 21);
			if (size > length - packet_at)
				size = length - packet_at;
			assert_int_equal(write(ends[0], sent + packet_at, size), size);
			packet_at += size;
		}
		close(ends[0]);
		spool_reader_init(&reader);
		spool_reader_start(&reader, ends[1], UINT64_MAX);
		while (spool_reader_next(&reader, &piece) == SPOOL_READ_PIECE) {
			assert_true(piece.first && piece.last);
			assert_int_equal(piece.line, ++line);
			assert_true(at + piece.length <= sent + length);
			assert_memory_equal(piece.text, at, piece.length);
			at += piece.length;
			assert_true(at == sent + length || *at == '\n');
			at++;
		}
		assert_true(at >= sent + length);
		spool_reader_free(&reader);
		close(ends[1]);
	}
}

#define TEST(function) cmocka_unit_test_setup(function, reset)

static int reset(void **state)
{
	(void)state;
	spool_fixture_reset();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_one_file),
		TEST(test_rejected_is_private),
		TEST(test_rejected_names_are_unique),
		TEST(test_long_names),
		TEST(test_order),
		TEST(test_bounds),
		TEST(test_long_line_in_its_place),
		TEST(test_batches),
		TEST(test_stopped),
		TEST(test_hostile_entries),
		TEST(test_written_while_read),
		TEST(test_sparse_lines),
		TEST(test_reasons_are_bounded),
		TEST(test_rejected_elsewhere),
		TEST(test_directory_missing),
		TEST(test_reader_splits),
	};

#ifdef TAKER_FORESEES
	/* A program of its own, since some warnings come once in a process's life. */
	taker_foresees = true;
#endif
	return cmocka_run_group_tests(tests, spool_fixture_setup, spool_fixture_teardown);
}
