#ifndef RECORD_RECORD_H
#define RECORD_RECORD_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buffer.h"
#include "base/error.h"
#include "domain/contract.h"

#define RECORD_MAX_BYTES 262144
#define RECORD_MAX_DEPTH 16
#define RECORD_MAX_LINKS 256
#define RECORD_UNKNOWN_MAX 8

/*
 * A record as a source delivered it (INTERFACES.md, "A record"): the contract and its
 * certificate's bytes. Either pem or pkcs12 is set when contract.has_certificate.
 */
struct record {
	struct contract contract;
	char *pem;
	char *private_key; /* NULL: left out */
	struct buffer pkcs12;
	char *passphrase;
	/* Keys that this program does not know, for a notice ("certificate.serial"). */
	char *unknown[RECORD_UNKNOWN_MAX];
	size_t unknown_count;
};

/*
 * Reads one JSON record of LENGTH bytes. Permanent error that names the key ("links[2].service is
 * missing", "revision: not a whole number") or, for what is no JSON, the position. Bounded in size,
 * depth and number of links. Copies of keys in the JSON library's memory are wiped. RECORD is {0}
 * after a failure; otherwise to be cleared with record_clear.
 */
bool must_check record_parse(
	const char *text, size_t length, struct record *record, struct error *error);

/* Overwrites the secrets and frees; RECORD is {0} again. */
void record_clear(struct record *record);

/*
 * The contract as canonical JSON, one line, without the certificate's bytes or any secret: equal
 * contracts give equal text. Appended to OUT.
 */
void record_canonical(const struct contract *contract, struct buffer *out);
/* Reads canonical JSON again (from the store). Internal error. */
bool must_check record_from_canonical(
	const char *text, struct contract *contract, struct error *error);

#endif
