#ifndef DOMAIN_LINKAGE_H
#define DOMAIN_LINKAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "domain/calendar.h"
#include "domain/catalogue.h"
#include "domain/certificate.h"
#include "domain/contract.h"
#include "domain/schedule.h"

/* Reasons and warnings, by the codes of DOMAIN.md rules 1 to 9. */
enum reason {
	REASON_ITEM_NOT_LINKABLE,
	REASON_ITEM_TAKES_NO_NEW_LINK,
	REASON_CUSTOMER_CSR,
	REASON_NAME_MISMATCH,
	REASON_SERVICE_NOT_FOR_BRING_IN,
	REASON_KEY_NOT_ALLOWED,
	REASON_EXPIRED,
	REASON_EXPIRES_BEFORE_DUE,
	REASON_NOT_YET_VALID,
	REASON_NAME_NOT_IN_CERTIFICATE,
	REASON_KEY_MISMATCH,
	REASON_CHAIN_INCOMPLETE,
	REASON_UNTRUSTED,
	REASON_WEAK_KEY,
	REASON_WEAK_SIGNATURE,
	REASON_MALFORMED,
	REASON_UNKNOWN_SERVICE,
	REASON_VALIDITY_TOO_LONG,
	REASON_EXPIRES_SOON_AFTER_DUE,
	REASON_COUNT
};

typedef uint32_t reason_set; /* bit n: enum reason n */
#define REASON_BIT(reason) (UINT32_C(1) << (reason))

/* "item-not-linkable" and so on. */
const char *reason_code(enum reason reason);
/* The codes of SET in the order above, separated by ", ". TARGET of SIZE bytes. */
void reason_set_text(reason_set set, char *target, size_t size);

enum verdict_kind {
	VERDICT_ACCEPT,
	VERDICT_REFUSE,
	VERDICT_HOLD,
	VERDICT_NONE,
};

const char *verdict_kind_name(enum verdict_kind kind);

enum trail_outcome {
	TRAIL_PASS,
	TRAIL_REFUSE,
	TRAIL_WARN,
	TRAIL_HOLD,
	TRAIL_NOTE, /* says something that decides nothing: the due day, why a rule does not apply
		     */
};

const char *trail_outcome_name(enum trail_outcome outcome);

/* One line for one rule, in words that a support engineer can read to a customer. */
struct trail_line {
	const char *
		rule; /* "1" to "15"; rule 8 in parts: "8 name", "8 key", "8 dates", "8 chain", … */
	enum trail_outcome outcome;
	char *text;
};

/*
 * The judgement on one link. To be cleared with verdict_clear.
 */
struct verdict {
	enum verdict_kind kind;
	reason_set reasons;  /* VERDICT_REFUSE: all that apply */
	reason_set warnings; /* refuse nothing */
	struct trail_line *trail;
	size_t trail_count;
	int64_t base_ms;	  /* rule 10, of all but VERDICT_NONE */
	bool has_due;		  /* VERDICT_ACCEPT alone */
	struct schedule schedule; /* filled when has_due */
	char *holder;		  /* VERDICT_HOLD: the contract that it waits for */
};

/* What is known of who has a link's (service, service code) pair; rule 15. */
struct tenure {
	const char *holder; /* the contract that has it; NULL: nobody else */
	int64_t freed_ms;   /* when another contract let it go to this one; 0: never */
};

/* The [choice]s of DOMAIN.md, which configuration keys change. */
struct linkage_policy {
	bool bring_in_wildcard_matches; /* rule 6; default true */
	bool agency_needs_chain;	/* rule 8; default true */
	bool bring_in_needs_chain;	/* rule 8; default false */
	int64_t expires_soon_ms;	/* rule 8; default 7 days */
	int cutoff_minute;		/* rule 11; default 1440 (never) */
};

struct linkage_policy linkage_policy_default(void);

/* All that a judgement rests on besides the record and the time. Borrowed, immutable. */
struct rulebook {
	struct calendar calendar;
	struct linkage_policy policy;
	const struct service_rules *services;
	size_t service_count;
};

/* The rules of the service with this id; NULL when no profile or built-in describes it. */
const struct service_rules *rulebook_service(const struct rulebook *rulebook, const char *id);

/*
 * Judges link number LINK of CONTRACT (DOMAIN.md rules 1 to 13, and 15). FACTS is NULL when the
 * contract has no certificate yet: then the verdict is none. TENURE is NULL when nothing is known
 * of the pair: then rule 15 is left out. A link that would be accepted, but whose pair another
 * contract has, is held. NOW_MS decides expired, and that what is late is due at once: validity is
 * looked at on the due instant or now, whichever is later. Pure.
 */
void linkage_judge(const struct rulebook *rulebook, const struct contract *contract, size_t link,
	const struct certificate_facts *facts, const struct tenure *tenure, int64_t now_ms,
	struct verdict *verdict);

/*
 * Judges a link that was held, now that its pair went to CONTRACT: when it is due, and whether the
 * certificate, of which only the dates are needed, is valid then, and its key held still. The other
 * rules were judged when it began to wait, or was installed. The verdict is accept or refuse; its
 * trail has the lines on which that rests.
 */
void linkage_release(const struct rulebook *rulebook, const struct contract *contract, size_t link,
	int64_t not_before_ms, int64_t not_after_ms, bool key_held, const struct tenure *tenure,
	int64_t now_ms, struct verdict *verdict);

/* The verdict hold, for a link that was accepted or held before: TENURE says who has its pair. */
void linkage_wait(const struct rulebook *rulebook, const struct contract *contract, size_t link,
	const struct tenure *tenure, struct verdict *verdict);

/* Rule 10: the instant from which a link's days are counted. TENURE may be NULL. */
int64_t linkage_base_ms(const struct contract *contract, size_t link, const struct tenure *tenure);

/* Frees what VERDICT holds; it is {0} again. */
void verdict_clear(struct verdict *verdict);

#endif
