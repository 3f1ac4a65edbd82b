#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <malloc.h>
#include <sys/prctl.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "base/heap.h"

#ifdef HEAP_OVERWRITES
#include <mimalloc.h>

#define SECRET "PRIVATE"

/* The compiler would have something to say of a look at what was freed. */
static void (*volatile give_up)(void *) = free;

/* Fills the block with the secret, over and over, to its last byte. */
static void fill(char *data)
{
	size_t size = malloc_usable_size(data), i;

	for (i = 0; i < size; i++)
		data[i] = SECRET[i % (sizeof(SECRET) - 1)];
}

/* What is left at an address that was given up; its page is still the heap's while KEPT lives. */
static bool left_behind(uintptr_t address, size_t size)
{
	const char *data = (const char *)address; /* NOLINT(performance-no-int-to-ptr) */

	return memmem(data, size, SECRET, 4) != NULL; /* NOLINT(clang-analyzer-unix.Malloc) */
}

static void test_freed_is_overwritten(void **state)
{
	static const size_t sizes[] = {1, 8, 16, 24, 100, 1000, 1024, 1032, 4000, 20000, 100000};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LENGTH(sizes); i++) {
		char *kept = xmalloc(sizes[i]), *data = xmalloc(sizes[i]);
		uintptr_t address = (uintptr_t)data;
		size_t size = malloc_usable_size(data);

		fill(data);
		assert_true(size < 4 || left_behind(address, size));
		give_up(data);
		if (left_behind(address, size))
			fail_msg("a block of %zu bytes is as it was", sizes[i]);
		free(kept);
	}
	free(NULL);
}

/* When a block moves, the old one is overwritten; and what it had goes along. */
static void test_moved_is_overwritten(void **state)
{
	static const struct {
		size_t from, to;
	} cases[] = {{16, 17}, {16, 4000}, {1000, 100000}, {4000, 100}, {100000, 16}};
	volatile size_t too_many = SIZE_MAX / 2;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LENGTH(cases); i++) {
		char *kept = xmalloc(cases[i].from), *data = xmalloc(cases[i].from);
		uintptr_t address = (uintptr_t)data;
		size_t size = malloc_usable_size(data);
		char *moved;

		fill(data);
		moved = i % 2 == 0 ? realloc(data, cases[i].to)
				   : reallocarray(data, cases[i].to, 1);
		assert_non_null(moved);
		assert_memory_equal(moved, SECRET, strlen(SECRET));
		if ((uintptr_t)moved != address && left_behind(address, size))
			fail_msg("from %zu to %zu bytes: the old block is as it was", cases[i].from,
				cases[i].to);
		free(moved);
		free(kept);
	}
	assert_null(reallocarray(NULL, too_many, 3));
}

/* What the C library makes for itself and for others comes from the same heap. */
static void test_one_heap(void **state)
{
	char *line = NULL, *text = NULL, *whole = realpath("/", NULL), *copy = strdup(SECRET);
	void *aligned = NULL;
	size_t size = 0;
	FILE *file = fmemopen(copy, strlen(copy), "r");

	(void)state;
	assert_non_null(file);
	assert_true(getline(&line, &size, file) > 0);
	assert_true(asprintf(&text, "%s", copy) > 0);
	assert_int_equal(posix_memalign(&aligned, 4096, 100), 0);
	assert_true(mi_is_in_heap_region(line));
	assert_true(mi_is_in_heap_region(text));
	assert_true(mi_is_in_heap_region(whole));
	assert_true(mi_is_in_heap_region(copy));
	assert_true(mi_is_in_heap_region(file));
	assert_true(mi_is_in_heap_region(aligned));
	assert_int_equal((uintptr_t)aligned % 4096, 0);
	assert_int_equal(fclose(file), 0);
	free(line);
	free(text);
	free(whole);
	free(copy);
	free(aligned);
}

static void test_no_huge_pages(void **state)
{
	(void)state;
	assert_int_equal(prctl(PR_GET_THP_DISABLE, 0, 0, 0, 0), 1);
}
#else
static void test_freed_is_overwritten(void **state)
{
	(void)state;
	skip();
}

static void test_moved_is_overwritten(void **state)
{
	(void)state;
	skip();
}

static void test_one_heap(void **state)
{
	(void)state;
	skip();
}

static void test_no_huge_pages(void **state)
{
	(void)state;
	skip();
}
#endif

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_freed_is_overwritten),
		cmocka_unit_test(test_moved_is_overwritten),
		cmocka_unit_test(test_one_heap),
		cmocka_unit_test(test_no_huge_pages),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
