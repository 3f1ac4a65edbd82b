#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <openssl/evp.h>
#include <openssl/x509.h>
#include <string.h>

#include "base/alloc.h"
#include "mock/installed.h"
#include "mock/replay.h"

/* A bundle that can be told by its fingerprint alone; nothing here looks at the certificate. */
static struct bundle bundle_named(struct pool *pool, const char *fingerprint)
{
	struct bundle bundle = {.leaf = X509_new()};

	bundle.chain = pool_chain_take(pool, NULL);
	bundle.key = pool_key_take(pool, EVP_EC_gen("P-256"));
	memcpy(bundle.fingerprint, fingerprint, strlen(fingerprint) + 1);
	return bundle;
}

enum { NOTHING, OLD, NEW, NEWEST };

static const char *const fingerprints[] = {NULL, "old", "new", "newest"};

/* Installs one after another, and what the edge serves at an instant after the last. */
static const struct {
	struct {
		int what;
		int64_t now_ms;
		int64_t live_at_ms;
	} installs[3];
	int64_t look_ms;
	int served;
	bool live;
} spreads[] = {
	{{{OLD, 100, 100}}, 100, OLD, true},
	{{{OLD, 100, 200}}, 199, NOTHING, false},
	{{{OLD, 100, 200}}, 200, OLD, true},
	{{{OLD, 100, 100}, {NEW, 200, 300}}, 299, OLD, false},
	{{{OLD, 100, 100}, {NEW, 200, 300}}, 300, NEW, true},
	/* Overtaken before it was served: what was served stays. */
	{{{OLD, 100, 100}, {NEW, 200, 300}, {NEWEST, 250, 350}}, 320, OLD, false},
	{{{OLD, 100, 100}, {NEW, 200, 300}, {NEWEST, 250, 350}}, 350, NEWEST, true},
	{{{OLD, 100, 100}, {NEW, 200, 300}, {NEWEST, 310, 400}}, 399, NEW, false},
};

static void test_spread(void **state)
{
	size_t i, j;

	(void)state;
	for (i = 0; i < ARRAY_LENGTH(spreads); i++) {
		struct pool *pool = pool_new();
		struct installed *installed = installed_new(pool);
		const struct installed_version *version;
		bool wrong = true, live = false;

		for (j = 0; j < 3 && spreads[i].installs[j].what != NOTHING; j++) {
			struct installed_spread spread = {
				.live_at_ms = spreads[i].installs[j].live_at_ms};
			struct bundle bundle =
				bundle_named(pool, fingerprints[spreads[i].installs[j].what]);

			assert_int_equal(
				installed_put(installed, MOCK_GIO_CA, "c", "www.example.jp",
					&bundle, spreads[i].installs[j].now_ms, &spread),
				j == 0);
			assert_null(bundle.leaf);
		}
		assert_non_null(installed_find(
			installed, MOCK_GIO_CA, "c", "www.example.jp", spreads[i].look_ms, &live));
		assert_int_equal(live, spreads[i].live);
		version = installed_served(
			installed, MOCK_GIO_CA, "www.example.jp", spreads[i].look_ms, &wrong);
		if (spreads[i].served == NOTHING) {
			assert_null(version);
		} else {
			assert_non_null(version);
			assert_string_equal(version->fingerprint, fingerprints[spreads[i].served]);
			assert_false(wrong);
		}
		installed_free(installed);
		pool_free(pool);
	}
}

/* Codes, services and names are kept apart; the edge serves what was installed last. */
static void test_names(void **state)
{
	static const struct installed_spread now = {0};
	struct pool *pool = pool_new();
	struct installed *installed = installed_new(pool);
	struct bundle one = bundle_named(pool, "one"), two = bundle_named(pool, "two");
	struct bundle wild = bundle_named(pool, "wild");
	const struct installed_version *version;
	bool wrong;

	(void)state;
	installed_put(installed, MOCK_WAF, "c1", "www.example.jp", &one, 1, &now);
	installed_put(installed, MOCK_WAF, "c2", "www.example.jp", &two, 2, &now);
	installed_put(installed, MOCK_WAF, "c1", "*.example.jp", &wild, 3, &now);
	assert_int_equal(installed_count(installed), 3);
	version = installed_find(installed, MOCK_WAF, "c1", "www.example.jp", 5, NULL);
	assert_string_equal(version->fingerprint, "one");
	version = installed_served(installed, MOCK_WAF, "www.example.jp", 5, &wrong);
	assert_string_equal(version->fingerprint, "two");
	version = installed_served(installed, MOCK_WAF, "mail.example.jp", 5, &wrong);
	assert_string_equal(version->fingerprint, "wild");
	assert_null(installed_served(installed, MOCK_WAF, "a.mail.example.jp", 5, &wrong));
	assert_null(installed_served(installed, MOCK_WAF, "example.jp", 5, &wrong));
	assert_null(installed_served(installed, MOCK_WAF, "", 5, &wrong));
	assert_null(installed_served(installed, MOCK_WAF_GROUP, "www.example.jp", 5, &wrong));
	assert_null(installed_find(installed, MOCK_DOCEX, "c1", "www.example.jp", 5, NULL));
	installed_free(installed);
	pool_free(pool);
}

static void test_replay(void **state)
{
	struct replay *replay = replay_new();
	struct answer first = {.status = 201, .content_type = "text/plain", .etag = "\"x\""};
	struct answer again = {0};

	(void)state;
	buffer_append_text(&first.body, "body");
	assert_int_equal(replay_find(replay, "/a", "key", "c", &again), REPLAY_NEW);
	replay_keep(replay, "/a", NULL, "c", &first);
	replay_keep(replay, "/a", "key", "c", &first);
	assert_int_equal(replay_find(replay, "/a", NULL, "c", &again), REPLAY_NEW);
	assert_int_equal(replay_find(replay, "/b", "key", "c", &again), REPLAY_NEW);
	assert_int_equal(replay_find(replay, "/a", "ke", "c", &again), REPLAY_NEW);
	assert_int_equal(replay_find(replay, "/a", "key", "other", &again), REPLAY_CONFLICT);
	assert_false(again.replayed);
	assert_int_equal(replay_find(replay, "/a", "key", "c", &again), REPLAY_SAME);
	assert_true(again.replayed);
	assert_int_equal(again.status, 201);
	assert_string_equal(buffer_text(&again.body), "body");
	assert_string_equal(again.etag, "\"x\"");
	answer_clear(&first);
	answer_clear(&again);
	replay_free(replay);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_spread),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_replay),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
