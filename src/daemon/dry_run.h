#ifndef DAEMON_DRY_RUN_H
#define DAEMON_DRY_RUN_H

#include "daemon/options.h"
#include "engine/settings.h"

/* --run-once --dry-run: says what would happen, per link; changes and sends nothing. Exit status.
 */
int dry_run(const struct options *options, struct settings *settings);

#endif
