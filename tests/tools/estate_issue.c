#include "estate.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/civil.h"
#include "base/file.h"

/* OpenSSL does what is asked here, or is broken. */
static void *made(void *object)
{
	if (object == NULL) {
		ERR_print_errors_fp(stderr);
		abort();
	}
	return object;
}

static void done(bool success)
{
	made(success ? &success : NULL);
}

EVP_PKEY *estate_key_new(const char *kind)
{
	if (strcmp(kind, "rsa-2048") == 0)
		return made(EVP_RSA_gen(2048));
	if (strcmp(kind, "rsa-3072") == 0)
		return made(EVP_RSA_gen(3072));
	if (strcmp(kind, "rsa-4096") == 0)
		return made(EVP_RSA_gen(4096));
	if (strcmp(kind, "ec-p256") == 0)
		return made(EVP_EC_gen("P-256"));
	if (strcmp(kind, "ec-p384") == 0)
		return made(EVP_EC_gen("P-384"));
	return NULL;
}

bool estate_keys_load(const char *path, const char *kind, EVP_PKEY **keys, size_t count,
	size_t *loaded, struct error *error)
{
	BIO *file = BIO_new_file(path, "r");
	char name[32];

	*loaded = 0;
	while (file != NULL && *loaded < count &&
		(keys[*loaded] = PEM_read_bio_PrivateKey(file, NULL, NULL, NULL)) != NULL) {
		snprintf(name, sizeof(name), "rsa-%d", EVP_PKEY_get_bits(keys[(*loaded)++]));
		if (strcmp(name, kind) == 0)
			continue;
		BIO_free(file);
		return error_set(
			error, ERROR_PERMANENT, "%s: key %zu is no %s key", path, *loaded, kind);
	}
	ERR_clear_error();
	BIO_free(file);
	return true;
}

bool estate_keys_keep(const char *path, EVP_PKEY *const *keys, size_t count, struct error *error)
{
	struct buffer pem = {0};
	bool written;
	size_t i;

	for (i = 0; i < count; i++)
		estate_key_pem(keys[i], &pem);
	written = file_write_atomic(path, pem.data, pem.length, 0600, error);
	buffer_free(&pem);
	return written;
}

int estate_days_allowed(int64_t not_before_ms)
{
	civil_day day = civil_day_of(not_before_ms, 0);

	if (day >= civil_from_date(2029, 3, 15))
		return 46;
	if (day >= civil_from_date(2027, 3, 15))
		return 99;
	return day >= civil_from_date(2026, 3, 15) ? 199 : 397;
}

static void add_extension(X509 *certificate, X509 *issuer, int nid, const char *value)
{
	X509_EXTENSION *extension;
	X509V3_CTX context;

	X509V3_set_ctx_nodb(&context);
	X509V3_set_ctx(&context, issuer == NULL ? certificate : issuer, certificate, NULL, NULL, 0);
	extension = made(X509V3_EXT_conf_nid(NULL, &context, nid, value));
	done(X509_add_ext(certificate, extension, -1) == 1);
	X509_EXTENSION_free(extension);
}

static void add_names(X509 *certificate, const struct issue *issue)
{
	struct buffer names = {0};
	size_t i;

	buffer_printf(&names, "DNS:%s", issue->common_name);
	for (i = 0; i < issue->name_count; i++)
		buffer_printf(&names, ",%s%s",
			strncmp(issue->names[i], "IP:", 3) == 0 ? "" : "DNS:", issue->names[i]);
	add_extension(certificate, issue->issuer, NID_subject_alt_name, buffer_text(&names));
	buffer_free(&names);
}

static void add_extensions(X509 *certificate, const struct issue *issue)
{
	X509 *issuer = issue->issuer;

	add_extension(certificate, issuer, NID_subject_key_identifier, "hash");
	if (issuer != NULL)
		add_extension(certificate, issuer, NID_authority_key_identifier, "keyid");
	if (issue->use == ISSUE_AUTHORITY) {
		add_extension(certificate, issuer, NID_basic_constraints, "critical,CA:TRUE");
		add_extension(certificate, issuer, NID_key_usage, "critical,keyCertSign,cRLSign");
		return;
	}
	add_extension(certificate, issuer, NID_basic_constraints, "critical,CA:FALSE");
	add_extension(certificate, issuer, NID_key_usage, "critical,digitalSignature");
	add_extension(certificate, issuer, NID_ext_key_usage,
		issue->use == ISSUE_CLIENT ? "clientAuth" : "serverAuth");
	if (issue->use == ISSUE_SERVER)
		add_names(certificate, issue);
}

static void add_serial(X509 *certificate)
{
	unsigned char bytes[16];
	BIGNUM *number;

	done(RAND_bytes(bytes, sizeof(bytes)) == 1);
	bytes[0] &= 0x7f;
	number = made(BN_bin2bn(bytes, sizeof(bytes), NULL));
	made(BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate)));
	BN_free(number);
}

X509 *estate_issue(const struct issue *issue)
{
	X509 *certificate = made(X509_new());
	X509_NAME *subject = X509_get_subject_name(certificate);
	time_t from = (time_t)(issue->not_before_ms / 1000);

	done(X509_set_version(certificate, X509_VERSION_3) == 1);
	add_serial(certificate);
	made(ASN1_TIME_set(X509_getm_notBefore(certificate), from));
	made(ASN1_TIME_set(
		X509_getm_notAfter(certificate), from + (time_t)(issue->days * DAY_S) - 1));
	done(X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8,
		     (const unsigned char *)issue->common_name, -1, -1, 0) == 1);
	done(X509_set_issuer_name(certificate,
		     issue->issuer == NULL ? subject : X509_get_subject_name(issue->issuer)) == 1);
	done(X509_set_pubkey(certificate, issue->key) == 1);
	add_extensions(certificate, issue);
	done(X509_sign(certificate, issue->issuer == NULL ? issue->key : issue->issuer_key,
		     EVP_sha256()) > 0);
	return certificate;
}

static void append_bio(BIO *bio, struct buffer *out)
{
	char *text = NULL;
	long length = BIO_get_mem_data(bio, &text);

	buffer_append(out, text, (size_t)length);
	BIO_free(bio);
}

void estate_certificate_pem(X509 *certificate, struct buffer *out)
{
	BIO *bio = made(BIO_new(BIO_s_mem()));

	done(PEM_write_bio_X509(bio, certificate) == 1);
	append_bio(bio, out);
}

void estate_key_pem(EVP_PKEY *key, struct buffer *out)
{
	BIO *bio = made(BIO_new(BIO_s_mem()));

	done(PEM_write_bio_PKCS8PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL) == 1);
	append_bio(bio, out);
}
