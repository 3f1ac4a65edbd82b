#include <openssl/err.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <string.h>

#include "pki/pki_private.h"

#define PEM_BLOCKS_MAX 100

/* Room for the label of a traditional or PKCS#8 key: "RSA PRIVATE KEY", "ENCRYPTED PRIVATE KEY". */
static bool is_key_label(const char *label)
{
	static const char ending[] = "PRIVATE KEY";
	size_t length = strlen(label);

	return length >= sizeof(ending) - 1 &&
	       strcmp(label + length - (sizeof(ending) - 1), ending) == 0;
}

static bool is_certificate_label(const char *label)
{
	return strcmp(label, PEM_STRING_X509) == 0 || strcmp(label, PEM_STRING_X509_OLD) == 0;
}

bool bundle_add_der(struct pki *pki, struct bundle *bundle, const unsigned char *der, size_t length,
	char *why, size_t size)
{
	struct bundle_certificate *added = &bundle->certificates[bundle->count];
	size_t i;

	if (bundle->count == INPUT_CERTIFICATES_MAX) {
		snprintf(why, size, "more than %d certificates came along", INPUT_CERTIFICATES_MAX);
		return false;
	}
	added->certificate = certificate_parse(pki, der, length, added->digest);
	if (added->certificate == NULL) {
		snprintf(why, size,
			"certificate %zu in the input cannot be read: it is no X.509 certificate "
			"in DER with a known kind of public key",
			bundle->count + 1);
		return false;
	}
	for (i = 0; i < bundle->count; i++) {
		if (memcmp(bundle->certificates[i].digest, added->digest, DIGEST_SIZE) == 0) {
			X509_free(added->certificate);
			added->certificate = NULL;
			return true;
		}
	}
	bundle->count++;
	return true;
}

struct block {
	char *label;
	char *header;
	unsigned char *data;
	long length;
};

static void block_free(struct block *block)
{
	OPENSSL_free(block->label);
	OPENSSL_free(block->header);
	OPENSSL_clear_free(block->data, (size_t)block->length);
	*block = (struct block){0};
}

/* 1: a block; 0: no more; -1: damaged. OpenSSL passes over junk and other line endings. */
static int next_block(BIO *bio, struct block *block)
{
	unsigned long reason;

	if (PEM_read_bio(bio, &block->label, &block->header, &block->data, &block->length) == 1)
		return 1;
	reason = (unsigned long)ERR_GET_REASON(ERR_peek_last_error());
	ERR_clear_error();
	*block = (struct block){0};
	return reason == PEM_R_NO_START_LINE ? 0 : -1;
}

/*
 * Goes through TEXT and takes from it the certificates and, when the bundle has none yet, the first
 * private key.
 */
static bool read_pem(struct pki *pki, struct bundle *bundle, const char *text, bool certificates,
	const char *passphrase, char *why, size_t size)
{
	struct block block = {0};
	bool fine = true;
	int number = 0, status = 0;
	BIO *bio;

	if (strlen(text) > INPUT_SIZE_MAX) {
		snprintf(why, size, "the PEM text is longer than %zu bytes", INPUT_SIZE_MAX);
		return false;
	}
	bio = BIO_new_mem_buf(text, -1);
	while (fine && bio != NULL && (status = next_block(bio, &block)) == 1) {
		if (++number > PEM_BLOCKS_MAX) {
			snprintf(why, size, "more than %d PEM blocks came along", PEM_BLOCKS_MAX);
			fine = false;
		} else if (certificates && is_certificate_label(block.label)) {
			fine = bundle_add_der(
				pki, bundle, block.data, (size_t)block.length, why, size);
		} else if (!bundle->key_came && is_key_label(block.label)) {
			key_from_block(pki, bundle, block.label, block.header, block.data,
				(size_t)block.length, passphrase);
		}
		block_free(&block);
	}
	BIO_free(bio);
	if (fine && status < 0) {
		snprintf(why, size, "PEM block %d is damaged: it is cut short or is not base64",
			number + 1);
		fine = false;
	}
	return fine;
}

static void read_private_key(struct pki *pki, struct bundle *bundle, const struct pki_input *input)
{
	char why[WHY_MAX];

	/* What is wrong with the key's text speaks against the key, not against the certificate. */
	if (!read_pem(
		    pki, bundle, input->private_key, false, input->passphrase, why, sizeof(why))) {
		if (!bundle->key_came)
			snprintf(bundle->key_why, sizeof(bundle->key_why), "the private key: %s",
				why);
	} else if (!bundle->key_came) {
		snprintf(bundle->key_why, sizeof(bundle->key_why),
			"what came as the private key holds no PEM block of a private key");
	}
	bundle->key_came = true;
}

bool bundle_read(struct pki *pki, const struct pki_input *input, struct bundle *bundle, char *why,
	size_t size)
{
	if (input->private_key != NULL && *input->private_key != '\0')
		read_private_key(pki, bundle, input);
	if (input->pkcs12 != NULL) {
		if (!pkcs12_read(pki, input, bundle, why, size))
			return false;
	} else if (input->pem != NULL &&
		   !read_pem(pki, bundle, input->pem, true, input->passphrase, why, size)) {
		return false;
	}
	if (bundle->count == 0) {
		snprintf(why, size, "no certificate is in the %s",
			input->pkcs12 != NULL ? "PKCS#12" : "PEM text");
		return false;
	}
	return true;
}

void bundle_clear(struct bundle *bundle)
{
	size_t i;

	for (i = 0; i < bundle->count; i++)
		X509_free(bundle->certificates[i].certificate);
	EVP_PKEY_free(bundle->key);
	rsa_numbers_clear(&bundle->numbers);
	buffer_free(&bundle->key_der);
	*bundle = (struct bundle){0};
}
