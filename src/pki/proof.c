#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "pki/pki_private.h"

#define SIGNATURE_MAX 4096
#define SECURITY_BITS_LEAST 112
/* A signature by a key of 16,384 bits takes seconds, and whoever sends the record chooses the key.
 */
#define RSA_BITS_MAX 8192

static BIGNUM *number_of(const EVP_PKEY *key, const char *name)
{
	BIGNUM *number = NULL;

	return EVP_PKEY_get_bn_param(key, name, &number) == 1 ? number : NULL;
}

static bool is_rsa(const EVP_PKEY *key)
{
	return EVP_PKEY_is_a(key, "RSA") || EVP_PKEY_is_a(key, "RSA-PSS");
}

/*
 * A public exponent of 1 encrypts nothing and makes any text a signature; an even one has no
 * inverse.
 */
static bool exponent_is_usable(const EVP_PKEY *key)
{
	BIGNUM *exponent = number_of(key, OSSL_PKEY_PARAM_RSA_E);
	bool usable = exponent != NULL && !BN_is_one(exponent) && BN_is_odd(exponent);

	BN_free(exponent);
	return usable;
}

bool key_is_weak(const EVP_PKEY *key)
{
	return EVP_PKEY_get_security_bits(key) < SECURITY_BITS_LEAST ||
	       (is_rsa(key) && !exponent_is_usable(key));
}

/* True when EXPONENT undoes the public exponent modulo PRIME - 1. */
static bool exponent_fits(
	const BIGNUM *exponent, const BIGNUM *public_exponent, const BIGNUM *prime, BN_CTX *scratch)
{
	BIGNUM *order = BN_dup(prime), *product = BN_secure_new();
	bool fits = false;

	if (order != NULL && product != NULL && BN_sub_word(order, 1) == 1 && !BN_is_zero(order)) {
		BN_set_flags(order, BN_FLG_CONSTTIME);
		fits = BN_mod_mul(product, exponent, public_exponent, order, scratch) == 1 &&
		       BN_is_one(product);
	}
	BN_clear_free(order);
	BN_clear_free(product);
	return fits;
}

/*
 * A signature is made with the factors of an RSA key where it has them, and its private exponent is
 * not looked at; another program may do it the other way round. So both have to be right.
 */
static bool rsa_parts_agree(const EVP_PKEY *key)
{
	BN_CTX *scratch = BN_CTX_secure_new();
	BIGNUM *d = number_of(key, OSSL_PKEY_PARAM_RSA_D);
	BIGNUM *e = number_of(key, OSSL_PKEY_PARAM_RSA_E);
	BIGNUM *p = number_of(key, OSSL_PKEY_PARAM_RSA_FACTOR1);
	BIGNUM *q = number_of(key, OSSL_PKEY_PARAM_RSA_FACTOR2);
	BIGNUM *dp = number_of(key, OSSL_PKEY_PARAM_RSA_EXPONENT1);
	BIGNUM *dq = number_of(key, OSSL_PKEY_PARAM_RSA_EXPONENT2);
	bool agree = d != NULL && e != NULL && scratch != NULL;

	if (agree && p != NULL && q != NULL)
		agree = exponent_fits(d, e, p, scratch) && exponent_fits(d, e, q, scratch) &&
			(dp == NULL || exponent_fits(dp, e, p, scratch)) &&
			(dq == NULL || exponent_fits(dq, e, q, scratch));
	BN_clear_free(d);
	BN_free(e);
	BN_clear_free(p);
	BN_clear_free(q);
	BN_clear_free(dp);
	BN_clear_free(dq);
	BN_CTX_free(scratch);
	return agree;
}

static bool signs_for(struct pki *pki, EVP_PKEY *key, EVP_PKEY *public_key)
{
	static const unsigned char message[] = "certinstalld: does this key belong?";
	unsigned char signature[SIGNATURE_MAX];
	char name[64] = "";
	const char *digest = NULL;
	size_t length = sizeof(signature);
	EVP_MD_CTX *sign = EVP_MD_CTX_new(), *verify = EVP_MD_CTX_new();
	bool proven;

	/* Keys whose scheme hashes by itself (Ed25519) have none; some RSA-PSS keys allow one only.
	 */
	if (EVP_PKEY_get_default_digest_name(key, name, sizeof(name)) > 0 &&
		strcmp(name, "UNDEF") != 0 && *name != '\0')
		digest = name;
	proven = sign != NULL && verify != NULL &&
		 (size_t)EVP_PKEY_get_size(key) <= sizeof(signature) &&
		 EVP_DigestSignInit_ex(sign, NULL, digest, pki->library, NULL, key, NULL) == 1 &&
		 EVP_DigestSign(sign, signature, &length, message, sizeof(message)) == 1 &&
		 EVP_DigestVerifyInit_ex(
			 verify, NULL, digest, pki->library, NULL, public_key, NULL) == 1 &&
		 EVP_DigestVerify(verify, signature, length, message, sizeof(message)) == 1;
	EVP_MD_CTX_free(sign);
	EVP_MD_CTX_free(verify);
	OPENSSL_cleanse(signature, sizeof(signature));
	return proven;
}

/*
 * Contracts are sent again whole on each change, and signing with a fresh RSA key is the dearest
 * step of all; what was proven of the same two keys stays true. Only a digest of them is kept.
 */
static bool proof_digest(struct pki *pki, const struct bundle *bundle, const X509 *certificate,
	unsigned char digest[DIGEST_SIZE])
{
	unsigned char both[2 * DIGEST_SIZE];
	unsigned char *der = NULL;
	int length = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate), &der);

	if (length < 0)
		return false;
	pki_digest(pki, bundle->key_der.data, bundle->key_der.length, both);
	pki_digest(pki, der, (size_t)length, both + DIGEST_SIZE);
	OPENSSL_free(der);
	pki_digest(pki, both, sizeof(both), digest);
	return true;
}

static bool is_proven(const struct pki *pki, const unsigned char digest[DIGEST_SIZE])
{
	unsigned int i;

	for (i = 0; i < pki->proofs_used; i++) {
		if (memcmp(pki->proofs[i], digest, DIGEST_SIZE) == 0)
			return true;
	}
	return false;
}

bool key_belongs(
	struct pki *pki, const struct bundle *bundle, const X509 *certificate, char why[WHY_MAX])
{
	EVP_PKEY *public_key = X509_get0_pubkey(certificate);
	unsigned char digest[DIGEST_SIZE];
	bool kept;

	if (bundle->key == NULL) {
		snprintf(why, WHY_MAX, "%s", bundle->key_why);
		return false;
	}
	if (EVP_PKEY_eq(bundle->key, public_key) != 1) {
		snprintf(why, WHY_MAX, "the private key belongs to another certificate");
		ERR_clear_error();
		return false;
	}
	if (is_rsa(bundle->key) && EVP_PKEY_get_bits(bundle->key) > RSA_BITS_MAX) {
		snprintf(why, WHY_MAX, "it is an RSA key of %d bits; at most %d are taken",
			EVP_PKEY_get_bits(bundle->key), RSA_BITS_MAX);
		return false;
	}
	kept = proof_digest(pki, bundle, certificate, digest);
	if (kept && is_proven(pki, digest))
		return true;
	if (is_rsa(bundle->key) && !rsa_parts_agree(bundle->key)) {
		snprintf(why, WHY_MAX,
			"the private key contradicts itself: its private exponent is not the one "
			"of its modulus");
		ERR_clear_error();
		return false;
	}
	if (!signs_for(pki, bundle->key, public_key)) {
		snprintf(why, WHY_MAX,
			"a signature made with the private key does not verify under the "
			"certificate");
		ERR_clear_error();
		return false;
	}
	if (kept) {
		memcpy(pki->proofs[pki->proofs_next], digest, DIGEST_SIZE);
		pki->proofs_next = (pki->proofs_next + 1) % PROOF_CACHE_SIZE;
		if (pki->proofs_used < PROOF_CACHE_SIZE)
			pki->proofs_used++;
	}
	return true;
}

static void describe_curve(EVP_PKEY *key, char *text, size_t size)
{
	static const struct {
		const char *group;
		const char *name;
	} curves[] = {
		{"prime256v1", "p256"},
		{"secp384r1", "p384"},
		{"secp521r1", "p521"},
	};
	char group[48] = "explicit", clean[24];
	const char *name = group;
	size_t i, length = 0;

	if (EVP_PKEY_get_group_name(key, group, sizeof(group), &length) != 1)
		snprintf(group, sizeof(group), "explicit");
	for (i = 0; i < sizeof(curves) / sizeof(curves[0]); i++) {
		if (strcmp(group, curves[i].group) == 0)
			name = curves[i].name;
	}
	text_sanitise(clean, sizeof(clean), name, strlen(name));
	snprintf(text, size, "ec-%s", clean);
}

void key_describe(EVP_PKEY *key, char *text, size_t size)
{
	int bits = EVP_PKEY_get_bits(key);

	if (EVP_PKEY_is_a(key, "RSA"))
		snprintf(text, size, "rsa-%d", bits);
	else if (EVP_PKEY_is_a(key, "RSA-PSS"))
		snprintf(text, size, "rsa-pss-%d", bits);
	else if (EVP_PKEY_is_a(key, "EC"))
		describe_curve(key, text, size);
	else if (EVP_PKEY_is_a(key, "ED25519"))
		snprintf(text, size, "ed25519");
	else if (EVP_PKEY_is_a(key, "ED448"))
		snprintf(text, size, "ed448");
	else if (EVP_PKEY_is_a(key, "DSA"))
		snprintf(text, size, "dsa-%d", bits);
	else
		snprintf(text, size, "other-%d", bits);
	ERR_clear_error();
}
