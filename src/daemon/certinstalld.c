#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "base/log.h"
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
		log_error("%s", error.text);
		return EXIT_USAGE;
	}
	became = options->check_config || privilege_become(config->user, &error);
	if (options->service != NULL && config_profile(config, options->service) == NULL) {
		log_error("--service %s: no such service in %s", options->service, options->config);
		config_free(config);
		return EXIT_USAGE;
	}
	config_free(config);
	if (!became) {
		log_error("%s", error.text);
		return EXIT_CANNOT_WORK;
	}
	privilege_guard_secrets();
	if (!settings_read(options->config, settings, &error)) {
		log_error("%s", error.text);
		return EXIT_USAGE;
	}
	return EXIT_ALL_DONE;
}

static int check_config(const struct options *options, const struct settings *settings)
{
	struct error error;
	struct pki *pki;

	if (!settings_make_pki(settings, &pki, &error)) {
		log_error("%s: %s", options->config, error.text);
		return EXIT_USAGE;
	}
	pki_free(pki);
	printf("%s: in order, %zu services\n", options->config,
		settings_config(settings)->profile_count);
	return EXIT_ALL_DONE;
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
		log_error("%s", error.text);
		status = EXIT_CANNOT_WORK;
	}
	if (status == EXIT_ALL_DONE) {
		if (options.check_config)
			status = check_config(&options, settings);
		else if (options.run_once)
			status = run_once(&options, settings);
		else
			status = daemon_run(&options, settings);
		settings_unref(settings);
	}
	options_clear(&options);
	return status;
}
