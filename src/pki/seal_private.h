#ifndef PKI_SEAL_PRIVATE_H
#define PKI_SEAL_PRIVATE_H

#include <openssl/evp.h>

#include "pki/seal.h"

#define SEAL_KEY_SIZE 32

struct seal_key {
	unsigned char key[SEAL_KEY_SIZE];
	char id[SEAL_KEY_ID_MAX];
};

/*
 * Never written after keyring_new, so that threads may share it. Mapped on pages of its own, out of
 * swap where the limits allow it, and out of core dumps.
 */
struct keyring {
	size_t mapped; /* bytes of this mapping */
	EVP_CIPHER *cipher;
	size_t count;
	struct seal_key keys[]; /* the present one first */
};

#endif
