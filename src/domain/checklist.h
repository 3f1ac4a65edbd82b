#ifndef DOMAIN_CHECKLIST_H
#define DOMAIN_CHECKLIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/civil.h"
#include "domain/contract.h"
#include "domain/job.h"
#include "domain/linkage.h"

/*
 * Moving to a certificate that was issued elsewhere: the checklists of the document "本サービス以外
 * で発行したサーバ証明書へ乗り換える場合" (004) and how far a contract has come in them (DOMAIN.md
 * rules 15, 16 and 18). Pure. What the program cannot see (choosing a CA, issuing elsewhere) it
 * says it cannot see.
 */

/* ---- days ---- */

/*
 * [choice] One month before DAY (1ヶ月前) is the same day of the month before, or that month's last
 * day where it has no such day: 03-31 gives 02-28, in a leap year 02-29. The document does not say.
 */
civil_day checklist_month_before(civil_day day);

/* How the old contract comes to its end (004, the last step of both lists). */
enum ending {
	ENDING_NO_DAYS,	      /* the expiry is not known */
	ENDING_APPLY_BEFORE,  /* by the day before the window begins, else it renews by itself */
	ENDING_RENEWED,	      /* that day is over, up to 2026-01-31 */
	ENDING_APPLY_OR_WAIT, /* up to 2026-01-31 an application; none if one waits until after */
	ENDING_BY_ITSELF,     /* from 2026-02-01: ends at expiry, no application */
	ENDING_UNCLEAR, /* the same, but the renewal that began before 2026-01-31 may be made */
};

/* "no-days", "apply-before", … */
const char *ending_name(enum ending ending);

/*
 * Days in Asia/Tokyo. [choice] The contract's expiry (有効期限) is the day on which the certificate
 * ends, unless it is told; N days before it is its day minus N. [choice] A step's timing
 * (対応タイミング) is the day of NOW_MS.
 */
struct checklist_days {
	bool has_expiry;
	civil_day today;
	civil_day expiry;
	civil_day recommended;	/* all steps should be done by then: one month before */
	civil_day window_first; /* the renewal's period, and with it online application, begins: */
	civil_day window_last;	/* 30 days before; it ends 26 days before */
	bool has_window;	/* the window is of use: it begins while applications are needed */
	bool has_apply_by;	/* ENDING_APPLY_BEFORE and ENDING_RENEWED */
	civil_day apply_by;	/* the day before the window */
	enum ending ending;
};

/* EXPIRY is looked at when HAS_EXPIRY is true. */
struct checklist_days checklist_days_of(bool has_expiry, civil_day expiry, int64_t now_ms);

/* ---- what is known ---- */

/* What is known of an install of a contract's certificate: its job, or its judgement alone. */
struct checklist_install {
	const char *service;
	const char *service_code;
	const char *fqdn;
	bool has_job;
	enum job_state state; /* when has_job */
	int64_t due_ms;	      /* 0: none */
	int64_t issued_ms;    /* when its certificate was issued or registered; 0: not known */
	const char *detail;   /* the last outcome, or why it is refused; may be NULL */
};

/* A contract with what became of it; all borrowed. Installs in the order in which they came. */
struct checklist_contract {
	const struct contract *contract;
	const struct checklist_install *installs;
	size_t install_count;
};

struct checklist_input {
	const struct rulebook *rulebook;
	struct checklist_contract old;
	/* Contracts that may be the old one's successor on a service, the likelier first. */
	const struct checklist_contract *successors;
	size_t successor_count;
	bool has_expiry;
	civil_day expiry;
	bool expiry_told; /* by the caller; else it is the certificate's */
	int64_t now_ms;
};

/* ---- the answer ---- */

enum step_state {
	STEP_DONE,
	STEP_NEXT, /* the first one that is open and can be done */
	STEP_OPEN,
	STEP_NOT_KNOWN, /* happens where the program does not see it */
	STEP_NOT_NEEDED,
	STEP_IMPOSSIBLE, /* on this service it cannot be done */
};
/* "done", "next", "open", "not-known", "not-needed", "impossible". */
const char *step_state_name(enum step_state state);

enum step_actor {
	ACTOR_CUSTOMER,
	ACTOR_ADMINISTRATOR,		  /* サービスグループの運用管理担当者 */
	ACTOR_ADMINISTRATOR_AND_PROVIDER, /* asked for by the one, done by the other */
	ACTOR_PROVIDER,
};
/* For JSON ("customer", "administrator", …) and for a person. */
const char *step_actor_name(enum step_actor actor);
const char *step_actor_text(enum step_actor actor);

struct checklist_step {
	int number;
	enum step_state state;
	enum step_actor who;
	const char *title;
	char *text; /* how it is done */
	char *why;  /* why it is in its state */
	const char *source;
};

enum due_basis {
	DUE_NONE,
	DUE_JOB,      /* of the successor's job */
	DUE_JUDGED,   /* of its record, by the service's rules */
	DUE_IF_TODAY, /* the earliest: were everything before it done today */
};
/* "none", "job", "judged", "if-today". */
const char *due_basis_name(enum due_basis basis);

#define CHECKLIST_STEPS_OTHER 4
#define CHECKLIST_STEPS_SERVICE 8

/* One list, of 4 steps (the target service is その他, or there is none) or of 8. */
struct checklist {
	size_t step_count;
	char *service;	    /* NULL in the list of 4 steps, as are the next three */
	char *service_code; /* "" where it was deleted and nothing tells what it was */
	char *service_name;
	char *successor; /* the code of the bring-in contract; NULL: none is known */
	bool service_known;
	enum bring_in_rule bring_in; /* when service_known */
	bool named;		     /* the old contract still names the service code */
	enum due_basis due_basis;
	int64_t due_ms;
	struct checklist_step steps[CHECKLIST_STEPS_SERVICE];
};

/* Something that the reader should know, with where it stands. */
struct checklist_statement {
	const char *code;
	char *text;
	const char *source;
};

struct migration {
	bool applies; /* false: a bring-in contract; then there is no list, and a warning says so */
	struct checklist_days days;
	struct checklist *lists;
	size_t list_count;
	struct checklist_statement *warnings; /* what does not fit together */
	size_t warning_count;
	struct checklist_statement *undefined; /* what the document leaves open, and the reading */
	size_t undefined_count;
};

/*
 * The checklists for INPUT. A contract with several links has one list for each (service, service
 * code), and one of 4 steps for its links to その他; such a link beside a pair that the contract
 * has let go of, and where its present certificate was installed or a successor waits, is what step
 * 3 asks for, and has no list of its own. To be cleared with migration_clear.
 */
void migration_make(const struct checklist_input *input, struct migration *migration);

/* Frees what MIGRATION holds; it is {0} again. */
void migration_clear(struct migration *migration);

#endif
