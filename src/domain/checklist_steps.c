#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/words.h"
#include "domain/checklist_private.h"

/*
 * Steps are known by what they are; the two lists number them differently. TITLE is
 * translated here.
 */
static struct checklist_step *add(struct checklist *list, size_t number, enum step_actor who,
	const char *title, const char *source)
{
	struct checklist_step *step = &list->steps[number - 1];

	*step = (struct checklist_step){
		.number = (int)number,
		.who = who,
		.title = _(title),
		.source = source,
	};
	return step;
}

static void set(struct checklist_step *step, enum step_state state, char *text, char *why)
{
	step->state = state;
	step->text = text;
	step->why = why;
}

/* ---- the last step of both ---- */

static char *ending_why(const struct checklist_days *days)
{
	char first[CIVIL_DATE_MAX], apply_by[CIVIL_DATE_MAX], expiry[CIVIL_DATE_MAX];

	civil_format_date(first, days->window_first);
	civil_format_date(apply_by, days->apply_by);
	civil_format_date(expiry, days->expiry);
	switch (days->ending) {
	case ENDING_NO_DAYS:
		return xstrdup(_("Up to 2026-01-31 an application is needed; its days follow from "
				 "the contract's expiry, which is not known here."));
	case ENDING_APPLY_BEFORE:
		return xasprintf(_("The last day is %s: the renewal's period begins on %s, before "
				   "2026-01-31, and without an application before it the contract "
				   "is renewed by itself."),
			apply_by, first);
	case ENDING_RENEWED:
		return xasprintf(_("The last day, %s, is over: unless the application was in, the "
				   "contract is renewed by itself. Ask 弊社担当営業."),
			apply_by);
	case ENDING_APPLY_OR_WAIT:
		return xstrdup(_("Done up to 2026-01-31, an application is needed. Done from "
				 "2026-02-01 on, none is: the contract then ends by itself."));
	case ENDING_UNCLEAR:
		return xasprintf(
			_("From 2026-02-01 no application is needed, but this contract's "
			  "renewal began on %s: whether it was renewed cannot be seen here. "
			  "Ask 弊社担当営業."),
			first);
	case ENDING_BY_ITSELF:
		break;
	}
	if (!days->has_expiry)
		return xstrdup(_("From 2026-02-01 no application is needed: the contract ends by "
				 "itself when its validity is over."));
	return xasprintf(_("From 2026-02-01 no application is needed: the contract ends by itself "
			   "at its expiry, %s."),
		expiry);
}

static char *ending_text(const struct checklist_days *days)
{
	char first[CIVIL_DATE_MAX], last[CIVIL_DATE_MAX];

	if (days->ending == ENDING_BY_ITSELF)
		return xstrdup(_("The certificate itself stays valid to its end."));
	if (!days->has_window)
		return xstrdup(
			_("Through 弊社担当営業; online (IIJサービスオンライン) only from 30 to "
			  "26 days before expiry. The certificate itself stays valid to its end."));
	civil_format_date(first, days->window_first);
	civil_format_date(last, days->window_last);
	return xasprintf(
		_("Online (IIJサービスオンライン) from %s to %s, at any other time through "
		  "弊社担当営業. The certificate itself stays valid to its end."),
		first, last);
}

static bool is_impossible(const struct list_work *work)
{
	return work->list->service_known && work->list->bring_in == BRING_IN_NO;
}

static void add_ending(struct list_work *work, size_t number, const char *source)
{
	struct checklist_step *step = add(work->list, number, ACTOR_ADMINISTRATOR,
		"Apply for the end of the old contract (解約)", source);
	enum step_state state = STEP_OPEN;

	if (work->input->old.contract->state == CONTRACT_ENDED) {
		set(step, STEP_DONE, ending_text(work->days),
			xstrdup(_("The contract has ended.")));
		return;
	}
	if (work->list->service != NULL && is_impossible(work)) {
		set(step, STEP_NOT_NEEDED, ending_text(work->days),
			xstrdup(_("The service goes on with the old contract.")));
		return;
	}
	if (work->days->ending == ENDING_BY_ITSELF)
		state = STEP_NOT_NEEDED;
	else if (work->days->ending == ENDING_UNCLEAR)
		state = STEP_NOT_KNOWN;
	set(step, state, ending_text(work->days), ending_why(work->days));
}

/* The first step that is open, where the list can be done at all. */
static void mark_next(struct checklist *list)
{
	size_t i;

	for (i = 0; i < list->step_count; i++) {
		if (list->steps[i].state == STEP_IMPOSSIBLE)
			return;
	}
	for (i = 0; i < list->step_count; i++) {
		if (list->steps[i].state == STEP_OPEN) {
			list->steps[i].state = STEP_NEXT;
			return;
		}
	}
}

#define NOT_SEEN N_("This happens elsewhere and cannot be seen here.")
#define CHOOSE_TITLE N_("Choose the new CA and certificate")
#define CHOOSE_TEXT N_("The provider can give no advice on which CA or kind to choose.")
#define ISSUE_TITLE N_("Have the new certificate issued")
#define ISSUE_TEXT N_("The chosen CA tells how.")

/* ---- その他 ---- */

void checklist_other_steps(struct list_work *work)
{
	struct checklist *list = work->list;

	set(add(list, 1, ACTOR_CUSTOMER, CHOOSE_TITLE, "004, その他, step 1"), STEP_NOT_KNOWN,
		xstrdup(_(CHOOSE_TEXT)), xstrdup(_(NOT_SEEN)));
	set(add(list, 2, ACTOR_CUSTOMER, ISSUE_TITLE, "004, その他, step 2"), STEP_NOT_KNOWN,
		xstrdup(_(ISSUE_TEXT)), xstrdup(_(NOT_SEEN)));
	set(add(list, 3, ACTOR_CUSTOMER, "Put it in place of the old one on the server",
		    "004, その他, step 3"),
		STEP_NOT_KNOWN,
		xstrdup(_("On the customer's own server; the provider cannot support this, the new "
			  "CA can.")),
		xstrdup(_("The customer's own servers cannot be seen here.")));
	/* None is the next one: whether the change on the server was made is not seen. */
	add_ending(work, 4, "004, その他, step 4");
}

/* ---- a linked service ---- */

static void add_note(struct list_work *work)
{
	struct checklist_step *step = add(work->list, 1, ACTOR_CUSTOMER,
		"Note the target service's name and service code", "004, service, step 1");
	char *text =
		xstrdup(_("They stand at the top of サービストップ (IIJサービスオンライン > "
			  "設定と管理 > サービスの設定と管理 > IIJサーバ証明書管理サービス)."));
	char *pair = checklist_pair_text(work->list);

	if (work->list->service_code[0] != '\0')
		set(step, STEP_DONE, text, xasprintf(_("They are: %s."), pair));
	else
		set(step, STEP_NOT_KNOWN, text,
			xasprintf(_("The service is %s; its code was deleted and stands nowhere "
				    "here any more."),
				pair));
	free(pair);
}

static bool has_new_certificate(const struct list_work *work)
{
	return work->successor != NULL && work->successor->contract->has_certificate;
}

static char *by_registration(const struct list_work *work)
{
	return xasprintf(
		_("Contract %s has a certificate registered, so it was."), work->list->successor);
}

static void add_choice(struct list_work *work)
{
	struct checklist_step *step =
		add(work->list, 2, ACTOR_CUSTOMER, CHOOSE_TITLE, "004, service, step 2");
	bool rsa = work->service != NULL && work->service->rsa2048_only;
	char *text = rsa ? xstrdup(_("The provider can give no advice on which CA or kind to "
				     "choose. On this service it must be RSA 2048 bit, the "
				     "certificate and its private key."))
			 : xstrdup(_(CHOOSE_TEXT));

	if (has_new_certificate(work))
		set(step, STEP_DONE, text, by_registration(work));
	else
		set(step, STEP_NOT_KNOWN, text, xstrdup(_(NOT_SEEN)));
}

/* How the old contract came to name the pair no more. */
static char *let_go_why(const struct list_work *work)
{
	const struct contract *old = work->input->old.contract;
	size_t i;

	if (old->state == CONTRACT_ENDED)
		return xstrdup(_("The contract has ended, so it names no service any more."));
	for (i = 0; i < old->link_count; i++) {
		if (strcmp(old->links[i].service, work->list->service) == 0 &&
			old->links[i].service_code[0] == '\0')
			return xstrdup(_("The service code is deleted."));
	}
	for (i = 0; i < old->link_count; i++) {
		if (!checklist_is_link(&old->links[i]))
			return xstrdup(_("The contract's target service is その他 now."));
	}
	return xstrdup(_("The contract does not name this service code any more."));
}

static void add_letting_go(struct list_work *work)
{
	bool digicert = item_from_id(work->input->old.contract->item) == ITEM_DIGICERT_CLOUD;
	struct checklist_step *step = add(work->list, 3,
		digicert ? ACTOR_ADMINISTRATOR_AND_PROVIDER : ACTOR_ADMINISTRATOR,
		"Take the target service off the old contract", "004, service, step 3");
	const char *how =
		digicert ? _("※クラウド証明書: 対象サービス stays as it is; ask for サービスコード"
			     "の削除 by mail (メールでのお申し込み方法), the provider deletes it.")
			 : _("Change 対象サービス to その他.");
	char *text;

	if (is_impossible(work))
		text = xasprintf(_("%s Do not do it for this move: the service could be given no "
				   "new certificate after it."),
			how);
	else
		text = xasprintf(_("%s Nothing is uninstalled and https goes on with the old "
				   "certificate. Step 4 must not be applied for before this is "
				   "complete."),
			how);
	if (work->list->named)
		set(step, STEP_OPEN, text,
			xasprintf(_("Contract %s still names service code %s."),
				work->input->old.contract->code, work->list->service_code));
	else
		set(step, STEP_DONE, text, let_go_why(work));
}

#define BRING_IN_REFUSED N_("This service takes no certificate that was brought in (000).")

static void add_application(struct list_work *work)
{
	struct checklist *list = work->list;
	struct checklist_step *step = add(list, 4, ACTOR_ADMINISTRATOR,
		"Apply for a bring-in contract (持ち込み証明書品目)", "004, service, step 4");
	bool optional = list->service_known && list->bring_in == BRING_IN_OPTIONAL;
	char *text = optional ? xstrdup(_("Through 弊社担当営業. In the form: "
					  "IIJサービスで利用する; 契約中; the "
					  "name and code of step 1. Optional on this service: the "
					  "certificate may "
					  "be installed there directly (its customer desk tells "
					  "how), and steps "
					  "4, 6 and 7 fall away."))
			      : xstrdup(_("Through 弊社担当営業. In the form: "
					  "IIJサービスで利用する; 契約中; the "
					  "name and code of step 1."));

	if (is_impossible(work))
		set(step, STEP_IMPOSSIBLE, text, xstrdup(_(BRING_IN_REFUSED)));
	else if (list->successor != NULL)
		set(step, STEP_DONE, text,
			xasprintf(_("Contract %s names the service code."), list->successor));
	else if (!list->service_known)
		set(step, STEP_OPEN, text,
			xstrdup(_("No bring-in contract that names the service code is known. "
				  "Whether the service takes one is not known either: no profile "
				  "describes it.")));
	else
		set(step, STEP_OPEN, text,
			optional ? xstrdup(_("No bring-in contract that names the service code is "
					     "known."))
				 : xstrdup(_("No bring-in contract that names the service code is "
					     "known; on this service it is required.")));
}

static void add_issue(struct list_work *work)
{
	struct checklist_step *step =
		add(work->list, 5, ACTOR_CUSTOMER, ISSUE_TITLE, "004, service, step 5");

	if (has_new_certificate(work))
		set(step, STEP_DONE, xstrdup(_(ISSUE_TEXT)), by_registration(work));
	else
		set(step, STEP_NOT_KNOWN, xstrdup(_(ISSUE_TEXT)), xstrdup(_(NOT_SEEN)));
}

static void add_registration(struct list_work *work)
{
	struct checklist_step *step = add(work->list, 6, ACTOR_CUSTOMER,
		"Register it in the bring-in contract", "004, service, step 6");
	char *text = xstrdup(_("See 新規(持ち込み証明書品目).")), day[CIVIL_DATE_MAX];

	if (is_impossible(work)) {
		set(step, STEP_IMPOSSIBLE, text, xstrdup(_(BRING_IN_REFUSED)));
	} else if (has_new_certificate(work)) {
		civil_format_date(day, civil_day_of(work->successor->contract->certificate_at_ms,
					       TOKYO_OFFSET_MIN));
		set(step, STEP_DONE, text, xasprintf(_("Registered on %s."), day));
	} else if (work->list->successor != NULL) {
		set(step, STEP_OPEN, text,
			xasprintf(_("Contract %s has no certificate yet."), work->list->successor));
	} else {
		set(step, STEP_OPEN, text, xstrdup(_("There is no bring-in contract yet.")));
	}
}

/* What the first install that is not made waits for, or why it will not be made. */
static char *behind_why(const struct list_work *work)
{
	const struct checklist_install *behind = work->behind;
	const char *detail = behind->detail != NULL ? behind->detail : "";

	if (!behind->has_job)
		return behind->due_ms == 0 && detail[0] != '\0'
			       ? xasprintf(_("It would be refused: %s."), detail)
			       : xstrdup(_("By the record it can be made; no job is known."));
	if (detail[0] == '\0')
		return xasprintf(_("%s is %s."), behind->fqdn, job_state_name(behind->state));
	return xasprintf(_("%s is %s: %s."), behind->fqdn, job_state_name(behind->state), detail);
}

static char *due_note(const struct checklist *list)
{
	char day[CIVIL_DATE_MAX];

	if (list->due_basis == DUE_NONE)
		return xstrdup("");
	civil_format_date(day, civil_day_of(list->due_ms, TOKYO_OFFSET_MIN));
	if (list->due_basis == DUE_IF_TODAY)
		return xasprintf(
			_(" Were steps 3 to 6 complete today, it would be due on %s."), day);
	return xasprintf(_(" Due on %s."), day);
}

static void add_install(struct list_work *work)
{
	struct checklist *list = work->list;
	struct checklist_step *step =
		add(list, 7, ACTOR_PROVIDER, "Install it on the service", "004, service, step 7");
	char *note = due_note(list), *reason;
	char *text = xstrdup(_("With it the service changes over to the new certificate."));

	if (is_impossible(work)) {
		set(step, STEP_IMPOSSIBLE, text, xstrdup(_(BRING_IN_REFUSED)));
	} else if (work->wanted > 0 && work->installed == work->wanted) {
		set(step, STEP_DONE, text, xstrdup(_("It is installed.")));
	} else if (work->behind != NULL) {
		reason = behind_why(work);
		set(step, STEP_OPEN, text, xasprintf("%s%s", reason, note));
		free(reason);
	} else {
		set(step, STEP_OPEN, text,
			xasprintf("%s%s",
				has_new_certificate(work)
					? _("No install of the registered certificate is known.")
					: _("There is no certificate to install yet."),
				note));
	}
	free(note);
}

void checklist_service_steps(struct list_work *work)
{
	add_note(work);
	add_choice(work);
	add_letting_go(work);
	add_application(work);
	add_issue(work);
	add_registration(work);
	add_install(work);
	add_ending(work, 8, "004, service, step 8");
	mark_next(work->list);
}
