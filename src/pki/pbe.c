#include <openssl/err.h>
#include <openssl/objects.h>
#include <stdio.h>

#include "pki/pki_private.h"

/* A key, a few safes and a MAC are what one input has to pay for. */
#define DERIVATIONS_MAX 4

int64_t pbe_budget(const struct pki *pki)
{
	return pki->pkcs12_max_iterations * DERIVATIONS_MAX;
}

bool pbe_iterations_allowed(const struct pki *pki, int64_t iterations, int64_t *budget,
	const char *where, char *why, size_t size)
{
	if (iterations < 1) {
		snprintf(why, size, "%s names no valid number of iterations", where);
		return false;
	}
	if (iterations > pki->pkcs12_max_iterations) {
		snprintf(why, size,
			"%s wants %lld iterations to be opened, and at most %lld are allowed; "
			"export it again with fewer",
			where, (long long)iterations, (long long)pki->pkcs12_max_iterations);
		return false;
	}
	if (iterations > *budget) {
		snprintf(why, size,
			"the parts of the PKCS#12 together want more than %lld iterations to be "
			"opened; export it again with fewer",
			(long long)pbe_budget(pki));
		return false;
	}
	*budget -= iterations;
	return true;
}

static const char *legacy_name(int nid)
{
	switch (nid) {
	case NID_pbe_WithSHA1And40BitRC2_CBC:
		return "RC2-40";
	case NID_pbe_WithSHA1And128BitRC2_CBC:
	case NID_rc2_cbc:
	case NID_rc2_40_cbc:
	case NID_rc2_64_cbc:
	case NID_pbeWithMD2AndRC2_CBC:
	case NID_pbeWithMD5AndRC2_CBC:
	case NID_pbeWithSHA1AndRC2_CBC:
		return "RC2";
	case NID_pbe_WithSHA1And40BitRC4:
	case NID_pbe_WithSHA1And128BitRC4:
		return "RC4";
	case NID_des_cbc:
	case NID_pbeWithMD2AndDES_CBC:
	case NID_pbeWithMD5AndDES_CBC:
	case NID_pbeWithSHA1AndDES_CBC:
		return "DES";
	default:
		return NULL;
	}
}

static bool legacy_ready(
	struct pki *pki, const char *what, const char *name, char *why, size_t size)
{
	if (pki->legacy_provider == NULL)
		pki->legacy_provider = OSSL_PROVIDER_load(pki->whole, "legacy");
	if (pki->legacy_provider != NULL)
		return true;
	ERR_clear_error();
	snprintf(why, size,
		"%s uses %s, which needs OpenSSL's legacy provider; export it again with AES", what,
		name);
	return false;
}

/* -1 when there is none to be read. */
static int64_t iterations_of(const ASN1_INTEGER *number)
{
	int64_t value;

	if (number == NULL || ASN1_INTEGER_get_int64(&value, number) != 1)
		return -1;
	return value;
}

/* The iterations that PBES2 wants, and in CIPHER what it encrypts with; -1 when not PBKDF2. */
static int64_t pbes2_iterations(const ASN1_TYPE *parameters, int *cipher)
{
	PBE2PARAM *pbes2 = ASN1_TYPE_unpack_sequence(ASN1_ITEM_rptr(PBE2PARAM), parameters);
	const ASN1_OBJECT *function = NULL, *encryption = NULL;
	const void *inner = NULL;
	int64_t iterations = -1;
	int type = V_ASN1_UNDEF;

	if (pbes2 == NULL)
		return -1;
	X509_ALGOR_get0(&encryption, NULL, NULL, pbes2->encryption);
	*cipher = OBJ_obj2nid(encryption);
	X509_ALGOR_get0(&function, &type, &inner, pbes2->keyfunc);
	if (OBJ_obj2nid(function) == NID_id_pbkdf2 && type == V_ASN1_SEQUENCE) {
		PBKDF2PARAM *pbkdf2 = ASN1_TYPE_unpack_sequence(
			ASN1_ITEM_rptr(PBKDF2PARAM), pbes2->keyfunc->parameter);

		if (pbkdf2 != NULL)
			iterations = iterations_of(pbkdf2->iter);
		PBKDF2PARAM_free(pbkdf2);
	}
	PBE2PARAM_free(pbes2);
	return iterations;
}

static int64_t pbes1_iterations(const ASN1_TYPE *parameters)
{
	PBEPARAM *pbes1 = ASN1_TYPE_unpack_sequence(ASN1_ITEM_rptr(PBEPARAM), parameters);
	int64_t iterations;

	if (pbes1 == NULL)
		return -1;
	iterations = pbes1->iter == NULL ? 1 : iterations_of(pbes1->iter);
	PBEPARAM_free(pbes1);
	return iterations;
}

bool pbe_allowed(struct pki *pki, const char *what, const X509_ALGOR *algorithm, int64_t *budget,
	char *why, size_t size)
{
	const ASN1_OBJECT *object = NULL;
	const char *legacy;
	int64_t iterations;
	int cipher;

	X509_ALGOR_get0(&object, NULL, NULL, algorithm);
	cipher = OBJ_obj2nid(object);
	if (cipher == NID_pbes2)
		iterations = pbes2_iterations(algorithm->parameter, &cipher);
	else
		iterations = pbes1_iterations(algorithm->parameter);
	ERR_clear_error();
	if (iterations < 0) {
		snprintf(why, size,
			"its encryption is none that is taken here; export it again with PBES2, "
			"PBKDF2 and AES");
		return false;
	}
	legacy = legacy_name(cipher);
	if (legacy != NULL && !legacy_ready(pki, what, legacy, why, size))
		return false;
	return pbe_iterations_allowed(pki, iterations, budget, "its encryption", why, size);
}
