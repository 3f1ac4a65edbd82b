#ifndef DOMAIN_PLAN_H
#define DOMAIN_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "domain/certificate.h"
#include "domain/job.h"
#include "domain/linkage.h"

/* A link of the contract as it now stands, judged. FQDN in normal form where it has one. */
struct plan_wanted {
	const char *service;
	const char *service_code;
	const char *fqdn;
	const struct verdict *verdict;
};

/* A job that exists for the contract. */
struct plan_job {
	int64_t id;
	enum job_state state;
	unsigned char fingerprint[FINGERPRINT_SIZE];
	int64_t due_ms;
	const char *service;
	const char *service_code;
	const char *fqdn;
};

enum plan_action {
	PLAN_SUPERSEDE,	 /* job: the contract has a newer certificate for its target */
	PLAN_CANCEL,	 /* job: its link, or its contract, is gone */
	PLAN_REFUSE_JOB, /* job, wanted: the same certificate is refused there now */
	PLAN_RESCHEDULE, /* job, wanted: accepted after all, or due at another instant */
	PLAN_SCHEDULE,	 /* wanted: a new job, scheduled */
	PLAN_REFUSE,	 /* wanted: a new job, refused, so that it can be seen and asked for */
};

struct plan_change {
	enum plan_action action;
	size_t job;    /* index into the jobs, where the action has one */
	size_t wanted; /* index into the wanted, where the action has one */
};

/*
 * Compares what a contract's snapshot wants with the jobs that exist and yields the changes
 * (DESIGN.md, decision 1; DOMAIN.md rules 9, 14, 17). FINGERPRINT is the snapshot's certificate,
 * NULL when it has none. The same snapshot twice yields nothing the second time. A job that is
 * installed is never touched: letting go uninstalls nothing (rule 16). Pure; *CHANGES is to be
 * freed by the caller; changes to existing jobs come before new jobs.
 */
void plan_make(const unsigned char *fingerprint, const struct plan_wanted *wanted,
	size_t wanted_count, const struct plan_job *jobs, size_t job_count,
	struct plan_change **changes, size_t *change_count);

#endif
