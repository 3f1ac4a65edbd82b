#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "mock/route.h"
#include "mock/table.h"

static const struct {
	const char *method;
	const char *path;
	enum route_operation operation;
	enum mock_service service;
	const char *code;
	const char *fqdn;
	const char *id;
} routes[] = {
	{"POST", "/webhg2/whg1/certificates", ROUTE_INSTALL, MOCK_WEBHG2, "whg1", "", ""},
	{"GET", "/webhg2/whg1/certificates", ROUTE_SHOW, MOCK_WEBHG2, "whg1", "", ""},
	{"PUT", "/webhg2/whg1/certificates", ROUTE_METHOD, MOCK_WEBHG2, NULL, NULL, NULL},
	{"PUT", "/docex/d/hosts/WWW.example.jp/certificate", ROUTE_INSTALL, MOCK_DOCEX, "d",
		"www.example.jp", ""},
	{"PUT", "/cloud-hosting/c%201/%2a.example.jp", ROUTE_INSTALL, MOCK_CLOUD_HOSTING, "c 1",
		"*.example.jp", ""},
	{"GET", "/gio-ca/g/certificates/a.jp/status", ROUTE_STATUS, MOCK_GIO_CA, "g", "a.jp", ""},
	{"GET", "/idgw/i/certificate-requests/req-1", ROUTE_REQUEST, MOCK_IDGW, "i", "", "req-1"},
	{"PUT", "/waf/w/certificates/a.jp", ROUTE_INSTALL, MOCK_WAF, "w", "a.jp", ""},
	{"PUT", "/waf/w/groups/g/certificates/a.jp", ROUTE_INSTALL, MOCK_WAF_GROUP, "w:g", "a.jp",
		""},
	{"GET", "/", ROUTE_NONE, MOCK_WEBHG2, NULL, NULL, NULL},
	{"GET", "", ROUTE_NONE, MOCK_WEBHG2, NULL, NULL, NULL},
	{"POST", "/webhg2//certificates", ROUTE_NONE, MOCK_WEBHG2, NULL, NULL, NULL},
	{"POST", "/webhg2/whg1/certificates/", ROUTE_NONE, MOCK_WEBHG2, NULL, NULL, NULL},
	{"POST", "/webhg2x/whg1/certificates", ROUTE_NONE, MOCK_WEBHG2, NULL, NULL, NULL},
	{"POST", "/webhg/whg1/certificates", ROUTE_NONE, MOCK_WEBHG2, NULL, NULL, NULL},
	{"POST", "/webhg2/a%2fb/certificates", ROUTE_NONE, MOCK_WEBHG2, NULL, NULL, NULL},
	{"POST", "/webhg2/a%00b/certificates", ROUTE_NONE, MOCK_WEBHG2, NULL, NULL, NULL},
	{"POST", "/webhg2/a%1bb/certificates", ROUTE_NONE, MOCK_WEBHG2, NULL, NULL, NULL},
};

static void test_routes(void **state)
{
	struct route route;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LENGTH(routes); i++) {
		route_parse(routes[i].method, routes[i].path, &route);
		assert_int_equal(route.operation, routes[i].operation);
		if (routes[i].code == NULL)
			continue;
		assert_int_equal(route.service, routes[i].service);
		assert_string_equal(route.code, routes[i].code);
		assert_string_equal(route.fqdn, routes[i].fqdn);
		assert_string_equal(route.id, routes[i].id);
	}
}

static void free_count(void *context, void *value)
{
	(*(size_t *)context)++;
	free(value);
}

/* Enough entries to grow it some times; keys that are beginnings of others. */
static void test_table(void **state)
{
	struct table *table = table_new();
	size_t i, freed = 0;
	char key[32];
	int length;

	(void)state;
	for (i = 0; i < 1000; i++) {
		length = snprintf(key, sizeof(key), "%zu", i);
		assert_null(table_set(table, key, (size_t)length, xmemdup(&i, sizeof(i))));
	}
	assert_int_equal(table_count(table), 1000);
	for (i = 0; i < 1000; i++) {
		length = snprintf(key, sizeof(key), "%zu", i);
		assert_int_equal(*(size_t *)table_get(table, key, (size_t)length), i);
	}
	free(table_set(table, "7", 1, xmemdup(&freed, sizeof(freed))));
	assert_int_equal(*(size_t *)table_get(table, "7", 1), 0);
	assert_int_equal(table_count(table), 1000);
	free(table_remove(table, "7", 1));
	assert_null(table_get(table, "7", 1));
	assert_null(table_remove(table, "7", 1));
	assert_non_null(table_get(table, "77", 2));
	table_free(table, free_count, &freed);
	assert_int_equal(freed, 999);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_routes),
		cmocka_unit_test(test_table),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
