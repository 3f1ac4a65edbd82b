#ifndef CTL_VERB_REJECTED_H
#define CTL_VERB_REJECTED_H

/* certinstallctl rejected; the exit status. */
int verb_rejected(int argc, char **argv);

#endif
