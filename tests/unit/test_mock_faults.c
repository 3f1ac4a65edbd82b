#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/alloc.h"
#include "mock/faults.h"

static bool load(struct faults *faults, const char *json, struct error *error)
{
	return faults_load(faults, json, strlen(json), error);
}

static enum fault_kind next_kind(struct faults *faults, enum mock_service service)
{
	const struct fault_rule *rule = faults_next(faults, service);

	return rule == NULL ? FAULT_NONE : rule->kind;
}

static void test_ranges(void **state)
{
	static const char script[] =
		"[{\"service\":\"webhg2\",\"from\":2,\"to\":3,\"fault\":\"status\",\"status\":429,"
		"\"retry_after\":\"2\"},"
		"{\"from\":3,\"to\":null,\"fault\":\"cut\"}]";
	static const enum fault_kind webhg2[] = {
		FAULT_NONE, FAULT_STATUS, FAULT_STATUS, FAULT_CUT, FAULT_CUT};
	static const enum fault_kind docex[] = {FAULT_NONE, FAULT_NONE, FAULT_CUT, FAULT_CUT};
	struct faults *faults = faults_new();
	const struct fault_rule *rule;
	size_t i;

	(void)state;
	assert_int_equal(next_kind(faults, MOCK_WEBHG2), FAULT_NONE);
	assert_true(load(faults, script, NULL));
	/* Loading counts from 1 again; each service counts for itself. */
	for (i = 0; i < ARRAY_LENGTH(webhg2); i++)
		assert_int_equal(next_kind(faults, MOCK_WEBHG2), webhg2[i]);
	for (i = 0; i < ARRAY_LENGTH(docex); i++)
		assert_int_equal(next_kind(faults, MOCK_DOCEX), docex[i]);
	assert_true(load(faults, script, NULL));
	faults_next(faults, MOCK_WEBHG2);
	rule = faults_next(faults, MOCK_WEBHG2);
	assert_int_equal(rule->status, 429);
	assert_string_equal(rule->retry_after, "2");
	assert_false(rule->effect);
	faults_clear(faults);
	assert_int_equal(next_kind(faults, MOCK_WEBHG2), FAULT_NONE);
	faults_free(faults);
}

static void test_effect(void **state)
{
	static const struct {
		const char *script;
		bool effect;
	} cases[] = {
		{"[{\"fault\":\"status\"}]", false},
		{"[{\"fault\":\"status\",\"effect\":true}]", true},
		{"[{\"fault\":\"reset-before\"}]", false},
		{"[{\"fault\":\"reset-after\"}]", true},
		{"[{\"fault\":\"delay\"}]", true},
		{"[{\"fault\":\"cut\"}]", true},
		{"[{\"fault\":\"cut\",\"effect\":false}]", false},
		{"[{\"fault\":\"garbage\"}]", false},
		{"[{\"fault\":\"edge-old\"}]", true},
		{"[{\"fault\":\"file\",\"path\":\"x\"}]", true},
	};
	struct faults *faults = faults_new();
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LENGTH(cases); i++) {
		assert_true(load(faults, cases[i].script, NULL));
		assert_int_equal(faults_next(faults, MOCK_WAF)->effect, cases[i].effect);
	}
	faults_free(faults);
}

static void test_refused_scripts(void **state)
{
	static const struct {
		const char *script;
		const char *error;
	} cases[] = {
		{"", "a fault script is JSON"},
		{"[{", "a fault script is JSON"},
		{"\"x\"", "a fault script is a list of rules"},
		{"{\"seed\":1}", "a fault script is a list of rules"},
		{"[1]", "rules[0]: not an object"},
		{"[{\"fault\":\"cut\"},{}]", "rules[1]: fault: '' is none"},
		{"[{\"fault\":\"nonsense\"}]", "rules[0]: fault: 'nonsense' is none"},
		{"[{\"fault\":\"none\"}]", "rules[0]: fault: 'none' is none"},
		{"[{\"fault\":7}]", "rules[0]: fault: not a string"},
		{"[{\"fault\":\"cut\",\"service\":\"mail\"}]",
			"rules[0]: service: 'mail' is none of the mocked"},
		{"[{\"fault\":\"cut\",\"form\":1}]", "rules[0]: form: no key of a fault rule"},
		{"[{\"fault\":\"cut\",\"request\":\"both\"}]",
			"rules[0]: request: 'both' is neither install nor query"},
		{"[{\"fault\":\"cut\",\"from\":0}]",
			"rules[0]: from: not a whole number from 1 to 9223372036854775807"},
		{"[{\"fault\":\"cut\",\"from\":1.5}]",
			"rules[0]: from: not a whole number from 1 to 9223372036854775807"},
		{"[{\"fault\":\"status\",\"status\":600}]",
			"rules[0]: status: not a whole number from 200 to 599"},
		{"[{\"fault\":\"cut\",\"probability\":1.5}]",
			"rules[0]: probability: not a number from 0 to 1"},
		{"[{\"fault\":\"cut\",\"effect\":\"yes\"}]", "rules[0]: effect: not true or false"},
		{"[{\"fault\":\"redirect\",\"location\":\"a\\r\\nb\"}]",
			"rules[0]: location: too long, or not plain text"},
	};
	struct faults *faults = faults_new();
	size_t i;

	(void)state;
	assert_true(load(faults, "[{\"fault\":\"stall\"}]", NULL));
	for (i = 0; i < ARRAY_LENGTH(cases); i++) {
		struct error error = {0};

		assert_false(load(faults, cases[i].script, &error));
		assert_string_equal(error.text, cases[i].error);
		/* The old rules stay. */
		assert_int_equal(next_kind(faults, MOCK_IDGW), FAULT_STALL);
	}
	faults_free(faults);
}

/* Installs and queries are counted, and matched, apart. */
static void test_queries(void **state)
{
	struct faults *faults = faults_new();
	const struct fault_rule *rule;

	(void)state;
	assert_true(load(faults,
		"[{\"fault\":\"cut\",\"from\":2},"
		"{\"fault\":\"stall\",\"request\":\"query\",\"from\":2,\"to\":2}]",
		NULL));
	assert_int_equal(next_kind(faults, MOCK_IDGW), FAULT_NONE);
	assert_null(faults_next_query(faults, MOCK_IDGW));
	assert_int_equal(next_kind(faults, MOCK_IDGW), FAULT_CUT);
	rule = faults_next_query(faults, MOCK_IDGW);
	assert_non_null(rule);
	assert_int_equal(rule->kind, FAULT_STALL);
	assert_null(faults_next_query(faults, MOCK_IDGW));
	faults_free(faults);
}

/* Draws are about as many as asked for, the same for the same seed, and others for another. */
static void test_probability(void **state)
{
	static const char *const scripts[] = {
		"{\"seed\":1,\"rules\":[{\"fault\":\"cut\",\"probability\":0.25}]}",
		"{\"seed\":1,\"rules\":[{\"fault\":\"cut\",\"probability\":0.25}]}",
		"{\"seed\":2,\"rules\":[{\"fault\":\"cut\",\"probability\":0.25}]}",
	};
	struct faults *faults = faults_new();
	bool drawn[3][1000];
	int counts[3] = {0};
	size_t i, j;

	(void)state;
	for (i = 0; i < 3; i++) {
		assert_true(load(faults, scripts[i], NULL));
		for (j = 0; j < 1000; j++) {
			drawn[i][j] = next_kind(faults, MOCK_WEBHG2) == FAULT_CUT;
			counts[i] += drawn[i][j];
		}
		assert_in_range(counts[i], 200, 300);
	}
	assert_memory_equal(drawn[0], drawn[1], sizeof(drawn[0]));
	assert_memory_not_equal(drawn[0], drawn[2], sizeof(drawn[0]));
	assert_true(load(faults, "[{\"fault\":\"cut\",\"probability\":0}]", NULL));
	assert_int_equal(next_kind(faults, MOCK_WEBHG2), FAULT_NONE);
	faults_free(faults);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ranges),
		cmocka_unit_test(test_effect),
		cmocka_unit_test(test_refused_scripts),
		cmocka_unit_test(test_queries),
		cmocka_unit_test(test_probability),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
