#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "domain/plan.h"

/*
 * Certificates are known by a letter: the first byte of their fingerprint. A is issued at 1, B at 2
 * and so on, where nothing else is said.
 */
struct given_job {
	char certificate;
	enum job_state state;
	const char *service, *code, *fqdn;
	int64_t due_ms;
	bool tried;
	int64_t issued_ms, base_ms; /* 0: as issued */
	bool pushed_over;
	int64_t called_off_ms;
};

struct given_link {
	const char *service, *code, *fqdn;
	enum verdict_kind kind;
	int64_t due_ms;
	int64_t added_ms;
	bool taken;
	int64_t base_ms;
	int64_t since_ms;
};

struct plan_case {
	const char *name;
	char certificate; /* 0: none */
	struct given_link links[3];
	struct given_job jobs[3];
	/* "S0" schedule link 0, "R0" refuse link 0, "H0" hold link 0, "P0" pass link 0 over, "u1"
	   supersede job 1, "o1" overtaken job 1, "c1" cancel job 1, "r1:0" refuse job 1 for link 0,
	   "h1:0" hold job 1 for link 0, "s1:0" reschedule job 1 for link 0 */
	const char *want;
	int64_t at_ms; /* 0: as the letter says */
};

#define WWW .service = "webhg2", .code = "w1", .fqdn = "www.example.jp"
#define DOC .service = "docex", .code = "d1", .fqdn = "www.example.jp"

static const struct plan_case cases[] = {
	{.name = "a first certificate",
		'A',
		{{WWW, VERDICT_ACCEPT, 5}, {DOC, VERDICT_REFUSE, 0}},
		{{0}},
		"S0 R1"},
	{.name = "the same snapshot again",
		'A',
		{{WWW, VERDICT_ACCEPT, 5}, {DOC, VERDICT_REFUSE, 0}},
		{{'A', JOB_SCHEDULED, WWW, 5}, {'A', JOB_REFUSED, DOC, 0}},
		""},
	{.name = "the same, while it is being installed",
		'A',
		{{WWW, VERDICT_ACCEPT, 5}},
		{{'A', JOB_INSTALLING, WWW, 5}},
		""},
	{.name = "the same, when it is installed",
		'A',
		{{WWW, VERDICT_ACCEPT, 5}},
		{{'A', JOB_INSTALLED, WWW, 5}},
		""},
	{.name = "the same, when it failed: an operator's business",
		'A',
		{{WWW, VERDICT_ACCEPT, 5}},
		{{'A', JOB_FAILED, WWW, 5}},
		""},
	{.name = "a renewal over an installed certificate",
		'B',
		{{WWW, VERDICT_ACCEPT, 9}},
		{{'A', JOB_INSTALLED, WWW, 5}},
		"S0"},
	{.name = "a reissue over one that waits",
		'B',
		{{WWW, VERDICT_ACCEPT, 9}},
		{{'A', JOB_SCHEDULED, WWW, 5}},
		"u0 S0"},
	{.name = "a reissue over one in flight",
		'B',
		{{WWW, VERDICT_ACCEPT, 9}},
		{{'A', JOB_INSTALLING, WWW, 5}},
		"u0 S0"},
	{.name = "a reissue over one that failed",
		'B',
		{{WWW, VERDICT_ACCEPT, 9}},
		{{'A', JOB_FAILED, WWW, 5}},
		"u0 S0"},
	{.name = "a link added",
		'A',
		{{WWW, VERDICT_ACCEPT, 5}, {DOC, VERDICT_ACCEPT, 7}},
		{{'A', JOB_INSTALLED, WWW, 5}},
		"S1"},
	{.name = "a link removed before its day",
		'A',
		{{WWW, VERDICT_ACCEPT, 5}},
		{{'A', JOB_SCHEDULED, WWW, 5}, {'A', JOB_SCHEDULED, DOC, 5}},
		"c1"},
	{.name = "a link removed after its day: nothing is uninstalled",
		'A',
		{{WWW, VERDICT_ACCEPT, 5}},
		{{'A', JOB_INSTALLED, WWW, 5}, {'A', JOB_INSTALLED, DOC, 5}},
		""},
	{.name = "another service code",
		'A',
		{{.service = "webhg2", .code = "w2", .fqdn = "www.example.jp", VERDICT_ACCEPT, 5}},
		{{'A', JOB_SCHEDULED, WWW, 5}},
		"c0 S0"},
	{.name = "another service under the same code",
		'A',
		{{.service = "docex", .code = "w1", .fqdn = "www.example.jp", VERDICT_ACCEPT, 5}},
		{{'A', JOB_SCHEDULED, WWW, 5}},
		"c0 S0"},
	{.name = "the contract ends",
		'A',
		{{WWW, VERDICT_NONE, 0}, {DOC, VERDICT_NONE, 0}},
		{{'A', JOB_INSTALLED, WWW, 5}, {'A', JOB_RETRYING, DOC, 5}},
		"c1"},
	{.name = "no certificate any more",
		0,
		{{WWW, VERDICT_NONE, 0}},
		{{'A', JOB_SCHEDULED, WWW, 5}},
		"c0"},
	{.name = "refused after all",
		'A',
		{{WWW, VERDICT_REFUSE, 0}},
		{{'A', JOB_SCHEDULED, WWW, 5}},
		"r0:0"},
	{.name = "refused, but installed already",
		'A',
		{{WWW, VERDICT_REFUSE, 0}},
		{{'A', JOB_INSTALLED, WWW, 5}},
		""},
	{.name = "accepted after all",
		'A',
		{{WWW, VERDICT_ACCEPT, 5}},
		{{'A', JOB_REFUSED, WWW, 0}},
		"s0:0"},
	{.name = "the link came back",
		'A',
		{{WWW, VERDICT_ACCEPT, 5}},
		{{'A', JOB_CANCELLED, WWW, 5}},
		"s0:0"},
	{.name = "due on another day",
		'A',
		{{WWW, VERDICT_ACCEPT, 8}},
		{{'A', JOB_SCHEDULED, WWW, 5}},
		"s0:0"},
	{.name = "due on another day, but tried already",
		'A',
		{{WWW, VERDICT_ACCEPT, 8}},
		{{'A', JOB_RETRYING, WWW, 5}},
		""},
	{.name = "back to one that nothing newer overtook",
		'A',
		{{WWW, VERDICT_ACCEPT, 5}},
		{{'A', JOB_SUPERSEDED, WWW, 5}},
		"s0:0"},
	{.name = "an old refusal makes room",
		'B',
		{{WWW, VERDICT_ACCEPT, 5}},
		{{'A', JOB_REFUSED, WWW, 0}},
		"u0 S0"},
	/* Never an older certificate over a newer one. */
	{.name = "an older one after a newer was installed",
		'A',
		{{WWW, VERDICT_ACCEPT, 5}},
		{{'B', JOB_INSTALLED, WWW, 5, true}},
		"P0"},
	{.name = "an older one, while the newer is in flight",
		'A',
		{{WWW, VERDICT_ACCEPT, 5}},
		{{'B', JOB_INSTALLING, WWW, 5, true}},
		"P0"},
	{.name = "an older one, while the newer is tried again",
		'A',
		{{WWW, VERDICT_ACCEPT, 5}},
		{{'A', JOB_SCHEDULED, WWW, 5}, {'B', JOB_RETRYING, WWW, 5, true}},
		"o0"},
	{.name = "an older one, after the newer was called off in flight",
		'A',
		{{WWW, VERDICT_ACCEPT, 5}},
		{{'A', JOB_CANCELLED, WWW, 5}, {'B', JOB_CANCELLED, WWW, 5, true}},
		"o0"},
	{.name = "an older one, that again",
		'A',
		{{WWW, VERDICT_ACCEPT, 5}},
		{{'A', JOB_SUPERSEDED, WWW, 5}, {'B', JOB_INSTALLED, WWW, 5, true}},
		""},
	{.name = "an older one, held",
		'A',
		{{WWW, VERDICT_HOLD, 0}},
		{{'B', JOB_INSTALLED, WWW, 5, true}},
		"P0"},
	{.name = "an older one in flight while the newer comes",
		'B',
		{{WWW, VERDICT_ACCEPT, 5}},
		{{'A', JOB_INSTALLING, WWW, 5, true}},
		"u0 S0"},
	{.name = "an older one over a newer that nobody tried",
		'A',
		{{WWW, VERDICT_ACCEPT, 5}},
		{{'B', JOB_SCHEDULED, WWW, 5}},
		"u0 S0"},
	{.name = "a newer one elsewhere is no reason",
		'A',
		{{WWW, VERDICT_ACCEPT, 5}},
		{{'B', JOB_INSTALLED, DOC, 5, true}},
		"S0"},
	{.name = "an older one that is refused says so",
		'A',
		{{WWW, VERDICT_REFUSE, 0}},
		{{'B', JOB_INSTALLED, WWW, 5, true}},
		"R0"},
	{.name = "one of the same instant is not older",
		'A',
		{{WWW, VERDICT_ACCEPT, 5}},
		{{'B', JOB_INSTALLED, WWW, 5, true}},
		"S0",
		.at_ms = 2},
	/* Back to a certificate. */
	{.name = "A, B, A by a later instant",
		'A',
		{{WWW, VERDICT_ACCEPT, 5}},
		{{'A', JOB_INSTALLED, WWW, 5, true}, {'B', JOB_INSTALLED, WWW, 5, true}},
		"s0:0",
		.at_ms = 3},
	{.name = "A, B, A: that again",
		'A',
		{{WWW, VERDICT_ACCEPT, 5}},
		{{'A', JOB_INSTALLED, WWW, 5, true, 3}, {'B', JOB_INSTALLED, WWW, 5, true}},
		"",
		.at_ms = 3},
	{.name = "A, B in flight, A",
		'A',
		{{WWW, VERDICT_ACCEPT, 5}},
		{{'A', JOB_INSTALLED, WWW, 5, true}, {'B', JOB_INSTALLING, WWW, 5, true}},
		"s0:0 u1",
		.at_ms = 3},
	{.name = "A superseded by B, A",
		'A',
		{{WWW, VERDICT_ACCEPT, 5}},
		{{'A', JOB_SUPERSEDED, WWW, 5}, {'B', JOB_INSTALLED, WWW, 5, true}},
		"s0:0",
		.at_ms = 3},
	{.name = "A, B not tried, A: it is served still",
		'A',
		{{WWW, VERDICT_ACCEPT, 5}},
		{{'A', JOB_INSTALLED, WWW, 5, true}, {'B', JOB_SCHEDULED, WWW, 5}},
		"u1",
		.at_ms = 3},
	{.name = "A, B, A whose key is gone",
		'A',
		{{WWW, VERDICT_REFUSE, 0}},
		{{'A', JOB_INSTALLED, WWW, 5, true}, {'B', JOB_INSTALLED, WWW, 5, true}},
		"r0:0",
		.at_ms = 3},
	{.name = "the same certificate with another instant",
		'A',
		{{WWW, VERDICT_ACCEPT, 5}},
		{{'A', JOB_INSTALLED, WWW, 5, true}},
		"",
		.at_ms = 3},
	/* A link that was away. */
	{.name = "added again later",
		'A',
		{{WWW, VERDICT_ACCEPT, 5, .added_ms = 4}},
		{{'A', JOB_INSTALLED, WWW, 5, true}},
		"s0:0"},
	{.name = "added again later: that again",
		'A',
		{{WWW, VERDICT_ACCEPT, 5, .added_ms = 4}},
		{{'A', JOB_INSTALLED, WWW, 5, true, .base_ms = 4}},
		""},
	{.name = "added again as old as it was",
		'A',
		{{WWW, VERDICT_ACCEPT, 5, .added_ms = 1}},
		{{'A', JOB_INSTALLED, WWW, 5, true}},
		""},
	{.name = "added again later, and failed before",
		'A',
		{{WWW, VERDICT_ACCEPT, 5, .added_ms = 4}},
		{{'A', JOB_FAILED, WWW, 5, true}},
		"s0:0"},
	{.name = "added again later, without the key",
		'A',
		{{WWW, VERDICT_REFUSE, 0, .added_ms = 4}},
		{{'A', JOB_INSTALLED, WWW, 5, true}},
		"r0:0"},
	{.name = "another contract was there",
		'A',
		{{WWW, VERDICT_ACCEPT, 5}},
		{{'A', JOB_INSTALLED, WWW, 5, true, .pushed_over = true}},
		"s0:0"},
	{.name = "another contract was there, and the key is gone",
		'A',
		{{WWW, VERDICT_REFUSE, 0}},
		{{'A', JOB_INSTALLED, WWW, 5, true, .pushed_over = true}},
		"r0:0"},
	/* Another contract has the pair. */
	{.name = "a first certificate is held",
		'A',
		{{WWW, VERDICT_HOLD, 0, .taken = true}},
		{{0}},
		"H0"},
	{.name = "held: that again",
		'A',
		{{WWW, VERDICT_HOLD, 0, .taken = true, .base_ms = 1}},
		{{'A', JOB_HELD, WWW, 0}},
		""},
	{.name = "held, with another base",
		'A',
		{{WWW, VERDICT_HOLD, 0, .taken = true, .base_ms = 3}},
		{{'A', JOB_HELD, WWW, 0}},
		"h0:0"},
	{.name = "scheduled, and taken by another",
		'A',
		{{WWW, VERDICT_HOLD, 0, .taken = true}},
		{{'A', JOB_SCHEDULED, WWW, 5}},
		"h0:0"},
	{.name = "in flight, and taken by another",
		'A',
		{{WWW, VERDICT_HOLD, 0, .taken = true}},
		{{'A', JOB_INSTALLING, WWW, 5, true}},
		""},
	{.name = "installed, let go, taken by another",
		'A',
		{{WWW, VERDICT_HOLD, 0, .taken = true}},
		{{'A', JOB_INSTALLED, WWW, 5, true}},
		"h0:0"},
	{.name = "installed, taken by another, the key gone",
		'A',
		{{WWW, VERDICT_REFUSE, 0, .taken = true}},
		{{'A', JOB_INSTALLED, WWW, 5, true}},
		"r0:0"},
	{.name = "called off, taken by another",
		'A',
		{{WWW, VERDICT_HOLD, 0, .taken = true}},
		{{'A', JOB_CANCELLED, WWW, 5}},
		"h0:0"},
	{.name = "failed, taken by another",
		'A',
		{{WWW, VERDICT_HOLD, 0, .taken = true}},
		{{'A', JOB_FAILED, WWW, 5}},
		""},
	{.name = "held, and free now",
		'A',
		{{WWW, VERDICT_ACCEPT, 0}},
		{{'A', JOB_HELD, WWW, 0}},
		"s0:0"},
	{.name = "held, and refused now",
		'A',
		{{WWW, VERDICT_REFUSE, 0}},
		{{'A', JOB_HELD, WWW, 0}},
		"r0:0"},
	{.name = "held, and the link is gone", 'A', {{0}}, {{'A', JOB_HELD, WWW, 0}}, "c0"},
	{.name = "a renewal of what is held",
		'B',
		{{WWW, VERDICT_HOLD, 0, .taken = true}},
		{{'A', JOB_HELD, WWW, 0}},
		"u0 H0"},
	{.name = "an operator cancelled it: the same snapshot does not bring it back",
		'A',
		{{WWW, VERDICT_ACCEPT, 5, .since_ms = 3}},
		{{'A', JOB_CANCELLED, WWW, 5, .called_off_ms = 4}},
		""},
	{.name = "nor does one that refuses it",
		'A',
		{{WWW, VERDICT_REFUSE, 0, .since_ms = 3}},
		{{'A', JOB_CANCELLED, WWW, 5, .called_off_ms = 4}},
		""},
	{.name = "nor one that has to wait for another contract",
		'A',
		{{WWW, VERDICT_HOLD, 0, .taken = true, .since_ms = 3}},
		{{'A', JOB_CANCELLED, WWW, 5, .called_off_ms = 4}},
		""},
	{.name = "nor its service code becoming free later",
		'A',
		{{WWW, VERDICT_ACCEPT, 9, .added_ms = 8, .since_ms = 3}},
		{{'A', JOB_CANCELLED, WWW, 5, .called_off_ms = 4}},
		""},
	{.name = "its link added anew does",
		'A',
		{{WWW, VERDICT_ACCEPT, 9, .added_ms = 6, .since_ms = 6}},
		{{'A', JOB_CANCELLED, WWW, 5, .called_off_ms = 4}},
		"s0:0"},
	{.name = "a newer certificate is another install",
		'B',
		{{WWW, VERDICT_ACCEPT, 9, .since_ms = 3}},
		{{'A', JOB_CANCELLED, WWW, 5, .called_off_ms = 4}},
		"S0"},
	{.name = "one that its link's going cancelled comes back with it",
		'A',
		{{WWW, VERDICT_ACCEPT, 5, .since_ms = 3}},
		{{'A', JOB_CANCELLED, WWW, 5}},
		"s0:0"},
};

static void describe(const struct plan_change *changes, size_t count, char *text, size_t size)
{
	size_t i, used = 0;

	text[0] = '\0';
	for (i = 0; i < count; i++) {
		const struct plan_change *change = &changes[i];
		const char *gap = i ? " " : "";
		int length = 0;

		switch (change->action) {
		case PLAN_SCHEDULE:
			length = snprintf(text + used, size - used, "%sS%zu", gap, change->wanted);
			break;
		case PLAN_REFUSE:
			length = snprintf(text + used, size - used, "%sR%zu", gap, change->wanted);
			break;
		case PLAN_SUPERSEDE:
			length = snprintf(text + used, size - used, "%su%zu", gap, change->job);
			break;
		case PLAN_CANCEL:
			length = snprintf(text + used, size - used, "%sc%zu", gap, change->job);
			break;
		case PLAN_REFUSE_JOB:
			length = snprintf(text + used, size - used, "%sr%zu:%zu", gap, change->job,
				change->wanted);
			break;
		case PLAN_RESCHEDULE:
			length = snprintf(text + used, size - used, "%ss%zu:%zu", gap, change->job,
				change->wanted);
			break;
		case PLAN_HOLD_JOB:
			length = snprintf(text + used, size - used, "%sh%zu:%zu", gap, change->job,
				change->wanted);
			break;
		case PLAN_OVERTAKEN:
			length = snprintf(text + used, size - used, "%so%zu", gap, change->job);
			break;
		case PLAN_HOLD:
			length = snprintf(text + used, size - used, "%sH%zu", gap, change->wanted);
			break;
		case PLAN_PASS_OVER:
			length = snprintf(text + used, size - used, "%sP%zu", gap, change->wanted);
			break;
		}
		used += (size_t)length;
	}
}

static struct plan_certificate certificate_of(const struct plan_case *given)
{
	return (struct plan_certificate){
		.fingerprint = {(unsigned char)given->certificate},
		.at_ms = given->at_ms != 0 ? given->at_ms : given->certificate - 'A' + 1,
	};
}

static struct plan_job job_of(const struct given_job *job)
{
	int64_t issued_ms = job->issued_ms != 0 ? job->issued_ms : job->certificate - 'A' + 1;

	return (struct plan_job){
		.state = job->state,
		.fingerprint = {(unsigned char)job->certificate},
		.issued_ms = issued_ms,
		.base_ms = job->base_ms != 0 ? job->base_ms : issued_ms,
		.due_ms = job->due_ms,
		.tried = job->tried,
		.pushed_over = job->pushed_over,
		.called_off_ms = job->called_off_ms,
		.service = job->service,
		.service_code = job->code,
		.fqdn = job->fqdn,
	};
}

static void run_case(const struct plan_case *given)
{
	const struct plan_certificate certificate = certificate_of(given);
	struct verdict verdicts[3] = {0};
	struct plan_wanted wanted[3];
	struct plan_job jobs[3] = {0};
	size_t link_count = 0, job_count = 0, count;
	struct plan_change *changes;
	char text[128];

	for (; link_count < 3 && given->links[link_count].service; link_count++) {
		const struct given_link *link = &given->links[link_count];

		verdicts[link_count].kind = link->kind;
		verdicts[link_count].schedule.due_ms = link->due_ms;
		verdicts[link_count].base_ms = link->base_ms;
		wanted[link_count] = (struct plan_wanted){link->service, link->code, link->fqdn,
			&verdicts[link_count], link->added_ms, link->taken, link->since_ms};
	}
	for (; job_count < 3 && given->jobs[job_count].service; job_count++)
		jobs[job_count] = job_of(&given->jobs[job_count]);
	plan_make(given->certificate ? &certificate : NULL, wanted, link_count, jobs, job_count,
		&changes, &count);
	describe(changes, count, text, sizeof(text));
	free(changes);
	if (strcmp(text, given->want) != 0)
		fail_msg("%s: got \"%s\", want \"%s\"", given->name, text, given->want);
}

static void test_cases(void **unused)
{
	size_t i;

	(void)unused;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		run_case(&cases[i]);
}

static void test_many_links(void **unused)
{
	enum { MANY = 100 };
	static const struct plan_certificate certificate = {.fingerprint = {'A'}, .at_ms = 1};
	const struct verdict verdict = {.kind = VERDICT_ACCEPT};
	struct plan_wanted wanted[MANY];
	char codes[MANY][8];
	struct plan_change *changes;
	size_t i, count;

	(void)unused;
	for (i = 0; i < MANY; i++) {
		snprintf(codes[i], sizeof(codes[i]), "w%zu", i);
		wanted[i] = (struct plan_wanted){
			.service = "webhg2",
			.service_code = codes[i],
			.fqdn = "www.example.jp",
			.verdict = &verdict,
		};
	}
	plan_make(&certificate, wanted, MANY, NULL, 0, &changes, &count);
	assert_int_equal(count, MANY);
	for (i = 0; i < MANY; i++) {
		assert_int_equal(changes[i].action, PLAN_SCHEDULE);
		assert_int_equal(changes[i].wanted, i);
	}
	free(changes);
}

#define DAYS(days) ((days)*INT64_C(86400000))

static void test_revoked(void **unused)
{
	static const struct {
		const char *name;
		char certificate;
		enum job_state state;
		int64_t issued_ms, not_after_ms;
		const char *fqdn;
		int64_t revoked_ms;
	} jobs[] = {
		{"a reissue", 'A', JOB_INSTALLED, DAYS(10), DAYS(375), "www.example.jp", DAYS(130)},
		{"over one that waits", 'A', JOB_SUPERSEDED, DAYS(10), DAYS(375), "www.example.jp",
			DAYS(130)},
		{"a renewal in the last 30 days", 'A', JOB_INSTALLED, DAYS(10), DAYS(130),
			"www.example.jp", 0},
		{"a little more than 30 days", 'A', JOB_INSTALLED, DAYS(10), DAYS(130) + 1,
			"www.example.jp", DAYS(130)},
		{"itself", 'B', JOB_INSTALLED, DAYS(10), DAYS(375), "www.example.jp", 0},
		{"a newer one", 'A', JOB_INSTALLED, DAYS(100), DAYS(375), "www.example.jp", 0},
		{"one that was refused", 'A', JOB_REFUSED, DAYS(10), DAYS(375), "www.example.jp",
			0},
		{"one elsewhere", 'A', JOB_INSTALLED, DAYS(10), DAYS(375), "mail.example.jp", 0},
	};
	const struct plan_certificate certificate = {.fingerprint = {'B'}, .at_ms = DAYS(100)};
	const struct plan_wanted wanted = {
		.service = "webhg2", .service_code = "w1", .fqdn = "www.example.jp"};
	size_t i;

	(void)unused;
	for (i = 0; i < sizeof(jobs) / sizeof(jobs[0]); i++) {
		const struct plan_job job = {
			.state = jobs[i].state,
			.fingerprint = {(unsigned char)jobs[i].certificate},
			.issued_ms = jobs[i].issued_ms,
			.not_after_ms = jobs[i].not_after_ms,
			.service = "webhg2",
			.service_code = "w1",
			.fqdn = jobs[i].fqdn,
		};

		if (plan_revoked_ms(&certificate, &wanted, &job, 1) != jobs[i].revoked_ms)
			fail_msg("%s", jobs[i].name);
	}
	assert_int_equal(plan_revoked_ms(&certificate, &wanted, NULL, 0), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_cases),
		cmocka_unit_test(test_many_links), cmocka_unit_test(test_revoked)};

	return cmocka_run_group_tests_name("plan", tests, NULL, NULL);
}
