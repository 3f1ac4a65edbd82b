#ifndef MOCK_BUNDLE_H
#define MOCK_BUNDLE_H

#include <openssl/x509.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "mock/pool.h"

#define FINGERPRINT_TEXT_MAX 65

/* What one install brings: leaf, chain and key, read. Start from {0}. */
struct bundle {
	X509 *leaf;
	struct pooled *chain;
	struct pooled *key;
	char fingerprint[FINGERPRINT_TEXT_MAX]; /* SHA-256 of the leaf's DER, hexadecimal */
};

/* Borrowed text that need not be terminated. */
struct slice {
	const char *data;
	size_t length;
};

/*
 * Each reads one form of body. Permanent error that says which part is unusable; BUNDLE is {0}
 * then. Otherwise it is to be cleared with bundle_clear.
 */
bool must_check bundle_from_pem(struct pool *pool, struct slice certificate, struct slice chain,
	struct slice key, struct bundle *bundle, struct error *error);
/* Key, leaf and chain in one text: the first certificate is the leaf. */
bool must_check bundle_from_pem_text(
	struct pool *pool, struct slice text, struct bundle *bundle, struct error *error);
/* PKCS12 is base64, as JSON carries it. */
bool must_check bundle_from_pkcs12(struct pool *pool, const char *pkcs12, const char *passphrase,
	struct bundle *bundle, struct error *error);
void bundle_clear(struct pool *pool, struct bundle *bundle);

/*
 * What a service checks before it installs: the key belongs to the leaf, the leaf carries FQDN, and
 * with RSA_2048_ONLY the key is that. Permanent error.
 */
bool must_check bundle_check(
	const struct bundle *bundle, const char *fqdn, bool rsa_2048_only, struct error *error);

#endif
