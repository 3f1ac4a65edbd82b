#include "ctl/verb_explain.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/buffer.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/text.h"
#include "ctl/calendar_request.h"
#include "ctl/examine.h"
#include "ctl/explain_pairs.h"
#include "ctl/explain_render.h"
#include "domain/linkage.h"
#include "pki/pki.h"
#include "record/record.h"

/* A file of lines is held whole, since it holds keys, which stdio's buffers would leave behind. */
#define FILE_BYTES_MAX ((size_t)512 << 20)

enum explain_status {
	EXPLAIN_GOOD = 0,
	EXPLAIN_REFUSED = 1,
	EXPLAIN_UNREADABLE = 2,
};

struct explain {
	struct calendar_request request;
	struct pki *pki;
	struct explain_pairs *pairs; /* of the records up to now; NULL: the file is one record */
	int64_t now_ms;
	size_t written;
	enum explain_status status;
};

static void worsen(struct explain *explain, enum explain_status status)
{
	if (status > explain->status)
		explain->status = status;
}

static void tell_place(const struct explain *explain, size_t line, const char *text)
{
	const char *name = explain->request.operands[0];

	if (strcmp(name, "-") == 0)
		name = "standard input";
	if (line == 0)
		calendar_request_tell(&explain->request, "%.256s: %s", name, text);
	else
		calendar_request_tell(&explain->request, "%.256s: line %zu: %s", name, line, text);
}

static void judge_link(struct explain *explain, const struct contract *contract, size_t index,
	const struct certificate_facts *facts, struct verdict *verdict)
{
	const struct contract_link *link = &contract->links[index];
	struct tenure tenure = {0};

	if (explain->pairs != NULL)
		tenure = explain_pairs_tenure(explain->pairs, contract, link);
	/* Of one record alone nothing is known of who else names its service codes. */
	linkage_judge(&explain->request.rulebook, contract, index, facts,
		explain->pairs != NULL ? &tenure : NULL, explain->now_ms, verdict);
	if (verdict->kind == VERDICT_REFUSE || verdict->kind == VERDICT_HOLD)
		worsen(explain, EXPLAIN_REFUSED);
	if (!verdict->has_due)
		return;
	calendar_request_note_year(&explain->request,
		civil_to_date(civil_day_of(verdict->schedule.due_ms, TOKYO_OFFSET_MIN)).year);
	if (explain->pairs != NULL && verdict->schedule.due_ms <= explain->now_ms)
		explain_pairs_begun(explain->pairs, contract, link);
}

static void judge(struct explain *explain, const struct contract *contract,
	const struct certificate_facts *facts)
{
	struct verdict *verdicts = xcalloc(contract->link_count + 1, sizeof(*verdicts));
	struct explained explained = {contract, facts, verdicts};
	size_t i;

	if (explain->pairs != NULL)
		explain_pairs_take(explain->pairs, contract, explain->now_ms);
	for (i = 0; i < contract->link_count; i++)
		judge_link(explain, contract, i, facts, &verdicts[i]);
	if (explain->request.json) {
		explain_as_json(&explained);
	} else {
		if (explain->written > 0)
			putchar('\n');
		explain_as_text(&explained);
	}
	explain->written++;
	for (i = 0; i < contract->link_count; i++)
		verdict_clear(&verdicts[i]);
	free(verdicts);
}

static void note_unknown(const struct explain *explain, const struct record *record, size_t line)
{
	size_t i;

	for (i = 0; i < record->unknown_count; i++) {
		char *text = xasprintf("note: the key %s is not known", record->unknown[i]);

		tell_place(explain, line, text);
		free(text);
	}
}

/* One record; LINE is 0 where it is the whole file. */
static void explain_record(struct explain *explain, const char *text, size_t length, size_t line)
{
	struct record record;
	struct certificate_facts facts = {0};
	struct error error;

	if (!record_parse(text, length, &record, &error)) {
		tell_place(explain, line, error.text);
		worsen(explain, EXPLAIN_UNREADABLE);
		return;
	}
	note_unknown(explain, &record, line);
	if (examine_record(explain->pki, &record, explain->now_ms, &facts, &error)) {
		judge(explain, &record.contract, record.contract.has_certificate ? &facts : NULL);
	} else {
		tell_place(explain, line, error.text);
		worsen(explain, EXPLAIN_UNREADABLE);
	}
	certificate_facts_clear(&facts);
	record_clear(&record);
}

static void explain_lines(struct explain *explain, const char *text, size_t length)
{
	const char *at = text, *end = text + length;
	size_t line = 0;

	explain->pairs = explain_pairs_new();
	while (at < end) {
		const char *stop = memchr(at, '\n', (size_t)(end - at));
		size_t size = (size_t)((stop != NULL ? stop : end) - at);

		line++;
		if (!text_is_blank(at, size))
			explain_record(explain, at, size, line);
		at += size + 1;
	}
}

static bool has_suffix(const char *name, const char *suffix)
{
	size_t length = strlen(name), suffix_length = strlen(suffix);

	return length >= suffix_length && strcmp(name + length - suffix_length, suffix) == 0;
}

static void explain_file(struct explain *explain)
{
	const char *name = explain->request.operands[0];
	struct buffer file = {0};
	struct error error;
	bool lines;

	if (!file_read(name, FILE_BYTES_MAX, &file, &error)) {
		calendar_request_tell(&explain->request, "%s", error.text);
		worsen(explain, EXPLAIN_UNREADABLE);
	} else {
		lines = strcmp(name, "-") == 0 ? text_is_lines(buffer_text(&file), file.length)
					       : has_suffix(name, ".ndjson");
		if (lines)
			explain_lines(explain, buffer_text(&file), file.length);
		else
			explain_record(explain, buffer_text(&file), file.length, 0);
	}
	buffer_free(&file);
}

/* The file that the option names, else the configuration's, else none. */
static const char *either(const char *option, const char *configured)
{
	return option != NULL ? option : configured;
}

static bool start_pki(struct explain *explain)
{
	const struct calendar_request *request = &explain->request;
	struct pki_options options = {
		.trust_file = either(request->trust, request->config->trust),
		.intermediates_file =
			either(request->intermediates, request->config->intermediates),
		.pkcs12_max_iterations = request->config->pkcs12_max_iterations,
	};
	struct error error;

	if (pki_new(&options, &explain->pki, &error))
		return true;
	calendar_request_tell(request, "%s", error.text);
	return false;
}

static int run(struct explain *explain)
{
	struct calendar_request *request = &explain->request;

	if (request->operand_count != 1)
		return calendar_request_misused(request, "give one file, or - for standard input");
	explain->now_ms = clock_wall_ms(clock_system());
	if (request->now != NULL && !civil_parse_instant(request->now, &explain->now_ms))
		return calendar_request_misused(
			request, "--now takes an instant such as 2026-11-20T10:15:00+09:00");
	if (!start_pki(explain))
		return EXPLAIN_UNREADABLE;
	explain_file(explain);
	explain_pairs_free(explain->pairs);
	pki_free(explain->pki);
	return (int)explain->status;
}

int verb_explain(int argc, char **argv)
{
	static const struct calendar_verb verb = {.name = "explain",
		.operands = "FILE|-",
		.takes_config = true,
		.takes_judging = true,
		.exit_help = "Exits with 0: all links are accepted; 1: one is refused, or "
			     "waits for another\ncontract; 2: wrong usage, or no record.\n"};
	struct explain explain = {0};
	int status;

	if (calendar_request_begin(&explain.request, &verb, argc, argv, &status))
		status = run(&explain);
	else if (status != EXPLAIN_GOOD)
		status = EXPLAIN_UNREADABLE;
	/* 1 says that a link is refused; output that does not arrive is another matter. */
	if (fflush(stdout) != 0 || ferror(stdout))
		status = EXPLAIN_UNREADABLE;
	return calendar_request_end(&explain.request, status);
}
