#include "pki/seal.h"

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "pki/seal_private.h"

/* The sealed form: version, nonce, tag, then the ciphertext. */
#define VERSION 1
#define NONCE_SIZE 12
#define TAG_SIZE 16
#define NONCE_AT 1
#define TAG_AT (NONCE_AT + NONCE_SIZE)
#define TEXT_AT (TAG_AT + TAG_SIZE)
#define PLAIN_MAX ((size_t)64 * 1024 * 1024)

static const char purpose[] = "certinstalld sealed material";

/* What is authenticated beside the text: all that decides what it is and for which certificate. */
struct binding {
	unsigned char purpose[sizeof(purpose) - 1];
	unsigned char version;
	char key_id[SEAL_KEY_ID_MAX - 1];
	unsigned char fingerprint[FINGERPRINT_SIZE];
};

static void bind_to(struct binding *binding, const struct seal_key *key,
	const unsigned char fingerprint[FINGERPRINT_SIZE])
{
	memcpy(binding->purpose, purpose, sizeof(binding->purpose));
	binding->version = VERSION;
	memcpy(binding->key_id, key->id, sizeof(binding->key_id));
	memcpy(binding->fingerprint, fingerprint, FINGERPRINT_SIZE);
}

static void append_part(struct buffer *plain, const struct buffer *part)
{
	unsigned char length[4] = {(unsigned char)(part->length >> 24),
		(unsigned char)(part->length >> 16), (unsigned char)(part->length >> 8),
		(unsigned char)part->length};

	buffer_append(plain, length, sizeof(length));
	buffer_append(plain, part->data, part->length);
}

static bool take_part(const struct buffer *plain, size_t *at, struct buffer *part)
{
	const unsigned char *data = plain->data + *at;
	size_t length;

	if (plain->length - *at < 4)
		return false;
	length = (size_t)data[0] << 24 | (size_t)data[1] << 16 | (size_t)data[2] << 8 | data[3];
	*at += 4;
	if (plain->length - *at < length)
		return false;
	buffer_append(part, data + 4, length);
	*at += length;
	return true;
}

void seal_material(const struct keyring *keyring, const struct material *material,
	const unsigned char fingerprint[FINGERPRINT_SIZE], struct buffer *sealed)
{
	EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
	struct buffer plain = {0};
	struct binding binding;
	unsigned char *out;
	int written, ignored;

	buffer_reserve(&plain, material->leaf_pem.length + material->chain_pem.length +
				       material->key_pem.length + 12);
	append_part(&plain, &material->leaf_pem);
	append_part(&plain, &material->chain_pem);
	append_part(&plain, &material->key_pem);
	if (plain.length > PLAIN_MAX)
		abort();
	bind_to(&binding, &keyring->keys[0], fingerprint);
	buffer_reserve(sealed, TEXT_AT + plain.length);
	out = sealed->data + sealed->length;
	out[0] = VERSION;
	pki_random(out + NONCE_AT, NONCE_SIZE);
	/* None of these fails but for want of memory or a broken OpenSSL. */
	if (context == NULL ||
		EVP_EncryptInit_ex2(context, keyring->cipher, keyring->keys[0].key, out + NONCE_AT,
			NULL) != 1 ||
		EVP_EncryptUpdate(context, NULL, &ignored, (const unsigned char *)&binding,
			(int)sizeof(binding)) != 1 ||
		EVP_EncryptUpdate(
			context, out + TEXT_AT, &written, plain.data, (int)plain.length) != 1 ||
		EVP_EncryptFinal_ex(context, out + TEXT_AT + written, &ignored) != 1 ||
		EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, TAG_SIZE, out + TAG_AT) != 1)
		abort();
	sealed->length += TEXT_AT + plain.length;
	sealed->data[sealed->length] = '\0';
	EVP_CIPHER_CTX_free(context);
	buffer_free(&plain);
}

static const struct seal_key *find_key(const struct keyring *keyring, const char *key_id)
{
	size_t i;

	for (i = 0; i < keyring->count; i++) {
		if (strcmp(keyring->keys[i].id, key_id) == 0)
			return &keyring->keys[i];
	}
	return NULL;
}

static bool decrypt(const struct keyring *keyring, const struct seal_key *key,
	const unsigned char *sealed, size_t length,
	const unsigned char fingerprint[FINGERPRINT_SIZE], struct buffer *plain)
{
	EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
	unsigned char tag[TAG_SIZE];
	struct binding binding;
	int written = 0, ignored;
	bool fine;

	bind_to(&binding, key, fingerprint);
	memcpy(tag, sealed + TAG_AT, TAG_SIZE);
	buffer_reserve(plain, length - TEXT_AT);
	fine = context != NULL &&
	       EVP_DecryptInit_ex2(context, keyring->cipher, key->key, sealed + NONCE_AT, NULL) ==
		       1 &&
	       EVP_DecryptUpdate(context, NULL, &ignored, (const unsigned char *)&binding,
		       (int)sizeof(binding)) == 1 &&
	       EVP_DecryptUpdate(context, plain->data, &written, sealed + TEXT_AT,
		       (int)(length - TEXT_AT)) == 1 &&
	       EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, TAG_SIZE, tag) == 1 &&
	       EVP_DecryptFinal_ex(context, plain->data + written, &ignored) == 1;
	EVP_CIPHER_CTX_free(context);
	ERR_clear_error();
	if (fine)
		plain->length = length - TEXT_AT;
	return fine;
}

bool open_material(const struct keyring *keyring, const char *key_id, const void *sealed,
	size_t length, const unsigned char fingerprint[FINGERPRINT_SIZE], struct material *material,
	struct error *error)
{
	const struct seal_key *key = find_key(keyring, key_id);
	const unsigned char *data = sealed;
	struct buffer plain = {0};
	char name[SEAL_KEY_ID_MAX];
	size_t at = 0;
	bool fine;

	*material = (struct material){0};
	if (key == NULL) {
		text_sanitise(name, sizeof(name), key_id, strlen(key_id));
		return error_set(error, ERROR_INTERNAL,
			"the certificate's key was sealed under the sealing key %s, which is not "
			"configured; name its file among the older sealing keys",
			name);
	}
	if (length <= TEXT_AT || length - TEXT_AT > PLAIN_MAX || data[0] != VERSION)
		return error_set(error, ERROR_INTERNAL,
			"a sealed key in the store is cut short or of an unknown version; restore "
			"the store or send the contract again");
	fine = decrypt(keyring, key, data, length, fingerprint, &plain);
	if (fine)
		fine = take_part(&plain, &at, &material->leaf_pem) &&
		       take_part(&plain, &at, &material->chain_pem) &&
		       take_part(&plain, &at, &material->key_pem) && at == plain.length;
	buffer_free(&plain);
	if (fine)
		return true;
	material_clear(material);
	return error_set(error, ERROR_INTERNAL,
		"a sealed key in the store does not authenticate under the sealing key %s: the "
		"store was altered or is damaged; restore it or send the contract again",
		key->id);
}
