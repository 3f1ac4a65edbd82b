/* engine/token: a file is read anew when it is another, and only then. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/file.h"
#include "engine/token.h"

#define DAY INT64_C(86400000)

struct world {
	char path[64];
	struct token_cache *cache;
	struct manual_clock clock;
	struct error error;
};

/* file_read is wrapped, to see when it is called. */
bool __real_file_read(const char *path, size_t maximum, struct buffer *buffer, struct error *error);
bool __wrap_file_read(const char *path, size_t maximum, struct buffer *buffer, struct error *error);

static unsigned reads;

bool __wrap_file_read(const char *path, size_t maximum, struct buffer *buffer, struct error *error)
{
	reads++;
	return __real_file_read(path, maximum, buffer, error);
}

static void put(struct world *world, const char *text)
{
	if (!file_write_atomic(world->path, text, strlen(text), 0600, &world->error))
		fail_msg("%s", world->error.text);
}

/* A day after the file was written, by the clock that is asked. */
static void let_settle(struct world *world)
{
	struct stat status;

	assert_int_equal(stat(world->path, &status), 0);
	manual_clock_init(&world->clock, (int64_t)status.st_ctim.tv_sec * 1000 + DAY);
}

static void expect(struct world *world, const char *wanted, unsigned wanted_reads)
{
	char *token = NULL;

	reads = 0;
	if (!token_read(world->cache, world->path, &world->clock.clock, &token, &world->error))
		fail_msg("%s", world->error.text);
	assert_string_equal(token, wanted);
	assert_int_equal(reads, wanted_reads);
	free_wiped_text(token);
}

static int set_up(void **state)
{
	struct world *world = xcalloc(1, sizeof(*world));

	snprintf(world->path, sizeof(world->path), "/tmp/test_token.%d", (int)getpid());
	world->cache = token_cache_new();
	put(world, "one\n");
	let_settle(world);
	*state = world;
	return 0;
}

static int tear_down(void **state)
{
	struct world *world = *state;

	token_cache_free(world->cache);
	(void)unlink(world->path);
	free(world);
	return 0;
}

static void test_read_once(void **state)
{
	struct world *world = *state;

	expect(world, "one", 1);
	expect(world, "one", 0);
	expect(world, "one", 0);
}

static void test_another_file_counts_at_once(void **state)
{
	struct world *world = *state;

	expect(world, "one", 1);
	/* As long as the first, and a file of the same name. */
	put(world, "two\nand more");
	put(world, "two\n");
	let_settle(world);
	expect(world, "two", 1);
	expect(world, "two", 0);
}

static void test_a_file_written_over_counts(void **state)
{
	struct world *world = *state;
	FILE *file;

	expect(world, "one", 1);
	file = fopen(world->path, "r+e");
	assert_non_null(file);
	assert_true(fputs("longer\n", file) >= 0);
	assert_int_equal(fclose(file), 0);
	expect(world, "longer", 1);
}

/* Its times may be those of what is written into it next. */
static void test_a_new_file_is_read_again(void **state)
{
	static const struct {
		const char *name;
		int64_t age_ms;
	} cases[] = {
		{"just written", 0},
		{"half a second old", 500},
		{"of the future", -DAY},
	};
	struct world *world = *state;
	struct stat status;
	size_t i;

	assert_int_equal(stat(world->path, &status), 0);
	for (i = 0; i < ARRAY_LENGTH(cases); i++) {
		manual_clock_init(&world->clock, (int64_t)status.st_ctim.tv_sec * 1000 +
							 status.st_ctim.tv_nsec / 1000000 +
							 cases[i].age_ms);
		print_message("%s\n", cases[i].name);
		expect(world, "one", 1);
		expect(world, "one", 1);
	}
}

static void test_one_for_each_path(void **state)
{
	struct world *world = *state;
	char first[sizeof(world->path)], second[sizeof(world->path)];

	memcpy(first, world->path, sizeof(first));
	expect(world, "one", 1);
	snprintf(second, sizeof(second), "/tmp/test_token.%d.b", (int)getpid());
	memcpy(world->path, second, sizeof(second));
	put(world, "other\r\nx");
	let_settle(world);
	expect(world, "other", 1);
	expect(world, "other", 0);
	assert_int_equal(unlink(second), 0);
	memcpy(world->path, first, sizeof(first));
	expect(world, "one", 0);
}

static void test_a_file_that_went_is_an_error(void **state)
{
	struct world *world = *state;
	char *token = NULL;

	expect(world, "one", 1);
	assert_int_equal(unlink(world->path), 0);
	assert_false(
		token_read(world->cache, world->path, &world->clock.clock, &token, &world->error));
	assert_null(token);
	assert_int_equal(world->error.kind, ERROR_PERMANENT);
	put(world, "");
	let_settle(world);
	expect(world, "", 1);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_read_once),
		TEST(test_another_file_counts_at_once),
		TEST(test_a_file_written_over_counts),
		TEST(test_a_new_file_is_read_again),
		TEST(test_one_for_each_path),
		TEST(test_a_file_that_went_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
