#include "ctl/act_asked.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/words.h"
#include "ctl/act_text.h"
#include "ctl/asker.h"
#include "ops/json_say.h"
#include "ops/route.h"

/* So many jobs are named before a question; all are afterwards. */
#define ASKED_JOBS_MAX 20
/* What a spool file may be, and a person hands over at once. */
#define IMPORT_BYTES_MAX ((size_t)512 << 20)

/* ---- doing ---- */

static bool perform(
	struct act_asked *asked, bool dry, struct json_object **result, struct error *error)
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
static int fault(const struct act_asked *asked, const struct error *error)
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
static void tell_not_done(const struct act_asked *asked, struct json_object *result)
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

static void print_result(const struct act_asked *asked, struct json_object *result)
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

static int do_it(struct act_asked *asked)
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
static bool ask(struct act_asked *asked, int *status)
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

int act_asked_run(struct act_asked *asked)
{
	int status;

	if (asked->asks_first && !asked->request.yes && !asked->request.dry_run &&
		!ask(asked, &status))
		return status;
	return do_it(asked);
}

/* ---- beginning and end ---- */

/* As whoever asks, who may read what the service's user may not. */
static bool read_files(struct act_asked *asked, int *status)
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
static bool reach(struct act_asked *asked, int *status)
{
	int i;

	for (i = 0; asked->reads_files && i < asked->request.operand_count; i++) {
		if (asked->files[i].length > ROUTE_BODY_MAX)
			return store_request_open(&asked->request, status);
	}
	return store_request_reach(&asked->request, status);
}

bool act_asked_begin(
	struct act_asked *asked, const struct store_verb *verb, int argc, char **argv, int *status)
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

int act_asked_end(struct act_asked *asked, int status)
{
	int i;

	settings_unref(asked->settings);
	free(asked->ids);
	for (i = 0; asked->files != NULL && i < asked->request.operand_count; i++)
		buffer_free(&asked->files[i]);
	free(asked->files);
	return store_request_end(&asked->request, status);
}

bool act_asked_misused(const struct act_asked *asked, const char *sentence)
{
	store_request_fault(&asked->request, sentence);
	return false;
}
