#include "domain/catalogue.h"

#include <string.h>

#include "base/alloc.h"

static const struct {
	const char *id;
	const char *name;
	bool linkable;
	bool wildcard;
} items[] = {
	[ITEM_SURESERVER_EV_CLOUD] = {"sureserver-ev-cloud", "SureServer EV for クラウド", true,
		false},
	[ITEM_SURESERVER_CLOUD] = {"sureserver-cloud", "SureServer for クラウド", true, false},
	[ITEM_OV_SSL] = {"ov-ssl", "企業認証SSL", true, false},
	[ITEM_OV_SSL_WILDCARD] = {"ov-ssl-wildcard", "企業認証SSL/ワイルドカードオプション付き",
		true, true},
	[ITEM_DV_SSL] = {"dv-ssl", "クイック認証SSL", true, false},
	[ITEM_DV_SSL_WILDCARD] = {"dv-ssl-wildcard", "クイック認証SSL/ワイルドカードオプション付き",
		true, true},
	[ITEM_DIGICERT_CLOUD] = {"digicert-cloud", "※クラウド証明書", false, false},
	[ITEM_BRING_IN] = {"bring-in", "持ち込み証明書品目", false, false},
	[ITEM_OTHER] = {NULL, "その他の品目", false, false},
};

enum item item_from_id(const char *id)
{
	size_t i;

	for (i = 0; i < ITEM_OTHER; i++) {
		if (strcmp(items[i].id, id) == 0)
			return (enum item)i;
	}
	return ITEM_OTHER;
}

const char *item_name(enum item item)
{
	return items[item].name;
}

bool item_is_bring_in(enum item item)
{
	return item == ITEM_BRING_IN;
}

bool item_is_linkable(enum item item)
{
	return items[item].linkable;
}

bool item_has_wildcard(enum item item)
{
	return items[item].wildcard;
}

/* 09:00, the opening hour of rule 13. */
#define OPENING_MINUTE 540

/* "約1営業日後", and for some services "さらにその数営業日後": one, and several, which is 3. */
#define DAYS_ONE 1
#define DAYS_SEVERAL_MORE (DAYS_ONE + 3)

/* Fields of struct service_rules are char *, since a profile's are read from a file. */
#define TEXT(literal)                                                                              \
	(char[])                                                                                   \
	{                                                                                          \
		literal                                                                            \
	}

static const struct service_rules builtin[] = {
	{.id = TEXT("webhg2"),
		.name = TEXT("IIJ Webハイグレード2サービス"),
		.business_days = DAYS_ONE,
		.opening_minute = OPENING_MINUTE,
		.bring_in = BRING_IN_OPTIONAL},
	{.id = TEXT("docex"),
		.name = TEXT("IIJドキュメントエクスチェンジサービス"),
		.business_days = DAYS_ONE,
		.opening_minute = OPENING_MINUTE,
		.bring_in = BRING_IN_OPTIONAL},
	{.id = TEXT("gio-ca"),
		.name = TEXT("IIJ GIOコンテンツアクセラレーションサービス"),
		.business_days = DAYS_ONE,
		.opening_minute = OPENING_MINUTE,
		.rsa2048_only = true,
		.bring_in = BRING_IN_REQUIRED,
		.takes_digicert_cloud = true},
	{.id = TEXT("cloud-hosting"),
		.name = TEXT("IIJクラウドWebホスティングサービス/"
			     "IIJサーバ証明書管理サービス連携オプション"),
		.business_days = DAYS_ONE,
		.opening_minute = OPENING_MINUTE,
		.bring_in = BRING_IN_OPTIONAL},
	{.id = TEXT("idgw"),
		.name = TEXT("IDゲートウェイサービス"),
		.business_days = DAYS_SEVERAL_MORE,
		.opening_minute = OPENING_MINUTE,
		.bring_in = BRING_IN_NO},
	{.id = TEXT("waf"),
		.name = TEXT("IIJマネージドWAFサービス/IIJサーバ証明書管理サービス連携オプション"),
		.business_days = DAYS_SEVERAL_MORE,
		.opening_minute = OPENING_MINUTE,
		.bring_in = BRING_IN_REQUIRED,
		.takes_digicert_cloud = true},
	{.id = TEXT("waf-group"),
		.name = TEXT("IIJマネージドWAFサービス/保護対象グループ追加オプション"),
		.business_days = DAYS_SEVERAL_MORE,
		.opening_minute = OPENING_MINUTE,
		.bring_in = BRING_IN_REQUIRED,
		.takes_digicert_cloud = true},
};

const struct service_rules *catalogue_builtin(size_t *count)
{
	*count = ARRAY_LENGTH(builtin);
	return builtin;
}
