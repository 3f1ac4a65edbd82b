#include "ctl/verb_acts.h"

#include <stdlib.h>

#include "base/alloc.h"
#include "base/words.h"
#include "ctl/act_asked.h"
#include "ctl/act_text.h"
#include "ctl/calendar_request.h"

#define FILTER_HELP(states)                                                                        \
	"  --state STATE    only jobs in it [" states "]\n"                                        \
	"  --service ID     only jobs of this service\n"                                           \
	"  --contract CODE  only jobs of this contract\n"                                          \
	"  --fqdn NAME      only jobs of this host name\n"                                         \
	"  --overdue        only jobs that should have been done\n"

/* ---- retry, cancel ---- */

static bool has_filter(const struct store_request *request)
{
	const struct store_filter *filter = &request->filter;

	return filter->service != NULL || filter->contract != NULL || filter->fqdn != NULL ||
	       filter->state >= 0 || request->only_overdue;
}

static bool read_jobs(struct act_asked *asked)
{
	struct store_request *request = &asked->request;
	int i;

	asked->jobs.filter = request->filter;
	asked->jobs.only_overdue = request->only_overdue;
	if (request->operand_count > 0 && has_filter(request))
		return act_asked_misused(
			asked, _("name jobs, or what they have in common, not both"));
	if (request->operand_count == 0 && !has_filter(request))
		return act_asked_misused(
			asked, _("which jobs? Give numbers, or what they have in common; "
				 "see certinstallctl jobs"));
	asked->ids = xcalloc((size_t)request->operand_count, sizeof(*asked->ids));
	for (i = 0; i < request->operand_count; i++) {
		if (!store_request_id(request, request->operands[i], &asked->ids[i]))
			return false;
	}
	asked->jobs.ids = asked->ids;
	asked->jobs.count = (size_t)request->operand_count;
	return true;
}

typedef bool jobs_act(const struct act_asked *asked, const struct act *act,
	const struct act_jobs *jobs, struct json_object **result, struct error *error);

/* What an act by filter leaves is done in the next one. */
static bool go_on(const struct act_asked *asked, jobs_act *next, const struct act *act,
	struct act_jobs jobs, struct json_object *result, struct error *error)
{
	struct json_object *all, *more, *list;
	int64_t after;
	size_t i;

	json_object_object_get_ex(result, "jobs", &all);
	while ((after = result_number(result, "next_after")) != 0) {
		jobs.filter.after_id = after;
		if (!next(asked, act, &jobs, &more, error))
			return false;
		json_object_object_get_ex(more, "jobs", &list);
		for (i = 0; i < json_object_array_length(list); i++)
			json_object_array_add(
				all, json_object_get(json_object_array_get_idx(list, i)));
		json_object_object_add(result, "done",
			json_object_new_int64(
				result_number(result, "done") + result_number(more, "done")));
		json_object_object_add(result, "not_done",
			json_object_new_int64(result_number(result, "not_done") +
					      result_number(more, "not_done")));
		after = result_number(more, "next_after");
		json_object_object_add(
			result, "next_after", after != 0 ? json_object_new_int64(after) : NULL);
		json_object_put(more);
	}
	return true;
}

static bool perform_jobs(struct act_asked *asked, jobs_act *performed, const struct act *act,
	struct json_object **result, struct error *error)
{
	if (!performed(asked, act, &asked->jobs, result, error))
		return false;
	if (go_on(asked, performed, act, asked->jobs, *result, error))
		return true;
	json_object_put(*result);
	return false;
}

static bool retry_jobs(const struct act_asked *asked, const struct act *act,
	const struct act_jobs *jobs, struct json_object **result, struct error *error)
{
	const struct answers *answers = &asked->request.answers;

	return answers->found ? ask_jobs(answers, "retry", act, jobs, result, error)
			      : act_retry(act, jobs, result, error);
}

static bool cancel_jobs(const struct act_asked *asked, const struct act *act,
	const struct act_jobs *jobs, struct json_object **result, struct error *error)
{
	const struct answers *answers = &asked->request.answers;

	return answers->found ? ask_jobs(answers, "cancel", act, jobs, result, error)
			      : act_cancel(act, jobs, result, error);
}

static bool perform_retry(struct act_asked *asked, const struct act *act,
	struct json_object **result, struct error *error)
{
	return perform_jobs(asked, retry_jobs, act, result, error);
}

static bool perform_cancel(struct act_asked *asked, const struct act *act,
	struct json_object **result, struct error *error)
{
	return perform_jobs(asked, cancel_jobs, act, result, error);
}

int verb_retry(int argc, char **argv)
{
	static const struct store_verb verb = {"retry", "[JOB...]",
		FILTER_HELP("failed") ACT_HELP
		"  --yes            is not asked first, where jobs are named by what they have\n"
		"                   in common; needed for that where there is no terminal\n",
		STORE_TAKES_FILTER | STORE_TAKES_ACT};
	struct act_asked asked = {.perform = perform_retry};
	int status;

	if (act_asked_begin(&asked, &verb, argc, argv, &status)) {
		asked.asks_first = asked.request.operand_count == 0;
		status = read_jobs(&asked) ? act_asked_run(&asked) : STORE_USAGE;
	}
	return act_asked_end(&asked, status);
}

int verb_cancel(int argc, char **argv)
{
	static const struct store_verb verb = {"cancel", "[JOB...]",
		FILTER_HELP("those that are open") ACT_HELP YES_HELP,
		STORE_TAKES_FILTER | STORE_TAKES_ACT};
	struct act_asked asked = {.perform = perform_cancel, .asks_first = true};
	int status;

	if (act_asked_begin(&asked, &verb, argc, argv, &status))
		status = read_jobs(&asked) ? act_asked_run(&asked) : STORE_USAGE;
	return act_asked_end(&asked, status);
}

/* ---- release ---- */

static bool perform_release(struct act_asked *asked, const struct act *act,
	struct json_object **result, struct error *error)
{
	if (asked->request.answers.found)
		return ask_release(&asked->request.answers, act, &asked->pair, result, error);
	return act_release(act, &asked->pair, result, error);
}

static bool read_pair(struct act_asked *asked)
{
	const struct store_request *request = &asked->request;

	asked->pair.to = request->to;
	if (request->operand_count == 1)
		return store_request_id(request, request->operands[0], &asked->pair.job);
	if (request->operand_count != 2)
		return act_asked_misused(
			asked, _("give a held job, or a service and a service code"));
	asked->pair.service = request->operands[0];
	asked->pair.service_code = request->operands[1];
	return true;
}

int verb_release(int argc, char **argv)
{
	static const struct store_verb verb = {"release", "JOB | SERVICE CODE",
		"  --to CONTRACT    which of those that wait gets the service code\n"
		"                   [JOB's, or the one whose link is oldest]\n" ACT_HELP YES_HELP,
		STORE_TAKES_ACT | STORE_TAKES_TO};
	struct act_asked asked = {.perform = perform_release, .asks_first = true};
	int status;

	if (act_asked_begin(&asked, &verb, argc, argv, &status))
		status = read_pair(&asked) ? act_asked_run(&asked) : STORE_USAGE;
	return act_asked_end(&asked, status);
}

/* ---- pause, resume ---- */

static bool perform_pause(struct act_asked *asked, const struct act *act,
	struct json_object **result, struct error *error)
{
	if (asked->request.answers.found)
		return ask_service(
			&asked->request.answers, "pause", act, asked->service, result, error);
	return act_pause(act, asked->service, result, error);
}

static bool perform_resume(struct act_asked *asked, const struct act *act,
	struct json_object **result, struct error *error)
{
	if (asked->request.answers.found)
		return ask_service(
			&asked->request.answers, "resume", act, asked->service, result, error);
	return act_resume(act, asked->service, result, error);
}

static bool read_service(struct act_asked *asked)
{
	if (asked->request.operand_count != 1)
		return act_asked_misused(asked, _("which service? See certinstallctl services"));
	asked->service = asked->request.operands[0];
	return true;
}

int verb_pause(int argc, char **argv)
{
	static const struct store_verb verb = {
		"pause", "SERVICE", ACT_HELP YES_HELP, STORE_TAKES_ACT};
	struct act_asked asked = {.perform = perform_pause, .asks_first = true};
	int status;

	if (act_asked_begin(&asked, &verb, argc, argv, &status))
		status = read_service(&asked) ? act_asked_run(&asked) : STORE_USAGE;
	return act_asked_end(&asked, status);
}

int verb_resume(int argc, char **argv)
{
	static const struct store_verb verb = {"resume", "SERVICE",
		ACT_HELP "  --yes            is taken and changes nothing: nobody is asked\n",
		STORE_TAKES_ACT};
	struct act_asked asked = {.perform = perform_resume};
	int status;

	if (act_asked_begin(&asked, &verb, argc, argv, &status))
		status = read_service(&asked) ? act_asked_run(&asked) : STORE_USAGE;
	return act_asked_end(&asked, status);
}

/* ---- import ---- */

static bool perform_import(struct act_asked *asked, const struct act *act,
	struct json_object **result, struct error *error)
{
	const struct store_request *request = &asked->request;

	if (request->answers.found ? ask_import(&request->answers, act, buffer_text(asked->file),
					     asked->file->length, result, error)
				   : act_import(act, buffer_text(asked->file), asked->file->length,
					     result, error))
		return true;
	return error_context(error, "%.200s", request->operands[asked->file - asked->files]);
}

int verb_import(int argc, char **argv)
{
	static const struct store_verb verb = {"import", "FILE|-...",
		ACT_HELP
		"  --yes            is taken and changes nothing: nobody is asked\n"
		"1 says, too, that a link is refused or waits for another contract; 2 that a\n"
		"file is no record, and that nothing of it was handed over.\n",
		STORE_TAKES_ACT};
	struct act_asked asked = {.perform = perform_import, .reads_files = true};
	int status, worst = STORE_DONE, i;

	if (act_asked_begin(&asked, &verb, argc, argv, &status)) {
		for (i = 0; i < asked.request.operand_count; i++) {
			asked.file = &asked.files[i];
			status = act_asked_run(&asked);
			worst = status > worst ? status : worst;
		}
		status = worst;
	}
	return act_asked_end(&asked, status);
}
