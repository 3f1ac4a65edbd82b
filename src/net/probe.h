#ifndef NET_PROBE_H
#define NET_PROBE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "net/loop.h"

/*
 * Looks at what a TLS server serves: a handshake with SNI, by OpenSSL on the loop, without
 * believing anything (whatever is served is a finding, trusted or not); closed at once after it.
 */
struct probe;

#define PROBE_CHAIN_MAX 10
#define PROBE_FINGERPRINT_SIZE 32

enum probe_outcome {
	PROBE_SERVED, /* a certificate came, even if the handshake failed after it */
	/* reached, but no certificate: refused by an alert (unknown SNI, say), or not TLS at all */
	PROBE_NONE,
	PROBE_UNREACHABLE, /* name, refused, reset, time-out */
	PROBE_CANCELLED,
};

struct probe_result {
	enum probe_outcome outcome;
	struct error error; /* a sentence, unless PROBE_SERVED */
	/* SHA-256 of each certificate's DER as sent, leaf first; at most PROBE_CHAIN_MAX. */
	unsigned char chain[PROBE_CHAIN_MAX][PROBE_FINGERPRINT_SIZE];
	size_t chain_length;
	int64_t not_before_ms; /* the leaf's; 0 when its time cannot be read */
	int64_t not_after_ms;
	bool covers_name; /* the leaf is for the name that was asked for */
	int64_t duration_ms;
};

typedef void probe_callback(void *context, const struct probe_result *result);

/*
 * ADDRESS is "host:port" or "[v6]:port" (host a name or an address; names are resolved without
 * blocking the loop); SNI a host name in A-labels, "*" labels not allowed. The callback runs once,
 * from the loop, never from within this call. Each address of a name gets its share of TIMEOUT_MS
 * until one accepts the connection.
 */
struct probe *probe_start(struct loop *loop, const char *address, const char *sni,
	int64_t timeout_ms, probe_callback *callback, void *context);

/* The callback runs within this call with PROBE_CANCELLED. */
void probe_cancel(struct probe *probe);

#endif
