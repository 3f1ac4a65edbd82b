#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <json-c/json.h>

#include "base/alloc.h"
#include "base/text.h"
#include "profile_text.h"

#define NOW INT64_C(1795300000000)
#define TOKEN "tok/en+1234567890"
#define PEM(body) "-----BEGIN CERTIFICATE-----\n" body "\n-----END CERTIFICATE-----\n"
#define LEAF PEM("AAAA")
#define CHAIN PEM("AAAB") PEM("AAAC")
#define KEY "-----BEGIN PRIVATE KEY-----\nAAAD\n-----END PRIVATE KEY-----\n"
/* SHA-256 of the bytes 0, 0, 0: what LEAF holds. */
#define LEAF_SHA256 "709e80c88487a2411e1ee4dfb9f22a861492d20c4765150c0c794abd70f8147c"
#define OTHER_SHA256 "809e80c88487a2411e1ee4dfb9f22a861492d20c4765150c0c794abd70f8147c"
#define SITE "endpoint = 'https://svc.example.jp:8443/base'\n"

struct made {
	struct profile profile;
	struct material material;
	struct install install;
};

static void make(const char *text, struct made *made)
{
	char *whole = xasprintf(SITE "%s", text);

	*made = (struct made){0};
	profile_text_take(whole, &made->profile);
	free(whole);
	buffer_append_text(&made->material.leaf_pem, LEAF);
	buffer_append_text(&made->material.chain_pem, CHAIN);
	buffer_append_text(&made->material.key_pem, KEY);
	made->install = (struct install){.service_code = "c1:g\"1",
		.fqdn = "www.example.jp",
		.idempotency_key = "0a1b2c",
		.token = TOKEN,
		.material = &made->material};
}

static void unmake(struct made *made)
{
	profile_clear(&made->profile);
	buffer_free(&made->material.leaf_pem);
	buffer_free(&made->material.chain_pem);
	buffer_free(&made->material.key_pem);
}

static const char *header(const struct http_request *request, const char *name)
{
	size_t i;

	for (i = 0; i < request->header_count; i++) {
		if (strcmp(request->headers[i].name, name) == 0)
			return request->headers[i].value;
	}
	return NULL;
}

static void build(struct made *made, size_t step, struct http_request *request)
{
	struct error error;

	if (!service_build_step(&made->profile, step, &made->install, request, &error))
		fail_msg("%s", error.text);
}

#define TWO_STEPS                                                                                  \
	"body = 'template'\n"                                                                      \
	"template = '{\"@id\": \"c-{fqdn}\", \"n\": {}, \"c\": \"{leaf+chain}\", "                 \
	"\"k\": \"{key}\", \"s\": \"{code}\"}'\n"                                                  \
	"step replace { method = 'PATCH' path = '/id/c-{fqdn}' on = {404} then = 'append' }\n"     \
	"step append { method = 'POST' path = '/list?f={fingerprint}' accepted = {202} }\n"

static void test_steps(void **state)
{
	struct made made;
	struct http_request request;
	struct json_object *object, *member = NULL;
	struct error error;

	(void)state;
	make(TWO_STEPS "follow { }\n", &made);
	build(&made, 0, &request);
	assert_string_equal(request.method, "PATCH");
	assert_string_equal(request.url, "https://svc.example.jp:8443/base/id/c-www.example.jp");
	assert_string_equal(header(&request, "Idempotency-Key"), "0a1b2c");
	assert_string_equal(header(&request, "Content-Type"), "application/json");
	object = json_tokener_parse(buffer_text(&request.body));
	assert_non_null(object);
	assert_true(json_object_object_get_ex(object, "@id", &member));
	assert_string_equal(json_object_get_string(member), "c-www.example.jp");
	assert_true(json_object_object_get_ex(object, "c", &member));
	assert_string_equal(json_object_get_string(member), LEAF CHAIN);
	assert_true(json_object_object_get_ex(object, "k", &member));
	assert_string_equal(json_object_get_string(member), KEY);
	assert_true(json_object_object_get_ex(object, "s", &member));
	assert_string_equal(json_object_get_string(member), "c1:g\"1");
	assert_true(json_object_object_get_ex(object, "n", &member));
	json_object_put(object);
	http_request_clear(&request);
	/* Another request, and so another key; the fingerprint is that of the certificate. */
	build(&made, 1, &request);
	assert_string_equal(request.method, "POST");
	assert_string_equal(request.url, "https://svc.example.jp:8443/base/list?f=" LEAF_SHA256);
	assert_string_equal(header(&request, "Idempotency-Key"), "0a1b2c-1");
	http_request_clear(&request);
	assert_false(service_build_step(&made.profile, 2, &made.install, &request, &error));
	made.install.material = NULL;
	assert_false(service_build_step(&made.profile, 0, &made.install, &request, &error));
	assert_int_equal(error.kind, ERROR_INTERNAL);
	unmake(&made);
}

static void test_bodies(void **state)
{
	static const struct {
		const char *text, *type, *body;
	} cases[] = {
		{"body = 'template'\ntemplate-type = 'application/x-www-form-urlencoded'\n"
		 "template = 'h={fqdn}&s={code}&b={ {x y}'\n",
			"application/x-www-form-urlencoded",
			"h=www.example.jp&s=c1%3Ag%221&b={ {x y}"},
		{"body = 'template'\ntemplate-type = 'text/plain'\ntemplate = '<{leaf}{code}>'\n",
			"text/plain", "<" LEAF "c1:g\"1>"},
		{"body = 'template'\ntemplate-type = 'text/plain'\nescape = 'json'\n"
		 "template = '[\"{code}\"]'\n",
			"text/plain", "[\"c1:g\\\"1\"]"},
		{"body = 'template'\ntemplate-type = 'application/hal+json'\n"
		 "template = '[\"{code}\"]'\n",
			"application/hal+json", "[\"c1:g\\\"1\"]"},
		{"body = 'none'\nmethod = 'DELETE'\n", NULL, ""},
		{"body = 'json'\npart a { content = '{fingerprint}' }\n", "application/json",
			"{\"a\":\"" LEAF_SHA256 "\"}"},
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LENGTH(cases); i++) {
		char *text = xasprintf("path = '/x'\n%s", cases[i].text);
		struct http_request request;
		struct made made;

		make(text, &made);
		build(&made, 0, &request);
		assert_string_equal(buffer_text(&request.body), cases[i].body);
		if (cases[i].type == NULL)
			assert_null(header(&request, "Content-Type"));
		else
			assert_string_equal(header(&request, "Content-Type"), cases[i].type);
		http_request_clear(&request);
		unmake(&made);
		free(text);
	}
}

static void test_pkcs12_template(void **state)
{
	struct made made;
	struct http_request request;

	(void)state;
	make("path = '/x'\nbody = 'template'\ntemplate = '[\"{pkcs12}\", \"{passphrase}\"]'\n",
		&made);
	assert_true(profile_needs_pkcs12(&made.profile));
	made.install.pkcs12 = (const unsigned char *)"\x30\x82\xff";
	made.install.pkcs12_length = 3;
	made.install.passphrase = "p\"p";
	build(&made, 0, &request);
	assert_string_equal(buffer_text(&request.body), "[\"MIL/\", \"p\\\"p\"]");
	http_request_clear(&request);
	unmake(&made);
}

/* The answer to a step: its kind, the end of the sentence, and where it goes on. */
static const char judged_profile[] =
	"body = 'pem-bundle'\npath = '/a/{code}/b'\n"
	"step one { success = {200} accepted = {202} on = {404, 409} then = 'three' }\n"
	"step two { success = {200} }\n"
	"step three { success = {201} accepted = {200} }\n"
	"answer same { status = {409} member = '/code' matches = '^SAME$' means = 'done' }\n"
	"answer bad { status = {500, 502} member = '/error/message' matches = 'x509|PEM' "
	"means = 'permanent' }\n"
	"answer busy { status = {400} matches = 'try .*again' means = 'temporary' }\n"
	"answer odd { status = {418} means = 'temporary' }\n"
	"answer bare { status = {501} member = '' matches = 'never' means = 'permanent' }\n"
	"follow { interval = 2s interval-floor = 1s interval-ceiling = 10s }\n";

static const struct {
	size_t step;
	int status;
	const char *body, *location, *retry_after;
	enum judgement_kind kind;
	const char *text, *remote;
	size_t next_step;
	int64_t retry_after_ms, look_again_ms;
} judged[] = {
	{0, 200, "", NULL, NULL, JUDGED_DONE, "HTTP 200", "", 0, -1, -1},
	{0, 404, "{\"title\":\"none\"}", NULL, NULL, JUDGED_NEXT_STEP, "HTTP 404: none", "", 2, -1,
		-1},
	{1, 404, "", NULL, NULL, JUDGED_PERMANENT, "HTTP 404", "", 0, -1, -1},
	{2, 201, "", NULL, NULL, JUDGED_DONE, "HTTP 201", "", 0, -1, -1},
	{0, 409, "{\"code\":\"SAME\"}", NULL, NULL, JUDGED_DONE, "HTTP 409 (same): SAME", "", 0, -1,
		-1},
	{0, 409, "{\"code\":\"SAMER\"}", NULL, NULL, JUDGED_NEXT_STEP, "HTTP 409", "", 2, -1, -1},
	{0, 500, "{\"error\":{\"message\":\"bad\\nx509 " TOKEN "\"}}", NULL, NULL, JUDGED_PERMANENT,
		"HTTP 500 (bad): bad x509 [token struck out]", "", 0, -1, -1},
	{0, 500, "{\"error\":\"x509\"}", NULL, "3", JUDGED_TEMPORARY, "HTTP 500", "", 0, 3000, -1},
	{0, 500, "x509 not json", NULL, NULL, JUDGED_TEMPORARY, "HTTP 500", "", 0, -1, -1},
	{0, 503, "{\"error\":{\"message\":\"x509\"}}", NULL, NULL, JUDGED_TEMPORARY, "HTTP 503", "",
		0, -1, -1},
	{0, 400, "please try it again", NULL, "7", JUDGED_TEMPORARY,
		"HTTP 400 (busy): please try it again", "", 0, 7000, -1},
	{0, 400, "no", NULL, NULL, JUDGED_PERMANENT, "HTTP 400", "", 0, -1, -1},
	{0, 418, "", NULL, NULL, JUDGED_TEMPORARY, "HTTP 418 (odd)", "", 0, -1, -1},
	{0, 501, "\"never\"", NULL, NULL, JUDGED_PERMANENT, "HTTP 501 (bare): never", "", 0, -1,
		-1},
	{0, 202, "", "/q/1?a=b", NULL, JUDGED_ACCEPTED, "HTTP 202", "/q/1?a=b", 0, -1, 2000},
	{0, 202, "", "/q/1#f", "0", JUDGED_ACCEPTED, "HTTP 202", "/q/1", 0, -1, 1000},
	{0, 202, "", "https://SVC.example.jp:8443/q", "3", JUDGED_ACCEPTED, "HTTP 202", "/q", 0, -1,
		3000},
	{0, 202, "", "q/1", "3600", JUDGED_ACCEPTED, "HTTP 202", "0 q/1", 0, -1, 10000},
	{2, 200, "", "../q?1", NULL, JUDGED_ACCEPTED, "HTTP 200", "2 ../q?1", 0, -1, 2000},
	{0, 202, "", NULL, NULL, JUDGED_PERMANENT, "HTTP 202 without a Location to ask at", "", 0,
		-1, -1},
	{0, 202, "", "https://evil.example/q", NULL, JUDGED_PERMANENT, "neither token nor", "", 0,
		-1, -1},
	{0, 202, "", "https://evil.example:8443/q", NULL, JUDGED_PERMANENT, "neither token nor", "",
		0, -1, -1},
	{0, 202, "", "https://svc.example.jp/q", NULL, JUDGED_PERMANENT, "neither token nor", "", 0,
		-1, -1},
	{0, 202, "", "http://svc.example.jp:8443/q", NULL, JUDGED_PERMANENT, "neither token nor",
		"", 0, -1, -1},
	{0, 202, "", "//evil.example/q", NULL, JUDGED_PERMANENT, "neither token nor", "", 0, -1,
		-1},
	{0, 202, "", "https://u@svc.example.jp:8443/q", NULL, JUDGED_PERMANENT, "neither token nor",
		"", 0, -1, -1},
	{0, 202, "", "file:///etc/passwd", NULL, JUDGED_PERMANENT, "neither token nor", "", 0, -1,
		-1},
	{0, 202, "", "/a b", NULL, JUDGED_PERMANENT, "neither token nor", "", 0, -1, -1},
	{0, 202, "", "", NULL, JUDGED_PERMANENT, "neither token nor", "", 0, -1, -1},
};

static void test_judge_step(void **state)
{
	struct made made;
	size_t i;

	(void)state;
	make(judged_profile, &made);
	for (i = 0; i < ARRAY_LENGTH(judged); i++) {
		struct http_answer answer = {.failure = HTTP_OK,
			.status = judged[i].status,
			.location = xstrdup_or_null(judged[i].location),
			.retry_after = xstrdup_or_null(judged[i].retry_after)};
		struct judgement judgement;

		buffer_append_text(&answer.body, judged[i].body);
		service_judge_step(&made.profile, judged[i].step, &answer, TOKEN, NOW, &judgement);
		if (judgement.kind != judged[i].kind)
			fail_msg("case %zu: kind %d, %s", i, (int)judgement.kind, judgement.text);
		if (strstr(judgement.text, judged[i].text) == NULL)
			fail_msg("case %zu: %s", i, judgement.text);
		assert_string_equal(judgement.remote, judged[i].remote);
		assert_int_equal(judgement.next_step, judged[i].next_step);
		assert_int_equal(judgement.retry_after_ms, judged[i].retry_after_ms);
		assert_int_equal(judgement.look_again_ms, judged[i].look_again_ms);
		assert_null(strstr(judgement.text, TOKEN));
		assert_null(strstr(judgement.text, "evil"));
		http_answer_clear(&answer);
	}
	unmake(&made);
}

static void test_location_too_long(void **state)
{
	struct http_answer answer = {.failure = HTTP_OK, .status = 202};
	struct judgement judgement;
	struct buffer location = {0};
	struct made made;

	(void)state;
	make(judged_profile, &made);
	buffer_append_char(&location, '/');
	while (location.length < JUDGEMENT_REMOTE_MAX)
		buffer_append_char(&location, 'a');
	answer.location = buffer_steal_text(&location);
	service_judge_step(&made.profile, 0, &answer, NULL, NOW, &judgement);
	assert_int_equal(judgement.kind, JUDGED_PERMANENT);
	assert_string_equal(judgement.remote, "");
	http_answer_clear(&answer);
	/* What lies further back than is looked at does not match. */
	answer.status = 400;
	while (answer.body.length < 65536)
		buffer_append_char(&answer.body, '.');
	buffer_append_text(&answer.body, "try again");
	service_judge_step(&made.profile, 0, &answer, NULL, NOW, &judgement);
	assert_int_equal(judgement.kind, JUDGED_PERMANENT);
	/* A NUL does not hide what is behind it. */
	buffer_clear(&answer.body);
	buffer_append(&answer.body, "x\0try again", 11);
	service_judge_step(&made.profile, 0, &answer, NULL, NOW, &judgement);
	assert_int_equal(judgement.kind, JUDGED_TEMPORARY);
	http_answer_clear(&answer);
	unmake(&made);
}

static const struct {
	const char *remote, *url, *wanted;
} remotes[] = {
	{"/q/1?a=b", "https://svc.example.jp:8443/q/1?a=b", NULL},
	{"0 q/1", "https://svc.example.jp:8443/base/a/c1%3Ag%221/q/1", NULL},
	{"2 ../q?1", "https://svc.example.jp:8443/base/a/q?1", NULL},
	{"9 q", NULL, "has no such step now"},
	{"q", NULL, "has no such step now"},
	{"", NULL, "has no such step now"},
	{"//evil.example/q", NULL, "elsewhere than at its endpoint"},
	{"0 https://evil.example/q", NULL, "elsewhere than at its endpoint"},
};

static void test_build_follow(void **state)
{
	struct http_request request;
	struct made made;
	struct error error;
	size_t i;

	(void)state;
	make(judged_profile, &made);
	made.install.material = NULL;
	made.install.idempotency_key = NULL;
	for (i = 0; i < ARRAY_LENGTH(remotes); i++) {
		bool done = service_build_follow(
			&made.profile, &made.install, remotes[i].remote, &request, &error);

		assert_int_equal(done, remotes[i].url != NULL);
		if (done) {
			assert_string_equal(request.url, remotes[i].url);
			assert_string_equal(request.method, "GET");
			assert_string_equal(header(&request, "Authorization"), "Bearer " TOKEN);
			assert_null(header(&request, "Idempotency-Key"));
			assert_int_equal(request.body.length, 0);
			http_request_clear(&request);
		} else {
			assert_int_equal(error.kind, ERROR_PERMANENT);
			if (strstr(error.text, remotes[i].wanted) == NULL)
				fail_msg("%s", error.text);
			assert_null(request.url);
		}
	}
	unmake(&made);
	make("path = '/x'\nbody = 'pem-bundle'\naccepted = {202}\nfollow { path = '/s/{group}' }\n",
		&made);
	made.install.material = NULL;
	assert_true(service_build_follow(&made.profile, &made.install, "", &request, &error));
	assert_string_equal(request.url, "https://svc.example.jp:8443/base/s/g%221");
	http_request_clear(&request);
	unmake(&made);
}

static const struct {
	enum http_failure failure;
	int status;
	const char *body, *retry_after;
	enum judgement_kind kind;
	const char *text;
	int64_t look_again_ms;
	bool gone;
} followed[] = {
	{HTTP_OK, 200, "{\"s\":\"ok\"}", NULL, JUDGED_DONE, "HTTP 200, ok", -1, false},
	{HTTP_OK, 200, "{\"s\":\"wait\"}", NULL, JUDGED_PENDING, "HTTP 200, wait", 2000, false},
	{HTTP_OK, 202, "{\"s\":\"wait\"}", "5", JUDGED_PENDING, "HTTP 202, wait", 5000, false},
	{HTTP_OK, 200, "{\"s\":\"wait\"}", "0", JUDGED_PENDING, "HTTP 200, wait", 1000, false},
	{HTTP_OK, 200, "{\"s\":\"wait\"}", "600", JUDGED_PENDING, "HTTP 200, wait", 10000, false},
	{HTTP_OK, 200, "{\"s\":\"bad\",\"why\":\"no\\n" TOKEN "\"}", NULL, JUDGED_PERMANENT,
		"HTTP 200, bad: no [token struck out]", -1, false},
	{HTTP_OK, 200, "{\"s\":\"bad\"}", NULL, JUDGED_PERMANENT, "HTTP 200, bad", -1, false},
	{HTTP_OK, 200, "{\"s\":\"odd\"}", NULL, JUDGED_TEMPORARY, "HTTP 200, odd: a state that ",
		2000, false},
	{HTTP_OK, 200, "{\"s\":{}}", NULL, JUDGED_TEMPORARY, "tells no state at \"/s\"", 2000,
		false},
	{HTTP_OK, 200, "ok", NULL, JUDGED_TEMPORARY, "tells no state", 2000, false},
	{HTTP_OK, 404, "", NULL, JUDGED_TEMPORARY, "HTTP 404", 2000, true},
	{HTTP_OK, 410, "", NULL, JUDGED_TEMPORARY, "HTTP 410", 2000, true},
	{HTTP_OK, 401, "", NULL, JUDGED_INTERNAL, "HTTP 401", 10000, false},
	{HTTP_OK, 302, "", NULL, JUDGED_INTERNAL, "redirects are never followed", 10000, false},
	{HTTP_OK, 503, "{\"s\":\"ok\"}", "4", JUDGED_TEMPORARY, "HTTP 503", 4000, false},
	{HTTP_TIMED_OUT, 0, "", NULL, JUDGED_TEMPORARY, "timed-out", 2000, false},
	{HTTP_INTERNAL, 0, "", NULL, JUDGED_INTERNAL, "internal", 10000, false},
};

static void test_judge_follow(void **state)
{
	struct made made;
	size_t i;

	(void)state;
	make("path = '/x'\nbody = 'pem-bundle'\naccepted = {202}\nfollow { path = '/s' member = "
	     "'/s' "
	     "done = {'ok'} pending = {'wait'} failed = {'bad'} reason = '/why' interval = 2s "
	     "interval-floor = 1s interval-ceiling = 10s }\n",
		&made);
	for (i = 0; i < ARRAY_LENGTH(followed); i++) {
		struct http_answer answer = {.failure = followed[i].failure,
			.status = followed[i].status,
			.retry_after = xstrdup_or_null(followed[i].retry_after)};
		struct judgement judgement;

		buffer_append_text(&answer.body, followed[i].body);
		service_judge_follow(&made.profile, &answer, TOKEN, NOW, &judgement);
		if (judgement.kind != followed[i].kind)
			fail_msg("case %zu: kind %d, %s", i, (int)judgement.kind, judgement.text);
		if (strstr(judgement.text, followed[i].text) == NULL)
			fail_msg("case %zu: %s", i, judgement.text);
		assert_int_equal(judgement.look_again_ms, followed[i].look_again_ms);
		assert_int_equal(judgement.remote_gone, followed[i].gone);
		http_answer_clear(&answer);
	}
	/* Without names for what is pending, all that is neither done nor failed is. */
	made.profile.follow.pending_count = 0;
	{
		struct http_answer answer = {.failure = HTTP_OK, .status = 200};
		struct judgement judgement;

		buffer_append_text(&answer.body, "{\"s\":\"odd\"}");
		service_judge_follow(&made.profile, &answer, TOKEN, NOW, &judgement);
		assert_int_equal(judgement.kind, JUDGED_PENDING);
		http_answer_clear(&answer);
	}
	made.profile.follow.pending_count = 1;
	unmake(&made);
}

static void test_follow_by_status(void **state)
{
	static const struct {
		int status;
		enum judgement_kind kind;
	} cases[] = {{200, JUDGED_DONE}, {204, JUDGED_DONE}, {202, JUDGED_PENDING},
		{500, JUDGED_TEMPORARY}, {400, JUDGED_INTERNAL}};
	struct made made;
	size_t i;

	(void)state;
	make("path = '/x'\nbody = 'pem-bundle'\naccepted = {202}\nfollow { }\n", &made);
	for (i = 0; i < ARRAY_LENGTH(cases); i++) {
		struct http_answer answer = {.failure = HTTP_OK, .status = cases[i].status};
		struct judgement judgement;

		service_judge_follow(&made.profile, &answer, NULL, NOW, &judgement);
		assert_int_equal(judgement.kind, cases[i].kind);
	}
	unmake(&made);
}

#define COLONS                                                                                     \
	"70:9E:80:C8:84:87:A2:41:1E:1E:E4:DF:B9:F2:2A:86:14:92:D2:0C:47:65:15:0C:0C:79:4A:BD:70:"  \
	"F8:14:7C"

static const struct {
	const char *keys;
	enum http_failure failure;
	int status;
	const char *body;
	enum read_back_finding finding;
} found[] = {
	{"member = '/a/0/f'", HTTP_OK, 200, "{\"a\":[{\"f\":\"" LEAF_SHA256 "\"}]}",
		READ_BACK_SAME},
	{"member = '/f'", HTTP_OK, 200, "{\"f\":\"" COLONS "\"}", READ_BACK_SAME},
	{"member = '/f'", HTTP_OK, 200, "{\"f\":\"" OTHER_SHA256 "\"}", READ_BACK_OTHER},
	{"member = '/f'", HTTP_OK, 200, "{\"f\":\"" LEAF_SHA256 "0\"}", READ_BACK_UNKNOWN},
	{"member = '/f'", HTTP_OK, 200, "{\"f\":\"abc\"}", READ_BACK_UNKNOWN},
	{"member = '/f'", HTTP_OK, 200, "{\"f\":\"\"}", READ_BACK_ABSENT},
	{"member = '/f'", HTTP_OK, 200, "{\"f\":null}", READ_BACK_UNKNOWN},
	{"member = '/f'", HTTP_OK, 200, "{}", READ_BACK_UNKNOWN},
	{"member = '/f'", HTTP_OK, 200, "<html>", READ_BACK_UNKNOWN},
	{"member = '/f'", HTTP_OK, 404, "{\"f\":\"" LEAF_SHA256 "\"}", READ_BACK_ABSENT},
	{"member = '/f'", HTTP_OK, 410, "", READ_BACK_UNKNOWN},
	{"absent = {410}", HTTP_OK, 410, "", READ_BACK_ABSENT},
	{"absent = {}", HTTP_OK, 404, "", READ_BACK_UNKNOWN},
	{"member = '/f'", HTTP_OK, 500, "{\"f\":\"" LEAF_SHA256 "\"}", READ_BACK_UNKNOWN},
	{"member = '/f'", HTTP_BROKEN, 200, "{\"f\":\"" LEAF_SHA256 "\"}", READ_BACK_UNKNOWN},
	{"", HTTP_OK, 200, " " LEAF_SHA256 "\n", READ_BACK_SAME},
	{"", HTTP_TOO_LARGE, 200, LEAF_SHA256, READ_BACK_UNKNOWN},
	{"as = 'pem'", HTTP_OK, 200, LEAF, READ_BACK_SAME},
	{"as = 'pem'", HTTP_OK, 200, "junk\n" LEAF PEM("AAAD"), READ_BACK_SAME},
	{"as = 'pem'", HTTP_OK, 200, KEY LEAF, READ_BACK_SAME},
	{"as = 'pem'", HTTP_OK, 200, CHAIN, READ_BACK_OTHER},
	{"as = 'pem'", HTTP_OK, 200, "nothing", READ_BACK_UNKNOWN},
	{"as = 'pem-chain'", HTTP_OK, 200, LEAF CHAIN, READ_BACK_SAME},
	{"as = 'pem-chain'", HTTP_OK, 200, LEAF, READ_BACK_OTHER},
	{"as = 'pem-chain'", HTTP_OK, 200, LEAF PEM("AAAC") PEM("AAAB"), READ_BACK_OTHER},
	{"as = 'pem-chain'", HTTP_OK, 200, LEAF CHAIN PEM("AAAD"), READ_BACK_OTHER},
	{"as = 'pem-chain' member = ''", HTTP_OK, 200,
		"\"-----BEGIN CERTIFICATE-----\\nAAAB\\n-----END CERTIFICATE-----\\n\"",
		READ_BACK_OTHER},
	{"as = 'pem' member = ''", HTTP_OK, 200,
		"\"-----BEGIN CERTIFICATE-----\\nAAAA\\n-----END CERTIFICATE-----\\n\"",
		READ_BACK_SAME},
};

static void test_read_back(void **state)
{
	unsigned char fingerprint[32];
	size_t i;

	(void)state;
	assert_true(text_unhex(LEAF_SHA256, fingerprint, sizeof(fingerprint)));
	for (i = 0; i < ARRAY_LENGTH(found); i++) {
		char *text = xasprintf("path = '/x'\nbody = 'pem-bundle'\n"
				       "read-back { path = '/r/{code}?h={fqdn}' %s }\n",
			found[i].keys);
		struct http_answer answer = {
			.failure = found[i].failure, .status = found[i].status};
		struct http_request request;
		struct made made;
		struct error error;

		make(text, &made);
		buffer_append_text(&answer.body, found[i].body);
		if (service_judge_read_back(&made.profile, &answer, fingerprint, &made.material) !=
			found[i].finding)
			fail_msg("case %zu", i);
		made.install.material = NULL;
		assert_true(
			service_build_read_back(&made.profile, &made.install, &request, &error));
		assert_string_equal(request.method, "GET");
		assert_string_equal(request.url,
			"https://svc.example.jp:8443/base/r/c1%3Ag%221?h=www.example.jp");
		http_request_clear(&request);
		http_answer_clear(&answer);
		unmake(&made);
		free(text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_steps),
		cmocka_unit_test(test_bodies),
		cmocka_unit_test(test_pkcs12_template),
		cmocka_unit_test(test_judge_step),
		cmocka_unit_test(test_location_too_long),
		cmocka_unit_test(test_build_follow),
		cmocka_unit_test(test_judge_follow),
		cmocka_unit_test(test_follow_by_status),
		cmocka_unit_test(test_read_back),
	};

	return cmocka_run_group_tests(tests, profile_text_setup, profile_text_teardown);
}
