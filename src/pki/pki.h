#ifndef PKI_PKI_H
#define PKI_PKI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/error.h"
#include "domain/certificate.h"

/*
 * All that is done with certificates and keys. A struct pki owns an OSSL_LIB_CTX, its providers,
 * decoders, trust store and pool of intermediates: one a thread, never shared (threads that share
 * an OpenSSL library context do not scale).
 */
struct pki;

struct pki_options {
	const char *trust_file;		/* PEM; NULL or "": the system's trust store */
	const char *intermediates_file; /* PEM pool that completes chains; NULL or "": none */
	bool without_trust;		/* for making PKCS#12 alone: nothing is trusted */
	int pkcs12_max_iterations;	/* 0: the default of 100,000 */
};

/*
 * PKI is to be freed with pki_free by the thread that used it. Permanent error that names the file
 * when one of the files cannot be read or holds no certificate.
 */
bool must_check pki_new(const struct pki_options *options, struct pki **pki, struct error *error);
void pki_free(struct pki *pki);
/* One more who uses PKI, on the same thread: it lasts until each has called pki_free. */
struct pki *pki_ref(struct pki *pki);

/*
 * Installs wiping allocators in OpenSSL; once, before any other use of it in the process (by curl,
 * too). OpenSSL takes none once it has allocated: the process aborts then, since keys would stay
 * behind in its heap.
 */
void pki_init_process(void);

/*
 * Whether OpenSSL as this system and the environment configure it can do what is needed; after
 * pki_init_process. Permanent error that says what to look at: what comes later would abort.
 */
bool must_check pki_check_process(struct error *error);

/* A certificate's bytes as a record brought them; borrowed. Either pem or pkcs12 is set. */
struct pki_input {
	const char *pem;	 /* leaf and intermediates in any order, junk around them allowed */
	const char *private_key; /* PEM, PKCS#8 or traditional; NULL: did not come along */
	const unsigned char *pkcs12;
	size_t pkcs12_length;
	const char *passphrase; /* of the PKCS#12 or of an encrypted private key; may be NULL */
};

/*
 * What is put on a service, as PEM text: the leaf, the intermediates in the order in which a server
 * sends them (root left out; "" when none), the key as unencrypted PKCS#8 ("" when it did not
 * come).
 */
struct material {
	struct buffer leaf_pem;
	struct buffer chain_pem;
	struct buffer key_pem;
};

/* Overwrites and frees; MATERIAL is {0} again. */
void material_clear(struct material *material);

/*
 * Looks at INPUT whole (DOMAIN.md rule 8): finds the leaf (the certificate that the key belongs to,
 * else the first that issued none of the others), orders and completes the chain, checks the key by
 * a signature made and verified, the chain's trust as at NOW_MS (the leaf's own dates are the
 * domain's business), and the digests. What is wrong with the input is a fact, not an error:
 * malformed, key_status and chain tell it. FACTS is to be cleared with certificate_facts_clear,
 * MATERIAL (filled unless malformed) with material_clear. Internal error alone.
 */
bool must_check pki_examine(struct pki *pki, const struct pki_input *input, int64_t now_ms,
	struct certificate_facts *facts, struct material *material, struct error *error);

/* DER of a PKCS#12 with AES-256 and SHA-256 under PASSPHRASE, appended to OUT. Internal error. */
bool must_check pki_make_pkcs12(struct pki *pki, const struct material *material,
	const char *passphrase, struct buffer *out, struct error *error);

/* SHA-256 of DATA. */
void pki_sha256(const void *data, size_t length, unsigned char digest[32]);

/*
 * The SHA-256 of each certificate's DER in TEXT, PEM in the order in which it stands, at most
 * MAXIMUM of them; what is no certificate is passed over. Returns how many there were; a block that
 * is no PEM ends the reading.
 */
size_t pki_pem_fingerprints(const char *text, unsigned char (*digests)[32], size_t maximum);

/*
 * When the first certificate in TEXT (PEM) begins to be valid, in milliseconds since 1970; 0 when
 * there is none, or its time cannot be read.
 */
int64_t pki_pem_not_before_ms(const char *text);

/* LENGTH random bytes from the system; aborts when there are none. */
void pki_random(void *data, size_t length);

/* Standard base64 without line breaks, appended to OUT. */
void pki_base64(const void *data, size_t length, struct buffer *out);

#endif
