#ifndef DAEMON_DAEMON_H
#define DAEMON_DAEMON_H

#include "daemon/options.h"
#include "engine/settings.h"

enum exit_status {
	EXIT_ALL_DONE = 0,
	EXIT_SOMETHING_LEFT = 1,
	EXIT_USAGE = 2,
	EXIT_CANNOT_WORK = 3,
};

/* The whole program; the exit status. */
int certinstalld(int argc, char **argv);

/* The daemon until it is told to stop; the exit status. */
int daemon_run(const struct options *options, struct settings *settings);

/* --run-once (INTERFACES.md, "Programs"); the exit status. */
int run_once(const struct options *options, struct settings *settings);

#endif
