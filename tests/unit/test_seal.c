#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <openssl/evp.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/alloc.h"
#include "base/text.h"
#include "pki/seal.h"
#include "pki_fixture.h"

#define HEX "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
#define BASE64 "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
#define OTHER_HEX "ff0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"

static const unsigned char raw[34] = "\x00\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d"
				     "\x0e\x0f\x10\x11\x12\x13\x14\x15\x16\x17\x18\x19\x1a\x1b"
				     "\x1c\x1d\x1e\x1f\n";
static const unsigned char fingerprint[FINGERPRINT_SIZE] = {1, 2, 3};

static struct keyring *ring(const char *present, const char *older)
{
	const char *const paths[] = {older != NULL ? fixture_file(older, strlen(older)) : NULL};
	struct keyring *keyring = NULL;
	struct error error;

	if (!keyring_new(fixture_file(present, strlen(present)), paths, older != NULL ? 1 : 0,
		    &keyring, &error))
		fail_msg("%s", error.text);
	return keyring;
}

static struct material sample(void)
{
	struct material material = {0};

	buffer_append_text(&material.leaf_pem, "the leaf\n");
	buffer_append_text(&material.chain_pem, "the chain\n");
	buffer_append_text(&material.key_pem, "the key\n");
	return material;
}

static void assert_sample(struct material *material)
{
	assert_string_equal(buffer_text(&material->leaf_pem), "the leaf\n");
	assert_string_equal(buffer_text(&material->chain_pem), "the chain\n");
	assert_string_equal(buffer_text(&material->key_pem), "the key\n");
	material_clear(material);
}

static struct buffer sealed_sample(const struct keyring *keyring)
{
	struct material material = sample();
	struct buffer sealed = {0};

	seal_material(keyring, &material, fingerprint, &sealed);
	material_clear(&material);
	return sealed;
}

static void test_key_files(void **state)
{
	static const struct {
		const char *text;
		size_t length;
		bool good;
	} cases[] = {
		{(const char *)raw, 32, true},
		{(const char *)raw, 33, true},
		{HEX, 64, true},
		{HEX "\n", 65, true},
		{HEX "\r\n", 66, true},
		{BASE64, 44, true},
		{BASE64 "\n", 45, true},
		{"", 0, false},
		{(const char *)raw, 31, false},
		{HEX "\n\n", 66, false},
		{HEX "0", 65, false},
		{" " HEX, 65, false},
		{"g" HEX, 64, false},
		{"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8A", 44, false},
		{"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh==", 44, false},
		{"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh\n=", 44, false},
	};
	static const char prefix[] = "certinstalld seal id";
	unsigned char hashed[sizeof(prefix) - 1 + 32], digest[32];
	char id[17];
	size_t i;

	(void)state;
	memcpy(hashed, prefix, sizeof(prefix) - 1);
	memcpy(hashed + sizeof(prefix) - 1, raw, 32);
	pki_sha256(hashed, sizeof(hashed), digest);
	text_hex(id, digest, 8);
	for (i = 0; i < ARRAY_LENGTH(cases); i++) {
		const char *path = fixture_file(cases[i].text, cases[i].length);
		struct keyring *keyring = NULL;
		struct error error = {0};

		print_message("case %zu\n", i);
		assert_int_equal(keyring_new(path, NULL, 0, &keyring, &error), cases[i].good);
		if (cases[i].good) {
			assert_string_equal(keyring_present_id(keyring), id);
			keyring_free(keyring);
		} else {
			assert_int_equal(error.kind, ERROR_PERMANENT);
			assert_non_null(strstr(error.text, path));
			assert_non_null(strstr(error.text, "openssl rand -hex 32"));
		}
	}
}

static void test_file_modes(void **state)
{
	static const struct {
		const char *credentials; /* NULL: not set */
		mode_t mode;
		bool good;
	} cases[] = {
		{NULL, 0600, true},
		{NULL, 0400, true},
		{NULL, 0640, false},
		{NULL, 0604, false},
		{NULL, 0644, false},
		{"/tmp", 0440, true},
		{"/tm", 0440, false},
		{"/var", 0440, false},
		{"", 0440, false},
	};
	const char *path = fixture_file(HEX, 64);
	struct keyring *keyring = NULL;
	struct error error;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LENGTH(cases); i++) {
		if (cases[i].credentials != NULL)
			setenv("CREDENTIALS_DIRECTORY", cases[i].credentials, 1);
		assert_int_equal(chmod(path, cases[i].mode), 0);
		assert_int_equal(keyring_new(path, NULL, 0, &keyring, &error), cases[i].good);
		if (cases[i].good) {
			keyring_free(keyring);
		} else {
			assert_int_equal(error.kind, ERROR_PERMANENT);
			assert_non_null(strstr(error.text, "chmod 600"));
			assert_non_null(strstr(error.text, path));
		}
	}
	unsetenv("CREDENTIALS_DIRECTORY");
	assert_false(keyring_new("/nonexistent/key", NULL, 0, &keyring, &error));
	assert_int_equal(error.kind, ERROR_PERMANENT);
	assert_non_null(strstr(error.text, "/nonexistent/key"));
	assert_false(keyring_new("/tmp", NULL, 0, &keyring, &error));
	assert_non_null(strstr(error.text, "not a regular file"));
}

static void test_there_and_back(void **state)
{
	struct keyring *keyring = ring(HEX, NULL);
	struct buffer first = sealed_sample(keyring), second = sealed_sample(keyring);
	struct material material = {0}, empty = {0};
	struct error error;
	size_t open;

	(void)state;
	assert_int_equal(first.data[0], 2);
	assert_int_equal(first.length, second.length);
	/* Leaf and chain are open, and the same. */
	open = seal_open_length(first.data, first.length);
	assert_int_equal(open, 1 + 4 + 4 + strlen("the leaf\n") + 4 + strlen("the chain\n"));
	assert_memory_equal(first.data, second.data, open);
	assert_non_null(memmem(first.data, open, "the leaf\n", strlen("the leaf\n")));
	assert_int_equal(first.length, open + 12 + 16 + strlen("the key\n"));
	/* Neither nonce, tag nor text is the same. */
	assert_memory_not_equal(first.data + open, second.data + open, 12);
	assert_memory_not_equal(first.data + open + 12, second.data + open + 12, 16);
	assert_memory_not_equal(
		first.data + open + 28, second.data + open + 28, first.length - open - 28);
	assert_null(memmem(first.data, first.length, "the key", 7));
	assert_true(open_material(keyring, keyring_present_id(keyring), first.data, first.length,
		fingerprint, &material, &error));
	assert_sample(&material);
	buffer_clear(&first);
	seal_material(keyring, &empty, fingerprint, &first);
	assert_true(open_material(keyring, keyring_present_id(keyring), first.data, first.length,
		fingerprint, &material, &error));
	assert_int_equal(
		material.leaf_pem.length + material.chain_pem.length + material.key_pem.length, 0);
	material_clear(&material);
	buffer_free(&first);
	buffer_free(&second);
	keyring_free(keyring);
}

static void append_part(struct buffer *to, const char *text)
{
	unsigned char length[4] = {0, 0, 0, (unsigned char)strlen(text)};

	buffer_append(to, length, sizeof(length));
	buffer_append_text(to, text);
}

/* The form of before: leaf, chain and key together, nothing open. */
static struct buffer sealed_by_version_1(const struct keyring *keyring)
{
	static const unsigned char nonce[12] = {9, 8, 7};
	EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
	struct buffer plain = {0}, binding = {0}, sealed = {0};
	unsigned char out[64], tag[16];
	int length, ignored;

	append_part(&plain, "the leaf\n");
	append_part(&plain, "the chain\n");
	append_part(&plain, "the key\n");
	buffer_append_text(&binding, "certinstalld sealed material\x01");
	buffer_append_text(&binding, keyring_present_id(keyring));
	buffer_append(&binding, fingerprint, sizeof(fingerprint));
	assert_int_equal(EVP_EncryptInit_ex(context, EVP_aes_256_gcm(), NULL, raw, nonce), 1);
	assert_int_equal(
		EVP_EncryptUpdate(context, NULL, &ignored, binding.data, (int)binding.length), 1);
	assert_int_equal(
		EVP_EncryptUpdate(context, out, &length, plain.data, (int)plain.length), 1);
	assert_int_equal(EVP_EncryptFinal_ex(context, out + length, &ignored), 1);
	assert_int_equal(
		EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, (int)sizeof(tag), tag), 1);
	EVP_CIPHER_CTX_free(context);
	buffer_append_char(&sealed, 1);
	buffer_append(&sealed, nonce, sizeof(nonce));
	buffer_append(&sealed, tag, sizeof(tag));
	buffer_append(&sealed, out, (size_t)length);
	buffer_free(&plain);
	buffer_free(&binding);
	return sealed;
}

static void expect_no_change(const struct keyring *keyring, struct buffer *sealed);

static void test_sealed_before(void **state)
{
	struct keyring *keyring = ring(HEX, NULL);
	struct buffer sealed = sealed_by_version_1(keyring);

	(void)state;
	assert_int_equal(seal_open_length(sealed.data, sealed.length), 0);
	expect_no_change(keyring, &sealed);
	buffer_free(&sealed);
	keyring_free(keyring);
}

static void test_altered(void **state)
{
	struct keyring *keyring = ring(HEX, NULL);
	struct buffer sealed = sealed_sample(keyring);

	(void)state;
	expect_no_change(keyring, &sealed);
	buffer_free(&sealed);
	keyring_free(keyring);
}

/* What is SEALED opens, and nothing that differs from it does. */
static void expect_no_change(const struct keyring *keyring, struct buffer *whole)
{
	struct buffer sealed = *whole;
	const char *id = keyring_present_id(keyring);
	unsigned char other[FINGERPRINT_SIZE];
	struct material material;
	struct error error;
	size_t i;

	/* Each bit of version, what is open, nonce, tag and text. */
	for (i = 0; i < sealed.length * 8; i++) {
		sealed.data[i / 8] ^= (unsigned char)(1u << i % 8);
		assert_false(open_material(
			keyring, id, sealed.data, sealed.length, fingerprint, &material, &error));
		assert_int_equal(error.kind, ERROR_INTERNAL);
		assert_null(material.key_pem.data);
		sealed.data[i / 8] ^= (unsigned char)(1u << i % 8);
	}
	for (i = 0; i < sealed.length; i++) {
		assert_false(
			open_material(keyring, id, sealed.data, i, fingerprint, &material, &error));
		assert_null(material.key_pem.data);
	}
	for (i = 0; i < sizeof(other); i++) {
		memcpy(other, fingerprint, sizeof(other));
		other[i] ^= 1;
		assert_false(open_material(
			keyring, id, sealed.data, sealed.length, other, &material, &error));
	}
	assert_non_null(strstr(error.text, "does not authenticate"));
	assert_true(open_material(
		keyring, id, sealed.data, sealed.length, fingerprint, &material, &error));
	assert_sample(&material);
}

static void test_change_of_key(void **state)
{
	struct keyring *before = ring(HEX, NULL), *after = ring(OTHER_HEX, HEX);
	struct keyring *gone = ring(OTHER_HEX, NULL);
	struct buffer old = sealed_sample(before), new = sealed_sample(after);
	const char *old_id = keyring_present_id(before), *new_id = keyring_present_id(after);
	struct material material;
	struct error error;

	(void)state;
	assert_string_not_equal(old_id, new_id);
	assert_true(keyring_has(after, old_id) && keyring_has(after, new_id));
	assert_true(!keyring_has(gone, old_id) && !keyring_has(before, new_id));
	assert_true(
		open_material(after, old_id, old.data, old.length, fingerprint, &material, &error));
	assert_sample(&material);
	assert_true(
		open_material(after, new_id, new.data, new.length, fingerprint, &material, &error));
	assert_sample(&material);
	/* The key that is named is the one that is tried. */
	assert_false(
		open_material(after, new_id, old.data, old.length, fingerprint, &material, &error));
	assert_false(
		open_material(gone, old_id, old.data, old.length, fingerprint, &material, &error));
	assert_int_equal(error.kind, ERROR_INTERNAL);
	assert_non_null(strstr(error.text, old_id));
	assert_non_null(strstr(error.text, "older sealing keys"));
	buffer_free(&old);
	buffer_free(&new);
	keyring_free(before);
	keyring_free(after);
	keyring_free(gone);
}

static int tear_down(void **state)
{
	(void)state;
	fixture_free();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_key_files),
		cmocka_unit_test(test_file_modes),
		cmocka_unit_test(test_there_and_back),
		cmocka_unit_test(test_altered),
		cmocka_unit_test(test_sealed_before),
		cmocka_unit_test(test_change_of_key),
	};

	pki_init_process();
	return cmocka_run_group_tests(tests, NULL, tear_down);
}
