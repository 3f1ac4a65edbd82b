#ifndef CTL_VERB_SHOW_H
#define CTL_VERB_SHOW_H

/*
 * certinstallctl show: one job's whole life, from the record it came of to what is served. Returns
 * the exit status: 0, 1 (a fault, or no such job), 2 (wrong usage or configuration).
 */
int verb_show(int argc, char **argv);

#endif
