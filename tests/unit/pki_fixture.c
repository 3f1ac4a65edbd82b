#include "pki_fixture.h"

#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/buffer.h"
#include "base/text.h"

#define KEYS_MAX 256
#define FILES_MAX 64

static struct {
	char kind[32];
	unsigned int number;
	EVP_PKEY *key;
} keys[KEYS_MAX];
static size_t key_count;

static char files[FILES_MAX][64];
static size_t file_count;

static void check(bool fine, const char *what)
{
	if (fine)
		return;
	fprintf(stderr, "test fixture: %s failed\n", what);
	abort();
}

static int bits_of(const char *text)
{
	int64_t bits = 0;

	check(text_to_int64(text, 512, 16384, &bits), text);
	return (int)bits;
}

static EVP_PKEY *make_key(const char *kind)
{
	EVP_PKEY *key = NULL;

	if (strncmp(kind, "rsa-pss-", 8) == 0) {
		EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, "RSA-PSS", NULL);

		check(context != NULL && EVP_PKEY_keygen_init(context) == 1 &&
				EVP_PKEY_CTX_set_rsa_keygen_bits(context, bits_of(kind + 8)) == 1 &&
				EVP_PKEY_generate(context, &key) == 1,
			kind);
		EVP_PKEY_CTX_free(context);
	} else if (strncmp(kind, "rsa-", 4) == 0) {
		key = EVP_RSA_gen((unsigned int)bits_of(kind + 4));
	} else if (strcmp(kind, "ec-p256") == 0) {
		key = EVP_EC_gen("P-256");
	} else if (strcmp(kind, "ec-p384") == 0) {
		key = EVP_EC_gen("P-384");
	} else if (strcmp(kind, "ec-p521") == 0) {
		key = EVP_EC_gen("P-521");
	} else if (strncmp(kind, "ec-", 3) == 0) {
		key = EVP_EC_gen(kind + 3);
	} else {
		key = EVP_PKEY_Q_keygen(
			NULL, NULL, strcmp(kind, "ed448") == 0 ? "ED448" : "ED25519");
	}
	check(key != NULL, kind);
	return key;
}

EVP_PKEY *fixture_key(const char *kind, unsigned int number)
{
	size_t i;

	for (i = 0; i < key_count; i++) {
		if (keys[i].number == number && strcmp(keys[i].kind, kind) == 0)
			return keys[i].key;
	}
	check(key_count < KEYS_MAX && strlen(kind) < sizeof(keys[0].kind), "a place for a key");
	snprintf(keys[key_count].kind, sizeof(keys[0].kind), "%s", kind);
	keys[key_count].number = number;
	keys[key_count].key = make_key(kind);
	return keys[key_count++].key;
}

void fixture_free(void)
{
	while (key_count > 0)
		EVP_PKEY_free(keys[--key_count].key);
	while (file_count > 0)
		unlink(files[--file_count]);
}

EVP_PKEY *fixture_root_key(void)
{
	return fixture_key("ec-p256", 1000);
}

EVP_PKEY *fixture_intermediate_key(void)
{
	return fixture_key("ec-p256", 1001);
}

static void set_time(ASN1_TIME *when, int64_t ms)
{
	check(ASN1_TIME_adj(when, (time_t)(ms / 1000), 0, 0) != NULL, "setting a date");
}

static void set_subject(X509 *certificate, const struct fixture_request *request)
{
	X509_NAME *subject = X509_NAME_new();
	int length = request->common_name_length > 0 ? (int)request->common_name_length : -1;

	if (request->common_name != NULL)
		check(X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8,
			      (const unsigned char *)request->common_name, length, -1, 0) == 1,
			"setting a subject");
	check(X509_set_subject_name(certificate, subject) == 1, "setting a subject");
	X509_NAME_free(subject);
}

static void add_extension(X509 *certificate, X509V3_CTX *context, int nid, const char *value)
{
	X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, context, nid, value);

	check(extension != NULL && X509_add_ext(certificate, extension, -1) == 1, value);
	X509_EXTENSION_free(extension);
}

static void add_name(GENERAL_NAMES *names, const char *text, size_t length)
{
	GENERAL_NAME *name = GENERAL_NAME_new();
	ASN1_IA5STRING *string = ASN1_IA5STRING_new();

	check(name != NULL && string != NULL && ASN1_STRING_set(string, text, (int)length) == 1,
		"making a name");
	GENERAL_NAME_set0_value(name, GEN_DNS, string);
	check(sk_GENERAL_NAME_push(names, name) > 0, "making a name");
}

static void add_names(X509 *certificate, const struct fixture_request *request)
{
	GENERAL_NAMES *names;
	size_t i;

	if (request->names == NULL && request->raw_name == NULL)
		return;
	names = GENERAL_NAMES_new();
	for (i = 0; request->names != NULL && request->names[i] != NULL; i++)
		add_name(names, request->names[i], strlen(request->names[i]));
	if (request->raw_name != NULL)
		add_name(names, request->raw_name, request->raw_name_length);
	check(X509_add1_ext_i2d(certificate, NID_subject_alt_name, names, 0, 0) == 1,
		"adding names");
	GENERAL_NAMES_free(names);
}

static void add_extensions(X509 *certificate, const struct fixture_request *request)
{
	X509 *issuer = request->issuer != NULL ? request->issuer : certificate;
	X509V3_CTX context;

	X509V3_set_ctx(&context, issuer, certificate, NULL, NULL, 0);
	if (request->authority) {
		add_extension(certificate, &context, NID_basic_constraints, "critical,CA:TRUE");
		add_extension(certificate, &context, NID_key_usage, "critical,keyCertSign,cRLSign");
	} else if (request->extended_key_usage == NULL) {
		add_extension(certificate, &context, NID_ext_key_usage, "serverAuth");
	} else if (*request->extended_key_usage != '\0') {
		add_extension(
			certificate, &context, NID_ext_key_usage, request->extended_key_usage);
	}
	add_extension(certificate, &context, NID_subject_key_identifier, "hash");
	if (request->issuer != NULL)
		add_extension(certificate, &context, NID_authority_key_identifier, "keyid");
	add_names(certificate, request);
}

static void sign(X509 *certificate, const struct fixture_request *request, EVP_PKEY *key)
{
	const char *digest = request->digest;
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	EVP_PKEY_CTX *parameters = NULL;

	if (digest == NULL && !EVP_PKEY_is_a(key, "ED25519") && !EVP_PKEY_is_a(key, "ED448"))
		digest = "SHA256";
	check(EVP_DigestSignInit_ex(context, &parameters, digest, NULL, NULL, key, NULL) == 1,
		"signing");
	if (request->pss)
		check(EVP_PKEY_CTX_set_rsa_padding(parameters, RSA_PKCS1_PSS_PADDING) == 1 &&
				EVP_PKEY_CTX_set_rsa_pss_saltlen(
					parameters, RSA_PSS_SALTLEN_DIGEST) == 1,
			"setting PSS");
	check(X509_sign_ctx(certificate, context) > 0, "signing");
	EVP_MD_CTX_free(context);
}

X509 *fixture_certificate(const struct fixture_request *request)
{
	static long serial = 1;
	const int64_t year = 365 * FIXTURE_DAY_MS;
	X509 *certificate = X509_new();

	check(certificate != NULL && X509_set_version(certificate, X509_VERSION_3) == 1 &&
			ASN1_INTEGER_set(X509_get_serialNumber(certificate), serial++) == 1 &&
			X509_set_pubkey(certificate, request->key) == 1,
		"making a certificate");
	set_time(X509_getm_notBefore(certificate),
		request->not_before_ms != 0 ? request->not_before_ms : FIXTURE_NOW_MS - year);
	set_time(X509_getm_notAfter(certificate),
		request->not_after_ms != 0 ? request->not_after_ms : FIXTURE_NOW_MS + year);
	set_subject(certificate, request);
	check(X509_set_issuer_name(certificate,
		      X509_get_subject_name(
			      request->issuer != NULL ? request->issuer : certificate)) == 1,
		"setting an issuer");
	add_extensions(certificate, request);
	sign(certificate, request, request->issuer != NULL ? request->issuer_key : request->key);
	return certificate;
}

void fixture_chain_make(struct fixture_chain *chain, EVP_PKEY *key, const char *name)
{
	const char *const names[] = {name, NULL};

	chain->root = fixture_certificate(&(struct fixture_request){
		.common_name = "Test Root", .key = fixture_root_key(), .authority = true});
	chain->intermediate =
		fixture_certificate(&(struct fixture_request){.common_name = "Test Intermediate",
			.key = fixture_intermediate_key(),
			.authority = true,
			.issuer = chain->root,
			.issuer_key = fixture_root_key()});
	chain->leaf = fixture_certificate(&(struct fixture_request){.common_name = name,
		.names = names,
		.key = key,
		.issuer = chain->intermediate,
		.issuer_key = fixture_intermediate_key()});
}

void fixture_chain_free(struct fixture_chain *chain)
{
	X509_free(chain->root);
	X509_free(chain->intermediate);
	X509_free(chain->leaf);
	*chain = (struct fixture_chain){0};
}

static char *text_of(BIO *bio)
{
	char *data = NULL, *text;
	long length = BIO_get_mem_data(bio, &data);

	check(length > 0, "writing PEM");
	text = xstrndup(data, (size_t)length);
	BIO_free(bio);
	return text;
}

char *fixture_pem(const X509 *certificate)
{
	BIO *bio = BIO_new(BIO_s_mem());

	check(PEM_write_bio_X509(bio, certificate) == 1, "writing a certificate");
	return text_of(bio);
}

char *fixture_key_pem(const EVP_PKEY *key)
{
	BIO *bio = BIO_new(BIO_s_mem());

	check(PEM_write_bio_PKCS8PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL) == 1,
		"writing a key");
	return text_of(bio);
}

char *fixture_join_all(char *const *texts)
{
	struct buffer whole = {0};
	size_t i;

	for (i = 0; texts[i] != NULL; i++) {
		buffer_append_text(&whole, texts[i]);
		free(texts[i]);
	}
	return buffer_steal_text(&whole);
}

const char *fixture_file(const char *text, size_t length)
{
	char *path;
	int fd;

	check(file_count < FILES_MAX, "a place for a file");
	path = files[file_count++];
	snprintf(path, sizeof(files[0]), "/tmp/certinstalld-test-XXXXXX");
	fd = mkstemp(path);
	check(fd >= 0 && write(fd, text, length) == (ssize_t)length, "writing a file");
	close(fd);
	return path;
}
