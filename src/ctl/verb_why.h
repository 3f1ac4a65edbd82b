#ifndef CTL_VERB_WHY_H
#define CTL_VERB_WHY_H

/*
 * certinstallctl why: why a host name is not yet installed, in sentences. Returns the exit status:
 * 0 when it is installed and served, 1 when it is not, 2 for wrong usage or configuration, 3 when
 * it cannot be told.
 */
int verb_why(int argc, char **argv);

#endif
