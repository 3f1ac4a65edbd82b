#include <malloc.h>
#include <mimalloc.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "base/civil.h"
#include "base/heap.h"
#include "record/record.h"

static const char good_record[] =
	"{\"contract\":\"ssl10000001\",\"revision\":7,\"state\":\"active\","
	"\"since\":\"2025-11-25T09:00:00+09:00\",\"item\":\"dv-ssl-wildcard\","
	"\"common_name\":\"*.example.jp\",\"certificate\":{"
	"\"at\":\"2026-11-20T10:15:00+09:00\",\"csr_by\":\"provider\","
	"\"pem\":\"-----BEGIN CERTIFICATE-----\\nMII\\n\",\"private_key\":\"KEY\\n\"},"
	"\"links\":[{\"service\":\"webhg2\",\"service_code\":\"whg00000001\","
	"\"fqdn\":\"www.example.jp\",\"since\":\"2026-01-02T03:04:05.678Z\"},"
	"{\"service\":\"waf-group\",\"service_code\":\"waf1:group_2\",\"fqdn\":\"日本語.jp\"}]}";

/* good_record with the first FROM made into TO; to be freed. */
static char *changed(const char *from, const char *to)
{
	const char *at = strstr(good_record, from);

	if (at == NULL)
		fail_msg("no %s in the good record", from);
	return xasprintf("%.*s%s%s", (int)(at - good_record), good_record, to, at + strlen(from));
}

static struct record parse_good(const char *text)
{
	struct record record;
	struct error error;

	if (!record_parse(text, strlen(text), &record, &error))
		fail_msg("%s", error.text);
	return record;
}

static int64_t instant(const char *text)
{
	int64_t ms;

	assert_true(civil_parse_instant(text, &ms));
	return ms;
}

static void test_good_record(void **state)
{
	struct record record = parse_good(good_record);
	const struct contract *contract = &record.contract;

	(void)state;
	assert_string_equal(contract->code, "ssl10000001");
	assert_int_equal(contract->revision, 7);
	assert_int_equal(contract->state, CONTRACT_ACTIVE);
	assert_int_equal(contract->since_ms, instant("2025-11-25T09:00:00+09:00"));
	assert_string_equal(contract->item, "dv-ssl-wildcard");
	assert_string_equal(contract->common_name, "*.example.jp");
	assert_true(contract->has_certificate);
	assert_int_equal(contract->certificate_at_ms, instant("2026-11-20T10:15:00+09:00"));
	assert_int_equal(contract->csr_by, CSR_BY_PROVIDER);
	assert_string_equal(record.pem, "-----BEGIN CERTIFICATE-----\nMII\n");
	assert_string_equal(record.private_key, "KEY\n");
	assert_null(record.passphrase);
	assert_int_equal(record.pkcs12.length, 0);
	assert_int_equal(record.unknown_count, 0);
	assert_int_equal(contract->link_count, 2);
	assert_string_equal(contract->links[0].service, "webhg2");
	assert_string_equal(contract->links[0].service_code, "whg00000001");
	assert_string_equal(contract->links[0].fqdn, "www.example.jp");
	assert_int_equal(contract->links[0].since_ms, instant("2026-01-02T03:04:05.678Z"));
	assert_string_equal(contract->links[1].service_code, "waf1:group_2");
	assert_string_equal(contract->links[1].fqdn, "日本語.jp");
	assert_int_equal(contract->links[1].since_ms, contract->since_ms);
	record_clear(&record);
	assert_null(record.pem);
}

#define LINK_0                                                                                     \
	"{\"service\":\"webhg2\",\"service_code\":\"whg00000001\","                                \
	"\"fqdn\":\"www.example.jp\",\"since\":\"2026-01-02T03:04:05.678Z\"}"
#define KEYS "\"pem\":\"-----BEGIN CERTIFICATE-----\\nMII\\n\",\"private_key\":\"KEY\\n\""

/* What may differ, and is good all the same. */
static void test_good_variants(void **state)
{
	struct record record;
	char *text;

	(void)state;
	text = changed("\"state\":\"active\"", "\"state\":\"ended\"");
	record = parse_good(text);
	assert_int_equal(record.contract.state, CONTRACT_ENDED);
	record_clear(&record);
	free(text);

	text = changed("\"csr_by\":\"provider\",", "\"csr_by\":\"customer\",");
	record = parse_good(text);
	assert_int_equal(record.contract.csr_by, CSR_BY_CUSTOMER);
	record_clear(&record);
	free(text);

	text = changed("\"csr_by\":\"provider\",", "");
	record = parse_good(text);
	assert_int_equal(record.contract.csr_by, CSR_BY_PROVIDER);
	record_clear(&record);
	free(text);

	text = changed(",\"private_key\":\"KEY\\n\"", "");
	record = parse_good(text);
	assert_null(record.private_key);
	assert_non_null(record.pem);
	record_clear(&record);
	free(text);

	text = changed(KEYS, "\"pkcs12\":\"AAH/gA==\",\"passphrase\":\"geheim\"");
	record = parse_good(text);
	assert_null(record.pem);
	assert_int_equal(record.pkcs12.length, 4);
	assert_memory_equal(record.pkcs12.data, "\x00\x01\xff\x80", 4);
	assert_string_equal(record.passphrase, "geheim");
	record_clear(&record);
	free(text);

	record = parse_good("\n\t {\"contract\":\"c\",\"revision\":0,\"state\":\"active\","
			    "\"since\":\"1990-01-01T00:00:00+09:00\",\"item\":\"other item\","
			    "\"common_name\":\"x\",\"certificate\":null,\"links\":[]} \r\n");
	assert_false(record.contract.has_certificate);
	assert_int_equal(record.contract.link_count, 0);
	record_clear(&record);

	/* What is no host name is the rules' business, link by link; so is the empty code. */
	text = changed(
		"\"whg00000001\",\"fqdn\":\"www.example.jp\"", "\"\",\"fqdn\":\"not a host\"");
	record = parse_good(text);
	assert_string_equal(record.contract.links[0].fqdn, "not a host");
	assert_string_equal(record.contract.links[0].service_code, "");
	record_clear(&record);
	free(text);

	/* One service contract may have several host names, and one that is none beside them. */
	text = changed(LINK_0, LINK_0 ",{\"service\":\"webhg2\",\"service_code\":\"whg00000001\","
				      "\"fqdn\":\"mail.example.jp\"},{\"service\":\"webhg2\","
				      "\"service_code\":\"whg00000001\",\"fqdn\":\"a b\"},"
				      "{\"service\":\"webhg2\",\"service_code\":\"whg00000001\","
				      "\"fqdn\":\"\"}");
	record = parse_good(text);
	assert_int_equal(record.contract.link_count, 5);
	record_clear(&record);
	free(text);

	text = changed("\"revision\":7", "\"revision\":9223372036854775807");
	record = parse_good(text);
	assert_int_equal(record.contract.revision, INT64_MAX);
	record_clear(&record);
	free(text);
}

static void test_base64(void **state)
{
	static const struct {
		const char *text, *data; /* NULL: refused */
	} tests[] = {
		{"QQ==", "A"},
		{"QUI=", "AB"},
		{"QUJD", "ABC"},
		{"QUJDRA==", "ABCD"},
		{"+/+/", "\xfb\xff\xbf"},
		{"QQ", NULL},
		{"QQ=", NULL},
		{"Q===", NULL},
		{"====", NULL},
		{"QQ==QQ==", NULL},
		{"=QUJ", NULL},
		{"Q=JD", NULL},
		{"QU\\nJD", NULL},
		{" QUJD", NULL},
		{"QUJD    ", NULL},
		{"QUJ-", NULL},
		{"QU_D", NULL},
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LENGTH(tests); i++) {
		char *member = xasprintf("\"pkcs12\":\"%s\"", tests[i].text);
		char *text = changed(KEYS, member);
		struct record record;
		struct error error;

		if (record_parse(text, strlen(text), &record, &error) != (tests[i].data != NULL))
			fail_msg("%s", tests[i].text);
		if (tests[i].data != NULL)
			assert_string_equal(buffer_text(&record.pkcs12), tests[i].data);
		else
			assert_string_equal(error.text, "certificate.pkcs12: no base64, or with "
							"line breaks");
		record_clear(&record);
		free(member);
		free(text);
	}
}

#define NO_DATE ": no RFC 3339 date-time (2026-11-20T10:15:00+09:00)"
#define NO_CODE                                                                                    \
	": has other characters than letters, digits, \".\", \"_\", \":\" and \"-\", or dots "     \
	"alone"

static const struct {
	const char *from, *to, *error;
} bad[] = {
	{"\"contract\":\"ssl10000001\",", "", "contract is missing"},
	{"\"ssl10000001\"", "7", "contract: not a text"},
	{"\"ssl10000001\"", "null", "contract: not a text"},
	{"\"ssl10000001\"", "\"\"", "contract: empty"},
	{"\"ssl10000001\"", "\"a/b\"", "contract" NO_CODE},
	{"\"ssl10000001\"", "\"..\"", "contract" NO_CODE},
	{"\"ssl10000001\"", "\"a\\u0000b\"", "contract: has a NUL in it"},
	{"\"revision\":7,", "", "revision is missing"},
	{"\"revision\":7", "\"revision\":\"7\"", "revision: not a whole number"},
	{"\"revision\":7", "\"revision\":7.0", "revision: not a whole number"},
	{"\"revision\":7", "\"revision\":7e0", "revision: not a whole number"},
	{"\"revision\":7", "\"revision\":true", "revision: not a whole number"},
	{"\"revision\":7", "\"revision\":-1", "revision: not within 0 to 9223372036854775807"},
	{"\"revision\":7", "\"revision\":9223372036854775808",
		"revision: not within 0 to 9223372036854775807"},
	{"\"revision\":7", "\"revision\":99999999999999999999999",
		"revision: not within 0 to 9223372036854775807"},
	{"\"state\":\"active\",", "", "state is missing"},
	{"\"active\"", "\"Active\"", "state: neither \"active\" nor \"ended\""},
	{"\"active\"", "\"ended\\u0000\"", "state: neither \"active\" nor \"ended\""},
	{"\"active\"", "true", "state: not a text"},
	{"\"since\":\"2025-11-25T09:00:00+09:00\",", "", "since is missing"},
	{"2025-11-25T09:00:00+09:00", "2025-11-25", "since" NO_DATE},
	{"2025-11-25T09:00:00+09:00", "2025-11-25T09:00:00", "since" NO_DATE},
	{"2025-11-25T09:00:00+09:00", "2025-02-30T09:00:00Z", "since" NO_DATE},
	{"2025-11-25T09:00:00+09:00", "2025-11-25T09:00:00Z\\u0000", "since" NO_DATE},
	{"2025-11-25T09:00:00+09:00", "1989-12-31T23:59:59+09:00",
		"since: not in the years 1990 to 2099"},
	{"2025-11-25T09:00:00+09:00", "2100-01-01T00:00:00+09:00",
		"since: not in the years 1990 to 2099"},
	{"\"item\":\"dv-ssl-wildcard\",", "", "item is missing"},
	{"\"dv-ssl-wildcard\"", "[]", "item: not a text"},
	{"\"dv-ssl-wildcard\"", "\"\"", "item: empty"},
	{"dv-ssl-wildcard", "dv\\tssl", "item: has control or broken characters in it"},
	{"dv-ssl-wildcard", "aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffffggggg",
		"item: 65 bytes long; at most 64"},
	{"\"common_name\":\"*.example.jp\",", "", "common_name is missing"},
	{"\"*.example.jp\"", "\"\"", "common_name: empty"},
	{"*.example.jp", "a\\u202eb.jp", "common_name: has control or broken characters in it"},
	{"*.example.jp", "a\\u001bb.jp", "common_name: has control or broken characters in it"},
	{"\"certificate\":{", "\"certificat\":{", "certificate is missing"},
	{"\"certificate\":{", "\"certificate\":7,\"x\":{", "certificate: not an object or null"},
	{"\"at\":\"2026-11-20T10:15:00+09:00\",", "", "certificate.at is missing"},
	{"2026-11-20T10:15:00+09:00", "yesterday", "certificate.at" NO_DATE},
	{"\"provider\"", "\"us\"", "certificate.csr_by: neither \"provider\" nor \"customer\""},
	{"\"provider\"", "null", "certificate.csr_by: not a text"},
	{"\"pem\":", "\"prm\":", "certificate.pem is missing"},
	{"\"pem\":", "\"pem\":7,\"prm\":", "certificate.pem: not a text"},
	{"\"pem\":", "\"pem\":\"\",\"prm\":", "certificate.pem: empty"},
	{"MII", "MII\\u0000", "certificate.pem: has a NUL in it"},
	{"\"KEY\\n\"", "null", "certificate.private_key: not a text"},
	{"KEY\\n", "", "certificate.private_key: empty"},
	{"KEY\\n", "KEY\\u0000", "certificate.private_key: has a NUL in it"},
	{"\"pem\":", "\"pkcs12\":\"QQ==\",\"pem\":",
		"certificate.pem: does not go with pkcs12; one of them"},
	{"\"pem\":\"-----BEGIN CERTIFICATE-----\\nMII\\n\"", "\"pkcs12\":\"QQ==\"",
		"certificate.private_key: does not go with pkcs12, which holds the key"},
	{KEYS, "\"pkcs12\":\"\"", "certificate.pkcs12: empty"},
	{KEYS, "\"pkcs12\":\"QQ==\",\"passphrase\":7", "certificate.passphrase: not a text"},
	{KEYS, "\"pkcs12\":\"QQ==\",\"passphrase\":\"a\\u0000b\"",
		"certificate.passphrase: has a NUL in it"},
	{"\"links\":", "\"lynx\":", "links is missing"},
	{"\"links\":", "\"links\":null,\"lynx\":", "links: not an array"},
	{"\"links\":", "\"links\":{},\"lynx\":", "links: not an array"},
	{"\"links\":[", "\"links\":[7,", "links[0]: not an object"},
	{"\"links\":[", "\"links\":[null,", "links[0]: not an object"},
	{"\"service\":\"waf-group\",", "", "links[1].service is missing"},
	{"\"waf-group\"", "\"\"", "links[1].service: empty"},
	{"\"waf-group\"", "\"その他\"", "links[1].service" NO_CODE},
	{"\"service_code\":\"whg00000001\",", "", "links[0].service_code is missing"},
	{"\"whg00000001\"", "null", "links[0].service_code: not a text"},
	{"whg00000001", "..", "links[0].service_code" NO_CODE},
	{"whg00000001", "a b", "links[0].service_code" NO_CODE},
	{"whg00000001", "a%2f", "links[0].service_code" NO_CODE},
	{"\"fqdn\":\"www.example.jp\",", "", "links[0].fqdn is missing"},
	{"\"www.example.jp\"", "[\"www.example.jp\"]", "links[0].fqdn: not a text"},
	{"www.example.jp", "www\\n.example.jp",
		"links[0].fqdn: has control or broken characters in it"},
	{"2026-01-02T03:04:05.678Z", "", "links[0].since" NO_DATE},
	{"\"2026-01-02T03:04:05.678Z\"", "null", "links[0].since: not a text"},
	{LINK_0, LINK_0 "," LINK_0,
		"links[1]: the same service, service_code and fqdn as links[0]"},
	{LINK_0,
		LINK_0 ",{\"service\":\"webhg2\",\"service_code\":\"whg00000001\","
		       "\"fqdn\":\"WWW.EXAMPLE.JP.\"}",
		"links[1]: the same service, service_code and fqdn as links[0]"},
	{"\"fqdn\":\"日本語.jp\"}",
		"\"fqdn\":\"日本語.jp\"},{\"service\":\"waf-group\",\"service_code\":\"waf1:group_"
		"2\","
		"\"fqdn\":\"xn--wgv71a119e.jp\"}",
		"links[2]: the same service, service_code and fqdn as links[1]"},
	{"\"www.example.jp\"",
		"\"a b\"},{\"service\":\"webhg2\",\"service_code\":\"whg00000001\","
		"\"fqdn\":\"a b\"",
		"links[1]: the same service, service_code and fqdn as links[0]"},
	/* JSON itself. */
	{"]}", "]} x", NULL},
	{"]}", "]}{}", NULL},
	{"]}", "],}", NULL},
	{"]}", "]}\v", NULL},
	{"\"revision\":7", "\"revision\":07", NULL},
	{"\"active\"", "'active'", NULL},
	{"\"revision\":7", "/* */\"revision\":7", NULL},
	{"\"revision\":7", "\"revision\":+7", NULL},
	{"ssl10000001", "\xff\xfe", NULL},
	{"ssl10000001", "\xed\xa0\x80", "contract: has control or broken characters in it"},
	{"{\"contract\"", "[{\"contract\"", NULL},
	{"\"links\":", "\"x\":[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]],\"links\":", NULL},
};

static void test_bad_records(void **state)
{
	static const struct record empty;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LENGTH(bad); i++) {
		char *text = changed(bad[i].from, bad[i].to);
		struct record record;
		struct error error = {0};

		memset(&record, 0xa5, sizeof(record));
		if (record_parse(text, strlen(text), &record, &error))
			fail_msg("%s: taken", text);
		assert_int_equal(error.kind, ERROR_PERMANENT);
		assert_memory_equal(&record, &empty, sizeof(record));
		if (bad[i].error == NULL) {
			if (strncmp(error.text, "no JSON", 7) != 0 &&
				strncmp(error.text, "nested more", 11) != 0)
				fail_msg("%s: %s", text, error.text);
		} else if (strcmp(error.text, bad[i].error) != 0) {
			fail_msg("\"%s\", and not \"%s\"", error.text, bad[i].error);
		}
		free(text);
	}
}

static void check_refused(const char *text, size_t length, const char *says)
{
	struct record record;
	struct error error = {0};

	assert_false(record_parse(text, length, &record, &error));
	if (strstr(error.text, says) == NULL)
		fail_msg("\"%s\" does not say \"%s\"", error.text, says);
}

static void test_no_objects(void **state)
{
	(void)state;
	check_refused("", 0, "ends early, after 0 bytes");
	check_refused("   ", 3, "ends early");
	check_refused("[]", 2, "no JSON object");
	check_refused("null", 4, "no JSON");
	check_refused("\"x\"", 3, "no JSON object");
	check_refused("{}\0{}", 5, "a NUL, at byte 2");
	check_refused("{\"a\":tru}", 9, "at byte 8");
	check_refused("{}", 2, "contract is missing");
}

/* Every record that was cut off is refused, and nothing is read behind its end. */
static void test_truncation(void **state)
{
	size_t length;

	(void)state;
	for (length = 0; length < sizeof(good_record) - 1; length++) {
		/* On the heap, so that the sanitizer sees where it ends. */
		char *text = xmemdup(good_record, length);

		check_refused(text, length, "no JSON");
		free(text);
	}
}

/* A text of LENGTH times CHARACTER in place of FROM. */
static char *changed_to_run(const char *from, char character, size_t length)
{
	char *run = xmalloc(length + 1), *text;

	memset(run, character, length);
	run[length] = '\0';
	text = changed(from, run);
	free(run);
	return text;
}

static void test_bounds(void **state)
{
	static const struct {
		const char *from;
		char character;
		size_t maximum;
		const char *key;
	} tests[] = {
		{"ssl10000001", 'a', 128, "contract: 129 bytes"},
		{"dv-ssl-wildcard", 'a', 64, "item: 65 bytes"},
		{"*.example.jp", 'a', 255, "common_name: 256 bytes"},
		{"webhg2", 'a', 64, "links[0].service: 65 bytes"},
		{"whg00000001", 'a', 128, "links[0].service_code: 129 bytes"},
		{"www.example.jp", 'a', 255, "links[0].fqdn: 256 bytes"},
		{"-----BEGIN CERTIFICATE-----\\nMII\\n", 'a', 131072,
			"certificate.pem: 131073 bytes"},
		{"KEY\\n", 'a', 131072, "certificate.private_key: 131073 bytes"},
	};
	struct record record;
	size_t i;
	char *text;

	(void)state;
	for (i = 0; i < ARRAY_LENGTH(tests); i++) {
		text = changed_to_run(tests[i].from, tests[i].character, tests[i].maximum);
		record = parse_good(text);
		record_clear(&record);
		free(text);
		text = changed_to_run(tests[i].from, tests[i].character, tests[i].maximum + 1);
		check_refused(text, strlen(text), tests[i].key);
		free(text);
	}
	text = changed_to_run("ssl10000001", 'a', RECORD_MAX_BYTES);
	check_refused(text, strlen(text), "262144 at most");
	free(text);
}

/* The most links, all different, in the longest form a name may have. */
static char *many_links(size_t count, const char *since)
{
	struct buffer links = {0};
	size_t i;
	char *text;

	for (i = 0; i < count; i++) {
		buffer_printf(&links, "%s{\"service\":\"webhg2\",\"service_code\":\"c%zu\",",
			i > 0 ? "," : "", i);
		buffer_printf(&links, "\"fqdn\":\"");
		buffer_append_text(&links, "日本語日本語日本語.jp");
		buffer_printf(&links, "\"%s}", since);
	}
	text = changed(LINK_0, buffer_text(&links));
	buffer_free(&links);
	return text;
}

static void test_link_count(void **state)
{
	struct record record;
	char *text = many_links(RECORD_MAX_LINKS - 1, "");

	(void)state;
	record = parse_good(text);
	assert_int_equal(record.contract.link_count, RECORD_MAX_LINKS);
	record_clear(&record);
	free(text);
	text = many_links(RECORD_MAX_LINKS, "");
	check_refused(text, strlen(text), "links: 257 of them; at most 256");
	free(text);
}

static void test_unknown_keys(void **state)
{
	char *text =
		changed("\"contract\":", "\"note\":{\"deep\":[1,2.5,null,true]},\"contract\":");
	struct record record = parse_good(text);
	struct buffer many = {0};
	int i;

	(void)state;
	assert_int_equal(record.unknown_count, 1);
	assert_string_equal(record.unknown[0], "note");
	record_clear(&record);
	free(text);

	text = changed("\"csr_by\"", "\"serial\":7,\"csr_by\"");
	record = parse_good(text);
	assert_int_equal(record.unknown_count, 1);
	assert_string_equal(record.unknown[0], "certificate.serial");
	record_clear(&record);
	free(text);

	text = changed("\"service\":\"waf-group\"", "\"a\\u001b[2J\":7,\"service\":\"waf-group\"");
	record = parse_good(text);
	assert_int_equal(record.unknown_count, 1);
	assert_string_equal(record.unknown[0], "links[1].a?[2J");
	record_clear(&record);
	free(text);

	for (i = 0; i < RECORD_UNKNOWN_MAX + 5; i++)
		buffer_printf(&many, "\"%0100d\":1,", i);
	buffer_append_text(&many, "\"contract\":");
	text = changed("\"contract\":", buffer_text(&many));
	record = parse_good(text);
	assert_int_equal(record.unknown_count, RECORD_UNKNOWN_MAX);
	assert_true(strlen(record.unknown[0]) < 100);
	record_clear(&record);
	free(text);
	buffer_free(&many);
}

static char *canonical(const struct contract *contract)
{
	struct buffer out = {0};

	record_canonical(contract, &out);
	return buffer_steal_text(&out);
}

static void test_canonical(void **state)
{
	static const char expected[] =
		"{\"contract\":\"ssl10000001\",\"revision\":7,\"state\":\"active\","
		"\"since_ms\":1764028800000,\"item\":\"dv-ssl-wildcard\","
		"\"common_name\":\"*.example.jp\",\"certificate\":{\"at_ms\":1795137300000,"
		"\"csr_by\":\"provider\"},\"links\":[{\"service\":\"waf-group\","
		"\"service_code\":\"waf1:group_2\",\"fqdn\":\"日本語.jp\","
		"\"since_ms\":1764028800000},{\"service\":\"webhg2\","
		"\"service_code\":\"whg00000001\",\"fqdn\":\"www.example.jp\","
		"\"since_ms\":1767323045678}]}";
	struct record record = parse_good(good_record);
	struct contract again;
	struct error error;
	char *text, *other;

	(void)state;
	text = canonical(&record.contract);
	assert_string_equal(text, expected);
	assert_true(record_from_canonical(text, &again, &error));
	other = canonical(&again);
	assert_string_equal(other, text);
	assert_int_equal(again.links[1].since_ms, record.contract.links[0].since_ms);
	contract_clear(&again);
	free(other);
	free(text);
	record_clear(&record);

	text = changed("\"certificate\":{", "\"state\":\"ended\",\"certificate\":null,\"x\":{");
	record = parse_good(text);
	free(text);
	text = canonical(&record.contract);
	assert_non_null(strstr(text, "\"certificate\":null"));
	assert_true(record_from_canonical(text, &again, &error));
	assert_false(again.has_certificate);
	assert_int_equal(again.state, CONTRACT_ENDED);
	contract_clear(&again);
	free(text);
	record_clear(&record);
}

/* The order in which a source lists links means nothing; all else does. */
static void test_canonical_order(void **state)
{
	struct record record = parse_good(good_record);
	struct contract_link first;
	char *text = canonical(&record.contract), *other;

	(void)state;
	first = record.contract.links[0];
	record.contract.links[0] = record.contract.links[1];
	record.contract.links[1] = first;
	other = canonical(&record.contract);
	assert_string_equal(text, other);
	free(other);
	record.contract.csr_by = CSR_BY_CUSTOMER;
	other = canonical(&record.contract);
	assert_string_not_equal(text, other);
	free(other);
	free(text);
	record_clear(&record);
}

/* Whatever is taken can be stored and read again. */
static void test_canonical_of_large(void **state)
{
	char *text = many_links(RECORD_MAX_LINKS - 1, ""), *stored;
	struct record record = parse_good(text);
	struct contract again;
	struct error error;
	size_t i;

	(void)state;
	for (i = 0; i < record.contract.link_count; i++) {
		free(record.contract.links[i].fqdn);
		record.contract.links[i].fqdn = xasprintf("%01020d\"\\/%zu", 0, i);
	}
	stored = canonical(&record.contract);
	assert_true(strlen(stored) > RECORD_MAX_BYTES);
	assert_true(record_from_canonical(stored, &again, &error));
	assert_int_equal(again.link_count, RECORD_MAX_LINKS);
	contract_clear(&again);
	free(stored);
	free(text);
	record_clear(&record);
}

static void test_bad_canonical(void **state)
{
	static const char *const texts[] = {"", "{", "[]", "{}", "{\"contract\":\"a\"}"};
	static const struct contract empty;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LENGTH(texts); i++) {
		struct contract contract;
		struct error error = {0};

		assert_false(record_from_canonical(texts[i], &contract, &error));
		assert_int_equal(error.kind, ERROR_INTERNAL);
		assert_memory_equal(&contract, &empty, sizeof(contract));
	}
}

/*
 * The allocator as the whole process sees it, the JSON library included: what is given back while
 * it is watched must not hold the secret any more, before the heap overwrites it. The sanitizers
 * have an allocator of their own.
 */
#ifdef HEAP_OVERWRITES
#define SECRET "c2VjcmV0LWtleS1tYXRlcmlhbA"
#define SECRET_DECODED "secret-key-material"

static bool watching;
static int leaked;

static bool holds(void *data, const char *secret)
{
	return memmem(data, malloc_usable_size(data), secret, strlen(secret)) != NULL;
}

static void look(void *data)
{
	if (watching && data != NULL && (holds(data, SECRET) || holds(data, SECRET_DECODED)))
		leaked++;
}

void free(void *data)
{
	look(data);
	mi_free(data);
}

void *realloc(void *old, size_t size)
{
	void *data = mi_malloc(size > 0 ? size : 1);
	size_t had;

	if (data == NULL || old == NULL)
		return data;
	had = malloc_usable_size(old);
	memcpy(data, old, had < size ? had : size);
	free(old);
	return data;
}

static void test_secrets_are_wiped(void **state)
{
	static const char *const members[] = {
		"\"pem\":\"" SECRET "\",\"private_key\":\"" SECRET "\"",
		"\"pem\":\"x\",\"private_key\":\"\\n" SECRET "\\u0041\"",
		"\"pem\":\"x\",\"privat_key\":\"" SECRET "\"",
		"\"pem\":\"x\",\"passphrase\":\"" SECRET "\"",
		"\"pkcs12\":\"" SECRET "==\",\"passphrase\":\"x\"",
		"\"pem\":\"x\",\"private_key\":7,\"x\":[{\"y\":\"" SECRET "\"}]",
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LENGTH(members); i++) {
		char *text = changed(KEYS, members[i]);
		size_t length = strlen(text), at;

		/* Whole, and cut off anywhere from the secret on. */
		for (at = length; at > 0 && memmem(text, at, SECRET, strlen(SECRET)) != NULL;
			at--) {
			struct record record;
			struct error error = {0};

			watching = true;
			if (record_parse(text, at, &record, &error))
				record_clear(&record);
			watching = false;
			assert_null(strstr(error.text, SECRET));
			if (leaked != 0)
				fail_msg("%s: cut at %zu of %zu", members[i], at, length);
		}
		free(text);
	}
	/* That it sees anything at all. */
	watching = true;
	free(xstrdup("12345678"
		     "12345678" SECRET));
	watching = false;
	assert_int_equal(leaked, 1);
}
#else
static void test_secrets_are_wiped(void **state)
{
	(void)state;
	skip();
}
#endif

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good_record),
		cmocka_unit_test(test_good_variants),
		cmocka_unit_test(test_base64),
		cmocka_unit_test(test_bad_records),
		cmocka_unit_test(test_no_objects),
		cmocka_unit_test(test_truncation),
		cmocka_unit_test(test_bounds),
		cmocka_unit_test(test_link_count),
		cmocka_unit_test(test_unknown_keys),
		cmocka_unit_test(test_canonical),
		cmocka_unit_test(test_canonical_order),
		cmocka_unit_test(test_canonical_of_large),
		cmocka_unit_test(test_bad_canonical),
		cmocka_unit_test(test_secrets_are_wiped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
