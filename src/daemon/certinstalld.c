#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/events.h"
#include "base/words.h"
#include "daemon/daemon.h"
#include "net/http.h"
#include "ops/journal.h"
#include "ops/privilege.h"

/*
 * Becomes the service's user before anything that the daemon must be able to write is touched, then
 * reads the configuration as that user, so that what it may not read is found here.
 */
static int read_settings(const struct options *options, struct settings **settings)
{
	struct config *config;
	struct error error;
	bool became;

	if (!config_read(options->config, &config, &error)) {
		log_event(EVENT_CONFIGURATION_WRONG,
			(const struct log_field[]){{"FILE", options->config}}, 1, "%s", error.text);
		return EXIT_USAGE;
	}
	became = options->check_config || privilege_become(config->user, &error);
	if (options->service != NULL && config_profile(config, options->service) == NULL) {
		log_event(EVENT_CONFIGURATION_WRONG,
			(const struct log_field[]){{"FILE", options->config}}, 1,
			"--service %s: no such service in %s", options->service, options->config);
		config_free(config);
		return EXIT_USAGE;
	}
	config_free(config);
	if (!became) {
		log_event(EVENT_START_REFUSED, NULL, 0, "%s", error.text);
		return EXIT_CANNOT_WORK;
	}
	privilege_guard_secrets();
	if (!settings_read(options->config, settings, &error)) {
		log_event(EVENT_CONFIGURATION_WRONG,
			(const struct log_field[]){{"FILE", options->config}}, 1, "%s", error.text);
		return EXIT_USAGE;
	}
	return EXIT_ALL_DONE;
}

/*
 * What else the configuration and the command line name: wrong usage touches nothing, so it has to
 * be found before the store is opened.
 */
static bool check_named(
	const struct options *options, const struct settings *settings, struct error *error)
{
	struct pki *pki;
	size_t i;

	if (!settings_make_pki(settings, &pki, error))
		return error_context(error, "%s", options->config);
	pki_free(pki);
	for (i = 0; i < options->import_count; i++) {
		const char *path = options->imports[i];

		if (strcmp(path, "-") != 0 && access(path, R_OK) != 0)
			return error_set(error, ERROR_PERMANENT, "--import %s: cannot be read: %s",
				path, strerror(errno));
	}
	return true;
}

static int work(const struct options *options, struct settings *settings)
{
	struct error error;

	if (!check_named(options, settings, &error)) {
		log_event(EVENT_CONFIGURATION_WRONG,
			(const struct log_field[]){{"FILE", options->config}}, 1, "%s", error.text);
		return EXIT_USAGE;
	}
	if (options->check_config) {
		printf("%s: in order, %zu services\n", options->config,
			settings_config(settings)->profile_count);
		return EXIT_ALL_DONE;
	}
	return options->run_once ? run_once(options, settings) : daemon_run(options, settings);
}

int certinstalld(int argc, char **argv)
{
	struct options options;
	struct settings *settings;
	struct error error;
	int status;

	switch (options_parse(argc, argv, &options)) {
	case OPTIONS_RUN:
		break;
	case OPTIONS_DONE:
		options_clear(&options);
		return EXIT_ALL_DONE;
	case OPTIONS_WRONG:
		options_clear(&options);
		return EXIT_USAGE;
	}
	words_bind();
	journal_init("certinstalld");
	if (options.verbose)
		log_set_level(LOG_LEVEL_DEBUG);
	/* A peer that closes its side is an ordinary result, told by write(). */
	signal(SIGPIPE, SIG_IGN);
	pki_init_process();
	http_init_process();
	if (pki_check_process(&error)) {
		status = read_settings(&options, &settings);
	} else {
		log_event(EVENT_START_REFUSED, NULL, 0, "%s", error.text);
		status = EXIT_CANNOT_WORK;
	}
	if (status == EXIT_ALL_DONE) {
		status = work(&options, settings);
		settings_unref(settings);
	}
	options_clear(&options);
	return status;
}
