#include "ctl/explain_render.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/civil.h"
#include "base/text.h"
#include "base/words.h"
#include "domain/catalogue.h"

#define NAMES_SHOWN_MAX 20
#define REASONS_TEXT_MAX 512

/* Names in a certificate may hold anything. */
static void print_clean(const char *before, const char *name)
{
	char clean[256];

	text_sanitise(clean, sizeof(clean), name, strlen(name));
	printf("%s%s", before, clean);
}

static void print_certificate(const struct certificate_facts *facts)
{
	char fingerprint[FINGERPRINT_TEXT_MAX];
	char from[CIVIL_INSTANT_MAX], to[CIVIL_INSTANT_MAX];
	size_t i;

	if (facts == NULL) {
		puts(_("Certificate: none yet"));
		return;
	}
	if (facts->malformed) {
		print_clean(_("Certificate: cannot be read: "), facts->malformed_why);
		putchar('\n');
		return;
	}
	text_hex(fingerprint, facts->fingerprint, FINGERPRINT_SIZE);
	civil_format_instant(from, facts->not_before_ms, TOKYO_OFFSET_MIN);
	civil_format_instant(to, facts->not_after_ms, TOKYO_OFFSET_MIN);
	printf(_("Certificate: SHA-256 %s\n  key %s, valid from %s to %s\n"), fingerprint,
		facts->key, from, to);
	print_clean(_("  subject "),
		facts->common_name != NULL ? facts->common_name : _("without a common name"));
	printf(facts->name_count == 1 ? _("; %zu name") : _("; %zu names"), facts->name_count);
	for (i = 0; i < facts->name_count && i < NAMES_SHOWN_MAX; i++)
		print_clean(i == 0 ? ": " : ", ", facts->names[i]);
	puts(i < facts->name_count ? ", ..." : "");
}

static void print_due(const struct schedule *schedule)
{
	char due[CIVIL_INSTANT_MAX], date[CIVIL_DATE_MAX];
	civil_day day = civil_day_of(schedule->due_ms, TOKYO_OFFSET_MIN);
	size_t i;

	civil_format_instant(due, schedule->due_ms, TOKYO_OFFSET_MIN);
	printf(_("  Due %s, %s\n"), civil_weekday_name(civil_weekday(day)), due);
	for (i = 0; i < schedule->day_count; i++) {
		const struct schedule_day *at = &schedule->days[i];

		civil_format_date(date, at->day);
		printf("    %s %s  %s  %s\n", date, civil_weekday_short(civil_weekday(at->day)),
			at->business ? _("open  ") : _("closed"), at->why);
	}
}

static void print_link(const struct contract_link *link, const struct verdict *verdict)
{
	char set[REASONS_TEXT_MAX];
	size_t i;

	printf(_("\nLink to %s, service code \"%s\", %s: %s\n"), link->service, link->service_code,
		link->fqdn, _(verdict_kind_name(verdict->kind)));
	if (verdict->reasons != 0) {
		reason_set_text(verdict->reasons, set, sizeof(set));
		printf(_("  Reasons: %s\n"), set);
	}
	if (verdict->holder != NULL)
		printf(_("  Waits for contract %s\n"), verdict->holder);
	if (verdict->warnings != 0) {
		reason_set_text(verdict->warnings, set, sizeof(set));
		printf(_("  Warnings: %s\n"), set);
	}
	if (verdict->has_due)
		print_due(&verdict->schedule);
	puts(_("  Rules"));
	for (i = 0; i < verdict->trail_count; i++)
		printf("    %-10s  %-6s  %s\n", verdict->trail[i].rule,
			trail_outcome_name(verdict->trail[i].outcome), verdict->trail[i].text);
}

void explain_as_text(const struct explained *explained)
{
	const struct contract *contract = explained->contract;
	size_t i;

	printf(_("Contract %s, revision %jd, %s: %s (%s), common name %s\n"), contract->code,
		(intmax_t)contract->revision,
		contract->state == CONTRACT_ENDED ? _("ended") : _("active"),
		item_name(item_from_id(contract->item)), contract->item, contract->common_name);
	print_certificate(explained->facts);
	if (contract->link_count == 0)
		puts(_("\nNo link"));
	for (i = 0; i < contract->link_count; i++)
		print_link(&contract->links[i], &explained->verdicts[i]);
}
