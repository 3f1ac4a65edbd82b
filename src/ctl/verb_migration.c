#include "ctl/verb_migration.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "ctl/calendar_request.h"
#include "ctl/migration_gather.h"
#include "ctl/migration_render.h"

struct asked {
	struct calendar_request request;
	int64_t now_ms;
	bool expiry_told;
	civil_day expiry;
};

/* 0 is done. */
static int read_times(struct asked *asked)
{
	struct calendar_request *request = &asked->request;

	asked->now_ms = clock_wall_ms(clock_system());
	if (request->now != NULL && !civil_parse_instant(request->now, &asked->now_ms))
		return calendar_request_misused(
			request, "--now takes an instant such as 2026-11-20T10:15:00+09:00");
	if (request->expires == NULL)
		return STATUS_DONE;
	asked->expiry_told = civil_parse_date(request->expires, &asked->expiry);
	if (!asked->expiry_told)
		return calendar_request_misused(
			request, "--expires takes a day such as 2026-11-20");
	return STATUS_DONE;
}

static void answer(const struct asked *asked, const struct gathered *gathered)
{
	struct checklist_input input = {
		.rulebook = &asked->request.rulebook,
		.old = gathered_view(&gathered->old),
		.successors = gathered->successor_views,
		.successor_count = gathered->successor_count,
		.has_expiry = asked->expiry_told || gathered->old.not_after_ms != 0,
		.expiry_told = asked->expiry_told,
		.now_ms = asked->now_ms,
	};
	struct migration migration;
	struct migration_view view = {&gathered->old.contract, &migration, asked->expiry_told};

	input.expiry = asked->expiry_told
			       ? asked->expiry
			       : civil_day_of(gathered->old.not_after_ms, TOKYO_OFFSET_MIN);
	migration_make(&input, &migration);
	if (asked->request.json)
		migration_as_json(&view);
	else
		migration_as_text(&view);
	migration_clear(&migration);
}

static int run(struct asked *asked)
{
	struct calendar_request *request = &asked->request;
	struct gathered gathered = {0};
	int status = read_times(asked);

	if (status != STATUS_DONE)
		return status;
	if (request->record != NULL) {
		if (request->operand_count != 0 || request->successor != NULL)
			return calendar_request_misused(request,
				"--record stands for the contract and its store; give neither "
				"CONTRACT nor --successor with it");
		status = gather_records(request, asked->now_ms, &gathered);
	} else {
		if (request->operand_count != 1 || request->successor_record != NULL)
			return calendar_request_misused(request,
				"give one contract's code, or records with --record and "
				"--successor-record");
		if (request->successor != NULL &&
			strcmp(request->successor, request->operands[0]) == 0)
			return calendar_request_misused(
				request, "--successor names the contract itself");
		status = gather_stored(request, &gathered);
	}
	if (status == STATUS_DONE)
		answer(asked, &gathered);
	gathered_clear(&gathered);
	return status;
}

int verb_migration(int argc, char **argv)
{
	static const struct calendar_verb verb = {.name = "migration",
		.operands = "{[--successor CODE] CONTRACT | --record OLD.json "
			    "[--successor-record NEW.json]}",
		.takes_config = true,
		.takes_judging = true,
		.takes_migration = true};
	struct asked asked = {0};
	int status;

	if (calendar_request_begin(&asked.request, &verb, argc, argv, &status))
		status = run(&asked);
	return calendar_request_end(&asked.request, status);
}
