/*
 * Compares pki_examine with the plain OpenSSL calls that do the same, in turns within one run, so
 * that a busy machine slows both. Usage: bench_pki [rounds]
 */
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509_vfy.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/text.h"
#include "pki/pki.h"
#include "pki_fixture.h"

#define LEAVES 64

struct sample {
	char *pem; /* leaf and intermediate */
	char *key;
};

static double now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

static void need(bool fine, const char *what)
{
	if (fine)
		return;
	fprintf(stderr, "bench_pki: %s failed\n", what);
	exit(1);
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

static void plain(const struct sample *sample, X509_STORE *store)
{
	BIO *pem = BIO_new_mem_buf(sample->pem, -1), *text = BIO_new_mem_buf(sample->key, -1);
	X509 *leaf = PEM_read_bio_X509(pem, NULL, NULL, NULL);
	X509 *intermediate = PEM_read_bio_X509(pem, NULL, NULL, NULL);
	EVP_PKEY *key = PEM_read_bio_PrivateKey(text, NULL, NULL, NULL);
	STACK_OF(X509) *untrusted = sk_X509_new_null();
	X509_STORE_CTX *context = X509_STORE_CTX_new();

	sk_X509_push(untrusted, intermediate);
	need(X509_STORE_CTX_init(context, store, leaf, untrusted) == 1, "X509_STORE_CTX_init");
	X509_STORE_CTX_set_time(context, 0, (time_t)(FIXTURE_NOW_MS / 1000));
	need(X509_verify_cert(context) == 1, "X509_verify_cert");
	need(sign_and_verify(key, X509_get0_pubkey(leaf)), "signing");
	X509_STORE_CTX_free(context);
	sk_X509_free(untrusted);
	EVP_PKEY_free(key);
	X509_free(intermediate);
	X509_free(leaf);
	BIO_free(pem);
	BIO_free(text);
}

static void examined(const struct sample *sample, struct pki *pki)
{
	struct pki_input input = {.pem = sample->pem, .private_key = sample->key};
	struct certificate_facts facts;
	struct material material;
	struct error error;

	need(pki_examine(pki, &input, FIXTURE_NOW_MS, &facts, &material, &error) &&
			!facts.malformed && facts.chain == CHAIN_TRUSTED &&
			facts.key_status == KEY_BELONGS,
		"pki_examine");
	certificate_facts_clear(&facts);
	material_clear(&material);
}

static void compare(const char *kind, unsigned int distinct_keys, int rounds)
{
	struct fixture_chain chain;
	struct sample samples[LEAVES];
	X509_STORE *store = X509_STORE_new();
	double start, plain_us = 0, examined_us = 0;
	struct pki_options options = {0};
	struct pki *pki = NULL;
	struct error error;
	char *root;
	int round, i;

	fixture_chain_make(&chain, fixture_key(kind, 0), "www.example.jp");
	need(X509_STORE_add_cert(store, chain.root) == 1, "X509_STORE_add_cert");
	root = fixture_pem(chain.root);
	options.trust_file = fixture_file(root, strlen(root));
	free(root);
	for (i = 0; i < LEAVES; i++) {
		EVP_PKEY *key = fixture_key(kind, (unsigned int)i % distinct_keys);
		X509 *leaf = fixture_certificate(
			&(struct fixture_request){.common_name = "www.example.jp",
				.key = key,
				.issuer = chain.intermediate,
				.issuer_key = fixture_intermediate_key()});

		samples[i].pem = fixture_join(fixture_pem(leaf), fixture_pem(chain.intermediate));
		samples[i].key = fixture_key_pem(key);
		X509_free(leaf);
	}
	for (round = 0; round < rounds; round++) {
		/* A fresh one a round: its caches fill as they would on a backfill. */
		need(pki_new(&options, &pki, &error), "pki_new");
		for (i = 0; i < LEAVES; i++) {
			start = now_us();
			plain(&samples[i], store);
			plain_us += now_us() - start;
			start = now_us();
			examined(&samples[i], pki);
			examined_us += now_us() - start;
		}
		pki_free(pki);
	}
	plain_us /= rounds * LEAVES;
	examined_us /= rounds * LEAVES;
	printf("%-9s %2u keys in %d records: plain %6.1f us, pki_examine %6.1f us: %.2f times as "
	       "fast\n",
		kind, distinct_keys, LEAVES, plain_us, examined_us, plain_us / examined_us);
	for (i = 0; i < LEAVES; i++) {
		free(samples[i].pem);
		free(samples[i].key);
	}
	X509_STORE_free(store);
	fixture_chain_free(&chain);
}

int main(int argc, char **argv)
{
	int64_t wanted = 10;
	int rounds;

	if (argc > 2 || (argc == 2 && !text_to_int64(argv[1], 1, 10000, &wanted))) {
		fprintf(stderr, "usage: bench_pki [rounds]\n");
		return 2;
	}
	rounds = (int)wanted;
	pki_init_process();
	compare("ec-p256", 4, rounds);
	compare("ec-p256", LEAVES, rounds);
	compare("rsa-2048", 4, rounds);
	compare("rsa-2048", LEAVES, rounds);
	fixture_free();
	return 0;
}
