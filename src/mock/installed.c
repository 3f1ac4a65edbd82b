#include "mock/installed.h"

#include <openssl/asn1.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/alloc.h"
#include "mock/table.h"

struct installed_slot {
	struct installed_version latest;
	struct installed_version
		older; /* served until the latest is live; empty when der is NULL */
	struct installed_spread spread;
};

struct installed {
	struct pool *pool;
	struct table *by_code; /* owns the slots */
	struct table *by_name; /* what the edge looks up: the slot that was installed last */
};

#define KEY_MAX 1024

/* The parts behind one another, each with its NUL, so that no two names share a key. */
static size_t key_make(
	char key[KEY_MAX], enum mock_service service, const char *code, const char *fqdn)
{
	size_t length = 0, size;
	const char *parts[2] = {code, fqdn};
	int i;

	key[length++] = (char)service;
	for (i = 0; i < 2; i++) {
		size = strnlen(parts[i], KEY_MAX / 2 - 2);
		memcpy(key + length, parts[i], size);
		length += size;
		key[length++] = '\0';
	}
	return length;
}

struct installed *installed_new(struct pool *pool)
{
	struct installed *installed = xcalloc(1, sizeof(*installed));

	installed->pool = pool;
	installed->by_code = table_new();
	installed->by_name = table_new();
	return installed;
}

static void version_clear(struct pool *pool, struct installed_version *version)
{
	free(version->der);
	pool_release(pool, version->chain);
	pool_release(pool, version->key);
	memset(version, 0, sizeof(*version));
}

static void slot_free(void *context, void *value)
{
	struct installed_slot *slot = value;

	version_clear(context, &slot->latest);
	version_clear(context, &slot->older);
	free(slot);
}

void installed_free(struct installed *installed)
{
	if (installed == NULL)
		return;
	table_free(installed->by_name, NULL, NULL);
	table_free(installed->by_code, slot_free, installed->pool);
	free(installed);
}

static int64_t certificate_not_after(const X509 *certificate)
{
	struct tm broken;

	if (ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &broken) != 1)
		return 0;
	return (int64_t)timegm(&broken) * 1000;
}

static void version_from_bundle(
	struct installed_version *version, struct bundle *bundle, int64_t now_ms)
{
	unsigned char *der = NULL;
	int length = i2d_X509(bundle->leaf, &der);

	version->der = xmemdup(der, length < 0 ? 0 : (size_t)length);
	version->der_length = length < 0 ? 0 : (size_t)length;
	OPENSSL_free(der);
	version->chain = bundle->chain;
	version->key = bundle->key;
	memcpy(version->fingerprint, bundle->fingerprint, sizeof(version->fingerprint));
	version->not_after_ms = certificate_not_after(bundle->leaf);
	version->installed_at_ms = now_ms;
	X509_free(bundle->leaf);
	memset(bundle, 0, sizeof(*bundle));
}

/* Forgets the older version once the latest is live. */
static void slot_settle(struct pool *pool, struct installed_slot *slot, int64_t now_ms)
{
	if (slot->older.der != NULL && now_ms >= slot->spread.live_at_ms)
		version_clear(pool, &slot->older);
}

bool installed_put(struct installed *installed, enum mock_service service, const char *code,
	const char *fqdn, struct bundle *bundle, int64_t now_ms,
	const struct installed_spread *spread)
{
	char key[KEY_MAX];
	size_t length = key_make(key, service, code, fqdn);
	struct installed_slot *slot = table_get(installed->by_code, key, length);
	bool first = slot == NULL;

	if (first) {
		slot = xcalloc(1, sizeof(*slot));
		table_set(installed->by_code, key, length, slot);
	} else if (now_ms < slot->spread.live_at_ms) {
		/* It was overtaken before it came to be served: what is served stays. */
		version_clear(installed->pool, &slot->latest);
	} else {
		version_clear(installed->pool, &slot->older);
		slot->older = slot->latest;
	}
	version_from_bundle(&slot->latest, bundle, now_ms);
	slot->spread = *spread;
	slot_settle(installed->pool, slot, now_ms);
	length = key_make(key, service, "", fqdn);
	table_set(installed->by_name, key, length, slot);
	return first;
}

const struct installed_version *installed_find(const struct installed *installed,
	enum mock_service service, const char *code, const char *fqdn, int64_t now_ms, bool *live)
{
	char key[KEY_MAX];
	size_t length = key_make(key, service, code, fqdn);
	const struct installed_slot *slot = table_get(installed->by_code, key, length);

	if (slot == NULL)
		return NULL;
	if (live != NULL)
		*live = now_ms >= slot->spread.live_at_ms;
	return &slot->latest;
}

const struct installed_version *installed_served(struct installed *installed,
	enum mock_service service, const char *name, int64_t now_ms, bool *wrong)
{
	char key[KEY_MAX], wildcard[KEY_MAX / 2];
	const char *dot = strchr(name, '.');
	struct installed_slot *slot;
	size_t length;

	length = key_make(key, service, "", name);
	slot = table_get(installed->by_name, key, length);
	if (slot == NULL && dot != NULL && strlen(dot) < sizeof(wildcard) - 1) {
		wildcard[0] = '*';
		memcpy(wildcard + 1, dot, strlen(dot) + 1);
		length = key_make(key, service, "", wildcard);
		slot = table_get(installed->by_name, key, length);
	}
	if (slot == NULL)
		return NULL;
	slot_settle(installed->pool, slot, now_ms);
	*wrong = slot->spread.wrong && now_ms >= slot->spread.live_at_ms;
	if (now_ms >= slot->spread.live_at_ms)
		return &slot->latest;
	return slot->older.der == NULL ? NULL : &slot->older;
}

size_t installed_count(const struct installed *installed)
{
	return table_count(installed->by_code);
}
