#ifndef PKI_SEAL_H
#define PKI_SEAL_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buffer.h"
#include "base/error.h"
#include "domain/certificate.h"
#include "pki/pki.h"

/*
 * Keys at rest: AES-256-GCM under sealing keys that come from files. A keyring holds the present
 * key, with which is sealed, and older ones, with which can still be opened, so that the key can be
 * changed. A key's id is the first 16 hexadecimal digits of SHA-256("certinstalld seal id" || key).
 */
struct keyring;

#define SEAL_KEY_ID_MAX 17

/*
 * Reads a key file: 32 raw bytes, 64 hexadecimal digits or 44 characters of base64, a line break at
 * the end allowed. Refuses a file that others than its owner can read (permanent error naming it
 * and what to do), unless it lies under $CREDENTIALS_DIRECTORY.
 */
bool must_check keyring_new(const char *present_path, const char *const *older_paths,
	size_t older_count, struct keyring **keyring, struct error *error);
/* Wipes the keys. */
void keyring_free(struct keyring *keyring);
const char *keyring_present_id(const struct keyring *keyring);
/* Whether the key with id KEY_ID is in the ring, the present one or an older. */
bool keyring_has(const struct keyring *keyring, const char *key_id);

/*
 * Seals the key of MATERIAL, bound to FINGERPRINT as associated data: what was sealed for one
 * certificate does not open for another. Leaf and chain stand before it, open for anybody to read
 * and for nobody to change: they are authenticated with it. A fresh random nonce each time.
 * Appended to SEALED. The form begins with a version byte.
 */
void seal_material(const struct keyring *keyring, const struct material *material,
	const unsigned char fingerprint[FINGERPRINT_SIZE], struct buffer *sealed);

/*
 * How many bytes at the beginning of what was sealed are open, and hold nothing that is to be
 * wiped; 0 where all of it is sealed.
 */
size_t seal_open_length(const void *sealed, size_t length);

/*
 * The reverse; KEY_ID is the id stored beside it. Internal error when the key is not in the ring
 * (named by its id, with what to do) or what is stored does not authenticate.
 */
bool must_check open_material(const struct keyring *keyring, const char *key_id, const void *sealed,
	size_t length, const unsigned char fingerprint[FINGERPRINT_SIZE], struct material *material,
	struct error *error);

#endif
