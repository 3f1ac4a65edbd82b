#include "domain/linkage.h"

#include <assert.h>
#include <string.h>

#include "base/alloc.h"
#include "domain/hostname.h"
#include "domain/linkage_private.h"

#define EXPIRES_SOON_DAYS 7
#define CUTOFF_NEVER 1440

struct linkage_policy linkage_policy_default(void)
{
	return (struct linkage_policy){
		.bring_in_wildcard_matches = true,
		.agency_needs_chain = true,
		.bring_in_needs_chain = false,
		.expires_soon_ms = EXPIRES_SOON_DAYS * DAY_MS,
		.cutoff_minute = CUTOFF_NEVER,
	};
}

const struct service_rules *rulebook_service(const struct rulebook *rulebook, const char *id)
{
	size_t i;

	for (i = 0; i < rulebook->service_count; i++) {
		if (strcmp(rulebook->services[i].id, id) == 0)
			return &rulebook->services[i];
	}
	return NULL;
}

static const char *service_name(const struct service_rules *service)
{
	return service->name != NULL ? service->name : service->id;
}

/* Rule 9, the half that comes before all others: what is no link at all. */
static bool judge_none(struct judgement *judgement)
{
	const struct contract_link *link = judgement->link;

	if (judgement->contract->state == CONTRACT_ENDED) {
		trail_add(judgement, "9", TRAIL_NOTE,
			"The contract has ended: nothing more is installed. What is installed "
			"stays on the services and goes on being served.");
	} else if (strcmp(link->service, SERVICE_OTHER) == 0) {
		trail_add(judgement, "9", TRAIL_NOTE,
			"The linked service is \"その他\": the customer installs the certificate. "
			"What was installed on a linked service before stays there.");
	} else if (link->service_code[0] == '\0') {
		trail_add(judgement, "9", TRAIL_NOTE,
			"The link to %s names no service code, so there is nothing to install on. "
			"What was installed there before stays.",
			judgement->service != NULL ? service_name(judgement->service)
						   : link->service);
	} else if (judgement->facts == NULL) {
		if (judgement->bring_in)
			trail_add(judgement, "9", TRAIL_NOTE,
				"No certificate has been registered yet, so there is nothing to "
				"install.");
		else
			trail_add(judgement, "9", TRAIL_NOTE,
				"No certificate has been issued yet, so there is nothing to "
				"install.");
	} else {
		return false;
	}
	judgement->verdict->kind = VERDICT_NONE;
	return true;
}

/* Rule 9, the other half. */
static void judge_service(struct judgement *judgement)
{
	const struct contract_link *link = judgement->link;

	if (judgement->service == NULL) {
		judgement_refuse(judgement, REASON_UNKNOWN_SERVICE);
		trail_add(judgement, "9", TRAIL_REFUSE,
			"No profile describes the linked service \"%s\".", link->service);
		return;
	}
	trail_add(judgement, "9", TRAIL_PASS,
		"The link is to %s, service code %s, and the contract is active.",
		service_name(judgement->service), link->service_code);
}

/* DigiCert's items were sold for some services only, and keep the links they were sold with. */
static void judge_digicert_cloud(struct judgement *judgement)
{
	bool later = judgement->link->since_ms > judgement->contract->since_ms;
	bool elsewhere = judgement->service != NULL && !judgement->service->takes_digicert_cloud;

	if (later)
		judgement_refuse(judgement, REASON_ITEM_TAKES_NO_NEW_LINK);
	if (elsewhere)
		judgement_refuse(judgement, REASON_ITEM_NOT_LINKABLE);
	if (!later && !elsewhere) {
		trail_add(judgement, "1", TRAIL_PASS,
			"%s keeps this link, which is as old as the contract.",
			item_name(judgement->item));
		return;
	}
	if (elsewhere && later)
		trail_add(judgement, "1", TRAIL_REFUSE,
			"%s is sold for the content acceleration and WAF services only, and takes "
			"no link that is added after the contract began.",
			item_name(judgement->item));
	else if (elsewhere)
		trail_add(judgement, "1", TRAIL_REFUSE,
			"%s is sold for the content acceleration and WAF services only.",
			item_name(judgement->item));
	else
		trail_add(judgement, "1", TRAIL_REFUSE,
			"%s takes no link that is added after the contract began.",
			item_name(judgement->item));
}

static void judge_item(struct judgement *judgement)
{
	const char *name = item_name(judgement->item);

	if (judgement->item == ITEM_DIGICERT_CLOUD) {
		judge_digicert_cloud(judgement);
	} else if (item_is_linkable(judgement->item)) {
		trail_add(judgement, "1", TRAIL_PASS, "%s may be linked to services.", name);
	} else {
		judgement_refuse(judgement, REASON_ITEM_NOT_LINKABLE);
		trail_add(judgement, "1", TRAIL_REFUSE,
			"%s (%s) is none of the items that may be linked to services.", name,
			judgement->contract->item);
	}
}

static void judge_csr(struct judgement *judgement)
{
	if (judgement->contract->csr_by == CSR_BY_PROVIDER) {
		trail_add(judgement, "2", TRAIL_PASS, "The provider made the CSR.");
		return;
	}
	judgement_refuse(judgement, REASON_CUSTOMER_CSR);
	trail_add(judgement, "2", TRAIL_REFUSE,
		"The customer made the CSR: such a certificate cannot be used on a linked "
		"service.");
}

/* Rules 3 and 4 for agency items; the certificate's alternative names do not count. */
static void judge_agency_name(struct judgement *judgement)
{
	const char *fqdn = judgement->link->fqdn, *name = judgement->contract->common_name;
	const char *item = item_name(judgement->item);
	bool wildcard = hostname_is_wildcard(name);

	if (hostname_equal(fqdn, name)) {
		trail_add(judgement, "3", TRAIL_PASS,
			"The contract FQDN %s is the contract common name.", fqdn);
		trail_add(judgement, "4", TRAIL_NOTE, "Not needed: the names are equal.");
	} else if (!wildcard || !item_has_wildcard(judgement->item)) {
		judgement_refuse(judgement, REASON_NAME_MISMATCH);
		trail_add(judgement, "3", TRAIL_REFUSE,
			"The contract FQDN %s is not the contract common name %s; other names in "
			"the certificate do not count.",
			fqdn, name);
		trail_add(judgement, "4", TRAIL_NOTE,
			wildcard ? N_("Under %s a wildcard name matches nothing but itself.")
				 : N_("Does not apply: under %s this common name is no wildcard."),
			item);
	} else if (hostname_matches_wildcard(name, fqdn)) {
		trail_add(judgement, "3", TRAIL_NOTE,
			"The contract FQDN %s is not the contract common name itself; rule 4 "
			"decides.",
			fqdn);
		trail_add(judgement, "4", TRAIL_PASS,
			"The contract's name %s covers %s: %s takes exactly one label in place of "
			"the *.",
			name, fqdn, item);
	} else {
		judgement_refuse(judgement, REASON_NAME_MISMATCH);
		trail_add(judgement, "3", TRAIL_NOTE,
			"The contract FQDN %s is not the contract common name itself; rule 4 "
			"decides.",
			fqdn);
		trail_add(judgement, "4", TRAIL_REFUSE,
			"The contract's name %s does not cover %s: %s takes exactly one label in "
			"place of the *.",
			name, fqdn, item);
	}
}

static void judge_bring_in_service(struct judgement *judgement)
{
	const struct service_rules *service = judgement->service;

	if (service == NULL) {
		trail_add(judgement, "5", TRAIL_NOTE, "Not looked at: the service is not known.");
	} else if (service->bring_in == BRING_IN_NO) {
		judgement_refuse(judgement, REASON_SERVICE_NOT_FOR_BRING_IN);
		trail_add(judgement, "5", TRAIL_REFUSE,
			"%s takes no certificate that the customer brought in.",
			service_name(service));
	} else if (service->bring_in == BRING_IN_OPTIONAL) {
		trail_add(judgement, "5", TRAIL_PASS,
			"%s takes certificates brought in; the customer may also install by hand.",
			service_name(service));
	} else {
		trail_add(judgement, "5", TRAIL_PASS, "%s takes certificates brought in.",
			service_name(service));
	}
}

static bool covers(const char *name, const char *fqdn, bool wildcard_matches)
{
	return hostname_equal(name, fqdn) ||
	       (wildcard_matches && hostname_matches_wildcard(name, fqdn));
}

static void judge_bring_in_name(struct judgement *judgement)
{
	const struct certificate_facts *facts = judgement->facts;
	bool wildcard_matches = judgement->rulebook->policy.bring_in_wildcard_matches;
	const char *fqdn = judgement->link->fqdn, *name = judgement->contract->common_name;
	size_t i;

	if (covers(name, fqdn, wildcard_matches)) {
		trail_add(judgement, "6", TRAIL_PASS,
			"The contract FQDN %s agrees with the contract common name %s.", fqdn,
			name);
		return;
	}
	if (facts->malformed) {
		trail_add(judgement, "6", TRAIL_NOTE,
			"The contract FQDN %s is not the contract common name %s, and the "
			"certificate's other names cannot be read.",
			fqdn, name);
		return;
	}
	for (i = 0; i < facts->name_count; i++) {
		if (covers(facts->names[i], fqdn, wildcard_matches)) {
			trail_add(judgement, "6", TRAIL_PASS,
				"The contract FQDN %s agrees with the name %s in the certificate.",
				fqdn, facts->names[i]);
			return;
		}
	}
	judgement_refuse(judgement, REASON_NAME_MISMATCH);
	trail_add(judgement, "6", TRAIL_REFUSE,
		"The contract FQDN %s agrees neither with the contract common name %s nor with one "
		"of the %zu alternative names in the certificate.",
		fqdn, name, facts->name_count);
}

static void judge_key_kind(struct judgement *judgement)
{
	const struct service_rules *service = judgement->service;
	const struct certificate_facts *facts = judgement->facts;

	if (service == NULL) {
		trail_add(judgement, "7", TRAIL_NOTE, "Not looked at: the service is not known.");
	} else if (facts->malformed) {
		trail_add(judgement, "7", TRAIL_NOTE,
			"Not looked at: the certificate cannot be read.");
	} else if (!service->rsa2048_only) {
		trail_add(judgement, "7", TRAIL_PASS, "%s takes keys of any kind; this is %s.",
			service_name(service), facts->key);
	} else if (facts->key_is_rsa2048) {
		trail_add(judgement, "7", TRAIL_PASS, "The key is RSA 2048 bit, as %s requires.",
			service_name(service));
	} else {
		judgement_refuse(judgement, REASON_KEY_NOT_ALLOWED);
		trail_add(judgement, "7", TRAIL_REFUSE,
			"%s takes RSA 2048 bit alone, certificate and private key; this is %s. "
			"The certificate has to be issued again on such a key.",
			service_name(service), facts->key);
	}
}

/* Rules 1 to 6: what the kind of item allows. */
static void judge_link(struct judgement *judgement)
{
	static const char *const agency[] = {"1", "2", "3", "4"}, *const bring_in[] = {"5", "6"};
	size_t i;

	if (judgement->bring_in) {
		for (i = 0; i < sizeof(agency) / sizeof(agency[0]); i++)
			trail_add(judgement, agency[i], TRAIL_NOTE,
				"Does not apply to a certificate brought in.");
		judge_bring_in_service(judgement);
		judge_bring_in_name(judgement);
		return;
	}
	judge_item(judgement);
	judge_csr(judgement);
	judge_agency_name(judgement);
	for (i = 0; i < sizeof(bring_in) / sizeof(bring_in[0]); i++)
		trail_add(judgement, bring_in[i], TRAIL_NOTE,
			"Applies to certificates brought in alone.");
}

static void begin(struct judgement *judgement, size_t link)
{
	const struct contract *contract = judgement->contract;

	assert(link < contract->link_count);
	judgement->item = item_from_id(contract->item);
	judgement->link = &contract->links[link];
	judgement->service = rulebook_service(judgement->rulebook, judgement->link->service);
	judgement->bring_in = item_is_bring_in(judgement->item);
	*judgement->verdict = (struct verdict){0};
}

/* What the lines and reasons come to. */
static void conclude(struct judgement *judgement)
{
	struct verdict *verdict = judgement->verdict;

	if (verdict->reasons == 0 && !judgement_is_held(judgement)) {
		verdict->kind = VERDICT_ACCEPT;
		verdict->has_due = true;
		verdict->schedule = judgement->schedule;
		return;
	}
	schedule_clear(&judgement->schedule);
	verdict->kind = VERDICT_REFUSE;
	if (verdict->reasons == 0) {
		verdict->kind = VERDICT_HOLD;
		verdict->holder = xstrdup(judgement->tenure->holder);
	}
}

void linkage_judge(const struct rulebook *rulebook, const struct contract *contract, size_t link,
	const struct certificate_facts *facts, const struct tenure *tenure, int64_t now_ms,
	struct verdict *verdict)
{
	struct judgement judgement = {
		.rulebook = rulebook,
		.contract = contract,
		.facts = facts,
		.tenure = tenure,
		.now_ms = now_ms,
		.verdict = verdict,
	};

	begin(&judgement, link);
	if (judge_none(&judgement))
		return;
	judge_service(&judgement);
	judge_link(&judgement);
	judge_key_kind(&judgement);
	judge_schedule(&judgement);
	judge_certificate(&judgement);
	schedule_explain(&judgement);
	tenure_explain(&judgement);
	conclude(&judgement);
}

static void judge_lost_key(struct judgement *judgement)
{
	judgement_refuse(judgement, REASON_KEY_MISMATCH);
	trail_add(judgement, "8 key", TRAIL_REFUSE,
		"The private key was wiped when this was installed; it comes with the contract's "
		"next record.");
}

void linkage_release(const struct rulebook *rulebook, const struct contract *contract, size_t link,
	int64_t not_before_ms, int64_t not_after_ms, bool key_held, const struct tenure *tenure,
	int64_t now_ms, struct verdict *verdict)
{
	const struct certificate_facts dates = {
		.not_before_ms = not_before_ms, .not_after_ms = not_after_ms};
	struct judgement judgement = {
		.rulebook = rulebook,
		.contract = contract,
		.facts = &dates,
		.tenure = tenure,
		.now_ms = now_ms,
		.verdict = verdict,
	};

	begin(&judgement, link);
	assert(!judgement_is_held(&judgement));
	if (judgement.service == NULL)
		judge_service(&judgement);
	judge_schedule(&judgement);
	judge_dates(&judgement);
	if (!key_held)
		judge_lost_key(&judgement);
	schedule_explain(&judgement);
	tenure_explain(&judgement);
	conclude(&judgement);
}

void linkage_wait(const struct rulebook *rulebook, const struct contract *contract, size_t link,
	const struct tenure *tenure, struct verdict *verdict)
{
	struct judgement judgement = {
		.rulebook = rulebook,
		.contract = contract,
		.tenure = tenure,
		.verdict = verdict,
	};

	begin(&judgement, link);
	assert(judgement_is_held(&judgement));
	verdict->base_ms = linkage_base_ms(contract, link, tenure);
	tenure_explain(&judgement);
	conclude(&judgement);
}
