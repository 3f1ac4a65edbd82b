#ifndef DOMAIN_CERTIFICATE_H
#define DOMAIN_CERTIFICATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FINGERPRINT_SIZE 32
#define FINGERPRINT_TEXT_MAX (2 * FINGERPRINT_SIZE + 1)

/* More intermediates than these are not compared. */
#define CERTIFICATE_CHAIN_MAX 8

enum chain_status {
	CHAIN_TRUSTED,	  /* leads to a trusted root with the intermediates at hand */
	CHAIN_INCOMPLETE, /* an issuer is neither sent along nor in the pool */
	CHAIN_UNTRUSTED,  /* ends in a root that is not trusted, or a link of it is not valid */
};

enum key_status {
	KEY_BELONGS,  /* a signature made with it verified under the certificate */
	KEY_MISMATCH, /* came along and does not belong, or cannot be used */
	KEY_ABSENT,   /* did not come along and is not held */
	KEY_HELD,     /* did not come along; an earlier record brought one that belongs */
};

/*
 * What is to be known of a certificate to judge it: plain values, no cryptography. Made by pki.
 * Where malformed is true, the rest is meaningless.
 */
struct certificate_facts {
	bool malformed;
	char malformed_why[256];

	unsigned char fingerprint[FINGERPRINT_SIZE]; /* SHA-256 of the leaf's DER */
	int64_t not_before_ms;
	int64_t not_after_ms; /* the last millisecond of the second that notAfter names: inclusive
			       */
	char key[32];	      /* "rsa-2048", "ec-p256", "ed25519", … */
	char *common_name;    /* the subject's CN, NULL when it has none */
	char **names;	      /* DNS names of the SAN extension, in its order, as they stand */
	size_t name_count;

	/* SHA-256 of the intermediates that a server sends with it, the leaf's issuer first. */
	unsigned char chain_fingerprints[CERTIFICATE_CHAIN_MAX][FINGERPRINT_SIZE];
	size_t chain_length;

	enum key_status key_status;
	char key_why[160]; /* a sentence on KEY_MISMATCH, else "" */

	bool key_is_rsa2048;	 /* certificate's public key and, if it came, the private key */
	bool key_weak;		 /* under 112 bits of security */
	bool signature_weak;	 /* leaf or an intermediate signed with a broken digest */
	char signature_why[160]; /* which one and how, else "" */
	enum chain_status chain;
	char chain_why[200]; /* a sentence on CHAIN_INCOMPLETE and CHAIN_UNTRUSTED, else "" */
};

/* Frees what FACTS holds, not FACTS itself; it is {0} again. */
void certificate_facts_clear(struct certificate_facts *facts);

/*
 * How many days a public TLS certificate that begins at NOT_BEFORE_MS may be valid (DOMAIN.md, rule
 * 8, validity-too-long): 398, 200 from 2026-03-15 on, 100 from 2027-03-15, 47 from 2029-03-15.
 */
int certificate_days_max(int64_t not_before_ms);

#endif
