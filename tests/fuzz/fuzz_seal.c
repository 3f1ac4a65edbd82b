/* Sealed material from a store that somebody altered; and that a seal opens, unless touched. */
#include <stdio.h>
#include <string.h>

#include "fuzz.h"
#include "pki/seal.h"

static struct keyring *ring;

static void free_ring(void)
{
	keyring_free(ring);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	static const char key[] =
		"000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\n";
	struct error error;
	char path[600];

	(void)argc;
	(void)argv;
	fuzz_file("sealing.key", key, sizeof(key) - 1);
	snprintf(path, sizeof(path), "%s/sealing.key", fuzz_folder());
	must_hold(keyring_new(path, NULL, 0, &ring, &error));
	must_hold(atexit(free_ring) == 0);
	return 0;
}

static bool opens(
	const unsigned char *fingerprint, const struct buffer *sealed, struct material *material)
{
	struct error error;

	return open_material(ring, keyring_present_id(ring), sealed->data, sealed->length,
		fingerprint, material, &error);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const unsigned char fingerprint[FINGERPRINT_SIZE] = {1, 2, 3};
	struct material material = {0}, opened;
	struct buffer sealed = {0};
	size_t third = size / 3;

	buffer_append(&sealed, data, size);
	must_hold(!opens(fingerprint, &sealed, &opened));
	buffer_clear(&sealed);
	buffer_append(&material.leaf_pem, data, third);
	buffer_append(&material.chain_pem, data + third, third);
	buffer_append(&material.key_pem, data + 2 * third, size - 2 * third);
	seal_material(ring, &material, fingerprint, &sealed);
	must_hold(opens(fingerprint, &sealed, &opened));
	must_hold(opened.key_pem.length == material.key_pem.length);
	must_hold(memcmp(buffer_text(&opened.key_pem), buffer_text(&material.key_pem),
			  opened.key_pem.length) == 0);
	material_clear(&opened);
	if (size > 1) {
		sealed.data[((size_t)data[0] << 8 | data[1]) % sealed.length] ^= 0x10;
		must_hold(!opens(fingerprint, &sealed, &opened));
	}
	material_clear(&material);
	buffer_free(&sealed);
	return 0;
}
