#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/words.h"
#include "domain/checklist_private.h"

/* FORMAT is translated here. */
__attribute__((format(printf, 5, 6))) static void say(struct checklist_statement **statements,
	size_t *count, const char *code, const char *source, const char *format, ...)
{
	va_list arguments;

	*statements = xreallocarray(*statements, *count + 1, sizeof(**statements));
	va_start(arguments, format);
	(*statements)[(*count)++] =
		(struct checklist_statement){code, xvasprintf(_(format), arguments), source};
	va_end(arguments);
}

#define WARN(migration, ...) say(&(migration)->warnings, &(migration)->warning_count, __VA_ARGS__)
#define TELL(migration, ...)                                                                       \
	say(&(migration)->undefined, &(migration)->undefined_count, __VA_ARGS__)

/* ---- one list ---- */

static bool is_installed(const struct list_work *work)
{
	return work->wanted > 0 && work->installed == work->wanted;
}

static void warn_due(struct migration *migration, const struct list_work *work, const char *pair)
{
	const struct checklist_days *days = work->days;
	const struct checklist *list = work->list;
	civil_day due = civil_day_of(list->due_ms, TOKYO_OFFSET_MIN);
	char day[CIVIL_DATE_MAX], limit[CIVIL_DATE_MAX];
	bool earliest = list->due_basis == DUE_IF_TODAY;

	if (!days->has_expiry || list->due_basis == DUE_NONE || is_installed(work))
		return;
	civil_format_date(day, due);
	if (due > days->expiry) {
		civil_format_date(limit, days->expiry);
		if (earliest)
			WARN(migration, "due-after-expiry", "004, service, step 7",
				"%s: the install would be due at the earliest on %s, after the old "
				"certificate's last day, %s: the service would serve an expired "
				"certificate.",
				pair, day, limit);
		else
			WARN(migration, "due-after-expiry", "004, service, step 7",
				"%s: the install is due on %s, after the old certificate's last "
				"day, %s: the service would serve an expired certificate.",
				pair, day, limit);
	} else if (due > days->recommended) {
		civil_format_date(limit, days->recommended);
		if (earliest)
			WARN(migration, "due-after-recommended", "004",
				"%s: the install would be due at the earliest on %s, later than "
				"one month before the old certificate's end, %s.",
				pair, day, limit);
		else
			WARN(migration, "due-after-recommended", "004",
				"%s: the install is due on %s, later than one month before the "
				"old certificate's end, %s.",
				pair, day, limit);
	}
}

static void warn_install(
	struct migration *migration, const struct list_work *work, const char *pair)
{
	const struct checklist_install *behind = work->behind;
	const char *detail;

	if (behind == NULL)
		return;
	detail = behind->detail != NULL && behind->detail[0] != '\0' ? behind->detail
								     : _("no reason");
	if (behind->has_job && behind->state == JOB_FAILED)
		WARN(migration, "install-failed", "004, service, step 7",
			"%s: the install failed (%s) and goes on only when it is retried.", pair,
			detail);
	else if (behind->has_job ? behind->state == JOB_REFUSED : behind->due_ms == 0)
		WARN(migration, "install-refused", "000", "%s: the install is refused: %s.", pair,
			detail);
}

void checklist_warn_list(struct migration *migration, const struct list_work *work)
{
	const struct checklist *list = work->list;
	char *pair = checklist_pair_text(list);

	if (list->service_known && list->bring_in == BRING_IN_NO)
		WARN(migration, "service-not-for-bring-in", "000",
			"%s takes no certificate that was brought in: the list cannot be "
			"completed. "
			"Its certificate is to be applied for under an agency item "
			"(申請代行証明書品目).",
			pair);
	if (!list->service_known)
		WARN(migration, "unknown-service", "000",
			"%s: no profile describes the service, so its rules and days are not "
			"known.",
			pair);
	if (work->successor != NULL && list->named)
		WARN(migration, "step-4-before-step-3", "004, service, step 3 (注意)",
			"%s: step 4 has happened (contract %s) while step 3 is not complete. The "
			"new install waits until contract %s lets go of the service code.",
			pair, list->successor, work->input->old.contract->code);
	if (work->successor == NULL && work->rival != NULL)
		WARN(migration, "successor-not-bring-in", "004, service, step 4",
			"%s: contract %s names the service code, too, but under the item %s, which "
			"is no bring-in item.",
			pair, work->rival->code, work->rival->item);
	warn_install(migration, work, pair);
	warn_due(migration, work, pair);
	free(pair);
}

/* ---- the whole ---- */

static bool is_left(const struct migration *migration)
{
	size_t i, k;

	for (i = 0; i < migration->list_count; i++) {
		const struct checklist *list = &migration->lists[i];

		/* The last step has days of its own. */
		for (k = 0; k + 1 < list->step_count; k++) {
			enum step_state state = list->steps[k].state;

			if (state == STEP_NEXT || state == STEP_OPEN ||
				(state == STEP_NOT_KNOWN && list->service == NULL))
				return true;
		}
	}
	return false;
}

static void warn_days(struct migration *migration, const struct checklist_input *input)
{
	const struct checklist_days *days = &migration->days;
	char day[CIVIL_DATE_MAX];

	if (days->has_expiry && days->today > days->expiry && is_left(migration)) {
		civil_format_date(day, days->expiry);
		WARN(migration, "expired", "004", "The old contract's last day, %s, is over.", day);
	} else if (days->has_expiry && days->today > days->recommended && is_left(migration)) {
		civil_format_date(day, days->recommended);
		WARN(migration, "recommended-day-passed", "004",
			"Everything should have been done by %s, one month before the old "
			"certificate's end.",
			day);
	}
	if (days->ending == ENDING_RENEWED && input->old.contract->state == CONTRACT_ACTIVE) {
		civil_format_date(day, days->apply_by);
		WARN(migration, "renewal", "004, 解約",
			"The last day to keep the contract from renewing by itself was %s.", day);
	}
}

/* Those that were given but name nothing of the old contract's. */
static void warn_elsewhere(struct migration *migration, const struct checklist_input *input)
{
	size_t i, k;

	for (i = 0; i < input->successor_count; i++) {
		const struct contract *contract = input->successors[i].contract;
		bool met = false;

		for (k = 0; k < migration->list_count; k++)
			met = met || (migration->lists[k].service != NULL &&
					     checklist_names(contract, migration->lists[k].service,
						     migration->lists[k].service_code));
		if (strcmp(contract->code, input->old.contract->code) == 0)
			WARN(migration, "successor-is-the-same", "004, service, step 4",
				"Contract %s cannot be its own successor.", contract->code);
		else if (contract->state == CONTRACT_ENDED)
			WARN(migration, "successor-ended", "004, service, step 4",
				"Contract %s has ended and succeeds nothing.", contract->code);
		else if (!met)
			WARN(migration, "successor-elsewhere", "004, service, step 4",
				"Contract %s names no service code of contract %s.", contract->code,
				input->old.contract->code);
	}
}

void checklist_warn_whole(struct migration *migration, const struct checklist_input *input)
{
	if (!migration->applies) {
		WARN(migration, "bring-in-already", "004",
			"Contract %s is a bring-in contract (持ち込み証明書品目) already: a "
			"certificate issued elsewhere is registered under it, and the document's "
			"steps are not meant for it.",
			input->old.contract->code);
		return;
	}
	warn_days(migration, input);
	warn_elsewhere(migration, input);
}

/* ---- what the document leaves open ---- */

static void tell_window(struct migration *migration)
{
	const struct checklist_days *days = &migration->days;
	const civil_day last_day = civil_from_date(2026, 1, 31);

	TELL(migration, "days-before", "004, 解約",
		"Whether the day of expiry counts in 30日前 and 26日前 is not said. Here: its day "
		"minus 30 and minus 26.");
	if (days->has_apply_by)
		TELL(migration, "window-after-last-day", "004, 解約",
			"Online application begins on the day after the last day against renewal; "
			"the document gives both and does not join them. Here: by that day, and so "
			"through 弊社担当営業.");
	if (days->window_first == last_day)
		TELL(migration, "window-begins-on-2026-01-31", "004, 解約",
			"The renewal by itself is told of periods that begin before 2026-01-31 "
			"(より前); of one that begins on that day nothing is said. Here: it is not "
			"renewed by itself.");
	else if (days->window_first < last_day && days->window_last > last_day)
		TELL(migration, "window-straddles-2026-02-01", "004, 解約",
			"The online period runs from before 2026-01-31 into February, when no "
			"application is needed; which of the two holds is not said. Here: the day "
			"before it begins is the last one.");
	if (days->ending == ENDING_UNCLEAR)
		TELL(migration, "renewed-before-2026-02-01", "004, 解約",
			"How a contract ends that was renewed by itself before 2026-02-01 is not "
			"said.");
}

void checklist_tell_undefined(struct migration *migration, const struct checklist_input *input)
{
	const struct checklist_days *days = &migration->days;

	if (days->has_expiry) {
		TELL(migration, "month-before", "004",
			"How 1ヶ月前 is counted is not said. Here: the same day of the month "
			"before, or that month's last.");
		if (!input->expiry_told)
			TELL(migration, "contract-expiry", "004",
				"The days hang on the contract's 有効期限, which no record "
				"carries. "
				"Here: the day on which its certificate ends.");
	}
	TELL(migration, "step-days", "004",
		"No day is given for single steps; one month before expiry is recommended for all "
		"of them together.");
	if (days->ending != ENDING_BY_ITSELF)
		TELL(migration, "timing", "004, 解約",
			"What 対応タイミング is of an application that is under way over "
			"2026-02-01 "
			"is not said. Here: the day of looking.");
	if (days->has_expiry && (days->ending != ENDING_BY_ITSELF ||
					days->window_first == civil_from_date(2026, 1, 31)))
		tell_window(migration);
}
