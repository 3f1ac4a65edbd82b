#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/credentials.h"
#include "base/text.h"
#include "base/words.h"
#include "config.h"
#include "ctl/verb_acts.h"
#include "ctl/verb_backup.h"
#include "ctl/verb_calendar.h"
#include "ctl/verb_explain.h"
#include "ctl/verb_forecast.h"
#include "ctl/verb_jobs.h"
#include "ctl/verb_migration.h"
#include "ctl/verb_rejected.h"
#include "ctl/verb_services.h"
#include "ctl/verb_show.h"
#include "ctl/verb_status.h"
#include "ctl/verb_verify.h"
#include "ctl/verb_why.h"
#include "pki/pki.h"

#define USAGE_STATUS 2

struct verb {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *help;
	bool uses_pki;
};

static const struct verb verbs[] = {
	{"explain", verb_explain, "judge a record as the daemon would, and say why", true},
	{"due", verb_due, "when an install is due on a service", false},
	{"holidays", verb_holidays, "the national holidays of some years", false},
	{"calendar", verb_calendar, "a month with its closed days", false},
	{"forecast", verb_forecast, "how many installs fall due on which day", false},
	{"status", verb_status, "how things stand, on one screen", false},
	{"why", verb_why, "why a host name is not yet installed", false},
	{"jobs", verb_jobs, "the jobs in the store", false},
	{"show", verb_show, "one job's life: rules, days and tries", false},
	{"retry", verb_retry, "give failed jobs another go", false},
	{"cancel", verb_cancel, "call jobs off, for good", false},
	{"release", verb_release, "give a service code to a contract that waits for it", false},
	{"pause", verb_pause, "push nothing new to a service", false},
	{"resume", verb_resume, "go on with a paused service", false},
	{"import", verb_import, "judge records and hand them to the daemon", true},
	{"services", verb_services, "the linked services", false},
	{"migration", verb_migration, "the steps to a certificate from elsewhere, and how far",
		true},
	{"rejected", verb_rejected, "records that were set aside, and why", false},
	{"verify", verb_verify, "look whether what is installed is served", false},
	{"backup", verb_backup, "write a copy of the store while the daemon works", true},
	{"restore", verb_restore, "put such a copy where no store is", true},
};

static void usage(FILE *stream)
{
	size_t i;

	fputs("usage: certinstallctl VERB [OPTION]... [OPERAND]...\n"
	      "       certinstallctl --help | --version\n\n",
		stream);
	for (i = 0; i < ARRAY_LENGTH(verbs); i++)
		fprintf(stream, "  %-10s %s\n", verbs[i].name, verbs[i].help);
	fputs("\ncertinstallctl VERB --help tells a verb's options.\n", stream);
}

static const struct verb *find_verb(const char *name)
{
	size_t i;

	for (i = 0; i < ARRAY_LENGTH(verbs); i++) {
		if (strcmp(verbs[i].name, name) == 0)
			return &verbs[i];
	}
	return NULL;
}

int main(int argc, char **argv)
{
	const struct verb *verb;

	words_init();
	credentials_find(true);
	if (argc < 2) {
		usage(stderr);
		return USAGE_STATUS;
	}
	if (strcmp(argv[1], "--help") == 0) {
		usage(stdout);
		return 0;
	}
	if (strcmp(argv[1], "--version") == 0) {
		puts("certinstallctl " PACKAGE_VERSION);
		return 0;
	}
	verb = find_verb(argv[1]);
	if (verb == NULL) {
		char name[64];

		text_sanitise(name, sizeof(name), argv[1], strlen(argv[1]));
		fprintf(stderr, "certinstallctl: there is no verb \"%s\"\n", name);
		usage(stderr);
		return USAGE_STATUS;
	}
	if (verb->uses_pki)
		pki_init_process();
	return verb->run(argc - 1, argv + 1);
}
