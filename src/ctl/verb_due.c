#include "ctl/verb_calendar.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/buffer.h"
#include "base/civil.h"
#include "ctl/calendar_request.h"
#include "domain/schedule.h"

/* The run of instants of one "due", which may be longer than memory. */
struct run {
	struct calendar_request *request;
	struct schedule_rules rules;
	size_t written;
};

static void due_write(struct run *run, int64_t base_ms, int64_t due_ms)
{
	char base[CIVIL_INSTANT_MAX], text[CIVIL_INSTANT_MAX];
	struct json_object *object;

	civil_format_instant(text, due_ms, TOKYO_OFFSET_MIN);
	run->written++;
	if (!run->request->json) {
		puts(text);
		return;
	}
	civil_format_instant(base, base_ms, TOKYO_OFFSET_MIN);
	object = json_object_new_object();
	json_add_text(object, "instant", base);
	json_add_text(object, "due", text);
	if (run->written > 1)
		putchar(',');
	json_print(object);
}

/* PLACE says where TEXT stands: "argument 2", "standard input, line 7". */
static bool due_one(struct run *run, const char *place, size_t number, const char *text)
{
	int64_t base_ms, due_ms;
	struct error error;

	if (!civil_parse_instant(text, &base_ms)) {
		calendar_request_tell(run->request,
			"%s %zu: \"%.64s\" is no instant; write it as "
			"2026-11-20T10:15:00+09:00",
			place, number, text);
		return false;
	}
	if (!schedule_due(
		    &run->request->rulebook.calendar, &run->rules, base_ms, &due_ms, &error)) {
		calendar_request_tell(
			run->request, "%s %zu: %s: %s", place, number, text, error.text);
		return false;
	}
	calendar_request_note_year(
		run->request, civil_to_date(civil_day_of(due_ms, TOKYO_OFFSET_MIN)).year);
	due_write(run, base_ms, due_ms);
	return true;
}

static int due_lines(struct run *run)
{
	char line[256];
	size_t number = 0;

	while (fgets(line, sizeof(line), stdin) != NULL) {
		number++;
		line[strcspn(line, "\r\n")] = '\0';
		/* A longer line comes in pieces, of which the first is no instant. */
		if (line[0] != '\0' && !due_one(run, "standard input, line", number, line))
			return STATUS_USAGE;
	}
	if (ferror(stdin)) {
		calendar_request_tell(run->request, "standard input: %s", strerror(errno));
		return STATUS_FAULT;
	}
	return STATUS_DONE;
}

static int due_all(struct run *run)
{
	struct calendar_request *request = run->request;
	int i, status = STATUS_DONE;

	for (i = 0; i < request->operand_count && status == STATUS_DONE; i++) {
		if (strcmp(request->operands[i], "-") == 0)
			status = due_lines(run);
		else if (!due_one(run, "argument", (size_t)i + 1, request->operands[i]))
			status = STATUS_USAGE;
	}
	return status;
}

static int unknown_service(const struct calendar_request *request)
{
	struct buffer known = {0};
	size_t i;

	for (i = 0; i < request->rulebook.service_count; i++)
		buffer_printf(&known, "%s%s", i > 0 ? ", " : "", request->rulebook.services[i].id);
	calendar_request_tell(request, "no service \"%.64s\" is known; known are: %s",
		request->service, buffer_text(&known));
	buffer_free(&known);
	return STATUS_USAGE;
}

static int run_due(struct calendar_request *request)
{
	const struct service_rules *service;
	struct run run = {.request = request};
	struct json_object *name;
	int status;

	if (request->service == NULL)
		return calendar_request_misused(
			request, "which service? Name it with --service ID");
	if (request->operand_count == 0)
		return calendar_request_misused(
			request, "no instant; give some, or - to read them from lines");
	service = rulebook_service(&request->rulebook, request->service);
	if (service == NULL)
		return unknown_service(request);
	run.rules = (struct schedule_rules){.business_days = service->business_days,
		.opening_minute = service->opening_minute,
		.cutoff_minute = request->rulebook.policy.cutoff_minute};
	if (!request->json)
		return due_all(&run);
	/*
	 * The frame of the one object is written around its elements as they come, since there
	 * may be more of them than memory holds; it is closed after a bad one, too.
	 */
	name = json_object_new_string(service->id);
	printf("{\"service\":%s,\"due\":[", json_object_to_json_string(name));
	json_object_put(name);
	status = due_all(&run);
	puts("]}");
	return status;
}

int verb_due(int argc, char **argv)
{
	static const struct calendar_verb verb = {.name = "due",
		.operands = "INSTANT...",
		.takes_service = true,
		.takes_config = true};
	struct calendar_request request;
	int status;

	if (calendar_request_begin(&request, &verb, argc, argv, &status))
		status = run_due(&request);
	return calendar_request_end(&request, status);
}
