/*
 * The intake's checks by plain OpenSSL calls, a record after another: plain_checks ROOT RECORDS
 * reads the .ndjson RECORDS, then times the checks alone, and prints how many records a second that
 * were. Leaf, intermediate and key are read from their PEM, the chain is verified up to ROOT, the
 * key signs and the leaf verifies it, and the name is looked for. Reading JSON is not counted.
 */
#include <json-c/json.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

struct sample {
	struct json_object *record;
	const char *pem;
	const char *key;
	const char *name;
};

static void need(bool fine, const char *what)
{
	if (fine)
		return;
	fprintf(stderr, "plain_checks: %s failed\n", what);
	ERR_print_errors_fp(stderr);
	exit(1);
}

static const char *text_of(struct json_object *object, const char *name)
{
	struct json_object *member = NULL;

	need(json_object_object_get_ex(object, name, &member), name);
	return json_object_get_string(member);
}

static struct sample *load(const char *path, size_t *count)
{
	struct sample *samples = NULL;
	FILE *file = fopen(path, "re");
	size_t size = 0, room = 0;
	char *line = NULL;

	need(file != NULL, path);
	for (*count = 0; getline(&line, &size, file) > 0; ++*count) {
		struct json_object *certificate;
		struct sample *sample;

		if (*count == room) {
			struct sample *larger;

			room = room * 2 + 64;
			larger = reallocarray(samples, room, sizeof(*samples));
			need(larger != NULL, "reallocarray");
			samples = larger;
		}
		sample = &samples[*count];
		sample->record = json_tokener_parse(line);
		need(json_object_object_get_ex(sample->record, "certificate", &certificate),
			"certificate");
		sample->pem = text_of(certificate, "pem");
		sample->key = text_of(certificate, "private_key");
		sample->name = text_of(sample->record, "common_name");
	}
	free(line);
	fclose(file);
	need(*count > 0, path);
	return samples;
}

static bool sign_and_verify(EVP_PKEY *key, EVP_PKEY *public_key)
{
	static const unsigned char message[] = "message";
	EVP_MD_CTX *sign = EVP_MD_CTX_new(), *verify = EVP_MD_CTX_new();
	unsigned char signature[1024];
	size_t length = sizeof(signature);
	bool fine;

	fine = EVP_DigestSignInit(sign, NULL, EVP_sha256(), NULL, key) == 1 &&
	       EVP_DigestSign(sign, signature, &length, message, sizeof(message)) == 1 &&
	       EVP_DigestVerifyInit(verify, NULL, EVP_sha256(), NULL, public_key) == 1 &&
	       EVP_DigestVerify(verify, signature, length, message, sizeof(message)) == 1;
	EVP_MD_CTX_free(sign);
	EVP_MD_CTX_free(verify);
	return fine;
}

static void check(const struct sample *sample, X509_STORE *store)
{
	BIO *pem = BIO_new_mem_buf(sample->pem, -1), *text = BIO_new_mem_buf(sample->key, -1);
	X509 *leaf = PEM_read_bio_X509(pem, NULL, NULL, NULL);
	X509 *intermediate = PEM_read_bio_X509(pem, NULL, NULL, NULL);
	EVP_PKEY *key = PEM_read_bio_PrivateKey(text, NULL, NULL, NULL);
	STACK_OF(X509) *untrusted = sk_X509_new_null();
	X509_STORE_CTX *context = X509_STORE_CTX_new();

	need(leaf != NULL && intermediate != NULL && key != NULL, "reading PEM");
	sk_X509_push(untrusted, intermediate);
	need(X509_STORE_CTX_init(context, store, leaf, untrusted) == 1, "X509_STORE_CTX_init");
	need(X509_verify_cert(context) == 1, "X509_verify_cert");
	need(sign_and_verify(key, X509_get0_pubkey(leaf)), "signing");
	need(X509_check_host(leaf, sample->name, 0, 0, NULL) == 1, "X509_check_host");
	X509_STORE_CTX_free(context);
	sk_X509_free(untrusted);
	EVP_PKEY_free(key);
	X509_free(intermediate);
	X509_free(leaf);
	BIO_free(pem);
	BIO_free(text);
}

static double now_s(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

int main(int argc, char **argv)
{
	X509_STORE *store = X509_STORE_new();
	struct sample *samples;
	size_t count, i;
	double began;

	if (argc != 3) {
		fputs("usage: plain_checks ROOT RECORDS\n", stderr);
		return 2;
	}
	need(X509_STORE_load_file(store, argv[1]) == 1, argv[1]);
	samples = load(argv[2], &count);
	began = now_s();
	for (i = 0; i < count; i++)
		check(&samples[i], store);
	printf("%.1f\n", (double)count / (now_s() - began));
	for (i = 0; i < count; i++)
		json_object_put(samples[i].record);
	free(samples);
	X509_STORE_free(store);
	return 0;
}
