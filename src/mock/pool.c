#include "mock/pool.h"

#include <assert.h>
#include <limits.h>
#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/sha.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "mock/table.h"

struct pool {
	struct table *entries;
};

struct pool *pool_new(void)
{
	struct pool *pool = xcalloc(1, sizeof(*pool));

	pool->entries = table_new();
	return pool;
}

void pool_free(struct pool *pool)
{
	if (pool == NULL)
		return;
	assert(table_count(pool->entries) == 0);
	table_free(pool->entries, NULL, NULL);
	free(pool);
}

int pool_no_passphrase(char *target, int size, int writing, void *context)
{
	(void)target;
	(void)size;
	(void)writing;
	(void)context;
	return -1;
}

static void pool_hash(unsigned char hash[33], const void *data, size_t length, unsigned char kind)
{
	SHA256(data, length, hash);
	hash[32] = kind;
}

static struct pooled *pool_use(struct pool *pool, const unsigned char hash[33])
{
	struct pooled *pooled = table_get(pool->entries, hash, 33);

	if (pooled != NULL)
		pooled->users++;
	return pooled;
}

static struct pooled *pool_add(
	struct pool *pool, const unsigned char hash[33], EVP_PKEY *key, STACK_OF(X509) * chain)
{
	struct pooled *pooled = xcalloc(1, sizeof(*pooled));

	pooled->key = key;
	pooled->chain = chain;
	pooled->users = 1;
	memcpy(pooled->hash, hash, 33);
	table_set(pool->entries, hash, 33, pooled);
	return pooled;
}

struct pooled *pool_key_from_pem(struct pool *pool, const char *text, size_t length)
{
	unsigned char hash[33];
	struct pooled *pooled;
	EVP_PKEY *key;
	BIO *bio;

	pool_hash(hash, text, length, 'k');
	pooled = pool_use(pool, hash);
	if (pooled != NULL || length > INT_MAX)
		return pooled;
	bio = BIO_new_mem_buf(text, (int)length);
	key = PEM_read_bio_PrivateKey(bio, NULL, pool_no_passphrase, NULL);
	BIO_free(bio);
	ERR_clear_error();
	return key == NULL ? NULL : pool_add(pool, hash, key, NULL);
}

static void chain_free(STACK_OF(X509) * chain)
{
	sk_X509_pop_free(chain, X509_free);
}

struct pooled *pool_chain_from_pem(struct pool *pool, const char *text, size_t length)
{
	STACK_OF(X509) *chain = NULL;
	X509 *certificate;
	struct pooled *pooled;
	unsigned char hash[33];
	unsigned long reason;
	BIO *bio;

	pool_hash(hash, text, length, 'c');
	pooled = pool_use(pool, hash);
	if (pooled != NULL || length > INT_MAX)
		return pooled;
	chain = sk_X509_new_null();
	bio = BIO_new_mem_buf(text, (int)length);
	ERR_clear_error();
	while ((certificate = PEM_read_bio_X509(bio, NULL, pool_no_passphrase, NULL)) != NULL)
		sk_X509_push(chain, certificate);
	BIO_free(bio);
	reason = ERR_peek_last_error();
	ERR_clear_error();
	if (ERR_GET_REASON(reason) != PEM_R_NO_START_LINE || sk_X509_num(chain) > POOL_CHAIN_MAX) {
		chain_free(chain);
		return NULL;
	}
	return pool_add(pool, hash, NULL, chain);
}

struct pooled *pool_key_take(struct pool *pool, EVP_PKEY *key)
{
	unsigned char hash[33], *der = NULL;
	struct pooled *pooled;
	int length = i2d_PrivateKey(key, &der);

	if (length <= 0) {
		EVP_PKEY_free(key);
		return NULL;
	}
	pool_hash(hash, der, (size_t)length, 'k');
	OPENSSL_clear_free(der, (size_t)length);
	pooled = pool_use(pool, hash);
	if (pooled == NULL)
		return pool_add(pool, hash, key, NULL);
	EVP_PKEY_free(key);
	return pooled;
}

struct pooled *pool_chain_take(struct pool *pool, STACK_OF(X509) * chain)
{
	unsigned char hash[33], digests[POOL_CHAIN_MAX][32];
	struct pooled *pooled;
	int i, count;

	if (chain == NULL)
		chain = sk_X509_new_null();
	count = sk_X509_num(chain);
	for (i = 0; i < count && i < POOL_CHAIN_MAX; i++)
		X509_digest(sk_X509_value(chain, i), EVP_sha256(), digests[i], NULL);
	if (count > POOL_CHAIN_MAX) {
		chain_free(chain);
		return NULL;
	}
	pool_hash(hash, digests, 32 * (size_t)count, 'c');
	pooled = pool_use(pool, hash);
	if (pooled == NULL)
		return pool_add(pool, hash, NULL, chain);
	chain_free(chain);
	return pooled;
}

void pool_release(struct pool *pool, struct pooled *pooled)
{
	if (pooled == NULL || --pooled->users > 0)
		return;
	table_remove(pool->entries, pooled->hash, 33);
	EVP_PKEY_free(pooled->key);
	chain_free(pooled->chain);
	free(pooled);
}
