/*
 * What stands in for pki at its interface: certificates of the simulation are texts with a number,
 * since making and examining real ones would take nearly all of the time. Sealing is the real one.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/text.h"
#include "pki/pki.h"
#include "sim.h"

/* The linker has these called in the place of the functions without the prefix. */
bool __wrap_pki_new(const struct pki_options *options, struct pki **pki, struct error *error);
void __wrap_pki_free(struct pki *pki);
struct pki *__wrap_pki_ref(struct pki *pki);
bool __wrap_pki_examine(struct pki *pki, const struct pki_input *input, int64_t now_ms,
	struct certificate_facts *facts, struct material *material, struct error *error);
bool __wrap_pki_make_pkcs12(struct pki *pki, const struct material *material,
	const char *passphrase, struct buffer *out, struct error *error);
void __wrap_pki_random(void *data, size_t length);

struct pki {
	int references;
};

bool __wrap_pki_new(const struct pki_options *options, struct pki **pki, struct error *error)
{
	(void)options;
	(void)error;
	*pki = xcalloc(1, sizeof(**pki));
	(*pki)->references = 1;
	return true;
}

struct pki *__wrap_pki_ref(struct pki *pki)
{
	pki->references++;
	return pki;
}

void __wrap_pki_free(struct pki *pki)
{
	if (pki != NULL && --pki->references == 0)
		free(pki);
}

void __wrap_pki_random(void *data, size_t length)
{
	dice_bytes(&world->dice, data, length);
}

bool __wrap_pki_make_pkcs12(struct pki *pki, const struct material *material,
	const char *passphrase, struct buffer *out, struct error *error)
{
	(void)pki;
	(void)passphrase;
	(void)error;
	buffer_append(out, material->leaf_pem.data, material->leaf_pem.length);
	return true;
}

void certificate_fingerprint(int number, unsigned char fingerprint[FINGERPRINT_SIZE])
{
	memset(fingerprint, 0xce, FINGERPRINT_SIZE);
	memcpy(fingerprint, &number, sizeof(number));
}

int certificate_of_fingerprint(const unsigned char fingerprint[FINGERPRINT_SIZE])
{
	int number;

	memcpy(&number, fingerprint, sizeof(number));
	return number;
}

static int number_after(const char *text, const char *mark)
{
	const char *found = strstr(text, mark);

	return found != NULL ? (int)strtol(found + strlen(mark), NULL, 10) : -1;
}

int certificate_in_text(const char *text)
{
	return number_after(text, "SIMCERT");
}

int key_in_text(const char *text)
{
	return number_after(text, "SIMKEY");
}

bool __wrap_pki_examine(struct pki *pki, const struct pki_input *input, int64_t now_ms,
	struct certificate_facts *facts, struct material *material, struct error *error)
{
	int number = certificate_in_text(input->pem);
	const struct estate_certificate *certificate = &world->certificates[number];
	char name[64];

	(void)pki;
	(void)now_ms;
	(void)error;
	*facts = (struct certificate_facts){.not_before_ms = certificate->not_before_ms,
		.not_after_ms = certificate->not_after_ms,
		.key_is_rsa2048 = true,
		.chain = CHAIN_TRUSTED,
		.chain_length = 1,
		.key_status = input->private_key != NULL ? KEY_BELONGS : KEY_ABSENT};
	*material = (struct material){0};
	certificate_fingerprint(number, facts->fingerprint);
	memset(facts->chain_fingerprints[0], 0xca, FINGERPRINT_SIZE);
	snprintf(facts->key, sizeof(facts->key), "rsa-2048");
	estate_name(certificate->contract, name, sizeof(name));
	facts->common_name = xstrdup(name);
	facts->names = xcalloc(1, sizeof(*facts->names));
	facts->names[0] = xstrdup(name);
	facts->name_count = 1;
	buffer_append_text(&material->leaf_pem, input->pem);
	buffer_append_text(&material->chain_pem, "-----CHAIN-----\n");
	if (input->private_key != NULL)
		buffer_append_text(&material->key_pem, input->private_key);
	return true;
}
