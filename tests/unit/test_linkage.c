#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "base/text.h"
#include "domain/linkage.h"

#define NAMES_MAX 4
#define BIT(name) REASON_BIT(REASON_##name)

/*
 * One judgement; what a case leaves out is as in the sound agency case: クイック認証SSL for
 * www.example.jp on webhg2, issued on Friday 2026-11-20 at 10:15 and judged at 11:00. Monday the
 * 23rd is a holiday, so it is due on Tuesday.
 */
struct test_case {
	const char *what;
	const char *item, *common_name, *service, *code, *fqdn;
	const char *contract_since, *link_since, *at, *now;
	/* The certificate. */
	const char *subject; /* "" for a certificate without a common name in its subject */
	const char *names[NAMES_MAX];
	const char *not_before, *not_after;
	const char *key; /* all but "rsa-2048" is no RSA 2048 */
	enum key_status key_status;
	enum chain_status chain;
	int cutoff_minute;
	/* What must come of it. */
	enum verdict_kind kind;
	reason_set reasons, warnings;
	const char *due; /* NULL: whatever it is */
	const char *rule, *says;
	enum trail_outcome outcome;
	/* What is so or not: of the contract, of the certificate, of the choices. */
	bool ended, customer_csr;
	bool none_issued, malformed, key_weak, signature_weak;
	bool no_bring_in_wildcard, agency_chain_warns, bring_in_chain_refuses;
	const char *hours_from, *hours_until;
	bool hours_business_days;
	/* Of the pair; nothing known of it where both are left out. */
	const char *holder, *freed;
	bool released; /* judged when the pair became free, by the dates alone */
	const char *base;
};

#define ACCEPTED .kind = VERDICT_ACCEPT
#define REFUSED(set) .kind = VERDICT_REFUSE, .reasons = (set)
#define HELD .kind = VERDICT_HOLD
#define NO_LINK .kind = VERDICT_NONE
#define TRAIL(id, word) .rule = (id), .outcome = TRAIL_##word

static const char *or_else(const char *text, const char *otherwise)
{
	return text != NULL ? text : otherwise;
}

static int64_t instant(const char *text)
{
	int64_t ms;

	if (!civil_parse_instant(text, &ms))
		fail_msg("%s is no instant", text);
	return ms;
}

static struct contract make_contract(const struct test_case *test)
{
	const char *since = or_else(test->contract_since, "2025-11-25T09:00:00+09:00");
	struct contract contract = {
		.code = xstrdup("ssl10000001"),
		.revision = 7,
		.state = test->ended ? CONTRACT_ENDED : CONTRACT_ACTIVE,
		.since_ms = instant(since),
		.item = xstrdup(or_else(test->item, "dv-ssl")),
		.common_name = xstrdup(or_else(test->common_name, "www.example.jp")),
		.has_certificate = !test->none_issued,
		.certificate_at_ms = instant(or_else(test->at, "2026-11-20T10:15:00+09:00")),
		.csr_by = test->customer_csr ? CSR_BY_CUSTOMER : CSR_BY_PROVIDER,
		.links = xcalloc(1, sizeof(struct contract_link)),
		.link_count = 1,
	};

	contract.links[0] = (struct contract_link){
		.service = xstrdup(or_else(test->service, "webhg2")),
		.service_code = xstrdup(or_else(test->code, "whg00000001")),
		.fqdn = xstrdup(or_else(test->fqdn, "www.example.jp")),
		.since_ms = instant(or_else(test->link_since, since)),
	};
	return contract;
}

static struct certificate_facts make_facts(const struct test_case *test)
{
	const char *key = or_else(test->key, "rsa-2048");
	struct certificate_facts facts = {
		.malformed = test->malformed,
		.not_before_ms = instant(or_else(test->not_before, "2026-11-20T00:00:00Z")),
		.not_after_ms = instant(or_else(test->not_after, "2027-02-17T23:59:59Z")) + 999,
		.key_status = test->key_status,
		.key_is_rsa2048 = strcmp(key, "rsa-2048") == 0,
		.key_weak = test->key_weak,
		.signature_weak = test->signature_weak,
		.chain = test->chain,
	};
	const char *subject = or_else(test->subject, or_else(test->common_name, "www.example.jp"));
	size_t i;

	if (test->malformed) {
		/* The rest of the facts is meaningless then, and must not be looked at. */
		snprintf(facts.malformed_why, sizeof(facts.malformed_why), "no PEM in it");
		facts.key_status = KEY_MISMATCH;
		facts.not_after_ms = 0;
		return facts;
	}
	snprintf(facts.key, sizeof(facts.key), "%s", key);
	if (subject[0] != '\0')
		facts.common_name = xstrdup(subject);
	facts.names = xcalloc(NAMES_MAX, sizeof(char *));
	for (i = 0; i < NAMES_MAX && test->names[i] != NULL; i++)
		facts.names[facts.name_count++] = xstrdup(test->names[i]);
	return facts;
}

static bool has_line(const struct verdict *verdict, const struct test_case *test)
{
	size_t i;

	for (i = 0; i < verdict->trail_count; i++) {
		if (strcmp(verdict->trail[i].rule, test->rule) == 0)
			return verdict->trail[i].outcome == test->outcome &&
			       (test->says == NULL ||
				       strstr(verdict->trail[i].text, test->says) != NULL);
	}
	return false;
}

/* What is true of every verdict. */
static void check_shape(const struct verdict *verdict, const char *what)
{
	size_t i, j, refusing = 0, warning = 0, holding = 0;

	assert_int_equal(verdict->has_due, verdict->kind == VERDICT_ACCEPT);
	assert_int_equal(verdict->reasons != 0, verdict->kind == VERDICT_REFUSE);
	assert_int_equal(verdict->holder != NULL, verdict->kind == VERDICT_HOLD);
	if (!verdict->has_due)
		assert_null(verdict->schedule.days);
	assert_true(verdict->trail_count > 0);
	for (i = 0; i < verdict->trail_count; i++) {
		const struct trail_line *line = &verdict->trail[i];

		refusing += line->outcome == TRAIL_REFUSE;
		warning += line->outcome == TRAIL_WARN;
		holding += line->outcome == TRAIL_HOLD;
		assert_true(text_is_clean(line->text, strlen(line->text)));
		for (j = 0; j < i; j++) {
			if (strcmp(line->rule, verdict->trail[j].rule) == 0)
				fail_msg("%s: two lines for rule %s", what, line->rule);
		}
	}
	assert_int_equal(refusing > 0, verdict->kind == VERDICT_REFUSE);
	assert_int_equal(holding > 0, verdict->kind == VERDICT_HOLD);
	assert_int_equal(warning > 0, verdict->warnings != 0);
}

static void judge_with(const struct test_case *test, const struct rulebook *rulebook,
	const struct contract *contract, const struct certificate_facts *facts,
	struct verdict *verdict)
{
	int64_t now_ms = instant(or_else(test->now, "2026-11-20T11:00:00+09:00"));
	const struct tenure tenure = {
		.holder = test->holder, .freed_ms = test->freed != NULL ? instant(test->freed) : 0};
	const struct tenure *known = test->holder != NULL || test->freed != NULL ? &tenure : NULL;

	if (test->released)
		linkage_release(rulebook, contract, 0, facts->not_before_ms, facts->not_after_ms,
			true, known, now_ms, verdict);
	else
		linkage_judge(rulebook, contract, 0, test->none_issued ? NULL : facts, known,
			now_ms, verdict);
}

static void judge(const struct test_case *test, struct verdict *verdict)
{
	struct contract contract = make_contract(test);
	struct certificate_facts facts = make_facts(test);
	struct holidays *holidays = holidays_new();
	struct service_rules with_hours;
	struct error error;
	struct rulebook rulebook = {
		.calendar = calendar_default(holidays),
		.policy = linkage_policy_default(),
	};

	rulebook.services = catalogue_builtin(&rulebook.service_count);
	if (test->hours_from != NULL) {
		with_hours = *rulebook_service(&rulebook, "webhg2");
		with_hours.has_hours = hours_parse(test->hours_from, test->hours_until,
			test->hours_business_days, &with_hours.hours, &error);
		assert_true(with_hours.has_hours);
		rulebook.services = &with_hours;
		rulebook.service_count = 1;
	}
	rulebook.policy.bring_in_wildcard_matches = !test->no_bring_in_wildcard;
	rulebook.policy.agency_needs_chain = !test->agency_chain_warns;
	rulebook.policy.bring_in_needs_chain = test->bring_in_chain_refuses;
	if (test->cutoff_minute != 0)
		rulebook.policy.cutoff_minute = test->cutoff_minute;
	judge_with(test, &rulebook, &contract, &facts, verdict);
	holidays_free(holidays);
	contract_clear(&contract);
	certificate_facts_clear(&facts);
}

static void check(const struct test_case *test)
{
	struct verdict verdict;
	char reasons[256], warnings[256], due[CIVIL_INSTANT_MAX];

	judge(test, &verdict);
	reason_set_text(verdict.reasons, reasons, sizeof(reasons));
	reason_set_text(verdict.warnings, warnings, sizeof(warnings));
	if (verdict.kind != test->kind || verdict.reasons != test->reasons ||
		verdict.warnings != test->warnings)
		fail_msg("%s: %s, reasons \"%s\", warnings \"%s\"", test->what,
			verdict_kind_name(verdict.kind), reasons, warnings);
	check_shape(&verdict, test->what);
	if (test->rule != NULL && !has_line(&verdict, test))
		fail_msg("%s: no such line for rule %s", test->what, test->rule);
	if (test->due != NULL) {
		assert_true(verdict.has_due);
		civil_format_instant(due, verdict.schedule.due_ms, TOKYO_OFFSET_MIN);
		if (strcmp(due, test->due) != 0)
			fail_msg("%s: due %s, not %s", test->what, due, test->due);
	}
	if (test->base != NULL)
		assert_int_equal(verdict.base_ms, instant(test->base));
	if (test->kind == VERDICT_HOLD)
		assert_string_equal(verdict.holder, test->holder);
	verdict_clear(&verdict);
	assert_null(verdict.trail);
	assert_null(verdict.holder);
}

#define CHECK_ALL(table)                                                                           \
	do {                                                                                       \
		size_t index_;                                                                     \
                                                                                                   \
		for (index_ = 0; index_ < ARRAY_LENGTH(table); index_++)                           \
			check(&(table)[index_]);                                                   \
	} while (0)

static void test_rule_1_items(void **state)
{
	static const struct test_case tests[] = {
		{"EV for cloud", .item = "sureserver-ev-cloud", ACCEPTED, TRAIL("1", PASS)},
		{"SureServer for cloud", .item = "sureserver-cloud", ACCEPTED, TRAIL("1", PASS)},
		{"OV", .item = "ov-ssl", ACCEPTED, TRAIL("1", PASS)},
		{"OV wildcard", .item = "ov-ssl-wildcard", ACCEPTED, TRAIL("1", PASS)},
		{"DV", .item = "dv-ssl", ACCEPTED, TRAIL("1", PASS)},
		{"DV wildcard", .item = "dv-ssl-wildcard", ACCEPTED, TRAIL("1", PASS)},
		{"another item", .item = "sureserver", REFUSED(BIT(ITEM_NOT_LINKABLE)),
			TRAIL("1", REFUSE), .says = "sureserver"},
		{"any text", .item = "DV-SSL", REFUSED(BIT(ITEM_NOT_LINKABLE)), TRAIL("1", REFUSE)},
		{"a link of any age", .link_since = "2026-11-01T00:00:00+09:00", ACCEPTED},
	};

	(void)state;
	CHECK_ALL(tests);
}

#define DIGICERT .item = "digicert-cloud"
#define LATER .link_since = "2025-11-25T09:00:01+09:00"

static void test_rule_1_digicert_cloud(void **state)
{
	static const struct test_case tests[] = {
		{"gio-ca from the start", DIGICERT, .service = "gio-ca", ACCEPTED,
			TRAIL("1", PASS)},
		{"waf from the start", DIGICERT, .service = "waf", ACCEPTED, TRAIL("1", PASS)},
		{"waf-group from the start", DIGICERT, .service = "waf-group", ACCEPTED,
			TRAIL("1", PASS)},
		{"older than the contract", DIGICERT, .service = "waf",
			.link_since = "2025-11-24T00:00:00+09:00", ACCEPTED},
		{"gio-ca later", DIGICERT, LATER, .service = "gio-ca",
			REFUSED(BIT(ITEM_TAKES_NO_NEW_LINK)), TRAIL("1", REFUSE)},
		{"webhg2 from the start", DIGICERT, REFUSED(BIT(ITEM_NOT_LINKABLE)),
			TRAIL("1", REFUSE)},
		{"idgw from the start", DIGICERT, .service = "idgw",
			REFUSED(BIT(ITEM_NOT_LINKABLE))},
		{"webhg2 later", DIGICERT, LATER,
			REFUSED(BIT(ITEM_NOT_LINKABLE) | BIT(ITEM_TAKES_NO_NEW_LINK)),
			TRAIL("1", REFUSE)},
		{"unknown service later", DIGICERT, LATER, .service = "cdn",
			REFUSED(BIT(UNKNOWN_SERVICE) | BIT(ITEM_TAKES_NO_NEW_LINK))},
		{"unknown service from the start", DIGICERT, .service = "cdn",
			REFUSED(BIT(UNKNOWN_SERVICE))},
	};

	(void)state;
	CHECK_ALL(tests);
}

#define BRING_IN .item = "bring-in"

static void test_rule_2_csr(void **state)
{
	static const struct test_case tests[] = {
		{"provider's", ACCEPTED, TRAIL("2", PASS)},
		{"customer's", .customer_csr = true, REFUSED(BIT(CUSTOMER_CSR)),
			TRAIL("2", REFUSE)},
		{"customer's, and the key is not here", .customer_csr = true,
			.key_status = KEY_ABSENT, REFUSED(BIT(CUSTOMER_CSR)), TRAIL("8 key", NOTE)},
		{"customer's, and another key is here", .customer_csr = true,
			.key_status = KEY_MISMATCH, REFUSED(BIT(CUSTOMER_CSR) | BIT(KEY_MISMATCH)),
			TRAIL("8 key", REFUSE)},
		{"brought in, whoever made it", BRING_IN, .customer_csr = true, ACCEPTED,
			TRAIL("2", NOTE)},
		{"brought in without a key", BRING_IN, .customer_csr = true,
			.key_status = KEY_ABSENT, REFUSED(BIT(KEY_MISMATCH)),
			TRAIL("8 key", REFUSE)},
	};

	(void)state;
	CHECK_ALL(tests);
}

static void test_rule_3_names(void **state)
{
	static const struct test_case tests[] = {
		{"the same", ACCEPTED, TRAIL("3", PASS)},
		{"in capitals, with a dot", .fqdn = "WWW.EXAMPLE.JP.", ACCEPTED, TRAIL("3", PASS)},
		{"U-label in the link", .common_name = "xn--wgv71a119e.jp", .fqdn = "日本語.jp",
			ACCEPTED, TRAIL("3", PASS)},
		{"U-label in the contract", .common_name = "日本語.jp", .fqdn = "XN--WGV71A119E.jp",
			ACCEPTED, TRAIL("3", PASS)},
		{"another", .fqdn = "mail.example.jp", REFUSED(BIT(NAME_MISMATCH)),
			TRAIL("3", REFUSE)},
		{"a name in the SAN does not count", .fqdn = "mail.example.jp",
			.names = {"www.example.jp", "mail.example.jp"}, REFUSED(BIT(NAME_MISMATCH)),
			TRAIL("3", REFUSE)},
		{"a wildcard in the SAN does not count", .item = "ov-ssl-wildcard",
			.fqdn = "mail.example.jp", .names = {"www.example.jp", "*.example.jp"},
			REFUSED(BIT(NAME_MISMATCH)), TRAIL("3", REFUSE)},
		{"no host name", .fqdn = "www example.jp", REFUSED(BIT(NAME_MISMATCH)),
			TRAIL("3", REFUSE)},
		{"empty", .fqdn = "", REFUSED(BIT(NAME_MISMATCH))},
		{"an address", .common_name = "192.0.2.1", .fqdn = "192.0.2.1",
			REFUSED(BIT(NAME_MISMATCH) | BIT(NAME_NOT_IN_CERTIFICATE))},
		{"hostile", .fqdn = "www.example.jp\x1b[2J\xe2\x80\xae",
			REFUSED(BIT(NAME_MISMATCH)), TRAIL("3", REFUSE),
			.says = "www.example.jp?[2J?"},
	};

	(void)state;
	CHECK_ALL(tests);
}

#define WILDCARD(id) .item = (id), .common_name = "*.example.jp"

/* The examples of the provider's own page among them. */
static void test_rule_4_wildcards(void **state)
{
	static const struct test_case tests[] = {
		{"DV www", WILDCARD("dv-ssl-wildcard"), .fqdn = "www.example.jp", ACCEPTED,
			TRAIL("4", PASS),
			.says = "クイック認証SSL/ワイルドカードオプション付き takes exactly one "
				"label in place of the *"},
		{"DV mail", WILDCARD("dv-ssl-wildcard"), .fqdn = "mail.example.jp", ACCEPTED,
			TRAIL("4", PASS)},
		{"DV two labels", WILDCARD("dv-ssl-wildcard"), .fqdn = "sub1.sub2.example.jp",
			REFUSED(BIT(NAME_MISMATCH)), TRAIL("4", REFUSE)},
		{"DV none", WILDCARD("dv-ssl-wildcard"), .fqdn = "example.jp",
			REFUSED(BIT(NAME_MISMATCH)), TRAIL("4", REFUSE)},
		{"OV www", WILDCARD("ov-ssl-wildcard"), .fqdn = "www.example.jp", ACCEPTED,
			TRAIL("4", PASS), .says = "企業認証SSL/ワイルドカードオプション付き"},
		{"OV mail", WILDCARD("ov-ssl-wildcard"), .fqdn = "mail.example.jp", ACCEPTED,
			TRAIL("4", PASS)},
		{"OV two labels", WILDCARD("ov-ssl-wildcard"), .fqdn = "sub1.sub2.example.jp",
			REFUSED(BIT(NAME_MISMATCH)), TRAIL("4", REFUSE)},
		{"OV none", WILDCARD("ov-ssl-wildcard"), .fqdn = "example.jp",
			REFUSED(BIT(NAME_MISMATCH)), TRAIL("4", REFUSE)},
		{"itself", WILDCARD("ov-ssl-wildcard"), .fqdn = "*.example.jp", ACCEPTED,
			TRAIL("3", PASS)},
		{"another domain", WILDCARD("ov-ssl-wildcard"), .fqdn = "www.example.com",
			REFUSED(BIT(NAME_MISMATCH))},
		{"capitals", WILDCARD("ov-ssl-wildcard"), .fqdn = "WWW.Example.JP.", ACCEPTED},
		{"another item, itself", WILDCARD("ov-ssl"), .fqdn = "*.example.jp", ACCEPTED,
			TRAIL("3", PASS)},
		{"another item, www", WILDCARD("ov-ssl"), .fqdn = "www.example.jp",
			REFUSED(BIT(NAME_MISMATCH)), TRAIL("3", REFUSE)},
		{"EV, www", WILDCARD("sureserver-ev-cloud"), .fqdn = "www.example.jp",
			REFUSED(BIT(NAME_MISMATCH)), TRAIL("4", NOTE)},
		{"DigiCert, www", WILDCARD("digicert-cloud"), .service = "waf",
			.fqdn = "www.example.jp", REFUSED(BIT(NAME_MISMATCH)), TRAIL("4", NOTE)},
	};

	(void)state;
	CHECK_ALL(tests);
}

static void test_rule_5_services(void **state)
{
	static const struct test_case tests[] = {
		{"idgw", BRING_IN, .service = "idgw", REFUSED(BIT(SERVICE_NOT_FOR_BRING_IN)),
			TRAIL("5", REFUSE)},
		{"idgw for agency items", .service = "idgw", ACCEPTED, TRAIL("5", NOTE)},
		{"webhg2", BRING_IN, ACCEPTED, TRAIL("5", PASS), .says = "by hand"},
		{"docex", BRING_IN, .service = "docex", ACCEPTED, TRAIL("5", PASS)},
		{"cloud-hosting", BRING_IN, .service = "cloud-hosting", ACCEPTED},
		{"gio-ca", BRING_IN, .service = "gio-ca", ACCEPTED, TRAIL("5", PASS)},
		{"waf", BRING_IN, .service = "waf", ACCEPTED},
		{"waf-group", BRING_IN, .service = "waf-group", ACCEPTED},
		{"a later link", BRING_IN, LATER, ACCEPTED, TRAIL("1", NOTE)},
	};

	(void)state;
	CHECK_ALL(tests);
}

static void test_rule_6_names(void **state)
{
	static const struct test_case tests[] = {
		{"the contract's", BRING_IN, ACCEPTED, TRAIL("6", PASS)},
		{"in the SAN", BRING_IN, .fqdn = "mail.example.jp",
			.names = {"www.example.jp", "mail.example.jp"}, ACCEPTED, TRAIL("6", PASS)},
		{"in the SAN, another form", BRING_IN, .fqdn = "日本語.jp",
			.names = {"www.example.jp", "XN--WGV71A119E.JP"}, ACCEPTED,
			TRAIL("6", PASS)},
		{"nowhere", BRING_IN, .fqdn = "ftp.example.jp",
			.names = {"www.example.jp", "mail.example.jp"}, REFUSED(BIT(NAME_MISMATCH)),
			TRAIL("6", REFUSE)},
		{"in the subject alone", BRING_IN, .fqdn = "ftp.example.jp",
			.subject = "ftp.example.jp", .names = {"www.example.jp"},
			REFUSED(BIT(NAME_MISMATCH)), TRAIL("6", REFUSE)},
		{"wildcard contract", BRING_IN, .common_name = "*.example.jp", ACCEPTED,
			TRAIL("6", PASS)},
		{"wildcard contract, two labels", BRING_IN, .common_name = "*.example.jp",
			.fqdn = "sub1.sub2.example.jp", REFUSED(BIT(NAME_MISMATCH))},
		{"wildcard in the SAN", BRING_IN, .fqdn = "mail.example.jp",
			.names = {"www.example.jp", "*.example.jp"}, ACCEPTED, TRAIL("6", PASS)},
		{"wildcard in the SAN, no label", BRING_IN, .fqdn = "example.jp",
			.names = {"www.example.jp", "*.example.jp"}, REFUSED(BIT(NAME_MISMATCH))},
		{"choice: wildcard contract", BRING_IN, .no_bring_in_wildcard = true,
			.common_name = "*.example.jp", REFUSED(BIT(NAME_MISMATCH)),
			TRAIL("6", REFUSE)},
		{"choice: wildcard in the SAN", BRING_IN, .no_bring_in_wildcard = true,
			.fqdn = "mail.example.jp", .names = {"www.example.jp", "*.example.jp"},
			REFUSED(BIT(NAME_MISMATCH))},
		{"choice: the wildcard itself", BRING_IN, .no_bring_in_wildcard = true,
			.common_name = "*.example.jp", .fqdn = "*.example.jp", ACCEPTED},
		{"choice: of no meaning to agency items", WILDCARD("dv-ssl-wildcard"),
			.no_bring_in_wildcard = true, ACCEPTED},
	};

	(void)state;
	CHECK_ALL(tests);
}

static void test_rule_7_keys(void **state)
{
	static const struct test_case tests[] = {
		{"RSA 2048", .service = "gio-ca", ACCEPTED, TRAIL("7", PASS)},
		{"RSA 3072", .service = "gio-ca", .key = "rsa-3072", REFUSED(BIT(KEY_NOT_ALLOWED)),
			TRAIL("7", REFUSE), .says = "rsa-3072"},
		{"P-256", .service = "gio-ca", .key = "ec-p256", REFUSED(BIT(KEY_NOT_ALLOWED))},
		{"RSA 2048, brought in", BRING_IN, .service = "gio-ca", ACCEPTED},
		{"RSA 3072, brought in", BRING_IN, .service = "gio-ca", .key = "rsa-3072",
			REFUSED(BIT(KEY_NOT_ALLOWED)), TRAIL("7", REFUSE)},
		{"P-256 elsewhere", .service = "waf", .key = "ec-p256", ACCEPTED, TRAIL("7", PASS)},
		{"Ed25519 elsewhere", .key = "ed25519", ACCEPTED},
	};

	(void)state;
	CHECK_ALL(tests);
}

static void test_rule_8_name_and_key(void **state)
{
	static const struct test_case tests[] = {
		{"name in the subject alone", ACCEPTED, TRAIL("8 name", PASS)},
		{"name in the SAN alone", .subject = "", .names = {"example.jp", "www.example.jp"},
			ACCEPTED, TRAIL("8 name", PASS)},
		{"name in another form", .common_name = "日本語.jp", .fqdn = "日本語.jp",
			.subject = "", .names = {"XN--WGV71A119E.jp"}, ACCEPTED},
		{"name nowhere", .subject = "Example K.K.", .names = {"mail.example.jp"},
			REFUSED(BIT(NAME_NOT_IN_CERTIFICATE)), TRAIL("8 name", REFUSE)},
		{"no name at all", .subject = "", REFUSED(BIT(NAME_NOT_IN_CERTIFICATE))},
		{"covered by a wildcard is not carried", .subject = "", .names = {"*.example.jp"},
			REFUSED(BIT(NAME_NOT_IN_CERTIFICATE)), TRAIL("8 name", REFUSE)},
		{"brought in, name nowhere", BRING_IN, .subject = "", .names = {"a.example.jp"},
			REFUSED(BIT(NAME_NOT_IN_CERTIFICATE))},
		{"key belongs", .key_status = KEY_BELONGS, ACCEPTED, TRAIL("8 key", PASS)},
		{"key held", .key_status = KEY_HELD, ACCEPTED, TRAIL("8 key", PASS)},
		{"key of another", .key_status = KEY_MISMATCH, REFUSED(BIT(KEY_MISMATCH)),
			TRAIL("8 key", REFUSE)},
		{"no key", .key_status = KEY_ABSENT, REFUSED(BIT(KEY_MISMATCH)),
			TRAIL("8 key", REFUSE),
			.says = "No private key came with the record and none is held"},
		{"weak key", .key = "rsa-1024", .key_weak = true, REFUSED(BIT(WEAK_KEY)),
			TRAIL("8 strength", REFUSE), .says = "rsa-1024"},
		{"weak signature", .signature_weak = true, REFUSED(BIT(WEAK_SIGNATURE)),
			TRAIL("8 strength", REFUSE)},
		{"both", BRING_IN, .key_weak = true, .signature_weak = true,
			REFUSED(BIT(WEAK_KEY) | BIT(WEAK_SIGNATURE)), TRAIL("8 strength", REFUSE)},
		{"strong", ACCEPTED, TRAIL("8 strength", PASS)},
	};

	(void)state;
	CHECK_ALL(tests);
}

/* Due on 2026-11-24 at 09:00 in Tokyo, midnight in UTC. */
static void test_rule_8_dates(void **state)
{
	static const struct test_case tests[] = {
		{"valid", ACCEPTED, TRAIL("8 dates", PASS)},
		{"over now", .not_after = "2026-11-20T01:59:59Z", REFUSED(BIT(EXPIRED)),
			TRAIL("8 dates", REFUSE)},
		{"over before it is due", .not_after = "2026-11-20T02:00:00Z",
			REFUSED(BIT(EXPIRES_BEFORE_DUE)), TRAIL("8 dates", REFUSE)},
		{"over a second before it is due", .not_after = "2026-11-23T23:59:59Z",
			REFUSED(BIT(EXPIRES_BEFORE_DUE))},
		{"over in the second in which it is due", .not_after = "2026-11-24T00:00:00Z",
			ACCEPTED, .warnings = BIT(EXPIRES_SOON_AFTER_DUE), TRAIL("8 dates", WARN)},
		{"a week after, and no second less", .not_after = "2026-12-01T00:00:00Z", ACCEPTED,
			.warnings = 0, TRAIL("8 dates", PASS)},
		{"a week after, but for a second", .not_after = "2026-11-30T23:59:59Z", ACCEPTED,
			.warnings = BIT(EXPIRES_SOON_AFTER_DUE), TRAIL("8 dates", WARN)},
		{"begins at the due instant", .not_before = "2026-11-24T00:00:00Z", ACCEPTED},
		{"begins a second later", .not_before = "2026-11-24T00:00:01Z",
			REFUSED(BIT(NOT_YET_VALID)), TRAIL("8 dates", REFUSE)},
		{"for another service, due later", .service = "waf",
			.not_before = "2026-11-24T00:00:01Z", ACCEPTED},
		/* What is late is due at once: now counts. */
		{"late, begun meanwhile", .not_before = "2026-11-24T00:00:01Z",
			.now = "2026-11-24T09:00:01+09:00", ACCEPTED, TRAIL("8 dates", PASS),
			.says = "being past"},
		{"late, over meanwhile", .not_after = "2026-11-29T23:59:59Z",
			.now = "2026-11-30T09:00:00+09:00", REFUSED(BIT(EXPIRED))},
		{"late, nearly over", .not_after = "2026-12-10T23:59:59Z",
			.now = "2026-12-08T09:00:00+09:00", ACCEPTED,
			.warnings = BIT(EXPIRES_SOON_AFTER_DUE)},
		{"late, in the last millisecond", .not_after = "2026-11-29T23:59:59Z",
			.now = "2026-11-29T23:59:59.999Z", ACCEPTED,
			.warnings = BIT(EXPIRES_SOON_AFTER_DUE)},
		{"late, a week before the last millisecond", .not_after = "2026-12-10T23:59:59Z",
			.now = "2026-12-03T23:59:59.999Z", ACCEPTED,
			.warnings = BIT(EXPIRES_SOON_AFTER_DUE)},
		{"late, a millisecond more", .not_after = "2026-12-10T23:59:59Z",
			.now = "2026-12-03T23:59:59.998Z", ACCEPTED, .warnings = 0},
		{"backwards", .not_before = "2027-01-01T00:00:00Z",
			.not_after = "2026-01-01T00:00:00Z",
			REFUSED(BIT(EXPIRED) | BIT(NOT_YET_VALID)), TRAIL("8 dates", REFUSE)},
		/* Where nothing tells when it is due, now counts. */
		{"unknown service, over on Monday", .service = "cdn",
			.not_after = "2026-11-22T00:00:00Z", REFUSED(BIT(UNKNOWN_SERVICE)),
			.warnings = BIT(EXPIRES_SOON_AFTER_DUE)},
		{"unknown service, begins on Monday", .service = "cdn",
			.not_before = "2026-11-22T00:00:00Z",
			REFUSED(BIT(UNKNOWN_SERVICE) | BIT(NOT_YET_VALID))},
		/* A link refused for another reason is looked at on its due day all the same. */
		{"refused, over before due", .fqdn = "mail.example.jp",
			.not_after = "2026-11-23T23:59:59Z",
			REFUSED(BIT(NAME_MISMATCH) | BIT(EXPIRES_BEFORE_DUE))},
	};

	(void)state;
	CHECK_ALL(tests);
}

static void test_rule_8_chain(void **state)
{
	static const struct test_case tests[] = {
		{"trusted", ACCEPTED, TRAIL("8 chain", PASS)},
		{"incomplete", .chain = CHAIN_INCOMPLETE, REFUSED(BIT(CHAIN_INCOMPLETE)),
			TRAIL("8 chain", REFUSE)},
		{"untrusted", .chain = CHAIN_UNTRUSTED, REFUSED(BIT(UNTRUSTED)),
			TRAIL("8 chain", REFUSE)},
		{"brought in, incomplete", BRING_IN, .chain = CHAIN_INCOMPLETE, ACCEPTED,
			.warnings = BIT(CHAIN_INCOMPLETE), TRAIL("8 chain", WARN)},
		{"brought in, untrusted", BRING_IN, .chain = CHAIN_UNTRUSTED, ACCEPTED,
			.warnings = BIT(UNTRUSTED), TRAIL("8 chain", WARN)},
		{"choice: incomplete", .agency_chain_warns = true, .chain = CHAIN_INCOMPLETE,
			ACCEPTED, .warnings = BIT(CHAIN_INCOMPLETE)},
		{"choice: untrusted", .agency_chain_warns = true, .chain = CHAIN_UNTRUSTED,
			ACCEPTED, .warnings = BIT(UNTRUSTED)},
		{"choice: brought in, incomplete", BRING_IN, .bring_in_chain_refuses = true,
			.chain = CHAIN_INCOMPLETE, REFUSED(BIT(CHAIN_INCOMPLETE))},
		{"choice: brought in, untrusted", BRING_IN, .bring_in_chain_refuses = true,
			.chain = CHAIN_UNTRUSTED, REFUSED(BIT(UNTRUSTED))},
	};

	(void)state;
	CHECK_ALL(tests);
}

#define RUNS(from, to) .not_before = (from), .not_after = (to), .at = (from), .now = (from)
#define TOO_LONG .warnings = BIT(VALIDITY_TOO_LONG), TRAIL("8 validity", WARN)

static void test_rule_8_validity(void **state)
{
	static const struct test_case tests[] = {
		{"398 days", RUNS("2025-11-20T00:00:00Z", "2026-12-22T23:59:59Z"), ACCEPTED,
			TRAIL("8 validity", PASS), .says = "398 days"},
		{"398 days and a second", RUNS("2025-11-20T00:00:00Z", "2026-12-23T00:00:00Z"),
			ACCEPTED, TOO_LONG, .says = "399 days"},
		{"the last second of 398", RUNS("2026-03-14T23:59:59Z", "2027-04-16T23:59:58Z"),
			ACCEPTED, TRAIL("8 validity", PASS)},
		{"200 days", RUNS("2026-03-15T00:00:00Z", "2026-09-30T23:59:59Z"), ACCEPTED,
			TRAIL("8 validity", PASS), .says = "200 days"},
		{"200 days and a second", RUNS("2026-03-15T00:00:00Z", "2026-10-01T00:00:00Z"),
			ACCEPTED, TOO_LONG},
		{"the last second of 200", RUNS("2027-03-14T23:59:59Z", "2027-09-30T23:59:58Z"),
			ACCEPTED, TRAIL("8 validity", PASS)},
		{"100 days", RUNS("2027-03-15T00:00:00Z", "2027-06-22T23:59:59Z"), ACCEPTED,
			TRAIL("8 validity", PASS), .says = "100 days"},
		{"100 days and a second", RUNS("2027-03-15T00:00:00Z", "2027-06-23T00:00:00Z"),
			ACCEPTED, TOO_LONG},
		{"the last second of 100", RUNS("2029-03-14T23:59:59Z", "2029-06-22T23:59:58Z"),
			ACCEPTED, TRAIL("8 validity", PASS)},
		{"47 days", RUNS("2029-03-15T00:00:00Z", "2029-04-30T23:59:59Z"), ACCEPTED,
			TRAIL("8 validity", PASS), .says = "47 days"},
		{"47 days and a second", RUNS("2029-03-15T00:00:00Z", "2029-05-01T00:00:00Z"),
			ACCEPTED, TOO_LONG, .says = "48 days"},
		{"brought in", BRING_IN, RUNS("2026-03-15T00:00:00Z", "2027-03-15T00:00:00Z"),
			ACCEPTED, TOO_LONG},
	};

	(void)state;
	CHECK_ALL(tests);
}

static void test_rule_8_malformed(void **state)
{
	static const struct test_case tests[] = {
		{"alone", .malformed = true, REFUSED(BIT(MALFORMED)), TRAIL("8", REFUSE),
			.says = "no PEM in it"},
		{"with the link's own", .malformed = true, .item = "sureserver",
			.customer_csr = true, .fqdn = "mail.example.jp", .service = "gio-ca",
			REFUSED(BIT(MALFORMED) | BIT(ITEM_NOT_LINKABLE) | BIT(CUSTOMER_CSR) |
				BIT(NAME_MISMATCH))},
		{"brought in", BRING_IN, .malformed = true, .service = "idgw",
			.fqdn = "mail.example.jp",
			REFUSED(BIT(MALFORMED) | BIT(SERVICE_NOT_FOR_BRING_IN)), TRAIL("6", NOTE)},
	};

	(void)state;
	CHECK_ALL(tests);
}

static void test_rule_9_no_link(void **state)
{
	static const struct test_case tests[] = {
		{"other", .service = "other", NO_LINK, TRAIL("9", NOTE), .says = "その他"},
		{"other without a code", .service = "other", .code = "", NO_LINK},
		{"no service code", .code = "", NO_LINK, TRAIL("9", NOTE),
			.says = "no service code"},
		{"no service code, unknown service", .service = "cdn", .code = "", NO_LINK},
		{"ended", .ended = true, NO_LINK, TRAIL("9", NOTE), .says = "ended"},
		{"nothing issued", .none_issued = true, NO_LINK, TRAIL("9", NOTE),
			.says = "issued"},
		{"nothing registered", BRING_IN, .none_issued = true, NO_LINK, TRAIL("9", NOTE),
			.says = "registered"},
		{"before all that would refuse", .code = "", .malformed = true, .item = "x",
			.fqdn = "", .customer_csr = true, NO_LINK},
		{"unknown service", .service = "cdn", REFUSED(BIT(UNKNOWN_SERVICE)),
			TRAIL("9", REFUSE), .says = "cdn"},
		{"unknown service, in capitals", .service = "WEBHG2",
			REFUSED(BIT(UNKNOWN_SERVICE))},
		{"unknown service, and the rest", .service = "cdn", .item = "x",
			.fqdn = "mail.example.jp", .customer_csr = true, .key_weak = true,
			REFUSED(BIT(UNKNOWN_SERVICE) | BIT(ITEM_NOT_LINKABLE) | BIT(NAME_MISMATCH) |
				BIT(CUSTOMER_CSR) | BIT(WEAK_KEY))},
		{"a link", ACCEPTED, TRAIL("9", PASS)},
	};

	(void)state;
	CHECK_ALL(tests);
}

static void test_rule_10_to_13_when(void **state)
{
	static const struct test_case tests[] = {
		{"from issuance", ACCEPTED, .due = "2026-11-24T09:00:00+09:00", TRAIL("10", NOTE),
			.says = "issuance, 2026-11-20T10:15:00+09:00"},
		{"from registration", BRING_IN, ACCEPTED, .due = "2026-11-24T09:00:00+09:00",
			TRAIL("10", NOTE), .says = "registration, 2026-11-20T10:15:00+09:00"},
		{"from the link, later by a second", .link_since = "2026-11-20T10:15:01+09:00",
			ACCEPTED, TRAIL("10", NOTE),
			.says = "the link was added, 2026-11-20T10:15:01+09:00"},
		{"from issuance, at the same instant", .link_since = "2026-11-20T10:15:00+09:00",
			ACCEPTED, TRAIL("10", NOTE), .says = "from the issuance"},
		{"from the link, the day after the holiday",
			.link_since = "2026-11-24T00:00:00+09:00", ACCEPTED,
			.due = "2026-11-25T09:00:00+09:00"},
		{"one business day", ACCEPTED, TRAIL("11", NOTE),
			.says = "Friday 2026-11-20, forward by 1 business day, gives Tuesday "
				"2026-11-24"},
		{"four", .service = "idgw", ACCEPTED, .due = "2026-11-27T09:00:00+09:00",
			TRAIL("11", NOTE), .says = "by 4 business days"},
		{"choice: at the cut-off hour", .cutoff_minute = 615, ACCEPTED,
			.due = "2026-11-24T09:00:00+09:00", TRAIL("11", NOTE), .says = "cut-off"},
		{"no closing days", ACCEPTED, TRAIL("12", NOTE), .says = "No closing day"},
		{"closing days", .at = "2026-12-28T10:00:00+09:00",
			.now = "2026-12-28T10:00:00+09:00", ACCEPTED,
			.due = "2027-01-04T09:00:00+09:00", TRAIL("12", NOTE),
			.says = "2026-12-29, 2026-12-30, 2026-12-31"},
		{"to come", ACCEPTED, TRAIL("13", NOTE),
			.says = "begins at 2026-11-24T09:00:00+09:00"},
		{"at once", .now = "2026-11-25T00:00:00+09:00", ACCEPTED,
			.due = "2026-11-24T09:00:00+09:00", TRAIL("13", NOTE), .says = "at once"},
		{"beyond the calendar", .at = "2099-12-31T12:00:00+09:00",
			.now = "2099-12-31T12:00:00+09:00", .not_after = "2100-01-31T00:00:00Z",
			.not_before = "2099-12-31T00:00:00Z", REFUSED(BIT(MALFORMED)),
			TRAIL("11", REFUSE), .says = "No due day"},
	};

	(void)state;
	CHECK_ALL(tests);
}

static void test_opening_hours(void **state)
{
	static const struct test_case tests[] = {
		{"open when it is due", .hours_from = "08:00", .hours_until = "18:00", ACCEPTED,
			.due = "2026-11-24T09:00:00+09:00", TRAIL("13", NOTE),
			.says = "begins at 2026-11-24T09:00:00+09:00"},
		{"opens later", .hours_from = "22:00", .hours_until = "06:00", ACCEPTED,
			.due = "2026-11-24T09:00:00+09:00", TRAIL("13", NOTE),
			.says = "takes installs 22:00 to 06:00 of the day after, so the work "
				"begins at "
				"2026-11-24T22:00:00+09:00"},
		{"late, and closed now", .now = "2026-11-25T19:00:00+09:00", .hours_from = "09:00",
			.hours_until = "18:00", ACCEPTED, TRAIL("13", NOTE),
			.says = "so the work begins at 2026-11-26T09:00:00+09:00"},
		{"the certificate ends before it opens", .not_after = "2026-11-24T12:00:00Z",
			.hours_from = "22:00", .hours_until = "06:00",
			REFUSED(BIT(EXPIRES_BEFORE_DUE)), TRAIL("8 dates", REFUSE),
			.says = "22:00 to 06:00"},
	};

	(void)state;
	CHECK_ALL(tests);
}

/* Each part of each rule speaks once, and in the rules' order but for 9, which comes first. */
static void test_trail_is_whole(void **state)
{
	static const char *const rules[] = {"9", "1", "2", "3", "4", "5", "6", "7", "8 name",
		"8 key", "8 dates", "8 chain", "8 strength", "8 validity", "10", "11", "12", "13"};
	static const struct test_case tests[] = {
		{.what = "agency"}, {.what = "bring-in", BRING_IN}};
	size_t i, j;

	(void)state;
	for (i = 0; i < ARRAY_LENGTH(tests); i++) {
		struct verdict verdict;

		judge(&tests[i], &verdict);
		assert_int_equal(verdict.trail_count, ARRAY_LENGTH(rules));
		for (j = 0; j < ARRAY_LENGTH(rules); j++)
			assert_string_equal(verdict.trail[j].rule, rules[j]);
		assert_int_equal(verdict.schedule.day_count, 5);
		verdict_clear(&verdict);
	}
}

static void test_words(void **state)
{
	static const char *const codes[] = {"item-not-linkable", "item-takes-no-new-link",
		"customer-csr", "name-mismatch", "service-not-for-bring-in", "key-not-allowed",
		"expired", "expires-before-due", "not-yet-valid", "name-not-in-certificate",
		"key-mismatch", "chain-incomplete", "untrusted", "weak-key", "weak-signature",
		"malformed", "unknown-service", "validity-too-long", "expires-soon-after-due"};
	char text[512], small[24];
	int i;

	(void)state;
	assert_int_equal(ARRAY_LENGTH(codes), REASON_COUNT);
	for (i = 0; i < REASON_COUNT; i++)
		assert_string_equal(reason_code((enum reason)i), codes[i]);
	reason_set_text(BIT(UNTRUSTED) | BIT(NAME_MISMATCH), text, sizeof(text));
	assert_string_equal(text, "name-mismatch, untrusted");
	reason_set_text(0, text, sizeof(text));
	assert_string_equal(text, "");
	reason_set_text((1u << REASON_COUNT) - 1, small, sizeof(small));
	assert_string_equal(small, "item-not-linkable, item");
	assert_string_equal(verdict_kind_name(VERDICT_ACCEPT), "accept");
	assert_string_equal(verdict_kind_name(VERDICT_REFUSE), "refuse");
	assert_string_equal(verdict_kind_name(VERDICT_HOLD), "hold");
	assert_string_equal(verdict_kind_name(VERDICT_NONE), "none");
	assert_string_equal(trail_outcome_name(TRAIL_PASS), "pass");
	assert_string_equal(trail_outcome_name(TRAIL_REFUSE), "refuse");
	assert_string_equal(trail_outcome_name(TRAIL_WARN), "warn");
	assert_string_equal(trail_outcome_name(TRAIL_NOTE), "note");
}

#define FREED_LATER .freed = "2026-11-24T12:00:00+09:00"

static void test_rule_15_holding(void **state)
{
	static const struct test_case tests[] = {
		{"nothing known of the pair", ACCEPTED, .due = "2026-11-24T09:00:00+09:00"},
		{"this contract's", .holder = "ssl10000001", ACCEPTED, TRAIL("15", PASS),
			.due = "2026-11-24T09:00:00+09:00"},
		{"another's", .holder = "ssl2", HELD, TRAIL("15", HOLD),
			.says = "Contract ssl2 has service code",
			.base = "2026-11-20T10:15:00+09:00"},
		{"another's, the link being later", .holder = "ssl2",
			.link_since = "2026-11-20T10:30:00+09:00", HELD,
			.base = "2026-11-20T10:30:00+09:00"},
		{"refused all the same", .holder = "ssl2", .customer_csr = true,
			REFUSED(BIT(CUSTOMER_CSR)), TRAIL("15", NOTE)},
		{"no link, whoever has the pair", .holder = "ssl2", .ended = true, NO_LINK,
			TRAIL("9", NOTE), .says = "goes on being served"},
		{"became free before issuance", .freed = "2026-11-19T12:00:00+09:00", ACCEPTED,
			.due = "2026-11-24T09:00:00+09:00", TRAIL("10", NOTE),
			.says = "counted from the issuance", .base = "2026-11-20T10:15:00+09:00"},
		{"became free after it", FREED_LATER, ACCEPTED, .due = "2026-11-25T09:00:00+09:00",
			TRAIL("10", NOTE), .says = "another contract let the service code go",
			.base = "2026-11-24T12:00:00+09:00"},
		{"became free, and the link is later still", FREED_LATER,
			.link_since = "2026-11-25T09:00:00+09:00", ACCEPTED,
			.due = "2026-11-26T09:00:00+09:00", TRAIL("10", NOTE),
			.says = "the link was added"},
	};

	(void)state;
	CHECK_ALL(tests);
}

#define RELEASED FREED_LATER, .now = "2026-11-24T12:00:00+09:00", .released = true

static void test_rule_15_release(void **state)
{
	static const struct test_case tests[] = {
		{"in time", RELEASED, ACCEPTED, .due = "2026-11-25T09:00:00+09:00",
			TRAIL("15", PASS), .base = "2026-11-24T12:00:00+09:00"},
		{"the link is later", RELEASED, .link_since = "2026-11-25T09:00:00+09:00", ACCEPTED,
			.due = "2026-11-26T09:00:00+09:00"},
		{"over by then", RELEASED, .not_after = "2026-11-25T08:59:59+09:00",
			REFUSED(BIT(EXPIRES_BEFORE_DUE)), TRAIL("8 dates", REFUSE)},
		{"over already", RELEASED, .not_after = "2026-11-24T11:59:59+09:00",
			REFUSED(BIT(EXPIRED)), TRAIL("8 dates", REFUSE)},
		{"over soon after", RELEASED, .not_after = "2026-11-30T09:00:00+09:00", ACCEPTED,
			.warnings = BIT(EXPIRES_SOON_AFTER_DUE), TRAIL("8 dates", WARN)},
		{"the profile is gone", RELEASED, .service = "cdn", REFUSED(BIT(UNKNOWN_SERVICE)),
			TRAIL("9", REFUSE)},
	};

	(void)state;
	CHECK_ALL(tests);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rule_15_holding),
		cmocka_unit_test(test_rule_15_release),
		cmocka_unit_test(test_rule_1_items),
		cmocka_unit_test(test_rule_1_digicert_cloud),
		cmocka_unit_test(test_rule_2_csr),
		cmocka_unit_test(test_rule_3_names),
		cmocka_unit_test(test_rule_4_wildcards),
		cmocka_unit_test(test_rule_5_services),
		cmocka_unit_test(test_rule_6_names),
		cmocka_unit_test(test_rule_7_keys),
		cmocka_unit_test(test_rule_8_name_and_key),
		cmocka_unit_test(test_rule_8_dates),
		cmocka_unit_test(test_rule_8_chain),
		cmocka_unit_test(test_rule_8_validity),
		cmocka_unit_test(test_rule_8_malformed),
		cmocka_unit_test(test_rule_9_no_link),
		cmocka_unit_test(test_rule_10_to_13_when),
		cmocka_unit_test(test_opening_hours),
		cmocka_unit_test(test_trail_is_whole),
		cmocka_unit_test(test_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
