#ifndef DOMAIN_PLAN_H
#define DOMAIN_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "domain/certificate.h"
#include "domain/job.h"
#include "domain/linkage.h"

/* The certificate that a contract has now. */
struct plan_certificate {
	unsigned char fingerprint[FINGERPRINT_SIZE];
	int64_t at_ms; /* issuance or registration */
};

/* A link of the contract as it now stands, judged. FQDN in normal form where it has one. */
struct plan_wanted {
	const char *service;
	const char *service_code;
	const char *fqdn;
	const struct verdict *verdict;
	int64_t added_ms; /* the link's since, or when its pair became free where that is later */
	bool taken;	  /* another contract has its pair, whatever the verdict */
	int64_t since_ms; /* the link's own */
};

/* A job that exists for the contract. */
struct plan_job {
	int64_t id;
	enum job_state state;
	unsigned char fingerprint[FINGERPRINT_SIZE];
	int64_t issued_ms; /* when its certificate was issued or registered */
	int64_t not_after_ms;
	int64_t base_ms;
	int64_t due_ms;
	bool tried;	  /* the service may have had it: pushed, or under way when called off */
	bool pushed_over; /* another contract's install may have gone over it since */
	int64_t called_off_ms; /* when an operator cancelled it; 0: no operator did */
	const char *service;
	const char *service_code;
	const char *fqdn;
};

enum plan_action {
	PLAN_SUPERSEDE,	 /* job, wanted: the contract has another certificate for its target */
	PLAN_OVERTAKEN,	 /* job, wanted: a newer certificate was there, so it is not to go over it
			  */
	PLAN_CANCEL,	 /* job: its link, or its contract, is gone */
	PLAN_REFUSE_JOB, /* job, wanted: the same certificate is refused there now */
	PLAN_HOLD_JOB,	 /* job, wanted: another contract has its pair now, or its base changed */
	PLAN_RESCHEDULE, /* job, wanted: accepted after all, or due at another instant, or to be
			    installed once more */
	PLAN_SCHEDULE,	 /* wanted: a new job, scheduled */
	PLAN_HOLD,	 /* wanted: a new job, held */
	PLAN_REFUSE,	 /* wanted: a new job, refused, so that it can be seen and asked for */
	PLAN_PASS_OVER,	 /* wanted: a new job, superseded: a newer certificate was there */
};

struct plan_change {
	enum plan_action action;
	size_t job;    /* index into the jobs, where the action has one */
	size_t wanted; /* index into the wanted, where the action has one */
};

/*
 * Compares what a contract's snapshot wants with the jobs that exist and yields the changes
 * (DESIGN.md, decision 1; DOMAIN.md rules 9, 14 to 17). CERTIFICATE is NULL when it has none. The
 * same snapshot twice yields nothing the second time. What is installed stays so: letting go
 * uninstalls nothing. It is installed once more when its link was added again later, when another
 * contract was on the target, or when the contract went back to it. A certificate never goes over
 * one of the contract that was issued later and that the service may have. What an operator
 * cancelled stays so for the same certificate, until its link is added anew. Pure; *CHANGES is to
 * be freed by the caller; changes to existing jobs come before new jobs.
 */
void plan_make(const struct plan_certificate *certificate, const struct plan_wanted *wanted,
	size_t wanted_count, const struct plan_job *jobs, size_t job_count,
	struct plan_change **changes, size_t *change_count);

/*
 * From when on the certificate that CERTIFICATE replaces on the target of WANTED is revoked: 30
 * days after a reissue (rule 14); 0 when it replaces none, or one that ends by then anyhow (a
 * renewal).
 */
int64_t plan_revoked_ms(const struct plan_certificate *certificate,
	const struct plan_wanted *wanted, const struct plan_job *jobs, size_t job_count);

#endif
