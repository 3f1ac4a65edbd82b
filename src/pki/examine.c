#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/alloc.h"
#include "base/text.h"
#include "pki/pki_private.h"

/* Why the input is malformed goes straight into the facts. */
__attribute__((format(printf, 2, 3))) static bool malformed(
	struct certificate_facts *facts, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(facts->malformed_why, sizeof(facts->malformed_why), format, arguments);
	va_end(arguments);
	return false;
}

static bool issued_another(const struct bundle *bundle, size_t issuer)
{
	size_t i;

	for (i = 0; i < bundle->count; i++) {
		if (i != issuer && X509_check_issued(bundle->certificates[issuer].certificate,
					   bundle->certificates[i].certificate) == X509_V_OK)
			return true;
	}
	return false;
}

static size_t find_leaf(const struct bundle *bundle)
{
	size_t i;

	if (bundle->count == 1)
		return 0;
	for (i = 0; bundle_has_key(bundle) && i < bundle->count; i++) {
		if (bundle_key_is_of(bundle, X509_get0_pubkey(bundle->certificates[i].certificate)))
			return i;
	}
	for (i = 0; i < bundle->count; i++) {
		if (X509_check_ca(bundle->certificates[i].certificate) == 0 &&
			!issued_another(bundle, i))
			return i;
	}
	return 0;
}

static bool milliseconds_of(const ASN1_TIME *when, int64_t *ms)
{
	struct tm parts;

	if (ASN1_TIME_to_tm(when, &parts) != 1)
		return false;
	*ms = (int64_t)timegm(&parts) * 1000;
	return true;
}

static void take_common_name(const X509 *leaf, struct certificate_facts *facts)
{
	const X509_NAME *subject = X509_get_subject_name(leaf);
	int at = -1, last = -1, length;
	unsigned char *text = NULL;

	/* The last is the most specific one. */
	while ((at = X509_NAME_get_index_by_NID(subject, NID_commonName, at)) >= 0)
		last = at;
	if (last < 0)
		return;
	length = ASN1_STRING_to_UTF8(
		&text, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, last)));
	/* A name with a NUL or a control character in it could pass for another one. */
	if (length > 0 && text_is_clean((const char *)text, (size_t)length))
		facts->common_name = xstrndup((const char *)text, (size_t)length);
	OPENSSL_free(text);
	ERR_clear_error();
}

static bool take_names(const X509 *leaf, struct certificate_facts *facts)
{
	int status = -1, i;
	GENERAL_NAMES *names = X509_get_ext_d2i(leaf, NID_subject_alt_name, &status, NULL);
	bool fine = true;

	if (names == NULL) {
		/* -1: there is no such extension. */
		return status == -1 ||
		       malformed(facts, "the certificate's names (subjectAltName) cannot be read");
	}
	if (sk_GENERAL_NAME_num(names) > INPUT_NAMES_MAX)
		fine = malformed(facts, "the certificate has more than %d names", INPUT_NAMES_MAX);
	else
		facts->names = xcalloc((size_t)sk_GENERAL_NAME_num(names), sizeof(*facts->names));
	for (i = 0; fine && i < sk_GENERAL_NAME_num(names); i++) {
		int type;
		const ASN1_STRING *name =
			GENERAL_NAME_get0_value(sk_GENERAL_NAME_value(names, i), &type);
		const char *text;
		size_t length;

		if (type != GEN_DNS)
			continue;
		text = (const char *)ASN1_STRING_get0_data(name);
		length = (size_t)ASN1_STRING_length(name);
		if (length > 0 && text_is_clean(text, length))
			facts->names[facts->name_count++] = xstrndup(text, length);
	}
	GENERAL_NAMES_free(names);
	return fine;
}

static bool take_identity(const struct bundle_certificate *leaf, struct certificate_facts *facts)
{
	EVP_PKEY *key = X509_get0_pubkey(leaf->certificate);

	memcpy(facts->fingerprint, leaf->digest, FINGERPRINT_SIZE);
	if (!milliseconds_of(X509_get0_notBefore(leaf->certificate), &facts->not_before_ms) ||
		!milliseconds_of(X509_get0_notAfter(leaf->certificate), &facts->not_after_ms))
		return malformed(facts, "the certificate's dates cannot be read");
	facts->not_after_ms += 999;
	key_describe(key, facts->key, sizeof(facts->key));
	facts->key_weak = key_is_weak(key);
	facts->key_is_rsa2048 = EVP_PKEY_is_a(key, "RSA") && EVP_PKEY_get_bits(key) == 2048;
	take_common_name(leaf->certificate, facts);
	return take_names(leaf->certificate, facts);
}

static bool is_rsa2048(const struct bundle *bundle)
{
	if (bundle->numbers.n != NULL)
		return BN_num_bits(bundle->numbers.n) == 2048;
	return bundle->key != NULL && EVP_PKEY_is_a(bundle->key, "RSA") &&
	       EVP_PKEY_get_bits(bundle->key) == 2048;
}

static void judge_key(struct pki *pki, const struct bundle *bundle, const X509 *leaf,
	struct certificate_facts *facts)
{
	if (!bundle->key_came) {
		facts->key_status = KEY_ABSENT;
		return;
	}
	facts->key_status =
		key_belongs(pki, bundle, leaf, facts->key_why) ? KEY_BELONGS : KEY_MISMATCH;
	if (!is_rsa2048(bundle))
		facts->key_is_rsa2048 = false;
}

/* The digest of a signature when it is a broken one, else NULL. */
static const char *broken_digest(X509 *certificate)
{
	int digest = NID_undef;

	/* This looks into the parameters of RSA-PSS; what it does not know, the table may. */
	if (X509_get_signature_info(certificate, &digest, NULL, NULL, NULL) != 1)
		OBJ_find_sigid_algs(X509_get_signature_nid(certificate), &digest, NULL);
	ERR_clear_error();
	switch (digest) {
	case NID_md2:
		return "MD2";
	case NID_md4:
		return "MD4";
	case NID_md5:
	case NID_md5_sha1:
		return "MD5";
	case NID_mdc2:
		return "MDC-2";
	case NID_sha1:
	case NID_sha:
		return "SHA-1";
	default:
		return NULL;
	}
}

static void judge_signatures(STACK_OF(X509) * chain, struct certificate_facts *facts)
{
	char name[NAME_TEXT_MAX];
	int i;

	for (i = 0; i < sk_X509_num(chain); i++) {
		X509 *certificate = sk_X509_value(chain, i);
		const char *digest = broken_digest(certificate);

		if (digest == NULL)
			continue;
		pki_name_text(X509_get_subject_name(certificate), name);
		facts->signature_weak = true;
		snprintf(facts->signature_why, sizeof(facts->signature_why),
			"the %s \"%s\" is signed with %s, which is broken",
			i == 0 ? "certificate" : "intermediate", name, digest);
		return;
	}
}

/* What came along has its digest already. */
static bool fingerprint_of(
	const struct bundle *bundle, const X509 *certificate, unsigned char *fingerprint)
{
	size_t i;

	for (i = 0; i < bundle->count; i++) {
		if (bundle->certificates[i].certificate == certificate) {
			memcpy(fingerprint, bundle->certificates[i].digest, FINGERPRINT_SIZE);
			return true;
		}
	}
	return X509_digest(certificate, EVP_sha256(), fingerprint, NULL) == 1;
}

static void fill_chain(
	const struct bundle *bundle, STACK_OF(X509) * chain, struct certificate_facts *facts)
{
	int i;

	for (i = 1; i < sk_X509_num(chain) && i <= CERTIFICATE_CHAIN_MAX; i++) {
		if (!fingerprint_of(
			    bundle, sk_X509_value(chain, i), facts->chain_fingerprints[i - 1]))
			return;
		facts->chain_length++;
	}
}

static void fill_material(
	const struct bundle *bundle, STACK_OF(X509) * chain, struct material *material)
{
	int i;

	pem_append_certificate(&material->leaf_pem, sk_X509_value(chain, 0));
	for (i = 1; i < sk_X509_num(chain); i++)
		pem_append_certificate(&material->chain_pem, sk_X509_value(chain, i));
	if (bundle_has_key(bundle))
		pem_append(&material->key_pem, PEM_STRING_PKCS8INF, bundle->key_der.data,
			bundle->key_der.length);
}

static bool judge(struct pki *pki, const struct pki_input *input, struct bundle *bundle,
	int64_t now_ms, struct certificate_facts *facts, struct material *material)
{
	const struct bundle_certificate *leaf;
	STACK_OF(X509) *chain = NULL;
	size_t index;

	if (!bundle_read(pki, input, bundle, facts->malformed_why, sizeof(facts->malformed_why)))
		return false;
	index = find_leaf(bundle);
	leaf = &bundle->certificates[index];
	if (!take_identity(leaf, facts))
		return false;
	judge_key(pki, bundle, leaf->certificate, facts);
	chain_build(pki, bundle, index, now_ms, facts, &chain);
	judge_signatures(chain, facts);
	fill_chain(bundle, chain, facts);
	fill_material(bundle, chain, material);
	sk_X509_pop_free(chain, X509_free);
	return true;
}

bool pki_examine(struct pki *pki, const struct pki_input *input, int64_t now_ms,
	struct certificate_facts *facts, struct material *material, struct error *error)
{
	struct bundle bundle = {0};

	*facts = (struct certificate_facts){0};
	*material = (struct material){0};
	if (input->pem == NULL && input->pkcs12 == NULL)
		return error_set(error, ERROR_INTERNAL,
			"a certificate is to be examined and neither PEM nor PKCS#12 was given");
	facts->malformed = !judge(pki, input, &bundle, now_ms, facts, material);
	bundle_clear(&bundle);
	ERR_clear_error();
	return true;
}
