#include "ctl/calendar_request.h"

#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/buffer.h"
#include "base/file.h"
#include "base/words.h"
#include "domain/holidays.h"

static void usage(const struct calendar_verb *verb, FILE *stream)
{
	fprintf(stream, "usage: certinstallctl %s%s%s%s%s [--holidays CSV] [--json] %s\n",
		verb->name, verb->takes_service ? " --service ID" : "",
		verb->takes_config ? " [--config FILE]" : "",
		verb->takes_judging ? " [--now INSTANT] [--trust PEM] [--intermediates PEM]" : "",
		verb->takes_migration ? " [--expires YYYY-MM-DD]" : "", verb->operands);
	fputs(verb->exit_help != NULL ? verb->exit_help : CALENDAR_EXIT_HELP, stream);
}

void calendar_request_tell(const struct calendar_request *request, const char *format, ...)
{
	struct error error;
	va_list arguments;
	char *text;

	va_start(arguments, format);
	text = xvasprintf(format, arguments);
	va_end(arguments);
	/* An error's text holds no control characters, whatever the arguments held. */
	error_set(&error, ERROR_PERMANENT, "%s", text);
	free(text);
	fflush(stdout);
	fprintf(stderr, "certinstallctl %s: %s\n", request->verb->name, error.text);
}

int calendar_request_misused(const struct calendar_request *request, const char *sentence)
{
	calendar_request_tell(request, "%s", sentence);
	usage(request->verb, stderr);
	return STATUS_USAGE;
}

static int tell_error(const struct calendar_request *request, const struct error *error)
{
	calendar_request_tell(request, "%s", error->text);
	return error->kind == ERROR_PERMANENT ? STATUS_USAGE : STATUS_FAULT;
}

enum option_value {
	OPTION_SERVICE = 256,
	OPTION_CONFIG,
	OPTION_HOLIDAYS,
	OPTION_JSON,
	OPTION_HELP,
	OPTION_NOW,
	OPTION_TRUST,
	OPTION_INTERMEDIATES,
	OPTION_EXPIRES,
	OPTION_SUCCESSOR,
	OPTION_RECORD,
	OPTION_SUCCESSOR_RECORD,
};

static bool take_migration(struct calendar_request *request, int option, const char *value)
{
	switch (option) {
	case OPTION_EXPIRES:
		request->expires = value;
		return true;
	case OPTION_SUCCESSOR:
		request->successor = value;
		return true;
	case OPTION_RECORD:
		request->record = value;
		return true;
	case OPTION_SUCCESSOR_RECORD:
		request->successor_record = value;
		return true;
	default:
		return false;
	}
}

#define OPTIONS_MAX 12

/* The options that VERB takes, for getopt_long. */
static void list_options(const struct calendar_verb *verb, struct option taken[OPTIONS_MAX + 1])
{
	const struct {
		bool taken;
		struct option option;
	} all[OPTIONS_MAX] = {
		{true, {"holidays", required_argument, NULL, OPTION_HOLIDAYS}},
		{true, {"json", no_argument, NULL, OPTION_JSON}},
		{true, {"help", no_argument, NULL, OPTION_HELP}},
		{verb->takes_service, {"service", required_argument, NULL, OPTION_SERVICE}},
		{verb->takes_config, {"config", required_argument, NULL, OPTION_CONFIG}},
		{verb->takes_judging, {"now", required_argument, NULL, OPTION_NOW}},
		{verb->takes_judging, {"trust", required_argument, NULL, OPTION_TRUST}},
		{verb->takes_judging,
			{"intermediates", required_argument, NULL, OPTION_INTERMEDIATES}},
		{verb->takes_migration, {"expires", required_argument, NULL, OPTION_EXPIRES}},
		{verb->takes_migration, {"successor", required_argument, NULL, OPTION_SUCCESSOR}},
		{verb->takes_migration, {"record", required_argument, NULL, OPTION_RECORD}},
		{verb->takes_migration,
			{"successor-record", required_argument, NULL, OPTION_SUCCESSOR_RECORD}},
	};
	size_t i, count = 0;

	for (i = 0; i < OPTIONS_MAX; i++) {
		if (all[i].taken)
			taken[count++] = all[i].option;
	}
	taken[count] = (struct option){0};
}

/* False when --help was answered, or an option is wrong; *STATUS says which. */
static bool parse_options(struct calendar_request *request, int argc, char **argv, int *status)
{
	struct option taken[OPTIONS_MAX + 1];
	int option;

	list_options(request->verb, taken);
	/* glibc's way to begin anew, since main may have used getopt for its own options. */
	optind = 0;
	while ((option = getopt_long(argc, argv, "", taken, NULL)) != -1) {
		switch (option) {
		case OPTION_SERVICE:
			request->service = optarg;
			break;
		case OPTION_CONFIG:
			request->config_path = optarg;
			break;
		case OPTION_HOLIDAYS:
			request->holidays_path = optarg;
			break;
		case OPTION_JSON:
			request->json = true;
			words_english();
			break;
		case OPTION_NOW:
			request->now = optarg;
			break;
		case OPTION_TRUST:
			request->trust = optarg;
			break;
		case OPTION_INTERMEDIATES:
			request->intermediates = optarg;
			break;
		case OPTION_HELP:
			usage(request->verb, stdout);
			*status = STATUS_DONE;
			return false;
		default:
			if (take_migration(request, option, optarg))
				break;
			/* getopt_long said what is wrong. */
			usage(request->verb, stderr);
			*status = STATUS_USAGE;
			return false;
		}
	}
	request->operands = argv + optind;
	request->operand_count = argc - optind;
	return true;
}

bool calendar_request_holidays(const char *path, struct holidays **read, struct error *error)
{
	struct buffer file = {0};
	struct holidays *made = holidays_new();
	bool good = file_read(path, (size_t)1 << 20, &file, error) &&
		    holidays_read_csv(made, path, file.data, file.length, error);

	buffer_free(&file);
	if (!good) {
		holidays_free(made);
		return false;
	}
	*read = made;
	return true;
}

/* The rules that the options name, else the built-in ones. */
static bool load(struct calendar_request *request, struct error *error)
{
	if (request->config_path == NULL)
		request->config = config_defaults();
	else if (!config_read(request->config_path, &request->config, error))
		return false;
	request->rulebook = request->config->rulebook;
	if (request->holidays_path == NULL)
		return true;
	if (!calendar_request_holidays(request->holidays_path, &request->own_holidays, error))
		return false;
	request->rulebook.calendar.holidays = request->own_holidays;
	return true;
}

bool calendar_request_begin(struct calendar_request *request, const struct calendar_verb *verb,
	int argc, char **argv, int *status)
{
	struct error error;

	*request = (struct calendar_request){.verb = verb};
	if (!parse_options(request, argc, argv, status))
		return false;
	if (!load(request, &error)) {
		*status = tell_error(request, &error);
		return false;
	}
	return true;
}

int calendar_request_end(struct calendar_request *request, int status)
{
	if (request->config != NULL)
		config_free(request->config);
	holidays_free(request->own_holidays);
	if (fflush(stdout) == 0 && !ferror(stdout))
		return status;
	calendar_request_tell(request, "standard output: %s", strerror(errno));
	return status == STATUS_DONE ? STATUS_FAULT : status;
}

void calendar_request_note_year(struct calendar_request *request, int year)
{
	int first, last;

	if (request->has_told_end ||
		!holidays_covered(request->rulebook.calendar.holidays, &first, &last) ||
		year <= last)
		return;
	request->has_told_end = true;
	calendar_request_tell(request,
		"note: the holidays file ends with %d; later holidays are computed by law", last);
}
