/* What a forecast takes from a store: rates and counts. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "ctl/forecast_view.h"

struct fixture {
	char directory[32];
	char *path;
	struct store *store;
	struct error error;
	struct forecast_options options;
	struct forecast_view view;
	int certificates;
};

#define OK(f, call)                                                                                \
	do {                                                                                       \
		if (!(call))                                                                       \
			fail_msg("%s: %s", #call, (f)->error.text);                                \
	} while (0)

static int64_t instant(const char *text)
{
	int64_t ms;

	if (!civil_parse_instant(text, &ms))
		fail_msg("\"%s\" is no instant", text);
	return ms;
}

static int setup(void **state)
{
	struct fixture *f = xcalloc(1, sizeof(*f));
	struct forecast_view *view = &f->view;
	struct forecast_plan plan = {
		.calendar = &view->calendar,
		.cutoff_minute = 1440,
		.days = 30,
		.renew_part = 2,
		.renew_whole = 3,
	};
	unsigned char hash[32] = {1};
	size_t i;

	strcpy(f->directory, "/tmp/test_view.XXXXXX");
	assert_non_null(mkdtemp(f->directory));
	f->path = xasprintf("%s/store.db", f->directory);
	OK(f, store_open(f->path, &f->store, &f->error));
	OK(f, store_contract_put(f->store, "c1", 1, hash,
		      "{\"state\":\"active\",\"links\":[{\"service\":\"webhg2\",\"service_code\":"
		      "\"s\"},{\"service\":\"gone\",\"service_code\":\"s\"}]}",
		      1, &f->error));
	view->options = &f->options;
	view->config = config_defaults();
	view->calendar = view->config->rulebook.calendar;
	view->service_count = view->config->rulebook.service_count;
	view->services = xcalloc(view->service_count, sizeof(*view->services));
	view->rates = xcalloc(view->service_count, sizeof(*view->rates));
	for (i = 0; i < view->service_count; i++)
		view->services[i].rules = &view->config->rulebook.services[i];
	plan.services = view->services;
	plan.service_count = view->service_count;
	plan.first_day = civil_from_date(2026, 11, 16);
	forecast_init(&view->forecast, &plan);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	static const char *const suffixes[] = {"", "-wal", "-shm"};
	struct fixture *f = *state;

	forecast_clear(&f->view.forecast);
	free(f->view.services);
	free(f->view.rates);
	config_free(f->view.config);
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

static int64_t add_job(
	struct fixture *f, const char *service, enum job_state state, const char *begins, int days)
{
	struct store_certificate certificate = {.not_before_ms = instant(begins), .key = "ec-p256"};
	struct store_job job = {
		.contract = xstrdup("c1"),
		.service = xstrdup(service),
		.service_code = xstrdup("s"),
		.state = state,
		.due_ms = instant("2026-11-18T09:00:00+09:00"),
		.idempotency_key = "key",
	};
	int64_t id;

	certificate.not_after_ms = certificate.not_before_ms + days * DAY_MS - 1;
	f->certificates++;
	memcpy(certificate.fingerprint, &f->certificates, sizeof(f->certificates));
	job.fqdn = xasprintf("h%d.example.jp", f->certificates);
	OK(f, store_certificate_put(f->store, &certificate, &job.certificate_id, &f->error));
	OK(f, store_job_add(f->store, &job, NULL, &id, &f->error));
	store_job_clear(&job);
	return id;
}

static size_t place(struct fixture *f, const char *id)
{
	size_t i;

	for (i = 0; i < f->view.service_count; i++) {
		if (strcmp(f->view.services[i].rules->id, id) == 0)
			return i;
	}
	fail_msg("no service %s", id);
	return 0;
}

static void test_rates(void **state)
{
	/* By hand: 8 at once, 20 ms each, are 400 a second. */
	static const int durations[] = {10, 5000, 20};
	struct fixture *f = *state;
	size_t webhg2 = place(f, "webhg2"), waf = place(f, "waf");
	int64_t job = add_job(f, "webhg2", JOB_INSTALLED, "2026-11-10T09:00:00+09:00", 47);

	assert_int_equal(f->view.config->profiles[webhg2].concurrency, 8);
	OK(f, forecast_view_rates(&f->view, f->store, &f->error));
	assert_int_equal(f->view.rates[webhg2].source, RATE_UNKNOWN);
	assert_int_equal(f->view.services[webhg2].rate_milli, 0);
	for (size_t i = 0; i < ARRAY_LENGTH(durations); i++) {
		const struct store_attempt attempt = {.job_id = job,
			.kind = ATTEMPT_PUSH,
			.number = (int)i + 1,
			.duration_ms = durations[i],
			.outcome = "done"};

		OK(f, store_attempt_add(f->store, &attempt, &f->error));
	}
	OK(f, forecast_view_rates(&f->view, f->store, &f->error));
	assert_int_equal(f->view.rates[webhg2].source, RATE_MEASURED);
	assert_int_equal(f->view.rates[webhg2].median_ms, 20);
	assert_int_equal(f->view.rates[webhg2].pushes, 3);
	assert_int_equal(f->view.services[webhg2].rate_milli, 400000);
	assert_int_equal(f->view.rates[waf].source, RATE_UNKNOWN);
	/* No service gets more at once than all together. */
	f->view.config->concurrency = 2;
	OK(f, forecast_view_rates(&f->view, f->store, &f->error));
	assert_int_equal(f->view.services[webhg2].rate_milli, 100000);
	/* The lower of limit and measure. */
	f->view.config->profiles[webhg2].rate_milli = 100001;
	OK(f, forecast_view_rates(&f->view, f->store, &f->error));
	assert_int_equal(f->view.services[webhg2].rate_milli, 100000);
	f->view.config->profiles[webhg2].rate_milli = 99999;
	f->view.config->profiles[waf].rate_milli = 500;
	OK(f, forecast_view_rates(&f->view, f->store, &f->error));
	assert_int_equal(f->view.rates[webhg2].source, RATE_LIMIT);
	assert_int_equal(f->view.services[webhg2].rate_milli, 99999);
	assert_int_equal(f->view.rates[waf].source, RATE_LIMIT);
	assert_int_equal(f->view.services[waf].rate_milli, 500);
}

static void test_stored(void **state)
{
	struct fixture *f = *state;
	struct forecast_view *view = &f->view;
	size_t webhg2 = place(f, "webhg2");

	add_job(f, "webhg2", JOB_SCHEDULED, "2026-11-10T09:00:00+09:00", 47);
	/* Renewed on Tuesday 2026-11-24, after 20 days; late since 2026-11-10; over. */
	add_job(f, "webhg2", JOB_INSTALLED, "2026-11-04T09:00:00+09:00", 30);
	add_job(f, "webhg2", JOB_INSTALLED, "2026-10-21T09:00:00+09:00", 30);
	add_job(f, "webhg2", JOB_INSTALLED, "2026-10-01T09:00:00+09:00", 30);
	add_job(f, "webhg2", JOB_HELD, "2026-11-10T09:00:00+09:00", 47);
	add_job(f, "gone", JOB_INSTALLED, "2026-11-10T09:00:00+09:00", 47);
	add_job(f, "gone", JOB_SCHEDULED, "2026-11-10T09:00:00+09:00", 47);
	OK(f, forecast_view_stored(view, f->store, &f->error));
	forecast_view_finish(view);
	assert_int_equal(view->waiting, 1);
	assert_int_equal(view->installed, 3);
	assert_int_equal(view->held, 1);
	assert_int_equal(view->unknown, 2);
	assert_int_equal(view->forecast.late, 1);
	assert_int_equal(view->forecast.expired, 1);
	/* The late one on Tuesday the 17th, the waiting one on the 18th, the other on the 25th; and
	 * the late one again, after 20 days, on Monday 2026-12-07. */
	assert_int_equal(forecast_cell(&view->forecast, webhg2, 1)->installs, 1);
	assert_int_equal(forecast_cell(&view->forecast, webhg2, 2)->installs, 1);
	assert_int_equal(forecast_cell(&view->forecast, webhg2, 9)->installs, 1);
	assert_int_equal(forecast_cell(&view->forecast, webhg2, 21)->installs, 1);
	/* And the waiting one's successor: 31 days and 8 hours after 2026-11-10 is Friday 12-11. */
	assert_int_equal(forecast_cell(&view->forecast, webhg2, 28)->installs, 1);
	/* The other again, of Monday 2026-12-14. */
	assert_int_equal(forecast_cell(&view->forecast, webhg2, 29)->installs, 1);
	assert_int_equal(view->busy[webhg2].installs, 6);
	assert_int_equal(view->busy[webhg2].day, 1);
	free(view->busy);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_rates, setup, teardown),
		cmocka_unit_test_setup_teardown(test_stored, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
