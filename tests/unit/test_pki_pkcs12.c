#include "pki_examined.h"

#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/provider.h>

#include "base/alloc.h"

static struct fixture_chain chain;
static struct pki *pki;
static OSSL_PROVIDER *legacy;

static int set_up(void **state)
{
	(void)state;
	fixture_chain_make(&chain, fixture_key("ec-p256", 1), "www.example.jp");
	pki = pki_trusting(fixture_pem(chain.root), NULL);
	/* Loading one by hand ends the automatic loading of the default one. */
	assert_non_null(OSSL_PROVIDER_load(NULL, "default"));
	legacy = OSSL_PROVIDER_load(NULL, "legacy");
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	pki_free(pki);
	fixture_chain_free(&chain);
	fixture_free();
	return 0;
}

struct recipe {
	const char *passphrase;
	int key_nid, certificate_nid; /* -1: not encrypted */
	int iterations;
	int mac_iterations; /* -1: no MAC */
};

static unsigned char *make(const struct recipe *recipe, size_t *length)
{
	STACK_OF(X509) *others = sk_X509_new_null();
	unsigned char *der = NULL;
	PKCS12 *pkcs12;
	int size;

	sk_X509_push(others, chain.intermediate);
	pkcs12 = PKCS12_create(recipe->passphrase, "name", fixture_key("ec-p256", 1), chain.leaf,
		others, recipe->key_nid, recipe->certificate_nid, recipe->iterations,
		recipe->mac_iterations, 0);
	assert_non_null(pkcs12);
	size = i2d_PKCS12(pkcs12, &der);
	assert_true(size > 0);
	*length = (size_t)size;
	PKCS12_free(pkcs12);
	sk_X509_free(others);
	return der;
}

static struct examined look(
	struct pki *by, const unsigned char *der, size_t length, const char *passphrase)
{
	struct pki_input input = {.pkcs12 = der, .pkcs12_length = length, .passphrase = passphrase};
	struct examined seen;
	struct error error;

	assert_true(pki_examine(by, &input, FIXTURE_NOW_MS, &seen.facts, &seen.material, &error));
	return seen;
}

#define AES NID_aes_256_cbc
#define DES3 NID_pbe_WithSHA1And3_Key_TripleDES_CBC
#define RC2 NID_pbe_WithSHA1And40BitRC2_CBC

static void check_opened(struct examined *seen)
{
	char *leaf = fixture_pem(chain.leaf), *intermediate = fixture_pem(chain.intermediate);
	char *key = fixture_key_pem(fixture_key("ec-p256", 1));

	assert_string_equal(seen->facts.malformed_why, "");
	assert_false(seen->facts.malformed);
	assert_int_equal(seen->facts.key_status, KEY_BELONGS);
	assert_int_equal(seen->facts.chain, CHAIN_TRUSTED);
	assert_string_equal(buffer_text(&seen->material.leaf_pem), leaf);
	assert_string_equal(buffer_text(&seen->material.chain_pem), intermediate);
	assert_string_equal(buffer_text(&seen->material.key_pem), key);
	free(leaf);
	free(intermediate);
	free(key);
}

static void test_opening(void **state)
{
	static const struct {
		struct recipe recipe;
		const char *passphrase;
		const char *why; /* NULL: opens */
	} cases[] = {
		{{"secret", AES, AES, 2048, 2048}, "secret", NULL},
		{{"secret", AES, AES, 2048, 2048}, "other", "the passphrase does not open"},
		{{"secret", AES, AES, 2048, 2048}, NULL, "the passphrase does not open"},
		{{"\xe7\xa7\x98\xe5\xaf\x86", AES, AES, 1000, 1}, "\xe7\xa7\x98\xe5\xaf\x86", NULL},
		{{"", AES, AES, 2048, 2048}, "", NULL},
		{{"", AES, AES, 2048, 2048}, NULL, NULL},
		{{NULL, -1, -1, 1, 1}, NULL, NULL},
		{{"secret", AES, AES, 2048, -1}, "secret", NULL},
		{{"secret", AES, AES, 2048, -1}, "other", "cannot be opened"},
		{{"secret", AES, -1, 2048, -1}, "other", "does not open the private key"},
		{{"secret", DES3, DES3, 2048, 2048}, "secret", NULL},
		{{"secret", AES, AES, 100000, 2048}, "secret", NULL},
		{{"secret", AES, AES, 100001, 2048}, "secret",
			"its encryption wants 100001 iterations to be opened, and at most 100000"},
		{{"secret", AES, -1, 100001, 2048}, "secret", "its encryption wants 100001"},
		{{"secret", DES3, DES3, 100001, 2048}, "secret", "its encryption wants 100001"},
		{{"secret", AES, AES, 2048, 100001}, "secret", "its MAC wants 100001"},
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LENGTH(cases); i++) {
		size_t length = 0;
		unsigned char *der = make(&cases[i].recipe, &length);
		struct examined seen = look(pki, der, length, cases[i].passphrase);

		print_message("case %zu\n", i);
		if (cases[i].why == NULL) {
			check_opened(&seen);
		} else {
			assert_true(seen.facts.malformed);
			assert_contains(seen.facts.malformed_why, cases[i].why);
			assert_int_equal(seen.material.key_pem.length, 0);
		}
		examined_free(&seen);
		OPENSSL_free(der);
	}
}

static void test_own_limit(void **state)
{
	static const struct recipe recipe = {"secret", AES, AES, 2048, 2048};
	struct pki_options options = {.pkcs12_max_iterations = 2047};
	size_t length = 0;
	unsigned char *der = make(&recipe, &length);
	struct pki *strict = NULL;
	struct examined seen;
	struct error error;

	(void)state;
	assert_true(pki_new(&options, &strict, &error));
	seen = look(strict, der, length, "secret");
	assert_contains(seen.facts.malformed_why, "at most 2047 are allowed");
	examined_free(&seen);
	pki_free(strict);
	OPENSSL_free(der);
}

/* scrypt's cost is not a number of iterations, so it could not be bounded by one. */
static void test_scrypt(void **state)
{
	PKCS8_PRIV_KEY_INFO *pkcs8 = EVP_PKEY2PKCS8(fixture_key("ec-p256", 1));
	X509_ALGOR *algorithm = PKCS5_pbe2_set_scrypt(EVP_aes_256_cbc(), NULL, 0, NULL, 1024, 8, 1);
	X509_SIG *encrypted = PKCS8_set0_pbe("secret", 6, pkcs8, algorithm);
	BIO *bio = BIO_new(BIO_s_mem());
	struct examined seen;
	char *data = NULL;
	long length;

	(void)state;
	assert_non_null(encrypted);
	assert_int_equal(PEM_write_bio_PKCS8(bio, encrypted), 1);
	length = BIO_get_mem_data(bio, &data);
	seen = examine(pki, fixture_pem(chain.leaf), xstrndup(data, (size_t)length), "secret");
	assert_int_equal(seen.facts.key_status, KEY_MISMATCH);
	assert_contains(seen.facts.key_why, "export it again with PBES2, PBKDF2 and AES");
	examined_free(&seen);
	BIO_free(bio);
	X509_SIG_free(encrypted);
	PKCS8_PRIV_KEY_INFO_free(pkcs8);
}

static void test_legacy(void **state)
{
	static const struct recipe recipe = {"secret", DES3, RC2, 2048, 2048};
	struct pki_options options = {0};
	struct pki *without = NULL;
	struct examined seen;
	unsigned char *der;
	struct error error;
	size_t length = 0;

	(void)state;
	if (legacy == NULL)
		skip();
	der = make(&recipe, &length);
	seen = look(pki, der, length, "secret");
	check_opened(&seen);
	examined_free(&seen);

	assert_int_equal(setenv("OPENSSL_MODULES", "/nonexistent", 1), 0);
	assert_true(pki_new(&options, &without, &error));
	seen = look(without, der, length, "secret");
	assert_true(seen.facts.malformed);
	assert_string_equal(seen.facts.malformed_why,
		"this PKCS#12 uses RC2-40, which needs OpenSSL's legacy provider; export it again "
		"with AES");
	examined_free(&seen);
	pki_free(without);
	unsetenv("OPENSSL_MODULES");
	OPENSSL_free(der);
}

/* No length of it and no flipped bit does harm; what still opens is the same. */
static void test_damaged(void **state)
{
	static const struct recipe recipe = {NULL, -1, -1, 1, 1};
	struct examined seen;
	size_t length = 0, i;
	unsigned char *der = make(&recipe, &length);

	(void)state;
	for (i = 0; i < length; i++) {
		seen = look(pki, der, i, NULL);
		assert_true(seen.facts.malformed);
		assert_string_not_equal(seen.facts.malformed_why, "");
		examined_free(&seen);
	}
	for (i = 0; i < length; i++) {
		der[i] ^= 0x10;
		seen = look(pki, der, length, NULL);
		if (!seen.facts.malformed)
			check_opened(&seen);
		examined_free(&seen);
		der[i] ^= 0x10;
	}
	OPENSSL_free(der);
}

static void test_making(void **state)
{
	struct pki_input input = {0};
	struct examined seen =
		examine(pki, fixture_join(fixture_pem(chain.leaf), fixture_pem(chain.intermediate)),
			fixture_key_pem(fixture_key("ec-p256", 1)), NULL);
	struct buffer der = {0};
	struct error error;
	const ASN1_INTEGER *iterations = NULL;
	const X509_ALGOR *digest = NULL;
	const ASN1_OBJECT *object = NULL;
	const unsigned char *at;
	struct examined again;
	PKCS12 *pkcs12;

	(void)state;
	assert_true(pki_make_pkcs12(pki, &seen.material, "one time", &der, &error));
	again = look(pki, der.data, der.length, "one time");
	check_opened(&again);
	examined_free(&again);
	at = der.data;
	pkcs12 = d2i_PKCS12(NULL, &at, (long)der.length);
	PKCS12_get0_mac(NULL, &digest, NULL, &iterations, pkcs12);
	X509_ALGOR_get0(&object, NULL, NULL, digest);
	assert_int_equal(OBJ_obj2nid(object), NID_sha256);
	assert_int_equal(ASN1_INTEGER_get(iterations), 2048);
	PKCS12_free(pkcs12);
	buffer_free(&der);

	buffer_free(&seen.material.key_pem);
	assert_false(pki_make_pkcs12(pki, &seen.material, "one time", &der, &error));
	assert_int_equal(error.kind, ERROR_INTERNAL);
	assert_contains(error.text, "private key is missing");
	assert_int_equal(der.length, 0);
	examined_free(&seen);
	assert_false(pki_examine(pki, &input, FIXTURE_NOW_MS, &seen.facts, &seen.material, &error));
	assert_int_equal(error.kind, ERROR_INTERNAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_opening),
		cmocka_unit_test(test_own_limit),
		cmocka_unit_test(test_scrypt),
		cmocka_unit_test(test_legacy),
		cmocka_unit_test(test_damaged),
		cmocka_unit_test(test_making),
	};

	pki_init_process();
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
