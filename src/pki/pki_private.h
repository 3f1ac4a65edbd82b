#ifndef PKI_PKI_PRIVATE_H
#define PKI_PKI_PRIVATE_H

#include <openssl/decoder.h>
#include <openssl/evp.h>
#include <openssl/pkcs12.h>
#include <openssl/provider.h>
#include <openssl/x509.h>

#include "base/lean_library.h"
#include "pki/pki.h"

/* Bounds on what an input may hold; more of it is malformed. */
#define INPUT_SIZE_MAX ((size_t)1024 * 1024)
#define INPUT_CERTIFICATES_MAX 32
#define INPUT_NAMES_MAX 1000
#define TRUST_FILE_SIZE_MAX ((size_t)16 * 1024 * 1024)

#define DIGEST_SIZE 32
#define NAME_TEXT_MAX 72
#define WHY_MAX 160

#define CERTIFICATE_CACHE_SIZE 128
#define PATH_CACHE_SIZE 64
#define PROOF_CACHE_SIZE 256

/* A certificate of an authority, parsed once: parsing costs more than checking its signature. */
struct cached_certificate {
	unsigned char digest[DIGEST_SIZE]; /* SHA-256 of the DER */
	X509 *certificate;
};

/*
 * A path that verified: the issuer of a leaf, then upwards, with the root at the end. Its key
 * covers the issuer that the leaf names and all certificates that came along with it, so that the
 * answer for an input never depends on what was looked at before.
 */
struct cached_path {
	unsigned char key[DIGEST_SIZE];
	STACK_OF(X509) * path;
	int64_t from_s; /* the time within which all of it is valid, both ends included */
	int64_t until_s;
};

struct pki {
	int references;
	struct lean_library *lean;
	OSSL_LIB_CTX *library; /* its context: where RSA and EC keys are */
	/*
	 * For all but certificates and their keys: OpenSSL goes through everything that was ever
	 * fetched in a context for each public key that is read in it.
	 */
	OSSL_LIB_CTX *whole;
	OSSL_PROVIDER *legacy_provider; /* loaded when a PKCS#12 first needs it */
	EVP_MD *sha256;
	/*
	 * Building a decoder costs twenty times what decoding does, so one is kept. It puts what it
	 * decodes into decoded_key. The first knows PKCS#8 with the kinds of key that LIBRARY has,
	 * the second, made when it is first needed, all else, in the whole context.
	 */
	OSSL_DECODER_CTX *key_decoder;
	OSSL_DECODER_CTX *any_key_decoder;
	EVP_PKEY *decoded_key;
	X509_STORE *trust;
	STACK_OF(X509) * pool;
	int64_t pkcs12_max_iterations;

	struct cached_certificate certificates[CERTIFICATE_CACHE_SIZE];
	unsigned int certificates_next;
	struct cached_path paths[PATH_CACHE_SIZE];
	unsigned int paths_next;
	/* SHA-256 over a private key and the public key that it was proven to belong to. */
	unsigned char proofs[PROOF_CACHE_SIZE][DIGEST_SIZE];
	unsigned int proofs_used;
	unsigned int proofs_next;
};

struct bundle_certificate {
	X509 *certificate;
	unsigned char digest[DIGEST_SIZE];
};

/* A signature by a key of 16,384 bits takes seconds, and whoever sends the record chooses the key.
 */
#define RSA_BITS_MAX 8192

/* What an RSA key holds. What it does not have stays NULL. */
struct rsa_numbers {
	BIGNUM *n, *e, *d, *p, *q, *dp, *dq, *coefficient;
	BIGNUM *third; /* factor; of a key that has more than two */
};

/* What an input holds, parsed and not yet judged. */
struct bundle {
	struct bundle_certificate certificates[INPUT_CERTIFICATES_MAX];
	size_t count;
	bool key_came;
	struct buffer key_der; /* PKCS#8; empty when it did not come or could not be read */
	/*
	 * One of both, or none likewise. Nearly all keys are RSA with two factors, of which nothing
	 * but the numbers is needed; OpenSSL's decoder and the way back from it cost ten times as
	 * much as reading them.
	 */
	EVP_PKEY *key;
	struct rsa_numbers numbers; /* when N is not NULL: all but THIRD */
	char key_why[WHY_MAX];	    /* why not, when it came */
};

void pki_digest(
	const struct pki *pki, const void *data, size_t length, unsigned char digest[DIGEST_SIZE]);

/* "CN=…, O=…" of NAME, fit for a sentence and cut to NAME_TEXT_MAX. */
void pki_name_text(const X509_NAME *name, char text[NAME_TEXT_MAX]);

/* bundle.c: reads an input. False with WHY (size bytes) when it is malformed. */
bool bundle_read(struct pki *pki, const struct pki_input *input, struct bundle *bundle, char *why,
	size_t size);
void bundle_clear(struct bundle *bundle);
/* False with WHY when the DER is no certificate or there are too many; drops a duplicate. */
bool bundle_add_der(struct pki *pki, struct bundle *bundle, const unsigned char *der, size_t length,
	char *why, size_t size);

/*
 * parse.c. The certificate is the caller's to free; NULL when DER is not exactly one certificate in
 * DER with a public key that can be read. DIGEST is set in any case.
 */
X509 *certificate_parse(struct pki *pki, const unsigned char *der, size_t length,
	unsigned char digest[DIGEST_SIZE]);
/* Appends DER as a PEM block of the type LABEL. */
void pem_append(struct buffer *pem, const char *label, const unsigned char *der, size_t length);
void pem_append_certificate(struct buffer *pem, const X509 *certificate);
/* All certificates of a PEM file. Permanent error naming it. */
bool must_check certificates_load(
	struct pki *pki, const char *path, STACK_OF(X509) * certificates, struct error *error);
/* The next certificate of BIO in PEM, NULL when there is none. */
X509 *certificate_from_bio(struct pki *pki, BIO *bio);

/* key.c: takes the key out of a PEM block of type LABEL, with its header lines, into BUNDLE. */
void key_from_block(struct pki *pki, struct bundle *bundle, const char *label, char *header,
	unsigned char *data, size_t length, const char *passphrase);
/* The same for a PKCS#8. */
void key_from_pkcs8(struct pki *pki, struct bundle *bundle, const PKCS8_PRIV_KEY_INFO *pkcs8);
/* The key of a material; NULL when there is none to be read. */
EVP_PKEY *key_from_pem(struct pki *pki, const struct buffer *pem);

/* key.c: whether a private key is there, and whether PUBLIC_KEY is its other half. */
bool bundle_has_key(const struct bundle *bundle);
bool bundle_key_is_of(const struct bundle *bundle, const EVP_PKEY *public_key);

/*
 * rsa_numbers.c. Reads the key of PKCS8 when it is RSA with two factors, plainly written, and all
 * that rsa_numbers_have_factors wants; else false, with nothing in NUMBERS: it may be a key for all
 * that.
 */
bool rsa_numbers_read(const PKCS8_PRIV_KEY_INFO *pkcs8, struct rsa_numbers *numbers);
/* Those of KEY, which has at most RSA_BITS_MAX; false when one is longer than the modulus. */
bool rsa_numbers_get(const EVP_PKEY *key, struct rsa_numbers *numbers);
void rsa_numbers_clear(struct rsa_numbers *numbers);
/* Whether PUBLIC_KEY is RSA (and not RSA-PSS) with the same modulus and public exponent. */
bool rsa_numbers_are_of(const struct rsa_numbers *numbers, const EVP_PKEY *public_key);
/* Whether signing by the factors can tell: two odd ones, and nothing that makes it costly. */
bool rsa_numbers_have_factors(const struct rsa_numbers *numbers);

/*
 * pki.c: makes sure that OpenSSL's generators have their seeds; aborts when there are none to be
 * had, as pki_random does, so that nothing is judged by a signature that could not be made.
 */
void pki_require_random(const struct pki *pki);

/* proof.c: true when a signature by the bundle's key verifies under CERTIFICATE; else WHY. */
bool key_belongs(
	struct pki *pki, const struct bundle *bundle, const X509 *certificate, char why[WHY_MAX]);
/* Under 112 bits of security, or RSA with a public exponent that protects nothing. */
bool key_is_weak(const EVP_PKEY *key);
/* "rsa-2048", "ec-p256", … */
void key_describe(EVP_PKEY *key, char *text, size_t size);

/*
 * pbe.c: whether a password-based encryption may be tried, before any time is spent on it. BUDGET
 * is what is left of iterations for the input, WHAT its name in a sentence. False with WHY.
 */
bool pbe_allowed(struct pki *pki, const char *what, const X509_ALGOR *algorithm, int64_t *budget,
	char *why, size_t size);
/* The same for a bare iteration count, as a MAC has. */
bool pbe_iterations_allowed(const struct pki *pki, int64_t iterations, int64_t *budget,
	const char *where, char *why, size_t size);
/* How much all of one input may cost. */
int64_t pbe_budget(const struct pki *pki);

/* pkcs12.c. False with WHY. */
bool pkcs12_read(struct pki *pki, const struct pki_input *input, struct bundle *bundle, char *why,
	size_t size);

/*
 * chain.c: sets chain and chain_why of FACTS, and CHAIN (to be freed with its certificates) to leaf
 * and intermediates in the order of sending, without a root.
 */
void chain_build(struct pki *pki, const struct bundle *bundle, size_t leaf, int64_t now_ms,
	struct certificate_facts *facts, STACK_OF(X509) * *chain);
/* chain.c: frees the paths that were kept. */
void chain_forget(struct pki *pki);

#endif
