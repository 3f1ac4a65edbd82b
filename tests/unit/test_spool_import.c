#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "spool_fixture.h"

static void import_standard_input(const char *file, struct spool_pass *pass)
{
	int saved = dup(STDIN_FILENO), fd = open(file, O_RDONLY | O_CLOEXEC);
	struct error error = {0};
	bool done;

	assert_int_equal(dup2(fd, STDIN_FILENO), STDIN_FILENO);
	done = spool_import("-", &taker.taker, pass, &error);
	dup2(saved, STDIN_FILENO);
	close(saved);
	close(fd);
	assert_true(done);
}

/* What a stream without a name is taken for. */
static void test_standard_input(void **state)
{
	static const struct {
		const char *text;
		size_t records;
		const char *first;
		size_t line; /* of the last */
	} cases[] = {
		{"", 0, NULL, 0},
		{"\n\n", 0, NULL, 0},
		{"{\"a\":1}", 1, "{\"a\":1}", 1},
		{"{\"a\":1}\n", 1, "{\"a\":1}", 1},
		{"{\"a\":1}\n{\"b\":2}\n", 2, "{\"a\":1}", 2},
		{"\n{\"a\":1} \r\n{\"b\":2}", 2, "{\"a\":1} \r", 3},
		{"{\n  \"a\": 1\n}\n", 1, "{\n  \"a\": 1\n}\n", 0},
		{"\n{ \"a\":\n1}", 1, "\n{ \"a\":\n1}", 0},
		{"junk\n{\"a\":1}\n", 2, "junk", 2},
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LENGTH(cases); i++) {
		struct spool_pass pass;

		spool_fixture_reset();
		put_text("in", cases[i].text);
		import_standard_input("in", &pass);
		if (pass.taken != cases[i].records || taker.durable_count != cases[i].records ||
			taker.last_line != cases[i].line)
			fail_msg("case %zu: %zu taken, last line %zu", i, pass.taken,
				taker.last_line);
		if (cases[i].first != NULL) {
			assert_string_equal(taker.durable[0], cases[i].first);
			assert_string_equal(taker.last_file, "standard input");
		}
		assert_int_equal(pass.files, 1);
	}
}

/* More than one record's worth is lines, whatever the first looks like. */
static void test_standard_input_large(void **state)
{
	struct spool_pass pass;
	size_t i;
	char *line = xmalloc(100001);

	(void)state;
	memset(line, 'x', 100000);
	line[99999] = '\n';
	line[100000] = '\0';
	put_text("in", "{\n");
	for (i = 0; i < 10; i++)
		append_text("in", line);
	import_standard_input("in", &pass);
	assert_int_equal(pass.taken, 11);
	free(line);
}

static void test_files(void **state)
{
	struct spool_pass pass;
	struct error error = {0};

	(void)state;
	put_text("a.json", "one\n{");
	put_text("b.ndjson", "two\nbad 3\n\nbad 4\nfive");
	put_text("c.txt", "{\"a\":\n1}");
	assert_int_equal(symlink("a.json", "link.json"), 0);
	assert_true(spool_import("a.json", &taker.taker, &pass, &error));
	assert_int_equal(pass.taken, 1);
	assert_true(spool_import("./b.ndjson", &taker.taker, &pass, &error));
	assert_int_equal(pass.taken, 2);
	assert_int_equal(pass.rejected, 2);
	assert_int_equal(pass.files, 1);
	assert_true(spool_import("c.txt", &taker.taker, &pass, &error));
	assert_int_equal(pass.taken, 1);
	assert_true(spool_import("link.json", &taker.taker, &pass, &error));
	assert_int_equal(pass.taken, 1);
	assert_non_null(strstr(logged, "./b.ndjson: line 2: bad 3 is not good\n"));
	assert_non_null(strstr(logged, "./b.ndjson: line 4: bad 4 is not good\n"));
	/* Nothing is deleted, moved or made. */
	assert_int_equal(count_entries("."), 5);
	assert_text("b.ndjson", "two\nbad 3\n\nbad 4\nfive");
}

static void test_directory(void **state)
{
	struct spool_pass pass;
	struct error error = {0};

	(void)state;
	put_text("spool/b.json", "two");
	put_text("spool/a.json", "one");
	put_text("spool/c.ndjson", "bad 3\nfour");
	put_text("spool/.hidden.json", "no");
	put_text("spool/other", "no");
	assert_int_equal(mkdir("spool/d.json", 0700), 0);
	assert_int_equal(mkfifo("spool/e.json", 0600), 0);
	alarm(20);
	assert_true(spool_import("spool", &taker.taker, &pass, &error));
	alarm(0);
	assert_int_equal(pass.taken, 3);
	assert_int_equal(pass.files, 3);
	assert_int_equal(pass.rejected, 3);
	assert_string_equal(taker.durable[0], "one");
	assert_non_null(strstr(logged, "spool/c.ndjson: line 1: bad 3 is not good"));
	assert_non_null(strstr(logged, "spool/d.json: not a regular file"));
	assert_int_equal(count_entries("spool"), 7);
}

static void test_refused(void **state)
{
	struct spool_pass pass;
	struct error error = {0};

	(void)state;
	assert_false(spool_import("none.json", &taker.taker, &pass, &error));
	assert_int_equal(error.kind, ERROR_PERMANENT);
	assert_string_equal(error.text, "none.json: cannot be opened: No such file or directory");
	assert_false(spool_import("/dev/null", &taker.taker, &pass, &error));
	assert_int_equal(error.kind, ERROR_PERMANENT);
}

static void test_store_cannot(void **state)
{
	struct spool_pass pass;
	struct error error = {0};

	(void)state;
	put_text("a.json", "one");
	taker.fail_flush = 1;
	assert_false(spool_import("a.json", &taker.taker, &pass, &error));
	assert_int_equal(error.kind, ERROR_TEMPORARY);
	assert_string_equal(error.text, "a.json: the store is full");
	assert_int_equal(pass.taken, 0);
	put_text("b.ndjson", "two\nlater\nthree\n");
	assert_true(spool_import("b.ndjson", &taker.taker, &pass, &error));
	assert_true(pass.later);
	assert_int_equal(pass.taken, 1);
	assert_int_equal(pass.files, 0);
}

static int reset(void **state)
{
	(void)state;
	spool_fixture_reset();
	return 0;
}

#define TEST(function) cmocka_unit_test_setup(function, reset)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_standard_input),
		TEST(test_standard_input_large),
		TEST(test_files),
		TEST(test_directory),
		TEST(test_refused),
		TEST(test_store_cannot),
	};

	int failed;

	failed = cmocka_run_group_tests(tests, spool_fixture_setup, spool_fixture_teardown);
	taker_foresees = true;
	return failed + cmocka_run_group_tests(tests, spool_fixture_setup, spool_fixture_teardown);
}
