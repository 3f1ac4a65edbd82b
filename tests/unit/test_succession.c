#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "domain/succession.h"

struct succession_case {
	const char *name;
	struct tenant tenants[3];
	const char *holder; /* NULL: nobody */
};

static const struct succession_case cases[] = {
	{"nobody names it", {{0}}, NULL},
	{"one alone", {{"a", 5, false, false, false}}, "a"},
	{"a free pair goes to the oldest link",
		{{"a", 5, false, false, false}, {"b", 4, false, false, false}}, "b"},
	{"of one age, to the lower code",
		{{"b", 5, false, false, false}, {"a", 5, false, false, false}}, "a"},
	{"of one age, the holder keeps it",
		{{"a", 5, false, false, false}, {"b", 5, true, false, false}}, "b"},
	{"the holder keeps it from a younger link",
		{{"a", 5, true, false, false}, {"b", 6, false, false, false}}, "a"},
	{"an older link takes it where nothing has begun",
		{{"a", 5, true, false, false}, {"b", 4, false, false, false}}, "b"},
	{"what has begun is not displaced",
		{{"b", 4, false, false, false}, {"a", 5, true, true, false}}, "a"},
	{"what another began earlier gives no right",
		{{"a", 5, true, false, false}, {"b", 6, false, true, false}}, "a"},
	{"nor on a free pair", {{"a", 5, false, true, false}, {"b", 4, false, false, false}}, "b"},
	{"what an operator gave is not displaced",
		{{"b", 4, false, true, false}, {"a", 5, true, false, true}}, "a"},
	{"what was given and taken again gives no right",
		{{"b", 4, true, false, false}, {"a", 5, false, false, true}}, "b"},
	{"the oldest of several",
		{{"c", 6, true, false, false}, {"b", 4, false, false, false},
			{"a", 5, false, false, false}},
		"b"},
};

static void test_cases(void **unused)
{
	size_t i;

	(void)unused;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct succession_case *given = &cases[i];
		const char *holder = NULL;
		size_t count = 0, got;

		while (count < 3 && given->tenants[count].contract != NULL)
			count++;
		got = succession_holder(given->tenants, count);
		if (got < count)
			holder = given->tenants[got].contract;
		if ((holder == NULL) != (given->holder == NULL) ||
			(holder != NULL && strcmp(holder, given->holder) != 0))
			fail_msg("%s: got %s, want %s", given->name, holder ? holder : "nobody",
				given->holder ? given->holder : "nobody");
	}
}

#define MANY 5

/* Lets the tenants in one after another, as ORDER says; who holds the pair then. */
static const char *arrive(const struct tenant *all, const size_t *order, size_t count)
{
	struct tenant there[MANY] = {{0}};
	size_t i, j, holder = 0;

	for (i = 0; i < count; i++) {
		there[i] = all[order[i]];
		holder = succession_holder(there, i + 1);
		for (j = 0; j <= i; j++)
			there[j].holds = j == holder;
	}
	return there[holder].contract;
}

static void each_order(const struct tenant *all, size_t *order, size_t at, size_t count,
	const char *want, size_t *seen)
{
	size_t i;

	if (at == count) {
		(*seen)++;
		assert_string_equal(arrive(all, order, count), want);
		return;
	}
	for (i = at; i < count; i++) {
		size_t kept = order[at];

		order[at] = order[i];
		order[i] = kept;
		each_order(all, order, at + 1, count, want, seen);
		order[i] = order[at];
		order[at] = kept;
	}
}

static void test_order_of_arrival_decides_nothing(void **unused)
{
	static const struct tenant all[MANY] = {{"c", 30, false, false, false},
		{"a", 50, false, false, false}, {"e", 10, false, false, false},
		{"b", 40, false, false, false}, {"d", 20, false, false, false}};
	static const char *const oldest[MANY + 1] = {NULL, "c", "c", "e", "e", "e"};
	static const size_t factorial[MANY + 1] = {1, 1, 2, 6, 24, 120};
	size_t count;

	(void)unused;
	for (count = 1; count <= MANY; count++) {
		size_t order[MANY] = {0, 1, 2, 3, 4}, seen = 0;

		each_order(all, order, 0, count, oldest[count], &seen);
		assert_int_equal(seen, factorial[count]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_cases),
		cmocka_unit_test(test_order_of_arrival_decides_nothing)};

	return cmocka_run_group_tests_name("succession", tests, NULL, NULL);
}
