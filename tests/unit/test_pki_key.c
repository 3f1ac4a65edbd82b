#include "pki_examined.h"

#include <openssl/core_names.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <stdio.h>

#include "base/alloc.h"

static struct pki *pki;

static int set_up(void **state)
{
	X509 *root = fixture_certificate(&(struct fixture_request){
		.common_name = "Test Root", .key = fixture_root_key(), .authority = true});

	(void)state;
	pki = pki_trusting(fixture_pem(root), NULL);
	X509_free(root);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	pki_free(pki);
	fixture_free();
	return 0;
}

static char *certificate_for(EVP_PKEY *key)
{
	X509 *certificate = fixture_certificate(
		&(struct fixture_request){.common_name = "www.example.jp", .key = key});
	char *pem = fixture_pem(certificate);

	X509_free(certificate);
	return pem;
}

static void test_kinds(void **state)
{
	static const struct {
		const char *kind;
		const char *described;
		bool weak;
		bool rsa2048;
	} cases[] = {
		{"rsa-2048", "rsa-2048", false, true},
		{"rsa-3072", "rsa-3072", false, false},
		{"rsa-1024", "rsa-1024", true, false},
		{"rsa-pss-2048", "rsa-pss-2048", false, false},
		{"ec-p256", "ec-p256", false, false},
		{"ec-p384", "ec-p384", false, false},
		{"ec-p521", "ec-p521", false, false},
		{"ec-secp256k1", "ec-secp256k1", false, false},
		{"ec-prime192v1", "ec-prime192v1", true, false},
		{"ed25519", "ed25519", false, false},
		{"ed448", "ed448", false, false},
	};
	size_t i, again;

	(void)state;
	for (i = 0; i < ARRAY_LENGTH(cases); i++) {
		EVP_PKEY *key = fixture_key(cases[i].kind, 1);

		/* The second look finds what the first has proven. */
		for (again = 0; again < 2; again++) {
			struct examined seen =
				examine(pki, certificate_for(key), fixture_key_pem(key), NULL);
			char *pem = fixture_key_pem(key);

			print_message("%s\n", cases[i].kind);
			assert_string_equal(seen.facts.malformed_why, "");
			assert_string_equal(seen.facts.key, cases[i].described);
			assert_string_equal(seen.facts.key_why, "");
			assert_int_equal(seen.facts.key_status, KEY_BELONGS);
			assert_int_equal(seen.facts.key_weak, cases[i].weak);
			assert_int_equal(seen.facts.key_is_rsa2048, cases[i].rsa2048);
			assert_string_equal(buffer_text(&seen.material.key_pem), pem);
			free(pem);
			examined_free(&seen);
		}
	}
}

static void test_another_key(void **state)
{
	static const char *const kinds[] = {"rsa-2048", "ec-p256", "ed25519"};
	size_t i, j;

	(void)state;
	for (i = 0; i < ARRAY_LENGTH(kinds); i++) {
		for (j = 0; j < ARRAY_LENGTH(kinds); j++) {
			struct examined seen =
				examine(pki, certificate_for(fixture_key(kinds[i], 1)),
					fixture_key_pem(fixture_key(kinds[j], 2)), NULL);

			assert_int_equal(seen.facts.key_status, KEY_MISMATCH);
			assert_contains(seen.facts.key_why, "belongs to another certificate");
			assert_int_equal(seen.facts.key_is_rsa2048, i == 0 && j == 0);
			examined_free(&seen);
		}
	}
}

/* As they stand in a key; a case changes one of them. */
enum rsa_number { N, E, D, P, Q, DP, DQ, COEFFICIENT, RSA_NUMBERS };

static const char *const rsa_names[RSA_NUMBERS] = {OSSL_PKEY_PARAM_RSA_N, OSSL_PKEY_PARAM_RSA_E,
	OSSL_PKEY_PARAM_RSA_D, OSSL_PKEY_PARAM_RSA_FACTOR1, OSSL_PKEY_PARAM_RSA_FACTOR2,
	OSSL_PKEY_PARAM_RSA_EXPONENT1, OSSL_PKEY_PARAM_RSA_EXPONENT2,
	OSSL_PKEY_PARAM_RSA_COEFFICIENT1};

/* A key of these numbers, which are freed. */
static EVP_PKEY *rsa_of(BIGNUM *numbers[RSA_NUMBERS])
{
	OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
	EVP_PKEY *key = NULL;
	OSSL_PARAM *parameters;
	size_t i;

	for (i = 0; i < RSA_NUMBERS; i++)
		assert_int_equal(OSSL_PARAM_BLD_push_BN(builder, rsa_names[i], numbers[i]), 1);
	parameters = OSSL_PARAM_BLD_to_param(builder);
	assert_int_equal(EVP_PKEY_fromdata_init(context), 1);
	assert_int_equal(EVP_PKEY_fromdata(context, &key, EVP_PKEY_KEYPAIR, parameters), 1);
	OSSL_PARAM_free(parameters);
	OSSL_PARAM_BLD_free(builder);
	EVP_PKEY_CTX_free(context);
	for (i = 0; i < RSA_NUMBERS; i++)
		BN_clear_free(numbers[i]);
	return key;
}

/*
 * An RSA key with the modulus and public exponent of KEY and the rest of REST, in which one number
 * is raised by ADDED.
 */
static EVP_PKEY *rsa_mixed(
	const EVP_PKEY *key, const EVP_PKEY *rest, enum rsa_number changed, BN_ULONG added)
{
	BIGNUM *numbers[RSA_NUMBERS] = {NULL};
	size_t i;

	for (i = 0; i < RSA_NUMBERS; i++)
		assert_int_equal(
			EVP_PKEY_get_bn_param(i <= E ? key : rest, rsa_names[i], &numbers[i]), 1);
	assert_int_equal(BN_add_word(numbers[changed], added), 1);
	return rsa_of(numbers);
}

/* The same key with its factors the other way round, as OpenSSL itself never makes one. */
static EVP_PKEY *rsa_swapped(const EVP_PKEY *key)
{
	static const enum rsa_number from[RSA_NUMBERS] = {N, E, D, Q, P, DQ, DP, COEFFICIENT};
	BIGNUM *numbers[RSA_NUMBERS] = {NULL};
	BN_CTX *scratch = BN_CTX_new();
	size_t i;

	for (i = 0; i < RSA_NUMBERS; i++)
		assert_int_equal(EVP_PKEY_get_bn_param(key, rsa_names[from[i]], &numbers[i]), 1);
	assert_non_null(BN_mod_inverse(numbers[COEFFICIENT], numbers[Q], numbers[P], scratch));
	BN_CTX_free(scratch);
	return rsa_of(numbers);
}

/*
 * A key whose first factor is the product of two primes. All its numbers agree with one another,
 * and what it signs verifies for nobody.
 */
static EVP_PKEY *rsa_of_composite(void)
{
	BIGNUM *numbers[RSA_NUMBERS], *other = BN_new(), *p1 = BN_new(), *q1 = BN_new();
	BN_CTX *scratch = BN_CTX_new();
	size_t i;

	for (i = 0; i < RSA_NUMBERS; i++)
		numbers[i] = BN_new();
	BN_set_word(numbers[E], 65537);
	/* Not every product has an order that the exponent has an inverse for. */
	do {
		assert_int_equal(BN_generate_prime_ex(numbers[Q], 1024, 0, NULL, NULL, NULL), 1);
		assert_int_equal(BN_generate_prime_ex(p1, 512, 0, NULL, NULL, NULL), 1);
		assert_int_equal(BN_generate_prime_ex(other, 512, 0, NULL, NULL, NULL), 1);
		BN_mul(numbers[P], p1, other, scratch);
		BN_mul(numbers[N], numbers[P], numbers[Q], scratch);
		BN_copy(p1, numbers[P]);
		BN_sub_word(p1, 1);
		BN_copy(q1, numbers[Q]);
		BN_sub_word(q1, 1);
		BN_mul(other, p1, q1, scratch);
	} while (BN_mod_inverse(numbers[D], numbers[E], other, scratch) == NULL);
	BN_mod(numbers[DP], numbers[D], p1, scratch);
	BN_mod(numbers[DQ], numbers[D], q1, scratch);
	BN_mod_inverse(numbers[COEFFICIENT], numbers[Q], numbers[P], scratch);
	BN_free(other);
	BN_free(p1);
	BN_free(q1);
	BN_CTX_free(scratch);
	return rsa_of(numbers);
}

/* All pass X509_check_private_key, which looks at the public parts alone. */
static void test_wrong_numbers(void **state)
{
	EVP_PKEY *key = fixture_key("rsa-2048", 1), *other = fixture_key("rsa-2048", 2);
	EVP_PKEY *composite = rsa_of_composite();
	struct {
		EVP_PKEY *belongs_to;
		EVP_PKEY *wrong;
		const char *why;
	} cases[] = {
		{key, rsa_mixed(key, key, D, 2), "contradicts itself"},
		{key, rsa_mixed(key, key, P, 2), "contradicts itself"},
		{key, rsa_mixed(key, key, Q, 2), "contradicts itself"},
		{key, rsa_mixed(key, key, DP, 2), "contradicts itself"},
		{key, rsa_mixed(key, key, DQ, 2), "contradicts itself"},
		{key, rsa_mixed(key, key, COEFFICIENT, 1), "contradicts itself"},
		{key, rsa_mixed(key, other, D, 0), "contradicts itself"},
		{composite, rsa_mixed(composite, composite, D, 0), "does not verify"},
		{key, rsa_mixed(key, key, D, 0), NULL},
		{key, rsa_swapped(key), NULL},
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LENGTH(cases); i++) {
		X509 *certificate = fixture_certificate(&(struct fixture_request){
			.common_name = "www.example.jp", .key = cases[i].belongs_to});
		struct examined seen;

		assert_int_equal(X509_check_private_key(certificate, cases[i].wrong), 1);
		seen = examine(
			pki, fixture_pem(certificate), fixture_key_pem(cases[i].wrong), NULL);
		assert_int_equal(
			seen.facts.key_status, cases[i].why != NULL ? KEY_MISMATCH : KEY_BELONGS);
		assert_contains(seen.facts.key_why, cases[i].why != NULL ? cases[i].why : "");
		examined_free(&seen);
		X509_free(certificate);
		EVP_PKEY_free(cases[i].wrong);
	}
	EVP_PKEY_free(composite);
}

/* An EC key whose public part is another's: equal to look at, wrong to use. */
static void test_borrowed_public_part(void **state)
{
	EVP_PKEY *key = fixture_key("ec-p256", 1), *other = fixture_key("ec-p256", 2),
		 *mixed = NULL;
	OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
	unsigned char point[200];
	BIGNUM *secret = NULL;
	OSSL_PARAM *parameters;
	struct examined seen;
	size_t length = 0;

	(void)state;
	assert_int_equal(EVP_PKEY_get_octet_string_param(
				 key, OSSL_PKEY_PARAM_PUB_KEY, point, sizeof(point), &length),
		1);
	assert_int_equal(EVP_PKEY_get_bn_param(other, OSSL_PKEY_PARAM_PRIV_KEY, &secret), 1);
	OSSL_PARAM_BLD_push_utf8_string(builder, OSSL_PKEY_PARAM_GROUP_NAME, "prime256v1", 0);
	OSSL_PARAM_BLD_push_octet_string(builder, OSSL_PKEY_PARAM_PUB_KEY, point, length);
	OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_PRIV_KEY, secret);
	parameters = OSSL_PARAM_BLD_to_param(builder);
	assert_int_equal(EVP_PKEY_fromdata_init(context), 1);
	assert_int_equal(EVP_PKEY_fromdata(context, &mixed, EVP_PKEY_KEYPAIR, parameters), 1);
	seen = examine(pki, certificate_for(key), fixture_key_pem(mixed), NULL);
	assert_int_equal(seen.facts.key_status, KEY_MISMATCH);
	assert_contains(seen.facts.key_why, "does not verify");
	examined_free(&seen);
	BN_free(secret);
	EVP_PKEY_free(mixed);
	OSSL_PARAM_free(parameters);
	OSSL_PARAM_BLD_free(builder);
	EVP_PKEY_CTX_free(context);
}

enum form { PKCS8_ENCRYPTED, TRADITIONAL, TRADITIONAL_ENCRYPTED };

static char *key_text(const EVP_PKEY *key, enum form form)
{
	const EVP_CIPHER *cipher = form != TRADITIONAL ? EVP_aes_256_cbc() : NULL;
	BIO *bio = BIO_new(BIO_s_mem());
	char *data = NULL, *text;
	long length;

	if (form == PKCS8_ENCRYPTED)
		assert_int_equal(PEM_write_bio_PKCS8PrivateKey(
					 bio, key, cipher, "open sesame", 11, NULL, NULL),
			1);
	else
		assert_int_equal(PEM_write_bio_PrivateKey_traditional(bio, key, cipher,
					 (const unsigned char *)(cipher ? "open sesame" : NULL),
					 cipher ? 11 : 0, NULL, NULL),
			1);
	length = BIO_get_mem_data(bio, &data);
	text = xstrndup(data, (size_t)length);
	BIO_free(bio);
	return text;
}

static void test_forms(void **state)
{
	static const struct {
		enum form form;
		const char *passphrase;
		const char *why; /* NULL: belongs */
	} cases[] = {
		{PKCS8_ENCRYPTED, "open sesame", NULL},
		{PKCS8_ENCRYPTED, "another", "the passphrase does not open the private key"},
		{PKCS8_ENCRYPTED, NULL,
			"the private key is encrypted and no passphrase came with it"},
		{TRADITIONAL, NULL, NULL},
		{TRADITIONAL, "not needed", NULL},
		{TRADITIONAL_ENCRYPTED, "open sesame", NULL},
		{TRADITIONAL_ENCRYPTED, "another", "the passphrase does not open the private key"},
		{TRADITIONAL_ENCRYPTED, NULL,
			"the private key is encrypted and no passphrase came with it"},
	};
	static const char *const kinds[] = {"rsa-2048", "ec-p256"};
	size_t i, j;

	(void)state;
	for (j = 0; j < ARRAY_LENGTH(kinds); j++) {
		EVP_PKEY *key = fixture_key(kinds[j], 1);
		char *plain = fixture_key_pem(key);

		for (i = 0; i < ARRAY_LENGTH(cases); i++) {
			struct examined seen = examine(pki, certificate_for(key),
				key_text(key, cases[i].form), cases[i].passphrase);

			assert_false(seen.facts.malformed);
			assert_string_equal(
				seen.facts.key_why, cases[i].why != NULL ? cases[i].why : "");
			assert_int_equal(seen.facts.key_status,
				cases[i].why != NULL ? KEY_MISMATCH : KEY_BELONGS);
			assert_string_equal(buffer_text(&seen.material.key_pem),
				cases[i].why != NULL ? "" : plain);
			examined_free(&seen);
		}
		free(plain);
	}
}

/* Enough wrong passphrases that padding looks right after some of them. */
static void test_wrong_passphrases(void **state)
{
	EVP_PKEY *key = fixture_key("ec-p256", 1);
	char *text = key_text(key, TRADITIONAL_ENCRYPTED), passphrase[16];
	char *certificate = certificate_for(key);
	unsigned int i;

	(void)state;
	for (i = 0; i < 3000; i++) {
		struct examined seen;

		snprintf(passphrase, sizeof(passphrase), "wrong %u", i);
		seen = examine(pki, xstrdup(certificate), xstrdup(text), passphrase);
		assert_string_equal(
			seen.facts.key_why, "the passphrase does not open the private key");
		examined_free(&seen);
	}
	free(text);
	free(certificate);
}

static void test_unreadable(void **state)
{
	static const struct {
		const char *text;
		const char *why;
	} cases[] = {
		{"hello", "holds no PEM block of a private key"},
		{"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
			"the private key cannot be read"},
		{"-----BEGIN RSA PRIVATE KEY-----\nAAAA\n-----END RSA PRIVATE KEY-----\n",
			"the private key cannot be read"},
		{"-----BEGIN PRIVATE KEY-----\nAAAA\n", "PEM block 1 is damaged"},
	};
	EVP_PKEY *key = fixture_key("rsa-2048", 1);
	struct examined seen;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LENGTH(cases); i++) {
		seen = examine(pki, certificate_for(key), xstrdup(cases[i].text), NULL);
		assert_int_equal(seen.facts.key_status, KEY_MISMATCH);
		assert_contains(seen.facts.key_why, cases[i].why);
		assert_int_equal(seen.material.key_pem.length, 0);
		assert_false(seen.facts.key_is_rsa2048);
		examined_free(&seen);
	}
	/* The kept decoder reads on after what it could not read. */
	seen = examine(pki, certificate_for(key), fixture_key_pem(key), NULL);
	assert_int_equal(seen.facts.key_status, KEY_BELONGS);
	examined_free(&seen);
	seen = examine(pki, certificate_for(key), xstrdup(""), NULL);
	assert_int_equal(seen.facts.key_status, KEY_ABSENT);
	examined_free(&seen);
}

/* A key of any numbers, as whoever sends a record may write one. */
static EVP_PKEY *rsa_invented(int bits, BN_ULONG exponent)
{
	static const char *const names[] = {OSSL_PKEY_PARAM_RSA_N, OSSL_PKEY_PARAM_RSA_E,
		OSSL_PKEY_PARAM_RSA_D, OSSL_PKEY_PARAM_RSA_FACTOR1, OSSL_PKEY_PARAM_RSA_FACTOR2,
		OSSL_PKEY_PARAM_RSA_EXPONENT1, OSSL_PKEY_PARAM_RSA_EXPONENT2,
		OSSL_PKEY_PARAM_RSA_COEFFICIENT1};
	OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
	BIGNUM *numbers[ARRAY_LENGTH(names)];
	EVP_PKEY *invented = NULL;
	OSSL_PARAM *parameters;
	size_t i;

	for (i = 0; i < ARRAY_LENGTH(names); i++) {
		numbers[i] = BN_new();
		if (i == 0)
			assert_int_equal(
				BN_rand(numbers[i], bits, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ODD), 1);
		else
			assert_int_equal(BN_set_word(numbers[i], exponent), 1);
		assert_int_equal(OSSL_PARAM_BLD_push_BN(builder, names[i], numbers[i]), 1);
	}
	parameters = OSSL_PARAM_BLD_to_param(builder);
	assert_int_equal(EVP_PKEY_fromdata_init(context), 1);
	assert_int_equal(EVP_PKEY_fromdata(context, &invented, EVP_PKEY_KEYPAIR, parameters), 1);
	for (i = 0; i < ARRAY_LENGTH(names); i++)
		BN_free(numbers[i]);
	OSSL_PARAM_free(parameters);
	OSSL_PARAM_BLD_free(builder);
	EVP_PKEY_CTX_free(context);
	return invented;
}

static void test_invented_rsa(void **state)
{
	static const struct {
		int bits;
		BN_ULONG exponent;
		bool weak;
		const char *why;
	} cases[] = {
		{2048, 1, true, "the private key"},
		{2048, 4, true, "the private key"},
		{2048, 3, false, "the private key"},
		{8192, 65537, false, "the private key"},
		{8193, 65537, false, "an RSA key of 8193 bits; at most 8192"},
		{16384, 65537, false, "an RSA key of 16384 bits; at most 8192"},
	};
	X509 *root = fixture_certificate(&(struct fixture_request){
		.common_name = "Test Root", .key = fixture_root_key(), .authority = true});
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LENGTH(cases); i++) {
		EVP_PKEY *key = rsa_invented(cases[i].bits, cases[i].exponent);
		X509 *certificate = fixture_certificate(
			&(struct fixture_request){.common_name = "www.example.jp",
				.key = key,
				.issuer = root,
				.issuer_key = fixture_root_key()});
		struct examined seen =
			examine(pki, fixture_pem(certificate), fixture_key_pem(key), NULL);

		print_message("%d bits, exponent %lu\n", cases[i].bits, cases[i].exponent);
		assert_int_equal(seen.facts.key_status, KEY_MISMATCH);
		assert_contains(seen.facts.key_why, cases[i].why);
		assert_int_equal(seen.facts.key_weak, cases[i].weak);
		examined_free(&seen);
		X509_free(certificate);
		EVP_PKEY_free(key);
	}
	X509_free(root);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_kinds),
		cmocka_unit_test(test_another_key),
		cmocka_unit_test(test_wrong_numbers),
		cmocka_unit_test(test_borrowed_public_part),
		cmocka_unit_test(test_forms),
		cmocka_unit_test(test_wrong_passphrases),
		cmocka_unit_test(test_unreadable),
		cmocka_unit_test(test_invented_rsa),
	};

	pki_init_process();
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
