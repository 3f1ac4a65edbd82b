#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/file.h"
#include "service/options.h"
#include "service/profile.h"
#include "service/profile_options.h"

static char directory[] = "/tmp/test_profile.XXXXXX";

static int make_directory(void **state)
{
	(void)state;
	return mkdtemp(directory) != NULL ? 0 : -1;
}

static int remove_directory(void **state)
{
	(void)state;
	return rmdir(directory);
}

/* Reads TEXT as the profile file NAME; the file is gone again after it. */
static bool read_text(const char *name, const char *text, const struct service_rules *builtin,
	struct profile *profile, struct error *error)
{
	char *path = xasprintf("%s/%s", directory, name);
	bool done;

	assert_true(file_write_atomic(path, text, strlen(text), 0600, error));
	done = profile_read(path, builtin, profile, error);
	assert_int_equal(unlink(path), 0);
	free(path);
	return done;
}

static void test_whole(void **state)
{
	static const char text[] =
		"name = \"A 名\"\n"
		"business-days = 4\n"
		"opening = \"07:30\"\n"
		"rsa2048-only = yes\n"
		"bring-in = \"required\"\n"
		"takes-digicert-cloud = on\n"
		"method = POST\n"
		"path = \"/v1/{code}/g/{group}/h/{fqdn}?x=1\"\n"
		"body = \"multipart\"\n"
		"part host { content = \"{fqdn}\" }\n"
		"part 'cert file' {\n content = \"{leaf}{chain}\"\n"
		" filename = \"c.pem\"\n type = \"text/plain\"\n}\n"
		"headers = {\"X-One: 1\", 'X-Two:  a:b'}\n"
		"success = {200, 204}\n"
		"endpoint = \"https://[::1]:8443/base\"\n"
		"edge = \"edge.example.jp:443\"\n"
		"token = \"t\"\nca = \"/abs/ca.pem\"\n"
		"client-certificate = \"sub/c.pem\"\nclient-key = \"c.key\"\n"
		"concurrency = 256\nconnect-timeout = 3s\n"
		"total-timeout = \"1m30s\"\nstall-timeout = 15\n"
		"answer-max = 128k\nhttp = \"1.1\"\n"
		"verify-grace = 0s\nverify-interval = 250ms\nverify-timeout = 4s";
	struct profile profile;
	struct error error;
	char *token = xasprintf("%s/t", directory);
	char *certificate = xasprintf("%s/sub/c.pem", directory);

	(void)state;
	if (!read_text("my-service2.conf", text, NULL, &profile, &error))
		fail_msg("%s", error.text);
	assert_string_equal(profile.rules.id, "my-service2");
	assert_string_equal(profile.rules.name, "A 名");
	assert_int_equal(profile.rules.business_days, 4);
	assert_int_equal(profile.rules.opening_minute, 450);
	assert_true(profile.rules.rsa2048_only);
	assert_int_equal(profile.rules.bring_in, BRING_IN_REQUIRED);
	assert_true(profile.rules.takes_digicert_cloud);
	assert_string_equal(profile.steps[0].method, "POST");
	assert_string_equal(profile.steps[0].path, "/v1/{code}/g/{group}/h/{fqdn}?x=1");
	assert_int_equal(profile.steps[0].body_form, BODY_MULTIPART);
	assert_int_equal(profile.steps[0].part_count, 2);
	assert_string_equal(profile.steps[0].parts[0].name, "host");
	assert_string_equal(profile.steps[0].parts[0].content, "{fqdn}");
	assert_null(profile.steps[0].parts[0].filename);
	assert_string_equal(profile.steps[0].parts[1].name, "cert file");
	assert_string_equal(profile.steps[0].parts[1].content, "{leaf}{chain}");
	assert_string_equal(profile.steps[0].parts[1].filename, "c.pem");
	assert_string_equal(profile.steps[0].parts[1].content_type, "text/plain");
	assert_int_equal(profile.header_count, 2);
	assert_string_equal(profile.headers[0].name, "X-One");
	assert_string_equal(profile.headers[0].value, "1");
	assert_string_equal(profile.headers[1].name, "X-Two");
	assert_string_equal(profile.headers[1].value, "a:b");
	assert_int_equal(profile.steps[0].success_count, 2);
	assert_int_equal(profile.steps[0].success[0], 200);
	assert_int_equal(profile.steps[0].success[1], 204);
	assert_string_equal(profile.endpoint, "https://[::1]:8443/base");
	assert_string_equal(profile.edges[0], "edge.example.jp:443");
	assert_string_equal(profile.token_file, token);
	assert_string_equal(profile.ca_file, "/abs/ca.pem");
	assert_string_equal(profile.client_certificate, certificate);
	assert_non_null(profile.client_key);
	assert_int_equal(profile.concurrency, 256);
	assert_int_equal(profile.connect_timeout_ms, 3000);
	assert_int_equal(profile.total_timeout_ms, 90000);
	assert_int_equal(profile.stall_timeout_ms, 15000);
	assert_int_equal(profile.answer_max, 131072);
	assert_true(profile.http1_only);
	assert_int_equal(profile.verify_grace_ms, 0);
	assert_int_equal(profile.verify_interval_ms, 250);
	assert_int_equal(profile.verify_timeout_ms, 4000);
	profile_clear(&profile);
	assert_null(profile.rules.id);
	free(token);
	free(certificate);
}

static void test_silent(void **state)
{
	char id[] = "builtin", name[] = "Built in";
	const struct service_rules builtin = {.id = id,
		.name = name,
		.business_days = 7,
		.opening_minute = 61,
		.rsa2048_only = true,
		.bring_in = BRING_IN_NO,
		.takes_digicert_cloud = true};
	struct profile profile;
	struct error error;

	(void)state;
	assert_true(read_text("a.conf", "", &builtin, &profile, &error));
	assert_string_equal(profile.rules.id, "a");
	assert_string_equal(profile.rules.name, "Built in");
	assert_int_equal(profile.rules.business_days, 7);
	assert_int_equal(profile.rules.opening_minute, 61);
	assert_true(profile.rules.rsa2048_only);
	assert_int_equal(profile.rules.bring_in, BRING_IN_NO);
	assert_true(profile.rules.takes_digicert_cloud);
	assert_null(profile.endpoint);
	assert_int_equal(profile.step_count, 0);
	assert_int_equal(profile.edge_count, 0);
	assert_null(profile.token_file);
	assert_int_equal(profile.concurrency, 8);
	assert_int_equal(profile.total_timeout_ms, 60000);
	assert_int_equal(profile.request.success_count, 1);
	assert_int_equal(profile.request.success[0], 200);
	assert_false(profile.http1_only);
	profile_clear(&profile);

	assert_true(read_text("new.conf", "# nothing\n", NULL, &profile, &error));
	assert_string_equal(profile.rules.name, "new");
	assert_int_equal(profile.rules.business_days, 1);
	assert_int_equal(profile.rules.opening_minute, 540);
	assert_int_equal(profile.rules.bring_in, BRING_IN_OPTIONAL);
	profile_clear(&profile);
}

#define PART "part a { content = \"{leaf}\" }\n"

static const struct {
	const char *text;
	const char *wanted; /* of the sentence behind the file's path */
} refused[] = {
	{"name = \"a\"\nbusiness-day = 1\n", ":2: business-day: no such key; did you mean "
					     "business-days?"},
	{"entirely-else = 1\n", ":1: entirely-else: no such key; take it out"},
	{"part x { contents = 1 }\n", ":1: contents: no such key; did you mean content?"},
	{"name \"a\"\n", ":1: missing equal sign after option 'name'"},
	{"\n\nname = \"\"\n", ":3: name: \"\" may not be empty"},
	{"name = \"a\"\nname = \"b\"\n", ":2: name: stands twice"},
	{"business-days = 61\n", ":1: business-days: \"61\" is out of bounds; write 0 to 60"},
	{"business-days = -1\n", "is out of bounds"},
	{"business-days = one\n", "business-days: \"one\" is no whole number"},
	{"opening = \"24:00\"\n", "opening: \"24:00\" is no time of day; write 09:00"},
	{"opening = \"9:00\"\n", "is no time of day"},
	{"opening = \"09:60\"\n", "is no time of day"},
	{"opening = \"09:000\"\n", "is no time of day"},
	{"opening = \"none\"\n", "is no time of day"},
	{"rsa2048-only = maybe\n", "is neither yes nor no; write true or false"},
	{"bring-in = \"never\"\n", "write no, optional or required"},
	{"method = \"GET\"\n", ":1: method: \"GET\" is none of the choices; write PUT, POST, "
			       "PATCH or DELETE"},
	{"path = \"v1\"\n", "path: \"v1\" is no path of a URL"},
	{"path = \"/a b\"\n", "is no path of a URL"},
	{"path = \"/a#b\"\n", "is no path of a URL"},
	{"path = \"/{code}/{host}\"\n", "has no such placeholder at \"{host}\"; write {code} "
					"{group} {fqdn}"},
	{"path = \"/{key}\"\n", "has no such placeholder at \"{key}\""},
	{"path = \"/a}\"\n", "has no such placeholder at \"}\""},
	{"body = \"xml\"\n", "write multipart, pkcs12-json, pem-bundle, json, template or "
			     "none"},
	{"path = \"/a\"\nbody = \"json\"\n", ":2: body: this form is made of parts"},
	{"path = \"/a\"\nbody = \"pem-bundle\"\n" PART, ":3: part a: body = \"pem-bundle\" has no "
							"parts"},
	{"path = \"/a\"\npart a { }\n", ":2: part a: has no content"},
	{"path = \"/a\"\npart a { content = \"{pkcs12}\" }\n", ":2: part a: content: {pkcs12} and"},
	{"path = \"/a\"\npart a { content = \"{leaf}\" filename = \"f\" }\n",
		":2: part a: filename: is of body = \"multipart\" alone"},
	{"part a { content = \"{cert}\" }\n", ":1: content: \"{cert}\" has no such placeholder"},
	{"part a { content = \"x\" filename = 'a\"b' }\n", "holds a quote or backslash"},
	{PART PART, ":2: "},
	{"part 'a\"' { content = \"x\" }\n", "a part's name is plain text"},
	{"headers = {\"X-A\"}\n", ":1: headers: the value is no header; write \"Name: value\""},
	{"headers = {\"X A: 1\"}\n", "is no header"},
	{"headers = {\"X-A: 1\",\n\"authorization: secret\"}\n",
		":2: headers: the value sets Authorization, which certinstalld sets itself"},
	{"headers = {\"Idempotency-Key: 1\"}\n", "sets Idempotency-Key"},
	{"headers = {\"Host: 1\"}\n", "sets Host"},
	{"headers = {\"Content-Length: 1\"}\n", "sets Content-Length"},
	{"headers = {\"X-A: 1\\r\\nX-B: 2\"}\n", "headers: the value holds control characters"},
	{"success = {200, 302}\n", "success: \"302\" is no status of success; write 200 to 299"},
	{"success = {199}\n", "is no status of success"},
	{"success = {}\n", "success: write 1 to 16 statuses"},
	{"success = {200,201,202,203,204,205,206,207,208,209,210,211,212,213,214,215,216}\n",
		":1: success: write 1 to 16 statuses"},
	{"endpoint = \"http://a\"\n", "endpoint: \"http://a\" is no https URL"},
	{"endpoint = \"https://\"\n", "is no https URL"},
	{"endpoint = \"https:///a\"\n", "is no https URL"},
	{"endpoint = \"https://user@a\"\n", "is no https URL"},
	{"endpoint = \"https://a/?q\"\n", "is no https URL"},
	{"endpoint = \"https://a:99999\"\n", "is no https URL"},
	{"endpoint = \"https://a b\"\n", "is no https URL"},
	{"edge = \"host\"\n", "edge: \"host\" is no address of a TLS server; write host:port"},
	{"edge = \"host:443/x\"\n", "is no address of a TLS server"},
	{"edge = \":443\"\n", "is no address of a TLS server"},
	{"concurrency = 0\n", "write 1 to 256"},
	{"concurrency = 257\n", "write 1 to 256"},
	{"total-timeout = \"5x\"\n",
		":1: total-timeout: \"5x\" is no duration; write 5s, 10m or 2h"},
	{"total-timeout = \"2h\"\n", "is out of bounds; write 1s to 1h"},
	{"answer-max = 1x\n", "is no size; write 65536, 64k or 8M"},
	{"answer-max = 1G\n", "is out of bounds"},
	{"http = 3\n", "write 1.1 or 2"},
	{"name = \"a\\x1b\"\n", "name: \"a?\" holds control characters"},
	{"token = \"credential:\"\n", "names no credential"},
	{"token = \"credential:..\"\n", "names no credential"},
	{"token = \"credential:a/x\"\n", "names no credential"},
	{"token = \"credential:x\"\n", "CREDENTIALS_DIRECTORY is not set"},
	{"part a {\n", "the file ends inside a section; close it with }"},
	{"part a { content = \"x\"\n", "the file ends inside a section"},
	{"name = a\n/* why\n", "the file ends inside a comment; close it with */"},
	{"name = \"a\n", ":"},
	{"success = {200\n", ":"},
	{"name =\n", ":"},
};

static void test_refused(void **state)
{
	char *prefix = xasprintf("%s/a.conf", directory);
	size_t i;

	(void)state;
	assert_int_equal(unsetenv("CREDENTIALS_DIRECTORY"), 0);
	for (i = 0; i < ARRAY_LENGTH(refused); i++) {
		struct profile profile;
		struct error error = {0};

		if (read_text("a.conf", refused[i].text, NULL, &profile, &error))
			fail_msg("taken: %s", refused[i].text);
		assert_int_equal(error.kind, ERROR_PERMANENT);
		if (strncmp(error.text, prefix, strlen(prefix)) != 0 ||
			strstr(error.text + strlen(prefix), refused[i].wanted) == NULL)
			fail_msg("%s gave: %s", refused[i].text, error.text);
		assert_null(strstr(error.text, "secret"));
		assert_null(profile.rules.id);
		/* The lexer is a global: nothing of the bad file stays in it. */
		if (!read_text("a.conf", "name = \"b\"\n" PART, NULL, &profile, &error))
			fail_msg("after %s: %s", refused[i].text, error.text);
		profile_clear(&profile);
	}
	free(prefix);
}

static void test_file_names(void **state)
{
	static const char *const names[] = {
		"A.conf", "a.b.conf", ".conf", "a.config", "a_b.conf", "other.conf"};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LENGTH(names); i++) {
		struct profile profile;
		struct error error;

		assert_false(read_text(names[i], "", NULL, &profile, &error));
		assert_non_null(strstr(error.text, "the file's name gives the service's id"));
	}
}

static void test_hostile_files(void **state)
{
	struct buffer text = {0};
	char *path = xasprintf("%s/a.conf", directory);
	struct profile profile;
	struct error error;

	(void)state;
	while (text.length <= OPTIONS_FILE_MAX)
		buffer_append_text(&text, "# a comment that fills the file up\n");
	assert_false(read_text("a.conf", buffer_text(&text), NULL, &profile, &error));
	assert_non_null(strstr(error.text, "larger than"));
	assert_true(file_write_atomic(path, "name = a\0b\n", 11, 0600, &error));
	assert_false(profile_read(path, NULL, &profile, &error));
	assert_non_null(strstr(error.text, "NUL bytes"));
	assert_int_equal(unlink(path), 0);
	assert_false(profile_read(path, NULL, &profile, &error));
	assert_non_null(strstr(error.text, "cannot be opened"));
	buffer_free(&text);
	free(path);
}

static void test_credential(void **state)
{
	struct profile profile;
	struct error error;

	(void)state;
	assert_int_equal(setenv("CREDENTIALS_DIRECTORY", "/run/credentials/x", 1), 0);
	assert_true(read_text("a.conf", "token = \"credential:tok\"\n", NULL, &profile, &error));
	assert_string_equal(profile.token_file, "/run/credentials/x/tok");
	profile_clear(&profile);
	assert_int_equal(unsetenv("CREDENTIALS_DIRECTORY"), 0);
}

static void test_tables(void **state)
{
	struct buffer text = {0};
	size_t i;

	(void)state;
	/* The rows that a site takes end with the last verify-… and before the first rule. */
	assert_string_equal(profile_options[PROFILE_SITE_OPTION_COUNT - 1].name, "verify-timeout");
	assert_string_equal(profile_options[PROFILE_SITE_OPTION_COUNT].name, "name");
	for (i = 0; i < PROFILE_OPTION_COUNT; i++)
		assert_non_null(profile_options[i].about);
	options_describe(profile_options, PROFILE_OPTION_COUNT, &text);
	assert_non_null(strstr(buffer_text(&text),
		"total-timeout (duration, 1s to 1h; default 60s)\n\tFor one request"));
	assert_non_null(strstr(buffer_text(&text), "bring-in (word: no, optional, required)\n"));
	assert_non_null(strstr(buffer_text(&text), "success (list of text; default 200)\n"));
	buffer_free(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_whole),
		cmocka_unit_test(test_silent),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_file_names),
		cmocka_unit_test(test_hostile_files),
		cmocka_unit_test(test_credential),
		cmocka_unit_test(test_tables),
	};

	return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
