#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/text.h"
#include "pki/pki_private.h"

#define SIGNATURE_MAX 4096
#define SECURITY_BITS_LEAST 112

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
	unsigned char room[8];
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_BN(OSSL_PKEY_PARAM_RSA_E, room, sizeof(room)),
		OSSL_PARAM_construct_end(),
	};
	BIGNUM *exponent = NULL;
	bool usable;

	/* Nearly all are short; for a long one OpenSSL fills two kilobytes, byte by byte. */
	if (EVP_PKEY_get_params(key, params) != 1 || !OSSL_PARAM_modified(params) ||
		OSSL_PARAM_get_BN(params, &exponent) != 1)
		exponent = number_of(key, OSSL_PKEY_PARAM_RSA_E);
	usable = exponent != NULL && !BN_is_one(exponent) && BN_is_odd(exponent);

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

/* The factors are those of the modulus, and the coefficient puts their parts together. */
static bool factors_fit(const struct rsa_numbers *numbers, BN_CTX *scratch)
{
	BIGNUM *product = BN_secure_new();
	bool fit =
		product != NULL && BN_mul(product, numbers->p, numbers->q, scratch) == 1 &&
		BN_cmp(product, numbers->n) == 0 &&
		(numbers->coefficient == NULL || (BN_mod_mul(product, numbers->coefficient,
							  numbers->q, numbers->p, scratch) == 1 &&
							 BN_is_one(product)));

	BN_clear_free(product);
	return fit;
}

/*
 * A signature is made with the factors of an RSA key where it has them, and its private exponent is
 * not looked at; another program may do it the other way round. So all of it has to be right.
 */
static bool rsa_parts_agree(const struct rsa_numbers *numbers, BN_CTX *scratch)
{
	const BIGNUM *d = numbers->d, *e = numbers->e, *p = numbers->p, *q = numbers->q;

	if (d == NULL || e == NULL)
		return false;
	if (p == NULL || q == NULL)
		return true;
	return exponent_fits(d, e, p, scratch) && exponent_fits(d, e, q, scratch) &&
	       (numbers->dp == NULL || exponent_fits(numbers->dp, e, p, scratch)) &&
	       (numbers->dq == NULL || exponent_fits(numbers->dq, e, q, scratch)) &&
	       (numbers->third != NULL || factors_fit(numbers, scratch));
}

/* One factor on the way there and back. */
struct way {
	BN_MONT_CTX *reduction;
	BIGNUM *message; /* below the factor, and as long, so that OpenSSL takes its quickest way */
	BIGNUM *raised;
};

static bool way_begin(struct way *way, const BIGNUM *factor, BN_CTX *scratch)
{
	BIGNUM *secret = BN_new();
	bool begun;

	way->reduction = BN_MONT_CTX_new();
	way->message = BN_new();
	way->raised = BN_new();
	begun = secret != NULL && way->reduction != NULL && way->message != NULL &&
		way->raised != NULL;
	if (begun) {
		BN_with_flags(secret, factor, BN_FLG_CONSTTIME);
		begun = BN_MONT_CTX_set(way->reduction, secret, scratch) == 1 &&
			BN_rand_ex(way->message, BN_num_bits(factor) - 1, BN_RAND_TOP_ONE,
				BN_RAND_BOTTOM_ANY, 0, scratch) == 1;
	}
	BN_free(secret);
	return begun;
}

static bool way_back(
	const struct way *way, const BIGNUM *exponent, const BIGNUM *factor, BN_CTX *scratch)
{
	BIGNUM *back = BN_new();
	bool same = back != NULL &&
		    BN_mod_exp_mont(back, way->raised, exponent, factor, scratch, way->reduction) ==
			    1 &&
		    BN_cmp(back, way->message) == 0;

	BN_free(back);
	return same;
}

static void way_end(struct way *way)
{
	BN_MONT_CTX_free(way->reduction);
	BN_free(way->message);
	BN_clear_free(way->raised);
}

/*
 * Signs and verifies once, as signs_for, but by numbers alone and modulo each factor: a random
 * number is raised to the private exponent, and back. By rsa_parts_agree that is a signature modulo
 * the product, too. Arithmetic alone would not do, since a factor that is no prime passes it.
 * OpenSSL's own signing spends as much again on hiding a new key from whoever measures its time
 * over many messages of his choice; this message is ours, and what comes of it goes nowhere.
 */
static bool signs_by_factors(const struct rsa_numbers *numbers, BN_CTX *scratch)
{
	struct way p = {0}, q = {0};
	bool proven;

	proven = way_begin(&p, numbers->p, scratch) && way_begin(&q, numbers->q, scratch) &&
		 BN_mod_exp_mont_consttime_x2(p.raised, p.message, numbers->dp, numbers->p,
			 p.reduction, q.raised, q.message, numbers->dq, numbers->q, q.reduction,
			 scratch) == 1 &&
		 way_back(&p, numbers->e, numbers->p, scratch) &&
		 way_back(&q, numbers->e, numbers->q, scratch);
	way_end(&p);
	way_end(&q);
	return proven;
}

static bool does_not_verify(char why[WHY_MAX])
{
	snprintf(why, WHY_MAX,
		"a signature made with the private key does not verify under the certificate");
	return false;
}

static bool signs_for(struct pki *pki, EVP_PKEY *key, EVP_PKEY *public_key, char why[WHY_MAX])
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
	return proven || does_not_verify(why);
}

static bool rsa_belongs(
	struct pki *pki, const struct bundle *bundle, EVP_PKEY *public_key, char why[WHY_MAX])
{
	struct rsa_numbers fetched = {0};
	const struct rsa_numbers *numbers = bundle->numbers.n != NULL ? &bundle->numbers : &fetched;
	BN_CTX *scratch = BN_CTX_secure_new_ex(pki->whole);
	bool proven = scratch != NULL &&
		      (numbers != &fetched || rsa_numbers_get(bundle->key, &fetched)) &&
		      rsa_parts_agree(numbers, scratch);

	if (!proven)
		snprintf(why, WHY_MAX,
			"the private key contradicts itself: its numbers are not those of its "
			"modulus");
	else if (numbers != &fetched ||
		 (EVP_PKEY_is_a(bundle->key, "RSA") && rsa_numbers_have_factors(numbers)))
		proven = signs_by_factors(numbers, scratch) || does_not_verify(why);
	else
		proven = signs_for(pki, bundle->key, public_key, why);
	rsa_numbers_clear(&fetched);
	BN_CTX_free(scratch);
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

static bool is_proof(struct pki *pki, const struct bundle *bundle, EVP_PKEY *public_key, bool rsa,
	char why[WHY_MAX])
{
	return rsa ? rsa_belongs(pki, bundle, public_key, why)
		   : signs_for(pki, bundle->key, public_key, why);
}

bool key_belongs(
	struct pki *pki, const struct bundle *bundle, const X509 *certificate, char why[WHY_MAX])
{
	EVP_PKEY *public_key = X509_get0_pubkey(certificate);
	unsigned char digest[DIGEST_SIZE];
	bool kept, rsa;

	if (!bundle_has_key(bundle)) {
		snprintf(why, WHY_MAX, "%s", bundle->key_why);
		return false;
	}
	if (!bundle_key_is_of(bundle, public_key)) {
		snprintf(why, WHY_MAX, "the private key belongs to another certificate");
		ERR_clear_error();
		return false;
	}
	rsa = bundle->key == NULL || is_rsa(bundle->key);
	if (bundle->key != NULL && rsa && EVP_PKEY_get_bits(bundle->key) > RSA_BITS_MAX) {
		snprintf(why, WHY_MAX, "it is an RSA key of %d bits; at most %d are taken",
			EVP_PKEY_get_bits(bundle->key), RSA_BITS_MAX);
		return false;
	}
	kept = proof_digest(pki, bundle, certificate, digest);
	if (kept && is_proven(pki, digest))
		return true;
	if (!is_proof(pki, bundle, public_key, rsa, why)) {
		ERR_clear_error();
		/* Without random bytes to sign with, each key would seem not to belong. */
		pki_require_random(pki);
		if (!is_proof(pki, bundle, public_key, rsa, why)) {
			ERR_clear_error();
			return false;
		}
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
