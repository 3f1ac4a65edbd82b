#ifndef ENGINE_LOOK_H
#define ENGINE_LOOK_H

#include <stddef.h>
#include <stdint.h>

#include "domain/certificate.h"
#include "net/loop.h"
#include "service/profile.h"

/*
 * A look at what a service serves: a handshake with each of its edges at once, each finding told
 * apart, and one finding of them all: served when as many edges as the profile wants serve it.
 */
struct look;

enum look_finding {
	LOOK_SERVED,
	LOOK_WRONG_CHAIN, /* the leaf, but not with the intermediates that go with it */
	LOOK_OLD,	  /* another certificate of the name */
	LOOK_OTHER,	  /* a certificate of another name */
	LOOK_NONE,	  /* reached, but no certificate for the name */
	LOOK_UNREACHABLE,
	LOOK_INTERRUPTED,
	LOOK_FINDING_COUNT
};

/* "served", "wrong-chain", "old", … */
const char *look_finding_name(enum look_finding finding);

#define LOOK_TEXT_MAX 512

/* A certificate of the wanted name that an edge serves. */
struct look_leaf {
	unsigned char fingerprint[FINGERPRINT_SIZE];
	int64_t not_before_ms; /* 0: cannot be read */
};

struct look_result {
	enum look_finding finding; /* the worst that keeps it from being served, else served */
	size_t served;		   /* edges that serve it */
	size_t edges;
	char text[LOOK_TEXT_MAX]; /* a sentence that names the edges */
	int64_t duration_ms;
	unsigned char leaf[FINGERPRINT_SIZE]; /* what the first edge that served anything served */
	int64_t leaf_not_after_ms;	      /* 0 when none did */
	struct look_leaf leaves[PROFILE_EDGES_MAX]; /* one of each edge that served one */
	size_t leaf_count;
	size_t unreachable; /* edges of which nothing is known */
};

/* What is to be served. */
struct look_wanted {
	const char *fqdn; /* normal form; a wildcard is asked for by a name that it covers */
	unsigned char fingerprint[FINGERPRINT_SIZE];
	/* Fingerprints of the intermediates that go with it, leaf's issuer first. */
	const unsigned char (*chain)[FINGERPRINT_SIZE];
	size_t chain_length;
};

typedef void look_callback(void *context, const struct look_result *result);

/*
 * PROFILE has at least one edge and is borrowed until the callback ran, as is WANTED->chain. The
 * callback runs once, from the loop, never from within this call.
 */
struct look *look_start(struct loop *loop, const struct profile *profile,
	const struct look_wanted *wanted, look_callback *callback, void *context);
/* The callback runs within this call, the finding interrupted. */
void look_cancel(struct look *look);

#endif
