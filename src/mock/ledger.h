#ifndef MOCK_LEDGER_H
#define MOCK_LEDGER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/error.h"

/*
 * An append-only log of install requests, one JSON object a line, written out before the answer is
 * sent: what a test counts after it has killed something. It outlives the mock's own death, too.
 */
struct ledger;

struct ledger_entry {
	const char *service;
	const char *code;
	const char *fqdn;
	const char *idempotency_key; /* NULL: none came along */
	const char *fingerprint;     /* "": the request was not read so far */
	const char *fault;	     /* the fault that was played; NULL: none */
	bool effect;		     /* something was installed */
	bool replayed;
	int status; /* of the answer, even of one that a fault keeps back; 0: there was none */
};

/*
 * Opens PATH for appending, made when it is not there; its lines go on being counted. PATH NULL:
 * a file in memory alone.
 */
bool must_check ledger_open(const char *path, struct ledger **ledger, struct error *error);
void ledger_free(struct ledger *ledger);

/* Writes one line. A test double that cannot write its ledger proves nothing: it aborts then. */
void ledger_append(struct ledger *ledger, int64_t now_ms, const struct ledger_entry *entry);

/* Appends the whole of it to OUT, at most MAXIMUM bytes of it (the last whole lines). */
bool must_check ledger_read(
	const struct ledger *ledger, size_t maximum, struct buffer *out, struct error *error);

#endif
