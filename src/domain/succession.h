#ifndef DOMAIN_SUCCESSION_H
#define DOMAIN_SUCCESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * A contract that names one (service, service code) pair by an active link, whatever else is said
 * of the link: one that is refused, or whose contract has no certificate yet, names the pair all
 * the same (DOMAIN.md rule 15). What rule 9 calls no link, does not.
 */
struct tenant {
	const char *contract;
	int64_t since_ms; /* the oldest of its links to the pair */
	bool holds;	  /* it has the pair up to now; of one of the tenants at most */
	bool begun;	  /* an install of it was pushed there, or may have been */
	bool given;	  /* an operator said that it has the pair */
};

/*
 * Which of a pair's tenants has it: its index, COUNT when there are none. The present holder, as
 * long as it names the pair; where it has begun nothing there and was not given it, one whose link
 * is older takes its place, so that the order in which records arrive decides nothing. A free pair
 * goes to the oldest link; of links of one age, to the present holder, then to the lower contract
 * code. Pure.
 */
size_t succession_holder(const struct tenant *tenants, size_t count);

/* Which would have it if the present holder let it go; COUNT when nobody waits. Pure. */
size_t succession_next(const struct tenant *tenants, size_t count);

#endif
