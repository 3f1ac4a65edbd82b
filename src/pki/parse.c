#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <string.h>

#include "base/file.h"
#include "pki/pki_private.h"

static X509 *find_cached(struct pki *pki, const unsigned char digest[DIGEST_SIZE])
{
	size_t i;

	for (i = 0; i < CERTIFICATE_CACHE_SIZE; i++) {
		struct cached_certificate *entry = &pki->certificates[i];

		if (entry->certificate != NULL && memcmp(entry->digest, digest, DIGEST_SIZE) == 0) {
			X509_up_ref(entry->certificate);
			return entry->certificate;
		}
	}
	return NULL;
}

static void keep(struct pki *pki, X509 *certificate, const unsigned char digest[DIGEST_SIZE])
{
	struct cached_certificate *entry = &pki->certificates[pki->certificates_next];

	pki->certificates_next = (pki->certificates_next + 1) % CERTIFICATE_CACHE_SIZE;
	X509_free(entry->certificate);
	X509_up_ref(certificate);
	entry->certificate = certificate;
	memcpy(entry->digest, digest, DIGEST_SIZE);
}

/*
 * BER that is not DER is refused: a server that loads it would send other bytes than those whose
 * fingerprint was stored.
 */
static bool is_der(const X509 *certificate, const unsigned char *der, size_t length)
{
	unsigned char *again = NULL;
	int again_length = i2d_X509(certificate, &again);
	bool same = again_length >= 0 && (size_t)again_length == length &&
		    memcmp(again, der, length) == 0;

	OPENSSL_free(again);
	return same;
}

static X509 *parse_in(OSSL_LIB_CTX *library, const unsigned char *der, size_t length)
{
	const unsigned char *at = der;
	X509 *certificate = X509_new_ex(library, NULL);

	if (certificate == NULL || d2i_X509(&certificate, &at, (long)length) == NULL ||
		at != der + length || !is_der(certificate, der, length) ||
		X509_get0_pubkey(certificate) == NULL) {
		X509_free(certificate);
		ERR_clear_error();
		return NULL;
	}
	return certificate;
}

X509 *certificate_parse(
	struct pki *pki, const unsigned char *der, size_t length, unsigned char digest[DIGEST_SIZE])
{
	X509 *certificate;

	pki_digest(pki, der, length, digest);
	certificate = find_cached(pki, digest);
	if (certificate != NULL)
		return certificate;
	certificate = parse_in(pki->library, der, length);
	/* Its public key may be of a rare kind. */
	if (certificate == NULL)
		certificate = parse_in(lean_library_whole(pki->lean), der, length);
	if (certificate == NULL)
		return NULL;
	/* Leaves come once each and would only drive out what is worth keeping. */
	if (X509_check_ca(certificate) > 0)
		keep(pki, certificate, digest);
	ERR_clear_error();
	return certificate;
}

void pem_append(struct buffer *pem, const char *label, const unsigned char *der, size_t length)
{
	enum { LINE = 48 }; /* bytes that make 64 characters */
	unsigned char text[LINE / 3 * 4 + 1];

	buffer_reserve(pem, length / LINE * 65 + 160);
	buffer_printf(pem, "-----BEGIN %s-----\n", label);
	while (length > 0) {
		size_t taken = length < LINE ? length : LINE;
		int written = EVP_EncodeBlock(text, der, (int)taken);

		buffer_append(pem, text, (size_t)written);
		buffer_append_char(pem, '\n');
		der += taken;
		length -= taken;
	}
	OPENSSL_cleanse(text, sizeof(text));
	buffer_printf(pem, "-----END %s-----\n", label);
}

void pem_append_certificate(struct buffer *pem, const X509 *certificate)
{
	unsigned char *der = NULL;
	int length = i2d_X509(certificate, &der);

	if (length > 0)
		pem_append(pem, PEM_STRING_X509, der, (size_t)length);
	OPENSSL_free(der);
}

/* The next certificate of BIO: NULL with DONE at its end, NULL without when it is unreadable. */
static X509 *next_certificate(struct pki *pki, BIO *bio, bool *done)
{
	X509 *certificate = X509_new_ex(lean_library_whole(pki->lean), NULL);

	*done = false;
	if (certificate == NULL)
		return NULL;
	if (PEM_read_bio_X509_AUX(bio, &certificate, NULL, NULL) == NULL) {
		*done = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
		ERR_clear_error();
		X509_free(certificate);
		return NULL;
	}
	return certificate;
}

bool certificates_load(
	struct pki *pki, const char *path, STACK_OF(X509) * certificates, struct error *error)
{
	struct buffer text = {0};
	bool done = false;
	X509 *certificate;
	BIO *bio;

	if (!file_read(path, TRUST_FILE_SIZE_MAX, &text, error)) {
		if (error != NULL)
			error->kind = ERROR_PERMANENT;
		buffer_free(&text);
		return false;
	}
	bio = BIO_new_mem_buf(buffer_text(&text), (int)text.length);
	while (bio != NULL && (certificate = next_certificate(pki, bio, &done)) != NULL)
		sk_X509_push(certificates, certificate);
	BIO_free(bio);
	buffer_free(&text);
	if (!done)
		return error_set(error, ERROR_PERMANENT,
			"%s: certificate %d in it cannot be read; it must be PEM", path,
			sk_X509_num(certificates) + 1);
	if (sk_X509_num(certificates) == 0)
		return error_set(error, ERROR_PERMANENT,
			"%s: holds no certificate; it must hold at least one, in PEM", path);
	return true;
}

X509 *certificate_from_bio(struct pki *pki, BIO *bio)
{
	bool done;

	return next_certificate(pki, bio, &done);
}
