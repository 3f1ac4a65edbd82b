#include "ctl/examine.h"

bool examine_record(struct pki *pki, const struct record *record, int64_t now_ms,
	struct certificate_facts *facts, struct error *error)
{
	const struct pki_input input = {
		.pem = record->pem,
		.private_key = record->private_key,
		.pkcs12 = record->pkcs12.data,
		.pkcs12_length = record->pkcs12.length,
		.passphrase = record->passphrase,
	};
	struct material material = {0};
	bool good;

	if (!record->contract.has_certificate)
		return true;
	good = pki_examine(pki, &input, now_ms, facts, &material, error);
	material_clear(&material);
	return good;
}
