#include "pki/seal.h"

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "pki/seal_private.h"

/*
 * The sealed form: version, the length of what is open and that (leaf and chain, which anybody may
 * read), nonce, tag, then the ciphertext of the key. In version 1, which is still opened, nothing
 * is open: leaf, chain and key are all in the ciphertext.
 */
#define VERSION_ALL 1
#define VERSION 2
#define LENGTH_SIZE 4
#define NONCE_SIZE 12
#define TAG_SIZE 16
#define PLAIN_MAX ((size_t)64 * 1024 * 1024)

static const char purpose[] = "certinstalld sealed material";

/* What is authenticated beside the text: all that decides what it is and for which certificate. */
struct binding {
	unsigned char purpose[sizeof(purpose) - 1];
	unsigned char version;
	char key_id[SEAL_KEY_ID_MAX - 1];
	unsigned char fingerprint[FINGERPRINT_SIZE];
};

static void bind_to(struct binding *binding, unsigned char version, const struct seal_key *key,
	const unsigned char fingerprint[FINGERPRINT_SIZE])
{
	memcpy(binding->purpose, purpose, sizeof(binding->purpose));
	binding->version = version;
	memcpy(binding->key_id, key->id, sizeof(binding->key_id));
	memcpy(binding->fingerprint, fingerprint, FINGERPRINT_SIZE);
}

static void append_length(struct buffer *buffer, size_t length)
{
	unsigned char bytes[LENGTH_SIZE] = {(unsigned char)(length >> 24),
		(unsigned char)(length >> 16), (unsigned char)(length >> 8), (unsigned char)length};

	buffer_append(buffer, bytes, sizeof(bytes));
}

static size_t read_length(const unsigned char bytes[LENGTH_SIZE])
{
	return (size_t)bytes[0] << 24 | (size_t)bytes[1] << 16 | (size_t)bytes[2] << 8 | bytes[3];
}

static void append_part(struct buffer *to, const struct buffer *part)
{
	append_length(to, part->length);
	buffer_append(to, part->data, part->length);
}

/* A part at *AT of what is DATA up to END. */
static bool take_part(const unsigned char *data, size_t end, size_t *at, struct buffer *part)
{
	size_t length;

	if (end - *at < LENGTH_SIZE)
		return false;
	length = read_length(data + *at);
	*at += LENGTH_SIZE;
	if (end - *at < length)
		return false;
	buffer_append(part, data + *at, length);
	*at += length;
	return true;
}

/* Where things are in what is sealed. */
struct form {
	unsigned char version;
	size_t open_length; /* all before the nonce that is authenticated */
	size_t nonce_at, tag_at, text_at;
};

static bool read_form(const unsigned char *data, size_t length, struct form *form)
{
	size_t open = 0;

	if (length < 1 || length > PLAIN_MAX || (data[0] != VERSION && data[0] != VERSION_ALL))
		return false;
	*form = (struct form){.version = data[0]};
	if (data[0] == VERSION) {
		if (length < 1 + LENGTH_SIZE)
			return false;
		open = read_length(data + 1);
		if (open > length - 1 - LENGTH_SIZE)
			return false;
		form->open_length = 1 + LENGTH_SIZE + open;
	}
	form->nonce_at = data[0] == VERSION ? form->open_length : 1;
	form->tag_at = form->nonce_at + NONCE_SIZE;
	form->text_at = form->tag_at + TAG_SIZE;
	return length >= form->text_at;
}

size_t seal_open_length(const void *sealed, size_t length)
{
	struct form form;

	return read_form(sealed, length, &form) ? form.open_length : 0;
}

/* Version and what is open, appended to SEALED. */
static void append_open(const struct material *material, struct buffer *sealed)
{
	unsigned char version = VERSION;

	buffer_append(sealed, &version, 1);
	append_length(sealed,
		(size_t)2 * LENGTH_SIZE + material->leaf_pem.length + material->chain_pem.length);
	append_part(sealed, &material->leaf_pem);
	append_part(sealed, &material->chain_pem);
}

void seal_material(const struct keyring *keyring, const struct material *material,
	const unsigned char fingerprint[FINGERPRINT_SIZE], struct buffer *sealed)
{
	EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
	const struct buffer *key = &material->key_pem;
	size_t start = sealed->length, open_length;
	struct binding binding;
	unsigned char *out;
	int written = 0, ignored;

	if (material->leaf_pem.length + material->chain_pem.length + key->length > PLAIN_MAX / 2)
		abort();
	append_open(material, sealed);
	open_length = sealed->length - start;
	bind_to(&binding, VERSION, &keyring->keys[0], fingerprint);
	buffer_reserve(sealed, NONCE_SIZE + TAG_SIZE + key->length);
	out = sealed->data + sealed->length;
	pki_random(out, NONCE_SIZE);
	/* None of these fails but for want of memory or a broken OpenSSL. */
	if (context == NULL ||
		EVP_EncryptInit_ex2(context, keyring->cipher, keyring->keys[0].key, out, NULL) !=
			1 ||
		EVP_EncryptUpdate(context, NULL, &ignored, (const unsigned char *)&binding,
			(int)sizeof(binding)) != 1 ||
		EVP_EncryptUpdate(
			context, NULL, &ignored, sealed->data + start, (int)open_length) != 1 ||
		EVP_EncryptUpdate(context, out + NONCE_SIZE + TAG_SIZE, &written, key->data,
			(int)key->length) != 1 ||
		EVP_EncryptFinal_ex(context, out + NONCE_SIZE + TAG_SIZE + key->length, &ignored) !=
			1 ||
		EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, TAG_SIZE, out + NONCE_SIZE) !=
			1)
		abort();
	sealed->length += NONCE_SIZE + TAG_SIZE + key->length;
	sealed->data[sealed->length] = '\0';
	EVP_CIPHER_CTX_free(context);
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
	const unsigned char *sealed, size_t length, const struct form *form,
	const unsigned char fingerprint[FINGERPRINT_SIZE], struct buffer *plain)
{
	EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
	unsigned char tag[TAG_SIZE];
	struct binding binding;
	int written = 0, ignored;
	bool fine;

	bind_to(&binding, form->version, key, fingerprint);
	memcpy(tag, sealed + form->tag_at, TAG_SIZE);
	buffer_reserve(plain, length - form->text_at);
	fine = context != NULL &&
	       EVP_DecryptInit_ex2(
		       context, keyring->cipher, key->key, sealed + form->nonce_at, NULL) == 1 &&
	       EVP_DecryptUpdate(context, NULL, &ignored, (const unsigned char *)&binding,
		       (int)sizeof(binding)) == 1 &&
	       (form->open_length == 0 || EVP_DecryptUpdate(context, NULL, &ignored, sealed,
						  (int)form->open_length) == 1) &&
	       EVP_DecryptUpdate(context, plain->data, &written, sealed + form->text_at,
		       (int)(length - form->text_at)) == 1 &&
	       EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, TAG_SIZE, tag) == 1 &&
	       EVP_DecryptFinal_ex(context, plain->data + written, &ignored) == 1;
	EVP_CIPHER_CTX_free(context);
	ERR_clear_error();
	if (fine)
		plain->length = length - form->text_at;
	return fine;
}

/* Takes MATERIAL apart from what was open and what was sealed; both are authenticated. */
static bool take_material(const unsigned char *sealed, const struct form *form,
	const struct buffer *plain, struct material *material)
{
	size_t at = 1 + LENGTH_SIZE;

	if (form->version == VERSION) {
		buffer_append(&material->key_pem, plain->data, plain->length);
		return take_part(sealed, form->open_length, &at, &material->leaf_pem) &&
		       take_part(sealed, form->open_length, &at, &material->chain_pem) &&
		       at == form->open_length;
	}
	at = 0;
	return take_part(plain->data, plain->length, &at, &material->leaf_pem) &&
	       take_part(plain->data, plain->length, &at, &material->chain_pem) &&
	       take_part(plain->data, plain->length, &at, &material->key_pem) &&
	       at == plain->length;
}

bool open_material(const struct keyring *keyring, const char *key_id, const void *sealed,
	size_t length, const unsigned char fingerprint[FINGERPRINT_SIZE], struct material *material,
	struct error *error)
{
	const struct seal_key *key = find_key(keyring, key_id);
	const unsigned char *data = sealed;
	struct buffer plain = {0};
	char name[SEAL_KEY_ID_MAX];
	struct form form;
	bool fine;

	*material = (struct material){0};
	if (key == NULL) {
		text_sanitise(name, sizeof(name), key_id, strlen(key_id));
		return error_set(error, ERROR_INTERNAL,
			"the certificate's key was sealed under the sealing key %s, which is not "
			"configured; name its file among the older sealing keys",
			name);
	}
	if (!read_form(data, length, &form))
		return error_set(error, ERROR_INTERNAL,
			"a sealed key in the store is cut short or of an unknown version; restore "
			"the store or send the contract again");
	fine = decrypt(keyring, key, data, length, &form, fingerprint, &plain) &&
	       take_material(data, &form, &plain, material);
	buffer_free(&plain);
	if (fine)
		return true;
	material_clear(material);
	return error_set(error, ERROR_INTERNAL,
		"a sealed key in the store does not authenticate under the sealing key %s: the "
		"store was altered or is damaged; restore it or send the contract again",
		key->id);
}
