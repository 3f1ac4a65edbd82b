#ifndef DOMAIN_LINKAGE_PRIVATE_H
#define DOMAIN_LINKAGE_PRIVATE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/words.h"
#include "domain/linkage.h"

/* Rule 10: which of the instants is the base. */
enum base_kind {
	BASE_CERTIFICATE, /* issuance or registration */
	BASE_LINK,	  /* the link being added */
	BASE_FREED,	  /* another contract letting the pair go */
};

/* One judgement under way: what is judged, by what, and the verdict as far as it has come. */
struct judgement {
	const struct rulebook *rulebook;
	const struct contract *contract;
	const struct contract_link *link;
	const struct certificate_facts *facts;
	const struct tenure *tenure;	     /* NULL: nothing is known of the pair */
	const struct service_rules *service; /* NULL: no profile describes it */
	enum item item;
	bool bring_in;
	int64_t now_ms;
	bool has_due; /* the schedule is known, whatever the verdict will be */
	enum base_kind base;
	bool schedule_failed;
	struct error schedule_error;
	int64_t look_ms;  /* when the certificate has to be valid */
	bool waits_hours; /* that is when the service opens for installs, after the due instant */
	struct schedule schedule;
	struct verdict *verdict;
};

/* Adds RULE's line. FORMAT is translated here (base/words.h); the text is made clean. */
void trail_add(struct judgement *judgement, const char *rule, enum trail_outcome outcome,
	const char *format, ...) __attribute__((format(printf, 4, 5)));

/* Adds REASON to the refusal. The line is the caller's to add. */
void judgement_refuse(struct judgement *judgement, enum reason reason);
void judgement_warn(struct judgement *judgement, enum reason reason);

/* Rule 8, in its parts. */
void judge_certificate(struct judgement *judgement);
/* Of these, whether it is valid when it is installed. */
void judge_dates(struct judgement *judgement);

/* Finds the due instant (rules 10 to 13), which rule 8 needs; its lines come last. */
void judge_schedule(struct judgement *judgement);
/* The lines of rules 10 to 13, for a link that is accepted. */
void schedule_explain(struct judgement *judgement);

/* Whether another contract has the pair. */
bool judgement_is_held(const struct judgement *judgement);
/* Rule 15's line. */
void tenure_explain(struct judgement *judgement);

/* "Tuesday 2026-11-24". */
#define DAY_TEXT_MAX 32
void day_text(char target[DAY_TEXT_MAX], civil_day day);

#endif
