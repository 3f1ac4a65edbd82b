#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "source/spool_private.h"
#include "spool_fixture.h"

/*
 * What was done, a letter each: Claimed a file, Placed one in rejected/, Unlinked a claimed one,
 * synced (F).
 */
static char trace[100];

static void note(char what)
{
	size_t length = strlen(trace);

	if (length < sizeof(trace) - 1) {
		trace[length] = what;
		trace[length + 1] = '\0';
	}
}

int __real_fsync(int fd);
int __wrap_fsync(int fd);
int __real_renameat2(int from, const char *name, int to, const char *new_name, unsigned int flags);
int __wrap_renameat2(int from, const char *name, int to, const char *new_name, unsigned int flags);
int __real_unlinkat(int directory, const char *name, int flags);
int __wrap_unlinkat(int directory, const char *name, int flags);

int __wrap_fsync(int fd)
{
	note('F');
	return __real_fsync(fd);
}

int __wrap_renameat2(int from, const char *name, int to, const char *new_name, unsigned int flags)
{
	note(spool_name_is_claimed(new_name) ? 'C' : 'P');
	return __real_renameat2(from, name, to, new_name, flags);
}

int __wrap_unlinkat(int directory, const char *name, int flags)
{
	if (spool_name_is_claimed(name))
		note('U');
	return __real_unlinkat(directory, name, flags);
}

static struct spool_pass pass_once(void)
{
	struct spool_pass pass;
	struct error error = {0};

	assert_true(spool_pass("spool", &taker.taker, test_stop, &pass, &error));
	return pass;
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

/* Nothing goes from the spool before what it has to leave in rejected/ is on the disk. */
static void test_order_of_durability(void **state)
{
	static const struct {
		const char *name, *text, *trace;
	} cases[] = {
		{"a.json", "one", "CUF"},
		{"a.ndjson", "one\ntwo", "CUF"},
		/* rejected/ is made; both files; their directory; then the original. */
		{"a.ndjson", "one\nbad", "FCFFPPFUF"},
		/* The original itself is moved: its reason is there first. */
		{"a.json", "bad", "CFFPPFF"},
		{"a.json", "later", ""},
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LENGTH(cases); i++) {
		char path[32];

		spool_fixture_reset();
		snprintf(path, sizeof(path), "spool/%s", cases[i].name);
		put_text(path, cases[i].text);
		trace[0] = '\0';
		pass_once();
		assert_string_equal(trace, cases[i].trace);
	}
}

/* Failures between successes do not end the pass. */
static void test_many_poisoned(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < 60; i++) {
		char path[32];

		snprintf(path, sizeof(path), "spool/%02zu.ndjson", i);
		put_text(path, i % 2 == 0 ? "poison" : "one");
	}
	taker.poison = "poison";
	assert_int_equal(pass_once().taken, 30);
	assert_int_equal(count_entries("spool"), 30);
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
	/* Told once for both, and not again while it lasts. */
	assert_non_null(strstr(logged, "spool/a.json: kept"));
	assert_null(strstr(logged, "spool/b.ndjson: kept"));
	logged[0] = '\0';
	pass_once();
	assert_string_equal(logged, "");
	assert_int_equal(unlink("spool/rejected"), 0);
	assert_int_equal(mkdir("elsewhere", 0700), 0);
	assert_int_equal(symlink("../elsewhere", "spool/rejected"), 0);
	assert_int_equal(pass_once().rejected, 0);
	assert_int_equal(count_entries("elsewhere"), 0);
	assert_text("spool/a.json", "bad 1");
	assert_int_equal(unlink("spool/rejected"), 0);
	logged[0] = '\0';
	assert_int_equal(pass_once().rejected, 2);
	assert_int_equal(count_entries("spool"), 1);
	assert_non_null(strstr(logged, "what was in the way is over"));
	logged[0] = '\0';
	pass_once();
	assert_string_equal(logged, "");
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
		TEST(test_failing_flush),
		TEST(test_failing_flush_keeps_lines),
		TEST(test_poisoned_flush),
		TEST(test_store_takes_nothing),
		TEST(test_order_of_durability),
		TEST(test_many_poisoned),
		TEST(test_no_place_for_rejects),
		TEST(test_locked_file_is_left),
		TEST(test_replaced_while_read),
		TEST(test_claimed_by_a_killed_process),
	};

	int failed;

	failed = cmocka_run_group_tests(tests, spool_fixture_setup, spool_fixture_teardown);
	taker_foresees = true;
	return failed + cmocka_run_group_tests(tests, spool_fixture_setup, spool_fixture_teardown);
}
