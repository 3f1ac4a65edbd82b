#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "domain/catalogue.h"

static const struct {
	const char *id;
	const char *name;
	enum item item;
	bool bring_in, linkable, wildcard;
} items[] = {
	{"sureserver-ev-cloud", "SureServer EV for クラウド", ITEM_SURESERVER_EV_CLOUD, false, true,
		false},
	{"sureserver-cloud", "SureServer for クラウド", ITEM_SURESERVER_CLOUD, false, true, false},
	{"ov-ssl", "企業認証SSL", ITEM_OV_SSL, false, true, false},
	{"ov-ssl-wildcard", "企業認証SSL/ワイルドカードオプション付き", ITEM_OV_SSL_WILDCARD, false,
		true, true},
	{"dv-ssl", "クイック認証SSL", ITEM_DV_SSL, false, true, false},
	{"dv-ssl-wildcard", "クイック認証SSL/ワイルドカードオプション付き", ITEM_DV_SSL_WILDCARD,
		false, true, true},
	{"digicert-cloud", "※クラウド証明書", ITEM_DIGICERT_CLOUD, false, false, false},
	{"bring-in", "持ち込み証明書品目", ITEM_BRING_IN, true, false, false},
	{"jprs-dv", "その他の品目", ITEM_OTHER, false, false, false},
	{"", "その他の品目", ITEM_OTHER, false, false, false},
	{"DV-SSL", "その他の品目", ITEM_OTHER, false, false, false},
	{"dv-ssl ", "その他の品目", ITEM_OTHER, false, false, false},
};

static void test_items(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LENGTH(items); i++) {
		enum item item = item_from_id(items[i].id);

		assert_int_equal(item, items[i].item);
		assert_string_equal(item_name(item), items[i].name);
		assert_int_equal(item_is_bring_in(item), items[i].bring_in);
		assert_int_equal(item_is_linkable(item), items[i].linkable);
		assert_int_equal(item_has_wildcard(item), items[i].wildcard);
	}
}

static const struct {
	const char *id;
	const char *name;
	int business_days;
	bool rsa2048_only;
	enum bring_in_rule bring_in;
	bool takes_digicert_cloud;
} services[] = {
	{"webhg2", "IIJ Webハイグレード2サービス", 1, false, BRING_IN_OPTIONAL, false},
	{"docex", "IIJドキュメントエクスチェンジサービス", 1, false, BRING_IN_OPTIONAL, false},
	{"gio-ca", "IIJ GIOコンテンツアクセラレーションサービス", 1, true, BRING_IN_REQUIRED, true},
	{"cloud-hosting",
		"IIJクラウドWebホスティングサービス/IIJサーバ証明書管理サービス連携オプション", 1,
		false, BRING_IN_OPTIONAL, false},
	{"idgw", "IDゲートウェイサービス", 4, false, BRING_IN_NO, false},
	{"waf", "IIJマネージドWAFサービス/IIJサーバ証明書管理サービス連携オプション", 4, false,
		BRING_IN_REQUIRED, true},
	{"waf-group", "IIJマネージドWAFサービス/保護対象グループ追加オプション", 4, false,
		BRING_IN_REQUIRED, true},
};

static void test_services(void **state)
{
	size_t count, i;
	const struct service_rules *builtin = catalogue_builtin(&count);

	(void)state;
	assert_int_equal(count, ARRAY_LENGTH(services));
	for (i = 0; i < count; i++) {
		assert_string_equal(builtin[i].id, services[i].id);
		assert_string_equal(builtin[i].name, services[i].name);
		assert_int_equal(builtin[i].business_days, services[i].business_days);
		assert_int_equal(builtin[i].opening_minute, 9 * 60);
		assert_int_equal(builtin[i].rsa2048_only, services[i].rsa2048_only);
		assert_int_equal(builtin[i].bring_in, services[i].bring_in);
		assert_int_equal(builtin[i].takes_digicert_cloud, services[i].takes_digicert_cloud);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_items),
		cmocka_unit_test(test_services),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
