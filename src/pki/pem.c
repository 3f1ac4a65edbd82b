#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <string.h>
#include <time.h>

#include "pki/pki_private.h"

size_t pki_pem_fingerprints(const char *text, unsigned char (*digests)[DIGEST_SIZE], size_t maximum)
{
	BIO *bio = BIO_new_mem_buf(text, -1);
	char *name = NULL, *header = NULL;
	unsigned char *data = NULL;
	size_t count = 0;
	long length = 0;

	if (bio == NULL)
		abort();
	while (count < maximum && PEM_read_bio(bio, &name, &header, &data, &length) == 1) {
		if (strcmp(name, PEM_STRING_X509) == 0 || strcmp(name, PEM_STRING_X509_OLD) == 0)
			pki_sha256(data, (size_t)length, digests[count++]);
		OPENSSL_free(name);
		OPENSSL_free(header);
		OPENSSL_clear_free(data, (size_t)length);
	}
	ERR_clear_error();
	BIO_free(bio);
	return count;
}

static int64_t not_before_ms(const unsigned char *der, long length)
{
	X509 *certificate = d2i_X509(NULL, &der, length);
	int64_t instant_ms = 0;
	struct tm parts;

	if (certificate != NULL && ASN1_TIME_to_tm(X509_get0_notBefore(certificate), &parts) == 1)
		instant_ms = (int64_t)timegm(&parts) * 1000;
	X509_free(certificate);
	return instant_ms;
}

int64_t pki_pem_not_before_ms(const char *text)
{
	BIO *bio = BIO_new_mem_buf(text, -1);
	char *name = NULL, *header = NULL;
	unsigned char *data = NULL;
	int64_t instant_ms = 0;
	bool found = false;
	long length = 0;

	if (bio == NULL)
		abort();
	while (!found && PEM_read_bio(bio, &name, &header, &data, &length) == 1) {
		found = strcmp(name, PEM_STRING_X509) == 0 ||
			strcmp(name, PEM_STRING_X509_OLD) == 0;
		if (found)
			instant_ms = not_before_ms(data, length);
		OPENSSL_free(name);
		OPENSSL_free(header);
		OPENSSL_clear_free(data, (size_t)length);
	}
	ERR_clear_error();
	BIO_free(bio);
	return instant_ms;
}
