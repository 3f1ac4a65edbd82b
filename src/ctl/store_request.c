#include "ctl/store_request.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "base/words.h"
#include "ops/privilege.h"

enum {
	OPTION_CONFIG = 256,
	OPTION_JSON,
	OPTION_STATE,
	OPTION_SERVICE,
	OPTION_CONTRACT,
	OPTION_FQDN,
	OPTION_DISCARD,
	OPTION_OVERDUE,
	OPTION_DUE_BEFORE,
	OPTION_DUE_AFTER,
	OPTION_SORT,
	OPTION_LIMIT,
	OPTION_HELP,
	/* Behind what queries take. */
	OPTION_REASON,
	OPTION_DRY_RUN,
	OPTION_YES,
	OPTION_TO,
};

static const struct option long_options[] = {
	{"config", required_argument, NULL, OPTION_CONFIG},
	{"json", no_argument, NULL, OPTION_JSON},
	{"help", no_argument, NULL, OPTION_HELP},
	{"state", required_argument, NULL, OPTION_STATE},
	{"service", required_argument, NULL, OPTION_SERVICE},
	{"contract", required_argument, NULL, OPTION_CONTRACT},
	{"fqdn", required_argument, NULL, OPTION_FQDN},
	{"discard", required_argument, NULL, OPTION_DISCARD},
	{"overdue", no_argument, NULL, OPTION_OVERDUE},
	{"reason", required_argument, NULL, OPTION_REASON},
	{"dry-run", no_argument, NULL, OPTION_DRY_RUN},
	{"yes", no_argument, NULL, OPTION_YES},
	{"to", required_argument, NULL, OPTION_TO},
	{"due-before", required_argument, NULL, OPTION_DUE_BEFORE},
	{"due-after", required_argument, NULL, OPTION_DUE_AFTER},
	{"sort", required_argument, NULL, OPTION_SORT},
	{"limit", required_argument, NULL, OPTION_LIMIT},
	{NULL, 0, NULL, 0},
};

static void usage(const struct store_verb *verb, FILE *stream)
{
	fprintf(stream,
		"usage: certinstallctl %s [OPTION]... %s\n"
		"  --config FILE    the daemon's configuration\n"
		"                   [" SYSCONFDIR "/certinstalld/certinstalld.conf]\n"
		"  --json           one JSON object\n%s" STORE_EXIT_HELP,
		verb->name, verb->operands, verb->help);
}

static bool take_act(struct store_request *request, int option, const char *value)
{
	switch (option) {
	case OPTION_REASON:
		request->reason = value;
		return true;
	case OPTION_DRY_RUN:
		request->dry_run = true;
		return true;
	case OPTION_YES:
		request->yes = true;
		return true;
	default:
		return false;
	}
}

/* The options of a query have the names of its parameters. */
static bool take_query(struct store_request *request, int option, const char *value)
{
	struct error error;
	size_t i;

	if (option < OPTION_STATE || option == OPTION_DISCARD || option >= OPTION_HELP)
		return false;
	for (i = 0; long_options[i].val != option; i++)
		continue;
	if (view_jobs_take(
		    &request->query, long_options[i].name, value != NULL ? value : "", &error))
		return true;
	fprintf(stderr, "certinstallctl: --%s\n", error.text);
	return false;
}

static bool take_own(struct store_request *request, int option, const char *value)
{
	enum job_state state;

	if (option == OPTION_DISCARD && (request->verb->takes & STORE_TAKES_DISCARD) != 0) {
		request->discard = value;
		return true;
	}
	if ((request->verb->takes & STORE_TAKES_ACT) != 0 && take_act(request, option, value))
		return true;
	if (option == OPTION_TO && (request->verb->takes & STORE_TAKES_TO) != 0) {
		request->to = value;
		return true;
	}
	if ((request->verb->takes & STORE_TAKES_QUERY) != 0)
		return take_query(request, option, value);
	if ((request->verb->takes & STORE_TAKES_FILTER) == 0)
		return false;
	switch (option) {
	case OPTION_STATE:
		if (!job_state_from_name(value, &state)) {
			fprintf(stderr,
				"certinstallctl: --state: \"%.32s\" is none of held, scheduled, "
				"installing, verifying, retrying, installed, failed, refused, "
				"superseded, cancelled\n",
				value);
			return false;
		}
		request->filter.state = (int)state;
		return true;
	case OPTION_SERVICE:
		request->filter.service = value;
		return true;
	case OPTION_CONTRACT:
		request->filter.contract = value;
		return true;
	case OPTION_FQDN:
		request->filter.fqdn = value;
		return true;
	case OPTION_OVERDUE:
		request->only_overdue = true;
		return true;
	default:
		return false;
	}
}

/* False when the program is to end with *STATUS. */
static bool parse(struct store_request *request, int argc, char **argv, int *status)
{
	int option;

	optind = 1;
	while ((option = getopt_long(argc, argv, "", long_options, NULL)) != -1) {
		if (option == OPTION_HELP) {
			usage(request->verb, stdout);
			*status = STORE_DONE;
			return false;
		}
		if (option == OPTION_CONFIG) {
			request->config_path = optarg;
		} else if (option == OPTION_JSON) {
			request->json = true;
			words_english();
		} else if (!take_own(request, option, optarg)) {
			usage(request->verb, stderr);
			return false;
		}
	}
	request->operands = argv + optind;
	request->operand_count = argc - optind;
	return true;
}

/* As the service's user from here on. */
static bool read_configuration(struct store_request *request, int *status)
{
	struct error error;

	*status = STORE_USAGE;
	if (!config_read(request->config_path, &request->config, &error)) {
		store_request_fault(request, error.text);
		return false;
	}
	*status = STORE_FAULT;
	if (!privilege_become(request->config->user, &error)) {
		store_request_fault(request, error.text);
		return false;
	}
	return true;
}

static bool open_store(struct store_request *request, int *status)
{
	struct error error;

	*status = STORE_NONE;
	if (access(request->config->store, F_OK) != 0) {
		store_request_fault(
			request, "there is no store yet; it comes with the daemon's first start");
		return false;
	}
	*status = STORE_FAULT;
	if (!store_open(request->config->store, &request->store, &error)) {
		store_request_fault(request, error.text);
		return false;
	}
	return true;
}

bool store_request_open(struct store_request *request, int *status)
{
	*status = STORE_USAGE;
	return read_configuration(request, status) && open_store(request, status);
}

bool store_request_parse(struct store_request *request, const struct store_verb *verb, int argc,
	char **argv, int *status)
{
	*request = (struct store_request){
		.verb = verb,
		.config_path = SYSCONFDIR "/certinstalld/certinstalld.conf",
		.filter = {.state = -1},
	};
	*status = STORE_USAGE;
	return parse(request, argc, argv, status);
}

bool store_request_begin_without(struct store_request *request, const struct store_verb *verb,
	int argc, char **argv, int *status)
{
	return store_request_parse(request, verb, argc, argv, status) &&
	       read_configuration(request, status);
}

bool store_request_begin(struct store_request *request, const struct store_verb *verb, int argc,
	char **argv, int *status)
{
	return store_request_begin_without(request, verb, argc, argv, status) &&
	       open_store(request, status);
}

/* Beside what was told of the store. */
static void tell_daemon(const struct store_request *request)
{
	struct error store_fault;

	if (request->answers.socket_path == NULL)
		return;
	if (request->kept == NULL) {
		store_request_fault(request, request->answers.why.text);
		return;
	}
	store_fault = *request->kept;
	error_set(request->kept, store_fault.kind, "%s; %s", store_fault.text,
		request->answers.why.text);
}

bool store_request_reach(struct store_request *request, int *status)
{
	answers_find(&request->answers, request->config_path);
	if (request->answers.found || store_request_open(request, status))
		return true;
	tell_daemon(request);
	return false;
}

bool store_request_begin_asking(struct store_request *request, const struct store_verb *verb,
	int argc, char **argv, int *status)
{
	return store_request_parse(request, verb, argc, argv, status) &&
	       store_request_reach(request, status);
}

int store_request_end(struct store_request *request, int status)
{
	answers_clear(&request->answers);
	store_close(request->store);
	config_free(request->config);
	if (fflush(stdout) != 0 && status == STORE_DONE)
		status = STORE_FAULT;
	return status;
}

int store_request_fault(const struct store_request *request, const char *sentence)
{
	if (request->kept != NULL) {
		error_set(request->kept, ERROR_TEMPORARY, "%s", sentence);
		return STORE_FAULT;
	}
	fflush(stdout);
	fprintf(stderr, "certinstallctl %s: %s\n", request->verb->name, sentence);
	return STORE_FAULT;
}

bool store_request_id(const struct store_request *request, const char *text, int64_t *id)
{
	bool of_jobs = (request->verb->takes & STORE_TAKES_DISCARD) == 0;
	char clean[64];

	if (text_to_int64(text, 1, INT64_MAX, id))
		return true;
	text_sanitise(clean, sizeof(clean), text, strlen(text));
	fprintf(stderr, "certinstallctl %s: \"%s\" is no %s number; see certinstallctl %s\n",
		request->verb->name, clean, of_jobs ? "job's" : "record's",
		of_jobs ? "jobs" : "rejected");
	return false;
}
