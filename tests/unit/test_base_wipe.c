#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <malloc.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "base/buffer.h"
#include "base/heap.h"

#define SECRET "-----BEGIN PRIVATE KEY-----"

static unsigned int freed, leaked, printed_elsewhere;

void __real_free(void *data);
void __wrap_free(void *data);
int __wrap_vasprintf(char **target, const char *format, va_list arguments);

void __wrap_free(void *data)
{
	if (data != NULL) {
		freed++;
		if (memmem(data, malloc_usable_size(data), "PRIVATE", 7) != NULL)
			leaked++;
	}
	__real_free(data);
}

/* vasprintf grows its block by copying, and what it lets go of is beyond anybody's reach. */
int __wrap_vasprintf(char **target, const char *format, va_list arguments)
{
	(void)format;
	(void)arguments;
	printed_elsewhere++;
	*target = NULL;
	return -1;
}

static int reset(void **state)
{
	(void)state;
	freed = leaked = printed_elsewhere = 0;
	return 0;
}

static void grow_by_appending(void)
{
	struct buffer buffer = {0};
	size_t i;

	buffer_append_text(&buffer, SECRET);
	for (i = 0; i < 5000; i++)
		buffer_append_char(&buffer, 'x');
	assert_memory_equal(buffer.data, SECRET, strlen(SECRET));
	assert_int_equal(buffer.length, strlen(SECRET) + 5000);
	buffer_free(&buffer);
	assert_null(buffer.data);
}

static void grow_by_printing(void)
{
	struct buffer buffer = {0};
	int i;

	for (i = 0; i < 200; i++)
		buffer_printf(&buffer, "%s %d\n", SECRET, i);
	buffer_free(&buffer);
}

static void grow_by_reserving(void)
{
	struct buffer buffer = {0};

	buffer_append_text(&buffer, SECRET);
	buffer_reserve(&buffer, 100000);
	buffer_free(&buffer);
}

static void clear_and_use_again(void)
{
	struct buffer buffer = {0};
	unsigned char *data;

	buffer_append_text(&buffer, "short " SECRET);
	data = buffer.data;
	buffer_clear(&buffer);
	assert_ptr_equal(buffer.data, data);
	assert_null(memmem(buffer.data, buffer.capacity, "PRIVATE", 7));
	assert_string_equal(buffer_text(&buffer), "");
	buffer_append_text(&buffer, "x");
	buffer_free(&buffer);
}

static void free_wiped_block(void)
{
	free_wiped(xmemdup(SECRET, sizeof(SECRET)), sizeof(SECRET));
	free_wiped(NULL, 20);
}

static void free_wiped_string(void)
{
	free_wiped_text(xstrdup(SECRET));
	free_wiped_text(NULL);
}

#ifndef HEAP_OVERWRITES
static void library_block(void)
{
	wiping_free(wiping_strdup(SECRET));
	wiping_free(NULL);
}

static void library_block_grown(void)
{
	char *text = wiping_strdup(SECRET);

	text = wiping_realloc(text, 10000);
	assert_string_equal(text, SECRET);
	text = wiping_realloc(text, 64);
	assert_string_equal(text, SECRET);
	wiping_free(text);
}

static void library_block_zeroed(void)
{
	char *text = wiping_calloc(4, 16);
	size_t i;

	for (i = 0; i < 64; i++)
		assert_int_equal(text[i], 0);
	memcpy(text, SECRET, sizeof(SECRET));
	wiping_free(text);
	text = wiping_realloc(NULL, sizeof(SECRET));
	memcpy(text, SECRET, sizeof(SECRET));
	wiping_free(text);
}
#endif

static void test_nothing_given_up_unwiped(void **state)
{
	static const struct {
		const char *name;
		void (*act)(void);
		unsigned int freed_least;
	} cases[] = {
		{"growth by appending", grow_by_appending, 5},
		{"growth by printing", grow_by_printing, 5},
		{"growth by reserving", grow_by_reserving, 2},
		{"clearing", clear_and_use_again, 1},
		{"free_wiped", free_wiped_block, 1},
		{"free_wiped_text", free_wiped_string, 1},
/* Elsewhere the heap itself overwrites them: test_base_heap. */
#ifndef HEAP_OVERWRITES
		{"a library's block", library_block, 1},
		{"a library's block that grows and shrinks", library_block_grown, 3},
		{"a library's zeroed block", library_block_zeroed, 2},
#endif
	};
	size_t i;

	for (i = 0; i < ARRAY_LENGTH(cases); i++) {
		reset(state);
		cases[i].act();
		if (leaked != 0 || printed_elsewhere != 0 || freed < cases[i].freed_least)
			fail_msg("%s: %u blocks freed (at least %u wanted), %u with the secret, "
				 "%u printed elsewhere",
				cases[i].name, freed, cases[i].freed_least, leaked,
				printed_elsewhere);
	}
}

/* The hook itself: an unwiped block must be noticed, or the test above could not fail. */
static void test_hook_notices(void **state)
{
	(void)state;
	free(xstrdup(SECRET));
	assert_int_equal(freed, 1);
	assert_int_equal(leaked, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_hook_notices, reset),
		cmocka_unit_test_setup(test_nothing_given_up_unwiped, reset),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
