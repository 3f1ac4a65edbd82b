#include "ctl/verb_acts.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/words.h"
#include "ctl/act_text.h"
#include "ctl/ask_acts.h"
#include "ctl/asker.h"
#include "ctl/calendar_request.h"
#include "ctl/store_request.h"
#include "ops/route.h"

/* So many jobs are named before a question; all are afterwards. */
#define ASKED_JOBS_MAX 20
/* What a spool file may be, and a person hands over at once. */
#define IMPORT_BYTES_MAX ((size_t)512 << 20)

#define FILTER_HELP(states)                                                                        \
	"  --state STATE    only jobs in it [" states "]\n"                                        \
	"  --service ID     only jobs of this service\n"                                           \
	"  --contract CODE  only jobs of this contract\n"                                          \
	"  --fqdn NAME      only jobs of this host name\n"                                         \
	"  --overdue        only jobs that should have been done\n"
#define ACT_HELP                                                                                   \
	"  --reason TEXT    why: for the log and the job's history\n"                              \
	"  --dry-run        says what it would do, and changes nothing\n"
#define YES_HELP "  --yes            is not asked first; needed where there is no terminal\n"

/* An act as the command line asks for it. */
struct asked {
	struct store_request request;
	char who[ACT_WHO_MAX];
	struct settings *settings;
	bool (*perform)(struct asked *asked, const struct act *act, struct json_object **result,
		struct error *error);
	bool asks_first;
	bool reads_files;
	struct act_jobs jobs;
	int64_t *ids;
	struct act_pair pair;
	const char *service;
	struct buffer *files; /* one an operand */
	const struct buffer *file;
};

/* ---- doing ---- */

static bool perform(struct asked *asked, bool dry, struct json_object **result, struct error *error)
{
	const struct act act = {
		.store = asked->request.store,
		.settings = asked->settings,
		.clock = clock_system(),
		.who = asked->who,
		.reason = asked->request.reason,
		.dry = dry,
	};

	return asked->perform(asked, &act, result, error);
}

/* A service or a file is wrong usage; that nobody waits for a code is found in the store. */
static int fault(const struct asked *asked, const struct error *error)
{
	bool found_out = asked->pair.job != 0 || asked->pair.service != NULL;

	store_request_fault(&asked->request, error->text);
	return error->kind == ERROR_PERMANENT && !found_out ? STORE_USAGE : STORE_FAULT;
}

static int status_of(struct json_object *result)
{
	return result_number(result, "not_done") > 0 || result_number(result, "refused") > 0 ||
			       result_number(result, "held") > 0
		       ? STORE_FAULT
		       : STORE_DONE;
}

/* Of jobs for which the act means nothing. */
static void tell_not_done(const struct asked *asked, struct json_object *result)
{
	struct json_object *jobs;
	size_t i;

	if (result_number(result, "not_done") == 0 ||
		!json_object_object_get_ex(result, "jobs", &jobs))
		return;
	for (i = 0; i < json_object_array_length(jobs); i++) {
		struct json_object *job = json_object_array_get_idx(jobs, i);
		char *text;

		if (result_truth(job, "done"))
			continue;
		text = xasprintf(_("job %" PRId64 ": %s"), result_number(job, "job"),
			result_text(job, "text"));
		store_request_fault(&asked->request, text);
		free(text);
	}
}

static void print_result(const struct asked *asked, struct json_object *result)
{
	if (asked->request.json) {
		json_print(json_object_get(result));
		putchar('\n');
		return;
	}
	act_as_text(result, stdout, 0);
	if (!asked->request.dry_run && result_number(result, "done") > 0)
		puts(asked->request.answers.found ? _("The daemon has it.")
						  : _("The daemon sees it within its next poll."));
}

static int do_it(struct asked *asked)
{
	struct json_object *result;
	struct error error;
	int status;

	if (!perform(asked, asked->request.dry_run, &result, &error))
		return fault(asked, &error);
	print_result(asked, result);
	tell_not_done(asked, result);
	status = status_of(result);
	json_object_put(result);
	return status;
}

/* ---- asking ---- */

/* Whether to go on; *STATUS is the exit status where not. */
static bool ask(struct asked *asked, int *status)
{
	struct json_object *result;
	struct error error;
	enum asker_answer answer;

	if (!perform(asked, true, &result, &error)) {
		*status = fault(asked, &error);
		return false;
	}
	act_as_text(result, stderr, ASKED_JOBS_MAX);
	tell_not_done(asked, result);
	*status = status_of(result);
	if (result_number(result, "done") == 0) {
		json_object_put(result);
		return false;
	}
	answer = asker_asks(_("Is this to be done?"));
	json_object_put(result);
	if (answer == ASKER_NOBODY) {
		store_request_fault(&asked->request,
			_("nothing was changed: say --yes where nobody can be asked"));
		*status = STORE_USAGE;
	} else if (answer == ASKER_NO) {
		store_request_fault(&asked->request, _("nothing was changed"));
		*status = STORE_FAULT;
	}
	return answer == ASKER_YES;
}

static int run(struct asked *asked)
{
	int status;

	if (asked->asks_first && !asked->request.yes && !asked->request.dry_run &&
		!ask(asked, &status))
		return status;
	return do_it(asked);
}

/* ---- beginning and end ---- */

/* As whoever asks, who may read what the service's user may not. */
static bool read_files(struct asked *asked, int *status)
{
	const struct store_request *request = &asked->request;
	struct error error;
	int i;

	*status = STORE_USAGE;
	if (request->operand_count == 0) {
		store_request_fault(request, _("give files of records, or - for standard input"));
		return false;
	}
	asked->files = xcalloc((size_t)request->operand_count, sizeof(*asked->files));
	for (i = 0; i < request->operand_count; i++) {
		if (file_read(request->operands[i], IMPORT_BYTES_MAX, &asked->files[i], &error))
			continue;
		store_request_fault(request, error.text);
		return false;
	}
	return true;
}

/* What is too large for the daemon's socket is handed over without it. */
static bool reach(struct asked *asked, int *status)
{
	int i;

	for (i = 0; asked->reads_files && i < asked->request.operand_count; i++) {
		if (asked->files[i].length > ROUTE_BODY_MAX)
			return store_request_open(&asked->request, status);
	}
	return store_request_reach(&asked->request, status);
}

static bool begin(
	struct asked *asked, const struct store_verb *verb, int argc, char **argv, int *status)
{
	asker_name(asked->who);
	if (!store_request_parse(&asked->request, verb, argc, argv, status) ||
		(asked->reads_files && !read_files(asked, status)) || !reach(asked, status))
		return false;
	if (asked->request.answers.found)
		return true;
	/* Judging needs no sealing keys, which this program may not be able to read. */
	asked->settings = settings_from(asked->request.config, NULL);
	asked->request.config = NULL;
	return true;
}

static int end(struct asked *asked, int status)
{
	int i;

	settings_unref(asked->settings);
	free(asked->ids);
	for (i = 0; asked->files != NULL && i < asked->request.operand_count; i++)
		buffer_free(&asked->files[i]);
	free(asked->files);
	return store_request_end(&asked->request, status);
}

static bool misused(const struct asked *asked, const char *sentence)
{
	store_request_fault(&asked->request, sentence);
	return false;
}

/* ---- retry, cancel ---- */

static bool has_filter(const struct store_request *request)
{
	const struct store_filter *filter = &request->filter;

	return filter->service != NULL || filter->contract != NULL || filter->fqdn != NULL ||
	       filter->state >= 0 || request->only_overdue;
}

static bool read_jobs(struct asked *asked)
{
	struct store_request *request = &asked->request;
	int i;

	asked->jobs.filter = request->filter;
	asked->jobs.only_overdue = request->only_overdue;
	if (request->operand_count > 0 && has_filter(request))
		return misused(asked, _("name jobs, or what they have in common, not both"));
	if (request->operand_count == 0 && !has_filter(request))
		return misused(asked, _("which jobs? Give numbers, or what they have in common; "
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

typedef bool jobs_act(const struct asked *asked, const struct act *act, const struct act_jobs *jobs,
	struct json_object **result, struct error *error);

/* What an act by filter leaves is done in the next one. */
static bool go_on(const struct asked *asked, jobs_act *next, const struct act *act,
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

static bool perform_jobs(struct asked *asked, jobs_act *performed, const struct act *act,
	struct json_object **result, struct error *error)
{
	if (!performed(asked, act, &asked->jobs, result, error))
		return false;
	if (go_on(asked, performed, act, asked->jobs, *result, error))
		return true;
	json_object_put(*result);
	return false;
}

static bool retry_jobs(const struct asked *asked, const struct act *act,
	const struct act_jobs *jobs, struct json_object **result, struct error *error)
{
	const struct answers *answers = &asked->request.answers;

	return answers->found ? ask_jobs(answers, "retry", act, jobs, result, error)
			      : act_retry(act, jobs, result, error);
}

static bool cancel_jobs(const struct asked *asked, const struct act *act,
	const struct act_jobs *jobs, struct json_object **result, struct error *error)
{
	const struct answers *answers = &asked->request.answers;

	return answers->found ? ask_jobs(answers, "cancel", act, jobs, result, error)
			      : act_cancel(act, jobs, result, error);
}

static bool perform_retry(struct asked *asked, const struct act *act, struct json_object **result,
	struct error *error)
{
	return perform_jobs(asked, retry_jobs, act, result, error);
}

static bool perform_cancel(struct asked *asked, const struct act *act, struct json_object **result,
	struct error *error)
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
	struct asked asked = {.perform = perform_retry};
	int status;

	if (begin(&asked, &verb, argc, argv, &status)) {
		asked.asks_first = asked.request.operand_count == 0;
		status = read_jobs(&asked) ? run(&asked) : STORE_USAGE;
	}
	return end(&asked, status);
}

int verb_cancel(int argc, char **argv)
{
	static const struct store_verb verb = {"cancel", "[JOB...]",
		FILTER_HELP("those that are open") ACT_HELP YES_HELP,
		STORE_TAKES_FILTER | STORE_TAKES_ACT};
	struct asked asked = {.perform = perform_cancel, .asks_first = true};
	int status;

	if (begin(&asked, &verb, argc, argv, &status))
		status = read_jobs(&asked) ? run(&asked) : STORE_USAGE;
	return end(&asked, status);
}

/* ---- release ---- */

static bool perform_release(struct asked *asked, const struct act *act, struct json_object **result,
	struct error *error)
{
	if (asked->request.answers.found)
		return ask_release(&asked->request.answers, act, &asked->pair, result, error);
	return act_release(act, &asked->pair, result, error);
}

static bool read_pair(struct asked *asked)
{
	const struct store_request *request = &asked->request;

	asked->pair.to = request->to;
	if (request->operand_count == 1)
		return store_request_id(request, request->operands[0], &asked->pair.job);
	if (request->operand_count != 2)
		return misused(asked, _("give a held job, or a service and a service code"));
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
	struct asked asked = {.perform = perform_release, .asks_first = true};
	int status;

	if (begin(&asked, &verb, argc, argv, &status))
		status = read_pair(&asked) ? run(&asked) : STORE_USAGE;
	return end(&asked, status);
}

/* ---- pause, resume ---- */

static bool perform_pause(struct asked *asked, const struct act *act, struct json_object **result,
	struct error *error)
{
	if (asked->request.answers.found)
		return ask_service(
			&asked->request.answers, "pause", act, asked->service, result, error);
	return act_pause(act, asked->service, result, error);
}

static bool perform_resume(struct asked *asked, const struct act *act, struct json_object **result,
	struct error *error)
{
	if (asked->request.answers.found)
		return ask_service(
			&asked->request.answers, "resume", act, asked->service, result, error);
	return act_resume(act, asked->service, result, error);
}

static bool read_service(struct asked *asked)
{
	if (asked->request.operand_count != 1)
		return misused(asked, _("which service? See certinstallctl services"));
	asked->service = asked->request.operands[0];
	return true;
}

int verb_pause(int argc, char **argv)
{
	static const struct store_verb verb = {
		"pause", "SERVICE", ACT_HELP YES_HELP, STORE_TAKES_ACT};
	struct asked asked = {.perform = perform_pause, .asks_first = true};
	int status;

	if (begin(&asked, &verb, argc, argv, &status))
		status = read_service(&asked) ? run(&asked) : STORE_USAGE;
	return end(&asked, status);
}

int verb_resume(int argc, char **argv)
{
	static const struct store_verb verb = {"resume", "SERVICE",
		ACT_HELP "  --yes            is taken and changes nothing: nobody is asked\n",
		STORE_TAKES_ACT};
	struct asked asked = {.perform = perform_resume};
	int status;

	if (begin(&asked, &verb, argc, argv, &status))
		status = read_service(&asked) ? run(&asked) : STORE_USAGE;
	return end(&asked, status);
}

/* ---- import ---- */

static bool perform_import(struct asked *asked, const struct act *act, struct json_object **result,
	struct error *error)
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
	struct asked asked = {.perform = perform_import, .reads_files = true};
	int status, worst = STORE_DONE, i;

	if (begin(&asked, &verb, argc, argv, &status)) {
		for (i = 0; i < asked.request.operand_count; i++) {
			asked.file = &asked.files[i];
			status = run(&asked);
			worst = status > worst ? status : worst;
		}
		status = worst;
	}
	return end(&asked, status);
}
