/* Why a host name is not yet installed: each answer, on a real store and a manual clock. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/civil.h"
#include "base/file.h"
#include "engine_fixture.h"
#include "ops/json_say.h"
#include "ops/view.h"

#define HOUR_MS INT64_C(3600000)

/* Open from 22:00 to 23:00 alone; and one that the configuration names no address of. */
#define SITES                                                                                      \
	"retry-floor = \"10s\" retry-ceiling = \"10s\" give-up-after = \"2d\"\n"                   \
	"site gio-ca { endpoint = \"https://gio.test\" token = \"token\" "                         \
	"install-from = \"22:00\" install-until = \"23:00\" }\n"

static struct error error;

#define OK(call)                                                                                   \
	do {                                                                                       \
		if (!(call))                                                                       \
			fail_msg("%s: %s", #call, error.text);                                     \
	} while (0)

static int setup(void **state)
{
	*state = engine_fixture_new(SITES);
	return 0;
}

static int teardown(void **state)
{
	engine_fixture_free(*state);
	return 0;
}

/* ---- asking ---- */

static struct json_object *ask(
	struct engine_fixture *f, const char *fqdn, const struct view_live *live)
{
	const struct view_context view = {
		.store = f->store,
		.config = settings_config(f->settings),
		.clock = &f->clock.clock,
		.live = live,
	};
	struct json_object *answer;

	OK(view_why(&view, fqdn, &answer, &error));
	return answer;
}

static void append(struct buffer *text, struct json_object *sentences)
{
	for (size_t i = 0; i < json_object_array_length(sentences); i++)
		buffer_printf(text, "%s\n",
			json_object_get_string(json_object_array_get_idx(sentences, i)));
}

/* All sentences of the answer; to be freed. */
static char *sentences_of(struct json_object *answer)
{
	struct json_object *links = json_said(answer, "links");
	struct buffer text = {0};

	append(&text, json_said(answer, "sentences"));
	for (size_t i = 0; i < json_object_array_length(links); i++)
		append(&text, json_said(json_object_array_get_idx(links, i), "sentences"));
	return buffer_steal_text(&text);
}

static void assert_in(const char *text, const char *wanted)
{
	if (strstr(text, wanted) == NULL)
		fail_msg("\"%s\" is not in:\n%s", wanted, text);
}

/* The answer on FQDN has these sentences; INSTALLED is its verdict. */
static void check(struct engine_fixture *f, const char *fqdn, const struct view_live *live,
	bool installed, const char *const *wanted)
{
	struct json_object *answer = ask(f, fqdn, live);
	char *text = sentences_of(answer);

	for (; *wanted != NULL; wanted++)
		assert_in(text, *wanted);
	if (json_said_bool(answer, "installed") != installed)
		fail_msg("%s: installed is not %d:\n%s", fqdn, installed, text);
	free(text);
	json_object_put(answer);
}

#define CHECK(f, live, installed, ...)                                                             \
	check(f, "www.example.jp", live, installed, (const char *const[]){__VA_ARGS__, NULL})

static void check_not_said(struct engine_fixture *f, const char *fqdn, const char *unwanted)
{
	struct json_object *answer = ask(f, fqdn, NULL);
	char *text = sentences_of(answer);

	if (strstr(text, unwanted) != NULL)
		fail_msg("\"%s\" is in:\n%s", unwanted, text);
	free(text);
	json_object_put(answer);
}

static void take(struct engine_fixture *f, const struct fixture_record *record)
{
	assert_int_equal(engine_fixture_take(f, record, &error), SPOOL_TAKEN);
}

static const struct fixture_record plain = {.contract = "c1", .revision = 1, .certificate = 1};

/* Until it is due, and a try. */
static void pump_after(struct engine_fixture *f, int64_t ms)
{
	manual_clock_advance(&f->clock, ms);
	engine_fixture_pump(f);
}

/*
 * A job like C1's first in another state: what CHANGE makes of it. Its service code is one that no
 * record names.
 */
static int64_t add_like(struct engine_fixture *f, void (*change)(struct store_job *job))
{
	struct store_job job = engine_fixture_job(f, "c1", 0);
	int64_t id;

	free(job.service_code);
	job.service_code = xstrdup("other1");
	job.issued_ms++;
	change(&job);
	OK(store_job_add(f->store, &job, NULL, &id, &error));
	store_job_clear(&job);
	return id;
}

/* ---- what is not known, or has nothing to install ---- */

static void test_unknown(void **state)
{
	static const struct {
		const char *typed;
		size_t similar;
	} names[] = {
		{"example.jp", 1},
		{"mail.example.jp", 1},
		{"www.exmple.jp", 1},
		{"ww.exmple.jp", 1},
		{"ww.exmpl.jp", 0},
		{"mail.example.org", 0},
	};
	struct engine_fixture *f = *state;
	struct json_object *answer, *similar;

	take(f, &plain);
	check(f, "mail.example.org", NULL, false,
		(const char *const[]){"No contract and no install is known for mail.example.org",
			"certinstallctl rejected", NULL});
	answer = ask(f, "ww.example.jp", NULL);
	assert_false(json_said_bool(answer, "known"));
	similar = json_said(answer, "similar");
	assert_int_equal(json_object_array_length(similar), 1);
	assert_string_equal(
		json_object_get_string(json_object_array_get_idx(similar, 0)), "www.example.jp");
	json_object_put(answer);
	for (size_t i = 0; i < ARRAY_LENGTH(names); i++) {
		answer = ask(f, names[i].typed, NULL);
		if (json_object_array_length(json_said(answer, "similar")) != names[i].similar)
			fail_msg("%s", names[i].typed);
		json_object_put(answer);
	}
}

static void test_no_name(void **state)
{
	struct engine_fixture *f = *state;
	const struct view_context view = {.store = f->store,
		.config = settings_config(f->settings),
		.clock = &f->clock.clock};
	struct json_object *answer;

	assert_false(view_why(&view, "no name\x1b[31m", &answer, &error));
	assert_int_equal(error.kind, ERROR_PERMANENT);
	assert_null(answer);
	assert_in(error.text, "is no host name");
	assert_null(strchr(error.text, '\x1b'));
}

static void test_no_certificate(void **state)
{
	struct fixture_record record = plain;

	record.certificate = 0;
	take(*state, &record);
	CHECK(*state, NULL, false, "0 of 1 links",
		"Contract c1 has no certificate yet. Its install on webhg2 is scheduled when one "
		"is issued or registered.");
}

/* As people type it, and as the record had it. */
static void test_spellings(void **state)
{
	struct fixture_record record = plain;

	record.certificate = 0;
	record.links = "{\"service\":\"webhg2\",\"service_code\":\"whg1\","
		       "\"fqdn\":\"WWW.Example.JP\"},"
		       "{\"service\":\"webhg2\",\"service_code\":\"whg2\","
		       "\"fqdn\":\"日本.example.jp\"}";
	take(*state, &record);
	check(*state, "www.EXAMPLE.jp.", NULL, false,
		(const char *const[]){"Contract c1 has no certificate yet", NULL});
	check(*state, "日本.example.jp", NULL, false,
		(const char *const[]){"Contract c1 has no certificate yet", NULL});
}

static void test_nothing_to_install(void **state)
{
	struct fixture_record record = plain;

	record.links = "{\"service\":\"other\",\"service_code\":\"\",\"fqdn\":\"www.example.jp\"},"
		       "{\"service\":\"docex\",\"service_code\":\"\",\"fqdn\":\"www.example.jp\"}";
	take(*state, &record);
	CHECK(*state, NULL, false, "Contract c1 links it to \"other\"",
		"Contract c1 links it to docex without a service code", "0 of 1 links");
}

static void test_ended(void **state)
{
	struct fixture_record record = plain;

	take(*state, &record);
	record.revision = 2;
	record.ended = true;
	take(*state, &record);
	CHECK(*state, NULL, false, "www.example.jp is not to be installed anywhere any more.",
		"It was cancelled on 2026-11-16 (Mon) 10:00: the contract has ended.");
	record.contract = "c2";
	record.revision = 1;
	record.certificate = 0;
	take(*state, &record);
	CHECK(*state, NULL, false, "Contract c2 has ended: nothing is installed for it any more.");
}

static void test_set_aside(void **state)
{
	struct engine_fixture *f = *state;
	const struct store_set_aside entry = {.source = "https://feed.test",
		.contract = "c1",
		.revision = 5,
		.at_ms = FIXTURE_START_MS,
		.reason = "links: not an array"};
	const struct store_set_aside other = {.source = "https://feed.test",
		.digest = {1},
		.contract = "c2",
		.reason = "another's"};
	bool added;

	take(f, &plain);
	OK(store_set_aside_add(f->store, &entry, &added, &error));
	OK(store_set_aside_add(f->store, &other, &added, &error));
	CHECK(f, NULL, false,
		"A record of contract c1, revision 5, was set aside on 2026-11-16 (Mon) 10:00 and "
		"is not in force: links: not an array.");
	check_not_said(f, "www.example.jp", "another's");
}

/* ---- rejected by the spool ---- */

static void put_rejected(
	struct engine_fixture *f, const char *name, const char *text, size_t length)
{
	const char *spool = settings_config(f->settings)->spool;
	char *directory = xasprintf("%s/rejected", spool);
	char *path = xasprintf("%s/%s", directory, name);
	struct timespec at[2] = {
		{.tv_sec = FIXTURE_START_MS / 1000}, {.tv_sec = FIXTURE_START_MS / 1000}};

	(void)mkdir(spool, 0700);
	(void)mkdir(directory, 0700);
	OK(file_write_atomic(path, text, length, 0600, &error));
	assert_int_equal(utimensat(AT_FDCWD, path, at, 0), 0);
	free(path);
	free(directory);
}

static void put_rejected_text(struct engine_fixture *f, const char *name, const char *text)
{
	put_rejected(f, name, text, strlen(text));
}

static void remove_rejected(struct engine_fixture *f)
{
	char *command = xasprintf("%s/rejected", settings_config(f->settings)->spool);
	DIR *stream = opendir(command);
	const struct dirent *found;

	assert_non_null(stream);
	while ((found = readdir(stream)) != NULL) {
		if (found->d_name[0] != '.')
			assert_int_equal(unlinkat(dirfd(stream), found->d_name, 0), 0);
	}
	closedir(stream);
	assert_int_equal(rmdir(command), 0);
	free(command);
}

static void test_rejected(void **state)
{
	struct engine_fixture *f = *state;

	put_rejected_text(f, "a.ndjson",
		"{\"fqdn\":\"other.example.jp\"}\n{\"fqdn\": \"WWW.example.jp\", broken\n"
		"{\"fqdn\":\"xwww.example.jp\"}\n");
	put_rejected_text(f, "a.ndjson.reason",
		"line 4: reason one\nline 7: links: not an array\nline 9: the third\n");
	put_rejected_text(f, "b.json", "{\n\"fqdn\":\n\"www.example.jp\"}");
	put_rejected_text(f, "b.json.reason", "no \x1b[31mJSON\n");
	put_rejected_text(f, "c.json", "{\"fqdn\": \"www.example.jp.example.com\"}");
	put_rejected_text(f, "c.json.reason", "another's\n");
	/* Known or not. */
	CHECK(f, NULL, false, "No contract and no install is known for www.example.jp",
		"A record that names it was rejected on 2026-11-16 (Mon) 10:00 and is not in "
		"force: "
		"a.ndjson, line 7: links: not an array. See",
		"not in force: b.json, no ?[31mJSON. See");
	take(f, &plain);
	CHECK(f, NULL, false, "a.ndjson, line 7: links: not an array. See");
	check_not_said(f, "www.example.jp", "reason one");
	check_not_said(f, "www.example.jp", "the third");
	check_not_said(f, "www.example.jp", "another's");
	check_not_said(f, "www.example.jp", "looked through");
	remove_rejected(f);
}

/* Hostile files: what is no file of its own, endless, or has no reasons for its lines. */
static void test_rejected_is_bounded(void **state)
{
	const size_t large = (size_t)3 * 1024 * 1024;
	struct engine_fixture *f = *state;
	char *text = xcalloc(large, 1), *path, *reason;
	int i;

	put_rejected_text(f, "a.ndjson", "\"www.example.jp\"\n\"www.example.jp\"\n");
	put_rejected_text(f, "a.ndjson.reason", "line 1: only this\n");
	put_rejected_text(f, "empty.json", "");
	put_rejected_text(f, "empty.json.reason", "");
	path = xasprintf("%s/rejected/fifo.json", settings_config(f->settings)->spool);
	assert_int_equal(mkfifo(path, 0600), 0);
	put_rejected_text(f, "fifo.json.reason", "a pipe\n");
	free(path);
	path = xasprintf("%s/rejected/link.json", settings_config(f->settings)->spool);
	assert_int_equal(symlink("a.ndjson", path), 0);
	put_rejected_text(f, "link.json.reason", "a link\n");
	free(path);
	CHECK(f, NULL, false, "a.ndjson, line 1: only this. See");
	check_not_said(f, "www.example.jp", "a pipe");
	check_not_said(f, "www.example.jp", "a link");
	check_not_said(f, "www.example.jp", "Not all of");
	memset(text, ' ', large);
	put_rejected(f, "large.json", text, large);
	put_rejected_text(f, "large.json.reason", "too large\n");
	CHECK(f, NULL, false, "Not all of ");
	free(text);
	remove_rejected(f);
	for (i = 0; i < 8; i++) {
		path = xasprintf("%d.json", i);
		reason = xasprintf("%s.reason", path);
		put_rejected_text(f, path, "www.example.jp");
		put_rejected_text(f, reason, i < 5 ? "early\n" : "late\n");
		free(reason);
		free(path);
	}
	CHECK(f, NULL, false, "4.json, early. See", "Not all of ");
	check_not_said(f, "www.example.jp", "late");
	remove_rejected(f);
}

/* ---- scheduled ---- */

static void test_due(void **state)
{
	struct fixture_record record = plain;

	/* Friday; Monday is a holiday. */
	record.at_ms = FIXTURE_START_MS + 4 * DAY_MS;
	take(*state, &record);
	CHECK(*state, NULL, false, "It is due on 2026-11-24 (Tue) 09:00.",
		"Days are counted from 2026-11-20 (Fri) 10:00, when the certificate was issued.",
		"Service webhg2 installs on the first business day after that: 2026-11-24 (Tue).",
		"Closed on the way: 2026-11-21 (Saturday), 2026-11-22 (Sunday), ",
		"2026-11-23 (Monday, a national holiday (勤労感謝の日)).");
}

static void test_due_after_days(void **state)
{
	struct fixture_record record = plain;

	record.links = "{\"service\":\"idgw\",\"service_code\":\"i1\",\"fqdn\":\"www.example.jp\","
		       "\"since\":\"2026-11-17T10:00:00+09:00\"}";
	take(*state, &record);
	CHECK(*state, NULL, false,
		"Days are counted from 2026-11-17 (Tue) 10:00, when the link was added.",
		"Service idgw installs 4 business days after that: 2026-11-24 (Tue).");
}

static void test_waits_though_due(void **state)
{
	static const struct view_live_service flowing = {.service = "webhg2", .state = "flowing"};
	static const struct view_live live = {&flowing, 1, 0};
	struct engine_fixture *f = *state;

	take(f, &plain);
	manual_clock_advance(&f->clock, DAY_MS);
	CHECK(f, NULL, false,
		"It has been due since 2026-11-17 (Tue) 09:00 and waits for its first try.",
		"Whether the daemon works, and whether it takes service webhg2 for dead, is not "
		"known here.");
	CHECK(f, &live, false, "it begins as soon as service webhg2 has room");
}

static void test_pause(void **state)
{
	struct store_pause pause = {"webhg2", FIXTURE_START_MS, "alice", ""};
	struct engine_fixture *f = *state;
	bool changed;

	take(f, &plain);
	OK(store_pause_add(f->store, &pause, &changed, &error));
	CHECK(f, NULL, false, "It is due on 2026-11-17 (Tue) 09:00.",
		"alice paused service webhg2 on 2026-11-16 (Mon) 10:00: nothing is pushed to it "
		"until \"certinstallctl resume webhg2\".");
	manual_clock_advance(&f->clock, DAY_MS);
	check_not_said(f, "www.example.jp", "Nothing in the store keeps it back");
	OK(store_pause_remove(f->store, "webhg2", &changed, &error));
	pause.reason = "their works";
	OK(store_pause_add(f->store, &pause, &changed, &error));
	CHECK(f, NULL, false, "(Mon) 10:00 (their works): nothing");
	OK(store_pause_remove(f->store, "webhg2", &changed, &error));
	pause.service = "docex";
	OK(store_pause_add(f->store, &pause, &changed, &error));
	check_not_said(f, "www.example.jp", "alice");
}

static void test_circuit(void **state)
{
	static const struct {
		const char *name;
		const char *want;
	} cases[] = {
		{"circuit-open", "Service webhg2 does not answer and is taken for dead: one "
				 "request at 2026-11-17 (Tue) 11:00 will show"},
		{"probing", "one request is under way to see whether it lives again"},
		{"paused", "Service webhg2 asked to wait until 2026-11-17 (Tue) 11:00."},
	};
	struct engine_fixture *f = *state;

	take(f, &plain);
	manual_clock_advance(&f->clock, DAY_MS);
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		const struct view_live_service services[] = {
			{.service = "docex", .state = "flowing"},
			{.service = "webhg2",
				.state = cases[i].name,
				.until_ms = FIXTURE_START_MS + DAY_MS + HOUR_MS}};
		const struct view_live live = {services, 2, 0};

		CHECK(f, &live, false, cases[i].want);
	}
}

static void to_gio_ca(struct store_job *job)
{
	free(job->service);
	job->service = xstrdup("gio-ca");
}

static void to_waf(struct store_job *job)
{
	free(job->service);
	job->service = xstrdup("waf");
}

static void to_nobody(struct store_job *job)
{
	free(job->service);
	job->service = xstrdup("gone");
}

static void test_no_way(void **state)
{
	struct engine_fixture *f = *state;

	take(f, &plain);
	add_like(f, to_gio_ca);
	add_like(f, to_waf);
	add_like(f, to_nobody);
	manual_clock_advance(&f->clock, DAY_MS);
	CHECK(f, NULL, false,
		"Service gio-ca takes installs 22:00 to 23:00; the work begins when it opens, at "
		"2026-11-17 (Tue) 22:00.",
		"Service waf has no endpoint",
		"Service gone is not configured any more: nothing is sent to it until a profile "
		"for it is in services.d.");
}

static void other_due(struct store_job *job)
{
	job->due_ms += HOUR_MS;
}

static void test_other_rules(void **state)
{
	struct engine_fixture *f = *state;

	take(f, &plain);
	check_not_said(f, "www.example.jp", "they have changed since");
	add_like(f, other_due);
	CHECK(f, NULL, false, "they have changed since it was scheduled");
}

/* ---- under way ---- */

static void installing(struct store_job *job)
{
	job->state = JOB_INSTALLING;
	job->next_ms = FIXTURE_START_MS + HOUR_MS;
}

static void test_installing(void **state)
{
	take(*state, &plain);
	add_like(*state, installing);
	CHECK(*state, NULL, false,
		"A try is under way; if nothing is heard of it by 2026-11-16 (Mon) 11:00, it goes "
		"again.");
}

static void test_retrying(void **state)
{
	static const struct scripted_answer answers[] = {{.status = 503, .retry_after = "3600"}};
	struct engine_fixture *f = *state;

	take(f, &plain);
	engine_fixture_script(f, answers, 1);
	pump_after(f, DAY_MS);
	CHECK(f, NULL, false, "It has been due since 2026-11-17 (Tue) 09:00.",
		"Try 1 did not succeed: HTTP 503", "The next try is at 2026-11-17 (Tue) 11:",
		"up to 2026-11-19 (Thu) 10:00; then it has failed.");
}

static void test_not_served_yet(void **state)
{
	struct engine_fixture *f = *state;

	take(f, &plain);
	f->edge = EDGE_SERVES_OLD;
	pump_after(f, DAY_MS);
	CHECK(f, NULL, false,
		"Service webhg2 took it on 2026-11-17 (Tue) 10:00, but it is not served yet; that "
		"is looked at again at 2026-11-17 (Tue) 10:0",
		"At the last look: edge:443 still serves another certificate of this name.");
}

static void test_pending(void **state)
{
	struct engine_fixture *f = *state;
	struct store_claim claim = {.service = "webhg2",
		.now_ms = FIXTURE_START_MS + DAY_MS,
		.lease_until_ms = FIXTURE_START_MS + 2 * DAY_MS,
		.limit = 1};
	struct store_settlement settlement = {.state = JOB_VERIFYING,
		.next_ms = FIXTURE_START_MS + DAY_MS + HOUR_MS,
		.pushed_ms = FIXTURE_START_MS + DAY_MS,
		.remote = "/tasks/1",
		.detail = ""};
	struct store_job *jobs;
	size_t count;
	bool applied;

	take(f, &plain);
	OK(store_jobs_claim(f->store, &claim, &jobs, &count, &error));
	assert_int_equal(count, 1);
	settlement.job_id = jobs[0].id;
	OK(store_job_settle(f->store, &settlement, &applied, &error));
	assert_true(applied);
	store_jobs_free(jobs, count);
	CHECK(f, NULL, false,
		"Service webhg2 took it on 2026-11-17 (Tue) 10:00 and is still at work on it; it "
		"is asked again at 2026-11-17 (Tue) 11:00.");
}

/* ---- done, or not to be done ---- */

static void test_installed(void **state)
{
	struct engine_fixture *f = *state;
	struct store_attempt look = {.job_id = 1,
		.kind = ATTEMPT_VERIFY,
		.at_ms = FIXTURE_START_MS + 2 * DAY_MS,
		.outcome = "old",
		.text = "edge:443 still serves another certificate of this name"};

	take(f, &plain);
	pump_after(f, DAY_MS);
	CHECK(f, NULL, true, "www.example.jp is installed wherever it is linked to.",
		"It is installed since 2026-11-17 (Tue) 10:00 and, seen on 2026-11-17 (Tue) 10:00, "
		"served by edge:443.",
		"Its certificate is valid until 2027-02-14");
	OK(store_attempt_add(f->store, &look, &error));
	CHECK(f, NULL, false,
		"It was installed on 2026-11-17 (Tue) 10:00, but on 2026-11-18 (Wed) 10:00 it was "
		"not served: edge:443 still serves another certificate of this name.",
		"\"certinstallctl verify\"");
	manual_clock_advance(&f->clock, 90 * DAY_MS);
	CHECK(f, NULL, false, "Its certificate ended on 2027-02-14");
}

static void was_installed(struct store_job *job)
{
	job->state = JOB_INSTALLED;
	job->settled_ms = FIXTURE_START_MS;
}

static void test_installed_unseen(void **state)
{
	struct fixture_record record = plain;
	struct engine_fixture *f = *state;

	record.links =
		"{\"service\":\"docex\",\"service_code\":\"d1\",\"fqdn\":\"www.example.jp\"}";
	take(f, &record);
	pump_after(f, DAY_MS);
	CHECK(f, NULL, true, "service docex has no edge to look at.");
	add_like(f, was_installed);
	CHECK(f, NULL, true,
		"It is installed since 2026-11-16 (Mon) 10:00; what is served was not looked at.");
}

static void test_renewal(void **state)
{
	struct fixture_record record = plain;
	struct engine_fixture *f = *state;

	take(f, &plain);
	pump_after(f, DAY_MS);
	record.revision = 2;
	record.certificate = 2;
	record.at_ms = FIXTURE_START_MS + DAY_MS;
	take(f, &record);
	CHECK(f, NULL, false, "It is due on 2026-11-18 (Wed) 09:00.",
		"Until then the certificate before it serves, installed since 2026-11-17 (Tue) "
		"10:00 (job 1) and valid until 2027-02-14",
		"0 of 1 links");
	check_not_said(f, "www.example.jp", "It is installed since");
}

static void test_failed(void **state)
{
	static const struct scripted_answer answers[] = {{.status = 422}};
	struct engine_fixture *f = *state;

	take(f, &plain);
	engine_fixture_script(f, answers, 1);
	pump_after(f, DAY_MS);
	CHECK(f, NULL, false,
		"It failed on 2026-11-17 (Tue) 10:00, at try 1, and is not tried again by itself: "
		"HTTP 422",
		"To do: mend that, then \"certinstallctl retry 1\".");
}

static void test_refused(void **state)
{
	struct fixture_record record = plain;

	record.wrong_key = true;
	take(*state, &record);
	CHECK(*state, NULL, false, "It was refused on 2026-11-16 (Mon) 10:00: key-mismatch.",
		"The private key", "To do: certificate and private key do not belong together");
}

static void test_held(void **state)
{
	struct fixture_record record = plain;
	struct engine_fixture *f = *state;

	take(f, &plain);
	pump_after(f, DAY_MS);
	record.contract = "c2";
	record.certificate = 2;
	record.at_ms = FIXTURE_START_MS + DAY_MS;
	take(f, &record);
	CHECK(f, NULL, false, "1 of 2 links",
		"Contract c1 has service code whg1 of webhg2. This install waits until",
		"that contract lets it go, and is then scheduled by itself.",
		"To do, if contract c1 is not to have it any more", "certinstallctl release");
	OK(store_tenant_remove(f->store, "webhg2", "whg1", "c1", &error));
	CHECK(f, NULL, false,
		"It is held, and no contract has service code whg1 of webhg2: the next record of "
		"contract c2 decides it.");
}

static void test_taken_over(void **state)
{
	struct fixture_record record = plain;
	struct engine_fixture *f = *state;

	record.at_ms = FIXTURE_START_MS + 1;
	take(f, &record);
	record.contract = "c2";
	record.certificate = 2;
	record.at_ms = FIXTURE_START_MS + HOUR_MS;
	take(f, &record);
	record.contract = "c1";
	record.certificate = 1;
	record.revision = 2;
	record.links =
		"{\"service\":\"docex\",\"service_code\":\"d1\",\"fqdn\":\"www.example.jp\"}";
	record.at_ms = FIXTURE_START_MS + 1;
	take(f, &record);
	CHECK(f, NULL, false, "It was cancelled on 2026-11-16 (Mon) 10:00: its link is gone.",
		"In its place is job 2 of contract c2, which is scheduled.");
}

/* ---- what comes on top ---- */

static void guarded(struct store_job *job)
{
	job->guarded = true;
}

static void urgent(struct store_job *job)
{
	job->revoked_ms = FIXTURE_START_MS + 3 * DAY_MS;
}

static void test_on_top(void **state)
{
	struct engine_fixture *f = *state;

	take(f, &plain);
	check_not_said(f, "www.example.jp", "of before a restore");
	check_not_said(f, "www.example.jp", "It is urgent");
	add_like(f, guarded);
	CHECK(f, NULL, false, "It is of before a restore: the service is asked what it has");
}

static void test_urgent(void **state)
{
	take(*state, &plain);
	add_like(*state, urgent);
	CHECK(*state, NULL, false,
		"It is urgent: the certificate that it replaces is revoked from 2026-11-19 (Thu) "
		"10:00 on.");
}

/* A contract with a certificate whose link no job was made of. */
static void test_no_job(void **state)
{
	struct engine_fixture *f = *state;
	unsigned char hash[32] = {0};

	OK(store_contract_put(f->store, "c7", 1, hash,
		"{\"contract\":\"c7\",\"revision\":1,\"state\":\"active\",\"since_ms\":1,"
		"\"item\":\"dv-ssl\",\"common_name\":\"x.jp\","
		"\"certificate\":{\"at_ms\":1,\"csr_by\":\"provider\"},"
		"\"links\":[{\"service\":\"webhg2\",\"service_code\":\"w\",\"fqdn\":\"x.jp\","
		"\"since_ms\":1}]}",
		1, &error));
	check(f, "x.jp", NULL, false,
		(const char *const[]){
			"Contract c7 links it to webhg2, but no install was made of that", NULL});
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_unknown),
		TEST(test_no_name),
		TEST(test_no_certificate),
		TEST(test_spellings),
		TEST(test_nothing_to_install),
		TEST(test_ended),
		TEST(test_set_aside),
		TEST(test_rejected),
		TEST(test_rejected_is_bounded),
		TEST(test_due),
		TEST(test_due_after_days),
		TEST(test_waits_though_due),
		TEST(test_pause),
		TEST(test_circuit),
		TEST(test_no_way),
		TEST(test_other_rules),
		TEST(test_installing),
		TEST(test_retrying),
		TEST(test_not_served_yet),
		TEST(test_pending),
		TEST(test_installed),
		TEST(test_installed_unseen),
		TEST(test_renewal),
		TEST(test_failed),
		TEST(test_refused),
		TEST(test_held),
		TEST(test_taken_over),
		TEST(test_on_top),
		TEST(test_urgent),
		TEST(test_no_job),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
