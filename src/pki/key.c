#include <openssl/err.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <string.h>

#include "pki/pki_private.h"

/* NULL when DER is no private key. */
static EVP_PKEY *decode_by(
	struct pki *pki, OSSL_DECODER_CTX *decoder, const unsigned char *der, size_t length)
{
	const unsigned char *at = der;
	size_t left = length;
	EVP_PKEY *key;
	int decoded;

	decoded = OSSL_DECODER_from_data(decoder, &at, &left);
	key = pki->decoded_key;
	pki->decoded_key = NULL;
	ERR_clear_error();
	if (decoded != 1 || left != 0) {
		EVP_PKEY_free(key);
		return NULL;
	}
	return key;
}

static EVP_PKEY *key_decode(struct pki *pki, const unsigned char *der, size_t length)
{
	EVP_PKEY *key = decode_by(pki, pki->key_decoder, der, length);

	if (key != NULL)
		return key;
	if (pki->any_key_decoder == NULL)
		pki->any_key_decoder = OSSL_DECODER_CTX_new_for_pkey(&pki->decoded_key, "DER", NULL,
			NULL, EVP_PKEY_KEYPAIR, lean_library_whole(pki->lean), NULL);
	return pki->any_key_decoder != NULL ? decode_by(pki, pki->any_key_decoder, der, length)
					    : NULL;
}

bool bundle_has_key(const struct bundle *bundle)
{
	return bundle->key != NULL || bundle->numbers.n != NULL;
}

bool bundle_key_is_of(const struct bundle *bundle, const EVP_PKEY *public_key)
{
	return bundle->numbers.n != NULL ? rsa_numbers_are_of(&bundle->numbers, public_key)
					 : EVP_PKEY_eq(bundle->key, public_key) == 1;
}

static void key_refuse(struct bundle *bundle, const char *why)
{
	snprintf(bundle->key_why, sizeof(bundle->key_why), "%s", why);
}

void key_from_pkcs8(struct pki *pki, struct bundle *bundle, const PKCS8_PRIV_KEY_INFO *pkcs8)
{
	unsigned char *der = NULL;
	int length = i2d_PKCS8_PRIV_KEY_INFO(pkcs8, &der);

	bundle->key_came = true;
	if (length > 0) {
		if (!rsa_numbers_read(pkcs8, &bundle->numbers))
			bundle->key = key_decode(pki, der, (size_t)length);
		if (bundle_has_key(bundle))
			buffer_append(&bundle->key_der, der, (size_t)length);
		OPENSSL_clear_free(der, (size_t)length);
	}
	if (!bundle_has_key(bundle))
		key_refuse(bundle, "the private key cannot be read: it is damaged or of an unknown "
				   "kind");
}

static void from_plain_pkcs8(
	struct pki *pki, struct bundle *bundle, const unsigned char *data, size_t length)
{
	const unsigned char *at = data;
	PKCS8_PRIV_KEY_INFO *pkcs8 = d2i_PKCS8_PRIV_KEY_INFO(NULL, &at, (long)length);

	if (pkcs8 == NULL || at != data + length)
		key_refuse(bundle, "the private key cannot be read: it is no PKCS#8");
	else
		key_from_pkcs8(pki, bundle, pkcs8);
	PKCS8_PRIV_KEY_INFO_free(pkcs8);
}

static void from_encrypted_pkcs8(struct pki *pki, struct bundle *bundle, const unsigned char *data,
	size_t length, const char *passphrase)
{
	const unsigned char *at = data;
	X509_SIG *encrypted = d2i_X509_SIG(NULL, &at, (long)length);
	const X509_ALGOR *algorithm = NULL;
	PKCS8_PRIV_KEY_INFO *pkcs8 = NULL;
	int64_t budget = pbe_budget(pki);

	if (encrypted == NULL) {
		key_refuse(bundle, "the private key cannot be read: it is no encrypted PKCS#8");
		return;
	}
	X509_SIG_get0(encrypted, &algorithm, NULL);
	if (pbe_allowed(pki, "the private key", algorithm, &budget, bundle->key_why,
		    sizeof(bundle->key_why))) {
		pkcs8 = PKCS8_decrypt_ex(
			encrypted, passphrase, (int)strlen(passphrase), pki->whole, NULL);
		if (pkcs8 != NULL)
			key_from_pkcs8(pki, bundle, pkcs8);
		else
			key_refuse(bundle, "the passphrase does not open the private key");
	}
	PKCS8_PRIV_KEY_INFO_free(pkcs8);
	X509_SIG_free(encrypted);
}

/* Stands where OpenSSL would ask on the terminal. */
static int give_passphrase(char *target, int size, int writing, void *data)
{
	const char *passphrase = data;
	size_t length = strlen(passphrase);

	(void)writing;
	if (size < 0 || length >= (size_t)size)
		return -1;
	memcpy(target, passphrase, length + 1);
	return (int)length;
}

/* PKCS#1, SEC1 and the like; with header lines when it is encrypted, which is undone in place. */
static void from_traditional(struct pki *pki, struct bundle *bundle, char *header,
	unsigned char *data, size_t length, const char *passphrase)
{
	EVP_CIPHER_INFO cipher;
	char secret[PEM_BUFSIZE];
	PKCS8_PRIV_KEY_INFO *pkcs8 = NULL;
	long plain_length = (long)length;
	EVP_PKEY *key;

	snprintf(secret, sizeof(secret), "%s", passphrase);
	if (PEM_get_EVP_CIPHER_INFO(header, &cipher) != 1 ||
		PEM_do_header(&cipher, data, &plain_length, give_passphrase, secret) != 1) {
		OPENSSL_cleanse(secret, sizeof(secret));
		key_refuse(bundle, "the passphrase does not open the private key");
		return;
	}
	OPENSSL_cleanse(secret, sizeof(secret));
	key = key_decode(pki, data, (size_t)plain_length);
	if (key != NULL)
		pkcs8 = EVP_PKEY2PKCS8(key);
	/* One wrong passphrase in 256 gives padding that looks right, and rubbish before it. */
	if (pkcs8 != NULL)
		key_from_pkcs8(pki, bundle, pkcs8);
	else if (*header != '\0')
		key_refuse(bundle, "the passphrase does not open the private key");
	else
		key_refuse(bundle, "the private key cannot be read: it is damaged or of an unknown "
				   "kind");
	PKCS8_PRIV_KEY_INFO_free(pkcs8);
	EVP_PKEY_free(key);
}

void key_from_block(struct pki *pki, struct bundle *bundle, const char *label, char *header,
	unsigned char *data, size_t length, const char *passphrase)
{
	bool pkcs8_encrypted = strcmp(label, PEM_STRING_PKCS8) == 0;

	bundle->key_came = true;
	if ((pkcs8_encrypted || *header != '\0') && (passphrase == NULL || *passphrase == '\0'))
		key_refuse(bundle, "the private key is encrypted and no passphrase came with it");
	else if (pkcs8_encrypted)
		from_encrypted_pkcs8(pki, bundle, data, length, passphrase);
	else if (strcmp(label, PEM_STRING_PKCS8INF) == 0 && *header == '\0')
		from_plain_pkcs8(pki, bundle, data, length);
	else
		from_traditional(
			pki, bundle, header, data, length, passphrase != NULL ? passphrase : "");
	ERR_clear_error();
}

EVP_PKEY *key_from_pem(struct pki *pki, const struct buffer *pem)
{
	BIO *bio = BIO_new_mem_buf(buffer_text(pem), (int)pem->length);
	char *label = NULL, *header = NULL;
	unsigned char *data = NULL;
	EVP_PKEY *key = NULL;
	long length = 0;

	if (bio != NULL && PEM_read_bio(bio, &label, &header, &data, &length) == 1) {
		key = key_decode(pki, data, (size_t)length);
		OPENSSL_free(label);
		OPENSSL_free(header);
		OPENSSL_clear_free(data, (size_t)length);
	}
	BIO_free(bio);
	return key;
}
