#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <dirent.h>
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
#include "base/file.h"

static char scratch[] = "/tmp/test_base_file.XXXXXX";

static int make_scratch(void **state)
{
	(void)state;
	return mkdtemp(scratch) != NULL && chdir(scratch) == 0 ? 0 : -1;
}

static int drop_scratch(void **state)
{
	(void)state;
	return chdir("/") == 0 && rmdir(scratch) == 0 ? 0 : -1;
}

static void put(const char *name, size_t size)
{
	FILE *file = fopen(name, "we");
	size_t i;

	assert_non_null(file);
	for (i = 0; i < size; i++)
		assert_int_not_equal(fputc('a' + (int)(i % 26), file), EOF);
	assert_int_equal(fclose(file), 0);
}

static size_t entries(const char *name)
{
	DIR *directory = opendir(name);
	size_t count = 0;

	assert_non_null(directory);
	while (readdir(directory) != NULL)
		count++;
	closedir(directory);
	return count - 2;
}

static void test_read_bounds(void **state)
{
	static const struct {
		size_t size, maximum;
		bool read;
	} cases[] = {
		{0, 0, true},
		{0, 10, true},
		{1, 0, false},
		{10, 10, true},
		{11, 10, false},
		{20000, 20000, true},
		{20001, 20000, false},
		{100000, 20000, false},
		{100000, 100000, true},
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LENGTH(cases); i++) {
		struct buffer buffer = {0};
		struct error error = {0};
		bool read;

		put("f", cases[i].size);
		buffer_append_text(&buffer, "<");
		read = file_read("f", cases[i].maximum, &buffer, &error);
		assert_int_equal(read, cases[i].read);
		if (read) {
			assert_int_equal(buffer.length, cases[i].size + 1);
			assert_int_equal(buffer.data[0], '<');
			if (cases[i].size > 0)
				assert_int_equal(buffer.data[cases[i].size],
					'a' + (int)((cases[i].size - 1) % 26));
		} else {
			char wanted[64];

			snprintf(wanted, sizeof(wanted),
				"f: larger than the %zu bytes allowed here", cases[i].maximum);
			assert_int_equal(error.kind, ERROR_PERMANENT);
			assert_string_equal(error.text, wanted);
		}
		buffer_free(&buffer);
	}
	unlink("f");
}

static void test_read_refused(void **state)
{
	static const char *const names[] = {
		"missing", "fifo", "directory", "socket", "loop", "f/x"};
	struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "socket"};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	size_t i;

	(void)state;
	put("f", 1);
	assert_int_equal(mkfifo("fifo", 0600), 0);
	assert_int_equal(mkdir("directory", 0700), 0);
	assert_int_equal(symlink("loop", "loop"), 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	for (i = 0; i < ARRAY_LENGTH(names); i++) {
		struct buffer buffer = {0};
		struct error error = {0};

		/* A FIFO without a writer would hold a careless open for ever. */
		alarm(10);
		assert_false(file_read(names[i], 100, &buffer, &error));
		alarm(0);
		if (error.kind != ERROR_PERMANENT || strstr(error.text, names[i]) != error.text)
			fail_msg("%s: %d, %s", names[i], (int)error.kind, error.text);
		assert_int_equal(buffer.length, 0);
		buffer_free(&buffer);
	}
	close(fd);
	unlink("f");
	unlink("fifo");
	unlink("loop");
	unlink("socket");
	rmdir("directory");
}

static void test_read_standard_input(void **state)
{
	struct buffer buffer = {0};
	struct error error = {0};
	int ends[2], saved = dup(STDIN_FILENO);

	(void)state;
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	assert_int_equal(write(ends[1], "0123456789", 10), 10);
	close(ends[1]);
	assert_int_equal(dup2(ends[0], STDIN_FILENO), STDIN_FILENO);
	assert_true(file_read("-", 10, &buffer, &error));
	assert_string_equal(buffer_text(&buffer), "0123456789");
	buffer_free(&buffer);
	dup2(saved, STDIN_FILENO);
	close(saved);
	close(ends[0]);
}

static void test_write_atomic(void **state)
{
	struct buffer buffer = {0};
	struct error error = {0};
	struct stat status;
	char *big = xmalloc(300000);

	(void)state;
	memset(big, 'z', 300000);
	assert_int_equal(mkdir("out", 0700), 0);
	assert_true(file_write_atomic("out/f", "old", 3, 0600, &error));
	assert_int_equal(stat("out/f", &status), 0);
	assert_int_equal(status.st_mode & 07777, 0600);
	assert_true(file_write_atomic("out/f", big, 300000, 0640, &error));
	assert_int_equal(stat("out/f", &status), 0);
	assert_int_equal(status.st_mode & 07777, 0640);
	assert_true(file_read("out/f", 300000, &buffer, &error));
	assert_int_equal(buffer.length, 300000);
	assert_memory_equal(buffer.data, big, 300000);
	assert_int_equal(entries("out"), 1);
	buffer_free(&buffer);
	free(big);
	unlink("out/f");
	rmdir("out");
}

/* What stands at the path is a directory: the rename fails after all has been written. */
static void test_write_atomic_fails(void **state)
{
	struct error error = {0};

	(void)state;
	assert_int_equal(mkdir("out", 0700), 0);
	assert_int_equal(mkdir("out/f", 0700), 0);
	assert_false(file_write_atomic("out/f", "new", 3, 0600, &error));
	assert_int_equal(error.kind, ERROR_TEMPORARY);
	assert_non_null(strstr(error.text, "out/f"));
	assert_int_equal(entries("out"), 1);
	assert_false(file_write_atomic("none/f", "new", 3, 0600, &error));
	assert_int_equal(error.kind, ERROR_TEMPORARY);
	assert_false(directory_sync("none", &error));
	assert_int_equal(error.kind, ERROR_TEMPORARY);
	assert_true(directory_sync("out", &error));
	rmdir("out/f");
	rmdir("out");
}

static void test_place(void **state)
{
	static const char *const taken[] = {"b", "a-folder"};
	struct buffer text = {0};
	struct error error;
	size_t i;

	(void)state;
	put("a", 3);
	assert_true(file_place("a", "b", &error));
	assert_int_equal(access("a", F_OK), -1);
	assert_int_equal(mkdir("a-folder", 0700), 0);
	put("c", 5);
	for (i = 0; i < 2; i++) {
		assert_false(file_place("c", taken[i], &error));
		assert_int_equal(error.kind, ERROR_PERMANENT);
		assert_non_null(strstr(error.text, taken[i]));
		assert_int_equal(access("c", F_OK), 0);
	}
	assert_false(file_place("c", "nowhere/d", &error));
	assert_int_equal(error.kind, ERROR_PERMANENT);
	/* What was there is what it was. */
	assert_true(file_read("b", 10, &text, &error));
	assert_string_equal(buffer_text(&text), "abc");
	buffer_free(&text);
	assert_int_equal(unlink("b") + unlink("c") + rmdir("a-folder"), 0);
	assert_int_equal(entries("."), 0);
}

static void test_paths(void **state)
{
	static const struct {
		const char *path, *directory;
	} cases[] = {
		{"f", "."},
		{"a/f", "a"},
		{"a/b/f", "a/b"},
		{"/f", "/"},
		{"/a/f", "/a"},
		{"a/", "a"},
	};
	char *path;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LENGTH(cases); i++) {
		path = path_directory(cases[i].path);
		assert_string_equal(path, cases[i].directory);
		free(path);
	}
	path = path_resolve("/etc/x", "y/z");
	assert_string_equal(path, "/etc/x/y/z");
	free(path);
	path = path_resolve("/etc/x", "/y");
	assert_string_equal(path, "/y");
	free(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_read_bounds),
		cmocka_unit_test(test_read_refused),
		cmocka_unit_test(test_read_standard_input),
		cmocka_unit_test(test_write_atomic),
		cmocka_unit_test(test_write_atomic_fails),
		cmocka_unit_test(test_place),
		cmocka_unit_test(test_paths),
	};

	return cmocka_run_group_tests(tests, make_scratch, drop_scratch);
}
