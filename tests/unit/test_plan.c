#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "domain/plan.h"

/* Certificates are known by a letter: the first byte of their fingerprint. */
struct given_job {
	char certificate;
	enum job_state state;
	const char *service, *code, *fqdn;
	int64_t due_ms;
};

struct given_link {
	const char *service, *code, *fqdn;
	enum verdict_kind kind;
	int64_t due_ms;
};

struct plan_case {
	const char *name;
	char certificate; /* 0: none */
	struct given_link links[3];
	struct given_job jobs[3];
	/* "S0" schedule link 0, "R0" refuse link 0, "u1" supersede job 1, "c1" cancel job 1,
	   "r1:0" refuse job 1 for link 0, "s1:0" reschedule job 1 for link 0 */
	const char *want;
};

#define WWW "webhg2", "w1", "www.example.jp"
#define DOC "docex", "d1", "www.example.jp"

static const struct plan_case cases[] = {
	{"a first certificate", 'A', {{WWW, VERDICT_ACCEPT, 5}, {DOC, VERDICT_REFUSE, 0}}, {{0}},
		"S0 R1"},
	{"the same snapshot again", 'A', {{WWW, VERDICT_ACCEPT, 5}, {DOC, VERDICT_REFUSE, 0}},
		{{'A', JOB_SCHEDULED, WWW, 5}, {'A', JOB_REFUSED, DOC, 0}}, ""},
	{"the same, while it is being installed", 'A', {{WWW, VERDICT_ACCEPT, 5}},
		{{'A', JOB_INSTALLING, WWW, 5}}, ""},
	{"the same, when it is installed", 'A', {{WWW, VERDICT_ACCEPT, 5}},
		{{'A', JOB_INSTALLED, WWW, 5}}, ""},
	{"the same, when it failed: an operator's business", 'A', {{WWW, VERDICT_ACCEPT, 5}},
		{{'A', JOB_FAILED, WWW, 5}}, ""},
	{"a renewal over an installed certificate", 'B', {{WWW, VERDICT_ACCEPT, 9}},
		{{'A', JOB_INSTALLED, WWW, 5}}, "S0"},
	{"a reissue over one that waits", 'B', {{WWW, VERDICT_ACCEPT, 9}},
		{{'A', JOB_SCHEDULED, WWW, 5}}, "u0 S0"},
	{"a reissue over one in flight", 'B', {{WWW, VERDICT_ACCEPT, 9}},
		{{'A', JOB_INSTALLING, WWW, 5}}, "u0 S0"},
	{"a reissue over one that failed", 'B', {{WWW, VERDICT_ACCEPT, 9}},
		{{'A', JOB_FAILED, WWW, 5}}, "u0 S0"},
	{"a link added", 'A', {{WWW, VERDICT_ACCEPT, 5}, {DOC, VERDICT_ACCEPT, 7}},
		{{'A', JOB_INSTALLED, WWW, 5}}, "S1"},
	{"a link removed before its day", 'A', {{WWW, VERDICT_ACCEPT, 5}},
		{{'A', JOB_SCHEDULED, WWW, 5}, {'A', JOB_SCHEDULED, DOC, 5}}, "c1"},
	{"a link removed after its day: nothing is uninstalled", 'A', {{WWW, VERDICT_ACCEPT, 5}},
		{{'A', JOB_INSTALLED, WWW, 5}, {'A', JOB_INSTALLED, DOC, 5}}, ""},
	{"another service code", 'A', {{"webhg2", "w2", "www.example.jp", VERDICT_ACCEPT, 5}},
		{{'A', JOB_SCHEDULED, WWW, 5}}, "c0 S0"},
	{"another service under the same code", 'A',
		{{"docex", "w1", "www.example.jp", VERDICT_ACCEPT, 5}},
		{{'A', JOB_SCHEDULED, WWW, 5}}, "c0 S0"},
	{"the contract ends", 'A', {{WWW, VERDICT_NONE, 0}, {DOC, VERDICT_NONE, 0}},
		{{'A', JOB_INSTALLED, WWW, 5}, {'A', JOB_RETRYING, DOC, 5}}, "c1"},
	{"no certificate any more", 0, {{WWW, VERDICT_NONE, 0}}, {{'A', JOB_SCHEDULED, WWW, 5}},
		"c0"},
	{"refused after all", 'A', {{WWW, VERDICT_REFUSE, 0}}, {{'A', JOB_SCHEDULED, WWW, 5}},
		"r0:0"},
	{"refused, but installed already", 'A', {{WWW, VERDICT_REFUSE, 0}},
		{{'A', JOB_INSTALLED, WWW, 5}}, ""},
	{"accepted after all", 'A', {{WWW, VERDICT_ACCEPT, 5}}, {{'A', JOB_REFUSED, WWW, 0}},
		"s0:0"},
	{"the link came back", 'A', {{WWW, VERDICT_ACCEPT, 5}}, {{'A', JOB_CANCELLED, WWW, 5}},
		"s0:0"},
	{"due on another day", 'A', {{WWW, VERDICT_ACCEPT, 8}}, {{'A', JOB_SCHEDULED, WWW, 5}},
		"s0:0"},
	{"due on another day, but tried already", 'A', {{WWW, VERDICT_ACCEPT, 8}},
		{{'A', JOB_RETRYING, WWW, 5}}, ""},
	{"never back to a superseded one", 'A', {{WWW, VERDICT_ACCEPT, 5}},
		{{'A', JOB_SUPERSEDED, WWW, 5}}, ""},
	{"an old refusal makes room", 'B', {{WWW, VERDICT_ACCEPT, 5}}, {{'A', JOB_REFUSED, WWW, 0}},
		"u0 S0"},
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
		}
		used += (size_t)length;
	}
}

static void run_case(const struct plan_case *given)
{
	struct verdict verdicts[3] = {0};
	struct plan_wanted wanted[3];
	struct plan_job jobs[3] = {0};
	unsigned char fingerprint[FINGERPRINT_SIZE] = {(unsigned char)given->certificate};
	size_t link_count = 0, job_count = 0, count;
	struct plan_change *changes;
	char text[128];

	for (; link_count < 3 && given->links[link_count].service; link_count++) {
		const struct given_link *link = &given->links[link_count];

		verdicts[link_count].kind = link->kind;
		verdicts[link_count].schedule.due_ms = link->due_ms;
		wanted[link_count] = (struct plan_wanted){
			link->service, link->code, link->fqdn, &verdicts[link_count]};
	}
	for (; job_count < 3 && given->jobs[job_count].service; job_count++) {
		const struct given_job *job = &given->jobs[job_count];

		jobs[job_count] = (struct plan_job){
			.id = (int64_t)job_count + 1,
			.state = job->state,
			.fingerprint = {(unsigned char)job->certificate},
			.due_ms = job->due_ms,
			.service = job->service,
			.service_code = job->code,
			.fqdn = job->fqdn,
		};
	}
	plan_make(given->certificate ? fingerprint : NULL, wanted, link_count, jobs, job_count,
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
	static const unsigned char fingerprint[FINGERPRINT_SIZE] = {'A'};
	const struct verdict verdict = {.kind = VERDICT_ACCEPT};
	struct plan_wanted wanted[MANY];
	char codes[MANY][8];
	struct plan_change *changes;
	size_t i, count;

	(void)unused;
	for (i = 0; i < MANY; i++) {
		snprintf(codes[i], sizeof(codes[i]), "w%zu", i);
		wanted[i] = (struct plan_wanted){"webhg2", codes[i], "www.example.jp", &verdict};
	}
	plan_make(fingerprint, wanted, MANY, NULL, 0, &changes, &count);
	assert_int_equal(count, MANY);
	for (i = 0; i < MANY; i++) {
		assert_int_equal(changes[i].action, PLAN_SCHEDULE);
		assert_int_equal(changes[i].wanted, i);
	}
	free(changes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cases), cmocka_unit_test(test_many_links)};

	return cmocka_run_group_tests_name("plan", tests, NULL, NULL);
}
