#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dlfcn.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <json-c/json.h>

#include "base/alloc.h"
#include "service/profile.h"
#include "service/redact.h"

#define TOKEN "tok/en+1234567890"
#define KEY_LINE "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7VJTUt9Us8cKj"
#define LEAF "-----BEGIN CERTIFICATE-----\nleaf\n-----END CERTIFICATE-----\n"
#define CHAIN "-----BEGIN CERTIFICATE-----\nchain\n-----END CERTIFICATE-----"
#define KEY "-----BEGIN PRIVATE KEY-----\n" KEY_LINE "\n-----END PRIVATE KEY-----\n"
#define NOW INT64_C(1795300000000)

/* Test data is put together from literals; profiles and material own theirs in the program. */
static char *text_of(const char *literal)
{
	char *text;

	memcpy(&text, &literal, sizeof(text));
	return text;
}

struct made {
	struct profile profile;
	struct profile_step step;
	struct profile_part parts[5];
	struct http_header header;
	struct material material;
	struct install install;
};

static void make(struct made *made, enum body_form form, const char *path)
{
	*made = (struct made){0};
	made->profile.rules.id = text_of("svc");
	made->profile.path = text_of("/etc/svc.conf");
	made->profile.endpoint = text_of("https://svc.example.jp:8443/base/");
	made->profile.steps = &made->step;
	made->profile.step_count = 1;
	made->step.method = text_of("PUT");
	made->step.path = text_of(path);
	made->step.body_form = form;
	made->step.parts = made->parts;
	made->header = (struct http_header){text_of("X-Own"), text_of("1")};
	made->profile.headers = &made->header;
	made->profile.header_count = 1;
	made->step.success[0] = 200;
	made->step.success[1] = 204;
	made->step.success_count = 2;
	buffer_append_text(&made->material.leaf_pem, LEAF);
	buffer_append_text(&made->material.chain_pem, CHAIN);
	buffer_append_text(&made->material.key_pem, KEY);
	made->install = (struct install){.service_code = "c 1/ä:g?",
		.fqdn = "WWW.例え.Example.JP.",
		.idempotency_key = "0a1b2c",
		.token = TOKEN,
		.material = &made->material,
		.pkcs12 = (const unsigned char *)"\x30\x82\xff",
		.pkcs12_length = 3,
		.passphrase = "one\"time"};
}

static void add_part(struct made *made, const char *name, const char *content)
{
	made->parts[made->step.part_count++] =
		(struct profile_part){.name = text_of(name), .content = text_of(content)};
}

static void unmake(struct made *made)
{
	buffer_free(&made->material.leaf_pem);
	buffer_free(&made->material.chain_pem);
	buffer_free(&made->material.key_pem);
}

static const char *header(const struct http_request *request, const char *name)
{
	const char *value = NULL;
	size_t i;

	for (i = 0; i < request->header_count; i++) {
		if (strcmp(request->headers[i].name, name) == 0) {
			assert_null(value); /* none twice */
			value = request->headers[i].value;
		}
	}
	return value;
}

static void test_request(void **state)
{
	struct made made;
	struct http_request request;
	struct error error;

	(void)state;
	make(&made, BODY_PEM_BUNDLE, "/waf/{code}/groups/{group}/certificates/{fqdn}");
	if (!service_build_step(&made.profile, 0, &made.install, &request, &error))
		fail_msg("%s", error.text);
	assert_string_equal(request.method, "PUT");
	assert_string_equal(request.url,
		"https://svc.example.jp:8443/base/waf/c%201%2F%C3%A4/groups/g%3F/certificates/"
		"www.xn--r8jz45g.example.jp");
	assert_string_equal(header(&request, "Authorization"), "Bearer " TOKEN);
	assert_string_equal(header(&request, "Idempotency-Key"), "0a1b2c");
	assert_string_equal(
		header(&request, "Accept"), "application/json, application/problem+json");
	assert_non_null(strstr(header(&request, "User-Agent"), "certinstalld/"));
	assert_string_equal(header(&request, "X-Own"), "1");
	assert_string_equal(header(&request, "Content-Type"), "application/x-pem-file");
	assert_int_equal(request.part_count, 0);
	assert_string_equal(buffer_text(&request.body), KEY LEAF CHAIN "\n");
	http_request_clear(&request);

	/* Without {group} in the path the code is whole; without a token none is sent. */
	made.step.path = text_of("/x/{code}?h={fqdn}");
	made.install.token = NULL;
	made.install.fqdn = "*.example.jp";
	assert_true(service_build_step(&made.profile, 0, &made.install, &request, &error));
	assert_string_equal(request.url,
		"https://svc.example.jp:8443/base/x/c%201%2F%C3%A4%3Ag%3F?h=%2A.example.jp");
	assert_null(header(&request, "Authorization"));
	http_request_clear(&request);
	unmake(&made);
}

static void test_multipart(void **state)
{
	struct made made;
	struct http_request request;
	struct error error;

	(void)state;
	make(&made, BODY_MULTIPART, "/w/{code}");
	add_part(&made, "host", "{fqdn}");
	add_part(&made, "chain", "{chain}");
	add_part(&made, "all", "<{code}|{group}|{bundle}>");
	made.parts[1].filename = text_of("chain.pem");
	made.parts[1].content_type = text_of("text/x");
	assert_true(service_build_step(&made.profile, 0, &made.install, &request, &error));
	assert_int_equal(request.part_count, 3);
	assert_string_equal(request.parts[0].name, "host");
	assert_null(request.parts[0].filename);
	assert_string_equal(buffer_text(&request.parts[0].data), "www.xn--r8jz45g.example.jp");
	assert_string_equal(request.parts[1].filename, "chain.pem");
	assert_string_equal(request.parts[1].content_type, "text/x");
	assert_string_equal(buffer_text(&request.parts[1].data), CHAIN "\n");
	assert_string_equal(
		buffer_text(&request.parts[2].data), "<c 1/ä:g?||" KEY LEAF CHAIN "\n>");
	assert_null(header(&request, "Content-Type")); /* the boundary is the transport's */
	http_request_clear(&request);
	unmake(&made);
}

static void assert_member(struct json_object *object, const char *name, const char *wanted)
{
	struct json_object *member = NULL;

	assert_true(json_object_object_get_ex(object, name, &member));
	assert_string_equal(json_object_get_string(member), wanted);
}

static void test_json(void **state)
{
	struct made made;
	struct http_request request;
	struct error error;
	struct json_object *object;

	(void)state;
	make(&made, BODY_PKCS12_JSON, "/d/{code}");
	assert_true(profile_needs_pkcs12(&made.profile));
	add_part(&made, "pkcs12", "{pkcs12}");
	add_part(&made, "passphrase", "{passphrase}");
	assert_true(service_build_step(&made.profile, 0, &made.install, &request, &error));
	assert_string_equal(
		buffer_text(&request.body), "{\"pkcs12\":\"MIL/\",\"passphrase\":\"one\\\"time\"}");
	assert_string_equal(header(&request, "Content-Type"), "application/json");
	http_request_clear(&request);
	unmake(&made);

	make(&made, BODY_JSON, "/d/{code}");
	assert_false(profile_needs_pkcs12(&made.profile));
	add_part(&made, "certificate", "{leaf}");
	add_part(&made, "chain", "{chain}");
	add_part(&made, "private_key", "{key}");
	add_part(&made, "fqdn", "{fqdn}");
	made.install.pkcs12 = NULL;
	made.install.passphrase = NULL;
	assert_true(service_build_step(&made.profile, 0, &made.install, &request, &error));
	object = json_tokener_parse(buffer_text(&request.body));
	assert_non_null(object);
	assert_int_equal(json_object_object_length(object), 4);
	assert_member(object, "certificate", LEAF);
	assert_member(object, "chain", CHAIN "\n");
	assert_member(object, "private_key", KEY);
	assert_member(object, "fqdn", "www.xn--r8jz45g.example.jp");
	json_object_put(object);
	http_request_clear(&request);
	unmake(&made);
}

static void test_build_refused(void **state)
{
	static const struct {
		const char *path, *code, *fqdn, *token, *wanted;
		enum error_kind kind;
	} cases[] = {
		{"/{code}/{group}", "abc", "a.jp", "t",
			"svc: the service code \"abc\" names no group; write it as code:group",
			ERROR_PERMANENT},
		{"/{code}/{group}", ":g", "a.jp", "t", "names no group", ERROR_PERMANENT},
		{"/{code}/{group}", "c:", "a.jp", "t", "names no group", ERROR_PERMANENT},
		{"/{code}", "", "a.jp", "t", "the service code is empty", ERROR_PERMANENT},
		{"/{code}", "a\nb", "a.jp", "t", "holds control characters", ERROR_PERMANENT},
		{"/{code}", "a", "not a host", "t", "is no host name", ERROR_PERMANENT},
		{"/v/{code}/x", "..", "a.jp", "t", "the path becomes /v/../x", ERROR_PERMANENT},
		{"/v/{code}", ".", "a.jp", "t", "the path becomes /v/.", ERROR_PERMANENT},
		{"/v/{code}{group}?q", ".:.", "a.jp", "t", "becomes /v/..?q", ERROR_PERMANENT},
		{"/{code}", "a", "a.jp", "", "the token in /t is empty", ERROR_PERMANENT},
		{"/{code}", "a", "a.jp", "t\r\nX: y", "the token in /t is empty or holds more",
			ERROR_PERMANENT},
	};
	struct made made;
	struct http_request request;
	struct error error;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LENGTH(cases); i++) {
		make(&made, BODY_PEM_BUNDLE, cases[i].path);
		made.profile.token_file = text_of("/t");
		made.install.service_code = cases[i].code;
		made.install.fqdn = cases[i].fqdn;
		made.install.token = cases[i].token;
		assert_false(service_build_step(&made.profile, 0, &made.install, &request, &error));
		if (strstr(error.text, cases[i].wanted) == NULL)
			fail_msg("%s", error.text);
		assert_int_equal(error.kind, cases[i].kind);
		assert_null(request.url);
		assert_null(request.headers);
		unmake(&made);
	}
	make(&made, BODY_PEM_BUNDLE, "/x");
	made.profile.step_count = 0;
	assert_false(service_build_step(&made.profile, 0, &made.install, &request, &error));
	assert_non_null(strstr(error.text, "no path is configured"));
	made.profile.endpoint = NULL;
	assert_false(service_build_step(&made.profile, 0, &made.install, &request, &error));
	assert_non_null(strstr(error.text, "no endpoint is configured"));
	unmake(&made);
}

#if defined(__SANITIZE_ADDRESS__)
#define OWN_ALLOCATOR 0
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define OWN_ALLOCATOR 0
#else
#define OWN_ALLOCATOR 1
#endif
#else
#define OWN_ALLOCATOR 1
#endif

/* Blocks given back to the system with the private key still in them, while someone counts. */
static bool counting;
static size_t keys_left;

#if OWN_ALLOCATOR
static void look(void *data)
{
	if (data != NULL && memmem(data, malloc_usable_size(data), KEY_LINE, 24) != NULL)
		keys_left++;
}

/* In the place of libc's, for this program and the libraries it uses; libc's do the work. */
void free(void *data)
{
	static void (*next)(void *);

	if (next == NULL)
		*(void **)&next = dlsym(RTLD_NEXT, "free");
	if (counting)
		look(data);
	next(data);
}

void *realloc(void *old, size_t size)
{
	static void *(*next)(void *, size_t);

	if (next == NULL)
		*(void **)&next = dlsym(RTLD_NEXT, "realloc");
	if (counting)
		look(old); /* it may move, and leave the old block as it is */
	return next(old, size);
}
#endif

static void test_wiped(void **state)
{
	static const struct {
		enum body_form form;
		enum template_escape escape;
	} cases[] = {{BODY_MULTIPART, ESCAPE_NONE}, {BODY_PEM_BUNDLE, ESCAPE_NONE},
		{BODY_JSON, ESCAPE_NONE}, {BODY_TEMPLATE, ESCAPE_NONE}, {BODY_TEMPLATE, ESCAPE_URL},
		{BODY_TEMPLATE, ESCAPE_JSON}};
	struct http_request request;
	struct error error;
	size_t i;
	char *seen;

	(void)state;
	if (!OWN_ALLOCATOR)
		skip();
	counting = true;
	seen = xstrdup(KEY);
	free(seen);
	assert_int_equal(keys_left, 1); /* it does count */
	for (i = 0; i < ARRAY_LENGTH(cases); i++) {
		struct made made;

		make(&made, cases[i].form, "/x");
		made.step.escape = cases[i].escape;
		made.step.template_text = text_of("[\"{key}{bundle}{key}\"]");
		made.step.template_type = text_of("text/plain");
		if (cases[i].form == BODY_MULTIPART || cases[i].form == BODY_JSON) {
			add_part(&made, "a", "{key}");
			add_part(&made, "b", "{bundle}{key}{key}");
		}
		keys_left = 0;
		assert_true(service_build_step(&made.profile, 0, &made.install, &request, &error));
		http_request_clear(&request);
		assert_int_equal(keys_left, 0);
		unmake(&made);
	}
	counting = false;
}

static const struct {
	enum http_failure failure;
	int status;
	const char *body;
	const char *retry_after;
	enum judgement_kind kind;
	const char *text;
	int64_t retry_after_ms;
} answers[] = {
	{HTTP_OK, 200, "", NULL, JUDGED_DONE, "HTTP 200", -1},
	{HTTP_OK, 204, "", "7", JUDGED_DONE, "HTTP 204", -1},
	{HTTP_OK, 202, "", NULL, JUDGED_PERMANENT,
		"HTTP 202, which is not among the statuses of success of /etc/svc.conf", -1},
	{HTTP_OK, 301, "", NULL, JUDGED_PERMANENT,
		"HTTP 301: redirects are never followed; mend the endpoint or the path of "
		"/etc/svc.conf",
		-1},
	{HTTP_OK, 400, "{\"title\":\"Bad\"}", NULL, JUDGED_PERMANENT, "HTTP 400: Bad", -1},
	{HTTP_OK, 401, "", "7", JUDGED_PERMANENT, "HTTP 401", -1},
	{HTTP_OK, 403, "<html>", NULL, JUDGED_PERMANENT, "HTTP 403", -1},
	{HTTP_OK, 408, "", NULL, JUDGED_TEMPORARY, "HTTP 408", -1},
	{HTTP_OK, 409, "[1]", NULL, JUDGED_PERMANENT, "HTTP 409", -1},
	{HTTP_OK, 422, "{\"title\":\"No\",\"detail\":\"key must be\\nRSA 2048\"}", NULL,
		JUDGED_PERMANENT, "HTTP 422: No: key must be RSA 2048", -1},
	{HTTP_OK, 422, "{\"title\":1,\"detail\":\"tok\\/en+1234567890\\u001b[31m\"}", NULL,
		JUDGED_PERMANENT, "HTTP 422: [token struck out]?[31m", -1},
	{HTTP_OK, 422, "{\"a\":[[[[[[[[[[1]]]]]]]]]],\"title\":\"x\"}", NULL, JUDGED_PERMANENT,
		"HTTP 422", -1},
	{HTTP_OK, 425, "", NULL, JUDGED_TEMPORARY, "HTTP 425", -1},
	{HTTP_OK, 429, "{\"detail\":\"slow\"}", "12", JUDGED_TEMPORARY, "HTTP 429: slow", 12000},
	{HTTP_OK, 500, "", NULL, JUDGED_TEMPORARY, "HTTP 500", -1},
	{HTTP_OK, 503, "", "0", JUDGED_TEMPORARY, "HTTP 503", 0},
	{HTTP_OK, 599, "", NULL, JUDGED_TEMPORARY, "HTTP 599", -1},
	{HTTP_OK, 0, "", NULL, JUDGED_TEMPORARY, "HTTP 0", -1},
	{HTTP_TOO_LARGE, 200, "xx", NULL, JUDGED_DONE, "HTTP 200", -1},
	{HTTP_TOO_LARGE, 404, "xx", NULL, JUDGED_PERMANENT, "HTTP 404", -1},
	{HTTP_TOO_LARGE, 500, "xx", NULL, JUDGED_TEMPORARY, "HTTP 500", -1},
	{HTTP_CONNECT_FAILED, 0, "", NULL, JUDGED_TEMPORARY, "sentence", -1},
	{HTTP_TLS_FAILED, 0, "", NULL, JUDGED_TEMPORARY, "sentence", -1},
	{HTTP_TIMED_OUT, 0, "", NULL, JUDGED_TEMPORARY, "sentence", -1},
	{HTTP_BROKEN, 200, "", NULL, JUDGED_TEMPORARY, "sentence", -1},
	{HTTP_CANCELLED, 0, "", NULL, JUDGED_TEMPORARY, "sentence", -1},
	{HTTP_INTERNAL, 0, "", NULL, JUDGED_INTERNAL, "sentence", -1},
};

static void test_judge(void **state)
{
	struct made made;
	size_t i;

	(void)state;
	make(&made, BODY_PEM_BUNDLE, "/x");
	for (i = 0; i < ARRAY_LENGTH(answers); i++) {
		struct http_answer answer = {.failure = answers[i].failure,
			.status = answers[i].status,
			.retry_after = text_of(answers[i].retry_after)};
		struct judgement judgement;

		if (answers[i].failure != HTTP_OK)
			error_set(&answer.error, ERROR_TEMPORARY, "sentence");
		buffer_append_text(&answer.body, answers[i].body);
		service_judge_step(&made.profile, 0, &answer, TOKEN, NOW, &judgement);
		if (judgement.kind != answers[i].kind)
			fail_msg("case %zu: kind %d", i, (int)judgement.kind);
		assert_string_equal(judgement.text, answers[i].text);
		assert_int_equal(judgement.retry_after_ms, answers[i].retry_after_ms);
		buffer_free(&answer.body);
	}
	unmake(&made);
}

static void test_excerpt(void **state)
{
	struct made made;
	struct judgement judgement;
	struct http_answer answer = {.failure = HTTP_OK, .status = 500};
	size_t i;

	(void)state;
	make(&made, BODY_PEM_BUNDLE, "/x");
	buffer_append_text(&answer.body, "got \"" TOKEN "\"\n" KEY "and ");
	for (i = 0; i < 600; i++)
		buffer_append_text(&answer.body, "日 ");
	service_judge_step(&made.profile, 0, &answer, TOKEN, NOW, &judgement);
	assert_memory_equal(judgement.excerpt,
		"got \"[token struck out]\" [private key struck out] and 日 日 ", 60);
	assert_true(strlen(judgement.excerpt) > EXCERPT_MAX - 8);
	assert_null(strstr(judgement.excerpt, "?")); /* cut at a character */
	buffer_free(&answer.body);
	unmake(&made);
}

static const struct {
	const char *source;
	const char *wanted;
} redacted[] = {
	{"plain", "plain"},
	{"a " TOKEN " b " TOKEN, "a [token struck out] b [token struck out]"},
	{"tok\\/en+1234567890!", "[token struck out]!"},
	{"tok/en+123456789", "tok/en+123456789"},
	{"x-----BEGIN RSA PRIVATE KEY-----\nabc\n-----END RSA PRIVATE KEY-----y",
		"x[private key struck out]y"},
	{"-----BEGIN ENCRYPTED PRIVATE KEY-----\\nabc", "[private key struck out]"},
	{"-----BEGIN CERTIFICATE-----\nabc", "-----BEGIN CERTIFICATE----- abc"},
	{"<" KEY_LINE ">", "<[base64 struck out]>"},
	{KEY_LINE "\n" KEY_LINE "\r\nAbCd=\nend of it", "[base64 struck out] of it"},
	{KEY_LINE "\\nAbCd= \\/", "[base64 struck out] \\/"},
	{"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
		"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"},
	{"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdeg", "[base64 struck out]"},
	{"/webhg2/whg00000001/certificates", "/webhg2/whg00000001/certificates"},
	{"\x1b[0m\xff\xfe"
	 "a\tb",
		"?[0m??a b"},
};

static void test_redact(void **state)
{
	char target[200], small[8];
	struct buffer large = {0};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LENGTH(redacted); i++) {
		redact(target, sizeof(target), redacted[i].source, strlen(redacted[i].source),
			TOKEN);
		assert_string_equal(target, redacted[i].wanted);
	}
	redact(target, sizeof(target), "a\0b", 3, NULL);
	assert_string_equal(target, "a?b");
	redact(target, sizeof(target), "", 0, "");
	assert_string_equal(target, "");
	redact(small, sizeof(small), "0123456789", 10, NULL);
	assert_string_equal(small, "0123456");
	/* A token that the end of what is looked at cuts in two. */
	buffer_append_text(&large, "-----BEGIN PRIVATE KEY-----");
	while (large.length < 64 * 1024 - 40)
		buffer_append_char(&large, ' ');
	buffer_append_text(&large, "-----END PRIVATE KEY-----tok/en+");
	while (large.length < 64 * 1024 - 10)
		buffer_append_char(&large, '.');
	buffer_append_text(&large, TOKEN " and more");
	redact(target, sizeof(target), (const char *)large.data, large.length, TOKEN);
	assert_string_equal(target, "[private key struck out]tok/en+[token struck out]");
	buffer_free(&large);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_request),
		cmocka_unit_test(test_multipart),
		cmocka_unit_test(test_json),
		cmocka_unit_test(test_wiped),
		cmocka_unit_test(test_build_refused),
		cmocka_unit_test(test_judge),
		cmocka_unit_test(test_excerpt),
		cmocka_unit_test(test_redact),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
