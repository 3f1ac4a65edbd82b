#include "domain/linkage_private.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "domain/hostname.h"

/* A sentence of OpenSSL's or of ours, behind what it is the reason of. */
#define CHAIN_FAULT_MAX 320

static bool carries_name(const struct certificate_facts *facts, const char *name)
{
	size_t i;

	if (facts->common_name != NULL && hostname_equal(facts->common_name, name))
		return true;
	for (i = 0; i < facts->name_count; i++) {
		if (hostname_equal(facts->names[i], name))
			return true;
	}
	return false;
}

static void judge_name(struct judgement *judgement)
{
	const char *name = judgement->contract->common_name;

	if (carries_name(judgement->facts, name)) {
		trail_add(judgement, "8 name", TRAIL_PASS,
			"The certificate carries the contract common name %s.", name);
		return;
	}
	judgement_refuse(judgement, REASON_NAME_NOT_IN_CERTIFICATE);
	trail_add(judgement, "8 name", TRAIL_REFUSE,
		"The certificate does not carry the contract common name %s, neither as its common "
		"name nor among its alternative names.",
		name);
}

static void judge_key(struct judgement *judgement)
{
	const struct certificate_facts *facts = judgement->facts;

	switch (facts->key_status) {
	case KEY_BELONGS:
		trail_add(judgement, "8 key", TRAIL_PASS,
			"The private key belongs to the certificate: a signature made with it "
			"verifies.");
		return;
	case KEY_HELD:
		trail_add(judgement, "8 key", TRAIL_PASS,
			"The private key came with an earlier record and is held.");
		return;
	case KEY_ABSENT:
		if (!judgement->bring_in && judgement->contract->csr_by == CSR_BY_CUSTOMER) {
			trail_add(judgement, "8 key", TRAIL_NOTE,
				"The customer made the CSR and holds the private key (rule 2).");
			return;
		}
		judgement_refuse(judgement, REASON_KEY_MISMATCH);
		trail_add(judgement, "8 key", TRAIL_REFUSE,
			"No private key came with the record and none is held.");
		return;
	case KEY_MISMATCH:
		judgement_refuse(judgement, REASON_KEY_MISMATCH);
		if (facts->key_why[0] != '\0')
			trail_add(judgement, "8 key", TRAIL_REFUSE,
				"The private key does not belong to the certificate: %s.",
				facts->key_why);
		else
			trail_add(judgement, "8 key", TRAIL_REFUSE,
				"The private key does not belong to the certificate.");
		return;
	}
}

/* When the certificate was looked at, in words: the due instant, or now when that is past. */
static void look_text(const struct judgement *judgement, char *target, size_t size)
{
	char look[CIVIL_INSTANT_MAX], hours[HOURS_TEXT_MAX];

	civil_format_instant(look, judgement->look_ms, TOKYO_OFFSET_MIN);
	if (!judgement->has_due) {
		snprintf(target, size, _("now, %s"), look);
	} else if (judgement->waits_hours) {
		hours_text(&judgement->service->hours, hours);
		snprintf(target, size,
			_("when the service, which takes installs %s, opens next after the due "
			  "instant, %s"),
			hours, look);
	} else if (judgement->look_ms == judgement->schedule.due_ms) {
		snprintf(target, size, _("at the due instant, %s"), look);
	} else {
		snprintf(target, size, _("now, %s, the due instant being past"), look);
	}
}

void judge_dates(struct judgement *judgement)
{
	const struct certificate_facts *facts = judgement->facts;
	int64_t left_ms = facts->not_after_ms - judgement->look_ms;
	char from[CIVIL_INSTANT_MAX], to[CIVIL_INSTANT_MAX],
		look[CIVIL_INSTANT_MAX + HOURS_TEXT_MAX + 256];
	const char *what = N_("valid");
	enum trail_outcome outcome = TRAIL_PASS;

	if (facts->not_before_ms > judgement->look_ms) {
		judgement_refuse(judgement, REASON_NOT_YET_VALID);
		outcome = TRAIL_REFUSE;
		what = N_("not yet valid");
	}
	if (left_ms < 0) {
		bool already = facts->not_after_ms < judgement->now_ms;

		judgement_refuse(judgement, already ? REASON_EXPIRED : REASON_EXPIRES_BEFORE_DUE);
		outcome = TRAIL_REFUSE;
		what = already ? N_("over already, and not valid") : N_("no longer valid");
	}
	if (outcome == TRAIL_PASS && left_ms <= judgement->rulebook->policy.expires_soon_ms) {
		judgement_warn(judgement, REASON_EXPIRES_SOON_AFTER_DUE);
		outcome = TRAIL_WARN;
		what = N_("valid, though not for long,");
	}
	civil_format_instant(from, facts->not_before_ms, TOKYO_OFFSET_MIN);
	civil_format_instant(to, facts->not_after_ms, TOKYO_OFFSET_MIN);
	look_text(judgement, look, sizeof(look));
	trail_add(judgement, "8 dates", outcome, "The certificate runs from %s to %s; it is %s %s.",
		from, to, _(what), look);
}

static void chain_fault(
	const struct certificate_facts *facts, bool incomplete, char *target, size_t size)
{
	const char *what = incomplete ? _("The chain to a root is incomplete")
				      : _("The chain does not lead to a trusted root");

	if (facts->chain_why[0] != '\0')
		snprintf(target, size, "%s: %s", what, facts->chain_why);
	else
		snprintf(target, size, "%s", what);
}

static void judge_chain(struct judgement *judgement)
{
	char fault[CHAIN_FAULT_MAX];
	const struct certificate_facts *facts = judgement->facts;
	const struct linkage_policy *policy = &judgement->rulebook->policy;
	bool needed =
		judgement->bring_in ? policy->bring_in_needs_chain : policy->agency_needs_chain;
	bool incomplete = facts->chain == CHAIN_INCOMPLETE;
	enum reason reason = incomplete ? REASON_CHAIN_INCOMPLETE : REASON_UNTRUSTED;

	if (facts->chain == CHAIN_TRUSTED) {
		trail_add(judgement, "8 chain", TRAIL_PASS,
			"The certificate leads to a trusted root.");
		return;
	}
	if (needed)
		judgement_refuse(judgement, reason);
	else
		judgement_warn(judgement, reason);
	chain_fault(facts, incomplete, fault, sizeof(fault));
	trail_add(judgement, "8 chain", needed ? TRAIL_REFUSE : TRAIL_WARN,
		needed ? N_("%s.") : N_("%s. It is installed nevertheless."), fault);
}

static void judge_strength(struct judgement *judgement)
{
	const struct certificate_facts *facts = judgement->facts;
	char fault[CHAIN_FAULT_MAX];

	if (facts->key_weak)
		judgement_refuse(judgement, REASON_WEAK_KEY);
	if (facts->signature_weak)
		judgement_refuse(judgement, REASON_WEAK_SIGNATURE);
	if (!facts->key_weak && !facts->signature_weak) {
		trail_add(judgement, "8 strength", TRAIL_PASS,
			"The key (%s) is strong enough and no signature uses a broken digest.",
			facts->key);
		return;
	}
	if (!facts->signature_weak) {
		trail_add(judgement, "8 strength", TRAIL_REFUSE, "The key (%s) is too weak.",
			facts->key);
		return;
	}
	snprintf(fault, sizeof(fault), facts->signature_why[0] != '\0' ? "%s: %s" : "%s",
		_("A signature uses a broken digest"), facts->signature_why);
	if (facts->key_weak)
		trail_add(judgement, "8 strength", TRAIL_REFUSE, "The key (%s) is too weak. %s.",
			facts->key, fault);
	else
		trail_add(judgement, "8 strength", TRAIL_REFUSE, "%s.", fault);
}

static void judge_validity(struct judgement *judgement)
{
	const struct certificate_facts *facts = judgement->facts;
	/* Both ends belong to it: not_after_ms is the last millisecond of its second. */
	int64_t span = facts->not_after_ms + 1 - facts->not_before_ms;
	int64_t days = span <= 0 ? 0 : (span + DAY_MS - 1) / DAY_MS;
	int limit = certificate_days_max(facts->not_before_ms);
	bool too_long = days > limit;

	if (too_long)
		judgement_warn(judgement, REASON_VALIDITY_TOO_LONG);
	trail_add(judgement, "8 validity", too_long ? TRAIL_WARN : TRAIL_PASS,
		too_long ? N_("The certificate is valid for %d days; a public one of its notBefore "
			      "may be for %d, so browsers may refuse it.")
			 : N_("The certificate is valid for %d days; a public one of its notBefore "
			      "may be for %d."),
		days < INT_MAX ? (int)days : INT_MAX, limit);
}

void judge_certificate(struct judgement *judgement)
{
	if (judgement->facts->malformed) {
		judgement_refuse(judgement, REASON_MALFORMED);
		trail_add(judgement, "8", TRAIL_REFUSE,
			"The certificate cannot be read: %s. Nothing more of it was checked.",
			judgement->facts->malformed_why);
		return;
	}
	judge_name(judgement);
	judge_key(judgement);
	judge_dates(judgement);
	judge_chain(judgement);
	judge_strength(judgement);
	judge_validity(judgement);
}
