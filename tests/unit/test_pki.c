#include "pki_examined.h"

#include <openssl/x509.h>
#include <pthread.h>

#include "base/alloc.h"
#include "base/text.h"

static struct fixture_chain chain;
static struct pki *pki;

static int set_up(void **state)
{
	(void)state;
	fixture_chain_make(&chain, fixture_key("ec-p256", 1), "www.example.jp");
	pki = pki_trusting(fixture_pem(chain.root), NULL);
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

static char *leaf_key(void)
{
	return fixture_key_pem(fixture_key("ec-p256", 1));
}

/* The whole of it, on what a well-behaved source sends. */
static void test_plain_record(void **state)
{
	struct examined seen =
		examine(pki, fixture_join(fixture_pem(chain.leaf), fixture_pem(chain.intermediate)),
			leaf_key(), NULL);
	char *leaf = fixture_pem(chain.leaf), *intermediate = fixture_pem(chain.intermediate);
	char *key = leaf_key();
	unsigned char digest[32];
	unsigned int length = 0;

	(void)state;
	assert_false(seen.facts.malformed);
	assert_int_equal(X509_digest(chain.leaf, EVP_sha256(), digest, &length), 1);
	assert_memory_equal(seen.facts.fingerprint, digest, 32);
	assert_true(seen.facts.not_before_ms == FIXTURE_NOW_MS - 365 * FIXTURE_DAY_MS);
	assert_true(seen.facts.not_after_ms == FIXTURE_NOW_MS + 365 * FIXTURE_DAY_MS + 999);
	assert_string_equal(seen.facts.key, "ec-p256");
	assert_string_equal(seen.facts.common_name, "www.example.jp");
	assert_int_equal(seen.facts.name_count, 1);
	assert_string_equal(seen.facts.names[0], "www.example.jp");
	assert_int_equal(seen.facts.key_status, KEY_BELONGS);
	assert_string_equal(seen.facts.key_why, "");
	assert_false(seen.facts.key_is_rsa2048);
	assert_false(seen.facts.key_weak);
	assert_false(seen.facts.signature_weak);
	assert_int_equal(seen.facts.chain, CHAIN_TRUSTED);
	assert_string_equal(seen.facts.chain_why, "");
	assert_string_equal(buffer_text(&seen.material.leaf_pem), leaf);
	assert_string_equal(buffer_text(&seen.material.chain_pem), intermediate);
	assert_string_equal(buffer_text(&seen.material.key_pem), key);
	free(leaf);
	free(intermediate);
	free(key);
	examined_free(&seen);
}

static char *with_cr(char *text)
{
	struct buffer out = {0};
	const char *at;

	for (at = text; *at != '\0'; at++) {
		if (*at == '\n')
			buffer_append_char(&out, '\r');
		buffer_append_char(&out, *at);
	}
	free(text);
	return buffer_steal_text(&out);
}

static void test_arrangements(void **state)
{
	static const char parameters[] =
		"-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n";
	struct {
		const char *name;
		char *pem;
		bool with_key;
		enum key_status key_status;
	} cases[] = {
		{"leaf last",
			fixture_join(fixture_pem(chain.intermediate), fixture_pem(chain.leaf)),
			true, KEY_BELONGS},
		{"leaf last, no key to tell it by",
			fixture_join(fixture_pem(chain.intermediate), fixture_pem(chain.leaf)),
			false, KEY_ABSENT},
		{"root sent along, twice",
			fixture_join(fixture_pem(chain.root), fixture_pem(chain.leaf),
				fixture_pem(chain.intermediate), fixture_pem(chain.root)),
			true, KEY_BELONGS},
		{"duplicates",
			fixture_join(fixture_pem(chain.leaf), fixture_pem(chain.leaf),
				fixture_pem(chain.intermediate), fixture_pem(chain.intermediate)),
			true, KEY_BELONGS},
		{"junk around",
			fixture_join(xstrdup("subject=/CN=x\n\x01\n"), fixture_pem(chain.leaf),
				xstrdup("-----\nissuer: y\n\n"), fixture_pem(chain.intermediate),
				xstrdup("the end")),
			true, KEY_BELONGS},
		{"CRLF",
			with_cr(fixture_join(
				fixture_pem(chain.leaf), fixture_pem(chain.intermediate))),
			true, KEY_BELONGS},
		{"other blocks",
			fixture_join(xstrdup(parameters), fixture_pem(chain.leaf),
				fixture_pem(chain.intermediate)),
			true, KEY_BELONGS},
		{"key in the same text",
			fixture_join(leaf_key(), fixture_pem(chain.intermediate),
				fixture_pem(chain.leaf)),
			false, KEY_BELONGS},
	};
	char *leaf = fixture_pem(chain.leaf), *intermediate = fixture_pem(chain.intermediate);
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LENGTH(cases); i++) {
		struct examined seen =
			examine(pki, cases[i].pem, cases[i].with_key ? leaf_key() : NULL, NULL);

		print_message("%s\n", cases[i].name);
		assert_string_equal(seen.facts.malformed_why, "");
		assert_int_equal(seen.facts.key_status, cases[i].key_status);
		assert_int_equal(seen.facts.chain, CHAIN_TRUSTED);
		assert_string_equal(buffer_text(&seen.material.leaf_pem), leaf);
		assert_string_equal(buffer_text(&seen.material.chain_pem), intermediate);
		examined_free(&seen);
	}
	free(leaf);
	free(intermediate);
}

/* The key tells the leaf, even where the order and the shape say otherwise. */
static void test_leaf_by_key(void **state)
{
	X509 *other = fixture_certificate(&(struct fixture_request){.common_name = "other.example",
		.key = fixture_key("ec-p256", 2),
		.issuer = chain.intermediate,
		.issuer_key = fixture_intermediate_key()});
	struct examined seen = examine(pki,
		fixture_join(fixture_pem(other), fixture_pem(chain.intermediate),
			fixture_pem(chain.leaf)),
		leaf_key(), NULL);

	(void)state;
	assert_string_equal(seen.facts.common_name, "www.example.jp");
	assert_int_equal(seen.facts.key_status, KEY_BELONGS);
	examined_free(&seen);
	seen = examine(pki,
		fixture_join(fixture_pem(chain.intermediate), fixture_pem(other),
			fixture_pem(chain.leaf)),
		NULL, NULL);
	assert_string_equal(seen.facts.common_name, "other.example");
	examined_free(&seen);
	X509_free(other);
}

static char *many_certificates(unsigned int count)
{
	struct buffer text = {0};
	unsigned int i;

	for (i = 0; i < count; i++) {
		X509 *one = fixture_certificate(&(struct fixture_request){
			.common_name = "many.example", .key = fixture_key("ec-p256", 1)});
		char *pem = fixture_pem(one);

		buffer_append_text(&text, pem);
		free(pem);
		X509_free(one);
	}
	return buffer_steal_text(&text);
}

static char *cut(char *text, size_t left_out)
{
	text[strlen(text) - left_out] = '\0';
	return text;
}

/* Good base64 that begins with another tag than a SEQUENCE. */
static char *damaged(char *pem)
{
	pem[strlen("-----BEGIN CERTIFICATE-----\n")] = 'A';
	return pem;
}

static void test_malformed(void **state)
{
	struct {
		char *pem;
		const char *why;
	} cases[] = {
		{xstrdup(""), "no certificate is in the PEM text"},
		{xstrdup("hello\n"), "no certificate is in the PEM text"},
		{leaf_key(), "no certificate is in the PEM text"},
		{xstrdup("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"),
			"certificate 1 in the input cannot be read"},
		{fixture_join(fixture_pem(chain.leaf), cut(fixture_pem(chain.leaf), 300)),
			"PEM block 2 is damaged"},
		{fixture_join(fixture_pem(chain.leaf), damaged(fixture_pem(chain.intermediate))),
			"certificate 2 in the input cannot be read"},
		{many_certificates(33), "more than 32 certificates"},
	};
	struct examined seen;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LENGTH(cases); i++) {
		seen = examine(pki, cases[i].pem, NULL, NULL);
		assert_true(seen.facts.malformed);
		assert_contains(seen.facts.malformed_why, cases[i].why);
		assert_int_equal(seen.material.leaf_pem.length, 0);
		examined_free(&seen);
	}
	seen = examine(pki, many_certificates(32), NULL, NULL);
	assert_false(seen.facts.malformed);
	examined_free(&seen);
}

static void test_names(void **state)
{
	static const char *const listed[] = {
		"a.example.jp", "*.b.example.jp", "xn--wgv71a.jp", "bell\a.example", "", NULL};
	X509 *leaf = fixture_certificate(
		&(struct fixture_request){.common_name = "good.example\0.evil.example",
			.common_name_length = 26,
			.names = listed,
			.raw_name = "good.example\0.evil.example",
			.raw_name_length = 26,
			.key = fixture_key("ec-p256", 1)});
	struct examined seen = examine(pki, fixture_pem(leaf), NULL, NULL);

	(void)state;
	assert_false(seen.facts.malformed);
	assert_null(seen.facts.common_name);
	assert_int_equal(seen.facts.name_count, 3);
	assert_string_equal(seen.facts.names[0], "a.example.jp");
	assert_string_equal(seen.facts.names[1], "*.b.example.jp");
	assert_string_equal(seen.facts.names[2], "xn--wgv71a.jp");
	examined_free(&seen);
	X509_free(leaf);

	leaf = fixture_certificate(&(struct fixture_request){
		.common_name = "\xe6\x97\xa5\xe6\x9c\xac.jp", .key = fixture_key("ec-p256", 1)});
	seen = examine(pki, fixture_pem(leaf), NULL, NULL);
	assert_string_equal(seen.facts.common_name, "\xe6\x97\xa5\xe6\x9c\xac.jp");
	assert_int_equal(seen.facts.name_count, 0);
	examined_free(&seen);
	X509_free(leaf);
}

static void test_number_of_names(void **state)
{
	const char *names[1002] = {NULL};
	size_t count, i;

	(void)state;
	for (count = 1000; count <= 1001; count++) {
		struct examined seen;
		X509 *leaf;

		for (i = 0; i < count; i++)
			names[i] = "n.example.jp";
		leaf = fixture_certificate(&(struct fixture_request){
			.names = names, .key = fixture_key("ec-p256", 1)});
		seen = examine(pki, fixture_pem(leaf), NULL, NULL);
		assert_int_equal(seen.facts.malformed, count > 1000);
		if (count == 1000)
			assert_int_equal(seen.facts.name_count, 1000);
		else
			assert_contains(seen.facts.malformed_why, "more than 1000 names");
		examined_free(&seen);
		X509_free(leaf);
	}
}

static void test_dates_far_away(void **state)
{
	/* 1950-01-01 and 9999-12-31T23:59:59Z, the ends of what certificates are made with. */
	X509 *leaf = fixture_certificate(
		&(struct fixture_request){.not_before_ms = INT64_C(-631152000000),
			.not_after_ms = INT64_C(253402300799000),
			.key = fixture_key("ec-p256", 1)});
	struct examined seen = examine(pki, fixture_pem(leaf), NULL, NULL);

	(void)state;
	assert_true(seen.facts.not_before_ms == INT64_C(-631152000000));
	assert_true(seen.facts.not_after_ms == INT64_C(253402300799999));
	examined_free(&seen);
	X509_free(leaf);
}

static void test_files(void **state)
{
	static const struct {
		const char *text;
		const char *why;
	} cases[] = {
		{"", "holds no certificate"},
		{"junk", "holds no certificate"},
		{"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
			"certificate 1 in it cannot be read"},
	};
	struct pki_options options = {.trust_file = "/nonexistent/trust.pem"};
	struct pki *none = NULL;
	struct error error;
	size_t i;

	(void)state;
	assert_false(pki_new(&options, &none, &error));
	assert_int_equal(error.kind, ERROR_PERMANENT);
	assert_contains(error.text, "/nonexistent/trust.pem");
	for (i = 0; i < ARRAY_LENGTH(cases); i++) {
		const char *path = fixture_file(cases[i].text, strlen(cases[i].text));

		options = (struct pki_options){.trust_file = path};
		assert_false(pki_new(&options, &none, &error));
		assert_contains(error.text, cases[i].why);
		options = (struct pki_options){.intermediates_file = path};
		assert_false(pki_new(&options, &none, &error));
		assert_int_equal(error.kind, ERROR_PERMANENT);
		assert_contains(error.text, cases[i].why);
		assert_contains(error.text, path);
	}
	options = (struct pki_options){0};
	assert_true(pki_new(&options, &none, &error));
	pki_free(none);
}

static void test_helpers(void **state)
{
	static const struct {
		const char *plain;
		const char *encoded;
	} cases[] = {
		{"", ""},
		{"f", "Zg=="},
		{"fo", "Zm8="},
		{"foo", "Zm9v"},
		{"foobar", "Zm9vYmFy"},
	};
	unsigned char digest[32], first[32], second[32], zeros[9001] = {0};
	struct buffer out = {0};
	char text[65];
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LENGTH(cases); i++) {
		pki_base64(cases[i].plain, strlen(cases[i].plain), &out);
		assert_string_equal(buffer_text(&out), cases[i].encoded);
		buffer_clear(&out);
		buffer_reserve(&out, 0);
		out.data[0] = '\0';
	}
	/* Longer than the piece that is encoded at a time: padding at the end alone. */
	pki_base64(zeros, sizeof(zeros), &out);
	assert_int_equal(out.length, 12004);
	assert_int_equal(strspn(buffer_text(&out), "A"), 12002);
	assert_string_equal(buffer_text(&out) + 12002, "==");
	buffer_free(&out);
	pki_sha256("abc", 3, digest);
	text_hex(text, digest, 32);
	assert_string_equal(
		text, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	pki_random(first, sizeof(first));
	pki_random(second, sizeof(second));
	assert_memory_not_equal(first, second, sizeof(first));
}

/* Threads with a struct pki each know nothing of one another. */
static void *work(void *argument)
{
	struct pki_options options = {.trust_file = argument};
	char *pem = fixture_join(fixture_pem(chain.leaf), fixture_pem(chain.intermediate));
	char *key = leaf_key();
	struct pki_input input = {.pem = pem, .private_key = key};
	struct pki *own = NULL;
	struct examined seen;
	struct error error;
	size_t good = 0, i;

	if (pki_new(&options, &own, &error)) {
		for (i = 0; i < 20; i++) {
			if (pki_examine(own, &input, FIXTURE_NOW_MS, &seen.facts, &seen.material,
				    &error) &&
				seen.facts.chain == CHAIN_TRUSTED &&
				seen.facts.key_status == KEY_BELONGS)
				good++;
			examined_free(&seen);
		}
	}
	pki_free(own);
	free(pem);
	free(key);
	return good == 20 ? argument : NULL;
}

static void test_threads(void **state)
{
	char *root = fixture_pem(chain.root);
	char *path = xstrdup(fixture_file(root, strlen(root)));
	pthread_t threads[4];
	void *result;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LENGTH(threads); i++)
		assert_int_equal(pthread_create(&threads[i], NULL, work, path), 0);
	for (i = 0; i < ARRAY_LENGTH(threads); i++) {
		assert_int_equal(pthread_join(threads[i], &result), 0);
		assert_non_null(result);
	}
	free(path);
	free(root);
}

/* PEM to fingerprints: certificates in their order, and nothing else. */
static void test_pem_fingerprints(void **state)
{
	char *leaf = fixture_pem(chain.leaf), *intermediate = fixture_pem(chain.intermediate);
	char *key = leaf_key();
	char *text = xasprintf("junk\n%s%s%s", leaf, key, intermediate);
	unsigned char found[3][32], wanted[32];
	unsigned char *der = NULL;
	int length = i2d_X509(chain.leaf, &der);

	(void)state;
	pki_sha256(der, (size_t)length, wanted);
	OPENSSL_free(der);
	assert_int_equal(pki_pem_fingerprints(text, found, 3), 2);
	assert_memory_equal(found[0], wanted, 32);
	der = NULL;
	length = i2d_X509(chain.intermediate, &der);
	pki_sha256(der, (size_t)length, wanted);
	OPENSSL_free(der);
	assert_memory_equal(found[1], wanted, 32);
	assert_int_equal(pki_pem_fingerprints(text, found, 1), 1);
	assert_int_equal(pki_pem_fingerprints("", found, 3), 0);
	assert_int_equal(pki_pem_fingerprints(key, found, 3), 0);
	/* One that is broken off ends it. */
	text[strlen(text) - 40] = '\0';
	assert_int_equal(pki_pem_fingerprints(text, found, 3), 1);
	free(text);
	free(leaf);
	free_wiped_text(key);
	free(intermediate);
}

/* Kinds that hardly any certificate has are read and proven like the others. */
static void test_rare_kinds_of_key(void **state)
{
	static const struct {
		const char *kind;
		const char *described;
		enum key_status status;
		const char *why;
	} cases[] = {
		{"X25519", "other-253", KEY_MISMATCH, "a signature made with the private key"},
		{"X448", "other-448", KEY_MISMATCH, "a signature made with the private key"},
		{"SM2", "other-256", KEY_BELONGS, ""},
		{"ED25519", "ed25519", KEY_BELONGS, ""},
		{"ED448", "ed448", KEY_BELONGS, ""},
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LENGTH(cases); i++) {
		EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, cases[i].kind);
		X509 *leaf = fixture_certificate(
			&(struct fixture_request){.common_name = "www.example.jp",
				.key = key,
				.issuer = chain.intermediate,
				.issuer_key = fixture_intermediate_key()});
		struct examined seen = examine(pki,
			fixture_join(fixture_pem(leaf), fixture_pem(chain.intermediate)),
			fixture_key_pem(key), NULL);

		if (seen.facts.malformed)
			fail_msg("%s: %s", cases[i].kind, seen.facts.malformed_why);
		assert_string_equal(seen.facts.key, cases[i].described);
		assert_int_equal(seen.facts.chain, CHAIN_TRUSTED);
		assert_int_equal(seen.facts.key_status, cases[i].status);
		assert_contains(seen.facts.key_why, cases[i].why);
		examined_free(&seen);
		X509_free(leaf);
		EVP_PKEY_free(key);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_plain_record),
		cmocka_unit_test(test_arrangements),
		cmocka_unit_test(test_leaf_by_key),
		cmocka_unit_test(test_malformed),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_number_of_names),
		cmocka_unit_test(test_dates_far_away),
		cmocka_unit_test(test_files),
		cmocka_unit_test(test_helpers),
		cmocka_unit_test(test_pem_fingerprints),
		cmocka_unit_test(test_threads),
		cmocka_unit_test(test_rare_kinds_of_key),
	};

	pki_init_process();
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
