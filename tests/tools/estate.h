#ifndef TOOLS_ESTATE_H
#define TOOLS_ESTATE_H

#include <openssl/evp.h>
#include <openssl/x509.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/error.h"

/*
 * make-estate: a certification authority and records with real certificates, for tests, the
 * demonstration and benchmarks. Faults of OpenSSL itself abort: nothing useful follows.
 */

#define ESTATE_LINKS_MAX 64
#define ESTATE_NAMES_MAX 64

/* "rsa-2048", "rsa-3072", "rsa-4096", "ec-p256", "ec-p384"; NULL for any other. */
EVP_PKEY *estate_key_new(const char *kind);
/*
 * Keys of RSA take long to make: a file of PEM that keeps them for the next time. LOADED of the
 * file's first keys, at most COUNT, go into KEYS; a file that is not there has none. Permanent
 * error when one of them is of another kind.
 */
bool must_check estate_keys_load(const char *path, const char *kind, EVP_PKEY **keys, size_t count,
	size_t *loaded, struct error *error);
/* Writes the file anew. */
bool must_check estate_keys_keep(
	const char *path, EVP_PKEY *const *keys, size_t count, struct error *error);

struct issue {
	const char *common_name;
	const char *const *names; /* further DNS names; "IP:…" for an address */
	size_t name_count;
	enum { ISSUE_SERVER, ISSUE_CLIENT, ISSUE_AUTHORITY } use;
	EVP_PKEY *key;
	X509 *issuer; /* NULL: signed by itself */
	EVP_PKEY *issuer_key;
	int64_t not_before_ms;
	int days;
};

/* A certificate of SHA-256, its last second DAYS days after its first (both counted in). */
X509 *estate_issue(const struct issue *issue);

/* The longest life, in days, of a public certificate that begins then, less one for safety. */
int estate_days_allowed(int64_t not_before_ms);

/* PEM, appended; the key as unencrypted PKCS#8. */
void estate_certificate_pem(X509 *certificate, struct buffer *out);
void estate_key_pem(EVP_PKEY *key, struct buffer *out);

/* Reads back what `ca` made. */
struct authority {
	X509 *certificate; /* the intermediate */
	EVP_PKEY *key;
};

/* Makes root, intermediate, server and client identities, token and sealing key in DIRECTORY. */
bool must_check estate_make_ca(const char *directory, int64_t now_ms, struct error *error);
/*
 * Makes one more server identity, NAME.pem (with the intermediate behind it) and NAME.key in
 * DIRECTORY. WISH: its names and validity; the rest is put in here.
 */
bool must_check estate_make_server(
	const char *directory, const char *name, const struct issue *wish, struct error *error);
bool must_check authority_load(
	const char *directory, struct authority *authority, struct error *error);
void authority_clear(struct authority *authority);

/* What one record is to say; texts borrowed. */
struct record_wish {
	const char *contract;
	int64_t revision;
	const char *state;
	int64_t since_ms;
	const char *item;
	const char *common_name;
	const char *names[ESTATE_NAMES_MAX]; /* further DNS names in the certificate */
	size_t name_count;
	const char *links[ESTATE_LINKS_MAX]; /* SERVICE:CODE:FQDN */
	size_t link_count;
	const char *csr_by; /* NULL: left out */
	int64_t at_ms;
	int days; /* 0: what is allowed */
	EVP_PKEY *key;
	EVP_PKEY *shown_key; /* NULL: key; another one for a record whose key does not belong */
	bool no_certificate;
	bool no_chain;
	bool no_key;
	bool pkcs12;
	bool self_signed;
};

/* Appends one record as a line of JSON. Permanent error for a link that has not the form. */
bool must_check estate_record(const struct authority *authority, const struct record_wish *wish,
	struct buffer *out, struct error *error);

#endif
