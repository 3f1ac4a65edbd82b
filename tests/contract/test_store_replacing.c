/* Which jobs replace a certificate that is to be revoked, over store.h alone. */

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

struct fixture {
	char *folder;
	struct store *store;
	struct error error;
};

#define OK(f, call)                                                                                \
	do {                                                                                       \
		if (!(call))                                                                       \
			fail_msg("%s: %s", #call, (f)->error.text);                                \
	} while (0)

static int setup(void **state)
{
	char name[] = "/tmp/test_store_replacing.XXXXXX";
	struct fixture *f = xcalloc(1, sizeof(*f));
	unsigned char hash[32] = {1};
	char *path;

	assert_non_null(mkdtemp(name));
	f->folder = xstrdup(name);
	path = xasprintf("%s/store.db", name);
	OK(f, store_open(path, &f->store, &f->error));
	free(path);
	OK(f, store_contract_put(f->store, "c1", 1, hash, "{}", NOW, &f->error));
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

static int64_t add_job(struct fixture *f, int number, enum job_state job_state, int64_t revoked_ms)
{
	struct store_certificate certificate = {.not_after_ms = NOW, .key = "ec-p256"};
	char service[] = "webhg2", code[] = "w1", contract[] = "c1", fqdn[32];
	struct store_job job = {
		.contract = contract,
		.service = service,
		.service_code = code,
		.fqdn = fqdn,
		.state = job_state,
		.due_ms = NOW,
		.next_ms = NOW,
		.revoked_ms = revoked_ms,
	};
	int64_t id;

	(void)snprintf(fqdn, sizeof(fqdn), "n%d.example.jp", number);
	memcpy(certificate.fingerprint, &number, sizeof(number));
	OK(f, store_certificate_put(f->store, &certificate, &job.certificate_id, &f->error));
	OK(f, store_job_add(f->store, &job, NULL, &id, &f->error));
	return id;
}

/* The numbers of a page's jobs: "3 1". */
static void page(struct fixture *f, const struct store_replacing *wanted, char *text, size_t size,
	struct store_replacing *next)
{
	struct store_job *jobs;
	size_t count, length = 0;

	OK(f, store_jobs_replacing(f->store, wanted, &jobs, &count, &f->error));
	text[0] = '\0';
	*next = *wanted;
	for (size_t i = 0; i < count; i++) {
		length += (size_t)snprintf(
			text + length, size - length, "%s%d", i > 0 ? " " : "", (int)jobs[i].id);
		next->after_revoked_ms = jobs[i].revoked_ms;
		next->after_id = jobs[i].id;
	}
	store_jobs_free(jobs, count);
}

static void test_which(void **state)
{
	struct fixture *f = *state;
	struct store_replacing wanted = {.revoked_until_ms = NOW, .limit = 100}, next;
	char text[128], all[64] = "";

	for (int i = 0; i < JOB_STATE_COUNT; i++) {
		int64_t id = add_job(f, i, (enum job_state)i, NOW - i);

		if (i <= JOB_RETRYING || i == JOB_FAILED) {
			char more[64];

			(void)snprintf(more, sizeof(more), "%d%s%s", (int)id,
				all[0] != '\0' ? " " : "", all);
			(void)snprintf(all, sizeof(all), "%s", more);
		}
	}
	add_job(f, 50, JOB_SCHEDULED, 0);
	add_job(f, 51, JOB_SCHEDULED, NOW + 1);
	page(f, &wanted, text, sizeof(text), &next);
	/* Open and failed ones alone, the earliest revoked first. */
	assert_string_equal(text, all);
}

static void test_pages(void **state)
{
	struct fixture *f = *state;
	struct store_replacing wanted = {.revoked_until_ms = NOW, .limit = 2}, next;
	char text[128];

	/* Three of one instant, so that a page ends among them. */
	add_job(f, 1, JOB_SCHEDULED, NOW - 5);
	add_job(f, 2, JOB_HELD, NOW - 5);
	add_job(f, 3, JOB_RETRYING, NOW - 5);
	add_job(f, 4, JOB_SCHEDULED, NOW - 9);
	page(f, &wanted, text, sizeof(text), &next);
	assert_string_equal(text, "4 1");
	wanted = next;
	page(f, &wanted, text, sizeof(text), &next);
	assert_string_equal(text, "2 3");
	wanted = next;
	page(f, &wanted, text, sizeof(text), &next);
	assert_string_equal(text, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_which, setup, teardown),
		cmocka_unit_test_setup_teardown(test_pages, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
