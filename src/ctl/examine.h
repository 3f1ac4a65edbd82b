#ifndef CTL_EXAMINE_H
#define CTL_EXAMINE_H

#include "pki/pki.h"
#include "record/record.h"

/*
 * Looks at the certificate that RECORD brings at NOW_MS, for its FACTS alone; a record without one
 * leaves them as they are. Errors as pki_examine.
 */
bool must_check examine_record(struct pki *pki, const struct record *record, int64_t now_ms,
	struct certificate_facts *facts, struct error *error);

#endif
