#include "pki_examined.h"

#include <openssl/x509.h>

#include "base/alloc.h"

static struct fixture_chain chain;
static struct pki *trusting;  /* the root, no pool */
static struct pki *with_pool; /* the root, the intermediate in the pool */
static struct pki *stranger;  /* another root */

static X509 *authority(const char *name, EVP_PKEY *key, X509 *issuer, EVP_PKEY *issuer_key,
	const char *digest, int64_t not_after_ms)
{
	return fixture_certificate(&(struct fixture_request){.common_name = name,
		.key = key,
		.authority = true,
		.issuer = issuer,
		.issuer_key = issuer_key,
		.digest = digest,
		.not_after_ms = not_after_ms});
}

static X509 *leaf_from(X509 *issuer, EVP_PKEY *issuer_key, const char *digest, bool pss)
{
	return fixture_certificate(&(struct fixture_request){.common_name = "www.example.jp",
		.key = fixture_key("ec-p256", 1),
		.issuer = issuer,
		.issuer_key = issuer_key,
		.digest = digest,
		.pss = pss});
}

static int set_up(void **state)
{
	X509 *other = authority("Another Root", fixture_key("ec-p256", 1002), NULL, NULL, NULL, 0);

	(void)state;
	fixture_chain_make(&chain, fixture_key("ec-p256", 1), "www.example.jp");
	trusting = pki_trusting(fixture_pem(chain.root), NULL);
	with_pool = pki_trusting(fixture_pem(chain.root), fixture_pem(chain.intermediate));
	stranger = pki_trusting(fixture_pem(other), NULL);
	X509_free(other);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	pki_free(trusting);
	pki_free(with_pool);
	pki_free(stranger);
	fixture_chain_free(&chain);
	fixture_free();
	return 0;
}

static void check(struct pki *pki, char *pem, enum chain_status status, const char *why,
	const char *expected_chain)
{
	/* Twice: what the first look keeps must not change the second. */
	char *again = xstrdup(pem);
	struct examined first = examine(pki, pem, NULL, NULL);
	struct examined second = examine(pki, again, NULL, NULL);

	assert_string_equal(first.facts.malformed_why, "");
	assert_contains(first.facts.chain_why, why);
	assert_int_equal(first.facts.chain, status);
	assert_string_equal(buffer_text(&first.material.chain_pem), expected_chain);
	assert_string_equal(second.facts.chain_why, first.facts.chain_why);
	assert_int_equal(second.facts.chain, status);
	assert_string_equal(buffer_text(&second.material.chain_pem), expected_chain);
	examined_free(&first);
	examined_free(&second);
}

static void test_completion(void **state)
{
	char *intermediate = fixture_pem(chain.intermediate);

	(void)state;
	check(trusting, fixture_pem(chain.leaf), CHAIN_INCOMPLETE,
		"the issuer \"CN=Test Intermediate\" neither came along nor is in the pool", "");
	check(with_pool, fixture_pem(chain.leaf), CHAIN_TRUSTED, "", intermediate);
	/* What another input brought along completes nothing here. */
	check(trusting, fixture_join(fixture_pem(chain.leaf), xstrdup(intermediate)), CHAIN_TRUSTED,
		"", intermediate);
	check(trusting, fixture_pem(chain.leaf), CHAIN_INCOMPLETE, "CN=Test Intermediate", "");
	free(intermediate);
}

static void test_untrusted(void **state)
{
	char *intermediate = fixture_pem(chain.intermediate);
	X509 *alone = fixture_certificate(&(struct fixture_request){
		.common_name = "self.example", .key = fixture_key("ec-p256", 1)});
	X509 *client = fixture_certificate(&(struct fixture_request){.common_name = "client",
		.key = fixture_key("ec-p256", 1),
		.extended_key_usage = "clientAuth",
		.issuer = chain.intermediate,
		.issuer_key = fixture_intermediate_key()});
	X509 *forged = leaf_from(chain.intermediate, fixture_root_key(), NULL, false);

	(void)state;
	check(stranger,
		fixture_join(
			fixture_pem(chain.leaf), xstrdup(intermediate), fixture_pem(chain.root)),
		CHAIN_UNTRUSTED, "the root \"CN=Test Root\" is not trusted: self-signed",
		intermediate);
	check(stranger, fixture_join(fixture_pem(chain.leaf), xstrdup(intermediate)),
		CHAIN_INCOMPLETE, "the issuer \"CN=Test Root\" neither", intermediate);
	check(trusting, fixture_pem(alone), CHAIN_UNTRUSTED,
		"the certificate \"CN=self.example\" is not trusted: self-signed", "");
	check(with_pool, fixture_pem(client), CHAIN_UNTRUSTED,
		"the certificate \"CN=client\" is not trusted: unsuitable certificate purpose",
		intermediate);
	/* Also after a path from the same issuer was kept. */
	check(with_pool, fixture_pem(chain.leaf), CHAIN_TRUSTED, "", intermediate);
	check(with_pool, fixture_pem(forged), CHAIN_UNTRUSTED,
		"the certificate \"CN=www.example.jp\" is not trusted: certificate signature "
		"failure",
		intermediate);
	X509_free(alone);
	X509_free(client);
	X509_free(forged);
	free(intermediate);
}

static void test_dates(void **state)
{
	X509 *expired = authority("Old Intermediate", fixture_key("ec-p256", 1003), chain.root,
		fixture_root_key(), NULL, FIXTURE_NOW_MS - FIXTURE_DAY_MS);
	X509 *below = leaf_from(expired, fixture_key("ec-p256", 1003), NULL, false);
	X509 *over = fixture_certificate(&(struct fixture_request){.common_name = "over.example",
		.key = fixture_key("ec-p256", 1),
		.not_after_ms = FIXTURE_NOW_MS - FIXTURE_DAY_MS,
		.issuer = chain.intermediate,
		.issuer_key = fixture_intermediate_key()});
	X509 *future =
		fixture_certificate(&(struct fixture_request){.common_name = "future.example",
			.key = fixture_key("ec-p256", 1),
			.not_before_ms = FIXTURE_NOW_MS + FIXTURE_DAY_MS,
			.issuer = chain.intermediate,
			.issuer_key = fixture_intermediate_key()});
	char *pem = fixture_pem(expired), *intermediate = fixture_pem(chain.intermediate);

	(void)state;
	check(trusting, fixture_join(fixture_pem(below), xstrdup(pem)), CHAIN_UNTRUSTED,
		"the intermediate \"CN=Old Intermediate\" is not trusted: certificate has expired",
		pem);
	/* The leaf's own dates are not the chain's business. */
	check(with_pool, fixture_pem(over), CHAIN_TRUSTED, "", intermediate);
	check(with_pool, fixture_pem(future), CHAIN_TRUSTED, "", intermediate);
	X509_free(expired);
	X509_free(below);
	X509_free(over);
	X509_free(future);
	free(pem);
	free(intermediate);
}

/* A kept path is used only while all of it is valid: here the root runs out first. */
static void test_kept_path_runs_out(void **state)
{
	static const struct {
		int64_t days;
		enum chain_status status;
	} cases[] = {
		{0, CHAIN_TRUSTED},
		{99, CHAIN_TRUSTED},
		{101, CHAIN_UNTRUSTED},
		{-364, CHAIN_TRUSTED},
		{-366, CHAIN_UNTRUSTED},
		{1, CHAIN_TRUSTED},
	};
	EVP_PKEY *root_key = fixture_key("ec-p256", 1007),
		 *below_key = fixture_key("ec-p256", 1008);
	X509 *root = authority(
		"Short Root", root_key, NULL, NULL, NULL, FIXTURE_NOW_MS + 100 * FIXTURE_DAY_MS);
	X509 *below = authority("Below Short Root", below_key, root, root_key, NULL, 0);
	X509 *leaf = leaf_from(below, below_key, NULL, false);
	struct pki *pki = pki_trusting(fixture_pem(root), fixture_pem(below));
	char *pem = fixture_pem(leaf);
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LENGTH(cases); i++) {
		struct pki_input input = {.pem = pem};
		struct examined seen;
		struct error error;

		assert_true(
			pki_examine(pki, &input, FIXTURE_NOW_MS + cases[i].days * FIXTURE_DAY_MS,
				&seen.facts, &seen.material, &error));
		assert_int_equal(seen.facts.chain, cases[i].status);
		examined_free(&seen);
	}
	free(pem);
	pki_free(pki);
	X509_free(leaf);
	X509_free(below);
	X509_free(root);
}

/* Two intermediates, in every order, with a foreign one among them. */
static void test_long_chain(void **state)
{
	X509 *second = authority("Second Intermediate", fixture_key("ec-p256", 1004),
		chain.intermediate, fixture_intermediate_key(), NULL, 0);
	X509 *foreign = authority(
		"Foreign", fixture_key("ec-p256", 1005), chain.root, fixture_root_key(), NULL, 0);
	X509 *leaf = leaf_from(second, fixture_key("ec-p256", 1004), NULL, false);
	X509 *const all[] = {leaf, second, chain.intermediate, foreign};
	char *expected = fixture_join(fixture_pem(second), fixture_pem(chain.intermediate));
	unsigned int order;

	(void)state;
	for (order = 0; order < 256; order++) {
		unsigned int a = order & 3, b = order >> 2 & 3, c = order >> 4 & 3, d = order >> 6;

		if ((1u << a | 1u << b | 1u << c | 1u << d) != 15)
			continue;
		check(trusting,
			fixture_join(fixture_pem(all[a]), fixture_pem(all[b]), fixture_pem(all[c]),
				fixture_pem(all[d]), fixture_key_pem(fixture_key("ec-p256", 1))),
			CHAIN_TRUSTED, "", expected);
	}
	/* The upper one is missing: what there is goes in order. */
	free(expected);
	expected = fixture_pem(second);
	check(trusting, fixture_join(fixture_pem(leaf), xstrdup(expected)), CHAIN_INCOMPLETE,
		"CN=Test Intermediate", expected);
	free(expected);
	X509_free(second);
	X509_free(foreign);
	X509_free(leaf);
}

static void test_digests(void **state)
{
	static const struct {
		const char *digest;
		bool pss;
		const char *name; /* NULL: not weak */
	} cases[] = {
		{"SHA256", false, NULL},
		{"SHA384", true, NULL},
		{"SHA1", false, "SHA-1"},
		{"SHA1", true, "SHA-1"},
		{"MD5", false, "MD5"},
	};
	EVP_PKEY *root_key = fixture_key("rsa-2048", 1), *below_key = fixture_key("rsa-2048", 2);
	/* A root's own signature says nothing, so it may be anything. */
	X509 *root = authority("Digest Root", root_key, NULL, NULL, "SHA1", 0);
	struct pki *pki = pki_trusting(fixture_pem(root), NULL);
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LENGTH(cases); i++) {
		X509 *leaf = leaf_from(root, root_key, cases[i].digest, cases[i].pss);
		X509 *below =
			authority("Digest Below", below_key, root, root_key, cases[i].digest, 0);
		X509 *lower = leaf_from(below, below_key, NULL, false);
		struct examined seen = examine(pki, fixture_pem(leaf), NULL, NULL);

		assert_int_equal(seen.facts.chain, CHAIN_TRUSTED);
		assert_int_equal(seen.facts.signature_weak, cases[i].name != NULL);
		assert_contains(seen.facts.signature_why, cases[i].name ? cases[i].name : "");
		if (cases[i].name != NULL)
			assert_contains(
				seen.facts.signature_why, "certificate \"CN=www.example.jp\"");
		examined_free(&seen);

		seen = examine(
			pki, fixture_join(fixture_pem(lower), fixture_pem(below)), NULL, NULL);
		assert_int_equal(seen.facts.chain, CHAIN_TRUSTED);
		assert_int_equal(seen.facts.signature_weak, cases[i].name != NULL);
		if (cases[i].name != NULL)
			assert_contains(
				seen.facts.signature_why, "intermediate \"CN=Digest Below\"");
		examined_free(&seen);
		X509_free(leaf);
		X509_free(below);
		X509_free(lower);
	}
	pki_free(pki);
	X509_free(root);
}

/* Keys of rare kinds are read in another context than those of most, on either side of a signature.
 */
static void test_kinds_of_key(void **state)
{
	static const char *const kinds[] = {
		"rsa-2048", "rsa-pss-2048", "ec-p384", "ed25519", "ed448"};
	size_t i, j;

	(void)state;
	for (i = 0; i < ARRAY_LENGTH(kinds); i++) {
		EVP_PKEY *root_key = fixture_key(kinds[i], 3),
			 *below_key = fixture_key(kinds[i], 4);
		X509 *root = authority("Root", root_key, NULL, NULL, NULL, 0);
		X509 *below = authority("Below", below_key, root, root_key, NULL, 0);
		struct pki *pki = pki_trusting(fixture_pem(root), NULL);

		for (j = 0; j < ARRAY_LENGTH(kinds); j++) {
			X509 *leaf = fixture_certificate(
				&(struct fixture_request){.common_name = "www.example.jp",
					.key = fixture_key(kinds[j], 5),
					.issuer = below,
					.issuer_key = below_key});
			char *expected = fixture_pem(below);

			print_message("%s by %s\n", kinds[j], kinds[i]);
			check(pki, fixture_join(fixture_pem(leaf), fixture_pem(below)),
				CHAIN_TRUSTED, "", expected);
			free(expected);
			X509_free(leaf);
		}
		pki_free(pki);
		X509_free(below);
		X509_free(root);
	}
}

/* Names come from outside and end up in logs. */
static void test_hostile_names(void **state)
{
	static const char name[] = "a\x1b[31mb\nc\xe2\x80\xae"
				   "0123456789012345678901234567890123456789012345678";
	X509 *issuer = authority(name, fixture_key("ec-p256", 1006), NULL, NULL, NULL, 0);
	X509 *leaf = leaf_from(issuer, fixture_key("ec-p256", 1006), NULL, false);
	struct examined seen = examine(trusting, fixture_pem(leaf), NULL, NULL);
	const char *at;

	(void)state;
	assert_int_equal(seen.facts.chain, CHAIN_INCOMPLETE);
	for (at = seen.facts.chain_why; *at != '\0'; at++)
		assert_true((unsigned char)*at >= 0x20 && (unsigned char)*at < 0x7f);
	assert_contains(seen.facts.chain_why, "pool of intermediates");
	examined_free(&seen);
	X509_free(issuer);
	X509_free(leaf);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_completion),
		cmocka_unit_test(test_untrusted),
		cmocka_unit_test(test_dates),
		cmocka_unit_test(test_kept_path_runs_out),
		cmocka_unit_test(test_long_chain),
		cmocka_unit_test(test_digests),
		cmocka_unit_test(test_kinds_of_key),
		cmocka_unit_test(test_hostile_names),
	};

	pki_init_process();
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
