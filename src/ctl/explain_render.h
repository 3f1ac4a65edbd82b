#ifndef CTL_EXPLAIN_RENDER_H
#define CTL_EXPLAIN_RENDER_H

#include "domain/certificate.h"
#include "domain/contract.h"
#include "domain/linkage.h"

/* A record, judged; all borrowed. VERDICTS has one for each link of the contract. */
struct explained {
	const struct contract *contract;
	const struct certificate_facts *facts; /* NULL: nothing issued yet */
	const struct verdict *verdicts;
};

/* Each writes it to standard output: for a person, or as one line of JSON. */
void explain_as_text(const struct explained *explained);
void explain_as_json(const struct explained *explained);

#endif
