#include <string.h>

#include "base/file.h"
#include "ctl/examine.h"
#include "ctl/migration_gather.h"
#include "domain/linkage.h"
#include "pki/pki.h"
#include "record/record.h"

struct reading {
	struct calendar_request *request;
	struct pki *pki;
	int64_t now_ms;
};

/* What would become of each link, were the record taken in now. */
static void judge(const struct reading *reading, struct gathered_contract *gathered,
	const struct certificate_facts *facts)
{
	const struct contract *contract = &gathered->contract;
	size_t i;

	for (i = 0; i < contract->link_count; i++) {
		struct checklist_install install = {
			.service = contract->links[i].service,
			.service_code = contract->links[i].service_code,
			.fqdn = contract->links[i].fqdn,
			.issued_ms = contract->certificate_at_ms,
		};
		struct verdict verdict = {0};
		char reasons[256] = "";

		linkage_judge(&reading->request->rulebook, contract, i, facts, NULL,
			reading->now_ms, &verdict);
		if (verdict.kind != VERDICT_NONE) {
			if (verdict.has_due)
				install.due_ms = verdict.schedule.due_ms;
			reason_set_text(verdict.reasons, reasons, sizeof(reasons));
			install.detail = reasons;
			gathered_add_install(gathered, &install);
		}
		verdict_clear(&verdict);
	}
}

/* Reads the record in the file NAME into GATHERED. */
static bool read_record(
	const struct reading *reading, const char *name, struct gathered_contract *gathered)
{
	struct buffer file = {0};
	struct record record = {0};
	struct certificate_facts facts = {0};
	struct error error;
	bool good;

	good = file_read(name, RECORD_MAX_BYTES, &file, &error);
	if (good) {
		good = record_parse(buffer_text(&file), file.length, &record, &error) &&
		       examine_record(reading->pki, &record, reading->now_ms, &facts, &error);
		if (!good)
			error_context(
				&error, "%.256s", strcmp(name, "-") == 0 ? "standard input" : name);
	}
	if (good) {
		gathered->contract = record.contract;
		record.contract = (struct contract){0};
		if (!facts.malformed)
			gathered->not_after_ms = facts.not_after_ms;
		if (gathered->contract.has_certificate)
			judge(reading, gathered, &facts);
	} else {
		calendar_request_tell(reading->request, "%s", error.text);
	}
	certificate_facts_clear(&facts);
	record_clear(&record);
	buffer_free(&file);
	return good;
}

int gather_records(struct calendar_request *request, int64_t now_ms, struct gathered *gathered)
{
	struct reading reading = {.request = request, .now_ms = now_ms};
	const struct config *config = request->config;
	const struct pki_options options = {
		.trust_file = request->trust != NULL ? request->trust : config->trust,
		.intermediates_file = request->intermediates != NULL ? request->intermediates
								     : config->intermediates,
		.pkcs12_max_iterations = config->pkcs12_max_iterations,
	};
	struct error error;
	bool good;

	if (!pki_new(&options, &reading.pki, &error)) {
		calendar_request_tell(request, "%s", error.text);
		return STATUS_USAGE;
	}
	good = read_record(&reading, request->record, &gathered->old);
	if (good && request->successor_record != NULL)
		good = read_record(
			&reading, request->successor_record, gathered_add_successor(gathered));
	gathered_finish(gathered);
	pki_free(reading.pki);
	return good ? STATUS_DONE : STATUS_USAGE;
}
