#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/buffer.h"
#include "mock/multipart.h"

#define TYPE "multipart/form-data; boundary=XX"
#define HEAD(name) "Content-Disposition: form-data; name=\"" name "\"\r\n\r\n"

/* A form and what its parts hold, or the sentence that refuses it. */
static const struct {
	const char *type;
	const char *body;
	const char *error; /* NULL: it is good */
	size_t count;
	const char *names[3];
	const char *contents[3];
} forms[] = {
	{TYPE, "--XX\r\n" HEAD("host") "www.example.jp\r\n--XX--\r\n", NULL, 1, {"host"},
		{"www.example.jp"}},
	{"Multipart/Form-Data; charset=utf-8; boundary=\"a b:c\"",
		"--a b:c\r\n" HEAD("host") "x\r\n--a b:c--", NULL, 1, {"host"}, {"x"}},
	{TYPE,
		"--XX\r\ncontent-type: text/plain\r\nCONTENT-DISPOSITION: form-data; "
		"filename=\"f.pem\"; name=key\r\n\r\nline\r\n--X\r\nmore\r\n--XX\r\n" HEAD(
			"empty") "\r\n--XX--",
		NULL, 2, {"key", "empty"}, {"line\r\n--X\r\nmore", ""}},
	/* An empty part whose only line break is that of the headers. */
	{TYPE, "--XX\r\n" HEAD("a") "--XX--", "part 'a' does not end", 0, {0}, {0}},
	{TYPE, "--XX--\r\n", NULL, 0, {0}, {0}},
	{"text/plain", "", "Content-Type is not multipart/form-data", 0, {0}, {0}},
	{NULL, "", "Content-Type is not multipart/form-data", 0, {0}, {0}},
	{"multipart/form-data", "", "Content-Type has no usable boundary", 0, {0}, {0}},
	{"multipart/form-data; boundary=", "", "Content-Type has no usable boundary", 0, {0}, {0}},
	{"multipart/form-data; boundary=\"open", "", "Content-Type has no usable boundary", 0, {0},
		{0}},
	{"multipart/form-data; "
	 "boundary="
	 "01234567890123456789012345678901234567890123456789012345678901234567890",
		"", "Content-Type has no usable boundary", 0, {0}, {0}},
	{TYPE, "", "the body does not begin with its boundary", 0, {0}, {0}},
	{TYPE, "junk--XX\r\n", "the body does not begin with its boundary", 0, {0}, {0}},
	{TYPE, "--XX", "a delimiter line is broken", 0, {0}, {0}},
	{TYPE, "--XXY\r\n", "a delimiter line is broken", 0, {0}, {0}},
	{TYPE, "--XX\r\nContent-Disposition: form-data; name=a\r\n", "a part's headers do not end",
		0, {0}, {0}},
	{TYPE, "--XX\r\nContent-Type: text/plain\r\n\r\nx\r\n--XX--",
		"a part has no Content-Disposition header", 0, {0}, {0}},
	{TYPE, "--XX\r\nContent-Disposition: form-data; name=\"\"\r\n\r\nx\r\n--XX--",
		"a part's Content-Disposition has no usable name", 0, {0}, {0}},
	{TYPE, "--XX\r\nContent-Disposition: form-data; name=\"a\x01\"\r\n\r\nx\r\n--XX--",
		"a part's Content-Disposition has no usable name", 0, {0}, {0}},
	{TYPE, "--XX\r\n" HEAD("a") "x\r\n", "part 'a' does not end", 0, {0}, {0}},
	{TYPE, "--XX\r\n" HEAD("a") "x\r\n--XX\r\n" HEAD("a") "y\r\n--XX--",
		"part 'a' is there twice", 0, {0}, {0}},
};

static void test_forms(void **state)
{
	size_t i, j;

	(void)state;
	for (i = 0; i < ARRAY_LENGTH(forms); i++) {
		size_t length = strlen(forms[i].body);
		/* Of its exact size, so that a sanitizer sees a read past the end. */
		char *body = xmemdup(forms[i].body, length == 0 ? 1 : length);
		struct error error = {0};
		struct multipart form;
		bool good = multipart_parse(forms[i].type, body, length, &form, &error);

		if (forms[i].error == NULL) {
			assert_true(good);
			assert_int_equal(form.count, forms[i].count);
		} else {
			assert_false(good);
			assert_string_equal(error.text, forms[i].error);
			assert_int_equal(error.kind, ERROR_PERMANENT);
		}
		for (j = 0; j < forms[i].count; j++) {
			const struct multipart_part *part =
				multipart_find(&form, forms[i].names[j]);

			assert_non_null(part);
			assert_int_equal(part->length, strlen(forms[i].contents[j]));
			assert_memory_equal(part->data, forms[i].contents[j], part->length);
		}
		free(body);
	}
}

static void test_file_or_field(void **state)
{
	static const char body[] = "--XX\r\nContent-Disposition: form-data; name=a; filename=b\r\n"
				   "\r\nx\r\n--XX\r\n" HEAD("filename") "y\r\n--XX--";
	struct multipart form;

	(void)state;
	assert_true(multipart_parse(TYPE, body, sizeof(body) - 1, &form, NULL));
	assert_true(multipart_find(&form, "a")->has_filename);
	assert_false(multipart_find(&form, "filename")->has_filename);
	assert_null(multipart_find(&form, "b"));
}

/* Every beginning of a good form is refused, none read past its end. */
static void test_cut_forms(void **state)
{
	static const char body[] = "--XX\r\n" HEAD("a") "x\r\n--XX\r\n" HEAD("b") "\r\n--XX--";
	struct multipart form;
	size_t length;

	(void)state;
	for (length = 0; length < sizeof(body) - 1; length++) {
		char *cut = xmemdup(body, length == 0 ? 1 : length);

		assert_false(multipart_parse(TYPE, cut, length, &form, NULL));
		free(cut);
	}
	assert_true(multipart_parse(TYPE, body, sizeof(body) - 1, &form, NULL));
}

static void test_too_many_parts(void **state)
{
	struct buffer body = {0};
	struct multipart form;
	struct error error;
	int i;

	(void)state;
	for (i = 0; i < MULTIPART_PARTS_MAX + 1; i++)
		buffer_printf(
			&body, "--XX\r\nContent-Disposition: form-data; name=n%d\r\n\r\n\r\n", i);
	buffer_append_text(&body, "--XX--");
	assert_false(multipart_parse(TYPE, buffer_text(&body), body.length, &form, &error));
	assert_string_equal(error.text, "the form has more than 16 parts");
	buffer_free(&body);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_forms),
		cmocka_unit_test(test_file_or_field),
		cmocka_unit_test(test_cut_forms),
		cmocka_unit_test(test_too_many_parts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
