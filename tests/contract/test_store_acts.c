/* What every store has to do for what operators did, over store.h alone. */

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

static char contract[] = "a", service[] = "webhg2", code[] = "whg1", www[] = "www.example.jp",
	    mail[] = "mail.example.jp";

struct fixture {
	char *folder;
	char *path;
	struct store *store;
	struct error error;
	int64_t certificate_id;
	int64_t jobs[2];
};

#define OK(f, call)                                                                                \
	do {                                                                                       \
		if (!(call))                                                                       \
			fail_msg("%s: %s", #call, (f)->error.text);                                \
	} while (0)

static int64_t add_job(struct fixture *f, char *fqdn)
{
	const struct store_job job = {
		.contract = contract,
		.service = service,
		.service_code = code,
		.fqdn = fqdn,
		.certificate_id = f->certificate_id,
		.state = JOB_SCHEDULED,
		.due_ms = NOW,
		.next_ms = NOW,
	};
	int64_t id;

	OK(f, store_job_add(f->store, &job, NULL, &id, &f->error));
	return id;
}

static int setup(void **state)
{
	struct fixture *f = xcalloc(1, sizeof(*f));
	const struct store_certificate certificate = {.key = "ec-p256"};
	unsigned char hash[32] = {1};
	char folder[] = "/tmp/test_acts.XXXXXX";

	assert_non_null(mkdtemp(folder));
	f->folder = xstrdup(folder);
	f->path = xasprintf("%s/store.db", folder);
	OK(f, store_open(f->path, &f->store, &f->error));
	OK(f, store_contract_put(f->store, contract, 1, hash, "{}", NOW, &f->error));
	OK(f, store_certificate_put(f->store, &certificate, &f->certificate_id, &f->error));
	f->jobs[0] = add_job(f, www);
	f->jobs[1] = add_job(f, mail);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	static const char *const suffixes[] = {"", "-wal", "-shm", "-journal"};
	struct fixture *f = *state;

	store_close(f->store);
	for (size_t i = 0; i < ARRAY_LENGTH(suffixes); i++) {
		char *name = xasprintf("%s%s", f->path, suffixes[i]);

		(void)unlink(name);
		free(name);
	}
	assert_int_equal(rmdir(f->folder), 0);
	free(f->path);
	free(f->folder);
	free(f);
	return 0;
}

static void open_again(struct fixture *f)
{
	store_close(f->store);
	OK(f, store_open(f->path, &f->store, &f->error));
}

/* ---- a job's history ---- */

static void add_attempt(struct fixture *f, int64_t id, int64_t at_ms)
{
	const struct store_attempt attempt = {
		.job_id = id, .at_ms = at_ms, .outcome = "done", .text = "answered"};

	OK(f, store_attempt_add(f->store, &attempt, &f->error));
}

static void add_act(struct fixture *f, int64_t id, int64_t at_ms, const char *word)
{
	const struct store_act act = {
		.job_id = id, .at_ms = at_ms, .act = word, .text = "by alice: a test"};

	OK(f, store_act_add(f->store, &act, &f->error));
}

static void note(void *context, const struct store_attempt *attempt)
{
	buffer_printf(context, "%s%s:%s@%lld:%s", buffer_text(context)[0] != '\0' ? " " : "",
		attempt->kind == ATTEMPT_ACT ? "act" : "try", attempt->outcome,
		(long long)(attempt->at_ms - NOW), attempt->text);
}

static char *history(struct fixture *f, int64_t id)
{
	struct buffer text = {0};

	OK(f, store_attempts(f->store, id, note, &text, &f->error));
	return buffer_steal_text(&text);
}

/* In the order in which it was written, whatever the clock said. */
static void test_history(void **state)
{
	struct fixture *f = *state;
	char *text;

	add_act(f, f->jobs[0], NOW + 1, "retry");
	add_attempt(f, f->jobs[0], NOW + 2);
	add_attempt(f, f->jobs[1], NOW + 3);
	add_act(f, f->jobs[1], NOW + 4, "retry");
	add_act(f, f->jobs[0], NOW - 5, "cancel");
	add_act(f, f->jobs[0], NOW - 5, "retry");
	add_attempt(f, f->jobs[0], NOW - 4);
	open_again(f);
	text = history(f, f->jobs[0]);
	assert_string_equal(text, "act:retry@1:by alice: a test try:done@2:answered "
				  "act:cancel@-5:by alice: a test act:retry@-5:by alice: a test "
				  "try:done@-4:answered");
	free(text);
	text = history(f, f->jobs[1]);
	assert_string_equal(text, "try:done@3:answered act:retry@4:by alice: a test");
	free(text);
}

static int64_t called_off(struct fixture *f, int64_t id)
{
	struct store_job job;
	int64_t at_ms;
	bool found;

	OK(f, store_job_get(f->store, id, &job, &found, &f->error));
	assert_true(found);
	OK(f, store_job_called_off(f->store, &job, &at_ms, &f->error));
	store_job_clear(&job);
	return at_ms;
}

static void cancel(struct fixture *f, int64_t id, int64_t at_ms)
{
	OK(f, store_job_set_state(f->store, id, JOB_CANCELLED, 0, at_ms, "", &f->error));
}

static void test_called_off(void **state)
{
	struct fixture *f = *state;
	int64_t id = f->jobs[0];

	cancel(f, id, NOW);
	assert_int_equal(called_off(f, id), 0);
	add_act(f, id, NOW, STORE_ACT_CANCEL);
	assert_int_equal(called_off(f, id), NOW);
	assert_int_equal(called_off(f, f->jobs[1]), 0);
	/* A second thought. */
	add_act(f, id, NOW + 1, "retry");
	assert_int_equal(called_off(f, id), 0);
	cancel(f, id, NOW + 2);
	add_act(f, id, NOW + 2, STORE_ACT_CANCEL);
	assert_int_equal(called_off(f, id), NOW + 2);
	/* Brought back by its link, say, and cancelled by that one's going. */
	OK(f, store_job_reschedule(f->store, id, NOW, NOW, NULL, &f->error));
	cancel(f, id, NOW + 3);
	assert_int_equal(called_off(f, id), 0);
}

/* ---- pauses ---- */

static void note_pause(void *context, const struct store_pause *pause)
{
	buffer_printf(context, "%s@%lld by %s: %s;", pause->service,
		(long long)(pause->since_ms - NOW), pause->who, pause->reason);
}

static void expect_pauses(struct fixture *f, const char *want)
{
	struct buffer text = {0};

	OK(f, store_pauses(f->store, note_pause, &text, &f->error));
	assert_string_equal(buffer_text(&text), want);
	buffer_free(&text);
}

static void test_pauses(void **state)
{
	struct fixture *f = *state;
	const struct store_pause waf = {"waf", NOW, "alice", "maintenance"},
				 idgw = {"idgw", NOW + 1, "bob", ""},
				 again = {"waf", NOW + 2, "carol", "another reason"};
	bool changed;

	expect_pauses(f, "");
	OK(f, store_pause_add(f->store, &waf, &changed, &f->error));
	assert_true(changed);
	OK(f, store_pause_add(f->store, &idgw, &changed, &f->error));
	assert_true(changed);
	OK(f, store_pause_add(f->store, &again, &changed, &f->error));
	assert_false(changed);
	open_again(f);
	expect_pauses(f, "idgw@1 by bob: ;waf@0 by alice: maintenance;");
	OK(f, store_pause_remove(f->store, "waf", &changed, &f->error));
	assert_true(changed);
	OK(f, store_pause_remove(f->store, "waf", &changed, &f->error));
	assert_false(changed);
	expect_pauses(f, "idgw@1 by bob: ;");
}

/* What is undone with its transaction was never there. */
static void test_rollback(void **state)
{
	struct fixture *f = *state;
	const struct store_pause waf = {"waf", NOW, "alice", ""};
	bool changed;
	char *text;

	OK(f, store_begin(f->store, &f->error));
	add_act(f, f->jobs[0], NOW, STORE_ACT_CANCEL);
	OK(f, store_pause_add(f->store, &waf, &changed, &f->error));
	store_rollback(f->store);
	text = history(f, f->jobs[0]);
	assert_string_equal(text, "");
	free(text);
	expect_pauses(f, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_history, setup, teardown),
		cmocka_unit_test_setup_teardown(test_called_off, setup, teardown),
		cmocka_unit_test_setup_teardown(test_pauses, setup, teardown),
		cmocka_unit_test_setup_teardown(test_rollback, setup, teardown),
	};

	return cmocka_run_group_tests_name("acts in the store", tests, NULL, NULL);
}
