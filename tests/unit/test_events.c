#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "base/events.h"
#include "engine/writer.h"
#include "engine_fixture.h"

#define DAY INT64_C(86400000)
#define WWW(since)                                                                                 \
	"{\"service\":\"webhg2\",\"service_code\":\"whg1\",\"fqdn\":\"www.example.jp\",\"since\":" \
	"\"" since "\"}"
#define OLD WWW("2026-01-05T10:00:00+09:00")
#define YOUNG WWW("2026-02-05T10:00:00+09:00")

/* What was logged: the events' names, each entry's fields as a line, and what was wrong with it. */
static char names[2000], entries[20000], wrong[500];

static bool has_value(const struct log_field *fields, size_t count, const char *name, size_t length)
{
	size_t i;

	for (i = 0; i < count; i++) {
		if (strncmp(fields[i].name, name, length) == 0 && fields[i].name[length] == '\0')
			return fields[i].value[0] != '\0' && strcmp(fields[i].value, "0") != 0;
	}
	return false;
}

/* Each field that the event's rule names is there, and nothing else but the id. */
static void check_entry(enum log_level level, const struct event_rule *rule,
	const struct log_field *fields, size_t count)
{
	size_t promised = 0;
	const char *at = rule->fields;

	while (*at != '\0') {
		size_t length = strcspn(at, " ");

		if (!has_value(fields, count, at, length))
			snprintf(wrong, sizeof(wrong), "%s without %.*s", rule->name, (int)length,
				at);
		promised++;
		at += length + (at[length] == ' ' ? 1 : 0);
	}
	if (promised + 1 != count || level != rule->level)
		snprintf(wrong, sizeof(wrong), "%s: %zu fields at level %d", rule->name, count,
			(int)level);
}

static void hear(void *context, enum log_level level, const char *message,
	const struct log_field *fields, size_t count)
{
	const struct event_rule *rule = NULL;
	size_t i;

	(void)context;
	if (level > LOG_LEVEL_INFO)
		return;
	for (i = 0; i < EVENT_COUNT && count > 0; i++) {
		if (strcmp(event_rule((enum event_id)i)->id, fields[0].value) == 0)
			rule = event_rule((enum event_id)i);
	}
	if (rule == NULL || strcmp(fields[0].name, "MESSAGE_ID") != 0) {
		snprintf(wrong, sizeof(wrong), "no event: %s", message);
		return;
	}
	check_entry(level, rule, fields, count);
	snprintf(names + strlen(names), sizeof(names) - strlen(names), "%s ", rule->name);
	for (i = 1; i < count; i++)
		snprintf(entries + strlen(entries), sizeof(entries) - strlen(entries), "%s=%s ",
			fields[i].name, fields[i].value);
	snprintf(entries + strlen(entries), sizeof(entries) - strlen(entries), "\n");
}

static void assert_names(const char *wanted)
{
	assert_string_equal(wrong, "");
	assert_string_equal(names, wanted);
	names[0] = '\0';
}

static void assert_entry(const char *part)
{
	if (strstr(entries, part) == NULL)
		fail_msg("\"%s\" is not in \"%s\"", part, entries);
	entries[0] = '\0';
}

static void listen(void)
{
	names[0] = entries[0] = wrong[0] = '\0';
	log_set_sink(hear, NULL);
}

/* ---- the table ---- */

static void test_rules(void **unused)
{
	size_t i, j;

	(void)unused;
	for (i = 0; i < EVENT_COUNT; i++) {
		const struct event_rule *rule = event_rule((enum event_id)i);

		assert_int_equal(strlen(rule->id), 32);
		assert_int_equal(strspn(rule->id, "0123456789abcdef"), 32);
		assert_in_range(rule->level, LOG_LEVEL_ERROR, LOG_LEVEL_INFO);
		for (j = 0; j < i; j++)
			assert_string_not_equal(rule->id, event_rule((enum event_id)j)->id);
	}
}

static void test_log_event(void **unused)
{
	const struct log_field fields[] = {{"SERVIC", "a"}, {"SERVICE", "webhg2"},
		{"SERVICES", "b"}, {"OUTCOME", NULL}, {NULL, NULL}};

	(void)unused;
	listen();
	log_event(EVENT_SERVICE_NO_EDGE, fields, ARRAY_LENGTH(fields), "%s", "without an edge");
	assert_names("SERVICE_NO_EDGE ");
	assert_entry("SERVICE=webhg2 \n");
	/* One that is missing is what the check above is to find. */
	log_event(EVENT_SERVICE_PAUSED, fields, ARRAY_LENGTH(fields), "paused");
	assert_string_equal(wrong, "SERVICE_PAUSED: 2 fields at level 5");
	log_set_sink(NULL, NULL);
}

/* ---- what comes of a try ---- */

static const struct {
	enum job_state state;
	bool internal;
	bool interrupted;
	bool guarded;
	bool asked_last; /* the try ended with asking what the service has */
	bool late;
	const char *wanted;
} outcomes[] = {
	{JOB_INSTALLED, false, false, false, false, false, "JOB_INSTALLED "},
	{JOB_INSTALLED, false, false, true, true, false, "JOB_INSTALLED "},
	{JOB_VERIFYING, false, false, false, false, false, "JOB_VERIFYING "},
	{JOB_RETRYING, false, false, false, false, false, "JOB_RETRYING "},
	{JOB_RETRYING, false, true, false, false, false, "JOB_INTERRUPTED "},
	{JOB_RETRYING, true, false, false, false, false, "JOB_TROUBLE_HERE "},
	{JOB_FAILED, false, false, false, false, false, "JOB_FAILED "},
	{JOB_FAILED, true, false, false, true, false, "JOB_FAILED "},
	{JOB_FAILED, false, false, true, false, false, "JOB_FAILED "},
	{JOB_FAILED, false, false, true, true, false, "JOB_GUARDED "},
	{JOB_SUPERSEDED, false, false, true, true, false, "JOB_SUPERSEDED "},
	{JOB_INSTALLED, false, false, false, false, true, "JOB_LATE_ANSWER "},
};

static void test_outcomes(void **unused)
{
	char contract[] = "c1", service[] = "webhg2", code[] = "whg1", fqdn[] = "www.example.jp";
	size_t i;

	(void)unused;
	listen();
	for (i = 0; i < ARRAY_LENGTH(outcomes); i++) {
		struct attempt_entry history[] = {
			{.kind = ATTEMPT_PUSH}, {.kind = ATTEMPT_READ_BACK}};
		struct attempt_result result = {.job = {.id = 7,
							.contract = contract,
							.service = service,
							.service_code = code,
							.fqdn = fqdn,
							.attempts = 3,
							.guarded = outcomes[i].guarded},
			.internal = outcomes[i].internal,
			.interrupted = outcomes[i].interrupted,
			.entries = history,
			.entry_count = outcomes[i].asked_last ? 2 : 1};
		const struct settling settling = {
			.state = outcomes[i].state, .next_ms = FIXTURE_START_MS};

		settle_log(&result, &settling, !outcomes[i].late);
		assert_names(outcomes[i].wanted);
		assert_entry("JOB_ID=7 CONTRACT=c1 SERVICE=webhg2 FQDN=www.example.jp ");
	}
	settle_log(&(struct attempt_result){.job = {.contract = contract,
						    .service = service,
						    .service_code = code,
						    .fqdn = fqdn,
						    .attempts = 3}},
		&(struct settling){.state = JOB_RETRYING, .next_ms = FIXTURE_START_MS}, true);
	assert_entry("ATTEMPT=3 OUTCOME=retrying NEXT=2026-11-16T10:00:00+09:00 \n");
	log_set_sink(NULL, NULL);
}

/* ---- through the engine ---- */

static int begin(void **state)
{
	*state = engine_fixture_new("retry-floor = \"10s\" retry-ceiling = \"10s\"");
	listen();
	return 0;
}

static int end(void **state)
{
	log_set_sink(NULL, NULL);
	engine_fixture_free(*state);
	return 0;
}

static void take(struct engine_fixture *fixture, const struct fixture_record *record)
{
	assert_int_equal(engine_fixture_take(fixture, record, NULL), SPOOL_TAKEN);
}

static void pump_in_days(struct engine_fixture *fixture, int days)
{
	manual_clock_advance(&fixture->clock, days * DAY);
	engine_fixture_pump(fixture);
}

/* The job's number is that of the store, from the first line on. */
static void test_one_line_each(void **state)
{
	struct engine_fixture *fixture = *state;
	char line[100];
	struct store_job job;

	take(fixture, &(struct fixture_record){.contract = "c1", .revision = 1, .certificate = 1});
	job = engine_fixture_job(fixture, "c1", 0);
	assert_names("JOB_ACCEPTED ");
	snprintf(line, sizeof(line), "JOB_ID=%lld CONTRACT=c1 SERVICE=webhg2 FQDN=www.example.jp",
		(long long)job.id);
	assert_entry(line);
	pump_in_days(fixture, 2);
	assert_names("JOB_INSTALLED ");
	assert_entry(line);
	/* The same record once more, and whatever comes after the end, is no news. */
	take(fixture, &(struct fixture_record){.contract = "c1", .revision = 1, .certificate = 1});
	take(fixture, &(struct fixture_record){.contract = "c1", .revision = 2, .certificate = 1});
	pump_in_days(fixture, 2);
	assert_names("");
	store_job_clear(&job);
}

static void test_of_a_service_that_fails(void **state)
{
	static const struct scripted_answer busy = {HTTP_OK, 503, "5", false, NULL, NULL},
					    wrong_data = {HTTP_OK, 422, NULL, false, NULL, NULL};
	struct engine_fixture *fixture = *state;

	engine_fixture_script(fixture, &busy, 1);
	take(fixture, &(struct fixture_record){.contract = "c1", .revision = 1, .certificate = 1});
	pump_in_days(fixture, 2);
	assert_names("JOB_ACCEPTED SERVICE_PAUSED JOB_RETRYING ");
	assert_entry("SERVICE=webhg2 OUTCOME=paused \n");
	engine_fixture_script(fixture, &wrong_data, 1);
	manual_clock_advance(&fixture->clock, 60000);
	engine_fixture_pump(fixture);
	assert_names("JOB_FAILED ");
	assert_entry("ATTEMPT=2 OUTCOME=failed \n");
}

static void test_of_records(void **state)
{
	struct engine_fixture *fixture = *state;

	take(fixture, &(struct fixture_record){.contract = "c0",
			      .revision = 1,
			      .certificate = 1,
			      .wrong_key = true,
			      .links = OLD});
	assert_names("JOB_REFUSED ");
	assert_entry("OUTCOME=refuse REASON=key-mismatch \n");
	take(fixture, &(struct fixture_record){
			      .contract = "c0", .revision = 2, .certificate = 1, .links = OLD});
	assert_names("JOB_RESCHEDULED ");
	take(fixture, &(struct fixture_record){
			      .contract = "c2", .revision = 1, .certificate = 2, .links = YOUNG});
	assert_names("JOB_HELD ");
	assert_entry("OUTCOME=hold HOLDER=c0 \n");
	take(fixture, &(struct fixture_record){.contract = "c0",
			      .revision = 3,
			      .certificate = 3,
			      .at_ms = FIXTURE_START_MS + 1000,
			      .links = OLD});
	assert_names("JOB_SUPERSEDED JOB_ACCEPTED ");
	entries[0] = '\0';
	take(fixture, &(struct fixture_record){.contract = "c0",
			      .revision = 4,
			      .certificate = 3,
			      .at_ms = FIXTURE_START_MS + 1000,
			      .links = ""});
	assert_names("JOB_CANCELLED JOB_RELEASED ");
	assert_entry("CONTRACT=c0 SERVICE=webhg2 FQDN=www.example.jp OUTCOME=cancelled \n");
}

/* A certificate that is older than the one that was there. */
static void test_of_a_record_too_late(void **state)
{
	struct engine_fixture *fixture = *state;

	take(fixture, &(struct fixture_record){.contract = "c1", .revision = 1, .certificate = 2});
	pump_in_days(fixture, 2);
	names[0] = '\0';
	take(fixture, &(struct fixture_record){.contract = "c1",
			      .revision = 2,
			      .certificate = 1,
			      .at_ms = FIXTURE_START_MS - DAY});
	assert_names("JOB_SUPERSEDED ");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rules),
		cmocka_unit_test(test_log_event),
		cmocka_unit_test(test_outcomes),
		cmocka_unit_test_setup_teardown(test_one_line_each, begin, end),
		cmocka_unit_test_setup_teardown(test_of_a_service_that_fails, begin, end),
		cmocka_unit_test_setup_teardown(test_of_records, begin, end),
		cmocka_unit_test_setup_teardown(test_of_a_record_too_late, begin, end),
	};

	return cmocka_run_group_tests_name("events", tests, NULL, NULL);
}
