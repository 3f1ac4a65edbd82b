#include "ops/view_private.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/civil.h"
#include "base/text.h"
#include "base/words.h"
#include "domain/catalogue.h"
#include "domain/hostname.h"

/* A name has a handful; more than these are not told of. */
#define JOBS_MAX 500
#define CONTRACTS_MAX 50
#define LINKS_MAX 100

struct question {
	const struct view_context *view;
	char normal[HOSTNAME_MAX];
	struct store_job *jobs; /* shallow: texts are theirs */
	size_t job_count;
	char **contracts;
	size_t contract_count;
	struct json_object *links;
	size_t open_links, served_links;
};

/* ---- what there is of the name ---- */

static void add_contract(void *context, const char *code)
{
	struct question *question = context;
	size_t i;

	for (i = 0; i < question->contract_count; i++) {
		if (strcmp(question->contracts[i], code) == 0)
			return;
	}
	if (question->contract_count == CONTRACTS_MAX)
		return;
	question->contracts = xreallocarray(
		question->contracts, question->contract_count + 1, sizeof(*question->contracts));
	question->contracts[question->contract_count++] = xstrdup(code);
}

static void add_job(void *context, const struct store_job *job)
{
	struct question *question = context;
	struct store_job copy = *job;

	copy.contract = xstrdup(job->contract);
	copy.service = xstrdup(job->service);
	copy.service_code = xstrdup(job->service_code);
	copy.fqdn = xstrdup(job->fqdn);
	copy.remote = xstrdup_or_null(job->remote);
	question->jobs =
		xreallocarray(question->jobs, question->job_count + 1, sizeof(*question->jobs));
	question->jobs[question->job_count++] = copy;
	add_contract(question, job->contract);
}

/* The newest certificate first. */
static int compare_jobs(const void *a, const void *b)
{
	const struct store_job *left = a, *right = b;

	if (left->issued_ms != right->issued_ms)
		return left->issued_ms < right->issued_ms ? 1 : -1;
	return (left->id < right->id) - (left->id > right->id);
}

static bool gather(struct question *question, const char *typed, struct error *error)
{
	const struct store_search search = {.fqdn = question->normal, .limit = JOBS_MAX};
	struct store *store = question->view->store;

	if (!store_jobs_search(store, &search, add_job, question, error))
		return false;
	if (question->job_count > 0)
		qsort(question->jobs, question->job_count, sizeof(*question->jobs), compare_jobs);
	/* A contract without a certificate has no jobs yet. Records keep names as they came. */
	return store_contracts_naming(
		       store, question->normal, CONTRACTS_MAX, add_contract, question, error) &&
	       (strcasecmp(typed, question->normal) == 0 ||
		       store_contracts_naming(
			       store, typed, CONTRACTS_MAX, add_contract, question, error));
}

static void clear(struct question *question)
{
	size_t i;

	store_jobs_free(question->jobs, question->job_count);
	for (i = 0; i < question->contract_count; i++)
		free(question->contracts[i]);
	free(question->contracts);
}

/* ---- links ---- */

static bool same_link(const struct store_job *a, const struct store_job *b)
{
	return strcmp(a->contract, b->contract) == 0 && strcmp(a->service, b->service) == 0 &&
	       strcmp(a->service_code, b->service_code) == 0;
}

/* Whether a job of the same link stands before number AT, with a newer certificate. */
static bool is_old(const struct question *question, size_t at)
{
	size_t i;

	for (i = 0; i < at; i++) {
		if (same_link(&question->jobs[i], &question->jobs[at]))
			return true;
	}
	return false;
}

static struct json_object *add_link(
	struct question *question, const char *contract, const char *service, const char *code)
{
	struct json_object *link = json_object_new_object();

	json_add_text(link, "contract", contract);
	json_add_text(link, "service", service);
	json_add_text(link, "service_code", code);
	json_object_array_add(question->links, link);
	return link;
}

/* What is served meanwhile: the newest of the link's older jobs that is installed. */
static void tell_older(const struct question *question, size_t at, struct json_object *say)
{
	char ends[VIEW_WHEN_MAX], since[VIEW_WHEN_MAX];
	size_t i;

	for (i = at + 1; i < question->job_count; i++) {
		const struct store_job *job = &question->jobs[i];

		if (!same_link(job, &question->jobs[at]) || job->state != JOB_INSTALLED)
			continue;
		view_when(since, job->settled_ms);
		view_when(ends, job->not_after_ms);
		view_say(say,
			_("Until then the certificate before it serves, installed since %s "
			  "(job %jd) and valid until %s."),
			since, (intmax_t)job->id, ends);
		return;
	}
}

static void tell_successor(const struct question *question, size_t at, struct json_object *say)
{
	size_t i;

	for (i = 0; i < question->job_count; i++) {
		const struct store_job *other = &question->jobs[i];

		if (i == at || strcmp(other->service, question->jobs[at].service) != 0 ||
			strcmp(other->service_code, question->jobs[at].service_code) != 0 ||
			(job_state_is_final(other->state) && other->state != JOB_INSTALLED) ||
			other->issued_ms < question->jobs[at].issued_ms)
			continue;
		view_say(say, _("In its place is job %jd of contract %s, which is %s."),
			(intmax_t)other->id, other->contract, job_state_name(other->state));
		return;
	}
}

static bool tell_job(struct question *question, size_t at, struct error *error)
{
	const struct store_job *job = &question->jobs[at];
	char fingerprint[FINGERPRINT_TEXT_MAX];
	struct json_object *link, *say;
	struct view_case it;
	bool done = view_case_open(question->view, job, &it, error);

	if (done) {
		link = add_link(question, job->contract, job->service, job->service_code);
		text_hex(fingerprint, job->fingerprint, FINGERPRINT_SIZE);
		json_add_int(link, "job", job->id);
		json_add_text(link, "state", job_state_name(job->state));
		json_add_text(link, "fingerprint_sha256", fingerprint);
		json_add_bool(link, "installed", view_case_is_served(&it));
		json_add_bool(link, "linked", it.link != NULL);
		say = json_add_array(link, "sentences");
		view_tell(&it, say);
		if (job->state == JOB_SUPERSEDED || job->state == JOB_CANCELLED)
			tell_successor(question, at, say);
		else if (job->state != JOB_INSTALLED)
			tell_older(question, at, say);
		/* What was called off is not waited for. */
		if (job->state != JOB_CANCELLED && job->state != JOB_SUPERSEDED) {
			question->open_links++;
			question->served_links += view_case_is_served(&it) ? 1 : 0;
		}
	}
	view_case_close(&it);
	return done;
}

static bool has_job(
	const struct question *question, const char *code, const struct contract_link *link)
{
	size_t i;

	for (i = 0; i < question->job_count; i++) {
		const struct store_job *job = &question->jobs[i];

		if (strcmp(job->contract, code) == 0 && strcmp(job->service, link->service) == 0 &&
			strcmp(job->service_code, link->service_code) == 0)
			return true;
	}
	return false;
}

/* A link that no job stands for. */
static void tell_link(struct question *question, const struct contract *contract,
	const struct contract_link *link)
{
	struct json_object *object =
		add_link(question, contract->code, link->service, link->service_code);
	struct json_object *say;

	json_object_object_add(object, "job", NULL);
	json_object_object_add(object, "state", NULL);
	json_add_bool(object, "installed", false);
	json_add_bool(object, "linked", true);
	say = json_add_array(object, "sentences");
	if (contract->state == CONTRACT_ENDED) {
		view_say(say, _("Contract %s has ended: nothing is installed for it any more."),
			contract->code);
		return;
	}
	if (strcmp(link->service, SERVICE_OTHER) == 0) {
		view_say(say,
			_("Contract %s links it to \"other\": there is no service to "
			  "install it on."),
			contract->code);
		return;
	}
	question->open_links++;
	if (link->service_code[0] == '\0')
		view_say(say,
			_("Contract %s links it to %s without a service code: there is "
			  "nothing to install on until it has one."),
			contract->code, link->service);
	else if (!contract->has_certificate)
		view_say(say,
			_("Contract %s has no certificate yet. Its install on %s is scheduled "
			  "when one is issued or registered."),
			contract->code, link->service);
	else
		view_say(say,
			_("Contract %s links it to %s, but no install was made of that: "
			  "\"certinstallctl explain\" judges its record."),
			contract->code, link->service);
}

static bool tell_contract(struct question *question, const char *code, struct error *error)
{
	struct contract contract = {0};
	bool found, done = view_contract(question->view, code, &contract, &found, error);
	size_t i;

	for (i = 0; done && found && i < contract.link_count &&
		    json_object_array_length(question->links) < LINKS_MAX;
		i++) {
		const struct contract_link *link = &contract.links[i];

		if (hostname_equal(link->fqdn, question->normal) && !has_job(question, code, link))
			tell_link(question, &contract, link);
	}
	contract_clear(&contract);
	return done;
}

/* ---- the answer ---- */

struct set_aside {
	const struct question *question;
	struct json_object *say;
};

static void tell_set_aside(void *context, const struct store_set_aside *entry)
{
	const struct set_aside *aside = context;
	char when[VIEW_WHEN_MAX];
	size_t i;

	for (i = 0; i < aside->question->contract_count; i++) {
		if (strcmp(aside->question->contracts[i], entry->contract) != 0)
			continue;
		view_when(when, entry->at_ms);
		view_say(aside->say,
			_("A record of contract %s, revision %jd, "
			  "was set aside on %s and is not in force: %s. See "
			  "\"certinstallctl rejected\"."),
			entry->contract, (intmax_t)entry->revision, when, entry->reason);
	}
}

static bool tell_links(struct question *question, struct error *error)
{
	size_t i;

	for (i = 0; i < question->job_count; i++) {
		if (is_old(question, i) || json_object_array_length(question->links) >= LINKS_MAX)
			continue;
		if (!tell_job(question, i, error))
			return false;
	}
	for (i = 0; i < question->contract_count; i++) {
		if (!tell_contract(question, question->contracts[i], error))
			return false;
	}
	return true;
}

static void tell_whole(const struct question *question, bool installed, struct json_object *say)
{
	size_t links = json_object_array_length(question->links);

	if (links == 0)
		view_say(say,
			_("No contract and no install is known for %s: no record with that "
			  "name has come, or it was rejected (\"certinstallctl rejected\")."),
			question->normal);
	else if (installed)
		view_say(say, _("%s is installed wherever it is linked to."), question->normal);
	else if (question->open_links == 0)
		view_say(say, _("%s is not to be installed anywhere any more."), question->normal);
	else
		view_say(say, _("%s is not installed everywhere yet: %zu of %zu links are."),
			question->normal, question->served_links, question->open_links);
}

static bool answer_all(struct question *question, const char *typed, struct json_object *answer,
	struct error *error)
{
	struct json_object *say = json_object_new_array(), *similar = json_object_new_array();
	struct set_aside aside = {question, say};
	bool installed, done;

	question->links = json_object_new_array();
	done = gather(question, typed, error) && tell_links(question, error);
	installed = question->open_links > 0 && question->open_links == question->served_links;
	if (done) {
		tell_whole(question, installed, say);
		done = store_set_aside_list(question->view->store, tell_set_aside, &aside, error);
	}
	if (done && question->view->config->spool != NULL)
		view_rejected(question->view, question->normal, typed, say);
	if (done && json_object_array_length(question->links) == 0)
		done = view_similar(question->view, question->normal, similar, error);
	json_add_text(answer, "fqdn", question->normal);
	json_add_bool(answer, "installed", installed);
	json_add_bool(answer, "known", json_object_array_length(question->links) > 0);
	json_object_object_add(answer, "sentences", say);
	json_object_object_add(answer, "links", question->links);
	json_object_object_add(answer, "similar", similar);
	return done;
}

bool view_why(const struct view_context *view, const char *fqdn, struct json_object **answer,
	struct error *error)
{
	struct question question = {.view = view};
	bool done;

	*answer = NULL;
	if (!hostname_normalise(fqdn, question.normal)) {
		char clean[HOSTNAME_MAX];

		text_sanitise(clean, sizeof(clean), fqdn, strlen(fqdn));
		return error_set(error, ERROR_PERMANENT, "\"%s\" is no host name", clean);
	}
	*answer = json_object_new_object();
	done = answer_all(&question, fqdn, *answer, error);
	clear(&question);
	if (!done) {
		json_object_put(*answer);
		*answer = NULL;
	}
	return done;
}
