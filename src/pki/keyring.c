#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/text.h"
#include "pki/seal_private.h"

#define KEY_FILE_MAX 128
#define HEX_LENGTH ((size_t)2 * SEAL_KEY_SIZE)
#define BASE64_LENGTH 44

static bool from_base64(const char *text, unsigned char key[SEAL_KEY_SIZE])
{
	static const char alphabet[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	unsigned char decoded[SEAL_KEY_SIZE + 1];
	bool fine;

	/* OpenSSL's decoder passes over white space; here it must be exactly 43 digits and '='. */
	fine = strspn(text, alphabet) == BASE64_LENGTH - 1 && text[BASE64_LENGTH - 1] == '=' &&
	       EVP_DecodeBlock(decoded, (const unsigned char *)text, BASE64_LENGTH) ==
		       (int)sizeof(decoded);
	if (fine)
		memcpy(key, decoded, SEAL_KEY_SIZE);
	OPENSSL_cleanse(decoded, sizeof(decoded));
	return fine;
}

/* DATA has LENGTH bytes and room for a NUL behind them. */
static bool key_from_file(char *data, size_t length, unsigned char key[SEAL_KEY_SIZE])
{
	size_t text_length = length;

	if (text_length > 0 && data[text_length - 1] == '\n')
		text_length--;
	if (text_length < length && text_length > 0 && data[text_length - 1] == '\r')
		text_length--;
	if (length == SEAL_KEY_SIZE || text_length == SEAL_KEY_SIZE) {
		memcpy(key, data, SEAL_KEY_SIZE);
		return true;
	}
	data[text_length] = '\0';
	if (strlen(data) != text_length)
		return false;
	if (text_length == HEX_LENGTH)
		return text_unhex(data, key, SEAL_KEY_SIZE);
	return text_length == BASE64_LENGTH && from_base64(data, key);
}

/* systemd guards its directory itself, and the files in it have its own modes. */
static bool is_credential(const char *path)
{
	const char *directory = getenv("CREDENTIALS_DIRECTORY");
	char *real_directory, *real_path;
	size_t length;
	bool inside = false;

	if (directory == NULL || *directory != '/')
		return false;
	real_directory = realpath(directory, NULL);
	real_path = realpath(path, NULL);
	if (real_directory != NULL && real_path != NULL) {
		length = strlen(real_directory);
		inside =
			strncmp(real_path, real_directory, length) == 0 && real_path[length] == '/';
	}
	free(real_directory);
	free(real_path);
	return inside;
}

static bool check_file(int fd, const char *path, struct error *error)
{
	struct stat status;

	if (fstat(fd, &status) != 0 || !S_ISREG(status.st_mode))
		return error_set(error, ERROR_PERMANENT, "%s: not a regular file", path);
	if ((status.st_mode & (S_IRWXG | S_IRWXO)) != 0 && !is_credential(path))
		return error_set(error, ERROR_PERMANENT,
			"%s: a sealing key that others than its owner can reach (mode %04o) is "
			"none; run: chmod 600 %s",
			path, (unsigned int)(status.st_mode & 07777), path);
	return true;
}

static bool read_key(const char *path, struct seal_key *key, struct error *error)
{
	char data[KEY_FILE_MAX + 1];
	size_t used = 0;
	ssize_t got = 0;
	bool fine;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);

	if (fd < 0)
		return error_set(error, ERROR_PERMANENT, "%s: the sealing key cannot be opened: %s",
			path, strerror(errno));
	if (!check_file(fd, path, error)) {
		close(fd);
		return false;
	}
	while (used < KEY_FILE_MAX && (got = read(fd, data + used, KEY_FILE_MAX - used)) > 0)
		used += (size_t)got;
	close(fd);
	fine = got >= 0 && key_from_file(data, used, key->key);
	OPENSSL_cleanse(data, sizeof(data));
	if (!fine)
		return error_set(error, ERROR_PERMANENT,
			"%s: no sealing key: it must hold 32 raw bytes, 64 hexadecimal digits or "
			"44 characters of base64; make one with: openssl rand -hex 32",
			path);
	return true;
}

static void set_id(struct seal_key *key)
{
	static const char prefix[] = "certinstalld seal id";
	unsigned char text[sizeof(prefix) - 1 + SEAL_KEY_SIZE], digest[32];

	memcpy(text, prefix, sizeof(prefix) - 1);
	memcpy(text + sizeof(prefix) - 1, key->key, SEAL_KEY_SIZE);
	pki_sha256(text, sizeof(text), digest);
	OPENSSL_cleanse(text, sizeof(text));
	text_hex(key->id, digest, (SEAL_KEY_ID_MAX - 1) / 2);
}

static struct keyring *map_ring(size_t count)
{
	size_t size = sizeof(struct keyring) + count * sizeof(struct seal_key);
	struct keyring *ring =
		mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (ring == MAP_FAILED)
		return NULL;
	/* Both as far as the system lets us: an unlocked key is still better than none. */
	(void)mlock(ring, size);
	(void)madvise(ring, size, MADV_DONTDUMP);
	ring->mapped = size;
	return ring;
}

bool keyring_new(const char *present_path, const char *const *older_paths, size_t older_count,
	struct keyring **keyring, struct error *error)
{
	struct keyring *ring = map_ring(older_count + 1);
	size_t i;

	if (ring == NULL)
		return error_set(error, ERROR_INTERNAL, "no memory for the sealing keys: %s",
			strerror(errno));
	for (i = 0; i <= older_count; i++) {
		if (!read_key(i == 0 ? present_path : older_paths[i - 1], &ring->keys[i], error)) {
			keyring_free(ring);
			return false;
		}
		set_id(&ring->keys[i]);
		ring->count++;
	}
	ring->cipher = EVP_CIPHER_fetch(NULL, "AES-256-GCM", NULL);
	if (ring->cipher == NULL) {
		keyring_free(ring);
		return error_set(error, ERROR_INTERNAL, "OpenSSL has no AES-256-GCM");
	}
	*keyring = ring;
	return true;
}

void keyring_free(struct keyring *keyring)
{
	size_t size;

	if (keyring == NULL)
		return;
	EVP_CIPHER_free(keyring->cipher);
	size = keyring->mapped;
	OPENSSL_cleanse(keyring, size);
	munmap(keyring, size);
}

bool keyring_has(const struct keyring *keyring, const char *key_id)
{
	for (size_t i = 0; i < keyring->count; i++) {
		if (strcmp(keyring->keys[i].id, key_id) == 0)
			return true;
	}
	return false;
}

const char *keyring_present_id(const struct keyring *keyring)
{
	return keyring->keys[0].id;
}
