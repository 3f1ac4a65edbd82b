/* What operators read, over store.h: searching, counting within bounds, names, progress. */

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
#include "base/buffer.h"
#include "store/store.h"

#define NOW INT64_C(1790000000000)
#define HOUR INT64_C(3600000)
#define DAY (24 * HOUR)

#define OK(f, call)                                                                                \
	do {                                                                                       \
		if (!(call))                                                                       \
			fail_msg("%s: %s", #call, (f)->error.text);                                \
	} while (0)

struct fixture {
	char *folder;
	struct store *store;
	struct error error;
	int64_t certificate_id;
};

static int setup(void **state)
{
	const struct store_certificate certificate = {.not_after_ms = NOW, .key = "ec-p256"};
	char name[] = "/tmp/test_store_views.XXXXXX";
	struct fixture *f = xcalloc(1, sizeof(*f));
	unsigned char hash[32] = {1};
	char *path;

	assert_non_null(mkdtemp(name));
	f->folder = xstrdup(name);
	path = xasprintf("%s/store.db", name);
	OK(f, store_open(path, &f->store, &f->error));
	free(path);
	OK(f, store_contract_put(f->store, "c1", 1, hash,
		      "{\"links\":[{\"fqdn\":\"a_b.Example.jp\"}]}", NOW, &f->error));
	OK(f, store_contract_put(f->store, "c2", 1, hash,
		      "{\"links\":[{\"fqdn\":\"axb.example.jp\"}]}", NOW, &f->error));
	OK(f, store_certificate_put(f->store, &certificate, &f->certificate_id, &f->error));
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	static const char *const names[] = {"store.db", "store.db-wal", "store.db-shm"};
	struct fixture *f = *state;

	store_close(f->store);
	for (size_t i = 0; i < ARRAY_LENGTH(names); i++) {
		char *path = xasprintf("%s/%s", f->folder, names[i]);

		(void)unlink(path);
		free(path);
	}
	assert_int_equal(rmdir(f->folder), 0);
	free(f->folder);
	free(f);
	return 0;
}

struct row {
	const char *contract, *service, *fqdn;
	enum job_state state;
	int64_t due_ms, next_ms, revoked_ms, settled_ms;
};

static int64_t add(struct fixture *f, const struct row *row)
{
	struct store_job job = {
		.contract = xstrdup(row->contract),
		.service = xstrdup(row->service),
		.service_code = xstrdup("w1"),
		.fqdn = xstrdup(row->fqdn),
		.certificate_id = f->certificate_id,
		.state = row->state,
		.due_ms = row->due_ms,
		.next_ms = row->next_ms,
		.revoked_ms = row->revoked_ms,
		.settled_ms = row->settled_ms,
	};
	int64_t id;

	OK(f, store_job_add(f->store, &job, NULL, &id, &f->error));
	store_job_clear(&job);
	return id;
}

/* ---- searching ---- */

static const struct row rows[] = {
	/* 1 */ {"c1", "webhg2", "b.jp", JOB_SCHEDULED, NOW + DAY, NOW + DAY, 0, 0},
	/* 2 */ {"c2", "docex", "a.jp", JOB_RETRYING, NOW - 2 * DAY, NOW + HOUR, 0, 0},
	/* 3 */ {"c1", "docex", "c.jp", JOB_FAILED, NOW - 3 * DAY, 0, NOW + DAY, NOW},
	/* 4 */ {"c1", "webhg2", "a.jp", JOB_REFUSED, 0, 0, 0, NOW},
	/* 5 */ {"c2", "webhg2", "d.jp", JOB_INSTALLED, NOW - DAY, 0, 0, NOW},
	/* 6 */ {"c2", "webhg2", "e.jp", JOB_HELD, 0, 0, NOW + 30 * DAY, 0},
	/* 7 */ {"c2", "docex", "f.jp", JOB_VERIFYING, NOW, NOW + 1, 0, 0},
};

static void note_id(void *context, const struct store_job *job)
{
	buffer_printf(
		context, "%s%d", ((struct buffer *)context)->length > 0 ? " " : "", (int)job->id);
}

#define STATE(name) (1U << JOB_##name)

static void test_search(void **state)
{
	static const struct {
		const char *name;
		struct store_search search;
		const char *want;
	} cases[] = {
		{"all", {0}, "1 2 3 4 5 6 7"},
		{"the first two", {.limit = 2}, "1 2"},
		{"behind the fifth", {.after_id = 5}, "6 7"},
		{"a service", {.service = "docex"}, "2 3 7"},
		{"a contract", {.contract = "c1"}, "1 3 4"},
		{"a name", {.fqdn = "a.jp"}, "2 4"},
		{"a name on a service", {.fqdn = "a.jp", .service = "docex"}, "2"},
		{"a state", {.states = STATE(FAILED)}, "3"},
		{"states", {.states = STATE(FAILED) | STATE(HELD)}, "3 6"},
		{"a state that waits, on a service",
			{.service = "docex", .states = STATE(RETRYING)}, "2"},
		{"states that wait, on a service",
			{.service = "docex", .states = STATE(RETRYING) | STATE(VERIFYING)}, "2 7"},
		{"waiting and not, on a service",
			{.service = "docex", .states = STATE(RETRYING) | STATE(FAILED)}, "2 3"},
		{"due then or later", {.due_after_ms = NOW}, "1 7"},
		{"due before", {.due_before_ms = NOW}, "2 3 5"},
		{"due between", {.due_after_ms = NOW - 2 * DAY, .due_before_ms = NOW}, "2 5"},
		{"overdue", {.late_before_ms = NOW, .revoked_until_ms = NOW + 7 * DAY}, "2 3"},
		{"revoked on the last instant",
			{.late_before_ms = 1, .revoked_until_ms = NOW + DAY}, "3"},
		{"revoked after it", {.late_before_ms = 1, .revoked_until_ms = NOW + DAY - 1}, ""},
		{"held, revoked", {.late_before_ms = 1, .revoked_until_ms = NOW + 30 * DAY}, "3 6"},
		{"by due", {.sort = STORE_SORT_DUE}, "3 2 5 7 1 4 6"},
		{"by state", {.sort = STORE_SORT_STATE}, "6 1 7 2 5 3 4"},
		{"by service", {.sort = STORE_SORT_SERVICE}, "2 3 7 1 4 5 6"},
		{"by name", {.sort = STORE_SORT_FQDN}, "2 4 1 3 5 6 7"},
		{"by next", {.sort = STORE_SORT_NEXT}, "7 2 1 3 4 5 6"},
		{"by due, the first", {.sort = STORE_SORT_DUE, .limit = 1}, "3"},
	};
	struct fixture *f = *state;
	size_t i;

	for (i = 0; i < ARRAY_LENGTH(rows); i++)
		assert_int_equal(add(f, &rows[i]), i + 1);
	for (i = 0; i < ARRAY_LENGTH(cases); i++) {
		struct buffer found = {0};

		OK(f, store_jobs_search(f->store, &cases[i].search, note_id, &found, &f->error));
		if (strcmp(buffer_text(&found), cases[i].want) != 0)
			fail_msg("%s: %s", cases[i].name, buffer_text(&found));
		buffer_free(&found);
	}
}

/* ---- counting ---- */

static void test_waiting(void **state)
{
	const struct row waiting[] = {
		{"c1", "webhg2", "late", JOB_SCHEDULED, NOW - 1, NOW - 1, 0, 0},
		{"c1", "webhg2", "tried", JOB_RETRYING, NOW - DAY, NOW + HOUR, 0, 0},
		{"c1", "webhg2", "today", JOB_SCHEDULED, NOW, NOW, 0, 0},
		{"c1", "webhg2", "looked at", JOB_VERIFYING, NOW + HOUR, NOW + 2 * HOUR, 0, 0},
		{"c1", "webhg2", "tomorrow", JOB_SCHEDULED, NOW + DAY, NOW + DAY, 0, 0},
		{"c1", "webhg2", "then", JOB_SCHEDULED, NOW + 3 * DAY, NOW + 3 * DAY, 0, 0},
		{"c1", "webhg2", "later", JOB_SCHEDULED, NOW + 4 * DAY, NOW + 4 * DAY, 0, 0},
		{"c1", "webhg2", "held", JOB_HELD, 0, 0, 0, 0},
		{"c1", "webhg2", "done", JOB_INSTALLED, NOW, 0, 0, NOW},
		{"c1", "docex", "another's", JOB_SCHEDULED, NOW, NOW, 0, 0},
	};
	struct fixture *f = *state;
	struct store_tally tally = {
		.from_ms = {NOW, NOW + DAY, NOW + 2 * DAY, NOW + 4 * DAY}, .late = 99};

	for (size_t i = 0; i < ARRAY_LENGTH(waiting); i++)
		add(f, &waiting[i]);
	OK(f, store_tally_waiting(f->store, "webhg2", &tally, &f->error));
	assert_int_equal(tally.late, 2);
	assert_int_equal(tally.due[0], 2);
	assert_int_equal(tally.due[1], 1);
	assert_int_equal(tally.due[2], 1);
	assert_false(tally.more);
	OK(f, store_tally_waiting(f->store, "waf", &tally, &f->error));
	assert_int_equal(tally.late + tally.due[0] + tally.due[1] + tally.due[2], 0);
}

static void test_waiting_bound(void **state)
{
	struct fixture *f = *state;
	struct store_tally tally = {.from_ms = {NOW, NOW + DAY, NOW + 2 * DAY, NOW + 2 * DAY}};
	char name[32];
	const struct row row = {"c1", "webhg2", name, JOB_SCHEDULED, NOW, NOW, 0, 0};

	OK(f, store_begin(f->store, &f->error));
	for (int i = 0; i < STORE_TALLY_MAX; i++) {
		(void)snprintf(name, sizeof(name), "n%d.jp", i);
		add(f, &row);
	}
	OK(f, store_commit(f->store, &f->error));
	OK(f, store_tally_waiting(f->store, "webhg2", &tally, &f->error));
	assert_int_equal(tally.due[0], STORE_TALLY_MAX);
	assert_false(tally.more);
	(void)snprintf(name, sizeof(name), "one-more.jp");
	add(f, &row);
	OK(f, store_tally_waiting(f->store, "webhg2", &tally, &f->error));
	assert_true(tally.more);
	assert_int_equal(tally.due[0], STORE_TALLY_MAX);
}

static void test_figures(void **state)
{
	const unsigned char digest = 1;
	struct store_set_aside entry = {.source = "u", .contract = "c9", .reason = "r"};
	struct fixture *f = *state;
	int64_t count;
	bool more, added;

	for (size_t i = 0; i < ARRAY_LENGTH(rows); i++)
		add(f, &rows[i]);
	OK(f, store_tally_replacing(f->store, NOW + DAY - 1, &count, &more, &f->error));
	assert_int_equal(count, 0);
	OK(f, store_tally_replacing(f->store, NOW + DAY, &count, &more, &f->error));
	assert_int_equal(count, 1);
	assert_false(more);
	OK(f, store_tally_refused(f->store, NOW, &count, &f->error));
	assert_int_equal(count, 1);
	OK(f, store_tally_refused(f->store, NOW + 1, &count, &f->error));
	assert_int_equal(count, 0);
	OK(f, store_tally_set_aside(f->store, &count, &f->error));
	assert_int_equal(count, 0);
	entry.digest[0] = digest;
	OK(f, store_set_aside_add(f->store, &entry, &added, &f->error));
	OK(f, store_tally_set_aside(f->store, &count, &f->error));
	assert_int_equal(count, 1);
}

/* ---- certificates that end ---- */

static int64_t certificate_until(struct fixture *f, int64_t not_after_ms)
{
	struct store_certificate certificate = {.not_after_ms = not_after_ms, .key = "ec-p256"};
	int64_t id;

	memcpy(certificate.fingerprint, &not_after_ms, sizeof(not_after_ms));
	OK(f, store_certificate_put(f->store, &certificate, &id, &f->error));
	return id;
}

static void check_expiring(struct fixture *f, int64_t from_ms, int64_t until_ms, int64_t wanted)
{
	int64_t count;
	bool more;

	OK(f, store_tally_expiring(f->store, from_ms, until_ms, &count, &more, &f->error));
	assert_int_equal(count, wanted);
	assert_false(more);
}

static void test_expiring(void **state)
{
	char contract[] = "c1";
	const struct store_tenant tenant = {.contract = contract, .holds = true};
	static const struct row used = {
		.contract = "c1", .service = "docex", .fqdn = "a.jp", .state = JOB_INSTALLED};
	struct fixture *f = *state;
	struct row row = used;

	OK(f, store_tenant_put(f->store, "docex", "w1", &tenant, &f->error));
	f->certificate_id = certificate_until(f, NOW + DAY);
	check_expiring(f, NOW, NOW + 2 * DAY, 0);
	/* In use, at both ends of the time. */
	row.settled_ms = NOW - 9 * DAY;
	add(f, &row);
	row.fqdn = "b.jp"; /* twice in use, and one certificate all the same */
	add(f, &row);
	check_expiring(f, NOW, NOW + 2 * DAY, 1);
	check_expiring(f, NOW + DAY, NOW + DAY + 1, 1);
	check_expiring(f, NOW, NOW + DAY, 0);
	check_expiring(f, NOW + DAY + 1, NOW + 2 * DAY, 0);
	/* Not installed; or on a service whose contract is gone from there. */
	f->certificate_id = certificate_until(f, NOW + DAY + 1);
	row.fqdn = "c.jp";
	row.state = JOB_FAILED;
	add(f, &row);
	row.state = JOB_INSTALLED;
	row.service = "webhg2";
	add(f, &row);
	check_expiring(f, NOW, NOW + 2 * DAY, 1);
	/* Only what is installed later, on the very target, takes its place. */
	f->certificate_id = certificate_until(f, NOW + 40 * DAY);
	row = used;
	row.settled_ms = NOW - 10 * DAY;
	add(f, &row);
	row.fqdn = "b.jp";
	row.settled_ms = NOW - DAY;
	add(f, &row);
	check_expiring(f, NOW, NOW + 2 * DAY, 1);
	f->certificate_id = certificate_until(f, NOW + 41 * DAY);
	row.fqdn = "a.jp";
	row.state = JOB_RETRYING;
	add(f, &row);
	check_expiring(f, NOW, NOW + 2 * DAY, 1);
	f->certificate_id = certificate_until(f, NOW + 42 * DAY);
	row.state = JOB_INSTALLED;
	add(f, &row);
	check_expiring(f, NOW, NOW + 2 * DAY, 0);
	/* The newer one on a.jp, and the one that is still on b.jp. */
	check_expiring(f, NOW, NOW + 50 * DAY, 2);
}

/* ---- names ---- */

static void note_text(void *context, const char *text)
{
	buffer_printf(context, "%s%s", ((struct buffer *)context)->length > 0 ? " " : "", text);
}

static void check_names(struct fixture *f, const char *from, size_t limit, const char *want)
{
	struct buffer found = {0};

	OK(f, store_names_from(f->store, from, limit, note_text, &found, &f->error));
	assert_string_equal(buffer_text(&found), want);
	buffer_free(&found);
}

static void test_names(void **state)
{
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_LENGTH(rows); i++)
		add(f, &rows[i]);
	check_names(f, "", 100, "a.jp b.jp c.jp d.jp e.jp f.jp");
	check_names(f, "b.jp", 2, "b.jp c.jp");
	check_names(f, "c", 1, "c.jp");
	check_names(f, "x", 5, "");
}

static void check_naming(struct fixture *f, const char *name, const char *want)
{
	struct buffer found = {0};

	OK(f, store_contracts_naming(f->store, name, 10, note_text, &found, &f->error));
	assert_string_equal(buffer_text(&found), want);
	buffer_free(&found);
}

static void test_naming(void **state)
{
	struct fixture *f = *state;

	/* Whatever the case, and nothing is a wildcard. */
	check_naming(f, "a_b.example.jp", "c1");
	check_naming(f, "axb.example.jp", "c2");
	check_naming(f, "%.example.jp", "");
	check_naming(f, "b.example.jp", "");
	check_naming(f, "a_b.example", "");
}

/* ---- progress and pauses ---- */

static void note_progress(void *context, const struct store_progress *progress)
{
	buffer_printf(context, "%s %s %lld %lld %s\n",
		progress->kind == STORE_PROGRESS_SOURCE ? "source" : "service", progress->name,
		(long long)progress->succeeded_ms, (long long)progress->failed_ms,
		progress->failure);
}

static void test_progress(void **state)
{
	struct fixture *f = *state;
	struct buffer found = {0};

	OK(f, store_progress_failed(
		      f->store, STORE_PROGRESS_SOURCE, "spool", 5, "a fault", &f->error));
	OK(f, store_progress_succeeded(f->store, STORE_PROGRESS_SERVICE, "webhg2", 7, &f->error));
	OK(f, store_progress_succeeded(f->store, STORE_PROGRESS_SOURCE, "spool", 9, &f->error));
	OK(f, store_progress_succeeded(f->store, STORE_PROGRESS_SERVICE, "webhg2", 8, &f->error));
	/* A clock that was set back is believed. */
	OK(f, store_progress_succeeded(f->store, STORE_PROGRESS_SERVICE, "docex", 8, &f->error));
	OK(f, store_progress_succeeded(f->store, STORE_PROGRESS_SERVICE, "docex", 3, &f->error));
	OK(f, store_progress_list(f->store, note_progress, &found, &f->error));
	assert_string_equal(buffer_text(&found),
		"service docex 3 0 \nservice webhg2 8 0 \nsource spool 9 5 a fault\n");
	buffer_free(&found);
}

static void note_pause(void *context, const struct store_pause *pause)
{
	buffer_printf(context, "%s %lld %s %s\n", pause->service, (long long)pause->since_ms,
		pause->who, pause->reason);
}

static void test_pauses(void **state)
{
	const struct store_pause pause = {"webhg2", 5, "alice", "works"};
	const struct store_pause other = {"docex", 6, "bob", ""};
	struct fixture *f = *state;
	struct buffer found = {0};
	bool changed;

	OK(f, store_pause_add(f->store, &pause, &changed, &f->error));
	assert_true(changed);
	OK(f, store_pause_add(f->store, &pause, &changed, &f->error));
	assert_false(changed);
	OK(f, store_pause_add(f->store, &other, &changed, &f->error));
	OK(f, store_pauses(f->store, note_pause, &found, &f->error));
	assert_string_equal(buffer_text(&found), "docex 6 bob \nwebhg2 5 alice works\n");
	buffer_free(&found);
	OK(f, store_pause_remove(f->store, "docex", &changed, &f->error));
	assert_true(changed);
	OK(f, store_pause_remove(f->store, "docex", &changed, &f->error));
	assert_false(changed);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_search),
		TEST(test_waiting),
		TEST(test_waiting_bound),
		TEST(test_figures),
		TEST(test_expiring),
		TEST(test_names),
		TEST(test_naming),
		TEST(test_progress),
		TEST(test_pauses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
