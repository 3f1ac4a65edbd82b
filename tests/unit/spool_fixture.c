#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <dirent.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "base/file.h"
#include "base/log.h"
#include "spool_fixture.h"

struct test_taker taker;
bool taker_foresees;
char logged[20000];

static char scratch[] = "/tmp/test_spool.XXXXXX";

static void hear(void *context, enum log_level level, const char *message,
	const struct log_field *fields, size_t field_count)
{
	size_t used = strlen(logged);

	(void)context;
	(void)level;
	(void)fields;
	(void)field_count;
	snprintf(logged + used, sizeof(logged) - used, "%s\n", message);
}

static bool begins(const struct spool_item *item, const char *word)
{
	return item->length >= strlen(word) && memcmp(item->text, word, strlen(word)) == 0;
}

static void foresee(void *context, const struct spool_item *item)
{
	struct test_taker *test = context;

	size_t last = (test->first_foreseen + test->foreseen_count) % SPOOL_AHEAD;

	assert_true(test->foreseen_count++ < SPOOL_AHEAD);
	test->foreseen_files[last] = xstrdup(item->file);
	test->foreseen[last] = (struct spool_item){
		test->foreseen_files[last], item->line, item->text, item->length};
	if (test->foreseen_count > test->most_foreseen)
		test->most_foreseen = test->foreseen_count;
}

static void remove_foreseen(struct test_taker *test)
{
	free(test->foreseen_files[test->first_foreseen]);
	test->first_foreseen = (test->first_foreseen + 1) % SPOOL_AHEAD;
	test->foreseen_count--;
}

static void forget_foreseen(void *context)
{
	struct test_taker *test = context;

	while (test->foreseen_count > 0)
		remove_foreseen(test);
}

/* What is taken is what was foreseen first, at the place where it then was. */
static void take_foreseen(struct test_taker *test, const struct spool_item *item)
{
	const struct spool_item *first = &test->foreseen[test->first_foreseen];

	assert_true(test->foreseen_count > 0);
	assert_string_equal(first->file, item->file);
	assert_int_equal(first->line, item->line);
	assert_ptr_equal(first->text, item->text);
	assert_int_equal(first->length, item->length);
	remove_foreseen(test);
}

static enum spool_taken take(void *context, const struct spool_item *item, struct error *reason)
{
	struct test_taker *test = context;

	if (test->taker.foresee != NULL)
		take_foreseen(test, item);
	snprintf(test->last_file, sizeof(test->last_file), "%s", item->file);
	test->last_line = item->line;
	if (test->on_take != NULL)
		test->on_take(item->file);
	if (begins(item, "later"))
		return SPOOL_LATER;
	if (++test->since_flush > test->most_pending)
		test->most_pending = test->since_flush;
	if (begins(item, "bad")) {
		if (item->length > 3)
			error_set(reason, ERROR_PERMANENT, "%.*s is not good", (int)item->length,
				item->text);
		return SPOOL_REJECTED;
	}
	assert_true(test->pending_count < JUDGED_MAX);
	test->pending[test->pending_count++] = xstrndup(item->text, item->length);
	return SPOOL_TAKEN;
}

static bool flush(void *context, struct error *error)
{
	struct test_taker *test = context;
	bool fails = ++test->flushes == test->fail_flush || test->fail_all;
	size_t i;

	test->since_flush = 0;
	for (i = 0; i < test->pending_count; i++) {
		if (test->poison != NULL && strcmp(test->pending[i], test->poison) == 0)
			fails = true;
	}
	for (i = 0; i < test->pending_count; i++) {
		if (fails)
			free(test->pending[i]);
		else
			test->durable[test->durable_count++] = test->pending[i];
		assert_true(test->durable_count < JUDGED_MAX);
	}
	test->pending_count = 0;
	return !fails || error_set(error, ERROR_TEMPORARY, "the store is full");
}

bool test_stop(void *context)
{
	const struct test_taker *test = context;

	return test->stop_after != 0 && test->flushes >= test->stop_after;
}

bool is_durable(const char *text)
{
	size_t i;

	for (i = 0; i < taker.durable_count; i++) {
		if (strcmp(taker.durable[i], text) == 0)
			return true;
	}
	return false;
}

static int remove_entry(const char *path, const struct stat *status, int type, struct FTW *where)
{
	(void)status;
	(void)type;
	return where->level == 0 ? 0 : remove(path);
}

static void forget(void)
{
	char **durable = taker.durable, **pending = taker.pending;
	size_t i;

	/* The spool leaves nothing with its taker that its taker does not know to be over. */
	assert_int_equal(taker.foreseen_count, 0);
	for (i = 0; i < taker.durable_count; i++)
		free(durable[i]);
	for (i = 0; i < taker.pending_count; i++)
		free(pending[i]);
	taker = (struct test_taker){.taker = {.take = take, .flush = flush, .context = &taker},
		.durable = durable,
		.pending = pending};
	if (taker_foresees) {
		taker.taker.foresee = foresee;
		taker.taker.forget = forget_foreseen;
	}
	logged[0] = '\0';
}

void spool_fixture_reset(void)
{
	forget();
	assert_int_equal(nftw(".", remove_entry, 16, FTW_DEPTH | FTW_PHYS), 0);
	assert_int_equal(mkdir("spool", 0700), 0);
}

int spool_fixture_setup(void **state)
{
	(void)state;
	memcpy(strrchr(scratch, '.'), ".XXXXXX", sizeof(".XXXXXX"));
	if (mkdtemp(scratch) == NULL || chdir(scratch) != 0)
		return -1;
	taker.durable = xcalloc(JUDGED_MAX, sizeof(*taker.durable));
	taker.pending = xcalloc(JUDGED_MAX, sizeof(*taker.pending));
	log_set_sink(hear, NULL);
	return 0;
}

int spool_fixture_teardown(void **state)
{
	(void)state;
	forget();
	free(taker.durable);
	free(taker.pending);
	nftw(".", remove_entry, 16, FTW_DEPTH | FTW_PHYS);
	return chdir("/") == 0 && rmdir(scratch) == 0 ? 0 : -1;
}

static void write_file(const char *path, const char *mode, const char *text, size_t length)
{
	FILE *file = fopen(path, mode);

	assert_non_null(file);
	assert_int_equal(fwrite(text, 1, length, file), length);
	assert_int_equal(fclose(file), 0);
}

void put_file(const char *path, const char *text, size_t length)
{
	write_file(path, "we", text, length);
}

void put_text(const char *path, const char *text)
{
	put_file(path, text, strlen(text));
}

void append_file(const char *path, const char *text, size_t length)
{
	write_file(path, "ae", text, length);
}

void append_text(const char *path, const char *text)
{
	append_file(path, text, strlen(text));
}

bool exists(const char *path)
{
	struct stat status;

	return lstat(path, &status) == 0;
}

size_t count_entries(const char *name)
{
	DIR *directory = opendir(name);
	size_t count = 0;

	if (directory == NULL)
		return 0;
	while (readdir(directory) != NULL)
		count++;
	closedir(directory);
	return count - 2;
}

char *text_of(const char *path)
{
	struct buffer buffer = {0};
	struct error error;

	if (!file_read(path, 100000000, &buffer, &error)) {
		buffer_free(&buffer);
		return xstrdup("(none)");
	}
	return buffer_steal_text(&buffer);
}

void assert_text(const char *path, const char *wanted)
{
	char *text = text_of(path);

	if (strcmp(text, wanted) != 0)
		fail_msg("%s: \"%.200s\" and not \"%.200s\"", path, text, wanted);
	free(text);
}
