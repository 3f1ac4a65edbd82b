#include <openssl/err.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "pki/pki_private.h"

/* The leaf's own dates are judged by the domain, against the due date. */
static int pass_over_dates_of_leaf(int fine, X509_STORE_CTX *context)
{
	int status = X509_STORE_CTX_get_error(context);

	if (!fine && X509_STORE_CTX_get_error_depth(context) == 0 &&
		(status == X509_V_ERR_CERT_HAS_EXPIRED ||
			status == X509_V_ERR_CERT_NOT_YET_VALID)) {
		X509_STORE_CTX_set_error(context, X509_V_OK);
		return 1;
	}
	return fine;
}

/* TRUSTED, when not NULL, takes the place of the trust store. */
static X509_STORE_CTX *context_new(struct pki *pki, X509 *leaf, STACK_OF(X509) * untrusted,
	STACK_OF(X509) * trusted, int64_t now_s)
{
	X509_STORE_CTX *context = X509_STORE_CTX_new_ex(pki->library, NULL);
	X509_VERIFY_PARAM *parameters;

	if (context == NULL ||
		X509_STORE_CTX_init(
			context, trusted == NULL ? pki->trust : NULL, leaf, untrusted) != 1 ||
		X509_STORE_CTX_set_purpose(context, X509_PURPOSE_SSL_SERVER) != 1) {
		X509_STORE_CTX_free(context);
		return NULL;
	}
	parameters = X509_STORE_CTX_get0_param(context);
	X509_VERIFY_PARAM_set_time(parameters, (time_t)now_s);
	/* Weak keys and digests are facts of their own, whatever OpenSSL's level of security. */
	X509_VERIFY_PARAM_set_auth_level(parameters, 0);
	X509_STORE_CTX_set_verify_cb(context, pass_over_dates_of_leaf);
	if (trusted != NULL) {
		X509_STORE_CTX_set0_trusted_stack(context, trusted);
		X509_VERIFY_PARAM_set_flags(parameters, X509_V_FLAG_PARTIAL_CHAIN);
	}
	return context;
}

static bool seconds_of(const ASN1_TIME *when, int64_t *seconds)
{
	struct tm parts;

	if (ASN1_TIME_to_tm(when, &parts) != 1)
		return false;
	*seconds = timegm(&parts);
	return true;
}

static void path_key(
	struct pki *pki, const struct bundle *bundle, size_t leaf, unsigned char key[DIGEST_SIZE])
{
	X509 *certificate = bundle->certificates[leaf].certificate;
	const ASN1_OCTET_STRING *issuer_key = X509_get0_authority_key_id(certificate);
	unsigned char parts[(INPUT_CERTIFICATES_MAX + 2) * DIGEST_SIZE];
	const unsigned char *name = NULL;
	size_t length = 0, used = 0, i;

	X509_NAME_get0_der(X509_get_issuer_name(certificate), &name, &length);
	pki_digest(pki, name, length, parts);
	used += DIGEST_SIZE;
	if (issuer_key != NULL) {
		pki_digest(pki, ASN1_STRING_get0_data(issuer_key),
			(size_t)ASN1_STRING_length(issuer_key), parts + used);
		used += DIGEST_SIZE;
	}
	for (i = 0; i < bundle->count; i++) {
		if (i == leaf)
			continue;
		memcpy(parts + used, bundle->certificates[i].digest, DIGEST_SIZE);
		used += DIGEST_SIZE;
	}
	pki_digest(pki, parts, used, key);
}

/* Leaf and intermediates of what was built; a root is not sent. */
static STACK_OF(X509) * without_root(STACK_OF(X509) * built, X509 *leaf)
{
	STACK_OF(X509) *chain = sk_X509_new_null();
	int i;

	X509_up_ref(leaf);
	sk_X509_push(chain, leaf);
	for (i = 1; i < sk_X509_num(built); i++) {
		X509 *certificate = sk_X509_value(built, i);

		if (X509_self_signed(certificate, 0) == 1)
			continue;
		X509_up_ref(certificate);
		sk_X509_push(chain, certificate);
	}
	return chain;
}

/* Asks only whether LEAF follows from the lowest certificate of a path that verified before. */
static bool follows_from(
	struct pki *pki, const struct cached_path *entry, X509 *leaf, int64_t now_s)
{
	STACK_OF(X509) *anchor = sk_X509_new_null();
	X509_STORE_CTX *context = NULL;
	bool follows = false;

	if (anchor != NULL && sk_X509_push(anchor, sk_X509_value(entry->path, 0)) > 0)
		context = context_new(pki, leaf, NULL, anchor, now_s);
	if (context != NULL)
		follows = X509_verify_cert(context) == 1;
	X509_STORE_CTX_free(context);
	sk_X509_free(anchor);
	ERR_clear_error();
	return follows;
}

static bool use_kept_path(struct pki *pki, const unsigned char key[DIGEST_SIZE], X509 *leaf,
	int64_t now_s, STACK_OF(X509) * *chain)
{
	size_t i;
	int j;

	for (i = 0; i < PATH_CACHE_SIZE; i++) {
		const struct cached_path *entry = &pki->paths[i];

		if (entry->path == NULL || memcmp(entry->key, key, DIGEST_SIZE) != 0 ||
			now_s < entry->from_s || now_s > entry->until_s)
			continue;
		if (!follows_from(pki, entry, leaf, now_s))
			return false;
		*chain = without_root(NULL, leaf);
		for (j = 0; j < sk_X509_num(entry->path); j++) {
			X509 *certificate = sk_X509_value(entry->path, j);

			if (X509_self_signed(certificate, 0) == 1)
				continue;
			X509_up_ref(certificate);
			sk_X509_push(*chain, certificate);
		}
		return true;
	}
	return false;
}

/* The seconds within which all of BUILT above the leaf is valid. */
static bool common_validity(STACK_OF(X509) * built, int64_t *from_s, int64_t *until_s)
{
	int i;

	*from_s = INT64_MIN;
	*until_s = INT64_MAX;
	for (i = 1; i < sk_X509_num(built); i++) {
		const X509 *certificate = sk_X509_value(built, i);
		int64_t from, until;

		if (!seconds_of(X509_get0_notBefore(certificate), &from) ||
			!seconds_of(X509_get0_notAfter(certificate), &until))
			return false;
		if (from > *from_s)
			*from_s = from;
		/* OpenSSL holds a certificate for expired in the second of notAfter itself. */
		if (until - 1 < *until_s)
			*until_s = until - 1;
	}
	return true;
}

static void keep_path(struct pki *pki, const unsigned char key[DIGEST_SIZE], STACK_OF(X509) * built)
{
	struct cached_path *entry = &pki->paths[pki->paths_next];
	int64_t from_s, until_s;
	int i;

	if (sk_X509_num(built) < 2 || !common_validity(built, &from_s, &until_s))
		return;
	/* Constraints on names from above the issuer bear on each leaf anew. */
	for (i = 2; i < sk_X509_num(built); i++) {
		if (X509_get_ext_by_NID(sk_X509_value(built, i), NID_name_constraints, -1) >= 0)
			return;
	}
	pki->paths_next = (pki->paths_next + 1) % PATH_CACHE_SIZE;
	sk_X509_pop_free(entry->path, X509_free);
	memcpy(entry->key, key, DIGEST_SIZE);
	entry->from_s = from_s;
	entry->until_s = until_s;
	entry->path = sk_X509_new_null();
	for (i = 1; i < sk_X509_num(built); i++) {
		X509_up_ref(sk_X509_value(built, i));
		sk_X509_push(entry->path, sk_X509_value(built, i));
	}
}

void chain_forget(struct pki *pki)
{
	size_t i;

	for (i = 0; i < PATH_CACHE_SIZE; i++) {
		sk_X509_pop_free(pki->paths[i].path, X509_free);
		pki->paths[i].path = NULL;
	}
}

static void tell_failure(X509_STORE_CTX *context, struct certificate_facts *facts)
{
	X509 *certificate = X509_STORE_CTX_get_current_cert(context);
	int status = X509_STORE_CTX_get_error(context);
	int depth = X509_STORE_CTX_get_error_depth(context);
	char name[NAME_TEXT_MAX] = "(no name)";

	switch (status) {
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
	case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
		if (certificate != NULL)
			pki_name_text(X509_get_issuer_name(certificate), name);
		facts->chain = CHAIN_INCOMPLETE;
		snprintf(facts->chain_why, sizeof(facts->chain_why),
			"the certificate of the issuer \"%s\" neither came along nor is in the "
			"pool of intermediates",
			name);
		return;
	default:
		break;
	}
	if (certificate != NULL)
		pki_name_text(X509_get_subject_name(certificate), name);
	facts->chain = CHAIN_UNTRUSTED;
	snprintf(facts->chain_why, sizeof(facts->chain_why), "%s \"%s\" is not trusted: %s",
		depth == 0						       ? "the certificate"
		: certificate != NULL && X509_self_signed(certificate, 0) == 1 ? "the root"
									       : "the intermediate",
		name, X509_verify_cert_error_string(status));
}

static STACK_OF(X509) * untrusted_of(struct pki *pki, const struct bundle *bundle, size_t leaf)
{
	STACK_OF(X509) *untrusted = sk_X509_new_null();
	size_t i;
	int j;

	for (i = 0; i < bundle->count; i++) {
		if (i != leaf)
			sk_X509_push(untrusted, bundle->certificates[i].certificate);
	}
	for (j = 0; j < sk_X509_num(pki->pool); j++)
		sk_X509_push(untrusted, sk_X509_value(pki->pool, j));
	return untrusted;
}

void chain_build(struct pki *pki, const struct bundle *bundle, size_t leaf_index, int64_t now_ms,
	struct certificate_facts *facts, STACK_OF(X509) * *chain)
{
	X509 *leaf = bundle->certificates[leaf_index].certificate;
	int64_t now_s = now_ms >= 0 ? now_ms / 1000 : (now_ms - 999) / 1000;
	unsigned char key[DIGEST_SIZE];
	X509_STORE_CTX *context;
	STACK_OF(X509) * untrusted;

	path_key(pki, bundle, leaf_index, key);
	if (use_kept_path(pki, key, leaf, now_s, chain)) {
		facts->chain = CHAIN_TRUSTED;
		return;
	}
	untrusted = untrusted_of(pki, bundle, leaf_index);
	context = context_new(pki, leaf, untrusted, NULL, now_s);
	if (context == NULL) {
		facts->chain = CHAIN_UNTRUSTED;
		snprintf(facts->chain_why, sizeof(facts->chain_why),
			"the chain cannot be checked: OpenSSL has no memory for it");
		*chain = without_root(NULL, leaf);
	} else {
		if (X509_verify_cert(context) == 1) {
			facts->chain = CHAIN_TRUSTED;
			keep_path(pki, key, X509_STORE_CTX_get0_chain(context));
		} else {
			tell_failure(context, facts);
		}
		*chain = without_root(X509_STORE_CTX_get0_chain(context), leaf);
	}
	X509_STORE_CTX_free(context);
	sk_X509_free(untrusted);
	ERR_clear_error();
}
