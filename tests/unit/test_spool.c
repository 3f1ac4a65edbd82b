#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
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

static void test_batches(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < 1000; i++)
		append_text("spool/a.ndjson", i % 10 == 0 ? "bad x\n" : "one\n");
	pass_once();
	assert_int_equal(taker.durable_count, 900);
	assert_int_equal(taker.most_pending, SPOOL_BATCH);
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

static void fill_for_failures(void)
{
	size_t i;

	for (i = 0; i < 600; i++) {
		char line[40];

		snprintf(line, sizeof(line), i % 100 == 7 ? "bad m%zu\n" : "m%zu\n", i);
		append_text("spool/m.ndjson", line);
	}
	for (i = 0; i < 70; i++) {
		char path[40], line[40];

		snprintf(path, sizeof(path), "spool/a%02zu.json", i);
		snprintf(line, sizeof(line), i == 7 ? "bad a%zu" : "a%zu", i);
		put_text(path, line);
	}
	put_text("spool/z.json", "z");
	put_text("spool/n.ndjson", "bad n1\nbad n2\n");
}

/* Whatever is no longer in the spool is durable, or set aside with its reason. */
static void check_nothing_lost(void)
{
	size_t i;

	for (i = 0; i < 70; i++) {
		char path[40], rejected[60], line[40];

		snprintf(path, sizeof(path), "spool/a%02zu.json", i);
		snprintf(rejected, sizeof(rejected), "spool/rejected/a%02zu.json", i);
		snprintf(line, sizeof(line), "a%zu", i);
		assert_true(exists(path) || (i == 7 ? exists(rejected) : is_durable(line)));
	}
	for (i = 0; i < 600 && !exists("spool/m.ndjson"); i++) {
		char line[40];

		snprintf(line, sizeof(line), "m%zu", i);
		assert_true(i % 100 == 7 || is_durable(line));
	}
	assert_true(exists("spool/m.ndjson") || exists("spool/rejected/m.ndjson.reason"));
	assert_true(exists("spool/n.ndjson") || exists("spool/rejected/n.ndjson.reason"));
	assert_true(exists("spool/z.json") || is_durable("z"));
}

static void test_failing_flush(void **state)
{
	size_t fail, flushes;

	(void)state;
	spool_fixture_reset();
	fill_for_failures();
	pass_once();
	check_nothing_lost();
	flushes = taker.flushes;
	assert_int_equal(count_entries("spool"), 1);
	for (fail = 1; fail <= flushes; fail++) {
		struct spool_pass pass;

		spool_fixture_reset();
		fill_for_failures();
		taker.fail_flush = fail;
		pass_once();
		check_nothing_lost();
		taker.fail_flush = 0;
		pass = pass_once();
		check_nothing_lost();
		assert_int_equal(count_entries("spool"), 1);
		assert_int_equal(count_entries("spool/rejected"), 6);
		(void)pass;
	}
}

static void test_failing_flush_keeps_lines(void **state)
{
	(void)state;
	put_text("spool/a.ndjson", "one\nbad 1\n");
	taker.fail_flush = 1;
	assert_int_equal(pass_once().files, 0);
	assert_text("spool/a.ndjson", "one\nbad 1\n");
	assert_int_equal(count_entries("spool/rejected"), 0);
	assert_non_null(strstr(logged, "spool/a.ndjson: the store is full; the file is kept"));
}

/* One record that the store cannot have does not hold up those that share its flush. */
static void test_poisoned_flush(void **state)
{
	(void)state;
	put_text("spool/a.json", "one");
	put_text("spool/b.json", "poison");
	put_text("spool/c.json", "two");
	taker.poison = "poison";
	assert_int_equal(pass_once().taken, 2);
	assert_false(exists("spool/a.json"));
	assert_true(exists("spool/b.json"));
	assert_false(exists("spool/c.json"));
	assert_non_null(strstr(logged, "the store is full; spool/b.json is kept"));
}

/* A store that takes nothing is not asked, and the log not filled, for every file. */
static void test_store_takes_nothing(void **state)
{
	struct spool_pass pass;
	size_t i, lines = 0;

	(void)state;
	for (i = 0; i < 500; i++) {
		char path[32];

		snprintf(path, sizeof(path), "spool/%03zu.%s", i, i % 2 == 0 ? "json" : "ndjson");
		put_text(path, "one");
	}
	taker.fail_all = true;
	pass = pass_once();
	assert_true(pass.later);
	assert_int_equal(pass.files, 0);
	assert_int_equal(count_entries("spool"), 500);
	for (i = 0; logged[i] != '\0'; i++)
		lines += logged[i] == '\n';
	assert_in_range(taker.flushes, 2, 20);
	assert_in_range(lines, 2, 20);
	taker.fail_all = false;
	assert_int_equal(pass_once().taken, 500);
	assert_int_equal(count_entries("spool"), 0);
}

static void test_no_place_for_rejects(void **state)
{
	(void)state;
	/* Neither a file nor a link in the place of rejected/ is written through. */
	put_text("spool/rejected", "in the way");
	put_text("spool/a.json", "bad 1");
	put_text("spool/b.ndjson", "one\nbad 2\n");
	pass_once();
	assert_text("spool/a.json", "bad 1");
	assert_text("spool/b.ndjson", "one\nbad 2\n");
	assert_non_null(strstr(logged, "spool/a.json: kept"));
	assert_non_null(strstr(logged, "spool/b.ndjson: kept"));
	assert_int_equal(unlink("spool/rejected"), 0);
	assert_int_equal(mkdir("elsewhere", 0700), 0);
	assert_int_equal(symlink("../elsewhere", "spool/rejected"), 0);
	assert_int_equal(pass_once().rejected, 0);
	assert_int_equal(count_entries("elsewhere"), 0);
	assert_text("spool/a.json", "bad 1");
	assert_int_equal(unlink("spool/rejected"), 0);
	assert_int_equal(pass_once().rejected, 2);
	assert_int_equal(count_entries("spool"), 1);
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

static void test_locked_file_is_left(void **state)
{
	int fd;

	(void)state;
	put_text("spool/a.json", "one");
	put_text("spool/b.json", "two");
	fd = open("spool/a.json", O_RDONLY | O_CLOEXEC);
	assert_int_equal(flock(fd, LOCK_EX), 0);
	assert_int_equal(pass_once().taken, 1);
	assert_true(exists("spool/a.json"));
	assert_false(exists("spool/b.json"));
	close(fd);
	assert_int_equal(pass_once().taken, 1);
	assert_false(exists("spool/a.json"));
}

static void replace(const char *file)
{
	taker.on_take = NULL;
	put_text("new", "two");
	assert_int_equal(rename("new", file), 0);
}

/* A writer puts the next state in the same name's place while this one is being read. */
static void test_replaced_while_read(void **state)
{
	static const char *const first[] = {"one", "bad 1"};
	static const char *const names[] = {"spool/a.json", "spool/a.ndjson"};
	size_t i, j;

	(void)state;
	for (i = 0; i < ARRAY_LENGTH(names); i++) {
		for (j = 0; j < ARRAY_LENGTH(first); j++) {
			spool_fixture_reset();
			put_text(names[i], first[j]);
			taker.on_take = replace;
			pass_once();
			assert_false(is_durable("two"));
			pass_once();
			assert_true(is_durable("two"));
			assert_false(exists(names[i]));
			assert_int_equal(count_entries("spool/rejected"), 0);
			pass_once();
			assert_true(count_entries("spool") <= 1);
		}
	}
}

/* What a killed process left under a claimed name comes again, and is set aside by its old name. */
static void test_claimed_by_a_killed_process(void **state)
{
	(void)state;
	put_text("spool/a.taken-17.json", "one");
	put_text("spool/b.taken-18.ndjson", "two\nbad 1");
	put_text("spool/c.taken-x.json", "bad 2");
	pass_once();
	assert_true(is_durable("one"));
	assert_true(is_durable("two"));
	assert_text("spool/rejected/b.ndjson", "bad 1\n");
	assert_text("spool/rejected/c.taken-x.json", "bad 2");
	assert_int_equal(count_entries("spool"), 1);
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
		spool_reader_start(&reader, ends[1]);
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
		TEST(test_batches),
		TEST(test_stopped),
		TEST(test_failing_flush),
		TEST(test_failing_flush_keeps_lines),
		TEST(test_poisoned_flush),
		TEST(test_store_takes_nothing),
		TEST(test_no_place_for_rejects),
		TEST(test_hostile_entries),
		TEST(test_locked_file_is_left),
		TEST(test_replaced_while_read),
		TEST(test_claimed_by_a_killed_process),
		TEST(test_directory_missing),
		TEST(test_reader_splits),
	};

	return cmocka_run_group_tests(tests, spool_fixture_setup, spool_fixture_teardown);
}
