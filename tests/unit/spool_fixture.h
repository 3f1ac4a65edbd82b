#ifndef SPOOL_FIXTURE_H
#define SPOOL_FIXTURE_H

#include <stdbool.h>
#include <stddef.h>

#include "source/spool.h"

/*
 * A scratch directory to stand in, with spool/ in it, and a taker that judges by the first word of
 * a record: "bad" is refused, "later" wanted later, all else taken.
 */
int spool_fixture_setup(void **state);
int spool_fixture_teardown(void **state);
/* Empties the scratch directory and the taker's memory, for the next case of a table. */
void spool_fixture_reset(void);

/* Writes (or appends to) PATH. */
void put_file(const char *path, const char *text, size_t length);
void put_text(const char *path, const char *text);
void append_file(const char *path, const char *text, size_t length);
void append_text(const char *path, const char *text);
bool exists(const char *path);
/* How many entries DIRECTORY has, hidden ones too; 0 when it is not there. */
size_t count_entries(const char *directory);
/* The file's text, to be freed; "(none)" when it is not there. */
char *text_of(const char *path);
void assert_text(const char *path, const char *wanted);

#define JUDGED_MAX 200000
struct test_taker {
	struct spool_taker taker;
	char **durable; /* in the order taken */
	size_t durable_count;
	char **pending;
	size_t pending_count;
	size_t most_pending; /* items between two flushes, at most */
	size_t since_flush;
	size_t flushes;
	size_t fail_flush; /* this flush (from 1) fails; 0: none */
	bool fail_all;
	const char *poison; /* a flush with this record in it fails */
	size_t stop_after;  /* flushes; 0: never */
	void (*on_take)(const char *file);
	/* What it was told of ahead and has neither taken nor was told to forget. */
	struct spool_item foreseen[SPOOL_AHEAD];
	char *foreseen_files[SPOOL_AHEAD]; /* theirs */
	size_t first_foreseen, foreseen_count;
	size_t most_foreseen;
	size_t last_line;
	char last_file[300];
};

extern struct test_taker taker;
/* Whether the taker is told of items ahead; the next reset heeds it. */
extern bool taker_foresees;
bool test_stop(void *context);
bool is_durable(const char *text);
/* What was logged since the last reset, a line each. */
extern char logged[20000];

#endif
