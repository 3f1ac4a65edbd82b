#ifndef CTL_VERB_STATUS_H
#define CTL_VERB_STATUS_H

/*
 * certinstallctl status: how things stand, on one screen. Returns the exit status: 0, 1 (a fault),
 * 2 (wrong usage or configuration); with --check as monitoring plug-ins do: 0 OK, 1 WARNING, 2
 * CRITICAL, 3 UNKNOWN.
 */
int verb_status(int argc, char **argv);

#endif
