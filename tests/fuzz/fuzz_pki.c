/*
 * Certificates and keys. The first byte says how the rest is to be taken: PEM text, key and
 * passphrase with NULs between; a PKCS#12; DER put into PEM blocks, so that the fuzzer need not
 * know base64.
 */
#include <string.h>

#include "base/text.h"
#include "fuzz.h"
#include "pki/pki.h"

#define NOW_MS INT64_C(1795312800000) /* 2026-11-22 */
#define ITERATIONS_MAX 2048

static struct pki *pki;

static void free_pki(void)
{
	pki_free(pki);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	const struct pki_options options = {
		.trust_file = getenv("FUZZ_TRUST"), .pkcs12_max_iterations = ITERATIONS_MAX};
	struct error error;

	(void)argc;
	(void)argv;
	pki_init_process();
	must_hold(pki_new(&options, &pki, &error));
	must_hold(atexit(free_pki) == 0);
	return 0;
}

static void check(const struct certificate_facts *facts, const struct material *material)
{
	size_t i;

	must_hold(text_is_clean(facts->malformed_why, strlen(facts->malformed_why)));
	must_hold(facts->malformed == (facts->malformed_why[0] != '\0'));
	if (facts->malformed)
		return;
	must_hold(material->leaf_pem.length > 0);
	must_hold(facts->key_status != KEY_BELONGS || material->key_pem.length > 0);
	must_hold((facts->key_status == KEY_MISMATCH) == (facts->key_why[0] != '\0'));
	must_hold((facts->chain != CHAIN_TRUSTED) == (facts->chain_why[0] != '\0'));
	must_hold(text_is_clean(facts->key, strlen(facts->key)));
	must_hold(text_is_clean(facts->key_why, strlen(facts->key_why)));
	must_hold(text_is_clean(facts->chain_why, strlen(facts->chain_why)));
	must_hold(text_is_clean(facts->signature_why, strlen(facts->signature_why)));
	must_hold(facts->common_name == NULL ||
		  text_is_clean(facts->common_name, strlen(facts->common_name)));
	for (i = 0; i < facts->name_count; i++)
		must_hold(text_is_clean(facts->names[i], strlen(facts->names[i])));
}

static void examine(const struct pki_input *input)
{
	struct certificate_facts facts;
	struct material material;
	struct error error;

	must_hold(pki_examine(pki, input, NOW_MS, &facts, &material, &error));
	check(&facts, &material);
	certificate_facts_clear(&facts);
	material_clear(&material);
}

static void append_block(
	struct buffer *pem, const char *label, const unsigned char *data, size_t size)
{
	buffer_printf(pem, "-----BEGIN %s-----\n", label);
	while (size > 0) {
		size_t part = size < 48 ? size : 48;

		pki_base64(data, part, pem);
		buffer_append_char(pem, '\n');
		data += part;
		size -= part;
	}
	buffer_printf(pem, "-----END %s-----\n", label);
}

static void as_text(const uint8_t *data, size_t size)
{
	char *text = fuzz_text(data, size), *end = text + strlen(text);
	const char *key = end < text + size ? end + 1 : NULL;
	const char *passphrase = NULL;

	if (key != NULL && key + strlen(key) < text + size)
		passphrase = key + strlen(key) + 1;
	examine(&(struct pki_input){.pem = text, .private_key = key, .passphrase = passphrase});
	free(text);
}

/* Two certificates and a key of a kind that the first byte says, at the lengths given by the next
 * four. */
static void as_der(uint8_t kind, const uint8_t *data, size_t size)
{
	static const char *const labels[] = {
		"PRIVATE KEY", "ENCRYPTED PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY"};
	struct buffer pem = {0}, key = {0};
	size_t first, second;

	if (size < 4)
		return;
	first = (size_t)data[0] << 8 | data[1];
	second = (size_t)data[2] << 8 | data[3];
	data += 4;
	size -= 4;
	first = first < size ? first : size;
	second = second < size - first ? second : size - first;
	append_block(&pem, "CERTIFICATE", data, first);
	if (second > 0)
		append_block(&pem, "CERTIFICATE", data + first, second);
	if (first + second < size)
		append_block(&key, labels[kind % 4], data + first + second, size - first - second);
	examine(&(struct pki_input){.pem = buffer_text(&pem),
		.private_key = key.length > 0 ? buffer_text(&key) : NULL,
		.passphrase = "test"});
	buffer_free(&pem);
	buffer_free(&key);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 2)
		return 0;
	switch (data[0] % 4) {
	case 0:
		as_text(data + 1, size - 1);
		return 0;
	case 1:
		examine(&(struct pki_input){.pkcs12 = data + 1,
			.pkcs12_length = size - 1,
			.passphrase = data[0] & 4 ? NULL : "test"});
		return 0;
	default:
		as_der(data[0] / 4, data + 1, size - 1);
		return 0;
	}
}
