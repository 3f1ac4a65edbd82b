#ifndef CTL_EXPLAIN_PAIRS_H
#define CTL_EXPLAIN_PAIRS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "domain/contract.h"
#include "domain/linkage.h"

/*
 * Which of the contracts in one input has which (service, service code) pair, as the daemon would
 * have it after the same records in the same order (DOMAIN.md rules 15 to 17).
 */
struct explain_pairs;

struct explain_pairs *explain_pairs_new(void);
void explain_pairs_free(struct explain_pairs *pairs);

/* Takes the contract's present links into account; what it lets go becomes free at NOW_MS. */
void explain_pairs_take(
	struct explain_pairs *pairs, const struct contract *contract, int64_t now_ms);

/* What is known of LINK's pair; the texts are the pairs' own, until the next record is taken. */
struct tenure explain_pairs_tenure(const struct explain_pairs *pairs,
	const struct contract *contract, const struct contract_link *link);

/* By now the daemon would have begun CONTRACT's install on LINK. */
void explain_pairs_begun(struct explain_pairs *pairs, const struct contract *contract,
	const struct contract_link *link);

#endif
