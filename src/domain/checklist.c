#include "domain/checklist.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/words.h"
#include "domain/checklist_private.h"
#include "domain/hostname.h"

char *checklist_pair_text(const struct checklist *list)
{
	if (list->service_code[0] == '\0')
		return xstrdup(list->service_name);
	return xasprintf(_("%s (service code %s)"), list->service_name, list->service_code);
}

/* ---- pairs ---- */

bool checklist_is_link(const struct contract_link *link)
{
	return strcmp(link->service, SERVICE_OTHER) != 0;
}

bool checklist_names(const struct contract *contract, const char *service, const char *service_code)
{
	size_t i;

	if (contract->state == CONTRACT_ENDED || service_code[0] == '\0')
		return false;
	for (i = 0; i < contract->link_count; i++) {
		if (strcmp(contract->links[i].service, service) == 0 &&
			strcmp(contract->links[i].service_code, service_code) == 0)
			return true;
	}
	return false;
}

static bool is_candidate(const struct checklist_input *input, size_t index)
{
	const struct contract *contract = input->successors[index].contract;

	return contract->state == CONTRACT_ACTIVE &&
	       strcmp(contract->code, input->old.contract->code) != 0;
}

/* Whether one of the contracts that may be the successor names the pair. */
static bool has_successor(
	const struct checklist_input *input, const char *service, const char *service_code)
{
	size_t i;

	for (i = 0; i < input->successor_count; i++) {
		if (is_candidate(input, i) &&
			checklist_names(input->successors[i].contract, service, service_code))
			return true;
	}
	return false;
}

static void add_list(struct migration *migration, const struct checklist_input *input,
	const char *service, const char *service_code)
{
	const struct service_rules *rules;
	struct checklist *list;
	size_t i;

	for (i = 0; service != NULL && i < migration->list_count; i++) {
		list = &migration->lists[i];
		if (strcmp(list->service, service) == 0 &&
			strcmp(list->service_code, service_code) == 0)
			return;
	}
	migration->lists = xreallocarray(
		migration->lists, migration->list_count + 1, sizeof(*migration->lists));
	list = &migration->lists[migration->list_count++];
	*list = (struct checklist){.step_count = CHECKLIST_STEPS_OTHER};
	if (service == NULL)
		return;
	rules = rulebook_service(input->rulebook, service);
	list->step_count = CHECKLIST_STEPS_SERVICE;
	list->service = xstrdup(service);
	list->service_code = xstrdup(service_code);
	list->service_name = xstrdup(rules != NULL && rules->name != NULL ? rules->name : service);
	list->service_known = rules != NULL;
	list->bring_in = rules != NULL ? rules->bring_in : BRING_IN_NO;
	list->named = checklist_names(input->old.contract, service, service_code);
}

/* The contract's present certificate was installed there, so the service still serves it. */
static bool serves_present(const struct checklist_input *input, size_t install)
{
	const struct contract *contract = input->old.contract;
	const struct checklist_install *there = &input->old.installs[install];

	return there->has_job && there->state == JOB_INSTALLED && contract->has_certificate &&
	       there->issued_ms >= contract->certificate_at_ms;
}

/* The service code that a link had before it was deleted, as far as anything tells; else "". */
static const char *deleted_code(const struct checklist_input *input, const char *service)
{
	size_t i, k;

	for (i = input->old.install_count; i > 0; i--) {
		if (strcmp(input->old.installs[i - 1].service, service) == 0)
			return input->old.installs[i - 1].service_code;
	}
	for (i = 0; i < input->successor_count; i++) {
		const struct contract *contract = input->successors[i].contract;

		for (k = 0; is_candidate(input, i) && k < contract->link_count; k++) {
			if (strcmp(contract->links[k].service, service) == 0)
				return contract->links[k].service_code;
		}
	}
	return "";
}

static void add_named(struct migration *migration, const struct checklist_input *input)
{
	const struct contract *contract = input->old.contract;
	size_t i;

	for (i = 0; i < contract->link_count; i++) {
		const struct contract_link *link = &contract->links[i];

		if (checklist_is_link(link))
			add_list(migration, input, link->service,
				link->service_code[0] != '\0' ? link->service_code
							      : deleted_code(input, link->service));
	}
}

static void add_let_go(struct migration *migration, const struct checklist_input *input)
{
	size_t i;

	for (i = 0; i < input->old.install_count; i++) {
		const struct checklist_install *install = &input->old.installs[i];

		if (serves_present(input, i) ||
			has_successor(input, install->service, install->service_code))
			add_list(migration, input, install->service, install->service_code);
	}
}

/*
 * A contract that names nothing any more and has no history (a record alone): the pairs of the
 * successor that was given with it are what it has let go of.
 */
static void add_of_successors(struct migration *migration, const struct checklist_input *input)
{
	size_t i, k;

	if (migration->list_count > 0)
		return;
	for (i = 0; i < input->successor_count; i++) {
		const struct contract *contract = input->successors[i].contract;

		for (k = 0; is_candidate(input, i) && k < contract->link_count; k++) {
			if (checklist_is_link(&contract->links[k]) &&
				contract->links[k].service_code[0] != '\0')
				add_list(migration, input, contract->links[k].service,
					contract->links[k].service_code);
		}
	}
}

/* The list of 4 steps, unless a link to その他 is but what step 3 of another list asks for. */
static void add_other(struct migration *migration, const struct checklist_input *input)
{
	const struct contract *contract = input->old.contract;
	bool has_other = false, has_let_go = false;
	size_t i;

	for (i = 0; i < contract->link_count; i++)
		has_other = has_other || !checklist_is_link(&contract->links[i]);
	for (i = 0; i < migration->list_count; i++)
		has_let_go = has_let_go || !migration->lists[i].named;
	if (migration->list_count == 0 || (has_other && !has_let_go))
		add_list(migration, input, NULL, NULL);
}

/* ---- one list ---- */

static void find_successor(struct list_work *work)
{
	const struct checklist_input *input = work->input;
	size_t i;

	for (i = 0; i < input->successor_count; i++) {
		const struct contract *contract = input->successors[i].contract;

		if (!is_candidate(input, i) ||
			!checklist_names(contract, work->list->service, work->list->service_code))
			continue;
		if (!item_is_bring_in(item_from_id(contract->item))) {
			if (work->rival == NULL)
				work->rival = contract;
		} else if (work->successor == NULL) {
			work->successor = &input->successors[i];
			work->list->successor = xstrdup(contract->code);
		}
	}
}

static bool is_over(const struct checklist_install *install)
{
	return install->has_job &&
	       (install->state == JOB_SUPERSEDED || install->state == JOB_CANCELLED);
}

/* The newest install of LINK that counts; NULL when there is none. */
static const struct checklist_install *install_of(
	const struct checklist_contract *contract, const struct contract_link *link)
{
	size_t i;

	for (i = contract->install_count; i > 0; i--) {
		const struct checklist_install *install = &contract->installs[i - 1];

		if (strcmp(install->service, link->service) == 0 &&
			strcmp(install->service_code, link->service_code) == 0 &&
			(strcmp(install->fqdn, link->fqdn) == 0 ||
				hostname_equal(install->fqdn, link->fqdn)) &&
			!is_over(install))
			return install;
	}
	return NULL;
}

/* The latest due instant of all that is still to be made, else of all that is. */
static void take_due(struct checklist *list, const struct checklist_install *install, bool first)
{
	if (first) {
		list->due_ms = 0;
		list->due_basis = DUE_NONE;
	}
	if (install->due_ms <= list->due_ms)
		return;
	list->due_ms = install->due_ms;
	list->due_basis = install->has_job ? DUE_JOB : DUE_JUDGED;
}

static void count_install(struct list_work *work, const struct checklist_install *install)
{
	if (install->has_job && install->state == JOB_INSTALLED) {
		work->installed++;
		if (work->behind == NULL)
			take_due(work->list, install, false);
		return;
	}
	take_due(work->list, install, work->behind == NULL);
	if (work->behind == NULL)
		work->behind = install;
}

static void count_installs(struct list_work *work)
{
	const struct contract *contract = work->successor->contract;
	struct checklist *list = work->list;
	size_t i;

	for (i = 0; i < contract->link_count; i++) {
		const struct contract_link *link = &contract->links[i];
		const struct checklist_install *install;

		if (strcmp(link->service, list->service) != 0 ||
			strcmp(link->service_code, list->service_code) != 0)
			continue;
		work->wanted++;
		install = install_of(work->successor, link);
		if (install != NULL)
			count_install(work, install);
	}
	if (work->behind == NULL && work->installed < work->wanted) {
		/* What is still to be made is not even planned. */
		list->due_ms = 0;
		list->due_basis = DUE_NONE;
	}
}

/*
 * The earliest due instant, were the certificate registered now and the pair free: what stands for
 * the install's own while that has none, or one that its waiting will move.
 */
static void find_due(struct list_work *work)
{
	struct checklist *list = work->list;
	const struct schedule_rules rules = {
		.business_days = work->service != NULL ? work->service->business_days : 0,
		.opening_minute = work->service != NULL ? work->service->opening_minute : 0,
		.cutoff_minute = work->input->rulebook->policy.cutoff_minute,
	};
	bool waits =
		list->due_basis == DUE_NONE ||
		(work->behind != NULL && (list->named || (work->behind->has_job &&
								 work->behind->state == JOB_HELD)));
	int64_t due_ms;

	if (!waits || work->service == NULL || list->bring_in == BRING_IN_NO ||
		(work->wanted > 0 && work->installed == work->wanted))
		return;
	if (schedule_due(
		    &work->input->rulebook->calendar, &rules, work->input->now_ms, &due_ms, NULL) &&
		due_ms > list->due_ms) {
		list->due_ms = due_ms;
		list->due_basis = DUE_IF_TODAY;
	}
}

static void fill_list(
	struct migration *migration, const struct checklist_input *input, struct checklist *list)
{
	struct list_work work = {.input = input, .days = &migration->days, .list = list};

	if (list->service == NULL) {
		checklist_other_steps(&work);
		return;
	}
	work.service = rulebook_service(input->rulebook, list->service);
	find_successor(&work);
	if (work.successor != NULL)
		count_installs(&work);
	find_due(&work);
	checklist_service_steps(&work);
	checklist_warn_list(migration, &work);
}

void migration_make(const struct checklist_input *input, struct migration *migration)
{
	size_t i;

	*migration = (struct migration){
		.applies = !item_is_bring_in(item_from_id(input->old.contract->item)),
		.days = checklist_days_of(input->has_expiry, input->expiry, input->now_ms),
	};
	if (migration->applies) {
		add_named(migration, input);
		add_let_go(migration, input);
		add_of_successors(migration, input);
		add_other(migration, input);
	}
	for (i = 0; i < migration->list_count; i++)
		fill_list(migration, input, &migration->lists[i]);
	checklist_warn_whole(migration, input);
	if (migration->applies)
		checklist_tell_undefined(migration, input);
}

static void clear_statements(struct checklist_statement *statements, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++)
		free(statements[i].text);
	free(statements);
}

void migration_clear(struct migration *migration)
{
	size_t i, k;

	for (i = 0; i < migration->list_count; i++) {
		struct checklist *list = &migration->lists[i];

		free(list->service);
		free(list->service_code);
		free(list->service_name);
		free(list->successor);
		for (k = 0; k < list->step_count; k++) {
			free(list->steps[k].text);
			free(list->steps[k].why);
		}
	}
	free(migration->lists);
	clear_statements(migration->warnings, migration->warning_count);
	clear_statements(migration->undefined, migration->undefined_count);
	*migration = (struct migration){0};
}
