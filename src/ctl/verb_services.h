#ifndef CTL_VERB_SERVICES_H
#define CTL_VERB_SERVICES_H

/* The linked services that the configuration has; no store is needed. Returns the exit status. */
int verb_services(int argc, char **argv);

#endif
