#include "daemon/options.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/civil.h"
#include "base/text.h"
#include "config.h" /* the build's, for the version */

enum {
	OPTION_CONFIG = 256,
	OPTION_RUN_ONCE,
	OPTION_IMPORT,
	OPTION_SERVICE,
	OPTION_ISSUED_SINCE,
	OPTION_IGNORE_DUE,
	OPTION_DRY_RUN,
	OPTION_WAIT,
	OPTION_CHECK_CONFIG,
	OPTION_VERBOSE,
	OPTION_VERSION,
	OPTION_HELP,
};

static const struct option long_options[] = {
	{"config", required_argument, NULL, OPTION_CONFIG},
	{"run-once", no_argument, NULL, OPTION_RUN_ONCE},
	{"import", required_argument, NULL, OPTION_IMPORT},
	{"service", required_argument, NULL, OPTION_SERVICE},
	{"issued-since", required_argument, NULL, OPTION_ISSUED_SINCE},
	{"ignore-due", no_argument, NULL, OPTION_IGNORE_DUE},
	{"dry-run", no_argument, NULL, OPTION_DRY_RUN},
	{"wait", required_argument, NULL, OPTION_WAIT},
	{"check-config", no_argument, NULL, OPTION_CHECK_CONFIG},
	{"verbose", no_argument, NULL, OPTION_VERBOSE},
	{"version", no_argument, NULL, OPTION_VERSION},
	{"help", no_argument, NULL, OPTION_HELP},
	{NULL, 0, NULL, 0},
};

static const char help[] =
	"Usage: certinstalld [OPTION]…\n"
	"Installs TLS certificates on linked services on the business day on which each is due.\n"
	"\n"
	"  --config FILE        the configuration [" SYSCONFDIR "/certinstalld/certinstalld.conf]\n"
	"  --run-once           take in what the sources hold, install what is due, and exit\n"
	"  --import FILE|DIR|-  take in these records, too (may be given several times)\n"
	"  --check-config       read the configuration and all that it names, say what is wrong\n"
	"  --verbose            log more\n"
	"  --version            print the version\n"
	"  --help               print this\n"
	"\n"
	"With --run-once:\n"
	"  --service ID         install on this service alone\n"
	"  --issued-since DATE  install only what was issued, registered or linked since DATE\n"
	"                       (YYYY-MM-DD in Asia/Tokyo, or an RFC 3339 date-time)\n"
	"  --ignore-due         install all that is accepted, whatever its due day\n"
	"  --dry-run            say what would happen, per link; change and send nothing\n"
	"  --wait DURATION      how long to try again what failed for now [60s]\n"
	"\n"
	"Exit status: 0 all that was due is installed (or the daemon was stopped);\n"
	"1 something failed, was refused or is left; 2 wrong usage or configuration;\n"
	"3 it could not work at all.\n";

static bool parse_since(const char *text, int64_t *instant_ms)
{
	civil_day day;

	if (civil_parse_date(text, &day)) {
		*instant_ms = civil_instant(day, 0, TOKYO_OFFSET_MIN);
		return true;
	}
	return civil_parse_instant(text, instant_ms);
}

static bool parse_value(int option, const char *value, struct options *options)
{
	switch (option) {
	case OPTION_CONFIG:
		options->config = value;
		return true;
	case OPTION_IMPORT:
		options->imports = xreallocarray(
			options->imports, options->import_count + 1, sizeof(*options->imports));
		options->imports[options->import_count++] = value;
		return true;
	case OPTION_SERVICE:
		options->service = value;
		return true;
	case OPTION_ISSUED_SINCE:
		if (parse_since(value, &options->issued_since_ms))
			return true;
		fprintf(stderr,
			"certinstalld: --issued-since: \"%s\" is no date; write 2026-11-20 or "
			"2026-11-20T10:15:00+09:00\n",
			value);
		return false;
	case OPTION_WAIT:
		if (text_to_duration_ms(value, &options->wait_ms))
			return true;
		fprintf(stderr,
			"certinstalld: --wait: \"%s\" is no duration; write 90s, 10m or 2h\n",
			value);
		return false;
	default:
		return false;
	}
}

static bool parse_flag(int option, struct options *options)
{
	switch (option) {
	case OPTION_RUN_ONCE:
		options->run_once = true;
		return true;
	case OPTION_IGNORE_DUE:
		options->ignore_due = true;
		return true;
	case OPTION_DRY_RUN:
		options->dry_run = true;
		return true;
	case OPTION_CHECK_CONFIG:
		options->check_config = true;
		return true;
	case OPTION_VERBOSE:
		options->verbose = true;
		return true;
	default:
		return false;
	}
}

static bool check(const struct options *options, int argc, char **argv)
{
	const char *needs_run_once = NULL;

	if (optind < argc) {
		fprintf(stderr,
			"certinstalld: \"%s\": no such argument; records are given with --import\n",
			argv[optind]);
		return false;
	}
	if (options->service != NULL)
		needs_run_once = "--service";
	else if (options->issued_since_ms != 0)
		needs_run_once = "--issued-since";
	else if (options->ignore_due)
		needs_run_once = "--ignore-due";
	else if (options->dry_run)
		needs_run_once = "--dry-run";
	else if (options->wait_ms >= 0)
		needs_run_once = "--wait";
	if (needs_run_once != NULL && !options->run_once) {
		fprintf(stderr, "certinstalld: %s goes with --run-once only\n", needs_run_once);
		return false;
	}
	return true;
}

enum options_result options_parse(int argc, char **argv, struct options *options)
{
	int option;

	*options = (struct options){
		.config = SYSCONFDIR "/certinstalld/certinstalld.conf",
		.wait_ms = -1,
	};
	while ((option = getopt_long(argc, argv, "", long_options, NULL)) != -1) {
		if (option == OPTION_HELP) {
			fputs(help, stdout);
			return OPTIONS_DONE;
		}
		if (option == OPTION_VERSION) {
			puts("certinstalld " PACKAGE_VERSION);
			return OPTIONS_DONE;
		}
		if (option == '?') {
			fputs("Try 'certinstalld --help'.\n", stderr);
			return OPTIONS_WRONG;
		}
		if (!parse_flag(option, options) && !parse_value(option, optarg, options))
			return OPTIONS_WRONG;
	}
	if (!check(options, argc, argv))
		return OPTIONS_WRONG;
	if (options->wait_ms < 0)
		options->wait_ms = 60000;
	return OPTIONS_RUN;
}

void options_clear(struct options *options)
{
	free(options->imports);
	*options = (struct options){0};
}
