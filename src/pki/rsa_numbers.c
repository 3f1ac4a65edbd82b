/* The numbers that an RSA key consists of. */
#include <openssl/asn1t.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <string.h>

#include "base/alloc.h"
#include "pki/pki_private.h"

#define NUMBERS_MAX 9
#define PLAIN_BITS_LEAST 512

void rsa_numbers_clear(struct rsa_numbers *numbers)
{
	BN_free(numbers->n);
	BN_free(numbers->e);
	BN_clear_free(numbers->d);
	BN_clear_free(numbers->p);
	BN_clear_free(numbers->q);
	BN_clear_free(numbers->dp);
	BN_clear_free(numbers->dq);
	BN_clear_free(numbers->coefficient);
	BN_clear_free(numbers->third);
	*numbers = (struct rsa_numbers){0};
}

struct part {
	const char *name;
	BIGNUM **number;
};

/*
 * All numbers at once: asked for one by one they cost more than what is then done with them. False
 * when one of them is longer than the modulus.
 */
static bool fetch(const EVP_PKEY *key, const struct part *parts, size_t count)
{
	unsigned char room[NUMBERS_MAX][RSA_BITS_MAX / 8];
	OSSL_PARAM params[NUMBERS_MAX + 1];
	size_t size = ((size_t)EVP_PKEY_get_bits(key) + 7) / 8, i;
	bool got;

	if (size > sizeof(room[0]))
		return false;
	for (i = 0; i < count; i++)
		params[i] = OSSL_PARAM_construct_BN(parts[i].name, room[i], size);
	params[i] = OSSL_PARAM_construct_end();
	got = EVP_PKEY_get_params(key, params) == 1;
	for (i = 0; got && i < count; i++) {
		if (OSSL_PARAM_modified(&params[i]))
			got = OSSL_PARAM_get_BN(&params[i], parts[i].number) == 1;
	}
	OPENSSL_cleanse(room, sizeof(room[0]) * count);
	return got;
}

bool rsa_numbers_get(const EVP_PKEY *key, struct rsa_numbers *numbers)
{
	const struct part parts[] = {
		{OSSL_PKEY_PARAM_RSA_N, &numbers->n},
		{OSSL_PKEY_PARAM_RSA_E, &numbers->e},
		{OSSL_PKEY_PARAM_RSA_D, &numbers->d},
		{OSSL_PKEY_PARAM_RSA_FACTOR1, &numbers->p},
		{OSSL_PKEY_PARAM_RSA_FACTOR2, &numbers->q},
		{OSSL_PKEY_PARAM_RSA_EXPONENT1, &numbers->dp},
		{OSSL_PKEY_PARAM_RSA_EXPONENT2, &numbers->dq},
		{OSSL_PKEY_PARAM_RSA_COEFFICIENT1, &numbers->coefficient},
		{OSSL_PKEY_PARAM_RSA_FACTOR3, &numbers->third},
	};

	return fetch(key, parts, ARRAY_LENGTH(parts));
}

bool rsa_numbers_are_of(const struct rsa_numbers *numbers, const EVP_PKEY *public_key)
{
	BIGNUM *n = NULL, *e = NULL;
	const struct part parts[] = {{OSSL_PKEY_PARAM_RSA_N, &n}, {OSSL_PKEY_PARAM_RSA_E, &e}};
	bool same = EVP_PKEY_is_a(public_key, "RSA") &&
		    EVP_PKEY_get_bits(public_key) == BN_num_bits(numbers->n) &&
		    fetch(public_key, parts, ARRAY_LENGTH(parts)) && n != NULL && e != NULL &&
		    BN_cmp(n, numbers->n) == 0 && BN_cmp(e, numbers->e) == 0;

	BN_free(n);
	BN_free(e);
	return same;
}

bool rsa_numbers_have_factors(const struct rsa_numbers *numbers)
{
	return numbers->third == NULL && numbers->p != NULL && numbers->q != NULL &&
	       numbers->dp != NULL && numbers->dq != NULL && numbers->coefficient != NULL &&
	       BN_is_odd(numbers->p) && BN_is_odd(numbers->q) && BN_num_bits(numbers->p) > 2 &&
	       BN_num_bits(numbers->q) > 2 && BN_num_bits(numbers->e) <= 64;
}

/* ---- a key as it is written ---- */

/*
 * RFC 8017, A.1.2, of two factors: OpenSSL's own reader of it is for its own kind of key alone.
 * CBIGNUM would have each calculation take the same time, where the proof of a key asks for that by
 * itself. What is freed is overwritten (pki_init_process).
 */
struct written_key {
	int32_t version;
	BIGNUM *n, *e, *d, *p, *q, *dp, *dq, *coefficient;
};

/* clang-format off */
ASN1_SEQUENCE(written_key) = {
	ASN1_EMBED(struct written_key, version, INT32),
	ASN1_SIMPLE(struct written_key, n, BIGNUM),
	ASN1_SIMPLE(struct written_key, e, BIGNUM),
	ASN1_SIMPLE(struct written_key, d, BIGNUM),
	ASN1_SIMPLE(struct written_key, p, BIGNUM),
	ASN1_SIMPLE(struct written_key, q, BIGNUM),
	ASN1_SIMPLE(struct written_key, dp, BIGNUM),
	ASN1_SIMPLE(struct written_key, dq, BIGNUM),
	ASN1_SIMPLE(struct written_key, coefficient, BIGNUM),
} static_ASN1_SEQUENCE_END_name(struct written_key, written_key);
/* clang-format on */

/* Above zero, and none longer than the modulus. */
static bool is_plausible(const struct rsa_numbers *numbers)
{
	const BIGNUM *const all[] = {numbers->n, numbers->e, numbers->d, numbers->p, numbers->q,
		numbers->dp, numbers->dq, numbers->coefficient};
	size_t i;

	for (i = 0; i < ARRAY_LENGTH(all); i++) {
		if (BN_is_zero(all[i]) || BN_num_bytes(all[i]) > BN_num_bytes(numbers->n))
			return false;
	}
	return true;
}

static bool read_all(const unsigned char *at, long length, struct rsa_numbers *numbers)
{
	const unsigned char *end = at + length;
	struct written_key *key =
		(struct written_key *)ASN1_item_d2i(NULL, &at, length, ASN1_ITEM_rptr(written_key));
	bool read = key != NULL && at == end && key->version == 0;

	if (read) {
		*numbers = (struct rsa_numbers){key->n, key->e, key->d, key->p, key->q, key->dp,
			key->dq, key->coefficient, NULL};
		key->n = key->e = key->d = key->p = key->q = NULL;
		key->dp = key->dq = key->coefficient = NULL;
	}
	ASN1_item_free((ASN1_VALUE *)key, ASN1_ITEM_rptr(written_key));
	return read && is_plausible(numbers);
}

bool rsa_numbers_read(const PKCS8_PRIV_KEY_INFO *pkcs8, struct rsa_numbers *numbers)
{
	const X509_ALGOR *algorithm = NULL;
	const ASN1_OBJECT *kind = NULL;
	const unsigned char *data = NULL;
	int length = 0, parameters = V_ASN1_UNDEF;
	bool plain;

	if (PKCS8_pkey_get0(NULL, &data, &length, &algorithm, pkcs8) != 1)
		return false;
	X509_ALGOR_get0(&kind, &parameters, NULL, algorithm);
	plain = OBJ_obj2nid(kind) == NID_rsaEncryption && parameters == V_ASN1_NULL && length > 0 &&
		read_all(data, length, numbers) && rsa_numbers_have_factors(numbers) &&
		BN_num_bits(numbers->n) >= PLAIN_BITS_LEAST &&
		BN_num_bits(numbers->n) <= RSA_BITS_MAX;
	if (!plain) {
		rsa_numbers_clear(numbers);
		ERR_clear_error();
	}
	return plain;
}
