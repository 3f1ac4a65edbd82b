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
	const char *service;
	const char *service_code;
	const char *fqdn;
};

enum plan_action {
	PLAN_SCHEDULE, /* wanted[index]: a new job, scheduled */
	PLAN_REFUSE,   /* wanted[index]: a new job, refused, so that it can be seen and asked for */
	PLAN_SUPERSEDE, /* jobs[index]: the contract has a newer certificate for its target */
	PLAN_CANCEL, /* jobs[index]: its link, or its contract, is gone, or the link is refused now
		      */
};

struct plan_change {
	enum plan_action action;
	size_t index;
};

/*
 * Compares what a contract's snapshot wants with the jobs that exist and yields the changes
 * (DESIGN.md, decision 1; DOMAIN.md rules 9, 14, 17). FINGERPRINT is the snapshot's certificate,
 * NULL when it has none. The same snapshot twice yields nothing the second time. Pure; *CHANGES is
 * to be freed by the caller, supersedes and cancels come before the new jobs.
 */
void plan_make(const unsigned char *fingerprint, const struct plan_wanted *wanted,
	size_t wanted_count, const struct plan_job *jobs, size_t job_count,
	struct plan_change **changes, size_t *change_count);

#endif
