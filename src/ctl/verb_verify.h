#ifndef CTL_VERB_VERIFY_H
#define CTL_VERB_VERIFY_H

/*
 * `verify`: looks at the edges for what is installed, at any time, and tells what is served. The
 * exit status: 0 when all of it is served, 1 when not or on a fault, 2 on wrong usage.
 */
int verb_verify(int argc, char **argv);

#endif
