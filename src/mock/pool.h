#ifndef MOCK_POOL_H
#define MOCK_POOL_H

#include <openssl/evp.h>
#include <openssl/x509.h>
#include <stddef.h>

/*
 * Private keys and chains that many certificates share, read once and counted. Tens of thousands of
 * installs come from a few keys and one chain: reading a key anew each time would make the mock
 * the slowest part of a benchmark.
 */
struct pool;

#define POOL_CHAIN_MAX 16

struct pooled {
	EVP_PKEY *key;
	STACK_OF(X509) * chain;
	size_t users;
	unsigned char hash[33]; /* SHA-256 of what it was read from, and 'k' or 'c' */
};

struct pool *pool_new(void);
/* All that came from it must have been released. */
void pool_free(struct pool *pool);

/* The key in TEXT (PEM, not encrypted); NULL when there is none. To be released. */
struct pooled *pool_key_from_pem(struct pool *pool, const char *text, size_t length);
/* The certificates in TEXT (PEM; none is a chain too); NULL when it cannot be read. To be released.
 */
struct pooled *pool_chain_from_pem(struct pool *pool, const char *text, size_t length);
/* The same from objects, which it takes over; CHAIN may be NULL. */
struct pooled *pool_key_take(struct pool *pool, EVP_PKEY *key);
struct pooled *pool_chain_take(struct pool *pool, STACK_OF(X509) * chain);

/*
 * A pem_password_cb that has none: an encrypted key has no place here, and without this OpenSSL
 * would ask on the terminal.
 */
int pool_no_passphrase(char *target, int size, int writing, void *context);

/* POOLED may be NULL. */
void pool_release(struct pool *pool, struct pooled *pooled);

#endif
