#include "pki/pki.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/rand.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/alloc.h"
#include "base/events.h"
#include "base/text.h"
#include "pki/pki_private.h"

#define DEFAULT_PKCS12_ITERATIONS 100000

static void *hook_malloc(size_t size, const char *file, int line)
{
	(void)file;
	(void)line;
	return wiping_malloc(size);
}

static void *hook_realloc(void *old, size_t size, const char *file, int line)
{
	(void)file;
	(void)line;
	if (size == 0) {
		wiping_free(old);
		return NULL;
	}
	return wiping_realloc(old, size);
}

static void hook_free(void *data, const char *file, int line)
{
	(void)file;
	(void)line;
	wiping_free(data);
}

void pki_init_process(void)
{
	if (CRYPTO_set_mem_functions(hook_malloc, hook_realloc, hook_free) != 1)
		abort();
}

bool pki_check_process(struct error *error)
{
	EVP_MD *digest = EVP_MD_fetch(NULL, "SHA256", NULL);
	bool fine = digest != NULL;

	EVP_MD_free(digest);
	ERR_clear_error();
	if (fine)
		return true;
	return error_set(error, ERROR_PERMANENT,
		"OpenSSL has no SHA-256: its configuration (the system's openssl.cnf, or what "
		"OPENSSL_CONF names) loads providers without it; have it activate the default one");
}

static bool load_trust(struct pki *pki, const char *path, struct error *error)
{
	STACK_OF(X509) * roots;
	bool loaded;
	int i;

	if (path == NULL || *path == '\0') {
		/* A system without trusted roots is no error: nothing is trusted there then. */
		if (X509_STORE_set_default_paths_ex(
			    pki->trust, lean_library_whole(pki->lean), NULL) != 1)
			ERR_clear_error();
		return true;
	}
	roots = sk_X509_new_null();
	loaded = certificates_load(pki, path, roots, error);
	for (i = 0; loaded && i < sk_X509_num(roots); i++) {
		if (X509_STORE_add_cert(pki->trust, sk_X509_value(roots, i)) != 1)
			loaded = error_set(error, ERROR_INTERNAL,
				"%s: certificate %d cannot be put into the trust store", path,
				i + 1);
	}
	sk_X509_pop_free(roots, X509_free);
	return loaded;
}

static bool set_up(struct pki *pki, struct error *error)
{
	pki->lean = lean_library_new(LEAN_FOR_CERTIFICATES);
	if (pki->lean == NULL)
		return error_set(
			error, ERROR_INTERNAL, "OpenSSL's default provider cannot be loaded");
	pki->library = lean_library_context(pki->lean);
	pki->whole = lean_library_whole(pki->lean);
	pki->sha256 = EVP_MD_fetch(pki->whole, "SHA256", NULL);
	pki->key_decoder = OSSL_DECODER_CTX_new_for_pkey(&pki->decoded_key, "DER", "PrivateKeyInfo",
		NULL, EVP_PKEY_KEYPAIR, pki->library, NULL);
	lean_library_settle(pki->lean);
	pki->trust = X509_STORE_new();
	pki->pool = sk_X509_new_null();
	if (pki->sha256 == NULL || pki->key_decoder == NULL || pki->trust == NULL ||
		pki->pool == NULL)
		return error_set(error, ERROR_INTERNAL,
			"OpenSSL's default provider lacks SHA-256 or decoders of keys");
	return true;
}

bool pki_new(const struct pki_options *options, struct pki **result, struct error *error)
{
	struct pki *pki = xcalloc(1, sizeof(*pki));
	const char *pool = options->intermediates_file;

	pki->references = 1;
	pki->pkcs12_max_iterations = options->pkcs12_max_iterations > 0
					     ? options->pkcs12_max_iterations
					     : DEFAULT_PKCS12_ITERATIONS;
	if (!set_up(pki, error) ||
		(!options->without_trust && !load_trust(pki, options->trust_file, error)) ||
		(pool != NULL && *pool != '\0' &&
			!certificates_load(pki, pool, pki->pool, error))) {
		pki_free(pki);
		return false;
	}
	*result = pki;
	return true;
}

struct pki *pki_ref(struct pki *pki)
{
	pki->references++;
	return pki;
}

void pki_free(struct pki *pki)
{
	size_t i;

	if (pki == NULL || --pki->references > 0)
		return;
	chain_forget(pki);
	for (i = 0; i < CERTIFICATE_CACHE_SIZE; i++)
		X509_free(pki->certificates[i].certificate);
	sk_X509_pop_free(pki->pool, X509_free);
	X509_STORE_free(pki->trust);
	OSSL_DECODER_CTX_free(pki->key_decoder);
	OSSL_DECODER_CTX_free(pki->any_key_decoder);
	EVP_PKEY_free(pki->decoded_key);
	EVP_MD_free(pki->sha256);
	if (pki->legacy_provider != NULL)
		OSSL_PROVIDER_unload(pki->legacy_provider);
	lean_library_free(pki->lean);
	free_wiped(pki, sizeof(*pki));
}

void material_clear(struct material *material)
{
	buffer_free(&material->leaf_pem);
	buffer_free(&material->chain_pem);
	buffer_free(&material->key_pem);
}

void pki_digest(
	const struct pki *pki, const void *data, size_t length, unsigned char digest[DIGEST_SIZE])
{
	if (EVP_Digest(data, length, digest, NULL, pki->sha256, NULL) != 1)
		abort();
}

void pki_sha256(const void *data, size_t length, unsigned char digest[32])
{
	if (EVP_Digest(data, length, digest, NULL, EVP_sha256(), NULL) != 1)
		abort();
}

void pki_random(void *data, size_t length)
{
	unsigned char *at = data;

	while (length > 0) {
		ssize_t got = getrandom(at, length, 0);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0) {
			/* Leases and nonces must not be guessable; a restart may find it mended. */
			log_event(EVENT_PROCESS_ABORTED, NULL, 0,
				"the kernel gives no random bytes: %s; stopping",
				got < 0 ? strerror(errno) : "none came");
			abort();
		}
		at += got;
		length -= (size_t)got;
	}
}

void pki_require_random(const struct pki *pki)
{
	OSSL_LIB_CTX *const contexts[] = {pki->whole, pki->library};
	unsigned char byte;
	size_t i;

	for (i = 0; i < ARRAY_LENGTH(contexts); i++) {
		if (RAND_bytes_ex(contexts[i], &byte, sizeof(byte), 0) != 1 ||
			RAND_priv_bytes_ex(contexts[i], &byte, sizeof(byte), 0) != 1)
			break;
	}
	if (i == ARRAY_LENGTH(contexts))
		return;
	/* The kernel's own answer says why, where it is still the same. */
	pki_random(&byte, sizeof(byte));
	log_event(EVENT_PROCESS_ABORTED, NULL, 0, "OpenSSL has no random bytes; stopping");
	abort();
}

void pki_base64(const void *data, size_t length, struct buffer *out)
{
	/* A multiple of three bytes at a time, so that padding comes at the end alone. */
	enum { PIECE = 3 * 1024 };
	const unsigned char *at = data;

	buffer_reserve(out, length / 3 * 4 + 4);
	while (length > 0) {
		size_t taken = length < PIECE ? length : PIECE;
		unsigned char text[PIECE / 3 * 4 + 1];
		int written = EVP_EncodeBlock(text, at, (int)taken);

		buffer_append(out, text, (size_t)written);
		OPENSSL_cleanse(text, (size_t)written);
		at += taken;
		length -= taken;
	}
}

void pki_name_text(const X509_NAME *name, char text[NAME_TEXT_MAX])
{
	BIO *bio = BIO_new(BIO_s_mem());
	char *data = NULL;
	long length;

	text[0] = '\0';
	if (bio == NULL)
		return;
	/* Byte strings as they are: text_sanitise judges them, and knows more than OpenSSL does. */
	if (X509_NAME_print_ex(bio, name, 0,
		    (XN_FLAG_RFC2253 | XN_FLAG_SEP_CPLUS_SPC) &
			    ~(unsigned long)(ASN1_STRFLGS_ESC_MSB | XN_FLAG_SEP_COMMA_PLUS)) >= 0) {
		length = BIO_get_mem_data(bio, &data);
		if (length > 0)
			text_sanitise(text, NAME_TEXT_MAX, data, (size_t)length);
	}
	BIO_free(bio);
	ERR_clear_error();
	if (text[0] == '\0')
		memcpy(text, "(no name)", sizeof("(no name)"));
}
