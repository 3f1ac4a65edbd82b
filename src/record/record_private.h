#ifndef RECORD_RECORD_PRIVATE_H
#define RECORD_RECORD_PRIVATE_H

#include "record/record.h"
#include "record/record_json.h"

/* Reads ROOT, an object, into RECORD as record_parse does. */
bool must_check record_read(struct record *record, const struct scope *root, struct error *error);

#endif
