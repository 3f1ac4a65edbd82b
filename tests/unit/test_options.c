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
#include "base/buffer.h"
#include "base/file.h"
#include "service/options_private.h"

struct target {
	char *text;
	char *key;
	int number;
};

static void store_list(void *target, const char *value)
{
	(void)target;
	(void)value;
}

static const struct option body[] = {
	{"text", OPTION_TEXT, .multiline = true, .offset = offsetof(struct target, text)},
	{"number", OPTION_NUMBER, .offset = offsetof(struct target, number), .maximum = 9},
	{"list", OPTION_TEXT, .list = true, .store = store_list},
};
static const struct option inner[] = {
	{"key", OPTION_NUMBER, .offset = offsetof(struct target, number), .maximum = 9},
};

static void *open_inner(void *target, const char *title, char why[OPTION_WHY_MAX])
{
	(void)title;
	(void)why;
	return target;
}

static const struct option_section sections[] = {
	{"part", false, inner, ARRAY_LENGTH(inner), NULL, 0, open_inner},
};

static char directory[] = "/tmp/test_options.XXXXXX";

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

static bool open_text(const char *text, struct error *error)
{
	char *path = xasprintf("%s/a.conf", directory);
	struct option_file file = {.path = path,
		.options = body,
		.option_count = ARRAY_LENGTH(body),
		.sections = sections,
		.section_count = ARRAY_LENGTH(sections)};
	bool done;

	assert_true(file_write_atomic(path, text, strlen(text), 0600, error));
	done = options_open(&file, error);
	options_close(&file);
	assert_int_equal(unlink(path), 0);
	free(path);
	return done;
}

/* Each stands before a fault, which is to be told with its own line. */
static const struct {
	const char *text;
	int lines; /* that it takes up */
} before[] = {
	{"", 0},
	{"# why\n", 1},
	{"## why ##\n\n#\n", 3},
	{"// why\n", 1},
	{"//why\n///\n", 2},
	{"/* why */\n", 1},
	{"/* why */ ", 0},
	{"/**/ /* / * */ /***/\n", 1},
	{"/* why\n * and how\n **/\n", 3},
	{"/* \" */ text = 'a'\n", 1},
	{"text = a # why\n", 1},
	{"text = 'a' // why\n", 1},
	{"text = \"a\" /* why\n*/\n", 2},
	{"text = \"# no comment\"\n", 1},
	{"text = '/* no comment'\n", 1},
	{"text = \"a\n# b\nc\" # why\n", 3},
	{"text = 'a\n// b' # why\n", 2},
	{"text = \"a \\\" # b\" # why\n", 1},
	{"text = 'a \\' # b' # why\n", 1},
	{"text = \"a \\\\\" # why\n", 1},
	{"text = \"a \\\n # b\" # why\n", 2},
	{"text = \"${HOME:-\\\"#}\" # why\n", 1},
	{"text = ${HOME:-#} # why\n", 1},
	{"text = http://a//b/ # why\n", 1},
	{"list = { a, # why\n b /* why */, c // why\n}\n", 3},
	{"list = { # why\n}\n", 2},
	{"text # why\n = # why\n a\n", 3},
	{"part a { # why\n # why\n key = 1 # why\n} # why\n", 4},
	{"part a { /* why\n */ } # why\n", 2},
	{"# why\r\n/* why\r\n*/\r\ntext = a # why\r\n// why\r\n", 5},
};

/* OFFSET lines after what stands before. */
static const struct {
	const char *text;
	int offset;
	const char *wanted; /* NULL: it is none */
} faults[] = {
	{"number = x\n", 0, "number: \"x\" is no whole"},
	{"number = x", 0, "number: \"x\" is no whole"},
	{"number = x # why\n", 0, "number: \"x\" is no whole"},
	{"\r\nnumber = x\r\n", 1, "number: \"x\" is no whole"},
	{"# why\nnumer = 1\n", 1, "numer: no such key; did you mean number?"},
	{"number 1\n", 0, "missing equal sign"},
	{"# why\nnumber = } # why\n", 1, "unexpected token '}'"},
	{"part b {\n # why\n key = x # why\n}\n", 2, "key: \"x\" is no whole"},
	{"part b { /* why\n\n*/\n kee = 1\n}\n", 3, "kee: no such key"},
	{"part b { }\n# why\nnumber = x\n", 2, "number: \"x\" is no whole"},
	{"part b { # why\n}\n# why\npart b {\n}\n", 3, "duplicate title"},
	{"part b { # why\n key = 1 # why\n key = 2 }\n", 2, "key: stands twice"},
	{"# why\nnumber = 1\n", 1, NULL},
	{"# why\npart b { # why\n", 1, "the file ends inside a section"},
	{"number = 1 /* why\n# why", 1, "the file ends inside a comment"},
	{"number = 1\n/*", 1, "the file ends inside a comment"},
	{"number = 1\n/*/", 1, "the file ends inside a comment"},
	{"# why\nnumber = \"1\n", 1, "premature end of file"},
	{"# why\nnumber = '1 # why\n", 1, "unterminated string"},
	{"# why\nnumber = '1\\", 1, "unterminated string"},
};

static void check_line(size_t b, size_t f)
{
	char *text = xasprintf("%s%s", before[b].text, faults[f].text);
	char *prefix =
		xasprintf("%s/a.conf:%d: ", directory, before[b].lines + faults[f].offset + 1);
	struct error error = {0};

	if (open_text(text, &error)) {
		if (faults[f].wanted != NULL)
			fail_msg("taken: %s", text);
	} else if (faults[f].wanted == NULL) {
		fail_msg("%s gave: %s", text, error.text);
	} else if (strncmp(error.text, prefix, strlen(prefix)) != 0 ||
		   strstr(error.text, faults[f].wanted) == NULL) {
		fail_msg("%s gave: %s, not: %s%s", text, error.text, prefix, faults[f].wanted);
	}
	free(prefix);
	free(text);
}

static void test_lines(void **state)
{
	size_t b, f;

	(void)state;
	for (b = 0; b < ARRAY_LENGTH(before); b++) {
		for (f = 0; f < ARRAY_LENGTH(faults); f++)
			check_line(b, f);
	}
}

/* What the reader itself finds later has the line of where the key stood. */
static void test_later_lines(void **state)
{
	char *path = xasprintf("%s/a.conf", directory);
	struct option_file file = {.path = path,
		.options = body,
		.option_count = ARRAY_LENGTH(body),
		.sections = sections,
		.section_count = ARRAY_LENGTH(sections)};
	static const char text[] = "# why\n/* why */ number = 1 # why\n"
				   "part a { # why\n// why\n key = 1 }\n";
	struct error error;

	(void)state;
	assert_true(file_write_atomic(path, text, strlen(text), 0600, &error));
	assert_true(options_open(&file, &error));
	assert_false(options_error(&file, NULL, "number", &error, "no"));
	assert_non_null(strstr(error.text, "a.conf:2: number: no"));
	assert_false(options_error(&file, "part a", "key", &error, "no"));
	assert_non_null(strstr(error.text, "a.conf:5: part a: key: no"));
	assert_false(options_error(&file, "part a", "", &error, "no"));
	assert_non_null(strstr(error.text, "a.conf:5: part a: no"));
	options_close(&file);
	assert_int_equal(unlink(path), 0);
	free(path);
}

/* ---- with and without comments a file means the same ---- */

static void say_nothing(cfg_t *cfg, const char *format, va_list arguments)
{
	(void)cfg;
	(void)format;
	(void)arguments;
}

/* All that libconfuse makes of TEXT, to be freed; NULL when it refuses it. */
static char *meaning(char *text)
{
	cfg_opt_t part[] = {CFG_STR("key", NULL, CFGF_NONE), CFG_END()};
	cfg_opt_t rows[] = {CFG_STR("text", NULL, CFGF_NONE), CFG_STR_LIST("list", NULL, CFGF_NONE),
		CFG_SEC("part", part, CFGF_MULTI | CFGF_TITLE), CFG_END()};
	FILE *in = fmemopen(text, strlen(text), "r"), *out;
	cfg_t *cfg = cfg_init(rows, CFGF_NONE);
	char *printed = NULL;
	size_t length;

	assert_non_null(in);
	cfg_set_error_function(cfg, say_nothing);
	if (cfg_parse_fp(cfg, in) == CFG_SUCCESS) {
		out = open_memstream(&printed, &length);
		assert_non_null(out);
		assert_int_equal(cfg_print(cfg, out), CFG_SUCCESS);
		fclose(out);
	}
	fclose(in);
	cfg_free(cfg);
	return printed;
}

static unsigned int dice(unsigned int sides)
{
	static uint64_t state = 20261123;

	state = state * 6364136223846793005u + 1442695040888963407u;
	return (unsigned int)(state >> 33) % sides;
}

/* COUNT of PIECES, as chance has it. */
static void append_some(
	struct buffer *text, const char *const *pieces, size_t piece_count, unsigned int count)
{
	unsigned int i;

	for (i = 0; i < count; i++)
		buffer_append_text(text, pieces[dice((unsigned int)piece_count)]);
}

static const char *const odds[] = {"#", "/", "*", "\"", "'", "\\", "\n", " ", "a", "$", "{", "}",
	"//", "/*", "*/", "${", "=", ",", "\r\n", "x1", "-", ":"};
static const char *const fillers[] = {" ", "\n", "# c\n", "#'\n", "//\"\n", "// c */\n", "/* c */",
	"/*\n# ' */", "/***/", "\t", "\r\n"};
static const char *const values[] = {"a", "\"\"", "''", "\"#a\"", "'// a'", "\"/*\"", "'*/'",
	"\"\\\"#\"", "'\\'#'", "'\\\\'", "\"\\\\\"", "a/b", "a//b", "/a", "a/", "${NO:-#}",
	"\"${NO:-\\\"'#}\"", "\"$\"", "$", "a-b:c"};

static void append_value(struct buffer *text)
{
	/* In quotes, now and then, whatever there is. */
	if (dice(4) == 0) {
		buffer_append_text(text, "\"");
		append_some(text, odds, ARRAY_LENGTH(odds), dice(6));
		buffer_append_text(text, "\"");
	} else {
		buffer_append_text(text, values[dice(ARRAY_LENGTH(values))]);
	}
}

static void append_statement(struct buffer *text)
{
	append_some(text, fillers, ARRAY_LENGTH(fillers), dice(4));
	switch (dice(5)) {
	case 0:
		buffer_append_text(text, "part t {");
		append_some(text, fillers, ARRAY_LENGTH(fillers), dice(3));
		buffer_append_text(text, "key = ");
		append_value(text);
		append_some(text, fillers, ARRAY_LENGTH(fillers), dice(3));
		buffer_append_text(text, "}");
		break;
	case 1:
		buffer_append_text(text, "list = { ");
		append_value(text);
		buffer_append_text(text, ", ");
		append_value(text);
		buffer_append_text(text, "}");
		break;
	case 2:
		append_some(text, odds, ARRAY_LENGTH(odds), dice(2));
		break;
	default:
		buffer_append_text(text, "text = ");
		append_value(text);
		break;
	}
}

static void test_same_meaning(void **state)
{
	unsigned int round, i, taken = 0, blanked = 0;

	(void)state;
	for (round = 0; round < 20000; round++) {
		struct buffer text = {0};
		char *original, *with, *without;

		for (i = dice(5) + 1; i > 0; i--)
			append_statement(&text);
		buffer_append_text(&text, "\n");
		original = xstrdup(buffer_text(&text));
		with = meaning(original);
		options_blank_comments((char *)text.data, text.length);
		without = meaning((char *)text.data);
		taken += with != NULL ? 1 : 0;
		blanked += with != NULL && strcmp(original, buffer_text(&text)) != 0 ? 1 : 0;
		/* What libconfuse takes only without comments has one where it wants none. */
		if (with != NULL && (without == NULL || strcmp(with, without) != 0))
			fail_msg("%s and %s", original, buffer_text(&text));
		free(with);
		free(without);
		free(original);
		buffer_free(&text);
	}
	assert_true(taken > 5000 && blanked > 3000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_later_lines),
		cmocka_unit_test(test_same_meaning),
	};

	return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
