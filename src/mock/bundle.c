#include "mock/bundle.h"

#include <limits.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/text.h"

static bool bundle_fingerprint(struct bundle *bundle, struct error *error)
{
	unsigned char digest[32];

	if (X509_digest(bundle->leaf, EVP_sha256(), digest, NULL) != 1)
		return error_set(error, ERROR_PERMANENT, "certificate has no digest");
	text_hex(bundle->fingerprint, digest, sizeof(digest));
	return true;
}

void bundle_clear(struct pool *pool, struct bundle *bundle)
{
	X509_free(bundle->leaf);
	pool_release(pool, bundle->chain);
	pool_release(pool, bundle->key);
	memset(bundle, 0, sizeof(*bundle));
}

bool bundle_from_pem(struct pool *pool, struct slice certificate, struct slice chain,
	struct slice key, struct bundle *bundle, struct error *error)
{
	const char *fault = NULL;
	BIO *bio;

	memset(bundle, 0, sizeof(*bundle));
	if (certificate.length > INT_MAX)
		return error_set(error, ERROR_PERMANENT, "certificate is too long");
	bio = BIO_new_mem_buf(certificate.data, (int)certificate.length);
	bundle->leaf = PEM_read_bio_X509(bio, NULL, pool_no_passphrase, NULL);
	BIO_free(bio);
	ERR_clear_error();
	if (bundle->leaf == NULL)
		fault = "certificate: no PEM certificate in it";
	else if ((bundle->chain = pool_chain_from_pem(pool, chain.data, chain.length)) == NULL)
		fault = "chain: not a run of PEM certificates";
	else if ((bundle->key = pool_key_from_pem(pool, key.data, key.length)) == NULL)
		fault = "private_key: no unencrypted PEM key in it";
	if (fault != NULL)
		error_set(error, ERROR_PERMANENT, "%s", fault);
	if (fault != NULL || !bundle_fingerprint(bundle, error)) {
		bundle_clear(pool, bundle);
		return false;
	}
	return true;
}

bool bundle_from_pem_text(
	struct pool *pool, struct slice text, struct bundle *bundle, struct error *error)
{
	static const char begin[] = "-----BEGIN CERTIFICATE-----",
			  end[] = "-----END CERTIFICATE-----";
	struct slice leaf, chain;
	const char *stop;

	memset(bundle, 0, sizeof(*bundle));
	leaf.data = memmem(text.data, text.length, begin, sizeof(begin) - 1);
	if (leaf.data == NULL)
		return error_set(error, ERROR_PERMANENT, "the bundle holds no certificate");
	leaf.length = (size_t)(text.data + text.length - leaf.data);
	stop = memmem(leaf.data, leaf.length, end, sizeof(end) - 1);
	if (stop == NULL)
		return error_set(error, ERROR_PERMANENT, "the bundle's certificate does not end");
	chain.data = stop + sizeof(end) - 1;
	chain.length = (size_t)(text.data + text.length - chain.data);
	leaf.length = (size_t)(chain.data - leaf.data);
	/* The key is normally before the leaf, and then alike for all that share it. */
	if (memmem(text.data, (size_t)(leaf.data - text.data), "PRIVATE KEY-----", 16) != NULL)
		text.length = (size_t)(leaf.data - text.data);
	return bundle_from_pem(pool, leaf, chain, text, bundle, error);
}

static PKCS12 *pkcs12_decode(const char *base64)
{
	size_t length = strlen(base64), padding = 0;
	unsigned char *der;
	const unsigned char *at;
	PKCS12 *pkcs12;
	int size;

	if (length == 0 || length > INT_MAX)
		return NULL;
	while (padding < 2 && padding < length && base64[length - 1 - padding] == '=')
		padding++;
	der = xmalloc(length);
	size = EVP_DecodeBlock(der, (const unsigned char *)base64, (int)length);
	at = der;
	pkcs12 = size <= (int)padding ? NULL : d2i_PKCS12(NULL, &at, size - (int)padding);
	free_wiped(der, length);
	return pkcs12;
}

bool bundle_from_pkcs12(struct pool *pool, const char *pkcs12, const char *passphrase,
	struct bundle *bundle, struct error *error)
{
	STACK_OF(X509) *chain = NULL;
	EVP_PKEY *key = NULL;
	PKCS12 *container = pkcs12_decode(pkcs12);
	bool read;

	memset(bundle, 0, sizeof(*bundle));
	if (container == NULL) {
		ERR_clear_error();
		return error_set(error, ERROR_PERMANENT, "pkcs12: not a base64 PKCS#12");
	}
	read = PKCS12_parse(container, passphrase, &key, &bundle->leaf, &chain) == 1;
	PKCS12_free(container);
	ERR_clear_error();
	if (!read)
		return error_set(error, ERROR_PERMANENT, "pkcs12: the passphrase does not open it");
	if (chain != NULL || bundle->leaf != NULL)
		bundle->chain = pool_chain_take(pool, chain);
	if (key != NULL)
		bundle->key = pool_key_take(pool, key);
	if (bundle->leaf == NULL || bundle->key == NULL || bundle->chain == NULL) {
		bundle_clear(pool, bundle);
		return error_set(
			error, ERROR_PERMANENT, "pkcs12: lacks its certificate or its key");
	}
	if (!bundle_fingerprint(bundle, error)) {
		bundle_clear(pool, bundle);
		return false;
	}
	return true;
}

bool bundle_check(
	const struct bundle *bundle, const char *fqdn, bool rsa_2048_only, struct error *error)
{
	bool matches, named;

	matches = X509_check_private_key(bundle->leaf, bundle->key->key) == 1;
	named = X509_check_host(bundle->leaf, fqdn, 0, 0, NULL) == 1;
	ERR_clear_error();
	if (!matches)
		return error_set(error, ERROR_PERMANENT,
			"the private key does not belong to the certificate");
	if (!named)
		return error_set(error, ERROR_PERMANENT, "the certificate is not for %s", fqdn);
	if (rsa_2048_only && (EVP_PKEY_get_base_id(bundle->key->key) != EVP_PKEY_RSA ||
				     EVP_PKEY_get_bits(bundle->key->key) != 2048))
		return error_set(error, ERROR_PERMANENT, "the key must be RSA 2048");
	return true;
}
