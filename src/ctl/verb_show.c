#include "ctl/verb_show.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/civil.h"
#include "base/words.h"
#include "ctl/store_request.h"
#include "ctl/terminal.h"
#include "ctl/view_request.h"
#include "ops/json_say.h"

static struct json_object *element(struct json_object *array, size_t index)
{
	return json_object_array_get_idx(array, index);
}

static size_t length(struct json_object *array)
{
	return json_object_is_type(array, json_type_array) ? json_object_array_length(array) : 0;
}

static void show_heading(const char *heading)
{
	terminal_paint(PAINT_BOLD, heading);
	putchar('\n');
}

static void show_record(struct json_object *job)
{
	struct json_object *record = json_said(job, "record"), *link = json_said(record, "link");
	char at[WHEN_TEXT_MAX];

	show_heading(_("Record"));
	if (record == NULL) {
		puts(_("  its contract is not in the store"));
		return;
	}
	printf(_("  contract %s, revision %jd, %s: %s (%s), common name %s\n"),
		json_said_text(record, "contract"), (intmax_t)json_said_int(record, "revision"),
		json_said_text(record, "contract_state"), json_said_text(record, "item_name"),
		json_said_text(record, "item"), json_said_text(record, "common_name"));
	if (!json_said_bool(record, "is_latest"))
		puts(_("  it has a newer certificate than this job's"));
	if (link == NULL) {
		puts(_("  it does not link to this service code any more"));
		return;
	}
	view_when_text(at, link, "since");
	printf(_("  links to %s %s for %s since %s\n"), json_said_text(link, "service"),
		json_said_text(link, "service_code"), json_said_text(link, "fqdn"), at);
}

static void show_certificate(struct json_object *job)
{
	struct json_object *certificate = json_said(job, "certificate");
	char from[WHEN_TEXT_MAX], to[WHEN_TEXT_MAX], issued[WHEN_TEXT_MAX];

	show_heading(_("Certificate"));
	printf("  SHA-256 %s\n", json_said_text(job, "fingerprint_sha256"));
	if (certificate == NULL)
		return;
	view_when_text(from, certificate, "not_before");
	view_when_text(to, certificate, "not_after");
	view_when_text(issued, certificate, "issued");
	printf(_("  key %s, valid from %s to %s\n"), json_said_text(certificate, "key"), from, to);
	printf(_("  issued or registered %s; intermediates: %zu\n"), issued,
		length(json_said(certificate, "chain")));
	puts(json_said_bool(certificate, "holds_key") ? _("  its private key is held, sealed")
						      : _("  its private key is held no more"));
}

static void show_days(struct json_object *job)
{
	struct json_object *days = json_said(job, "days");
	size_t i;

	if (length(days) == 0)
		return;
	show_heading(_("Days"));
	for (i = 0; i < length(days); i++) {
		struct json_object *day = element(days, i);
		const char *weekday = "";
		civil_day number;

		if (civil_parse_date(json_said_text(day, "date"), &number))
			weekday = civil_weekday_short(civil_weekday(number));
		printf("  %s (%s)  %s  %s\n", json_said_text(day, "date"), weekday,
			json_said_bool(day, "business") ? _("open  ") : _("closed"),
			json_said_text(day, "why"));
	}
}

static void show_rules(struct json_object *job)
{
	struct json_object *trail = json_said(job, "trail");
	char first[64];
	size_t i;

	show_heading(_("Rules"));
	for (i = 0; i < length(trail); i++) {
		struct json_object *line = element(trail, i);

		snprintf(first, sizeof(first), "  %-11s %-7s ", json_said_text(line, "rule"),
			json_said_text(line, "outcome"));
		terminal_fold(first, json_said_text(line, "text"));
	}
}

static void show_try(struct json_object *try)
{
	char at[WHEN_TEXT_MAX], status[24] = "", first[160];
	const char *excerpt = json_said_text(try, "excerpt");

	view_moment_text(at, try, "at");
	if (json_said_int(try, "status") != 0)
		snprintf(status, sizeof(status), " HTTP %d", (int)json_said_int(try, "status"));
	if (strcmp(json_said_text(try, "kind"), "act") == 0)
		snprintf(first, sizeof(first), "  %s  act    %-9s ", at,
			json_said_text(try, "outcome"));
	else
		snprintf(first, sizeof(first), "  %s  try %d  %-9s %-11s%s %" PRId64 " ms  ", at,
			(int)json_said_int(try, "try"), json_said_text(try, "kind"),
			json_said_text(try, "outcome"), status, json_said_int(try, "duration_ms"));
	terminal_fold(first, json_said_text(try, "text"));
	if (excerpt != NULL && excerpt[0] != '\0')
		terminal_fold(_("    answer: "), excerpt);
}

static void show_text(struct json_object *job)
{
	const char *why = json_said_text(json_said(job, "overdue"), "text");
	struct json_object *story = json_said(job, "story"), *tries = json_said(job, "tries");
	char due[WHEN_TEXT_MAX];
	size_t i;

	printf(_("Job %jd: contract %s, %s %s %s\n"), (intmax_t)json_said_int(job, "job"),
		json_said_text(job, "contract"), json_said_text(job, "service"),
		json_said_text(job, "service_code"), json_said_text(job, "fqdn"));
	view_when_text(due, job, "due");
	if (json_said_instant(job, "due") != 0)
		printf(_("  %s, due %s\n"), json_said_text(job, "state"), due);
	else
		printf("  %s\n", json_said_text(job, "state"));
	if (why != NULL)
		printf(_("  overdue: %s\n"), why);
	for (i = 0; i < length(story); i++)
		terminal_fold("  ", json_object_get_string(element(story, i)));
	show_record(job);
	show_certificate(job);
	show_days(job);
	show_rules(job);
	show_heading(_("Tries"));
	if (length(tries) == 0)
		puts(_("  none yet"));
	for (i = 0; i < length(tries); i++)
		show_try(element(tries, i));
}

static int run_show(struct store_request *request)
{
	struct json_object *job;
	struct error error;
	int64_t id;

	if (request->operand_count != 1) {
		store_request_fault(request, "which job? Give one number; see certinstallctl jobs");
		return STORE_USAGE;
	}
	if (!store_request_id(request, request->operands[0], &id))
		return STORE_USAGE;
	if (!view_request_job(request, id, &job, &error))
		return store_request_fault(request, error.text);
	if (job == NULL)
		return store_request_fault(request, "there is no such job");
	if (request->json)
		puts(json_line(job));
	else
		show_text(job);
	json_object_put(job);
	return STORE_DONE;
}

int verb_show(int argc, char **argv)
{
	static const struct store_verb verb = {"show", "JOB", "", 0};
	struct store_request request;
	int status;

	if (store_request_begin_asking(&request, &verb, argc, argv, &status))
		status = run_show(&request);
	return store_request_end(&request, status);
}
