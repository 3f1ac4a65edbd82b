#ifndef TESTS_PKI_EXAMINED_H
#define TESTS_PKI_EXAMINED_H

/* What the tests of pki share: one look at an input, with all that is freed after it. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "pki/pki.h"
#include "pki_fixture.h"

struct examined {
	struct certificate_facts facts;
	struct material material;
};

static inline void examined_free(struct examined *examined)
{
	certificate_facts_clear(&examined->facts);
	material_clear(&examined->material);
}

/* A struct pki that trusts ROOT (PEM, freed here) and has POOL (PEM or NULL, freed here). */
static inline struct pki *pki_trusting(char *root, char *pool)
{
	struct pki_options options = {0};
	struct error error;
	struct pki *pki;

	options.trust_file = fixture_file(root, strlen(root));
	if (pool != NULL)
		options.intermediates_file = fixture_file(pool, strlen(pool));
	if (!pki_new(&options, &pki, &error))
		fail_msg("%s", error.text);
	free(root);
	free(pool);
	return pki;
}

/* PEM and KEY (may be NULL) are freed here. */
static inline struct examined examine(struct pki *pki, char *pem, char *key, const char *passphrase)
{
	struct pki_input input = {.pem = pem, .private_key = key, .passphrase = passphrase};
	struct examined examined;
	struct error error;

	if (!pki_examine(pki, &input, FIXTURE_NOW_MS, &examined.facts, &examined.material, &error))
		fail_msg("%s", error.text);
	free(pem);
	free(key);
	return examined;
}

#define assert_contains(text, part)                                                                \
	do {                                                                                       \
		const char *contained_in = (text);                                                 \
		if (strstr(contained_in, (part)) == NULL)                                          \
			fail_msg("\"%s\" does not contain \"%s\"", contained_in, (part));          \
	} while (0)

#endif
