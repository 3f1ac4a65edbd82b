/* What every store has to do for feeds, over store.h alone. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "store/store.h"

#define NOW INT64_C(1790000000000)
#define FEED "https://feed.example.jp"

struct fixture {
	char directory[64];
	char *path;
	struct store *store;
	struct error error;
};

#define OK(call)                                                                                   \
	do {                                                                                       \
		if (!(call))                                                                       \
			fail_msg("%s", f->error.text);                                             \
	} while (0)

static int setup(void **state)
{
	struct fixture *f = xcalloc(1, sizeof(*f));

	snprintf(f->directory, sizeof(f->directory), "/tmp/test_store_feeds.XXXXXX");
	assert_non_null(mkdtemp(f->directory));
	f->path = xasprintf("%s/store.db", f->directory);
	OK(store_open(f->path, &f->store, &f->error));
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	static const char *const suffixes[] = {"", "-wal", "-shm"};
	struct fixture *f = *state;

	store_close(f->store);
	for (size_t i = 0; i < ARRAY_LENGTH(suffixes); i++) {
		char *name = xasprintf("%s%s", f->path, suffixes[i]);

		(void)unlink(name);
		free(name);
	}
	assert_int_equal(rmdir(f->directory), 0);
	free(f->path);
	free(f);
	return 0;
}

/* ---- the cursor ---- */

static void expect_cursor(struct fixture *f, const char *url, const char *wanted)
{
	struct buffer cursor = {0};
	bool found;

	OK(store_feed_cursor(f->store, url, &cursor, &found, &f->error));
	assert_int_equal(found, wanted != NULL);
	assert_string_equal(buffer_text(&cursor), wanted != NULL ? wanted : "");
	buffer_free(&cursor);
}

static void test_cursor_by_url(void **state)
{
	struct fixture *f = *state;

	expect_cursor(f, FEED, NULL);
	OK(store_feed_put(f->store, FEED, "c1", NOW, &f->error));
	OK(store_feed_put(f->store, FEED "/other", "", NOW, &f->error));
	OK(store_feed_put(f->store, FEED, "c2 日本/+", NOW + 1, &f->error));
	expect_cursor(f, FEED, "c2 日本/+");
	expect_cursor(f, FEED "/other", "");
	store_close(f->store);
	OK(store_open(f->path, &f->store, &f->error));
	expect_cursor(f, FEED, "c2 日本/+");
}

static void test_cursor_stands_and_falls_with_its_transaction(void **state)
{
	static const unsigned char hash[32] = {1};
	struct fixture *f = *state;
	struct store_contract contract;

	OK(store_begin(f->store, &f->error));
	OK(store_contract_put(f->store, "c1", 1, hash, "{}", NOW, &f->error));
	OK(store_feed_put(f->store, FEED, "1", NOW, &f->error));
	store_rollback(f->store);
	expect_cursor(f, FEED, NULL);
	OK(store_contract_get(f->store, "c1", &contract, &f->error));
	assert_false(contract.found);
}

/* ---- what is set aside ---- */

static bool set_aside(
	struct fixture *f, const char *source, const char *contract, int64_t revision, int digest)
{
	struct store_set_aside entry = {.source = source,
		.contract = contract,
		.revision = revision,
		.at_ms = NOW + digest,
		.reason = "state is missing"};
	bool added = false;

	memcpy(entry.digest, &digest, sizeof(digest));
	OK(store_set_aside_add(f->store, &entry, &added, &f->error));
	return added;
}

struct listing {
	struct buffer text;
	int64_t first_id, last_id;
	size_t count;
};

static void list_one(void *context, const struct store_set_aside *entry)
{
	struct listing *listing = context;

	if (listing->count++ == 0)
		listing->first_id = entry->id;
	assert_true(listing->count == 1 || entry->id > listing->last_id);
	listing->last_id = entry->id;
	assert_string_equal(entry->reason, "state is missing");
	assert_int_equal(entry->at_ms, NOW + entry->digest[0] + INT64_C(256) * entry->digest[1]);
	buffer_printf(&listing->text, "%s/%lld ", entry->contract, (long long)entry->revision);
}

static struct listing list(struct fixture *f)
{
	struct listing listing = {0};

	OK(store_set_aside_list(f->store, list_one, &listing, &f->error));
	return listing;
}

static void expect_list(struct fixture *f, const char *wanted)
{
	struct listing listing = list(f);

	assert_string_equal(buffer_text(&listing.text), wanted);
	buffer_free(&listing.text);
}

static void test_the_same_again_is_one_row(void **state)
{
	struct fixture *f = *state;

	assert_true(set_aside(f, FEED, "c1", 7, 1));
	assert_false(set_aside(f, FEED, "c1", 7, 1));
	assert_true(set_aside(f, FEED "/other", "c1", 7, 1));
	assert_true(set_aside(f, FEED, "", -1, 2));
	expect_list(f, "c1/7 c1/7 /-1 ");
}

static void test_discard(void **state)
{
	struct fixture *f = *state;
	struct listing listing;
	bool found;

	set_aside(f, FEED, "c1", 7, 1);
	set_aside(f, FEED, "c2", 7, 2);
	listing = list(f);
	buffer_free(&listing.text);
	OK(store_set_aside_discard(f->store, listing.first_id, &found, &f->error));
	assert_true(found);
	expect_list(f, "c2/7 ");
	OK(store_set_aside_discard(f->store, listing.first_id, &found, &f->error));
	assert_false(found);
	/* Once discarded, the same is new again. */
	assert_true(set_aside(f, FEED, "c1", 7, 1));
}

static void test_a_newer_revision_clears(void **state)
{
	static const struct {
		int64_t taken;
		const char *left;
	} cases[] = {
		{5, "c1/6 c1/7 c2/6 /-1 "},
		{6, "c1/7 c2/6 /-1 "},
		{8, "c2/6 /-1 "},
	};
	struct fixture *f = *state;

	set_aside(f, FEED, "c1", -1, 1);
	set_aside(f, FEED, "c1", 6, 2);
	set_aside(f, FEED, "c1", 7, 3);
	set_aside(f, FEED, "c2", 6, 4);
	set_aside(f, FEED, "", -1, 5);
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		OK(store_set_aside_clear(f->store, "c1", cases[i].taken, &f->error));
		expect_list(f, cases[i].left);
	}
}

static void test_the_oldest_goes_for_a_newer_one(void **state)
{
	struct fixture *f = *state;
	struct listing listing;
	int i;

	OK(store_begin(f->store, &f->error));
	set_aside(f, FEED "/other", "kept", 1, 0);
	for (i = 0; i < STORE_SET_ASIDE_MAX + 3; i++)
		assert_true(set_aside(f, FEED, "c1", i, i));
	OK(store_commit(f->store, &f->error));
	listing = list(f);
	assert_int_equal(listing.count, STORE_SET_ASIDE_MAX + 1);
	assert_int_equal(strncmp(buffer_text(&listing.text), "kept/1 c1/3 c1/4 ", 17), 0);
	buffer_free(&listing.text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_cursor_by_url, setup, teardown),
		cmocka_unit_test_setup_teardown(
			test_cursor_stands_and_falls_with_its_transaction, setup, teardown),
		cmocka_unit_test_setup_teardown(test_the_same_again_is_one_row, setup, teardown),
		cmocka_unit_test_setup_teardown(test_discard, setup, teardown),
		cmocka_unit_test_setup_teardown(test_a_newer_revision_clears, setup, teardown),
		cmocka_unit_test_setup_teardown(
			test_the_oldest_goes_for_a_newer_one, setup, teardown),
	};

	return cmocka_run_group_tests_name("store_feeds", tests, NULL, NULL);
}
