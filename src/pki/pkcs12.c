#include <openssl/err.h>
#include <stdio.h>
#include <string.h>

#include "pki/pki_private.h"

#define SAFES_MAX 16
#define BAGS_MAX 128
#define DEPTH_MAX 4
#define OWN_ITERATIONS 2048

/* What goes along through the safes of one PKCS#12. */
struct reading {
	struct pki *pki;
	struct bundle *bundle;
	const char *passphrase;
	int64_t budget;
	int bags;
	char *why;
	size_t size;
};

static bool refuse(const struct reading *reading, const char *why)
{
	snprintf(reading->why, reading->size, "%s", why);
	return false;
}

static bool read_bags(
	struct reading *reading, const STACK_OF(PKCS12_SAFEBAG) * bags, unsigned int depth);

static bool read_certificate(struct reading *reading, const PKCS12_SAFEBAG *bag)
{
	unsigned char *der = NULL;
	X509 *certificate;
	int length;
	bool fine;

	if (PKCS12_SAFEBAG_get_bag_nid(bag) != NID_x509Certificate)
		return true;
	/* OpenSSL reads it in its own context; the DER is what is taken. */
	certificate = PKCS12_SAFEBAG_get1_cert(bag);
	length = certificate != NULL ? i2d_X509(certificate, &der) : -1;
	X509_free(certificate);
	if (length < 0)
		return refuse(reading, "the PKCS#12 holds a certificate that cannot be read");
	fine = bundle_add_der(
		reading->pki, reading->bundle, der, (size_t)length, reading->why, reading->size);
	OPENSSL_free(der);
	return fine;
}

static bool read_shrouded_key(struct reading *reading, const PKCS12_SAFEBAG *bag)
{
	const X509_ALGOR *algorithm = NULL;
	PKCS8_PRIV_KEY_INFO *pkcs8;

	X509_SIG_get0(PKCS12_SAFEBAG_get0_pkcs8(bag), &algorithm, NULL);
	if (!pbe_allowed(reading->pki, "this PKCS#12", algorithm, &reading->budget, reading->why,
		    reading->size))
		return false;
	pkcs8 = PKCS12_decrypt_skey_ex(bag, reading->passphrase,
		reading->passphrase != NULL ? (int)strlen(reading->passphrase) : 0,
		reading->pki->whole, NULL);
	if (pkcs8 == NULL)
		return refuse(
			reading, "the passphrase does not open the private key in the PKCS#12");
	key_from_pkcs8(reading->pki, reading->bundle, pkcs8);
	PKCS8_PRIV_KEY_INFO_free(pkcs8);
	return true;
}

static bool read_bag(struct reading *reading, const PKCS12_SAFEBAG *bag, unsigned int depth)
{
	if (++reading->bags > BAGS_MAX)
		return refuse(reading, "the PKCS#12 holds more entries than a certificate needs");
	switch (PKCS12_SAFEBAG_get_nid(bag)) {
	case NID_certBag:
		return read_certificate(reading, bag);
	case NID_keyBag:
		if (!reading->bundle->key_came)
			key_from_pkcs8(
				reading->pki, reading->bundle, PKCS12_SAFEBAG_get0_p8inf(bag));
		return true;
	case NID_pkcs8ShroudedKeyBag:
		return reading->bundle->key_came || read_shrouded_key(reading, bag);
	case NID_safeContentsBag:
		return read_bags(reading, PKCS12_SAFEBAG_get0_safes(bag), depth + 1);
	default:
		return true;
	}
}

static bool read_bags(
	struct reading *reading, const STACK_OF(PKCS12_SAFEBAG) * bags, unsigned int depth)
{
	int i;

	if (depth > DEPTH_MAX)
		return refuse(reading, "the PKCS#12 nests its entries too deeply");
	for (i = 0; i < sk_PKCS12_SAFEBAG_num(bags); i++) {
		if (!read_bag(reading, sk_PKCS12_SAFEBAG_value(bags, i), depth))
			return false;
	}
	return true;
}

static bool safe_allowed(struct reading *reading, const PKCS7 *safe)
{
	if (!PKCS7_type_is_encrypted(safe))
		return true;
	return safe->d.encrypted != NULL && safe->d.encrypted->enc_data != NULL &&
	       pbe_allowed(reading->pki, "this PKCS#12", safe->d.encrypted->enc_data->algorithm,
		       &reading->budget, reading->why, reading->size);
}

static bool read_safe(struct reading *reading, PKCS7 *safe)
{
	STACK_OF(PKCS12_SAFEBAG) *bags = NULL;
	bool fine;

	if (PKCS7_type_is_data(safe))
		bags = PKCS12_unpack_p7data(safe);
	else if (PKCS7_type_is_encrypted(safe))
		bags = PKCS12_unpack_p7encdata(safe, reading->passphrase,
			reading->passphrase != NULL ? (int)strlen(reading->passphrase) : 0);
	else
		return true;
	if (bags == NULL)
		return refuse(reading, "a part of the PKCS#12 cannot be opened: the passphrase is "
				       "another, or it is damaged");
	fine = read_bags(reading, bags, 0);
	sk_PKCS12_SAFEBAG_pop_free(bags, PKCS12_SAFEBAG_free);
	return fine;
}

static bool read_safes(struct reading *reading, const STACK_OF(PKCS7) * safes)
{
	int i;

	if (sk_PKCS7_num(safes) > SAFES_MAX)
		return refuse(reading, "the PKCS#12 has more parts than a certificate needs");
	/* All of them first: nothing is derived for a file that is refused in the end. */
	for (i = 0; i < sk_PKCS7_num(safes); i++) {
		if (!safe_allowed(reading, sk_PKCS7_value(safes, i)))
			return false;
	}
	for (i = 0; i < sk_PKCS7_num(safes); i++) {
		if (!read_safe(reading, sk_PKCS7_value(safes, i)))
			return false;
	}
	return true;
}

/* No passphrase is written in two ways by those who export; the one that the MAC knows is taken. */
static bool check_mac(struct reading *reading, PKCS12 *pkcs12)
{
	const ASN1_INTEGER *number = NULL;
	int64_t iterations = 1;

	if (!PKCS12_mac_present(pkcs12))
		return true;
	PKCS12_get0_mac(NULL, NULL, NULL, &number, pkcs12);
	if (number != NULL && ASN1_INTEGER_get_int64(&iterations, number) != 1)
		iterations = INT64_MAX;
	if (!pbe_iterations_allowed(reading->pki, iterations, &reading->budget, "its MAC",
		    reading->why, reading->size))
		return false;
	if (reading->passphrase != NULL && *reading->passphrase != '\0') {
		if (PKCS12_verify_mac(pkcs12, reading->passphrase, -1) == 1)
			return true;
	} else {
		reading->passphrase = NULL;
		if (PKCS12_verify_mac(pkcs12, NULL, 0) == 1)
			return true;
		reading->passphrase = "";
		if (PKCS12_verify_mac(pkcs12, "", 0) == 1)
			return true;
	}
	return refuse(reading, "the passphrase does not open the PKCS#12, or it is damaged");
}

static bool read_whole(struct reading *reading, PKCS12 *pkcs12)
{
	STACK_OF(PKCS7) *safes = PKCS12_unpack_authsafes(pkcs12);
	bool fine;

	if (safes == NULL)
		return refuse(reading, "what came as the PKCS#12 cannot be read as one");
	fine = check_mac(reading, pkcs12) && read_safes(reading, safes);
	sk_PKCS7_pop_free(safes, PKCS7_free);
	return fine;
}

bool pkcs12_read(struct pki *pki, const struct pki_input *input, struct bundle *bundle, char *why,
	size_t size)
{
	struct reading reading = {.pki = pki,
		.bundle = bundle,
		.passphrase = input->passphrase,
		.budget = pbe_budget(pki),
		.why = why,
		.size = size};
	const unsigned char *at = input->pkcs12;
	PKCS12 *pkcs12;
	bool fine = false;

	if (input->pkcs12_length > INPUT_SIZE_MAX) {
		snprintf(why, size, "the PKCS#12 is larger than %zu bytes", INPUT_SIZE_MAX);
		return false;
	}
	pkcs12 = PKCS12_init_ex(NID_pkcs7_data, pki->whole, NULL);
	if (pkcs12 != NULL && d2i_PKCS12(&pkcs12, &at, (long)input->pkcs12_length) != NULL)
		fine = read_whole(&reading, pkcs12);
	else
		refuse(&reading, "what came as the PKCS#12 cannot be read as one");
	PKCS12_free(pkcs12);
	ERR_clear_error();
	return fine;
}

static PKCS12 *build(
	struct pki *pki, EVP_PKEY *key, X509 *leaf, STACK_OF(X509) * chain, const char *passphrase)
{
	PKCS12 *pkcs12 = PKCS12_create_ex(passphrase, NULL, key, leaf, chain, NID_aes_256_cbc,
		NID_aes_256_cbc, OWN_ITERATIONS, -1, 0, pki->whole, NULL);

	if (pkcs12 != NULL && PKCS12_set_mac(pkcs12, passphrase, -1, NULL, 0, OWN_ITERATIONS,
				      EVP_sha256()) != 1) {
		PKCS12_free(pkcs12);
		return NULL;
	}
	return pkcs12;
}

static STACK_OF(X509) * read_chain(struct pki *pki, const struct buffer *pem)
{
	STACK_OF(X509) *chain = sk_X509_new_null();
	BIO *bio = BIO_new_mem_buf(buffer_text(pem), (int)pem->length);
	X509 *certificate;

	while (chain != NULL && bio != NULL &&
		(certificate = certificate_from_bio(pki, bio)) != NULL)
		sk_X509_push(chain, certificate);
	BIO_free(bio);
	return chain;
}

bool pki_make_pkcs12(struct pki *pki, const struct material *material, const char *passphrase,
	struct buffer *out, struct error *error)
{
	STACK_OF(X509) *chain = read_chain(pki, &material->chain_pem);
	STACK_OF(X509) *leaf = read_chain(pki, &material->leaf_pem);
	EVP_PKEY *key = key_from_pem(pki, &material->key_pem);
	unsigned char *der = NULL;
	PKCS12 *pkcs12 = NULL;
	int length = -1;

	if (key != NULL && sk_X509_num(leaf) == 1)
		pkcs12 = build(pki, key, sk_X509_value(leaf, 0), chain, passphrase);
	if (pkcs12 != NULL)
		length = i2d_PKCS12(pkcs12, &der);
	if (length > 0) {
		buffer_append(out, der, (size_t)length);
		OPENSSL_clear_free(der, (size_t)length);
	} else {
		error_set(error, ERROR_INTERNAL, "no PKCS#12 can be made: %s",
			key == NULL		 ? "the private key is missing or cannot be read"
			: sk_X509_num(leaf) != 1 ? "the leaf cannot be read"
						 : "OpenSSL refuses");
	}
	PKCS12_free(pkcs12);
	EVP_PKEY_free(key);
	sk_X509_pop_free(leaf, X509_free);
	sk_X509_pop_free(chain, X509_free);
	ERR_clear_error();
	return length > 0;
}
