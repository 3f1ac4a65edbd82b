#include "domain/linkage_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/text.h"

/* Names in a line come from outside; this is more than a line of honest names needs. */
#define TRAIL_TEXT_MAX 1536

static const char *const reason_codes[REASON_COUNT] = {
	[REASON_ITEM_NOT_LINKABLE] = "item-not-linkable",
	[REASON_ITEM_TAKES_NO_NEW_LINK] = "item-takes-no-new-link",
	[REASON_CUSTOMER_CSR] = "customer-csr",
	[REASON_NAME_MISMATCH] = "name-mismatch",
	[REASON_SERVICE_NOT_FOR_BRING_IN] = "service-not-for-bring-in",
	[REASON_KEY_NOT_ALLOWED] = "key-not-allowed",
	[REASON_EXPIRED] = "expired",
	[REASON_EXPIRES_BEFORE_DUE] = "expires-before-due",
	[REASON_NOT_YET_VALID] = "not-yet-valid",
	[REASON_NAME_NOT_IN_CERTIFICATE] = "name-not-in-certificate",
	[REASON_KEY_MISMATCH] = "key-mismatch",
	[REASON_CHAIN_INCOMPLETE] = "chain-incomplete",
	[REASON_UNTRUSTED] = "untrusted",
	[REASON_WEAK_KEY] = "weak-key",
	[REASON_WEAK_SIGNATURE] = "weak-signature",
	[REASON_MALFORMED] = "malformed",
	[REASON_UNKNOWN_SERVICE] = "unknown-service",
	[REASON_VALIDITY_TOO_LONG] = "validity-too-long",
	[REASON_EXPIRES_SOON_AFTER_DUE] = "expires-soon-after-due",
};

const char *reason_code(enum reason reason)
{
	return reason_codes[reason];
}

void reason_set_text(reason_set set, char *target, size_t size)
{
	size_t used = 0;
	int reason;

	if (size == 0)
		return;
	target[0] = '\0';
	for (reason = 0; reason < REASON_COUNT && used < size; reason++) {
		if ((set & REASON_BIT(reason)) == 0)
			continue;
		used += (size_t)snprintf(target + used, size - used, "%s%s", used > 0 ? ", " : "",
			reason_codes[reason]);
	}
}

const char *verdict_kind_name(enum verdict_kind kind)
{
	switch (kind) {
	case VERDICT_ACCEPT:
		return N_("accept");
	case VERDICT_REFUSE:
		return N_("refuse");
	case VERDICT_HOLD:
		return N_("hold");
	case VERDICT_NONE:
		return N_("none");
	}
	abort();
}

const char *trail_outcome_name(enum trail_outcome outcome)
{
	switch (outcome) {
	case TRAIL_PASS:
		return "pass";
	case TRAIL_REFUSE:
		return "refuse";
	case TRAIL_WARN:
		return "warn";
	case TRAIL_HOLD:
		return "hold";
	case TRAIL_NOTE:
		return "note";
	}
	abort();
}

void trail_add(struct judgement *judgement, const char *rule, enum trail_outcome outcome,
	const char *format, ...)
{
	struct verdict *verdict = judgement->verdict;
	char raw[TRAIL_TEXT_MAX], clean[TRAIL_TEXT_MAX];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(raw, sizeof(raw), _(format), arguments);
	va_end(arguments);
	text_sanitise(clean, sizeof(clean), raw, strlen(raw));
	verdict->trail =
		xreallocarray(verdict->trail, verdict->trail_count + 1, sizeof(*verdict->trail));
	verdict->trail[verdict->trail_count++] = (struct trail_line){
		.rule = rule,
		.outcome = outcome,
		.text = xstrdup(clean),
	};
}

void judgement_refuse(struct judgement *judgement, enum reason reason)
{
	judgement->verdict->reasons |= REASON_BIT(reason);
}

void judgement_warn(struct judgement *judgement, enum reason reason)
{
	judgement->verdict->warnings |= REASON_BIT(reason);
}

void day_text(char target[DAY_TEXT_MAX], civil_day day)
{
	char date[CIVIL_DATE_MAX];

	civil_format_date(date, day);
	snprintf(target, DAY_TEXT_MAX, "%s %s", civil_weekday_name(civil_weekday(day)), date);
}

void verdict_clear(struct verdict *verdict)
{
	size_t i;

	for (i = 0; i < verdict->trail_count; i++)
		free(verdict->trail[i].text);
	free(verdict->trail);
	schedule_clear(&verdict->schedule);
	free(verdict->holder);
	*verdict = (struct verdict){0};
}
