/* The numbers of a key that are read without its reader of keys are those that this reads. */
#include "pki_examined.h"

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/param_build.h>
#include <openssl/x509.h>
#include <string.h>

#include "base/alloc.h"
#include "pki/pki_private.h"

static int tear_down(void **state)
{
	(void)state;
	fixture_free();
	return 0;
}

/* What is read of DER as a key, if anything, is what OpenSSL reads. True when it was. */
static bool read_alike(const unsigned char *der, size_t length)
{
	const unsigned char *at = der;
	PKCS8_PRIV_KEY_INFO *pkcs8 = d2i_PKCS8_PRIV_KEY_INFO(NULL, &at, (long)length);
	struct rsa_numbers ours = {0}, theirs = {0};
	bool read = pkcs8 != NULL && rsa_numbers_read(pkcs8, &ours);

	if (read) {
		EVP_PKEY *key = EVP_PKCS82PKEY(pkcs8);

		assert_non_null(key);
		assert_true(EVP_PKEY_is_a(key, "RSA"));
		assert_true(rsa_numbers_get(key, &theirs));
		assert_int_equal(BN_cmp(ours.n, theirs.n), 0);
		assert_int_equal(BN_cmp(ours.e, theirs.e), 0);
		assert_int_equal(BN_cmp(ours.d, theirs.d), 0);
		assert_int_equal(BN_cmp(ours.p, theirs.p), 0);
		assert_int_equal(BN_cmp(ours.q, theirs.q), 0);
		assert_int_equal(BN_cmp(ours.dp, theirs.dp), 0);
		assert_int_equal(BN_cmp(ours.dq, theirs.dq), 0);
		assert_int_equal(BN_cmp(ours.coefficient, theirs.coefficient), 0);
		assert_null(theirs.third);
		assert_true(rsa_numbers_are_of(&ours, key));
		EVP_PKEY_free(key);
	} else {
		assert_null(ours.n);
	}
	rsa_numbers_clear(&ours);
	rsa_numbers_clear(&theirs);
	PKCS8_PRIV_KEY_INFO_free(pkcs8);
	ERR_clear_error();
	return read;
}

static unsigned char *der_of(const EVP_PKEY *key, size_t *length)
{
	PKCS8_PRIV_KEY_INFO *pkcs8 = EVP_PKEY2PKCS8(key);
	unsigned char *der = NULL;

	*length = (size_t)i2d_PKCS8_PRIV_KEY_INFO(pkcs8, &der);
	PKCS8_PRIV_KEY_INFO_free(pkcs8);
	return der;
}

static void test_kinds(void **state)
{
	static const struct {
		const char *kind;
		bool read;
	} cases[] = {
		{"rsa-1024", true},
		{"rsa-2048", true},
		{"rsa-3072", true},
		{"rsa-pss-2048", false},
		{"ec-p256", false},
		{"ed25519", false},
	};
	size_t i, length;

	(void)state;
	for (i = 0; i < ARRAY_LENGTH(cases); i++) {
		unsigned char *der = der_of(fixture_key(cases[i].kind, 1), &length);

		print_message("%s\n", cases[i].kind);
		assert_int_equal(read_alike(der, length), cases[i].read);
		OPENSSL_free(der);
	}
}

static void test_altered_keys(void **state)
{
	size_t length, i;
	unsigned char *der = der_of(fixture_key("rsa-1024", 1), &length);

	(void)state;
	for (i = 0; i < length; i++) {
		static const unsigned char changes[] = {0x01, 0x80, 0xff};
		size_t j;

		for (j = 0; j < sizeof(changes); j++) {
			der[i] ^= changes[j];
			read_alike(der, length);
			der[i] ^= changes[j];
		}
	}
	OPENSSL_free(der);
}

/* A private exponent above the modulus undoes the public one, too, and is refused all the same. */
static void test_long_exponent(void **state)
{
	static const char *const names[] = {OSSL_PKEY_PARAM_RSA_N, OSSL_PKEY_PARAM_RSA_E,
		OSSL_PKEY_PARAM_RSA_D, OSSL_PKEY_PARAM_RSA_FACTOR1, OSSL_PKEY_PARAM_RSA_FACTOR2,
		OSSL_PKEY_PARAM_RSA_EXPONENT1, OSSL_PKEY_PARAM_RSA_EXPONENT2,
		OSSL_PKEY_PARAM_RSA_COEFFICIENT1};
	EVP_PKEY *key = fixture_key("rsa-1024", 1), *longer = NULL;
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
	OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
	BIGNUM *numbers[ARRAY_LENGTH(names)] = {NULL}, *order = BN_new();
	OSSL_PARAM *parameters;
	unsigned char *der;
	size_t length, i;

	(void)state;
	for (i = 0; i < ARRAY_LENGTH(names); i++)
		assert_int_equal(EVP_PKEY_get_bn_param(key, names[i], &numbers[i]), 1);
	/* n - p - q + 1, shifted, so that it is a byte longer than n. */
	BN_sub(order, numbers[0], numbers[3]);
	BN_sub(order, order, numbers[4]);
	BN_add_word(order, 1);
	BN_lshift(order, order, 8);
	BN_add(numbers[2], numbers[2], order);
	for (i = 0; i < ARRAY_LENGTH(names); i++)
		assert_int_equal(OSSL_PARAM_BLD_push_BN(builder, names[i], numbers[i]), 1);
	parameters = OSSL_PARAM_BLD_to_param(builder);
	assert_int_equal(EVP_PKEY_fromdata_init(context), 1);
	assert_int_equal(EVP_PKEY_fromdata(context, &longer, EVP_PKEY_KEYPAIR, parameters), 1);
	der = der_of(longer, &length);
	assert_false(read_alike(der, length));
	OPENSSL_free(der);
	EVP_PKEY_free(longer);
	OSSL_PARAM_free(parameters);
	OSSL_PARAM_BLD_free(builder);
	EVP_PKEY_CTX_free(context);
	for (i = 0; i < ARRAY_LENGTH(names); i++)
		BN_clear_free(numbers[i]);
	BN_clear_free(order);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_kinds),
		cmocka_unit_test(test_altered_keys),
		cmocka_unit_test(test_long_exponent),
	};

	pki_init_process();
	return cmocka_run_group_tests(tests, NULL, tear_down);
}
