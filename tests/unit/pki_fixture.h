#ifndef TESTS_PKI_FIXTURE_H
#define TESTS_PKI_FIXTURE_H

#include <openssl/evp.h>
#include <openssl/x509.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Certificates and keys for tests, made while the test runs. What goes wrong in here aborts the
 * test program: it is the test's fault.
 */

/*
 * The NUMBER-th key of a kind: "rsa-N", "rsa-pss-N", "ec-p256", "ec-p384", "ec-p521" or another
 * curve's OpenSSL name behind "ec-", "ed25519", "ed448". Made once in a process (an RSA key takes
 * a tenth of a second) and kept until fixture_free; not to be freed by the caller.
 */
EVP_PKEY *fixture_key(const char *kind, unsigned int number);

/* Frees the keys and removes the files that were made. */
void fixture_free(void);

/* What a certificate is to say. Start from {0} and set what matters. */
struct fixture_request {
	const char *common_name;   /* NULL: none */
	size_t common_name_length; /* 0: strlen; else bytes, NUL allowed */
	const char *const *names;  /* DNS names of the SAN extension up to a NULL; NULL: none */
	const char *raw_name;	   /* one more DNS name of raw_name_length bytes */
	size_t raw_name_length;
	int64_t not_before_ms;		/* 0: a year before FIXTURE_NOW_MS */
	int64_t not_after_ms;		/* 0: a year after it */
	EVP_PKEY *key;			/* whose public part it certifies; borrowed */
	const char *digest;		/* NULL: SHA256, or none where the scheme has its own */
	bool pss;			/* sign with RSA-PSS */
	bool authority;			/* basicConstraints CA:TRUE and keyCertSign */
	const char *extended_key_usage; /* NULL: serverAuth for a leaf; "": none */
	X509 *issuer;			/* NULL: self-signed; borrowed */
	EVP_PKEY *issuer_key;		/* borrowed; with issuer */
};

/* 2026-11-22T00:00:00Z: "now" for tests. */
#define FIXTURE_NOW_MS INT64_C(1795305600000)
#define FIXTURE_DAY_MS INT64_C(86400000)

/* To be freed with X509_free. */
X509 *fixture_certificate(const struct fixture_request *request);

/*
 * A small hierarchy: root, intermediate and leaf with one name, all valid at FIXTURE_NOW_MS. The
 * two authorities have P-256 keys 1000 and 1001.
 */
struct fixture_chain {
	X509 *root;
	X509 *intermediate;
	X509 *leaf;
};

/* KEY is the leaf's; NAME its common name and one DNS name. */
void fixture_chain_make(struct fixture_chain *chain, EVP_PKEY *key, const char *name);
void fixture_chain_free(struct fixture_chain *chain);
EVP_PKEY *fixture_root_key(void);
EVP_PKEY *fixture_intermediate_key(void);

/* PEM, to be freed with free(). A key comes as unencrypted PKCS#8. */
char *fixture_pem(const X509 *certificate);
char *fixture_key_pem(const EVP_PKEY *key);
/* One text, to be freed, of those given, which are freed. */
#define fixture_join(...) fixture_join_all((char *[]){__VA_ARGS__, NULL})
char *fixture_join_all(char *const *texts);

/*
 * Writes TEXT to a new file that its owner alone can read, and returns its path; fixture_free
 * removes the file and the path.
 */
const char *fixture_file(const char *text, size_t length);

#endif
