#include "ops/view_private.h"

#include <string.h>

#include "base/alloc.h"
#include "base/words.h"
#include "domain/linkage.h"

/* What makes an install that was refused for a reason possible. */
static const char *const remedies[REASON_COUNT] = {
	[REASON_ITEM_NOT_LINKABLE] =
		N_("To do: certificates of this item are not installed on linked services; the "
		   "customer installs it by hand, or applies for an item that is."),
	[REASON_ITEM_TAKES_NO_NEW_LINK] =
		N_("To do: this item takes links to some services only; the customer applies for "
		   "another item for this service."),
	[REASON_CUSTOMER_CSR] =
		N_("To do: the provider does not have the key, since the CSR was the customer's; "
		   "the customer has the certificate reissued with a CSR of the provider's, or "
		   "installs it by hand."),
	[REASON_NAME_MISMATCH] = N_(
		"To do: link the service to a host name that the contract's common name covers, or "
		"apply for a certificate for this one."),
	[REASON_SERVICE_NOT_FOR_BRING_IN] =
		N_("To do: this service takes no certificates that were brought in; use one that "
		   "the provider issues."),
	[REASON_KEY_NOT_ALLOWED] =
		N_("To do: this service takes RSA keys of 2048 bits alone; have the certificate "
		   "reissued with one."),
	[REASON_EXPIRED] = N_("To do: the certificate is over; renew it, and the new one comes "
			      "with its record."),
	[REASON_EXPIRES_BEFORE_DUE] =
		N_("To do: the certificate is over before the install could begin; renew it now."),
	[REASON_NOT_YET_VALID] =
		N_("To do: the certificate is not valid yet when the install would begin; send "
		   "its record again when it is, or have it issued with an earlier date."),
	[REASON_NAME_NOT_IN_CERTIFICATE] =
		N_("To do: the certificate does not have this host name; have it reissued with "
		   "the name in it, or correct the link."),
	[REASON_KEY_MISMATCH] =
		N_("To do: certificate and private key do not belong together; have the right pair "
		   "registered again."),
	[REASON_CHAIN_INCOMPLETE] =
		N_("To do: register the certificate with its intermediates, or add them to the "
		   "file that the key intermediates names."),
	[REASON_UNTRUSTED] =
		N_("To do: the certificate does not lead to a root that is trusted here; have it "
		   "issued by one that is, or look at the key trust."),
	[REASON_WEAK_KEY] = N_("To do: the key is too weak; have the certificate reissued with a "
			       "stronger one."),
	[REASON_WEAK_SIGNATURE] =
		N_("To do: a signature in the chain uses a broken digest; have the certificate "
		   "reissued."),
	[REASON_MALFORMED] =
		N_("To do: the certificate or its dates cannot be read; have it registered "
		   "again."),
	[REASON_UNKNOWN_SERVICE] = N_(
		"To do: no profile describes this service; put one into services.d, and send the "
		"record again."),
	[REASON_VALIDITY_TOO_LONG] =
		N_("To do: the certificate is valid for longer than browsers accept; have it "
		   "reissued for a shorter time."),
	[REASON_EXPIRES_SOON_AFTER_DUE] =
		N_("To do: the certificate ends soon after the install; renew it."),
};

/* Whether CODE is one of CODES, which are separated by ", ". */
static bool names(const char *codes, const char *code)
{
	size_t length = strlen(code);

	while (codes != NULL) {
		if (strncmp(codes, code, length) == 0 &&
			(codes[length] == '\0' || codes[length] == ','))
			return true;
		codes = strchr(codes, ' ');
		codes = codes != NULL ? codes + 1 : NULL;
	}
	return false;
}

void view_say_remedies(struct json_object *sentences, const char *codes)
{
	int reason;

	for (reason = 0; reason < REASON_COUNT; reason++) {
		if (names(codes, reason_code((enum reason)reason)))
			view_say(sentences, "%s", _(remedies[reason]));
	}
}
